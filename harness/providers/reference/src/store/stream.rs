//! Properties as streams: `IStream`. What is written shows in the property when it is committed, or when the stream is
//! released without that. Source pages: *imapiprop-openproperty*, and `IStream` of structured storage.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::flags::{STGTY_STREAM, STREAM_SEEK_CUR, STREAM_SEEK_END, STREAM_SEEK_SET};
use mapi_spi::interfaces::{ISequentialStream_Impl, IStream, IStream_Impl};
use mapi_spi::structs::{FILETIME, STATSTG};
use mapi_spi::tags::PropType;
use mapi_spi::values::{PropValue, decode_string8};
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::{IUnknown, Interface, implement};

use super::props::put;
use crate::guard::{contain, guard};
use crate::mapi::Result;

/// Writes a stream's bytes into the property.
type Commit = Box<dyn Fn(&[u8]) -> Result<()> + Send + Sync>;

/// The stream as it is shared among its clones.
struct Shared {
    content: Mutex<Content>,
    /// Nothing: it was opened for reading.
    commit: Option<Commit>,
}

struct Content {
    bytes: Vec<u8>,
    /// As it is in the property.
    committed: Vec<u8>,
    dirty: bool,
}

/// A stream with a position of its own.
#[implement(IStream, Agile = false)]
pub(super) struct Stream {
    shared: Arc<Shared>,
    position: Mutex<u64>,
}

impl Stream {
    /// A stream of these bytes, for writing where there is a place to write them to.
    pub(super) fn open(bytes: Vec<u8>, commit: Option<Commit>) -> IUnknown {
        // What is reverted to is only kept where something can be written.
        let committed = if commit.is_some() { bytes.clone() } else { Vec::new() };
        let content = Mutex::new(Content { bytes, committed, dirty: false });
        Stream::over(Arc::new(Shared { content, commit }), 0)
    }

    fn over(shared: Arc<Shared>, position: u64) -> IUnknown {
        let stream: IStream = Stream { shared, position: Mutex::new(position) }.into();
        stream.into()
    }

    fn position(&self) -> MutexGuard<'_, u64> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writable(&self) -> Result<&Commit> {
        self.commit.as_ref().ok_or(HRESULT::STG_E_ACCESSDENIED)
    }

    /// Writes what was written into the property. Not with the lock: whoever is told of it may look at the stream.
    fn commit(&self) -> Result<()> {
        let Some(commit) = &self.commit else { return Ok(()) };
        let bytes = {
            let mut content = self.lock();
            if !std::mem::replace(&mut content.dirty, false) {
                return Ok(());
            }
            content.bytes.clone()
        };
        let result = commit(&bytes);
        let mut content = self.lock();
        match result {
            Ok(()) => content.committed = bytes,
            Err(_) => content.dirty = true,
        }
        result
    }
}

impl Content {
    /// Makes the stream at least this long, where there is memory for it.
    fn grow(&mut self, length: usize) -> Result<()> {
        let more = length.saturating_sub(self.bytes.len());
        self.bytes.try_reserve(more).map_err(|_| HRESULT::STG_E_MEDIUMFULL)?;
        if more > 0 {
            self.bytes.resize(length, 0);
        }
        Ok(())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Nobody is left to be told that the object has ended meanwhile.
        contain(|| {
            let _ = self.commit();
        });
    }
}

/// Whether values of this tag can be had as streams.
///
/// # Errors
///
/// `MAPI_E_NO_SUPPORT` where not.
pub(super) fn kind(tag: PropTag) -> Result<()> {
    match tag.prop_type() {
        PropType::PT_BINARY | PropType::PT_UNICODE | PropType::PT_STRING8 => Ok(()),
        _ => Err(HRESULT::MAPI_E_NO_SUPPORT),
    }
}

/// A value's bytes in a stream of this tag: text has no zero at its end.
///
/// # Errors
///
/// `MAPI_E_NO_SUPPORT` for values that are no run of bytes, `MAPI_E_NOT_FOUND` where the tag's type is another.
pub(super) fn bytes_of(tag: PropTag, value: &PropValue) -> Result<Vec<u8>> {
    match (tag.prop_type(), value) {
        (PropType::PT_BINARY, PropValue::Binary(bytes)) => Ok(bytes.clone()),
        (PropType::PT_UNICODE, PropValue::Unicode(units)) => {
            Ok(units.iter().flat_map(|unit| unit.to_le_bytes()).collect())
        }
        (PropType::PT_STRING8, PropValue::Unicode(units)) => Ok(String::from_utf16_lossy(units).into_bytes()),
        (PropType::PT_BINARY | PropType::PT_UNICODE | PropType::PT_STRING8, _) => {
            Err(HRESULT::MAPI_E_NOT_FOUND)
        }
        _ => Err(HRESULT::MAPI_E_NO_SUPPORT),
    }
}

/// The value of a stream's bytes. A zero at the end of text is none of it.
pub(super) fn value_of(tag: PropTag, bytes: &[u8]) -> PropValue {
    match tag.prop_type() {
        PropType::PT_UNICODE => {
            let units: Vec<u16> = bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
            PropValue::Unicode(units.strip_suffix(&[0]).unwrap_or(&units).to_vec())
        }
        PropType::PT_STRING8 => {
            let text = decode_string8(bytes.strip_suffix(&[0]).unwrap_or(bytes));
            PropValue::Unicode(text.encode_utf16().collect())
        }
        _ => PropValue::Binary(bytes.to_vec()),
    }
}

impl ISequentialStream_Impl for Stream_Impl {
    unsafe fn Read(&self, pv: *mut u8, cb: u32, pcbRead: *mut u32) -> HRESULT {
        guard(|| {
            if pv.is_null() {
                return Err(HRESULT::STG_E_INVALIDPOINTER);
            }
            let content = self.shared.lock();
            let mut position = self.position();
            let rest = content.bytes.get(*position as usize..).unwrap_or_default();
            let portion = &rest[..rest.len().min(cb as usize)];
            // SAFETY: the caller's buffer has `cb` bytes, its cell is null or valid.
            unsafe {
                pv.copy_from_nonoverlapping(portion.as_ptr(), portion.len());
                put(pcbRead, portion.len() as u32);
            }
            *position += portion.len() as u64;
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn Write(&self, pv: *mut u8, cb: u32, pcbWritten: *mut u32) -> HRESULT {
        guard(|| {
            // SAFETY: the caller's cell is null or valid.
            unsafe { put(pcbWritten, 0) };
            if pv.is_null() && cb > 0 {
                return Err(HRESULT::STG_E_INVALIDPOINTER);
            }
            self.shared.writable()?;
            let mut content = self.shared.lock();
            let mut position = self.position();
            let from = usize::try_from(*position).map_err(|_| HRESULT::STG_E_MEDIUMFULL)?;
            let to = from.checked_add(cb as usize).ok_or(HRESULT::STG_E_MEDIUMFULL)?;
            content.grow(to)?;
            if cb > 0 {
                // SAFETY: the caller's buffer has `cb` bytes.
                let written = unsafe { std::slice::from_raw_parts(pv, cb as usize) };
                content.bytes[from..to].copy_from_slice(written);
            }
            content.dirty = true;
            *position = to as u64;
            // SAFETY: the caller's cell is null or valid.
            unsafe { put(pcbWritten, cb) };
            Ok(HRESULT::S_OK)
        })
    }
}

impl IStream_Impl for Stream_Impl {
    unsafe fn Seek(&self, dlibMove: i64, dwOrigin: u32, plibNewPosition: *mut u64) -> HRESULT {
        guard(|| {
            let length = self.shared.lock().bytes.len() as u64;
            let mut position = self.position();
            let origin = match dwOrigin {
                STREAM_SEEK_SET => 0,
                STREAM_SEEK_CUR => *position,
                STREAM_SEEK_END => length,
                _ => return Err(HRESULT::STG_E_INVALIDFUNCTION),
            };
            *position = origin.checked_add_signed(dlibMove).ok_or(HRESULT::STG_E_INVALIDFUNCTION)?;
            // SAFETY: the caller's cell is null or valid.
            unsafe { put(plibNewPosition, *position) };
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn SetSize(&self, libNewSize: u64) -> HRESULT {
        guard(|| {
            self.shared.writable()?;
            let size = usize::try_from(libNewSize).map_err(|_| HRESULT::STG_E_MEDIUMFULL)?;
            let mut content = self.shared.lock();
            content.bytes.truncate(size);
            content.grow(size)?;
            content.dirty = true;
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn CopyTo(&self, pstm: *mut c_void, cb: u64, pcbRead: *mut u64, pcbWritten: *mut u64) -> HRESULT {
        guard(|| {
            // SAFETY: the caller passes null or its stream.
            let Some(target) = (unsafe { IStream::from_raw_borrowed(&pstm) }) else {
                return Err(HRESULT::STG_E_INVALIDPOINTER);
            };
            let portion = {
                let content = self.shared.lock();
                let mut position = self.position();
                let rest = content.bytes.get(*position as usize..).unwrap_or_default();
                let portion = rest[..rest.len().min(usize::try_from(cb).unwrap_or(usize::MAX))].to_vec();
                *position += portion.len() as u64;
                portion
            };
            let mut written = 0;
            // SAFETY: the bytes live for the length of the call; Write does not change them.
            let code =
                unsafe { target.Write(portion.as_ptr().cast_mut(), portion.len() as u32, &mut written) };
            // SAFETY: the caller's cells are null or valid.
            unsafe {
                put(pcbRead, portion.len() as u64);
                put(pcbWritten, u64::from(written));
            }
            Ok(code)
        })
    }

    unsafe fn Commit(&self, _grfCommitFlags: u32) -> HRESULT {
        guard(|| self.shared.commit().map(|()| HRESULT::S_OK))
    }

    unsafe fn Revert(&self) -> HRESULT {
        guard(|| {
            if self.shared.commit.is_some() {
                let mut content = self.shared.lock();
                content.bytes = content.committed.clone();
                content.dirty = false;
            }
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn LockRegion(&self, _libOffset: u64, _cb: u64, _dwLockType: u32) -> HRESULT {
        HRESULT::STG_E_INVALIDFUNCTION
    }

    unsafe fn UnlockRegion(&self, _libOffset: u64, _cb: u64, _dwLockType: u32) -> HRESULT {
        HRESULT::STG_E_INVALIDFUNCTION
    }

    unsafe fn Stat(&self, pstatstg: *mut STATSTG, _grfStatFlag: u32) -> HRESULT {
        guard(|| {
            if pstatstg.is_null() {
                return Err(HRESULT::STG_E_INVALIDPOINTER);
            }
            const READ_WRITE: u32 = mapi_spi::flags::STGM_READWRITE;
            let stat = STATSTG {
                pwcsName: ptr::null_mut(),
                r#type: STGTY_STREAM,
                cbSize: self.shared.lock().bytes.len() as u64,
                mtime: FILETIME::default(),
                ctime: FILETIME::default(),
                atime: FILETIME::default(),
                grfMode: if self.shared.commit.is_some() { READ_WRITE } else { 0 },
                grfLocksSupported: 0,
                clsid: GUID::zeroed(),
                grfStateBits: 0,
                reserved: 0,
            };
            // SAFETY: not null, and the caller vouches for it.
            unsafe { pstatstg.write(stat) };
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn Clone(&self, ppstm: *mut *mut c_void) -> HRESULT {
        guard(|| {
            if ppstm.is_null() {
                return Err(HRESULT::STG_E_INVALIDPOINTER);
            }
            let clone = Stream::over(Arc::clone(&self.shared), *self.position());
            // SAFETY: not null, and the caller vouches for it; a stream's identity is its only interface.
            unsafe { super::props::hand_out(&clone, &IStream::IID, ppstm) }
        })
    }
}
