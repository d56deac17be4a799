//! Where sent mail goes: a directory, one `.eml` file each, or a server.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::relay;

/// A mail that is written but not sent: nobody looks at it. Dropped, it is gone.
#[derive(Debug)]
pub(crate) enum Written {
    /// Under a name that nobody looks at.
    File(Draft),
    /// In memory, for a server.
    Mail {
        /// The server.
        server: String,
        /// Whose mail it is.
        sender: String,
        /// To whom it goes.
        envelope: Vec<String>,
        /// The mail.
        content: Vec<u8>,
    },
}

/// A file that is to become a mail.
#[derive(Debug)]
pub(crate) struct Draft {
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
    pub(crate) fn new(outbox: &Path, sender: &str, envelope: &[&str], content: &[u8]) -> io::Result<Written> {
        if let Some(server) = relay::server(outbox) {
            return Ok(Written::Mail {
                server: server.to_owned(),
                sender: sender.to_owned(),
                envelope: envelope.iter().map(|&address| address.to_owned()).collect(),
                content: content.to_vec(),
            });
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let count = WRITTEN.fetch_add(1, Ordering::Relaxed);
        // In the order of sending, and never the same in two processes.
        let stem = format!("{:020}-{}-{count:06}", since.as_nanos(), std::process::id());
        let written = Draft {
            draft: outbox.join(format!("{stem}.tmp")),
            mail: outbox.join(format!("{stem}.eml")),
            sent: false,
        };
        fs::write(&written.draft, content)?;
        Ok(Written::File(written))
    }

    /// Sends it: from now on it is seen.
    ///
    /// # Errors
    ///
    /// Those of the file system or of the server; the mail is not sent then.
    pub(crate) fn send(self) -> io::Result<()> {
        match self {
            Written::File(mut file) => {
                fs::rename(&file.draft, &file.mail)?;
                file.sent = true;
                Ok(())
            }
            Written::Mail { server, sender, envelope, content } => {
                relay::send(&server, &sender, &envelope, &content)
            }
        }
    }
}

impl Drop for Draft {
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
        drop(Written::new(outbox.path(), "", &[], b"never sent").expect("the directory is writable"));
        assert!(names(outbox.path()).is_empty());
        let written = Written::new(outbox.path(), "", &[], b"sent").expect("the directory is writable");
        assert!(names(outbox.path()).iter().all(|name| name.ends_with(".tmp")));
        written.send().expect("the directory is writable");
        assert!(matches!(names(outbox.path()).as_slice(), [name] if name.ends_with(".eml")));
    }
}
