//! STAT: the status row and the status object.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use mapi_spi::flags::{
    LOGON_NO_CONNECT, MAPI_MESSAGE, MAPI_STATUS, STATUS_AVAILABLE, STATUS_CHANGE_PASSWORD, STATUS_OFFLINE,
    STATUS_SETTINGS_DIALOG,
};
use mapi_spi::tags::{
    PR_DISPLAY_NAME_W, PR_ENTRYID, PR_IDENTITY_ENTRYID, PR_OBJECT_TYPE, PR_RESOURCE_METHODS, PR_STATUS_CODE,
};
use mapi_spi::{HRESULT, PropTag};

use super::Defect;
use super::tools::{binary, forward_props, long, number_of, release, without};
use crate::boundary::Call;
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("no-status-row", no_status_row),
    ("status-row-late", status_row_late),
    ("status-row-without-name", || row_without(&[PR_DISPLAY_NAME_W])),
    ("status-row-without-code", || row_without(&[PR_STATUS_CODE])),
    ("status-row-without-methods", || row_without(&[PR_RESOURCE_METHODS])),
    ("status-row-with-entryid", status_row_with_entryid),
    ("status-row-with-type", status_row_with_type),
    ("status-row-replaced", status_row_replaced),
    ("identity-in-part", || row_without(&[PR_IDENTITY_ENTRYID])),
    ("no-status-object", no_status_object),
    ("status-object-missing", status_object_missing),
    ("status-object-other-type", status_object_other_type),
    ("validate-announced-only", || announced_only("ValidateState")),
    ("flush-announced-only", || announced_only("FlushQueues")),
    ("settings-announced-only", || announces(STATUS_SETTINGS_DIALOG)),
    ("password-announced-only", || announces(STATUS_CHANGE_PASSWORD)),
    ("never-available", never_available),
    ("offline-unshown", offline_unshown),
];

const ROW: &str = "IMAPISupport.ModifyStatusRow";

fn no_status_row() -> Hooks {
    Hooks::default().instead(ROW, |call| call.answer(HRESULT::S_OK))
}

/// There is no row before the first change.
fn status_row_late() -> Hooks {
    static MADE: AtomicBool = AtomicBool::new(false);
    Hooks::default().decide(ROW, |call| {
        if hooks::during("TransportLogon") {
            call.answer(HRESULT::S_OK);
            return Flow::Answered;
        }
        if MADE.swap(true, SeqCst) {
            return Flow::Forward;
        }
        call.set_arg("ulFlags", 0);
        forward_props(call, "lpColumnVals", |props| {
            props.push(super::tools::text(PR_DISPLAY_NAME_W, "Reference transport"));
            props.push(long(PR_RESOURCE_METHODS, 0));
        })
    })
}

fn row_without(tags: &'static [PropTag]) -> Hooks {
    Hooks::default().decide(ROW, |call| forward_props(call, "lpColumnVals", |props| without(props, tags)))
}

fn status_row_with_entryid() -> Hooks {
    Hooks::default().decide(ROW, |call| {
        forward_props(call, "lpColumnVals", |props| props.push(binary(PR_ENTRYID, b"an entry identifier")))
    })
}

fn status_row_with_type() -> Hooks {
    Hooks::default().decide(ROW, |call| {
        forward_props(call, "lpColumnVals", |props| props.push(long(PR_OBJECT_TYPE, MAPI_STATUS)))
    })
}

fn status_row_replaced() -> Hooks {
    Hooks::default().before(ROW, |call| call.set_arg("ulFlags", 0))
}

fn no_status_object() -> Hooks {
    Hooks::default().decide("IXPLogon.OpenStatusEntry", |call| {
        call.write("lppEntry", 0_usize);
        call.answer(HRESULT::MAPI_E_NO_SUPPORT);
        Flow::Answered
    })
}

fn status_object_missing() -> Hooks {
    Hooks::default().after("IXPLogon.OpenStatusEntry", |call| {
        release(call.read_ptr("lppEntry"));
        call.write("lppEntry", 0_usize);
    })
}

fn status_object_other_type() -> Hooks {
    Hooks::default().after("IXPLogon.OpenStatusEntry", |call| call.write("lpulObjType", MAPI_MESSAGE))
}

fn announced_only(method: &'static str) -> Hooks {
    Hooks::default().decide("*", move |call| {
        if call.method() != method {
            return Flow::Forward;
        }
        call.answer(HRESULT::MAPI_E_NO_SUPPORT);
        Flow::Answered
    })
}

/// The row announces a method that the wrapped provider does not support.
fn announces(method: u32) -> Hooks {
    Hooks::default().decide(ROW, move |call| {
        forward_props(call, "lpColumnVals", |props| {
            for prop in props.iter_mut().filter(|prop| prop.tag() == PR_RESOURCE_METHODS) {
                *prop = long(PR_RESOURCE_METHODS, number_of(prop) | method);
            }
        })
    })
}

/// Passes a row on with some bits of its status code set and others cleared.
pub(super) fn with_code(call: &mut Call<'_>, change: impl Fn(u32) -> u32) -> Flow {
    forward_props(call, "lpColumnVals", |props| {
        for prop in props.iter_mut().filter(|prop| prop.tag() == PR_STATUS_CODE) {
            *prop = long(PR_STATUS_CODE, change(number_of(prop)));
        }
    })
}

fn never_available() -> Hooks {
    Hooks::default().decide(ROW, |call| with_code(call, |code| code & !STATUS_AVAILABLE))
}

fn offline_unshown() -> Hooks {
    static OFFLINE: AtomicBool = AtomicBool::new(false);
    static PASSED: AtomicU32 = AtomicU32::new(0);
    Hooks::default()
        .before("IXPProvider.TransportLogon", |call| {
            PASSED.store(call.read("lpulFlags"), SeqCst);
            OFFLINE.store(PASSED.load(SeqCst) & LOGON_NO_CONNECT != 0, SeqCst);
        })
        .decide(ROW, |call| {
            if OFFLINE.load(SeqCst) {
                with_code(call, |code| code & !STATUS_OFFLINE | STATUS_AVAILABLE)
            } else {
                Flow::Forward
            }
        })
}
