//! `IStream` on a property.
//!
//! The stream works on a buffer of its own; the property gets it with Commit and, for a stream that is not transacted, with
//! the last Release. A write that reached the property at once would copy a large attachment anew for every block of it.
//! Page: imapiprop-openproperty.

use std::ffi::c_void;
use std::fmt;
use std::mem::size_of;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::structs::STATSTG;
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};

use super::args;
use super::prop::Open;
use crate::com::{Handle, object, ours, theirs};
use crate::implements;

/// No stream grows beyond this.
const LARGEST: u64 = 1 << 30;

/// What a stream reads and writes.
pub trait StreamTarget: Send + Sync + fmt::Debug {
    /// The property's value now.
    fn load(&self, tag: PropTag) -> Option<PropValue>;
    /// Puts a value in its place.
    ///
    /// # Errors
    ///
    /// Where the property cannot be changed.
    fn store(&self, tag: PropTag, value: PropValue) -> Result<(), HRESULT>;
}

/// A stream, or one of several on the same bytes (`IStream::Clone`).
#[derive(Debug)]
pub struct Stream {
    shared: Arc<Mutex<Buffer>>,
    position: Mutex<u64>,
}

implements!(Stream: IStream);

#[derive(Debug)]
struct Buffer {
    target: Arc<dyn StreamTarget>,
    tag: PropTag,
    bytes: Vec<u8>,
    /// What Revert goes back to, for transacted streams.
    committed: Option<Vec<u8>>,
    dirty: bool,
    writable: bool,
}

/// Opens a property as stream.
///
/// # Errors
///
/// MAPI_E_NOT_FOUND without MAPI_CREATE where there is no such property, MAPI_E_NO_ACCESS for changes of an object that is
/// read-only, MAPI_E_NO_SUPPORT for types that are no bytes.
pub fn open(target: Arc<dyn StreamTarget>, request: &Open, writable: bool) -> Result<Handle, HRESULT> {
    let tag = match request.tag.prop_type() {
        // An object's data as a stream is bytes, as the page's table of attachments has it.
        PropType::PT_OBJECT => request.tag.with_type(PropType::PT_BINARY),
        PropType::PT_STRING8 | PropType::PT_UNICODE | PropType::PT_BINARY => request.tag,
        _ => return Err(HRESULT::MAPI_E_NO_SUPPORT),
    };
    if request.modifies() && !writable {
        return Err(HRESULT::MAPI_E_NO_ACCESS);
    }
    let bytes = match target.load(tag) {
        _ if request.creates() => Vec::new(),
        Some(value) => to_bytes(&value, tag.prop_type()).ok_or(HRESULT::MAPI_E_NOT_FOUND)?,
        None => return Err(HRESULT::MAPI_E_NOT_FOUND),
    };
    let position = if request.flags & flags::STREAM_APPEND != 0 { bytes.len() as u64 } else { 0 };
    let transacted = request.options & flags::STGM_TRANSACTED != 0;
    let buffer = Buffer {
        target,
        tag,
        committed: transacted.then(|| bytes.clone()),
        bytes,
        dirty: request.creates(),
        writable: request.modifies(),
    };
    let stream = Stream { shared: Arc::new(Mutex::new(buffer)), position: Mutex::new(position) };
    Ok(object::hand_out(Arc::new(stream), "stream"))
}

impl Buffer {
    fn commit(&mut self) -> Result<(), HRESULT> {
        if !self.dirty {
            return Ok(());
        }
        self.target.store(self.tag, from_bytes(&self.bytes, self.tag.prop_type()))?;
        self.dirty = false;
        if self.committed.is_some() {
            self.committed = Some(self.bytes.clone());
        }
        Ok(())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // What a transacted stream did not commit is lost; nobody is left to hear of a failure of the others.
        if self.committed.is_none() {
            let _ = self.commit();
        }
    }
}

impl Stream {
    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn position(&self) -> MutexGuard<'_, u64> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes from the seek pointer on, which moves behind them.
    fn take(&self, count: u64) -> Vec<u8> {
        let mut position = self.position();
        let buffer = self.buffer();
        let length = buffer.bytes.len() as u64;
        let (from, to) = ((*position).min(length), position.saturating_add(count).min(length));
        *position = to.max(*position);
        buffer.bytes[index(from)..index(to)].to_vec()
    }

    fn put(&self, bytes: &[u8]) -> Result<(), HRESULT> {
        let mut position = self.position();
        let mut buffer = self.buffer();
        if !buffer.writable {
            return Err(HRESULT::STG_E_ACCESSDENIED);
        }
        let end = position.saturating_add(bytes.len() as u64);
        if end > LARGEST {
            return Err(HRESULT::STG_E_MEDIUMFULL);
        }
        if buffer.bytes.len() < index(end) {
            buffer.bytes.resize(index(end), 0);
        }
        buffer.bytes[index(*position)..index(end)].copy_from_slice(bytes);
        buffer.dirty = true;
        *position = end;
        Ok(())
    }

    fn seek(&self, distance: i64, origin: u32) -> Result<u64, HRESULT> {
        let mut position = self.position();
        let from = match origin {
            flags::STREAM_SEEK_SET => 0,
            flags::STREAM_SEEK_CUR => *position,
            flags::STREAM_SEEK_END => self.buffer().bytes.len() as u64,
            _ => return Err(HRESULT::STG_E_INVALIDFUNCTION),
        };
        *position = from.checked_add_signed(distance).ok_or(HRESULT::STG_E_INVALIDFUNCTION)?;
        Ok(*position)
    }
}

impl ours::ISequentialStream for Stream {
    unsafe fn Read(&self, pv: *mut u8, cb: u32, pcbRead: *mut u32) -> HRESULT {
        // SAFETY: the caller vouches for its pointers, as for all methods here.
        unsafe { args::put(pcbRead, 0) };
        if pv.is_null() {
            return HRESULT::STG_E_INVALIDPOINTER;
        }
        let bytes = self.take(u64::from(cb));
        // SAFETY: the caller's buffer has room for `cb` bytes, and there are no more of them.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), pv, bytes.len());
            args::put(pcbRead, super::wire::count(bytes.len()));
        }
        HRESULT::S_OK
    }

    unsafe fn Write(&self, pv: *mut u8, cb: u32, pcbWritten: *mut u32) -> HRESULT {
        // SAFETY: as above.
        unsafe { args::put(pcbWritten, 0) };
        if pv.is_null() && cb != 0 {
            return HRESULT::STG_E_INVALIDPOINTER;
        }
        let bytes = if cb == 0 {
            &[]
        } else {
            // SAFETY: not null; the caller vouches for `cb` bytes.
            unsafe { std::slice::from_raw_parts(pv, cb as usize) }
        };
        match self.put(bytes) {
            Ok(()) => {
                // SAFETY: as above.
                unsafe { args::put(pcbWritten, cb) };
                HRESULT::S_OK
            }
            Err(code) => code,
        }
    }
}

impl ours::IStream for Stream {
    unsafe fn Seek(&self, dlibMove: i64, dwOrigin: u32, plibNewPosition: *mut u64) -> HRESULT {
        match self.seek(dlibMove, dwOrigin) {
            Ok(position) => {
                // SAFETY: the caller vouches for its pointers, as for all methods here.
                unsafe { args::put(plibNewPosition, position) };
                HRESULT::S_OK
            }
            Err(code) => code,
        }
    }

    unsafe fn SetSize(&self, libNewSize: u64) -> HRESULT {
        let mut buffer = self.buffer();
        if !buffer.writable {
            return HRESULT::STG_E_ACCESSDENIED;
        }
        if libNewSize > LARGEST {
            return HRESULT::STG_E_MEDIUMFULL;
        }
        buffer.bytes.resize(index(libNewSize), 0);
        buffer.dirty = true;
        HRESULT::S_OK
    }

    unsafe fn CopyTo(&self, pstm: *mut c_void, cb: u64, pcbRead: *mut u64, pcbWritten: *mut u64) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            args::put(pcbRead, 0);
            args::put(pcbWritten, 0);
        }
        if pstm.is_null() {
            return HRESULT::STG_E_INVALIDPOINTER;
        }
        let bytes = self.take(cb);
        let read = bytes.len() as u64;
        // SAFETY: the pointer is a stream, as the caller vouches.
        let written = unsafe { write_to(pstm, &bytes) };
        // SAFETY: as above.
        unsafe {
            args::put(pcbRead, read);
            args::put(pcbWritten, *written.as_ref().unwrap_or(&0));
        }
        written.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn Commit(&self, _grfCommitFlags: u32) -> HRESULT {
        self.buffer().commit().err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn Revert(&self) -> HRESULT {
        let mut buffer = self.buffer();
        if let Some(committed) = buffer.committed.clone() {
            buffer.bytes = committed;
            buffer.dirty = false;
        }
        HRESULT::S_OK
    }

    unsafe fn LockRegion(&self, _libOffset: u64, _cb: u64, _dwLockType: u32) -> HRESULT {
        HRESULT::STG_E_INVALIDFUNCTION
    }

    unsafe fn UnlockRegion(&self, _libOffset: u64, _cb: u64, _dwLockType: u32) -> HRESULT {
        HRESULT::STG_E_INVALIDFUNCTION
    }

    unsafe fn Stat(&self, pstatstg: *mut STATSTG, _grfStatFlag: u32) -> HRESULT {
        if pstatstg.is_null() {
            return HRESULT::STG_E_INVALIDPOINTER;
        }
        let buffer = self.buffer();
        // SAFETY: numbers and pointers, for which zero is a value.
        let mut stat: STATSTG = unsafe { std::mem::zeroed() };
        stat.r#type = flags::STGTY_STREAM;
        stat.cbSize = buffer.bytes.len() as u64;
        stat.grfMode = if buffer.writable { flags::STGM_READWRITE } else { 0 };
        // SAFETY: the caller vouches for the output.
        unsafe { args::put(pstatstg, stat) };
        HRESULT::S_OK
    }

    unsafe fn Clone(&self, ppstm: *mut *mut c_void) -> HRESULT {
        if ppstm.is_null() {
            return HRESULT::STG_E_INVALIDPOINTER;
        }
        let twin = Self { shared: Arc::clone(&self.shared), position: Mutex::new(*self.position()) };
        let handle = object::hand_out(Arc::new(twin), "stream");
        // SAFETY: the caller vouches for the output.
        unsafe { args::put(ppstm, handle.0) };
        HRESULT::S_OK
    }
}

/// Writes to a stream of ours or of the candidate's; how much it took.
///
/// # Safety
///
/// `stream` is a COM object with the interface.
unsafe fn write_to(stream: *mut c_void, bytes: &[u8]) -> Result<u64, HRESULT> {
    if let Some(entry) = object::find(stream) {
        let body: Arc<dyn std::any::Any + Send + Sync> = entry.body().ok_or(HRESULT::STG_E_INVALIDPOINTER)?;
        let ours = body.downcast::<Stream>().map_err(|_| HRESULT::STG_E_INVALIDPOINTER)?;
        ours.put(bytes)?;
        return Ok(bytes.len() as u64);
    }
    let theirs = theirs::IStream::new(stream, "stream");
    let mut total = 0;
    for block in bytes.chunks(1 << 16) {
        let mut written = 0;
        // SAFETY: the caller vouches for the stream; the block is read only, whatever the declaration's pointer says.
        let code = unsafe {
            theirs.Write(block.as_ptr().cast_mut(), super::wire::count(block.len()), &raw mut written)
        };
        if code.is_err() {
            return Err(code);
        }
        total += u64::from(written);
    }
    Ok(total)
}

/// The bytes of a value as a stream of a type shows them: text without its terminator, UTF-16 with the low byte first.
fn to_bytes(value: &PropValue, wanted: PropType) -> Option<Vec<u8>> {
    match super::text::convert(value, wanted, true)? {
        PropValue::Binary(bytes) | PropValue::String8(bytes) => Some(bytes),
        PropValue::Unicode(text) => Some(text.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
        _ => None,
    }
}

/// The value of a stream's bytes. A terminator that was written along is no part of a text.
fn from_bytes(bytes: &[u8], kind: PropType) -> PropValue {
    match kind {
        PropType::PT_STRING8 => {
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            PropValue::String8(bytes[..end].to_vec())
        }
        PropType::PT_UNICODE => {
            let (pairs, _) = bytes.as_chunks::<{ size_of::<u16>() }>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
            let end = units.iter().rposition(|unit| *unit != 0).map_or(0, |last| last + 1);
            PropValue::Unicode(units[..end].to_vec())
        }
        _ => PropValue::Binary(bytes.to_vec()),
    }
}

/// A position within the buffer; it is below the largest size, which fits.
fn index(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
