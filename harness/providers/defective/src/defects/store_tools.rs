//! What defects of stores are put together from: properties and rows that the wrapped store has just returned.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::interfaces::{IMAPIProp, IMAPISupport};
use mapi_spi::structs::{__UPV, SPropTagArray, SPropValue, SRow, SRowSet};
use mapi_spi::tags::PropType;
use mapi_spi::{HRESULT, PropTag};

use super::tools::free;
use crate::boundary::{Call, with};

/// A property that says that there is none.
pub(super) fn missing(tag: PropTag) -> SPropValue {
    let code = HRESULT::MAPI_E_NOT_FOUND;
    SPropValue { ulPropTag: tag.with_type(PropType::PT_ERROR).0, dwAlignPad: 0, Value: __UPV { err: code } }
}

/// Does something to each property that GetProps has just returned.
pub(super) fn change_props(call: &Call<'_>, change: impl Fn(&mut SPropValue)) {
    let (count, first) = (call.read::<u32>("lpcValues"), call.read_ptr::<SPropValue>("lppPropArray"));
    if !first.is_null() {
        // SAFETY: the array and its count are outputs of a call that has just succeeded, and nobody else has seen them yet.
        unsafe { std::slice::from_raw_parts_mut(first, count as usize) }.iter_mut().for_each(change);
    }
}

fn rows_of(call: &Call<'_>) -> &'static mut [SRow] {
    let rows = call.read_ptr::<SRowSet>("lppRows");
    if rows.is_null() {
        return &mut [];
    }
    // SAFETY: the rows are outputs of a call that has just succeeded, and nobody else has seen them yet; they are used no longer
    // than the call.
    unsafe { std::slice::from_raw_parts_mut((&raw mut (*rows).aRow).cast(), (*rows).cRows as usize) }
}

/// Puts rows that QueryRows has just returned the other way round.
pub(super) fn reverse_rows(call: &Call<'_>) {
    rows_of(call).reverse();
}

/// Exchanges the values of a column among the rows that QueryRows has just returned, so that they stand as they would if the rows
/// were not reversed.
pub(super) fn reverse_column(call: &Call<'_>, tag: PropTag) {
    let rows = rows_of(call);
    let mut values: Vec<SPropValue> =
        rows.iter().flat_map(props).filter(|prop| prop.tag() == tag).copied().collect();
    for row in rows {
        // SAFETY: as for `rows_of`: each row has as many values as it says.
        let props = unsafe { std::slice::from_raw_parts_mut(row.lpProps, row.cValues as usize) };
        for prop in props.iter_mut().filter(|prop| prop.tag() == tag) {
            if let Some(value) = values.pop() {
                *prop = value;
            }
        }
    }
}

fn props(row: &SRow) -> &[SPropValue] {
    if row.lpProps.is_null() {
        return &[];
    }
    // SAFETY: as for `rows_of`.
    unsafe { std::slice::from_raw_parts(row.lpProps, row.cValues as usize) }
}

/// Takes away the rows that QueryRows has just returned.
pub(super) fn hide_rows(call: &Call<'_>) {
    for row in rows_of(call) {
        free(row.lpProps.cast());
    }
    let rows = call.read_ptr::<SRowSet>("lppRows");
    if !rows.is_null() {
        // SAFETY: as for `rows_of`.
        unsafe { (*rows).cRows = 0 };
    }
}

/// Takes a column out of those that QueryColumns has just returned.
pub(super) fn hide_column(call: &Call<'_>, hidden: PropTag, other: PropTag) {
    let tags = call.read_ptr::<SPropTagArray>("lpPropTagArray");
    if tags.is_null() {
        return;
    }
    // SAFETY: the tags are an output of a call that has just succeeded, as many as the count says.
    let tags: &mut [u32] = unsafe {
        std::slice::from_raw_parts_mut((&raw mut (*tags).aulPropTag).cast(), (*tags).cValues as usize)
    };
    for tag in tags.iter_mut().filter(|tag| PropTag(**tag).id() == hidden.id()) {
        *tag = other.0;
    }
}

/// The identifier of a message of the wrapped store; empty where it has none.
pub(super) fn entry_id(message: *mut c_void) -> Vec<u8> {
    let tags: [u32; 2] = [1, mapi_spi::tags::PR_ENTRYID.0];
    let (mut count, mut props) = (0_u32, ptr::null_mut::<SPropValue>());
    with(message, |message: &IMAPIProp| {
        // SAFETY: the message is in use; an array of tags is a count and that many tags; the cells live for the call.
        unsafe { message.GetProps(tags.as_ptr().cast_mut().cast(), 0, &raw mut count, &raw mut props) }
    });
    if props.is_null() {
        return Vec::new();
    }
    // SAFETY: the call has just returned an array with one property, whose bytes are in the same block.
    let bytes = unsafe {
        let bin = (*props).Value.bin;
        let is_there = (*props).tag() == mapi_spi::tags::PR_ENTRYID && !bin.lpb.is_null();
        if is_there { std::slice::from_raw_parts(bin.lpb, bin.cb as usize).to_vec() } else { Vec::new() }
    };
    free(props.cast());
    bytes
}

/// `CompleteMsg` on a support object.
pub(super) fn complete(support: *mut c_void, entry: &mut [u8]) {
    let size = u32::try_from(entry.len()).unwrap_or_default();
    // SAFETY: the support object is the spooler's, and the identifier lives for the call.
    with(support, |support: &IMAPISupport| unsafe {
        support.CompleteMsg(0, size, entry.as_mut_ptr().cast())
    });
}

/// `SpoolerNotify` on a support object.
pub(super) fn tell(support: *mut c_void, flags: u32) {
    // SAFETY: the support object is the spooler's; these flags have no data.
    with(support, |support: &IMAPISupport| unsafe { support.SpoolerNotify(flags, ptr::null_mut()) });
}
