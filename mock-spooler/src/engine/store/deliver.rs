//! Delivery through the spooler: a message made in the store's receive folder, which a transport fills.
//! Page: receiving-messages-by-using-message-store-providers.

use std::sync::Arc;

use mapi_spi::HRESULT;
use mapi_spi::tags::{PR_ENTRYID, PR_MESSAGE_CLASS_W, PR_MESSAGE_FLAGS, PR_SUBJECT_W};
use mapi_spi::values::PropValue;
use serde_json::json;

use super::folders::{of_subject, receive_folder};
use super::letter::create;
use super::sent_mail::{delete_message, open_folder};
use super::session::fact;
use crate::com::Held;
use crate::com::theirs::{IMessage, IMsgStore};
use crate::engine::run::{Engine, Stop};
use crate::objects::advise::NewMail;
use crate::objects::relay::MessageRelay;
use crate::objects::{their, their_message};
use crate::trace::event::Content;
use crate::trace::value;

/// A message on its way into a store.
#[derive(Debug)]
pub(in crate::engine) struct Delivery {
    store: String,
    object: IMsgStore,
    folder: Vec<u8>,
    message: IMessage,
    relay: Arc<MessageRelay>,
}

impl Engine<'_> {
    /// The store into which mail is delivered: the first one where the spooler is logged on.
    fn receiving_store(&self) -> Option<String> {
        self.stores.iter().find(|(_, store)| store.spooler.is_some()).map(|(name, _)| name.clone())
    }

    /// Makes a message in the receive folder, where a store is open; the object that is lent to the transport.
    pub(in crate::engine) fn begin_delivery(&mut self) -> Result<Option<(Held, Delivery)>, Stop> {
        let Some(store) = self.receiving_store() else { return Ok(None) };
        let object = self.spooler_store(&store)?;
        let made = receive_folder(&object)
            .and_then(|(folder, _)| create(&object, &folder).map(|message| (folder, message)));
        match made {
            Ok((folder, message)) => {
                // SAFETY: the relay gets a reference of its own.
                unsafe { message.AddRef() };
                let (held, relay) = MessageRelay::hold(message.clone());
                Ok(Some((held, Delivery { store, object, folder, message, relay })))
            }
            Err(code) => {
                fact("delivered-to-store", json!({ "store": store, "hr": code.to_string(), "found": false }));
                Err(Stop::Candidate)
            }
        }
    }

    /// Ends a delivery: a message that was saved, and is to be kept, is announced to the store.
    pub(in crate::engine) fn end_delivery(&mut self, delivery: Delivery, kept: bool) -> Result<(), Stop> {
        let Delivery { store, object, folder, message, relay } = delivery;
        let saves = relay.saves();
        drop(relay);
        let tags = [PR_ENTRYID, PR_MESSAGE_CLASS_W, PR_MESSAGE_FLAGS, PR_SUBJECT_W];
        let row = if saves > 0 { their::values(&message, &tags).unwrap_or_default() } else { Vec::new() };
        let id = their::find(&row, PR_ENTRYID).and_then(PropValue::as_binary).map(<[u8]>::to_vec);
        // SAFETY: the reference that CreateMessage returned is given back, once.
        unsafe { message.Release() };
        let Some(id) = id else { return Ok(()) };
        if !kept {
            // What was saved before it failed is nobody's (page: ixplogon-startmessage).
            drop_message(&object, &folder, &id);
            return Ok(());
        }
        let text = |tag| their::find(&row, tag).and_then(PropValue::to_text).unwrap_or_default();
        let subject = text(PR_SUBJECT_W);
        let found = of_subject(&object, &folder, &subject);
        fact(
            "delivered-to-store",
            json!({
                "store": store, "entry-id": value::hex(&id), "folder": value::hex(&folder),
                "subject": subject, "hr": found.as_ref().err().copied().unwrap_or(HRESULT::S_OK).to_string(),
                "found": found.is_ok_and(|rows| !rows.is_empty()),
            }),
        );
        let bits = their::find(&row, PR_MESSAGE_FLAGS).and_then(PropValue::as_long).unwrap_or(0);
        let mail = NewMail {
            entry_id: id,
            parent: folder,
            class: text(PR_MESSAGE_CLASS_W),
            message_flags: bits.cast_unsigned(),
        };
        self.tell_of_new_mail(&store, &mail)
    }
}

impl Delivery {
    /// How often the transport has saved the message.
    pub(in crate::engine) fn saves(&self) -> u32 {
        self.relay.saves()
    }

    /// What the message holds.
    pub(in crate::engine) fn content(&self) -> Content {
        their_message::content(&self.message, self.saves())
    }
}

fn drop_message(store: &IMsgStore, folder: &[u8], id: &[u8]) {
    if let Ok(folder) = open_folder(store, folder) {
        // That it could not be deleted is in the trace.
        let _ = delete_message(&folder, id);
        // SAFETY: the reference that OpenEntry returned is given back, once.
        unsafe { folder.Release() };
    }
}
