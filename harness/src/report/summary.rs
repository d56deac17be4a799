//! What a run comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::capability::Capability;
use crate::report::CaseReport;
use crate::verdict::Weight;

/// What a run comes to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// How many cases and points have each verdict, by its name.
    pub counts: BTreeMap<&'static str, usize>,
    /// What the candidate showed that it can do.
    pub shown: BTreeSet<Capability>,
    /// The requirements of which a rule had something to judge.
    pub exercised: BTreeSet<&'static str>,
    /// Whether warnings count as failures.
    pub strict: bool,
    /// How long the run took.
    pub took: Duration,
    worst: Option<Weight>,
    /// How many points of each case that is swept were judged.
    swept: BTreeMap<String, usize>,
}

/// The exit status of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The candidate is conformant.
    Conformant = 0,
    /// The candidate is not conformant, or a known failure did not fail.
    NotConformant = 1,
    /// The command, the candidate file or a case file is wrong, or nothing was selected.
    Usage = 2,
    /// The candidate could not be loaded or initialised at all.
    Unloadable = 3,
    /// The harness failed.
    Harness = 4,
}

/// The order in which verdicts are told, worst first.
pub(super) const ORDER: [&str; 10] = [
    "harness-error",
    "crash",
    "timeout",
    "fail",
    "unexpected-pass",
    "changed",
    "warn",
    "pass",
    "known",
    "not-applicable",
];

impl Summary {
    /// A summary of nothing yet.
    #[must_use]
    pub fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// Takes a report in.
    pub fn add(&mut self, report: &CaseReport) {
        *self.counts.entry(report.verdict.name()).or_insert(0) += 1;
        if let Some((case, _)) = report.id.split_once('@') {
            *self.swept.entry(case.to_owned()).or_insert(0) += 1;
        }
        self.shown.extend(report.shown.iter().copied());
        self.exercised.extend(report.exercised.iter().copied());
        self.worst = self.worst.max(Some(report.verdict.weight(self.strict)));
    }

    /// The exit status that it means. Where the harness itself failed, nothing is said of the candidate.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.worst {
            Some(Weight::Fine) => Exit::Conformant,
            Some(Weight::Failure) => Exit::NotConformant,
            Some(Weight::Error) => Exit::Harness,
            None => Exit::Usage,
        }
    }

    /// In a line: `conformant: transport, inbound, polled - 131 pass, 9 not applicable`.
    #[must_use]
    pub fn line(&self) -> String {
        let counted = ORDER.iter().filter_map(|name| Some((*name, *self.counts.get(name)?)));
        let counts: Vec<String> =
            counted.map(|(name, count)| format!("{count} {}", name.replace('-', " "))).collect();
        let judged = self.counts.keys().any(|name| *name != "not-applicable");
        let verdict = match self.exit() {
            Exit::Conformant if !judged => "nothing judged",
            Exit::Conformant => "conformant",
            Exit::NotConformant => "not conformant",
            Exit::Usage => "nothing selected",
            Exit::Unloadable => "not loadable",
            Exit::Harness => "no verdict",
        };
        if counts.is_empty() {
            return verdict.to_owned();
        }
        let shown: Vec<&str> = std::iter::once("transport")
            .chain(self.shown.iter().map(|capability| capability.name()))
            .collect();
        let swept = match (self.swept.values().sum::<usize>(), self.swept.len()) {
            (0, _) => String::new(),
            (1, _) => "; swept: 1 point".to_owned(),
            (points, 1) => format!("; swept: {points} points"),
            (points, cases) => format!("; swept: {points} points of {cases} cases"),
        };
        match self.exit() {
            Exit::Conformant if judged => {
                format!("{verdict}: {} - {}{swept}", shown.join(", "), counts.join(", "))
            }
            _ => format!("{verdict}: {}{swept}", counts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn of(verdicts: &[Verdict], strict: bool) -> Summary {
        let mut summary = Summary::new(strict);
        for verdict in verdicts {
            let mut report = CaseReport::without_child("polling/one".into(), "One", verdict.clone());
            report.shown = BTreeSet::from([Capability::Inbound, Capability::Polled]);
            summary.add(&report);
        }
        summary
    }

    #[test]
    fn lines_and_exits() {
        let not_applicable = || Verdict::NotApplicable { reason: "it is not polled".into() };
        let fine = of(&[Verdict::Pass, Verdict::Pass, not_applicable()], true);
        assert_eq!(fine.line(), "conformant: transport, inbound, polled - 2 pass, 1 not applicable");
        assert_eq!(fine.exit(), Exit::Conformant);
        assert_eq!(of(&[Verdict::Warn, Verdict::Pass], false).exit(), Exit::Conformant);
        assert_eq!(of(&[Verdict::Warn, Verdict::Pass], true).exit(), Exit::NotConformant);
        let unexpected = Verdict::UnexpectedPass { reason: "later".into() };
        assert_eq!(of(&[unexpected], false).exit(), Exit::NotConformant);
        let broken = Verdict::HarnessError { detail: "no memory".into() };
        assert_eq!(of(&[Verdict::Fail, broken], false).exit(), Exit::Harness);
        assert_eq!(of(&[not_applicable()], false).line(), "nothing judged: 1 not applicable");
        assert_eq!(of(&[], false).line(), "nothing selected");
    }

    #[test]
    fn points_of_sweeps_are_counted() {
        let mut summary = Summary::new(false);
        let points =
            ["a/b", "a/b@IMAPIProp.SetProps#1=cancel", "a/b@IMAPIProp.SetProps#2=cancel", "a/c@x#1=logoff"];
        for id in points {
            summary.add(&CaseReport::without_child(id.into(), "One", Verdict::Pass));
        }
        assert_eq!(summary.line(), "conformant: transport - 4 pass; swept: 3 points of 2 cases");
    }
}
