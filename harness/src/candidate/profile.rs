//! Profile sections: property tags and values that fit them.

use std::collections::BTreeSet;
use std::fmt;

use mapi_spi::PropTag;
use mapi_spi::tags::PropType;
use mock_spooler::plan::ProfileProp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::placeholder::{self, Placeholder};
use crate::words::suggestion;

/// The properties of a profile section, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Section(pub(super) Vec<ProfileProp>);

/// A property tag: eight digits, `0x6602001E`, or a name, `PR_DISPLAY_NAME_A`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(pub(super) PropTag);

impl Tag {
    /// Whether values of the property are strings, of either width.
    pub(super) fn is_string(self) -> bool {
        matches!(self.0.prop_type(), PropType::PT_STRING8 | PropType::PT_UNICODE)
    }
}

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Properties)
    }
}

struct Properties;

impl<'de> Visitor<'de> for Properties {
    type Value = Section;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of property tags to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Section, A::Error> {
        let mut seen = BTreeSet::new();
        let mut props = Vec::new();
        while let Some(Tag(tag)) = map.next_key()? {
            if !seen.insert(tag.id()) {
                return Err(de::Error::custom(format_args!("duplicate property `{:#010X}`", tag.0)));
            }
            let value = map.next_value_seed(ValueOf(tag))?;
            props.push(ProfileProp { tag: tag.0, value });
        }
        Ok(Section(props))
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TagVisitor)
    }
}

struct TagVisitor;

impl Visitor<'_> for TagVisitor {
    type Value = Tag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a property tag of eight digits, as `0x6602001E`, or the name of a property")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Tag, E> {
        let tag = u32::try_from(number).ok().map(PropTag).filter(|tag| tag.id() != 0);
        let tag = tag.ok_or_else(|| {
            E::custom(format_args!(
                "`{number:#X}` is no property tag: identifier and type have four digits each"
            ))
        })?;
        typed(tag, &format!("{number:#010X}"))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Tag, E> {
        match PropTag::from_name(name) {
            Some(tag) => typed(tag, name),
            None => {
                let near = suggestion(name, PropTag::all().map(|(_, known)| known));
                Err(E::custom(format_args!("unknown property `{name}`{near}")))
            }
        }
    }
}

fn typed<E: de::Error>(tag: PropTag, name: &str) -> Result<Tag, E> {
    match kind(tag.prop_type()) {
        Some(_) => Ok(Tag(tag)),
        None => Err(E::custom(format_args!(
            "`{name}` is of type {}, which a profile cannot hold",
            tag.prop_type()
        ))),
    }
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Whole { min: i64, max: u64 },
    Real,
    Boolean,
    Bytes,
}

fn kind(kind: PropType) -> Option<Kind> {
    Some(match kind {
        PropType::PT_STRING8 | PropType::PT_UNICODE => Kind::Text,
        PropType::PT_I2 => Kind::Whole { min: i16::MIN.into(), max: u16::MAX.into() },
        PropType::PT_LONG => Kind::Whole { min: i32::MIN.into(), max: u32::MAX.into() },
        PropType::PT_I8 => Kind::Whole { min: i64::MIN, max: u64::MAX },
        PropType::PT_DOUBLE | PropType::PT_R4 => Kind::Real,
        PropType::PT_BOOLEAN => Kind::Boolean,
        PropType::PT_BINARY => Kind::Bytes,
        _ => return None,
    })
}

/// Takes the values that fit a tag.
struct ValueOf(PropTag);

impl ValueOf {
    fn kind(&self) -> Kind {
        kind(self.0.prop_type()).expect("tags of other types were refused when they were read")
    }
}

impl<'de> DeserializeSeed<'de> for ValueOf {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for ValueOf {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let due = match self.kind() {
            Kind::Text => "text (in quotes, where it looks like something else)",
            Kind::Whole { .. } => "a whole number that fits",
            Kind::Real => "a number",
            Kind::Boolean => "`true` or `false`",
            Kind::Bytes => "bytes as hexadecimal text, in quotes",
        };
        write!(f, "{due}, as {} is {}", self.0, self.0.prop_type())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        let hex = || text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match self.kind() {
            Kind::Text if !text.contains('\0') => Ok(text.into()),
            Kind::Bytes if hex() => Ok(text.into()),
            // The only number that a file cannot know.
            Kind::Whole { max, .. } if max >= u64::from(u16::MAX) && is_port(text) => Ok(text.into()),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        match self.kind() {
            Kind::Whole { max, .. } if number <= max => Ok(number.into()),
            Kind::Real => Ok((number as f64).into()),
            _ => Err(E::invalid_value(de::Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        match self.kind() {
            Kind::Whole { min, .. } if number >= min => Ok(number.into()),
            Kind::Real => Ok((number as f64).into()),
            _ => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        match self.kind() {
            Kind::Real => Ok(number.into()),
            _ => Err(E::invalid_value(de::Unexpected::Float(number), &self)),
        }
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        match self.kind() {
            Kind::Boolean => Ok(value.into()),
            _ => Err(E::invalid_value(de::Unexpected::Bool(value), &self)),
        }
    }
}

fn is_port(text: &str) -> bool {
    placeholder::within(text).is_ok_and(|held| held == [Placeholder::SinkPort])
        && text == format!("${{{}}}", Placeholder::SinkPort.name())
}

impl JsonSchema for Tag {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Tag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A property tag of eight digits, 0x6602001E, or the name of a property.",
            "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": "^(PR_[A-Z0-9_]+|0x[0-9A-Fa-f]{8})$" }],
        })
    }
}

impl JsonSchema for Section {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Section".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Property tags (0x6602001E, or PR_ names) and their values. In texts, ${sink.address}, ${sink.host}, \
                            ${sink.port} and ${case.dir} stand for what is new in each case.",
            "propertyNames": { "pattern": "^(PR_[A-Z0-9_]+|0[xX][0-9A-Fa-f]{1,8}|[0-9]+)$" },
            "additionalProperties": { "type": ["string", "number", "boolean"] },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<Section, String> {
        serde_yaml::from_str(yaml).map_err(|error| error.to_string())
    }

    #[test]
    fn tags_are_numbers_or_names() {
        let section = read("0x6602001E: ACME\nPR_DISPLAY_NAME_A: Acme\n0x66030003: 7\n").expect("a section");
        assert_eq!(
            section.0.iter().map(|prop| prop.tag).collect::<Vec<_>>(),
            [0x6602_001E, 0x3001_001E, 0x6603_0003]
        );
    }

    #[test]
    fn values_fit_their_tags() {
        for wrong in [
            "0x6602001E: 7",
            "0x66030003: seven",
            "0x66040102: xyz",
            "0x6605000B: 1",
            "0x66030003: 5000000000",
        ] {
            let error = read(wrong).expect_err(wrong);
            assert!(error.contains("line 1") || error.contains("expected"), "{error}");
        }
    }

    #[test]
    fn one_property_stands_once_whatever_its_type() {
        assert!(read("0x6602001E: a\n0x6602001F: b\n").expect_err("twice").contains("duplicate property"));
    }

    #[test]
    fn misspelt_names_are_suggested() {
        let error = read("PR_DISPLAY_NAM_A: a\n").expect_err("misspelt");
        assert!(error.contains("did you mean `PR_DISPLAY_NAME_A`?"), "{error}");
    }
}
