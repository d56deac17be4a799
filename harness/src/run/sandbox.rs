//! The directory of a case: its mail in and out, its plan, its trace.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory that goes away with its case.
#[derive(Debug)]
pub(super) struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    pub(super) fn new() -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("spoolproof-").tempdir()?;
        let sandbox = Self { dir };
        for dir in [sandbox.maildrop(), sandbox.outbox(), sandbox.copies()] {
            std::fs::create_dir(dir)?;
        }
        Ok(sandbox)
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
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
        self.path().join("copies")
    }

    pub(super) fn plan(&self) -> PathBuf {
        self.path().join("plan.json")
    }

    pub(super) fn trace(&self) -> PathBuf {
        self.path().join("trace.jsonl")
    }
}
