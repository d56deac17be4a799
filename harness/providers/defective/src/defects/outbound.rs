//! SEND: SubmitMessage and EndMessage.

use std::ffi::c_void;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{MAPI_P1, MAPI_TO, NOTIFY_CANCEL_MESSAGE, NOTIFY_SENTDEFERRED};
use mapi_spi::structs::{SBinary, SPropValue};
use mapi_spi::tags::{
    PR_EMAIL_ADDRESS_W, PR_RECIPIENT_TYPE, PR_RESPONSIBILITY, PR_SENDER_NAME_W, PR_SUBJECT_W,
};

use super::Defect;
use super::maildrop::{knowing_the_maildrop, sent};
use super::tools::{
    add_ref, boolean, change_table_rows, free, is_true, long, mark_all, notify, number_of, on_message,
    release, set_on, text,
};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("submit-reference-zero", submit_reference_zero),
    ("submit-reference-late", submit_reference_late),
    ("submit-reference-changes", submit_reference_changes),
    ("responsibility-never", responsibility_never),
    ("responsibility-for-all", responsibility_for_all),
    ("served-again", served_again),
    ("wait-without-time", wait_without_time),
    ("not-me-after-sending", || refuses_after_sending(HRESULT::MAPI_E_NOT_ME)),
    ("busy-after-sending", || refuses_after_sending(HRESULT::MAPI_E_BUSY)),
    ("cancel-unasked", || refuses_after_sending(HRESULT::MAPI_E_CANCEL)),
    ("failure-unsaved", failure_unsaved),
    ("p1-shown", p1_shown),
    ("end-unknown-flag", end_unknown_flag),
    ("submitted-attachment-kept", submitted_attachment_kept),
    ("submitted-table-kept", submitted_table_kept),
    ("submitted-message-released", submitted_message_released),
    ("submitted-message-kept", submitted_message_kept),
    ("submitted-message-used-later", submitted_message_used_later),
    ("deferred-never-asked", deferred_never_asked),
    ("deferred-other-entry", deferred_other_entry),
    ("undeliverable-unreported", undeliverable_unreported),
    ("undeliverable-reported-twice", undeliverable_reported_twice),
    ("served-reported", served_reported),
    ("end-returns-s-false", end_returns_s_false),
    ("report-own-memory", report_own_memory),
    ("report-freed-again", report_freed_again),
    ("report-refused-leaks", report_refused_leaks),
    ("sender-left", sender_left),
    ("sender-other", sender_other),
    ("submit-error-swallowed", submit_error_swallowed),
    ("sent-never", sent_never),
    ("sent-twice", sent_twice),
    ("sent-body-cut", || sent_changed(|mail| mail[..mail.len() * 2 / 3].to_owned())),
    ("sent-long-body-cut", || sent_changed(|mail| mail.chars().take(1 << 20).collect())),
    ("sent-subject-changed", || sent_changed(|mail| mail.replacen("Subject: ", "Subject: [checked] ", 1))),
    ("sent-to-others", || {
        sent_changed(|mail| mail.replacen("X-Sent-To: ", "X-Sent-To: other@example.com, ", 1))
    }),
    ("sent-with-blind-copies", || {
        sent_changed(|mail| mail.replacen("Subject: ", "Bcc: blind@example.org\r\nSubject: ", 1))
    }),
    ("sent-html-as-text", || sent_changed(|mail| mail.replace("text/html", "text/plain"))),
    ("sent-subject-in-ascii", || sent_changed(in_ascii)),
    ("not-me-and-marked", not_me_and_marked),
    ("outbound-cancellation-ignored", outbound_cancellation_ignored),
    ("cancelled-marked", cancelled_marked),
];

const SUBMIT: &str = "IXPLogon.SubmitMessage";
const END: &str = "IXPLogon.EndMessage";
const RECIPIENTS: &str = "IMessage.ModifyRecipients";

/// The reference that the wrapped provider gave, where the spooler knows another.
static REFERENCE: AtomicUsize = AtomicUsize::new(0);

fn in_submission() -> bool {
    hooks::during("SubmitMessage")
}

fn submit_reference_zero() -> Hooks {
    Hooks::default()
        .after(SUBMIT, |call| {
            REFERENCE.store(call.read("lpulMsgRef"), SeqCst);
            call.write("lpulMsgRef", 0_usize);
        })
        .before(END, |call| call.set_arg("ulMsgRef", REFERENCE.load(SeqCst) as u64))
}

/// What was assigned gives way to another value when the message is sent.
fn submit_reference_changes() -> Hooks {
    Hooks::default()
        .after(SUBMIT, |call| {
            if call.succeeded() {
                let assigned: usize = call.read("lpulMsgRef");
                REFERENCE.store(assigned, SeqCst);
                call.write("lpulMsgRef", assigned + 1000);
            }
        })
        .before(END, |call| call.set_arg("ulMsgRef", REFERENCE.load(SeqCst) as u64))
}

fn submit_reference_late() -> Hooks {
    static SPOOLERS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before(SUBMIT, |call| {
            REFERENCE.store(0, SeqCst);
            SPOOLERS.store(call.ptr::<usize>("lpulMsgRef") as usize, SeqCst);
            call.set_ptr("lpulMsgRef", REFERENCE.as_ptr());
        })
        .after(SUBMIT, |call| {
            call.set_arg("lpulMsgRef", SPOOLERS.load(SeqCst) as u64);
            call.write("lpulMsgRef", REFERENCE.load(SeqCst));
        })
}

fn responsibility_never() -> Hooks {
    Hooks::default().decide(RECIPIENTS, |call| {
        if !in_submission() {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// Once its own recipients are marked, so are all the others.
fn responsibility_for_all() -> Hooks {
    Hooks::default().after(RECIPIENTS, |call| {
        if in_submission() && call.succeeded() {
            mark_all(call.object());
        }
    })
}

/// What others have marked is not looked at.
fn served_again() -> Hooks {
    Hooks::default().after("IMAPITable.QueryRows", |call| {
        if in_submission() && call.succeeded() {
            change_table_rows(call.read_ptr("lppRows"), |prop| {
                if prop.tag().id() == PR_RESPONSIBILITY.id() && is_true(prop) {
                    *prop = boolean(PR_RESPONSIBILITY, false);
                }
            });
        }
    })
}

fn wait_without_time() -> Hooks {
    static SECONDS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default().before(SUBMIT, |call| call.set_ptr("lpulReturnParm", SECONDS.as_ptr()))
}

/// The message is sent, and the answer says that it was not looked at.
fn refuses_after_sending(code: HRESULT) -> Hooks {
    static DONE: AtomicBool = AtomicBool::new(false);
    Hooks::default().after(SUBMIT, move |call| {
        if call.succeeded() && !DONE.swap(true, SeqCst) {
            super::tools::end_message(call.object(), call.read("lpulMsgRef"));
            call.answer(code);
        }
    })
}

/// The message is sent to all, and put off as if there were more to do; whom it was sent to is not saved.
fn failure_unsaved() -> Hooks {
    static DONE: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .decide("IMessage.SaveChanges", |call| {
            if !in_submission() || !on_message(call) || DONE.load(SeqCst) {
                return Flow::Forward;
            }
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
        .after(SUBMIT, |call| {
            if call.succeeded() && !DONE.swap(true, SeqCst) {
                super::tools::end_message(call.object(), call.read("lpulMsgRef"));
                call.write("lpulReturnParm", 1_usize);
                call.answer(HRESULT::MAPI_E_WAIT);
            }
        })
}

/// Recipients of a message that is sent again are taken for ordinary ones.
fn p1_shown() -> Hooks {
    Hooks::default().after("IMAPITable.QueryRows", |call| {
        if in_submission() && call.succeeded() {
            change_table_rows(call.read_ptr("lppRows"), |prop| {
                if prop.tag() == PR_RECIPIENT_TYPE && number_of(prop) & MAPI_P1 != 0 {
                    *prop = long(PR_RECIPIENT_TYPE, MAPI_TO);
                }
            });
        }
    })
}

fn end_unknown_flag() -> Hooks {
    Hooks::default().after(END, |call| {
        let flags: u32 = call.read("lpulFlags");
        call.write("lpulFlags", flags | 0x0008_0000);
    })
}

fn submitted_attachment_kept() -> Hooks {
    kept("IAttach.Release")
}

fn submitted_table_kept() -> Hooks {
    kept("IMAPITable.Release")
}

/// The last Release of an object that was opened comes with the next call after EndMessage.
fn kept(name: &'static str) -> Hooks {
    static KEPT: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .decide(name, |call| {
            if in_submission() && KEPT.compare_exchange(0, call.object() as usize, SeqCst, SeqCst).is_ok() {
                call.answer_word(0);
                return Flow::Answered;
            }
            Flow::Forward
        })
        .before("IXPLogon.TransportNotify", |_| release(KEPT.swap(0, SeqCst) as *mut c_void))
}

fn submitted_message_released() -> Hooks {
    Hooks::default().after(SUBMIT, |call| release(call.ptr("lpMessage")))
}

fn submitted_message_kept() -> Hooks {
    Hooks::default().after(SUBMIT, |call| add_ref(call.ptr("lpMessage")))
}

fn submitted_message_used_later() -> Hooks {
    static MESSAGE: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .after(SUBMIT, |call| MESSAGE.store(call.ptr::<c_void>("lpMessage") as usize, SeqCst))
        .before("IXPLogon.TransportNotify", |_| {
            set_on(MESSAGE.swap(0, SeqCst) as *mut c_void, vec![text(PR_SUBJECT_W, "Too late")]);
        })
}

fn deferred_never_asked() -> Hooks {
    Hooks::default().decide("IMAPISupport.SpoolerNotify", |call| {
        if call.number("ulFlags") != NOTIFY_SENTDEFERRED {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// The identifier that is told is that of no message.
fn deferred_other_entry() -> Hooks {
    Hooks::default().decide("IMAPISupport.SpoolerNotify", |call| {
        if call.number("ulFlags") != NOTIFY_SENTDEFERRED {
            return Flow::Forward;
        }
        let mut bytes = *b"an entry identifier";
        let mut entry = SBinary { cb: 19, lpb: bytes.as_mut_ptr() };
        call.answer(notify(NOTIFY_SENTDEFERRED, ptr::from_mut(&mut entry).cast()));
        Flow::Answered
    })
}

/// What StatusRecips is given is freed, as the spooler would, and nobody is told.
fn undeliverable_unreported() -> Hooks {
    Hooks::default().decide("IMAPISupport.StatusRecips", |call| {
        super::tools::free_list(call.ptr("lpRecipList"));
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

fn undeliverable_reported_twice() -> Hooks {
    Hooks::default().before("IMAPISupport.StatusRecips", |call| {
        super::tools::report_copy(call.object(), hooks::message(), call.ptr("lpRecipList"));
    })
}

/// With one who cannot be served another is reported as such, who is.
fn served_reported() -> Hooks {
    Hooks::default().before("IMAPISupport.StatusRecips", |call| {
        let list = call.ptr("lpRecipList");
        super::tools::report_copy(call.object(), hooks::message(), list);
        super::tools::change_rows(list, |props| {
            for prop in props.iter_mut().filter(|prop| prop.tag().id() == PR_EMAIL_ADDRESS_W.id()) {
                *prop = text(PR_EMAIL_ADDRESS_W, "ben@example.net");
            }
        });
    })
}

fn end_returns_s_false() -> Hooks {
    Hooks::default().after("IXPLogon.EndMessage", |call| call.answer(HRESULT::S_FALSE))
}

/// The list is in memory of the library's own.
fn report_own_memory() -> Hooks {
    Hooks::default().decide("IMAPISupport.StatusRecips", |call| {
        let list = call.ptr("lpRecipList");
        let own = super::tools::own_copy(list);
        call.set_ptr("lpRecipList", own);
        call.forward();
        call.set_ptr("lpRecipList", list);
        if call.succeeded() {
            super::tools::free_list(list);
        }
        Flow::Answered
    })
}

fn report_freed_again() -> Hooks {
    Hooks::default().after("IMAPISupport.StatusRecips", |call| {
        if call.succeeded() {
            free(call.ptr("lpRecipList"));
        }
    })
}

/// A list that was refused is taken for the spooler's all the same.
fn report_refused_leaks() -> Hooks {
    static LIST: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .after("IMAPISupport.StatusRecips", |call| {
            if !call.succeeded() {
                LIST.store(call.ptr::<c_void>("lpRecipList") as usize, SeqCst);
            }
        })
        .decide("MAPIFreeBuffer", |call| {
            if call.ptr::<c_void>("lpBuffer").is_null() || call.arg("lpBuffer") != LIST.load(SeqCst) as u64 {
                return Flow::Forward;
            }
            call.answer_word(0);
            Flow::Answered
        })
}

fn is_sender(prop: &SPropValue) -> bool {
    mapi_spi::PropTag(prop.ulPropTag).name().is_some_and(|name| name.starts_with("PR_SENDER_"))
}

fn sender_left() -> Hooks {
    Hooks::default().decide("IMessage.SetProps", |call| {
        if !in_submission() || !on_message(call) {
            return Flow::Forward;
        }
        super::tools::forward_props(call, "lpPropArray", |props| props.retain(|prop| !is_sender(prop)))
    })
}

fn sender_other() -> Hooks {
    Hooks::default().decide("IMessage.SetProps", |call| {
        if !in_submission() || !on_message(call) {
            return Flow::Forward;
        }
        super::tools::forward_props(call, "lpPropArray", |props| {
            props.retain(|prop| !is_sender(prop));
            props.push(text(PR_SENDER_NAME_W, "Somebody Else"));
        })
    })
}

/// What has been sent since the submission began.
fn after_sending(change: impl Fn(&std::path::Path) + Send + Sync + 'static) -> Hooks {
    static BEFORE: Mutex<Vec<std::path::PathBuf>> = Mutex::new(Vec::new());
    fn before() -> std::sync::MutexGuard<'static, Vec<std::path::PathBuf>> {
        BEFORE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
    knowing_the_maildrop().before(SUBMIT, |_| *before() = sent()).after(SUBMIT, move |_| {
        let before = before().clone();
        sent().iter().filter(|path| !before.contains(path)).for_each(|path| change(path));
    })
}

/// Whatever went wrong, the message is taken.
fn submit_error_swallowed() -> Hooks {
    static SWALLOWED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .after("IXPLogon.SubmitMessage", |call| {
            SWALLOWED.store(!call.succeeded(), SeqCst);
            call.answer(HRESULT::S_OK);
        })
        .decide("IXPLogon.EndMessage", |call| {
            if !SWALLOWED.swap(false, SeqCst) {
                return Flow::Forward;
            }
            call.write("lpulFlags", 0_u32);
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
}

fn sent_never() -> Hooks {
    // A failure leaves the file; then the defect is not seen, which the test of it says. So it is with the others.
    after_sending(|path| drop(std::fs::remove_file(path)))
}

pub(super) fn sent_twice() -> Hooks {
    after_sending(|path| drop(std::fs::copy(path, path.with_extension("again.eml"))))
}

pub(super) fn sent_changed(change: fn(&str) -> String) -> Hooks {
    after_sending(move |path| {
        if let Ok(mail) = std::fs::read_to_string(path) {
            drop(std::fs::write(path, change(&mail)));
        }
    })
}

/// Encoded words in the subject become question marks.
fn in_ascii(mail: &str) -> String {
    let plain = |line: &str| match line.split_once("=?") {
        Some(("Subject: ", _)) => "Subject: ????\r\n".to_owned(),
        Some(_) | None => line.to_owned(),
    };
    mail.split_inclusive('\n').map(plain).collect()
}

/// A message that is not for this transport is refused, and its recipients are marked.
fn not_me_and_marked() -> Hooks {
    Hooks::default().after(SUBMIT, |call| {
        if call.result() == HRESULT::MAPI_E_NOT_ME {
            mark_all(call.ptr("lpMessage"));
            super::tools::save(call.ptr("lpMessage"), 0);
        }
    })
}

fn outbound_cancellation_ignored() -> Hooks {
    Hooks::default().decide("IXPLogon.TransportNotify", |call| {
        if call.read::<u32>("lpulFlags") & NOTIFY_CANCEL_MESSAGE == 0 || !in_submission() {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// A message that is cancelled counts as sent.
fn cancelled_marked() -> Hooks {
    Hooks::default().after(SUBMIT, |call| {
        if call.result() == HRESULT::MAPI_E_USER_CANCEL {
            mark_all(call.ptr("lpMessage"));
            super::tools::save(call.ptr("lpMessage"), 0);
        }
    })
}
