//! What the support objects of a store session ask of the spooler.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::structs::MAPIUID;
use mapi_spi::tags::{
    PR_CLIENT_SUBMIT_TIME, PR_ENTRYID, PR_MESSAGE_FLAGS, PR_PREPROCESS, PR_RECIPIENT_TYPE, PR_RESPONSIBILITY,
    PR_ROWID, PR_SEARCH_KEY,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};
use serde_json::json;

use super::hub::Hub;
use super::sent_mail;
use crate::com::boundary;
use crate::com::theirs::{IMSLogon, IMessage, IMsgStore};
use crate::engine::route::Addressee;
use crate::objects::advise::{Inbox, NewMail};
use crate::objects::host::{Preprocessor, Row, SessionHost, StatusRowChange, StoreHost};
use crate::objects::{their, their_message};
use crate::trace::event::Taken;
use crate::trace::notification::{NewMailForm, read_new_mail};
use crate::trace::told::What;
use crate::trace::value;

/// MAPIPDL: personal distribution lists, which MAPI expands and the mock does not.
const PERSONAL_LIST: &str = "MAPIPDL";

/// A message that the pair has put into its store by itself.
#[derive(Clone, Debug)]
pub struct Announced {
    /// How it was announced.
    pub form: NewMailForm,
    /// The message.
    pub mail: NewMail,
}

/// What a store has asked for and the spooler has not done yet. Common to the client's and the spooler's logon.
#[derive(Debug, Default)]
pub struct Doings {
    /// CompleteMsg: entry identifiers, in order.
    pub completed: Mutex<VecDeque<Vec<u8>>>,
    /// NOTIFY_NEWMAIL_RECEIVED, in order.
    pub new_mail: Mutex<VecDeque<Announced>>,
    /// Where the queue's notifications arrive; it is woken by the above, too.
    pub inbox: Arc<Inbox>,
    /// Messages in the outgoing queue, as the spooler saw it last.
    pub queued: AtomicUsize,
    /// What StoreLogoffTransports asked for last.
    pub logoff: Mutex<Option<u32>>,
    /// How often the client's support object was asked for it.
    pub transports_logged_off: AtomicU32,
    /// The store's identifiers, as SetProviderUID named them.
    pub uids: Mutex<Vec<[u8; 16]>>,
    /// The entry identifier of the message that FinishedMsg is about now.
    pub finishing: Mutex<Option<Vec<u8>>>,
}

/// One logon to a store, as its support object reaches it.
#[derive(Debug)]
pub struct StoreShared {
    /// The session's name in the trace: `store`, or `store/spooler`.
    pub name: String,
    /// The store's name in the case.
    pub store: String,
    /// Whether this is the spooler's logon.
    pub of_spooler: bool,
    /// MDB_NO_MAIL: new mail is not announced.
    pub no_mail: bool,
    /// The messaging session.
    pub hub: Arc<Hub>,
    /// What is to be done.
    pub doings: Arc<Doings>,
    /// Objects that came of the logon, once there are some.
    pub objects: Mutex<Option<(Option<IMSLogon>, IMsgStore)>>,
    /// NOTIFY_READYTOSEND came.
    pub ready: AtomicBool,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fact(name: &str, value: serde_json::Value) {
    boundary().record(What::Fact { name: name.to_owned(), value });
}

impl Doings {
    /// Whether the spooler is to finish a message that no notification of the queue tells of.
    pub fn pending(&self) -> bool {
        !lock(&self.completed).is_empty()
    }
}

impl StoreShared {
    /// The store object of this logon.
    pub fn store_object(&self) -> Option<IMsgStore> {
        lock(&self.objects).as_ref().map(|(_, store)| store.clone())
    }

    fn unsupported(&self, m: &str, detail: &str) -> HRESULT {
        boundary().record(What::Unsupported { m: m.to_owned().into(), detail: detail.to_owned() });
        HRESULT::MAPI_E_NO_SUPPORT
    }

    /// What a message says of itself: entry identifier, flags, time of submission.
    fn state(message: &IMessage) -> (Option<Vec<u8>>, Option<u32>, Option<u64>) {
        let row = their::values(message, &[PR_ENTRYID, PR_MESSAGE_FLAGS, PR_CLIENT_SUBMIT_TIME]);
        let row = row.unwrap_or_default();
        let id = their::find(&row, PR_ENTRYID).and_then(PropValue::as_binary).map(<[u8]>::to_vec);
        let bits = their::find(&row, PR_MESSAGE_FLAGS).and_then(PropValue::as_long).map(i32::cast_unsigned);
        let time = match their::find(&row, PR_CLIENT_SUBMIT_TIME) {
            Some(PropValue::SysTime(time)) => Some(*time),
            _ => None,
        };
        (id, bits, time)
    }
}

impl SessionHost for StoreShared {
    fn spooler_notify(&self, notified: u32, data: *mut c_void) -> HRESULT {
        // Only these two are a store's (page: imapisupport-spoolernotify).
        if notified == 0 || notified & !(flags::NOTIFY_READYTOSEND | flags::NOTIFY_NEWMAIL_RECEIVED) != 0 {
            return HRESULT::MAPI_E_UNKNOWN_FLAGS;
        }
        let take = |flag: u32, taken: Taken| {
            boundary().record(What::Notified {
                session: self.name.clone(),
                flags: flags::SPOOLER_NOTIFY_FLAGS.render(flag),
                taken,
            });
        };
        if notified & flags::NOTIFY_READYTOSEND != 0 {
            let again = self.ready.swap(true, Ordering::AcqRel);
            take(flags::NOTIFY_READYTOSEND, if again { Taken::Coalesced } else { Taken::AtOnce });
        }
        if notified & flags::NOTIFY_NEWMAIL_RECEIVED != 0 {
            if data.is_null() {
                return HRESULT::MAPI_E_INVALID_PARAMETER;
            }
            take(flags::NOTIFY_NEWMAIL_RECEIVED, if self.no_mail { Taken::Ignored } else { Taken::Queued });
            if !self.no_mail {
                let structure = data.cast_const();
                // SAFETY: with this flag the page asks for the structure; the candidate vouches for it.
                lock(&self.doings.new_mail).push_back(unsafe { announced(structure) });
                self.doings.inbox.wake();
            }
        }
        HRESULT::S_OK
    }

    fn spooler_yield(&self, _flags: u32) -> HRESULT {
        HRESULT::S_OK
    }

    fn status_row(&self, change: StatusRowChange) -> HRESULT {
        let rendered = change.row.iter().map(|(tag, value)| value::prop(*tag, value)).collect();
        boundary().record(What::StatusRow { session: self.name.clone(), row: Some(rendered) });
        HRESULT::S_OK
    }

    fn status_recips(&self, _message: *mut c_void, _recipients: Vec<Row>) -> HRESULT {
        self.unsupported("IMAPISupport.StatusRecips", "reports are asked for by transports, not by stores")
    }

    fn make_invalid(&self, _flags: u32, _object: *mut c_void, _refs: u32, _methods: u32) -> HRESULT {
        self.unsupported("IMAPISupport.MakeInvalid", "objects of a store are released before its logoff")
    }

    fn set_provider_uid(&self, uid: MAPIUID, _flags: u32) -> HRESULT {
        lock(&self.doings.uids).push(uid.ab);
        HRESULT::S_OK
    }

    fn register_preprocessor(&self, _preprocessor: Preprocessor) -> HRESULT {
        self.unsupported("IMAPISupport.RegisterPreprocessor", "transports register preprocessors, not stores")
    }

    fn support_released(&self) {
        boundary().record(What::StatusRow { session: self.name.clone(), row: None });
    }
}

impl StoreHost for StoreShared {
    fn prepare_submit(&self, message: &IMessage) -> Result<(), HRESULT> {
        let (id, bits, _) = Self::state(message);
        let resend = bits.unwrap_or(0) & flags::MSGFLAG_RESEND != 0;
        fact(
            "prepare-submit",
            json!({
                "store": self.store, "message": message.name(), "entry-id": id.as_deref().map(value::hex),
                "mail": id.as_deref().and_then(|id| self.hub.mail_of(id)), "message-flags": bits, "resend": resend,
            }),
        );
        if !resend {
            return Ok(());
        }
        let changed: Vec<Row> = their_message::recipients(message)?.into_iter().map(sorted_out).collect();
        if changed.is_empty() {
            return Ok(());
        }
        their_message::modify_recipients(message, flags::MODRECIP_MODIFY, &changed)
    }

    fn expand_recips(&self, message: &IMessage) -> Result<u32, HRESULT> {
        let (id, bits, time) = Self::state(message);
        let rows = their_message::recipients(message)?;
        remove_duplicates(message, &rows)?;
        let recipients: Vec<Addressee> = rows.iter().map(Addressee::of).collect();
        if recipients.iter().any(|one| one.address_type.eq_ignore_ascii_case(PERSONAL_LIST)) {
            self.unsupported("IMAPISupport.ExpandRecips", "personal distribution lists are not expanded");
        }
        let own = self.hub.own_transport(&self.store);
        let own = own.map(|own| own.name);
        let (mine, others): (Vec<_>, Vec<_>) = recipients
            .iter()
            .filter(|one| !one.served)
            .partition(|one| own.is_some() && self.hub.first_for(one) == own);
        let preprocessed = id.as_ref().is_some_and(|id| self.hub.lock().preprocessed.contains(id));
        let wanted = || !self.hub.preprocessors(&recipients).is_empty();
        let mut answer = 0;
        if !preprocessed && wanted() {
            answer |= flags::NEEDS_PREPROCESSING;
            // The page gives the flag and the property (sending-messages-by-using-message-store-providers); a store that keeps
            // the property to itself refuses it, and the flag is what it goes by.
            let _ = their::set(message, &[(PR_PREPROCESS, PropValue::Boolean(true))]);
        }
        if own.is_some() && !others.is_empty() {
            answer |= flags::NEEDS_SPOOLER;
        }
        let shown = recipients.iter().zip(&rows).map(|(one, row)| {
            json!({
                "address": one.address, "type": one.address_type,
                "responsibility": their::find(row, PR_RESPONSIBILITY).and_then(PropValue::as_bool),
                "recipient-type": their::find(row, PR_RECIPIENT_TYPE).and_then(PropValue::as_long),
            })
        });
        fact(
            "expand-recips",
            json!({
                "store": self.store, "message": message.name(), "entry-id": id.as_deref().map(value::hex),
                "mail": id.as_deref().and_then(|id| self.hub.mail_of(id)), "message-flags": bits,
                "submit-time": time, "recipients": shown.collect::<Vec<_>>(),
                "answered": flags::EXPAND_RECIPS_FLAGS.render(answer), "coupled": own,
                "handled": mine.iter().map(|one| &one.address).collect::<Vec<_>>(),
            }),
        );
        Ok(answer)
    }

    fn complete_msg(&self, entry_id: Vec<u8>) -> Result<(), HRESULT> {
        fact(
            "complete-msg",
            json!({
                "store": self.store, "entry-id": value::hex(&entry_id), "mail": self.hub.mail_of(&entry_id),
            }),
        );
        // The message is the store's until the call has returned: the spooler does the rest at its next turn.
        lock(&self.doings.completed).push_back(entry_id);
        self.doings.inbox.wake();
        Ok(())
    }

    fn do_sent_mail(&self, message: IMessage) -> Result<(), HRESULT> {
        let finishing = lock(&self.doings.finishing).clone();
        fact(
            "do-sent-mail",
            json!({
                "store": self.store, "message": message.name(),
                "entry-id": finishing.as_deref().map(value::hex),
                "mail": finishing.as_deref().and_then(|id| self.hub.mail_of(id)),
                "in": finishing.as_ref().map(|_| "finished"),
            }),
        );
        if let Some(store) = self.store_object() {
            sent_mail::put_away(&store, &message);
        }
        // SAFETY: the store's reference came with the call (page: imapisupport-dosentmail), and is given back once.
        unsafe { message.Release() };
        Ok(())
    }

    fn store_logoff_transports(&self, asked: u32) -> Result<u32, HRESULT> {
        let known = flags::LOGOFF_ABORT
            | flags::LOGOFF_NO_WAIT
            | flags::LOGOFF_ORDERLY
            | flags::LOGOFF_PURGE
            | flags::LOGOFF_QUIET;
        if asked & !known != 0 {
            return Err(HRESULT::MAPI_E_UNKNOWN_FLAGS);
        }
        if asked.count_ones() != 1 {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        if !self.of_spooler {
            self.doings.transports_logged_off.fetch_add(1, Ordering::AcqRel);
        }
        let queued = self.doings.queued.load(Ordering::Acquire) > 0;
        let waiting = if queued { flags::LOGOFF_OUTBOUND_QUEUE } else { 0 };
        // Between two steps nothing is in process: the logoff can complete, unless the client wants quiet and has none.
        let quiet = asked == flags::LOGOFF_QUIET && queued;
        let answered = if quiet { waiting } else { waiting | flags::LOGOFF_COMPLETE };
        *lock(&self.doings.logoff) = Some(asked);
        fact(
            "store-logoff-transports",
            json!({
                "store": self.store, "by": if self.of_spooler { "spooler" } else { "client" },
                "asked": flags::STORE_LOGOFF_FLAGS.render(asked),
                "answered": flags::STORE_LOGOFF_FLAGS.render(answered),
            }),
        );
        Ok(answered)
    }

    fn compare_entry_ids(&self, one: &[u8], other: &[u8]) -> Option<Result<bool, HRESULT>> {
        let known = |id: &[u8]| {
            let uid: Option<[u8; 16]> = id.get(4..20).and_then(|uid| uid.try_into().ok());
            uid.is_some_and(|uid| lock(&self.doings.uids).contains(&uid))
        };
        if !known(one) || !known(other) {
            return None;
        }
        let store = self.store_object()?;
        Some(Ok(sent_mail::is_same(&store, one, other)))
    }
}

/// Copies the announcement of a new message.
///
/// # Safety
///
/// As for [`read_new_mail`].
unsafe fn announced(data: *const c_void) -> Announced {
    // SAFETY: the candidate vouches for the structure and what it points to.
    unsafe {
        let (form, given) = read_new_mail(data);
        Announced { form, mail: NewMail::read(&given) }
    }
}

/// What PrepareSubmit makes of a recipient of a message that is sent again (page: imapisupport-preparesubmit).
fn sorted_out(mut row: Row) -> Row {
    let kind = their::find(&row, PR_RECIPIENT_TYPE).and_then(PropValue::as_long).unwrap_or(0).cast_unsigned();
    let missed = kind & flags::MAPI_SUBMITTED != 0;
    let kind = if missed { kind & !flags::MAPI_SUBMITTED } else { flags::MAPI_P1 };
    row.retain(|(tag, _)| tag.id() != PR_RECIPIENT_TYPE.id() && tag.id() != PR_RESPONSIBILITY.id());
    row.push((PR_RECIPIENT_TYPE, PropValue::Long(kind.cast_signed())));
    row.push((PR_RESPONSIBILITY, PropValue::Boolean(!missed)));
    row
}

/// Takes out who is there twice (page: sending-messages-by-using-message-store-providers, step 5).
fn remove_duplicates(message: &IMessage, rows: &[Row]) -> Result<(), HRESULT> {
    let key = |row: &Row| {
        let kind = their::find(row, PR_RECIPIENT_TYPE).and_then(PropValue::as_long);
        their::find(row, PR_SEARCH_KEY).cloned().map(|key| (kind, key))
    };
    let again = rows.iter().enumerate().filter(|(place, row)| {
        key(row).is_some_and(|own| rows[..*place].iter().any(|other| key(other).as_ref() == Some(&own)))
    });
    let id = |(_, row): (usize, &Row)| Some(vec![(PR_ROWID, their::find(row, PR_ROWID)?.clone())]);
    let again: Vec<Row> = again.filter_map(id).collect();
    if again.is_empty() {
        return Ok(());
    }
    their_message::modify_recipients(message, flags::MODRECIP_REMOVE, &again)
}
