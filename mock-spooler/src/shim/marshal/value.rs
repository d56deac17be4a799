//! Plain values as JSON: numbers, text, bytes, codes, tags, property values.
//!
//! What fits a JavaScript number without loss travels as a number, what does not as decimal text; readers take either.
//! Bytes are base64. Text is text; where it is no Unicode text its bytes travel instead, so that nothing is repaired on
//! the way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag};
use serde_json::{Value, json};

use crate::com::ours::iid_of;
use crate::shim::wrong::Wrong;

/// The largest number that every reader of JSON keeps exactly.
const EXACT: u64 = (1 << 53) - 1;

/// An unsigned number.
pub(super) fn unsigned(number: u64) -> Value {
    if number <= EXACT { json!(number) } else { json!(number.to_string()) }
}

/// A signed number.
pub(super) fn signed(number: i64) -> Value {
    if number.unsigned_abs() <= EXACT { json!(number) } else { json!(number.to_string()) }
}

/// Reads an unsigned number of 64 bits.
pub(in crate::shim) fn to_u64(json: &Value) -> Result<u64, Wrong> {
    let parsed = match json {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    parsed.ok_or_else(|| Wrong::new("a number from 0 on", json))
}

/// Reads a signed number of 64 bits.
pub(super) fn to_i64(json: &Value) -> Result<i64, Wrong> {
    let parsed = match json {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    parsed.ok_or_else(|| Wrong::new("a whole number", json))
}

/// Reads 32 bits, signed or not.
pub(in crate::shim) fn to_u32(json: &Value) -> Result<u32, Wrong> {
    let number = json.as_i64();
    let unsigned = number.and_then(|number| u32::try_from(number).ok());
    let signed = || number.and_then(|number| i32::try_from(number).ok()).map(i32::cast_unsigned);
    unsigned.or_else(signed).ok_or_else(|| Wrong::new("a number of 32 bits", json))
}

/// A code.
pub(super) fn code(code: HRESULT) -> Value {
    json!(code.to_string())
}

/// Reads a code: a name, `0x` and hexadecimal digits, or a number.
pub(in crate::shim) fn to_code(json: &Value) -> Result<HRESULT, Wrong> {
    let parsed = match json {
        Value::String(text) => HRESULT::from_name(text),
        Value::Number(_) => to_u32(json).ok().map(HRESULT::from_u32),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    parsed
        .ok_or_else(|| Wrong::new("an HRESULT: its name, such as `MAPI_E_NO_SUPPORT`, or `0x8004010F`", json))
}

/// A property tag.
pub(super) fn tag(tag: PropTag) -> Value {
    json!(format!("0x{:08X}", tag.0))
}

/// Reads a property tag: `0x0037001F`, a name, or a number.
pub(super) fn to_tag(json: &Value) -> Result<PropTag, Wrong> {
    let parsed = match json {
        Value::String(text) => PropTag::from_name(text),
        Value::Number(_) => to_u32(json).ok().map(PropTag),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    parsed.ok_or_else(|| Wrong::new("a property tag, `0x0037001F` or `PR_SUBJECT_W`", json))
}

/// An interface identifier: `IID_` and the name of a declared interface, or its digits.
pub(super) fn iid(guid: &GUID) -> Value {
    crate::trace::render::iid(guid)
}

/// Reads an interface identifier.
pub(super) fn to_iid(json: &Value) -> Result<GUID, Wrong> {
    let text = json.as_str().unwrap_or_default();
    let named = text.strip_prefix("IID_").and_then(iid_of);
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | '{' | '}')).collect();
    let spelt = || (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok()).flatten();
    named
        .or_else(|| spelt().map(GUID::from_u128))
        .ok_or_else(|| Wrong::new("`IID_IMessage` or `00020307-0000-0000-C000-000000000046`", json))
}

/// Bytes.
pub(in crate::shim) fn bytes(bytes: &[u8]) -> Value {
    json!(STANDARD.encode(bytes))
}

/// Reads bytes.
pub(in crate::shim) fn to_bytes(json: &Value) -> Result<Vec<u8>, Wrong> {
    let text = json.as_str().ok_or_else(|| Wrong::new("bytes in base64", json))?;
    STANDARD.decode(text).map_err(|error| Wrong::new(format!("bytes in base64 ({error})"), json))
}

/// Reads sixteen bytes.
pub(super) fn to_sixteen(json: &Value) -> Result<[u8; 16], Wrong> {
    to_bytes(json)?.try_into().map_err(|_| Wrong::new("16 bytes in base64", json))
}

/// Text of 8-bit characters, without its zero.
pub(super) fn narrow(text: &[u8]) -> Value {
    std::str::from_utf8(text).map_or_else(|_| json!({ "bytes": STANDARD.encode(text) }), |text| json!(text))
}

/// Wide text, without its zero.
pub(super) fn wide(text: &[u16]) -> Value {
    String::from_utf16(text).map_or_else(
        |_| {
            let bytes: Vec<u8> = text.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            json!({ "utf16": STANDARD.encode(bytes) })
        },
        |text| json!(text),
    )
}

/// Reads text of 8-bit characters.
pub(super) fn to_narrow(json: &Value) -> Result<Vec<u8>, Wrong> {
    let text = match (json.as_str(), json.get("bytes")) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(given)) => to_bytes(given).map_err(|wrong| wrong.within("bytes"))?,
        (None, None) => return Err(Wrong::new("text", json)),
    };
    if text.contains(&0) { Err(Wrong::new("text without a zero character", json)) } else { Ok(text) }
}

/// Reads wide text.
pub(super) fn to_wide(json: &Value) -> Result<Vec<u16>, Wrong> {
    let text: Vec<u16> = match (json.as_str(), json.get("utf16")) {
        (Some(text), _) => text.encode_utf16().collect(),
        (None, Some(given)) => {
            let bytes = to_bytes(given).map_err(|wrong| wrong.within("utf16"))?;
            bytes
                .chunks(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]))
                .collect()
        }
        (None, None) => return Err(Wrong::new("text", json)),
    };
    if text.contains(&0) { Err(Wrong::new("text without a zero character", json)) } else { Ok(text) }
}

fn real(number: f64) -> Value {
    if number.is_finite() { json!(number) } else { json!({ "bits": format!("0x{:016X}", number.to_bits()) }) }
}

fn to_real(json: &Value) -> Result<f64, Wrong> {
    let bits = || u64::from_str_radix(json.get("bits")?.as_str()?.strip_prefix("0x")?, 16).ok();
    json.as_f64().or_else(|| bits().map(f64::from_bits)).ok_or_else(|| Wrong::new("a number", json))
}

#[allow(clippy::cast_possible_truncation, reason = "it was a number of single precision on the other side")]
fn to_single(json: &Value) -> Result<f32, Wrong> {
    to_real(json).map(|number| number as f32)
}

fn to_short(json: &Value) -> Result<i16, Wrong> {
    json.as_i64()
        .and_then(|number| i16::try_from(number).ok())
        .ok_or_else(|| Wrong::new("a number of 16 bits", json))
}

fn to_long(json: &Value) -> Result<i32, Wrong> {
    to_u32(json).map(u32::cast_signed)
}

fn list<T>(values: &[T], each: impl Fn(&T) -> Value) -> Value {
    Value::Array(values.iter().map(each).collect())
}

/// Reads a list.
pub(super) fn to_list<T>(json: &Value, each: impl Fn(&Value) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
    let items = json.as_array().ok_or_else(|| Wrong::new("a list", json))?;
    let item = |(index, item)| each(item).map_err(|wrong| wrong.within(&format!("[{index}]")));
    items.iter().enumerate().map(item).collect()
}

/// A property's value.
pub(super) fn value(value: &PropValue) -> Value {
    match value {
        PropValue::Null | PropValue::Object => Value::Null,
        PropValue::I2(v) => json!(v),
        PropValue::Long(v) => json!(v),
        PropValue::R4(v) => real(f64::from(*v)),
        PropValue::Double(v) | PropValue::AppTime(v) => real(*v),
        PropValue::Currency(v) | PropValue::I8(v) => signed(*v),
        PropValue::Error(v) => code(*v),
        PropValue::Boolean(v) => json!(v),
        PropValue::String8(v) => narrow(v),
        PropValue::Unicode(v) => wide(v),
        PropValue::SysTime(v) => unsigned(*v),
        PropValue::Clsid(v) => bytes(v),
        PropValue::Binary(v) => bytes(v),
        PropValue::MvI2(v) => json!(v),
        PropValue::MvLong(v) => json!(v),
        PropValue::MvR4(v) => list(v, |v| real(f64::from(*v))),
        PropValue::MvDouble(v) | PropValue::MvAppTime(v) => list(v, |v| real(*v)),
        PropValue::MvCurrency(v) | PropValue::MvI8(v) => list(v, |v| signed(*v)),
        PropValue::MvString8(v) => list(v, |v| narrow(v)),
        PropValue::MvUnicode(v) => list(v, |v| wide(v)),
        PropValue::MvSysTime(v) => list(v, |v| unsigned(*v)),
        PropValue::MvClsid(v) => list(v, |v| bytes(v)),
        PropValue::MvBinary(v) => list(v, |v| bytes(v)),
        PropValue::Unknown(_, bits) => json!({ "bits": format!("0x{bits:016X}") }),
    }
}

/// Reads a property's value of a type.
pub(super) fn to_value(kind: PropType, json: &Value) -> Result<PropValue, Wrong> {
    Ok(match kind {
        PropType::PT_NULL | PropType::PT_UNSPECIFIED => PropValue::Null,
        PropType::PT_OBJECT => PropValue::Object,
        PropType::PT_I2 => PropValue::I2(to_short(json)?),
        PropType::PT_LONG => PropValue::Long(to_long(json)?),
        PropType::PT_R4 => PropValue::R4(to_single(json)?),
        PropType::PT_DOUBLE => PropValue::Double(to_real(json)?),
        PropType::PT_CURRENCY => PropValue::Currency(to_i64(json)?),
        PropType::PT_APPTIME => PropValue::AppTime(to_real(json)?),
        PropType::PT_ERROR => PropValue::Error(to_code(json)?),
        PropType::PT_BOOLEAN => {
            PropValue::Boolean(json.as_bool().ok_or_else(|| Wrong::new("true or false", json))?)
        }
        PropType::PT_I8 => PropValue::I8(to_i64(json)?),
        PropType::PT_STRING8 => PropValue::String8(to_narrow(json)?),
        PropType::PT_UNICODE => PropValue::Unicode(to_wide(json)?),
        PropType::PT_SYSTIME => PropValue::SysTime(to_u64(json)?),
        PropType::PT_CLSID => PropValue::Clsid(to_sixteen(json)?),
        PropType::PT_BINARY => PropValue::Binary(to_bytes(json)?),
        PropType::PT_MV_I2 => PropValue::MvI2(to_list(json, to_short)?),
        PropType::PT_MV_LONG => PropValue::MvLong(to_list(json, to_long)?),
        PropType::PT_MV_R4 => PropValue::MvR4(to_list(json, to_single)?),
        PropType::PT_MV_DOUBLE => PropValue::MvDouble(to_list(json, to_real)?),
        PropType::PT_MV_CURRENCY => PropValue::MvCurrency(to_list(json, to_i64)?),
        PropType::PT_MV_APPTIME => PropValue::MvAppTime(to_list(json, to_real)?),
        PropType::PT_MV_I8 => PropValue::MvI8(to_list(json, to_i64)?),
        PropType::PT_MV_STRING8 => PropValue::MvString8(to_list(json, to_narrow)?),
        PropType::PT_MV_UNICODE => PropValue::MvUnicode(to_list(json, to_wide)?),
        PropType::PT_MV_SYSTIME => PropValue::MvSysTime(to_list(json, to_u64)?),
        PropType::PT_MV_CLSID => PropValue::MvClsid(to_list(json, to_sixteen)?),
        PropType::PT_MV_BINARY => PropValue::MvBinary(to_list(json, to_bytes)?),
        other => {
            let digits = json.get("bits").and_then(Value::as_str).and_then(|text| text.strip_prefix("0x"));
            let bits = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
            PropValue::Unknown(
                other,
                bits.ok_or_else(|| {
                    Wrong::new("`{\"bits\": \"0x...\"}` for a type that MAPI does not define", json)
                })?,
            )
        }
    })
}

/// A property: tag and value.
pub(super) fn prop(tag: PropTag, value: &PropValue) -> Value {
    json!({ "tag": self::tag(tag), "value": self::value(value) })
}

/// Reads a property. A value that is told to be a null pointer on the other side is `None`.
pub(super) fn to_prop(json: &Value) -> Result<(PropTag, Option<PropValue>), Wrong> {
    let tag =
        json.get("tag").ok_or_else(|| Wrong::new("a property, `{\"tag\": ..., \"value\": ...}`", json))?;
    let tag = to_tag(tag).map_err(|wrong| wrong.within("tag"))?;
    if json.get("fault").is_some() {
        return Ok((tag, None));
    }
    let value = json.get("value").unwrap_or(&Value::Null);
    let value = to_value(tag.prop_type(), value).map_err(|wrong| wrong.within("value"))?;
    Ok((tag, Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn there_and_back(tag: u32, value: PropValue) {
        let tag = PropTag(tag);
        let line = serde_json::to_string(&prop(tag, &value)).expect("JSON");
        let read: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(to_prop(&read), Ok((tag, Some(value))), "{line}");
    }

    #[test]
    fn every_type_survives() {
        there_and_back(0x6600_0001, PropValue::Null);
        there_and_back(0x6600_0002, PropValue::I2(-3));
        there_and_back(0x6600_0003, PropValue::Long(i32::MIN));
        there_and_back(0x6600_0004, PropValue::R4(0.1));
        there_and_back(0x6600_0005, PropValue::Double(0.1 + 0.2));
        there_and_back(0x6600_0005, PropValue::Double(f64::NEG_INFINITY));
        there_and_back(0x6600_0006, PropValue::Currency(i64::MIN));
        there_and_back(0x6600_0007, PropValue::AppTime(36_000.5));
        there_and_back(0x6600_000A, PropValue::Error(HRESULT::MAPI_E_NOT_FOUND));
        there_and_back(0x6600_000A, PropValue::Error(HRESULT::from_u32(0x8123_4567)));
        there_and_back(0x6600_000B, PropValue::Boolean(true));
        there_and_back(0x6600_000D, PropValue::Object);
        there_and_back(0x6600_0014, PropValue::I8(i64::MAX));
        there_and_back(0x6600_001E, PropValue::String8(b"Gr\xfc\xdfe".to_vec()));
        there_and_back(0x6600_001E, PropValue::String8("Grüße\r\n".into()));
        there_and_back(0x6600_001F, PropValue::Unicode("Grüße \u{1F98A}".encode_utf16().collect()));
        there_and_back(0x6600_001F, PropValue::Unicode(vec![0xd800, 0x41]));
        there_and_back(0x6600_0040, PropValue::SysTime(u64::MAX));
        there_and_back(0x6600_0048, PropValue::Clsid([7; 16]));
        there_and_back(0x6600_0102, PropValue::Binary(vec![0, 1, 255]));
        there_and_back(0x6600_1002, PropValue::MvI2(vec![1, -1]));
        there_and_back(0x6600_1003, PropValue::MvLong(vec![1, -1]));
        there_and_back(0x6600_1005, PropValue::MvDouble(vec![0.5]));
        there_and_back(0x6600_1014, PropValue::MvI8(vec![1, i64::MIN]));
        there_and_back(0x6600_101E, PropValue::MvString8(vec![b"a".to_vec(), Vec::new()]));
        there_and_back(0x6600_101F, PropValue::MvUnicode(vec![vec![0x41]]));
        there_and_back(0x6600_1040, PropValue::MvSysTime(vec![1]));
        there_and_back(0x6600_1048, PropValue::MvClsid(vec![[1; 16]]));
        there_and_back(0x6600_1102, PropValue::MvBinary(vec![vec![1], Vec::new()]));
        there_and_back(0x6600_0077, PropValue::Unknown(PropType(0x77), 1 << 63));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let wrong = to_list(
            &json!([{"tag": "PR_SUBJECT_W", "value": "x"}, {"tag": "0x0037001F", "value": 3}]),
            to_prop,
        );
        let wrong = wrong.expect_err("a number is no text");
        assert_eq!(wrong.to_string(), "`[1].value`: due: text; seen: `3`");
    }
}
