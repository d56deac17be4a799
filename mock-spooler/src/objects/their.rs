//! Reading and writing the candidate's objects, as MAPI or a client does: properties, tables, streams, messages.
//!
//! Arguments lie in memory that is lent for the call, outputs in guarded cells; what comes back is copied out and freed.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::structs::{SPropProblemArray, SPropTagArray, SPropValue, SRowSet};
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag, flags};

use super::args;
use super::host::Row;
use super::wire::{self, Arena, Problem};
use crate::com::{Cell, boundary, ours, theirs};
use crate::memory;

/// Rows that are asked for in one call.
const BATCH: i32 = 64;
/// A table of more rows has no end.
const MOST_ROWS: usize = 1 << 16;
/// Bytes that are read from or written to a stream in one call.
const CHUNK: usize = 32 * 1024;

/// The tags of an object's properties, strings wide.
///
/// # Errors
///
/// What `GetPropList` returned.
pub fn tags(object: &theirs::IMAPIProp) -> Result<Vec<PropTag>, HRESULT> {
    let mut array = Cell::pointer(boundary().pattern());
    // SAFETY: the object is the candidate's to vouch for; the cell lives for the call.
    let code = unsafe { object.GetPropList(flags::MAPI_UNICODE, array.ptr()) };
    array.check("lppPropTagArray");
    done(code)?;
    let at: *mut SPropTagArray = array.get_ptr();
    // SAFETY: the candidate's answer to a call that succeeded, freed after it was read.
    unsafe {
        let tags = args::tags(at).ok().flatten().unwrap_or_default();
        memory::free(at.cast());
        Ok(tags)
    }
}

/// Values of properties; those that are not there are left out.
///
/// # Errors
///
/// What `GetProps` returned.
pub fn values(object: &theirs::IMAPIProp, tags: &[PropTag]) -> Result<Row, HRESULT> {
    let is_value = |(tag, value): args::Given| match value {
        Some(value) if tag.prop_type() != PropType::PT_ERROR => Some((tag, value)),
        _ => None,
    };
    Ok(given(object, tags)?.into_iter().filter_map(is_value).collect())
}

/// What `GetProps` answers, errors included.
fn given(object: &theirs::IMAPIProp, tags: &[PropTag]) -> Result<Vec<args::Given>, HRESULT> {
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let arena = Arena::default();
    let pattern = boundary().pattern();
    let mut count = Cell::ulong(pattern);
    let mut array = Cell::pointer(pattern);
    let wanted = arena.tags(tags)?;
    // SAFETY: the object is the candidate's to vouch for; tags and cells live for the call.
    let code = unsafe { object.GetProps(wanted, flags::MAPI_UNICODE, count.ptr(), array.ptr()) };
    count.check("lpcValues");
    array.check("lppPropArray");
    done(code)?;
    let at: *mut SPropValue = array.get_ptr();
    // SAFETY: the candidate's answer to a call that succeeded, freed after it was read.
    unsafe {
        let given = if count.get_u32() == 0 { Ok(Vec::new()) } else { args::props(count.get_u32(), at) };
        memory::free(at.cast());
        given
    }
}

/// The value of a property; `None` where it is not there or the object cannot be asked.
#[must_use]
pub fn value(object: &theirs::IMAPIProp, tag: PropTag) -> Option<PropValue> {
    values(object, &[tag]).ok()?.into_iter().find(|(found, _)| found.id() == tag.id()).map(|(_, value)| value)
}

/// A value of a row.
#[must_use]
pub fn find(row: &[(PropTag, PropValue)], tag: PropTag) -> Option<&PropValue> {
    row.iter().find(|(found, _)| found.id() == tag.id()).map(|(_, value)| value)
}

/// Sets properties; the problems with single ones.
///
/// # Errors
///
/// What `SetProps` returned.
pub fn set(object: &theirs::IMAPIProp, values: &[(PropTag, PropValue)]) -> Result<Vec<Problem>, HRESULT> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let arena = Arena::default();
    let mut array = Cell::pointer(boundary().pattern());
    let given = arena.props(values)?;
    // SAFETY: the object is the candidate's to vouch for; values and cell live for the call.
    let code = unsafe { object.SetProps(wire::count(values.len()), given, array.ptr()) };
    array.check("lppProblems");
    done(code)?;
    let at: *mut SPropProblemArray = array.get_ptr();
    if at.is_null() {
        return Ok(Vec::new());
    }
    let problem = |problem: mapi_spi::structs::SPropProblem| Problem {
        index: problem.ulIndex as usize,
        tag: PropTag(problem.ulPropTag),
        code: problem.scode,
    };
    // SAFETY: the candidate's answer to a call that succeeded, freed after it was read.
    unsafe {
        let problems = SPropProblemArray::elements(at).map(problem).collect();
        memory::free(at.cast());
        Ok(problems)
    }
}

/// The columns that a table has: all that it can have, or those that it shows.
///
/// # Errors
///
/// What `QueryColumns` returned.
pub fn columns(table: &theirs::IMAPITable, ulFlags: u32) -> Result<Vec<PropTag>, HRESULT> {
    let mut array = Cell::pointer(boundary().pattern());
    // SAFETY: the table is the candidate's to vouch for; the cell lives for the call.
    let code = unsafe { table.QueryColumns(ulFlags, array.ptr()) };
    array.check("lpPropTagArray");
    done(code)?;
    let at: *mut SPropTagArray = array.get_ptr();
    // SAFETY: the candidate's answer to a call that succeeded, freed after it was read.
    unsafe {
        let tags = args::tags(at).ok().flatten().unwrap_or_default();
        memory::free(at.cast());
        Ok(tags)
    }
}

/// Chooses a table's columns.
///
/// # Errors
///
/// What `SetColumns` returned.
pub fn set_columns(table: &theirs::IMAPITable, tags: &[PropTag]) -> Result<(), HRESULT> {
    let arena = Arena::default();
    let wanted = arena.tags(tags)?;
    // SAFETY: the table is the candidate's to vouch for; the tags live for the call.
    done(unsafe { table.SetColumns(wanted, 0) })
}

/// All rows of a table, from its beginning. Columns without a value are left out.
///
/// # Errors
///
/// What `SeekRow` or `QueryRows` returned.
pub fn rows(table: &theirs::IMAPITable) -> Result<Vec<Row>, HRESULT> {
    // SAFETY: the table is the candidate's to vouch for; who does not want to know gives no cell.
    done(unsafe { table.SeekRow(flags::BOOKMARK_BEGINNING, 0, ptr::null_mut()) })?;
    let mut all = Vec::new();
    while all.len() < MOST_ROWS {
        let mut set = Cell::pointer(boundary().pattern());
        // SAFETY: the table is the candidate's to vouch for; the cell lives for the call.
        let code = unsafe { table.QueryRows(BATCH, 0, set.ptr()) };
        set.check("lppRows");
        done(code)?;
        // SAFETY: the candidate's answer to a call that succeeded.
        let batch = unsafe { taken_rows(set.get_ptr()) };
        if batch.is_empty() {
            break;
        }
        all.extend(batch);
    }
    Ok(all)
}

/// Copies rows out and frees them, each row and then the set.
///
/// # Safety
///
/// `set` is null or rows that a call returned.
unsafe fn taken_rows(set: *mut SRowSet) -> Vec<Row> {
    if set.is_null() {
        return Vec::new();
    }
    // SAFETY: as the caller vouches.
    let rows = unsafe { SRowSet::elements(set) };
    let mut taken = Vec::new();
    for row in rows {
        // SAFETY: as the caller vouches.
        let given = unsafe { args::props(row.cValues, row.lpProps) }.unwrap_or_default();
        let is_value = |(tag, value): args::Given| match value {
            Some(value) if tag.prop_type() != PropType::PT_ERROR => Some((tag, value)),
            _ => None,
        };
        taken.push(given.into_iter().filter_map(is_value).collect());
    }
    let blocks: Vec<_> = rows.map(|row| row.lpProps).collect();
    for block in blocks {
        memory::free(block.cast());
    }
    memory::free(set.cast());
    taken
}

/// Opens an object by its entry identifier, on whatever has the method: its type and the pointer.
///
/// # Errors
///
/// What the method returned; MAPI_E_CALL_FAILED where it succeeded without an object.
pub fn open(
    id: &[u8],
    open: impl FnOnce(u32, *mut c_void, *mut u32, *mut *mut c_void) -> HRESULT,
) -> Result<(u32, *mut c_void), HRESULT> {
    let pattern = boundary().pattern();
    let mut kind = Cell::ulong(pattern);
    let mut object = Cell::pointer(pattern);
    // The identifier is lent for the call alone: who keeps it copies it.
    let mut id = id.to_vec();
    let code = open(wire::count(id.len()), id.as_mut_ptr().cast(), kind.ptr(), object.ptr());
    kind.check("lpulObjType");
    object.check("lppUnk");
    done(code)?;
    let raw: *mut c_void = object.get_ptr();
    if raw.is_null() { Err(HRESULT::MAPI_E_CALL_FAILED) } else { Ok((kind.get_u32(), raw)) }
}

/// Compares two identifiers with whatever method does that: the result, and what it says where it succeeded.
pub fn compare(
    one: &[u8],
    other: &[u8],
    compare: impl FnOnce(u32, *mut c_void, u32, *mut c_void, *mut u32) -> HRESULT,
) -> (HRESULT, Option<bool>) {
    // Copies, each of its own: they are lent for the call alone.
    let (mut one, mut other) = (one.to_vec(), other.to_vec());
    let mut same = Cell::ulong(boundary().pattern());
    let code = compare(
        wire::count(one.len()),
        one.as_mut_ptr().cast(),
        wire::count(other.len()),
        other.as_mut_ptr().cast(),
        same.ptr(),
    );
    same.check("lpulResult");
    (code, code.is_ok().then(|| same.get_u32() != 0))
}

/// Opens a property through an interface.
///
/// # Errors
///
/// What `OpenProperty` returned; MAPI_E_CALL_FAILED where it succeeded without an object.
pub fn open_property(
    object: &theirs::IMAPIProp,
    tag: PropTag,
    interface: &str,
    options: u32,
    ulFlags: u32,
) -> Result<*mut c_void, HRESULT> {
    let iid: GUID = ours::iid_of(interface).unwrap_or_default();
    let mut out = Cell::pointer(boundary().pattern());
    // SAFETY: the object is the candidate's to vouch for; identifier and cell live for the call.
    let code = unsafe { object.OpenProperty(tag.0, &raw const iid, options, ulFlags, out.ptr()) };
    out.check("lppUnk");
    done(code)?;
    let raw: *mut c_void = out.get_ptr();
    if raw.is_null() { Err(HRESULT::MAPI_E_CALL_FAILED) } else { Ok(raw) }
}

/// Writes bytes into a property through a stream.
///
/// # Errors
///
/// What the methods returned.
pub fn write_stream(object: &theirs::IMAPIProp, tag: PropTag, bytes: &[u8]) -> Result<(), HRESULT> {
    let how = flags::MAPI_CREATE | flags::MAPI_MODIFY;
    let raw = open_property(object, tag, "IStream", flags::STGM_READWRITE | flags::STGM_TRANSACTED, how)
        .or_else(|_| open_property(object, tag, "IStream", flags::STGM_READWRITE, how))?;
    let stream = theirs::IStream::new(raw, "their-stream");
    let written = bytes.chunks(CHUNK).try_for_each(|chunk| {
        let mut count = Cell::ulong(false);
        let mut chunk = chunk.to_vec();
        // SAFETY: the stream is the candidate's to vouch for; bytes and cell live for the call.
        let code = unsafe { stream.Write(chunk.as_mut_ptr().cast(), wire::count(chunk.len()), count.ptr()) };
        count.check("pcbWritten");
        done(code)
    });
    // SAFETY: no pointers involved; the reference that OpenProperty returned is given back, once.
    unsafe {
        let committed = written.and_then(|()| done(stream.Commit(0)));
        stream.Release();
        committed
    }
}

/// Reads all bytes of a property through a stream.
///
/// # Errors
///
/// What the methods returned.
pub fn read_stream(object: &theirs::IMAPIProp, tag: PropTag) -> Result<Vec<u8>, HRESULT> {
    let stream = theirs::IStream::new(open_property(object, tag, "IStream", 0, 0)?, "their-stream");
    let mut bytes = Vec::new();
    let read = loop {
        let mut chunk = vec![0_u8; CHUNK];
        let mut count = Cell::ulong(false);
        // SAFETY: the stream is the candidate's to vouch for; buffer and cell live for the call.
        let code = unsafe { stream.Read(chunk.as_mut_ptr().cast(), wire::count(CHUNK), count.ptr()) };
        count.check("pcbRead");
        let got = (count.get_u32() as usize).min(CHUNK);
        if code.is_err() {
            break Err(code);
        }
        bytes.extend_from_slice(&chunk[..got]);
        if got == 0 {
            break Ok(());
        }
    };
    // SAFETY: the reference that OpenProperty returned is given back, once.
    unsafe { stream.Release() };
    read.map(|()| bytes)
}

/// A result as one.
///
/// # Errors
///
/// The code, where it is an error.
pub fn done(code: HRESULT) -> Result<(), HRESULT> {
    if code.is_ok() { Ok(()) } else { Err(code) }
}
