//! Verdicts in the light of what is known to fail.

use std::collections::BTreeSet;

use super::suite::Suite;
use crate::candidate::KnownFailure;
use crate::judge::Finding;
use crate::verdict::{Verdict, Weight};

/// An entry of the candidate file that is about the case at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    /// Its position in the file.
    index: usize,
    known: &'a KnownFailure,
    /// It is about all points of a sweep: that it does not show at one of them is no surprise.
    whole_sweep: bool,
}

/// The entries about a case or a point.
pub(super) fn entries<'a>(suite: &'a Suite, id: &'a str) -> Vec<Entry<'a>> {
    let swept =
        |known: &KnownFailure| suite.catalogue().get(&known.case).is_some_and(|case| case.sweep.is_some());
    let about = suite.candidate.known.about(id);
    about.map(|(index, known)| Entry { index, known, whole_sweep: swept(known) }).collect()
}

/// The verdict in the light of what is known to fail, and the entries that did fail.
pub(super) fn accept(
    verdict: Verdict,
    findings: &[Finding],
    entries: &[Entry<'_>],
) -> (Verdict, BTreeSet<usize>) {
    match verdict {
        Verdict::NotApplicable { .. }
        | Verdict::HarnessError { .. }
        | Verdict::Changed { .. }
        | Verdict::Known { .. }
        | Verdict::UnexpectedPass { .. } => (verdict, BTreeSet::new()),
        Verdict::Crash { .. } | Verdict::Timeout { .. } => cut_short(verdict, entries),
        Verdict::Pass | Verdict::Warn | Verdict::Fail => ran_through(verdict, findings, entries),
    }
}

/// What is to be said where a case fails as an entry says that is no longer accepted.
pub(super) fn expired(suite: &Suite, id: &str, verdict: &Verdict, findings: &[Finding]) -> Option<String> {
    let fails = verdict.weight(suite.settings.strict) == Weight::Failure;
    let known = suite.candidate.known.expired(id).filter(|_| fails).find(|known| {
        known.requirement.is_none() || findings.iter().any(|finding| known.accepts(&finding.requirement))
    })?;
    let (year, month, day) = known.until?;
    Some(format!(
        "a known failure (`{}`) that was accepted until {year:04}-{month:02}-{day:02}: mend it, or give it another day",
        known.reason
    ))
}

/// Only an entry that accepts whatever happens accepts this.
fn cut_short(verdict: Verdict, entries: &[Entry<'_>]) -> (Verdict, BTreeSet<usize>) {
    match entries.iter().find(|entry| entry.known.requirement.is_none()) {
        Some(entry) => (Verdict::Known { reason: entry.known.reason.clone() }, BTreeSet::from([entry.index])),
        // What was cut short may well have come to one of the known failures: none passed unexpectedly.
        None => (verdict, entries.iter().map(|entry| entry.index).collect()),
    }
}

fn ran_through(verdict: Verdict, findings: &[Finding], entries: &[Entry<'_>]) -> (Verdict, BTreeSet<usize>) {
    let failed = |entry: &&Entry<'_>| match &entry.known.requirement {
        Some(_) => findings.iter().any(|finding| entry.known.accepts(&finding.requirement)),
        None => verdict != Verdict::Pass,
    };
    let (used, idle): (Vec<&Entry<'_>>, Vec<_>) = entries.iter().partition(failed);
    let accepted = |finding: &Finding| used.iter().any(|entry| entry.known.accepts(&finding.requirement));
    let left: Vec<&Finding> = findings.iter().filter(|finding| !accepted(finding)).collect();
    let everything = used.iter().any(|entry| entry.known.requirement.is_none());
    // A failure without a finding is that of the library's loading.
    let fails = left.iter().any(|finding| finding.level.fails()) || findings.is_empty() && !everything;
    let surprise = idle.iter().find(|entry| !entry.whole_sweep);
    let indices = used.iter().map(|entry| entry.index).collect();
    let verdict = match (verdict, surprise, used.first()) {
        (Verdict::Fail, _, _) if fails => Verdict::Fail,
        (_, Some(entry), _) => Verdict::UnexpectedPass { reason: entry.known.reason.clone() },
        (_, None, Some(entry)) if left.is_empty() => Verdict::Known { reason: entry.known.reason.clone() },
        (_, None, Some(_)) => Verdict::Warn,
        (verdict, None, None) => verdict,
    };
    (verdict, indices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirements::{Level, Subject};

    fn finding(requirement: &str, level: Level) -> Finding {
        Finding {
            requirement: requirement.to_owned(),
            level,
            subject: Subject::Provider,
            message: String::new(),
            event: None,
            due: String::new(),
            seen: String::new(),
        }
    }

    fn known(requirement: Option<&str>) -> KnownFailure {
        let requirement = requirement.map(str::to_owned);
        KnownFailure { case: "polling/one".into(), requirement, reason: "later".into(), until: None }
    }

    fn accepted(
        verdict: Verdict,
        findings: &[Finding],
        known: &[KnownFailure],
        whole_sweep: bool,
    ) -> Verdict {
        let entries: Vec<Entry<'_>> =
            known.iter().enumerate().map(|(index, known)| Entry { index, known, whole_sweep }).collect();
        accept(verdict, findings, &entries).0
    }

    #[test]
    fn what_is_known_is_accepted_and_nothing_else() {
        let later = || Verdict::Known { reason: "later".into() };
        let unexpected = || Verdict::UnexpectedPass { reason: "later".into() };
        let crash = || Verdict::Crash { how: "SIGSEGV".into(), last_call: None };
        let must = || finding("RECV-02", Level::Must);
        let should = || finding("NOTI-02", Level::Should);
        let (one, any) = (|| vec![known(Some("RECV-02"))], || vec![known(None)]);
        for (verdict, findings, known, due) in [
            (Verdict::Fail, vec![must()], vec![], Verdict::Fail),
            (Verdict::Fail, vec![must()], one(), later()),
            (Verdict::Fail, vec![must(), must()], one(), later()),
            (Verdict::Fail, vec![must(), should()], one(), Verdict::Warn),
            (Verdict::Fail, vec![must(), should()], any(), later()),
            (Verdict::Fail, vec![must(), finding("RECV-05", Level::Must)], one(), Verdict::Fail),
            (Verdict::Warn, vec![should()], one(), unexpected()),
            (Verdict::Warn, vec![], any(), later()),
            (Verdict::Pass, vec![], one(), unexpected()),
            (Verdict::Pass, vec![], any(), unexpected()),
            (Verdict::Fail, vec![], any(), later()),
            (Verdict::Fail, vec![], vec![], Verdict::Fail),
            (crash(), vec![must()], one(), crash()),
            (crash(), vec![], any(), later()),
        ] {
            let what = format!("{verdict:?}, {findings:?}, {known:?}");
            assert_eq!(accepted(verdict, &findings, &known, false), due, "{what}");
        }
    }

    #[test]
    fn at_one_point_of_a_sweep_nothing_is_unexpected() {
        assert_eq!(accepted(Verdict::Pass, &[], &[known(Some("RECV-02"))], true), Verdict::Pass);
    }

    #[test]
    fn what_does_not_apply_is_no_surprise() {
        let verdict = Verdict::NotApplicable { reason: "it is not polled".into() };
        assert_eq!(accepted(verdict.clone(), &[], &[known(None)], false), verdict);
    }
}
