//! RECV: the course of IXPLogon::StartMessage.

use std::collections::{HashMap, HashSet};

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::Outcome;

use super::poll::longest_gap;
use crate::judge::calls::Call;
use crate::judge::ledger::{Identity, is_empty};
use crate::judge::mail::Mail;
use crate::judge::model::Model;
use crate::judge::receipt::{Receipt, UNASSIGNED};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::Session;
use crate::judge::values::{id, ids, number_of, prop_bits, props_of};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "RECV-01", check: lent_anew },
    Rule { id: "RECV-02", check: reference_first },
    Rule { id: "RECV-03", check: references_differ },
    Rule { id: "RECV-05", check: saved_before_return },
    Rule { id: "RECV-06", check: nothing_after_save },
    Rule { id: "RECV-07", check: nothing_to_hand_over },
    Rule { id: "RECV-08", check: objects_released },
    Rule { id: "RECV-09", check: message_not_released },
    Rule { id: "RECV-10", check: message_left_alone },
    Rule { id: "RECV-12", check: no_entry_identifier },
    Rule { id: "RECV-14", check: error_without_save },
    Rule { id: "RECV-15", check: failed_save },
    Rule { id: "RECV-18", check: yields },
    Rule { id: "RECV-20", check: active_bit },
    Rule { id: "RECV-21", check: s_ok },
];

/// How long a provider may work within StartMessage without a callback, in nanoseconds: ten times the page's figure, so that
/// a busy machine is not taken for a busy provider.
const LONG_WORK: u64 = 2_000_000_000;
/// What each mebibyte of a long mail adds: to read and to convert it is one piece of work for many.
const PER_MEBIBYTE: u64 = 1_000_000_000;

/// The spooler's part: a new message, announced, with an unassigned reference (page `ixplogon-startmessage`).
fn lent_anew(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let mut lent = HashSet::new();
    for (place, receipt) in model.receipts.iter().enumerate() {
        let start = model.start_of(receipt);
        let earlier = &model.receipts[..place];
        verdicts.holds(
            lent.insert(receipt.message) && !receipt.message.is_empty(),
            start.n,
            "StartMessage lends a new message",
            || format!("it lends `{}`", receipt.message),
        );
        let reference = number_of(start.args, "lpulMsgRef");
        verdicts.holds(reference == Some(UNASSIGNED), start.n, "*lpulMsgRef is 1 beforehand", || {
            format!("{reference:?}")
        });
        let asked_for =
            model.step_at(start.n).is_none_or(|step| matches!(step.verb, "start-message" | "flush-queues"));
        let Some(session) = model.session_of(start.obj).filter(|_| !asked_for) else { continue };
        let before = earlier.iter().rev().find(|other| model.start_of(other).obj == start.obj);
        // An announcement stands for all that waits: a provider that is not polled is asked until it brings nothing.
        if !session.polled() && before.is_some_and(|other| other.outcome() == Some(Outcome::Delivered)) {
            continue;
        }
        let since = before.map_or(session.from, |other| model.start_of(other).n);
        let announced = model.announced(session, since, start.n).is_some();
        verdicts
            .holds(announced, start.n, "mail was announced before StartMessage", || "it was not".to_owned());
    }
}

/// Pages `message-reception-model`, step 3, and `ixplogon-startmessage`: the reference is stored before the message is used.
///
/// The spooler puts 1 there, and 1 is a reference like any other: where it stands there at the end, the spooler says whether
/// the cell was written. Where its system does not let it know, nothing is held against the provider.
fn reference_first(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in model.receipts.iter().filter(|receipt| receipt.first_reference.is_some()) {
        let start = model.start_of(receipt);
        let first = model.uses(receipt).next().map_or(0, |call| call.n);
        let due = "a reference in *lpulMsgRef before the message is used";
        if receipt.reference != UNASSIGNED {
            verdicts.holds(receipt.first_reference != Some(UNASSIGNED), first, due, || {
                format!("it held 1 at the first call on the message, and {} at the end", receipt.reference)
            });
            continue;
        }
        // It is told of a message once that has been lent.
        let mut facts = model.facts_after("start-message", start.n);
        let Some(fact) = facts.find(|fact| fact.text("message") == receipt.message) else { continue };
        // An empty message that is saved is how some providers end a flush: it is not in process for anybody.
        let empty = receipt.fate.as_ref().is_some_and(|fate| is_empty(fate.content));
        match (fact.truth("assigned"), fact.truth("assigned-first")) {
            (Some(true), Some(first_of_all)) => {
                verdicts.holds(first_of_all, first, due, || {
                    "the cell had not been written at the first call on the message".to_owned()
                });
            }
            (Some(false), _) if start.ret.is_some() && receipt.undisturbed() && !empty => {
                verdicts.broken(start.end(), due, "the cell was never written");
            }
            (Some(_), _) | (None, _) => {}
        }
    }
}

/// Page `message-reception-model`, step 3: the values tell messages in process apart. What a message is named by it keeps while
/// it is in process: with another value in its place nobody can tell which message is meant. Of a call that fails nothing is in process.
fn references_differ(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let mut in_process: Vec<&Receipt<'_>> = Vec::new();
    let mut out: HashMap<&str, Vec<(u64, u64, u64)>> = HashMap::new();
    for receipt in &model.receipts {
        let start = model.start_of(receipt);
        if let Some(first) = receipt.first_reference.filter(|first| *first != UNASSIGNED && start.succeeded())
        {
            verdicts.holds(
                receipt.reference == first,
                start.end(),
                "a message in process keeps its reference",
                || format!("{first} at the first call on the message, and {} at the end", receipt.reference),
            );
        }
        in_process.retain(|other| model.start_of(other).spans(start.n));
        for other in &in_process {
            if model.start_of(other).obj == start.obj {
                verdicts.holds(
                    receipt.reference != other.reference,
                    start.end(),
                    "a reference of its own for each message in process",
                    || format!("{} for two", receipt.reference),
                );
            }
        }
        in_process.push(receipt);
        for (submit, from, to) in out.entry(start.obj).or_insert_with(|| submissions(model, start.obj)) {
            if *from < start.end() && start.n < *to {
                verdicts.holds(
                    receipt.reference != *submit,
                    start.end(),
                    "a reference of its own for each message in process",
                    || format!("{submit} for an inbound and an outbound one"),
                );
            }
        }
    }
}

/// The references of messages on their way out, each with the events between which it was in process.
fn submissions(model: &Model<'_>, logon: &str) -> Vec<(u64, u64, u64)> {
    let accepted = model.calls.spooler("IXPLogon.SubmitMessage").map(|index| model.calls.at(index));
    let accepted = accepted.filter(|call| call.obj == logon && call.succeeded()).filter_map(|call| {
        let ret = call.ret.as_ref()?;
        let reference = number_of(ret.out, "lpulMsgRef").filter(|reference| *reference != 0)? & 0xffff_ffff;
        let mut ends = model.calls.on_between(logon, ret.n, u64::MAX);
        let end = ends
            .find(|end| end.m == "IXPLogon.EndMessage" && number_of(end.args, "ulMsgRef") == Some(reference));
        Some((reference, call.n, end.map_or(u64::MAX, Call::end)))
    });
    accepted.collect()
}

/// Page `message-reception-model`, step 5. What was stored and not saved is dropped by the spooler: where it comes again in a
/// later StartMessage the provider had only put it off (page `ixplogon-startmessage`).
fn saved_before_return(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in &model.receipts {
        let start = model.start_of(receipt);
        let Some(fate) = &receipt.fate else { continue };
        if fate.outcome == Outcome::Delivered {
            verdicts.exercised();
        }
        if fate.outcome != Outcome::Empty
            || is_empty(fate.content)
            || !receipt.undisturbed()
            || receipt.ended.is_some()
        {
            continue;
        }
        let same = |mail: &crate::judge::ledger::Arrival<'_>| {
            mail.mail.is_some_and(|mail| mail.has_subject_of(fate.content))
        };
        let lost =
            context.ledger.waiting(start.n).any(|arrival| same(arrival) && arrival.delivered.is_none());
        if lost {
            verdicts.broken(
                start.end(),
                "SaveChanges on the message before StartMessage returns",
                format!("StartMessage returned {} without it", start.result()),
            );
        }
    }
}

/// Derived from the same page: what is written after the last save is lost.
fn nothing_after_save(context: &Context<'_>, verdicts: &mut Verdicts) {
    for delivery in &context.ledger.deliveries {
        let receipt = &context.model.receipts[delivery.receipt];
        verdicts.holds(
            !delivery.content.dirty,
            delivery.n,
            "nothing is written after the last SaveChanges",
            || format!("`{}` was changed after it", receipt.message),
        );
    }
}

/// Page `ixplogon-startmessage`: without a message the provider returns without SaveChanges. Within an inbound flush page
/// `implementing-the-flushqueues-method` asks for the opposite, and either is accepted.
fn nothing_to_hand_over(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for (place, receipt) in model.receipts.iter().enumerate() {
        let start = model.start_of(receipt);
        let flushing = super::flsh_vals_idle::in_inbound_flush(model, start.obj, start.n);
        let waits = context.ledger.waits(start.n) || context.ledger.came(start.n, start.end());
        if start.ret.is_none() || flushing || waits {
            continue;
        }
        let delivered = context.ledger.delivery_of(place);
        let empty = delivered.is_some_and(|delivery| delivery.is == Identity::Empty);
        verdicts.holds(!empty, start.end(), "no SaveChanges where there is no message to hand over", || {
            "an empty message was saved".to_owned()
        });
    }
}

/// Page `ixplogon-startmessage`: objects opened meanwhile are released.
fn objects_released(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in &model.receipts {
        if super::robu::cause(receipt).is_some() {
            continue;
        }
        let (opened, left) = left_open(model, receipt);
        if opened > 0 {
            verdicts.holds(
                left.is_empty(),
                model.start_of(receipt).end(),
                "objects opened in StartMessage are released before it returns",
                || left.join(", "),
            );
        }
    }
}

/// How many objects were opened from a message, and those of which references were held when StartMessage returned.
pub(super) fn left_open<'a>(model: &'a Model<'_>, receipt: &Receipt<'_>) -> (usize, Vec<&'a str>) {
    let start = model.start_of(receipt);
    if start.ret.is_none() {
        return (0, Vec::new());
    }
    let opened = model.calls.opened(start.n, start.end());
    let opened: Vec<_> = opened.filter(|obj| model.calls.root_of(obj) == receipt.message).collect();
    let mut left: Vec<_> =
        opened.iter().copied().filter(|obj| model.calls.held(obj, start.end()) > 0).collect();
    left.sort_unstable();
    (opened.len(), left)
}

/// Page `ixplogon-startmessage`. A Release too many is seen at the gate.
fn message_not_released(context: &Context<'_>, verdicts: &mut Verdicts) {
    if context.model.receipts.iter().any(|receipt| context.model.uses(receipt).next().is_some()) {
        verdicts.exercised();
    }
}

/// Page `ixplogon-startmessage`: the message is valid until the call returns. Later uses are seen at the gate.
fn message_left_alone(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    if model.receipts.iter().any(|receipt| receipt.fate.is_some() && model.uses(receipt).next().is_some()) {
        verdicts.exercised();
    }
}

/// Page `ixplogon-startmessage`: the provider cannot set PR_ENTRYID.
fn no_entry_identifier(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in &model.receipts {
        for call in
            model.uses(receipt).filter(|call| call.obj == receipt.message && call.method() == "SetProps")
        {
            let sets = props_of(call.args, "lpPropArray").iter().any(|prop| id(prop) == ids::PR_ENTRYID);
            verdicts.holds(!sets, call.n, "PR_ENTRYID is not set on the message", || {
                "SetProps with PR_ENTRYID".to_owned()
            });
        }
    }
}

/// Page `ixplogon-startmessage`: where StartMessage returns an error the message is released unsaved.
fn error_without_save(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in &model.receipts {
        let start = model.start_of(receipt);
        if !start.failed() {
            continue;
        }
        verdicts.exercised();
        let saved = model.saves(receipt).any(Call::succeeded);
        if saved && receipt.undisturbed() {
            verdicts.broken(
                start.end(),
                "nothing is saved where StartMessage returns an error",
                format!("SaveChanges had succeeded, and StartMessage returned {}", start.result()),
            );
        }
    }
}

/// Derived: a message that could not be saved is not received. Another attempt that succeeds is as good as the first.
fn failed_save(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in
        model.receipts.iter().filter(|receipt| receipt.cancelled().is_none() && receipt.logoff.is_none())
    {
        let start = model.start_of(receipt);
        let last = model.saves(receipt).filter(|call| call.ret.is_some()).last();
        if last.is_some_and(Call::made_to_fail) && start.ret.is_some() {
            verdicts.holds(
                !start.succeeded(),
                start.end(),
                "StartMessage fails where SaveChanges failed",
                || start.result().to_owned(),
            );
        }
    }
}

/// Page `interacting-with-the-mapi-spooler`: long work is broken up. In every callback the spooler can yield on its own.
fn yields(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let longest = context.input.mails.values().map(Mail::size).max().unwrap_or(0);
    let long_work = LONG_WORK + PER_MEBIBYTE * u64::try_from(longest >> 20).unwrap_or(0);
    for receipt in &model.receipts {
        let start = model.start_of(receipt);
        let yielded = model.calls.inside(start).any(|call| call.m == "IMAPISupport.SpoolerYield");
        // A message may be filled by another thread, for which this one waits.
        let at_work = model.calls.during(start).iter().filter(|call| {
            call.th == start.th
                || call.obj == receipt.message
                || model.calls.root_of(call.obj) == receipt.message
        });
        let stretch = longest_gap(start, at_work);
        if yielded || stretch > long_work {
            verdicts.holds(
                stretch <= long_work,
                start.n,
                "long work gives the processor back with SpoolerYield",
                || format!("{} ms without a callback", stretch / 1_000_000),
            );
        }
    }
}

/// Page `pidtagstatuscode-canonical-property`: the bit says that a message comes in.
fn active_bit(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        let active = |n: u64| is_active(model, session, n);
        let used = model.rows_of(session).find(|row| active(row.n));
        let closing = model.closing(session);
        let cut_short = model.receipts.iter().any(|receipt| receipt.logoff.is_some());
        let failed = model.calls.candidate("IMAPISupport.ModifyStatusRow").any(Call::made_to_fail);
        let (Some(used), false, false) = (used, cut_short, failed) else { continue };
        if closing == u64::MAX || closing == session.to {
            continue;
        }
        verdicts.holds(
            !active(closing - 1),
            used.n,
            "STATUS_INBOUND_ACTIVE is cleared after the message",
            || "it was still set at logoff".to_owned(),
        );
        if let Some(kept) = kept_active(context, session) {
            verdicts.broken(
                kept,
                "STATUS_INBOUND_ACTIVE is cleared after a message that failed, as after one that came",
                "it was still set when the next StartMessage began",
            );
        }
    }
}

/// The StartMessage after one that set the bit, brought nothing, and left the bit set. A provider may show as well that it is
/// at work on all that waits: only one that clears the bit with a message, while more waits, speaks of that message alone.
fn kept_active(context: &Context<'_>, session: &Session<'_>) -> Option<u64> {
    let model = &context.model;
    let mine: Vec<&Receipt<'_>> = model
        .receipts
        .iter()
        .filter(|receipt| Some(model.start_of(receipt).obj) == session.logon)
        .filter(|receipt| model.start_of(receipt).ret.is_some())
        .collect();
    let before = |receipt: &Receipt<'_>| is_active(model, session, model.start_of(receipt).n);
    let within = |receipt: &Receipt<'_>| {
        let start = model.start_of(receipt);
        model.rows_of(session).any(|row| start.spans(row.n) && is_active(model, session, row.n))
    };
    let one_by_one = mine.iter().any(|receipt| {
        let start = model.start_of(receipt);
        receipt.outcome() == Some(Outcome::Delivered)
            && !is_active(model, session, start.end())
            && context.ledger.still_waits(start.n, start.end())
            && (before(receipt) || within(receipt))
    });
    let kept = mine.windows(2).find(|pair| {
        let stopped = matches!(pair[0].outcome(), Some(Outcome::Failed | Outcome::Cancelled));
        stopped
            && pair[0].failed_allocation.is_none()
            && !before(pair[0])
            && within(pair[0])
            && before(pair[1])
    });
    kept.filter(|_| one_by_one).map(|pair| model.start_of(pair[1]).n)
}

fn is_active(model: &Model<'_>, session: &Session<'_>, n: u64) -> bool {
    let row = model.row_at(session, n).unwrap_or_default();
    let code = prop_bits(row, ids::PR_STATUS_CODE, &flags::STATUS_CODE_BITS).unwrap_or(0);
    code & flags::STATUS_INBOUND_ACTIVE != 0
}

/// Derived from page `ixplogon-startmessage`, which lists S_OK alone.
fn s_ok(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in &model.receipts {
        let start = model.start_of(receipt);
        if start.succeeded() {
            verdicts.holds(
                start.hr() == Some(HRESULT::S_OK),
                start.end(),
                "S_OK where StartMessage succeeds",
                || start.result().to_owned(),
            );
        }
    }
}
