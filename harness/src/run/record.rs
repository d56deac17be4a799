//! The trace of a case, held open from before its child starts: a candidate that removes the file, or the directory that it is in,
//! takes nothing of it away.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::facts;
use crate::judge::{Trace, TraceError};
use crate::verdict::ChildEnd;

/// The file that a child writes its trace to.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    file: File,
}

impl Record {
    /// Makes the file. The child empties it once more.
    pub(super) fn new(path: PathBuf) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok(Self { path, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the child came as far as the first line: that is before anything of the candidate is loaded.
    pub(super) fn begun(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.len() > 0)
    }

    /// All that was written.
    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut file = &self.file;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The trace in these bytes, and how its child ended, seen together with it.
///
/// Nobody but the child writes to the file, and whole lines: where something else stands in it, the candidate has written over it
/// - in the file, or in memory - and that ends the case where it was written over, as a crash does.
pub(super) fn judged(bytes: &[u8], end: ChildEnd) -> Result<(Trace, ChildEnd), TraceError> {
    match Trace::parse(bytes) {
        Ok(trace) => {
            let end = facts::end(&trace, end);
            Ok((trace, end))
        }
        Err(error) if is_overwritten(&error, &end) => {
            let end = ChildEnd::Signalled(format!("force: it has written over the trace ({error})"));
            Ok((Trace::sound(bytes), end))
        }
        Err(error) => Err(error),
    }
}

fn is_overwritten(error: &TraceError, end: &ChildEnd) -> bool {
    match error {
        TraceError::Malformed { .. } | TraceError::Gap { .. } => true,
        // A child that cannot begin says so with a status of its own.
        TraceError::Empty => matches!(end, ChildEnd::Finished | ChildEnd::Signalled(_)),
        TraceError::Unreadable(_) | TraceError::Version { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "{\"trace\":1,\"case\":\"polling/one\"}\n";
    const ONE: &str = "{\"n\":1,\"t\":5,\"th\":0,\"ev\":\"arrive\",\"mail\":\"m1\"}\n";

    #[test]
    fn what_is_removed_is_read_all_the_same() {
        let dir = tempfile::tempdir().expect("a directory");
        let record = Record::new(dir.path().join("trace")).expect("a file");
        assert!(!record.begun());
        std::fs::write(record.path(), HEAD).expect("written");
        assert!(record.begun());
        if cfg!(unix) {
            std::fs::remove_file(record.path()).expect("removed");
        }
        assert_eq!(record.bytes().expect("read"), HEAD.as_bytes());
    }

    #[test]
    fn what_is_written_over_is_the_candidates_doing() {
        let over = format!("{HEAD}{ONE}garbage\n{ONE}");
        let (trace, end) = judged(over.as_bytes(), ChildEnd::Finished).expect("the sound part is judged");
        assert_eq!(trace.events.len(), 1);
        assert!(end.describe().contains("line 3 of the trace is not an event"), "{}", end.describe());
        for (text, end) in [("", ChildEnd::Finished), ("\0\0", ChildEnd::Signalled("SIGBUS".to_owned()))] {
            let (trace, end) = judged(text.as_bytes(), end).expect("there was a first line once");
            assert!(trace.events.is_empty() && end.describe().contains("written over"), "{}", end.describe());
        }
    }

    #[test]
    fn a_child_that_did_not_begin_is_no_candidates_doing() {
        assert!(judged(b"", ChildEnd::Exited(64)).is_err());
        assert!(judged(b"{\"trace\":99,\"case\":\"a/b\"}\n", ChildEnd::Finished).is_err());
    }
}
