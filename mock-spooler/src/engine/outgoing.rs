//! A message on its way out, wherever it is kept.
//!
//! The spooler hands a message to one transport after the other. What it hands over is an object of ours: a message of the
//! mock's own store, or a wrapper around one in a store of the candidate's. Both are an [`Outgoing`].

use std::sync::Arc;

use mapi_spi::HRESULT;
use mapi_spi::tags::{PR_RESPONSIBILITY, PR_ROWID};
use mapi_spi::values::PropValue;

use crate::com::{Held, object};
use crate::engine::run::Stop;
use crate::objects::host::Row;
use crate::objects::message::{Message, MessageCore};
use crate::plan::draft::DraftRecipient;
use crate::trace::event::Content;

/// A message on its way out.
pub trait Outgoing {
    /// The name of its mail in the case.
    fn name(&self) -> &str;
    /// PR_ENTRYID.
    fn entry_id(&self) -> &[u8];
    /// Its recipients as the case has them.
    fn drafted(&self) -> &[DraftRecipient];
    /// The address type of the recipients that are the candidate's.
    fn own_type(&self) -> &str;
    /// Its recipients as the message was saved last.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    fn recipients(&self) -> Result<Vec<Row>, Stop>;
    /// Opens it anew: the loan to a transport ends with each submission.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened.
    fn open(&self) -> Result<Opened, Stop>;
    /// A transport is through with it: what it changed is kept, or dropped but for what it saved itself (page:
    /// ixplogon-submitmessage).
    fn close(&self, opened: &Opened, keep: bool);
}

/// A message that is open for one submission.
pub struct Opened {
    /// The object that is lent.
    pub message: Held,
    /// The same for a transport of ours.
    pub body: Arc<dyn Handed>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("message", &self.message).finish_non_exhaustive()
    }
}

/// What a transport of ours does with a message that it was handed.
pub trait Handed: Send + Sync {
    /// The recipients as they stand, PR_ROWID among their properties.
    ///
    /// # Errors
    ///
    /// What the message's keeper says.
    fn recipients(&self) -> Result<Vec<Row>, HRESULT>;
    /// What the message says, as it stands.
    fn content(&self) -> Content;
    /// Sets PR_RESPONSIBILITY for recipients: rows as [`Handed::recipients`] gave them.
    ///
    /// # Errors
    ///
    /// What the message's keeper says.
    fn mark(&self, rows: Vec<Row>) -> Result<(), HRESULT>;
    /// Drops what was not saved.
    fn discard(&self);
}

impl Handed for Message {
    fn recipients(&self) -> Result<Vec<Row>, HRESULT> {
        let with_id = |(id, props): &(u32, crate::objects::properties::Properties)| {
            let mut row = props.to_row();
            row.push((PR_ROWID, PropValue::Long(id.cast_signed())));
            row
        };
        Ok(self.core().recipients().iter().map(with_id).collect())
    }

    fn content(&self) -> Content {
        self.content_pending()
    }

    fn mark(&self, rows: Vec<Row>) -> Result<(), HRESULT> {
        let marked = rows.into_iter().map(marked).collect();
        self.core()
            .change_recipients(|recipients| recipients.modify(mapi_spi::flags::MODRECIP_MODIFY, marked))
    }

    fn discard(&self) {
        Self::discard(self);
    }
}

/// A recipient's row with PR_RESPONSIBILITY set.
#[must_use]
pub fn marked(mut row: Row) -> Row {
    row.retain(|(tag, _)| tag.id() != PR_RESPONSIBILITY.id());
    row.push((PR_RESPONSIBILITY, PropValue::Boolean(true)));
    row
}

/// A message in the mock's own store.
#[derive(Debug)]
pub struct Stored {
    /// The name of its mail in the case.
    pub name: String,
    /// What it is made of.
    pub core: Arc<MessageCore>,
    /// PR_ENTRYID.
    pub entry_id: Vec<u8>,
    /// Its recipients as the case has them.
    pub drafted: Vec<DraftRecipient>,
    /// The address type of the recipients that are the candidate's.
    pub own_type: String,
}

impl Outgoing for Stored {
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
        Ok(self.core.recipient_rows())
    }

    fn open(&self) -> Result<Opened, Stop> {
        let body = Message::open(&self.core, true);
        Ok(Opened { message: object::hold(Arc::clone(&body), "message"), body })
    }

    fn close(&self, opened: &Opened, keep: bool) {
        if keep {
            self.core.save();
        } else {
            opened.body.discard();
        }
    }
}
