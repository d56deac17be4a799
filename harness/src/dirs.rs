//! Where the project's own files are at run time.

use std::path::{Path, PathBuf};

use crate::embedded;

/// The value of a variable that asks for what was built in, although the source tree may be there.
const BUILT_IN: &str = "embedded";

/// A directory of the project: named by the variable, else beside the executable, else in the source tree, else what was built in.
///
/// The source tree is that of the build, which vendors who depend on this crate have too; a test binary that is moved to another
/// machine has left it behind.
pub(crate) fn find(variable: &str, name: &str) -> PathBuf {
    let named = std::env::var_os(variable).filter(|dir| !dir.is_empty());
    let beside = || std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(name)));
    let tree = workspace().join(name);
    let built_in = || embedded::unpacked(name).ok().flatten();
    match named {
        Some(wish) if wish == BUILT_IN => built_in().unwrap_or(tree),
        Some(dir) => PathBuf::from(dir),
        None => [beside(), Some(tree.clone())]
            .into_iter()
            .flatten()
            .find(|dir| dir.is_dir())
            .or_else(built_in)
            .unwrap_or(tree),
    }
}

/// Whether the variable names a directory, so that it is the user's own and may be written to.
pub(crate) fn is_named(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|dir| !dir.is_empty() && dir != BUILT_IN)
}

/// The root of the source tree that this library was built from.
pub(crate) fn workspace() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
