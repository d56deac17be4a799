//! A message in the candidate's store, as a client or MAPI sees it: filled, read, its recipients changed.

use std::ffi::c_void;

use mapi_spi::structs::ADRLIST;
use mapi_spi::tags::{
    PR_ACCESS, PR_ACCESS_LEVEL, PR_ADDRTYPE_W, PR_ATTACH_DATA_BIN, PR_ATTACH_DATA_OBJ, PR_ATTACH_METHOD,
    PR_ATTACH_NUM, PR_ATTACH_SIZE, PR_CREATION_TIME, PR_DISPLAY_BCC_W, PR_DISPLAY_CC_W, PR_DISPLAY_NAME_W,
    PR_DISPLAY_TO_W, PR_EMAIL_ADDRESS_W, PR_ENTRYID, PR_HASATTACH, PR_INSTANCE_KEY,
    PR_LAST_MODIFICATION_TIME, PR_MAPPING_SIGNATURE, PR_MESSAGE_SIZE, PR_NORMALIZED_SUBJECT_W,
    PR_OBJECT_TYPE, PR_PARENT_ENTRYID, PR_RECIPIENT_TYPE, PR_RECORD_KEY, PR_RESPONSIBILITY, PR_ROWID,
    PR_SEARCH_KEY, PR_STORE_ENTRYID, PR_STORE_RECORD_KEY, PR_STORE_SUPPORT_MASK, PR_SUBMIT_FLAGS, PropType,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};

use super::host::Row;
use super::message::{AttachData, MessageData};
use super::their::{self, done};
use super::wire::Arena;
use crate::com::{Cell, boundary, theirs};
use crate::trace::event::{Attachment, Content, Prop};
use crate::trace::value;

/// Longer values are written through a stream, as clients do.
const LONG_VALUE: usize = 16 * 1024;
/// Messages in messages in messages.
const DEEPEST: usize = 8;

/// What is the store's own doing, and no part of a message's content.
const COMPUTED: &[PropTag] = &[
    PR_ACCESS,
    PR_ACCESS_LEVEL,
    PR_CREATION_TIME,
    PR_DISPLAY_BCC_W,
    PR_DISPLAY_CC_W,
    PR_DISPLAY_TO_W,
    PR_ENTRYID,
    PR_HASATTACH,
    PR_INSTANCE_KEY,
    PR_LAST_MODIFICATION_TIME,
    PR_MAPPING_SIGNATURE,
    PR_MESSAGE_SIZE,
    PR_NORMALIZED_SUBJECT_W,
    PR_OBJECT_TYPE,
    PR_PARENT_ENTRYID,
    PR_RECORD_KEY,
    PR_SEARCH_KEY,
    PR_STORE_ENTRYID,
    PR_STORE_RECORD_KEY,
    PR_STORE_SUPPORT_MASK,
    PR_SUBMIT_FLAGS,
    PR_ATTACH_NUM,
    PR_ATTACH_SIZE,
];

/// The columns of a recipient that the spooler looks at.
const RECIPIENT_COLUMNS: [PropTag; 8] = [
    PR_ROWID,
    PR_RECIPIENT_TYPE,
    PR_RESPONSIBILITY,
    PR_ADDRTYPE_W,
    PR_EMAIL_ADDRESS_W,
    PR_DISPLAY_NAME_W,
    PR_ENTRYID,
    PR_SEARCH_KEY,
];

/// Puts content into a message that has none yet; it is not saved.
///
/// # Errors
///
/// What the message's methods returned.
pub fn fill(message: &theirs::IMessage, data: &MessageData) -> Result<(), HRESULT> {
    fill_within(message, data, 0)
}

fn fill_within(message: &theirs::IMessage, data: &MessageData, depth: usize) -> Result<(), HRESULT> {
    set_values(message, &data.props.to_row())?;
    if !data.recipients.is_empty() {
        let rows: Vec<Row> = data.recipients.iter().map(|(_, props)| props.to_row()).collect();
        modify_recipients(message, flags::MODRECIP_ADD, &rows)?;
    }
    data.attachments.iter().try_for_each(|attachment| attach(message, attachment, depth))
}

/// Sets properties, long ones through streams.
fn set_values(object: &theirs::IMAPIProp, values: &[(PropTag, PropValue)]) -> Result<(), HRESULT> {
    let (long, short): (Row, Row) =
        values.iter().cloned().partition(|(_, value)| long_bytes(value).is_some());
    their::set(object, &short)?;
    long.iter().try_for_each(|(tag, value)| match long_bytes(value) {
        Some(bytes) => their::write_stream(object, *tag, &bytes),
        None => Ok(()),
    })
}

fn long_bytes(value: &PropValue) -> Option<Vec<u8>> {
    let bytes = match value {
        PropValue::Binary(bytes) | PropValue::String8(bytes) => bytes.clone(),
        PropValue::Unicode(units) => units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        _ => return None,
    };
    Some(bytes).filter(|bytes| bytes.len() > LONG_VALUE)
}

fn attach(message: &theirs::IMessage, data: &AttachData, depth: usize) -> Result<(), HRESULT> {
    let pattern = boundary().pattern();
    let mut number = Cell::ulong(pattern);
    let mut object = Cell::pointer(pattern);
    // SAFETY: the message is the candidate's to vouch for; the cells live for the call.
    let code = unsafe { message.CreateAttach(std::ptr::null(), 0, number.ptr(), object.ptr()) };
    number.check("lpulAttachmentNum");
    object.check("lppAttach");
    done(code)?;
    let attach = theirs::IAttach::new(object.get_ptr(), "their-attach");
    let filled = set_values(&attach, &data.props.to_row()).and_then(|()| match &data.embedded {
        Some(embedded) if depth < DEEPEST => embed(&attach, embedded, depth + 1),
        Some(_) | None => Ok(()),
    });
    // SAFETY: no pointers involved; the reference that CreateAttach returned is given back, once.
    unsafe {
        let saved = filled.and_then(|()| done(attach.SaveChanges(0)));
        attach.Release();
        saved
    }
}

fn embed(attach: &theirs::IAttach, data: &MessageData, depth: usize) -> Result<(), HRESULT> {
    let how = flags::MAPI_CREATE | flags::MAPI_MODIFY;
    let raw = their::open_property(attach, PR_ATTACH_DATA_OBJ, "IMessage", 0, how)?;
    let message = theirs::IMessage::new(raw, "their-message");
    let filled = fill_within(&message, data, depth);
    // SAFETY: no pointers involved; the reference that OpenProperty returned is given back, once.
    unsafe {
        let saved = filled.and_then(|()| done(message.SaveChanges(0)));
        message.Release();
        saved
    }
}

/// `ModifyRecipients`.
///
/// # Errors
///
/// What it returned.
pub fn modify_recipients(message: &theirs::IMessage, ulFlags: u32, rows: &[Row]) -> Result<(), HRESULT> {
    let arena = Arena::default();
    let list: *mut ADRLIST = arena.recipients(rows)?;
    // SAFETY: the message is the candidate's to vouch for; the list lives for the call.
    done(unsafe { message.ModifyRecipients(ulFlags, list) })
}

/// The rows of the recipient table: what the spooler looks at.
///
/// # Errors
///
/// What the methods returned.
pub fn recipients(message: &theirs::IMessage) -> Result<Vec<Row>, HRESULT> {
    with_table(
        |out| {
            // SAFETY: the message is the candidate's to vouch for; the cell lives for the call.
            unsafe { message.GetRecipientTable(flags::MAPI_UNICODE, out) }
        },
        |table| {
            their::set_columns(table, &RECIPIENT_COLUMNS)?;
            their::rows(table)
        },
    )
}

/// Opens a table, reads it, releases it.
///
/// # Errors
///
/// What the methods returned; MAPI_E_CALL_FAILED where no table came.
pub fn with_table<T>(
    open: impl FnOnce(*mut *mut c_void) -> HRESULT,
    read: impl FnOnce(&theirs::IMAPITable) -> Result<T, HRESULT>,
) -> Result<T, HRESULT> {
    let mut out = Cell::pointer(boundary().pattern());
    let code = open(out.ptr());
    out.check("lppTable");
    done(code)?;
    let raw: *mut c_void = out.get_ptr();
    if raw.is_null() {
        return Err(HRESULT::MAPI_E_CALL_FAILED);
    }
    let table = theirs::IMAPITable::new(raw, "their-table");
    let result = read(&table);
    // SAFETY: the reference that the method returned is given back, once.
    unsafe { table.Release() };
    result
}

/// Recipients as the trace shows them.
#[must_use]
pub fn rendered(rows: &[Row]) -> Vec<Vec<Prop>> {
    let own = |row: &Row| {
        let keyless =
            row.iter().filter(|(tag, _)| tag.id() != PR_ROWID.id() && tag.id() != PR_INSTANCE_KEY.id());
        keyless.map(|(tag, value)| value::prop(*tag, value)).collect()
    };
    rows.iter().map(own).collect()
}

/// What a message holds, as far as its methods show it.
#[must_use]
pub fn content(message: &theirs::IMessage, saves: u32) -> Content {
    let recipients = recipients(message).map_or_else(|_| Vec::new(), |rows| rendered(&rows));
    let attachments = attachments(message, 0);
    Content { props: own_props(message), recipients, attachments, saves, dirty: false }
}

/// Properties that are the object's own, in ascending order; long ones are fetched through streams.
fn own_props(object: &theirs::IMAPIProp) -> Vec<Prop> {
    let computed = |tag: &PropTag| COMPUTED.iter().any(|other| other.id() == tag.id());
    let mut tags = their::tags(object).unwrap_or_default();
    tags.retain(|tag| tag.prop_type() != PropType::PT_OBJECT && !computed(tag));
    tags.sort_by_key(|tag| tag.0);
    let values = their::values(object, &tags).unwrap_or_default();
    tags.iter()
        .filter_map(|tag| {
            let given = values.iter().find(|(found, _)| found.id() == tag.id()).cloned();
            let (tag, value) = given.or_else(|| through_stream(object, *tag))?;
            Some(value::prop(tag, &value))
        })
        .collect()
}

/// What is too long for GetProps (page: imapiprop-getprops).
fn through_stream(object: &theirs::IMAPIProp, tag: PropTag) -> Option<(PropTag, PropValue)> {
    let read = || their::read_stream(object, tag).ok();
    let value = match tag.prop_type() {
        PropType::PT_BINARY => PropValue::Binary(read()?),
        PropType::PT_STRING8 => PropValue::String8(read()?),
        PropType::PT_UNICODE => {
            let bytes = read()?;
            let (units, _) = bytes.as_chunks::<2>();
            PropValue::Unicode(units.iter().map(|unit| u16::from_le_bytes(*unit)).collect())
        }
        _ => return None,
    };
    Some((tag, value))
}

fn attachments(message: &theirs::IMessage, depth: usize) -> Vec<Attachment> {
    let numbers = with_table(
        |out| {
            // SAFETY: the message is the candidate's to vouch for; the cell lives for the call.
            unsafe { message.GetAttachmentTable(flags::MAPI_UNICODE, out) }
        },
        |table| {
            their::set_columns(table, &[PR_ATTACH_NUM])?;
            their::rows(table)
        },
    );
    let number = |row: &Row| their::find(row, PR_ATTACH_NUM).and_then(PropValue::as_long);
    let mut numbers: Vec<i32> = numbers.unwrap_or_default().iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers.into_iter().filter_map(|number| attachment(message, number.cast_unsigned(), depth)).collect()
}

fn attachment(message: &theirs::IMessage, number: u32, depth: usize) -> Option<Attachment> {
    let mut out = Cell::pointer(boundary().pattern());
    // SAFETY: the message is the candidate's to vouch for; the cell lives for the call.
    let code = unsafe { message.OpenAttach(number, std::ptr::null(), 0, out.ptr()) };
    out.check("lppAttach");
    let raw: *mut c_void = out.get_ptr();
    if code.is_err() || raw.is_null() {
        return None;
    }
    let attach = theirs::IAttach::new(raw, "their-attach");
    let method = their::value(&attach, PR_ATTACH_METHOD).and_then(|value| value.as_long());
    let is_message = method == Some(flags::ATTACH_EMBEDDED_MSG.cast_signed()) && depth < DEEPEST;
    let embedded = is_message.then(|| embedded(&attach, depth + 1)).flatten().map(Box::new);
    let mut props = own_props(&attach);
    if is_message {
        props.retain(|prop| !prop.tag.eq_ignore_ascii_case(&format!("0x{:08X}", PR_ATTACH_DATA_BIN.0)));
    }
    // SAFETY: the reference that OpenAttach returned is given back, once.
    unsafe { attach.Release() };
    Some(Attachment { props, embedded, saved: true })
}

fn embedded(attach: &theirs::IAttach, depth: usize) -> Option<Content> {
    let raw = their::open_property(attach, PR_ATTACH_DATA_OBJ, "IMessage", 0, 0).ok()?;
    let message = theirs::IMessage::new(raw, "their-message");
    let recipients = recipients(&message).map_or_else(|_| Vec::new(), |rows| rendered(&rows));
    let content = Content {
        props: own_props(&message),
        recipients,
        attachments: attachments(&message, depth),
        saves: 1,
        dirty: false,
    };
    // SAFETY: the reference that OpenProperty returned is given back, once.
    unsafe { message.Release() };
    Some(content)
}
