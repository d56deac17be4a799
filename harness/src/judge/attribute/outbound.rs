//! Outbound mail that is lost, sent again, changed, or that leaves something behind.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::{IllegalKind, Prop, What};

use super::Attributed;
use crate::judge::model::Model;
use crate::judge::receipt::CancelledBy;
use crate::judge::rule::Context;
use crate::judge::rules::send::{nondeliveries, refused};
use crate::judge::rules::send_sender::sender_group;
use crate::judge::sent;
use crate::judge::session::{spooler_flags, transport_flags};
use crate::judge::submission::{Consignee, Outgoing, Submission};
use crate::judge::values::{id, ids, is_null};

/// The columns of a status row that say who is logged on (page `status-table-columns`).
const IDENTITY: [u32; 3] = [ids::PR_IDENTITY_DISPLAY, ids::PR_IDENTITY_ENTRYID, ids::PR_IDENTITY_SEARCH_KEY];

pub(super) fn attributed(context: &Context<'_>, applies: bool) -> Vec<Attributed> {
    let mut all = Vec::new();
    for outgoing in &context.outbound.outgoing {
        // Of what was composed in a store the store is asked, see `stores`.
        if outgoing.stored.is_none() {
            times(context, outgoing, applies, &mut all);
            marks(context, outgoing, &mut all);
        }
        changed(context, outgoing, &mut all);
    }
    strays(context, &mut all);
    misdirected(context, &mut all);
    unasked(context, &mut all);
    for submission in &context.outbound.submissions {
        left_open(context, submission, &mut all);
    }
    all
}

/// The requirement about what the case did to the candidate in a submission.
pub(crate) fn cause(submission: &Submission<'_>) -> Option<&'static str> {
    if submission.failed_allocation.is_some() {
        return Some("MEMO-04");
    }
    if submission.failed_callback.is_some() {
        return Some("ROBU-02");
    }
    (submission.cancelled().is_some() || submission.logoff.is_some()).then_some("ROBU-03")
}

/// The requirement about what the case did to the candidate while it had this message.
fn own(context: &Context<'_>, outgoing: &Outgoing<'_>) -> Option<&'static str> {
    context.outbound.of(outgoing).find_map(cause)
}

/// The same where a message was not accepted at all: what was done to the candidate before counts, too.
fn history(context: &Context<'_>, outgoing: &Outgoing<'_>) -> Option<&'static str> {
    let (model, outbound) = (&context.model, &context.outbound);
    let until = outgoing.settled.as_ref().map_or(u64::MAX, |settled| settled.n);
    if let Some(cause) = own(context, outgoing) {
        return Some(cause);
    }
    if model.facts_of("allocation-failed").any(|fact| fact.n < until) {
        return Some("MEMO-04");
    }
    if model.disturbed_before(until).is_some() {
        return Some("ROBU-02");
    }
    let earlier = || outbound.submissions.iter().filter(|submission| model.submit_of(submission).n < until);
    if earlier().any(|submission| cause(submission).is_some()) || cancelled_receipt(model, until) {
        return Some("ROBU-03");
    }
    let strange =
        |submission: &Submission<'_>| submission.cancels.iter().any(|one| one.by == CancelledBy::Stranger);
    if earlier().any(strange) || stray_cancel(context, until) {
        return Some("CANC-08");
    }
    outbound.of(outgoing).any(|submission| submission.ended.is_some()).then_some("CTRL-05")
}

fn cancelled_receipt(model: &Model<'_>, until: u64) -> bool {
    let stopped =
        model.receipts.iter().filter(|receipt| receipt.cancelled().is_some() || receipt.logoff.is_some());
    stopped.into_iter().any(|receipt| model.start_of(receipt).n < until)
}

/// A cancellation outside of any message's course.
fn stray_cancel(context: &Context<'_>, until: u64) -> bool {
    let model = &context.model;
    let notifies = model.calls.spooler("IXPLogon.TransportNotify").map(|index| model.calls.at(index));
    notifies.filter(|call| call.n < until).any(|call| {
        let set = transport_flags(call);
        let outside =
            !model.receipts.iter().any(|receipt| model.start_of(receipt).spans(call.n))
                && !context.outbound.submissions.iter().any(|submission| {
                    model.submit_of(submission).n < call.n && call.n < model.over(submission)
                });
        set & flags::NOTIFY_CANCEL_MESSAGE != 0 && set & flags::NOTIFY_ABORT_DEFERRED == 0 && outside
    })
}

/// Whether what is not there will not come: somebody has waited for it, or a later message of the same queue has come.
pub(crate) fn is_final(context: &Context<'_>, outgoing: &Outgoing<'_>) -> bool {
    let Some(settled) = &outgoing.settled else { return false };
    let later = |place: &usize| context.outbound.outgoing[*place].n > outgoing.n;
    context.model.waited_for_sent(settled.n)
        || context.outbound.files.iter().filter_map(|file| file.of.as_ref()).any(later)
}

/// Whether MAPI was asked to report that a recipient cannot be served.
pub(crate) fn reported(context: &Context<'_>, outgoing: &Outgoing<'_>, consignee: &Consignee) -> bool {
    let model = &context.model;
    context.outbound.of(outgoing).any(|submission| {
        nondeliveries(model, submission, true)
            .iter()
            .any(|(_, address)| address.eq_ignore_ascii_case(&consignee.address))
    })
}

/// Derived from page `message-submission-model`: what is accepted is sent, once, to each recipient.
fn times(context: &Context<'_>, outgoing: &Outgoing<'_>, applies: bool, all: &mut Vec<Attributed>) {
    let outbound = &context.outbound;
    if !outbound.visible {
        return;
    }
    let requirement = own(context, outgoing);
    let name = outgoing.name;
    let stopped = outbound.of(outgoing).any(|submission| submission.cancelled().is_some());
    let mut lost = Vec::new();
    for consignee in outgoing.consignees.iter().filter(|consignee| consignee.due()) {
        let alike = |other: &&Consignee| other.address.eq_ignore_ascii_case(&consignee.address);
        let same = outgoing.consignees.iter().filter(alike).count();
        match outbound.times(outgoing, consignee) {
            // Who stands in the table twice may get it twice.
            Some(times) if times > same => {
                let files: Vec<_> = outbound.sent_of(outgoing).map(|file| file.name).collect();
                let event = outbound.sent_of(outgoing).last().map(|file| file.n);
                all.push(
                    Attributed {
                        level: None,
                        requirement: requirement.unwrap_or_else(|| sent_again(context, outgoing, consignee)),
                        event,
                        due: format!("`{name}` is sent to {} once", consignee.address),
                        seen: format!("{times} times: {}", files.join(", ")),
                    }
                    .of_mail(),
                );
                return;
            }
            Some(0)
                if outgoing.marked(consignee) == Some(true) && !reported(context, outgoing, consignee) =>
            {
                lost.push(consignee);
            }
            Some(_) | None => {}
        }
    }
    let sent = outbound.sent_of(outgoing).next().is_some();
    if !sent && let Some(swallowed) = swallowed(context, outgoing) {
        all.push(swallowed);
        return;
    }
    let event = outgoing.settled.as_ref().map(|settled| settled.n);
    if (outgoing.done() || stopped) && is_final(context, outgoing) && !lost.is_empty() {
        for consignee in lost {
            let requirement = match requirement {
                // Page `ixplogon-submitmessage`: the recipients of a message that was stopped are not served.
                Some("ROBU-03") if stopped => "CANC-05",
                Some(requirement) => requirement,
                None if consignee.nowhere() => "SEND-11",
                None => "SEND-15",
            };
            let due = match requirement {
                "SEND-11" => {
                    format!("{}, who cannot be served, is reported with StatusRecips", consignee.address)
                }
                _ => format!("`{name}` is sent to {}, whose PR_RESPONSIBILITY is TRUE", consignee.address),
            };
            all.push(
                Attributed { requirement, event, due, seen: "it was not".to_owned(), level: None }.of_mail(),
            );
        }
    } else if applies && !sent && awaited_in_vain(context, outgoing) {
        all.push(
            Attributed {
                level: None,
                requirement: history(context, outgoing).unwrap_or("SEND-15"),
                event: context.model.sent_timeout(outgoing.n),
                due: format!("`{name}` is sent"),
                seen: "it was not".to_owned(),
            }
            .of_mail(),
        );
    }
}

/// An error of a callback that became success: nobody was served, and nothing asks for the message again. Whom a transport cannot
/// serve it leaves to others (page `pidtagresponsibility-canonical-property`); an error is no such reason.
fn swallowed(context: &Context<'_>, outgoing: &Outgoing<'_>) -> Option<Attributed> {
    let last = context.outbound.of(outgoing).last()?;
    let submit = context.model.submit_of(last);
    let failed = last.failed_within() && last.cancelled().is_none() && last.logoff.is_none();
    if !(failed && submit.succeeded() && last.answer == 0 && outgoing.done() && is_final(context, outgoing)) {
        return None;
    }
    let due = || outgoing.consignees.iter().filter(|consignee| consignee.due() && !consignee.nowhere());
    let left = |consignee: &Consignee| {
        outgoing.marked(consignee) == Some(false) && !reported(context, outgoing, consignee)
    };
    (due().next().is_some() && due().all(left)).then(|| Attributed {
        level: None,
        requirement: cause(last).unwrap_or("ROBU-02"),
        event: Some(submit.end()),
        due: format!("SubmitMessage fails where an error keeps it from sending `{}`", outgoing.name),
        seen: format!("it returned {}, and nobody was sent to", submit.result()),
    })
}

/// Why a recipient was sent to again when the message was submitted again: it was marked already, or was not where it should
/// have been, or the message was to be none of the provider's.
fn sent_again(context: &Context<'_>, outgoing: &Outgoing<'_>, consignee: &Consignee) -> &'static str {
    let mut all: Vec<_> = context.outbound.of(outgoing).collect();
    all.pop();
    for submission in all {
        let submit = context.model.submit_of(submission);
        if refused(submit) {
            return "SEND-05";
        }
        if submit.failed() && read_all(context, submission) {
            return "SEND-06";
        }
        if submission.recipients.marked(&consignee.address) == Some(true) {
            return "SEND-03";
        }
    }
    "SEND-15"
}

/// Whether a submission asked for what a mail is made of: without that nothing can have been sent.
fn read_all(context: &Context<'_>, submission: &Submission<'_>) -> bool {
    context.model.uses_of(submission).any(|call| match call.method() {
        "OpenProperty" | "CopyTo" | "CopyProps" => true,
        "GetProps" => match call.args.get("lpPropTagArray").and_then(serde_json::Value::as_array) {
            Some(tags) => {
                let named =
                    |name: &str| tags.iter().any(|tag| tag.as_str().is_some_and(|tag| tag.starts_with(name)));
                named("PR_SUBJECT") || named("PR_BODY")
            }
            None => true,
        },
        _ => false,
    })
}

/// Whether a wait for what is sent ended without this message, which came through its submission undisturbed. What the provider
/// did not ask for again, or took back, is told of by itself.
fn awaited_in_vain(context: &Context<'_>, outgoing: &Outgoing<'_>) -> bool {
    let undisturbed = context.outbound.of(outgoing).all(Submission::undisturbed);
    let known = flags::END_RESEND_NOW | flags::END_RESEND_LATER;
    let told = context.outbound.of(outgoing).last().is_some_and(|last| {
        last.answer & !known != 0 || context.model.submit_of(last).hr() == Some(HRESULT::MAPI_E_CANCEL)
    });
    undisturbed && !told && context.model.sent_timeout(outgoing.n).is_some()
}

/// Page `pidtagresponsibility-canonical-property`: TRUE for whom the message was sent to.
fn marks(context: &Context<'_>, outgoing: &Outgoing<'_>, all: &mut Vec<Attributed>) {
    let Some(settled) = outgoing.settled.as_ref().filter(|settled| settled.done) else { return };
    for consignee in outgoing.consignees.iter().filter(|consignee| !consignee.served) {
        let times = context.outbound.times(outgoing, consignee).unwrap_or(0);
        if times > 0 && outgoing.marked(consignee) == Some(false) {
            all.push(Attributed {
                level: None,
                requirement: own(context, outgoing).unwrap_or("SEND-02"),
                event: Some(settled.n),
                due: format!("PR_RESPONSIBILITY is TRUE for {}, who was sent to", consignee.address),
                seen: "it is FALSE".to_owned(),
            });
        }
    }
}

/// Derived from page `message-submission-model`: what is sent is what was submitted.
fn changed(context: &Context<'_>, outgoing: &Outgoing<'_>, all: &mut Vec<Attributed>) {
    let Some(due) = outgoing.mail else { return };
    let requirement = own(context, outgoing).unwrap_or("SEND-15");
    let files: Vec<_> = context.outbound.sent_of(outgoing).collect();
    let mut found = Vec::new();
    for file in &files {
        let now = context.input.trace.clock_at(file.n);
        let own = identity(context, outgoing);
        let mut differ = sent::differences(due, file, now);
        differ.extend(sent::another_sender(due, &outgoing.consignees, file, &own));
        found.extend(differ.into_iter().map(|difference| (file.n, difference)));
    }
    // Of a message that was stopped in the midst of its recipients only some have it.
    if let Some(last) = files.last().filter(|_| outgoing.done() && is_final(context, outgoing)) {
        let differ = sent::recipients_differ(&outgoing.consignees, &files);
        found.extend(differ.into_iter().map(|difference| (last.n, difference)));
    }
    all.extend(found.into_iter().map(|(n, difference)| Attributed {
        level: None,
        requirement,
        event: Some(n),
        due: format!("`{}` is sent as it was submitted: {}", outgoing.name, difference.due),
        seen: difference.seen,
    }));
}

/// What the provider says of who has sent a message: the PR_SENDER group that it set, and the identity in its status row.
fn identity(context: &Context<'_>, outgoing: &Outgoing<'_>) -> Vec<Prop> {
    let model = &context.model;
    let mut own = Vec::new();
    for submission in context.outbound.of(outgoing) {
        own.extend(sender_group(model, submission));
        let row = submission
            .session
            .and_then(|place| model.row_at(&model.sessions[place], model.submit_of(submission).n));
        own.extend(row.into_iter().flatten().filter(|prop| IDENTITY.contains(&id(prop))).cloned());
    }
    own
}

/// Mails that nobody submitted.
fn strays(context: &Context<'_>, all: &mut Vec<Attributed>) {
    for file in context.outbound.files.iter().filter(|file| file.of.is_none() && file.mail.is_some()) {
        all.push(Attributed {
            level: None,
            requirement: "SEND-15",
            event: Some(file.n),
            due: "only what was submitted is sent".to_owned(),
            seen: format!("{}, which nobody submitted", file.name),
        });
    }
}

/// Mails that went to somebody who is no recipient.
fn misdirected(context: &Context<'_>, all: &mut Vec<Attributed>) {
    for file in &context.outbound.files {
        let Some(outgoing) = file.of.map(|place| &context.outbound.outgoing[place]) else { continue };
        let known = |there: &&String| {
            outgoing.consignees.iter().any(|consignee| consignee.address.eq_ignore_ascii_case(there))
        };
        if let Some(stranger) = file.envelope.iter().flatten().find(|there| !known(there)) {
            all.push(Attributed {
                level: None,
                requirement: own(context, outgoing).unwrap_or("SEND-15"),
                event: Some(file.n),
                due: format!("`{}` is sent to its recipients", outgoing.name),
                seen: format!("it was sent to {stranger}"),
            });
        }
    }
}

/// Page `ixplogon-endmessage`, END_DONT_RESEND: the provider asks for the message in time.
fn unasked(context: &Context<'_>, all: &mut Vec<Attributed>) {
    for event in context.model.events() {
        let What::TimedOut { waiting, ms, .. } = &event.what else { continue };
        let outgoing = context.outbound.outgoing.iter().rfind(|outgoing| outgoing.n < event.n);
        let outgoing = outgoing
            .filter(|outgoing| waiting == "sent-deferred" && !asked_wrongly(context, outgoing.n, event.n));
        if let Some(outgoing) = outgoing {
            all.push(Attributed {
                level: None,
                requirement: history(context, outgoing).unwrap_or("SEND-10"),
                event: Some(event.n),
                due: format!(
                    "SpoolerNotify(NOTIFY_SENTDEFERRED) with the entry identifier of `{}`",
                    outgoing.name
                ),
                seen: format!("none within {ms} ms after END_DONT_RESEND"),
            });
        }
    }
}

/// Whether the notification came in a form that is told of by itself: without an entry identifier, or with an error.
fn asked_wrongly(context: &Context<'_>, from: u64, to: u64) -> bool {
    context.model.calls.between(from, to).iter().any(|call| {
        let set = if call.m == "IMAPISupport.SpoolerNotify" { spooler_flags(call) } else { 0 };
        let wrong = set & flags::NOTIFY_CRITICAL_ERROR != 0 || is_null(call.args, "lpvData");
        set & flags::NOTIFY_SENTDEFERRED != 0 && wrong
    })
}

/// Page `ixplogon-endmessage`: what was opened is released.
fn left_open(context: &Context<'_>, submission: &Submission<'_>, all: &mut Vec<Attributed>) {
    let model = &context.model;
    let over = model.over(submission);
    if over == u64::MAX {
        return;
    }
    let left = left(model, submission);
    if left.is_empty() {
        return;
    }
    let (requirement, due) = match cause(submission) {
        Some("ROBU-03") if submission.logoff.is_none() => {
            ("CANC-05", "a message that is cancelled has its objects released")
        }
        Some(cause) => (cause, "nothing is left open"),
        None => ("SEND-09", "objects opened for the message are released before EndMessage returns"),
    };
    all.push(Attributed {
        requirement,
        event: Some(over),
        due: due.to_owned(),
        seen: left.join(", "),
        level: None,
    });
}

/// The objects of a submission of which references were held when it was over, the message itself included.
fn left<'a>(model: &'a Model<'_>, submission: &Submission<'a>) -> Vec<&'a str> {
    let (from, over) = (model.submit_of(submission).n, model.over(submission));
    let opened = model.calls.opened(from, over);
    let opened = opened.filter(|obj| model.calls.root_of(obj) == submission.message);
    let mut left: Vec<&str> = opened.filter(|obj| model.calls.held(obj, over) > 0).collect();
    if model.calls.held(submission.message, over) > 0 {
        left.push(submission.message);
    }
    left.sort_unstable();
    left.dedup();
    left
}

/// Requirements that tell of what is left or broken, whatever the cause.
const GENERAL: &[&str] = &["LIFE-05", "LIFE-08", "LOFF-02", "LOGON-02", "MEMO-02", "MEMO-03"];

/// The requirement that a symptom of memory or references breaks, where a message on its way out was stopped before.
pub(super) fn after_cancellation(context: &Context<'_>, n: u64, requirement: &'static str) -> &'static str {
    let stopped =
        context.outbound.submissions.iter().any(|submission| {
            cause(submission) == Some("ROBU-03") && context.model.submit_of(submission).n < n
        });
    if stopped && GENERAL.contains(&requirement) { "ROBU-03" } else { requirement }
}

/// The requirement that the memory of a report breaks: a list that is not MAPI's, one that is freed again after it was accepted,
/// one that is left after it was refused (page `imapisupport-statusrecips`).
fn of_report(context: &Context<'_>, n: u64, kind: IllegalKind) -> Option<&'static str> {
    let model = &context.model;
    let reports = || model.calls.candidate("IMAPISupport.StatusRecips");
    match kind {
        IllegalKind::ForeignMemory | IllegalKind::ForeignFree | IllegalKind::ChainMisuse
            if reports().any(|call| call.spans(n)) =>
        {
            Some("SEND-11")
        }
        IllegalKind::DoubleFree | IllegalKind::ForeignFree => {
            let submissions = context.outbound.submissions.iter();
            let within =
                submissions.map(|submission| model.submit_of(submission)).find(|submit| submit.spans(n))?;
            let accepted = reports().any(|call| within.spans(call.n) && call.end() < n && call.succeeded());
            accepted.then_some("ROBU-05")
        }
        IllegalKind::Leak => {
            let mut failed =
                model.calls.all().iter().filter(|call| call.by_candidate() && call.made_to_fail()).peekable();
            failed.peek()?;
            failed.all(|call| call.m == "IMAPISupport.StatusRecips").then_some("ROBU-05")
        }
        _ => None,
    }
}

/// The requirement that an illegal call, or a broken invariant, on a message that goes out breaks; the outer nothing is for
/// what is not about one, the inner one for what is reported already.
pub(super) fn illegal(
    context: &Context<'_>,
    n: u64,
    kind: IllegalKind,
    obj: &str,
) -> Option<Option<&'static str>> {
    let model = &context.model;
    if let Some(requirement) = of_report(context, n, kind) {
        return Some(Some(requirement));
    }
    let submission = context.outbound.lending(model.calls.root_of(obj))?;
    match kind {
        IllegalKind::OverRelease if obj == submission.message => Some(Some("SEND-09")),
        IllegalKind::UseAfterReturn => Some(Some("SEND-09")),
        IllegalKind::UseAfterRelease if n > model.over(submission) => Some(Some("SEND-09")),
        // What was still open at EndMessage is told there.
        IllegalKind::ReferenceLeak if left(model, submission).contains(&obj) => Some(None),
        _ => None,
    }
}
