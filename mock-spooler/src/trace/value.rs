//! How property values look in the trace: [`Prop`], and what arguments show of them.
//!
//! Long values are shortened to their length, a digest and a beginning, so that a trace of large mail stays small and still tells
//! whether two values are the same.

use mapi_spi::PropTag;
use mapi_spi::structs::SPropValue;
use mapi_spi::values::PropValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::event::Prop;
use super::render::MANY;
use super::told::{Shown, ShownProp, TagNumber};

/// Longer strings and byte strings are shortened in arguments.
pub(super) const SHORT: usize = 1024;
/// Longer ones are shortened in the content of messages.
const LONG: usize = 64 * 1024;
/// How much of a shortened value is kept.
const HEAD: usize = 256;

/// Property values, as arguments show them.
///
/// # Safety
///
/// As for [`props`].
pub(super) unsafe fn row(at: *const SPropValue, count: usize) -> Shown {
    // SAFETY: passed on from the caller.
    Shown::Props(unsafe { read(at, count, SHORT, ShownProp::new) })
}

/// Property values of an array.
///
/// # Safety
///
/// `at` is null or points to `count` values that are what their types promise.
pub unsafe fn props(at: *const SPropValue, count: usize, limit: usize) -> Vec<Prop> {
    // SAFETY: passed on from the caller.
    unsafe { read(at, count, limit, rendered) }
}

unsafe fn read<T>(
    at: *const SPropValue,
    count: usize,
    limit: usize,
    shown: impl Fn(PropTag, Value) -> T,
) -> Vec<T> {
    if at.is_null() {
        return Vec::new();
    }
    (0..count.min(MANY))
        .map(|index| {
            // SAFETY: the caller vouches for the array. Whether it is aligned is the candidate's affair, which the processor does
            // not mind.
            let prop = unsafe { at.add(index).read_unaligned() };
            // SAFETY: as above.
            let value = unsafe { PropValue::read(&prop) };
            let value = value
                .map_or_else(|fault| json!({"fault": fault.to_string()}), |value| self::value(&value, limit));
            shown(PropTag(prop.ulPropTag), value)
        })
        .collect()
}

/// A property of a message's content.
#[must_use]
pub fn prop(tag: PropTag, value: &PropValue) -> Prop {
    rendered(tag, self::value(value, LONG))
}

fn rendered(tag: PropTag, value: Value) -> Prop {
    Prop { tag: TagNumber::of(tag).as_str().to_owned(), name: tag.name().map(str::to_owned), value }
}

fn value(value: &PropValue, limit: usize) -> Value {
    match value {
        PropValue::Null | PropValue::Object => Value::Null,
        PropValue::I2(v) => json!(v),
        PropValue::Long(v) => json!(v),
        PropValue::R4(v) => json!(v),
        PropValue::Double(v) | PropValue::AppTime(v) => json!(v),
        PropValue::Currency(v) | PropValue::I8(v) => json!(v),
        PropValue::Error(v) => json!(v.to_string()),
        PropValue::Boolean(v) => json!(v),
        PropValue::String8(_) | PropValue::Unicode(_) => text(value.to_text().unwrap_or_default(), limit),
        PropValue::SysTime(v) => json!(v),
        PropValue::Clsid(v) => json!(hex(v)),
        PropValue::Binary(v) => bytes(v, limit),
        PropValue::MvI2(v) => json!(v),
        PropValue::MvLong(v) => json!(v),
        PropValue::MvR4(v) => json!(v),
        PropValue::MvDouble(v) | PropValue::MvAppTime(v) => json!(v),
        PropValue::MvCurrency(v) | PropValue::MvI8(v) => json!(v),
        PropValue::MvString8(v) => {
            v.iter().map(|v| self::value(&PropValue::String8(v.clone()), limit)).collect()
        }
        PropValue::MvUnicode(v) => {
            v.iter().map(|v| self::value(&PropValue::Unicode(v.clone()), limit)).collect()
        }
        PropValue::MvSysTime(v) => json!(v),
        PropValue::MvClsid(v) => v.iter().map(|v| json!(hex(v))).collect(),
        PropValue::MvBinary(v) => v.iter().map(|v| bytes(v, limit)).collect(),
        PropValue::Unknown(kind, raw) => json!({"type": kind.to_string(), "raw": format!("0x{raw:016X}")}),
    }
}

/// Text as it is, or shortened: length in bytes of UTF-8, a beginning, and the digest of the text with CRLF as LF and
/// without white space at its end.
pub(super) fn text(text: String, limit: usize) -> Value {
    if text.len() <= limit {
        return Value::String(text);
    }
    let normal = text.replace("\r\n", "\n");
    let head: String = text.chars().take(HEAD).collect();
    json!({"len": text.len(), "sha256": digest(normal.trim_end().as_bytes()), "head": head})
}

/// Bytes in hexadecimal digits, or shortened: length, digest, beginning.
pub(super) fn bytes(bytes: &[u8], limit: usize) -> Value {
    if bytes.len() <= limit {
        return json!({"hex": hex(bytes)});
    }
    json!({"len": bytes.len(), "sha256": digest(bytes), "head": hex(&bytes[..HEAD])})
}

/// The SHA-256 digest in hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    // Many lines of a trace have some, and formatting takes ten times as long.
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

#[cfg(test)]
mod tests {
    use mapi_spi::structs::__UPV;

    use super::*;

    #[test]
    fn values_need_not_be_aligned() {
        let value = SPropValue { ulPropTag: 0x0E17_0003, dwAlignPad: 0, Value: __UPV { l: 7 } };
        let mut memory = [0_u64; 4];
        // SAFETY: the value fits behind the first four bytes.
        let props = unsafe {
            let at = memory.as_mut_ptr().byte_add(4).cast::<SPropValue>();
            at.write_unaligned(value);
            props(at, 1, SHORT)
        };
        assert_eq!((props[0].tag.as_str(), &props[0].value), ("0x0E170003", &json!(7)));
    }
}
