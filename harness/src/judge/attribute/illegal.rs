//! Illegal calls, and broken invariants of memory, cells and references.

use mock_spooler::trace::event::IllegalKind;

use super::{Attributed, outbound};
use crate::judge::calls::Call;
use crate::judge::model::Model;
use crate::judge::receipt::Receipt;
use crate::judge::rule::Context;
use crate::judge::session::Session;
use crate::judge::stores::StoreLogon;

pub(super) fn attributed(context: &Context<'_>) -> Vec<Attributed> {
    let model = &context.model;
    let each = model.illegal().filter_map(|(event, kind, obj, detail)| {
        let requirement = match outbound::illegal(context, event.n, kind, obj) {
            Some(told) => told?,
            None => {
                outbound::after_cancellation(context, event.n, cause(context, event.n, kind, obj, detail)?)
            }
        };
        let seen = if obj.is_empty() { detail.to_owned() } else { format!("`{obj}`: {detail}") };
        Some(Attributed { requirement, event: Some(event.n), due: due(kind).to_owned(), seen, level: None })
    });
    let mut all: Vec<_> = each.collect();
    for fact in model.facts_of("imalloc-refs") {
        let balance = fact.value.get("balance").and_then(serde_json::Value::as_i64).unwrap_or(0);
        if balance > 0 {
            all.push(Attributed {
                level: None,
                requirement: leaked_reference(model, "malloc"),
                event: Some(fact.n),
                due: "IMalloc is released as often as AddRef was called".to_owned(),
                seen: format!("{balance} references were left"),
            });
        }
    }
    all
}

fn cause(context: &Context<'_>, n: u64, kind: IllegalKind, obj: &str, detail: &str) -> Option<&'static str> {
    let model = &context.model;
    let receipt = receipt_of(model, obj);
    match kind {
        // Our own fault: it is reported as an error of the harness.
        IllegalKind::Panic => None,
        IllegalKind::CallAfterUnload => Some("LIFE-10"),
        IllegalKind::NullArgument | IllegalKind::WildPointer => Some("ROBU-01"),
        IllegalKind::ForeignMemory
            if detail.contains("the service entry") || detail.contains("GetLastError") =>
        {
            Some("MEMO-01")
        }
        IllegalKind::ForeignMemory if detail.contains("MAPIERROR") || detail.contains("lppMAPIError") => {
            Some("LOGON-11")
        }
        IllegalKind::ForeignMemory => Some("MEMO-01"),
        IllegalKind::GuardOverwritten if detail.contains("output") => Some("ROBU-04"),
        IllegalKind::DoubleFree | IllegalKind::ForeignFree if of_recipient_list(obj, detail) => {
            Some("ROBU-05")
        }
        IllegalKind::UseAfterRelease | IllegalKind::UseAfterReturn => Some(match receipt {
            Some(receipt) => used_late(model, receipt, n)?,
            None if was_never_held(context, obj) => "STOR-02",
            None if is_support(context, obj) => "NOTI-13",
            None => "MEMO-03",
        }),
        IllegalKind::OverRelease if receipt.is_some_and(|receipt| receipt.message == obj) => Some("RECV-09"),
        IllegalKind::OverRelease if obj.starts_with("malloc") => Some("LIFE-05"),
        IllegalKind::NoSuchObject | IllegalKind::OverRelease => Some("MEMO-03"),
        IllegalKind::DoubleFree
        | IllegalKind::ForeignFree
        | IllegalKind::ChainMisuse
        | IllegalKind::GuardOverwritten
        | IllegalKind::WriteAfterFree => Some("MEMO-02"),
        IllegalKind::Leak => Some(leaked_block(model, detail)),
        IllegalKind::ReferenceLeak => match receipt {
            // What was still open when StartMessage returned is RECV-08's.
            Some(receipt)
                if receipt.message != obj && model.calls.held(obj, model.start_of(receipt).end()) > 0 =>
            {
                None
            }
            // A logon that failed leaves none, whatever made it fail.
            _ if of_failed_logon(model, obj) => Some("LOGON-02"),
            _ => Some(
                opened_in(model, obj)
                    .and_then(|made| disturbance_around(model, made))
                    .unwrap_or_else(|| leaked_reference(model, obj)),
            ),
        },
    }
}

/// A message, or what was opened from it, that was used after StartMessage had returned, or, meanwhile, after it was
/// released.
fn used_late(model: &Model<'_>, receipt: &Receipt<'_>, n: u64) -> Option<&'static str> {
    let start = model.start_of(receipt);
    if start.spans(n) {
        return Some("MEMO-03");
    }
    // The call itself stands just before: a message that is saved after the return is RECV-05's, any other use RECV-10's.
    let call = model.calls.all().iter().rev().find(|call| call.n < n && call.by_candidate())?;
    let saved = model.saves(receipt).any(Call::succeeded);
    Some(if call.method() == "SaveChanges" && call.obj == receipt.message && !saved {
        "RECV-05"
    } else {
        "RECV-10"
    })
}

fn receipt_of<'a, 't>(model: &'a Model<'t>, obj: &str) -> Option<&'a Receipt<'t>> {
    let root = model.calls.root_of(obj);
    model.receipts.iter().find(|receipt| !receipt.message.is_empty() && receipt.message == root)
}

fn is_support(context: &Context<'_>, obj: &str) -> bool {
    context.model.sessions.iter().any(|session| session.support == obj)
        || context.stores.with_support(obj).is_some()
}

/// Whether an object is the support object of a store whose Logon kept no reference to it: what goes wrong with it later comes of
/// that (page `imsprovider-logon`).
fn was_never_held(context: &Context<'_>, obj: &str) -> bool {
    context.stores.with_support(obj).is_some_and(StoreLogon::let_go)
}

fn of_recipient_list(obj: &str, detail: &str) -> bool {
    obj.starts_with("adrlist") || detail.contains("ADRLIST") || detail.contains("StatusRecips")
}

/// The requirement about what the case had done to the candidate before: what goes wrong then is its consequence.
pub(super) fn disturbance(model: &Model<'_>, n: u64) -> Option<&'static str> {
    if model.facts_of("allocation-failed").any(|fact| fact.n < n) {
        return Some("MEMO-04");
    }
    if model.disturbed_before(n).is_some() {
        return Some("ROBU-02");
    }
    model.cancelled_before(n).then_some("ROBU-03")
}

/// The requirement about what the case had done to the candidate in the call of the spooler in which something was made that
/// is left: then it is left because of that.
fn disturbance_around(model: &Model<'_>, made: u64) -> Option<&'static str> {
    let outermost = |call: &&Call<'_>| {
        !call.by_candidate() && call.parent.is_none() && call.n <= made && made < call.end()
    };
    let call = model.calls.all().iter().rev().find(outermost)?;
    if model.allocation_failed(call.n, call.end()) {
        return Some("MEMO-04");
    }
    if model.calls.during(call).iter().any(Call::made_to_fail) {
        return Some("ROBU-02");
    }
    let cancelled =
        |receipt: &Receipt<'_>| model.start_of(receipt).n == call.n && receipt.cancelled().is_some();
    model.receipts.iter().any(cancelled).then_some("ROBU-03")
}

/// The requirement about what the case had done to the candidate before a block was made, where nothing that was made
/// earlier is left.
fn only_since(model: &Model<'_>, made: u64) -> Option<&'static str> {
    let disturbance = disturbance(model, made)?;
    let mut leaks = model.illegal().filter(|(_, kind, ..)| *kind == IllegalKind::Leak);
    let earlier = leaks
        .any(|(.., detail)| made_after(detail).is_some_and(|made| self::disturbance(model, made).is_none()));
    (!earlier).then_some(disturbance)
}

/// The event after which a block was made, which the mock tells in words.
fn made_after(detail: &str) -> Option<u64> {
    let (_, rest) = detail.split_once("event ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The mock says after which event a block was made: in a call that begins a session, or in another.
fn leaked_block(model: &Model<'_>, detail: &str) -> &'static str {
    let Some(made) = made_after(detail) else { return "MEMO-02" };
    if let Some(disturbance) = disturbance_around(model, made).or_else(|| only_since(model, made)) {
        return disturbance;
    }
    let within = |call: &&Call<'_>| !call.by_candidate() && call.n <= made && made < call.end();
    let call = model.calls.all().iter().rev().find(within);
    let begins = |m: &str| {
        matches!(m, "IXPProvider.TransportLogon" | "IXPLogon.AddressTypes" | "IXPLogon.RegisterOptions")
    };
    match call.filter(|call| begins(call.m)) {
        Some(call) => {
            let session = model.sessions.iter().find(|session| {
                session.logon == Some(call.obj) || model.calls.at(session.logon_call).n == call.n
            });
            if session.is_some_and(never_logged_off) { "LIFE-08" } else { "LOFF-02" }
        }
        None if never_shut_down(model) => "LIFE-08",
        None => "MEMO-02",
    }
}

/// The event with which the candidate came by an object: it opened it, or StartMessage lent it.
fn opened_in(model: &Model<'_>, obj: &str) -> Option<u64> {
    let opened = model.calls.origin(obj).map(|call| call.n);
    let lent = || {
        model.receipts.iter().find(|receipt| receipt.message == obj).map(|receipt| model.start_of(receipt).n)
    };
    opened.or_else(lent)
}

fn of_failed_logon(model: &Model<'_>, obj: &str) -> bool {
    model.sessions.iter().any(|session| session.support == obj && session.logon.is_none())
}

fn leaked_reference(model: &Model<'_>, obj: &str) -> &'static str {
    if obj.starts_with("malloc") {
        return if never_shut_down(model) { "LIFE-08" } else { "LIFE-05" };
    }
    let root = model.calls.root_of(obj);
    match model.sessions.iter().find(|session| session.support == root) {
        Some(session) if never_logged_off(session) => "LIFE-08",
        Some(session) if session.support == obj => "LOFF-02",
        _ => "MEMO-03",
    }
}

/// Whether a session was ended by Release alone.
fn never_logged_off(session: &Session<'_>) -> bool {
    session.logon.is_some() && session.logoff_call.is_none() && session.release_call.is_some()
}

/// Whether a provider object was ended by Release alone.
fn never_shut_down(model: &Model<'_>) -> bool {
    let released =
        |obj: &str| model.calls.spooler("IUnknown.Release").any(|index| model.calls.at(index).obj == obj);
    let shut =
        |obj: &str| model.calls.spooler("IXPProvider.Shutdown").any(|index| model.calls.at(index).obj == obj);
    model.sessions.iter().any(|session| released(session.provider) && !shut(session.provider))
}

fn due(kind: IllegalKind) -> &'static str {
    match kind {
        IllegalKind::UseAfterRelease => "no call on an object after its last reference was given back",
        IllegalKind::UseAfterReturn => "no use of a message after the call that lent it has returned",
        IllegalKind::NoSuchObject => "calls on objects that were handed out",
        IllegalKind::OverRelease => "Release only of references that are held",
        IllegalKind::DoubleFree => "every block is freed once",
        IllegalKind::ForeignFree => "a block is freed by the functions that it came from",
        IllegalKind::ChainMisuse => "blocks from MAPIAllocateMore live and go with their parent",
        IllegalKind::GuardOverwritten => "nothing is written beyond a block or an output",
        IllegalKind::WriteAfterFree => "nothing is written to a block after it was freed",
        IllegalKind::ForeignMemory => "memory from the MAPI allocation functions",
        IllegalKind::NullArgument => "arguments that are not null",
        IllegalKind::WildPointer => "pointers that lead to what the method asks for",
        IllegalKind::Panic => "the mock goes on",
        IllegalKind::Leak => "every block is freed",
        IllegalKind::ReferenceLeak => "every reference is given back",
        IllegalKind::CallAfterUnload => "nothing of the library runs on once it is unloaded",
    }
}
