//! The JUnit report: what a candidate did wrong is a failure; an error is one of the harness.
//!
//! There are two schemas that readers go by, Ant's and Jenkins': what is written keeps both. Ant's is the stricter one. It
//! knows no output of a single test, so what passes with a word stands in the output of its suite, and the root has no
//! attributes.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::told::plain;
use super::{About, CaseReport, Event, Reporter, write_whole};
use crate::verdict::{Verdict, Weight};

/// Writes the JUnit report once the run is over: a suite per area, a test per case and point.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
    about: About,
    begun: chrono::DateTime<chrono::Utc>,
    areas: Vec<Area>,
}

/// The cases of an area.
#[derive(Debug, Default)]
struct Area {
    name: String,
    tests: Vec<TestCase>,
    took: Duration,
    /// What is told of tests that do not fail.
    said: String,
    /// What the candidate printed.
    printed: String,
}

impl Junit {
    /// A report to this file.
    #[must_use]
    pub fn new(path: PathBuf, about: About) -> Self {
        Self { path, about, begun: chrono::Utc::now(), areas: Vec::new() }
    }
}

impl Reporter for Junit {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { .. } | Event::Progress { .. } => Ok(()),
            Event::Case(report) => {
                let name = report.id.split('/').next().unwrap_or_default();
                if self.areas.last().is_none_or(|area| area.name != name) {
                    self.areas.push(Area { name: name.to_owned(), ..Area::default() });
                }
                if let Some(area) = self.areas.last_mut() {
                    area.add(report, self.about.strict);
                }
                Ok(())
            }
            Event::Finished(_) => {
                let mut report = Report::new("");
                let begun = self.begun.format("%Y-%m-%dT%H:%M:%S").to_string();
                for (id, area) in std::mem::take(&mut self.areas).into_iter().enumerate() {
                    report.add_test_suite(area.suite(id, &begun, &self.about));
                }
                let text = report.to_string().map_err(io::Error::other)?;
                write_whole(&self.path, bare_root(&text).as_bytes())
            }
        }
    }
}

impl Area {
    fn add(&mut self, report: &CaseReport, strict: bool) {
        let status = status(report, strict);
        if report.verdict == Verdict::Warn && matches!(status, TestCaseStatus::Success { .. }) {
            self.said.push_str(&plain(report));
        }
        if !report.output.is_empty() {
            let _ = writeln!(self.printed, "{}:\n{}", report.id, super::harmless(report.output.trim_end()));
        }
        let mut test = TestCase::new(report.id.as_str(), status);
        test.set_classname(self.name.as_str()).set_time(report.took);
        self.took += report.took;
        self.tests.push(test);
    }

    fn suite(self, id: usize, begun: &str, about: &About) -> TestSuite {
        let mut suite = TestSuite::new(self.name);
        suite
            .set_time(self.took)
            .add_property(("candidate", super::in_line(&about.name).as_str()))
            .add_property(("library", super::in_line(&about.library).as_str()))
            .add_property(("strict", if about.strict { "true" } else { "false" }))
            .set_system_out(self.said)
            .set_system_err(self.printed)
            .add_test_cases(self.tests);
        // A time without a zone, as Ant's schema has it; and the place that it has for where it ran, which says nothing here.
        let more = [
            ("package", "spoolproof"),
            ("id", &id.to_string()),
            ("timestamp", begun),
            ("hostname", "localhost"),
        ];
        suite.extra.extend(more.map(|(name, value)| (name.into(), value.into())));
        suite
    }
}

fn status(report: &CaseReport, strict: bool) -> TestCaseStatus {
    let kind = match report.verdict.weight(strict) {
        Weight::Fine => None,
        Weight::Failure => Some(NonSuccessKind::Failure),
        Weight::Error => Some(NonSuccessKind::Error),
    };
    match (&report.verdict, kind) {
        (verdict, Some(kind)) => {
            let mut status = TestCaseStatus::non_success(kind);
            let first = report
                .findings
                .first()
                .map(|finding| format!("{}: {}", finding.requirement, finding.message));
            let message =
                verdict.detail().or(first).unwrap_or_else(|| "the trace differs from the golden".to_owned());
            let message = super::in_line(&message);
            status.set_type(verdict.name()).set_message(message).set_description(plain(report));
            status
        }
        (Verdict::NotApplicable { reason }, None) => skipped(&format!("not applicable: {reason}")),
        (Verdict::Known { reason }, None) => skipped(&format!("known failure: {reason}")),
        (_, None) => TestCaseStatus::success(),
    }
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(super::in_line(reason));
    status
}

/// The root without attributes. Its numbers stand in the suites as well.
fn bare_root(text: &str) -> String {
    match text.split_once("<testsuites ") {
        Some((before, rest)) => match rest.split_once('>') {
            Some((_, behind)) => format!("{before}<testsuites>{behind}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_bare() {
        let text = Report::new("a > b").to_string().expect("XML");
        assert!(text.contains("<testsuites name="), "{text}");
        assert_eq!(bare_root(&text).matches("<testsuites>").count(), 1);
    }
}
