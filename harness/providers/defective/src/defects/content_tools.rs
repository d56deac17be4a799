//! What defects of a message's content are put together from.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::flags::MODRECIP_ADD;
use mapi_spi::interfaces::IMessage;
use mapi_spi::structs::{__UPV, FILETIME, SPropValue};

use crate::boundary::with;

/// `ModifyRecipients` on a message, with more of them.
pub(super) fn add_recipients(message: *mut c_void, rows: &[Vec<SPropValue>]) {
    if rows.is_empty() {
        return;
    }
    // A count, then per row a reserved number, a count and a pointer.
    let mut list = vec![rows.len() as u64];
    for row in rows {
        list.push((row.len() as u64) << 32);
        list.push(row.as_ptr() as usize as u64);
    }
    with(message, |message: &IMessage| {
        // SAFETY: the message is the spooler's; the list has the layout of ADRLIST, and lives until the call has returned, as its
        // rows do.
        unsafe { message.ModifyRecipients(MODRECIP_ADD, list.as_mut_ptr().cast()) }
    });
}

/// Deletes an attachment of a message, where there is one of this number.
pub(super) fn delete_attachment(message: *mut c_void, number: u32) {
    with(message, |message: &IMessage| {
        // SAFETY: the message is the spooler's; no window and no progress are asked for.
        unsafe { message.DeleteAttach(number, 0, ptr::null_mut(), 0) }
    });
}

/// A property with a time, so many seconds later.
pub(super) fn later(prop: &SPropValue, seconds: u64) -> SPropValue {
    // SAFETY: any eight bytes of a property value are a time; the type says whether they mean one.
    let time = unsafe { prop.Value.ft };
    let time = FILETIME::from_u64(time.to_u64() + seconds * 10_000_000);
    SPropValue { Value: __UPV { ft: time }, ..*prop }
}
