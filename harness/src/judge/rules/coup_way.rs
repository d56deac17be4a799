//! COUP: the ways that a message takes through a pair - directly, in part, by the spooler.

use mapi_spi::flags;
use mock_spooler::trace::event::Prop;

use super::coup::bypasses;
use super::send_sender::is_identity;
use super::stor_done::misplaced;
use super::stor_submit::unprepared;
use crate::judge::model::Fact;
use crate::judge::passage::{Passage, Path, Submit, waited_in_vain};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::served::{Situation, claims_coupled, first_expanded, situation};
use crate::judge::submission::Outgoing;
use crate::judge::values::{ids, long, text};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "COUP-04", check: directly },
    Rule { id: "COUP-05", check: simulates },
    Rule { id: "COUP-06", check: as_if_alone },
    Rule { id: "COUP-07", check: falls_back },
    Rule { id: "COUP-08", check: shares },
    Rule { id: "COUP-09", check: preprocessed },
    Rule { id: "COUP-12", check: changes },
];

/// The messages that a store accepted while nothing else was done to it.
fn accepted<'a, 't>(context: &'a Context<'t>) -> impl Iterator<Item = (&'a Passage<'t>, &'a Submit<'t>)> {
    let all = context.stores.passages.iter().filter_map(|passage| Some((passage, passage.submitted()?)));
    all.filter(|(passage, _)| passage.disturbed(&context.model).is_none())
}

fn outgoing_of<'a, 't>(context: &'a Context<'t>, passage: &Passage<'t>) -> Option<&'a Outgoing<'t>> {
    let is_of = |place: usize| std::ptr::eq(&raw const context.stores.passages[place], passage);
    context.outbound.outgoing.iter().find(|outgoing| outgoing.stored.is_some_and(is_of))
}

/// Pages `tightly-coupled-message-store-providers` and `sending-messages-by-using-message-store-providers`. The first says that a
/// pair *can* send a message directly, page `sending-messages-message-store-provider-tasks` that the store determines whether the
/// spooler is involved: to leave all to it is allowed, and is not what a pair is made for. So this is no more than a `should`,
/// which warns and leaves a pair conformant; that nothing is lost or sent twice on that way is `COUP-12`'s and `SEND-15`'s.
fn directly(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for (passage, submit) in accepted(context) {
        if situation(context, passage) != Situation::Coupled || !is_plain(context, passage, submit) {
            continue;
        }
        let queued = submit.queued == Some(true) || passage.queues(model).next().is_some();
        let n = passage.queues(model).next().map_or(submit.told, |queue| queue.n);
        verdicts.holds(
            !queued,
            n,
            "a message whose recipients the pair can serve does not appear in the outgoing queue",
            || format!("`{}` stands in it", passage.name),
        );
        let handed = outgoing_of(context, passage).and_then(|outgoing| context.outbound.of(outgoing).next());
        if let Some(submission) = handed.filter(|_| !queued) {
            verdicts.broken(
                model.submit_of(submission).n,
                "a message whose recipients the pair can serve is not handed to its transport by the spooler",
                format!("`{}` was", passage.name),
            );
        }
    }
}

/// Whether nothing speaks against sending a message at once: no preprocessing, no earlier message that still waits, nothing
/// that the transport puts off or refuses.
fn is_plain(context: &Context<'_>, passage: &Passage<'_>, submit: &Submit<'_>) -> bool {
    let model = &context.model;
    let Some(expanded) = first_expanded(model, passage) else { return false };
    let waits = context.stores.passages.iter().any(|earlier| {
        earlier.n < passage.n
            && earlier.store == passage.store
            && earlier.in_queue(model, submit.n) == Some(true)
    });
    let put_off = outgoing_of(context, passage).is_some_and(|outgoing| {
        let mut all = context.outbound.of(outgoing);
        all.any(|one| one.answer != 0 || !model.submit_of(one).succeeded())
    });
    expanded.answered == 0
        && !waits
        && !put_off
        && !passage.consignees.iter().any(|one| one.nowhere() || one.served || !one.own)
}

/// Page `sending-messages-by-using-message-store-providers`: what the pair does in the place of the spooler and of MAPI.
fn simulates(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for (passage, submit) in accepted(context).filter(|(passage, _)| passage.went_directly(model)) {
        if bypasses(context, passage) {
            continue;
        }
        verdicts.exercised();
        for one in unprepared(context, passage) {
            verdicts.broken(one.n, one.due, one.seen);
        }
        let expanded = first_expanded(model, passage).map_or(submit.end, |expanded| expanded.n);
        if let Some(early) = passage.facts(model, "complete-msg").find(|fact| fact.n < expanded) {
            verdicts.broken(early.n, "CompleteMsg after ExpandRecips", "it was called before");
        }
        let Some((told, path)) = passage.path(model) else { continue };
        let located = passage.facts(model, "located").filter(|located| located.n > submit.told);
        // It may be looked for before and after its way is told to be over.
        let Some(located) = located.last() else { continue };
        let n = located.n.max(told);
        if path == Path::Direct
            && let Some((due, seen)) = misplaced(passage, located, true)
        {
            verdicts.broken(n, due, seen);
        }
        // What the transport does for a message that the spooler hands to it (page `sending-messages-transport-provider-tasks`).
        if let Some(sender) = unsigned(context, passage, submit, located) {
            verdicts.broken(
                n,
                "the PR_SENDER group of what the pair has sent is the identity logged on",
                sender,
            );
        }
    }
}

/// Who has sent a message by itself, where that is not the identity of the pair's transport.
fn unsigned(
    context: &Context<'_>,
    passage: &Passage<'_>,
    submit: &Submit<'_>,
    located: &Fact<'_>,
) -> Option<String> {
    let model = &context.model;
    let sender: Vec<Prop> = serde::Deserialize::deserialize(located.value.get("sender")?).ok()?;
    let served = passage.consignees.iter().any(|one| one.own && one.due() && !one.nowhere());
    if located.text("opened") != "S_OK" || !served {
        return None;
    }
    if sender.is_empty() {
        return Some("none of it is there".to_owned());
    }
    let row = model.row_at(model.coupled_with(passage.store, submit.n)?, submit.n)?;
    (!is_identity(&sender, row)).then(|| {
        let name = text(&sender, ids::PR_SENDER_NAME).or_else(|| text(&sender, ids::PR_SENDER_EMAIL_ADDRESS));
        format!("it is {}", name.unwrap_or("another's identifier"))
    })
}

/// Page `tightly-coupled-message-store-providers`. Two runs are compared where a case names another one that it is to be like;
/// what differs is attributed to this rule.
fn as_if_alone(context: &Context<'_>, verdicts: &mut Verdicts) {
    if context.input.like && context.model.trace.ended() {
        verdicts.exercised();
    }
}

/// Page `tightly-coupled-message-store-providers`, the second guideline.
fn falls_back(context: &Context<'_>, verdicts: &mut Verdicts) {
    for (passage, n) in past_the_queue(context, Situation::Fallback) {
        match n {
            None => verdicts.exercised(),
            Some(n) => verdicts.broken(
                n,
                "a message goes into the outgoing queue where the pair's own transport does not send it",
                format!("`{}` does not stand in it", passage.name),
            ),
        }
    }
}

/// The messages of a situation that were to go through the queue; with the event, where one did not.
pub(super) fn past_the_queue<'a, 't>(
    context: &'a Context<'t>,
    wanted: Situation,
) -> Vec<(&'a Passage<'t>, Option<u64>)> {
    let model = &context.model;
    let mut found = Vec::new();
    for (passage, submit) in accepted(context) {
        if situation(context, passage) != wanted {
            continue;
        }
        let stood = submit.queued == Some(true) || passage.queues(model).next().is_some();
        let taken_up = passage.facts(model, "spool-begin").next().is_some();
        match passage.path(model) {
            _ if stood || taken_up => found.push((passage, None)),
            Some((n, Path::Direct | Path::Completed | Path::Spooler | Path::Failed)) => {
                found.push((passage, Some(n)));
            }
            // Still under way, or taken back before it was to be seen.
            Some((_, Path::Aborted | Path::Kept)) => {}
            None if submit.queued != Some(true) && waited_in_vain(model, submit.told) => {
                found.push((passage, Some(submit.told)));
            }
            None => {}
        }
    }
    found
}

/// Pages `sending-messages-by-using-message-store-providers` and `imapisupport-expandrecips`. Whether the pair serves its own
/// recipients or leaves all to the spooler is left open: the second page has the spooler send the message. Who is left out and
/// who is served twice is found with what was sent.
fn shares(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for (passage, submit) in accepted(context) {
        if situation(context, passage) != Situation::Mixed {
            continue;
        }
        verdicts.exercised();
        let completed = passage.facts(model, "complete-msg").next().is_some();
        if passage.went_directly(model) && !completed {
            let n = passage.path(model).map_or(submit.told, |(n, _)| n);
            verdicts.broken(
                n,
                "a message goes into the outgoing queue for the recipients whom the pair cannot serve",
                format!("`{}` does not stand in it", passage.name),
            );
        }
        let Some(outgoing) = outgoing_of(context, passage) else { continue };
        let handed = context.outbound.of(outgoing).next().is_some();
        for consignee in outgoing.consignees.iter().filter(|one| one.own && !handed) {
            let times = context.outbound.times(outgoing, consignee).unwrap_or(0);
            if times > 0 && outgoing.marked(consignee) == Some(false) {
                verdicts.broken(
                    outgoing.settled.as_ref().map_or(submit.told, |settled| settled.n),
                    format!("PR_RESPONSIBILITY is TRUE for {}, whom the pair served", consignee.address),
                    "it is FALSE",
                );
            }
        }
    }
}

/// Page `sending-messages-by-using-message-store-providers`, step 6.
fn preprocessed(context: &Context<'_>, verdicts: &mut Verdicts) {
    if !claims_coupled(context) {
        return;
    }
    for (passage, submit) in accepted(context) {
        if let Some((n, due, seen)) = unprocessed(context, passage, submit) {
            verdicts.broken(n, due, seen);
        }
        let model = &context.model;
        let Some(expanded) = first_expanded(model, passage) else { continue };
        if expanded.answered & flags::NEEDS_PREPROCESSING == 0 {
            continue;
        }
        verdicts.exercised();
        let Some(done) = passage.facts(model, "preprocessed").next() else { continue };
        let resubmitted = model.calls.spooler("IMessage.SubmitMessage").map(|index| model.calls.at(index));
        let Some(resubmitted) = resubmitted.into_iter().find(|call| call.n > done.n && call.ret.is_some())
        else {
            continue;
        };
        verdicts.holds(
            resubmitted.succeeded(),
            resubmitted.end(),
            "SubmitMessage succeeds for the spooler once the message is preprocessed",
            || resubmitted.result().to_owned(),
        );
        let again = passage
            .queues(model)
            .find(|queue| queue.n > resubmitted.end() && must_preprocess(passage, queue) == Some(true));
        if let Some(queue) = again.filter(|_| resubmitted.succeeded()) {
            verdicts.broken(
                queue.n,
                "SUBMITFLAG_PREPROCESS goes once the message is preprocessed",
                format!("`{}` stands in the queue with it", passage.name),
            );
        }
        let able = model
            .coupled_with(passage.store, resubmitted.n)
            .is_some_and(|session| model.sends_at(session, resubmitted.n));
        let whole = expanded.answered & flags::NEEDS_SPOOLER == 0;
        let Some((n, path)) = passage.path(model).filter(|_| able && whole && resubmitted.succeeded()) else {
            continue;
        };
        if path == Path::Direct {
            verdicts.broken(
                n,
                "CompleteMsg ends the way of a message that was preprocessed and that the pair can serve",
                format!("`{}` went without", passage.name),
            );
        }
    }
}

/// Where a message that needs preprocessing is not queued for it.
pub(super) fn unprocessed(
    context: &Context<'_>,
    passage: &Passage<'_>,
    submit: &Submit<'_>,
) -> Option<(u64, &'static str, String)> {
    let model = &context.model;
    let expanded = first_expanded(model, passage)?;
    if expanded.answered & flags::NEEDS_PREPROCESSING == 0 {
        return None;
    }
    let due = "a message that needs preprocessing stands in the queue with SUBMITFLAG_PREPROCESS first";
    if let Some(queue) = passage.queues(model).next() {
        let set = must_preprocess(passage, queue)?;
        return (!set).then(|| (queue.n, due, format!("`{}` stands in it without", passage.name)));
    }
    let (n, _) = passage.path(model).filter(|(_, path)| !matches!(path, Path::Aborted | Path::Kept))?;
    (submit.queued != Some(true)).then(|| (n, due, format!("`{}` was sent without", passage.name)))
}

/// Whether a message's row in a queue asks for preprocessing.
fn must_preprocess(passage: &Passage<'_>, queue: &Fact<'_>) -> Option<bool> {
    let place = passage.place_in(queue)?;
    let rows = queue.value.get("rows")?.as_array()?;
    let row: Vec<Prop> = serde::Deserialize::deserialize(rows.get(place)?).ok()?;
    let set = long(&row, ids::PR_SUBMIT_FLAGS).unwrap_or(0) & u64::from(flags::SUBMITFLAG_PREPROCESS);
    Some(set != 0)
}

/// Derived from page `tightly-coupled-message-store-providers`: what is lost or sent twice is found with what was sent.
fn changes(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for (passage, _) in accepted(context) {
        let settled = passage.path(model).is_some();
        if settled && situation(context, passage) == Situation::Changing {
            verdicts.exercised();
        }
    }
}
