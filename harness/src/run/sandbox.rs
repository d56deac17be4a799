//! The directory of a case: its mail in and out. Its plan and its trace are beside it, out of the way of a candidate that tidies
//! up the directory in which it runs.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::candidate::{Candidate, Sink};
use crate::smtp::Listener;

/// A directory that goes away with its case.
#[derive(Debug)]
pub(super) struct Sandbox {
    // Before the directory that it puts mail into.
    listener: Option<Listener>,
    work: PathBuf,
    dir: TempDir,
}

impl Sandbox {
    pub(super) fn new(candidate: &Candidate) -> io::Result<Self> {
        let dir = directory()?;
        let mut sandbox = Self { listener: None, work: dir.path().join("case"), dir };
        for dir in [sandbox.work.clone(), sandbox.maildrop(), sandbox.outbox(), sandbox.copies()] {
            std::fs::create_dir(dir)?;
        }
        sandbox.listener = match &candidate.sink {
            Sink::None | Sink::Maildrop { .. } | Sink::Shim { .. } => None,
            Sink::Smtp(address) => Some(Listener::start(address, &sandbox.outbox())?),
        };
        Ok(sandbox)
    }

    /// Where our listener for sent mail is, if there is one.
    pub(super) fn listens(&self) -> Option<SocketAddr> {
        self.listener.as_ref().map(Listener::address)
    }

    /// Where the child runs.
    pub(super) fn path(&self) -> &Path {
        &self.work
    }

    /// Where inbound mail is put.
    pub(super) fn maildrop(&self) -> PathBuf {
        self.path().join("maildrop")
    }

    /// Where the candidate puts what it sends.
    pub(super) fn outbox(&self) -> PathBuf {
        self.path().join("outbox")
    }

    /// Where copies of mails are made.
    pub(super) fn copies(&self) -> PathBuf {
        copies(self.path())
    }

    pub(super) fn plan(&self) -> PathBuf {
        self.dir.path().join("plan.json")
    }

    pub(super) fn trace(&self) -> PathBuf {
        self.dir.path().join("trace.jsonl")
    }
}

/// Where copies of mails are made, in the directory of a case.
pub(super) fn copies(dir: &Path) -> PathBuf {
    dir.join("copies")
}

/// A new directory among temporary files.
///
/// On Windows 8-bit text, which candidates may ask for, cannot name every directory, and that for temporary files is often one of
/// a user's name. There it is another where there is one that everybody may write to.
fn directory() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("spoolproof-");
    if cfg!(windows) && !std::env::temp_dir().to_string_lossy().is_ascii() {
        let places = [("SystemRoot", "Temp"), ("ProgramData", ""), ("PUBLIC", "")];
        let named =
            places.iter().filter_map(|(name, below)| Some(Path::new(&std::env::var_os(name)?).join(below)));
        if let Some(dir) = { named }.find_map(|place| builder.tempdir_in(place).ok()) {
            return Ok(dir);
        }
    }
    builder.tempdir()
}
