//! Loads `mapi32.dll` of ours and makes it serve this process, before the candidate is loaded.

use std::ffi::c_void;
use std::path::PathBuf;
use std::sync::Once;

use libloading::Library;

use super::table::TABLE;
use crate::com::boundary;
use crate::trace::event::What;

/// The libraries that providers import from, by the names they ask for.
#[cfg(windows)]
const NAMES: [&str; 2] = ["mapi32.dll", "olmapi32.dll"];
/// The same functions for libraries of this system, which leave them undefined.
#[cfg(not(windows))]
const NAMES: [&str; 1] = ["libmapi32.so"];

/// `spoolproof_serve` of the exporting library.
type Serve = unsafe extern "system" fn(table: *const *const c_void, count: usize) -> usize;

/// Loads the exporting libraries and hands them the functions, once in a process. A library that the candidate imports
/// from is looked for among those that are loaded, by its name, so from here on it finds ours.
pub fn serve() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for name in NAMES {
            if let Err(detail) = connect(name) {
                let value = serde_json::json!({ "library": name, "why": detail });
                boundary().record(What::Fact { name: "functions-not-served".to_owned(), value });
            }
        }
    });
}

fn connect(name: &str) -> Result<(), String> {
    let path = places(name).into_iter().find(|path| path.is_file()).ok_or("it is not beside this program")?;
    // SAFETY: a library of ours, whose initialisers do nothing.
    let library = unsafe { open(&path) }.map_err(|error| error.to_string())?;
    let due = {
        // SAFETY: the library is ours, and its function has this signature.
        let serve = unsafe { library.get::<Serve>("spoolproof_serve") }.map_err(|error| error.to_string())?;
        // SAFETY: the table lives for as long as the process and has, slot by slot, the functions of the same list.
        unsafe { serve(TABLE.as_ptr().cast(), TABLE.len()) }
    };
    // Never unloaded: candidates hold pointers into it.
    std::mem::forget(library);
    if due == TABLE.len() {
        Ok(())
    } else {
        Err(format!("it has {due} functions, this program {}", TABLE.len()))
    }
}

/// The program stands in target/PROFILE or has the library beside itself; tests are in target/PROFILE/deps.
fn places(name: &str) -> Vec<PathBuf> {
    let exe = std::env::current_exe().unwrap_or_default();
    let dir = exe.parent().map(PathBuf::from).unwrap_or_default();
    vec![dir.join(name), dir.join("deps").join(name), dir.join("..").join(name)]
}

#[cfg(unix)]
unsafe fn open(path: &std::path::Path) -> Result<Library, libloading::Error> {
    use libloading::os::unix;
    // Global, so that the symbols which a candidate leaves undefined are found here.
    // SAFETY: passed on from the caller.
    unsafe { unix::Library::open(Some(path), unix::RTLD_NOW | unix::RTLD_GLOBAL) }.map(Into::into)
}

#[cfg(not(unix))]
unsafe fn open(path: &std::path::Path) -> Result<Library, libloading::Error> {
    // SAFETY: passed on from the caller.
    unsafe { Library::new(path) }
}
