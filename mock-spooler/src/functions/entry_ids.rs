//! Entry identifiers as text, and of two parts.
//!
//! The forms are MAPI's own affair - no page fixes them -, so ours are read by our own functions only.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::functions::described;
use mapi_spi::{HRESULT, flags};

use super::strings::{self, from_hex, to_hex};
use crate::com::gate;
use crate::objects::args::{self, INVALID};
use crate::objects::{wire, wrapping};

/// What a composed identifier begins with, after its four bytes of flags.
const COMPOSED: [u8; 16] = *b"spoolproof-both-";

pub(super) unsafe fn HrSzFromEntryID(cb: u32, pentry: *mut c_void, psz: *mut *mut c_void) -> HRESULT {
    // SAFETY: so many bytes, as the caller vouches.
    let text = unsafe { args::bytes(cb, pentry) }.and_then(|entry_id| text(&entry_id, psz));
    // SAFETY: the caller vouches for the output.
    unsafe { give(text, psz) }
}

pub(super) unsafe fn HrEntryIDFromSz(sz: *mut u8, pcb: *mut u32, ppentry: *mut *mut c_void) -> HRESULT {
    // SAFETY: null or a string, as the caller vouches.
    let made = unsafe { parse(sz) }.and_then(|entry_id| block(&entry_id, pcb, ppentry));
    // SAFETY: the caller vouches for the outputs.
    unsafe { give_counted(made, pcb, ppentry) }
}

pub(super) unsafe fn HrComposeEID(
    _psession: *mut c_void,
    cbStoreRecordKey: u32,
    pStoreRecordKey: *mut u8,
    cbMsgEID: u32,
    pMsgEID: *mut c_void,
    pcbEID: *mut u32,
    ppEID: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: so many bytes each, as the caller vouches.
    let made = unsafe { composed(cbStoreRecordKey, pStoreRecordKey, cbMsgEID, pMsgEID) }
        .and_then(|entry_id| block(&entry_id, pcbEID, ppEID));
    // SAFETY: the caller vouches for the outputs.
    unsafe { give_counted(made, pcbEID, ppEID) }
}

pub(super) unsafe fn HrComposeMsgID(
    _psession: *mut c_void,
    cbStoreRecordKey: u32,
    pStoreRecordKey: *mut u8,
    cbMsgEID: u32,
    pMsgEID: *mut c_void,
    pszMsgID: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: so many bytes each, as the caller vouches.
    let made = unsafe { composed(cbStoreRecordKey, pStoreRecordKey, cbMsgEID, pMsgEID) }
        .and_then(|entry_id| text(&entry_id, pszMsgID));
    // SAFETY: the caller vouches for the output.
    unsafe { give(made, pszMsgID) }
}

pub(super) unsafe fn HrDecomposeEID(
    _psession: *mut c_void,
    cbEID: u32,
    pEID: *mut c_void,
    pcbStoreEID: *mut u32,
    ppStoreEID: *mut *mut c_void,
    pcbMsgEID: *mut u32,
    ppMsgEID: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: so many bytes, as the caller vouches.
    let entry_id = unsafe { args::bytes(cbEID, pEID) };
    let made = entry_id.and_then(|entry_id| {
        args::needed(pcbStoreEID).and(args::needed(ppStoreEID))?;
        if is_composed(&entry_id) {
            return Err(gate::unsupported_part(&described::HrDecomposeEID, NO_STORES));
        }
        block(&entry_id, pcbMsgEID, ppMsgEID)
    });
    // SAFETY: the caller vouches for the outputs.
    unsafe {
        args::put(pcbStoreEID, 0);
        args::put(ppStoreEID, ptr::null_mut());
        give_counted(made, pcbMsgEID, ppMsgEID)
    }
}

pub(super) unsafe fn HrDecomposeMsgID(
    psession: *mut c_void,
    szMsgID: *mut u8,
    pcbStoreEID: *mut u32,
    ppStoreEID: *mut *mut c_void,
    pcbMsgEID: *mut u32,
    ppMsgEID: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: null or a string, as the caller vouches.
    match unsafe { parse(szMsgID) } {
        // SAFETY: the bytes are ours; the outputs are passed on from the caller.
        Ok(mut entry_id) => unsafe {
            HrDecomposeEID(
                psession,
                wire::count(entry_id.len()),
                entry_id.as_mut_ptr().cast(),
                pcbStoreEID,
                ppStoreEID,
                pcbMsgEID,
                ppMsgEID,
            )
        },
        Err(code) => code,
    }
}

pub(super) unsafe fn WrapStoreEntryID(
    ulFlags: u32,
    lpszDLLName: *mut c_void,
    cbOrigEntry: u32,
    lpOrigEntry: *mut c_void,
    lpcbWrappedEntry: *mut u32,
    lppWrappedEntry: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: null or a string of the width that the flag tells, and so many bytes, as the caller vouches.
    let (library, original) = unsafe {
        (args::text(lpszDLLName, ulFlags & flags::MAPI_UNICODE != 0), args::bytes(cbOrigEntry, lpOrigEntry))
    };
    let made = library.and_then(|library| {
        let library = library.ok_or(INVALID)?.decode();
        let original = original?;
        if original.is_empty() || library.is_empty() {
            return Err(INVALID);
        }
        block(&wrapping::wrap_for(library.as_bytes(), &original), lpcbWrappedEntry, lppWrappedEntry)
    });
    // SAFETY: the caller vouches for the outputs.
    unsafe { give_counted(made, lpcbWrappedEntry, lppWrappedEntry) }
}

const NO_STORES: &str = "a composed identifier names its store by record key, and which store that is only a client's session could tell";

/// # Safety
///
/// The pointers are null or lead to so many bytes.
unsafe fn composed(
    store_length: u32,
    store: *const u8,
    message_length: u32,
    message: *const c_void,
) -> Result<Vec<u8>, HRESULT> {
    // SAFETY: as the caller vouches.
    let (store, message) =
        unsafe { (args::bytes(store_length, store.cast())?, args::bytes(message_length, message)?) };
    if message.is_empty() {
        return Err(INVALID);
    }
    if store.is_empty() {
        return Ok(message);
    }
    let mut both = vec![0; 4];
    both.extend(COMPOSED);
    both.extend(store_length.to_le_bytes());
    both.extend(store);
    both.extend(message);
    Ok(both)
}

fn is_composed(entry_id: &[u8]) -> bool {
    entry_id.get(4..20) == Some(&COMPOSED)
}

/// # Safety
///
/// `sz` is null or a zero-terminated string.
unsafe fn parse(sz: *const u8) -> Result<Vec<u8>, HRESULT> {
    // SAFETY: as the caller vouches.
    let text = unsafe { strings::bytes(sz) }.ok_or(INVALID)?;
    from_hex(text).filter(|entry_id| !entry_id.is_empty()).ok_or(HRESULT::MAPI_E_INVALID_ENTRYID)
}

fn text(entry_id: &[u8], out: *mut *mut c_void) -> Result<*mut c_void, HRESULT> {
    args::needed(out)?;
    if entry_id.is_empty() {
        return Err(INVALID);
    }
    let mut digits = to_hex(entry_id);
    digits.push(0);
    wire::bytes(&digits)
}

fn block(entry_id: &[u8], length: *mut u32, out: *mut *mut c_void) -> Result<(u32, *mut c_void), HRESULT> {
    args::needed(length).and(args::needed(out))?;
    if entry_id.is_empty() {
        return Err(INVALID);
    }
    Ok((wire::count(entry_id.len()), wire::bytes(entry_id)?))
}

/// # Safety
///
/// `out` is null or valid for a write.
unsafe fn give(made: Result<*mut c_void, HRESULT>, out: *mut *mut c_void) -> HRESULT {
    // SAFETY: as the caller vouches.
    unsafe { args::put(out, made.unwrap_or(ptr::null_mut())) };
    made.err().unwrap_or(HRESULT::S_OK)
}

/// # Safety
///
/// `length` and `out` are null or valid for a write.
unsafe fn give_counted(
    made: Result<(u32, *mut c_void), HRESULT>,
    length: *mut u32,
    out: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: as the caller vouches.
    unsafe {
        args::put(length, made.map_or(0, |(length, _)| length));
        give(made.map(|(_, block)| block), out)
    }
}
