//! Looking at a candidate without judging it: what its library is, what it exports and needs, what of that is missing here, who
//! would load it, and what it answers to a first handshake - which is asked for in a child, as everything.

mod advice;
mod imports;
mod search;

use std::path::{Path, PathBuf};

pub use advice::advice;
pub use imports::{By, Imports};
pub use search::Place;

use crate::candidate::{Contents, Library, LibraryError};

/// What was found out about a library without loading it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The library.
    pub path: PathBuf,
    /// What it is.
    pub library: Library,
    /// What it exports and needs.
    pub contents: Contents,
    /// Who serves what it imports.
    pub imports: Vec<Imports>,
}

impl Finding {
    /// Libraries that it needs and that are not where this machine looks for them.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        let lost = self.imports.iter().filter(|one| one.by == By::Nobody && !one.library.is_empty());
        lost.map(|one| one.library.as_str())
    }
}

/// Looks at a library.
///
/// # Errors
///
/// It is no library, or its tables are damaged.
pub fn examine(path: &Path) -> Result<Finding, LibraryError> {
    let library = Library::inspect(path)?;
    let contents = Contents::read(path)?;
    let imports = imports::imports(path, library, &contents);
    Ok(Finding { path: path.to_owned(), library, contents, imports })
}
