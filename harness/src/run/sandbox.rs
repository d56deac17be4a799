//! The directory of a case: its mail in and out. Its plan and its trace are beside it, out of the way of a candidate that tidies
//! up the directory in which it runs.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::clear;
use super::record::Record;
use crate::candidate::{Candidate, Sink};
use crate::smtp::Listener;

/// A directory that goes away with its case.
#[derive(Debug)]
pub(super) struct Sandbox {
    // Before the directory that it puts mail into.
    listener: Option<Listener>,
    work: PathBuf,
    // Before the directory that it is in: some systems remove no file that is open.
    trace: Record,
    dir: Dir,
}

/// Removed when it is dropped, however it was filled.
#[derive(Debug)]
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        // What another user's process, or a system that keeps open files, holds on to stays.
        let _ = clear::remove(&self.0);
    }
}

impl Sandbox {
    pub(super) fn new(candidate: &Candidate) -> io::Result<Self> {
        let dir = Dir(directory()?);
        let trace = Record::new(dir.0.join("trace.jsonl"))?;
        let mut sandbox = Self { listener: None, work: dir.0.join("case"), trace, dir };
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
        self.dir.0.join("plan.json")
    }

    /// What is no longer as it was made, of the directories that the case needs: nobody but the candidate takes them away for good.
    pub(super) fn lacks(&self) -> Option<&'static str> {
        let made = [("case", self.work.clone()), ("maildrop", self.maildrop()), ("outbox", self.outbox())];
        let is_there = |dir: &Path| std::fs::symlink_metadata(dir).is_ok_and(|metadata| metadata.is_dir());
        made.into_iter().find(|(_, dir)| !is_there(dir)).map(|(name, _)| name)
    }

    pub(super) fn trace(&self) -> &Record {
        &self.trace
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
fn directory() -> io::Result<PathBuf> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("spoolproof-");
    if cfg!(windows) && !std::env::temp_dir().to_string_lossy().is_ascii() {
        let places = [("SystemRoot", "Temp"), ("ProgramData", ""), ("PUBLIC", "")];
        let named =
            places.iter().filter_map(|(name, below)| Some(Path::new(&std::env::var_os(name)?).join(below)));
        if let Some(dir) = { named }.find_map(|place| builder.tempdir_in(place).ok()) {
            return Ok(dir.keep());
        }
    }
    Ok(builder.tempdir()?.keep())
}
