//! SEND: the course of IXPLogon::SubmitMessage and IXPLogon::EndMessage.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::Prop;
use serde::Deserialize as _;
use serde_json::Value;

use crate::judge::attribute::outbound::{cause, is_final, reported};
use crate::judge::calls::Call;
use crate::judge::model::Model;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::spooler_flags;
use crate::judge::submission::{Consignee, Outgoing, Submission, UNASSIGNED, is_marked, is_of, low};
use crate::judge::values::{find, ids, number_of, text, text_of};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "SEND-01", check: reference_first },
    Rule { id: "SEND-02", check: responsibility },
    Rule { id: "SEND-03", check: served_before },
    Rule { id: "SEND-04", check: time_to_wait },
    Rule { id: "SEND-05", check: nothing_processed },
    Rule { id: "SEND-06", check: saved_before_failure },
    Rule { id: "SEND-07", check: nothing_internal },
    Rule { id: "SEND-08", check: end_flags },
    Rule { id: "SEND-09", check: objects_released },
    Rule { id: "SEND-10", check: deferred },
    Rule { id: "SEND-11", check: reported_once },
    Rule { id: "SEND-13", check: end_follows },
    Rule { id: "SEND-14", check: tried_again },
    Rule { id: "SEND-15", check: sent_once },
];

/// The messages that the transport has from nobody but the spooler. One that was composed in a store may have been served by
/// the store, too: what became of it is judged as the store's (rules of COUP and STOR).
fn alone<'a, 't>(context: &'a Context<'t>) -> impl Iterator<Item = &'a Outgoing<'t>> {
    context.outbound.outgoing.iter().filter(|outgoing| outgoing.stored.is_none())
}

/// Pages `message-submission-model`, step 2, and `ixplogon-submitmessage`: the reference is stored before data moves.
fn reference_first(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for submission in &context.outbound.submissions {
        let submit = model.submit_of(submission);
        if let Some((n, held)) = submission.first_use {
            verdicts.holds(
                held != UNASSIGNED,
                n,
                "a reference in *lpulMsgRef before data is transferred",
                || "it held 0 at the first call for the message's data".to_owned(),
            );
            if held == UNASSIGNED {
                continue;
            }
        }
        if submit.succeeded() {
            // With another value in its place a cancellation meanwhile has named nobody.
            let held =
                submission.first_use.map(|(_, held)| held).filter(|_| submission.reference != UNASSIGNED);
            if let Some(held) = held.filter(|held| low(*held) != low(submission.reference)) {
                verdicts.broken(
                    submit.end(),
                    "the reference that was assigned before data was transferred",
                    format!(
                        "{held} at the first call for the message's data, and {} at the end",
                        submission.reference
                    ),
                );
            }
            verdicts.holds(
                submission.reference != UNASSIGNED,
                submit.end(),
                "a reference in *lpulMsgRef",
                || format!("SubmitMessage returned {} and left 0 there", submit.result()),
            );
        }
    }
}

/// Page `pidtagresponsibility-canonical-property`: TRUE after sending, or conclusively failing to send, to a recipient; FALSE for
/// those that the transport cannot or should not handle. Who was sent to and is not marked is found with what was sent.
fn responsibility(context: &Context<'_>, verdicts: &mut Verdicts) {
    for outgoing in alone(context) {
        let Some(settled) = &outgoing.settled else { continue };
        let untouched = context.outbound.of(outgoing).all(|submission| cause(submission).is_none());
        if settled.done && outgoing.consignees.iter().any(|consignee| outgoing.marked(consignee).is_some()) {
            verdicts.exercised();
        }
        for consignee in outgoing.consignees.iter().filter(|consignee| !consignee.served && untouched) {
            let is_marked = outgoing.marked(consignee) == Some(true);
            let reported = reported(context, outgoing, consignee);
            let address = &consignee.address;
            if !is_marked && reported && settled.done && outgoing.marked(consignee).is_some() {
                verdicts.broken(
                    settled.n,
                    format!("PR_RESPONSIBILITY is TRUE for {address}, who was reported as failed"),
                    "it is FALSE",
                );
            }
            let unserved = match context.outbound.times(outgoing, consignee) {
                Some(times) => times == 0 && is_final(context, outgoing),
                // Where it cannot be seen, what counts is what the transport said of itself.
                None => !consignee.own && names_types(&context.model),
            };
            // One of its own that is marked in a message that was accepted is mail that was lost.
            if is_marked && !reported && unserved && (!consignee.own || !settled.done) {
                verdicts.broken(
                    settled.n,
                    format!("PR_RESPONSIBILITY stays FALSE for {address}, who was not sent to"),
                    "it is TRUE",
                );
            }
        }
    }
}

/// Whether the transport named address types: where it names none it takes any (page `ixplogon-addresstypes`).
fn names_types(model: &Model<'_>) -> bool {
    let answers =
        model.calls.spooler("IXPLogon.AddressTypes").filter_map(|index| model.calls.at(index).ret.as_ref());
    answers.into_iter().any(|ret| ret.out.get("lpppAdrTypeArray").is_some_and(Value::is_array))
}

/// Page `ixplogon-submitmessage`: where PR_RESPONSIBILITY is TRUE already another transport has served the recipient.
fn served_before(context: &Context<'_>, verdicts: &mut Verdicts) {
    for outgoing in alone(context) {
        let accepted =
            context.outbound.of(outgoing).any(|submission| context.model.submit_of(submission).succeeded());
        for consignee in outgoing.consignees.iter().filter(|consignee| consignee.served) {
            let Some(times) =
                context.outbound.times(outgoing, consignee).filter(|times| accepted || *times > 0)
            else {
                continue;
            };
            let event = context.outbound.sent_of(outgoing).last().map_or(outgoing.n, |file| file.n);
            verdicts.holds(
                times == 0,
                event,
                format!("nothing is sent to {}, who was served before", consignee.address),
                || format!("`{}` was", outgoing.name),
            );
        }
    }
}

/// Page `ixplogon-submitmessage`: the time is filled in with these two results. Zero seconds would be no wait.
fn time_to_wait(context: &Context<'_>, verdicts: &mut Verdicts) {
    for submission in &context.outbound.submissions {
        let submit = context.model.submit_of(submission);
        // A callback's error that is handed on is no word of the provider's own on when to try again.
        if submission.failed_callback.is_some() || submission.failed_allocation.is_some() {
            continue;
        }
        if matches!(submit.hr(), Some(HRESULT::MAPI_E_WAIT | HRESULT::MAPI_E_NETWORK_ERROR)) {
            let left = submit.ret.as_ref().is_some_and(|ret| ret.left("lpulReturnParm"));
            let wait = submission.wait.filter(|_| !left).map(low).unwrap_or(0);
            verdicts.holds(
                wait != 0,
                submit.end(),
                "*lpulReturnParm holds the seconds until the next try",
                || format!("{} without them", submit.result()),
            );
        }
    }
}

/// Page `ixplogon-submitmessage`, MAPI_E_BUSY, MAPI_E_NOT_ME and MAPI_E_CANCEL.
fn nothing_processed(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for outgoing in alone(context) {
        let refusals = |submission: &Submission<'_>| refused(model.submit_of(submission));
        for (place, submission) in context.outbound.of(outgoing).enumerate() {
            let submit = model.submit_of(submission);
            let untouched = cause(submission).is_none();
            if submit.hr() == Some(HRESULT::MAPI_E_CANCEL) && untouched {
                verdicts.holds(
                    place > 0 || model.deferred_before(submission),
                    submit.end(),
                    "MAPI_E_CANCEL only for a message that the provider had asked for again",
                    || "it was submitted for the first time".to_owned(),
                );
            }
            if !refused(submit) {
                continue;
            }
            verdicts.exercised();
            let due = format!("{} means that nothing was processed", submit.result());
            for call in model.uses_of(submission).filter(|call| marks_anyone(call, outgoing)) {
                verdicts.broken(call.n, due.clone(), "PR_RESPONSIBILITY had been set");
            }
            let during = model.calls.during(submit).iter();
            let alarm = during.filter(|call| call.by_candidate() && call.m == "IMAPISupport.SpoolerNotify");
            for call in alarm.filter(|call| spooler_flags(call) & flags::NOTIFY_CRITICAL_ERROR != 0) {
                verdicts.broken(call.n, due.clone(), "NOTIFY_CRITICAL_ERROR had been signalled");
            }
        }
        if outgoing.submissions.is_empty() || !context.outbound.of(outgoing).all(refusals) {
            continue;
        }
        for file in context.outbound.sent_of(outgoing) {
            verdicts.broken(
                file.n,
                "a message that is refused is not sent",
                format!("{} was sent", file.name),
            );
        }
    }
}

/// Whether a SubmitMessage was refused with nothing processed.
pub(crate) fn refused(submit: &Call<'_>) -> bool {
    matches!(submit.hr(), Some(HRESULT::MAPI_E_BUSY | HRESULT::MAPI_E_NOT_ME))
}

/// Whether a callback marks a recipient that was not served before.
pub(super) fn marks_anyone(call: &Call<'_>, outgoing: &Outgoing<'_>) -> bool {
    let lists = call.method() == "ModifyRecipients" && call.succeeded();
    let fresh = |row: &[Prop]| {
        let mut of_row =
            outgoing.consignees.iter().filter(|consignee| is_of(row, &consignee.address)).peekable();
        of_row.peek().is_none() || of_row.any(|consignee| !consignee.served)
    };
    lists && list_of(call, "lpMods").iter().any(|row| is_marked(row) && fresh(row))
}

/// Page `ixplogon-submitmessage`: after an error the message is released without saving changes.
fn saved_before_failure(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for outgoing in alone(context) {
        let failed = |submission: &&Submission<'_>| {
            let submit = model.submit_of(submission);
            // MAPI_E_CANCEL takes the message back: what was sent of it is another matter.
            submit.failed() && !refused(submit) && submit.hr() != Some(HRESULT::MAPI_E_CANCEL)
        };
        let Some(last) = context.outbound.of(outgoing).filter(failed).last() else { continue };
        verdicts.exercised();
        if outgoing.done() || !last.undisturbed() {
            continue;
        }
        for consignee in outgoing.consignees.iter().filter(|consignee| consignee.due()) {
            let sent = context.outbound.times(outgoing, consignee).is_some_and(|times| times > 0);
            if sent && outgoing.marked(consignee) == Some(false) {
                verdicts.broken(
                    model.submit_of(last).end(),
                    "SaveChanges before SubmitMessage fails, where recipients were served already",
                    format!(
                        "{} was sent to, and PR_RESPONSIBILITY is FALSE in what was saved",
                        consignee.address
                    ),
                );
            }
        }
    }
}

/// Page `ixplogon-submitmessage`: neither nontransmittable properties nor MAPI_P1 recipients are transmitted.
fn nothing_internal(context: &Context<'_>, verdicts: &mut Verdicts) {
    use mock_spooler::plan::draft::RecipientKind;

    for file in context.outbound.files.iter().filter(|file| file.mail.is_some()) {
        verdicts.holds(!file.tells_tales, file.n, "nontransmittable properties are not sent", || {
            format!("{} holds the value of one", file.name)
        });
    }
    for outgoing in &context.outbound.outgoing {
        for consignee in outgoing.consignees.iter().filter(|consignee| consignee.kind == RecipientKind::P1) {
            let also_open = outgoing.consignees.iter().any(|other| {
                other.kind != RecipientKind::P1 && other.address.eq_ignore_ascii_case(&consignee.address)
            });
            for file in context.outbound.sent_of(outgoing).filter(|_| !also_open) {
                verdicts.holds(
                    file.shows(&consignee.address).is_none(),
                    file.n,
                    "MAPI_P1 recipients serve addressing only",
                    || format!("{} shows {}", file.name, consignee.address),
                );
            }
        }
    }
}

/// Page `ixplogon-endmessage`, lpulFlags: without one the message has been sent.
fn end_flags(context: &Context<'_>, verdicts: &mut Verdicts) {
    let again = flags::END_RESEND_NOW | flags::END_RESEND_LATER;
    let known = again | flags::END_DONT_RESEND;
    for submission in &context.outbound.submissions {
        let Some(end) = submission.ending.map(|ending| context.model.calls.at(ending)) else { continue };
        let shown = || flags::END_MESSAGE_FLAGS.render(submission.answer);
        if end.succeeded() {
            let due = "END_RESEND_NOW, END_RESEND_LATER, END_DONT_RESEND or none";
            verdicts.holds(submission.answer & !known == 0, end.end(), due, shown);
            // The only result that page `ixplogon-endmessage` lists.
            if end.hr() != Some(HRESULT::S_OK) {
                verdicts.ill_advised(end.end(), "EndMessage returns S_OK", end.result());
            }
        } else if end.failed() && submission.undisturbed() {
            verdicts.broken(end.end(), "EndMessage says what is to be done with the message", end.result());
        }
        if submission.answer & again != 0 && submission.undisturbed() && took_all(context, submission) {
            verdicts.broken(
                end.end(),
                "no flags for a message that was sent: all its recipients are marked",
                shown(),
            );
        }
    }
}

/// Whether all recipients that the provider is asked to serve are marked, of which there are some.
pub(super) fn took_all(context: &Context<'_>, submission: &Submission<'_>) -> bool {
    let Some(outgoing) = submission.outgoing.map(|place| &context.outbound.outgoing[place]) else {
        return false;
    };
    let mut due = outgoing.consignees.iter().filter(|consignee| consignee.due()).peekable();
    due.peek().is_some()
        && due.all(|consignee| submission.recipients.marked(&consignee.address) == Some(true))
}

/// Page `ixplogon-endmessage`. What is left open, and a message that is released or used too long, is seen at the gate.
fn objects_released(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for submission in &context.outbound.submissions {
        if submission.ending.is_some_and(|end| model.calls.at(end).ret.is_some())
            && model.uses_of(submission).next().is_some()
        {
            verdicts.exercised();
        }
    }
}

/// Page `ixplogon-endmessage`, END_DONT_RESEND. A notification that does not come is found by the wait for it.
fn deferred(context: &Context<'_>, verdicts: &mut Verdicts) {
    if context.outbound.submissions.iter().any(|submission| submission.answer & flags::END_DONT_RESEND != 0) {
        verdicts.exercised();
    }
}

/// Page `imapisupport-statusrecips`: a single point of collection. Who was to be reported and was not is found with what
/// was sent.
fn reported_once(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for outgoing in &context.outbound.outgoing {
        let all: Vec<_> = context
            .outbound
            .of(outgoing)
            .flat_map(|submission| nondeliveries(model, submission, false))
            .collect();
        for consignee in &outgoing.consignees {
            let alike = outgoing.consignees.iter().filter(|other| other.address == consignee.address).count();
            let of = all.iter().filter(|(_, address)| address.eq_ignore_ascii_case(&consignee.address));
            let of: Vec<_> = of.collect();
            if let Some((n, _)) = of.last() {
                verdicts.holds(
                    of.len() <= alike,
                    *n,
                    format!("{} is reported once", consignee.address),
                    || format!("{} times", of.len()),
                );
                let sent = context.outbound.times(outgoing, consignee);
                verdicts.holds(
                    sent.is_none_or(|times| times == 0),
                    *n,
                    format!("{} is not reported, who was sent to", consignee.address),
                    || "a report of a failure".to_owned(),
                );
            }
        }
    }
}

/// The recipients that MAPI was asked to report as not served in a submission, by address, each with the event.
/// `attempts` counts those, too, that the case let fail.
pub(crate) fn nondeliveries(
    model: &Model<'_>,
    submission: &Submission<'_>,
    attempts: bool,
) -> Vec<(u64, String)> {
    let (from, over) = (model.submit_of(submission).n, model.over(submission));
    let calls = model.calls.between(from, over).iter().filter(|call| {
        let about = text_of(call.args, "lpMessage").is_none_or(|message| message == submission.message);
        let said = call.succeeded() || attempts && call.made_to_fail();
        call.by_candidate() && call.m == "IMAPISupport.StatusRecips" && said && about
    });
    let mut found = Vec::new();
    for call in calls {
        for row in list_of(call, "lpRecipList") {
            // Who has a time of delivery and no reason is told of as served (page `sending-messages-transport-provider-tasks`).
            let served =
                find(&row, ids::PR_DELIVER_TIME).is_some() && find(&row, ids::PR_NDR_REASON_CODE).is_none();
            if let Some(address) = address_of(&row, &submission.recipients.rows).filter(|_| !served) {
                found.push((call.n, address));
            }
        }
    }
    found
}

/// Whom a row of a report is about: by its address, or as the recipient with the same identifier.
fn address_of(row: &[Prop], recipients: &[Vec<Prop>]) -> Option<String> {
    if let Some(address) = text(row, ids::PR_EMAIL_ADDRESS) {
        return Some(address.to_owned());
    }
    let same = |id: u32, other: &[Prop]| {
        find(row, id).is_some_and(|there| find(other, id).is_some_and(|own| own.value == there.value))
    };
    let known = recipients.iter().find(|other| {
        [ids::PR_ENTRYID, ids::PR_SEARCH_KEY, ids::PR_DISPLAY_NAME].iter().any(|id| same(*id, other))
    });
    known.and_then(|known| text(known, ids::PR_EMAIL_ADDRESS)).map(str::to_owned)
}

/// The rows of an ADRLIST among arguments.
fn list_of(call: &Call<'_>, name: &str) -> Vec<Vec<Prop>> {
    let listed = call.args.get(name).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(|row| Vec::<Prop>::deserialize(row).ok()).collect()
}

/// What the spooler owes: page `ixplogon-endmessage`.
fn end_follows(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for submission in context.outbound.submissions.iter().filter(|submission| submission.logoff.is_none()) {
        let submit = model.submit_of(submission);
        let end = submission.ending.map(|ending| model.calls.at(ending));
        let went_on = model.calls.all().last().is_some_and(|last| last.n > submit.end());
        match end {
            Some(end) if submit.succeeded() => {
                let named = number_of(end.args, "ulMsgRef").map(low);
                verdicts.holds(
                    named == Some(low(submission.reference)),
                    end.n,
                    "EndMessage with the message's reference",
                    || format!("{named:?} for {}", submission.reference),
                );
            }
            Some(end) => {
                verdicts.broken(end.n, "no EndMessage after a SubmitMessage that failed", "EndMessage");
            }
            // After a critical error there is nothing but what releases.
            None if submit.succeeded() && went_on && !model.is_dead_at(submit) => {
                verdicts.broken(submit.end(), "EndMessage after a SubmitMessage that succeeded", "none");
            }
            None => {}
        }
    }
    for index in model.calls.spooler("IXPLogon.EndMessage") {
        let known = context.outbound.submissions.iter().any(|submission| submission.ending == Some(index));
        verdicts.holds(
            known,
            model.calls.at(index).n,
            "EndMessage once, for a message that was submitted",
            || "EndMessage for no message in process".to_owned(),
        );
    }
}

/// What the spooler owes: page `ixplogon-submitmessage`.
fn tried_again(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for outgoing in &context.outbound.outgoing {
        let all: Vec<_> = context.outbound.of(outgoing).collect();
        for pair in all.windows(2) {
            let (first, second) = (model.submit_of(pair[0]), model.submit_of(pair[1]));
            let waits = matches!(first.hr(), Some(HRESULT::MAPI_E_WAIT | HRESULT::MAPI_E_NETWORK_ERROR));
            let (Some(ret), true) = (&first.ret, waits) else { continue };
            let due = low(pair[0].wait.unwrap_or(0)).saturating_mul(1_000_000_000);
            let passed = second.t.saturating_sub(ret.t);
            verdicts.holds(passed >= due, second.n, "another try after *lpulReturnParm seconds", || {
                format!("after {} ms", passed / 1_000_000)
            });
        }
    }
}

/// Derived from page `message-submission-model`. What is lost, sent twice or changed is found with what was sent.
fn sent_once(context: &Context<'_>, verdicts: &mut Verdicts) {
    let due = |outgoing: &&Outgoing<'_>| outgoing.done() && outgoing.consignees.iter().any(Consignee::due);
    if context.outbound.visible && alone(context).any(|outgoing| due(&outgoing)) {
        verdicts.exercised();
    }
}

impl<'t> Model<'t> {
    /// Whether the provider had asked for a deferred message before a submission.
    fn deferred_before(&self, submission: &Submission<'t>) -> bool {
        let submit = self.submit_of(submission);
        let Some(session) = self.session_of(submit.obj) else { return false };
        self.notifications(session, flags::NOTIFY_SENTDEFERRED).any(|call| call.n < submit.n)
    }
}
