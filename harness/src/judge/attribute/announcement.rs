//! Mail that is not announced in time.

use mapi_spi::flags;
use mock_spooler::trace::event::{Outcome, What};

use super::Attributed;
use crate::judge::ledger::{Arrival, Identity, is_empty};
use crate::judge::mail::Mail;
use crate::judge::model::Model;
use crate::judge::receipt::{CancelledBy, Receipt, saved_subjects};
use crate::judge::rule::Context;
use crate::judge::session::{Session, Way, transport_flags};
use crate::judge::values::number_of;

/// What the spooler may ask for before it fetches an announced message (page `message-reception-model`).
const OTHER_TASKS: &[&str] = &[
    "IXPLogon.Idle",
    "IXPLogon.ValidateState",
    "IXPLogon.AddressTypes",
    "IXPLogon.FlushQueues",
    "IXPLogon.SubmitMessage",
    "IXPLogon.OpenStatusEntry",
];

pub(super) fn attributed(context: &Context<'_>) -> Vec<Attributed> {
    let mut all = Vec::new();
    for event in context.model.events() {
        let What::TimedOut { session: name, waiting, ms } = &event.what else { continue };
        if waiting == "thread" {
            all.push(Attributed {
                level: None,
                requirement: "CTRL-06",
                event: Some(event.n),
                due: "TransportNotify returns, whatever else the provider is called for".to_owned(),
                seen: format!("a call on a second thread had not returned after {ms} ms"),
            });
        }
        if waiting != "announcement" {
            continue;
        }
        let sessions = &context.model.sessions;
        let Some(session) =
            sessions.iter().rev().find(|s| s.name == *name && s.from < event.n && s.logon.is_some())
        else {
            continue;
        };
        let Some(arrival) = context.ledger.waiting(event.n).next() else { continue };
        if let Some((requirement, why)) = cause(context, session, arrival, event.n) {
            all.push(Attributed {
                level: None,
                requirement,
                event: Some(event.n),
                due: format!("`{}` is announced", arrival.name),
                seen: format!("no announcement within {ms} ms; {why}"),
            });
        }
    }
    all
}

/// The requirement that an announcement's absence breaks.
fn cause(
    context: &Context<'_>,
    session: &Session<'_>,
    arrival: &Arrival<'_>,
    n: u64,
) -> Option<(&'static str, &'static str)> {
    let model = &context.model;
    // A message that came twice, or two in one, took its place: that is what is reported.
    let displaced = context.ledger.deliveries.iter().any(|delivery| {
        let two = || saved_subjects(model, &model.receipts[delivery.receipt]).len() > 1;
        let other = matches!(delivery.is, Identity::Again(_) | Identity::Empty);
        arrival.n < delivery.n && delivery.n < n && (other || two())
    });
    if displaced {
        return None;
    }
    if !model.is_open(session, Way::Inbound, arrival.n) {
        return Some(("CTRL-07", "it had arrived while inbound was off"));
    }
    if is_paired(context, session, n) {
        let silent = ("COUP-11", "the transport is coupled with a store, which told of nothing either");
        return Some(disturbed(model, arrival.n, n).unwrap_or(silent));
    }
    let receipts = model.receipts.iter().filter(|receipt| {
        let start = model.start_of(receipt);
        Some(start.obj) == session.logon
            && arrival.n < start.end()
            && start.n < n
            && is_about(context, receipt, arrival)
    });
    let mut receipts: Vec<_> = receipts.collect();
    if let Some(found) = receipts.iter().find_map(|receipt| lost_in(model, receipt)) {
        return Some(found);
    }
    if let Some(found) = disturbed(model, arrival.n, n) {
        return Some(found);
    }
    let strange =
        |receipt: &Receipt<'_>| receipt.cancels.iter().any(|cancel| cancel.by == CancelledBy::Stranger);
    if receipts.iter().any(|receipt| strange(receipt)) || stray_cancel(model, session, arrival.n, n) {
        return Some(("CANC-08", "a cancellation that named no message in process had come before"));
    }
    if let Some(found) = lost_after_announcement(model, session, arrival, &receipts, n) {
        return Some(found);
    }
    // A StartMessage that nobody had asked for brings nothing by right: only one that followed an announcement tells.
    receipts.retain(|receipt| was_announced(model, session, receipt));
    if receipts.iter().any(|receipt| receipt.outcome() == Some(Outcome::Failed)) {
        return Some(("RECV-16", "the StartMessage before had failed, and it was not offered again"));
    }
    if !receipts.is_empty() {
        return Some(("RECV-16", "the StartMessage before had returned without it"));
    }
    let opened = model.notified(session, flags::NOTIFY_BEGIN_INBOUND).filter(|call| call.end() < n).last();
    if opened.is_some_and(|call| call.th != 0) {
        return Some(("CTRL-06", "inbound was opened by a call on a second thread"));
    }
    let idled =
        model.calls_to(session).any(|call| call.m == "IXPLogon.Idle" && arrival.n < call.n && call.n < n);
    if session.idles() && !idled {
        return Some(("IDLE-02", "there was no call of Idle since it had arrived"));
    }
    if session.polled() {
        return Some(("POLL-02", "Poll answered that nothing waits"));
    }
    if model.notifications(session, flags::NOTIFY_NEWMAIL).next().is_none() {
        return Some((
            "LOGON-12",
            "the provider neither asked to be polled nor ever called SpoolerNotify(NOTIFY_NEWMAIL)",
        ));
    }
    Some(("NOTI-01", "SpoolerNotify(NOTIFY_NEWMAIL) was not called for it"))
}

/// What the case did to the candidate between two events, where mail is lost then.
fn disturbed(model: &Model<'_>, from: u64, to: u64) -> Option<(&'static str, &'static str)> {
    if model.facts_of("allocation-failed").any(|fact| from < fact.n && fact.n < to) {
        return Some(("MEMO-04", "an allocation had been made to fail before"));
    }
    let failed = model.calls.between(from, to).iter().any(|call| call.by_candidate() && call.made_to_fail());
    failed.then_some(("ROBU-02", "a callback had been made to fail before"))
}

/// Whether a session's transport is coupled with a store that is open for mail: such a pair may deliver by itself.
fn is_paired(context: &Context<'_>, session: &Session<'_>, n: u64) -> bool {
    context.stores.logons.iter().any(|logon| {
        let paired = context.model.coupled_with(logon.name, n);
        !logon.spoolers && logon.has_mail() && paired.is_some_and(|other| other.from == session.from)
    })
}

/// Whether mail was announced between a StartMessage and the one before.
fn was_announced(model: &Model<'_>, session: &Session<'_>, receipt: &Receipt<'_>) -> bool {
    let start = model.start_of(receipt);
    let before = model.calls_to(session).filter(|call| call.m == start.m && call.n < start.n).last();
    let since = before.map_or(session.from, |call| call.n);
    model.announced(session, since, start.n).is_some()
}

/// Whether a receipt that delivered nothing was, or may have been, about this mail.
fn is_about(context: &Context<'_>, receipt: &Receipt<'_>, arrival: &Arrival<'_>) -> bool {
    let Some(fate) = &receipt.fate else { return true };
    if fate.outcome == Outcome::Delivered {
        return false;
    }
    if is_empty(fate.content) {
        return true;
    }
    let others = context.ledger.arrivals.iter().filter(|other| other.n != arrival.n);
    let subject = |mail: Option<&Mail>| mail.is_some_and(|mail| mail.has_subject_of(fate.content));
    subject(arrival.mail) || !others.into_iter().any(|other| subject(other.mail))
}

/// What happened in a receipt after which a mail did not come again.
fn lost_in(model: &Model<'_>, receipt: &Receipt<'_>) -> Option<(&'static str, &'static str)> {
    if model.saves(receipt).any(super::super::calls::Call::made_to_fail) {
        return Some(("RECV-15", "SaveChanges had failed for it before"));
    }
    if receipt.failed_allocation.is_some() {
        return Some(("MEMO-04", "an allocation had been made to fail while it was delivered"));
    }
    if receipt.failed_callback.is_some() {
        return Some(("ROBU-02", "a callback had been made to fail while it was delivered"));
    }
    if receipt.cancelled().is_some() {
        return Some(("CANC-03", "its delivery had been cancelled before"));
    }
    if receipt.ended.is_some() {
        return Some(("CTRL-04", "NOTIFY_END_INBOUND had come while it was delivered"));
    }
    let fate = receipt.fate.as_ref()?;
    let stored = fate.outcome == Outcome::Empty && !is_empty(fate.content);
    stored.then_some(("RECV-05", "the StartMessage before had stored it and returned without SaveChanges"))
}

/// A cancellation outside of any StartMessage.
fn stray_cancel(model: &Model<'_>, session: &Session<'_>, from: u64, to: u64) -> bool {
    let mut cancels = model.notified(session, flags::NOTIFY_CANCEL_MESSAGE);
    cancels.any(|call| {
        let within = model.receipts.iter().any(|receipt| model.start_of(receipt).spans(call.n));
        from < call.n && call.n < to && !within && transport_flags(call) & flags::NOTIFY_ABORT_DEFERRED == 0
    })
}

/// Whether mail was reported between two events.
fn said_since(model: &Model<'_>, session: &Session<'_>, from: u64, to: u64) -> bool {
    model.events().iter().any(|event| {
        let mine = matches!(&event.what, What::Announced { session: name, .. } if name == session.name);
        mine && from < event.n && event.n < to
    })
}

/// What was called between an announcement and the StartMessage, or the wait, in which the mail was gone.
fn lost_after_announcement(
    model: &Model<'_>,
    session: &Session<'_>,
    arrival: &Arrival<'_>,
    receipts: &[&Receipt<'_>],
    n: u64,
) -> Option<(&'static str, &'static str)> {
    let announced = model.events().iter().find_map(|event| match &event.what {
        What::Announced { session: name, .. }
            if name == session.name && arrival.n < event.n && event.n < n =>
        {
            Some(event.n)
        }
        _ => None,
    })?;
    let until = receipts
        .iter()
        .map(|receipt| model.start_of(receipt).n)
        .find(|start| *start > announced)
        .unwrap_or(n);
    let between = || model.calls_to(session).filter(|call| announced < call.n && call.n < until);
    let reopened = model.notified(session, flags::NOTIFY_BEGIN_INBOUND).map(|call| call.n);
    if let Some(reopened) = reopened.into_iter().find(|begin| announced < *begin && *begin < until)
        && !said_since(model, session, reopened, until)
    {
        return Some(("CTRL-07", "it had been announced, and inbound had been closed and opened again"));
    }
    if between().any(|call| OTHER_TASKS.contains(&call.m)) {
        return Some(("NOTI-04", "it had been announced, and other tasks had come first"));
    }
    let polls = model
        .calls_to(session)
        .filter(|call| call.m == "IXPLogon.Poll" && arrival.n < call.n && call.n < until);
    let polls: Vec<_> = polls
        .filter_map(|call| call.ret.as_ref())
        .map(|ret| number_of(ret.out, "lpulIncoming").unwrap_or(0))
        .collect();
    let reported = polls.iter().position(|incoming| *incoming != 0)?;
    (polls.len() > reported + 1).then_some(("POLL-04", "Poll had reported it before, and was called again"))
}
