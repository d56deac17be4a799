//! MEMO: memory and references. What is wrong is seen at the gate and at the end; the rules say where there was
//! something to see.

use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::values::is_null;

use super::robu;

pub(super) const RULES: &[Rule] = &[
    Rule { id: "MEMO-01", check: mapi_memory },
    Rule { id: "MEMO-02", check: blocks },
    Rule { id: "MEMO-03", check: references },
    Rule { id: "MEMO-04", check: out_of_memory },
];

/// Page `xpproviderinit`: memory for the caller comes from MAPI's functions.
fn mapi_memory(context: &Context<'_>, verdicts: &mut Verdicts) {
    const HANDED_OUT: &[&str] =
        &["lppPropArray", "lppPropTagArray", "lppProblems", "lppRows", "lppOptions", "lppMAPIError"];
    for call in context.model.calls.all().iter().filter(|call| !call.by_candidate()) {
        let Some(ret) = call.ret.as_ref().filter(|_| call.succeeded()) else { continue };
        if HANDED_OUT.iter().any(|output| !is_null(ret.out, output)) {
            verdicts.exercised();
        }
    }
}

/// Page `managing-memory-in-mapi`.
fn blocks(context: &Context<'_>, verdicts: &mut Verdicts) {
    let allocated =
        context.model.facts_of("allocations").any(|fact| fact.number("count").is_some_and(|count| count > 0));
    if allocated && context.model.trace.ended() {
        verdicts.exercised();
    }
}

/// Derived from page `implementing-the-iunknown-interface`.
fn references(context: &Context<'_>, verdicts: &mut Verdicts) {
    let stores = context.stores.logons.iter().any(|logon| logon.logon.is_some());
    let sessions = context.model.sessions.iter().any(|session| session.logon.is_some());
    if context.model.trace.ended() && (sessions || stores) {
        verdicts.exercised();
    }
}

/// Derived from page `mapiallocatebuffer`.
fn out_of_memory(context: &Context<'_>, verdicts: &mut Verdicts) {
    if context.model.facts_of("allocation-failed").next().is_some() {
        verdicts.exercised();
    }
    robu::survived(context, "MEMO-04", verdicts);
}
