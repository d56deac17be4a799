//! Strings and hexadecimal digits. The characters are of 8 bits, as in the exports that the public import library names.

use std::ffi::{CStr, c_void};
use std::ptr;

use mapi_spi::HRESULT;

use crate::objects::args::INVALID;

/// A zero-terminated string; `None` for a null pointer.
///
/// # Safety
///
/// `at` is null or points to a zero-terminated string that stays for `'a`.
pub(super) unsafe fn bytes<'a>(at: *const u8) -> Option<&'a [u8]> {
    // SAFETY: as the caller vouches.
    (!at.is_null()).then(|| unsafe { CStr::from_ptr(at.cast()) }.to_bytes())
}

/// The character; callers pass it in a register whose upper half is nobody's.
fn character(ch: u32) -> Option<u8> {
    u8::try_from(ch & 0xFFFF).ok()
}

fn within(at: *mut u8, position: Option<usize>) -> *mut c_void {
    position.map_or(ptr::null_mut(), |position| at.wrapping_add(position).cast())
}

pub(super) unsafe fn SzFindCh(lpsz: *mut u8, ch: u32) -> *mut c_void {
    // SAFETY: null or a string, as the caller vouches.
    let text = unsafe { bytes(lpsz) }.unwrap_or_default();
    within(lpsz, character(ch).and_then(|ch| text.iter().position(|other| *other == ch)))
}

pub(super) unsafe fn SzFindLastCh(lpsz: *mut u8, ch: u32) -> *mut c_void {
    // SAFETY: null or a string, as the caller vouches.
    let text = unsafe { bytes(lpsz) }.unwrap_or_default();
    within(lpsz, character(ch).and_then(|ch| text.iter().rposition(|other| *other == ch)))
}

pub(super) unsafe fn SzFindSz(lpsz: *mut u8, lpszKey: *mut u8) -> *mut c_void {
    // SAFETY: null or strings, as the caller vouches.
    let both = unsafe { bytes(lpsz).zip(bytes(lpszKey)) };
    let found = both.and_then(|(text, key)| {
        if key.is_empty() { Some(0) } else { text.windows(key.len()).position(|part| part == key) }
    });
    within(lpsz, found)
}

pub(super) unsafe fn UFromSz(lpsz: *mut u8) -> u32 {
    // SAFETY: null or a string, as the caller vouches.
    number(unsafe { bytes(lpsz) }, 10)
}

pub(super) unsafe fn UlFromSzHex(lpsz: *mut u8) -> u32 {
    // SAFETY: null or a string, as the caller vouches.
    number(unsafe { bytes(lpsz) }, 16)
}

/// The digits that a text begins with, as a number. What is too large for one wraps around: no page says otherwise.
fn number(text: Option<&[u8]>, radix: u32) -> u32 {
    let digits = text.unwrap_or_default().iter().map_while(|byte| char::from(*byte).to_digit(radix));
    digits.fold(0, |number: u32, digit| number.wrapping_mul(radix).wrapping_add(digit))
}

/// The bytes that hexadecimal digits stand for; none where there are others, or an odd number of them.
pub(super) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .iter()
        .map(|byte| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// Two capital digits for each byte.
pub(super) fn to_hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]).map(|digit| DIGITS[usize::from(digit)]).collect()
}

pub(super) unsafe fn FBinFromHex(sz: *mut u8, pb: *mut c_void) -> i32 {
    // SAFETY: null or a string, as the caller vouches.
    let Some(made) = unsafe { bytes(sz) }.and_then(from_hex).filter(|_| !pb.is_null()) else { return 0 };
    // SAFETY: the buffer has room for a byte for two digits, as the caller vouches.
    unsafe { ptr::copy_nonoverlapping(made.as_ptr(), pb.cast(), made.len()) };
    1
}

pub(super) unsafe fn ScBinFromHexBounded(sz: *mut u8, pb: *mut c_void, cb: u32) -> HRESULT {
    if sz.is_null() || pb.is_null() {
        return INVALID;
    }
    // SAFETY: a string, as the caller vouches.
    let made = unsafe { bytes(sz) }.and_then(from_hex).filter(|made| made.len() <= cb as usize);
    let Some(made) = made else { return HRESULT::MAPI_E_CALL_FAILED };
    // SAFETY: the buffer has the size, as the caller vouches.
    unsafe { ptr::copy_nonoverlapping(made.as_ptr(), pb.cast(), made.len()) };
    HRESULT::S_OK
}

pub(super) unsafe fn HexFromBin(pb: *mut c_void, cb: i32, sz: *mut c_void) {
    let Ok(length) = usize::try_from(cb) else { return };
    if sz.is_null() || pb.is_null() && length > 0 {
        return;
    }
    let from: &[u8] = if length == 0 {
        &[]
    } else {
        // SAFETY: so many bytes, as the caller vouches.
        unsafe { std::slice::from_raw_parts(pb.cast(), length) }
    };
    let mut digits = to_hex(from);
    digits.push(0);
    // SAFETY: the buffer has room for two digits a byte and a zero, as the caller vouches.
    unsafe { ptr::copy_nonoverlapping(digits.as_ptr(), sz.cast(), digits.len()) };
}
