//! The JSON report's format: what a run came to, as data. What is written is also what [`merge`](super::merge) reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{About, Around, CaseReport, Exit, Summary};
use crate::capability::Capability;
use crate::golden::{Divergence, GoldenResult};
use crate::judge::Finding;
use crate::requirements::{Level, Requirement, Subject};
use crate::verdict::Verdict;

/// The version of the format.
pub const REPORT_VERSION: u32 = 1;

/// The report of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// The version of the program that wrote it.
    pub spoolproof: String,
    /// The candidate.
    pub candidate: About,
    /// The part of the whole that this run is, `K/N`, where it is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// Every case and point, in the order of the catalogue.
    pub cases: Vec<CaseRecord>,
    /// What they come to.
    pub summary: SummaryRecord,
}

/// A case, or a point of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseRecord {
    /// `AREA/NAME`, with `@POINT` behind it for a point of a sweep.
    pub id: String,
    /// What the case shows.
    pub title: String,
    /// `pass`, `warn`, `fail`, `crash`, `timeout`, `not-applicable`, `known`, `unexpected-pass`, `changed` or `harness-error`.
    pub verdict: String,
    /// The verdict in words, beyond its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How it crashed; why it does not apply; why it is known to fail; how the harness failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The innermost call that did not return, of a crash or a timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call: Option<String>,
    /// The limit that was passed, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_ms: Option<f64>,
    /// That a failure was known and is no longer accepted, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired: Option<String>,
    /// Every rule that was broken.
    pub findings: Vec<FindingRecord>,
    /// How the trace compares with the golden.
    pub golden: GoldenName,
    /// The first divergence, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// The same, as data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence: Option<Divergence>,
    /// The golden's file, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub golden_file: Option<PathBuf>,
    /// The requirements of which a rule had something to judge.
    pub exercised: BTreeSet<String>,
    /// What the candidate showed that it can do.
    pub shown: BTreeSet<Capability>,
    /// Why the candidate could not be loaded, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_failed: Option<String>,
    /// The end of what the candidate printed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// Where the trace is kept.
    pub trace: Option<PathBuf>,
    /// The position of the case among all cases, and of the point in its sweep.
    pub order: (usize, usize),
}

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingRecord {
    /// The requirement's name.
    pub requirement: String,
    /// How binding it is.
    pub level: Level,
    /// Who broke it.
    pub subject: Subject,
    /// In a sentence.
    pub message: String,
    /// What was due.
    pub due: String,
    /// What was seen.
    pub seen: String,
    /// The event of the trace at which it was seen.
    pub event: Option<u64>,
    /// What stands around it.
    pub around: Around,
}

/// How a trace compares with its golden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GoldenName {
    /// It is the same.
    Match,
    /// It is not.
    Differs,
    /// There is nothing to compare with.
    None,
}

/// What a run comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SummaryRecord {
    /// Whether the candidate is conformant.
    pub conformant: bool,
    /// The exit status of the command.
    pub exit: u8,
    /// In a line.
    pub line: String,
    /// How many cases and points have each verdict.
    pub counts: BTreeMap<String, usize>,
    /// What the candidate showed that it can do.
    pub shown: BTreeSet<Capability>,
    /// The requirements of which a rule had something to judge.
    pub exercised: BTreeSet<String>,
    /// Whether warnings are failures.
    pub strict: bool,
    /// How long the run took, in milliseconds; of several machines the longest.
    pub ms: f64,
}

/// A record says what this program does not know.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A verdict has another name, or lacks what belongs to it.
    #[error("case `{case}` has the verdict `{verdict}`, which is none, or lacks a field that belongs to it")]
    Verdict {
        /// The case.
        case: String,
        /// The verdict.
        verdict: String,
    },
    /// A requirement has a name that is not in the index.
    #[error("case `{case}` tells of requirement `{requirement}`, which is not in the index")]
    Requirement {
        /// The case.
        case: String,
        /// The requirement.
        requirement: String,
    },
}

impl From<&CaseReport> for CaseRecord {
    fn from(report: &CaseReport) -> Self {
        let (golden, divergence, golden_file) = match &report.golden {
            GoldenResult::Match => (GoldenName::Match, None, None),
            GoldenResult::Differs { diff, path } => {
                (GoldenName::Differs, Some(diff.clone()), Some(path.clone()))
            }
            GoldenResult::None => (GoldenName::None, None, None),
        };
        let (reason, last_call, limit_ms) = match &report.verdict {
            Verdict::Pass | Verdict::Warn | Verdict::Fail => (None, None, None),
            Verdict::Crash { how, last_call } => (Some(how), last_call.clone(), None),
            Verdict::Timeout { limit, last_call } => (None, last_call.clone(), Some(ms(*limit))),
            Verdict::NotApplicable { reason }
            | Verdict::Known { reason }
            | Verdict::UnexpectedPass { reason } => (Some(reason), None, None),
            Verdict::Changed { detail } | Verdict::HarnessError { detail } => (Some(detail), None, None),
        };
        let context = report.context.iter().cloned().chain(std::iter::repeat_with(Around::default));
        let findings = report.findings.iter().zip(context);
        Self {
            id: report.id.clone(),
            title: report.title.clone(),
            verdict: report.verdict.name().to_owned(),
            detail: report.verdict.detail(),
            reason: reason.cloned(),
            last_call,
            limit_ms,
            expired: report.expired.clone(),
            findings: findings.map(|(finding, around)| FindingRecord::new(finding, around)).collect(),
            golden,
            diff: divergence.as_ref().map(ToString::to_string),
            divergence,
            golden_file,
            exercised: report.exercised.iter().map(|id| (*id).to_owned()).collect(),
            shown: report.shown.clone(),
            load_failed: report.load_failed.clone(),
            output: report.output.clone(),
            ms: ms(report.took),
            trace: report.trace.clone(),
            order: report.order,
        }
    }
}

impl TryFrom<CaseRecord> for CaseReport {
    type Error = RecordError;

    fn try_from(record: CaseRecord) -> Result<Self, RecordError> {
        let verdict = verdict(&record)?;
        let known = |requirement: &String| match Requirement::find(requirement) {
            Ok(known) => Ok(known.id.as_str()),
            Err(_) => {
                Err(RecordError::Requirement { case: record.id.clone(), requirement: requirement.clone() })
            }
        };
        let golden = match record.golden {
            GoldenName::Match => GoldenResult::Match,
            GoldenName::Differs => GoldenResult::Differs {
                diff: record.divergence.unwrap_or_default(),
                path: record.golden_file.unwrap_or_default(),
            },
            GoldenName::None => GoldenResult::None,
        };
        let exercised = record.exercised.iter().map(known).collect::<Result<_, _>>()?;
        let (findings, context) = record.findings.into_iter().map(FindingRecord::split).unzip();
        Ok(Self {
            verdict,
            findings,
            context,
            expired: record.expired,
            golden,
            exercised,
            shown: record.shown,
            output: record.output,
            load_failed: record.load_failed,
            took: duration(record.ms),
            trace: record.trace,
            order: record.order,
            ..Self::without_child(record.id, &record.title, Verdict::Pass)
        })
    }
}

impl FindingRecord {
    fn new(finding: &Finding, around: Around) -> Self {
        let Finding { requirement, level, subject, message, event, due, seen } = finding.clone();
        Self { requirement, level, subject, message, due, seen, event, around }
    }

    fn split(self) -> (Finding, Around) {
        let Self { requirement, level, subject, message, due, seen, event, around } = self;
        (Finding { requirement, level, subject, message, event, due, seen }, around)
    }
}

impl From<&Summary> for SummaryRecord {
    fn from(summary: &Summary) -> Self {
        Self {
            conformant: summary.exit() == Exit::Conformant,
            exit: summary.exit() as u8,
            line: summary.line(),
            counts: summary.counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            shown: summary.shown.clone(),
            exercised: summary.exercised.iter().map(|id| (*id).to_owned()).collect(),
            strict: summary.strict,
            ms: ms(summary.took),
        }
    }
}

fn verdict(record: &CaseRecord) -> Result<Verdict, RecordError> {
    let reason = record.reason.clone();
    let last_call = record.last_call.clone();
    let verdict = match record.verdict.as_str() {
        "pass" => Some(Verdict::Pass),
        "warn" => Some(Verdict::Warn),
        "fail" => Some(Verdict::Fail),
        "crash" => reason.map(|how| Verdict::Crash { how, last_call }),
        "timeout" => record.limit_ms.map(|limit| Verdict::Timeout { limit: duration(limit), last_call }),
        "not-applicable" => reason.map(|reason| Verdict::NotApplicable { reason }),
        "known" => reason.map(|reason| Verdict::Known { reason }),
        "unexpected-pass" => reason.map(|reason| Verdict::UnexpectedPass { reason }),
        "changed" => reason.map(|detail| Verdict::Changed { detail }),
        "harness-error" => reason.map(|detail| Verdict::HarnessError { detail }),
        _ => None,
    };
    verdict.ok_or_else(|| RecordError::Verdict { case: record.id.clone(), verdict: record.verdict.clone() })
}

/// Milliseconds with three decimals.
fn ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

/// Nothing where it is no time at all.
pub(super) fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case of each verdict, with all that it can have.
    fn all() -> Vec<CaseReport> {
        let reason = || "why".to_owned();
        let verdicts = [
            Verdict::Pass,
            Verdict::Warn,
            Verdict::Fail,
            Verdict::Crash { how: "SIGSEGV".to_owned(), last_call: Some("XPProviderInit".to_owned()) },
            Verdict::Timeout { limit: Duration::from_millis(1500), last_call: None },
            Verdict::NotApplicable { reason: reason() },
            Verdict::Known { reason: reason() },
            Verdict::UnexpectedPass { reason: reason() },
            Verdict::Changed { detail: reason() },
            Verdict::HarnessError { detail: reason() },
        ];
        let finding = Finding {
            requirement: "RECV-05".to_owned(),
            level: Level::Must,
            subject: Subject::Provider,
            message: "m".to_owned(),
            event: Some(17),
            due: "d".to_owned(),
            seen: "s".to_owned(),
        };
        let report = |(index, verdict): (usize, Verdict)| {
            let mut report = CaseReport::without_child(format!("polling/{index}"), "One", verdict);
            report.findings = vec![finding.clone()];
            report.context = vec![Around { lines: vec!["> 17".to_owned()], ..Around::default() }];
            report.golden = GoldenResult::Differs {
                diff: Divergence { line: 3, event: Some(9), ..Divergence::default() },
                path: "golden/polling/one.snap".into(),
            };
            report.exercised = BTreeSet::from(["RECV-05"]);
            report.shown = BTreeSet::from([Capability::Inbound]);
            report.output = "printed".to_owned();
            report.expired = Some("until then".to_owned());
            report.took = Duration::from_micros(3100);
            report.trace = Some("out/traces/polling/one.jsonl".into());
            report.order = (index, 2);
            report
        };
        verdicts.into_iter().enumerate().map(report).collect()
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        for report in all() {
            let record = CaseRecord::from(&report);
            let text = serde_json::to_string(&record).expect("JSON");
            let read: CaseRecord = serde_json::from_str(&text).expect("the same");
            assert_eq!(read, record);
            let again = CaseReport::try_from(read).expect("a report");
            assert_eq!(again.verdict, report.verdict);
            assert_eq!(CaseRecord::from(&again), record);
        }
    }

    #[test]
    fn the_fields_that_others_rely_on() {
        let record = serde_json::to_value(CaseRecord::from(&all()[2])).expect("JSON");
        assert_eq!(record["verdict"], "fail");
        assert_eq!(record["golden"], "differs");
        assert_eq!(record["ms"], 3.1);
        assert_eq!(record["trace"], "out/traces/polling/one.jsonl");
        let finding = &record["findings"][0];
        assert_eq!(
            (finding["requirement"].as_str(), finding["level"].as_str(), finding["event"].as_u64()),
            (Some("RECV-05"), Some("must"), Some(17))
        );
    }

    #[test]
    fn what_is_not_known_is_not_read() {
        let mut record = CaseRecord::from(&all()[0]);
        record.verdict = "crash".to_owned();
        let error = CaseReport::try_from(record.clone()).expect_err("a crash says how");
        assert!(error.to_string().contains("`polling/0` has the verdict `crash`"), "{error}");
        record.verdict = "pass".to_owned();
        record.exercised.insert("RECV-99".to_owned());
        let error = CaseReport::try_from(record).expect_err("no such requirement");
        assert!(error.to_string().contains("RECV-99"), "{error}");
    }
}
