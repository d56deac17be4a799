//! COUP: what goes wrong where a pair sends and receives by itself.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    MDB_NO_MAIL, NEEDS_SPOOLER, NOTIFY_BEGIN_OUTBOUND, NOTIFY_END_OUTBOUND, NOTIFY_NEWMAIL_RECEIVED,
};
use mapi_spi::structs::NEWMAIL_NOTIFICATION;
use mapi_spi::tags::{PR_BODY_W, PR_DELETE_AFTER_SUBMIT, PR_OWN_STORE_ENTRYID, PR_SENTMAIL_ENTRYID};

use super::Defect;
use super::maildrop::{knowing_the_maildrop, sent};
use super::store_queue::is_theirs;
use super::store_tools::{keep_recipients, open_message, text_on};
use super::tools::{delete_attachments, forward_props, release, save, set_on, text, without};
use crate::boundary::{Call, Side};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("direct-without-attachments", || before_submission(|call| delete_attachments(call.object()))),
    ("direct-in-ascii", || before_submission(|call| in_ascii(call.object()))),
    ("direct-to-ten", || before_submission(|call| keep_recipients(call.object(), 10))),
    ("pair-serves-ten", || before_submission(|call| keep_recipients(call.object(), 10))),
    ("direct-sent-twice", || after_direct(again)),
    ("direct-forgets-the-sixth", || {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        after_direct(|path| {
            if COUNT.fetch_add(1, SeqCst) == 5 {
                // A failure leaves the file; then the defect is not seen, which the test of it says.
                drop(std::fs::remove_file(path));
            }
        })
    }),
    ("direct-stays", || forgets_when_paired(&[PR_SENTMAIL_ENTRYID, PR_DELETE_AFTER_SUBMIT])),
    ("direct-abort-accepted", direct_abort_accepted),
    ("every-other-through-the-spooler", every_other_through_the_spooler),
    ("reopened-through-the-spooler", || counted_through_the_spooler("IMSProvider.Logon")),
    ("reconnected-through-the-spooler", || counted_through_the_spooler("IXPProvider.TransportLogon")),
    ("row-only-with-an-open-store", row_only_with_an_open_store),
    ("foreign-recipients-swallowed", || super::pair::marks(true)),
    ("needs-spooler-ignored", needs_spooler_ignored),
    ("completed-for-others", super::pair::completed_uncoupled),
    ("pair-callback-error-crash", || {
        noticing_errors().before("*", |_| {
            if FAILED.load(SeqCst) {
                std::process::abort();
            }
        })
    }),
    ("receives-nothing-while-sending", receives_nothing_while_sending),
    ("received-without-attachments", received_without_attachments),
    ("received-sixth-unsaid", received_sixth_unsaid),
    ("silent-beside-a-store-without-mail", silent_beside_a_store_without_mail),
];

pub(super) const SUBMIT: &str = "IMessage.SubmitMessage";
const EXPAND: &str = "IMAPISupport.ExpandRecips";
const TELL: &str = "IMAPISupport.SpoolerNotify";

fn again(path: &Path) {
    // As above: without the copy the defect is not seen.
    drop(std::fs::copy(path, path.with_extension("again.eml")));
}

/// Something is done to a message that a client submits while the pair's transport is logged on.
pub(super) fn before_submission(change: impl Fn(&Call<'_>) + Send + Sync + 'static) -> Hooks {
    Hooks::default().before(SUBMIT, move |call| {
        if is_theirs(call) && hooks::has_transport() {
            change(call);
        }
    })
}

/// Characters beyond ASCII become question marks in the body.
fn in_ascii(message: *mut std::ffi::c_void) {
    let plain = |one: char| if one.is_ascii() { one } else { '?' };
    let body: String = text_on(message, PR_BODY_W).chars().map(plain).collect();
    set_on(message, vec![text(PR_BODY_W, &body)]);
}

/// Something is done with each mail that the pair has sent within a client's SubmitMessage.
fn after_direct(change: impl Fn(&Path) + Send + Sync + 'static) -> Hooks {
    static BEFORE: Mutex<Vec<std::path::PathBuf>> = Mutex::new(Vec::new());
    fn before() -> std::sync::MutexGuard<'static, Vec<std::path::PathBuf>> {
        BEFORE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
    knowing_the_maildrop().before(SUBMIT, |_| *before() = sent()).after(SUBMIT, move |call| {
        let before = before().clone();
        if is_theirs(call) && call.succeeded() {
            sent().iter().filter(|path| !before.contains(path)).for_each(|path| change(path));
        }
    })
}

/// Whether a callback was made to fail: these two codes are none that a callback has by itself here.
static FAILED: AtomicBool = AtomicBool::new(false);

fn noticing_errors() -> Hooks {
    Hooks::default().after("*", |call| {
        let ours = call.proxy().is_some_and(|proxy| proxy.side() == Side::Spooler);
        let made_to_fail =
            matches!(call.result(), HRESULT::MAPI_E_NOT_ENOUGH_MEMORY | HRESULT::MAPI_E_CALL_FAILED);
        if ours && made_to_fail && !matches!(call.method(), "AddRef" | "Release") {
            FAILED.store(true, SeqCst);
        }
    })
}

/// What a client sets on its message is left out while the pair's transport is logged on.
fn forgets_when_paired(tags: &'static [mapi_spi::PropTag]) -> Hooks {
    Hooks::default().decide("IMessage.SetProps", |call| {
        if !is_theirs(call) || !hooks::has_transport() {
            return Flow::Forward;
        }
        forward_props(call, "lpPropArray", |props| without(props, tags))
    })
}

fn direct_abort_accepted() -> Hooks {
    Hooks::default().after("IMsgStore.AbortSubmit", |call| {
        if hooks::has_transport() && call.result() == HRESULT::MAPI_E_NOT_IN_QUEUE {
            call.answer(HRESULT::S_OK);
        }
    })
}

fn through_the_spooler(when: impl Fn() -> bool + Send + Sync + 'static) -> Hooks {
    Hooks::default().after(EXPAND, move |call| {
        if hooks::has_transport() && when() {
            let said = call.read::<u32>("lpulFlags");
            call.write("lpulFlags", said | NEEDS_SPOOLER);
        }
    })
}

fn every_other_through_the_spooler() -> Hooks {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    through_the_spooler(|| COUNT.fetch_add(1, SeqCst) % 2 == 1)
}

/// From the second call of this name on the pair does not know itself any more.
fn counted_through_the_spooler(logon: &'static str) -> Hooks {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    through_the_spooler(|| COUNT.load(SeqCst) > 1).after(logon, |call| {
        if call.succeeded() {
            COUNT.fetch_add(1, SeqCst);
        }
    })
}

/// A transport that is logged on before its store is opened does not say whose it is.
fn row_only_with_an_open_store() -> Hooks {
    static OPEN: AtomicBool = AtomicBool::new(false);
    Hooks::default().after("IMSProvider.Logon", |call| OPEN.store(call.succeeded(), SeqCst)).decide(
        "IMAPISupport.ModifyStatusRow",
        |call| {
            if OPEN.load(SeqCst) {
                return Flow::Forward;
            }
            forward_props(call, "lpColumnVals", |props| without(props, &[PR_OWN_STORE_ENTRYID]))
        },
    )
}

/// The pair sends what the spooler was to send.
fn needs_spooler_ignored() -> Hooks {
    Hooks::default().after(EXPAND, |call| {
        let said = call.read::<u32>("lpulFlags");
        call.write("lpulFlags", said & !NEEDS_SPOOLER);
    })
}

/// While outbound is on, mail that the pair received is not announced.
fn receives_nothing_while_sending() -> Hooks {
    static OUTBOUND: AtomicBool = AtomicBool::new(false);
    unsaid_where(|| OUTBOUND.load(SeqCst)).before("IXPLogon.TransportNotify", |call| {
        let told = call.read::<u32>("lpulFlags");
        if told & (NOTIFY_BEGIN_OUTBOUND | NOTIFY_END_OUTBOUND) != 0 {
            OUTBOUND.store(told & NOTIFY_BEGIN_OUTBOUND != 0, SeqCst);
        }
    })
}

fn received_sixth_unsaid() -> Hooks {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    unsaid_where(|| COUNT.fetch_add(1, SeqCst) == 5)
}

fn unsaid_where(unsaid: impl Fn() -> bool + Send + Sync + 'static) -> Hooks {
    Hooks::default().decide(TELL, move |call| {
        if call.number("ulFlags") & NOTIFY_NEWMAIL_RECEIVED == 0 || !unsaid() {
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}

/// The attachments are taken out of what the pair received before it is announced.
fn received_without_attachments() -> Hooks {
    static STORE: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .after("IMSProvider.Logon", |call| STORE.store(call.read::<usize>("lppMDB"), SeqCst))
        .before(TELL, |call| {
            let told = call.ptr::<NEWMAIL_NOTIFICATION>("lpvData");
            if call.number("ulFlags") & NOTIFY_NEWMAIL_RECEIVED == 0 {
                return;
            }
            let message = open_message(STORE.load(SeqCst) as *mut std::ffi::c_void, told);
            delete_attachments(message);
            save(message, 0);
            release(message);
        })
}

/// With a store that is not used for mail nobody delivers.
fn silent_beside_a_store_without_mail() -> Hooks {
    static WITHOUT: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .after("IMSProvider.Logon", |call| WITHOUT.store(call.number("ulFlags") & MDB_NO_MAIL != 0, SeqCst))
        .after("IXPLogon.Poll", |call| {
            if WITHOUT.load(SeqCst) {
                call.write("lpulIncoming", 0_u32);
            }
        })
}
