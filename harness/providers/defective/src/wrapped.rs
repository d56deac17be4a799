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
static WRAPPED: OnceLock<(Library, XPPROVIDERINIT)> = OnceLock::new();

/// The wrapped provider's entry point.
///
/// # Errors
///
/// Why there is none, in words.
pub(crate) fn init() -> Result<XPPROVIDERINIT, String> {
    if let Some((_, init)) = WRAPPED.get() {
        return Ok(*init);
    }
    let path = find().ok_or_else(|| format!("there is no provider to wrap; name one in {REFERENCE}"))?;
    let failed = |error| format!("`{}` cannot be wrapped: {error}", path.display());
    // SAFETY: the library is a provider that this process is there to load.
    let library = unsafe { Library::new(&path) }.map_err(failed)?;
    // SAFETY: the name has this type by the page *xpproviderinit*.
    let init = *unsafe { library.get::<XPPROVIDERINIT>("XPProviderInit") }.map_err(failed)?;
    Ok(WRAPPED.get_or_init(|| (library, init)).1)
}

fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(REFERENCE).filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let name = format!("{DLL_PREFIX}reference_provider{DLL_SUFFIX}");
    let exe = std::env::current_exe().ok()?;
    let dir = exe.parent()?;
    // The command is in target/PROFILE, tests are in target/PROFILE/deps.
    let places = [dir.join(&name), dir.join("deps").join(&name), dir.parent()?.join(&name)];
    places.into_iter().find(|path| path.is_file())
}
