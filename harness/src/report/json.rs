//! The JSON report.

use std::io;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use super::{CaseReport, Event, Reporter, write_whole};
use crate::candidate::Candidate;
use crate::golden::GoldenResult;

/// The version of the report's format.
const VERSION: u32 = 1;

/// Writes the JSON report once the run is over.
#[derive(Debug)]
pub struct Json {
    path: PathBuf,
    candidate: Value,
    cases: Vec<Case>,
}

#[derive(Debug, Serialize)]
struct Case {
    id: String,
    title: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    findings: Vec<Value>,
    golden: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
    exercised: Vec<&'static str>,
    ms: f64,
    trace: Option<PathBuf>,
}

impl Json {
    /// A report to this file.
    #[must_use]
    pub fn new(path: PathBuf, candidate: &Candidate) -> Self {
        let candidate = json!({
            "name": candidate.name,
            "library": candidate.library.to_string_lossy(),
            "file": candidate.file.as_ref().map(|file| file.to_string_lossy()),
        });
        Self { path, candidate, cases: Vec::new() }
    }
}

impl Reporter for Json {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { .. } | Event::Progress { .. } => Ok(()),
            Event::Case(report) => {
                self.cases.push(case(report));
                Ok(())
            }
            Event::Finished(summary) => {
                let report = json!({
                    "version": VERSION,
                    "candidate": self.candidate,
                    "cases": self.cases,
                    "summary": {
                        "conformant": summary.exit() == super::Exit::Conformant,
                        "line": summary.line(),
                        "counts": summary.counts,
                        "shown": summary.shown,
                        "exercised": summary.exercised,
                        "strict": summary.strict,
                        "ms": ms(summary.took),
                    },
                });
                let mut text = serde_json::to_vec_pretty(&report).map_err(io::Error::other)?;
                text.push(b'\n');
                write_whole(&self.path, &text)
            }
        }
    }
}

fn case(report: &CaseReport) -> Case {
    let (golden, diff) = match &report.golden {
        GoldenResult::Match => ("match", None),
        GoldenResult::Differs { diff, .. } => ("differs", Some(diff.clone())),
        GoldenResult::None => ("none", None),
    };
    let findings = report.findings.iter().map(|finding| {
        json!({
            "requirement": finding.requirement,
            "level": finding.level.name(),
            "message": finding.message,
            "due": finding.due,
            "seen": finding.seen,
            "event": finding.event,
        })
    });
    Case {
        id: report.id.clone(),
        title: report.title.clone(),
        verdict: report.verdict.name(),
        detail: report.verdict.detail(),
        findings: findings.collect(),
        golden,
        diff,
        exercised: report.exercised.iter().copied().collect(),
        ms: ms(report.took),
        trace: report.trace.clone(),
    }
}

/// Milliseconds with three decimals.
fn ms(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}
