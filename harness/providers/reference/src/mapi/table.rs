//! Tables of recipients and attachments.

use std::ptr;

use mapi_spi::PropTag;
use mapi_spi::flags::MAPI_UNICODE;
use mapi_spi::interfaces::{IMAPITable, IMessage};
use mapi_spi::structs::SPropTagArray;
use mapi_spi::tags::PropType;

use super::object::opened;
use super::{Memory, Result, Rows, check};

/// Opens the table of a message's recipients.
///
/// # Errors
///
/// What `GetRecipientTable` answers.
pub(crate) fn recipient_table(message: &IMessage) -> Result<IMAPITable> {
    let mut cell = ptr::null_mut();
    // SAFETY: the cell is valid.
    check(unsafe { message.GetRecipientTable(MAPI_UNICODE, &mut cell) })?;
    // SAFETY: the method succeeded: the cell holds a reference of ours.
    unsafe { opened(cell) }
}

/// Opens the table of a message's attachments.
///
/// # Errors
///
/// What `GetAttachmentTable` answers.
pub(crate) fn attachment_table(message: &IMessage) -> Result<IMAPITable> {
    let mut cell = ptr::null_mut();
    // SAFETY: the cell is valid.
    check(unsafe { message.GetAttachmentTable(0, &mut cell) })?;
    // SAFETY: the method succeeded: the cell holds a reference of ours.
    unsafe { opened(cell) }
}

/// Chooses a table's columns: those given, or - where `all` - every column that it has, and those given.
///
/// # Errors
///
/// What `QueryColumns` and `SetColumns` answer.
pub(crate) fn set_columns(
    memory: Memory,
    table: &IMAPITable,
    given: &[PropTag],
    all: Option<u32>,
) -> Result<()> {
    let mut tags: Vec<PropTag> = Vec::new();
    if let Some(flags) = all {
        let mut cell = ptr::null_mut();
        // SAFETY: the cell is valid.
        let code = unsafe { table.QueryColumns(flags, &mut cell) };
        // SAFETY: what the method left in the cell is the caller's to free.
        let block = unsafe { memory.adopt(cell) };
        check(code)?;
        // SAFETY: the method succeeded: the array is as MAPI made it, and lives as long as the block.
        tags.extend(unsafe { SPropTagArray::elements(block.at()) }.map(PropTag));
        tags.retain(|tag| {
            !matches!(tag.prop_type(), PropType::PT_OBJECT | PropType::PT_NULL | PropType::PT_ERROR)
        });
    }
    for tag in given {
        if !tags.iter().any(|known| known.id() == tag.id()) {
            tags.push(*tag);
        }
    }
    let mut list: Vec<u32> = vec![tags.len() as u32];
    list.extend(tags.iter().map(|tag| tag.0));
    // SAFETY: the words are laid out as an SPropTagArray and live for the length of the call.
    check(unsafe { table.SetColumns(list.as_mut_ptr().cast(), 0) }).map(drop)
}

/// The next rows, at most `count`; none at the table's end.
///
/// # Errors
///
/// What `QueryRows` answers.
pub(crate) fn query_rows(memory: Memory, table: &IMAPITable, count: i32) -> Result<Rows> {
    let mut cell = ptr::null_mut();
    // SAFETY: the cell is valid.
    let code = unsafe { table.QueryRows(count, 0, &mut cell) };
    // SAFETY: what the method left in the cell is the caller's to free, row by row.
    let rows = unsafe { Rows::adopt(memory, cell) };
    check(code)?;
    Ok(rows)
}
