//! Messages composed in a store that are lost or sent again. The circumstances say which requirement that breaks.

use super::Attributed;
use crate::judge::passage::{Passage, Path, ok, waited_in_vain};
use crate::judge::rule::Context;
use crate::judge::rules::send::nondeliveries;
use crate::judge::served::{
    Situation, changed_before, first_expanded, handed_to_others, reported, situation, times,
};
use crate::judge::submission::{Consignee, Outgoing};

pub(super) fn attributed(context: &Context<'_>) -> Vec<Attributed> {
    let mut all = Vec::new();
    for outgoing in &context.outbound.outgoing {
        let Some(passage) = outgoing.stored.map(|place| &context.stores.passages[place]) else { continue };
        for consignee in &outgoing.consignees {
            all.extend(served(context, outgoing, passage, consignee));
        }
        changed(context, outgoing, passage, &mut all);
    }
    all
}

/// Derived from page `message-submission-model`: what another transport is handed is what the client submitted. Senders and
/// recipients are left to other rules: the client composes its own.
fn changed(context: &Context<'_>, outgoing: &Outgoing<'_>, passage: &Passage<'_>, all: &mut Vec<Attributed>) {
    let model = &context.model;
    let Some(due) = outgoing.mail.filter(|_| passage.disturbed(model).is_none()) else { return };
    for (n, content) in handed_to_others(model, passage) {
        all.extend(due.substance(&content).into_iter().map(|difference| Attributed {
            requirement: "SEND-15",
            event: Some(n),
            due: format!("`{}` is handed over as it was submitted: {}", passage.name, difference.due),
            seen: difference.seen,
            level: None,
        }));
    }
}

/// What is wrong with how often a recipient was served.
fn served(
    context: &Context<'_>,
    outgoing: &Outgoing<'_>,
    passage: &Passage<'_>,
    consignee: &Consignee,
) -> Option<Attributed> {
    let times = times(context, passage, consignee)?;
    let alike = |other: &&Consignee| other.address.eq_ignore_ascii_case(&consignee.address);
    // Who stands in the table twice may get it twice; who has it already is not to get it again.
    let most = outgoing.consignees.iter().filter(alike).filter(|other| !other.served).count();
    let model = &context.model;
    let name = passage.name;
    let (told, path) = match passage.path(model) {
        Some((n, path)) => (n, Some(path)),
        None => (model.events().last().map_or(0, |event| event.n), None),
    };
    if times > most {
        let file = context.outbound.sent_of(outgoing).last().map(|file| file.n);
        return Some(
            Attributed {
                level: None,
                requirement: cause(context, passage, Some(file.unwrap_or(told))),
                event: Some(file.unwrap_or(told)),
                due: match most {
                    0 => format!("`{name}` is not sent to {}, who has it already", consignee.address),
                    _ => format!("`{name}` is sent to {} once", consignee.address),
                },
                seen: format!("it was sent {times} times"),
            }
            .of_mail(),
        );
    }
    if times > 0 || consignee.served || !is_lost(context, outgoing, passage, consignee, path) {
        return None;
    }
    Some(
        Attributed {
            level: None,
            requirement: cause(context, passage, None),
            event: Some(told),
            due: format!("`{name}`, which was accepted, is sent to {}", consignee.address),
            seen: "nobody sent it".to_owned(),
        }
        .of_mail(),
    )
}

/// Whether a recipient who was not served will not be: the message is out of the store's hands, somebody said to have served
/// the recipient, and whoever sends had time to.
fn is_lost(
    context: &Context<'_>,
    outgoing: &Outgoing<'_>,
    passage: &Passage<'_>,
    consignee: &Consignee,
    path: Option<Path>,
) -> bool {
    let model = &context.model;
    let Some(submit) = passage.submitted() else { return false };
    // Of a resend those are served whom PrepareSubmit left for it.
    let left_out = || first_expanded(model, passage).is_some_and(|one| !one.names(&consignee.address));
    if passage.resend && left_out() {
        return false;
    }
    let taken = match path {
        Some(Path::Direct | Path::Completed) => true,
        // Who is not marked in the end was told of as not served.
        Some(Path::Failed) if vanished(context, passage) => true,
        Some(Path::Spooler | Path::Failed) => match outgoing.marked(consignee).filter(|_| consignee.own) {
            Some(marked) => marked,
            None => passed_over(context, passage, &consignee.address),
        },
        Some(Path::Aborted | Path::Kept) => false,
        None => waited_in_vain(model, submit.told),
    };
    let told = || {
        context.outbound.of(outgoing).any(|submission| {
            let all = nondeliveries(model, submission, true);
            all.iter().any(|(_, address)| address.eq_ignore_ascii_case(&consignee.address))
        }) || reported_directly(context, &consignee.address, submit.n)
            || reported(model, passage, &consignee.address)
    };
    let over = passage.path(model).map_or(submit.told, |(n, _)| n);
    let waited = model.waited_for_sent(over) || vanished(context, passage);
    taken && !consignee.nowhere() && (!consignee.own || waited) && !told()
}

/// Whether the spooler waited for a message that stands in the queue no more, or never did.
fn vanished(context: &Context<'_>, passage: &Passage<'_>) -> bool {
    let model = &context.model;
    let Some(submit) = passage.submitted() else { return false };
    let last =
        model.facts_of("queue").filter(|queue| queue.text("store") == passage.store && queue.n > submit.told);
    waited_in_vain(model, submit.told) && last.last().is_none_or(|queue| !passage.stands_in(queue))
}

/// Whether the spooler was through with a message and found nothing to do for a recipient: somebody had marked it.
fn passed_over(context: &Context<'_>, passage: &Passage<'_>, address: &str) -> bool {
    let distributed = passage.facts(&context.model, "distributed").last();
    let finished = || passage.facts(&context.model, "finished").any(ok);
    // Where everybody is marked there is nothing to distribute.
    distributed.map_or_else(finished, |fact| {
        let listed = |member: &str| {
            let list = fact.value.get(member).and_then(serde_json::Value::as_array).into_iter().flatten();
            let mut list = list.filter_map(serde_json::Value::as_str);
            list.any(|there| there.eq_ignore_ascii_case(address))
        };
        !listed("waiting") && !listed("left")
    })
}

/// Whether the pair reported an address with StatusRecips outside of a SubmitMessage of its transport.
fn reported_directly(context: &Context<'_>, address: &str, after: u64) -> bool {
    let reports = context.model.calls.candidate("IMAPISupport.StatusRecips").filter(|call| call.n > after);
    reports.into_iter().any(|call| {
        let text = call.args.get("lpRecipList").map(ToString::to_string).unwrap_or_default();
        text.to_ascii_lowercase().contains(&address.to_ascii_lowercase())
    })
}

/// The requirement that a message's loss breaks, or its coming again at an event.
fn cause(context: &Context<'_>, passage: &Passage<'_>, twice: Option<u64>) -> &'static str {
    let model = &context.model;
    if let Some(disturbance) = passage.disturbed(model) {
        return disturbance;
    }
    match situation(context, passage) {
        // FinishedMsg takes it out of the queue; what is never in the queue cannot be sent.
        Situation::Alone if twice.is_some() => "STOR-12",
        Situation::Alone => "STOR-07",
        Situation::Fallback => "COUP-07",
        Situation::Changing => "COUP-12",
        Situation::Unconnected => "COUP-01",
        Situation::Mixed => "COUP-08",
        // It came again after the pair had changed.
        Situation::Coupled if twice.is_some_and(|n| changed_before(context, passage, n)) => "COUP-12",
        Situation::Coupled if twice.is_some() && passage.queues(model).next().is_some() => "COUP-04",
        Situation::Coupled => "SEND-15",
    }
}
