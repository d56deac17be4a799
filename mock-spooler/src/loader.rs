//! Loads a candidate's library and finds its entry points.

use std::ffi::c_void;
use std::path::{Path, PathBuf};

use libloading::Library;
use mapi_spi::HRESULT;
use mapi_spi::structs::XPPROVIDERINIT;
use thiserror::Error;

use crate::memory;

/// A function that a provider's library exports for MAPI to begin with. Both have the same type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryPoint {
    /// A transport's (page: xpproviderinit).
    XPProviderInit,
    /// A message store's (page: msproviderinit).
    MSProviderInit,
}

impl EntryPoint {
    /// The name under which it is exported.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::XPProviderInit => "XPProviderInit",
            Self::MSProviderInit => "MSProviderInit",
        }
    }
}

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

/// A loaded library. The entry point taken from it lives in it, so it stands beside it and is dropped last.
#[derive(Debug)]
pub struct Loaded {
    init: XPPROVIDERINIT,
    instance: usize,
    library: Library,
}

impl Loaded {
    /// Loads the library and finds the entry point, under exactly its name.
    ///
    /// # Errors
    ///
    /// [`LoadError`], with what the system says.
    pub fn open(path: &Path, entry: EntryPoint) -> Result<Self, LoadError> {
        let failed = |source| LoadError::Load { path: path.to_owned(), source };
        // SAFETY: loading runs the library's initialisers. That is what the candidate is here for; this process is its own.
        let library = unsafe { Library::new(path) }.map_err(failed)?;
        // SAFETY: the symbol has the type that mapispi.h gives this name; that it is so is the candidate's claim.
        let init = unsafe { library.get::<XPPROVIDERINIT>(entry.name()) }
            .map(|symbol| *symbol)
            .map_err(|source| LoadError::NoExport { path: path.to_owned(), name: entry.name(), source })?;
        let (library, instance) = with_instance(library);
        Ok(Self { init, instance, library })
    }

    /// Calls the entry point, with MAPI's memory functions.
    ///
    /// # Safety
    ///
    /// `malloc` is an IMalloc that lives for the call; the outputs are valid for a `ULONG` and a pointer.
    pub unsafe fn init(
        &self,
        malloc: *mut c_void,
        version: u32,
        provider_version: *mut u32,
        provider: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: the entry point has this signature by its name; for the pointers the caller vouches.
        unsafe {
            (self.init)(
                self.instance as *mut c_void,
                malloc,
                Some(memory::allocate_buffer),
                Some(memory::allocate_more),
                Some(memory::free_buffer),
                0,
                version,
                provider_version,
                provider,
            )
        }
    }

    /// The library's instance handle, for `hInstance`.
    #[must_use]
    pub fn instance(&self) -> *mut c_void {
        self.instance as *mut c_void
    }

    /// A function that the library exports; its type is for the caller to know, who vouches for it where it calls.
    #[must_use]
    pub fn function<T: Copy>(&self, name: &str) -> Option<T> {
        // SAFETY: nothing is called here, and the symbol's value is a pointer, as all function types that are asked for.
        unsafe { self.library.get::<T>(name) }.ok().map(|symbol| *symbol)
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
