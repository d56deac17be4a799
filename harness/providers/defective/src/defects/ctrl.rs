//! CTRL: TransportNotify, begin and end of a direction.

use std::ffi::c_void;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    NOTIFY_BEGIN_INBOUND, NOTIFY_BEGIN_OUTBOUND, NOTIFY_END_INBOUND, NOTIFY_END_INBOUND_FLUSH,
    NOTIFY_END_OUTBOUND, NOTIFY_NEWMAIL, STATUS_INBOUND_ENABLED, STATUS_OUTBOUND_ENABLED,
};

use super::Defect;
use super::maildrop::{knowing_the_maildrop, waiting};
use super::stat::with_code;
use super::tools::{notify, notify_of, on_message, poll};
use crate::boundary::{Call, inner_of};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("notify-clears-flags", notify_clears_flags),
    ("notify-adds-flags", notify_adds_flags),
    ("inbound-unshown", || unshown(STATUS_INBOUND_ENABLED)),
    ("outbound-unshown", || unshown(STATUS_OUTBOUND_ENABLED)),
    ("inbound-shown-for-ever", || shown_for_ever(STATUS_INBOUND_ENABLED)),
    ("outbound-shown-for-ever", || shown_for_ever(STATUS_OUTBOUND_ENABLED)),
    ("end-stops-message", end_stops_message),
    ("offers-after-end", offers_after_end),
    ("watches-after-end", || watches(ENDED)),
    ("watches-before-begin", || watches(UNBEGUN)),
    ("offers-again-after-end", offers_again_after_end),
    ("outbound-end-stops-message", outbound_end_stops_message),
    ("other-end-stops-receipt", || stops_at(NOTIFY_END_OUTBOUND, "StartMessage")),
    ("other-end-stops-submission", || stops_at(NOTIFY_END_INBOUND, "SubmitMessage")),
    ("outbound-unshown-beside-inbound", outbound_unshown_beside_inbound),
    ("inbound-unshown-after-flush", inbound_unshown_after_flush),
    ("notify-waits-for-message", notify_waits_for_message),
    ("stranded-polled", stranded_polled),
    ("stranded-notifying", stranded_notifying),
];

const NOTIFY: &str = "IXPLogon.TransportNotify";
const ROW: &str = "IMAPISupport.ModifyStatusRow";

fn notify_clears_flags() -> Hooks {
    Hooks::default().after(NOTIFY, |call| call.write("lpulFlags", 0_u32))
}

fn notify_adds_flags() -> Hooks {
    Hooks::default().after(NOTIFY, |call| {
        let flags: u32 = call.read("lpulFlags");
        call.write("lpulFlags", flags | 0x0000_0100);
    })
}

fn unshown(bit: u32) -> Hooks {
    Hooks::default().decide(ROW, move |call| with_code(call, |code| code & !bit))
}

/// What was once begun is shown until the end of the session.
fn shown_for_ever(bit: u32) -> Hooks {
    static SHOWN: AtomicU32 = AtomicU32::new(0);
    Hooks::default().decide(ROW, move |call| {
        with_code(call, |code| {
            let shown = SHOWN.fetch_or(code & bit, SeqCst) | code & bit;
            code | shown
        })
    })
}

/// Once the end has come, every call on the message fails for the wrapped provider, which gives up and keeps the mail.
fn end_stops_message() -> Hooks {
    stops_at(NOTIFY_END_INBOUND, "StartMessage")
}

fn outbound_end_stops_message() -> Hooks {
    stops_at(NOTIFY_END_OUTBOUND, "SubmitMessage")
}

/// Of two directions that are begun by one call the second is not shown.
fn outbound_unshown_beside_inbound() -> Hooks {
    static BOTH: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .before(NOTIFY, |call| {
            let flags: u32 = call.read("lpulFlags");
            if flags & (NOTIFY_BEGIN_INBOUND | NOTIFY_BEGIN_OUTBOUND) != 0 {
                BOTH.store(flags & NOTIFY_BEGIN_INBOUND != 0 && flags & NOTIFY_BEGIN_OUTBOUND != 0, SeqCst);
            }
        })
        .decide(ROW, |call| {
            if !BOTH.load(SeqCst) {
                return Flow::Forward;
            }
            with_code(call, |code| code & !STATUS_OUTBOUND_ENABLED)
        })
}

/// The end of an inbound flush is taken for the end of all that comes in.
fn inbound_unshown_after_flush() -> Hooks {
    static FLUSHED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .before(NOTIFY, |call| {
            FLUSHED.store(call.read::<u32>("lpulFlags") & NOTIFY_END_INBOUND_FLUSH != 0, SeqCst);
        })
        .decide(ROW, |call| {
            if !FLUSHED.load(SeqCst) {
                return Flow::Forward;
            }
            with_code(call, |code| code & !STATUS_INBOUND_ENABLED)
        })
        .after(NOTIFY, |_| FLUSHED.store(false, SeqCst))
}

fn stops_at(end: u32, method: &'static str) -> Hooks {
    static ENDED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .before(NOTIFY, move |call| {
            if call.read::<u32>("lpulFlags") & end != 0 && hooks::during(method) {
                ENDED.store(true, SeqCst);
            }
        })
        .decide("*", |call| {
            if !ENDED.load(SeqCst) || !on_message(call) || call.method() == "Release" {
                return Flow::Forward;
            }
            call.answer(HRESULT::MAPI_E_USER_CANCEL);
            Flow::Answered
        })
        .after("IXPLogon.StartMessage", |_| ENDED.store(false, SeqCst))
        .after("IXPLogon.EndMessage", |_| ENDED.store(false, SeqCst))
}

/// Whatever it is asked for while inbound is off, it announces what waits.
fn offers_after_end() -> Hooks {
    static OFF: AtomicBool = AtomicBool::new(false);
    fn offer(_: &mut Call<'_>) {
        if OFF.load(SeqCst) && !waiting().is_empty() {
            notify(NOTIFY_NEWMAIL, std::ptr::null_mut());
        }
    }
    knowing_the_maildrop()
        .after(NOTIFY, |call| {
            let flags: u32 = call.read("lpulFlags");
            if flags & (NOTIFY_BEGIN_INBOUND | NOTIFY_END_INBOUND) != 0 {
                OFF.store(flags & NOTIFY_END_INBOUND != 0, SeqCst);
            }
        })
        .after("IXPLogon.AddressTypes", offer)
        .after("IXPLogon.ValidateState", offer)
}

/// Inbound of the first session: not begun, on, ended.
const UNBEGUN: u8 = 0;
const ON: u8 = 1;
const ENDED: u8 = 2;

/// A thread of the first session's announces mail while inbound is off.
fn watches(while_it_is: u8) -> Hooks {
    announces(while_it_is, |_| true)
}

/// What had waited when inbound was ended is announced again and again.
fn offers_again_after_end() -> Hooks {
    static BEFORE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let before = || BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    announces(ENDED, move |path| before().iter().any(|known| known == path)).before(NOTIFY, move |call| {
        if call.read::<u32>("lpulFlags") & NOTIFY_END_INBOUND != 0 {
            *before() = waiting();
        }
    })
}

/// A thread of the first session's announces some of the mail while inbound is off.
fn announces(while_it_is: u8, mail: impl Fn(&PathBuf) -> bool + Clone + Send + Sync + 'static) -> Hooks {
    static LOGON: AtomicUsize = AtomicUsize::new(0);
    static INBOUND: AtomicU8 = AtomicU8::new(UNBEGUN);
    static WATCHER: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
    knowing_the_maildrop()
        .after("IXPProvider.TransportLogon", move |call| {
            let own = inner_of(call.read_ptr("lppXPLogon")) as usize;
            if !call.succeeded() || LOGON.compare_exchange(0, own, SeqCst, SeqCst).is_err() {
                return;
            }
            let support = hooks::support() as usize;
            let mail = mail.clone();
            let watcher = std::thread::spawn(move || {
                while LOGON.load(SeqCst) != 0 {
                    if INBOUND.load(SeqCst) == while_it_is && waiting().iter().any(&mail) {
                        notify_of(support as *mut c_void, NOTIFY_NEWMAIL, std::ptr::null_mut());
                    }
                    std::thread::park_timeout(Duration::from_millis(5));
                }
            });
            *WATCHER.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher);
        })
        .before(NOTIFY, |call| {
            let flags: u32 = call.read("lpulFlags");
            if call.object() as usize == LOGON.load(SeqCst) {
                if flags & NOTIFY_BEGIN_INBOUND != 0 {
                    INBOUND.store(ON, SeqCst);
                } else if flags & NOTIFY_END_INBOUND != 0 {
                    INBOUND.store(ENDED, SeqCst);
                }
            }
        })
        .before("IXPLogon.TransportLogoff", |call| {
            if LOGON.compare_exchange(call.object() as usize, 0, SeqCst, SeqCst).is_ok() {
                let watcher = WATCHER.lock().unwrap_or_else(PoisonError::into_inner).take();
                watcher.map(JoinHandle::join);
            }
        })
}

/// Each waits for the other: the notification for the message to end, the message for the notification to return.
fn notify_waits_for_message() -> Hooks {
    static NOTIFIED: AtomicBool = AtomicBool::new(false);
    fn wait_while(condition: impl Fn() -> bool) {
        while condition() {
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
    Hooks::default()
        .before(NOTIFY, |_| {
            NOTIFIED.store(true, SeqCst);
            wait_while(|| hooks::during("StartMessage") || hooks::during("SubmitMessage"));
            NOTIFIED.store(false, SeqCst);
        })
        .after("*", |call| {
            if on_message(call) {
                wait_while(|| NOTIFIED.load(SeqCst));
            }
        })
}

/// Learns of mail by its arrival alone: what waits when inbound is opened is never reported.
fn stranded_polled() -> Hooks {
    static STRANDED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .after(NOTIFY, |call| {
            if call.read::<u32>("lpulFlags") & NOTIFY_BEGIN_INBOUND != 0 && poll(call.object()) != 0 {
                STRANDED.store(true, SeqCst);
            }
        })
        .after("IXPLogon.Poll", |call| {
            if STRANDED.load(SeqCst) {
                call.write("lpulIncoming", 0_u32);
            }
        })
}

/// The same for a provider that is not polled.
fn stranded_notifying() -> Hooks {
    static STRANDED: AtomicBool = AtomicBool::new(false);
    knowing_the_maildrop()
        .before(NOTIFY, |call| {
            if call.read::<u32>("lpulFlags") & NOTIFY_BEGIN_INBOUND != 0 && !waiting().is_empty() {
                STRANDED.store(true, SeqCst);
            }
        })
        .decide("IMAPISupport.SpoolerNotify", |call| {
            if STRANDED.load(SeqCst) && call.number("ulFlags") == NOTIFY_NEWMAIL {
                call.answer(HRESULT::S_OK);
                return Flow::Answered;
            }
            Flow::Forward
        })
}
