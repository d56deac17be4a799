//! The shards of several machines, read back as one run.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::record::{REPORT_VERSION, Record, RecordError, duration};
use super::{About, CaseReport, Event, Summary};
use crate::case::Shard;
use crate::judge::Trace;

/// The name of the report in the directory of a run.
pub const REPORT: &str = "report.json";

/// Runs that were made apart and belong together.
#[derive(Debug)]
pub struct Merged {
    about: About,
    cases: Vec<CaseReport>,
    took: Duration,
}

/// Reports that do not make one.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A directory has no report.
    #[error("`{path}` cannot be read: {source}; `spoolproof run --out DIR` writes it")]
    Unreadable {
        /// The report.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A report is none.
    #[error("`{path}` is no report of this version: {source}")]
    Malformed {
        /// The report.
        path: PathBuf,
        /// What is wrong, and where.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A report tells of something that this program does not know.
    #[error("`{path}`: {source}; merge with the version that ran the shards")]
    Foreign {
        /// The report.
        path: PathBuf,
        /// What it is.
        source: RecordError,
    },
    /// A report was written in another format, or by another version.
    #[error(
        "`{path}` was written by version {found}, this is {due}; merge with the version that ran the shards"
    )]
    Version {
        /// The report.
        path: PathBuf,
        /// The version that it has.
        found: String,
        /// The version that is due.
        due: String,
    },
    /// The reports are of several candidates, or of one under several rules.
    #[error("`{path}` is about `{found}`, the first about `{due}`: one report is about one candidate")]
    Other {
        /// The report.
        path: PathBuf,
        /// What it is about.
        found: String,
        /// What the first is about.
        due: String,
    },
    /// A case was judged twice.
    #[error("case `{case}` is in `{path}` and in a report before it: each is to be in one shard")]
    Twice {
        /// The case.
        case: String,
        /// The second report.
        path: PathBuf,
    },
    /// The shards do not make the whole.
    #[error("shard {missing} is missing: `spoolproof run --shard {missing} --out DIR` makes it")]
    Missing {
        /// The first that is missing.
        missing: Shard,
    },
    /// Parts of several wholes.
    #[error("`{path}` is shard {found}, the first is one of {of}: all shards of a run have the same number")]
    Shards {
        /// The report.
        path: PathBuf,
        /// The shard that it is, or that it is none.
        found: String,
        /// How many the first has.
        of: u32,
    },
}

impl Merged {
    /// Reads the reports in these directories.
    ///
    /// # Errors
    ///
    /// [`MergeError`]: they cannot be read, or are no parts of one run.
    pub fn read(dirs: &[PathBuf]) -> Result<Self, MergeError> {
        let mut merged: Option<Self> = None;
        let mut shards = Vec::new();
        let mut seen = BTreeSet::new();
        for dir in dirs {
            let path = dir.join(REPORT);
            let record = record(&path)?;
            let shard = record.shard.as_deref().and_then(|text| text.parse::<Shard>().ok());
            shards.push((path.clone(), shard));
            let took = duration(record.summary.ms);
            let all = merged.get_or_insert_with(|| Self {
                about: record.candidate.clone(),
                cases: Vec::new(),
                took,
            });
            all.same(&path, &record.candidate)?;
            all.took = all.took.max(took);
            for case in record.cases {
                let mut report = CaseReport::try_from(case)
                    .map_err(|source| MergeError::Foreign { path: path.clone(), source })?;
                if !seen.insert(report.id.clone()) {
                    return Err(MergeError::Twice { case: report.id, path });
                }
                // Where it was kept is a place on the machine that ran it.
                let kept = trace_path(dir, &report.id);
                report.trace = kept.is_file().then_some(kept).or(report.trace);
                all.cases.push(report);
            }
        }
        whole(&shards)?;
        let mut merged = merged.expect("the command line demands at least one directory");
        merged.cases.sort_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
        Ok(merged)
    }

    /// Whom they are about.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Tells what happened, as the run of the whole would have; `traces` where reports are to carry them.
    ///
    /// # Errors
    ///
    /// Those of `events`.
    pub fn tell(
        self,
        traces: bool,
        events: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
    ) -> io::Result<Summary> {
        let mut summary = Summary::new(self.about.strict);
        events(Event::Started { cases: self.cases.len() })?;
        for mut report in self.cases {
            if let Some(path) = report.trace.as_ref().filter(|_| traces) {
                // A trace that did not come along is missed where it would be shown.
                report.recorded = Trace::read(path).ok();
            }
            summary.add(&report);
            events(Event::Case(&report))?;
        }
        summary.took = self.took;
        events(Event::Finished(&summary))?;
        Ok(summary)
    }

    fn same(&self, path: &Path, other: &About) -> Result<(), MergeError> {
        if (&other.name, other.strict) == (&self.about.name, self.about.strict) {
            return Ok(());
        }
        let words = |about: &About| format!("{}{}", about.name, if about.strict { " --strict" } else { "" });
        Err(MergeError::Other { path: path.to_owned(), found: words(other), due: words(&self.about) })
    }
}

/// Where a run keeps the trace of a case, within its directory.
#[must_use]
pub fn trace_path(out: &Path, id: &str) -> PathBuf {
    out.join("traces").join(format!("{id}.jsonl"))
}

fn record(path: &Path) -> Result<Record, MergeError> {
    let text = fs::read(path).map_err(|source| MergeError::Unreadable { path: path.to_owned(), source })?;
    let malformed =
        |error: serde_json::Error| MergeError::Malformed { path: path.to_owned(), source: error.into() };
    // The version first: what else another version writes may not be readable at all.
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(malformed)?;
    let version = |found: String, due: String| MergeError::Version { path: path.to_owned(), found, due };
    let found = value["version"].as_u64().unwrap_or_default();
    if found != u64::from(REPORT_VERSION) {
        return Err(version(format!("{found} of the format"), format!("{REPORT_VERSION} of the format")));
    }
    // From the text again, so that a mistake has its line.
    let record: Record = serde_json::from_slice(&text).map_err(malformed)?;
    match record.spoolproof == env!("CARGO_PKG_VERSION") {
        true => Ok(record),
        false => Err(version(record.spoolproof, env!("CARGO_PKG_VERSION").to_owned())),
    }
}

/// All shards of one number, or none at all.
fn whole(shards: &[(PathBuf, Option<Shard>)]) -> Result<(), MergeError> {
    let Some(of) = shards.iter().find_map(|(_, shard)| shard.map(|shard| shard.of)) else { return Ok(()) };
    for (path, shard) in shards {
        if shard.is_none_or(|shard| shard.of != of) {
            let found = shard.map_or_else(|| "none".to_owned(), |shard| shard.to_string());
            return Err(MergeError::Shards { path: path.clone(), found, of });
        }
    }
    let parts: BTreeSet<u32> = shards.iter().filter_map(|(_, shard)| shard.map(|shard| shard.part)).collect();
    match (1..=of).find(|part| !parts.contains(part)) {
        Some(part) => Err(MergeError::Missing { missing: Shard { part, of } }),
        None => Ok(()),
    }
}
