//! STOR: how a message store is loaded, opened, compared and closed.

use mapi_spi::{HRESULT, flags};
use serde_json::Value;

use super::life;
use crate::judge::calls::Call;
use crate::judge::passage::{code, ok};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::stores::StoreLogon;
use crate::judge::values::{bits, is_null, value_bits};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "STOR-01", check: life::of_the_store },
    Rule { id: "STOR-02", check: logons },
    Rule { id: "STOR-13", check: finished_by_others },
    Rule { id: "STOR-16", check: transports_logged_off },
    Rule { id: "STOR-17", check: compared },
];

/// Pages `imsprovider-logon`, `imsprovider-spoolerlogon` and `loading-message-store-providers`.
fn logons(context: &Context<'_>, verdicts: &mut Verdicts) {
    for logon in context.stores.logons.iter().filter(|logon| logon.succeeded()) {
        let method = if logon.spoolers { "SpoolerLogon" } else { "Logon" };
        verdicts.holds(logon.object.is_some(), logon.n, format!("{method} returns a store"), || {
            "*lppMDB holds none".to_owned()
        });
        // Who hands the spooler the client's own store has one logon object for both.
        verdicts.holds(
            logon.logon.is_some() || (logon.spoolers && logon.same_object),
            logon.n,
            format!("{method} returns a logon object beside the store"),
            || "*lppMSLogon holds none".to_owned(),
        );
        verdicts.holds(
            !logon.let_go(),
            logon.n,
            format!("{method} keeps a reference to its support object"),
            || "it keeps none".to_owned(),
        );
        // The page lets a provider do without; a spooler in the field then never logs on to the store.
        if !logon.spoolers && logon.has_mail() && logon.security == Some(0) {
            verdicts.ill_advised(
                logon.n,
                "Logon returns data with which the spooler can log on to the store",
                "no data: a spooler in the field never asks such a store for SpoolerLogon",
            );
        }
    }
    for logon in context.stores.logons.iter().filter(|logon| logon.spoolers) {
        spooler_refused(context, logon, verdicts);
    }
    for fact in context.model.facts_of("spooler-store-id") {
        verdicts.holds(
            fact.truth("same") == Some(true),
            fact.n,
            "SpoolerLogon opens the store of Logon",
            || format!("`{}` has another identifier for the spooler", fact.text("store")),
        );
    }
    logged_on_again(context, verdicts);
    logon_objects(context, verdicts);
}

/// Pages `imslogon-openentry`, which is to do what the store's OpenEntry does, `imslogon-compareentryids`, `imslogon-advise` and
/// `imslogon-openstatusentry`: the two objects act as one (page `imsprovider-logon`).
fn logon_objects(context: &Context<'_>, verdicts: &mut Verdicts) {
    for fact in context.model.facts_of("logon-object") {
        let code = |member: &str| HRESULT::from_name(fact.text(member));
        let succeeded = |member: &str| code(member).is_some_and(HRESULT::is_ok);
        verdicts.holds(
            succeeded("open-entry") && fact.truth("same") != Some(false),
            fact.n,
            "IMSLogon::OpenEntry opens what the store's OpenEntry opens",
            || match fact.truth("same") {
                Some(false) => "it opened another object".to_owned(),
                _ => fact.text("open-entry").to_owned(),
            },
        );
        verdicts.holds(
            succeeded("compare") && fact.truth("equal") == Some(true),
            fact.n,
            "IMSLogon::CompareEntryIDs knows an identifier as itself",
            || match fact.truth("equal") {
                Some(_) => "it differs from itself".to_owned(),
                None => fact.text("compare").to_owned(),
            },
        );
        let may_lack = |member: &str| succeeded(member) || code(member) == Some(HRESULT::MAPI_E_NO_SUPPORT);
        verdicts.holds(may_lack("advise"), fact.n, "IMSLogon::Advise: S_OK, or MAPI_E_NO_SUPPORT", || {
            fact.text("advise").to_owned()
        });
        verdicts.holds(
            fact.text("unadvise").is_empty() || succeeded("unadvise"),
            fact.n,
            "IMSLogon::Unadvise ends a registration",
            || fact.text("unadvise").to_owned(),
        );
        // The page knows no refusal; stores without a status object are met all the same, and harm nobody.
        verdicts.holds(
            may_lack("status")
                && (!succeeded("status")
                    || fact.value.get("status-type").is_some_and(|kind| !kind.is_null())),
            fact.n,
            "IMSLogon::OpenStatusEntry opens a status object",
            || {
                if succeeded("status") {
                    "*lppEntry holds none".to_owned()
                } else {
                    fact.text("status").to_owned()
                }
            },
        );
    }
}

/// What Logon returned is to be enough for the spooler.
fn spooler_refused(context: &Context<'_>, logon: &StoreLogon<'_>, verdicts: &mut Verdicts) {
    let disturbed = context.model.disturbed_before(logon.n).is_some()
        || context.model.facts_of("allocation-failed").any(|fact| fact.n < logon.n);
    let open = context.stores.client(logon.name, logon.n).is_some_and(StoreLogon::succeeded);
    if logon.hr.is_some() && open && !disturbed {
        let seen = || {
            let result = logon.call.map(|index| context.model.calls.at(index).result().to_owned());
            format!("SpoolerLogon returned {}", result.unwrap_or_default())
        };
        verdicts.holds(
            logon.succeeded(),
            logon.n,
            "the spooler can log on with what Logon returned, without a dialog",
            seen,
        );
    }
}

/// Page `imsprovider-logon`, the logon to a store that is open: the store, no logon object, no reference to the support object.
/// Page `loading-message-store-providers` lets the existing logon object come again, and leaves it at "can": a provider that makes
/// a second pair of objects keeps to the one page and not to the other, so that is a warning.
fn logged_on_again(context: &Context<'_>, verdicts: &mut Verdicts) {
    for fact in context.model.facts_of("store-again") {
        verdicts.holds(ok(fact), fact.n, "a second Logon to an open store returns the store", || {
            format!("it returned {}", fact.text("hr"))
        });
        if !ok(fact) {
            continue;
        }
        let object = fact.value.get("object").and_then(Value::as_str);
        verdicts.holds(object.is_some(), fact.n, "a second Logon to an open store returns the store", || {
            "*lppMDB holds none".to_owned()
        });
        let known = |name: &str| {
            context.stores.logons.iter().any(|logon| logon.n < fact.n && logon.logon == Some(name))
        };
        let fresh = match fact.value.get("logon") {
            Some(Value::String(name)) => !known(name),
            Some(Value::Bool(logon)) => *logon,
            None | Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) => false,
        };
        if fresh {
            verdicts.ill_advised(
                fact.n,
                "a second Logon to an open store returns no logon object, or the one that there is",
                "it returned another one: the pages differ in whether it may",
            );
        }
        let references = fact.value.get("support-references").and_then(Value::as_i64).unwrap_or(0);
        verdicts.holds(
            references <= 0 || fresh,
            fact.n,
            "a second Logon to an open store keeps no reference to the support object",
            || format!("it keeps {references}"),
        );
    }
}

/// Page `imsgstore-finishedmsg`: the answer to a caller that is not the spooler.
fn finished_by_others(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.client("IMsgStore.FinishedMsg").map(|index| model.calls.at(index)) {
        if call.ret.is_some() {
            verdicts.holds(
                call.hr() == Some(HRESULT::MAPI_E_NO_SUPPORT),
                call.end(),
                "MAPI_E_NO_SUPPORT from FinishedMsg for a client",
                || call.result().to_owned(),
            );
        }
    }
}

/// Pages `imsgstore-storelogoff`, which has it called when the last reference goes, and `shutting-down-a-message-store-provider`,
/// which has StoreLogoff begin with it: either is right, once.
fn transports_logged_off(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler("IMSLogon.Logoff").map(|index| model.calls.at(index)) {
        let disturbed = model.disturbed_before(call.n).is_some()
            || model.calls.during(call).iter().any(Call::made_to_fail);
        if call.ret.is_some() && !disturbed {
            verdicts.holds(
                call.succeeded(),
                call.end(),
                "S_OK from IMSLogon::Logoff: its page knows no other result",
                || call.result().to_owned(),
            );
        }
    }
    for logon in context.stores.logons.iter().filter(|logon| !logon.spoolers && logon.succeeded()) {
        let told = |call: &&Call<'_>| {
            call.by_candidate() && call.m == "IMAPISupport.StoreLogoffTransports" && call.obj == logon.support
        };
        let calls: Vec<_> = model.calls.all().iter().filter(told).collect();
        // The end of the trace is not the end of the store where the process did not come that far.
        let closed = logon.to != u64::MAX;
        if closed && (logon.has_mail() || calls.len() > 1) && model.disturbed_before(logon.to).is_none() {
            verdicts.holds(
                calls.len() == 1,
                calls.get(1).map_or(logon.to, |call| call.n),
                "StoreLogoffTransports once while a store is shut down",
                || match calls.len() {
                    0 => "it was not called".to_owned(),
                    count => format!("it was called {count} times"),
                },
            );
        }
        for call in calls {
            let asked = bits(call.args, "lpulFlags", &flags::STORE_LOGOFF_FLAGS);
            let due = asked_for(context, logon, call.n);
            let name = flags::STORE_LOGOFF_FLAGS.render(due);
            verdicts.holds(asked == due, call.n, format!("StoreLogoffTransports with {name}"), || {
                flags::STORE_LOGOFF_FLAGS.render(asked)
            });
        }
    }
}

/// The flags of the last StoreLogoff of a client before an event; LOGOFF_ABORT where the store is released without.
fn asked_for(context: &Context<'_>, logon: &StoreLogon<'_>, n: u64) -> u32 {
    let model = &context.model;
    let logoffs = model.calls.client("IMsgStore.StoreLogoff").map(|index| model.calls.at(index));
    let last = logoffs.filter(|call| Some(call.obj) == logon.object && call.n < n).last();
    last.map_or(flags::LOGOFF_ABORT, |call| {
        call.args.get("lpulFlags").map_or(0, |value| value_bits(value, &flags::STORE_LOGOFF_FLAGS))
    })
}

/// Page `imsprovider-comparestoreids`.
fn compared(context: &Context<'_>, verdicts: &mut Verdicts) {
    for fact in context.model.facts_of("compare-stores") {
        let when = if fact.truth("open") == Some(true) { "with" } else { "without" };
        verdicts.holds(
            code(fact).is_none_or(HRESULT::is_ok) && fact.truth("same") == Some(true),
            fact.n,
            format!("CompareStoreIDs knows one store by its identifier, {when} a store open"),
            || match fact.truth("same") {
                Some(_) => "the identifier differs from itself".to_owned(),
                None => format!("it returned {}", fact.text("hr")),
            },
        );
        // An error for what is no store's identifier is no wrong answer.
        verdicts.holds(
            fact.truth("other") != Some(true),
            fact.n,
            "CompareStoreIDs tells the identifiers of two stores apart",
            || "they are said to be the same".to_owned(),
        );
    }
    let model = &context.model;
    for call in model.calls.spooler("IMSProvider.CompareStoreIDs").map(|index| model.calls.at(index)) {
        let Some(ret) = call.ret.as_ref().filter(|_| call.succeeded()) else { continue };
        verdicts.holds(
            !is_null(ret.out, "lpulResult") || ret.out.contains_key("lpulResult"),
            ret.n,
            "*lpulResult holds TRUE or FALSE",
            || "it was not written".to_owned(),
        );
    }
}
