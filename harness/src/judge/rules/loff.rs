//! LOFF: TransportLogoff.

use super::canc::ignored;
use super::send_stop;
use super::stat::status_objects;
use crate::judge::model::Model;
use crate::judge::rule::{Context, Rule, Verdicts};

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

/// Page `ixplogon-transportlogoff`: the support object is released last. Blocks and references that are left are found at the
/// end.
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
    }
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
            // Objects that are the candidate's own are shown as mere pointers.
            let invalidated = model
                .calls
                .candidate("IMAPISupport.MakeInvalid")
                .any(|call| call.obj == session.support && off.n < call.n && call.n < gone);
            verdicts.holds(
                invalidated,
                off.end(),
                "MakeInvalid on the status object before the support object is released",
                || format!("`{status}` was left valid"),
            );
        }
    }
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
