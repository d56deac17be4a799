//! COUP: what goes wrong where a pair leaves its messages to the spooler, and where it changes to that and back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    LOGON_NO_CONNECT, MSG_LOCKED, NEEDS_SPOOLER, NOTIFY_BEGIN_OUTBOUND, NOTIFY_END_OUTBOUND,
};
use mapi_spi::tags::{PR_CLIENT_SUBMIT_TIME, PR_DELETE_AFTER_SUBMIT, PR_SENTMAIL_ENTRYID};

use super::Defect;
use super::direct::{SUBMIT, before_submission};
use super::maildrop::{knowing_the_maildrop, sent};
use super::store::{refuses, turns};
use super::store_queue::{forgets, is_theirs, lock, on_queue};
use super::store_tools::{hide_rows, reverse_column, reverse_rows, submit_to};
use super::tools::{boolean, set_on};
use crate::boundary::{Call, inner_of};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("lost-where-the-pair-cannot-send", lost_where_the_pair_cannot_send),
    ("lost-where-it-ends-in-a-submission", lost_where_it_ends_in_a_submission),
    ("sent-again-on-return", sent_again_on_return),
    ("sent-and-queued", sent_and_queued),
    ("queued-sent-twice", super::outbound::sent_twice),
    ("pair-abort-does-nothing", || refuses(ABORT, HRESULT::S_OK)),
    ("pair-abort-refused", || {
        Hooks::default().decide(ABORT, |call| answered_when_paired(call, HRESULT::MAPI_E_NO_SUPPORT))
    }),
    ("pair-accepts-no-recipients", || turns(SUBMIT, HRESULT::MAPI_E_NO_RECIPIENTS, HRESULT::S_OK)),
    ("pair-queue-out-of-order", || {
        on_queue(|call| {
            reverse_rows(call);
            reverse_column(call, PR_CLIENT_SUBMIT_TIME);
        })
    }),
    ("pair-lock-ignored", || lock(MSG_LOCKED)),
    ("pair-lock-forgotten", || {
        Hooks::default().decide("IMsgStore.SetLockState", |call| answered_when_paired(call, HRESULT::S_OK))
    }),
    ("pair-resend-not-prepared", || refuses("IMAPISupport.PrepareSubmit", HRESULT::S_OK)),
    ("pair-finished-stays", || forgets(&[PR_SENTMAIL_ENTRYID, PR_DELETE_AFTER_SUBMIT])),
    ("finished-always-deleted", || {
        before_submission(|call| set_on(call.object(), vec![boolean(PR_DELETE_AFTER_SUBMIT, true)]))
    }),
    ("pair-out-of-memory-crash", super::memo::out_of_memory_crash),
];

const ABORT: &str = "IMsgStore.AbortSubmit";
const TELL: &str = "IXPLogon.TransportNotify";

fn answered_when_paired(call: &mut Call<'_>, code: HRESULT) -> Flow {
    if !hooks::has_transport() {
        return Flow::Forward;
    }
    call.answer(code);
    Flow::Answered
}

/// Whether the pair's transport can send: it may connect, and outbound is on.
static SENDS: AtomicBool = AtomicBool::new(false);

fn noticing_outbound() -> Hooks {
    static CONNECTS: AtomicBool = AtomicBool::new(true);
    Hooks::default()
        .before("IXPProvider.TransportLogon", |call| {
            CONNECTS.store(call.read::<u32>("lpulFlags") & LOGON_NO_CONNECT == 0, SeqCst);
            SENDS.store(false, SeqCst);
        })
        .before(TELL, |call| {
            let told = call.read::<u32>("lpulFlags");
            if told & NOTIFY_BEGIN_OUTBOUND != 0 {
                SENDS.store(CONNECTS.load(SeqCst), SeqCst);
            }
            if told & NOTIFY_END_OUTBOUND != 0 {
                SENDS.store(false, SeqCst);
            }
        })
}

/// While its transport is there and cannot send, the store keeps to itself what it accepted.
fn lost_where_the_pair_cannot_send() -> Hooks {
    static LOST: AtomicBool = AtomicBool::new(false);
    noticing_outbound()
        .before(SUBMIT, |call| {
            if is_theirs(call) && hooks::has_transport() && !SENDS.load(SeqCst) {
                LOST.store(true, SeqCst);
            }
        })
        .and(on_queue(|call| {
            if LOST.load(SeqCst) {
                hide_rows(call);
            }
        }))
}

/// What is submitted while outbound ends, or the transport is logged off, never stands in the queue.
fn lost_where_it_ends_in_a_submission() -> Hooks {
    static LOST: AtomicBool = AtomicBool::new(false);
    let note = |ends: bool| {
        if ends && hooks::during("SubmitMessage") {
            LOST.store(true, SeqCst);
        }
    };
    Hooks::default()
        .before(TELL, move |call| note(call.read::<u32>("lpulFlags") & NOTIFY_END_OUTBOUND != 0))
        .before("IXPLogon.TransportLogoff", move |_| note(true))
        .and(on_queue(|call| {
            if LOST.load(SeqCst) {
                hide_rows(call);
            }
        }))
}

/// When outbound begins again, what was sent last is sent once more.
fn sent_again_on_return() -> Hooks {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    knowing_the_maildrop().before(TELL, |call| {
        if call.read::<u32>("lpulFlags") & NOTIFY_BEGIN_OUTBOUND == 0 || BEGUN.fetch_add(1, SeqCst) == 0 {
            return;
        }
        if let Some(last) = sent().last() {
            // Without the copy the defect is not seen, which the test of it says.
            drop(std::fs::copy(last, last.with_extension("again.eml")));
        }
    })
}

/// Where outbound has ended, the pair sends a message all the same, and leaves it to the spooler as well.
fn sent_and_queued() -> Hooks {
    static LOGON: AtomicUsize = AtomicUsize::new(0);
    static ENDED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .after("IXPProvider.TransportLogon", |call| LOGON.store(call.read::<usize>("lppXPLogon"), SeqCst))
        .decide(TELL, |call| {
            let told = call.read::<u32>("lpulFlags");
            if told & NOTIFY_BEGIN_OUTBOUND != 0 {
                ENDED.store(false, SeqCst);
            }
            if told & NOTIFY_END_OUTBOUND == 0 || told & !NOTIFY_END_OUTBOUND != 0 {
                return Flow::Forward;
            }
            ENDED.store(true, SeqCst);
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
        .before(SUBMIT, |call| {
            if is_theirs(call) && hooks::has_transport() && ENDED.load(SeqCst) {
                submit_to(inner_of(LOGON.load(SeqCst) as *mut std::ffi::c_void), call.object());
            }
        })
        .after("IMAPISupport.ExpandRecips", |call| {
            if ENDED.load(SeqCst) {
                let said = call.read::<u32>("lpulFlags");
                call.write("lpulFlags", said | NEEDS_SPOOLER);
            }
        })
}
