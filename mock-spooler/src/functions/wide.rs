//! Wide strings, as systems without them had them of MAPI. Pages: mnls_lstrlenw, mnls_lstrcpyw, mnls_isbadstringptrw.

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
