//! The provider that is wrapped: a library that is loaded, not linked, so that it can be any and that there are no two
//! entry points of one name in a program.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;
use std::sync::OnceLock;

use libloading::Library;
use mapi_spi::structs::XPPROVIDERINIT;

/// Names the library to wrap; where it is missing, the bundled reference provider is looked for beside the program.
const REFERENCE: &str = "SPOOLPROOF_REFERENCE";

/// The library is never unloaded: this one may be, and loaded again.
static WRAPPED: OnceLock<Library> = OnceLock::new();

/// An entry point of the wrapped provider. That of a transport and that of a store have one type.
///
/// # Errors
///
/// Why there is none, in words.
pub(crate) fn init(name: &str) -> Result<XPPROVIDERINIT, String> {
    // SAFETY: both names have this type by the pages *xpproviderinit* and *msproviderinit*.
    unsafe { function(name) }
}

/// The entry of the wrapped provider's message service.
///
/// # Errors
///
/// As for [`init`].
pub(crate) fn service(name: &str) -> Result<crate::service::Entry, String> {
    // SAFETY: the name has this type by the page *msgserviceentry*.
    unsafe { function(name) }
}

/// # Safety
///
/// The function of this name has this type.
unsafe fn function<T: Copy>(name: &str) -> Result<T, String> {
    let path = find().ok_or_else(|| format!("there is no provider to wrap; name one in {REFERENCE}"))?;
    let failed = |error| format!("`{}` cannot be wrapped: {error}", path.display());
    let library = match WRAPPED.get() {
        Some(library) => library,
        None => {
            // SAFETY: the library is a provider that this process is there to load.
            let library = unsafe { Library::new(&path) }.map_err(failed)?;
            WRAPPED.get_or_init(|| library)
        }
    };
    // SAFETY: the caller vouches for the type.
    Ok(*unsafe { library.get::<T>(name) }.map_err(failed)?)
}

fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(REFERENCE).filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let name = format!("{DLL_PREFIX}reference_provider{DLL_SUFFIX}");
    let exe = std::env::current_exe().ok()?;
    let dir = exe.parent()?;
    // The command is in target/PROFILE, tests are in target/PROFILE/deps. Every build makes the library in deps; a copy outside of it
    // is as old as the last build that asked for this package by name.
    let places = [dir.join("deps").join(&name), dir.join(&name), dir.parent()?.join(&name)];
    places.into_iter().find(|path| path.is_file())
}
