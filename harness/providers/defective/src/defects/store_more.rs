//! STOR and COUP: what goes wrong at the edges of a message's way - a lock that stays, a queue that is not kept, new mail that is told
//! of wrongly, preprocessing that does not end.

use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use mapi_spi::flags::{
    MAPI_MESSAGE, NEEDS_PREPROCESSING, NOTIFY_BEGIN_INBOUND, NOTIFY_NEWMAIL_RECEIVED, STATUSROW_UPDATE,
    SUBMITFLAG_LOCKED, SUBMITFLAG_PREPROCESS, fnevNewMail,
};
use mapi_spi::structs::{NEWMAIL_NOTIFICATION, NOTIFICATION};
use mapi_spi::tags::{
    PR_ENTRYID, PR_OWN_STORE_ENTRYID, PR_SENDER_EMAIL_ADDRESS_W, PR_SENDER_ENTRYID, PR_SENDER_NAME_W,
    PR_SENDER_SEARCH_KEY, PR_SUBMIT_FLAGS,
};
use mapi_spi::{HRESULT, PropTag};

use super::Defect;
use super::store::refuses;
use super::store_queue::{is_theirs, on_queue};
use super::store_tools::{change_props, complete, entry_id, hide_rows, missing, prepare, second_like_first};
use super::tools::{
    binary, bytes_of, change_table_rows, copied, forward_props, long, notify_of, number_of, release, without,
};
use crate::boundary::Call;
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("finished-stays-locked", || stays_locked(FINISHED)),
    ("direct-stays-locked", || stays_locked("IMessage.SubmitMessage")),
    ("new-mail-of-another", || {
        on_new_mail(|told| {
            told.cbEntryID = told.cbParentID;
            told.lpEntryID = told.lpParentID;
        })
    }),
    ("new-mail-told-twice", || {
        Hooks::default().after(NOTIFY, |call| {
            if is_new_mail(call.ptr("lpNotifications")) {
                call.forward();
            }
        })
    }),
    ("received-in-another-folder", || {
        on_received(|told| {
            told.cbParentID = told.cbEntryID;
            told.lpParentID = told.lpEntryID;
        })
    }),
    // A text in either width: R, or REP.
    ("received-of-another-class", || {
        on_received(|told| told.lpszMessageClass = copied::<[u8; 8]>(b"R\0E\0P\0\0\0").cast())
    }),
    ("received-nowhere", || {
        on_received(|told| {
            told.lpEntryID = copied(NOBODYS).cast();
            told.cbEntryID = u32::try_from(NOBODYS.len()).unwrap_or_default();
        })
    }),
    ("received-again-after-logon", received_again_after_logon),
    ("queue-forgotten-over-shutdown", queue_forgotten_over_shutdown),
    ("pair-queue-forgotten-over-shutdown", queue_forgotten_over_shutdown),
    ("receive-folder-ignored", || refuses("IMsgStore.SetReceiveFolder", HRESULT::S_OK)),
    ("queue-row-stale", || on_queue(|call| submit_flags(call, |set| set & !SUBMITFLAG_LOCKED))),
    ("queue-row-twice", || on_queue(|call| second_like_first(call, PR_ENTRYID))),
    ("store-logoff-fails", || {
        Hooks::default().after("IMSLogon.Logoff", |call| call.answer(HRESULT::MAPI_E_CALL_FAILED))
    }),
    ("logon-object-opens-nothing", || refuses("IMSLogon.OpenEntry", HRESULT::MAPI_E_NO_SUPPORT)),
    ("logon-object-compares-nothing", || {
        Hooks::default().after("IMSLogon.CompareEntryIDs", |call| call.write("lpulResult", 0_u32))
    }),
    ("store-support-without-reference", super::logon::support_without_reference),
    ("direct-unsigned", direct_unsigned),
    ("preprocess-stays", preprocess_stays),
    ("completed-before-expanded", completed_before_expanded),
    ("resend-prepared-late", resend_prepared_late),
    ("own-store-of-another-form", own_store_of_another_form),
];

const EXPAND: &str = "IMAPISupport.ExpandRecips";
const FINISHED: &str = "IMsgStore.FinishedMsg";
const NOTIFY: &str = "IMAPISupport.Notify";
/// The identifier of no message.
const NOBODYS: &[u8; 32] = &[0x7f; 32];

/// Once a call of this name has succeeded, clients find messages locked.
fn stays_locked(after: &'static str) -> Hooks {
    static CLIENTS: AtomicUsize = AtomicUsize::new(0);
    static LOCKED: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .after("IMSProvider.Logon", |call| CLIENTS.store(call.read::<usize>("lppMDB"), SeqCst))
        .after(after, |call| {
            if is_theirs(call) && call.succeeded() {
                LOCKED.store(true, SeqCst);
            }
        })
        .after("IMsgStore.OpenEntry", |call| {
            let clients = call.proxy().is_some_and(|proxy| proxy.raw() as usize == CLIENTS.load(SeqCst));
            let message = call.read::<u32>("lpulObjType") == MAPI_MESSAGE;
            if LOCKED.load(SeqCst) && clients && message && call.succeeded() {
                release(call.read_ptr("lppUnk"));
                call.write("lppUnk", 0_usize);
                call.answer(HRESULT::MAPI_E_NO_ACCESS);
            }
        })
}

fn is_new_mail(told: *const NOTIFICATION) -> bool {
    // SAFETY: null, or an argument of a call in progress.
    unsafe { told.as_ref() }.is_some_and(|told| told.ulEventType == fnevNewMail)
}

/// Does something to what clients are told of new mail.
fn on_new_mail(change: impl Fn(&mut NEWMAIL_NOTIFICATION) + Send + Sync + 'static) -> Hooks {
    Hooks::default().before(NOTIFY, move |call| {
        let told = call.ptr::<NOTIFICATION>("lpNotifications");
        if is_new_mail(told) {
            // SAFETY: an argument of a call in progress that is the wrapped store's own; the type says which member holds.
            change(unsafe { &mut (*told).info.newmail });
        }
    })
}

/// Does something to the announcement of what the pair has received.
fn on_received(change: impl Fn(&mut NEWMAIL_NOTIFICATION) + Send + Sync + 'static) -> Hooks {
    Hooks::default().before("IMAPISupport.SpoolerNotify", move |call| {
        let told = call.ptr::<NEWMAIL_NOTIFICATION>("lpvData");
        if call.number("ulFlags") & NOTIFY_NEWMAIL_RECEIVED != 0 && !told.is_null() {
            // SAFETY: an argument of a call in progress that is the wrapped pair's own.
            change(unsafe { &mut *told });
        }
    })
}

/// What was announced in one session is announced once more in the next.
fn received_again_after_logon() -> Hooks {
    static FIRST: Mutex<(usize, usize)> = Mutex::new((0, 0));
    static LOGONS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before("IMAPISupport.SpoolerNotify", |call| {
            let told = call.ptr::<NEWMAIL_NOTIFICATION>("lpvData");
            let Ok(mut first) = FIRST.lock() else { return };
            if call.number("ulFlags") & NOTIFY_NEWMAIL_RECEIVED == 0 || told.is_null() || first.0 != 0 {
                return;
            }
            let copy = copied(told);
            // SAFETY: a copy of ours; the identifiers of the original are those of a call in progress, as long as it says.
            unsafe {
                for (count, at) in [
                    ((*copy).cbEntryID, &raw mut (*copy).lpEntryID),
                    ((*copy).cbParentID, &raw mut (*copy).lpParentID),
                ] {
                    let bytes = std::slice::from_raw_parts((*at).cast::<u8>(), count as usize).to_vec();
                    *at = Box::leak(bytes.into_boxed_slice()).as_mut_ptr().cast();
                }
                (*copy).lpszMessageClass = copied::<[u8; 9]>(b"IPM.Note\0").cast();
                (*copy).ulFlags = 0;
            }
            *first = (call.object() as usize, copy as usize);
        })
        .after("IXPProvider.TransportLogon", |_| {
            LOGONS.fetch_add(1, SeqCst);
        })
        .after("IXPLogon.TransportNotify", |call| {
            let begins = call.read::<u32>("lpulFlags") & NOTIFY_BEGIN_INBOUND != 0;
            let Ok(mut first) = FIRST.lock() else { return };
            if LOGONS.load(SeqCst) > 1 && begins && first.1 != 0 {
                let (support, copy) = (first.0 as *mut c_void, first.1 as *mut c_void);
                first.1 = 0;
                drop(first);
                notify_of(support, NOTIFY_NEWMAIL_RECEIVED, copy);
            }
        })
}

fn queue_forgotten_over_shutdown() -> Hooks {
    static GONE: AtomicBool = AtomicBool::new(false);
    on_queue(|call| {
        if GONE.load(SeqCst) {
            hide_rows(call);
        }
    })
    .after("IMSProvider.Shutdown", |_| GONE.store(true, SeqCst))
}

/// Changes PR_SUBMIT_FLAGS in rows that QueryRows has just returned.
fn submit_flags(call: &Call<'_>, change: impl Fn(u32) -> u32) {
    change_table_rows(call.read_ptr("lppRows"), |prop| {
        if prop.tag() == PR_SUBMIT_FLAGS {
            *prop = long(PR_SUBMIT_FLAGS, change(number_of(prop)));
        }
    });
}

/// Who has sent a message is not to be seen in it.
fn direct_unsigned() -> Hooks {
    const GROUP: [PropTag; 4] =
        [PR_SENDER_NAME_W, PR_SENDER_EMAIL_ADDRESS_W, PR_SENDER_ENTRYID, PR_SENDER_SEARCH_KEY];
    Hooks::default().after("IMessage.GetProps", |call| {
        if is_theirs(call) && hooks::has_transport() && call.succeeded() {
            change_props(call, |prop| {
                if GROUP.iter().any(|tag| tag.id() == prop.tag().id()) {
                    *prop = missing(prop.tag());
                }
            });
        }
    })
}

/// What was preprocessed stands in the queue as if it had not been.
fn preprocess_stays() -> Hooks {
    static ASKED: AtomicBool = AtomicBool::new(false);
    on_queue(|call| {
        if ASKED.load(SeqCst) {
            submit_flags(call, |set| set | SUBMITFLAG_PREPROCESS);
        }
    })
    .after(EXPAND, |call| {
        if call.read::<u32>("lpulFlags") & NEEDS_PREPROCESSING != 0 {
            ASKED.store(true, SeqCst);
        }
    })
}

/// CompleteMsg comes first, ExpandRecips later.
fn completed_before_expanded() -> Hooks {
    Hooks::default()
        .before(EXPAND, |call| {
            let mut entry = entry_id(call.ptr("lpMessage"));
            complete(call.object(), &mut entry);
        })
        .instead("IMAPISupport.CompleteMsg", |call| call.answer(HRESULT::S_OK))
}

/// PrepareSubmit comes when the recipients have been expanded.
fn resend_prepared_late() -> Hooks {
    static EXPANDED: Mutex<Option<usize>> = Mutex::new(None);
    Hooks::default()
        .decide("IMAPISupport.PrepareSubmit", |call| {
            call.answer(HRESULT::S_OK);
            Flow::Answered
        })
        .before(EXPAND, |call| {
            if let Ok(mut message) = EXPANDED.lock() {
                *message = Some(call.ptr::<c_void>("lpMessage") as usize);
            }
        })
        .after(EXPAND, |call| {
            let message = EXPANDED.lock().ok().and_then(|mut message| message.take());
            if let Some(message) = message {
                prepare(call.object(), message as *mut c_void);
            }
        })
}

/// No defect: with an update the row gives another valid identifier of the same store, which CompareStoreIDs knows.
fn own_store_of_another_form() -> Hooks {
    const MORE: &[u8] = &[1, 2, 3, 4];
    let shorter = |call: &mut Call<'_>, count: &str, id: &str| {
        let (size, at) = (call.number(count) as usize, call.ptr::<u8>(id));
        // SAFETY: an identifier that is an argument of a call in progress has the length that stands beside it.
        let ends = !at.is_null() && unsafe { std::slice::from_raw_parts(at, size) }.ends_with(MORE);
        if ends {
            call.set_arg(count, (size - MORE.len()) as u64);
        }
    };
    Hooks::default()
        .decide("IMAPISupport.ModifyStatusRow", |call| {
            let update = call.number("ulFlags") & STATUSROW_UPDATE != 0;
            static OWN: Mutex<Vec<u8>> = Mutex::new(Vec::new());
            forward_props(call, "lpColumnVals", |props| {
                let Ok(mut own) = OWN.lock() else { return };
                if let Some(given) = props.iter().find(|prop| prop.tag() == PR_OWN_STORE_ENTRYID) {
                    *own = [bytes_of(given).as_slice(), MORE].concat();
                } else if update && !own.is_empty() {
                    without(props, &[PR_OWN_STORE_ENTRYID]);
                    props.push(binary(PR_OWN_STORE_ENTRYID, &own));
                }
            })
        })
        .before("IMSProvider.CompareStoreIDs", move |call| {
            shorter(call, "cbEntryID1", "lpEntryID1");
            shorter(call, "cbEntryID2", "lpEntryID2");
        })
}
