//! The judgement of one case.

use std::collections::{BTreeMap, BTreeSet};

use mapi_spi::HRESULT;
use mock_spooler::trace::event::{IllegalKind, What};

use super::attribute;
use super::ledger::Ledger;
use super::mail::Mail;
use super::model::Model;
use super::rule::{Context, Finding, apply};
use super::rules;
use super::sent::Sent;
use super::stores::Stores;
use super::submission::Outbound;
use super::trace::Trace;
use crate::capability::Capability;
use crate::requirements::Subject;
use crate::verdict::ChildEnd;

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// What a candidate must be able to do for the case to apply to it.
    pub needs: &'a [Capability],
    /// What the candidate's child wrote down.
    pub trace: &'a Trace,
    /// How the child ended.
    pub end: &'a ChildEnd,
    /// The mails of the case by name, copies included (`m1`, `m1#2`).
    pub mails: &'a BTreeMap<String, Mail>,
    /// What was found in the candidate's sink; nothing where that cannot be seen.
    pub sent: Option<&'a Sent>,
    /// What the candidate file says that the candidate can do; nothing where it does not say.
    pub capabilities: Option<&'a [Capability]>,
    /// Whether the case is to be like another one, with which its projection is compared.
    pub like: bool,
}

/// What is said of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The requirements that the candidate broke, in the order of the trace.
    pub findings: Vec<Finding>,
    /// The requirements that had something to judge, those of the spooler included.
    pub exercised: BTreeSet<&'static str>,
    /// Why the case does not apply to the candidate, where it does not. Findings hold nevertheless: they are those that any
    /// case can have.
    pub not_applicable: Option<String>,
    /// Why nothing can be said: the mock spooler failed, or did what it must not.
    pub harness_errors: Vec<String>,
}

/// Judges a case.
#[must_use]
pub fn judge_case(input: &Input<'_>) -> Judgement {
    let model = Model::new(input.trace);
    let not_applicable = not_applicable(input, &model);
    let ledger = Ledger::new(&model, |name| input.mails.get(name));
    let stores = Stores::new(&model);
    let outbound = Outbound::new(&model, &stores, |name| input.mails.get(name), input.sent);
    let mut context = Context { input, model, ledger, outbound, stores, attributed: Vec::new() };
    context.attributed = attribute::all(&context, not_applicable.is_none());
    let mut outcome = apply(rules::all(), &context);
    // What a step did not expect is reported by itself only where no rule has said why.
    if outcome.findings.is_empty() && not_applicable.is_none() {
        context.attributed.extend(attribute::unexplained(&context));
        outcome = apply(rules::all(), &context);
    }
    let (own, findings) =
        outcome.findings.into_iter().partition(|finding| finding.subject == Subject::Spooler);
    Judgement {
        findings,
        exercised: outcome.exercised,
        not_applicable,
        harness_errors: harness_errors(input.trace, own),
    }
}

fn harness_errors(trace: &Trace, own: Vec<Finding>) -> Vec<String> {
    let said = trace.events.iter().filter_map(|event| match &event.what {
        What::HarnessError { detail } => Some(detail.clone()),
        What::Illegal { kind: IllegalKind::Panic, obj, detail } => {
            Some(format!("a panic in `{obj}`: {detail}"))
        }
        _ => None,
    });
    let broken = own
        .into_iter()
        .map(|finding| format!("the mock spooler broke {}: {}", finding.requirement, finding.message));
    said.chain(broken).collect()
}

/// Why a case does not apply. A claim in the candidate file decides; without one, what the candidate shows.
fn not_applicable(input: &Input<'_>, model: &Model<'_>) -> Option<String> {
    input.needs.iter().find_map(|need| {
        let shown = shows(model, *need);
        match input.capabilities {
            Some(claimed) if !need.is_choice() => {
                (!claimed.contains(need)).then(|| format!("the candidate does not claim `{need}`"))
            }
            Some(_) | None => (shown == Some(false)).then(|| format!("the candidate shows no `{need}`")),
        }
    })
}

/// Whether the candidate showed that it can do something; nothing where the trace does not tell.
fn shows(model: &Model<'_>, need: Capability) -> Option<bool> {
    let logons: Vec<_> = model.sessions.iter().filter(|session| session.logon.is_some()).collect();
    let polled = logons.iter().any(|session| session.polled());
    let notified = logons
        .iter()
        .any(|session| model.notifications(session, mapi_spi::flags::NOTIFY_NEWMAIL).next().is_some());
    let waited = model
        .events()
        .iter()
        .any(|event| matches!(&event.what, What::TimedOut { waiting, .. } if waiting == "announcement"));
    let answers = |m: &str| {
        let mut calls = model.calls.spooler(m).map(|index| model.calls.at(index).hr()).peekable();
        calls.peek()?;
        Some(!calls.all(|hr| hr == Some(HRESULT::MAPI_E_NO_SUPPORT)))
    };
    match need {
        // A provider that neither asks to be polled nor notifies is send-only (page `ixpprovider-transportlogon`).
        Capability::Inbound => (polled || notified).then_some(true).or_else(|| waited.then_some(false)),
        Capability::Polled => (!logons.is_empty()).then_some(polled),
        Capability::Notifying => (!logons.is_empty()).then_some(!polled || notified),
        Capability::Idle => (!logons.is_empty()).then(|| logons.iter().any(|session| session.idles())),
        Capability::Flush => answers("IXPLogon.FlushQueues"),
        Capability::Validate => answers("IXPLogon.ValidateState"),
        Capability::Outbound => sends(model),
        Capability::Deferral => Some(super::submission::defers(model)),
        // Where there is none, the case was not run: its entry point stands in the library's file, or it was claimed.
        Capability::Store => None,
        // The candidate file says it.
        Capability::Service => None,
        Capability::Coupled => {
            let mut looked =
                model.facts_of("coupling").map(|fact| fact.truth("coupled") == Some(true)).peekable();
            looked.peek()?;
            Some(looked.any(|coupled| coupled))
        }
    }
}

/// A transport that serves no recipient returns no identifier and an empty address type (page `ixplogon-addresstypes`).
fn sends(model: &Model<'_>) -> Option<bool> {
    let answers =
        model.calls.spooler("IXPLogon.AddressTypes").filter_map(|index| model.calls.at(index).ret.as_ref());
    let answers: Vec<_> = answers.filter(|ret| ret.hr.is_some_and(HRESULT::is_ok)).collect();
    let serves = |out: &mock_spooler::trace::event::Values| {
        let types = out.get("lpppAdrTypeArray").and_then(serde_json::Value::as_array);
        let uids = out.get("lpppUIDArray").and_then(serde_json::Value::as_array);
        uids.is_some_and(|uids| !uids.is_empty())
            || types.is_none_or(|types| types.iter().any(|text| text != ""))
    };
    (!answers.is_empty()).then(|| answers.iter().any(|ret| serves(ret.out)))
}
