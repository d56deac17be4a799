//! Text on its way across the boundary.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_keys_are_in_capitals_and_end_with_a_zero() {
        assert_eq!(search_key("Ref", "anna@example.org"), b"REF:ANNA@EXAMPLE.ORG\0");
    }
}
