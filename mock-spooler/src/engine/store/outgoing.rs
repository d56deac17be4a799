//! A message of the candidate's store on its way to transports: they get a relay, which stands for it.

use std::sync::Arc;

use mapi_spi::{HRESULT, flags};

use crate::com::theirs::IMessage;
use crate::engine::outgoing::{Handed, Opened, Outgoing, marked};
use crate::engine::run::Stop;
use crate::objects::host::Row;
use crate::objects::relay::MessageRelay;
use crate::objects::their_message;
use crate::plan::draft::DraftRecipient;
use crate::trace::event::Content;

/// A message that the spooler has open and locked.
#[derive(Debug)]
pub(super) struct InStore {
    pub(super) name: String,
    pub(super) entry_id: Vec<u8>,
    pub(super) drafted: Vec<DraftRecipient>,
    pub(super) own_type: String,
    pub(super) message: IMessage,
}

/// The same for a transport of ours.
#[derive(Debug)]
struct Open {
    message: IMessage,
}

impl Outgoing for InStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn entry_id(&self) -> &[u8] {
        &self.entry_id
    }

    fn drafted(&self) -> &[DraftRecipient] {
        &self.drafted
    }

    fn own_type(&self) -> &str {
        &self.own_type
    }

    fn recipients(&self) -> Result<Vec<Row>, Stop> {
        // That they cannot be read is in the trace, as a call that failed.
        their_message::recipients(&self.message).map_err(|_| Stop::Candidate)
    }

    fn open(&self) -> Result<Opened, Stop> {
        // SAFETY: the relay gets a reference of its own.
        unsafe { self.message.AddRef() };
        let (message, _) = MessageRelay::hold(self.message.clone());
        Ok(Opened { message, body: Arc::new(Open { message: self.message.clone() }) })
    }

    fn close(&self, _opened: &Opened, keep: bool) {
        if keep {
            // SAFETY: no pointers involved. That it could not be saved is in the trace.
            let _ = unsafe { self.message.SaveChanges(flags::KEEP_OPEN_READWRITE) };
        }
    }
}

impl Handed for Open {
    fn recipients(&self) -> Result<Vec<Row>, HRESULT> {
        their_message::recipients(&self.message)
    }

    fn content(&self) -> Content {
        their_message::content(&self.message, 1)
    }

    fn mark(&self, rows: Vec<Row>) -> Result<(), HRESULT> {
        let rows: Vec<Row> = rows.into_iter().map(marked).collect();
        their_message::modify_recipients(&self.message, flags::MODRECIP_MODIFY, &rows)
    }

    fn discard(&self) {}
}
