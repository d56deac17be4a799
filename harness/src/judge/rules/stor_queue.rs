//! STOR: the outgoing queue, what can be done to a message in it, and its lock.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::What;
use serde_json::Value;

use super::coup_way::{past_the_queue, unprocessed};
use crate::judge::model::{Fact, Model};
use crate::judge::passage::{Passage, asks_lock, code, ok, submit_flag};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::served::{Situation, claims_coupled, handed_to_others};
use crate::judge::values::value_bits;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "STOR-06", check: table },
    Rule { id: "STOR-07", check: order },
    Rule { id: "STOR-08", check: locked },
    Rule { id: "STOR-09", check: read_only },
    Rule { id: "STOR-10", check: lock_state },
    Rule { id: "STOR-11", check: aborted },
];

/// Page `outgoing-queue-tables`.
fn table(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for fact in model.facts_of("queue-table") {
        let missing = fact.value.get("missing").and_then(Value::as_array).into_iter().flatten();
        let missing: Vec<_> = missing.filter_map(Value::as_str).collect();
        verdicts.holds(
            missing.is_empty(),
            fact.n,
            "the required columns in the outgoing queue table",
            || format!("{} missing", missing.join(", ")),
        );
        let notifies = HRESULT::from_name(fact.text("notifies"));
        verdicts.holds(
            notifies.is_none_or(HRESULT::is_ok),
            fact.n,
            "the outgoing queue table notifies of changes: Advise succeeds",
            || fact.text("notifies").to_owned(),
        );
    }
    for queue in model.facts_of("queue") {
        for (place, id) in entries(queue).iter().enumerate() {
            let again = entries(queue)[..place].contains(id);
            if again && !id.is_empty() {
                verdicts.broken(
                    queue.n,
                    "a message stands in the outgoing queue once",
                    "it stands there twice",
                );
            }
        }
        let times = times(queue);
        if times.len() > 1 {
            verdicts.holds(
                ascends(&times),
                queue.n,
                "the queue in ascending order of submission time, by itself or once it is sorted so",
                || format!("the times in it: {times:?}"),
            );
        }
    }
    if !claims_coupled(context) {
        for passage in &context.stores.passages {
            let Some(submit) = passage.submitted().filter(|_| passage.disturbed(model).is_none()) else {
                continue;
            };
            if let Some((n, due, seen)) = unprocessed(context, passage, submit) {
                verdicts.broken(n, due, seen);
            }
        }
    }
    for n in unnotified(model) {
        verdicts.broken(
            n,
            "the outgoing queue table notifies the spooler when it changes",
            "a message stood in it of which no notification had told",
        );
    }
}

fn entries<'t>(queue: &Fact<'t>) -> Vec<&'t str> {
    let listed = queue.value.get("entry-ids").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str).collect()
}

fn times(queue: &Fact<'_>) -> Vec<u64> {
    let listed = queue.value.get("times").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(crate::judge::values::number).collect()
}

fn ascends(times: &[u64]) -> bool {
    times.windows(2).all(|pair| pair[0] <= pair[1])
}

/// The waits for a notification that ended without one although there was a message in the queue.
fn unnotified(model: &Model<'_>) -> Vec<u64> {
    let timeouts = model.events().iter().filter(
        |event| matches!(&event.what, What::TimedOut { waiting, .. } if waiting == "queue-notification"),
    );
    let stood = |n: u64| {
        let next = model.facts_of("queue").find(|queue| queue.n > n);
        next.is_some_and(|queue| {
            queue.value.get("entry-ids").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty())
        })
    };
    timeouts.map(|event| event.n).filter(|n| stood(*n)).collect()
}

/// Page `sending-messages-message-store-provider-tasks`: the order of the SubmitMessage calls. A queue that is out of order by
/// its own times is STOR-06's.
fn order(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for (passage, n) in past_the_queue(context, Situation::Alone) {
        if let Some(n) = n {
            verdicts.broken(
                n,
                "a message that was submitted stands in the outgoing queue",
                format!("`{}` does not", passage.name),
            );
        }
    }
    for (earlier, later, n) in overtaken(context) {
        verdicts.broken(
            n,
            format!("`{}` is sent before `{}`, as they were submitted", earlier.name, later.name),
            format!("`{}` was sent while `{}` waited", later.name, earlier.name),
        );
    }
    let submitted = |passage: &&Passage<'_>| passage.submitted().is_some();
    let passages: Vec<_> = context.stores.passages.iter().filter(submitted).collect();
    for queue in model.facts_of("queue") {
        let mut standing: Vec<_> =
            passages.iter().filter_map(|passage| Some((passage.place_in(queue)?, *passage))).collect();
        standing.sort_by_key(|(place, _)| *place);
        if !standing.is_empty() {
            verdicts.exercised();
        }
        for pair in standing.windows(2) {
            let (first, second) = (pair[0].1, pair[1].1);
            let wrong = begun(first) > begun(second) && ascends(&times(queue));
            if wrong {
                verdicts.broken(
                    queue.n,
                    format!("`{}` before `{}`, as they were submitted", second.name, first.name),
                    "they stand in the queue the other way round",
                );
            }
        }
        // A message that comes into the queue later than it may have been seen there.
        for (_, later) in &standing {
            let late = passages.iter().find(|earlier| {
                earlier.store == later.store
                    && begun(earlier) < begun(later)
                    && !earlier.stands_in(queue)
                    && earlier.queues(model).next().is_some_and(|first| first.n > queue.n)
            });
            if let Some(late) = late {
                verdicts.broken(
                    queue.n,
                    format!("`{}` before `{}`, as they were submitted", late.name, later.name),
                    format!("`{}` stood in the queue first", later.name),
                );
            }
        }
    }
}

/// A message that waits and that the pair could send by itself, and a later one that it did send meanwhile: the order is that of
/// the SubmitMessage calls for all ways. What a transport was handed before may have been put off, and waits by itself.
fn overtaken<'a, 't>(
    context: &'a Context<'t>,
) -> impl Iterator<Item = (&'a Passage<'t>, &'a Passage<'t>, u64)> {
    let model = &context.model;
    let handed = |passage: &Passage<'_>, n: u64| {
        context.outbound.outgoing.iter().any(|outgoing| {
            let stored = outgoing.stored.map(|place| &raw const context.stores.passages[place]);
            stored.is_some_and(|stored| std::ptr::eq(stored, passage))
                && context.outbound.of(outgoing).any(|one| model.submit_of(one).n < n)
        }) || handed_to_others(model, passage).any(|(at, _)| at < n)
    };
    let direct = context.stores.passages.iter().filter(|passage| passage.went_directly(model));
    direct.filter_map(move |later| {
        let submit = later.submitted()?;
        // What was preprocessed is submitted once more afterwards, and is not sent before.
        let preprocessed = later.facts(model, "preprocessed").map(|fact| fact.n).last();
        let (since, told) = preprocessed.map_or((submit.n, submit.told), |n| (n, n));
        let earlier = context.stores.passages.iter().find(|earlier| {
            earlier.store == later.store
                && earlier.n < later.n
                && earlier.in_queue(model, since) == Some(true)
                && earlier.in_queue(model, told) == Some(true)
                && earlier.consignees.iter().all(|one| one.own && !one.nowhere())
                && earlier.disturbed(model).is_none()
                && !handed(earlier, told)
        })?;
        Some((earlier, later, told))
    })
}

fn begun(passage: &Passage<'_>) -> u64 {
    passage.submitted().map_or(passage.n, |submit| submit.n)
}

fn asked(fact: &Fact<'_>) -> u32 {
    fact.value.get("flags").map_or(0, |value| value_bits(value, &flags::OPEN_FLAGS))
}

/// Page `sending-messages-by-using-message-store-providers`: while the spooler has it locked.
fn locked(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for passage in &context.stores.passages {
        for fact in passage.facts(model, "message-opened") {
            if !passage.is_locked(model, fact.n) {
                continue;
            }
            // To open it for writing is wrong twice over: either answer says so.
            let writes = asked(fact) & flags::MAPI_MODIFY != 0 && asked(fact) & flags::MAPI_BEST_ACCESS == 0;
            let refused = match code(fact) {
                Some(HRESULT::MAPI_E_NO_ACCESS) => true,
                Some(HRESULT::MAPI_E_SUBMITTED) => writes,
                _ => false,
            };
            verdicts.holds(
                refused,
                fact.n,
                "MAPI_E_NO_ACCESS for a client that opens a message which the spooler has locked",
                || fact.text("hr").to_owned(),
            );
        }
    }
}

/// Page `sending-messages-by-using-message-store-providers`: in the queue it cannot be opened for writing.
fn read_only(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for passage in &context.stores.passages {
        for fact in passage.facts(model, "message-opened") {
            if passage.is_locked(model, fact.n) || passage.in_queue(model, fact.n) != Some(true) {
                continue;
            }
            let asked = asked(fact);
            if asked & flags::MAPI_BEST_ACCESS != 0 {
                verdicts.holds(
                    ok(fact) && fact.truth("writable") != Some(true),
                    fact.n,
                    "read-only access to a queued message with MAPI_BEST_ACCESS",
                    || if ok(fact) { "it could be written".to_owned() } else { fact.text("hr").to_owned() },
                );
            } else if asked & flags::MAPI_MODIFY != 0 {
                verdicts.holds(
                    code(fact) == Some(HRESULT::MAPI_E_SUBMITTED),
                    fact.n,
                    "MAPI_E_SUBMITTED for a queued message with MAPI_MODIFY",
                    || fact.text("hr").to_owned(),
                );
            }
        }
    }
}

/// Page `imsgstore-setlockstate`.
fn lock_state(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for fact in model.facts_of("lock-state") {
        if model.disturbed_before(fact.n).is_some() {
            continue;
        }
        verdicts
            .holds(ok(fact), fact.n, "SetLockState succeeds for the spooler", || fact.text("hr").to_owned());
        if !ok(fact) {
            continue;
        }
        let is_set = submit_flag(fact, flags::SUBMITFLAG_LOCKED);
        if asks_lock(fact) {
            verdicts.holds(
                is_set == Some(true),
                fact.n,
                "SUBMITFLAG_LOCKED in PR_SUBMIT_FLAGS after SetLockState(MSG_LOCKED)",
                || if is_set.is_some() { "it is not set" } else { "the property is not there" }.to_owned(),
            );
        } else {
            verdicts.holds(
                is_set != Some(true),
                fact.n,
                "no SUBMITFLAG_LOCKED in PR_SUBMIT_FLAGS after SetLockState(MSG_UNLOCKED)",
                || "it is set".to_owned(),
            );
        }
    }
    for fact in model.facts_of("queue-row") {
        let locked = fact.truth("locked") == Some(true);
        let due = if locked { "SUBMITFLAG_LOCKED" } else { "no SUBMITFLAG_LOCKED" };
        verdicts.holds(
            fact.truth("shown") == Some(locked),
            fact.n,
            format!("{due} in PR_SUBMIT_FLAGS of the message's row in the outgoing queue after SetLockState"),
            || if locked { "it is not set" } else { "it is set" }.to_owned(),
        );
    }
    for fact in model.facts_of("lock-saved") {
        verdicts.holds(
            fact.truth("saved") == Some(true),
            fact.n,
            "SetLockState(MSG_LOCKED) saves what was changed before",
            || "the change is not in the message that was opened anew".to_owned(),
        );
    }
}

/// Page `imsgstore-abortsubmit`; page `imsgstore-setlockstate` for a message that is locked.
fn aborted(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for passage in &context.stores.passages {
        for fact in passage.facts(model, "aborted") {
            // The state before the call: what the fact tells itself comes after it.
            let before = fact.n - 1;
            if passage.is_locked(model, before) {
                verdicts.holds(
                    code(fact) == Some(HRESULT::MAPI_E_UNABLE_TO_ABORT),
                    fact.n,
                    "MAPI_E_UNABLE_TO_ABORT for a message that the spooler has locked",
                    || fact.text("hr").to_owned(),
                );
            } else if passage.is_over(model, before) {
                verdicts.holds(
                    code(fact) == Some(HRESULT::MAPI_E_NOT_IN_QUEUE),
                    fact.n,
                    "MAPI_E_NOT_IN_QUEUE for a message that is in the queue no more",
                    || fact.text("hr").to_owned(),
                );
            } else if passage.in_queue(model, before) == Some(true) {
                verdicts.holds(ok(fact), fact.n, "AbortSubmit removes a queued message", || {
                    fact.text("hr").to_owned()
                });
            }
            let resubmitted = passage.submits.iter().any(|submit| submit.n > fact.n);
            let located = passage.facts(model, "located").find(|located| located.n > fact.n);
            if let Some(located) = located.filter(|_| ok(fact) && !resubmitted) {
                let bits = located.value.get("flags").and_then(crate::judge::values::number).unwrap_or(0);
                verdicts.holds(
                    bits & u64::from(flags::MSGFLAG_SUBMIT) == 0,
                    located.n,
                    "MSGFLAG_SUBMIT is cleared for a message that was taken back",
                    || "it is set: the message can neither be changed nor submitted again".to_owned(),
                );
            }
            let stands = passage.queues(model).find(|queue| queue.n > fact.n);
            if let Some(queue) = stands.filter(|_| ok(fact) && !resubmitted) {
                verdicts.broken(queue.n, "AbortSubmit removes a queued message", "it stands in the queue");
            }
        }
    }
}
