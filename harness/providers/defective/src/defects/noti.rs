//! NOTI: IMAPISupport::SpoolerNotify.

use std::ffi::c_void;
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    NOTIFY_CONFIG_CHANGE, NOTIFY_CRITICAL_ERROR, NOTIFY_CRITSEC, NOTIFY_NEWMAIL, NOTIFY_NEWMAIL_RECEIVED,
    NOTIFY_NONCRIT, NOTIFY_READYTOSEND, NOTIFY_SENTDEFERRED,
};
use mapi_spi::structs::SBinary;

use super::Defect;
use super::maildrop::{knowing_the_maildrop, waiting};
use super::tools::{notify, text};
use crate::hooks::{Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("first-mail-announced-only", first_mail_announced_only),
    ("notify-storm", notify_storm),
    ("notify-storm-from-message", notify_storm_from_message),
    ("ready-storm", || storm(NOTIFY_READYTOSEND)),
    ("config-storm", || storm(NOTIFY_CONFIG_CHANGE)),
    ("must-be-fetched-at-once", must_be_fetched_at_once),
    ("newmail-with-data", newmail_with_data),
    ("deferred-without-data", deferred_without_data),
    ("deferred-and-critical", deferred_and_critical),
    ("newmail-received", newmail_received),
    ("critical-section-for-ever", critical_section_for_ever),
    ("critical-section-valid", critical_section_valid),
    ("critical-error-then-success", critical_error_then_success),
    ("critical-error-then-more", critical_error_then_more),
    ("critical-error-in-submit", critical_error_in_submit),
    ("critical-error-in-poll", critical_error_in_poll),
    ("critical-error-in-addresses", || critical_error_from("IXPLogon.AddressTypes")),
    ("critical-error-in-validate", || critical_error_from("IXPLogon.ValidateState")),
    ("arrival-meanwhile-lost", arrival_meanwhile_lost),
    ("notifies-after-release", notifies_after_release),
];

const NOTIFY: &str = "IMAPISupport.SpoolerNotify";
const START: &str = "IXPLogon.StartMessage";

fn first_mail_announced_only() -> Hooks {
    static FETCHED: AtomicBool = AtomicBool::new(false);
    Hooks::default().after(START, |_| FETCHED.store(true, SeqCst)).decide(NOTIFY, |call| {
        if call.number("ulFlags") == NOTIFY_NEWMAIL && FETCHED.load(SeqCst) {
            call.answer(HRESULT::S_OK);
            return Flow::Answered;
        }
        Flow::Forward
    })
}

/// A thread announces as long as there is mail, without a breath.
fn notify_storm() -> Hooks {
    static RUNS: AtomicBool = AtomicBool::new(false);
    knowing_the_maildrop()
        .after("IXPLogon.TransportNotify", |_| {
            if RUNS.swap(true, SeqCst) {
                return;
            }
            std::thread::spawn(|| {
                while RUNS.load(SeqCst) {
                    if waiting().len() > 1 {
                        notify(NOTIFY_NEWMAIL, ptr::null_mut());
                    }
                    std::thread::sleep(Duration::from_micros(20));
                }
            });
        })
        .before("IXPLogon.TransportLogoff", |_| RUNS.store(false, SeqCst))
}

/// Every message is an occasion to announce the others a hundred times.
fn notify_storm_from_message() -> Hooks {
    knowing_the_maildrop().after(START, |_| {
        if waiting().len() > 1 {
            for _ in 0..100 {
                notify(NOTIFY_NEWMAIL, ptr::null_mut());
            }
        }
    })
}

/// Each message is followed by a great number of notifications that are not about mail.
fn storm(flag: u32) -> Hooks {
    Hooks::default().after(START, move |_| {
        for _ in 0..1000 {
            notify(flag, ptr::null_mut());
        }
    })
}

/// What was announced is lost where the spooler asks for anything else first.
fn must_be_fetched_at_once() -> Hooks {
    static ANNOUNCED: AtomicBool = AtomicBool::new(false);
    static LOST: AtomicBool = AtomicBool::new(false);
    let lose = |_: &mut crate::boundary::Call<'_>| {
        if ANNOUNCED.load(SeqCst) {
            LOST.store(true, SeqCst);
        }
    };
    Hooks::default()
        .after("IXPLogon.Poll", |call| {
            if LOST.load(SeqCst) {
                call.write("lpulIncoming", 0_u32);
            } else if call.read::<u32>("lpulIncoming") != 0 {
                ANNOUNCED.store(true, SeqCst);
            }
        })
        .decide(NOTIFY, |call| {
            if call.number("ulFlags") == NOTIFY_NEWMAIL {
                if LOST.load(SeqCst) {
                    call.answer(HRESULT::S_OK);
                    return Flow::Answered;
                }
                ANNOUNCED.store(true, SeqCst);
            }
            Flow::Forward
        })
        .before("IXPLogon.ValidateState", lose)
        .before("IXPLogon.AddressTypes", lose)
        .before("IXPLogon.FlushQueues", lose)
        .before("IXPLogon.Idle", lose)
        .before("IXPLogon.SubmitMessage", lose)
        .decide(START, |call| {
            ANNOUNCED.store(false, SeqCst);
            if LOST.load(SeqCst) {
                call.answer(HRESULT::S_OK);
                return Flow::Answered;
            }
            Flow::Forward
        })
}

fn newmail_with_data() -> Hooks {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    Hooks::default().before(NOTIFY, |call| {
        if call.number("ulFlags") == NOTIFY_NEWMAIL {
            call.set_ptr("lpvData", COUNT.as_ptr());
        }
    })
}

fn deferred_without_data() -> Hooks {
    Hooks::default().before(NOTIFY, |call| {
        if call.number("ulFlags") == NOTIFY_SENTDEFERRED {
            notify(NOTIFY_SENTDEFERRED, ptr::null_mut());
        }
    })
}

fn deferred_and_critical() -> Hooks {
    Hooks::default().before("IXPLogon.TransportLogoff", |_| {
        let mut bytes = *b"an entry identifier";
        let mut entry = SBinary { cb: 19, lpb: bytes.as_mut_ptr() };
        notify(NOTIFY_SENTDEFERRED | NOTIFY_CRITICAL_ERROR, (&raw mut entry).cast::<c_void>());
    })
}

fn newmail_received() -> Hooks {
    Hooks::default().before(NOTIFY, |call| {
        if call.number("ulFlags") == NOTIFY_NEWMAIL {
            call.set_arg("ulFlags", u64::from(NOTIFY_NEWMAIL | NOTIFY_NEWMAIL_RECEIVED));
        }
    })
}

fn critical_section_for_ever() -> Hooks {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    Hooks::default().after(START, |_| {
        if !BEGUN.swap(true, SeqCst) {
            notify(NOTIFY_CRITSEC, ptr::null_mut());
        }
    })
}

/// In a critical section from the first begin to the end of the session, and says of itself that all is well.
fn critical_section_valid() -> Hooks {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .after("IXPLogon.TransportNotify", |_| {
            if !BEGUN.swap(true, SeqCst) {
                notify(NOTIFY_CRITSEC, ptr::null_mut());
            }
        })
        .before("IXPLogon.TransportLogoff", |_| end_section(&BEGUN))
}

fn end_section(begun: &AtomicBool) {
    static ENDED: AtomicBool = AtomicBool::new(false);
    if begun.load(SeqCst) && !ENDED.swap(true, SeqCst) {
        notify(NOTIFY_NONCRIT, ptr::null_mut());
    }
}

fn critical_error_then_success() -> Hooks {
    Hooks::default().instead(START, |call| {
        call.write("lpulMsgRef", 4711_usize);
        notify(NOTIFY_CRITICAL_ERROR, ptr::null_mut());
        call.answer(HRESULT::S_OK);
    })
}

fn critical_error_then_more() -> Hooks {
    Hooks::default().instead(START, |call| {
        call.write("lpulMsgRef", 4711_usize);
        notify(NOTIFY_CRITICAL_ERROR, ptr::null_mut());
        super::tools::set_on_message(vec![text(mapi_spi::tags::PR_SUBJECT_W, "A last message")]);
        call.answer(HRESULT::MAPI_E_CALL_FAILED);
    })
}

/// What is in the maildrop when StartMessage returns is taken for seen, and never looked at.
fn arrival_meanwhile_lost() -> Hooks {
    static BEFORE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let known = || BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    knowing_the_maildrop().before(START, move |_| *known() = waiting()).after(START, move |_| {
        let before = known();
        for file in waiting().into_iter().filter(|file| !before.contains(file)) {
            let _ = std::fs::remove_file(file);
        }
    })
}

fn critical_error_in_submit() -> Hooks {
    Hooks::default().instead("IXPLogon.SubmitMessage", |call| {
        call.write("lpulMsgRef", 4711_usize);
        notify(NOTIFY_CRITICAL_ERROR, ptr::null_mut());
        call.answer(HRESULT::S_OK);
    })
}

/// Nothing that is forbidden: an error that it cannot recover from meets it as it looks for mail.
fn critical_error_in_poll() -> Hooks {
    Hooks::default().after("IXPLogon.Poll", |call| {
        if call.read::<u32>("lpulIncoming") != 0 {
            notify(NOTIFY_CRITICAL_ERROR, ptr::null_mut());
        }
    })
}

fn critical_error_from(call: &'static str) -> Hooks {
    Hooks::default().after(call, |_| {
        notify(NOTIFY_CRITICAL_ERROR, ptr::null_mut());
    })
}

fn notifies_after_release() -> Hooks {
    Hooks::default().after("IXPLogon.TransportLogoff", |_| {
        notify(NOTIFY_READYTOSEND, ptr::null_mut());
    })
}
