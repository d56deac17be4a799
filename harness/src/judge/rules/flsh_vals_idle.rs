//! FLSH: FlushQueues; VALS: ValidateState; IDLE.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::{Outcome, Prop};

use super::ctrl::session_called;
use crate::capability::Capability;
use crate::judge::calls::Call;
use crate::judge::model::Model;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::Session;
use crate::judge::values::{bits, ids, prop_bits};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "FLSH-01", check: flush_begins },
    Rule { id: "FLSH-02", check: flush_ends },
    Rule { id: "FLSH-03", check: no_yield },
    Rule { id: "FLSH-04", check: more_is_announced },
    Rule { id: "VALS-01", check: validated },
    Rule { id: "VALS-02", check: no_ui },
    Rule { id: "IDLE-01", check: idle_where_asked },
    Rule { id: "IDLE-02", check: independent_of_idle },
];

fn flushes<'a>(context: &'a Context<'_>) -> impl Iterator<Item = (&'a Call<'a>, u32)> {
    let calls = context.model.calls.all().iter();
    calls
        .filter(|call| call.m == "IXPLogon.FlushQueues" && !call.by_candidate())
        .map(|call| (call, bits(call.args, "ulFlags", &flags::FLUSH_FLAGS)))
}

/// Whether these columns of a row show an inbound flush.
fn downloads(columns: &[Prop]) -> bool {
    let code = prop_bits(columns, ids::PR_STATUS_CODE, &flags::STATUS_CODE_BITS).unwrap_or(0);
    code & flags::STATUS_INBOUND_FLUSH != 0
}

/// Whether one of these bits stood in a session's row at some time between two events, or before and still.
fn showed(model: &Model<'_>, session: &Session<'_>, wanted: u32, from: u64, to: u64) -> bool {
    let has = |columns: &[_]| {
        prop_bits(columns, ids::PR_STATUS_CODE, &flags::STATUS_CODE_BITS).unwrap_or(0) & wanted != 0
    };
    let before = model.row_at(session, from).is_some_and(has);
    before || model.rows_of(session).any(|row| from < row.n && row.n <= to && row.columns.is_some_and(has))
}

/// The inbound flush of a logon object that is under way at an event: from FlushQueues, or from the notification that
/// begins one, to the notification that ends it.
pub(super) fn in_inbound_flush(model: &Model<'_>, logon: &str, n: u64) -> bool {
    let Some(session) = model.session_of(logon) else { return false };
    let of_logon = |call: &&Call<'_>| !call.by_candidate() && Some(call.obj) == session.logon && call.n < n;
    let flushes = model.calls.of("IXPLogon.FlushQueues").filter(of_logon).filter_map(|call| {
        let downloads = bits(call.args, "ulFlags", &flags::FLUSH_FLAGS) & flags::FLUSH_DOWNLOAD != 0;
        downloads.then(|| (call.n, call.ret.is_none() || call.succeeded()))
    });
    let told = model.calls.of("IXPLogon.TransportNotify").filter(of_logon).filter_map(|call| {
        let set = super::super::session::transport_flags(call);
        let begins = set & flags::NOTIFY_BEGIN_INBOUND_FLUSH != 0;
        (begins || set & flags::NOTIFY_END_INBOUND_FLUSH != 0).then_some((call.n, begins))
    });
    // The last word counts.
    flushes.chain(told).max_by_key(|(n, _)| *n).is_some_and(|(_, under_way)| under_way)
}

/// Page `implementing-the-flushqueues-method`, step 2. A provider whose file denies it the capability may refuse.
fn flush_begins(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    // What a provider does not claim to be capable of it may refuse, in order.
    let refuses = !context.input.capabilities.is_some_and(|claimed| claimed.contains(&Capability::Flush));
    for (call, asked) in flushes(context) {
        let Some(session) = model.session_of(call.obj).filter(|_| call.ret.is_some()) else { continue };
        if model.disturbed_before(call.end()).is_some() {
            continue;
        }
        if refuses && call.hr() == Some(HRESULT::MAPI_E_NO_SUPPORT) {
            verdicts.exercised();
            continue;
        }
        verdicts.holds(call.hr() == Some(HRESULT::S_OK), call.end(), "FlushQueues returns S_OK", || {
            call.result().to_owned()
        });
        // With both directions the outbound flush comes first, the inbound one after its end (steps 2 and 9).
        let (wanted, name) = if asked & flags::FLUSH_UPLOAD != 0 {
            (flags::STATUS_OUTBOUND_FLUSH, "STATUS_OUTBOUND_FLUSH")
        } else {
            (flags::STATUS_INBOUND_FLUSH, "STATUS_INBOUND_FLUSH")
        };
        if call.succeeded() && asked & (flags::FLUSH_UPLOAD | flags::FLUSH_DOWNLOAD) != 0 {
            let shown = showed(model, session, wanted, call.n, call.end());
            verdicts.holds(shown, call.end(), format!("{name} is set by FlushQueues"), || {
                "it was not".to_owned()
            });
        }
    }
}

/// Page `implementing-the-flushqueues-method`, steps 9 and 13; for the outbound flush page `ixplogon-transportnotify`.
fn flush_ends(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for (flush, asked) in flushes(context).filter(|(call, _)| call.succeeded()) {
        let Some(session) = model.session_of(flush.obj) else { continue };
        let mut ends =
            model.notified(session, flags::NOTIFY_END_OUTBOUND_FLUSH | flags::NOTIFY_END_INBOUND_FLUSH);
        let Some(first) = ends.find(|call| call.n > flush.end() && call.ret.is_some()) else { continue };
        let both = flags::NOTIFY_END_OUTBOUND_FLUSH | flags::NOTIFY_END_INBOUND_FLUSH;
        let set = super::super::session::transport_flags(first);
        let turns = flags::FLUSH_UPLOAD | flags::FLUSH_DOWNLOAD;
        // A flush that never showed is FLSH-01's.
        let begun = showed(model, session, flags::STATUS_OUTBOUND_FLUSH, flush.n, first.n);
        if begun && asked & turns == turns && set & both == flags::NOTIFY_END_OUTBOUND_FLUSH {
            // With mail that waits it is not over before it has begun: what showed before has to show on.
            let from = if context.ledger.waits(first.n) { first.end() } else { first.n };
            let within =
                model.rows_of(session).any(|row| first.spans(row.n) && row.columns.is_some_and(downloads));
            let shown = within || showed(model, session, flags::STATUS_INBOUND_FLUSH, from, first.end());
            verdicts.holds(shown, first.end(), "the inbound flush follows the outbound one", || {
                "STATUS_INBOUND_FLUSH was not set".to_owned()
            });
        }
    }
    for session in model.sessions.iter().filter(|session| session.logon.is_some()) {
        flush_cleared(model, session, verdicts);
    }
}

/// The bit of a flush that was ended, however it had begun, is gone by the time of the logoff: the provider clears it when it
/// can comply.
fn flush_cleared(model: &Model<'_>, session: &Session<'_>, verdicts: &mut Verdicts) {
    let closing = model.closing(session);
    if closing == u64::MAX || closing == session.to {
        return;
    }
    for (asked, begin, end, bit, name) in [
        (
            flags::FLUSH_UPLOAD,
            flags::NOTIFY_BEGIN_OUTBOUND_FLUSH,
            flags::NOTIFY_END_OUTBOUND_FLUSH,
            flags::STATUS_OUTBOUND_FLUSH,
            "OUTBOUND_FLUSH",
        ),
        (
            flags::FLUSH_DOWNLOAD,
            flags::NOTIFY_BEGIN_INBOUND_FLUSH,
            flags::NOTIFY_END_INBOUND_FLUSH,
            flags::STATUS_INBOUND_FLUSH,
            "INBOUND_FLUSH",
        ),
    ] {
        let Some(ended) = model.notified(session, end).filter(|call| call.ret.is_some()).last() else {
            continue;
        };
        let begins_again = model.calls_to(session).any(|call| {
            call.n > ended.n
                && match call.m {
                    "IXPLogon.FlushQueues" => bits(call.args, "ulFlags", &flags::FLUSH_FLAGS) & asked != 0,
                    "IXPLogon.TransportNotify" => super::super::session::transport_flags(call) & begin != 0,
                    _ => false,
                }
        });
        if begins_again {
            continue;
        }
        let row = model.row_at(session, closing - 1).unwrap_or_default();
        let code = prop_bits(row, ids::PR_STATUS_CODE, &flags::STATUS_CODE_BITS).unwrap_or(0);
        verdicts.holds(
            code & bit == 0,
            ended.end(),
            format!("STATUS_{name} is cleared after NOTIFY_END_{name}"),
            || "it was still set at logoff".to_owned(),
        );
    }
}

/// Page `ixplogon-transportnotify`, NOTIFY_BEGIN_INBOUND_FLUSH.
fn no_yield(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in &model.receipts {
        let start = model.start_of(receipt);
        if !in_inbound_flush(model, start.obj, start.n) {
            continue;
        }
        let yielded = model.calls.inside(start).find(|call| call.m == "IMAPISupport.SpoolerYield");
        verdicts.holds(
            yielded.is_none(),
            yielded.map_or(start.n, |call| call.n),
            "no SpoolerYield in an inbound flush",
            || "SpoolerYield".to_owned(),
        );
    }
}

/// Page `implementing-the-flushqueues-method`, step 11.
fn more_is_announced(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for receipt in model.receipts.iter().filter(|receipt| receipt.outcome() == Some(Outcome::Delivered)) {
        let start = model.start_of(receipt);
        let Some(session) =
            model.session_of(start.obj).filter(|_| in_inbound_flush(model, start.obj, start.n))
        else {
            continue;
        };
        // What came while this one was processed may not be known yet.
        let more = context.ledger.still_waits(start.n, start.end());
        if more && receipt.undisturbed() {
            let announced =
                model.notifications_between(session, flags::NOTIFY_NEWMAIL, start.n, start.end()).next();
            verdicts.holds(
                announced.is_some(),
                start.end(),
                "NOTIFY_NEWMAIL from within StartMessage while more waits",
                || "none".to_owned(),
            );
        }
    }
}

/// Page `ixplogon-validatestate`: as IMAPIStatus::ValidateState, whose page adds MAPI_E_UNKNOWN_FLAGS.
fn validated(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    let calls: Vec<_> =
        model.calls.spooler("IXPLogon.ValidateState").map(|index| model.calls.at(index)).collect();
    for call in calls {
        let disturbed = model.calls.during(call).iter().any(Call::made_to_fail)
            || model.allocation_failed(call.n, call.end());
        let Some(ret) = call.ret.as_ref().filter(|_| !disturbed) else { continue };
        let asked = bits(call.args, "ulFlags", &flags::VALIDATE_FLAGS);
        let listed = match ret.hr {
            Some(
                HRESULT::S_OK
                | HRESULT::MAPI_E_BUSY
                | HRESULT::MAPI_E_NO_SUPPORT
                | HRESULT::MAPI_E_USER_CANCEL,
            ) => true,
            Some(HRESULT::MAPI_E_UNKNOWN_FLAGS) => asked != 0,
            _ => false,
        };
        verdicts.holds(listed, ret.n, "S_OK, MAPI_E_BUSY, MAPI_E_NO_SUPPORT or MAPI_E_USER_CANCEL", || {
            ret.text.to_owned()
        });
        let Some(session) = model.session_of(call.obj) else { continue };
        for index in model.calls.spooler("IMAPIStatus.ValidateState") {
            let other = model.calls.at(index);
            let same = session_called(model, other.obj).is_some_and(|its| its.support == session.support)
                && bits(other.args, "ulFlags", &flags::VALIDATE_FLAGS) == asked;
            let busy = [call.hr(), other.hr()].contains(&Some(HRESULT::MAPI_E_BUSY));
            // A status object that does not support the method says so in the row, or breaks STAT-07.
            let lacking = matches!(other.hr(), Some(HRESULT::MAPI_E_NO_SUPPORT | HRESULT::E_NOTIMPL));
            if same && !busy && !lacking && other.ret.is_some() {
                verdicts.holds(
                    call.hr() == other.hr(),
                    call.end().max(other.end()),
                    "the same result from the status object",
                    || format!("{} here, {} there", call.result(), other.result()),
                );
            }
        }
    }
}

/// Page `ixplogon-validatestate`, SUPPRESS_UI.
fn no_ui(context: &Context<'_>, verdicts: &mut Verdicts) {
    for call in context.model.calls.all().iter().filter(|call| !call.by_candidate()) {
        let validates = matches!(call.m, "IXPLogon.ValidateState" | "IMAPIStatus.ValidateState");
        if validates && bits(call.args, "ulFlags", &flags::VALIDATE_FLAGS) & flags::SUPPRESS_UI != 0 {
            no_window(context, call, "SUPPRESS_UI", verdicts);
            // The page says `typically` of the button that a user cancels with: it is no more than ill-advised.
            if call.hr() == Some(HRESULT::MAPI_E_USER_CANCEL) {
                verdicts.ill_advised(
                    call.end(),
                    "with SUPPRESS_UI there is nothing for a user to cancel",
                    call.result(),
                );
            }
        }
    }
}

/// Callbacks that put a dialog before the user, and wait for it.
const DIALOGS: [&str; 5] = [
    "IMAPISupport.DoConfigPropsheet",
    "IMAPISupport.DoProgressDialog",
    "IMAPISupport.Address",
    "IMAPISupport.Details",
    "IMAPISupport.NewEntry",
];

/// Whether a call asked MAPI for a dialog, or the watch for windows saw one during it. Windows of the provider's own are not seen
/// where nobody watches.
pub(super) fn no_window(context: &Context<'_>, call: &Call<'_>, flag: &str, verdicts: &mut Verdicts) {
    verdicts.exercised();
    let asked =
        context.model.calls.inside(call).find(|inner| inner.by_candidate() && DIALOGS.contains(&inner.m));
    if let Some(asked) = asked {
        verdicts.broken(asked.n, format!("no window with {flag}"), format!("{} during {}", asked.m, call.m));
    }
    for fact in context.model.facts_of("windows").filter(|fact| fact.number("call") == Some(call.n)) {
        let shown = fact.number("shown").unwrap_or(0);
        verdicts.holds(shown == 0, fact.n, format!("no window with {flag}"), || {
            format!("{shown} windows during {}", call.m)
        });
    }
}

/// The spooler's part: Idle is called where it was asked for.
fn idle_where_asked(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler("IXPLogon.Idle").map(|index| model.calls.at(index)) {
        let asked = model.session_of(call.obj).is_none_or(|session| session.idles());
        verdicts.holds(asked, call.n, "Idle only where LOGON_SP_IDLE was returned", || "Idle".to_owned());
    }
}

/// Derived from page `ixpprovider-transportlogon`: no assumption about how often Idle comes. Mail that needs it is found by
/// the wait for its announcement.
fn independent_of_idle(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for delivery in &context.ledger.deliveries {
        let start = model.start_of(&model.receipts[delivery.receipt]);
        let Some(session) = model.session_of(start.obj).filter(|session| session.idles()) else { continue };
        let Some(arrived) = context.ledger.arrival_of(delivery) else { continue };
        let idled = model.calls_to_between(session, arrived.n, start.n).any(|call| call.m == "IXPLogon.Idle");
        if !idled {
            verdicts.exercised();
        }
    }
}
