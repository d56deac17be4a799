//! What a library exports and what it needs: read from its file, never loaded.

use std::collections::BTreeMap;
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
    /// The libraries that it needs, in the file's order, each with the names that are known to come from it (ELF does not say).
    pub needs: Vec<Need>,
    /// Directories that the file itself names for its libraries (DT_RUNPATH, DT_RPATH); `$ORIGIN` is not yet resolved.
    pub search: Vec<PathBuf>,
}

/// A library that is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Its name.
    pub library: String,
    /// What is taken from it, sorted; `#7` for what goes by number.
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
        Ok(())
    }
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
