//! Values from the plan, which is JSON, as property values.

use mapi_spi::PropTag;
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use serde_json::Value;

use super::host::Row;
use super::text;
use crate::plan::ProfileProp;

/// The property values of a part of the plan.
///
/// # Errors
///
/// In words, for a value that does not fit its tag's type: the harness should not have let it through.
pub fn row(props: &[ProfileProp]) -> Result<Row, String> {
    props
        .iter()
        .map(|prop| {
            let tag = PropTag(prop.tag);
            let value = value(tag.prop_type(), &prop.value);
            value.map(|value| (tag, value)).ok_or_else(|| format!("{tag} cannot hold {}", prop.value))
        })
        .collect()
}

/// The property values of a profile section. Its 8-bit text names files and directories: it is as this system writes their names.
///
/// # Errors
///
/// As [`row`].
pub fn profile(props: &[ProfileProp]) -> Result<Row, String> {
    let mut values = row(props)?;
    if cfg!(unix) {
        for ((_, value), prop) in values.iter_mut().zip(props) {
            if let (PropValue::String8(text), Some(told)) = (value, prop.value.as_str()) {
                *text = told.as_bytes().to_vec();
            }
        }
    }
    Ok(values)
}

/// An identifier of 32 hexadecimal digits.
#[must_use]
pub fn uid(text: &str) -> Option<[u8; 16]> {
    hex(text)?.try_into().ok()
}

fn value(kind: PropType, value: &Value) -> Option<PropValue> {
    Some(match kind {
        PropType::PT_I2 => PropValue::I2(integer(value)?.try_into().ok()?),
        PropType::PT_LONG => PropValue::Long(long(integer(value)?)?),
        PropType::PT_R4 =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "a PT_R4 holds no more")]
            PropValue::R4(value.as_f64()? as f32)
        }
        PropType::PT_DOUBLE => PropValue::Double(value.as_f64()?),
        PropType::PT_CURRENCY => PropValue::Currency(integer(value)?),
        PropType::PT_APPTIME => PropValue::AppTime(value.as_f64()?),
        PropType::PT_BOOLEAN => PropValue::Boolean(truth(value)?),
        PropType::PT_I8 => PropValue::I8(integer(value)?),
        PropType::PT_STRING8 => PropValue::String8(text::encode(value.as_str()?)),
        PropType::PT_UNICODE => text::unicode(value.as_str()?),
        PropType::PT_SYSTIME => PropValue::SysTime(value.as_u64()?),
        PropType::PT_CLSID => PropValue::Clsid(hex(value.as_str()?)?.try_into().ok()?),
        PropType::PT_BINARY => PropValue::Binary(hex(value.as_str()?)?),
        PropType::PT_MV_LONG => PropValue::MvLong(list(value, |value| long(integer(value)?))?),
        PropType::PT_MV_STRING8 => {
            PropValue::MvString8(list(value, |value| Some(text::encode(value.as_str()?)))?)
        }
        PropType::PT_MV_UNICODE => {
            PropValue::MvUnicode(list(value, |value| Some(text::wide(value.as_str()?)))?)
        }
        PropType::PT_MV_BINARY => PropValue::MvBinary(list(value, |value| hex(value.as_str()?))?),
        _ => return None,
    })
}

fn list<T>(value: &Value, item: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(item).collect()
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_bool().map(i64::from))
}

/// A `PT_LONG` is written as a signed or an unsigned number.
fn long(number: i64) -> Option<i32> {
    i32::try_from(number).ok().or_else(|| u32::try_from(number).ok().map(u32::cast_signed))
}

fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_i64().map(|number| number != 0))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    #[cfg(unix)]
    fn text_of_a_profile_names_files_as_the_system_does() {
        let value = json!("/tmp/Prüf Ж");
        let props = [ProfileProp { tag: 0x6600_001E, value }];
        let values = profile(&props).expect("it fits");
        assert_eq!(values[0].1, PropValue::String8("/tmp/Prüf Ж".as_bytes().to_vec()));
    }

    #[test]
    fn values_fit_their_types() {
        let props = |tag, value| row(&[ProfileProp { tag, value }]);
        let fits = [
            (0x6600_001E, json!("é"), PropValue::String8(vec![0xE9])),
            (0x6600_001F, json!("é"), PropValue::Unicode(vec![0xE9])),
            (0x6600_0003, json!(0xFFFF_FFFF_u32), PropValue::Long(-1)),
            (0x6600_000B, json!(true), PropValue::Boolean(true)),
            (0x6600_0102, json!("00 fF"), PropValue::Binary(vec![0, 255])),
            (0x6600_101F, json!(["a"]), PropValue::MvUnicode(vec![vec![0x61]])),
        ];
        for (tag, json, due) in fits {
            assert_eq!(props(tag, json), Ok(vec![(PropTag(tag), due)]));
        }
        for (tag, json) in [(0x6600_0102, json!("abc")), (0x6600_0003, json!("1")), (0x6600_000D, json!(1))] {
            assert!(props(tag, json).is_err());
        }
    }
}
