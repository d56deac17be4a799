//! The two widths of text, and values in the type that a caller asks for.
//!
//! 8-bit text is in code page 1252: on every platform, so that a trace does not depend on the machine. Bytes that are valid
//! UTF-8 beyond ASCII are taken as that, because candidates outside of Windows write it; text in code page 1252 that happens
//! to be valid UTF-8 is hardly ever meant. `encoding_rs` was the alternative for a table of 32 characters.

use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;

/// The characters of the bytes 0x80 to 0x9F in code page 1252. Bytes without one keep their number.
const HIGH: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{0192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{02C6}',
    '\u{2030}', '\u{0160}', '\u{2039}', '\u{0152}', '\u{8D}', '\u{017D}', '\u{8F}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{02DC}', '\u{2122}',
    '\u{0161}', '\u{203A}', '\u{0153}', '\u{9D}', '\u{017E}', '\u{0178}',
];

/// The text of 8-bit characters.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().copied().map(decode_1252).collect(), str::to_owned)
}

/// 8-bit characters of a text: code page 1252, with `?` for what it does not have.
#[must_use]
pub fn encode(text: &str) -> Vec<u8> {
    text.chars().map(|character| encode_char(character).unwrap_or(b'?')).collect()
}

/// UTF-16 of a text.
#[must_use]
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// A wide text value.
#[must_use]
pub fn unicode(text: &str) -> PropValue {
    PropValue::Unicode(wide(text))
}

/// The string type of a width.
#[must_use]
pub fn string_type(unicode: bool) -> PropType {
    if unicode { PropType::PT_UNICODE } else { PropType::PT_STRING8 }
}

/// A type with its strings in the width that the caller's flags ask for.
#[must_use]
pub fn widened(kind: PropType, unicode: bool) -> PropType {
    match kind {
        PropType::PT_STRING8 | PropType::PT_UNICODE => string_type(unicode),
        PropType::PT_MV_STRING8 | PropType::PT_MV_UNICODE if unicode => PropType::PT_MV_UNICODE,
        PropType::PT_MV_STRING8 | PropType::PT_MV_UNICODE => PropType::PT_MV_STRING8,
        kind => kind,
    }
}

/// A value in another type: strings change their width, PT_UNSPECIFIED takes the type as it is with strings as wide as
/// `unicode` says. `None` where the types do not fit.
#[must_use]
pub fn convert(value: &PropValue, wanted: PropType, unicode: bool) -> Option<PropValue> {
    let wanted =
        if wanted == PropType::PT_UNSPECIFIED { widened(value.prop_type(), unicode) } else { wanted };
    if value.prop_type() == wanted {
        return Some(value.clone());
    }
    match (value, wanted) {
        (PropValue::String8(text), PropType::PT_UNICODE) => Some(PropValue::Unicode(wide(&decode(text)))),
        (PropValue::Unicode(text), PropType::PT_STRING8) => Some(PropValue::String8(narrow(text))),
        (PropValue::MvString8(texts), PropType::PT_MV_UNICODE) => {
            Some(PropValue::MvUnicode(texts.iter().map(|text| wide(&decode(text))).collect()))
        }
        (PropValue::MvUnicode(texts), PropType::PT_MV_STRING8) => {
            Some(PropValue::MvString8(texts.iter().map(|text| narrow(text)).collect()))
        }
        _ => None,
    }
}

fn narrow(text: &[u16]) -> Vec<u8> {
    encode(&String::from_utf16_lossy(text))
}

/// The character of a byte in code page 1252.
#[must_use]
pub fn decode_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte) - 0x80],
        byte => char::from(byte),
    }
}

fn encode_char(character: char) -> Option<u8> {
    match u32::from(character) {
        number @ (0..=0x7F | 0xA0..=0xFF) => u8::try_from(number).ok(),
        _ => HIGH.iter().position(|high| *high == character).and_then(|at| u8::try_from(at + 0x80).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_page_1252_and_back() {
        let all: Vec<u8> = (0x80..=0xFF).collect();
        assert_eq!(encode(&decode(&all)), all);
        assert_eq!(encode("Grüße – 5 €"), b"Gr\xFC\xDFe \x96 5 \x80");
        assert_eq!(decode(b"Gr\xFC\xDFe \x96 5 \x80"), "Grüße – 5 €");
        assert_eq!(decode("Grüße".as_bytes()), "Grüße", "UTF-8 is seen");
        assert_eq!(encode("日本"), b"??");
    }

    #[test]
    fn types_on_demand() {
        let narrow = PropValue::String8(b"\xE9".to_vec());
        let wide = unicode("é");
        assert_eq!(convert(&narrow, PropType::PT_UNICODE, false), Some(wide.clone()));
        assert_eq!(convert(&wide, PropType::PT_STRING8, true), Some(narrow.clone()));
        assert_eq!(convert(&wide, PropType::PT_UNSPECIFIED, false), Some(narrow.clone()));
        assert_eq!(convert(&narrow, PropType::PT_UNSPECIFIED, true), Some(wide));
        assert_eq!(convert(&narrow, PropType::PT_LONG, true), None);
        let values = PropValue::MvString8(vec![b"a".to_vec()]);
        assert_eq!(
            convert(&values, PropType::PT_UNSPECIFIED, true),
            Some(PropValue::MvUnicode(vec![vec![0x61]]))
        );
    }
}
