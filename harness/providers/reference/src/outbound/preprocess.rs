//! The functions that MAPI's spooler calls before a message is handed over, and when it is through with it. Source pages:
//! *imapisupport-registerpreprocessor*, *preprocessmessage*, *removepreprocessinfo*.
//!
//! All that they do is to leave a property in the message and to take it away again.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::c_void;
use std::ptr;

use mapi_spi::flags::KEEP_OPEN_READWRITE;
use mapi_spi::interfaces::IMAPIProp;
use mapi_spi::structs::{__UPV, LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER, SPropValue};
use mapi_spi::tags::PropType;
use mapi_spi::{HRESULT, PropTag};
use windows_core::Interface;

use crate::guard::guard;
use crate::mapi::{Result, Support, check, save};

/// TRUE in a message that has been preprocessed.
const PREPROCESSED: PropTag = PropTag::new(0x6611, PropType::PT_BOOLEAN);

/// Tells MAPI of the two functions.
///
/// # Errors
///
/// What MAPI answers.
pub(crate) fn register_preprocessor(support: &Support, address_type: &str) -> Result<()> {
    let library = format!("{DLL_PREFIX}reference_provider{DLL_SUFFIX}");
    support.register_preprocessor(
        address_type,
        &library,
        "ReferencePreprocessMessage",
        "ReferenceRemovePreprocessInfo",
    )
}

/// Tells MAPI of two functions in a library that stands beside this one (`harness/providers/preprocessor`).
///
/// # Errors
///
/// What MAPI answers.
pub(crate) fn register_preprocessor_library(support: &Support, address_type: &str) -> Result<()> {
    let library = format!("{DLL_PREFIX}sample_preprocessor{DLL_SUFFIX}");
    support.register_preprocessor(address_type, &library, "PreprocessMessage", "RemovePreprocessInfo")
}

/// `PreprocessMessage`: the message stays the one that it is.
///
/// # Safety
///
/// As the spooler has it: `lpMessage` is an open message, the outputs are null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ReferencePreprocessMessage(
    _lpvSession: *mut c_void,
    lpMessage: *mut c_void,
    _lpAdrBook: *mut c_void,
    _lpFolder: *mut c_void,
    _AllocateBuffer: LPALLOCATEBUFFER,
    _AllocateMore: LPALLOCATEMORE,
    _FreeBuffer: LPFREEBUFFER,
    lpcOutbound: *mut u32,
    lpppMessage: *mut *mut *mut c_void,
    lppRecipList: *mut *mut c_void,
) -> HRESULT {
    guard(|| {
        // SAFETY: the caller vouches for the cells and for the message.
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
            let message =
                IMAPIProp::from_raw_borrowed(&lpMessage).ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?;
            let mut value = SPropValue { ulPropTag: PREPROCESSED.0, dwAlignPad: 0, Value: __UPV { b: 1 } };
            check(message.SetProps(1, &raw mut value, ptr::null_mut()))?;
            save(message, KEEP_OPEN_READWRITE)?;
        }
        Ok(HRESULT::S_OK)
    })
}

/// `RemovePreprocessInfo`.
///
/// # Safety
///
/// As the spooler has it: `lpMessage` is an open message.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ReferenceRemovePreprocessInfo(lpMessage: *mut c_void) -> HRESULT {
    guard(|| {
        let mut tags = [1, PREPROCESSED.0];
        // SAFETY: the caller vouches for the message; an array of tags is a count and that many tags.
        unsafe {
            let message =
                IMAPIProp::from_raw_borrowed(&lpMessage).ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?;
            check(message.DeleteProps(tags.as_mut_ptr().cast(), ptr::null_mut()))?;
            save(message, KEEP_OPEN_READWRITE)?;
        }
        Ok(HRESULT::S_OK)
    })
}
