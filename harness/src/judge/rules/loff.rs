//! LOFF: TransportLogoff.

use super::canc::ignored;
use super::stat::opened_by;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::values::text_of;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "LOFF-01", check: at_any_time },
    Rule { id: "LOFF-02", check: all_released },
    Rule { id: "LOFF-03", check: status_invalidated },
];

/// Page `ixplogon-transportlogoff`: at any time; what is in process is stopped.
fn at_any_time(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
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
        let (Some(off), Some(gone)) = (model.logoff_of(session), model.calls.let_go(session.support)) else { continue };
        if off.ret.is_none() {
            continue;
        }
        verdicts.exercised();
        let later = model
            .calls
            .opened()
            .filter(|(obj, by)| *obj != session.support && by.obj == session.support)
            .filter_map(|(obj, _)| model.calls.let_go(obj).map(|n| (n, obj)))
            .filter(|(n, _)| *n > gone)
            .min();
        if let Some((n, obj)) = later {
            verdicts.broken(n, "the support object is released last", format!("`{obj}` was released after it"));
        }
    }
}

/// Page `releasing-the-transport-provider`, step 2: a status object that is still held is invalidated.
fn status_invalidated(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        let (Some(off), Some(gone)) = (model.logoff_of(session), model.calls.let_go(session.support)) else { continue };
        let opened = model.calls.spooler("IXPLogon.OpenStatusEntry").map(|index| model.calls.at(index));
        let opened = opened.filter(|call| Some(call.obj) == session.logon && call.succeeded() && call.end() < off.n);
        for status in opened.filter_map(|call| text_of(call.ret.as_ref()?.out, "lppEntry")) {
            let released = model.calls.spooler("IUnknown.Release").any(|index| {
                let call = model.calls.at(index);
                call.obj == status && call.n < off.n
            });
            if released || opened_by(model, status).is_none() {
                continue;
            }
            let invalidated = model.calls.candidate("IMAPISupport.MakeInvalid").any(|call| {
                call.obj == session.support && call.n < gone && text_of(call.args, "lpObject").is_none_or(|obj| obj == status || obj == "pointer")
            });
            verdicts.holds(invalidated, off.end(), "MakeInvalid on the status object before the support object is released", || {
                format!("`{status}` was left valid")
            });
        }
    }
}
