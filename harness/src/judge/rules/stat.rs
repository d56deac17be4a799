//! STAT: the status row and the status object.

use mapi_spi::{HRESULT, flags};
use mock_spooler::trace::event::Outcome;

use crate::judge::calls::Call;
use crate::judge::model::Model;
use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::session::Session;
use crate::judge::values::{bits, find, id, ids, is_null, number_of, prop_bits, props_of, text, text_of};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "STAT-01", check: created },
    Rule { id: "STAT-02", check: required },
    Rule { id: "STAT-03", check: computed },
    Rule { id: "STAT-04", check: updated },
    Rule { id: "STAT-05", check: identity },
    Rule { id: "STAT-06", check: status_object },
    Rule { id: "STAT-07", check: methods },
    Rule { id: "STAT-08", check: gone },
    Rule { id: "STAT-09", check: available },
];

const MODIFY: &str = "IMAPISupport.ModifyStatusRow";

fn begun<'a, 't>(context: &'a Context<'t>) -> impl Iterator<Item = &'a Session<'t>> {
    context.model.sessions.iter().filter(|session| session.logon.is_some())
}

/// When the first message can come: TransportNotify enables transmission and reception after the row was made (page
/// `transport-provider-and-mapi-spooler-operational-model`).
fn first_traffic<'a>(model: &'a Model<'_>, session: &'a Session<'_>) -> Option<&'a Call<'a>> {
    let enabling = flags::NOTIFY_BEGIN_INBOUND | flags::NOTIFY_BEGIN_OUTBOUND;
    model.notified(session, enabling).next()
}

/// Whether a change of this session's row was made to fail.
fn row_disturbed(model: &Model<'_>, session: &Session<'_>, before: u64) -> bool {
    let failed = model
        .calls
        .candidate(MODIFY)
        .any(|call| call.obj == session.support && call.made_to_fail() && call.n < before);
    failed || model.allocation_failed(session.from, before)
}

fn created(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in begun(context) {
        let due = match first_traffic(model, session) {
            Some(call) => call.n,
            // A session that is ended in order, without traffic, has had its logon too.
            None => match model.logoff_of(session) {
                Some(call) => call.n,
                None => continue,
            },
        };
        // A support object that was not kept takes its row along, and one logon object has one row.
        let kept = model.calls.held(session.support, due) > 0 && !session.shared;
        if row_disturbed(model, session, due) || !kept {
            continue;
        }
        verdicts.holds(
            model.row_at(session, due).is_some(),
            due,
            "a status row, made with ModifyStatusRow at logon",
            || format!("session `{}` has none", session.name),
        );
    }
}

/// Page `status-tables`: what the provider supplies.
fn required(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in begun(context) {
        let due = first_traffic(model, session).map_or(model.closing(session), |call| call.n);
        let before = || model.rows_of(session).filter(|row| row.n <= due && row.columns.is_some());
        let Some(row) = before().last().or_else(|| model.rows_of(session).find(|row| row.columns.is_some()))
        else {
            continue;
        };
        let columns = row.columns.unwrap_or_default();
        for (wanted, name) in [
            (ids::PR_DISPLAY_NAME, "PR_DISPLAY_NAME"),
            (ids::PR_STATUS_CODE, "PR_STATUS_CODE"),
            (ids::PR_RESOURCE_METHODS, "PR_RESOURCE_METHODS"),
        ] {
            verdicts.holds(
                find(columns, wanted).is_some(),
                row.n,
                format!("{name} in the status row"),
                || "none".to_owned(),
            );
        }
    }
}

/// Page `status-tables`: what MAPI supplies.
fn computed(context: &Context<'_>, verdicts: &mut Verdicts) {
    const COMPUTED: &[(u32, &str)] = &[
        (ids::PR_ENTRYID, "PR_ENTRYID"),
        (ids::PR_INSTANCE_KEY, "PR_INSTANCE_KEY"),
        (ids::PR_OBJECT_TYPE, "PR_OBJECT_TYPE"),
        (ids::PR_ROWID, "PR_ROWID"),
        (ids::PR_PROVIDER_DLL_NAME, "PR_PROVIDER_DLL_NAME"),
        (ids::PR_RESOURCE_FLAGS, "PR_RESOURCE_FLAGS"),
        (ids::PR_RESOURCE_TYPE, "PR_RESOURCE_TYPE"),
    ];
    for call in context.model.calls.candidate(MODIFY) {
        let given = props_of(call.args, "lpColumnVals");
        let mut theirs =
            COMPUTED.iter().filter(|(computed, _)| given.iter().any(|prop| id(prop) == *computed));
        let first = theirs.next();
        verdicts.holds(first.is_none(), call.n, "columns that MAPI computes are left to MAPI", || {
            first.map_or_else(String::new, |(_, name)| format!("ModifyStatusRow with {name}"))
        });
    }
}

/// Page `imapisupport-modifystatusrow`. A provider may make several rows (page `status-object-implementation`), so a
/// call without the flag is a change only where it cannot be a row of its own, or bears the name of the one there is.
fn updated(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.candidate(MODIFY).filter(|call| !call.made_to_fail()) {
        let Some(session) = model.sessions.iter().find(|session| session.support == call.obj) else {
            continue;
        };
        let Some(row) = model.row_at(session, call.n) else { continue };
        let update = bits(call.args, "ulFlags", &flags::STATUSROW_FLAGS) & flags::STATUSROW_UPDATE != 0;
        let given = props_of(call.args, "lpColumnVals");
        let name = text(&given, ids::PR_DISPLAY_NAME);
        let own = name.is_some()
            && name != text(row, ids::PR_DISPLAY_NAME)
            && find(&given, ids::PR_STATUS_CODE).is_some()
            && find(&given, ids::PR_RESOURCE_METHODS).is_some();
        verdicts.holds(update || own, call.n, "STATUSROW_UPDATE with a change to the existing row", || {
            format!("ModifyStatusRow of {} columns without it", given.len())
        });
    }
}

/// Page `status-tables`: the three properties of an identity.
fn identity(context: &Context<'_>, verdicts: &mut Verdicts) {
    const IDENTITY: [u32; 3] =
        [ids::PR_IDENTITY_DISPLAY, ids::PR_IDENTITY_ENTRYID, ids::PR_IDENTITY_SEARCH_KEY];
    for session in begun(context) {
        let Some(row) = context.model.rows_of(session).filter(|row| row.columns.is_some()).last() else {
            continue;
        };
        let columns = row.columns.unwrap_or_default();
        let given = IDENTITY.iter().filter(|wanted| find(columns, **wanted).is_some()).count();
        if given > 0 {
            verdicts.holds(
                given == IDENTITY.len(),
                row.n,
                "PR_IDENTITY_DISPLAY, _ENTRYID and _SEARCH_KEY together",
                || format!("{given} of the three"),
            );
        }
    }
}

/// Page `ixplogon-openstatusentry`.
fn status_object(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler("IXPLogon.OpenStatusEntry").map(|index| model.calls.at(index)) {
        let asked = text_of(call.args, "lpInterface");
        let own = is_null(call.args, "lpInterface") || asked == Some("IMAPIStatus");
        let Some(ret) = call.ret.as_ref().filter(|ret| own && model.disturbed_before(ret.n).is_none()) else {
            continue;
        };
        if call.failed() {
            verdicts.broken(ret.n, "OpenStatusEntry returns a status object", ret.text);
            continue;
        }
        verdicts.holds(
            !is_null(ret.out, "lppEntry"),
            ret.n,
            "OpenStatusEntry returns a status object",
            || "none".to_owned(),
        );
        if !ret.left("lpulObjType") {
            let kind = number_of(ret.out, "lpulObjType");
            verdicts.holds(
                kind == Some(u64::from(flags::MAPI_STATUS)),
                ret.n,
                "*lpulObjType holds MAPI_STATUS",
                || kind.map_or_else(|| "nothing".to_owned(), |kind| kind.to_string()),
            );
        }
    }
}

/// Page `pidtagresourcemethods-canonical-property`: a method whose flag is set can be called.
fn methods(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.all().iter().filter(|call| !call.by_candidate()) {
        let announced = match call.m {
            "IMAPIStatus.ValidateState" => flags::STATUS_VALIDATE_STATE,
            "IMAPIStatus.SettingsDialog" => flags::STATUS_SETTINGS_DIALOG,
            "IMAPIStatus.ChangePassword" => flags::STATUS_CHANGE_PASSWORD,
            "IMAPIStatus.FlushQueues" => flags::STATUS_FLUSH_QUEUES,
            _ => continue,
        };
        let Some(session) = opened_by(model, call.obj) else { continue };
        let row = model.row_at(session, call.n).unwrap_or_default();
        let methods = prop_bits(row, ids::PR_RESOURCE_METHODS, &flags::RESOURCE_METHODS).unwrap_or(0);
        if methods & announced == 0 || call.ret.is_none() {
            continue;
        }
        let refused = matches!(call.hr(), Some(HRESULT::MAPI_E_NO_SUPPORT | HRESULT::E_NOTIMPL));
        verdicts.holds(
            !refused,
            call.end(),
            format!("{} works, as PR_RESOURCE_METHODS says", call.method()),
            || call.result().to_owned(),
        );
    }
}

/// The session of which a status object was opened. Status objects are numbered in the order in which they were opened.
pub(super) fn opened_by<'a, 't>(model: &'a Model<'t>, status: &str) -> Option<&'a Session<'t>> {
    let number: usize = status.strip_prefix("status#")?.parse().ok()?;
    let opening = status_objects(model).nth(number.checked_sub(1)?)?;
    model.session_of(opening.obj)
}

/// The calls that opened status objects.
pub(super) fn status_objects<'a, 't>(model: &'a Model<'t>) -> impl Iterator<Item = &'a Call<'t>> {
    let calls = model.calls.spooler("IXPLogon.OpenStatusEntry").map(|index| model.calls.at(index));
    calls
        .filter(|call| call.succeeded() && call.ret.as_ref().is_some_and(|ret| !is_null(ret.out, "lppEntry")))
}

/// Page `releasing-the-transport-provider`: the row goes with the support object.
fn gone(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in begun(context) {
        let Some(released) = model.calls.let_go(session.support) else { continue };
        let had = model.row_at(session, released).is_some();
        if had && model.trace.ended() {
            verdicts.holds(model.row_at(session, u64::MAX).is_none(), released, "the row goes away", || {
                "it is there".to_owned()
            });
        }
    }
}

/// Page `pidtagstatuscode-canonical-property`. A provider that has delivered is ready; how long it takes to become so is
/// its own affair.
fn available(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for session in begun(context) {
        let code = |n: u64| {
            model
                .row_at(session, n)
                .and_then(|row| prop_bits(row, ids::PR_STATUS_CODE, &flags::STATUS_CODE_BITS))
        };
        if session.passed & flags::LOGON_NO_CONNECT != 0 {
            let Some(code) = code(model.closing(session) - 1) else { continue };
            verdicts.holds(
                code & flags::STATUS_OFFLINE != 0,
                model.closing(session),
                "STATUS_OFFLINE after a logon with LOGON_NO_CONNECT",
                || flags::STATUS_CODE_BITS.render(code),
            );
            continue;
        }
        let delivered = model.receipts.iter().filter(|receipt| {
            Some(model.start_of(receipt).obj) == session.logon
                && receipt.outcome() == Some(Outcome::Delivered)
                && receipt.undisturbed()
        });
        for n in delivered.map(|receipt| model.start_of(receipt).end()) {
            let Some(code) = code(n).filter(|_| !row_disturbed(model, session, n)) else { continue };
            let available = code & flags::STATUS_AVAILABLE != 0;
            verdicts.holds(available, n, "STATUS_AVAILABLE while the provider is ready", || {
                flags::STATUS_CODE_BITS.render(code)
            });
            if !available {
                break;
            }
        }
    }
}
