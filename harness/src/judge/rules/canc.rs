//! CANC: stopping delivery.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::Outcome;

use super::send_stop;
use crate::judge::calls::Call;
use crate::judge::model::Model;
use crate::judge::receipt::{Cancel, CancelledBy, Receipt};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::transport_flags;
use crate::judge::values::number_of;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "CANC-01", check: named },
    Rule { id: "CANC-02", check: returns_soon },
    Rule { id: "CANC-03", check: kept },
    Rule { id: "CANC-04", check: unassigned },
    Rule { id: "CANC-06", check: by_yield },
    Rule { id: "CANC-08", check: stranger },
];

/// How many callbacks may come before a SaveChanges after a cancellation: a provider may be past its last look at it.
const PAST_THE_LOOK: usize = 3;
/// How many callbacks on the message may come after a cancellation at all.
const SOON: usize = 64;

/// What the spooler owes: the cancellation names a message by its reference (page `message-reception-model`, step 6).
fn named(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler("IXPLogon.TransportNotify").map(|index| model.calls.at(index)) {
        let set = transport_flags(call);
        if set & flags::NOTIFY_CANCEL_MESSAGE != 0 && set & flags::NOTIFY_ABORT_DEFERRED == 0 {
            verdicts.holds(
                number_of(call.args, "lppvData").is_some(),
                call.n,
                "*lppvData points to the reference",
                || "it is null".to_owned(),
            );
        }
    }
}

/// How a cancellation, or a logoff, was ignored: the provider went on with the message.
pub(super) fn ignored(model: &Model<'_>, receipt: &Receipt<'_>, since: u64) -> Option<(u64, String)> {
    let after: Vec<&Call<'_>> = model.uses(receipt).filter(|call| call.n > since).collect();
    let saved = after.iter().position(|call| call.obj == receipt.message && call.method() == "SaveChanges");
    if let Some(place) = saved.filter(|place| *place >= PAST_THE_LOOK) {
        return Some((after[place].n, format!("{place} more calls on the message, and SaveChanges")));
    }
    too_many(&after)
}

/// More calls than a provider needs to come back. The page names no number: one that looks before it begins and before it saves
/// may have set its properties one by one, and a stream that is read or written line by line is one task.
pub(super) fn too_many(after: &[&Call<'_>]) -> Option<(u64, String)> {
    let mut runs = after.iter().enumerate().filter(|(place, call)| {
        let before = place.checked_sub(1).map(|before| after[before]);
        let goes_on = before.is_some_and(|before| (before.obj, before.m) == (call.obj, call.m));
        !(goes_on && matches!(call.method(), "Read" | "Write" | "Seek"))
    });
    let (_, last) = runs.nth(SOON)?;
    Some((last.n, format!("{} more calls on the message", after.len())))
}

fn cancelled<'a, 't>(
    context: &'a Context<'t>,
    by: &'a [CancelledBy],
) -> impl Iterator<Item = (&'a Receipt<'t>, &'a Cancel)> {
    let receipts = context.model.receipts.iter();
    receipts.filter_map(|receipt| {
        receipt.cancelled().filter(|cancel| by.contains(&cancel.by)).map(|cancel| (receipt, cancel))
    })
}

/// Page `ixplogon-transportnotify`, NOTIFY_CANCEL_MESSAGE: return as soon as possible.
fn returns_soon(context: &Context<'_>, verdicts: &mut Verdicts) {
    send_stop::returns_soon(context, verdicts);
    for (receipt, cancel) in cancelled(context, &[CancelledBy::Reference]) {
        verdicts.exercised();
        if let Some((n, seen)) = ignored(&context.model, receipt, cancel.n) {
            verdicts.broken(
                n,
                "StartMessage returns as soon as possible once its message is cancelled",
                seen,
            );
        }
    }
}

/// Page `ixplogon-transportnotify`, NOTIFY_CANCEL_MESSAGE: the message is delivered again. One that does not come again is
/// found by the wait for its announcement.
fn kept(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in model.receipts.iter().filter(|receipt| receipt.outcome() == Some(Outcome::Cancelled)) {
        let from = model.start_of(receipt).end();
        if context.ledger.deliveries.iter().any(|delivery| delivery.n > from) {
            verdicts.exercised();
        }
    }
}

/// Page `ixplogon-transportnotify`: the value is 1 where the provider has not updated it.
fn unassigned(context: &Context<'_>, verdicts: &mut Verdicts) {
    send_stop::unassigned(context, verdicts);
    for (receipt, cancel) in cancelled(context, &[CancelledBy::Unassigned]) {
        verdicts.exercised();
        if let Some((n, seen)) = ignored(&context.model, receipt, cancel.n) {
            verdicts.broken(n, "a cancellation with the value 1 stops a message without a reference", seen);
        }
    }
}

/// Page `imapisupport-spooleryield`: MAPI_E_USER_CANCEL is returned. A message that was saved before is past stopping.
fn by_yield(context: &Context<'_>, verdicts: &mut Verdicts) {
    send_stop::by_yield(context, verdicts);
    let model = &context.model;
    for receipt in &model.receipts {
        let start = model.start_of(receipt);
        let told = receipt.cancels.iter().find(|cancel| cancel.by == CancelledBy::Yield);
        let Some(told) =
            told.filter(|_| start.ret.is_some() && !receipt.failed_within() && receipt.logoff.is_none())
        else {
            continue;
        };
        if model.saves(receipt).any(|call| call.n < told.n && call.succeeded()) {
            continue;
        }
        verdicts.holds(
            start.hr() == Some(HRESULT::MAPI_E_USER_CANCEL),
            start.end(),
            "MAPI_E_USER_CANCEL after SpoolerYield returned MAPI_W_CANCEL_MESSAGE",
            || start.result().to_owned(),
        );
    }
}

/// Derived from page `ixplogon-transportnotify`: the value names the message that is meant, and no other.
fn stranger(context: &Context<'_>, verdicts: &mut Verdicts) {
    send_stop::stranger(context, verdicts);
    let model = &context.model;
    for receipt in &model.receipts {
        let start = model.start_of(receipt);
        let strange = receipt.cancels.iter().any(|cancel| cancel.by == CancelledBy::Stranger);
        if !strange || !receipt.undisturbed() || start.ret.is_none() || !context.ledger.waits(start.n) {
            continue;
        }
        verdicts.holds(
            receipt.outcome() == Some(Outcome::Delivered),
            start.end(),
            "a cancellation that names no message in process changes nothing",
            || format!("StartMessage returned {}, and the message was not delivered", start.result()),
        );
    }
    sticks(context, verdicts);
}

/// A cancellation that came while no message was in process must not stop the next one.
fn sticks(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler("IXPLogon.TransportNotify").map(|index| model.calls.at(index)) {
        let set = transport_flags(call);
        let busy = model.calls.all().iter().any(|other| {
            matches!(other.m, "IXPLogon.StartMessage" | "IXPLogon.SubmitMessage" | "IXPLogon.EndMessage")
                && other.obj == call.obj
                && other.n < call.n
                && other.end() > call.n
        });
        if set & flags::NOTIFY_CANCEL_MESSAGE == 0 || set & flags::NOTIFY_ABORT_DEFERRED != 0 || busy {
            continue;
        }
        let next = model.receipts.iter().find(|receipt| {
            let start = model.start_of(receipt);
            start.obj == call.obj && start.n > call.n
        });
        let Some(next) = next.filter(|next| next.undisturbed() && next.cancels.is_empty()) else { continue };
        let start = model.start_of(next);
        if start.ret.is_some() {
            verdicts.holds(
                start.hr() != Some(HRESULT::MAPI_E_USER_CANCEL),
                start.end(),
                "a cancellation that names no message in process changes nothing",
                || "the next StartMessage returned MAPI_E_USER_CANCEL".to_owned(),
            );
        }
    }
}
