//! Loads a candidate - its library, or the program in the place of one - and finds its entry points.

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use libloading::Library;
use mapi_spi::HRESULT;
use mapi_spi::structs::XPPROVIDERINIT;
use thiserror::Error;

use crate::memory;
use crate::plan;
use crate::shim::Shim;

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

/// Why a candidate could not be had.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The program does not start.
    #[error("`{command}` could not be started")]
    Start {
        /// The program and its arguments.
        command: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The system does not load it.
    #[error("`{}` could not be loaded", path.display())]
    Load {
        /// The library.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: libloading::Error,
    },
    /// The program did not say that it has a store.
    #[error("`{command}` does not offer `{name}`: it has to say `store` in its answer to `hello`")]
    NoEntry {
        /// The program and its arguments.
        command: String,
        /// The entry point's name.
        name: &'static str,
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

/// A candidate, ready to be initialised: a library in this process, or a program behind the shim.
#[derive(Debug)]
pub struct Loaded {
    code: Code,
}

#[derive(Debug)]
enum Code {
    Library(Loadable),
    Shim(&'static Shim, EntryPoint),
}

/// A loaded library. The entry point taken from it lives in it, so it stands beside it and is dropped last.
#[derive(Debug)]
struct Loadable {
    path: PathBuf,
    init: XPPROVIDERINIT,
    instance: usize,
    library: Library,
}

impl Loaded {
    /// Loads the candidate and finds the entry point: a library by exactly its name; a program is started where it does not
    /// run yet.
    ///
    /// # Errors
    ///
    /// [`LoadError`], with what the system says.
    pub fn open(candidate: &plan::Candidate, library: &Path, entry: EntryPoint) -> Result<Self, LoadError> {
        let code = match &candidate.shim {
            Some(shim) => {
                let program = program(shim)?;
                if entry == EntryPoint::MSProviderInit && !program.can("store") {
                    return Err(LoadError::NoEntry { command: shim.command.join(" "), name: entry.name() });
                }
                Code::Shim(program, entry)
            }
            None => Code::Library(Loadable::open(library, entry)?),
        };
        Ok(Self { code })
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
        // SAFETY: for the pointers the caller vouches.
        unsafe {
            match &self.code {
                Code::Library(library) => library.init(malloc, version, provider_version, provider),
                Code::Shim(shim, entry) => shim.init(*entry, malloc, version, provider_version, provider),
            }
        }
    }

    /// The program, where the candidate is one.
    #[must_use]
    pub fn shim(&self) -> Option<&'static Shim> {
        match &self.code {
            Code::Library(_) => None,
            Code::Shim(shim, _) => Some(shim),
        }
    }

    /// The library's instance handle, for `hInstance`; null for a program.
    #[must_use]
    pub fn instance(&self) -> *mut c_void {
        match &self.code {
            Code::Library(library) => library.instance as *mut c_void,
            Code::Shim(..) => std::ptr::null_mut(),
        }
    }

    /// A function that the library exports; its type is for the caller to know, who vouches for it where it calls. A program
    /// has none that could be called here.
    #[must_use]
    pub fn function<T: Copy>(&self, name: &str) -> Option<T> {
        match &self.code {
            // SAFETY: nothing is called here, and the symbol's value is a pointer, as all function types that are asked for.
            Code::Library(library) => unsafe { library.library.get::<T>(name) }.ok().map(|symbol| *symbol),
            Code::Shim(..) => None,
        }
    }

    /// A function of a library that the candidate names: its own, one beside it, or one where the system finds it.
    #[must_use]
    pub fn function_of<T: Copy>(&self, library: &str, name: &str) -> Option<T> {
        let Code::Library(own) = &self.code else { return None };
        if own.is_called(library) {
            return self.function(name);
        }
        let beside = own.path.parent().map(|dir| dir.join(library)).filter(|path| path.is_file());
        function_of(&beside.unwrap_or_else(|| library.into()), name)
    }

    /// Unloads the library, or ends the program.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn close(self) -> Result<(), libloading::Error> {
        match self.code {
            Code::Library(library) => library.library.close(),
            Code::Shim(shim, _) => {
                shim.end();
                Ok(())
            }
        }
    }
}

/// A function of a library that is named to MAPI. It stays loaded: there is nothing of whose end a function could be told.
#[must_use]
pub fn function_of<T: Copy>(library: &Path, name: &str) -> Option<T> {
    // SAFETY: whoever is asked to run the candidate is asked to load the libraries that it names.
    let loaded = unsafe { Library::new(library) }.ok()?;
    let loaded: &'static Library = Box::leak(Box::new(loaded));
    // SAFETY: as for `Loaded::function`.
    unsafe { loaded.get::<T>(name) }.ok().map(|symbol| *symbol)
}

/// The program of this process: there is one candidate, as there is one boundary.
static PROGRAM: Mutex<Option<&'static Shim>> = Mutex::new(None);

/// The program behind the shim, started where it does not run yet: mail may have to be given to it before it is loaded.
///
/// # Errors
///
/// [`LoadError::Start`], with what the system says.
pub fn program(shim: &plan::Shim) -> Result<&'static Shim, LoadError> {
    let mut program = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = *program {
        return Ok(program);
    }
    let failed = |source| LoadError::Start { command: shim.command.join(" "), source };
    let started: &'static Shim = Box::leak(Box::new(Shim::start(shim).map_err(failed)?));
    *program = Some(started);
    Ok(started)
}

impl Loadable {
    /// Whether a name is this library's: a path to it, or the name of its file, of which the system adds the end.
    fn is_called(&self, library: &str) -> bool {
        let named = Path::new(library);
        let same = |one: Option<&std::ffi::OsStr>, other: Option<&std::ffi::OsStr>| {
            one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let name =
            same(named.file_name(), self.path.file_name()) || same(named.file_name(), self.path.file_stem());
        name && (named.file_name() == Some(named.as_os_str()) || named == self.path)
    }

    fn open(path: &Path, entry: EntryPoint) -> Result<Self, LoadError> {
        let failed = |source| LoadError::Load { path: path.to_owned(), source };
        // SAFETY: loading runs the library's initialisers. That is what the candidate is here for; this process is its own.
        let library = unsafe { Library::new(path) }.map_err(failed)?;
        // SAFETY: the symbol has the type that mapispi.h gives this name; that it is so is the candidate's claim.
        let init = unsafe { library.get::<XPPROVIDERINIT>(entry.name()) }
            .map(|symbol| *symbol)
            .map_err(|source| LoadError::NoExport { path: path.to_owned(), name: entry.name(), source })?;
        let (library, instance) = with_instance(library);
        Ok(Self { path: path.to_owned(), init, instance, library })
    }

    /// # Safety
    ///
    /// As for [`Loaded::init`].
    unsafe fn init(
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
