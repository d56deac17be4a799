//! A child that did not come to the end of its case.

use mapi_spi::flags;
use mock_spooler::trace::event::What;

use super::Attributed;
use crate::judge::calls::Call;
use crate::judge::rule::Context;
use crate::judge::session::transport_flags;
use crate::judge::values::number_of;
use crate::verdict::ChildEnd;

pub(super) fn attributed(context: &Context<'_>) -> Option<Attributed> {
    let how = match context.input.end {
        ChildEnd::Finished => return None,
        end => end.describe(),
    };
    let model = &context.model;
    let last = model.calls.last_open();
    let place = last
        .map_or_else(|| "outside any call".to_owned(), |call| format!("in {}, which did not return", call.m));
    let hung = matches!(context.input.end, ChildEnd::TimedOut { .. });
    let requirement = cause(context, last, hung);
    Some(Attributed {
        level: None,
        requirement,
        event: last.map(|call| call.n).or_else(|| model.events().last().map(|event| event.n)),
        due: if hung { "every call returns" } else { "the process goes on" }.to_owned(),
        seen: format!("{how}, {place}"),
    })
}

fn cause(context: &Context<'_>, last: Option<&Call<'_>>, hung: bool) -> &'static str {
    let model = &context.model;
    // What the case did to the candidate comes first: the rest follows from it.
    if model.facts_of("allocation-failed").next().is_some() {
        return "MEMO-04";
    }
    if model.disturbed_before(u64::MAX).is_some() {
        return "ROBU-02";
    }
    let is_notify =
        |call: &&Call<'_>| !call.by_candidate() && call.m == "IXPLogon.TransportNotify" && call.ret.is_none();
    if let Some(notify) = model.calls.all().iter().rev().find(is_notify) {
        if notify.th != 0 {
            return "CTRL-06";
        }
        if transport_flags(notify) & flags::NOTIFY_CANCEL_MESSAGE != 0 {
            return "ROBU-03";
        }
    }
    let cancelled = model.receipts.iter().find(|receipt| receipt.cancelled().is_some());
    if let Some(receipt) = cancelled {
        let open = model.start_of(receipt).ret.is_none();
        return if hung && open { "CANC-02" } else { "ROBU-03" };
    }
    let submissions = &context.outbound.submissions;
    if let Some(submission) = submissions.iter().find(|submission| submission.cancelled().is_some()) {
        let open = model.over(submission) == u64::MAX;
        return if hung && open { "CANC-02" } else { "ROBU-03" };
    }
    let logged_off = model.receipts.iter().any(|receipt| receipt.logoff.is_some())
        || submissions.iter().any(|submission| submission.logoff.is_some());
    let step = model.events().last().and_then(|event| model.step_at(event.n)).map_or("", |step| step.verb);
    match last.map(|call| (call.m, call)) {
        Some(("XPProviderInit", call)) if asks_for_other_version(call) => "LIFE-03",
        Some(("MSProviderInit", call)) if asks_for_other_version(call) => "STOR-01",
        Some(("IXPLogon.TransportLogoff", _)) => "LOFF-01",
        Some(("IUnknown.QueryInterface", _)) => "LIFE-09",
        Some(("IUnknown.Release", call)) if closes_unannounced(context, call) => "LIFE-08",
        None if reads_address_types(context) => "ADDR-02",
        _ if logged_off => "LOFF-01",
        _ if step == "unload" => "LIFE-10",
        _ => "ROBU-01",
    }
}

/// Whether the process ended where the mock looks at the arrays that AddressTypes returned: before a session is ended, and
/// outside of any call.
fn reads_address_types(context: &Context<'_>) -> bool {
    let model = &context.model;
    let Some(last) = model.events().last() else { return false };
    let ends = matches!(&last.what, What::Step { step, .. } if matches!(step.as_str(), "logoff" | "release-logon" | "shutdown"));
    let answered =
        model.calls.spooler("IXPLogon.AddressTypes").any(|index| model.calls.at(index).succeeded());
    ends && answered
        && model.sessions.iter().any(|session| session.logon.is_some() && session.logoff_call.is_none())
}

fn asks_for_other_version(call: &Call<'_>) -> bool {
    number_of(call.args, "ulMAPIVer").is_some_and(|version| version != u64::from(flags::CURRENT_SPI_VERSION))
}

/// Whether a Release ends a session without TransportLogoff, or a provider without Shutdown.
fn closes_unannounced(context: &Context<'_>, call: &Call<'_>) -> bool {
    let model = &context.model;
    match model.sessions.iter().find(|session| session.logon == Some(call.obj)) {
        Some(session) => session.logoff_call.is_none(),
        None => {
            let is_provider = model.sessions.iter().any(|session| session.provider == call.obj);
            let shut = model
                .calls
                .spooler("IXPProvider.Shutdown")
                .any(|index| model.calls.at(index).obj == call.obj);
            is_provider && !shut
        }
    }
}
