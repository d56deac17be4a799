//! The directory where sent mail goes, one `.eml` file each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A mail that is written but not sent: under a name that nobody looks at. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Written {
    draft: PathBuf,
    mail: PathBuf,
    sent: bool,
}

static WRITTEN: AtomicU32 = AtomicU32::new(0);

impl Written {
    /// Writes a mail.
    ///
    /// # Errors
    ///
    /// Those of the file system. Nothing is left behind then.
    pub(crate) fn new(outbox: &Path, content: &[u8]) -> io::Result<Written> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let count = WRITTEN.fetch_add(1, Ordering::Relaxed);
        // In the order of sending, and never the same in two processes.
        let stem = format!("{:020}-{}-{count:06}", since.as_nanos(), std::process::id());
        let written = Written {
            draft: outbox.join(format!("{stem}.tmp")),
            mail: outbox.join(format!("{stem}.eml")),
            sent: false,
        };
        fs::write(&written.draft, content)?;
        Ok(written)
    }

    /// Sends it: from now on it is seen.
    ///
    /// # Errors
    ///
    /// Those of the file system; the mail is not sent then.
    pub(crate) fn send(mut self) -> io::Result<()> {
        fs::rename(&self.draft, &self.mail)?;
        self.sent = true;
        Ok(())
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if !self.sent {
            // Where even that fails, a file stays that nobody looks at.
            drop(fs::remove_file(&self.draft));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("the directory is there");
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
    }

    #[test]
    fn mail_is_seen_when_it_is_sent_and_gone_when_it_is_not() {
        let outbox = tempfile::tempdir().expect("a directory can be made");
        drop(Written::new(outbox.path(), b"never sent").expect("the directory is writable"));
        assert!(names(outbox.path()).is_empty());
        let written = Written::new(outbox.path(), b"sent").expect("the directory is writable");
        assert!(names(outbox.path()).iter().all(|name| name.ends_with(".tmp")));
        written.send().expect("the directory is writable");
        assert!(matches!(names(outbox.path()).as_slice(), [name] if name.ends_with(".eml")));
    }
}
