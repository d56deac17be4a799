//! LOFF: TransportLogoff.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;

use super::Defect;
use super::sink::subscribe;
use super::tools::{add_ref, allocate, make_invalid, release};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("logoff-refused-in-process", logoff_refused_in_process),
    ("logoff-lets-message-go-on", logoff_lets_message_go_on),
    ("logoff-fails", logoff_fails),
    ("logoff-crashes", logoff_crashes),
    ("support-never-released", support_never_released),
    ("session-block-never-freed", session_block_never_freed),
    ("support-not-released-last", support_not_released_last),
    ("status-object-left-valid", status_object_left_valid),
    ("logon-object-made-invalid", logon_object_made_invalid),
    ("subscription-kept", subscription_kept),
];

const LOGOFF: &str = "IXPLogon.TransportLogoff";

fn logoff_refused_in_process() -> Hooks {
    Hooks::default().decide(LOGOFF, |call| {
        if !hooks::during("StartMessage") && !hooks::during("SubmitMessage") {
            return Flow::Forward;
        }
        call.answer(HRESULT::MAPI_E_BUSY);
        Flow::Answered
    })
}

/// The logoff is put off until the message is done.
fn logoff_lets_message_go_on() -> Hooks {
    static LOGON: AtomicUsize = AtomicUsize::new(0);
    let now = |_: &mut crate::boundary::Call<'_>| super::tools::logoff(LOGON.swap(0, SeqCst) as *mut c_void);
    Hooks::default()
        .decide(LOGOFF, |call| {
            if !hooks::during("StartMessage") && !hooks::during("SubmitMessage") {
                return Flow::Forward;
            }
            LOGON.store(call.object() as usize, SeqCst);
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
        .after("IXPLogon.StartMessage", now)
        .after("IXPLogon.SubmitMessage", now)
}

fn logoff_fails() -> Hooks {
    Hooks::default().after(LOGOFF, |call| call.answer(HRESULT::MAPI_E_CALL_FAILED))
}

fn logoff_crashes() -> Hooks {
    Hooks::default().after(LOGOFF, |_| std::process::abort())
}

fn support_never_released() -> Hooks {
    Hooks::default().after("IXPProvider.TransportLogon", |call| {
        if call.succeeded() {
            add_ref(call.ptr("lpMAPISup"));
        }
    })
}

fn session_block_never_freed() -> Hooks {
    Hooks::default().after("IXPProvider.TransportLogon", |_| {
        allocate(64);
    })
}

/// The profile section is released when the support object is gone already.
fn support_not_released_last() -> Hooks {
    static SECTION: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .decide("IProfSect.Release", |call| {
            if SECTION.compare_exchange(0, call.object() as usize, SeqCst, SeqCst).is_err() {
                return Flow::Forward;
            }
            call.answer_word(0);
            Flow::Answered
        })
        .after(LOGOFF, |_| release(SECTION.load(SeqCst) as *mut c_void))
}

fn status_object_left_valid() -> Hooks {
    Hooks::default().instead("IMAPISupport.MakeInvalid", |call| call.answer(HRESULT::S_OK))
}

/// What is made invalid is the logon object, and the status object stays as it is.
fn logon_object_made_invalid() -> Hooks {
    static LOGON: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .after("IXPProvider.TransportLogon", |call| {
            if call.succeeded() {
                LOGON.store(call.read_ptr::<c_void>("lppXPLogon") as usize, SeqCst);
            }
        })
        .instead("IMAPISupport.MakeInvalid", |call| {
            make_invalid(LOGON.load(SeqCst) as *mut c_void);
            call.answer(HRESULT::S_OK);
        })
}

/// A registration is made at the logon, and never ended.
fn subscription_kept() -> Hooks {
    Hooks::default().after("IXPProvider.TransportLogon", |call| {
        if call.succeeded() {
            subscribe();
        }
    })
}
