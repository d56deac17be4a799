//! Who served the recipients of a message that a client composed in a store, and under which circumstances.

use mapi_spi::flags;
use mock_spooler::trace::event::{Content, What};
use serde::Deserialize as _;
use serde_json::Value;

use super::model::{Fact, Model};
use super::passage::{Expanded, Passage};
use super::rule::Context;
use super::session::{Session, Way, transport_flags};
use super::submission::Consignee;
use super::values::text_of;
use crate::capability::Capability;

/// Under which circumstances a message was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// The candidate is no coupled pair.
    Alone,
    /// The pair's own transport is not in the session: the store is like a standalone one.
    Fallback,
    /// The pair's own transport is there and cannot send, or it came or went while the message was under way.
    Changing,
    /// The pair is complete, and the spooler could not connect it: its row does not name the store. What follows from that is
    /// the row's fault.
    Unconnected,
    /// The pair can serve some recipients and not the others.
    Mixed,
    /// The pair can serve all.
    Coupled,
}

/// Whether the candidate is asked to be a coupled pair: it says so, or, where it says nothing, it showed it.
pub(crate) fn claims_coupled(context: &Context<'_>) -> bool {
    match context.input.capabilities {
        Some(claimed) => claimed.contains(&Capability::Coupled),
        None => context.model.facts_of("coupling").any(|fact| fact.truth("coupled") == Some(true)),
    }
}

/// The circumstances of a message that was submitted.
pub(crate) fn situation(context: &Context<'_>, passage: &Passage<'_>) -> Situation {
    let model = &context.model;
    let Some(submit) = passage.submitted().filter(|_| claims_coupled(context)) else {
        return Situation::Alone;
    };
    let over = passage.over(model);
    if pair_changed(model, passage.store, submit.n, over) {
        return Situation::Changing;
    }
    let Some(session) = model.coupled_with(passage.store, submit.n) else {
        if is_unconnected(model, passage.store, submit.n) {
            return Situation::Unconnected;
        }
        let was_there = pairs(model, passage.store).any(|session| session.from < submit.n);
        return if was_there { Situation::Changing } else { Situation::Fallback };
    };
    if !model.sends_at(session, submit.n) {
        return Situation::Changing;
    }
    match first_expanded(model, passage) {
        Some(expanded) if expanded.is_mixed() => Situation::Mixed,
        // Nobody whom the pair can serve: the store is like a standalone one.
        Some(expanded) if expanded.answered & flags::NEEDS_SPOOLER != 0 => Situation::Fallback,
        Some(_) | None => Situation::Coupled,
    }
}

/// The message as the first ExpandRecips of the client's SubmitMessage found it.
pub(crate) fn first_expanded<'t>(model: &Model<'t>, passage: &Passage<'t>) -> Option<Expanded<'t>> {
    let submit = passage.submitted()?;
    passage.expanded(model).find(|one| submit.n < one.n && one.n < submit.end)
}

/// Whether a transport of the candidate's is logged on, was compared with a store, and was found to be no pair with it.
fn is_unconnected(model: &Model<'_>, store: &str, n: u64) -> bool {
    model.sessions.iter().filter(|session| session.logon.is_some() && session.from < n).any(|session| {
        let of_session = |fact: &&Fact<'_>| {
            fact.text("session") == session.name
                && fact.text("store") == store
                && session.from < fact.n
                && fact.n < n
        };
        let last = model.facts_of("coupling").filter(of_session).last();
        n < model.closing(session) && last.is_some_and(|fact| fact.truth("coupled") == Some(false))
    })
}

/// The sessions that were coupled with a store at some time.
fn pairs<'a, 't>(model: &'a Model<'t>, store: &'a str) -> impl Iterator<Item = &'a Session<'t>> {
    model.sessions.iter().filter(move |session| {
        model.facts_of("coupling").any(|fact| {
            fact.truth("coupled") == Some(true)
                && fact.text("store") == store
                && fact.text("session") == session.name
                && session.from < fact.n
                && fact.n < session.to
        })
    })
}

/// Whether the transport that is coupled with a store came, went, or had outbound opened or closed between two events.
fn pair_changed(model: &Model<'_>, store: &str, from: u64, to: u64) -> bool {
    let between = |n: u64| from < n && n < to;
    pairs(model, store).any(|session| {
        let turned = Way::Outbound.begin() | Way::Outbound.end();
        let begun_late = between(session.from);
        begun_late
            || between(model.closing(session))
            || model
                .notified(session, turned)
                .any(|call| between(call.n) && transport_flags(call) & turned != 0)
    })
}

/// Whether the pair changed between a message's submission and an event.
pub(crate) fn changed_before(context: &Context<'_>, passage: &Passage<'_>, n: u64) -> bool {
    passage.submitted().is_some_and(|submit| pair_changed(&context.model, passage.store, submit.n, n))
}

/// What other transports than the candidate's were handed of a message, with the events.
pub(crate) fn handed_to_others<'a>(
    model: &'a Model<'_>,
    passage: &'a Passage<'_>,
) -> impl Iterator<Item = (u64, Content)> + 'a {
    model.events().iter().filter_map(|event| match &event.what {
        What::Foreign { m, args, out, .. } if m == "IXPLogon.SubmitMessage" => {
            let about = passage.n < event.n && event.n < passage.to;
            let content =
                (about && text_of(args, "mail") == Some(passage.name)).then(|| out.get("content"))?;
            Some((event.n, Content::deserialize(content?).ok()?))
        }
        _ => None,
    })
}

/// How often a message was sent to a recipient, by whomever; nothing where that cannot be known.
pub(crate) fn times(context: &Context<'_>, passage: &Passage<'_>, consignee: &Consignee) -> Option<usize> {
    let outgoing = context.outbound.outgoing.iter().find(|outgoing| {
        outgoing.stored.is_some_and(|place| std::ptr::eq(&raw const context.stores.passages[place], passage))
    })?;
    let own = context.outbound.times(outgoing, consignee);
    let others = by_others(&context.model, passage, &consignee.address);
    match own {
        Some(own) => Some(own + others),
        // Where the candidate's sink cannot be seen, only what the other transport did not get is the candidate's.
        None => (!consignee.own).then_some(others),
    }
}

/// How often other transports than the candidate's took a message to an address.
pub(crate) fn by_others(model: &Model<'_>, passage: &Passage<'_>, address: &str) -> usize {
    let taken = model.events().iter().filter_map(|event| match &event.what {
        What::Foreign { m, args, out, .. } if m == "IXPLogon.SubmitMessage" => {
            let about = passage.n < event.n && event.n < passage.to;
            (about && text_of(args, "mail") == Some(passage.name)).then(|| out.get("served"))?
        }
        _ => None,
    });
    let addresses = taken.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    addresses.filter(|there| there.eq_ignore_ascii_case(address)).count()
}

/// Whether MAPI reported a recipient as not served.
pub(crate) fn reported(model: &Model<'_>, passage: &Passage<'_>, address: &str) -> bool {
    let mut failed = passage
        .facts(model, "nondelivery")
        .filter_map(|fact| fact.value.get("recipients")?.as_array())
        .flatten()
        .filter_map(Value::as_str);
    failed.any(|there| there.eq_ignore_ascii_case(address))
}
