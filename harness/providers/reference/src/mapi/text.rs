//! Text on its way across the boundary.

use std::ffi::{CStr, c_void};

use mapi_spi::values::decode_string8;

/// Zero-terminated UTF-16. A zero within the text would end it early and is left out.
pub(crate) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect()
}

/// Zero-terminated 8-bit text, in UTF-8.
pub(crate) fn narrow(text: &str) -> Vec<u8> {
    text.bytes().filter(|byte| *byte != 0).chain([0]).collect()
}

/// The key by which recipients are compared: `TYPE:ADDRESS` in capitals, its zero included.
///
/// Source page: *pidtagsearchkey-canonical-property*.
pub(crate) fn search_key(address_type: &str, address: &str) -> Vec<u8> {
    narrow(&format!("{address_type}:{address}").to_uppercase())
}

/// Copies a string of the caller's; empty where there is none.
///
/// # Safety
///
/// `text` has to be null or point to a string, of UTF-16 units where `is_wide`, that ends with a zero.
pub(crate) unsafe fn read_string(text: *const c_void, is_wide: bool) -> String {
    if text.is_null() {
        return String::new();
    }
    if !is_wide {
        // SAFETY: not null, and the caller vouches for a terminated string of bytes.
        return decode_string8(unsafe { CStr::from_ptr(text.cast()) }.to_bytes());
    }
    let first: *const u16 = text.cast();
    // SAFETY: not null, and the caller vouches for a terminated string: the walk ends at its zero.
    let units = unsafe {
        let length = (0..).take_while(|at| first.add(*at).read_unaligned() != 0).count();
        (0..length).map(|at| first.add(at).read_unaligned()).collect::<Vec<_>>()
    };
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_keys_are_in_capitals_and_end_with_a_zero() {
        assert_eq!(search_key("Ref", "anna@example.org"), b"REF:ANNA@EXAMPLE.ORG\0");
    }

    #[test]
    fn strings_of_both_widths_are_read() {
        // SAFETY: both strings end with a zero, and null is allowed.
        unsafe {
            assert_eq!(read_string(wide("Grüße").as_ptr().cast(), true), "Grüße");
            assert_eq!(read_string(narrow("Grüße").as_ptr().cast(), false), "Grüße");
            assert_eq!(read_string(std::ptr::null(), true), "");
        }
    }
}
