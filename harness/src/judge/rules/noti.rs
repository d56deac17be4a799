//! NOTI: IMAPISupport::SpoolerNotify.

use std::collections::HashMap;

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::{Outcome, Taken, What};

use super::ctrl::session_called;
use crate::judge::calls::Call;
use crate::judge::model::Model;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::{Session, spooler_flags, transport_flags};
use crate::judge::values::is_null;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "NOTI-01", check: notifies },
    Rule { id: "NOTI-02", check: not_too_often },
    Rule { id: "NOTI-03", check: leaves_turns },
    Rule { id: "NOTI-04", check: other_tasks_first },
    Rule { id: "NOTI-05", check: coalesced },
    Rule { id: "NOTI-06", check: data },
    Rule { id: "NOTI-07", check: exclusive },
    Rule { id: "NOTI-08", check: own_flags },
    Rule { id: "NOTI-09", check: critical_section },
    Rule { id: "NOTI-10", check: left_alone },
    Rule { id: "NOTI-11", check: critical_error },
    Rule { id: "NOTI-12", check: only_released },
    Rule { id: "NOTI-13", check: support_used },
];

/// How many messages are many (page `message-reception-model` speaks of a large number).
const MANY: usize = 5;
/// How many notifications in too quick succession are too frequent, and not an accident of two threads.
const TOO_FREQUENT: usize = 3;
/// What notifications tell of, and how many of them between two turns of another transport, or from within one call, do not deprive it
/// yet. Those that are about no message have no backlog for a reason, and a wide bound.
const BEARABLE: [(u32, usize); 2] =
    [(flags::NOTIFY_NEWMAIL, 16), (flags::NOTIFY_READYTOSEND | flags::NOTIFY_CONFIG_CHANGE, 256)];

fn notifications<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Call<'a>> {
    context.model.calls.candidate("IMAPISupport.SpoolerNotify")
}

fn newmail<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Call<'a>> {
    newmail_between(&context.model, 0, u64::MAX)
}

fn newmail_between<'a>(
    model: &'a Model<'_>,
    from: u64,
    to: u64,
) -> impl DoubleEndedIterator<Item = &'a Call<'a>> {
    let all = model.calls.candidate_between("IMAPISupport.SpoolerNotify", from, to);
    all.filter(|call| spooler_flags(call) & flags::NOTIFY_NEWMAIL != 0)
}

/// Page `message-reception-model`. Mail that is not notified of is found by the wait for its announcement.
fn notifies(context: &Context<'_>, verdicts: &mut Verdicts) {
    let unpolled =
        |call: &Call<'_>| context.model.session_of(call.obj).is_some_and(|session| !session.polled());
    if newmail(context).any(unpolled) {
        verdicts.exercised();
    }
}

/// Page `message-reception-model`, the note: with many messages the interval between notifications is longer than the time
/// that one message takes.
fn not_too_often(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in &model.sessions {
        let receipts =
            || model.receipts.iter().filter(|receipt| Some(model.start_of(receipt).obj) == session.logon);
        let delivered = receipts().filter(|receipt| receipt.outcome() == Some(Outcome::Delivered));
        let times = delivered.filter_map(|receipt| {
            let start = model.start_of(receipt);
            start.ret.as_ref().map(|ret| ret.t.saturating_sub(start.t))
        });
        let Some(processing) = times.min() else { continue };
        let mut worked: Vec<u64> = receipts()
            .flat_map(|receipt| [model.start_of(receipt).n, model.start_of(receipt).end()])
            .collect();
        worked.sort_unstable();
        let mut short = Vec::new();
        let all: Vec<_> = model.notifications(session, flags::NOTIFY_NEWMAIL).collect();
        for pair in all.windows(2) {
            // What comes from within a call of the spooler takes the spooler's own time: NOTI-03's.
            if pair.iter().any(|call| call.parent.is_some()) {
                continue;
            }
            if context.ledger.how_many_wait(pair[1].n) < MANY {
                continue;
            }
            verdicts.exercised();
            let next = worked.partition_point(|n| *n <= pair[0].n);
            let worked = worked.get(next).is_some_and(|n| *n < pair[1].n);
            if !worked && pair[1].t.saturating_sub(pair[0].t) < processing {
                short.push(pair[1].n);
            }
        }
        if short.len() >= TOO_FREQUENT {
            verdicts.broken(
                short[0],
                format!(
                    "with many messages, more than the {} us that one takes between notifications",
                    processing / 1000
                ),
                format!(
                    "{} notifications came sooner after the one before, with no message between",
                    short.len()
                ),
            );
        }
    }
}

/// Page `message-reception-model`, the note: other transports keep their turns. Each notification from within a call of the
/// spooler takes of the spooler's own time.
fn leaves_turns(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let tells = |call: &Call<'_>, what| {
        call.m == "IMAPISupport.SpoolerNotify" && call.by_candidate() && spooler_flags(call) & what != 0
    };
    for call in model.calls.all().iter().filter(|call| !call.by_candidate() && call.ret.is_some()) {
        for (what, bearable) in BEARABLE {
            let count = model.calls.inside(call).filter(|inner| tells(inner, what)).count();
            if count > 0 {
                verdicts.holds(
                    count <= bearable,
                    call.n,
                    "notifications leave the spooler time for other transports",
                    || format!("{count} notifications from within one {}", call.method()),
                );
            }
        }
    }
    // With another transport in the session each of its turns shows. Mail that waits is what notifications of mail are about.
    for step in &model.steps {
        let turns: Vec<u64> = turns(context).filter(|n| step.from < *n && *n < step.to).collect();
        for pair in turns.windows(2) {
            for (what, bearable) in BEARABLE {
                let count =
                    model.calls.between(pair[0], pair[1]).iter().filter(|call| tells(call, what)).count();
                let asked =
                    if what == flags::NOTIFY_NEWMAIL { context.ledger.waits(pair[0]) } else { count > 0 };
                if asked {
                    verdicts.holds(count <= bearable, pair[1], "other transports keep their turns", || {
                        format!("{count} notifications between two turns of the other transport")
                    });
                }
            }
        }
    }
}

/// The turns of the transports beside the candidate: what the spooler asks of them.
fn turns<'a>(context: &'a Context<'_>) -> impl Iterator<Item = u64> + 'a {
    context.model.events().iter().filter_map(|event| match &event.what {
        What::Foreign { m, .. }
            if matches!(m.as_str(), "IXPLogon.Idle" | "IXPLogon.Poll" | "IXPLogon.StartMessage") =>
        {
            Some(event.n)
        }
        _ => None,
    })
}

/// Page `message-reception-model`, the note: other tasks may come before the message. What is lost then is found by the
/// wait for its announcement.
fn other_tasks_first(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for event in model.events() {
        let What::Announced { session: name, .. } = &event.what else { continue };
        let session =
            model.sessions.iter().rev().find(|session| session.name == *name && session.from < event.n);
        let Some(session) = session else { continue };
        let task = |m: &str| {
            matches!(
                m,
                "IXPLogon.Idle"
                    | "IXPLogon.SubmitMessage"
                    | "IXPLogon.FlushQueues"
                    | "IXPLogon.ValidateState"
                    | "IXPLogon.AddressTypes"
            )
        };
        let fetched = model
            .receipts_after(event.n)
            .iter()
            .find(|receipt| Some(model.start_of(receipt).obj) == session.logon);
        let Some(receipt) = fetched else { continue };
        let start = model.start_of(receipt);
        if !model.calls_to_between(session, event.n, start.n).any(|call| task(call.m)) {
            continue;
        }
        verdicts.exercised();
        let nothing = receipt.outcome() == Some(Outcome::Empty) && receipt.undisturbed();
        // Where the case waits for it to come after all, the wait tells.
        let waited_for = model.last_timeout.is_some_and(|last| last > start.n);
        if !nothing || waited_for {
            continue;
        }
        if let Some(lost) = context.ledger.waiting(event.n).find(|arrival| arrival.delivered.is_none()) {
            verdicts.broken(
                start.end(),
                "an announced message stays available while other tasks come first",
                format!("StartMessage brought nothing, and `{}` did not come later", lost.name),
            );
        }
    }
}

/// The spooler's own policy: one NOTIFY_NEWMAIL of a session stands in the queue at a time.
fn coalesced(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    // What is told is told after it was done, and two threads tell: the spooler may take a notification up before the event of
    // that notification is written, and tell so after the event of the next. So a notification stands in the queue only
    // where nothing emptied the queue from its call on, the spooler's next word included.
    let mut queued: HashMap<&str, u64> = HashMap::new();
    for event in model.events() {
        let What::Notified { session, flags: notified, taken } = &event.what else { continue };
        if flags::SPOOLER_NOTIFY_FLAGS.parse(notified).unwrap_or(0) & flags::NOTIFY_NEWMAIL == 0 {
            continue;
        }
        let mut later = model.events_between(event.n, u64::MAX).iter();
        let told = later.find(|next| next.th == 0).map_or(u64::MAX, |next| next.n);
        let stands = queued.get(session.as_str()).is_some_and(|since| !emptied(model, session, *since, told));
        verdicts.holds(
            !stands || *taken != Taken::Queued,
            event.n,
            "a repeated NOTIFY_NEWMAIL is coalesced",
            || "it was queued a second time".to_owned(),
        );
        if *taken == Taken::Queued {
            let call = newmail_between(model, 0, event.n).rfind(|call| call.th == event.th);
            queued.insert(session, call.map_or(event.n, |call| call.n));
        }
    }
}

/// Whether a session's queue was, or may have been, emptied between two events: with what is fetched, where the case looks
/// whether it is there, and with its direction.
fn emptied(model: &Model<'_>, name: &str, from: u64, to: u64) -> bool {
    let mut between = model.events_between(from, to.saturating_add(1)).iter();
    between.any(|event| match &event.what {
        What::Announced { session, .. } => session == name,
        What::Call { obj, m, .. } if empties_the_queue(m) => {
            model.session_of(obj).is_some_and(|session| session.name == name)
        }
        What::Fact { name, .. } => name == "nothing-waits",
        _ => false,
    })
}

fn empties_the_queue(m: &str) -> bool {
    matches!(m, "IXPLogon.TransportNotify" | "IXPLogon.TransportLogoff" | "IXPLogon.StartMessage")
}

/// Page `imapisupport-spoolernotify`, the table of `lpvData`.
fn data(context: &Context<'_>, verdicts: &mut Verdicts) {
    const WITH_DATA: u32 =
        flags::NOTIFY_SENTDEFERRED | flags::NOTIFY_CRITICAL_ERROR | flags::NOTIFY_NEWMAIL_RECEIVED;
    for call in notifications(context) {
        let set = spooler_flags(call);
        let null = is_null(call.args, "lpvData");
        if set & WITH_DATA == 0 {
            verdicts.holds(null, call.n, "lpvData is null with these flags", || {
                flags::SPOOLER_NOTIFY_FLAGS.render(set)
            });
        } else if set & flags::NOTIFY_SENTDEFERRED != 0 {
            verdicts.holds(!null, call.n, "lpvData points to the deferred message's identifier", || {
                "it is null".to_owned()
            });
        }
    }
}

/// Page `imapisupport-spoolernotify`: both flags use `lpvData`.
fn exclusive(context: &Context<'_>, verdicts: &mut Verdicts) {
    const BOTH: u32 = flags::NOTIFY_SENTDEFERRED | flags::NOTIFY_CRITICAL_ERROR;
    for call in notifications(context).filter(|call| spooler_flags(call) & BOTH != 0) {
        verdicts.holds(
            spooler_flags(call) & BOTH != BOTH,
            call.n,
            "NOTIFY_SENTDEFERRED or NOTIFY_CRITICAL_ERROR",
            || "both".to_owned(),
        );
    }
}

/// Page `imapisupport-spoolernotify`: the flag that only stores set, and the two that stores set.
fn own_flags(context: &Context<'_>, verdicts: &mut Verdicts) {
    const OF_STORES: u32 = flags::NOTIFY_NEWMAIL_RECEIVED | flags::NOTIFY_READYTOSEND;
    for call in notifications(context) {
        if context.stores.with_support(call.obj).is_some() {
            verdicts.holds(
                spooler_flags(call) & !OF_STORES == 0,
                call.n,
                "a store sets nothing but NOTIFY_NEWMAIL_RECEIVED and NOTIFY_READYTOSEND",
                || flags::SPOOLER_NOTIFY_FLAGS.render(spooler_flags(call)),
            );
        }
        if context.model.session_of(call.obj).is_some() {
            verdicts.holds(
                spooler_flags(call) & flags::NOTIFY_NEWMAIL_RECEIVED == 0,
                call.n,
                "a transport never sets NOTIFY_NEWMAIL_RECEIVED",
                || flags::SPOOLER_NOTIFY_FLAGS.render(spooler_flags(call)),
            );
        }
    }
}

/// The times at which a session is in a critical section: from NOTIFY_CRITSEC to NOTIFY_NONCRIT.
fn critical_sections(model: &Model<'_>, session: &Session<'_>) -> Vec<(u64, Option<u64>)> {
    let mut sections: Vec<(u64, Option<u64>)> = Vec::new();
    for call in model.notifications(session, flags::NOTIFY_CRITSEC | flags::NOTIFY_NONCRIT) {
        let open = sections.last_mut().filter(|(_, to)| to.is_none());
        if spooler_flags(call) & flags::NOTIFY_NONCRIT != 0 {
            if let Some((_, to)) = open {
                *to = Some(call.n);
            }
        } else if open.is_none() && call.succeeded() {
            sections.push((call.end(), None));
        }
    }
    sections
}

/// Page `imapisupport-spoolernotify`, notes to transport providers.
fn critical_section(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        for (from, to) in critical_sections(model, session) {
            verdicts.exercised();
            // A logoff may cut a section short; the provider can still end it meanwhile.
            let failed = model.notifications(session, flags::NOTIFY_CRITICAL_ERROR).next().is_some();
            // Who is logged off within the call that has the section lets go of the support object, and of all ways to end it.
            let cut = model
                .calls_to(session)
                .any(|call| call.n < from && from < call.end() && model.closing(session) < call.end());
            if to.is_none() && model.closed(session).is_some() && !failed && !cut {
                verdicts.broken(
                    from,
                    "NOTIFY_NONCRIT after NOTIFY_CRITSEC",
                    "none before the session was over",
                );
            }
            let until = to.unwrap_or_else(|| model.closing(session));
            for call in model.calls.between(from, until) {
                let validates = matches!(call.m, "IMAPIStatus.ValidateState" | "IXPLogon.ValidateState");
                let of_session =
                    session_called(model, call.obj).is_some_and(|other| other.support == session.support);
                if validates && !call.by_candidate() && of_session && call.end() < until {
                    verdicts.holds(
                        call.hr() == Some(HRESULT::MAPI_E_BUSY),
                        call.end(),
                        "MAPI_E_BUSY in a critical section",
                        || call.result().to_owned(),
                    );
                }
            }
        }
    }
}

/// What the spooler owes a critical section.
fn left_alone(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in &model.sessions {
        for (from, to) in critical_sections(model, session) {
            let until = to.unwrap_or_else(|| model.closing(session));
            verdicts.exercised();
            // A section that begins on another thread may find the spooler on its way into one call.
            let begun = model.notifications(session, flags::NOTIFY_CRITSEC).find(|call| call.end() == from);
            let racing = usize::from(begun.is_some_and(|call| call.parent.is_none()));
            for call in model.calls_to(session).filter(|call| from < call.n && call.n < until).skip(racing) {
                let disturbs = matches!(call.m, "IXPLogon.Idle" | "IXPLogon.Poll");
                verdicts.holds(!disturbs, call.n, "neither Idle nor Poll in a critical section", || {
                    call.m.to_owned()
                });
            }
        }
    }
}

/// Page `imapisupport-spoolernotify`: the call within which an unrecoverable error is told returns an error at once.
fn critical_error(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let told = |entry: &Call<'_>| {
        let mut inside = model.calls.inside(entry);
        inside.find(|call| {
            call.m == "IMAPISupport.SpoolerNotify" && spooler_flags(call) & flags::NOTIFY_CRITICAL_ERROR != 0
        })
    };
    for receipt in &model.receipts {
        let start = model.start_of(receipt);
        if let Some(told) = told(start) {
            let after = model.uses(receipt).find(|call| call.n > told.end() && !lets_go(call));
            returns_an_error(start, after, verdicts);
        }
    }
    for submission in &context.outbound.submissions {
        let submit = model.submit_of(submission);
        if let Some(told) = told(submit) {
            let after = model.uses_of(submission).find(|call| call.n > told.end() && !lets_go(call));
            returns_an_error(submit, after, verdicts);
        }
    }
}

/// What is open is given back before an error is returned.
fn lets_go(call: &Call<'_>) -> bool {
    call.method() == "Release"
}

fn returns_an_error(entry: &Call<'_>, after: Option<&Call<'_>>, verdicts: &mut Verdicts) {
    if entry.ret.is_some() {
        verdicts.holds(entry.failed(), entry.end(), "an error after NOTIFY_CRITICAL_ERROR", || {
            entry.result().to_owned()
        });
    }
    if let Some(after) = after {
        let due = format!("{} returns at once after NOTIFY_CRITICAL_ERROR", entry.method());
        verdicts.broken(after.n, due, after.m);
    }
}

/// What the spooler does after a critical error.
fn only_released(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in &model.sessions {
        let told = model.notifications(session, flags::NOTIFY_CRITICAL_ERROR).find(|call| call.succeeded());
        let Some(told) = told else { continue };
        verdicts.exercised();
        // As with critical sections: told on another thread it may find the spooler on its way into one call.
        let racing = usize::from(told.parent.is_none());
        for call in model.calls_to(session).filter(|call| call.n > told.end()).skip(racing) {
            let ends = call.m == "IXPLogon.TransportNotify" && transport_flags(call) == 0;
            let allowed = matches!(call.m, "IXPLogon.TransportLogoff" | "IUnknown.Release") || ends;
            verdicts.holds(
                allowed,
                call.n,
                "nothing but the releasing calls after NOTIFY_CRITICAL_ERROR",
                || call.m.to_owned(),
            );
        }
    }
}

/// Page `releasing-the-transport-provider`. Uses after the last Release are seen at the gate.
fn support_used(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let released =
        |session: &Session<'_>| session.logon.is_some() && model.calls.let_go(session.support).is_some();
    let mut stores = context.stores.logons.iter().filter(|logon| logon.logon.is_some());
    if model.sessions.iter().any(released) || stores.any(|logon| model.calls.let_go(logon.support).is_some())
    {
        verdicts.exercised();
    }
}
