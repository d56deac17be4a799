//! ADDR: IXPLogon::AddressTypes.

use mapi_spi::{HRESULT, flags};
use serde_json::Value;

use crate::judge::calls::{Call, Ret};
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::spooler_flags;
use crate::judge::values::{bits, narrow_units, number_of, value_bits};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "ADDR-01", check: counts },
    Rule { id: "ADDR-02", check: unchanged },
    Rule { id: "ADDR-03", check: width },
    Rule { id: "ADDR-04", check: asked },
];

/// The page is `ixplogon-addresstypes` for all rules of this file.
const METHOD: &str = "IXPLogon.AddressTypes";

fn answers<'a>(context: &'a Context<'_>) -> impl Iterator<Item = (&'a Call<'a>, &'a Ret<'a>)> {
    let calls = &context.model.calls;
    calls
        .all()
        .iter()
        .filter(|call| call.m == METHOD && !call.by_candidate())
        .filter_map(|call| Some((call, call.ret.as_ref()?)))
}

fn counts(context: &Context<'_>, verdicts: &mut Verdicts) {
    for (call, ret) in answers(context) {
        if call.failed() {
            if context.model.disturbed_before(ret.n).is_none() {
                verdicts.broken(ret.n, "AddressTypes tells what the transport handles", ret.text);
            }
            continue;
        }
        for (count, array) in [("lpcAdrType", "lpppAdrTypeArray"), ("lpcMAPIUID", "lpppUIDArray")] {
            // An output that was not written is ROBU-04's.
            if ret.left(count) || ret.left(array) {
                continue;
            }
            let count_is = number_of(ret.out, count).unwrap_or(0);
            let entries = ret.out.get(array).and_then(Value::as_array);
            verdicts.holds(
                count_is == 0 || entries.is_some(),
                ret.n,
                format!("*{count} counts *{array}"),
                || format!("a count of {count_is} and no array"),
            );
            // Beyond the array's end stands something that is no type, or nothing: only a single one may be empty.
            let texts: Vec<&str> = entries.into_iter().flatten().filter_map(Value::as_str).collect();
            let strange = texts
                .iter()
                .find(|text| text.chars().any(char::is_control) || (text.is_empty() && texts.len() > 1));
            if let Some(strange) = strange {
                verdicts.broken(
                    ret.n,
                    format!("*{count} counts the entries of *{array}"),
                    format!("an entry {strange:?} among {count_is}"),
                );
            }
            let nulls = entries.into_iter().flatten().filter(|entry| entry.is_null()).count();
            verdicts.holds(nulls == 0, ret.n, format!("*{count} counts the entries of *{array}"), || {
                format!("{nulls} of {count_is} entries are null")
            });
        }
    }
}

fn unchanged(context: &Context<'_>, verdicts: &mut Verdicts) {
    let facts: Vec<_> = context.model.facts_of("address-types-checksum").collect();
    for (place, fact) in facts.iter().enumerate().filter(|(_, fact)| fact.text("at") == "logoff") {
        let session = fact.text("session");
        let returned = facts[..place].iter().rev().find(|before| {
            let same = before.text("session") == session && before.number("answer") == fact.number("answer");
            before.text("at") == "return" && same
        });
        let Some(returned) = returned else { continue };
        verdicts.holds(
            fact.text("sha256") == returned.text("sha256"),
            fact.n,
            "the arrays stay as they are until TransportLogoff",
            || "they had changed, or were freed".to_owned(),
        );
    }
}

/// An address type is made of a few capital letters and digits (page `pidtagaddresstype-canonical-property`): what was read
/// as wide and is no such thing, but would be if it were read as narrow, is narrow.
fn width(context: &Context<'_>, verdicts: &mut Verdicts) {
    for (_, ret) in answers(context).filter(|(call, _)| call.succeeded()) {
        let wide = ret.out.get("lpulFlags").map_or(0, |set| value_bits(set, &flags::UNICODE_FLAGS))
            & flags::MAPI_UNICODE;
        for kind in ret.out.get("lpppAdrTypeArray").and_then(Value::as_array).into_iter().flatten() {
            let Some(kind) = kind.as_str() else { continue };
            verdicts.holds(
                wide == 0 || narrow_units(kind) == 0,
                ret.n,
                "MAPI_UNICODE only where the strings are wide",
                || format!("with wide strings flagged an address type reads {kind:?}"),
            );
        }
    }
}

/// After a change of configuration the spooler asks again.
fn asked(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        // Told on a thread of its own it may find the spooler on its way into one call, and is taken up before that thread is back.
        let mut causes: Vec<(u64, usize)> = model
            .notifications(session, flags::NOTIFY_CONFIG_CHANGE)
            .filter(|call| spooler_flags(call) & flags::NOTIFY_CRITICAL_ERROR == 0)
            .map(|call| if call.parent.is_none() { (call.n, 1) } else { (call.end(), 0) })
            .collect();
        causes.extend(
            model
                .calls_to(session)
                .filter(|call| call.m == "IXPLogon.ValidateState" && call.hr() == Some(HRESULT::S_OK))
                .filter(|call| {
                    bits(call.args, "ulFlags", &flags::VALIDATE_FLAGS) & flags::CONFIG_CHANGED != 0
                })
                .map(|call| (call.end(), 0)),
        );
        for (cause, racing) in causes {
            let asked = model.calls_to(session).any(|call| call.m == METHOD && call.n > cause);
            // A session that ends at once has no use for the answer.
            let mut used = model.calls_to(session).filter(|call| {
                call.n > cause
                    && matches!(call.m, "IXPLogon.Poll" | "IXPLogon.StartMessage" | "IXPLogon.SubmitMessage")
            });
            let went_on = used.nth(racing).is_some();
            verdicts
                .holds(asked || !went_on, cause, "AddressTypes is asked again", || "it was not".to_owned());
        }
    }
}
