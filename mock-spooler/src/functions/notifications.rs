//! Notifications as one block.

use std::ffi::c_void;
use std::mem::size_of;

use mapi_spi::structs::{
    ENTRYID, Elements, MAPIERROR, NOTIFICATION, SPropTagArray, SPropValue, cb_new_sprop_tag_array,
};
use mapi_spi::{HRESULT, flags};

use super::layout::{Linear, Measure};
use crate::objects::args::{self, INVALID};
use crate::objects::wire::{self, Room};

/// Events about objects: created, deleted, modified, moved, copied, search complete.
pub(super) const OBJECTS: u32 = flags::fnevObjectCreated
    | flags::fnevObjectDeleted
    | flags::fnevObjectModified
    | flags::fnevObjectMoved
    | flags::fnevObjectCopied
    | flags::fnevSearchComplete;

/// More notifications than this are not meant.
const MANY: i32 = 1 << 16;

pub(super) unsafe fn ScCountNotifications(cntf: i32, rgntf: *mut c_void, pcb: *mut u32) -> HRESULT {
    let measure = Measure::default();
    // SAFETY: passed on from the caller.
    let copied = unsafe { copy(&measure, cntf, rgntf.cast()) };
    if copied.is_ok() {
        // SAFETY: null or an output, as the caller vouches.
        unsafe { args::put(pcb, wire::count(measure.used())) };
    }
    copied.err().unwrap_or(HRESULT::S_OK)
}

pub(super) unsafe fn ScCopyNotifications(
    cntf: i32,
    rgntf: *mut c_void,
    pvDst: *mut c_void,
    pcb: *mut u32,
) -> HRESULT {
    if pvDst.is_null() {
        return INVALID;
    }
    let block = Linear::new(pvDst);
    // SAFETY: passed on from the caller; the block is large enough, as it vouches.
    let copied = unsafe { copy(&block, cntf, rgntf.cast()) };
    if copied.is_ok() {
        // SAFETY: null or an output, as the caller vouches.
        unsafe { args::put(pcb, wire::count(block.used())) };
    }
    copied.err().unwrap_or(HRESULT::S_OK)
}

/// Copies notifications with all that they point to into a room.
///
/// # Safety
///
/// `first` is null or points to so many notifications whose parts are what their types say.
pub(super) unsafe fn copy(
    room: &dyn Room,
    count: i32,
    first: *const NOTIFICATION,
) -> Result<*mut NOTIFICATION, HRESULT> {
    if !(0..=MANY).contains(&count) || count > 0 && first.is_null() {
        return Err(INVALID);
    }
    let count = count.unsigned_abs() as usize;
    let to: *mut NOTIFICATION = room.room(size_of::<NOTIFICATION>() * count)?.cast();
    for at in 0..count {
        // SAFETY: the room has as many places as there are notifications, which the caller vouches for.
        unsafe { to.add(at).write(copy_one(room, &first.add(at).read_unaligned())?) };
    }
    Ok(to)
}

/// # Safety
///
/// As for [`copy`].
unsafe fn copy_one(room: &dyn Room, event: &NOTIFICATION) -> Result<NOTIFICATION, HRESULT> {
    let mut copy = *event;
    // SAFETY: the type says which member is set; its pointers are what the caller vouches for.
    unsafe {
        match event.ulEventType {
            flags::fnevCriticalError => {
                let error = &mut copy.info.err;
                error.lpEntryID = entry_id(room, error.lpEntryID, error.cbEntryID)?;
                if let Some(mut described) = Elements::new(error.lpMAPIError.cast_const(), 1).next() {
                    let wide = error.ulFlags & flags::MAPI_UNICODE != 0;
                    described.lpszError = text(room, described.lpszError, wide)?;
                    described.lpszComponent = text(room, described.lpszComponent, wide)?;
                    let at: *mut MAPIERROR = room.room(size_of::<MAPIERROR>())?.cast();
                    at.write(described);
                    error.lpMAPIError = at;
                }
            }
            flags::fnevNewMail => {
                let mail = &mut copy.info.newmail;
                mail.lpEntryID = entry_id(room, mail.lpEntryID, mail.cbEntryID)?;
                mail.lpParentID = entry_id(room, mail.lpParentID, mail.cbParentID)?;
                let wide = mail.ulFlags & flags::MAPI_UNICODE != 0;
                mail.lpszMessageClass = text(room, mail.lpszMessageClass, wide)?;
            }
            flags::fnevTableModified => {
                let table = &mut copy.info.tab;
                table.propIndex = props(room, &raw const table.propIndex, 1)?.read();
                table.propPrior = props(room, &raw const table.propPrior, 1)?.read();
                if !table.row.lpProps.is_null() {
                    table.row.lpProps = props(room, table.row.lpProps, table.row.cValues)?;
                }
            }
            flags::fnevExtended => {
                let extended = &mut copy.info.ext;
                extended.pbEventParameters = bytes(room, extended.pbEventParameters, extended.cb)?;
            }
            flags::fnevStatusObjectModified => {
                let status = &mut copy.info.statobj;
                status.lpEntryID = entry_id(room, status.lpEntryID, status.cbEntryID)?;
                if !status.lpPropVals.is_null() {
                    status.lpPropVals = props(room, status.lpPropVals, status.cValues)?;
                }
            }
            kind if kind & OBJECTS != 0 => {
                let object = &mut copy.info.obj;
                object.lpEntryID = entry_id(room, object.lpEntryID, object.cbEntryID)?;
                object.lpParentID = entry_id(room, object.lpParentID, object.cbParentID)?;
                object.lpOldID = entry_id(room, object.lpOldID, object.cbOldID)?;
                object.lpOldParentID = entry_id(room, object.lpOldParentID, object.cbOldParentID)?;
                object.lpPropTagArray = tags(room, object.lpPropTagArray)?;
            }
            _ => return Err(INVALID),
        }
    }
    Ok(copy)
}

/// # Safety
///
/// `first` is null or points to so many bytes.
unsafe fn bytes(room: &dyn Room, first: *const u8, length: u32) -> Result<*mut u8, HRESULT> {
    if first.is_null() {
        return Ok(std::ptr::null_mut());
    }
    let at = room.room(length as usize)?;
    // SAFETY: the room is new and has the size.
    unsafe { std::ptr::copy_nonoverlapping(first, at, length as usize) };
    Ok(at)
}

/// # Safety
///
/// As for [`bytes`].
unsafe fn entry_id(room: &dyn Room, first: *const ENTRYID, length: u32) -> Result<*mut ENTRYID, HRESULT> {
    // SAFETY: passed on from the caller.
    unsafe { bytes(room, first.cast(), length) }.map(<*mut u8>::cast)
}

/// # Safety
///
/// `first` is null or points to a zero-terminated string.
unsafe fn text(room: &dyn Room, first: *const u8, wide: bool) -> Result<*mut u8, HRESULT> {
    // SAFETY: as the caller vouches.
    match unsafe { args::text(first.cast(), wide)? } {
        None => Ok(std::ptr::null_mut()),
        Some(args::Text::Narrow(text)) => wire::put_terminated(room, &text, 0),
        Some(args::Text::Wide(text)) => Ok(wire::put_terminated(room, &text, 0)?.cast()),
    }
}

/// # Safety
///
/// `first` points to so many properties whose values are what their types say.
unsafe fn props(room: &dyn Room, first: *const SPropValue, count: u32) -> Result<*mut SPropValue, HRESULT> {
    // SAFETY: as the caller vouches.
    let row = unsafe { args::props(count, first)? };
    let row: Vec<_> =
        row.into_iter().map(|(tag, value)| Some((tag, value?))).collect::<Option<_>>().ok_or(INVALID)?;
    let at = room.room(size_of::<SPropValue>() * row.len())?.cast();
    wire::put_props(room, at, &row)?;
    Ok(at)
}

/// # Safety
///
/// `at` is null or points to an array of tags.
unsafe fn tags(room: &dyn Room, at: *const SPropTagArray) -> Result<*mut SPropTagArray, HRESULT> {
    if at.is_null() {
        return Ok(std::ptr::null_mut());
    }
    // SAFETY: not null, hence an array, as the caller vouches.
    let count = unsafe { SPropTagArray::elements(at) }.len();
    // SAFETY: as above.
    unsafe { bytes(room, at.cast(), wire::count(cb_new_sprop_tag_array(count))) }.map(<*mut u8>::cast)
}
