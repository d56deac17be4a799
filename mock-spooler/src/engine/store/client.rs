//! Single calls on messages of a store: locks, aborts, looks.

use mapi_spi::tags::{
    PR_COMMENT_W, PR_ENTRYID, PR_MESSAGE_FLAGS, PR_SENDER_EMAIL_ADDRESS_W, PR_SENDER_ENTRYID,
    PR_SENDER_NAME_W, PR_SENDER_SEARCH_KEY, PR_SUBMIT_FLAGS,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};
use serde_json::json;

use super::folders::of_subject;
use super::queue::{id_of, submit_flags};
use super::sent_mail::open_entry;
use super::session::{Way, fact};
use super::spool::{finished_msg, open_message};
use crate::com::gate::AsClient;
use crate::com::theirs::{IMessage, IMsgStore};
use crate::engine::run::{Engine, Stop, expect};
use crate::objects::host::Row;
use crate::objects::text::unicode;
use crate::objects::{their, their_message, wire};
use crate::plan::store_args::{Finish, OnMail, OpenMessage};
use crate::trace::event::Prop;
use crate::trace::value;

/// The properties that tell who has sent a message (page: sending-messages-transport-provider-tasks).
const SENDER: [PropTag; 4] =
    [PR_SENDER_NAME_W, PR_SENDER_EMAIL_ADDRESS_W, PR_SENDER_ENTRYID, PR_SENDER_SEARCH_KEY];

/// What the spooler writes into a message before it locks it, to see whether the lock saves it.
const PENDING: &str = "written before the lock";

impl Engine<'_> {
    /// The identifier under which the spooler knows a message: that of its row in the queue, else that from its making.
    fn id_in_queue(&mut self, store: &str, mail: &str) -> Result<(Vec<u8>, u32), Stop> {
        let entry_id = self.letter(store, mail)?.entry_id.clone();
        let rows = self.read_queue(store)?;
        let row = rows.into_iter().find(|row| self.mail_of_row(store, row).as_deref() == Some(mail));
        Ok(row.map_or((entry_id, 0), |row| (id_of(&row), submit_flags(&row))))
    }

    pub(in crate::engine) fn lock(&mut self, args: &OnMail) -> Result<(), Stop> {
        let (id, _) = self.id_in_queue(&args.store, &args.mail)?;
        let object = self.spooler_store(&args.store)?;
        let message = open_message(&object, &id).map_err(|_| Stop::Candidate)?;
        let before = their::value(&message, PR_COMMENT_W);
        let wrote = their::set(&message, &[(PR_COMMENT_W, unicode(PENDING))]).is_ok_and(|bad| bad.is_empty());
        let code = self.set_lock(&args.store, &args.mail, &id, &message, flags::MSG_LOCKED)?;
        if code.is_ok() {
            self.await_submit_flags(args, &id, flags::SUBMITFLAG_LOCKED)?;
            if wrote {
                self.look_whether_saved(args, &object, &id);
            }
            if wrote && before.is_none() {
                remove(&message);
            }
            self.store(&args.store)?.locked.insert(args.mail.clone(), message);
        } else {
            // SAFETY: the reference that OpenEntry returned is given back, once.
            unsafe { message.Release() };
        }
        expect("IMsgStore.SetLockState", code, &args.expect)
    }

    /// Whether SetLockState has saved what was written before (page: imsgstore-setlockstate): another look at the message tells.
    fn look_whether_saved(&mut self, args: &OnMail, store: &IMsgStore, id: &[u8]) {
        let Ok(message) = open_message(store, id) else { return };
        let shown = their::value(&message, PR_COMMENT_W).and_then(|value| value.to_text());
        // SAFETY: the reference that OpenEntry returned is given back, once.
        unsafe { message.Release() };
        fact(
            "lock-saved",
            json!({
                "store": args.store, "mail": args.mail, "saved": shown.as_deref() == Some(PENDING),
            }),
        );
    }

    pub(in crate::engine) fn unlock(&mut self, args: &OnMail) -> Result<(), Stop> {
        let id = self.letter(&args.store, &args.mail)?.entry_id.clone();
        let Some(message) = self.store(&args.store)?.locked.remove(&args.mail) else {
            return Err(Stop::Harness(format!(
                "`{}` is not locked: the case needs a `lock` before",
                args.mail
            )));
        };
        let code = self.set_lock(&args.store, &args.mail, &id, &message, flags::MSG_UNLOCKED)?;
        if code.is_ok() {
            self.await_submit_flags(args, &id, 0)?;
        }
        // SAFETY: the reference that OpenEntry returned is given back, once.
        unsafe { message.Release() };
        expect("IMsgStore.SetLockState", code, &args.expect)
    }

    pub(in crate::engine) fn finish_message(&mut self, args: &Finish) -> Result<(), Stop> {
        let (id, _) = self.id_in_queue(&args.store, &args.mail)?;
        if args.by_client {
            let object = self.store(&args.store)?.client.store.clone();
            let client = AsClient::begin();
            let code = finished_msg(&object, &id);
            drop(client);
            fact(
                "finished",
                json!({
                    "store": args.store, "mail": args.mail, "entry-id": value::hex(&id), "hr": code.to_string(),
                    "by": "client",
                }),
            );
            return expect("IMsgStore.FinishedMsg", code, &args.expect);
        }
        // FinishedMsg is to find no reference but the store's own.
        if let Some(message) = self.store(&args.store)?.locked.remove(&args.mail) {
            // SAFETY: the reference that OpenEntry returned is given back, once.
            unsafe { message.Release() };
        }
        let code = self.finished(&args.store, &args.mail, &id)?;
        if code.is_ok() {
            self.settle_letter(&args.store, &args.mail, Way::Spooler)?;
        }
        expect("IMsgStore.FinishedMsg", code, &args.expect)
    }

    pub(in crate::engine) fn abort(&mut self, args: &OnMail) -> Result<(), Stop> {
        let mut id = self.letter(&args.store, &args.mail)?.entry_id.clone();
        let object = self.store(&args.store)?.client.store.clone();
        let client = AsClient::begin();
        // SAFETY: the identifier lives for the call.
        let code = unsafe { object.AbortSubmit(wire::count(id.len()), id.as_mut_ptr().cast(), 0) };
        drop(client);
        fact(
            "aborted",
            json!({
                "store": args.store, "mail": args.mail, "entry-id": value::hex(&id), "hr": code.to_string(),
            }),
        );
        if code.is_ok() {
            self.settle_letter(&args.store, &args.mail, Way::Aborted)?;
        }
        self.read_queue(&args.store)?;
        expect("IMsgStore.AbortSubmit", code, &args.expect)
    }

    pub(in crate::engine) fn open_message(&mut self, args: &OpenMessage) -> Result<(), Stop> {
        let asked = self.flags_of_open(&args.flags)?;
        let id = self.letter(&args.store, &args.mail)?.entry_id.clone();
        let object = self.store(&args.store)?.client.store.clone();
        let client = AsClient::begin();
        let opened = open_entry(&object, &id, asked);
        let (hr, writable) = match opened {
            Ok((_, raw)) => {
                let message = IMessage::new(raw, "their-message");
                let writable = is_writable(&message);
                // SAFETY: the reference that OpenEntry returned is given back, once; nothing was saved.
                unsafe { message.Release() };
                (HRESULT::S_OK, Some(writable))
            }
            Err(code) => (code, None),
        };
        drop(client);
        fact(
            "message-opened",
            json!({
                "store": args.store, "mail": args.mail, "flags": flags::OPEN_FLAGS.render(asked),
                "hr": hr.to_string(), "writable": writable,
            }),
        );
        Ok(())
    }

    /// Looks where a message is now.
    pub(in crate::engine) fn locate(&mut self, store: &str, mail: &str) -> Result<(), Stop> {
        let subject = self.letter(store, mail)?.subject.clone();
        let session = self.store(store)?;
        let (object, folders) = (session.client.store.clone(), session.folders.clone());
        let named = [
            ("outbox", folders.outbox),
            ("sent", folders.sent),
            ("receive", folders.receive),
            ("deleted", folders.deleted),
        ];
        let client = AsClient::begin();
        let mut found: Vec<Row> = Vec::new();
        let mut counts = serde_json::Map::new();
        let mut looked: Vec<Vec<u8>> = Vec::new();
        for (name, id) in named {
            // A store that uses one folder for two things has its message there once.
            if id.is_empty() || looked.contains(&id) {
                continue;
            }
            let rows = of_subject(&object, &id, &subject);
            looked.push(id);
            counts.insert(name.to_owned(), rows.as_ref().map_or(json!(null), |rows| json!(rows.len())));
            found.extend(rows.unwrap_or_default());
        }
        let looked = found.first().map(|row| look_at(&object, &id_of(row))).unwrap_or_default();
        drop(client);
        let bits = looked.flags.or_else(|| found.first().and_then(|row| long(row, PR_MESSAGE_FLAGS)));
        fact(
            "located",
            json!({
                "store": store, "mail": mail, "folders": counts, "flags": bits,
                "submit-flags": looked.submit_flags,
                "unsent": bits.map(|bits| bits & flags::MSGFLAG_UNSENT.cast_signed() != 0),
                "recipients": looked.recipients, "opened": looked.opened.map(|code| code.to_string()),
                "sender": looked.sender,
            }),
        );
        Ok(())
    }
}

fn long(row: &Row, tag: PropTag) -> Option<i32> {
    their::find(row, tag).and_then(PropValue::as_long)
}

/// What a message shows of itself to a client.
#[derive(Debug, Default)]
struct Looked {
    /// The result of OpenEntry; nothing where there was nothing to open.
    opened: Option<HRESULT>,
    flags: Option<i32>,
    submit_flags: Option<i32>,
    recipients: Vec<Vec<Prop>>,
    /// The PR_SENDER group, as far as it is there.
    sender: Vec<Prop>,
}

fn look_at(store: &IMsgStore, id: &[u8]) -> Looked {
    // A message that is locked by the spooler cannot be opened: its row says what there is to say.
    let raw = match open_entry(store, id, 0) {
        Ok((_, raw)) => raw,
        Err(code) => return Looked { opened: Some(code), ..Looked::default() },
    };
    let message = IMessage::new(raw, "their-message");
    let tags: Vec<PropTag> =
        [PR_ENTRYID, PR_MESSAGE_FLAGS, PR_SUBMIT_FLAGS].into_iter().chain(SENDER).collect();
    let row = their::values(&message, &tags).unwrap_or_default();
    let recipients = their_message::recipients(&message).unwrap_or_default();
    // SAFETY: the reference that OpenEntry returned is given back, once.
    unsafe { message.Release() };
    let sender = SENDER.iter().filter_map(|tag| Some(value::prop(*tag, their::find(&row, *tag)?)));
    Looked {
        opened: Some(HRESULT::S_OK),
        flags: long(&row, PR_MESSAGE_FLAGS),
        submit_flags: long(&row, PR_SUBMIT_FLAGS),
        recipients: their_message::rendered(&recipients),
        sender: sender.collect(),
    }
}

/// Whether a property can be set on a message. The change is not saved.
fn is_writable(message: &IMessage) -> bool {
    their::set(message, &[(PR_COMMENT_W, unicode("not saved"))]).is_ok_and(|problems| problems.is_empty())
}

/// Takes a property of ours out again; it is gone with the next save.
fn remove(message: &IMessage) {
    let arena = wire::Arena::default();
    let Ok(tags) = arena.tags(&[PR_COMMENT_W]) else { return };
    // SAFETY: the tags live for the call; who does not want to know of problems gives no cell.
    let _ = unsafe { message.DeleteProps(tags, std::ptr::null_mut()) };
}
