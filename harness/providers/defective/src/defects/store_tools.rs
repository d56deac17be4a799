//! What defects of stores are put together from: properties and rows that the wrapped store has just returned.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::flags::{MAPI_MODIFY, MODRECIP_REMOVE};
use mapi_spi::interfaces::{IMAPIProp, IMAPISupport, IMAPITable, IMessage, IMsgStore, IXPLogon};
use mapi_spi::structs::{__UPV, NEWMAIL_NOTIFICATION, SPropTagArray, SPropValue, SRow, SRowSet};
use mapi_spi::tags::{PR_ENTRYID, PropType};
use mapi_spi::{HRESULT, PropTag};

use super::tools::{bytes_of, end_message, free, free_list, release, text_of};
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

/// Gives the second of the rows that QueryRows has just returned the value that the first one has.
pub(super) fn second_like_first(call: &Call<'_>, tag: PropTag) {
    let [first, second, ..] = rows_of(call) else { return };
    let Some(value) = props(first).iter().find(|prop| prop.tag() == tag).copied() else { return };
    // SAFETY: as for `rows_of`: each row has as many values as it says.
    let props = unsafe { std::slice::from_raw_parts_mut(second.lpProps, second.cValues as usize) };
    for prop in props.iter_mut().filter(|prop| prop.tag() == tag) {
        // The bytes are in the memory of the first row: all are read before any is freed.
        *prop = value;
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
    value_on(message, PR_ENTRYID, bytes_of).unwrap_or_default()
}

/// A text of a message; empty where it has none.
pub(super) fn text_on(message: *mut c_void, tag: PropTag) -> String {
    value_on(message, tag, text_of).unwrap_or_default()
}

/// What a property of a message is read as; nothing where it is not there.
fn value_on<T>(message: *mut c_void, tag: PropTag, read: impl FnOnce(&SPropValue) -> T) -> Option<T> {
    let tags: [u32; 2] = [1, tag.0];
    let (mut count, mut props) = (0_u32, ptr::null_mut::<SPropValue>());
    with(message, |message: &IMAPIProp| {
        // SAFETY: the message is in use; an array of tags is a count and that many tags; the cells live for the call.
        unsafe { message.GetProps(tags.as_ptr().cast_mut().cast(), 0, &raw mut count, &raw mut props) }
    });
    // SAFETY: null, or an array with one property that the call has just returned.
    let value = unsafe { props.as_ref() }.filter(|prop| prop.tag() == tag).map(read);
    free(props.cast());
    value
}

/// `CompleteMsg` on a support object.
pub(super) fn complete(support: *mut c_void, entry: &mut [u8]) {
    let size = u32::try_from(entry.len()).unwrap_or_default();
    // SAFETY: the support object is the spooler's, and the identifier lives for the call.
    with(support, |support: &IMAPISupport| unsafe {
        support.CompleteMsg(0, size, entry.as_mut_ptr().cast())
    });
}

/// `PrepareSubmit` on a support object.
pub(super) fn prepare(support: *mut c_void, message: *mut c_void) {
    let mut flags = 0_u32;
    // SAFETY: the support object is the spooler's, and the message is open.
    with(support, |support: &IMAPISupport| unsafe { support.PrepareSubmit(message, &raw mut flags) });
}

/// `SpoolerNotify` on a support object.
pub(super) fn tell(support: *mut c_void, flags: u32) {
    // SAFETY: the support object is the spooler's; these flags have no data.
    with(support, |support: &IMAPISupport| unsafe { support.SpoolerNotify(flags, ptr::null_mut()) });
}

/// A message of a store by its identifier, for writing; null where it cannot be opened.
pub(super) fn open_by(store: *mut c_void, id: &[u8]) -> *mut c_void {
    let mut id = id.to_vec();
    let size = u32::try_from(id.len()).unwrap_or_default();
    let (mut kind, mut object) = (0_u32, ptr::null_mut());
    with(store, |store: &IMsgStore| {
        // SAFETY: the store is open; the identifier and the cells live for the call.
        unsafe {
            let id = id.as_mut_ptr().cast();
            store.OpenEntry(size, id, ptr::null(), MAPI_MODIFY, &raw mut kind, &raw mut object)
        }
    });
    object
}

/// The message that an announcement names, for writing; null where it cannot be opened.
pub(super) fn open_message(store: *mut c_void, told: *const NEWMAIL_NOTIFICATION) -> *mut c_void {
    if told.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the announcement is an argument of a call in progress, and its identifier has the length that it says.
    let id = unsafe {
        let told = told.read_unaligned();
        std::slice::from_raw_parts(told.lpEntryID.cast::<u8>(), told.cbEntryID as usize).to_vec()
    };
    open_by(store, &id)
}

/// Removes the recipients of a message beyond the first few.
pub(super) fn keep_recipients(message: *mut c_void, kept: usize) {
    with(message, |message: &IMessage| {
        let mut table = ptr::null_mut();
        let mut rows: *mut SRowSet = ptr::null_mut();
        // SAFETY: the message is open; the cells live until the calls have returned.
        unsafe {
            message.GetRecipientTable(0, &raw mut table);
            with(table, |table: &IMAPITable| table.QueryRows(1000, 0, &raw mut rows));
        }
        release(table);
        if rows.is_null() {
            return;
        }
        // SAFETY: rows that QueryRows has just returned, as many as they say; rows and recipient lists have one layout.
        unsafe {
            let first: *mut SRow = (&raw mut (*rows).aRow).cast();
            let count = (*rows).cRows as usize;
            let all = std::slice::from_raw_parts_mut(first, count);
            all.reverse();
            (*rows).cRows = u32::try_from(count.saturating_sub(kept)).unwrap_or_default();
            if (*rows).cRows > 0 {
                message.ModifyRecipients(MODRECIP_REMOVE, rows.cast());
            }
            (*rows).cRows = u32::try_from(count).unwrap_or_default();
        }
        free_list(rows.cast());
    });
}

/// `SubmitMessage` and `EndMessage` on a logon object.
pub(super) fn submit_to(logon: *mut c_void, message: *mut c_void) {
    let (mut reference, mut seconds) = (0, 0);
    with(logon, |logon: &IXPLogon| {
        // SAFETY: both objects are the wrapped provider's, and open; the cells live for the call.
        unsafe { logon.SubmitMessage(0, message, &raw mut reference, &raw mut seconds) }
    });
    end_message(logon, reference);
}
