//! The JUnit report: what a candidate did wrong is a failure; an error is one of the harness.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::terminal::plain;
use super::{CaseReport, Event, Reporter, write_whole};
use crate::verdict::{Verdict, Weight};

/// Writes the JUnit report once the run is over: a suite per area, a test per case and point.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
    name: String,
    strict: bool,
    areas: Vec<(String, Vec<TestCase>)>,
}

impl Junit {
    /// A report to this file, of the candidate with this name.
    #[must_use]
    pub fn new(path: PathBuf, candidate: &str, strict: bool) -> Self {
        Self { path, name: format!("spoolproof: {candidate}"), strict, areas: Vec::new() }
    }
}

impl Reporter for Junit {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { .. } | Event::Progress { .. } => Ok(()),
            Event::Case(report) => {
                let area = report.id.split('/').next().unwrap_or_default();
                let test = test(report, self.strict);
                match self.areas.last_mut() {
                    Some((last, tests)) if last == area => tests.push(test),
                    Some(_) | None => self.areas.push((area.to_owned(), vec![test])),
                }
                Ok(())
            }
            Event::Finished(summary) => {
                let mut report = Report::new(self.name.as_str());
                report.set_time(summary.took);
                for (area, tests) in std::mem::take(&mut self.areas) {
                    let mut suite = TestSuite::new(area);
                    suite.add_test_cases(tests);
                    report.add_test_suite(suite);
                }
                let text = report.to_string().map_err(io::Error::other)?;
                write_whole(&self.path, text.as_bytes())
            }
        }
    }
}

fn test(report: &CaseReport, strict: bool) -> TestCase {
    let kinds: BTreeMap<Weight, NonSuccessKind> =
        BTreeMap::from([(Weight::Failure, NonSuccessKind::Failure), (Weight::Error, NonSuccessKind::Error)]);
    let status = match (&report.verdict, kinds.get(&report.verdict.weight(strict))) {
        (verdict, Some(kind)) => {
            let mut status = TestCaseStatus::non_success(*kind);
            let first = report
                .findings
                .first()
                .map(|finding| format!("{}: {}", finding.requirement, finding.message));
            let message =
                verdict.detail().or(first).unwrap_or_else(|| "the trace differs from the golden".to_owned());
            status.set_type(verdict.name()).set_message(message).set_description(plain(report));
            status
        }
        (Verdict::NotApplicable { reason }, None) => skipped(&format!("not applicable: {reason}")),
        (Verdict::Known { reason }, None) => skipped(&format!("known failure: {reason}")),
        (_, None) => TestCaseStatus::success(),
    };
    let warned = matches!(status, TestCaseStatus::Success { .. }) && report.verdict == Verdict::Warn;
    let mut test = TestCase::new(report.id.as_str(), status);
    test.set_classname(report.id.split('/').next().unwrap_or_default()).set_time(report.took);
    if warned {
        test.set_system_out(plain(report));
    }
    if !report.output.is_empty() {
        test.set_system_err(report.output.as_str());
    }
    test
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(reason);
    status
}
