//! LOFF: TransportLogoff.

use super::canc::ignored;
use super::send_stop;
use super::stat::status_objects;
use crate::judge::calls::Call;
use crate::judge::model::Model;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::Session;
use crate::judge::values::number_of;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "LOFF-01", check: at_any_time },
    Rule { id: "LOFF-02", check: all_released },
    Rule { id: "LOFF-03", check: status_invalidated },
];

/// Page `ixplogon-transportlogoff`: at any time; what is in process is stopped.
fn at_any_time(context: &Context<'_>, verdicts: &mut Verdicts) {
    send_stop::logged_off(context, verdicts);
    let model = &context.model;
    for call in model.calls.spooler("IXPLogon.TransportLogoff").map(|index| model.calls.at(index)) {
        // The provider is logged off whatever it returns; that it was not prepared for the call is the finding.
        if call.failed() && !model.calls.during(call).iter().any(|inner| inner.made_to_fail()) {
            verdicts.broken(call.end(), "TransportLogoff succeeds at any time", call.result());
        }
    }
    for receipt in &model.receipts {
        let Some(logoff) = receipt.logoff else { continue };
        let returned = model.calls.during(model.start_of(receipt)).iter().find(|call| call.n == logoff);
        let Some(ret) = returned.and_then(|call| call.ret.as_ref()) else { continue };
        verdicts.exercised();
        if let Some((n, seen)) = ignored(model, receipt, ret.n) {
            verdicts.broken(n, "a message in process is stopped by TransportLogoff", seen);
        }
    }
}

/// Page `ixplogon-transportlogoff`: all resources of the session are released, the support object last. Blocks and references
/// that are left are found at the end.
fn all_released(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        let (Some(off), Some(gone)) = (model.logoff_of(session), model.calls.let_go(session.support)) else {
            continue;
        };
        if off.ret.is_none() {
            continue;
        }
        verdicts.exercised();
        let later = model
            .calls
            .opened(0, u64::MAX)
            .filter(|obj| *obj != session.support)
            .filter(|obj| model.calls.origin(obj).is_some_and(|by| by.obj == session.support))
            .filter_map(|obj| model.calls.let_go(obj).map(|n| (n, obj)))
            .filter(|(n, _)| *n > gone)
            .min();
        if let Some((n, obj)) = later {
            verdicts.broken(
                n,
                "the support object is released last",
                format!("`{obj}` was released after it"),
            );
        }
        if let Some(connection) = still_subscribed(model, session, gone) {
            verdicts.broken(
                gone,
                "one Unsubscribe for every Subscribe",
                format!("connection {connection} was still there when the support object was released"),
            );
        }
    }
}

/// Page `supporting-event-notification`: calls to Subscribe and Unsubscribe are paired. A registration of a session that was
/// not ended while its support object was there.
fn still_subscribed(model: &Model<'_>, session: &Session<'_>, gone: u64) -> Option<u64> {
    let mine = |m| model.calls.candidate_between(m, 0, gone).filter(|call| call.obj == session.support);
    let ended: Vec<u64> =
        mine("IMAPISupport.Unsubscribe").filter_map(|call| number_of(call.args, "ulConnection")).collect();
    let begun = mine("IMAPISupport.Subscribe").filter(|call| call.succeeded());
    let mut connections = begun.filter_map(|call| number_of(call.ret.as_ref()?.out, "lpulConnection"));
    connections.find(|connection| !ended.contains(connection))
}

/// Page `releasing-the-transport-provider`, step 2: a status object that is still held is invalidated.
fn status_invalidated(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        let (Some(off), Some(gone)) = (model.logoff_of(session), model.calls.let_go(session.support)) else {
            continue;
        };
        for (place, opening) in status_objects(model).enumerate() {
            let status = format!("status#{}", place + 1);
            let mine = Some(opening.obj) == session.logon && opening.end() < off.n;
            if !mine || was_released(model, &status, opening.end(), off.n) {
                continue;
            }
            let named: Vec<&str> = model
                .calls
                .candidate("IMAPISupport.MakeInvalid")
                .filter(|call| call.obj == session.support && off.n < call.n && call.n < gone)
                .filter_map(|call| made_invalid(model, call))
                .collect();
            // One object has several names where it was opened several times; a pointer that the spooler was never given may be
            // another interface of it.
            let invalidated = named.iter().any(|name| name.starts_with("status#") || name.is_empty());
            verdicts.holds(
                invalidated,
                off.end(),
                "MakeInvalid on the status object before the support object is released",
                || match named.first() {
                    Some(other) => format!("`{status}` was left valid, and `{other}` was made invalid"),
                    None => format!("`{status}` was left valid"),
                },
            );
        }
    }
}

/// The object that a MakeInvalid named; empty where the spooler does not know it, none where the call told of none.
fn made_invalid<'t>(model: &Model<'t>, call: &Call<'_>) -> Option<&'t str> {
    let fact = model.facts_after("made-invalid", call.n).find(|fact| fact.n < call.end())?;
    Some(fact.value.get("object").and_then(serde_json::Value::as_str).unwrap_or(""))
}

/// Whether the spooler gave back its last reference to a status object between two events. Each probe for an interface
/// takes one more.
fn was_released(model: &Model<'_>, status: &str, from: u64, to: u64) -> bool {
    let calls =
        model.calls.between(from, to).iter().filter(|call| !call.by_candidate() && call.obj == status);
    let change = calls.map(|call| match call.m {
        "IUnknown.QueryInterface" if call.succeeded() => 1,
        "IUnknown.Release" => -1,
        _ => 0,
    });
    change.sum::<i32>() < 0
}
