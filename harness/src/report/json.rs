//! The JSON report.

use std::io;
use std::path::PathBuf;

use super::record::{CaseRecord, REPORT_VERSION, Record, SummaryRecord};
use super::{About, Event, Reporter, escape, write_whole};
use crate::case::Shard;

/// Writes the JSON report once the run is over.
#[derive(Debug)]
pub struct Json {
    path: PathBuf,
    about: About,
    shard: Option<Shard>,
    cases: Vec<CaseRecord>,
}

impl Json {
    /// A report to this file, of the whole or of a part of it.
    #[must_use]
    pub fn new(path: PathBuf, about: About, shard: Option<Shard>) -> Self {
        Self { path, about, shard, cases: Vec::new() }
    }
}

impl Reporter for Json {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { .. } | Event::Progress { .. } => Ok(()),
            Event::Case(report) => {
                self.cases.push(report.into());
                Ok(())
            }
            Event::Finished(summary) => {
                let record = Record {
                    version: REPORT_VERSION,
                    spoolproof: env!("CARGO_PKG_VERSION").to_owned(),
                    candidate: self.about.clone(),
                    shard: self.shard.map(|shard| shard.to_string()),
                    cases: std::mem::take(&mut self.cases),
                    summary: SummaryRecord::from(summary),
                };
                let text = serde_json::to_string_pretty(&record).map_err(io::Error::other)?;
                write_whole(&self.path, format!("{}\n", escape::json(&text)).as_bytes())
            }
        }
    }
}
