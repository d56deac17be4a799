//! What kind of file a library is: looked at, never loaded.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use object::read::ReadCache;
use object::{Architecture, BinaryFormat, Object as _, ObjectKind};

/// How an archive begins.
const ARCHIVE: &[u8] = b"!<arch>\n";

/// The format and machine of a dynamic library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Library {
    /// Its format.
    pub format: Format,
    /// The machine it is for, as Rust's `target_arch` calls it; empty for one that Rust does not know.
    pub machine: &'static str,
}

/// A format of dynamic libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Linux and most of the rest.
    Elf,
    /// Windows.
    Pe,
    /// macOS.
    MachO,
}

/// A file that is no dynamic library.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// There is no such file.
    #[error("there is no file `{}`", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is something else.
    #[error("`{}` is no dynamic library: {found}", path.display())]
    Other {
        /// The path.
        path: PathBuf,
        /// What it is.
        found: String,
    },
}

impl Library {
    /// What this program itself runs on.
    #[must_use]
    pub fn native() -> Self {
        let format = if cfg!(windows) {
            Format::Pe
        } else if cfg!(target_vendor = "apple") {
            Format::MachO
        } else {
            Format::Elf
        };
        Self { format, machine: std::env::consts::ARCH }
    }

    /// Looks at a file.
    ///
    /// # Errors
    ///
    /// The file is missing, cannot be read, or is no dynamic library.
    pub fn inspect(path: &Path) -> Result<Self, LibraryError> {
        let unreadable = |source| LibraryError::Unreadable { path: path.to_owned(), source };
        let other = |found: String| LibraryError::Other { path: path.to_owned(), found };
        let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => LibraryError::Missing { path: path.to_owned() },
            _ => unreadable(error),
        })?;
        if !metadata.is_file() {
            return Err(other(if metadata.is_dir() { "a directory" } else { "no plain file" }.to_owned()));
        }
        let mut opened = File::open(path).map_err(unreadable)?;
        let mut magic = Vec::new();
        opened.by_ref().take(ARCHIVE.len() as u64).read_to_end(&mut magic).map_err(unreadable)?;
        if magic == ARCHIVE {
            return Err(other("an archive of object files, as static and import libraries are".to_owned()));
        }
        let cache = ReadCache::new(opened);
        let file = object::File::parse(&cache).map_err(|error| other(error.to_string().to_lowercase()))?;
        let format = match file.format() {
            BinaryFormat::Elf => Format::Elf,
            BinaryFormat::Pe => Format::Pe,
            BinaryFormat::MachO => Format::MachO,
            format => return Err(other(format!("a file in {format:?} format"))),
        };
        match file.kind() {
            ObjectKind::Dynamic => Ok(Self { format, machine: machine(file.architecture()) }),
            ObjectKind::Executable => Err(other("a program".to_owned())),
            ObjectKind::Relocatable => Err(other("an object file, not linked".to_owned())),
            _ => Err(other(format!("some other file in {format} format"))),
        }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = if self.machine.is_empty() { "an unknown machine" } else { self.machine };
        write!(f, "{} for {machine}", self.format)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elf => "ELF",
            Self::Pe => "PE",
            Self::MachO => "Mach-O",
        })
    }
}

fn machine(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 | Architecture::X86_64_X32 => "x86_64",
        Architecture::I386 => "x86",
        Architecture::Aarch64 => "aarch64",
        Architecture::Arm => "arm",
        Architecture::Riscv64 => "riscv64",
        Architecture::PowerPc64 => "powerpc64",
        Architecture::S390x => "s390x",
        Architecture::LoongArch64 => "loongarch64",
        _ => "",
    }
}
