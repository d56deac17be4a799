//! ROBU: what a host needs of any plug-in.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::NOTIFY_CANCEL_MESSAGE;

use super::Defect;
use super::tools::{on_message, scribble};
use crate::boundary::{Call, Side};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("callback-errors-ignored", callback_errors_ignored),
    ("callback-error-crash", callback_error_crash),
    ("callback-error-loses-mail", callback_error_loses_mail),
    ("callback-error-leaves-open", callback_error_leaves_open),
    ("cancellation-crash", cancellation_crash),
    ("cancellation-leaves-open", cancellation_leaves_open),
    ("poll-unwritten", poll_unwritten),
    ("address-types-unwritten", address_types_unwritten),
    ("end-unwritten", end_unwritten),
    ("output-overrun", output_overrun),
];

/// Whether a callback on the message, or on what was opened from it, has failed.
static FAILED: AtomicBool = AtomicBool::new(false);

fn is_callback(call: &Call<'_>) -> bool {
    let spoolers = call.proxy().is_some_and(|proxy| proxy.side() == Side::Spooler);
    spoolers && !matches!(call.method(), "AddRef" | "Release" | "QueryInterface")
}

fn in_transfer() -> bool {
    hooks::during("StartMessage") || hooks::during("SubmitMessage")
}

fn noticing_errors() -> Hooks {
    Hooks::default().after("*", |call| {
        if is_callback(call) && in_transfer() && !call.succeeded() {
            FAILED.store(true, SeqCst);
        }
    })
}

/// What fails is taken for done, except where an object was to come of it.
fn callback_errors_ignored() -> Hooks {
    Hooks::default().after("*", |call| {
        let sets =
            matches!(call.method(), "SetProps" | "ModifyRecipients" | "SaveChanges" | "Write" | "Commit");
        if is_callback(call)
            && sets
            && !call.succeeded()
            && !(call.method() == "SaveChanges" && on_message(call))
        {
            if call.method() == "Write" {
                let whole = call.number("cb");
                call.write("pcbWritten", whole);
            }
            call.answer(HRESULT::S_OK);
        }
    })
}

fn callback_error_crash() -> Hooks {
    noticing_errors().before("*", |_| {
        if FAILED.load(SeqCst) {
            std::process::abort();
        }
    })
}

fn callback_error_loses_mail() -> Hooks {
    losing_mail(noticing_errors(), || FAILED.swap(false, SeqCst), HRESULT::MAPI_E_CALL_FAILED)
}

/// Removes the first mail that waits when a StartMessage has failed for this reason.
pub(super) fn losing_mail(noticing: Hooks, lost: fn() -> bool, code: HRESULT) -> Hooks {
    let knowing = super::maildrop::knowing_the_maildrop();
    noticing.and(knowing).after("IXPLogon.StartMessage", move |call| {
        if lost() && !call.succeeded() {
            if let Some(first) = super::maildrop::waiting().first() {
                // Where the file stays the defect is not seen, which the test of it says.
                drop(std::fs::remove_file(first));
            }
            call.answer(code);
        }
    })
}

/// An attachment that was opened is forgotten on the way out.
fn callback_error_leaves_open() -> Hooks {
    noticing_errors()
        .decide("IAttach.Release", |call| {
            if !FAILED.load(SeqCst) {
                return Flow::Forward;
            }
            call.answer_word(0);
            Flow::Answered
        })
        .after("IXPLogon.StartMessage", |_| FAILED.store(false, SeqCst))
}

/// Whether a message in process has been cancelled.
static CANCELLED: AtomicBool = AtomicBool::new(false);

fn noticing_cancellations() -> Hooks {
    Hooks::default().before("IXPLogon.TransportNotify", |call| {
        if call.read::<u32>("lpulFlags") & NOTIFY_CANCEL_MESSAGE != 0 && hooks::during("StartMessage") {
            CANCELLED.store(true, SeqCst);
        }
    })
}

fn cancellation_crash() -> Hooks {
    noticing_cancellations().after("IXPLogon.StartMessage", |_| {
        if CANCELLED.load(SeqCst) {
            std::process::abort();
        }
    })
}

fn cancellation_leaves_open() -> Hooks {
    noticing_cancellations()
        .decide("IAttach.Release", |call| {
            if !CANCELLED.load(SeqCst) {
                return Flow::Forward;
            }
            call.answer_word(0);
            Flow::Answered
        })
        .after("IXPLogon.StartMessage", |_| CANCELLED.store(false, SeqCst))
}

fn poll_unwritten() -> Hooks {
    static SEEN: AtomicU32 = AtomicU32::new(0);
    static CELL: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    Hooks::default()
        .before("IXPLogon.Poll", |call| {
            CELL.store(call.ptr::<u32>("lpulIncoming") as usize, SeqCst);
            call.set_ptr("lpulIncoming", SEEN.as_ptr());
        })
        .after("IXPLogon.Poll", |call| {
            call.set_arg("lpulIncoming", CELL.load(SeqCst) as u64);
            if SEEN.load(SeqCst) != 0 {
                call.write("lpulIncoming", 1_u32);
            }
        })
}

/// A message that was sent needs no flags, the provider thinks, and leaves the output alone.
fn end_unwritten() -> Hooks {
    static BEFORE: AtomicU32 = AtomicU32::new(0);
    Hooks::default()
        .before("IXPLogon.EndMessage", |call| BEFORE.store(call.read("lpulFlags"), SeqCst))
        .after("IXPLogon.EndMessage", |call| call.write("lpulFlags", BEFORE.load(SeqCst)))
}

fn address_types_unwritten() -> Hooks {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    Hooks::default().before("IXPLogon.AddressTypes", |call| call.set_ptr("lpcMAPIUID", COUNT.as_ptr()))
}

/// Sixteen bytes are written where four belong.
fn output_overrun() -> Hooks {
    Hooks::default().after("IXPLogon.RegisterOptions", |call| scribble(call.ptr("lpcOptions"), 0, &[0; 16]))
}
