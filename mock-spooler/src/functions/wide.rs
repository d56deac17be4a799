//! Wide strings, as systems without them had them of MAPI. Pages: mnls_lstrlenw, mnls_lstrcpyw, mnls_isbadstringptrw,
//! mnls_comparestringw, mnls_lstrcmpw, mnls_multibytetowidechar, mnls_widechartomultibyte.
//!
//! Comparisons and conversions are the system's own, on Windows: locales and code pages are nobody else's. Elsewhere there are
//! no such functions that a library could have meant, and the trace says so.

#![allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]

use std::ffi::c_void;
use std::ptr;

use super::checks;
use crate::objects::args::{self, Text};

/// The units of a wide string before its zero; `None` for a null pointer.
///
/// # Safety
///
/// `at` is null or points to a zero-terminated wide string.
unsafe fn units(at: *const c_void) -> Option<Vec<u16>> {
    // SAFETY: as the caller vouches.
    match unsafe { args::text(at, true) } {
        Ok(Some(Text::Wide(units))) => Some(units),
        Ok(_) | Err(_) => None,
    }
}

pub(super) unsafe fn MNLS_lstrlenW(lpString: *mut c_void) -> i32 {
    // SAFETY: null or a string, as the caller vouches.
    let length = unsafe { units(lpString) }.map_or(0, |units| units.len());
    i32::try_from(length).unwrap_or(i32::MAX)
}

pub(super) unsafe fn MNLS_lstrcpyW(lpString1: *mut c_void, lpString2: *mut c_void) -> *mut c_void {
    // SAFETY: null or a string, as the caller vouches.
    let Some(mut from) = (unsafe { units(lpString2) }).filter(|_| !lpString1.is_null()) else {
        return ptr::null_mut();
    };
    from.push(0);
    // SAFETY: the buffer has room for the string with its zero, as the caller vouches.
    unsafe { ptr::copy_nonoverlapping(from.as_ptr(), lpString1.cast(), from.len()) };
    lpString1
}

pub(super) unsafe fn MNLS_IsBadStringPtrW(lpsz: *mut c_void, ucchMax: u32) -> i32 {
    i32::from(checks::bad_string(lpsz as usize, ucchMax as usize, 2))
}

pub(super) unsafe fn MNLS_CompareStringW(
    lcid: u32,
    dwFlags: u32,
    pstr1: *mut c_void,
    cch1: i32,
    pstr2: *mut c_void,
    cch2: i32,
) -> i32 {
    #[cfg(windows)]
    {
        use windows_sys::Win32::Globalization::CompareStringW;
        // SAFETY: as the caller vouches: the system's function takes the same parameters.
        unsafe { CompareStringW(lcid, dwFlags, pstr1.cast(), cch1, pstr2.cast(), cch2) }
    }
    #[cfg(not(windows))]
    {
        let _ = (lcid, dwFlags, pstr1, cch1, pstr2, cch2);
        elsewhere("MNLS_CompareStringW")
    }
}

/// As for [`MNLS_CompareStringW`], and zero in the place of CSTR_EQUAL.
pub(super) unsafe fn MNLS_lstrcmpW(lpString1: *mut c_void, lpString2: *mut c_void) -> i32 {
    #[cfg(windows)]
    {
        use windows_sys::Win32::Globalization::{CSTR_EQUAL, GetUserDefaultLCID};
        // SAFETY: the caller vouches for the strings, which end with a zero.
        let compared = unsafe { MNLS_CompareStringW(GetUserDefaultLCID(), 0, lpString1, -1, lpString2, -1) };
        if compared == CSTR_EQUAL { 0 } else { compared }
    }
    #[cfg(not(windows))]
    {
        let _ = (lpString1, lpString2);
        elsewhere("MNLS_lstrcmpW")
    }
}

pub(super) unsafe fn MNLS_MultiByteToWideChar(
    uCodePage: u32,
    dwFlags: u32,
    lpMultiByteStr: *mut c_void,
    cchMultiByte: i32,
    lpWideCharStr: *mut c_void,
    cchWideChar: i32,
) -> i32 {
    #[cfg(windows)]
    {
        use windows_sys::Win32::Globalization::MultiByteToWideChar;
        // SAFETY: as the caller vouches: the system's function takes the same parameters.
        unsafe {
            MultiByteToWideChar(
                uCodePage,
                dwFlags,
                lpMultiByteStr.cast(),
                cchMultiByte,
                lpWideCharStr.cast(),
                cchWideChar,
            )
        }
    }
    #[cfg(not(windows))]
    {
        let _ = (uCodePage, dwFlags, lpMultiByteStr, cchMultiByte, lpWideCharStr, cchWideChar);
        elsewhere("MNLS_MultiByteToWideChar")
    }
}

pub(super) unsafe fn MNLS_WideCharToMultiByte(
    uCodePage: u32,
    dwFlags: u32,
    lpWideCharStr: *mut c_void,
    cchWideChar: i32,
    lpMultiByteStr: *mut c_void,
    cchMultiByte: i32,
    lpDefaultChar: *mut c_void,
    lpfUsedDefaultChar: *mut c_void,
) -> i32 {
    #[cfg(windows)]
    {
        use windows_sys::Win32::Globalization::WideCharToMultiByte;
        // SAFETY: as the caller vouches: the system's function takes the same parameters.
        unsafe {
            WideCharToMultiByte(
                uCodePage,
                dwFlags,
                lpWideCharStr.cast(),
                cchWideChar,
                lpMultiByteStr.cast(),
                cchMultiByte,
                lpDefaultChar.cast(),
                lpfUsedDefaultChar.cast(),
            )
        }
    }
    #[cfg(not(windows))]
    {
        let _ = (uCodePage, dwFlags, lpWideCharStr, cchWideChar);
        let _ = (lpMultiByteStr, cchMultiByte, lpDefaultChar, lpfUsedDefaultChar);
        elsewhere("MNLS_WideCharToMultiByte")
    }
}

/// Fails as the system's functions do, with a word in the trace.
#[cfg(not(windows))]
fn elsewhere(name: &str) -> i32 {
    crate::com::boundary().record(crate::trace::told::What::Unsupported {
        m: name.to_owned().into(),
        detail: "locales and code pages are those of Windows; it returned zero".to_owned(),
    });
    0
}
