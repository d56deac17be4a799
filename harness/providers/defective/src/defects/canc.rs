//! CANC: stopping delivery.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mapi_spi::HRESULT;
use mapi_spi::flags::{BEGIN_DEFERRED, NOTIFY_ABORT_DEFERRED, NOTIFY_CANCEL_MESSAGE, NOTIFY_SENTDEFERRED};
use mapi_spi::structs::SBinary;

use super::Defect;
use super::tools::{on_message, save};
use crate::boundary::Call;
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("cancellation-ignored", cancellation_ignored),
    ("cancelled-lost", cancelled_lost),
    ("cancelled-saved", cancelled_saved),
    ("unassigned-cancellation-ignored", unassigned_cancellation_ignored),
    ("yield-cancellation-ignored", yield_cancellation_ignored),
    ("yield-cancellation-other-result", yield_cancellation_other_result),
    ("stranger-cancels", stranger_cancels),
    ("deferred-not-cancelled", deferred_not_cancelled),
    ("deferred-abort-of-one-ignored", deferred_abort_of_one_ignored),
];

const NOTIFY: &str = "IXPLogon.TransportNotify";
const START: &str = "IXPLogon.StartMessage";

fn cancels(call: &Call<'_>) -> bool {
    let flags: u32 = call.read("lpulFlags");
    flags & NOTIFY_CANCEL_MESSAGE != 0 && flags & NOTIFY_ABORT_DEFERRED == 0
}

fn cancellation_ignored() -> Hooks {
    Hooks::default().decide(NOTIFY, |call| {
        if !cancels(call) || !hooks::during("StartMessage") {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// The wrapped provider goes on, and nothing of what it does reaches the message; it takes the mail for delivered.
fn cancelled_lost() -> Hooks {
    static CANCELLED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .decide(NOTIFY, |call| {
            if !cancels(call) || !hooks::during("StartMessage") {
                return Flow::Forward;
            }
            CANCELLED.store(true, SeqCst);
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
        .decide("*", |call| {
            if !CANCELLED.load(SeqCst) || !on_message(call) {
                return Flow::Forward;
            }
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
        .after(START, |call| {
            if CANCELLED.swap(false, SeqCst) {
                call.answer(HRESULT::MAPI_E_USER_CANCEL);
            }
        })
}

/// What has come so far is delivered, and all of it with the next attempt.
fn cancelled_saved() -> Hooks {
    Hooks::default().after(START, |call| {
        if call.result() == HRESULT::MAPI_E_USER_CANCEL {
            save(call.ptr("lpMessage"), 0);
            call.answer(HRESULT::S_OK);
        }
    })
}

/// The reference comes when the message is used for the first time, and a cancellation before that means nothing.
fn unassigned_cancellation_ignored() -> Hooks {
    static CELL: AtomicUsize = AtomicUsize::new(1);
    static SPOOLERS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before(START, |call| {
            CELL.store(1, SeqCst);
            SPOOLERS.store(call.ptr::<usize>("lpulMsgRef") as usize, SeqCst);
            call.set_ptr("lpulMsgRef", CELL.as_ptr());
        })
        .decide(NOTIFY, |call| {
            // The cell is the spooler's, and there is one only while StartMessage is being called.
            let is_unassigned = || super::tools::peek(SPOOLERS.load(SeqCst) as *const usize) == 1;
            if !cancels(call) || !hooks::during("StartMessage") || !is_unassigned() {
                return Flow::Forward;
            }
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
        .before("*", |call| {
            if on_message(call) {
                super::tools::poke(SPOOLERS.load(SeqCst) as *mut usize, CELL.load(SeqCst));
            }
        })
        .after(START, |call| call.set_arg("lpulMsgRef", SPOOLERS.swap(0, SeqCst) as u64))
}

fn yield_cancellation_ignored() -> Hooks {
    Hooks::default().after("IMAPISupport.SpoolerYield", |call| call.answer(HRESULT::S_OK))
}

fn yield_cancellation_other_result() -> Hooks {
    static TOLD: AtomicU32 = AtomicU32::new(0);
    let other = |call: &mut Call<'_>| {
        if TOLD.swap(0, SeqCst) != 0 && call.result() == HRESULT::MAPI_E_USER_CANCEL {
            call.answer(HRESULT::MAPI_E_CALL_FAILED);
        }
    };
    Hooks::default()
        .after("IMAPISupport.SpoolerYield", |call| {
            if call.result() == HRESULT::MAPI_W_CANCEL_MESSAGE {
                TOLD.store(1, SeqCst);
            }
        })
        .after(START, other)
        .after("IXPLogon.SubmitMessage", other)
}

/// Whatever is named, what is in process is cancelled.
fn stranger_cancels() -> Hooks {
    static CELL: AtomicUsize = AtomicUsize::new(0);
    static REFERENCE: AtomicUsize = AtomicUsize::new(0);
    static POINTER: AtomicUsize = AtomicUsize::new(0);
    let noted = |call: &mut Call<'_>| CELL.store(call.ptr::<usize>("lpulMsgRef") as usize, SeqCst);
    Hooks::default().before(START, noted).before("IXPLogon.SubmitMessage", noted).before(NOTIFY, |call| {
        let running = hooks::during("StartMessage") || hooks::during("SubmitMessage");
        if cancels(call) && running {
            REFERENCE.store(super::tools::peek(CELL.load(SeqCst) as *const usize), SeqCst);
            POINTER.store(REFERENCE.as_ptr() as usize, SeqCst);
            call.set_ptr::<c_void>("lppvData", POINTER.as_ptr().cast());
        }
    })
}

/// The abort of a single message is taken for well and not done: it is asked for when the next one comes back.
fn deferred_abort_of_one_ignored() -> Hooks {
    static ABORTED: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    fn aborted() -> MutexGuard<'static, Vec<u8>> {
        ABORTED.lock().unwrap_or_else(PoisonError::into_inner)
    }
    Hooks::default()
        .decide(NOTIFY, |call| {
            const ONE: u32 = NOTIFY_ABORT_DEFERRED | NOTIFY_CANCEL_MESSAGE;
            if call.read::<u32>("lpulFlags") & ONE != ONE {
                return Flow::Forward;
            }
            let entry = super::tools::counted(call.read_ptr("lppvData"));
            if !entry.is_empty() {
                *aborted() = entry;
            }
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
        .before("IXPLogon.SubmitMessage", |call| {
            let mut entry = aborted();
            if call.number("ulFlags") & BEGIN_DEFERRED != 0 && !entry.is_empty() {
                let cb = u32::try_from(entry.len()).unwrap_or_default();
                let mut binary = SBinary { cb, lpb: entry.as_mut_ptr() };
                super::tools::notify(NOTIFY_SENTDEFERRED, (&raw mut binary).cast());
            }
        })
}

fn deferred_not_cancelled() -> Hooks {
    Hooks::default().decide(NOTIFY, |call| {
        if call.read::<u32>("lpulFlags") & NOTIFY_ABORT_DEFERRED == 0 {
            return Flow::Forward;
        }
        call.answer(HRESULT::MAPI_E_NO_SUPPORT);
        Flow::Answered
    })
}
