//! LIFE: load, initialise, shut down, release.

use mapi_spi::{HRESULT, flags};

use crate::judge::calls::Call;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::values::{is_null, number_of, text_of};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "LIFE-01", check: exported },
    Rule { id: "LIFE-02", check: outputs_set },
    Rule { id: "LIFE-03", check: version },
    Rule { id: "LIFE-04", check: new_object },
    Rule { id: "LIFE-05", check: malloc },
    Rule { id: "LIFE-06", check: several_sessions },
    Rule { id: "LIFE-07", check: shutdown },
    Rule { id: "LIFE-08", check: release_alone },
    Rule { id: "LIFE-09", check: query_interface },
    Rule { id: "LIFE-10", check: nothing_runs_on },
    Rule { id: "LIFE-11", check: order },
    Rule { id: "LIFE-12", check: too_old },
];

/// The entry point of a kind of provider.
#[derive(Clone, Copy)]
pub(super) struct EntryPoint {
    name: &'static str,
    object: &'static str,
}

const TRANSPORT: EntryPoint = EntryPoint { name: "XPProviderInit", object: "lppXPProvider" };
const STORE: EntryPoint = EntryPoint { name: "MSProviderInit", object: "lppMSProvider" };

fn inits<'a>(context: &'a Context<'_>, entry: EntryPoint) -> impl Iterator<Item = &'a Call<'a>> {
    context.model.calls.all().iter().filter(move |call| !call.by_candidate() && call.m == entry.name)
}

/// Page `msproviderinit`, which asks of it what `xpproviderinit` asks of the transport's: the name and its calling convention, the
/// outputs, the answer to a version that cannot be served, an object of its own for each call.
pub(super) fn of_the_store(context: &Context<'_>, verdicts: &mut Verdicts) {
    exported_as(context, verdicts, STORE);
    outputs_set_by(context, verdicts, STORE);
    version_of(context, verdicts, STORE);
    new_object_of(context, verdicts, STORE);
}

/// Page `xpproviderinit`: the entry point's name and its calling convention.
fn exported(context: &Context<'_>, verdicts: &mut Verdicts) {
    exported_as(context, verdicts, TRANSPORT);
}

fn exported_as(context: &Context<'_>, verdicts: &mut Verdicts, entry: EntryPoint) {
    for fact in context.model.facts_of("exported").filter(|fact| fact.text("name") == entry.name) {
        verdicts.holds(
            fact.truth("found") == Some(true),
            fact.n,
            format!("the library exports {}", entry.name),
            || "it exports nothing of that name".to_owned(),
        );
    }
    if inits(context, entry).any(|call| call.ret.is_some()) {
        verdicts.exercised();
    }
}

/// Page `xpproviderinit`: on success both outputs are set.
fn outputs_set(context: &Context<'_>, verdicts: &mut Verdicts) {
    outputs_set_by(context, verdicts, TRANSPORT);
}

fn outputs_set_by(context: &Context<'_>, verdicts: &mut Verdicts, entry: EntryPoint) {
    for call in inits(context, entry).filter(|call| call.succeeded()) {
        let Some(ret) = &call.ret else { continue };
        let version = number_of(ret.out, "lpulProviderVer").filter(|_| !ret.left("lpulProviderVer"));
        verdicts.holds(
            version.is_some_and(|version| version != 0),
            ret.n,
            "*lpulProviderVer holds the SPI version",
            || {
                version
                    .map_or_else(|| "it was not written".to_owned(), |version| format!("it holds {version}"))
            },
        );
        verdicts.holds(
            !is_null(ret.out, entry.object),
            ret.n,
            format!("*{} holds a provider object", entry.object),
            || "it holds none".to_owned(),
        );
    }
}

/// Page `xpproviderinit`: MAPI_E_VERSION is the answer to a version that the provider cannot serve; page
/// `initializing-the-transport-provider`: so is success, with a version that lets MAPI refuse.
fn version(context: &Context<'_>, verdicts: &mut Verdicts) {
    version_of(context, verdicts, TRANSPORT);
}

fn version_of(context: &Context<'_>, verdicts: &mut Verdicts, entry: EntryPoint) {
    for call in inits(context, entry) {
        let offered = number_of(call.args, "ulMAPIVer");
        if offered.is_none_or(|version| version == u64::from(flags::CURRENT_SPI_VERSION)) {
            continue;
        }
        let Some(ret) = &call.ret else { continue };
        verdicts.exercised();
        if call.failed() {
            verdicts.holds(ret.hr == Some(HRESULT::MAPI_E_VERSION), ret.n, "MAPI_E_VERSION", || {
                ret.text.to_owned()
            });
            verdicts.holds(
                is_null(ret.out, entry.object),
                ret.n,
                "an error comes without a provider object",
                || "a provider object together with an error".to_owned(),
            );
        }
    }
}

/// Page `xpproviderinit`: a different provider object for each initialization.
fn new_object(context: &Context<'_>, verdicts: &mut Verdicts) {
    new_object_of(context, verdicts, TRANSPORT);
}

fn new_object_of(context: &Context<'_>, verdicts: &mut Verdicts, entry: EntryPoint) {
    if inits(context, entry).filter(|call| call.succeeded()).count() > 1 {
        verdicts.exercised();
    }
    let of_entry = |n: u64| {
        let all = context.model.calls.all().iter().filter(|call| call.n < n);
        all.rev().find(|call| call.m == TRANSPORT.name || call.m == STORE.name).map(|call| call.m)
    };
    for fact in context.model.facts_of("provider-object-again").filter(|fact| fact.value == true) {
        if of_entry(fact.n) == Some(entry.name) {
            verdicts.broken(
                fact.n,
                format!("every {} returns a provider object of its own", entry.name),
                "one that is still in use came again",
            );
        }
    }
}

/// Page `xpproviderinit`: who goes on using the allocator has called AddRef on it. References that are left at the end are
/// assigned to this rule.
fn malloc(context: &Context<'_>, verdicts: &mut Verdicts) {
    let calls = &context.model.calls;
    let entries = || inits(context, TRANSPORT).chain(inits(context, STORE));
    let mut objects: Vec<&str> = Vec::new();
    for call in calls.all().iter().filter(|call| call.by_candidate() && call.obj.starts_with("malloc")) {
        let within = entries().any(|init| init.spans(call.n));
        verdicts.holds(
            within || calls.held(call.obj, call.n) > 0,
            call.n,
            "AddRef before IMalloc is kept",
            || format!("{} without a reference, after XPProviderInit had returned", call.m),
        );
    }
    for call in entries() {
        objects.extend(text_of(call.args, "lpMalloc"));
    }
    if objects.iter().any(|obj| calls.let_go(obj).is_some()) {
        verdicts.exercised();
    }
}

/// Page `initializing-the-transport-provider`: one provider object serves several sessions.
fn several_sessions(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for (place, later) in model.sessions.iter().enumerate() {
        let begun = model.logon_of(later);
        let beside = model.sessions[..place].iter().find(|earlier| {
            earlier.provider == later.provider
                && earlier.logon.is_some()
                && model.closing(earlier) > begun.end()
        });
        let Some(earlier) = beside else { continue };
        if begun.ret.is_none()
            || model.disturbed_before(begun.end()).is_some()
            || later.passed != earlier.passed
        {
            continue;
        }
        if super::logon::lacks_configuration(context, later) || super::logon::out_of_reach(context, later) {
            continue;
        }
        verdicts.holds(
            begun.succeeded(),
            begun.end(),
            "a second session on the same provider object",
            || {
                format!(
                    "TransportLogon returned {} while session `{}` was open",
                    begun.result(),
                    earlier.name
                )
            },
        );
    }
    for session in model.sessions.iter().filter(|session| session.shared) {
        verdicts.broken(
            model.logon_of(session).end(),
            "every session has a logon object of its own",
            "one that is still in use came again",
        );
    }
    for (session, call) in super::ctrl::misdirected_rows(context) {
        verdicts.broken(
            call.n,
            "each session uses its own support object",
            format!("TransportNotify to session `{}` changed the row of another session", session.name),
        );
    }
}

/// Page `ixpprovider-shutdown`.
fn shutdown(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler("IXPProvider.Shutdown").map(|index| model.calls.at(index)) {
        let open = model.sessions.iter().any(|session| {
            session.provider == call.obj
                && session.logon.is_some()
                && model.closed(session).is_none_or(|n| n > call.n)
        });
        if call.ret.is_some() && !open {
            verdicts.holds(
                call.succeeded(),
                call.end(),
                "Shutdown succeeds once all logon objects are released",
                || format!("it returned {}", call.result()),
            );
        }
    }
}

/// Page `releasing-the-transport-provider`: what is left behind is assigned to this rule where a session ended without
/// TransportLogoff, or a provider without Shutdown.
fn release_alone(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in
        model.sessions.iter().filter(|session| session.logon.is_some() && session.logoff_call.is_none())
    {
        let Some(released) = session.release_call.map(|index| model.calls.at(index)) else { continue };
        if released.ret.is_none() {
            continue;
        }
        verdicts.exercised();
        // The end of the trace is not the end of the session where the process did not come that far.
        let row = model.row_at(session, u64::MAX);
        if model.trace.ended() && row.is_some() && model.calls.held(session.support, u64::MAX) > 0 {
            let leak = model.illegal().any(|(_, _, obj, _)| obj == session.support);
            if !leak {
                verdicts.broken(
                    released.end(),
                    "Release does the work of TransportLogoff",
                    "the support object is still held",
                );
            }
        }
    }
}

/// Page `implementing-the-iunknown-interface`.
fn query_interface(context: &Context<'_>, verdicts: &mut Verdicts) {
    for fact in context.model.facts_of("query-interface") {
        let (obj, iid, hr) = (fact.text("obj"), fact.text("iid"), fact.text("hr"));
        let code = HRESULT::from_name(hr);
        let null = fact.truth("out_null").unwrap_or(true);
        if fact.text("should") == "have" {
            verdicts.holds(
                code.is_some_and(HRESULT::is_ok) && !null,
                fact.n,
                format!("`{obj}` has {iid}"),
                || {
                    if null { format!("{hr}, and no object") } else { hr.to_owned() }
                },
            );
        } else {
            let refused = code == Some(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
            verdicts.holds(
                refused,
                fact.n,
                format!("MAPI_E_INTERFACE_NOT_SUPPORTED from `{obj}` for {iid}"),
                || hr.to_owned(),
            );
            verdicts.holds(null, fact.n, format!("a null output where `{obj}` has no {iid}"), || {
                "a pointer".to_owned()
            });
        }
    }
    for fact in context.model.facts_of("iunknown-identity") {
        verdicts.holds(
            fact.truth("same") != Some(false),
            fact.n,
            "one pointer for IUnknown, however often it is asked for",
            || format!("`{}` gave two", fact.text("obj")),
        );
    }
}

/// Page `releasing-the-transport-provider`: the library is unloaded after the last Release.
fn nothing_runs_on(context: &Context<'_>, verdicts: &mut Verdicts) {
    for fact in context.model.facts_of("threads-left") {
        let count = fact.number("left").unwrap_or(0);
        verdicts.holds(count == 0, fact.n, "no thread of the provider is left", || {
            format!("{count} threads run on")
        });
    }
}

/// Page `transport-provider-and-mapi-spooler-operational-model`: the spooler's own order.
fn order(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in &model.sessions {
        let first = model.calls_to(session).find(|call| call.th == 0);
        if let Some(first) = first.filter(|_| session.logon.is_some()) {
            let probe = matches!(
                first.m,
                "IUnknown.QueryInterface" | "IUnknown.Release" | "IXPLogon.TransportLogoff"
            );
            verdicts.holds(
                first.m == "IXPLogon.AddressTypes" || probe,
                first.n,
                "AddressTypes first",
                || first.m.to_owned(),
            );
        }
        if let (Some(off), Some(closed)) = (model.logoff_of(session), model.closed(session)) {
            verdicts.holds(off.n < closed, off.n, "TransportLogoff before Release", || "after it".to_owned());
        }
    }
    for call in model.calls.spooler("IXPProvider.Shutdown").map(|index| model.calls.at(index)) {
        let mut mine =
            model.sessions.iter().filter(|session| session.provider == call.obj && session.logon.is_some());
        let open = mine.find(|session| model.closed(session).is_none_or(|n| n > call.n));
        verdicts.holds(open.is_none(), call.n, "Shutdown after the release of every logon object", || {
            open.map_or_else(String::new, |session| format!("session `{}` was open", session.name))
        });
    }
}

/// Page `initializing-the-transport-provider`: what the spooler does with a provider that is too old.
fn too_old(context: &Context<'_>, verdicts: &mut Verdicts) {
    for call in inits(context, TRANSPORT).filter(|call| call.succeeded()) {
        let Some(ret) = &call.ret else { continue };
        let (Some(version), Some(provider)) =
            (number_of(ret.out, "lpulProviderVer"), text_of(ret.out, "lppXPProvider"))
        else {
            continue;
        };
        if version >= u64::from(flags::PDK1_SPI_VERSION) {
            continue;
        }
        let next = context.model.calls.all().iter().find(|next| next.n > ret.n && next.obj == provider);
        verdicts.holds(
            next.is_none_or(|next| next.m == "IUnknown.Release"),
            ret.n,
            "Release at once",
            || next.map_or_else(String::new, |next| next.m.to_owned()),
        );
    }
}
