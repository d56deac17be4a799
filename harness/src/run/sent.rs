//! What the candidate has put into its sink, as the judge compares it with what was to be sent.
//!
//! The directory is the candidate's to write to: what is not a plain file of a mail's size is none of ours to open.

use std::fs;
use std::path::Path;

use super::sandbox::Sandbox;
use super::suite::Suite;
use crate::candidate::Sink;
use crate::judge::Sent;
use crate::smtp;

/// No mail of a case comes near.
const LARGEST: u64 = 256 << 20;
/// What all mails of a case may be together.
const MOST: u64 = 1 << 30;

/// The mails in the sink; nothing where that cannot be seen.
pub(super) fn sent(suite: &Suite, sandbox: &Sandbox) -> Option<Sent> {
    let envelope = match &suite.candidate.sink {
        Sink::None => return None,
        Sink::Maildrop { envelope, .. } | Sink::Shim { envelope } => envelope.clone(),
        Sink::Smtp(_) => Some(smtp::ENVELOPE.to_owned()),
    };
    let mut sent = Sent { envelope, ..Sent::default() };
    let mut left = MOST;
    // Where the case has taken the directory away, or put something else in its place, nothing is sent any more.
    for entry in fs::read_dir(sandbox.outbox()).into_iter().flatten().flatten() {
        // What is gone meanwhile was there for the child to see: its trace has the text of all but very long mails.
        if let Some(bytes) = mail(&entry.path(), left.min(LARGEST)) {
            left -= bytes.len() as u64;
            sent.files.insert(entry.file_name().to_string_lossy().into_owned(), bytes);
        }
    }
    Some(sent)
}

/// A whole mail. Pipes would keep us waiting, links lead anywhere, and a file with holes is longer than memory.
fn mail(path: &Path, most: u64) -> Option<Vec<u8>> {
    let whole = path.extension().is_some_and(|extension| extension == "eml");
    let plain = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= most);
    if whole && plain { fs::read(path).ok() } else { None }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_are_mails() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name);
        fs::write(at("a.eml"), "text").expect("written");
        assert_eq!(mail(&at("a.eml"), LARGEST).as_deref(), Some(&b"text"[..]));
        fs::write(at("a.tmp"), "text").expect("written");
        assert_eq!(mail(&at("a.tmp"), LARGEST), None);
        std::os::unix::fs::symlink("/dev/zero", at("b.eml")).expect("a link");
        assert_eq!(mail(&at("b.eml"), LARGEST), None);
        let made = std::process::Command::new("mkfifo").arg(at("c.eml")).status();
        assert!(made.is_ok_and(|status| status.success()), "every Unix has it");
        assert_eq!(mail(&at("c.eml"), LARGEST), None);
        fs::File::create(at("d.eml")).and_then(|file| file.set_len(1 << 40)).expect("a file with a hole");
        assert_eq!(mail(&at("d.eml"), LARGEST), None);
    }
}
