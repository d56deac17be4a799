//! Clients register for events of a store; the spooler tells the store of new mail.
//! Pages: imsgstore-advise, imsgstore-notifynewmail.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Instant;

use mapi_spi::structs::{NEWMAIL_NOTIFICATION, NOTIFICATION, NOTIFICATION_INFO};
use mapi_spi::tags::{PR_MESSAGE_CLASS_W, PR_PARENT_ENTRYID};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};
use serde_json::json;

use super::sent_mail::is_same;
use super::session::fact;
use super::shared::{Announced, lock};
use super::spool::open_message;
use crate::com::gate::AsClient;
use crate::com::theirs::{IMessage, IMsgStore};
use crate::com::{Cell, boundary};
use crate::engine::run::{Engine, Stop, expect};
use crate::memory::Chain;
use crate::objects::advise::{AdviseSink, NewMail, Told, new_mail_at};
use crate::objects::{their, their_message};
use crate::plan::args::Names;
use crate::plan::store_args::{Advise, OnStore};
use crate::trace::told::What;
use crate::trace::value;

impl Engine<'_> {
    pub(in crate::engine) fn advise(&mut self, args: &Advise) -> Result<(), Stop> {
        let events = crate::engine::run::parse_flags(&flags::EVENT_MASKS, &args.events)?;
        for _ in 0..args.count {
            let store = self.store(&args.store)?;
            let object = store.client.store.clone();
            let sink = AdviseSink::of_client(&store.inbox, store.advised.len());
            let mut connection = Cell::ulong(boundary().pattern());
            let client = AsClient::begin();
            // SAFETY: the sink is lent, the cell lives for the call. No identifier means the whole store.
            let code = unsafe {
                object.Advise(0, std::ptr::null_mut::<c_void>(), events, sink.lend(), connection.ptr())
            };
            drop(client);
            connection.check("lpulConnection");
            // Page providing-notifications-for-message-store-providers: notifications are optional.
            if code == HRESULT::MAPI_E_NO_SUPPORT {
                return Ok(());
            }
            expect("IMsgStore.Advise", code, &Names::default())?;
            let connection = usize::try_from(connection.get()).unwrap_or_default();
            self.store(&args.store)?.advised.push((sink, connection));
        }
        Ok(())
    }

    pub(in crate::engine) fn unadvise(&mut self, args: &OnStore) -> Result<(), Stop> {
        self.end_registrations(&args.store)
    }

    /// Ends the client's registrations; its sinks go.
    pub(super) fn end_registrations(&mut self, name: &str) -> Result<(), Stop> {
        let store = self.store(name)?;
        let object = store.client.store.clone();
        let advised = std::mem::take(&mut store.advised);
        let client = AsClient::begin();
        for (sink, connection) in advised {
            // SAFETY: no pointers involved.
            let _ = unsafe { object.Unadvise(connection) };
            drop(sink);
        }
        drop(client);
        Ok(())
    }

    /// Whether a store has announced a message that the spooler has not looked at yet.
    pub(in crate::engine) fn has_new_mail(&self) -> bool {
        self.stores.values().any(|store| !lock(&store.doings.new_mail).is_empty())
    }

    /// Looks at a message that a pair has put into its store, and tells the store of it; whether there was one.
    pub(in crate::engine) fn take_new_mail(&mut self) -> Result<bool, Stop> {
        let next = self
            .stores
            .iter()
            .find_map(|(name, store)| Some((name.clone(), lock(&store.doings.new_mail).pop_front()?)));
        let Some((name, Announced { form, mail })) = next else { return Ok(false) };
        let mut looked = json!({ "hr": null });
        if let Ok(store) = self.spooler_store(&name) {
            match open_message(&store, &mail.entry_id) {
                Ok(message) => {
                    looked = compared(&store, &message, &mail);
                    looked["hr"] = json!(HRESULT::S_OK.to_string());
                    looked["content"] = json!(their_message::content(&message, 1));
                    // SAFETY: the reference that OpenEntry returned is given back, once.
                    unsafe { message.Release() };
                }
                Err(code) => looked["hr"] = json!(code.to_string()),
            }
        }
        boundary().record(What::Unsupported {
            m: "spooler hooks".into(),
            detail: "hooks for new messages are not run: the mock has none".to_owned(),
        });
        fact(
            "new-mail",
            json!({
                "store": name, "form": form.name(), "entry-id": value::hex(&mail.entry_id),
                "parent": value::hex(&mail.parent), "class": mail.class, "message-flags": mail.message_flags,
                "hr": looked["hr"], "same-parent": looked["same-parent"], "same-class": looked["same-class"],
                "content": looked["content"],
            }),
        );
        self.tell_of_new_mail(&name, &mail)?;
        Ok(true)
    }

    /// IMsgStore::NotifyNewMail; then the client's sinks are given a bounded time to be called.
    pub(super) fn tell_of_new_mail(&mut self, name: &str, mail: &NewMail) -> Result<(), Stop> {
        let patience = self.patience();
        let object = self.spooler_store(name)?;
        let store = self.store(name)?;
        let (inbox, advised) = (Arc::clone(&store.inbox), store.advised.len());
        let client = store.client.store.clone();
        inbox.take();
        let lent = Lent::new(mail).map_err(|code| Stop::Harness(format!("no memory: {code}")))?;
        // SAFETY: the notification and what it points to live for the call.
        let code = unsafe { object.NotifyNewMail(lent.at()) };
        let (changed, freed) = (lent.is_changed(), lent.is_freed());
        lent.end();
        let all = inbox.wait(Instant::now() + patience, |told| {
            // What the case made to fail is not waited for.
            let fails = code.is_err() || boundary().traps.has_sprung("IMAPISupport.Notify");
            fails || (0..advised).all(|sink| new_mail_at(told, sink))
        });
        let told = inbox.take();
        let sinks = (0..advised).filter(|sink| new_mail_at(&told, *sink)).count();
        if !all {
            boundary().record(What::TimedOut {
                session: name.to_owned(),
                waiting: "new-mail-notification".to_owned(),
                ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            });
        }
        fact(
            "notify-new-mail",
            json!({
                "store": name, "hr": code.to_string(), "changed": changed, "freed": freed, "sinks": sinks,
                "advised": advised, "entry-id": value::hex(&mail.entry_id), "told": passed_on(&client, &told, mail),
            }),
        );
        Ok(())
    }
}

/// How the members of an announcement fit the message that it names (page: newmail_notification). What the message does not tell
/// is left out.
fn compared(store: &IMsgStore, message: &IMessage, mail: &NewMail) -> serde_json::Value {
    let row = their::values(message, &[PR_PARENT_ENTRYID, PR_MESSAGE_CLASS_W]).unwrap_or_default();
    let parent = their::find(&row, PR_PARENT_ENTRYID).and_then(PropValue::as_binary);
    let class = their::find(&row, PR_MESSAGE_CLASS_W).and_then(PropValue::to_text);
    json!({
        "same-parent": parent.map(|parent| is_same(store, parent, &mail.parent)),
        "same-class": class.map(|class| class.eq_ignore_ascii_case(&mail.class)),
    })
}

/// What the clients' sinks were told of new mail, and how that fits what the spooler told the store.
fn passed_on(store: &IMsgStore, told: &[Told], mail: &NewMail) -> Vec<serde_json::Value> {
    let _client = AsClient::begin();
    let shown = told.iter().filter_map(|one| Some((one.sink, one.new_mail.as_ref()?)));
    let shown = shown.map(|(sink, seen)| {
        json!({
            "sink": sink, "entry-id": value::hex(&seen.entry_id),
            "same": is_same(store, &seen.entry_id, &mail.entry_id),
            "same-parent": is_same(store, &seen.parent, &mail.parent),
        })
    });
    shown.collect()
}

/// A NOTIFICATION for NotifyNewMail, in MAPI's memory: who frees it is seen.
struct Lent {
    block: *mut u8,
    size: usize,
    before: Vec<u8>,
}

impl Lent {
    fn new(mail: &NewMail) -> Result<Self, HRESULT> {
        let class: Vec<u8> = mail.class.bytes().chain([0]).collect();
        let head = size_of::<NOTIFICATION>();
        let size = head + mail.entry_id.len() + mail.parent.len() + class.len();
        let chain = Chain::allocate(size)?;
        let block: *mut u8 = chain.into_raw();
        let (entry, parent) = (head, head + mail.entry_id.len());
        let text = parent + mail.parent.len();
        // SAFETY: the block has room for the structure and all that follows it, and nobody else knows it yet.
        unsafe {
            for (at, bytes) in [(entry, &mail.entry_id), (parent, &mail.parent), (text, &class)] {
                block.add(at).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            }
            let newmail = NEWMAIL_NOTIFICATION {
                cbEntryID: crate::objects::wire::count(mail.entry_id.len()),
                lpEntryID: block.add(entry).cast(),
                cbParentID: crate::objects::wire::count(mail.parent.len()),
                lpParentID: block.add(parent).cast(),
                ulFlags: 0,
                lpszMessageClass: block.add(text),
                ulMessageFlags: mail.message_flags,
            };
            block.write_bytes(0, head);
            let info = NOTIFICATION_INFO { newmail };
            let whole = NOTIFICATION { ulEventType: flags::fnevNewMail, ulAlignPad: 0, info };
            block.cast::<NOTIFICATION>().write(whole);
            let before = std::slice::from_raw_parts(block, size).to_vec();
            Ok(Self { block, size, before })
        }
    }

    fn at(&self) -> *mut NOTIFICATION {
        self.block.cast()
    }

    fn is_freed(&self) -> bool {
        !crate::memory::is_mapi_buffer(self.block.cast())
    }

    fn is_changed(&self) -> bool {
        // SAFETY: the block is alive, as was just seen, and as large as it was made.
        !self.is_freed() && unsafe { std::slice::from_raw_parts(self.block, self.size) } != self.before
    }

    /// Frees the block, where the store has not.
    fn end(self) {
        if !self.is_freed() {
            crate::memory::free(self.block.cast());
        }
    }
}
