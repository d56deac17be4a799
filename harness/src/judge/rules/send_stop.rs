//! Stopping a message on its way out, and not stopping it: CANC-05, CANC-07, CTRL-05, and the outbound halves of CANC-02,
//! CANC-04, CANC-06, CANC-08 and LOFF-01.
//!
//! A provider may look for a cancellation only now and then, and may have sent the message when it looks. What counts is
//! whether it went on collecting the message and sent it then.

use mapi_spi::{HRESULT, flags};

use super::send::{refused, took_all};
use crate::judge::calls::Call;
use crate::judge::model::{Fact, Model};
use crate::judge::receipt::{Cancel, CancelledBy};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::sent::SentFile;
use crate::judge::session::{spooler_flags, transport_flags};
use crate::judge::submission::{Consignee, Outgoing, Submission};
use crate::judge::values::bits;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "CANC-05", check: stopped },
    Rule { id: "CANC-07", check: aborted },
    Rule { id: "CTRL-05", check: finished },
];

/// How many callbacks may still fetch data after a cancellation: a provider may be past its last look at it.
const PAST_THE_LOOK: usize = 3;

/// The calls with which a provider fetches what it is to send.
const FETCHING: &[&str] = &[
    "GetProps",
    "GetPropList",
    "OpenProperty",
    "OpenAttach",
    "GetAttachmentTable",
    "GetRecipientTable",
    "SetColumns",
    "QueryColumns",
    "QueryRows",
    "Read",
    "CopyTo",
    "CopyProps",
];

/// The submissions that were cancelled in this way first, with nothing else in their way.
fn cancelled<'a, 't>(
    context: &'a Context<'t>,
    by: CancelledBy,
) -> impl Iterator<Item = (&'a Submission<'t>, &'a Cancel)> {
    let submissions = context.outbound.submissions.iter();
    submissions.filter_map(move |submission| {
        let cancel = submission.cancelled().filter(|cancel| cancel.by == by)?;
        let alone = !submission.failed_within() && submission.logoff.is_none();
        (alone && context.model.over(submission) != u64::MAX).then_some((submission, cancel))
    })
}

/// How a cancellation, or a logoff, was ignored: the provider went on fetching the message, and sent it.
fn ignored(context: &Context<'_>, submission: &Submission<'_>, since: u64) -> Option<(u64, String)> {
    let model = &context.model;
    let fetched =
        model.uses_of(submission).filter(|call| call.n > since && FETCHING.contains(&call.method()));
    let fetched: Vec<&Call<'_>> = fetched.collect();
    let outgoing = &context.outbound.outgoing[submission.outgoing?];
    let first = outgoing
        .submissions
        .first()
        .is_some_and(|place| context.outbound.submissions[*place].call == submission.call);
    let file = sent_by(context, outgoing, submission)?;
    let went_on = first && fetched.len() > PAST_THE_LOOK;
    went_on.then(|| {
        (fetched[0].n, format!("{} more calls for its data, and {} was sent", fetched.len(), file.name))
    })
}

/// A mail that this submission sent, and no later one: what the message was handed over for again is that one's.
fn sent_by<'a>(
    context: &'a Context<'_>,
    outgoing: &'a Outgoing<'_>,
    submission: &Submission<'_>,
) -> Option<&'a SentFile<'a>> {
    let (model, outbound) = (&context.model, &context.outbound);
    let mut later = outbound
        .of(outgoing)
        .map(|one| model.submit_of(one))
        .filter(|submit| submit.n > model.submit_of(submission).n && submit.succeeded());
    let mut files = outbound.sent_of(outgoing);
    let Some(next) = later.next() else { return files.next() };
    let found = files.find(|file| file.n < next.n);
    let chances = 1 + later.count();
    let again = |one: &Consignee| outbound.times(outgoing, one).is_some_and(|times| times > chances);
    found.or_else(|| outbound.sent_of(outgoing).last().filter(|_| outgoing.consignees.iter().any(again)))
}

/// How late a provider came back, where it did not ignore what stopped it.
fn late(context: &Context<'_>, submission: &Submission<'_>, since: u64) -> Option<(u64, String)> {
    let after: Vec<_> = context.model.uses_of(submission).filter(|call| call.n > since).collect();
    super::canc::too_many(&after)
}

/// Pages `ixplogon-submitmessage` and `ixplogon-transportnotify`. Objects that are left open, and recipients that are marked
/// without having been sent to, are found elsewhere.
fn stopped(context: &Context<'_>, verdicts: &mut Verdicts) {
    for (submission, cancel) in cancelled(context, CancelledBy::Reference) {
        verdicts.exercised();
        if let Some((n, seen)) = ignored(context, submission, cancel.n) {
            verdicts.broken(n, "a message that is cancelled is not sent", seen);
        }
    }
}

/// CANC-02. Page `ixplogon-transportnotify`, NOTIFY_CANCEL_MESSAGE: return as soon as possible.
pub(super) fn returns_soon(context: &Context<'_>, verdicts: &mut Verdicts) {
    for (submission, cancel) in cancelled(context, CancelledBy::Reference) {
        verdicts.exercised();
        if ignored(context, submission, cancel.n).is_some() {
            continue;
        }
        if let Some((n, seen)) = late(context, submission, cancel.n) {
            verdicts.broken(
                n,
                "SubmitMessage returns as soon as possible once its message is cancelled",
                seen,
            );
        }
    }
}

/// CANC-04. Page `ixplogon-transportnotify`: the value is 0 where the provider has not updated it.
pub(super) fn unassigned(context: &Context<'_>, verdicts: &mut Verdicts) {
    for (submission, cancel) in cancelled(context, CancelledBy::Unassigned) {
        verdicts.exercised();
        let seen = ignored(context, submission, cancel.n).or_else(|| late(context, submission, cancel.n));
        if let Some((n, seen)) = seen {
            verdicts.broken(n, "a cancellation with the value 0 stops a message without a reference", seen);
        }
    }
}

/// CANC-06. Page `imapisupport-spooleryield`: the delivery to those who have not received it yet is stopped and
/// MAPI_E_USER_CANCEL returned, if possible. A message that was sent already is past stopping.
pub(super) fn by_yield(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for (submission, cancel) in cancelled(context, CancelledBy::Yield) {
        let submit = model.submit_of(submission);
        let due = "MAPI_E_USER_CANCEL after SpoolerYield returned MAPI_W_CANCEL_MESSAGE";
        verdicts.exercised();
        let seen = ignored(context, submission, cancel.n).or_else(|| late(context, submission, cancel.n));
        if let Some((n, seen)) = seen {
            verdicts.broken(n, due, seen);
        } else if submit.succeeded() && cancel.n < submit.end() && !took_all(context, submission) {
            verdicts.broken(submit.end(), due, submit.result());
        }
    }
}

/// Page `ixplogon-transportnotify`, NOTIFY_ABORT_DEFERRED: who defers supports it. Alone, it is about all that is deferred.
fn aborted(context: &Context<'_>, verdicts: &mut Verdicts) {
    let (model, outbound) = (&context.model, &context.outbound);
    let deferred = |n: u64| {
        let last = |outgoing: &&Outgoing<'_>| {
            outbound
                .of(outgoing)
                .filter(|submission| model.over(submission) < n)
                .last()
                .is_some_and(|last| last.answer & flags::END_DONT_RESEND != 0 && last.undisturbed())
        };
        outbound.outgoing.iter().filter(last).collect::<Vec<_>>()
    };
    for call in model.calls.spooler("IXPLogon.TransportNotify").map(|index| model.calls.at(index)) {
        let set = transport_flags(call);
        let waiting = deferred(call.n);
        if set & flags::NOTIFY_ABORT_DEFERRED == 0 || call.ret.is_none() || waiting.is_empty() {
            continue;
        }
        let due = "NOTIFY_ABORT_DEFERRED is understood by who defers";
        // Told of a single message the provider understands one form of its identifier, see `aborted_one`.
        if set & flags::NOTIFY_CANCEL_MESSAGE == 0 {
            verdicts.holds(call.succeeded(), call.end(), due, || call.result().to_owned());
        }
        let all = set & flags::NOTIFY_CANCEL_MESSAGE == 0 && call.succeeded();
        for outgoing in waiting.into_iter().filter(|_| all) {
            if let Some(file) = outbound.sent_of(outgoing).next() {
                let due = format!("`{}`, whose deferral was aborted, is not sent", outgoing.name);
                verdicts.broken(file.n, due, file.name);
            }
        }
    }
    for told in model.facts_of("told-of-mail") {
        if let Some(outgoing) = deferred(told.n).into_iter().find(|one| one.name == told.text("mail")) {
            aborted_one(context, told, outgoing, verdicts);
        }
    }
}

/// The abort of one deferred message by its entry identifier, which was told in each form that a provider may look for.
fn aborted_one(context: &Context<'_>, told: &Fact<'_>, outgoing: &Outgoing<'_>, verdicts: &mut Verdicts) {
    let (model, outbound) = (&context.model, &context.outbound);
    let from = told.number("from").unwrap_or(0);
    let calls = model.calls.between(from, told.n).iter();
    let calls: Vec<_> = calls.filter(|call| call.m == "IXPLogon.TransportNotify").collect();
    if calls.iter().any(|call| call.ret.is_none()) {
        return;
    }
    let understood = calls.iter().any(|call| call.succeeded());
    verdicts.holds(understood, told.n, "NOTIFY_ABORT_DEFERRED is understood by who defers", || {
        calls.iter().map(|call| call.result()).collect::<Vec<_>>().join(", ")
    });
    let due = || format!("`{}`, whose deferral was aborted, is neither asked for nor sent", outgoing.name);
    if let Some(file) = outbound.sent_of(outgoing).next() {
        verdicts.broken(file.n, due(), file.name);
    }
    // A request that is on its way already may still come; one that comes after a later message was asked for is no accident.
    let again =
        |call: &&Call<'_>| bits(call.args, "ulFlags", &flags::SUBMIT_FLAGS) & flags::BEGIN_DEFERRED != 0;
    let next = model.calls.spooler("IXPLogon.SubmitMessage").map(|index| model.calls.at(index));
    let Some(gone) = next.filter(again).map(|call| call.n).find(|n| *n > told.n) else { return };
    let entry = told.text("entry-id");
    let asks = |call: &&Call<'_>| {
        let data = call.args.get("lpvData").map(ToString::to_string).unwrap_or_default();
        call.n > gone
            && spooler_flags(call) & flags::NOTIFY_SENTDEFERRED != 0
            && data.to_ascii_lowercase().contains(entry)
    };
    if let Some(call) = model.calls.candidate("IMAPISupport.SpoolerNotify").find(asks) {
        verdicts.broken(call.n, due(), "SpoolerNotify(NOTIFY_SENTDEFERRED) with its entry identifier");
    }
}

/// CANC-08. Derived from page `ixplogon-transportnotify`: the value names the message that is meant, and no other.
pub(super) fn stranger(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for submission in context.outbound.submissions.iter().filter(|submission| submission.undisturbed()) {
        let submit = model.submit_of(submission);
        let within = submission.cancels.iter().any(|cancel| cancel.by == CancelledBy::Stranger);
        if submit.ret.is_none() || refused(submit) || !(within || stray_before(model, submit.n)) {
            continue;
        }
        let waits = matches!(submit.hr(), Some(HRESULT::MAPI_E_WAIT | HRESULT::MAPI_E_NETWORK_ERROR));
        verdicts.holds(
            submit.succeeded() || waits,
            submit.end(),
            "a cancellation that names no message in process changes nothing",
            || format!("SubmitMessage returned {}", submit.result()),
        );
    }
}

/// Whether a cancellation came before an event, at a time when nothing was in process.
fn stray_before(model: &Model<'_>, n: u64) -> bool {
    let notifies = model.calls.spooler("IXPLogon.TransportNotify").map(|index| model.calls.at(index));
    notifies.filter(|call| call.n < n && call.th == 0 && call.parent.is_none()).any(|call| {
        let set = transport_flags(call);
        set & flags::NOTIFY_CANCEL_MESSAGE != 0 && set & flags::NOTIFY_ABORT_DEFERRED == 0
    })
}

/// Page `ixplogon-transportnotify`, NOTIFY_END_OUTBOUND: what is being sent is not stopped.
fn finished(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let ended = |submission: &&Submission<'_>| submission.ended.is_some() && submission.undisturbed();
    for submission in context.outbound.submissions.iter().filter(ended) {
        let submit = model.submit_of(submission);
        if submit.ret.is_none() {
            continue;
        }
        let again = submission.answer & (flags::END_RESEND_NOW | flags::END_RESEND_LATER);
        verdicts.holds(
            submit.succeeded() && again == 0,
            submit.end(),
            "a message being sent when NOTIFY_END_OUTBOUND comes is finished",
            || match again {
                0 => format!("SubmitMessage returned {}", submit.result()),
                again => format!("EndMessage answered {}", flags::END_MESSAGE_FLAGS.render(again)),
            },
        );
    }
}

/// LOFF-01. Page `ixplogon-transportlogoff`: what is in process is stopped.
pub(super) fn logged_off(context: &Context<'_>, verdicts: &mut Verdicts) {
    for submission in &context.outbound.submissions {
        let submit = context.model.submit_of(submission);
        let Some(logoff) = submission.logoff.filter(|_| submit.ret.is_some()) else { continue };
        let called = context.model.calls.between(submit.n, submit.end()).iter().find(|call| call.n == logoff);
        let Some(told) = called.and_then(|call| call.ret.as_ref()) else { continue };
        verdicts.exercised();
        let seen = ignored(context, submission, told.n).or_else(|| late(context, submission, told.n));
        if let Some((n, seen)) = seen {
            verdicts.broken(n, "a message in process is stopped by TransportLogoff", seen);
        }
    }
}
