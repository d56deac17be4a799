//! Compressed RTF, and text and RTF of a message brought together. Pages: wrapcompressedrtfstream, rtfsync.
//!
//! The compression is `compressed-rtf`'s.

mod text;

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::functions::described;
use mapi_spi::structs::{Elements, STATSTG};
use mapi_spi::tags::{PR_BODY_W, PR_RTF_COMPRESSED, PR_RTF_IN_SYNC};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};

use super::remote::{self, Owned};
use crate::com::{gate, object, ours};
use crate::implements;
use crate::objects::args::{self, INVALID};
use crate::objects::wire;

const STORE_UNCOMPRESSED_RTF: u32 = 0x8000;
const MAPI_NATIVE_BODY: u32 = 0x0001_0000;
const MAPI_NATIVE_BODY_TYPE_RTF: u32 = 1;
const RTF_SYNC_RTF_CHANGED: u32 = 1;
const RTF_SYNC_BODY_CHANGED: u32 = 2;
/// Size, size when unpacked, kind, checksum: four numbers.
const HEADER: usize = 16;
/// The kind of what is not compressed: `MELA`.
const UNCOMPRESSED: u32 = 0x414c_454d;

/// RTF that is read from a stream of compressed RTF, or written to one.
#[derive(Debug)]
struct RtfStream {
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// The text, and how much of it was read.
    Reading(Vec<u8>, usize),
    /// What was written so far, and where it goes with the last Release or a commit.
    Writing { text: Vec<u8>, to: Owned, plain: bool, dirty: bool },
}

implements!(RtfStream: IStream);

impl RtfStream {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes the whole text, compressed, to the stream below.
    fn store(&mut self) -> Result<(), HRESULT> {
        let Self::Writing { text, to, plain, dirty } = self else { return Ok(()) };
        if !std::mem::take(dirty) {
            return Ok(());
        }
        let packed = if *plain { uncompressed(text) } else { compress(text)? };
        // SAFETY: the stream that the candidate passed, with a reference of ours.
        unsafe { remote::write(to.raw(), &packed) }
    }
}

impl Drop for RtfStream {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure.
        let _ = self.state().store();
    }
}

/// Compressed RTF of a text. Characters stand for bytes, as the crate has it.
pub(super) fn compress(text: &[u8]) -> Result<Vec<u8>, HRESULT> {
    let text: String = text.iter().copied().map(char::from).collect();
    compressed_rtf::compress_rtf(&text).map_err(|_| HRESULT::MAPI_E_CORRUPT_DATA)
}

/// The RTF of compressed RTF.
pub(super) fn decompress(packed: &[u8]) -> Result<Vec<u8>, HRESULT> {
    let number = |at: usize| {
        packed.get(at..at + 4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap_or_default()))
    };
    let (Some(_), Some(size), Some(kind)) = (number(12), number(4), number(8)) else {
        return Err(HRESULT::MAPI_E_CORRUPT_DATA);
    };
    // The crate trusts these two.
    if kind == UNCOMPRESSED && size as usize > packed.len() - HEADER {
        return Err(HRESULT::MAPI_E_CORRUPT_DATA);
    }
    let text = compressed_rtf::decompress_rtf(packed).map_err(|_| HRESULT::MAPI_E_CORRUPT_DATA)?;
    Ok(text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect())
}

fn uncompressed(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(HEADER + text.len());
    for number in [wire::count(text.len() + HEADER - 4), wire::count(text.len()), UNCOMPRESSED, 0] {
        packed.extend(number.to_le_bytes());
    }
    packed.extend(text);
    packed
}

pub(super) unsafe fn WrapCompressedRTFStream(
    lpCompressedRTFStream: *mut c_void,
    ulFlags: u32,
    lpUncompressedRTFStream: *mut *mut c_void,
) -> HRESULT {
    let made = args::needed(lpUncompressedRTFStream).and_then(|()| {
        let state = if ulFlags & flags::MAPI_MODIFY != 0 {
            // SAFETY: null or a stream, as the caller vouches.
            let to = unsafe { Owned::add_ref(lpCompressedRTFStream) }.ok_or(INVALID)?;
            let plain = ulFlags & STORE_UNCOMPRESSED_RTF != 0;
            State::Writing { text: Vec::new(), to, plain, dirty: false }
        } else {
            // SAFETY: as above.
            State::Reading(decompress(&unsafe { remote::read_all(lpCompressedRTFStream)? })?, 0)
        };
        Ok(object::hand_out(Arc::new(RtfStream { state: Mutex::new(state) }), "rtf-stream"))
    });
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(lpUncompressedRTFStream, made.map_or(ptr::null_mut(), |stream| stream.0)) };
    made.err().unwrap_or(HRESULT::S_OK)
}

/// Options of [`WrapCompressedRTFStreamEx`]. Page: rtf_wcsinfo.
#[repr(C)]
#[derive(Clone, Copy)]
struct RTF_WCSINFO {
    size: u32,
    ulFlags: u32,
    ulInCodePage: u32,
    ulOutCodePage: u32,
}

/// What [`WrapCompressedRTFStreamEx`] tells of its stream. Page: rtf_wcsretinfo.
#[repr(C)]
#[derive(Clone, Copy)]
struct RTF_WCSRETINFO {
    size: u32,
    ulStreamFlags: u32,
}

pub(super) unsafe fn WrapCompressedRTFStreamEx(
    lpCompressedRTFStream: *mut c_void,
    pWCSInfo: *mut c_void,
    lppUncompressedRTFStream: *mut *mut c_void,
    pRetInfo: *mut c_void,
) -> HRESULT {
    // SAFETY: null or the structure, as the caller vouches.
    let info = unsafe { Elements::new(pWCSInfo.cast::<RTF_WCSINFO>(), 1) }.next();
    let options = args::needed(lppUncompressedRTFStream).and(info.ok_or(INVALID)).and_then(|info| {
        if info.ulFlags & MAPI_NATIVE_BODY == 0 {
            return Ok(info);
        }
        // Only reading goes with it (page: wrapcompressedrtfstreamex).
        Err(if info.ulFlags & flags::MAPI_MODIFY != 0 {
            INVALID
        } else {
            gate::unsupported_part(&described::WrapCompressedRTFStreamEx, "a body in its native form")
        })
    });
    match options {
        // SAFETY: passed on from the caller; the result structure is null or has room.
        Ok(info) => unsafe {
            let told = RTF_WCSRETINFO {
                size: wire::count(size_of::<RTF_WCSRETINFO>()),
                ulStreamFlags: MAPI_NATIVE_BODY_TYPE_RTF,
            };
            args::put(pRetInfo.cast(), told);
            WrapCompressedRTFStream(lpCompressedRTFStream, info.ulFlags, lppUncompressedRTFStream)
        },
        Err(code) => {
            // SAFETY: null or an output, as the caller vouches.
            unsafe { args::put(lppUncompressedRTFStream, ptr::null_mut()) };
            code
        }
    }
}

impl ours::ISequentialStream for RtfStream {
    unsafe fn Read(&self, pv: *mut u8, cb: u32, pcbRead: *mut u32) -> HRESULT {
        if pv.is_null() && cb > 0 {
            return HRESULT::STG_E_INVALIDPOINTER;
        }
        let mut state = self.state();
        let State::Reading(text, at) = &mut *state else { return HRESULT::STG_E_ACCESSDENIED };
        let part = &text[*at..(*at + cb as usize).min(text.len())];
        // SAFETY: the buffer has the size, as the caller vouches, and the part is no longer.
        unsafe {
            ptr::copy_nonoverlapping(part.as_ptr(), pv, part.len());
            args::put(pcbRead, wire::count(part.len()));
        }
        *at += part.len();
        HRESULT::S_OK
    }

    unsafe fn Write(&self, pv: *mut u8, cb: u32, pcbWritten: *mut u32) -> HRESULT {
        // SAFETY: so many bytes, as the caller vouches.
        let Ok(bytes) = (unsafe { args::bytes(cb, pv.cast()) }) else { return HRESULT::STG_E_INVALIDPOINTER };
        let mut state = self.state();
        let State::Writing { text, dirty, .. } = &mut *state else { return HRESULT::STG_E_ACCESSDENIED };
        text.extend(bytes);
        *dirty = true;
        // SAFETY: null or an output, as the caller vouches.
        unsafe { args::put(pcbWritten, cb) };
        HRESULT::S_OK
    }
}

/// The page lists the methods that such a stream does not have; they answer that, as documented.
impl ours::IStream for RtfStream {
    unsafe fn Seek(&self, _dlibMove: i64, _dwOrigin: u32, _plibNewPosition: *mut u64) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn SetSize(&self, _libNewSize: u64) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn CopyTo(&self, pstm: *mut c_void, cb: u64, pcbRead: *mut u64, pcbWritten: *mut u64) -> HRESULT {
        let part = {
            let mut state = self.state();
            let State::Reading(text, at) = &mut *state else { return HRESULT::STG_E_ACCESSDENIED };
            let end = at.saturating_add(usize::try_from(cb).unwrap_or(usize::MAX)).min(text.len());
            let part = text[*at..end].to_vec();
            *at = end;
            part
        };
        // SAFETY: null or a stream, as the caller vouches.
        let written = unsafe { remote::write(pstm, &part) };
        // SAFETY: null or outputs, as the caller vouches.
        unsafe {
            args::put(pcbRead, part.len() as u64);
            args::put(pcbWritten, if written.is_ok() { part.len() as u64 } else { 0 });
        }
        written.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn Commit(&self, _grfCommitFlags: u32) -> HRESULT {
        self.state().store().err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn Revert(&self) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn LockRegion(&self, _libOffset: u64, _cb: u64, _dwLockType: u32) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn UnlockRegion(&self, _libOffset: u64, _cb: u64, _dwLockType: u32) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn Stat(&self, _pstatstg: *mut STATSTG, _grfStatFlag: u32) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn Clone(&self, ppstm: *mut *mut c_void) -> HRESULT {
        // SAFETY: null or an output, as the caller vouches.
        unsafe { args::put(ppstm, ptr::null_mut()) };
        HRESULT::MAPI_E_NO_SUPPORT
    }
}

pub(super) unsafe fn RTFSync(lpMessage: *mut c_void, ulFlags: u32, lpfMessageUpdated: *mut u32) -> HRESULT {
    let result = args::needed(lpfMessageUpdated).and_then(|()| {
        if ulFlags & !(RTF_SYNC_RTF_CHANGED | RTF_SYNC_BODY_CHANGED) != 0 {
            return Err(HRESULT::MAPI_E_UNKNOWN_FLAGS);
        }
        // SAFETY: null or a message, as the caller vouches.
        unsafe { sync(lpMessage, ulFlags) }
    });
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(lpfMessageUpdated, u32::from(result.unwrap_or(false))) };
    result.err().unwrap_or(HRESULT::S_OK)
}

/// Whether the message was changed. RTF that has changed gives the text, as it says more; without it, the text gives the RTF.
///
/// # Safety
///
/// `message` is null or a message.
unsafe fn sync(message: *mut c_void, ulFlags: u32) -> Result<bool, HRESULT> {
    // SAFETY: as the caller vouches.
    let props = unsafe { remote::props(message, Some(&[PR_BODY_W, PR_RTF_COMPRESSED]))? };
    let get = |id: u16| props.iter().find(|(tag, _)| tag.id() == id).map(|(_, value)| value);
    let body = get(PR_BODY_W.id()).and_then(PropValue::to_text);
    let packed = get(PR_RTF_COMPRESSED.id()).and_then(PropValue::as_binary);
    let mut changes = Vec::new();
    match (packed, body) {
        (Some(packed), body) if ulFlags & RTF_SYNC_RTF_CHANGED != 0 || body.is_none() => {
            let new = text::to_text(&decompress(packed)?);
            if body.as_ref() != Some(&new) {
                changes.push((PR_BODY_W, PropValue::Unicode(new.encode_utf16().collect())));
            }
        }
        (packed, Some(body)) if ulFlags & RTF_SYNC_BODY_CHANGED != 0 => {
            // RTF that says the same stays, with what it says besides.
            let same = packed.is_some_and(|packed| {
                decompress(packed).is_ok_and(|rtf| text::lines(&text::to_text(&rtf)) == text::lines(&body))
            });
            if !same {
                changes.push((PR_RTF_COMPRESSED, PropValue::Binary(compress(&text::from_text(&body))?)));
            }
        }
        (Some(_) | None, Some(_) | None) => {}
    }
    if changes.is_empty() {
        return Ok(false);
    }
    changes.push((PR_RTF_IN_SYNC, PropValue::Boolean(true)));
    // SAFETY: as the caller vouches.
    unsafe { remote::set_props(message, &changes)? };
    Ok(true)
}
