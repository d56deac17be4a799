//! The message service, and dialogs where none are allowed.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    MSG_SERVICE_CONFIGURE, MSG_SERVICE_CREATE, MSG_SERVICE_DELETE, MSG_SERVICE_UNINSTALL, SUPPRESS_UI,
};
use mapi_spi::structs::MAPIERROR;

use super::Defect;
use super::tools::{add_ref, copied, release, show_dialog, show_progress};
use crate::boundary::Call;
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("service-keeps-admin", service_keeps_admin),
    ("service-keeps-section", service_keeps_section),
    ("service-configures-nothing", service_configures_nothing),
    ("service-configures-in-vain", service_configures_in_vain),
    ("store-unconfigured-other-error", store_unconfigured_other_error),
    ("store-configured-in-vain", store_configured_in_vain),
    ("service-configure-fails", service_configure_fails),
    ("service-needs-dialog", service_needs_dialog),
    ("service-delete-refused", || service_answers(MSG_SERVICE_DELETE, HRESULT::MAPI_E_NO_SUPPORT)),
    ("service-uninstall-cancelled", || service_answers(MSG_SERVICE_UNINSTALL, HRESULT::MAPI_E_USER_CANCEL)),
    ("service-shows-dialog", service_shows_dialog),
    ("service-error-own-memory", service_error_own_memory),
    ("service-crash", service_crash),
    ("logon-shows-dialog", logon_shows_dialog),
    ("validate-shows-dialog", validate_shows_dialog),
    ("validate-shows-progress", validate_shows_progress),
];

const SERVICE: &str = "ServiceEntry";

fn is(call: &Call<'_>, context: u32) -> bool {
    call.number("ulContext") == context
}

fn service_keeps_admin() -> Hooks {
    Hooks::default().before(SERVICE, |call| {
        if is(call, MSG_SERVICE_CONFIGURE) {
            add_ref(call.ptr("lpProviderAdmin"));
        }
    })
}

/// The section that the service opened is left open.
fn service_keeps_section() -> Hooks {
    Hooks::default().instead("IProfSect.Release", |call| call.answer_word(1))
}

fn service_configures_nothing() -> Hooks {
    Hooks::default().decide(SERVICE, |call| {
        if !is(call, MSG_SERVICE_CONFIGURE) {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// However complete the section is, it is not enough for the logon.
fn service_configures_in_vain() -> Hooks {
    Hooks::default().after("IXPProvider.TransportLogon", |call| {
        if call.succeeded() {
            release(call.read_ptr("lppXPLogon"));
            call.write("lppXPLogon", 0_usize);
            call.answer(HRESULT::MAPI_E_UNCONFIGURED);
        }
    })
}

fn store_unconfigured_other_error() -> Hooks {
    Hooks::default().after("IMSProvider.Logon", |call| {
        if call.result() == HRESULT::MAPI_E_UNCONFIGURED {
            call.answer(HRESULT::MAPI_E_LOGON_FAILED);
        }
    })
}

/// The retry finds what the service wrote, and does not use it: the store has made up its mind.
fn store_configured_in_vain() -> Hooks {
    static LOGONS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default().decide("IMSProvider.Logon", |call| {
        if LOGONS.fetch_add(1, SeqCst) != 1 {
            return Flow::Forward;
        }
        for cell in ["lppMSLogon", "lppMDB", "lppMAPIError", "lppbSpoolSecurity"] {
            call.write(cell, 0_usize);
        }
        call.write("lpcbSpoolSecurity", 0_u32);
        call.answer(HRESULT::MAPI_E_UNCONFIGURED);
        Flow::Answered
    })
}

fn service_configure_fails() -> Hooks {
    service_answers(MSG_SERVICE_CONFIGURE, HRESULT::MAPI_E_CALL_FAILED)
}

fn service_needs_dialog() -> Hooks {
    service_answers(MSG_SERVICE_CONFIGURE, HRESULT::MAPI_E_UNCONFIGURED)
}

fn service_answers(context: u32, code: HRESULT) -> Hooks {
    Hooks::default().decide(SERVICE, move |call| {
        if !is(call, context) {
            return Flow::Forward;
        }
        call.answer(code);
        Flow::Answered
    })
}

/// Data that are missing are asked for, whoever is there to be asked.
fn service_shows_dialog() -> Hooks {
    Hooks::default().before(SERVICE, |call| {
        if is(call, MSG_SERVICE_CONFIGURE) && call.number("cValues") == 0 {
            show_dialog(call.ptr("lpMAPISup"));
        }
    })
}

fn service_error_own_memory() -> Hooks {
    Hooks::default().after(SERVICE, |call| {
        if is(call, MSG_SERVICE_CREATE) && !call.succeeded() {
            let described = copied(&NOTHING);
            call.write("lppMapiError", described as usize);
        }
    })
}

/// A description that says nothing.
const NOTHING: MAPIERROR = MAPIERROR {
    ulVersion: 0,
    lpszError: std::ptr::null_mut(),
    lpszComponent: std::ptr::null_mut(),
    ulLowLevelError: 0,
    ulContext: 0,
};

fn service_crash() -> Hooks {
    Hooks::default().before(SERVICE, |call| {
        if is(call, MSG_SERVICE_UNINSTALL) {
            std::process::abort();
        }
    })
}

fn logon_shows_dialog() -> Hooks {
    Hooks::default().before("IXPProvider.TransportLogon", |_| show_dialog(hooks::support()))
}

fn validate_shows_dialog() -> Hooks {
    Hooks::default().before("IXPLogon.ValidateState", |call| {
        if call.number("ulFlags") & SUPPRESS_UI != 0 {
            show_dialog(hooks::support());
        }
    })
}

fn validate_shows_progress() -> Hooks {
    Hooks::default().before("IXPLogon.ValidateState", |call| {
        if call.number("ulFlags") & SUPPRESS_UI != 0 {
            show_progress(hooks::support());
        }
    })
}
