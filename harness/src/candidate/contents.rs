//! What a library exports and what it needs: read from its file, never loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use object::read::elf::{ElfFile, FileHeader};
use object::read::{NameOrOrdinal, Object as _};
use object::{Endianness, File};

use super::library::LibraryError;

/// What a library exports and what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The width of its addresses: 32 or 64.
    pub bits: u8,
    /// The names that it exports, sorted.
    pub exports: Vec<String>,
    /// The libraries that it needs, in the file's order, each with the names that are known to come from it (ELF says so only of
    /// names with a version).
    pub needs: Vec<Need>,
    /// The names that it leaves undefined and that any library may serve, sorted. Those that may be undefined (weak ones) are
    /// not among them.
    pub unbound: Vec<String>,
    /// Directories that the file itself names for its libraries (DT_RUNPATH, DT_RPATH); `$ORIGIN` is not yet resolved.
    pub search: Vec<PathBuf>,
}

/// A library that is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Its name.
    pub library: String,
    /// What is taken from it, sorted; `#7` for what goes by number, `name@VERSION` for what goes by version.
    pub names: Vec<String>,
}

impl Contents {
    /// Reads a library's file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or its tables are damaged.
    pub fn read(path: &Path) -> Result<Self, LibraryError> {
        let bytes = std::fs::read(path)
            .map_err(|source| LibraryError::Unreadable { path: path.to_owned(), source })?;
        let damaged = |error: object::Error| LibraryError::Other {
            path: path.to_owned(),
            found: format!("damaged: {error}"),
        };
        let file = File::parse(&*bytes).map_err(damaged)?;
        let mut contents = Self { bits: if file.is_64() { 64 } else { 32 }, ..Self::default() };
        for export in file.exports().map_err(damaged)? {
            contents.exports.push(name(export.map_err(damaged)?.name()));
        }
        contents.exports.sort();
        contents.exports.dedup();
        match &file {
            File::Elf32(elf) => contents.elf(elf).map_err(damaged)?,
            File::Elf64(elf) => contents.elf(elf).map_err(damaged)?,
            _ => contents.by_library(&file).map_err(damaged)?,
        }
        Ok(contents)
    }

    /// Whether it exports this name, exactly so.
    #[must_use]
    pub fn exports(&self, name: &str) -> bool {
        self.exports.binary_search_by(|export| export.as_str().cmp(name)).is_ok()
    }

    fn by_library(&mut self, file: &File<'_>) -> object::Result<()> {
        let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for import in file.imports()? {
            let import = import?;
            needs.entry(text(import.library())).or_default().push(name(import.name()));
        }
        self.needs = needs
            .into_iter()
            .map(|(library, mut names)| {
                names.sort();
                names.dedup();
                Need { library, names }
            })
            .collect();
        Ok(())
    }

    fn elf<Elf: FileHeader<Endian = Endianness>>(&mut self, elf: &ElfFile<'_, Elf>) -> object::Result<()> {
        let table = elf.elf_section_table();
        let Some((entries, link)) = table.dynamic(elf.endian(), elf.data())? else { return Ok(()) };
        let strings = table.strings(elf.endian(), elf.data(), link)?;
        for entry in entries {
            use object::read::elf::Dyn as _;
            let said = || entry.string(elf.endian(), strings).map(text);
            match entry.tag(elf.endian()) {
                object::elf::DT_NEEDED => self.needs.push(Need { library: said()?, names: Vec::new() }),
                object::elf::DT_RUNPATH | object::elf::DT_RPATH => {
                    self.search.extend(said()?.split(':').filter(|dir| !dir.is_empty()).map(PathBuf::from));
                }
                _ => {}
            }
        }
        self.undefined(elf)
    }

    fn undefined<Elf: FileHeader<Endian = Endianness>>(
        &mut self,
        elf: &ElfFile<'_, Elf>,
    ) -> object::Result<()> {
        use object::ObjectSymbol as _;
        let versions = elf.elf_section_table().versions(elf.endian(), elf.data())?.unwrap_or_default();
        for symbol in elf.dynamic_symbols().filter(|symbol| symbol.is_undefined() && !symbol.is_weak()) {
            let name = text(symbol.name_bytes()?);
            let version = versions.version(versions.version_index(elf.endian(), symbol.index()).index())?;
            let of = version.and_then(|version| version.file().map(text));
            let need = of.and_then(|file| self.needs.iter_mut().find(|need| need.library == file));
            match (need, version) {
                (Some(need), Some(version)) => need.names.push(format!("{name}@{}", text(version.name()))),
                _ if !name.is_empty() => self.unbound.push(name),
                _ => {}
            }
        }
        for names in self.needs.iter_mut().map(|need| &mut need.names).chain([&mut self.unbound]) {
            names.sort();
            names.dedup();
        }
        Ok(())
    }

    /// What a library has for others, as they ask for it: names, and `name@VERSION` where it says of a name which version it is.
    ///
    /// # Errors
    ///
    /// As for [`Contents::read`].
    pub(crate) fn offered(path: &Path) -> Result<BTreeSet<String>, LibraryError> {
        let bytes = std::fs::read(path)
            .map_err(|source| LibraryError::Unreadable { path: path.to_owned(), source })?;
        let damaged = |error: object::Error| LibraryError::Other {
            path: path.to_owned(),
            found: format!("damaged: {error}"),
        };
        let file = File::parse(&*bytes).map_err(damaged)?;
        let mut offered = BTreeSet::new();
        match &file {
            File::Elf32(elf) => defined(elf, &mut offered).map_err(damaged)?,
            File::Elf64(elf) => defined(elf, &mut offered).map_err(damaged)?,
            _ => {
                for export in file.exports().map_err(damaged)? {
                    offered.insert(name(export.map_err(damaged)?.name()));
                }
            }
        }
        Ok(offered)
    }
}

fn defined<Elf: FileHeader<Endian = Endianness>>(
    elf: &ElfFile<'_, Elf>,
    offered: &mut BTreeSet<String>,
) -> object::Result<()> {
    use object::ObjectSymbol as _;
    let versions = elf.elf_section_table().versions(elf.endian(), elf.data())?.unwrap_or_default();
    for symbol in elf.dynamic_symbols().filter(|symbol| !symbol.is_undefined()) {
        let name = text(symbol.name_bytes()?);
        if let Some(version) =
            versions.version(versions.version_index(elf.endian(), symbol.index()).index())?
        {
            offered.insert(format!("{name}@{}", text(version.name())));
        }
        offered.insert(name);
    }
    Ok(())
}

fn name(name: NameOrOrdinal<&[u8]>) -> String {
    match name {
        NameOrOrdinal::Name(name) => text(name),
        NameOrOrdinal::Ordinal(ordinal) => format!("#{ordinal}"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_library_is_read() {
        let library = crate::candidate::built_library("reference_provider").expect("it is built");
        let contents = Contents::read(&library).expect("a library");
        assert_eq!(contents.bits, 64);
        assert!(contents.exports("XPProviderInit"), "{:?}", contents.exports);
        assert!(!contents.exports("xpproviderinit"));
        assert!(
            contents.needs.iter().any(|need| need.library.starts_with("libc.so")),
            "{:?}",
            contents.needs
        );
    }
}
