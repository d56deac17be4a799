//! Fills a message of MAPI's with the mail that it is to hold.

use mapi_spi::flags::{ATTACH_BY_VALUE, ATTACH_EMBEDDED_MSG, MAPI_BCC, MAPI_CC, MAPI_TO, MODRECIP_ADD};
use mapi_spi::interfaces::{IMAPIProp, IMessage};
use mapi_spi::tags as tag;
use mapi_spi::tags::PropType;
use mapi_spi::{GUID, PropTag};

use super::parse::{Attachment, Content, Mail, Mailbox};
use crate::logon::Transfer;
use crate::mapi::{
    AddressList, Props, Result, create_attachment, identifiers_of, open_embedded, open_stream, save,
    search_key, set_props, write_all,
};
use crate::time::now;

/// A body longer than this, in bytes, moves through a stream.
const LONG_BODY: usize = 256 * 1024;

/// `PS_INTERNET_HEADERS`: names in this set are names of headers.
const INTERNET_HEADERS: GUID = GUID::from_u128(0x00020386_0000_0000_c000_000000000046);

/// The five properties of one party, by what they are called of a sender, a represented sender, a recipient.
struct Party {
    name: PropTag,
    address_type: PropTag,
    address: PropTag,
    entry_id: PropTag,
    search_key: PropTag,
}

const SENDER: Party = Party {
    name: tag::PR_SENDER_NAME_W,
    address_type: tag::PR_SENDER_ADDRTYPE_W,
    address: tag::PR_SENDER_EMAIL_ADDRESS_W,
    entry_id: tag::PR_SENDER_ENTRYID,
    search_key: tag::PR_SENDER_SEARCH_KEY,
};
const REPRESENTED: Party = Party {
    name: tag::PR_SENT_REPRESENTING_NAME_W,
    address_type: tag::PR_SENT_REPRESENTING_ADDRTYPE_W,
    address: tag::PR_SENT_REPRESENTING_EMAIL_ADDRESS_W,
    entry_id: tag::PR_SENT_REPRESENTING_ENTRYID,
    search_key: tag::PR_SENT_REPRESENTING_SEARCH_KEY,
};
const RECIPIENT: Party = Party {
    name: tag::PR_DISPLAY_NAME_W,
    address_type: tag::PR_ADDRTYPE_W,
    address: tag::PR_EMAIL_ADDRESS_W,
    entry_id: tag::PR_ENTRYID,
    search_key: tag::PR_SEARCH_KEY,
};

/// Stores all of a mail in a message, which is not saved. Whatever is opened for that is released.
///
/// # Errors
///
/// What the callback answers that failed, or the cancellation.
pub(crate) fn deliver(transfer: &Transfer<'_>, message: &IMessage, mail: &Mail) -> Result<()> {
    let habits = transfer.habits();
    set_all(transfer, message, &properties(transfer, mail)?)?;
    set_bodies(transfer, message, mail)?;
    if habits.store_headers {
        set_extensions(transfer, message, mail)?;
    }
    if !habits.recipients_last {
        add_recipients(transfer, message, mail)?;
    }
    for attachment in &mail.attachments {
        attach(transfer, message, attachment)?;
    }
    if habits.recipients_last {
        add_recipients(transfer, message, mail)?;
    }
    Ok(())
}

/// All but bodies that move through a stream.
fn properties(transfer: &Transfer<'_>, mail: &Mail) -> Result<Props> {
    let mut props = Props::new(transfer.habits().width());
    props.text(tag::PR_MESSAGE_CLASS_W, "IPM.Note");
    props.text(tag::PR_SUBJECT_W, &mail.subject);
    if let Some(text) = mail.text.as_deref().filter(|text| !streams(transfer, text.len())) {
        props.text(tag::PR_BODY_W, text);
    }
    if let Some(html) = &mail.html {
        if !streams(transfer, html.bytes.len()) {
            props.binary(tag::PR_HTML, html.bytes.clone());
        }
        props.mask(tag::PR_INTERNET_CPID, html.code_page);
    }
    if !mail.headers.is_empty() {
        props.text(tag::PR_TRANSPORT_MESSAGE_HEADERS_W, &mail.headers);
    }
    if let Some(id) = &mail.message_id {
        props.text(tag::PR_INTERNET_MESSAGE_ID_W, id);
    }
    if let Some(date) = mail.date {
        props.time(tag::PR_CLIENT_SUBMIT_TIME, date);
    }
    props.time(tag::PR_MESSAGE_DELIVERY_TIME, now());
    if let Some(sender) = mail.sender.as_ref().or(mail.from.as_ref()) {
        add_party(transfer, &mut props, &SENDER, sender)?;
    }
    if let Some(from) = &mail.from {
        add_party(transfer, &mut props, &REPRESENTED, from)?;
    }
    Ok(props)
}

fn streams(transfer: &Transfer<'_>, length: usize) -> bool {
    transfer.habits().body_stream || length > LONG_BODY
}

fn set_bodies(transfer: &Transfer<'_>, message: &IMessage, mail: &Mail) -> Result<()> {
    if let Some(text) = mail.text.as_deref().filter(|text| streams(transfer, text.len())) {
        if transfer.habits().width().is_narrow(text) {
            write(transfer, message, tag::PR_BODY_W.with_type(PropType::PT_STRING8), text.as_bytes())?;
        } else {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            write(transfer, message, tag::PR_BODY_W, &units)?;
        }
    }
    if let Some(html) = mail.html.as_ref().filter(|html| streams(transfer, html.bytes.len())) {
        write(transfer, message, tag::PR_HTML, &html.bytes)?;
    }
    Ok(())
}

fn set_extensions(transfer: &Transfer<'_>, message: &IMessage, mail: &Mail) -> Result<()> {
    let names: Vec<&str> = mail.extensions.iter().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let tags = transfer.step(|| identifiers_of(transfer.memory(), message, INTERNET_HEADERS, &names))?;
    // Where a name got no identifier the two lists do not match.
    if tags.len() != names.len() {
        return Ok(());
    }
    let mut props = Props::new(transfer.habits().width());
    for (tag, (_, value)) in tags.into_iter().zip(&mail.extensions) {
        props.text(tag, value);
    }
    set_all(transfer, message, &props)
}

fn add_recipients(transfer: &Transfer<'_>, message: &IMessage, mail: &Mail) -> Result<()> {
    let kinds = [(MAPI_TO, &mail.to), (MAPI_CC, &mail.cc), (MAPI_BCC, &mail.bcc)];
    let total = kinds.iter().map(|(_, list)| list.len()).sum();
    if total == 0 {
        return Ok(());
    }
    let mut list = AddressList::new(transfer.memory(), total)?;
    for (kind, boxes) in kinds {
        for mailbox in boxes {
            let mut row = Props::new(transfer.habits().width());
            row.mask(tag::PR_RECIPIENT_TYPE, kind);
            add_party(transfer, &mut row, &RECIPIENT, mailbox)?;
            list.add(&row)?;
        }
    }
    transfer.step(|| list.modify(message, MODRECIP_ADD))
}

fn add_party(transfer: &Transfer<'_>, props: &mut Props, party: &Party, mailbox: &Mailbox) -> Result<()> {
    let address_type = &transfer.settings().address_type;
    props.text(party.name, &mailbox.name);
    props.text(party.address_type, address_type);
    props.text(party.address, &mailbox.address);
    props.binary(party.entry_id, transfer.entry_id(&mailbox.name, &mailbox.address)?);
    props.binary(party.search_key, search_key(address_type, &mailbox.address));
    Ok(())
}

fn attach(transfer: &Transfer<'_>, message: &IMessage, attachment: &Attachment) -> Result<()> {
    let object = transfer.step(|| create_attachment(message))?;
    let method = match attachment.content {
        Content::Bytes(_) => ATTACH_BY_VALUE,
        Content::Message(_) => ATTACH_EMBEDDED_MSG,
    };
    let inner_subject = match &attachment.content {
        Content::Bytes(_) => None,
        Content::Message(inner) => Some(inner.subject.as_str()).filter(|subject| !subject.is_empty()),
    };
    let mut props = Props::new(transfer.habits().width());
    props.mask(tag::PR_ATTACH_METHOD, method);
    props.long(tag::PR_RENDERING_POSITION, -1);
    if let Some(name) = attachment.file_name.as_deref().or(inner_subject) {
        props.text(tag::PR_DISPLAY_NAME_W, name);
    }
    if let Some(name) = &attachment.file_name {
        props.text(tag::PR_ATTACH_FILENAME_W, name);
        props.text(tag::PR_ATTACH_LONG_FILENAME_W, name);
    }
    props.text(tag::PR_ATTACH_MIME_TAG_W, &attachment.mime_type);
    if let Some(id) = &attachment.content_id {
        props.text(tag::PR_ATTACH_CONTENT_ID_W, id);
    }
    set_all(transfer, &object, &props)?;
    match &attachment.content {
        Content::Bytes(bytes) => write(transfer, &object, tag::PR_ATTACH_DATA_BIN, bytes)?,
        Content::Message(inner) => {
            let embedded = transfer.step(|| open_embedded(&object, true))?;
            deliver(transfer, &embedded, inner)?;
            transfer.step(|| save(&embedded, 0))?;
        }
    }
    transfer.step(|| save(&object, 0))
}

fn set_all(transfer: &Transfer<'_>, object: &IMAPIProp, props: &Props) -> Result<()> {
    if !transfer.habits().one_by_one {
        return transfer.step(|| set_props(transfer.memory(), object, props));
    }
    for index in 0..props.len() {
        let mut one = Props::new(transfer.habits().width());
        one.copy_from(props, index);
        transfer.step(|| set_props(transfer.memory(), object, &one))?;
    }
    Ok(())
}

fn write(transfer: &Transfer<'_>, object: &IMAPIProp, tag: PropTag, bytes: &[u8]) -> Result<()> {
    let stream = transfer.step(|| open_stream(object, tag, true))?;
    transfer.step(|| write_all(&stream, bytes, |moved| transfer.moved(moved)))
}
