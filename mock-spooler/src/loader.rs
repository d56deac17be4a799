//! Loads a candidate's library and finds its entry points.

use std::ffi::c_void;
use std::path::{Path, PathBuf};

use libloading::Library;
use mapi_spi::structs::XPPROVIDERINIT;
use thiserror::Error;

/// Why a library could not be had.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The system does not load it.
    #[error("`{}` could not be loaded", path.display())]
    Load {
        /// The library.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: libloading::Error,
    },
    /// It does not export an entry point.
    #[error("`{}` does not export `{name}`", path.display())]
    NoExport {
        /// The library.
        path: PathBuf,
        /// The entry point's name.
        name: &'static str,
        /// What the system says.
        #[source]
        source: libloading::Error,
    },
}

/// A loaded library. The entry points taken from it live in it, so it stands beside them and is dropped last.
#[derive(Debug)]
pub struct Loaded {
    init: XPPROVIDERINIT,
    instance: usize,
    library: Library,
}

impl Loaded {
    /// Loads the library and finds `XPProviderInit`, under exactly that name (page: xpproviderinit).
    ///
    /// # Errors
    ///
    /// [`LoadError`], with what the system says.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let failed = |source| LoadError::Load { path: path.to_owned(), source };
        // SAFETY: loading runs the library's initialisers. That is what the candidate is here for; this process is its own.
        let library = unsafe { Library::new(path) }.map_err(failed)?;
        // SAFETY: the symbol has the type that mapispi.h gives this name; that it is so is the candidate's claim.
        let init = unsafe { library.get::<XPPROVIDERINIT>("XPProviderInit") }.map(|symbol| *symbol).map_err(
            |source| LoadError::NoExport { path: path.to_owned(), name: "XPProviderInit", source },
        )?;
        let (library, instance) = with_instance(library);
        Ok(Self { init, instance, library })
    }

    /// `XPProviderInit`.
    #[must_use]
    pub fn init(&self) -> XPPROVIDERINIT {
        self.init
    }

    /// The library's instance handle, for `hInstance`.
    #[must_use]
    pub fn instance(&self) -> *mut c_void {
        self.instance as *mut c_void
    }

    /// Unloads the library.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn close(self) -> Result<(), libloading::Error> {
        self.library.close()
    }
}

#[cfg(unix)]
fn with_instance(library: Library) -> (Library, usize) {
    let raw = libloading::os::unix::Library::from(library).into_raw();
    // SAFETY: the handle was taken out of a library just now, and goes back into one at once.
    let library = unsafe { libloading::os::unix::Library::from_raw(raw) };
    (library.into(), raw as usize)
}

#[cfg(windows)]
fn with_instance(library: Library) -> (Library, usize) {
    let raw = libloading::os::windows::Library::from(library).into_raw();
    // SAFETY: the handle was taken out of a library just now, and goes back into one at once.
    let library = unsafe { libloading::os::windows::Library::from_raw(raw) };
    (library.into(), raw as usize)
}
