//! Collects what a message holds. Only properties that a mail has a place for are asked for, so nothing that is not to be
//! transmitted gets into one. Source page: *ixplogon-submitmessage*.

use mapi_spi::HRESULT;
use mapi_spi::PropTag;
use mapi_spi::flags::{ATTACH_BY_VALUE, ATTACH_EMBEDDED_MSG, MAPI_CC, MAPI_TO, MAPI_UNICODE};
use mapi_spi::interfaces::{IAttach, IMAPIProp, IMessage};
use mapi_spi::tags as tag;

use super::recipients::{Recipient, Recipients};
use crate::logon::Transfer;
use crate::mapi::{
    Result, Values, attachment_table, get_props, open_attachment, open_embedded, open_stream, query_rows,
    read_all, set_columns,
};

/// Messages within messages: deeper than this nobody means it.
const DEEPEST: usize = 8;

/// Rows that are asked for at once.
const BATCH: i32 = 64;

/// What a message holds.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) subject: String,
    /// With or without angle brackets.
    pub(super) message_id: Option<String>,
    pub(super) date: Option<u64>,
    /// Whom the message is sent for: name and address.
    pub(super) from: Option<(String, String)>,
    pub(super) to: Vec<(String, String)>,
    pub(super) cc: Vec<(String, String)>,
    pub(super) text: Option<String>,
    /// In the character set of `code_page`.
    pub(super) html: Option<Vec<u8>>,
    pub(super) code_page: Option<u32>,
    pub(super) attachments: Vec<Attached>,
    /// The originator wants to know of each delivery.
    pub(super) receipts: bool,
}

/// An attachment.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) file_name: Option<String>,
    pub(super) mime_type: Option<String>,
    pub(super) content_id: Option<String>,
    pub(super) content: Content,
}

/// What an attachment holds.
#[derive(Debug)]
pub(super) enum Content {
    Bytes(Vec<u8>),
    Message(Box<Draft>),
}

impl Draft {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// What the callback answers that failed, or the cancellation; `MAPI_E_TOO_COMPLEX` for messages within too many
    /// messages.
    pub(super) fn gather(
        transfer: &Transfer<'_>,
        message: &IMessage,
        recipients: &[Recipient],
    ) -> Result<Draft> {
        Draft::gather_at(transfer, message, recipients, 0)
    }

    fn gather_at(
        transfer: &Transfer<'_>,
        message: &IMessage,
        recipients: &[Recipient],
        depth: usize,
    ) -> Result<Draft> {
        const TAGS: [PropTag; 9] = [
            tag::PR_SUBJECT_W,
            tag::PR_BODY_W,
            tag::PR_HTML,
            tag::PR_INTERNET_CPID,
            tag::PR_CLIENT_SUBMIT_TIME,
            tag::PR_SENT_REPRESENTING_NAME_W,
            tag::PR_SENT_REPRESENTING_EMAIL_ADDRESS_W,
            tag::PR_INTERNET_MESSAGE_ID_W,
            tag::PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED,
        ];
        let values = read_props(transfer, message, &TAGS)?;
        let shown = |kind: u32| {
            let of_kind = |recipient: &&Recipient| recipient.kind == kind && !recipient.hidden;
            let named = |recipient: &Recipient| (recipient.name.clone(), recipient.address.clone());
            recipients.iter().filter(of_kind).map(named).collect()
        };
        let from = values.text(tag::PR_SENT_REPRESENTING_EMAIL_ADDRESS_W);
        let mut draft = Draft {
            subject: values.text(tag::PR_SUBJECT_W).unwrap_or_default(),
            message_id: values.text(tag::PR_INTERNET_MESSAGE_ID_W),
            date: values.time(tag::PR_CLIENT_SUBMIT_TIME),
            from: from
                .map(|address| (values.text(tag::PR_SENT_REPRESENTING_NAME_W).unwrap_or_default(), address)),
            to: shown(MAPI_TO),
            cc: shown(MAPI_CC),
            text: read_body(transfer, message, &values)?,
            html: read_bytes(transfer, message, &values, tag::PR_HTML)?,
            code_page: values.long(tag::PR_INTERNET_CPID).map(i32::cast_unsigned),
            attachments: Vec::new(),
            receipts: values.boolean(tag::PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED),
        };
        for number in attachment_numbers(transfer, message)? {
            let attachment = transfer.step(|| open_attachment(message, number))?;
            draft.attachments.extend(gather_attachment(transfer, &attachment, depth)?);
        }
        Ok(draft)
    }
}

/// What is attached; nothing for references to files and for OLE objects, which mean nothing to who gets the mail.
fn gather_attachment(
    transfer: &Transfer<'_>,
    attachment: &IAttach,
    depth: usize,
) -> Result<Option<Attached>> {
    const TAGS: [PropTag; 6] = [
        tag::PR_ATTACH_METHOD,
        tag::PR_ATTACH_LONG_FILENAME_W,
        tag::PR_ATTACH_FILENAME_W,
        tag::PR_ATTACH_MIME_TAG_W,
        tag::PR_ATTACH_CONTENT_ID_W,
        tag::PR_ATTACH_DATA_BIN,
    ];
    let values = read_props(transfer, attachment, &TAGS)?;
    let content = match values.long(tag::PR_ATTACH_METHOD).map_or(ATTACH_BY_VALUE, i32::cast_unsigned) {
        ATTACH_BY_VALUE => {
            let bytes = read_bytes(transfer, attachment, &values, tag::PR_ATTACH_DATA_BIN)?;
            Content::Bytes(bytes.unwrap_or_default())
        }
        ATTACH_EMBEDDED_MSG if depth >= DEEPEST => return Err(HRESULT::MAPI_E_TOO_COMPLEX),
        ATTACH_EMBEDDED_MSG => {
            let inner = transfer.step(|| open_embedded(attachment, false))?;
            let recipients = Recipients::read(transfer, &inner)?;
            Content::Message(Box::new(Draft::gather_at(transfer, &inner, recipients.all(), depth + 1)?))
        }
        _ => return Ok(None),
    };
    let long = values.text(tag::PR_ATTACH_LONG_FILENAME_W);
    Ok(Some(Attached {
        file_name: long.or_else(|| values.text(tag::PR_ATTACH_FILENAME_W)),
        mime_type: values.text(tag::PR_ATTACH_MIME_TAG_W),
        content_id: values.text(tag::PR_ATTACH_CONTENT_ID_W),
        content,
    }))
}

fn attachment_numbers(transfer: &Transfer<'_>, message: &IMessage) -> Result<Vec<u32>> {
    let memory = transfer.memory();
    let table = transfer.step(|| attachment_table(message))?;
    transfer.step(|| set_columns(memory, &table, &[tag::PR_ATTACH_NUM], None))?;
    let mut numbers = Vec::new();
    loop {
        let rows = transfer.step(|| query_rows(memory, &table, BATCH))?;
        if rows.len() == 0 {
            return Ok(numbers);
        }
        numbers.extend(rows.read().filter_map(|row| row.long(tag::PR_ATTACH_NUM)).map(i32::cast_unsigned));
    }
}

fn read_props(transfer: &Transfer<'_>, object: &IMAPIProp, tags: &[PropTag]) -> Result<Values> {
    let habits = transfer.habits();
    // What moves through a stream in any case is not read twice.
    let asked: Vec<PropTag> =
        tags.iter().copied().filter(|asked| !(habits.body_stream && *asked == tag::PR_BODY_W)).collect();
    transfer.step(|| get_props(transfer.memory(), object, &asked, MAPI_UNICODE))
}

fn read_body(transfer: &Transfer<'_>, message: &IMessage, values: &Values) -> Result<Option<String>> {
    let habits = transfer.habits();
    if !habits.body_stream && !values.is_too_large(tag::PR_BODY_W) {
        return Ok(values.get(tag::PR_BODY_W).and_then(|value| value.to_text()));
    }
    let bytes = match read_stream(transfer, message, tag::PR_BODY_W) {
        // Not every message has a body.
        Err(HRESULT::MAPI_E_NOT_FOUND) => return Ok(None),
        other => other?,
    };
    let units: Vec<u16> = bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    Ok(Some(String::from_utf16_lossy(&units)))
}

fn read_bytes(
    transfer: &Transfer<'_>,
    object: &IMAPIProp,
    values: &Values,
    tag: PropTag,
) -> Result<Option<Vec<u8>>> {
    if values.is_too_large(tag) {
        return read_stream(transfer, object, tag).map(Some);
    }
    Ok(values.binary(tag).map(<[u8]>::to_vec))
}

fn read_stream(transfer: &Transfer<'_>, object: &IMAPIProp, tag: PropTag) -> Result<Vec<u8>> {
    let stream = transfer.step(|| open_stream(object, tag, false))?;
    transfer.step(|| read_all(&stream, |moved| transfer.moved(moved)))
}
