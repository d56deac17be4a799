//! LOGON: IXPProvider::TransportLogon.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    LOGON_NO_CONNECT, LOGON_NO_INBOUND, LOGON_NO_OUTBOUND, LOGON_SP_POLL, MAPI_UNICODE, NOTIFY_NEWMAIL,
    STATUS_AVAILABLE, STATUS_OFFLINE,
};
use mapi_spi::structs::MAPIERROR;

use super::Defect;
use super::tools::{add_ref, notify, one_off_with_name, release};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("support-without-reference", support_without_reference),
    ("support-released-early", support_released_early),
    ("logon-without-object", logon_without_object),
    ("failed-logon-with-object", failed_logon_with_object),
    ("failed-logon-keeps-support", failed_logon_keeps_support),
    ("logon-echoes-flags", logon_echoes_flags),
    ("announces-before-begin", announces_before_begin),
    ("logon-needs-outbound", logon_needs_outbound),
    ("connects-though-offline", connects_though_offline),
    ("connects-beside-another", connects_though_offline),
    ("unconfigured-other-error", unconfigured_other_error),
    ("unconfigured-for-good", unconfigured_for_good),
    ("unreachable-other-error", unreachable_other_error),
    ("profile-name-kept", profile_name_kept),
    ("logon-error-own-memory", logon_error_own_memory),
    ("logon-error-other-width", logon_error_other_width),
    ("neither-polled-nor-notifying", neither_polled_nor_notifying),
];

const LOGON: &str = "IXPProvider.TransportLogon";

pub(super) fn support_without_reference() -> Hooks {
    Hooks::default()
        .instead("IMAPISupport.AddRef", |call| call.answer_word(2))
        .instead("IMAPISupport.Release", |call| call.answer_word(1))
}

/// The reference is given back as soon as the session is open; at logoff there is none to give.
fn support_released_early() -> Hooks {
    Hooks::default()
        .after(LOGON, |call| {
            if call.succeeded() {
                release(hooks::support());
            }
        })
        .decide("IMAPISupport.Release", |call| {
            // Short references, taken and given back within a call, go on as they were.
            if !hooks::during("TransportLogoff") {
                return Flow::Forward;
            }
            call.answer_word(0);
            Flow::Answered
        })
}

fn logon_without_object() -> Hooks {
    Hooks::default().after(LOGON, |call| {
        if call.succeeded() {
            release(call.read_ptr("lppXPLogon"));
            call.write("lppXPLogon", 0_usize);
        }
    })
}

/// The provider object stands where the logon object would.
fn failed_logon_with_object() -> Hooks {
    Hooks::default().after(LOGON, |call| {
        if !call.succeeded() {
            let own = call.proxy().map_or(0, |proxy| proxy.raw() as usize);
            call.write("lppXPLogon", own);
        }
    })
}

fn failed_logon_keeps_support() -> Hooks {
    Hooks::default().after(LOGON, |call| {
        if !call.succeeded() {
            add_ref(call.ptr("lpMAPISup"));
        }
    })
}

fn logon_echoes_flags() -> Hooks {
    static PASSED: AtomicU32 = AtomicU32::new(0);
    Hooks::default().before(LOGON, |call| PASSED.store(call.read("lpulFlags"), SeqCst)).after(LOGON, |call| {
        let returned: u32 = call.read("lpulFlags");
        if call.succeeded() {
            call.write("lpulFlags", returned | PASSED.load(SeqCst));
        }
    })
}

fn announces_before_begin() -> Hooks {
    static PASSED: AtomicU32 = AtomicU32::new(0);
    Hooks::default().before(LOGON, |call| PASSED.store(call.read("lpulFlags"), SeqCst)).after(LOGON, |call| {
        if call.succeeded() && PASSED.load(SeqCst) & LOGON_NO_INBOUND != 0 {
            notify(NOTIFY_NEWMAIL, std::ptr::null_mut());
        }
    })
}

fn logon_needs_outbound() -> Hooks {
    static PASSED: AtomicU32 = AtomicU32::new(0);
    Hooks::default().before(LOGON, |call| PASSED.store(call.read("lpulFlags"), SeqCst)).after(LOGON, |call| {
        if call.succeeded() && PASSED.load(SeqCst) & LOGON_NO_OUTBOUND != 0 {
            release(call.read_ptr("lppXPLogon"));
            call.write("lppXPLogon", 0_usize);
            call.answer(HRESULT::MAPI_E_FAILONEPROVIDER);
        }
    })
}

/// The flag is not looked at, but for the status row.
fn connects_though_offline() -> Hooks {
    static OFFLINE: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before(LOGON, |call| {
            let passed: u32 = call.read("lpulFlags");
            if passed & LOGON_NO_CONNECT != 0 {
                OFFLINE.store(call.ptr::<c_void>("lpMAPISup") as usize, SeqCst);
            }
            call.write("lpulFlags", passed & !LOGON_NO_CONNECT);
        })
        .decide("IMAPISupport.ModifyStatusRow", |call| {
            if OFFLINE.load(SeqCst) != call.object() as usize {
                return Flow::Forward;
            }
            super::stat::with_code(call, |code| code & !STATUS_AVAILABLE | STATUS_OFFLINE)
        })
}

fn unconfigured_other_error() -> Hooks {
    Hooks::default().after(LOGON, |call| {
        if call.result() == HRESULT::MAPI_E_UNCONFIGURED {
            call.answer(HRESULT::MAPI_E_LOGON_FAILED);
        }
    })
}

fn unreachable_other_error() -> Hooks {
    Hooks::default().after(LOGON, |call| {
        if call.result() == HRESULT::MAPI_E_FAILONEPROVIDER {
            call.answer(HRESULT::MAPI_E_LOGON_FAILED);
        }
    })
}

/// Once a logon has failed, the others do too.
fn unconfigured_for_good() -> Hooks {
    static FAILED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .decide(LOGON, |call| {
            if !FAILED.load(SeqCst) {
                return Flow::Forward;
            }
            call.write("lppXPLogon", 0_usize);
            call.write("lppMAPIError", 0_usize);
            call.answer(HRESULT::MAPI_E_UNCONFIGURED);
            Flow::Answered
        })
        .after(LOGON, |call| {
            if !call.succeeded() {
                FAILED.store(true, SeqCst);
            }
        })
}

/// Uses the caller's buffer after TransportLogon has returned.
fn profile_name_kept() -> Hooks {
    static NAME: AtomicUsize = AtomicUsize::new(0);
    static FLAGS: AtomicU32 = AtomicU32::new(0);
    Hooks::default()
        .before(LOGON, |call| {
            NAME.store(call.ptr::<c_void>("lpszProfileName") as usize, SeqCst);
            FLAGS.store(call.read::<u32>("lpulFlags") & MAPI_UNICODE, SeqCst);
        })
        .after("IXPLogon.TransportNotify", |_| {
            one_off_with_name(NAME.load(SeqCst) as *mut c_void, FLAGS.load(SeqCst));
        })
}

/// The description of the error is in memory of the library's own.
fn logon_error_own_memory() -> Hooks {
    Hooks::default().after(LOGON, |call| {
        let described: *mut MAPIERROR = call.read_ptr("lppMAPIError");
        if !call.succeeded() && !described.is_null() {
            let own = super::tools::copied(described);
            super::tools::free(described.cast());
            call.write("lppMAPIError", own as usize);
        }
    })
}

/// Strings of 8-bit characters, and a flag that says that they are wide.
fn logon_error_other_width() -> Hooks {
    Hooks::default()
        .before(LOGON, |call| {
            let passed: u32 = call.read("lpulFlags");
            call.write("lpulFlags", passed & !MAPI_UNICODE);
        })
        .after(LOGON, |call| {
            if !call.succeeded() {
                call.write("lpulFlags", MAPI_UNICODE);
            }
        })
}

fn neither_polled_nor_notifying() -> Hooks {
    Hooks::default().after(LOGON, |call| {
        let returned: u32 = call.read("lpulFlags");
        call.write("lpulFlags", returned & !LOGON_SP_POLL);
    })
}
