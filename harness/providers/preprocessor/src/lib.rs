//! Preprocessing functions in a library of their own, as fax transports have them. It exports `PreprocessMessage` and
//! `RemovePreprocessInfo` under just these names, and nothing else: whoever registers it names this library, and not its own.
//! Source pages: *imapisupport-registerpreprocessor*, *preprocessmessage*, *removepreprocessinfo*.
//!
//! What they do can be told apart from having done nothing: the first leaves a property in the message, the second fails
//! where there is none to take away.

use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use mapi_spi::flags::KEEP_OPEN_READWRITE;
use mapi_spi::interfaces::IMAPIProp;
use mapi_spi::structs::{__UPV, LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER, SPropValue};
use mapi_spi::tags::PropType;
use mapi_spi::{HRESULT, PropTag};
use windows_core::Interface;

/// TRUE in a message that has been preprocessed.
pub const PREPROCESSED: PropTag = PropTag::new(0x6612, PropType::PT_BOOLEAN);

/// Frees what MAPI allocated.
type Free = unsafe extern "system" fn(*mut c_void) -> u32;

/// What the spooler gave for that: `RemovePreprocessInfo` is given nothing but the message.
static FREE: OnceLock<Free> = OnceLock::new();

/// `PreprocessMessage`: the message stays the one that it is, and nobody is undeliverable.
///
/// # Safety
///
/// As the spooler has it: `lpMessage` is an open message, `FreeBuffer` frees what the message returns, the outputs are null or
/// valid.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn PreprocessMessage(
    _lpvSession: *mut c_void,
    lpMessage: *mut c_void,
    _lpAdrBook: *mut c_void,
    _lpFolder: *mut c_void,
    _AllocateBuffer: LPALLOCATEBUFFER,
    _AllocateMore: LPALLOCATEMORE,
    FreeBuffer: LPFREEBUFFER,
    lpcOutbound: *mut u32,
    lpppMessage: *mut *mut *mut c_void,
    lppRecipList: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: the caller vouches for the cells, for the message and for its allocator.
    unsafe {
        if !lpcOutbound.is_null() {
            lpcOutbound.write(0);
        }
        if !lpppMessage.is_null() {
            lpppMessage.write(ptr::null_mut());
        }
        if !lppRecipList.is_null() {
            lppRecipList.write(ptr::null_mut());
        }
        let Some(message) = IMAPIProp::from_raw_borrowed(&lpMessage) else {
            return HRESULT::MAPI_E_INVALID_PARAMETER;
        };
        let Some(free) = FreeBuffer else { return HRESULT::MAPI_E_INVALID_PARAMETER };
        // The one of a later spooler is the same: there is one in a process.
        let _ = FREE.set(free);
        let mut value = SPropValue { ulPropTag: PREPROCESSED.0, dwAlignPad: 0, Value: __UPV { b: 1 } };
        let mut problems = ptr::null_mut();
        let set = message.SetProps(1, &raw mut value, &raw mut problems);
        if set.is_err() {
            return set;
        }
        if !problems.is_null() {
            // It is the one property that could not be set.
            free(problems.cast());
            return HRESULT::MAPI_E_CALL_FAILED;
        }
        message.SaveChanges(KEEP_OPEN_READWRITE)
    }
}

/// `RemovePreprocessInfo`: fails with MAPI_E_NOT_FOUND in a message that has not been preprocessed.
///
/// # Safety
///
/// As the spooler has it: `lpMessage` is an open message.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn RemovePreprocessInfo(lpMessage: *mut c_void) -> HRESULT {
    let mut tags = [1, PREPROCESSED.0];
    let array: *mut _ = tags.as_mut_ptr().cast();
    // SAFETY: the caller vouches for the message; an array of tags is a count and that many tags.
    unsafe {
        let Some(message) = IMAPIProp::from_raw_borrowed(&lpMessage) else {
            return HRESULT::MAPI_E_INVALID_PARAMETER;
        };
        // Without a function to free with, nothing has been preprocessed by this library.
        if !FREE.get().is_some_and(|free| is_marked(message, *free)) {
            return HRESULT::MAPI_E_NOT_FOUND;
        }
        let deleted = message.DeleteProps(array, ptr::null_mut());
        if deleted.is_err() {
            return deleted;
        }
        message.SaveChanges(KEEP_OPEN_READWRITE)
    }
}

/// Whether the property is in the message.
fn is_marked(message: &IMAPIProp, free: Free) -> bool {
    let mut tags = [1, PREPROCESSED.0];
    let (mut count, mut values) = (0, ptr::null_mut::<SPropValue>());
    let array: *mut _ = tags.as_mut_ptr().cast();
    // SAFETY: an array of tags is a count and that many tags; both cells are valid. What comes back is a block with so many
    // values, which the spooler's function frees.
    unsafe {
        let code = message.GetProps(array, 0, &raw mut count, &raw mut values);
        if code.is_err() || values.is_null() {
            return false;
        }
        let there = count == 1 && (*values).ulPropTag == PREPROCESSED.0;
        free(values.cast());
        there
    }
}
