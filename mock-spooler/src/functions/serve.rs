//! Loads `mapi32.dll` of ours and makes it serve this process, before the candidate is loaded.

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::Once;

use libloading::Library;

use super::table::TABLE;
use crate::com::boundary;
use crate::trace::told::What;

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
    let exe = std::env::current_exe().unwrap_or_default();
    let dir = exe.parent().unwrap_or(Path::new(""));
    let path =
        places(dir, name).into_iter().find(|path| path.is_file()).ok_or("it is not beside this program")?;
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

/// The program stands in target/PROFILE or has the library beside itself; tests are in target/PROFILE/deps. What cargo built last is
/// in deps: a copy beside the program is made only by `cargo build`, and may be of an older list of functions.
fn places(dir: &Path, name: &str) -> [PathBuf; 3] {
    [dir.join("deps").join(name), dir.join(name), dir.join("..").join(name)]
}

#[cfg(unix)]
unsafe fn open(path: &Path) -> Result<Library, libloading::Error> {
    use libloading::os::unix;
    // Global, so that the symbols which a candidate leaves undefined are found here.
    // SAFETY: passed on from the caller.
    unsafe { unix::Library::open(Some(path), unix::RTLD_NOW | unix::RTLD_GLOBAL) }.map(Into::into)
}

#[cfg(not(unix))]
unsafe fn open(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: passed on from the caller.
    unsafe { Library::new(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_last_comes_before_a_copy_of_it() {
        let [first, second, _] = places(Path::new("target/debug"), "libmapi32.so");
        assert_eq!(first, Path::new("target/debug/deps/libmapi32.so"));
        assert_eq!(second, Path::new("target/debug/libmapi32.so"));
    }
}
