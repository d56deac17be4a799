//! STOR: submission, the outgoing queue, locks, and what becomes of a message that was sent.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    MAPI_BEST_ACCESS, MAPI_MESSAGE, MSG_LOCKED, MSG_UNLOCKED, MSGFLAG_SUBMIT, NOTIFY_READYTOSEND,
    fnevTableModified,
};
use mapi_spi::structs::SPropValue;
use mapi_spi::tags::{
    PR_CLIENT_SUBMIT_TIME, PR_DELETE_AFTER_SUBMIT, PR_MESSAGE_FLAGS, PR_PRIORITY, PR_RECORD_KEY,
    PR_RESPONSIBILITY, PR_SENTMAIL_ENTRYID,
};

use super::Defect;
use super::store::{refuses, turns};
use super::store_tools::{
    change_props, entry_id, hide_column, hide_rows, missing, open_by, reverse_column, reverse_rows,
};
use super::tools::{boolean, change_table_rows, forward_props, long, number_of, release, without};
use crate::boundary::{Call, Side};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("submit-flag-missing", submit_flag_missing),
    ("submit-time-missing", submit_time_missing),
    ("responsibility-early", responsibility_early),
    ("recipients-not-expanded", || refuses("IMAPISupport.ExpandRecips", HRESULT::S_OK)),
    ("resend-not-prepared", || refuses("IMAPISupport.PrepareSubmit", HRESULT::S_OK)),
    ("prepare-error-swallowed", || swallows("IMAPISupport.PrepareSubmit")),
    ("expand-error-swallowed", || swallows("IMAPISupport.ExpandRecips")),
    ("ready-unsaid", || ready(false)),
    ("ready-said-twice", || ready(true)),
    ("no-recipients-accepted", || turns(SUBMIT, HRESULT::MAPI_E_NO_RECIPIENTS, HRESULT::S_OK)),
    ("no-recipients-other-error", || {
        turns(SUBMIT, HRESULT::MAPI_E_NO_RECIPIENTS, HRESULT::MAPI_E_CALL_FAILED)
    }),
    ("queue-column-missing", queue_column_missing),
    ("queue-reversed", || on_queue(reverse_rows)),
    ("queue-silent", queue_silent),
    ("queue-advise-refused", queue_advise_refused),
    ("queue-out-of-order", || {
        on_queue(|call| {
            reverse_rows(call);
            reverse_column(call, PR_CLIENT_SUBMIT_TIME);
        })
    }),
    ("queue-empty", || on_queue(hide_rows)),
    ("locked-not-found", || turns(OPEN, HRESULT::MAPI_E_NO_ACCESS, HRESULT::MAPI_E_NOT_FOUND)),
    ("locked-submitted", || turns(OPEN, HRESULT::MAPI_E_NO_ACCESS, HRESULT::MAPI_E_SUBMITTED)),
    ("locked-busy", || turns(OPEN, HRESULT::MAPI_E_NO_ACCESS, HRESULT::MAPI_E_BUSY)),
    ("submitted-other-error", || turns(OPEN, HRESULT::MAPI_E_SUBMITTED, HRESULT::MAPI_E_NO_ACCESS)),
    ("submitted-no-best-access", submitted_no_best_access),
    ("lock-ignored", || lock(MSG_LOCKED)),
    ("unlock-ignored", || lock(MSG_UNLOCKED)),
    ("lock-saves-nothing", lock_saves_nothing),
    ("lock-refused", || refuses("IMsgStore.SetLockState", HRESULT::MAPI_E_NO_SUPPORT)),
    ("abort-while-locked", || turns(ABORT, HRESULT::MAPI_E_UNABLE_TO_ABORT, HRESULT::S_OK)),
    ("abort-when-gone", || turns(ABORT, HRESULT::MAPI_E_NOT_IN_QUEUE, HRESULT::S_OK)),
    ("abort-does-nothing", || refuses(ABORT, HRESULT::S_OK)),
    ("finished-does-nothing", || refuses(FINISHED, HRESULT::S_OK)),
    ("finished-refused", || refuses(FINISHED, HRESULT::MAPI_E_NO_SUPPORT)),
    ("sent-mail-unsaid", || refuses("IMAPISupport.DoSentMail", HRESULT::S_OK)),
    ("sent-mail-forgotten", || forgets(&[PR_SENTMAIL_ENTRYID])),
    ("delete-after-forgotten", || forgets(&[PR_DELETE_AFTER_SUBMIT])),
];

const SUBMIT: &str = "IMessage.SubmitMessage";
const OPEN: &str = "IMsgStore.OpenEntry";
const ABORT: &str = "IMsgStore.AbortSubmit";
const FINISHED: &str = "IMsgStore.FinishedMsg";

/// Whether a call is on an object of the wrapped provider.
pub(super) fn is_theirs(call: &Call<'_>) -> bool {
    call.proxy().is_some_and(|proxy| proxy.side() == Side::Provider)
}

/// What MAPI sees of a message while it looks at it in ExpandRecips.
pub(super) fn seen_by_expand(change: impl Fn(&mut SPropValue) + Send + Sync + 'static) -> Hooks {
    Hooks::default().after("*", move |call| {
        if !is_theirs(call) || !hooks::asks("ExpandRecips") || !call.succeeded() {
            return;
        }
        match call.method() {
            "GetProps" => change_props(call, &change),
            "QueryRows" => change_table_rows(call.read_ptr("lppRows"), &change),
            _ => {}
        }
    })
}

pub(super) fn submit_flag_missing() -> Hooks {
    seen_by_expand(|prop| {
        if prop.tag() == PR_MESSAGE_FLAGS {
            *prop = long(PR_MESSAGE_FLAGS, number_of(prop) & !MSGFLAG_SUBMIT);
        }
    })
}

pub(super) fn submit_time_missing() -> Hooks {
    seen_by_expand(|prop| {
        if prop.tag() == PR_CLIENT_SUBMIT_TIME {
            *prop = missing(PR_CLIENT_SUBMIT_TIME);
        }
    })
}

fn responsibility_early() -> Hooks {
    seen_by_expand(|prop| {
        if prop.tag() == PR_RESPONSIBILITY {
            *prop = boolean(PR_RESPONSIBILITY, true);
        }
    })
}

fn swallows(method: &'static str) -> Hooks {
    Hooks::default().after(method, |call| call.answer(HRESULT::S_OK))
}

fn ready(twice: bool) -> Hooks {
    Hooks::default().decide("IMAPISupport.SpoolerNotify", move |call| {
        if call.number("ulFlags") & NOTIFY_READYTOSEND == 0 {
            return Flow::Forward;
        }
        if twice {
            call.forward();
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// Does something to the rows of the outgoing queue.
pub(super) fn on_queue(change: impl Fn(&Call<'_>) + Send + Sync + 'static) -> Hooks {
    Hooks::default().after("IMAPITable.QueryRows", move |call| {
        if hooks::is_on_queue(call) && call.succeeded() {
            change(call);
        }
    })
}

fn queue_column_missing() -> Hooks {
    Hooks::default().after("IMAPITable.QueryColumns", |call| {
        if hooks::is_on_queue(call) && call.succeeded() {
            hide_column(call, PR_PRIORITY, PR_RECORD_KEY);
        }
    })
}

fn queue_silent() -> Hooks {
    Hooks::default().decide("IMAPITable.Advise", |call| {
        if call.number("ulEventMask") & fnevTableModified == 0 || !hooks::is_on_queue(call) {
            return Flow::Forward;
        }
        call.write("lpulConnection", 7_usize);
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

fn queue_advise_refused() -> Hooks {
    Hooks::default().decide("IMAPITable.Advise", |call| {
        if !hooks::is_on_queue(call) {
            return Flow::Forward;
        }
        call.answer(HRESULT::MAPI_E_NO_SUPPORT);
        Flow::Answered
    })
}

/// A client that asks for whatever access there is to a message gets none.
fn submitted_no_best_access() -> Hooks {
    static CLIENTS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .after("IMSProvider.Logon", |call| CLIENTS.store(call.read::<usize>("lppMDB"), SeqCst))
        .after(OPEN, |call| {
            let clients = call.proxy().is_some_and(|proxy| proxy.raw() as usize == CLIENTS.load(SeqCst));
            let message = call.read::<u32>("lpulObjType") == MAPI_MESSAGE;
            if clients && message && call.succeeded() && call.number("ulFlags") & MAPI_BEST_ACCESS != 0 {
                release(call.read_ptr("lppUnk"));
                call.write("lppUnk", 0_usize);
                call.answer(HRESULT::MAPI_E_SUBMITTED);
            }
        })
}

pub(super) fn lock(ignored: u32) -> Hooks {
    Hooks::default().decide("IMsgStore.SetLockState", move |call| {
        if call.number("ulLockState") != ignored {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// The message is locked by another look at it: what was written to the one that the spooler has is not saved.
fn lock_saves_nothing() -> Hooks {
    Hooks::default().decide("IMsgStore.SetLockState", |call| {
        if call.number("ulLockState") != MSG_LOCKED {
            return Flow::Forward;
        }
        let given: *mut std::ffi::c_void = call.ptr("lpMessage");
        let other = open_by(call.object(), &entry_id(given));
        call.set_ptr("lpMessage", other);
        call.forward();
        call.set_ptr("lpMessage", given);
        release(other);
        Flow::Answered
    })
}

/// What a client sets on its message is left out.
pub(super) fn forgets(tags: &'static [mapi_spi::PropTag]) -> Hooks {
    Hooks::default().decide("IMessage.SetProps", move |call| {
        if is_theirs(call) {
            forward_props(call, "lpPropArray", |props| without(props, tags))
        } else {
            Flow::Forward
        }
    })
}
