//! LOGON: IXPProvider::TransportLogon.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::What;

use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::Session;
use crate::judge::values::{has_value, is_null, narrow_units, props_of, value_bits};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "LOGON-01", check: support_kept },
    Rule { id: "LOGON-02", check: logon_object },
    Rule { id: "LOGON-03", check: flags_returned },
    Rule { id: "LOGON-04", check: no_inbound },
    Rule { id: "LOGON-05", check: no_outbound },
    Rule { id: "LOGON-06", check: no_connect },
    Rule { id: "LOGON-07", check: no_dialog },
    Rule { id: "LOGON-08", check: unconfigured },
    Rule { id: "LOGON-09", check: profile_name },
    Rule { id: "LOGON-10", check: fail_one_provider },
    Rule { id: "LOGON-11", check: mapi_error },
    Rule { id: "LOGON-12", check: mail_is_learnt_of },
];

/// The page is `ixpprovider-transportlogon` for all rules of this file.
const RETURNED: u32 =
    flags::LOGON_SP_IDLE | flags::LOGON_SP_POLL | flags::LOGON_SP_RESOLVE | flags::MAPI_UNICODE;

fn support_kept(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    // Of two sessions that share a logon object neither's references can be told.
    if model.sessions.iter().any(|session| session.shared) {
        return;
    }
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        let begun = model.logon_of(session).end();
        verdicts.holds(
            model.calls.held(session.support, begun) > 0,
            begun,
            "AddRef on the support object",
            || "TransportLogon succeeded, and no reference to the support object was taken".to_owned(),
        );
        let closing = model.closing(session);
        if let Some(gone) =
            model.calls.let_go(session.support).filter(|gone| begun < *gone && *gone < closing)
        {
            verdicts.broken(
                gone,
                "the support object is kept until logoff",
                "its last reference was given back before",
            );
        }
    }
}

fn logon_object(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in &model.sessions {
        let call = model.logon_of(session);
        let Some(ret) = &call.ret else { continue };
        if call.succeeded() {
            verdicts.holds(
                session.logon.is_some(),
                ret.n,
                "a successful logon returns a logon object",
                || "none".to_owned(),
            );
        } else if call.failed() {
            verdicts.holds(
                is_null(ret.out, "lppXPLogon"),
                ret.n,
                "a failed logon returns no logon object",
                || format!("one, together with {}", ret.text),
            );
            // A reference that is still held at the end of the trace is assigned to this rule as a leak.
        }
    }
}

fn flags_returned(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        let other = session.returned & !RETURNED;
        verdicts.holds(other == 0, model.logon_of(session).end(), "only output flags in *lpulFlags", || {
            let echoed = if other & session.passed != 0 { ", which the spooler had passed" } else { "" };
            format!("{}{echoed}", flags::LOGON_FLAGS.render(other))
        });
    }
}

fn no_inbound(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let sessions = model.sessions.iter().filter(|session| session.logon.is_some());
    for session in sessions.filter(|session| session.passed & flags::LOGON_NO_INBOUND != 0) {
        verdicts.exercised();
        let begun =
            model.notified(session, flags::NOTIFY_BEGIN_INBOUND).next().map_or(u64::MAX, |call| call.n);
        let early = model.notifications(session, flags::NOTIFY_NEWMAIL).find(|call| call.n < begun);
        if let Some(early) = early {
            verdicts.broken(
                early.n,
                "no incoming mail before NOTIFY_BEGIN_INBOUND",
                "SpoolerNotify(NOTIFY_NEWMAIL)",
            );
        }
    }
}

fn no_outbound(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.passed & flags::LOGON_NO_OUTBOUND != 0) {
        let call = model.logon_of(session);
        // Only a logon for want of an outbound path tells; one with a path fails for reasons of its own.
        let path = reach(context, session, "outbound");
        if path == Some(false) && reach(context, session, "inbound") != Some(false) && call.ret.is_some() {
            verdicts.holds(
                !call.failed(),
                call.end(),
                "a logon with LOGON_NO_OUTBOUND needs no outbound path",
                || format!("without one TransportLogon returned {}", call.result()),
            );
        } else if call.succeeded() {
            verdicts.exercised();
        }
    }
}

fn no_connect(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.passed & flags::LOGON_NO_CONNECT != 0) {
        if model.logon_of(session).ret.is_none() {
            continue;
        }
        verdicts.exercised();
        let of_session = |n: u64| session.from < n && n < session.to;
        let connected =
            model.facts_of("connection").find(|fact| of_session(fact.n) && fact.number("count") != Some(0));
        if let Some(fact) = connected {
            verdicts.broken(fact.n, "no outside connection with LOGON_NO_CONNECT", "a connection was opened");
        }
        // Whether the spooler had come to take the notification up is no matter.
        let notified = model.notifications(session, flags::NOTIFY_NEWMAIL).map(|call| call.n).next();
        if let Some(n) = notified.or_else(|| model.announced(session, session.from, session.to)) {
            verdicts.broken(
                n,
                "no outside connection with LOGON_NO_CONNECT",
                "mail was fetched from outside and announced",
            );
        }
    }
}

fn no_dialog(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.passed & flags::LOGON_NO_DIALOG != 0) {
        let call = model.logon_of(session);
        super::flsh_vals_idle::no_window(context, call, "LOGON_NO_DIALOG", verdicts);
    }
}

/// Whether the profile section lacked its properties when a session was begun: the mock says so, or the provider asked for
/// properties and found none.
pub(super) fn lacks_configuration(context: &Context<'_>, session: &Session<'_>) -> bool {
    let model = &context.model;
    let told = model
        .facts_of("profile")
        .filter(|fact| fact.n <= session.from && fact.text("session") == session.name);
    if let Some(complete) = told.last().and_then(|fact| fact.truth("complete")) {
        return !complete;
    }
    let mut asked = false;
    for call in model.calls.inside(model.logon_of(session)) {
        let of_profile = call.obj.starts_with("profile") || model.calls.root_of(call.obj) == session.support;
        if !call.by_candidate() || call.method() != "GetProps" || !of_profile || call.made_to_fail() {
            continue;
        }
        asked = true;
        let out = call.ret.as_ref().map(|ret| props_of(ret.out, "lppPropArray")).unwrap_or_default();
        if out.iter().any(has_value) {
            return false;
        }
    }
    asked
}

/// Whether the messaging system, or one direction of it, was out of reach when a session was begun.
pub(super) fn out_of_reach(context: &Context<'_>, session: &Session<'_>) -> bool {
    reach(context, session, "inbound") == Some(false) || reach(context, session, "outbound") == Some(false)
}

fn reach(context: &Context<'_>, session: &Session<'_>, way: &str) -> Option<bool> {
    context.model.facts_of("messaging-system").filter(|fact| fact.n <= session.from).last()?.truth(way)
}

fn unconfigured(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let mut emptied = false;
    for session in &model.sessions {
        let call = model.logon_of(session);
        let Some(ret) = call.ret.as_ref().filter(|ret| model.disturbed_before(ret.n).is_none()) else {
            continue;
        };
        if lacks_configuration(context, session) {
            emptied = true;
            // What is required is the provider's own affair: one that needs nothing logs on.
            if call.failed() {
                let named = ret.hr == Some(HRESULT::MAPI_E_UNCONFIGURED);
                verdicts.holds(named, ret.n, "MAPI_E_UNCONFIGURED for an empty profile section", || {
                    ret.text.to_owned()
                });
            }
        } else if (emptied || super::serv::is_configured(context, call.n)) && !out_of_reach(context, session)
        {
            verdicts.holds(
                !call.failed(),
                ret.n,
                "the logon is retried with success once the profile is complete",
                || ret.text.to_owned(),
            );
        }
    }
}

/// The name is passed in a block of MAPI's that is freed as soon as the call returns, and freed blocks are filled with a
/// byte that no text is made of: as narrow text it reads as this letter, as wide text as half a surrogate pair, with the
/// guard behind the block at its end.
const POISON: [&str; 2] =
    ["\u{dd}\u{dd}\u{dd}\u{dd}\u{dd}\u{dd}\u{dd}\u{dd}", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fdfd}"];

fn profile_name(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        verdicts.exercised();
        let begun = model.logon_of(session).end();
        let shows = |value: &serde_json::Value| {
            let text = value.to_string();
            POISON.iter().any(|poison| text.contains(poison))
        };
        let mut later = model.calls.all().iter().filter(|call| call.by_candidate() && call.n > begun);
        if let Some(call) = later.find(|call| call.obj == session.support && call.args.values().any(shows)) {
            verdicts.broken(
                call.n,
                "the profile name is copied where it is kept",
                format!("{} was given what the caller's buffer held after TransportLogon", call.m),
            );
        }
    }
}

fn fail_one_provider(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in &model.sessions {
        let call = model.logon_of(session);
        let Some(ret) = call.ret.as_ref().filter(|_| call.failed()) else { continue };
        // A messaging system that is away for a while is no reason to disable the service for the rest of the session.
        let temporary = out_of_reach(context, session) && !lacks_configuration(context, session);
        if temporary && model.disturbed_before(ret.n).is_none() {
            // A directory that is not there may be a wrong entry in the profile as well.
            let named =
                matches!(ret.hr, Some(HRESULT::MAPI_E_FAILONEPROVIDER | HRESULT::MAPI_E_UNCONFIGURED));
            verdicts.holds(
                named,
                ret.n,
                "MAPI_E_FAILONEPROVIDER for a messaging system out of reach",
                || ret.text.to_owned(),
            );
        }
    }
}

/// That the memory is MAPI's is seen at the gate; here is what the strings are.
fn mapi_error(context: &Context<'_>, verdicts: &mut Verdicts) {
    for session in &context.model.sessions {
        let call = context.model.logon_of(session);
        let Some(ret) = call.ret.as_ref().filter(|ret| !is_null(ret.out, "lppMAPIError")) else { continue };
        verdicts.exercised();
        let error = ret.out.get("lppMAPIError");
        for string in ["error", "component"] {
            let Some(text) = error.and_then(|error| error.get(string)).and_then(serde_json::Value::as_str)
            else {
                continue;
            };
            // Of a wide string that is read as a narrow one its first letter is left.
            let wide = ret.out.get("lpulFlags").map_or(0, |set| value_bits(set, &flags::LOGON_FLAGS))
                & flags::MAPI_UNICODE;
            let other = if wide != 0 { narrow_units(text) >= WORD } else { text.len() == 1 };
            verdicts.holds(!other, ret.n, "strings as wide as MAPI_UNICODE in *lpulFlags says", || {
                format!(
                    "with {} flagged the {string} reads {text:?}",
                    if wide == 0 { "narrow strings" } else { "wide strings" }
                )
            });
        }
    }
}

/// So many letters that can be read as two each are no accident of a language with many letters.
const WORD: usize = 4;

/// Page `message-reception-model` as well. A provider that does neither, though mail waits, is found by the wait for its
/// announcement.
fn mail_is_learnt_of(context: &Context<'_>, verdicts: &mut Verdicts) {
    let waits = |what: &What| match what {
        What::Announced { .. } => true,
        What::TimedOut { waiting, .. } => waiting == "announcement",
        _ => false,
    };
    if context.model.events().iter().any(|event| waits(&event.what)) {
        verdicts.exercised();
    }
}
