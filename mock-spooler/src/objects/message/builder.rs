//! Messages that are there already: described as data, then made.

use std::sync::Arc;

use mapi_spi::PropTag;
use mapi_spi::flags;
use mapi_spi::tags::PR_ATTACH_METHOD;
use mapi_spi::values::PropValue;

use super::core::MessageCore;
use super::data::{AttachData, MessageData};
use super::object::Message;
use crate::objects::host::Row;
use crate::objects::store::Store;

/// Describes a message. `build` makes it, saved once.
#[derive(Clone, Debug, Default)]
pub struct MessageBuilder {
    data: MessageData,
    entry_id: Option<Vec<u8>>,
    flags: u32,
    read_only: bool,
}

/// Describes an attachment.
#[derive(Clone, Debug, Default)]
pub struct AttachmentBuilder {
    data: AttachData,
}

impl MessageBuilder {
    /// Sets a property.
    #[must_use]
    pub fn prop(mut self, tag: PropTag, value: PropValue) -> Self {
        self.data.props.set(tag, value);
        self
    }

    /// Sets properties.
    #[must_use]
    pub fn props(self, row: Row) -> Self {
        row.into_iter().fold(self, |builder, (tag, value)| builder.prop(tag, value))
    }

    /// Adds a recipient.
    #[must_use]
    pub fn recipient(mut self, row: Row) -> Self {
        let id = u32::try_from(self.data.recipients.len()).unwrap_or(u32::MAX);
        self.data.recipients.push((id, row.into_iter().collect()));
        self
    }

    /// Adds an attachment.
    #[must_use]
    pub fn attachment(mut self, attachment: AttachmentBuilder) -> Self {
        self.data.attachments.push(attachment.data);
        self
    }

    /// Gives the message this entry identifier; without it, it gets one of its own.
    #[must_use]
    pub fn entry_id(mut self, entry_id: Vec<u8>) -> Self {
        self.entry_id = Some(entry_id);
        self
    }

    /// Marks the message as submitted: MSGFLAG_SUBMIT and MSGFLAG_UNSENT, as the spooler finds it in an outgoing queue.
    #[must_use]
    pub fn submitted(mut self) -> Self {
        self.flags |= flags::MSGFLAG_SUBMIT | flags::MSGFLAG_UNSENT;
        self
    }

    /// The object refuses changes.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Makes the message in a store.
    #[must_use]
    pub fn build(self, store: &Arc<Store>) -> Arc<Message> {
        let core = MessageCore::new(store);
        core.state().entry_id = self.entry_id;
        core.restore(&self.data);
        core.state().flags |= self.flags;
        Message::open(&core, !self.read_only)
    }
}

impl AttachmentBuilder {
    /// An attachment without properties.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a property.
    #[must_use]
    pub fn prop(mut self, tag: PropTag, value: PropValue) -> Self {
        self.data.props.set(tag, value);
        self
    }

    /// Puts a message into the attachment, and says so in PR_ATTACH_METHOD.
    #[must_use]
    pub fn embedded(mut self, message: MessageBuilder) -> Self {
        self.data.embedded = Some(Box::new(message.data));
        self.prop(PR_ATTACH_METHOD, PropValue::Long(flags::ATTACH_EMBEDDED_MSG.cast_signed()))
    }
}
