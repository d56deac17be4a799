//! Directories that do not want to go away: nested deeper than a path can name or a process has descriptors for, or closed to
//! everybody.

use std::fs;
use std::io;
use std::path::Path;

/// Removes a directory with all that is in it.
pub(super) fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => flatten(dir),
    }
}

/// How deep a directory may be for the usual way: a descriptor for each level, and a path that the system takes.
const DEEPEST: usize = 200;
const LONGEST: usize = 2000;

/// Takes up what is too deep, and lets itself into what is closed, until all can go the usual way.
fn flatten(top: &Path) -> io::Result<()> {
    open(top);
    let mut moved = 0_u64;
    let mut before = Vec::new();
    loop {
        let entries: Vec<_> = fs::read_dir(top)?.collect::<Result<_, _>>()?;
        let names: Vec<_> = entries.iter().map(fs::DirEntry::file_name).collect();
        // Nothing is left, or only what the system removes as soon as somebody closes it.
        if names.is_empty() || names == before {
            return fs::remove_dir(top);
        }
        before = names;
        for entry in entries {
            let path = entry.path();
            if is_directory(&path) {
                take_up(&path, top, &mut moved)?;
                fs::remove_dir_all(&path)?;
            } else {
                fs::remove_file(&path)?;
            }
        }
    }
}

/// Moves directories that are too far below `dir` to the top, where they have their turn.
fn take_up(dir: &Path, top: &Path, moved: &mut u64) -> io::Result<()> {
    let mut below = vec![(dir.to_path_buf(), 0)];
    while let Some((dir, depth)) = below.pop() {
        // Whoever moves a directory writes to it.
        open(&dir);
        if depth < DEEPEST && dir.as_os_str().len() < LONGEST {
            for entry in fs::read_dir(&dir)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    below.push((entry.path(), depth + 1));
                }
            }
            continue;
        }
        let free = loop {
            *moved += 1;
            let free = top.join(moved.to_string());
            if fs::symlink_metadata(&free).is_err() {
                break free;
            }
        };
        fs::rename(&dir, free)?;
    }
    Ok(())
}

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Lets its owner into a directory; where that is refused, the next access says so.
fn open(dir: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o700));
    }
    #[cfg(not(unix))]
    let _ = dir;
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Each level is made within the one before, which is then put into a new one: no path is ever long.
    fn nested(top: &Path, depth: usize) {
        let (inner, outer) = (top.join("inner"), top.join("outer"));
        fs::create_dir_all(&inner).expect("a directory");
        for _ in 0..depth {
            fs::create_dir(&outer).expect("a directory");
            fs::rename(&inner, outer.join("1")).expect("moved");
            fs::rename(&outer, &inner).expect("moved");
        }
    }

    #[test]
    fn however_deep_it_is_nested() {
        let dir = tempfile::tempdir().expect("a directory");
        let top = dir.path().join("top");
        nested(&top, 450);
        fs::write(top.join("inner/file"), "text").expect("written");
        std::os::unix::fs::symlink("/", top.join("inner/link")).expect("a link");
        flatten(&top).expect("removed");
        assert!(!top.exists());
        remove(&top).expect("it is gone already");
    }

    #[test]
    fn whoever_is_kept_out() {
        let dir = tempfile::tempdir().expect("a directory");
        let top = dir.path().join("top");
        fs::create_dir_all(top.join("a/b/c")).expect("directories");
        fs::write(top.join("a/b/c/file"), "text").expect("written");
        for closed in ["a/b/c", "a/b", "a", ""] {
            fs::set_permissions(top.join(closed), fs::Permissions::from_mode(0o000)).expect("closed");
        }
        flatten(&top).expect("removed");
        assert!(!top.exists());
    }
}
