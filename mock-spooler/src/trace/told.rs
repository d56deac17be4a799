//! Events as this process tells them. It writes them once and never reads them: names are borrowed from the declaration, and
//! of values no more is made than their text needs.
//!
//! The text is that of the [`event`] which a reader finds: keys in the same order, values of the same form.

use std::borrow::Cow;

use mapi_spi::PropTag;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::event;

/// The name of a method, a parameter or a result: one of the declaration's, or made for this event.
pub type Name = Cow<'static, str>;

/// What an event says.
pub type What = event::What<Name, Shown>;

/// Arguments or results by parameter name.
pub type Values = event::Values<Name, Shown>;

/// Arguments or results of these names.
pub fn values<V: Into<Shown>>(named: impl IntoIterator<Item = (&'static str, V)>) -> Values {
    named.into_iter().map(|(name, value)| (Name::Borrowed(name), value.into())).collect()
}

/// What an argument or a result shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Shown {
    /// Any value.
    Value(Value),
    /// Values of properties. Calls have more of them than of anything else.
    Props(Vec<ShownProp>),
    /// An array, its elements shown likewise.
    List(Vec<Shown>),
}

impl Shown {
    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }
}

impl<V: Into<Value>> From<V> for Shown {
    fn from(value: V) -> Self {
        Self::Value(value.into())
    }
}

/// A property value in an argument. A reader finds an [`event::Prop`] there; the keys are in the order of the alphabet, as in all
/// arguments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownProp {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    tag: TagNumber,
    value: Value,
}

impl ShownProp {
    /// A value under its tag.
    #[must_use]
    pub fn new(tag: PropTag, value: Value) -> Self {
        Self { name: tag.name(), tag: TagNumber::of(tag), value }
    }
}

/// The number of a tag, `0x0037001F`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagNumber([u8; 10]);

impl TagNumber {
    /// That of a tag. Nearly every line has some, and formatting takes ten times as long.
    #[must_use]
    pub fn of(tag: PropTag) -> Self {
        let mut text = *b"0x00000000";
        for (place, digit) in text[2..].iter_mut().rev().enumerate() {
            *digit = b"0123456789ABCDEF"[(tag.0 >> (4 * place) & 15) as usize];
        }
        Self(text)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

impl Serialize for TagNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use mapi_spi::tags::{PR_IMPORTANCE, PR_SUBJECT_W};
    use serde_json::json;

    use super::*;
    use crate::trace::event::{By, Event};

    fn props() -> Vec<ShownProp> {
        vec![
            ShownProp::new(PR_SUBJECT_W, json!("a \"quoted\"\tsubject \u{1}")),
            ShownProp::new(PR_IMPORTANCE, json!(1)),
            ShownProp::new(PropTag(0x8ABC_0102), json!({"hex": "00ff"})),
        ]
    }

    #[test]
    fn what_is_told_is_what_a_reader_would_write() {
        let args = [
            ("lpPropArray", Shown::Props(props())),
            ("cValues", json!(3).into()),
            ("rows", Shown::List(vec![Shown::Props(props()), Shown::from(Value::Null), Shown::List(vec![])])),
        ];
        let told = [
            What::Call {
                by: By::Candidate,
                obj: "message#1".to_owned(),
                m: "IMAPIProp.SetProps".into(),
                args: values(args),
                msgref: Some(7),
            },
            What::Return {
                call: 1,
                hr: "S_OK".into(),
                out: values([("lppProblems", Value::Null)]),
                unwritten: vec!["lpcValues".into()],
                injected: true,
            },
        ];
        for what in told {
            let text =
                serde_json::to_string(&Event { n: 1, t: 2, th: 0, what }).expect("an event can be written");
            let read: Event = serde_json::from_str(&text).expect("an event can be read");
            assert_eq!(serde_json::to_string(&read).expect("an event can be written"), text);
        }
    }

    #[test]
    fn a_property_in_an_argument_has_its_keys_in_this_order() {
        let text = serde_json::to_string(&props()[1..]).expect("values can be written");
        assert_eq!(
            text,
            r#"[{"name":"PR_IMPORTANCE","tag":"0x00170003","value":1},{"tag":"0x8ABC0102","value":{"hex":"00ff"}}]"#
        );
    }
}
