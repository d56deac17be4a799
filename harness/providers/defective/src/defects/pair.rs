//! COUP: the two halves of a coupled pair, what they do by themselves and what they leave to the spooler.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    NEEDS_PREPROCESSING, NEEDS_SPOOLER, NOTIFY_NEWMAIL_RECEIVED, STATUSROW_UPDATE, SUBMITFLAG_PREPROCESS,
};
use mapi_spi::tags::{PR_OWN_STORE_ENTRYID, PR_RESPONSIBILITY, PR_SENTMAIL_ENTRYID, PR_SUBMIT_FLAGS};

use super::Defect;
use super::store_queue::{is_theirs, on_queue, submit_time_missing};
use super::store_tools::{complete, entry_id, hide_rows};
use super::tools::{binary, boolean, change_table_rows, forward_props, long, number_of, without};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("own-store-unpublished", own_store_unpublished),
    ("own-store-of-another", || own_store_other(false)),
    ("own-store-changes", || own_store_other(true)),
    ("always-through-the-spooler", always_through_the_spooler),
    ("direct-time-missing", submit_time_missing),
    ("direct-not-expanded", || super::store::refuses(EXPAND, HRESULT::S_OK)),
    ("pair-forgets-sent-mail", pair_forgets_sent_mail),
    ("fallback-lost", fallback_lost),
    ("mixed-all-marked", || marks(true)),
    ("mixed-none-marked", || marks(false)),
    ("preprocess-flag-missing", preprocess_flag_missing),
    ("preprocessing-ignored", preprocessing_ignored),
    ("preprocessed-refused", preprocessed_refused),
    ("preprocessed-not-completed", || super::store::refuses(COMPLETE, HRESULT::MAPI_E_NO_SUPPORT)),
    ("completed-uncoupled", completed_uncoupled),
    ("received-unsaid", || received(false)),
    ("received-without-data", || received(true)),
    ("lost-over-the-change", || {
        on_queue(|call| {
            if hooks::transport_changed() {
                hide_rows(call);
            }
        })
    }),
];

const EXPAND: &str = "IMAPISupport.ExpandRecips";
const COMPLETE: &str = "IMAPISupport.CompleteMsg";
const ROW: &str = "IMAPISupport.ModifyStatusRow";
/// The identifier of no store.
const STRANGER: &[u8] = &[0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 1, 0, 0, 0];

fn own_store_unpublished() -> Hooks {
    Hooks::default().decide(ROW, |call| {
        forward_props(call, "lpColumnVals", |props| without(props, &[PR_OWN_STORE_ENTRYID]))
    })
}

/// The row names a store that is none: from the first on, or with an update.
fn own_store_other(late: bool) -> Hooks {
    Hooks::default().decide(ROW, move |call| {
        let update = call.number("ulFlags") & STATUSROW_UPDATE != 0;
        if update != late || !hooks::has_transport() && late {
            return Flow::Forward;
        }
        forward_props(call, "lpColumnVals", |props| {
            let known = props.iter().any(|prop| prop.tag() == PR_OWN_STORE_ENTRYID);
            if known || late {
                without(props, &[PR_OWN_STORE_ENTRYID]);
                props.push(binary(PR_OWN_STORE_ENTRYID, STRANGER));
            }
        })
    })
}

/// The pair takes no message for one that it could send by itself.
fn always_through_the_spooler() -> Hooks {
    Hooks::default().after(EXPAND, |call| {
        if hooks::has_transport() {
            let said = call.read::<u32>("lpulFlags");
            call.write("lpulFlags", said | NEEDS_SPOOLER);
        }
    })
}

/// What a client sets on its message is left out where the pair is complete.
fn pair_forgets_sent_mail() -> Hooks {
    Hooks::default().decide("IMessage.SetProps", |call| {
        if !is_theirs(call) || !hooks::has_transport() {
            return Flow::Forward;
        }
        forward_props(call, "lpPropArray", |props| without(props, &[PR_SENTMAIL_ENTRYID]))
    })
}

/// Without its transport the store keeps what it accepted to itself.
fn fallback_lost() -> Hooks {
    on_queue(|call| {
        if !hooks::has_transport() {
            hide_rows(call);
        }
    })
}

/// What the spooler sees of the recipients of a message that waits for it.
pub(super) fn marks(marked: bool) -> Hooks {
    Hooks::default().after("IMAPITable.QueryRows", move |call| {
        if is_theirs(call)
            && call.succeeded()
            && !hooks::asks("ExpandRecips")
            && !hooks::asks("PrepareSubmit")
        {
            change_table_rows(call.read_ptr("lppRows"), |prop| {
                if prop.tag() == PR_RESPONSIBILITY {
                    *prop = boolean(PR_RESPONSIBILITY, marked);
                }
            });
        }
    })
}

fn preprocess_flag_missing() -> Hooks {
    on_queue(|call| {
        change_table_rows(call.read_ptr("lppRows"), |prop| {
            if prop.tag() == PR_SUBMIT_FLAGS {
                *prop = long(PR_SUBMIT_FLAGS, number_of(prop) & !SUBMITFLAG_PREPROCESS);
            }
        });
    })
}

fn preprocessing_ignored() -> Hooks {
    Hooks::default().after(EXPAND, |call| {
        let said = call.read::<u32>("lpulFlags");
        call.write("lpulFlags", said & !NEEDS_PREPROCESSING);
    })
}

/// The second SubmitMessage of a message, which is the spooler's.
fn preprocessed_refused() -> Hooks {
    static SUBMITTED: AtomicUsize = AtomicUsize::new(0);
    Hooks::default().decide("IMessage.SubmitMessage", |call| {
        if !is_theirs(call) || SUBMITTED.fetch_add(1, SeqCst) == 0 {
            return Flow::Forward;
        }
        call.answer(HRESULT::MAPI_E_SUBMITTED);
        Flow::Answered
    })
}

/// CompleteMsg for a message that goes through the queue.
pub(super) fn completed_uncoupled() -> Hooks {
    static MESSAGE: Mutex<(usize, Vec<u8>)> = Mutex::new((0, Vec::new()));
    Hooks::default()
        .before(EXPAND, |call| {
            if let Ok(mut message) = MESSAGE.lock() {
                *message = (call.object() as usize, entry_id(call.ptr("lpMessage")));
            }
        })
        .after(EXPAND, |_| {
            let taken = MESSAGE.lock().map(|mut message| std::mem::take(&mut *message));
            if let Ok((support, mut entry)) = taken
                && support != 0
            {
                complete(support as *mut std::ffi::c_void, &mut entry);
            }
        })
}

fn received(told: bool) -> Hooks {
    Hooks::default().decide("IMAPISupport.SpoolerNotify", move |call| {
        if call.number("ulFlags") & NOTIFY_NEWMAIL_RECEIVED == 0 {
            return Flow::Forward;
        }
        if told {
            call.set_arg("lpvData", 0);
            return Flow::Forward;
        }
        call.answer(HRESULT::S_OK);
        Flow::Answered
    })
}
