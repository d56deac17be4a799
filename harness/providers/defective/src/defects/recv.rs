//! RECV: the course of IXPLogon::StartMessage.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use mapi_spi::HRESULT;
use mapi_spi::flags::{STATUS_AVAILABLE, STATUS_INBOUND_ACTIVE, STATUS_INBOUND_ENABLED};
use mapi_spi::tags::{PR_ENTRYID, PR_IMPORTANCE, PR_STATUS_CODE, PR_SUBJECT_W};

use super::Defect;
use super::maildrop::{knowing_the_maildrop, waiting};
use super::tools::{
    add_ref, binary, forward_props, long, on_message, release, save, set_on, set_on_message, text,
    update_row, yield_now,
};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("nobodys-message-refused", nobodys_message_refused),
    ("reference-never", reference_never),
    ("reference-late", reference_late),
    ("reference-after-save", reference_after_save),
    ("reference-changes", reference_changes),
    ("no-save", no_save),
    ("save-after-return", save_after_return),
    ("writes-after-save", writes_after_save),
    ("saves-nothing", saves_nothing),
    ("attachment-kept", attachment_kept),
    ("stream-kept", || kept("IStream.Release")),
    ("message-released", message_released),
    ("message-kept", message_kept),
    ("message-used-later", message_used_later),
    ("entryid-set", entryid_set),
    ("error-after-save", error_after_save),
    ("removed-before-save", removed_before_save),
    ("success-without-save", success_without_save),
    ("delivers-twice", delivers_twice),
    ("announced-and-not-delivered", announced_and_not_delivered),
    ("works-long", works_long),
    ("two-in-one", two_in_one),
    ("active-for-ever", active_for_ever),
    ("active-after-failure", active_after_failure),
    ("s-false-on-nothing", s_false_on_nothing),
    ("warning-on-success", warning_on_success),
];

const START: &str = "IXPLogon.StartMessage";
const SAVE: &str = "IMessage.SaveChanges";
const SET: &str = "IMessage.SetProps";

/// The wrapped provider writes its reference into a cell of ours; the spooler's is written at another time, or never.
static CELL: AtomicUsize = AtomicUsize::new(1);

fn reference_goes_astray() -> Hooks {
    static SPOOLERS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before(START, |call| {
            CELL.store(1, SeqCst);
            SPOOLERS.store(call.ptr::<usize>("lpulMsgRef") as usize, SeqCst);
            call.set_ptr("lpulMsgRef", CELL.as_ptr());
        })
        .after(START, |call| call.set_arg("lpulMsgRef", SPOOLERS.load(SeqCst) as u64))
}

fn reference_never() -> Hooks {
    reference_goes_astray()
}

fn reference_late() -> Hooks {
    reference_goes_astray().after(START, |call| call.write("lpulMsgRef", CELL.load(SeqCst)))
}

/// The reference is there for the return alone.
fn reference_after_save() -> Hooks {
    static SPOOLERS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before(START, |call| {
            CELL.store(1, SeqCst);
            SPOOLERS.store(call.ptr::<usize>("lpulMsgRef") as usize, SeqCst);
            call.set_ptr("lpulMsgRef", CELL.as_ptr());
        })
        .after(SAVE, |_| {
            super::tools::poke(SPOOLERS.load(SeqCst) as *mut usize, CELL.load(SeqCst));
        })
        .after(START, |call| call.set_arg("lpulMsgRef", SPOOLERS.load(SeqCst) as u64))
}

/// The message gets another reference when it is saved.
fn reference_changes() -> Hooks {
    static SPOOLERS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before(START, |call| SPOOLERS.store(call.ptr::<usize>("lpulMsgRef") as usize, SeqCst))
        .after(SAVE, |call| {
            if on_message(call) {
                super::tools::poke(SPOOLERS.load(SeqCst) as *mut usize, 0x7777);
            }
        })
}

fn no_save() -> Hooks {
    Hooks::default().decide(SAVE, |call| {
        if !on_message(call) {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// The message is kept, and saved when the spooler has gone on.
fn save_after_return() -> Hooks {
    static MESSAGE: AtomicUsize = AtomicUsize::new(0);
    no_save()
        .before(SAVE, |call| {
            if on_message(call) {
                MESSAGE.store(call.object() as usize, SeqCst);
            }
        })
        .before("IXPLogon.Poll", |_| {
            let message = MESSAGE.swap(0, SeqCst) as *mut c_void;
            save(message, 0);
        })
        .before("IXPLogon.TransportNotify", |_| {
            let message = MESSAGE.swap(0, SeqCst) as *mut c_void;
            save(message, 0);
        })
}

fn writes_after_save() -> Hooks {
    Hooks::default()
        .before(SAVE, |call| {
            // The message has to stay open for it.
            call.set_arg("ulFlags", u64::from(mapi_spi::flags::KEEP_OPEN_READWRITE));
        })
        .after(SAVE, |call| {
            if on_message(call) && call.succeeded() {
                set_on_message(vec![long(PR_IMPORTANCE, 2)]);
            }
        })
}

fn saves_nothing() -> Hooks {
    static TOUCHED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .before(START, |_| TOUCHED.store(false, SeqCst))
        .before(SET, |_| TOUCHED.store(true, SeqCst))
        .after(START, |call| {
            if call.succeeded() && !TOUCHED.load(SeqCst) {
                save(call.ptr("lpMessage"), 0);
            }
        })
}

fn attachment_kept() -> Hooks {
    kept("IAttach.Release")
}

/// The last Release of an object that was opened comes with the next call.
fn kept(name: &'static str) -> Hooks {
    static KEPT: AtomicUsize = AtomicUsize::new(0);
    let give_back = |_: &mut crate::boundary::Call<'_>| release(KEPT.swap(0, SeqCst) as *mut c_void);
    Hooks::default()
        .decide(name, |call| {
            if hooks::during("StartMessage")
                && KEPT.compare_exchange(0, call.object() as usize, SeqCst, SeqCst).is_ok()
            {
                call.answer_word(0);
                return Flow::Answered;
            }
            Flow::Forward
        })
        .before("IXPLogon.TransportNotify", give_back)
        .before("IXPLogon.Poll", give_back)
}

fn message_released() -> Hooks {
    Hooks::default().after(START, |call| release(call.ptr("lpMessage")))
}

/// Takes a reference to the message and never gives it back.
fn message_kept() -> Hooks {
    Hooks::default().after(START, |call| add_ref(call.ptr("lpMessage")))
}

fn message_used_later() -> Hooks {
    static MESSAGE: AtomicUsize = AtomicUsize::new(0);
    let use_it = |_: &mut crate::boundary::Call<'_>| {
        set_on(MESSAGE.swap(0, SeqCst) as *mut c_void, vec![text(PR_SUBJECT_W, "Too late")]);
    };
    Hooks::default()
        .after(START, |call| MESSAGE.store(call.ptr::<c_void>("lpMessage") as usize, SeqCst))
        .before("IXPLogon.TransportNotify", use_it)
        .before("IXPLogon.Poll", use_it)
}

fn entryid_set() -> Hooks {
    Hooks::default().decide(SET, |call| {
        if !on_message(call) {
            return Flow::Forward;
        }
        forward_props(call, "lpPropArray", |props| props.push(binary(PR_ENTRYID, b"an entry identifier")))
    })
}

/// Saved, and taken for not saved; the next attempt goes as it should.
fn error_after_save() -> Hooks {
    static DONE: AtomicBool = AtomicBool::new(false);
    Hooks::default().after(SAVE, |call| {
        if on_message(call) && call.succeeded() && !DONE.swap(true, SeqCst) {
            call.answer(HRESULT::MAPI_E_CALL_FAILED);
        }
    })
}

/// The wrapped provider takes the mail for saved and removes it, whether it was or not.
fn removed_before_save() -> Hooks {
    static FAILED: AtomicU32 = AtomicU32::new(0);
    Hooks::default()
        .after(SAVE, |call| {
            if on_message(call) && !call.succeeded() {
                FAILED.store(call.result().to_u32(), SeqCst);
                call.answer(HRESULT::S_OK);
            }
        })
        .after(START, |call| match FAILED.swap(0, SeqCst) {
            0 => {}
            failed => call.answer(HRESULT::from_u32(failed)),
        })
}

fn success_without_save() -> Hooks {
    static FAILED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .after(SAVE, |call| {
            if on_message(call) && !call.succeeded() {
                FAILED.store(true, SeqCst);
            }
        })
        .after(START, |call| {
            if FAILED.swap(false, SeqCst) {
                call.answer(HRESULT::S_OK);
            }
        })
}

/// The first message is saved, and taken for not saved: it comes once more.
fn delivers_twice() -> Hooks {
    static DONE: AtomicBool = AtomicBool::new(false);
    static NOW: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .after(SAVE, |call| {
            if on_message(call) && call.succeeded() && !DONE.swap(true, SeqCst) {
                NOW.store(true, SeqCst);
                call.answer(HRESULT::MAPI_E_CALL_FAILED);
            }
        })
        .after(START, |call| {
            if NOW.swap(false, SeqCst) {
                call.answer(HRESULT::S_OK);
            }
        })
}

/// The first message that is asked for is not handed over, and never spoken of again.
fn announced_and_not_delivered() -> Hooks {
    static DONE: AtomicBool = AtomicBool::new(false);
    knowing_the_maildrop().decide(START, |call| {
        let mail = waiting();
        let Some(first) = mail.first().filter(|_| !DONE.swap(true, SeqCst)) else { return Flow::Forward };
        // A failure leaves the file; then nothing is lost and the defect is not seen, which the test of it says.
        drop(std::fs::remove_file(first));
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// More than a second of work without a callback.
fn works_long() -> Hooks {
    Hooks::default().before(SAVE, |call| {
        if on_message(call) {
            std::thread::sleep(Duration::from_millis(2600));
            yield_now();
        }
    })
}

/// What is left of the time is used for one more message.
fn two_in_one() -> Hooks {
    static SAVED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .before(SAVE, |call| {
            if on_message(call) {
                SAVED.store(true, SeqCst);
                call.set_arg("ulFlags", u64::from(mapi_spi::flags::KEEP_OPEN_READWRITE));
            }
        })
        .decide(START, |call| {
            SAVED.store(false, SeqCst);
            call.forward();
            if call.succeeded() && SAVED.load(SeqCst) {
                call.forward();
            }
            Flow::Answered
        })
}

fn active_for_ever() -> Hooks {
    Hooks::default()
        .before(START, |_| {
            let code = STATUS_AVAILABLE | STATUS_INBOUND_ENABLED | STATUS_INBOUND_ACTIVE;
            update_row(vec![long(PR_STATUS_CODE, code)]);
        })
        .decide("IMAPISupport.ModifyStatusRow", |call| {
            super::stat::with_code(call, |code| {
                if code & STATUS_INBOUND_ENABLED != 0 { code } else { code | STATUS_INBOUND_ACTIVE }
            })
        })
}

/// The bit is cleared by a message that came, and not by one that failed or was stopped.
fn active_after_failure() -> Hooks {
    Hooks::default().after(START, |call| {
        if !call.succeeded() {
            let code = STATUS_AVAILABLE | STATUS_INBOUND_ENABLED | STATUS_INBOUND_ACTIVE;
            update_row(vec![long(PR_STATUS_CODE, code)]);
        }
    })
}

fn s_false_on_nothing() -> Hooks {
    static TOUCHED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .before(START, |_| TOUCHED.store(false, SeqCst))
        .before(SET, |_| TOUCHED.store(true, SeqCst))
        .after(START, |call| {
            if call.succeeded() && !TOUCHED.load(SeqCst) {
                call.answer(HRESULT::S_FALSE);
            }
        })
}

fn warning_on_success() -> Hooks {
    Hooks::default().after(START, |call| {
        if call.succeeded() {
            call.answer(HRESULT::MAPI_W_ERRORS_RETURNED);
        }
    })
}

/// A message that names no recipient is taken for one that cannot be saved.
fn nobodys_message_refused() -> Hooks {
    static NAMED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .before("IXPLogon.StartMessage", |_| NAMED.store(false, SeqCst))
        .before("IMessage.ModifyRecipients", |_| NAMED.store(true, SeqCst))
        .decide("IMessage.SaveChanges", |call| {
            if NAMED.load(SeqCst) || !hooks::during("StartMessage") {
                return Flow::Forward;
            }
            call.answer(HRESULT::MAPI_E_NO_RECIPIENTS);
            Flow::Answered
        })
}
