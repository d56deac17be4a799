//! What defects are put together from: calls to the spooler's objects past the wrapped provider, and changed arguments.
//!
//! All of the unsafe code of the defects stands here, but for that of objects of their own. What the functions are given comes from calls in progress, whose
//! callers vouch for it; where a defect breaks a rule of memory, the function's name says so.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::interfaces::{IMAPIProp, IMAPISupport, IXPLogon};
use mapi_spi::structs::{__UPV, ADRENTRY, ADRLIST, SBinary, SPropValue, SRowSet};
use mapi_spi::tags::PropType;
use mapi_spi::{HRESULT, PropTag};
use windows_core::{IUnknown, IUnknown_Vtbl};

use crate::boundary::{Call, given, with};
use crate::hooks::{self, Flow};

/// `IUnknown::AddRef`; null is allowed.
pub(super) fn add_ref(object: *mut c_void) {
    // SAFETY: a COM object begins with the pointer to its vtable, which begins with IUnknown's methods.
    with::<IUnknown, _>(object, |_| unsafe { ((**object.cast::<*const IUnknown_Vtbl>()).AddRef)(object) });
}

/// `IUnknown::Release`; null is allowed.
pub(crate) fn release(object: *mut c_void) {
    // SAFETY: as for `add_ref`; that a reference is given back which is not held is what some defects are about.
    with::<IUnknown, _>(object, |_| unsafe { ((**object.cast::<*const IUnknown_Vtbl>()).Release)(object) });
}

/// `SpoolerNotify` on the latest session's support object.
pub(crate) fn notify(flags: u32, data: *mut c_void) -> HRESULT {
    notify_of(hooks::support(), flags, data)
}

/// `SpoolerNotify` on a support object.
pub(super) fn notify_of(support: *mut c_void, flags: u32, data: *mut c_void) -> HRESULT {
    // SAFETY: the support object is the spooler's, who outlives this library; the data is what the defect says it is.
    let code = with(support, |support: &IMAPISupport| unsafe { support.SpoolerNotify(flags, data) });
    code.unwrap_or(HRESULT::MAPI_E_INVALID_OBJECT)
}

/// `DoConfigPropsheet` on a support object, with nothing in it.
pub(super) fn show_dialog(support: *mut c_void) {
    let nothing = ptr::null_mut();
    // SAFETY: as for `notify`; the spooler checks what it is given.
    with(support, |support: &IMAPISupport| unsafe {
        support.DoConfigPropsheet(0, 0, nothing, nothing, nothing, 0)
    });
}

/// `DoProgressDialog` on a support object.
pub(super) fn show_progress(support: *mut c_void) {
    let mut progress = ptr::null_mut();
    // SAFETY: as for `notify`; the cell lives for the call.
    with(support, |support: &IMAPISupport| unsafe { support.DoProgressDialog(0, 0, &raw mut progress) });
    release(progress);
}

/// `MakeInvalid` on the latest session's support object, past the wrapped provider.
pub(super) fn make_invalid(object: *mut c_void) {
    // SAFETY: as for `notify`; the spooler takes note of the pointer and does not follow it.
    with(hooks::support(), |support: &IMAPISupport| unsafe { support.MakeInvalid(0, object, 1, 3) });
}

/// `SpoolerYield` on the latest session's support object.
pub(crate) fn yield_now() {
    // SAFETY: as for `notify`.
    with(hooks::support(), |support: &IMAPISupport| unsafe { support.SpoolerYield(0) });
}

/// `ModifyStatusRow` on the latest session's support object, with `STATUSROW_UPDATE`.
pub(super) fn update_row(mut props: Vec<SPropValue>) {
    let count = u32::try_from(props.len()).unwrap_or_default();
    with(hooks::support(), |support: &IMAPISupport| {
        // SAFETY: as for `notify`; the columns live until the call has returned.
        unsafe { support.ModifyStatusRow(count, props.as_mut_ptr(), mapi_spi::flags::STATUSROW_UPDATE) }
    });
}

/// `CreateOneOff` with a name at this address; what it makes is freed.
pub(super) fn one_off_with_name(name: *mut c_void, flags: u32) {
    let mut address: Vec<u16> = "somebody@example.org\0".encode_utf16().collect();
    let mut narrow = b"somebody@example.org\0REF\0".to_vec();
    let is_wide = flags & mapi_spi::flags::MAPI_UNICODE != 0;
    let address: *mut c_void = if is_wide { address.as_mut_ptr().cast() } else { narrow.as_mut_ptr().cast() };
    let (mut size, mut entry) = (0, ptr::null_mut());
    with(hooks::support(), |support: &IMAPISupport| {
        // SAFETY: the address lives until the call has returned; the name is the caller's, who has said how long it lives.
        unsafe { support.CreateOneOff(name, address, address, flags, &raw mut size, &raw mut entry) }
    });
    free(entry);
}

/// `SetProps` on the message in process.
pub(super) fn set_on_message(props: Vec<SPropValue>) {
    set_on(hooks::message(), props);
}

/// `SetProps` on an object.
pub(super) fn set_on(object: *mut c_void, mut props: Vec<SPropValue>) {
    let count = u32::try_from(props.len()).unwrap_or_default();
    let mut problems = ptr::null_mut();
    with(object, |object: &IMAPIProp| {
        // SAFETY: the object is the spooler's; the values live until the call has returned.
        unsafe { object.SetProps(count, props.as_mut_ptr(), &raw mut problems) }
    });
    free(problems.cast());
}

/// `SaveChanges` on an object.
pub(super) fn save(object: *mut c_void, flags: u32) -> HRESULT {
    // SAFETY: the object is the spooler's.
    let code = with(object, |object: &IMAPIProp| unsafe { object.SaveChanges(flags) });
    code.unwrap_or(HRESULT::MAPI_E_INVALID_OBJECT)
}

/// `Poll` on a logon object: what it reports.
pub(super) fn poll(logon: *mut c_void) -> u32 {
    let mut incoming = 0;
    // SAFETY: the object is the wrapped provider's, and open.
    with(logon, |logon: &IXPLogon| unsafe { logon.Poll(&raw mut incoming) });
    incoming
}

/// A block of MAPI's, with zeros in it; null where there is none.
pub(crate) fn allocate(size: u32) -> *mut c_void {
    let mut block = ptr::null_mut();
    if let Some(given) = given() {
        // SAFETY: the spooler gave the function for this; the block has the size that is cleared.
        unsafe {
            if (given.buffer)(size, &raw mut block).is_ok() && !block.is_null() {
                block.cast::<u8>().write_bytes(0, size as usize);
            }
        }
    }
    block
}

/// A block of MAPI's that goes with another one.
pub(crate) fn allocate_more(size: u32, parent: *mut c_void) -> *mut c_void {
    let mut block = ptr::null_mut();
    if let Some(given) = given() {
        // SAFETY: the spooler gave the function for this.
        unsafe { (given.more)(size, parent, &raw mut block) };
    }
    block
}

/// `MAPIFreeBuffer`. Whether the block may be freed is the defect's affair.
pub(crate) fn free(block: *mut c_void) {
    if let Some(given) = given() {
        // SAFETY: the spooler gave the function; it checks what it is given.
        unsafe { (given.free)(block) };
    }
}

/// Writes bytes behind a pointer. Whether they belong there is the defect's affair.
pub(crate) fn scribble(at: *mut c_void, offset: usize, bytes: &[u8]) {
    if !at.is_null() {
        // SAFETY: the caller has memory of this process there: a block with a guard behind it, or an output cell.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), at.cast::<u8>().add(offset), bytes.len()) };
    }
}

/// Passes a call on with other properties than it came with.
pub(super) fn forward_props(
    call: &mut Call<'_>,
    array: &str,
    change: impl FnOnce(&mut Vec<SPropValue>),
) -> Flow {
    let (count, first) = (call.number("cValues"), call.ptr::<SPropValue>(array));
    let mut props = Vec::new();
    if !first.is_null() {
        // SAFETY: the array and its count are arguments of a call in progress.
        props.extend_from_slice(unsafe { std::slice::from_raw_parts(first, count as usize) });
    }
    change(&mut props);
    if props.is_empty() {
        // The caller had something to set: what is not there any more is set without trouble.
        call.answer(HRESULT::S_OK);
        return Flow::Answered;
    }
    call.set_arg("cValues", props.len() as u64);
    call.set_ptr(array, props.as_mut_ptr());
    call.forward();
    call.set_arg("cValues", u64::from(count));
    call.set_ptr(array, first);
    Flow::Answered
}

/// Removes properties by the tag's identifier.
pub(super) fn without(props: &mut Vec<SPropValue>, tags: &[PropTag]) {
    props.retain(|prop| !is_any(prop.tag(), tags));
}

/// Whether a tag is one of these, of whatever type.
pub(super) fn is_any(tag: PropTag, tags: &[PropTag]) -> bool {
    tags.iter().any(|other| other.id() == tag.id())
}

/// Does something to each property of each row of a recipient list. Rows may become shorter.
pub(super) fn change_rows(list: *mut ADRLIST, change: impl Fn(&mut Vec<SPropValue>)) {
    if list.is_null() {
        return;
    }
    // SAFETY: the list is an argument of a call in progress and belongs to the wrapped provider, which does nothing with
    // it meanwhile; entries and values are as many as their counts say, and there are never more of them afterwards.
    unsafe {
        let entries = (&raw mut (*list).aEntries).cast::<ADRENTRY>();
        for index in 0..(*list).cEntries as usize {
            let entry = &mut *entries.add(index);
            let mut props = entry.props().collect::<Vec<_>>();
            change(&mut props);
            let kept = props.len().min(entry.cValues as usize);
            ptr::copy_nonoverlapping(props.as_ptr(), entry.rgPropVals, kept);
            entry.cValues = u32::try_from(kept).unwrap_or_default();
        }
    }
}

/// A property with a number.
pub(super) fn long(tag: PropTag, value: u32) -> SPropValue {
    SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: __UPV { ul: value } }
}

/// A property with wide text, which is never freed.
pub(super) fn text(tag: PropTag, value: &str) -> SPropValue {
    units(tag, value.encode_utf16().collect())
}

/// A property with UTF-16 units, whether they make text or not; never freed.
pub(super) fn units(tag: PropTag, mut units: Vec<u16>) -> SPropValue {
    units.push(0);
    let units = Box::leak(units.into_boxed_slice());
    let tag = tag.with_type(PropType::PT_UNICODE);
    SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: __UPV { lpszW: units.as_mut_ptr() } }
}

/// A property with bytes, which are never freed.
pub(super) fn binary(tag: PropTag, value: &[u8]) -> SPropValue {
    let bytes = Box::leak(value.to_vec().into_boxed_slice());
    let value = SBinary { cb: u32::try_from(bytes.len()).unwrap_or_default(), lpb: bytes.as_mut_ptr() };
    SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: __UPV { bin: value } }
}

/// The bytes of a binary property.
pub(super) fn bytes_of(prop: &SPropValue) -> Vec<u8> {
    // SAFETY: the property has this type, and its bytes are where it says, in a block that is in use.
    unsafe {
        let bin = prop.Value.bin;
        if bin.lpb.is_null() {
            Vec::new()
        } else {
            std::slice::from_raw_parts(bin.lpb, bin.cb as usize).to_vec()
        }
    }
}

/// The text of a property, of either width.
pub(super) fn text_of(prop: &SPropValue) -> String {
    // SAFETY: the property is part of an argument of a call in progress.
    unsafe { mapi_spi::values::PropValue::read(prop) }
        .ok()
        .and_then(|value| value.to_text())
        .unwrap_or_default()
}

/// The number of a property.
pub(super) fn number_of(prop: &SPropValue) -> u32 {
    // SAFETY: any four bytes of a property value are a number; the type says whether they mean one.
    unsafe { prop.Value.ul }
}

/// Replaces the text of the property of this tag, where it is there.
pub(super) fn replace_text(props: &mut [SPropValue], tag: PropTag, change: impl Fn(&str) -> String) {
    for prop in props.iter_mut().filter(|prop| prop.tag().id() == tag.id()) {
        *prop = text(tag, &change(&text_of(prop)));
    }
}

/// Whether a call is on the message in process itself, not on one embedded in it.
pub(super) fn on_message(call: &Call<'_>) -> bool {
    !call.object().is_null() && call.object() == hooks::message()
}

/// Uses an allocator.
pub(super) fn alloc_and_free(malloc: &mapi_spi::interfaces::IMalloc) {
    // SAFETY: the block is freed where it was made, and not used.
    unsafe { malloc.Free(malloc.Alloc(16)) };
}

/// Passes `ModifyStatusRow` on to another support object than the one that it was called on.
pub(super) fn forward_to(call: &mut Call<'_>, support: *mut c_void) -> Flow {
    let code = with(support, |support: &IMAPISupport| {
        // SAFETY: the arguments are those of a call in progress, and the object is the spooler's.
        unsafe {
            support.ModifyStatusRow(call.number("cValues"), call.ptr("lpColumnVals"), call.number("ulFlags"))
        }
    });
    call.answer(code.unwrap_or(HRESULT::MAPI_E_INVALID_OBJECT));
    Flow::Answered
}

/// A copy in memory of this library, which is never freed.
pub(super) fn copied<T: Copy>(from: *const T) -> *mut T {
    // SAFETY: the value was handed out by a call that has just succeeded, or failed with a description.
    Box::leak(Box::new(unsafe { from.read() }))
}

/// The first word of an array that a call has handed out; zero where there is none.
pub(super) fn first(array: *mut usize) -> usize {
    // SAFETY: not null, and an array of pointers with at least one in it: the wrapped provider serves one address type.
    if array.is_null() { 0 } else { unsafe { array.read() } }
}

/// The text of a property that GetProps has just returned.
pub(super) fn property(call: &Call<'_>, tag: PropTag) -> Option<String> {
    let (count, first) = (call.read::<u32>("lpcValues"), call.read_ptr::<SPropValue>("lppPropArray"));
    if first.is_null() {
        return None;
    }
    // SAFETY: the array and its count are outputs of a call that has just succeeded.
    let props = unsafe { std::slice::from_raw_parts(first, count as usize) };
    props.iter().find(|prop| prop.tag().id() == tag.id()).map(text_of).filter(|text| !text.is_empty())
}

/// Writes a cell whose call is in progress; null is allowed.
pub(super) fn poke(cell: *mut usize, value: usize) {
    if !cell.is_null() {
        // SAFETY: the cell is an argument of a call in progress, of pointer size.
        unsafe { cell.write_volatile(value) };
    }
}

/// Deletes the first attachments of a message.
pub(super) fn delete_attachments(message: *mut c_void) {
    with(message, |message: &mapi_spi::interfaces::IMessage| {
        for number in 0..8 {
            // SAFETY: the message is the spooler's; no window and no progress are asked for.
            unsafe { message.DeleteAttach(number, 0, ptr::null_mut(), 0) };
        }
    });
}

/// Passes `IStream::Write` on with other bytes.
pub(super) fn forward_bytes(call: &mut Call<'_>, change: impl FnOnce(&mut Vec<u8>)) -> Flow {
    let (count, first) = (call.number("cb"), call.ptr::<u8>("pv"));
    let mut bytes = Vec::new();
    if !first.is_null() {
        // SAFETY: the bytes and their count are arguments of a call in progress.
        bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(first, count as usize) });
    }
    change(&mut bytes);
    call.set_arg("cb", bytes.len() as u64);
    call.set_ptr("pv", bytes.as_mut_ptr());
    call.forward();
    call.set_arg("cb", u64::from(count));
    call.set_ptr("pv", first);
    Flow::Answered
}

/// Passes a recipient list on without its last row.
pub(super) fn forward_shorter(call: &mut Call<'_>, list: &str) -> Flow {
    let list: *mut ADRLIST = call.ptr(list);
    if list.is_null() {
        return Flow::Forward;
    }
    // SAFETY: the list is an argument of a call in progress, and nobody else uses it meanwhile; its count is restored.
    unsafe {
        let whole = (*list).cEntries;
        (*list).cEntries = whole.saturating_sub(1);
        call.forward();
        (*list).cEntries = whole;
    }
    Flow::Answered
}

/// Reads a cell whose call is in progress.
pub(super) fn peek(cell: *const usize) -> usize {
    // SAFETY: not null, and an argument of a call in progress, of pointer size.
    if cell.is_null() { 0 } else { unsafe { cell.read_volatile() } }
}

/// The bytes of an entry identifier that is told with its length; none where it is told otherwise.
pub(super) fn counted(binary: *const SBinary) -> Vec<u8> {
    if binary.is_null() {
        return Vec::new();
    }
    // SAFETY: the data of a call in progress, with the room of a structure at least.
    let binary = unsafe { binary.read_unaligned() };
    if binary.cb == 0 || binary.lpb.is_null() {
        return Vec::new();
    }
    // SAFETY: the spooler tells a length only together with so many bytes.
    unsafe { std::slice::from_raw_parts(binary.lpb, binary.cb as usize) }.to_vec()
}

/// `TransportLogoff` on a logon object; null is allowed.
pub(super) fn logoff(logon: *mut c_void) {
    // SAFETY: the object is the wrapped provider's, and open.
    with(logon, |logon: &IXPLogon| unsafe { logon.TransportLogoff(0) });
}

/// Reads from where nothing is.
pub(crate) fn crash() {
    let nowhere = std::hint::black_box(8_usize) as *const u8;
    // SAFETY: none: the crash that follows is what is asked for.
    std::hint::black_box(unsafe { nowhere.read_volatile() });
}

/// A property with a truth value.
pub(super) fn boolean(tag: PropTag, value: bool) -> SPropValue {
    SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: __UPV { b: value.into() } }
}

/// Whether a property with a truth value is true.
pub(super) fn is_true(prop: &SPropValue) -> bool {
    // SAFETY: any two bytes of a property value are a truth value; the type says whether they mean one.
    unsafe { prop.Value.b != 0 }
}

/// Does something to each property of each row that a table has just returned.
pub(super) fn change_table_rows(rows: *mut SRowSet, change: impl Fn(&mut SPropValue)) {
    if rows.is_null() {
        return;
    }
    // SAFETY: the rows are outputs of a call that has just succeeded, and nobody else has seen them yet.
    unsafe {
        for row in SRowSet::elements(rows) {
            for index in 0..row.cValues as usize {
                change(&mut *row.lpProps.add(index));
            }
        }
    }
}

/// Sets PR_RESPONSIBILITY of every recipient of a message.
pub(super) fn mark_all(message: *mut c_void) {
    with(message, |message: &mapi_spi::interfaces::IMessage| {
        let mut table = ptr::null_mut();
        let mut rows: *mut SRowSet = ptr::null_mut();
        // SAFETY: the message is the spooler's; the cells live until the calls have returned.
        unsafe {
            message.GetRecipientTable(mapi_spi::flags::MAPI_UNICODE, &raw mut table);
            with(table, |table: &mapi_spi::interfaces::IMAPITable| table.QueryRows(1000, 0, &raw mut rows));
        }
        change_table_rows(rows, |prop| {
            if prop.tag().id() == mapi_spi::tags::PR_RESPONSIBILITY.id() {
                *prop = boolean(mapi_spi::tags::PR_RESPONSIBILITY, true);
            }
        });
        if !rows.is_null() {
            // SAFETY: rows and recipient lists have one layout.
            unsafe { message.ModifyRecipients(mapi_spi::flags::MODRECIP_MODIFY, rows.cast()) };
        }
        free_list(rows.cast());
        release(table);
    });
}

/// Frees a recipient list with its rows; null is allowed.
pub(super) fn free_list(list: *mut ADRLIST) {
    // SAFETY: null, or a list of MAPI's memory that its owner leaves to us.
    for entry in unsafe { ADRLIST::elements(list) } {
        free(entry.rgPropVals.cast());
    }
    free(list.cast());
}

/// A copy of a recipient list in memory of this library, which is never freed. The values stay where they are.
pub(super) fn own_copy(list: *mut ADRLIST) -> *mut ADRLIST {
    let mut words = vec![0_u64; 1];
    // SAFETY: the list is an argument of a call in progress.
    let entries = unsafe { ADRLIST::elements(list) };
    words[0] = entries.len() as u64;
    for entry in entries {
        // SAFETY: as above.
        let props = Box::leak(unsafe { entry.props() }.collect::<Box<[_]>>());
        words.push(u64::from(entry.cValues) << 32);
        words.push(props.as_mut_ptr() as usize as u64);
    }
    Box::leak(words.into_boxed_slice()).as_mut_ptr().cast()
}

/// `StatusRecips` with a copy of a list.
pub(super) fn report_copy(support: *mut c_void, message: *mut c_void, list: *mut ADRLIST) {
    // SAFETY: the list is an argument of a call in progress.
    let entries = unsafe { ADRLIST::elements(list) };
    let size = |bytes: usize| u32::try_from(bytes).unwrap_or_default();
    let copy = allocate(size(mapi_spi::structs::cb_new_adrlist(entries.len())));
    if copy.is_null() {
        return;
    }
    for (index, entry) in entries.enumerate() {
        // SAFETY: as above.
        let props: Vec<_> = unsafe { entry.props() }.collect();
        let block: *mut SPropValue = allocate(size(size_of_val(&*props))).cast();
        let own = ADRENTRY { rgPropVals: block, ..entry };
        // SAFETY: both blocks have just been made with room for what is written.
        unsafe {
            ptr::copy_nonoverlapping(props.as_ptr(), block, props.len());
            let list = copy.cast::<ADRLIST>();
            (*list).cEntries += 1;
            (&raw mut (*list).aEntries).cast::<ADRENTRY>().add(index).write(own);
        }
    }
    // SAFETY: the objects are the spooler's; the values that the copy points to live as long as the list.
    let code = with(support, |support: &IMAPISupport| unsafe { support.StatusRecips(message, copy.cast()) });
    if code.is_none_or(HRESULT::is_err) {
        free_list(copy.cast());
    }
}

/// `EndMessage` on a logon object.
pub(super) fn end_message(logon: *mut c_void, reference: usize) {
    let mut flags = 0;
    // SAFETY: the object is the wrapped provider's, and open.
    with(logon, |logon: &IXPLogon| unsafe { logon.EndMessage(reference, &raw mut flags) });
}
