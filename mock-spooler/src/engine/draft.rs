//! Makes message objects of drafts.

use mapi_spi::flags;
use mapi_spi::tags::{
    PR_ADDRTYPE_W, PR_ATTACH_DATA_BIN, PR_ATTACH_FILENAME_W, PR_ATTACH_LONG_FILENAME_W, PR_ATTACH_METHOD, PR_ATTACH_MIME_TAG_W,
    PR_DISPLAY_NAME_W, PR_EMAIL_ADDRESS_W, PR_OBJECT_TYPE, PR_RECIPIENT_TYPE, PR_RENDERING_POSITION, PR_RESPONSIBILITY,
    PR_SEARCH_KEY,
};
use mapi_spi::values::PropValue;

use crate::objects::{Row, planned};
use crate::objects::message::{AttachmentBuilder, MessageBuilder};
use crate::plan::draft::{DraftAttachment, DraftRecipient, RecipientKind};
use crate::plan::Draft;

/// Describes the message that a draft says, with recipients of `own` type where the draft names none.
///
/// # Errors
///
/// In words, where a value does not fit its tag or a file cannot be read.
pub fn message(draft: &Draft, own: &str, entry_id: Vec<u8>) -> Result<MessageBuilder, String> {
    Ok(content(draft, own)?.entry_id(entry_id).submitted())
}

fn content(draft: &Draft, own: &str) -> Result<MessageBuilder, String> {
    let mut builder = MessageBuilder::default().props(planned::row(&draft.props)?);
    for recipient in &draft.recipients {
        builder = builder.recipient(recipient_row(recipient, own));
    }
    for attachment in &draft.attachments {
        builder = builder.attachment(self::attachment(attachment, own)?);
    }
    Ok(builder)
}

fn wide(text: &str) -> PropValue {
    PropValue::Unicode(text.encode_utf16().collect())
}

fn recipient_row(recipient: &DraftRecipient, own: &str) -> Row {
    let kind = match recipient.kind {
        RecipientKind::To => flags::MAPI_TO,
        RecipientKind::Cc => flags::MAPI_CC,
        RecipientKind::Bcc => flags::MAPI_BCC,
        RecipientKind::P1 => flags::MAPI_TO | flags::MAPI_P1,
    };
    let address_type = recipient.address_type.as_deref().unwrap_or(own);
    let key = format!("{}:{}\0", address_type.to_uppercase(), recipient.address.to_uppercase());
    vec![
        (PR_OBJECT_TYPE, PropValue::Long(flags::MAPI_MAILUSER.cast_signed())),
        (PR_RECIPIENT_TYPE, PropValue::Long(kind.cast_signed())),
        (PR_DISPLAY_NAME_W, wide(recipient.name.as_deref().unwrap_or(&recipient.address))),
        (PR_ADDRTYPE_W, wide(address_type)),
        (PR_EMAIL_ADDRESS_W, wide(&recipient.address)),
        (PR_SEARCH_KEY, PropValue::Binary(key.into_bytes())),
        (PR_RESPONSIBILITY, PropValue::Boolean(recipient.served)),
    ]
}

fn attachment(attachment: &DraftAttachment, own: &str) -> Result<AttachmentBuilder, String> {
    let builder = AttachmentBuilder::new()
        .prop(PR_ATTACH_LONG_FILENAME_W, wide(&attachment.name))
        .prop(PR_ATTACH_FILENAME_W, wide(&attachment.name))
        .prop(PR_ATTACH_MIME_TAG_W, wide(&attachment.mime))
        .prop(PR_RENDERING_POSITION, PropValue::Long(-1));
    if let Some(embedded) = &attachment.embedded {
        return Ok(builder.embedded(content(embedded, own)?));
    }
    let bytes = match &attachment.data {
        Some(path) => std::fs::read(path).map_err(|error| format!("`{}`: {error}", path.display()))?,
        None => Vec::new(),
    };
    Ok(builder
        .prop(PR_ATTACH_METHOD, PropValue::Long(flags::ATTACH_BY_VALUE.cast_signed()))
        .prop(PR_ATTACH_DATA_BIN, PropValue::Binary(bytes)))
}
