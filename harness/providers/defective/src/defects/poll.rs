//! POLL and IDLE: IXPLogon::Poll, IXPLogon::Idle.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use mapi_spi::HRESULT;
use mapi_spi::flags::NOTIFY_NEWMAIL;

use super::Defect;
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("poll-tells-nothing", poll_tells_nothing),
    ("poll-tells-always", poll_tells_always),
    ("poll-returns-s-false", poll_returns_s_false),
    ("poll-fails-on-nothing", poll_fails_on_nothing),
    ("poll-consumes", poll_consumes),
    ("poll-slow", || slow("IXPLogon.Poll")),
    ("idle-slow", || slow("IXPLogon.Idle")),
    ("idle-needed", idle_needed),
    ("sending-stops-polling", sending_stops_polling),
    ("announced-in-one-session", announced_in_one_session),
];

const POLL: &str = "IXPLogon.Poll";

fn poll_tells_nothing() -> Hooks {
    Hooks::default().after(POLL, |call| call.write("lpulIncoming", 0_u32))
}

fn poll_tells_always() -> Hooks {
    Hooks::default().after(POLL, |call| call.write("lpulIncoming", 1_u32))
}

fn poll_returns_s_false() -> Hooks {
    Hooks::default().after(POLL, |call| {
        if call.read::<u32>("lpulIncoming") == 0 {
            call.answer(HRESULT::S_FALSE);
        }
    })
}

fn poll_fails_on_nothing() -> Hooks {
    Hooks::default().after(POLL, |call| {
        if call.read::<u32>("lpulIncoming") == 0 {
            call.answer(HRESULT::MAPI_E_NOT_FOUND);
        }
    })
}

/// A message that was reported is taken by the next Poll.
fn poll_consumes() -> Hooks {
    static REPORTED: AtomicU32 = AtomicU32::new(0);
    let gone = || REPORTED.load(SeqCst) > 1;
    Hooks::default()
        .after(POLL, move |call| {
            if call.read::<u32>("lpulIncoming") != 0 {
                REPORTED.fetch_add(1, SeqCst);
            }
            if gone() {
                call.write("lpulIncoming", 0_u32);
            }
        })
        .decide("IXPLogon.StartMessage", move |call| {
            if !gone() {
                REPORTED.store(0, SeqCst);
                return Flow::Forward;
            }
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
}

fn slow(method: &'static str) -> Hooks {
    Hooks::default().before(method, |_| std::thread::sleep(Duration::from_millis(300)))
}

/// Mail is announced only from within Idle.
fn idle_needed() -> Hooks {
    static SEEN: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .decide("IMAPISupport.SpoolerNotify", |call| {
            if call.number("ulFlags") != NOTIFY_NEWMAIL || hooks::during("Idle") {
                return Flow::Forward;
            }
            SEEN.store(true, SeqCst);
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
        .after("IXPLogon.Idle", |_| {
            if SEEN.swap(false, SeqCst) {
                super::tools::notify(NOTIFY_NEWMAIL, std::ptr::null_mut());
            }
        })
}

fn sending_stops_polling() -> Hooks {
    static SENT: AtomicBool = AtomicBool::new(false);
    Hooks::default().before("IXPLogon.SubmitMessage", |_| SENT.store(true, SeqCst)).after(POLL, |call| {
        if SENT.load(SeqCst) {
            call.write("lpulIncoming", 0_u32);
        }
    })
}

/// What one session has been told of, the next one is not.
fn announced_in_one_session() -> Hooks {
    static TOLD: AtomicBool = AtomicBool::new(false);
    static OVER: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .after(POLL, |call| {
            if OVER.load(SeqCst) {
                call.write("lpulIncoming", 0_u32);
            } else if call.read::<u32>("lpulIncoming") != 0 {
                TOLD.store(true, SeqCst);
            }
        })
        .after("IXPLogon.StartMessage", |_| TOLD.store(false, SeqCst))
        .after("IXPLogon.TransportLogoff", |_| OVER.store(TOLD.load(SeqCst), SeqCst))
}
