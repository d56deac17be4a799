//! What is told of one case.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::Around;
use crate::capability::Capability;
use crate::golden::GoldenResult;
use crate::judge::{Finding, Trace};
use crate::verdict::{ChildEnd, Verdict};

/// All there is to say of a case, or of a point of a sweep.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// `AREA/NAME`, with `@POINT` behind it for a point of a sweep.
    pub id: String,
    /// What the case shows.
    pub title: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Every rule that was broken, those that are known to be included.
    pub findings: Vec<Finding>,
    /// For each finding, what stands around the place where it shows.
    pub context: Vec<Around>,
    /// That a failure was known and is no longer accepted, in words.
    pub expired: Option<String>,
    /// How the trace compares with the golden.
    pub golden: GoldenResult,
    /// The requirements of which a rule had something to judge.
    pub exercised: BTreeSet<&'static str>,
    /// What the candidate showed that it can do.
    pub shown: BTreeSet<Capability>,
    /// How the child ended; nothing where none was started.
    pub end: Option<ChildEnd>,
    /// What the child printed last.
    pub output: String,
    /// Why the candidate could not be loaded, if so.
    pub load_failed: Option<String>,
    /// How long it took, from the start of the child to the verdict.
    pub took: Duration,
    /// Where the trace is kept.
    pub trace: Option<PathBuf>,
    /// The trace itself, where a reporter wants it.
    pub recorded: Option<Trace>,
    /// Its place in a whole run: the position of the case in the catalogue, and that of the point in its sweep, from 1.
    pub order: (usize, usize),
}

impl CaseReport {
    /// The case's own id, without the point of its sweep.
    #[must_use]
    pub fn case(&self) -> &str {
        self.id.split('@').next().unwrap_or(&self.id)
    }

    /// A report without a child: the case does not apply, or nothing can be said.
    pub(crate) fn without_child(id: String, title: &str, verdict: Verdict) -> Self {
        Self {
            id,
            title: title.to_owned(),
            verdict,
            findings: Vec::new(),
            context: Vec::new(),
            expired: None,
            golden: GoldenResult::None,
            exercised: BTreeSet::new(),
            shown: BTreeSet::new(),
            end: None,
            output: String::new(),
            load_failed: None,
            took: Duration::ZERO,
            trace: None,
            recorded: None,
            order: (0, 0),
        }
    }
}
