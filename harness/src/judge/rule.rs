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
use super::stores::Stores;
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
    pub(crate) stores: Stores<'t>,
    pub(crate) attributed: Vec<Attributed>,
}

/// What a rule says.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    exercised: bool,
    broken: Vec<Broken>,
}

/// What a rule found.
#[derive(Debug)]
struct Broken {
    event: Option<u64>,
    due: String,
    seen: String,
    /// Where it binds otherwise than the requirement.
    level: Option<Level>,
}

impl Verdicts {
    /// There was something to judge.
    pub(crate) fn exercised(&mut self) {
        self.exercised = true;
    }

    /// The requirement was broken at an event.
    pub(crate) fn broken(&mut self, event: u64, due: impl Into<String>, seen: impl Into<String>) {
        self.exercised = true;
        self.broken.push(Broken { event: Some(event), due: due.into(), seen: seen.into(), level: None });
    }

    /// What the page allows, and yet does harm where providers are used: a warning.
    pub(crate) fn ill_advised(&mut self, event: u64, due: impl Into<String>, seen: impl Into<String>) {
        self.exercised = true;
        let level = Some(Level::Should);
        self.broken.push(Broken { event: Some(event), due: due.into(), seen: seen.into(), level });
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

impl Finding {
    /// A finding that comes of no rule's look at a single trace.
    pub(crate) fn of(requirement: &str, event: Option<u64>, due: String, seen: String) -> Self {
        let found = Requirement::find(requirement).expect("the requirements are those of the specification");
        Self {
            requirement: requirement.to_owned(),
            level: found.level,
            subject: found.subject,
            message: format!("{seen}; due: {due}"),
            event,
            due,
            seen,
        }
    }
}

impl From<&Attributed> for Broken {
    fn from(attributed: &Attributed) -> Self {
        let Attributed { event, due, seen, level, .. } = attributed;
        Self { event: *event, due: due.clone(), seen: seen.clone(), level: *level }
    }
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
            verdicts.broken.push(attributed.into());
        }
        if verdicts.exercised {
            outcome.exercised.insert(rule.id);
        }
        outcome.findings.extend(findings(rule.id, verdicts.broken));
    }
    // A symptom of a requirement that has no rule of its own yet must not be lost.
    for attributed in &context.attributed {
        if super::rules::find(attributed.requirement).is_none() {
            outcome.exercised.insert(attributed.requirement);
            outcome.findings.extend(findings(attributed.requirement, vec![attributed.into()]));
        }
    }
    outcome.findings.sort_by_key(|finding| finding.event.unwrap_or(u64::MAX));
    outcome
}

/// Many findings of one rule have one cause: the first few are told, the rest are counted.
fn findings(id: &'static str, broken: Vec<Broken>) -> Vec<Finding> {
    let requirement = Requirement::find(id).expect("a test looks up the requirement of every rule");
    let rest = broken.len().saturating_sub(SHOWN);
    let mut findings: Vec<_> = broken
        .into_iter()
        .take(SHOWN)
        .map(|Broken { event, due, seen, level }| Finding {
            requirement: id.to_owned(),
            level: level.unwrap_or(requirement.level),
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
