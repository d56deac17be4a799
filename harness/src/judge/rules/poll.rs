//! POLL: IXPLogon::Poll.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::{Announcer, What};

use crate::judge::calls::Call;
use crate::judge::ledger::Identity;
use crate::judge::model::Model;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::Way;
use crate::judge::values::number_of;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "POLL-01", check: polled_where_asked },
    Rule { id: "POLL-02", check: tells },
    Rule { id: "POLL-03", check: s_ok },
    Rule { id: "POLL-04", check: only_reports },
    Rule { id: "POLL-05", check: quick },
    Rule { id: "POLL-06", check: fetched },
];

/// How long a call may keep the processor, in nanoseconds (page `interacting-with-the-mapi-spooler`: 0.2 seconds).
const TOO_LONG: u64 = 200_000_000;
/// Of fewer calls than this, one that the machine held up would decide.
const ENOUGH: usize = 3;

fn polls<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Call<'a>> {
    context.model.calls.of("IXPLogon.Poll").filter(|call| !call.by_candidate())
}

/// Page `ixplogon-poll`: the flag at logon asks for it.
fn polled_where_asked(context: &Context<'_>, verdicts: &mut Verdicts) {
    for call in polls(context) {
        let session = context.model.session_of(call.obj);
        verdicts.holds(
            session.is_none_or(|session| session.polled()),
            call.n,
            "Poll only where LOGON_SP_POLL was returned",
            || "Poll".to_owned(),
        );
    }
}

/// Page `ixplogon-poll`. That Poll does not tell of mail that waits is found by the wait for its announcement: how soon a
/// provider knows of it is its own affair.
fn tells(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in polls(context).filter(|call| call.succeeded()) {
        let Some(ret) = call.ret.as_ref().filter(|ret| !ret.left("lpulIncoming")) else { continue };
        let Some(session) = model.session_of(call.obj) else { continue };
        verdicts.exercised();
        let incoming = number_of(ret.out, "lpulIncoming").unwrap_or(0);
        let waits = context.ledger.waited_within(call.n, ret.n);
        if incoming == 0 || waits || !model.is_open(session, Way::Inbound, call.n) {
            continue;
        }
        // A message that comes a second time is RECV-16's.
        let next = context.ledger.next_delivery(ret.n);
        let again =
            next.is_some_and(|delivery| matches!(delivery.is, Identity::Again(_) | Identity::Unknown));
        if !again && super::robu::cause_before(model, call.n).is_none() {
            verdicts.broken(ret.n, "zero in *lpulIncoming where nothing waits", incoming.to_string());
        }
    }
}

/// Page `ixplogon-poll`: S_OK is the only result it lists.
fn s_ok(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in polls(context) {
        let Some(ret) = &call.ret else { continue };
        let disturbed =
            model.calls.during(call).iter().any(Call::made_to_fail) || model.allocation_failed(call.n, ret.n);
        if !disturbed {
            verdicts.holds(ret.hr == Some(HRESULT::S_OK), ret.n, "Poll returns S_OK", || ret.text.to_owned());
        }
    }
}

/// A message that Poll took with it is found by the wait for its announcement.
fn only_reports(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for delivery in &context.ledger.deliveries {
        let start = model.start_of(&model.receipts[delivery.receipt]);
        let Some(arrived) = context.ledger.arrival_of(delivery) else { continue };
        let before = model.calls.on_between(start.obj, arrived.n, start.n);
        let before = before.filter(|call| call.m == "IXPLogon.Poll").take(2);
        if before.count() > 1 {
            verdicts.exercised();
        }
    }
}

/// Page `interacting-with-the-mapi-spooler`. One slow call may be the machine's; that most of them are is the provider's.
fn quick(context: &Context<'_>, verdicts: &mut Verdicts) {
    for m in ["IXPLogon.Poll", "IXPLogon.Idle"] {
        let calls = context.model.calls.spooler(m).map(|index| context.model.calls.at(index));
        let calls: Vec<_> = calls.filter(|call| call.ret.is_some()).collect();
        if calls.len() < ENOUGH {
            continue;
        }
        let slow: Vec<_> =
            calls.iter().filter(|call| longest_stretch(&context.model, call) > TOO_LONG).collect();
        verdicts.holds(
            slow.len() * 2 <= calls.len(),
            calls[0].n,
            format!("{m} returns within 0.2 s, or yields"),
            || format!("{} of {} calls kept the processor longer", slow.len(), calls.len()),
        );
    }
}

/// The longest time within a call without a callback, in nanoseconds: in a callback the spooler has the processor.
pub(super) fn longest_stretch(model: &Model<'_>, call: &Call<'_>) -> u64 {
    longest_gap(call, model.calls.inside(call))
}

/// The longest time within a call without one of these, in nanoseconds.
pub(super) fn longest_gap<'a, 't: 'a>(call: &Call<'_>, calls: impl Iterator<Item = &'a Call<'t>>) -> u64 {
    let Some(ret) = &call.ret else { return 0 };
    let mut since = call.t;
    let mut longest = 0;
    for inner in calls {
        longest = longest.max(inner.t.saturating_sub(since));
        since = since.max(inner.ret.as_ref().map_or(inner.t, |ret| ret.t));
    }
    longest.max(ret.t.saturating_sub(since))
}

/// Page `ixplogon-poll`: what the spooler does with the answer.
fn fetched(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for event in model.events() {
        let What::Announced { session: name, by: Announcer::Poll } = &event.what else { continue };
        let Some(step) = model.step_at(event.n).filter(|step| step.verb == "receive" && step.to < u64::MAX)
        else {
            continue;
        };
        let session =
            model.sessions.iter().rev().find(|session| session.name == *name && session.from < event.n);
        let Some(session) = session else { continue };
        let fetched =
            model.calls_to_between(session, event.n, step.to).any(|call| call.m == "IXPLogon.StartMessage");
        // Where the store gives no message to be filled there is nothing to fetch it into.
        let refused = || {
            model.calls.between(event.n, step.to).iter().any(|call| {
                let makes = ["GetReceiveFolder", "OpenEntry", "CreateMessage"].contains(&call.method());
                makes && !call.by_candidate() && call.failed()
            })
        };
        // After a critical error nothing but what releases is called.
        let dead = || {
            model.notifications_between(session, flags::NOTIFY_CRITICAL_ERROR, 0, step.to).next().is_some()
        };
        if !fetched && (refused() || dead()) {
            continue;
        }
        verdicts.holds(fetched, event.n, "StartMessage after Poll told of mail", || {
            "the step ended without one".to_owned()
        });
    }
}
