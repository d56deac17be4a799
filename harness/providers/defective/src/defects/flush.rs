//! FLSH: FlushQueues; VALS: ValidateState.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    NOTIFY_END_INBOUND_FLUSH, NOTIFY_END_OUTBOUND_FLUSH, STATUS_INBOUND_FLUSH, STATUS_OUTBOUND_FLUSH,
};

use super::Defect;
use super::stat::with_code;
use super::tools::yield_now;
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("flush-unshown", || unshown(STATUS_INBOUND_FLUSH | STATUS_OUTBOUND_FLUSH)),
    ("flush-fails", flush_fails),
    ("flush-does-not-turn", flush_does_not_turn),
    ("flush-shown-for-ever", || shown_for_ever(STATUS_INBOUND_FLUSH)),
    ("outbound-flush-shown-for-ever", || shown_for_ever(STATUS_OUTBOUND_FLUSH)),
    ("flush-yields", flush_yields),
    ("flush-announces-later", flush_announces_later),
    ("validate-returns-s-false", || validate_returns(HRESULT::S_FALSE)),
    ("validate-other-error", || validate_returns(HRESULT::MAPI_E_CALL_FAILED)),
    ("validate-differs", validate_differs),
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

fn validate_differs() -> Hooks {
    Hooks::default().after("IXPLogon.ValidateState", |call| {
        call.answer(HRESULT::MAPI_E_NO_SUPPORT);
    })
}
