//! Where the project's own files are at run time.

use std::path::{Path, PathBuf};

/// A directory of the project: named by the variable, else beside the executable, else in the source tree.
///
/// The source tree is that of the build: vendors depend on this crate from source, and so have it.
pub(crate) fn find(variable: &str, name: &str) -> PathBuf {
    if let Some(dir) = std::env::var_os(variable).filter(|dir| !dir.is_empty()) {
        return PathBuf::from(dir);
    }
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(name)));
    match beside {
        Some(dir) if dir.is_dir() => dir,
        Some(_) | None => workspace().join(name),
    }
}

/// The root of the source tree that this library was built from.
pub(crate) fn workspace() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
