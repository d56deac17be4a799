//! CTRL: TransportNotify, begin and end of a direction.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::{Outcome, Taken, What};

use super::stat::opened_by;
use crate::capability::Capability;
use crate::judge::calls::Call;
use crate::judge::model::Model;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::{Session, Way, transport_flags};
use crate::judge::values::{ids, prop_bits, value_bits};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "CTRL-01", check: flags_unchanged },
    Rule { id: "CTRL-02", check: inbound_row },
    Rule { id: "CTRL-03", check: outbound_row },
    Rule { id: "CTRL-04", check: inbound_ends },
    Rule { id: "CTRL-06", check: second_thread },
    Rule { id: "CTRL-07", check: nothing_stranded },
    Rule { id: "CTRL-08", check: spooler_keeps_directions },
];

/// How many notifications beyond one for each message that waits may be on their way when inbound ends: far more than any
/// number of threads has.
const IN_FLIGHT: usize = 16;

/// The page is `ixplogon-transportnotify` for all rules of this file.
const METHOD: &str = "IXPLogon.TransportNotify";

fn flags_unchanged(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler(METHOD).map(|index| model.calls.at(index)) {
        let Some(ret) = &call.ret else { continue };
        let passed = transport_flags(call);
        let after = ret
            .out
            .get("lpulFlags")
            .map_or(passed, |value| value_bits(value, &flags::TRANSPORT_NOTIFY_FLAGS));
        verdicts.holds(after == passed, ret.n, "*lpulFlags comes back unchanged", || {
            format!(
                "{} became {}",
                flags::TRANSPORT_NOTIFY_FLAGS.render(passed),
                flags::TRANSPORT_NOTIFY_FLAGS.render(after)
            )
        });
    }
}

fn inbound_row(context: &Context<'_>, verdicts: &mut Verdicts) {
    let receives = |session: &Session<'_>| {
        let claimed =
            context.input.capabilities.is_some_and(|claimed| claimed.contains(&Capability::Inbound));
        claimed
            || session.polled()
            || context.model.notifications(session, flags::NOTIFY_NEWMAIL).next().is_some()
    };
    row_follows(
        context,
        Way::Inbound,
        flags::STATUS_INBOUND_ENABLED,
        "STATUS_INBOUND_ENABLED",
        &receives,
        verdicts,
    );
}

fn outbound_row(context: &Context<'_>, verdicts: &mut Verdicts) {
    // Without a claim a transport may be one that only receives: one that has served a recipient is none.
    let served = |session: &Session<'_>| {
        context.outbound.outgoing.iter().any(|outgoing| {
            let theirs = |place: usize| context.model.sessions[place].support == session.support;
            context.outbound.of(outgoing).any(|submission| submission.session.is_some_and(theirs))
                && outgoing.consignees.iter().any(|one| !one.served && outgoing.marked(one) == Some(true))
        })
    };
    let sends = |session: &Session<'_>| {
        context.input.capabilities.is_some_and(|claimed| claimed.contains(&Capability::Outbound))
            || served(session)
    };
    row_follows(
        context,
        Way::Outbound,
        flags::STATUS_OUTBOUND_ENABLED,
        "STATUS_OUTBOUND_ENABLED",
        &sends,
        verdicts,
    );
}

fn row_follows(
    context: &Context<'_>,
    way: Way,
    bit: u32,
    name: &str,
    serves: &dyn Fn(&Session<'_>) -> bool,
    verdicts: &mut Verdicts,
) {
    let model = &context.model;
    let code_at = |session: &Session<'_>, n: u64| {
        let row = model.row_at(session, n)?;
        prop_bits(row, ids::PR_STATUS_CODE, &flags::STATUS_CODE_BITS)
    };
    // Who has shown the bit uses it, whatever else is known of him.
    let shows = |session: &Session<'_>| {
        model.rows_of(session).any(|row| code_at(session, row.n).is_some_and(|code| code & bit != 0))
    };
    for session in model.sessions.iter().filter(|session| serves(session) || shows(session)) {
        let misdirected: Vec<_> = misdirected_rows(context).into_iter().map(|(_, call)| call.n).collect();
        for call in model.notified(session, way.begin() | way.end()) {
            let Some(ret) = call.ret.as_ref().filter(|_| call.succeeded()) else { continue };
            let disturbed = model.calls.during(call).iter().any(|inner| inner.made_to_fail())
                || model.allocation_failed(call.n, ret.n)
                || crowded(model, session, call, way)
                || misdirected.contains(&call.n);
            let Some(code) = code_at(session, ret.n).filter(|_| !disturbed) else { continue };
            let on = transport_flags(call) & way.begin() != 0;
            // Who may not connect cannot receive or send (page: pidtagstatuscode-canonical-property).
            if on && code & bit == 0 && session.passed & flags::LOGON_NO_CONNECT != 0 {
                continue;
            }
            let says = if on { "set" } else { "cleared" };
            verdicts.holds(
                (code & bit != 0) == on,
                ret.n,
                format!("{name} is {says} before TransportNotify returns"),
                || flags::STATUS_CODE_BITS.render(code),
            );
        }
        for call in model.notified(session, !(way.begin() | way.end())) {
            let Some(ret) = call.ret.as_ref() else { continue };
            let own = transport_flags(call) & (way.begin() | way.end()) != 0;
            let changes = model.calls.inside(call).any(|inner| inner.m == "IMAPISupport.ModifyStatusRow");
            if own || !changes || !model.is_open(session, way, call.n) || crowded(model, session, call, way) {
                continue;
            }
            let (before, after) = (code_at(session, call.n), code_at(session, ret.n));
            let lost =
                before.is_some_and(|code| code & bit != 0) && after.is_some_and(|code| code & bit == 0);
            verdicts.holds(!lost, ret.n, format!("{name} stays set until its own end"), || {
                format!("{} cleared it", flags::TRANSPORT_NOTIFY_FLAGS.render(transport_flags(call)))
            });
        }
    }
}

/// Whether another begin or end of the same direction ran at the same time: then either may be the last.
fn crowded(model: &Model<'_>, session: &Session<'_>, call: &Call<'_>, way: Way) -> bool {
    let mut others = model.notified(session, way.begin() | way.end()).filter(|other| other.n != call.n);
    others.any(|other| other.n < call.end() && call.n < other.end())
}

/// Begins and ends after which the row of another session of the same provider shows the change, and the session's own
/// does not: a support object was mixed up.
pub(super) fn misdirected_rows<'a, 't>(context: &'a Context<'t>) -> Vec<(&'a Session<'t>, &'a Call<'t>)> {
    let model = &context.model;
    let mut found = Vec::new();
    for session in &model.sessions {
        let all = flags::NOTIFY_BEGIN_INBOUND
            | flags::NOTIFY_END_INBOUND
            | flags::NOTIFY_BEGIN_OUTBOUND
            | flags::NOTIFY_END_OUTBOUND;
        for call in model.notified(session, all) {
            let changes = |other: &&Call<'_>| other.m == "IMAPISupport.ModifyStatusRow" && other.succeeded();
            let mut own = model.calls.inside(call).filter(changes).map(|inner| inner.obj).peekable();
            let sibling = |support: &str| {
                model
                    .sessions
                    .iter()
                    .any(|other| other.support == support && other.provider == session.provider)
            };
            if own.peek().is_some() && own.all(|support| support != session.support && sibling(support)) {
                found.push((session, call));
            }
        }
    }
    found
}

fn inbound_ends(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in model.receipts.iter().filter(|receipt| receipt.ended.is_some() && receipt.undisturbed()) {
        let start = model.start_of(receipt);
        if start.ret.is_none() || !context.ledger.waits(start.n) {
            continue;
        }
        verdicts.holds(
            receipt.outcome() == Some(Outcome::Delivered),
            start.end(),
            "the message in process when NOTIFY_END_INBOUND comes is completed",
            || format!("StartMessage returned {} without having delivered it", start.result()),
        );
    }
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        for end in model.notified(session, flags::NOTIFY_END_INBOUND).filter(|call| call.ret.is_some()) {
            verdicts.exercised();
            let again =
                model.notified(session, flags::NOTIFY_BEGIN_INBOUND).map(|call| call.n).find(|n| *n > end.n);
            let until = again.unwrap_or_else(|| model.closing(session));
            // A notification that was on its way when the end came is no offer; one for mail that came later is.
            let came = context
                .ledger
                .arrivals
                .iter()
                .map(|arrival| arrival.n)
                .find(|n| end.end() < *n && *n < until);
            let offered = came.and_then(|came| {
                model
                    .notifications(session, flags::NOTIFY_NEWMAIL)
                    .find(|call| came < call.n && call.n < until)
            });
            let repeated = repeated(context, session, end.end(), until);
            if let Some(offered) = offered {
                verdicts.broken(
                    offered.n,
                    "no further message is offered after NOTIFY_END_INBOUND",
                    "SpoolerNotify(NOTIFY_NEWMAIL)",
                );
            } else if let Some(repeated) = repeated.get(IN_FLIGHT) {
                verdicts.broken(
                    repeated.n,
                    "what waits is not offered again after NOTIFY_END_INBOUND",
                    format!("{IN_FLIGHT} SpoolerNotify(NOTIFY_NEWMAIL), and more"),
                );
            }
        }
    }
}

/// The offers between two events, all but those that the spooler has asked for and those of a flush. A provider may tell of each
/// message, so as many as wait may have been on their way.
fn repeated<'a>(context: &'a Context<'_>, session: &'a Session<'_>, from: u64, to: u64) -> Vec<&'a Call<'a>> {
    let model = &context.model;
    let flushed = |call: &Call<'_>| {
        session.logon.is_some_and(|logon| super::flsh_vals_idle::in_inbound_flush(model, logon, call.n))
    };
    let offers = model.notifications_between(session, flags::NOTIFY_NEWMAIL, from, to);
    let offers = offers.filter(|call| call.parent.is_none() && !flushed(call));
    offers.skip(context.ledger.how_many_wait(from)).collect()
}

/// A call that does not return is found by the wait for it.
fn second_thread(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    if model.calls.spooler(METHOD).any(|index| model.calls.at(index).th != 0) {
        verdicts.exercised();
    }
    // Who says that a message was cancelled, which nobody has cancelled, took another notification for a cancellation.
    for receipt in model.receipts.iter().filter(|receipt| receipt.cancels.is_empty() && receipt.undisturbed())
    {
        let start = model.start_of(receipt);
        let says = matches!(start.hr(), Some(HRESULT::MAPI_E_USER_CANCEL | HRESULT::MAPI_E_CANCEL));
        let told = model
            .calls
            .of(METHOD)
            .find(|call| start.spans(call.n) && transport_flags(call) & flags::NOTIFY_CANCEL_MESSAGE == 0);
        // The end of inbound is CTRL-04's.
        if let Some(told) = told.filter(|_| says && receipt.ended.is_none()) {
            verdicts.broken(
                start.end(),
                "only a cancellation cancels a message that comes in",
                format!(
                    "{} after {}",
                    start.result(),
                    flags::TRANSPORT_NOTIFY_FLAGS.render(transport_flags(told))
                ),
            );
        }
    }
}

/// Mail that stays stranded is found by the wait for its announcement.
fn nothing_stranded(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for delivery in &context.ledger.deliveries {
        let start = model.start_of(&model.receipts[delivery.receipt]);
        let Some(session) = model.session_of(start.obj) else { continue };
        let arrival = context.ledger.arrival_of(delivery);
        if arrival.is_some_and(|arrival| !model.is_open(session, Way::Inbound, arrival.n)) {
            verdicts.exercised();
        }
    }
}

/// What the spooler itself owes.
fn spooler_keeps_directions(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler(METHOD).map(|index| model.calls.at(index)) {
        for way in [Way::Inbound, Way::Outbound] {
            let both = way.begin() | way.end();
            verdicts.holds(
                transport_flags(call) & both != both,
                call.n,
                "begin and end are never set together",
                || flags::TRANSPORT_NOTIFY_FLAGS.render(transport_flags(call)),
            );
        }
    }
    for call in model.calls.spooler("IXPLogon.Poll").map(|index| model.calls.at(index)) {
        let asked_for =
            model.step_at(call.n).is_some_and(|step| matches!(step.verb, "poll" | "transport-notify"))
                || call.parent.is_some();
        let Some(session) = model.session_of(call.obj).filter(|_| !asked_for) else { continue };
        verdicts.holds(
            open_or_opening(model, session, call.n),
            call.n,
            "no Poll while inbound is off",
            || "Poll".to_owned(),
        );
    }
    for event in model.events() {
        let What::Notified { session: name, flags: notified, taken } = &event.what else { continue };
        let newmail = flags::SPOOLER_NOTIFY_FLAGS.parse(notified).unwrap_or(0) == flags::NOTIFY_NEWMAIL;
        let session =
            model.sessions.iter().rev().find(|session| session.name == *name && session.from < event.n);
        let Some(session) = session.filter(|_| newmail) else { continue };
        // It was decided on at some time between the call and this event.
        let mut calls = model.calls.candidate_between("IMAPISupport.SpoolerNotify", 0, event.n);
        let called = calls.rfind(|call| call.th == event.th).map_or(event.n, |call| call.n);
        if !open_or_opening(model, session, event.n) && !open_or_opening(model, session, called) {
            verdicts.holds(
                *taken == Taken::Ignored,
                event.n,
                "NOTIFY_NEWMAIL is ignored while inbound is off",
                || format!("{taken:?}"),
            );
        }
    }
}

/// While the begin is being told, either is right.
fn open_or_opening(model: &Model<'_>, session: &Session<'_>, n: u64) -> bool {
    let mut begins = model.notified(session, flags::NOTIFY_BEGIN_INBOUND | flags::NOTIFY_END_INBOUND);
    model.is_open(session, Way::Inbound, n) || begins.any(|call| call.spans(n))
}

/// The session that a call of the spooler belongs to: by its logon or its status object.
pub(super) fn session_called<'a, 't>(model: &'a Model<'t>, obj: &str) -> Option<&'a Session<'t>> {
    model.session_of(obj).or_else(|| opened_by(model, obj))
}
