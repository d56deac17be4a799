//! STOR: a message is submitted in a store.

use mapi_spi::{HRESULT, flags};

use crate::judge::calls::Call;
use crate::judge::passage::{Expanded, Passage, Submit};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::spooler_flags;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "STOR-03", check: prepared },
    Rule { id: "STOR-04", check: ready },
    Rule { id: "STOR-05", check: without_recipients },
];

/// What of a message's preparation is not as it should be, with the event.
pub(super) struct Unprepared {
    pub(super) n: u64,
    pub(super) due: &'static str,
    pub(super) seen: String,
}

/// Pages `sending-messages-by-using-message-store-providers`, `sending-messages-message-store-provider-tasks` and
/// `imessage-submitmessage`. Whether PrepareSubmit is called for every message or for a resend alone is open: the pages
/// differ. What a pair does that sends a message itself is COUP-05's.
fn prepared(context: &Context<'_>, verdicts: &mut Verdicts) {
    for passage in context.stores.passages.iter().filter(|passage| !passage.went_directly(&context.model)) {
        if passage.submits.iter().any(|submit| submit.succeeded() && submit.call.is_some()) {
            verdicts.exercised();
        }
        for one in unprepared(context, passage) {
            verdicts.broken(one.n, one.due, one.seen);
        }
    }
    handed_back(context, verdicts);
}

/// What a store left out of the preparation of a message that it accepted.
pub(super) fn unprepared(context: &Context<'_>, passage: &Passage<'_>) -> Vec<Unprepared> {
    let model = &context.model;
    let mut found = Vec::new();
    // A message without recipients is not accepted at all, see STOR-05.
    if passage.consignees.is_empty() {
        return found;
    }
    for submit in passage.submits.iter().filter(|submit| submit.succeeded() && submit.call.is_some()) {
        if disturbed(context, submit) {
            continue;
        }
        let within = |n: u64| submit.n < n && n < submit.end;
        let expanded: Option<Expanded<'_>> = passage.expanded(model).find(|one| within(one.n));
        let Some(expanded) = expanded else {
            found.push(Unprepared {
                n: submit.end,
                due: "SubmitMessage calls ExpandRecips",
                seen: format!("`{}` was accepted without", passage.name),
            });
            continue;
        };
        let before = passage.facts(model, "prepare-submit").any(|fact| within(fact.n) && fact.n < expanded.n);
        if passage.resend && !before {
            found.push(Unprepared {
                n: expanded.n,
                due: "PrepareSubmit for a message with MSGFLAG_RESEND, before ExpandRecips",
                seen: format!("none for `{}`", passage.name),
            });
        }
        if expanded.flags.is_none_or(|set| set & u64::from(flags::MSGFLAG_SUBMIT) == 0) {
            found.push(Unprepared {
                n: expanded.n,
                due: "MSGFLAG_SUBMIT in PR_MESSAGE_FLAGS before ExpandRecips",
                seen: "it was not set".to_owned(),
            });
        }
        if !expanded.has_time {
            found.push(Unprepared {
                n: expanded.n,
                due: "PR_CLIENT_SUBMIT_TIME before ExpandRecips",
                seen: "it was not there".to_owned(),
            });
        }
        let wrong = expanded.recipients.iter().find(|(_, responsible)| *responsible != Some(false));
        if let Some((address, responsible)) = wrong {
            let seen = responsible.map_or("missing", |_| "TRUE");
            found.push(Unprepared {
                n: expanded.n,
                due: "PR_RESPONSIBILITY FALSE for every recipient before ExpandRecips",
                seen: format!("it was {seen} for {address}"),
            });
        }
    }
    found
}

/// Whether the case disturbed a SubmitMessage.
fn disturbed(context: &Context<'_>, submit: &Submit<'_>) -> bool {
    let model = &context.model;
    model.allocation_failed(submit.n, submit.end)
        || model
            .calls
            .between(submit.n, submit.end)
            .iter()
            .any(|call| call.by_candidate() && call.made_to_fail())
}

/// Errors of PrepareSubmit and ExpandRecips go back to the client.
fn handed_back(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for submit in context.stores.passages.iter().flat_map(|passage| &passage.submits) {
        let within = model.calls.between(submit.n, submit.end).iter();
        let mut failed = within.filter(|call| {
            let asks = matches!(call.m, "IMAPISupport.PrepareSubmit" | "IMAPISupport.ExpandRecips");
            asks && call.by_candidate() && call.made_to_fail()
        });
        if let Some(failed) = failed.next() {
            verdicts.holds(
                !submit.succeeded() || again(context, failed, submit),
                submit.end,
                format!("the error of {} goes back to the client", failed.method()),
                || {
                    format!(
                        "{} failed with {}, SubmitMessage returned {}",
                        failed.method(),
                        failed.result(),
                        submit.result
                    )
                },
            );
        }
    }
}

/// Whether a call that failed was made again and succeeded.
fn again(context: &Context<'_>, failed: &Call<'_>, submit: &Submit<'_>) -> bool {
    let later = context.model.calls.between(failed.n, submit.end).iter();
    later.filter(|call| call.by_candidate() && call.m == failed.m).any(Call::succeeded)
}

/// Pages `imapisupport-preparesubmit` and `imapisupport-spoolernotify`.
fn ready(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let tells = |call: &&Call<'_>| {
        call.by_candidate()
            && call.m == "IMAPISupport.SpoolerNotify"
            && spooler_flags(call) & flags::NOTIFY_READYTOSEND != 0
    };
    for logon in &context.stores.logons {
        let own: Vec<_> =
            model.calls.all().iter().filter(|call| call.obj == logon.support).filter(tells).collect();
        let succeeded: Vec<_> = own.iter().filter(|call| call.succeeded()).collect();
        if let Some(second) = succeeded.get(1) {
            verdicts.broken(
                second.n,
                "SpoolerNotify(NOTIFY_READYTOSEND) once in a session",
                format!("it was called {} times", succeeded.len()),
            );
        }
        let mut prepares =
            model.calls.candidate("IMAPISupport.PrepareSubmit").filter(|call| call.obj == logon.support);
        let Some(first) = prepares.next() else { continue };
        // The client's logon and the spooler's are one session.
        let of_session = |call: &&Call<'_>| {
            context.stores.with_support(call.obj).is_some_and(|other| other.name == logon.name)
        };
        let mut before = model.calls.all().iter().filter(tells).filter(of_session);
        verdicts.holds(
            before.any(|call| call.n < first.n),
            first.n,
            "SpoolerNotify(NOTIFY_READYTOSEND) before the first PrepareSubmit of a session",
            || "there was none".to_owned(),
        );
    }
}

/// Page `imessage-submitmessage`: the answer, and that the message stays open.
fn without_recipients(context: &Context<'_>, verdicts: &mut Verdicts) {
    for passage in context.stores.passages.iter().filter(|passage| passage.consignees.is_empty()) {
        let Some(submit) = passage.submits.first().filter(|submit| !disturbed(context, submit)) else {
            continue;
        };
        verdicts.holds(
            submit.hr == Some(HRESULT::MAPI_E_NO_RECIPIENTS),
            submit.end,
            "MAPI_E_NO_RECIPIENTS for a message without recipients",
            || submit.result.to_owned(),
        );
        if !submit.succeeded() {
            verdicts.holds(
                submit.usable != Some(false),
                submit.told,
                "the message stays open and usable after MAPI_E_NO_RECIPIENTS",
                || "it cannot be used".to_owned(),
            );
        }
    }
}
