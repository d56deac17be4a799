//! The directory where mail arrives, one `.eml` file each.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

/// What the last look into each maildrop found and has not been fetched since: with a hundred thousand messages in it a
/// directory is not read for each of them.
static SEEN: LazyLock<Mutex<HashMap<PathBuf, VecDeque<OsString>>>> = LazyLock::new(Mutex::default);

/// The first of the waiting messages that may be taken, in the order of their names. What came since the last look comes after
/// what was found then.
pub(crate) fn first_waiting(directory: &Path, may_be_taken: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.contains_key(directory) {
        seen.insert(directory.to_owned(), VecDeque::new());
    }
    let names = seen.get_mut(directory)?;
    let first = |names: &mut VecDeque<OsString>| {
        while let Some(name) = names.front() {
            let path = directory.join(name);
            if may_be_taken(&path) && path.is_file() {
                return Some(path);
            }
            // One that is somebody else's is found by another look, should it be left.
            names.pop_front();
        }
        None
    };
    first(names).or_else(|| {
        *names = waiting(directory).into();
        first(names)
    })
}

/// The names of the waiting messages, in order; none where the directory cannot be read.
fn waiting(directory: &Path) -> Vec<OsString> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let is_mail =
        |name: &OsString| Path::new(name).extension().is_some_and(|ext| ext.eq_ignore_ascii_case("eml"));
    let mut names: Vec<OsString> = entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.file_name())
        .filter(is_mail)
        .collect();
    names.sort();
    names
}

/// Files that are being delivered, by whichever session of this process.
static CLAIMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file that nobody else delivers as long as this lives.
#[derive(Debug)]
pub(crate) struct Claim(PathBuf);

impl Claim {
    /// Takes a file; nothing where another call has it.
    pub(crate) fn take(path: &Path) -> Option<Claim> {
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.insert(path.to_owned()).then(|| Claim(path.to_owned()))
    }

    /// Whether a call has this file.
    pub(crate) fn exists(path: &Path) -> bool {
        CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).contains(path)
    }

    /// The message.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        fs::read(&self.0)
    }

    /// Removes the message from the maildrop.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(crate) fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.0)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_waits_in_the_order_of_its_names() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        for name in ["b.eml", "a.EML", "c.tmp"] {
            fs::write(directory.path().join(name), "x").expect("the directory is writable");
        }
        assert_eq!(waiting(directory.path()), ["a.EML", "b.eml"]);
        assert!(waiting(&directory.path().join("absent")).is_empty());
    }

    #[test]
    fn the_first_is_what_is_there_and_may_be_taken() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let put = |name: &str| fs::write(directory.path().join(name), "x").expect("it is writable");
        let first = |not: &str| {
            let path =
                first_waiting(directory.path(), |path| path.file_name().is_none_or(|name| name != not));
            path.and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
        };
        assert_eq!(first(""), None);
        put("b.eml");
        put("c.eml");
        assert_eq!(first("").as_deref(), Some("b.eml"));
        put("a.eml");
        assert_eq!(first("").as_deref(), Some("b.eml"), "it was found before");
        assert_eq!(first("b.eml").as_deref(), Some("c.eml"));
        fs::remove_file(directory.path().join("c.eml")).expect("it is there");
        assert_eq!(first("").as_deref(), Some("a.eml"), "nothing is left of the look before");
        fs::remove_file(directory.path().join("a.eml")).expect("it is there");
        assert_eq!(first("").as_deref(), Some("b.eml"));
        assert_eq!(first("b.eml"), None);
        assert_eq!(first("").as_deref(), Some("b.eml"), "what was passed over is found again");
    }

    #[test]
    fn a_file_is_claimed_once() {
        let path = Path::new("claimed-by-a-test.eml");
        let claim = Claim::take(path).expect("nobody else has it");
        assert!(Claim::take(path).is_none() && Claim::exists(path));
        drop(claim);
        assert!(!Claim::exists(path));
    }
}
