//! What a rule is, what it looks at, and what it says.
//!
//! A rule holds for every case: it looks at a whole trace and knows nothing of the case's intention or of the candidate.
//! It reports what the page forbids, never what is merely unusual; where the case itself disturbed the candidate (a
//! cancellation, an error ordered for a callback), the reaction that the page asks for takes the place of the ordinary
//! course.
//!
//! Some symptoms - mail that is never announced, a process that ends, a block that is never freed - can mean that one of
//! several requirements is broken. They are assigned to exactly one, by their history, in [`attribute`](super::attribute);
//! the rule of that requirement then reports them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::attribute::Attributed;
use super::case::Input;
use super::ledger::Ledger;
use super::model::Model;
use super::submission::Outbound;
use crate::requirements::{Level, Requirement, Subject};

/// How many findings of one rule are reported one by one.
const SHOWN: usize = 3;

/// The check of one requirement.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The requirement's name.
    pub id: &'static str,
    /// Looks at a trace.
    pub(crate) check: fn(&Context<'_>, &mut Verdicts),
}

/// What a rule looks at.
#[derive(Debug)]
pub struct Context<'t> {
    pub(crate) input: &'t Input<'t>,
    pub(crate) model: Model<'t>,
    pub(crate) ledger: Ledger<'t>,
    pub(crate) outbound: Outbound<'t>,
    pub(crate) attributed: Vec<Attributed>,
}

/// What a rule says.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    exercised: bool,
    broken: Vec<(Option<u64>, String, String)>,
}

impl Verdicts {
    /// There was something to judge.
    pub(crate) fn exercised(&mut self) {
        self.exercised = true;
    }

    /// The requirement was broken at an event.
    pub(crate) fn broken(&mut self, event: u64, due: impl Into<String>, seen: impl Into<String>) {
        self.exercised = true;
        self.broken.push((Some(event), due.into(), seen.into()));
    }

    /// The requirement was broken where the condition does not hold; either way it was exercised.
    pub(crate) fn holds(
        &mut self,
        holds: bool,
        event: u64,
        due: impl Into<String>,
        seen: impl FnOnce() -> String,
    ) {
        self.exercised = true;
        if !holds {
            self.broken(event, due, seen());
        }
    }
}

/// A requirement that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The requirement's name.
    pub requirement: String,
    /// How binding it is.
    pub level: Level,
    /// Who broke it: a finding about the spooler is an error of the harness.
    pub subject: Subject,
    /// In a sentence.
    pub message: String,
    /// The event at which it was seen.
    pub event: Option<u64>,
    /// What was due.
    pub due: String,
    /// What was seen.
    pub seen: String,
}

/// What the rules say of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) findings: Vec<Finding>,
    pub(crate) exercised: BTreeSet<&'static str>,
}

/// Applies rules.
pub(crate) fn apply(rules: impl IntoIterator<Item = &'static Rule>, context: &Context<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for rule in rules {
        let mut verdicts = Verdicts::default();
        (rule.check)(context, &mut verdicts);
        for attributed in context.attributed.iter().filter(|attributed| attributed.requirement == rule.id) {
            verdicts.exercised = true;
            verdicts.broken.push((attributed.event, attributed.due.clone(), attributed.seen.clone()));
        }
        if verdicts.exercised {
            outcome.exercised.insert(rule.id);
        }
        outcome.findings.extend(findings(rule.id, verdicts.broken));
    }
    // A symptom of a requirement that has no rule of its own yet must not be lost.
    for attributed in &context.attributed {
        if super::rules::find(attributed.requirement).is_none() {
            let broken = (attributed.event, attributed.due.clone(), attributed.seen.clone());
            outcome.exercised.insert(attributed.requirement);
            outcome.findings.extend(findings(attributed.requirement, vec![broken]));
        }
    }
    outcome.findings.sort_by_key(|finding| finding.event.unwrap_or(u64::MAX));
    outcome
}

/// Many findings of one rule have one cause: the first few are told, the rest are counted.
fn findings(id: &'static str, broken: Vec<(Option<u64>, String, String)>) -> Vec<Finding> {
    let requirement = Requirement::find(id).expect("a test looks up the requirement of every rule");
    let rest = broken.len().saturating_sub(SHOWN);
    let mut findings: Vec<_> = broken
        .into_iter()
        .take(SHOWN)
        .map(|(event, due, seen)| Finding {
            requirement: id.to_owned(),
            level: requirement.level,
            subject: requirement.subject,
            message: format!("{seen}; due: {due}"),
            event,
            due,
            seen,
        })
        .collect();
    if let Some(last) = findings.last_mut().filter(|_| rest > 0) {
        last.message.push_str(&format!(" (and {rest} more like it)"));
    }
    findings
}
