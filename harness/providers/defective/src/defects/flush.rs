//! FLSH: FlushQueues; VALS: ValidateState.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    FLUSH_DOWNLOAD, FLUSH_UPLOAD, NOTIFY_END_INBOUND_FLUSH, NOTIFY_END_OUTBOUND_FLUSH, STATUS_INBOUND_FLUSH,
    STATUS_OUTBOUND_FLUSH,
};

use super::Defect;
use super::stat::with_code;
use super::tools::yield_now;
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("flush-unshown", || unshown(STATUS_INBOUND_FLUSH | STATUS_OUTBOUND_FLUSH)),
    ("flush-fails", flush_fails),
    ("flush-does-not-turn", flush_does_not_turn),
    ("flush-of-both-ends-early", flush_of_both_ends_early),
    ("flush-once-only", flush_once_only),
    ("flush-shown-for-ever", || shown_for_ever(STATUS_INBOUND_FLUSH)),
    ("outbound-flush-shown-for-ever", || shown_for_ever(STATUS_OUTBOUND_FLUSH)),
    ("flush-yields", flush_yields),
    ("flush-announces-later", flush_announces_later),
    ("validate-returns-s-false", || validate_returns(HRESULT::S_FALSE)),
    ("validate-other-error", || validate_returns(HRESULT::MAPI_E_CALL_FAILED)),
    ("validate-differs", validate_differs),
    ("validate-ends-watch", validate_ends_watch),
    ("validate-cancelled-by-nobody", || validate_returns(HRESULT::MAPI_E_USER_CANCEL)),
];

const ROW: &str = "IMAPISupport.ModifyStatusRow";
const NOTIFY: &str = "IXPLogon.TransportNotify";

fn unshown(bits: u32) -> Hooks {
    Hooks::default().decide(ROW, move |call| {
        if hooks::during("FlushQueues") { with_code(call, |code| code & !bits) } else { Flow::Forward }
    })
}

fn flush_fails() -> Hooks {
    Hooks::default().instead("IXPLogon.FlushQueues", |call| call.answer(HRESULT::MAPI_E_CALL_FAILED))
}

/// After the outbound flush everything is over.
fn flush_does_not_turn() -> Hooks {
    static WRITTEN: AtomicU32 = AtomicU32::new(0);
    Hooks::default()
        .before(NOTIFY, |call| {
            let flags: u32 = call.read("lpulFlags");
            if flags & NOTIFY_END_OUTBOUND_FLUSH != 0 {
                call.write("lpulFlags", flags | NOTIFY_END_INBOUND_FLUSH);
                WRITTEN.store(flags, SeqCst);
            }
        })
        .after(NOTIFY, |call| match WRITTEN.swap(0, SeqCst) {
            0 => {}
            flags => call.write("lpulFlags", flags),
        })
}

/// A flush of both queues shows both bits, and the end of the first takes the second along.
fn flush_of_both_ends_early() -> Hooks {
    static BOTH: AtomicBool = AtomicBool::new(false);
    static OVER: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .before("IXPLogon.FlushQueues", |call| {
            let both = FLUSH_UPLOAD | FLUSH_DOWNLOAD;
            BOTH.store(call.number("ulFlags") & both == both, SeqCst);
        })
        .before(NOTIFY, |call| {
            if call.read::<u32>("lpulFlags") & NOTIFY_END_OUTBOUND_FLUSH != 0 {
                OVER.store(BOTH.load(SeqCst), SeqCst);
            }
        })
        .decide(ROW, |call| {
            let (both, over) = (BOTH.load(SeqCst), OVER.load(SeqCst));
            with_code(call, |code| match (both, over) {
                (true, true) => code & !(STATUS_INBOUND_FLUSH | STATUS_OUTBOUND_FLUSH),
                (true, false) if code & STATUS_OUTBOUND_FLUSH != 0 => code | STATUS_INBOUND_FLUSH,
                (true | false, _) => code,
            })
        })
}

/// A second flush is taken for the first one, which is over.
fn flush_once_only() -> Hooks {
    static FLUSHED: AtomicBool = AtomicBool::new(false);
    Hooks::default().decide("IXPLogon.FlushQueues", |call| {
        if !FLUSHED.swap(true, SeqCst) {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

fn shown_for_ever(bit: u32) -> Hooks {
    static SHOWN: AtomicU32 = AtomicU32::new(0);
    Hooks::default().decide(ROW, move |call| {
        with_code(call, |code| {
            let shown = SHOWN.fetch_or(code & bit, SeqCst);
            code | shown
        })
    })
}

fn flush_yields() -> Hooks {
    Hooks::default().before("IMessage.SaveChanges", |_| {
        if hooks::during("StartMessage") {
            yield_now();
        }
    })
}

fn flush_announces_later() -> Hooks {
    Hooks::default().decide("IMAPISupport.SpoolerNotify", |call| {
        if !hooks::during("StartMessage") {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

fn validate_returns(code: HRESULT) -> Hooks {
    Hooks::default()
        .instead("IXPLogon.ValidateState", move |call| call.answer(code))
        .instead("IMAPIStatus.ValidateState", move |call| call.answer(code))
}

/// The connection that was tried out is not gone back to: mail is not learnt of any more.
fn validate_ends_watch() -> Hooks {
    static DEAF: AtomicBool = AtomicBool::new(false);
    Hooks::default().after("IXPLogon.ValidateState", |_| DEAF.store(true, SeqCst)).after(
        "IXPLogon.Poll",
        |call| {
            if DEAF.load(SeqCst) {
                call.write("lpulIncoming", 0_u32);
            }
        },
    )
}

fn validate_differs() -> Hooks {
    Hooks::default().after("IXPLogon.ValidateState", |call| {
        call.answer(HRESULT::MAPI_E_NO_SUPPORT);
    })
}
