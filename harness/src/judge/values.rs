//! Arguments, results and property values of a trace, as rules ask for them.

use mapi_spi::flags::FlagSet;
use mock_spooler::trace::event::{Prop, Values};
use serde::Deserialize as _;
use serde_json::Value;

/// The bits of a mask that the trace shows by names.
pub(crate) fn bits(values: &Values, name: &str, set: &FlagSet) -> u32 {
    values.get(name).map_or(0, |value| value_bits(value, set))
}

/// The bits of a mask: by names, or as a number.
pub(crate) fn value_bits(value: &Value, set: &FlagSet) -> u32 {
    match value {
        Value::String(text) => set.parse(text).unwrap_or(0),
        _ => number(value).and_then(|bits| u32::try_from(bits & 0xffff_ffff).ok()).unwrap_or(0),
    }
}

/// A number: as one, or as text in decimal or (with 0x) hexadecimal digits.
pub(crate) fn number(value: &Value) -> Option<u64> {
    match value {
        // A LONG may be shown as negative: its 32 bits count.
        Value::Number(n) => n
            .as_u64()
            .or_else(|| n.as_i64().and_then(|n| i32::try_from(n).ok()).map(|n| u64::from(n.cast_unsigned()))),
        Value::String(text) => match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        },
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number among arguments or results.
pub(crate) fn number_of(values: &Values, name: &str) -> Option<u64> {
    values.get(name).and_then(number)
}

/// Text among arguments or results.
pub(crate) fn text_of<'t>(values: &'t Values, name: &str) -> Option<&'t str> {
    values.get(name).and_then(Value::as_str)
}

/// Whether a pointer among arguments or results is null. What is not shown is null.
pub(crate) fn is_null(values: &Values, name: &str) -> bool {
    match values.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty() || text == "null",
        Some(Value::Number(number)) => number.as_u64() == Some(0),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => false,
    }
}

/// Property values among arguments.
pub(crate) fn props_of(values: &Values, name: &str) -> Vec<Prop> {
    let listed = values.get(name).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(|prop| Prop::deserialize(prop).ok()).collect()
}

/// The tag of a rendered property.
pub(crate) fn tag(prop: &Prop) -> u32 {
    prop.tag.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

/// The identifier of a rendered property: what it is, whatever its type.
pub(crate) fn id(prop: &Prop) -> u32 {
    tag(prop) >> 16
}

/// How many letters of a text, from its first, are two printable ASCII characters each: what a narrow string looks like
/// where it was read as a wide one.
pub(crate) fn narrow_units(text: &str) -> usize {
    let printable = |byte: u8| (0x20..0x7f).contains(&byte);
    text.encode_utf16().take_while(|unit| unit.to_le_bytes().into_iter().all(printable)).count()
}

/// Whether a rendered property has a value: no error and nothing.
pub(crate) fn has_value(prop: &Prop) -> bool {
    !matches!(tag(prop) & 0xffff, 0x0000 | 0x0001 | 0x000a) && !prop.value.is_null()
}

/// The property of this identifier that has a value.
pub(crate) fn find(props: &[Prop], wanted: u32) -> Option<&Prop> {
    props.iter().find(|prop| id(prop) == wanted && has_value(prop))
}

/// The number that a property holds.
pub(crate) fn long(props: &[Prop], wanted: u32) -> Option<u64> {
    find(props, wanted).and_then(|prop| number(&prop.value))
}

/// The text that a property holds, where it is short enough to be in the trace.
pub(crate) fn text(props: &[Prop], wanted: u32) -> Option<&str> {
    find(props, wanted).and_then(|prop| prop.value.as_str())
}

/// The bits of a mask that a property holds.
pub(crate) fn prop_bits(props: &[Prop], wanted: u32, set: &FlagSet) -> Option<u32> {
    find(props, wanted).map(|prop| value_bits(&prop.value, set))
}

/// Identifiers of the properties that rules ask for. The names are those of the headers, without the type.
pub(crate) mod ids {
    macro_rules! ids {
        ($($name:ident = $id:literal;)*) => { $(pub(crate) const $name: u32 = $id;)* };
    }

    ids! {
        PR_DELIVER_TIME = 0x0010;
        PR_MESSAGE_CLASS = 0x001a;
        PR_SUBJECT = 0x0037;
        PR_CLIENT_SUBMIT_TIME = 0x0039;
        PR_SENT_REPRESENTING_ENTRYID = 0x0041;
        PR_SENT_REPRESENTING_NAME = 0x0042;
        PR_SENT_REPRESENTING_EMAIL_ADDRESS = 0x0065;
        PR_NDR_REASON_CODE = 0x0c04;
        PR_RECIPIENT_TYPE = 0x0c15;
        PR_SENDER_ENTRYID = 0x0c19;
        PR_SENDER_NAME = 0x0c1a;
        PR_SENDER_SEARCH_KEY = 0x0c1d;
        PR_SENDER_EMAIL_ADDRESS = 0x0c1f;
        PR_MESSAGE_DELIVERY_TIME = 0x0e06;
        PR_RESPONSIBILITY = 0x0e0f;
        PR_SUBMIT_FLAGS = 0x0e14;
        PR_INSTANCE_KEY = 0x0ff6;
        PR_OBJECT_TYPE = 0x0ffe;
        PR_ENTRYID = 0x0fff;
        PR_BODY = 0x1000;
        PR_RTF_COMPRESSED = 0x1009;
        PR_HTML = 0x1013;
        PR_INTERNET_MESSAGE_ID = 0x1035;
        PR_ROWID = 0x3000;
        PR_DISPLAY_NAME = 0x3001;
        PR_ADDRTYPE = 0x3002;
        PR_EMAIL_ADDRESS = 0x3003;
        PR_SEARCH_KEY = 0x300b;
        PR_RESOURCE_FLAGS = 0x3009;
        PR_PROVIDER_DLL_NAME = 0x300a;
        PR_ATTACH_DATA = 0x3701;
        PR_ATTACH_FILENAME = 0x3704;
        PR_ATTACH_METHOD = 0x3705;
        PR_ATTACH_LONG_FILENAME = 0x3707;
        PR_SMTP_ADDRESS = 0x39fe;
        PR_IDENTITY_DISPLAY = 0x3e00;
        PR_IDENTITY_ENTRYID = 0x3e01;
        PR_RESOURCE_METHODS = 0x3e02;
        PR_RESOURCE_TYPE = 0x3e03;
        PR_STATUS_CODE = 0x3e04;
        PR_IDENTITY_SEARCH_KEY = 0x3e05;
        PR_OWN_STORE_ENTRYID = 0x3e06;
    }
}

#[cfg(test)]
mod tests {
    use mapi_spi::flags;
    use serde_json::json;

    use super::*;

    #[test]
    fn masks_are_read_by_name_and_number() {
        let set = &flags::LOGON_FLAGS;
        assert_eq!(value_bits(&json!("LOGON_SP_POLL|0x01000000"), set), 0x0102_0000);
        assert_eq!(value_bits(&json!("0"), set), 0);
        assert_eq!(value_bits(&json!(5), set), 5);
        assert_eq!(value_bits(&json!(-1), set), u32::MAX);
        assert_eq!(value_bits(&json!(null), set), 0);
    }

    #[test]
    fn narrow_text_is_known_when_it_is_read_as_wide() {
        assert_eq!(narrow_units("\u{4552}\u{46}"), 1, "REF");
        assert_eq!(narrow_units("ACME"), 0);
        assert_eq!(narrow_units(""), 0);
    }

    #[test]
    fn nothing_is_null() {
        let values: Values = [("a", json!(null)), ("b", json!("logon#1")), ("c", json!(0)), ("d", json!([]))]
            .map(|(k, v)| (k.into(), v))
            .into_iter()
            .collect();
        assert!(is_null(&values, "a") && is_null(&values, "c") && is_null(&values, "missing"));
        assert!(!is_null(&values, "b") && !is_null(&values, "d"));
    }

    #[test]
    fn errors_are_no_values() {
        let prop = |tag: &str, value| Prop { tag: tag.into(), name: None, value };
        let props = [prop("0x0037000A", json!("MAPI_E_NOT_FOUND")), prop("0x0037001F", json!("one"))];
        assert_eq!(text(&props, ids::PR_SUBJECT), Some("one"));
        assert_eq!(find(&props[..1], ids::PR_SUBJECT), None);
    }
}
