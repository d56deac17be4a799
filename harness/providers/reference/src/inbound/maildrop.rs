//! The directory where mail arrives, one `.eml` file each.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The waiting messages, in the order of their names; none where the directory cannot be read.
pub(crate) fn waiting(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let is_mail = |path: &PathBuf| path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("eml"));
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .filter(is_mail)
        .collect();
    paths.sort();
    paths
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
        let names: Vec<_> =
            waiting(directory.path()).iter().map(|p| p.file_name().map(|n| n.to_owned())).collect();
        assert_eq!(names, [Some("a.EML".into()), Some("b.eml".into())]);
        assert!(waiting(&directory.path().join("absent")).is_empty());
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
