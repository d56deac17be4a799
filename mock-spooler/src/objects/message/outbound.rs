//! Messages as the spooler makes them: empty ones for `StartMessage`, and drafts of the plan as submitted messages.

use std::path::Path;
use std::sync::Arc;

use mapi_spi::flags;
use mapi_spi::tags::{
    PR_ADDRTYPE_W, PR_ATTACH_DATA_BIN, PR_ATTACH_LONG_FILENAME_W, PR_ATTACH_METHOD, PR_ATTACH_MIME_TAG_W,
    PR_DISPLAY_NAME_W, PR_DISPLAY_TYPE, PR_EMAIL_ADDRESS_W, PR_ENTRYID, PR_OBJECT_TYPE, PR_RECIPIENT_TYPE,
    PR_RENDERING_POSITION, PR_RESPONSIBILITY, PR_SEARCH_KEY,
};
use mapi_spi::values::PropValue;

use super::builder::{AttachmentBuilder, MessageBuilder};
use super::object::Message;
use crate::com::{Held, object};
use crate::objects::host::Row;
use crate::objects::oneoff::OneOff;
use crate::objects::planned;
use crate::objects::store::Store;
use crate::objects::text::unicode;
use crate::plan::Draft;
use crate::plan::draft::{DraftAttachment, DraftRecipient, RecipientKind};

impl Message {
    /// A new message for `StartMessage`, lent to the candidate, and what stands behind it.
    #[must_use]
    pub fn inbound() -> (Held, Arc<Self>) {
        let message = Self::new(&Store::session());
        (object::hold(Arc::clone(&message), "message"), message)
    }

    /// Describes the message that a draft of the plan says. `own_type` is the address type of recipients that have none.
    ///
    /// # Errors
    ///
    /// In words, where the plan is wrong or a file of it cannot be read.
    pub fn describe(draft: &Draft, own_type: &str) -> Result<MessageBuilder, String> {
        described(draft, own_type)
    }

    /// The spooler drops what was not saved.
    pub fn discard(&self) {
        self.core().revert();
    }
}

fn described(draft: &Draft, own_type: &str) -> Result<MessageBuilder, String> {
    let mut builder = Message::builder().props(planned::row(&draft.props)?);
    for one in &draft.recipients {
        builder = builder.recipient(recipient(one, own_type)?);
    }
    for one in &draft.attachments {
        builder = builder.attachment(attachment(one, own_type)?);
    }
    Ok(builder)
}

/// A resolved recipient of a submitted message. Pages: recipient-tables, imessage-modifyrecipients.
fn recipient(draft: &DraftRecipient, own_type: &str) -> Result<Row, String> {
    let one_off = OneOff {
        name: draft.name.clone().unwrap_or_else(|| draft.address.clone()),
        address_type: draft.address_type.clone().unwrap_or_else(|| own_type.to_owned()),
        address: draft.address.clone(),
        unicode: true,
        rich: false,
    };
    let kind = match draft.kind {
        RecipientKind::To => flags::MAPI_TO,
        RecipientKind::Cc => flags::MAPI_CC,
        RecipientKind::Bcc => flags::MAPI_BCC,
        RecipientKind::P1 => flags::MAPI_TO | flags::MAPI_P1,
    };
    let long = |number: u32| PropValue::Long(number.cast_signed());
    let entry_id = match &draft.uid {
        None => one_off.entry_id(),
        Some(text) => {
            let uid = planned::uid(text)
                .ok_or_else(|| format!("`{text}` is no identifier: 32 hexadecimal digits are due"))?;
            [&[0; 4][..], &uid, draft.address.as_bytes()].concat()
        }
    };
    Ok(vec![
        (PR_RECIPIENT_TYPE, long(kind)),
        (PR_RESPONSIBILITY, PropValue::Boolean(draft.served)),
        (PR_OBJECT_TYPE, long(flags::MAPI_MAILUSER)),
        (PR_ENTRYID, PropValue::Binary(entry_id)),
        (PR_DISPLAY_NAME_W, unicode(&one_off.name)),
        (PR_ADDRTYPE_W, unicode(&one_off.address_type)),
        (PR_EMAIL_ADDRESS_W, unicode(&one_off.address)),
        (PR_SEARCH_KEY, PropValue::Binary(one_off.search_key())),
        (PR_DISPLAY_TYPE, long(flags::DT_MAILUSER)),
    ])
}

fn attachment(draft: &DraftAttachment, own_type: &str) -> Result<AttachmentBuilder, String> {
    let named = AttachmentBuilder::new()
        .prop(PR_ATTACH_LONG_FILENAME_W, unicode(&draft.name))
        .prop(PR_ATTACH_MIME_TAG_W, unicode(&draft.mime))
        .prop(PR_RENDERING_POSITION, PropValue::Long(-1));
    if let Some(embedded) = &draft.embedded {
        return Ok(named.embedded(described(embedded, own_type)?));
    }
    let bytes = draft.data.as_deref().map_or_else(|| Ok(Vec::new()), read)?;
    let by_value = PropValue::Long(flags::ATTACH_BY_VALUE.cast_signed());
    Ok(named.prop(PR_ATTACH_METHOD, by_value).prop(PR_ATTACH_DATA_BIN, PropValue::Binary(bytes)))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("`{}` could not be read: {error}", path.display()))
}
