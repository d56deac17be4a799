//! One case, or one point of a sweep: from the plan to the verdict.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::accept::{accept, entries, expired};
use super::child::Child;
use super::claim;
use super::confirm::confirmed;
use super::sandbox::Sandbox;
use super::spawn::Ended;
use super::suite::Suite;
use super::{facts, record, turn};
use crate::case::{Case, Place, Point};
use crate::golden::{self, GoldenResult, Side};
use crate::judge::{self, Finding, Judgement, Trace, TraceError};
use crate::report::merge::trace_path;
use crate::report::{CaseReport, context, write_whole};
use crate::snapshot;
use crate::verdict::{ChildEnd, Verdict};

/// What a run of a child came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) report: CaseReport,
    /// The places that a sweep of the case has.
    pub(super) places: Vec<Place>,
    /// The known failures that failed, by their positions.
    pub(super) used: BTreeSet<usize>,
}

/// Runs a case, or a point of its sweep.
pub(super) fn run(suite: &Suite, case: &Case, point: Option<&Point>) -> Outcome {
    let id = point.map_or_else(|| case.id.clone(), |point| format!("{}@{point}", case.id));
    let bare = |verdict| Outcome {
        report: CaseReport::without_child(id.clone(), &case.title, verdict),
        places: Vec::new(),
        used: BTreeSet::new(),
    };
    let lacks = suite.lacks(case);
    if let Some(reason) = lacks.filter(|_| point.is_some() || claim::denied(suite, case).is_none()) {
        return bare(Verdict::NotApplicable { reason });
    }
    match attempt(suite, case, point, &id) {
        Ok(outcome) => outcome,
        Err(error) => bare(Verdict::HarnessError { detail: format!("the case could not be run: {error}") }),
    }
}

fn attempt(suite: &Suite, case: &Case, point: Option<&Point>, id: &str) -> io::Result<Outcome> {
    let start = Instant::now();
    let _turn = turn::take(&suite.candidate)?;
    let child = Child::run(suite, case, point)?;
    let Child { sandbox, ended: Ended { end, output }, written, .. } = &child;
    let kept = keep(suite, id, written)?;
    let mut report = CaseReport::without_child(id.to_owned(), &case.title, Verdict::Pass);
    report.output.clone_from(output);
    report.trace = kept;
    let (trace, end) = match record::judged(written, end.clone()) {
        Ok(judged) => judged,
        Err(error) => {
            report.verdict = Verdict::HarnessError { detail: unreadable(&error, end) };
            report.end = Some(end.clone());
            report.took = start.elapsed();
            return Ok(Outcome { report, places: Vec::new(), used: BTreeSet::new() });
        }
    };
    // What the mock could not do for want of a directory that is there for it is not the mock's failure.
    let (failed, excused, end) = match (facts::harness_error(&trace), sandbox.lacks()) {
        (Some(detail), Some(dir)) => {
            let why = format!("force: it has taken away the directory `{dir}` ({detail})");
            (None, Some(detail), ChildEnd::Signalled(why))
        }
        (failed, _) => (failed, None, end),
    };
    let Judgement { findings, exercised, not_applicable, mut harness_errors } =
        child.judgement(suite, case, &trace, &end);
    let mut findings = confirmed(suite, case, point, findings)?;
    findings.extend(unlike(suite, case, &trace)?);
    report.golden = match point {
        None if suite.settings.golden
            && case.golden
            && end == ChildEnd::Finished
            && not_applicable.is_none() =>
        {
            golden::compare(case, &trace)
        }
        Some(_) | None => GoldenResult::None,
    };
    harness_errors.retain(|error| Some(error) != excused.as_ref());
    let verdict = match harness_errors.is_empty() {
        true => match failed {
            Some(detail) => Verdict::HarnessError { detail },
            None => verdict(&trace, &end, &findings, &report.golden, not_applicable),
        },
        false => Verdict::HarnessError { detail: harness_errors.join("\n") },
    };
    let verdict = match (verdict, claim::denied(suite, case)) {
        (Verdict::NotApplicable { reason }, Some(asked)) => {
            Verdict::NotApplicable { reason: format!("{reason}; {}", claim::taken(&trace, asked)) }
        }
        (verdict, _) => verdict,
    };
    let (verdict, used) = accept(verdict, &findings, &entries(suite, id));
    let verdict = match (&suite.candidate.snapshots, point) {
        (Some(dir), None) if suite.settings.golden && end == ChildEnd::Finished => {
            unchanged(verdict, || snapshot::compare(dir, id, &trace, &dirs(suite, sandbox)))?
        }
        (_, _) => verdict,
    };
    let events: Vec<Option<u64>> = findings.iter().map(|finding| finding.event).collect();
    report.context = context(&trace.events, &events);
    report.expired = expired(suite, id, &verdict, &findings);
    report.verdict = verdict;
    report.findings = findings;
    report.exercised = exercised;
    report.shown = facts::shown(&trace);
    report.load_failed = facts::load_failed(&trace).map(str::to_owned);
    report.end = Some(end);
    report.took = start.elapsed();
    let places = match (&case.sweep, point) {
        (Some(sweep), None) => facts::places(&trace, sweep.at, sweep.step),
        (Some(_) | None, _) => Vec::new(),
    };
    report.recorded = suite.settings.traces.then_some(trace);
    Ok(Outcome { report, places, used })
}

/// Runs the case that this one must be like, and compares what both show of their stores. Where that one does not come to its
/// end it has a verdict of its own, and there is nothing to compare with.
fn unlike(suite: &Suite, case: &Case, trace: &Trace) -> io::Result<Option<Finding>> {
    let Some(other) = case.like.as_deref().and_then(|id| suite.case(id)) else { return Ok(None) };
    let Ok(due) = Trace::parse(&Child::run(suite, other, None)?.written) else { return Ok(None) };
    if !trace.ended() || !due.ended() {
        return Ok(None);
    }
    Ok(golden::unlike(trace, &due).map(|divergence| {
        let rows = |wanted: Side| {
            let rows = divergence.rows.iter().filter(|(side, _)| *side == wanted);
            let rows: Vec<&str> = rows.map(|(_, row)| row.trim()).collect();
            if rows.is_empty() { "nothing".to_owned() } else { rows.join("; ") }
        };
        let due = format!("as in `{}`: {}", other.id, rows(Side::Golden));
        Finding::of("COUP-06", divergence.event, due, rows(Side::Trace))
    }))
}

/// The verdict in the light of the vendor's own accepted trace: of what fails or does not apply nothing is accepted.
fn unchanged(verdict: Verdict, compare: impl FnOnce() -> io::Result<Option<String>>) -> io::Result<Verdict> {
    match verdict {
        Verdict::Pass | Verdict::Warn | Verdict::Known { .. } => Ok(match compare()? {
            Some(detail) => Verdict::Changed { detail },
            None => verdict,
        }),
        Verdict::Fail
        | Verdict::Crash { .. }
        | Verdict::Timeout { .. }
        | Verdict::NotApplicable { .. }
        | Verdict::Changed { .. }
        | Verdict::UnexpectedPass { .. }
        | Verdict::HarnessError { .. } => Ok(verdict),
    }
}

/// The names of the case's directory, as the candidate sees it and as this process does.
fn dirs(suite: &Suite, sandbox: &Sandbox) -> Vec<String> {
    let seen = suite.host.translate(sandbox.path());
    [seen.as_path(), sandbox.path()].map(|dir| dir.to_string_lossy().into_owned()).to_vec()
}

/// Keeps the trace where the run has a place for it.
fn keep(suite: &Suite, id: &str, written: &[u8]) -> io::Result<Option<PathBuf>> {
    let Some(out) = suite.settings.out.as_ref().filter(|_| !written.is_empty()) else { return Ok(None) };
    let path = trace_path(out, id);
    write_whole(&path, judge::written(written)).map(|()| Some(path))
}

fn unreadable(error: &TraceError, end: &ChildEnd) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause} (the child: {})", end.describe())
}

fn verdict(
    trace: &Trace,
    end: &ChildEnd,
    findings: &[Finding],
    golden: &GoldenResult,
    not_applicable: Option<String>,
) -> Verdict {
    match end {
        ChildEnd::Finished => {}
        ChildEnd::Exited(_) if facts::load_failed(trace).is_some() => {}
        ChildEnd::Exited(_) | ChildEnd::Signalled(_) => {
            let how = match end {
                ChildEnd::Signalled(name) => name.clone(),
                end => end.describe(),
            };
            return Verdict::Crash { how, last_call: facts::last_call(trace) };
        }
        ChildEnd::TimedOut { limit } => {
            return Verdict::Timeout { limit: *limit, last_call: facts::last_call(trace) };
        }
    }
    // Whoever cannot be spoken with is not conformant, whatever the level of the requirement that says so.
    let unusable = facts::load_failed(trace).is_some() || facts::shim_fault(trace).is_some();
    if findings.iter().any(|finding| finding.level.fails()) || unusable {
        return Verdict::Fail;
    }
    match (not_applicable, golden) {
        _ if !findings.is_empty() => Verdict::Warn,
        (Some(reason), _) => Verdict::NotApplicable { reason },
        (None, GoldenResult::Differs { .. }) => Verdict::Warn,
        (None, GoldenResult::Match | GoldenResult::None) => Verdict::Pass,
    }
}
