use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use super::{ALIASES, PR_NULL, PROP_ID_INVALID, PropType, Property, messages, objects};
use crate::codes::parse_hex;

/// A property tag. Printed as `PR_SUBJECT_W`; as `PR_SUBJECT:PT_ERROR` where a known property has a type that is not
/// its own (an error in the place of a value, a request for any type); as `0x6600001E` where the identifier is unknown.
///
/// Source page: *property-tags*.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PropTag(pub u32);

impl PropTag {
    /// The tag of this identifier and type (`PROP_TAG`).
    pub const fn new(id: u16, kind: PropType) -> PropTag {
        PropTag((id as u32) << 16 | kind.0 as u32)
    }

    /// The identifier (`PROP_ID`).
    pub const fn id(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// The type (`PROP_TYPE`).
    pub const fn prop_type(self) -> PropType {
        PropType(self.0 as u16)
    }

    /// The same property with another type (`CHANGE_PROP_TYPE`).
    pub const fn with_type(self, kind: PropType) -> PropTag {
        PropTag::new(self.id(), kind)
    }

    /// Whether the property travels with a message to its recipients, by the ranges of identifiers.
    ///
    /// As `FIsTransmittable` of `mapitags.h` has it. Source page: *property-identifier-ranges*.
    pub const fn is_transmittable(self) -> bool {
        matches!(self.id(), 0..0x0E00 | 0x1000..0x6000 | 0x6800..0x7C00 | 0x8000..)
    }

    /// Whether the identifier stands for a name, to be asked for with `GetNamesFromIDs`.
    pub const fn is_named(self) -> bool {
        self.id() >= 0x8000 && self.id() != PROP_ID_INVALID
    }

    /// The name of exactly this tag, if it has one: `PR_SUBJECT_W`, `PR_HTML`.
    pub fn name(self) -> Option<&'static str> {
        if self == PR_NULL {
            return Some("PR_NULL");
        }
        let tags = properties_of(self.id()).flat_map(|property| property.tags);
        tags.into_iter().find(|(tag, _)| *tag == self).map(|(_, name)| *name)
    }

    /// The name of the property without a type, if the identifier is known: `PR_SUBJECT` for either width.
    pub fn property_name(self) -> Option<&'static str> {
        let exact = self.name();
        let any = || properties_of(self.id()).next().map(|property| property.tags[0].1);
        exact.or_else(any).map(without_width)
    }

    /// The tag that is printed like this. Takes also a bare `PR_SUBJECT` (meaning `PR_SUBJECT_W`), the alternative names
    /// of the headers, and up to eight hexadecimal digits, `0x` or not (without it: exactly eight).
    pub fn from_name(name: &str) -> Option<PropTag> {
        if let Some((property, kind)) = name.split_once(':') {
            return Some(PropTag::from_name(property)?.with_type(PropType::from_name(kind)?));
        }
        if !name.starts_with("PR_") {
            let prefixed = name.strip_prefix("0x");
            let digits = prefixed.unwrap_or(name);
            let whole = prefixed.is_some() || digits.len() == 8;
            return if whole { parse_hex(digits).map(PropTag) } else { None };
        }
        if name == "PR_NULL" {
            return Some(PR_NULL);
        }
        known(name).or_else(|| known_by_alias(name))
    }

    /// Every tag that has a name, in the order of identifiers within each part of the list.
    pub fn all() -> impl Iterator<Item = (PropTag, &'static str)> {
        PARTS.into_iter().flatten().flat_map(|property| property.tags.iter().copied())
    }
}

impl fmt::Display for PropTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.pad(name);
        }
        match self.property_name() {
            Some(property) => write!(f, "{property}:{}", self.prop_type()),
            None => write!(f, "{:#010X}", self.0),
        }
    }
}

impl fmt::Debug for PropTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The parts of the list, each in the order of identifiers.
const PARTS: [&[Property]; 2] = [messages::MESSAGES, objects::OBJECTS];

/// The properties with this identifier. Every value of a trace asks for a name: the order of the lists is what makes it cheap.
fn properties_of(id: u16) -> impl Iterator<Item = &'static Property> {
    PARTS.into_iter().flat_map(move |part| {
        let first = part.partition_point(|property| property.id < id);
        part[first..].iter().take_while(move |property| property.id == id)
    })
}

/// The tag with exactly this name, or the wide one of the family with this name.
fn known(name: &str) -> Option<PropTag> {
    static NAMES: LazyLock<HashMap<&str, PropTag>> = LazyLock::new(|| {
        let families = PropTag::all().filter_map(|(tag, name)| Some((name.strip_suffix("_W")?, tag)));
        // the exact names come last: they win over a family of the same name
        families.chain(PropTag::all().map(|(tag, name)| (name, tag))).collect()
    });
    NAMES.get(name).copied()
}

fn known_by_alias(name: &str) -> Option<PropTag> {
    let family = without_width(name);
    let (_, canonical) = ALIASES.iter().find(|(alias, _)| *alias == family)?;
    known(&format!("{canonical}{}", &name[family.len()..]))
}

fn without_width(name: &str) -> &str {
    name.strip_suffix("_W").or_else(|| name.strip_suffix("_A")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::tags::{PR_ATTACH_DATA_BIN, PR_ATTACH_DATA_OBJ, PR_HTML, PR_SUBJECT_A, PR_SUBJECT_W};

    #[test]
    fn every_name_leads_back_to_its_tag() {
        let mut seen = BTreeMap::new();
        for (tag, name) in PropTag::all() {
            assert_eq!(seen.insert(name, tag), None, "{name} is there twice");
            assert_eq!(tag.to_string(), name);
            assert_eq!(PropTag::from_name(name), Some(tag));
        }
        assert!(seen.len() > 600, "the list is that of the header");
    }

    #[test]
    fn families_aliases_and_other_types() {
        assert_eq!(PropTag::from_name("PR_SUBJECT"), Some(PR_SUBJECT_W));
        assert_eq!(PR_SUBJECT_A.property_name(), Some("PR_SUBJECT"));
        let error = PR_SUBJECT_W.with_type(PropType::PT_ERROR);
        assert_eq!(error.to_string(), "PR_SUBJECT:PT_ERROR");
        assert_eq!(PropTag::from_name("PR_SUBJECT:PT_ERROR"), Some(error));
        assert_eq!(
            PropTag::from_name("PR_BEEPER_TELEPHONE_NUMBER_A"),
            PropTag::from_name("PR_PAGER_TELEPHONE_NUMBER_A")
        );
        assert_eq!(PropTag::from_name("PR_IN_REPLY_TO"), PropTag::from_name("PR_IN_REPLY_TO_ID_W"));
        for (alias, canonical) in ALIASES {
            assert!(PropTag::from_name(alias).is_some(), "{alias} means {canonical}");
            assert_eq!(PropTag::from_name(alias), PropTag::from_name(canonical));
        }
    }

    #[test]
    fn two_properties_with_one_identifier() {
        assert_eq!(PR_ATTACH_DATA_OBJ.id(), PR_ATTACH_DATA_BIN.id());
        assert_eq!(PR_ATTACH_DATA_OBJ.to_string(), "PR_ATTACH_DATA_OBJ");
        assert_eq!(PR_ATTACH_DATA_BIN.to_string(), "PR_ATTACH_DATA_BIN");
        assert_eq!(PR_HTML.0, 0x1013_0102);
        assert_eq!(PropTag::from_name("PR_BODY_HTML_A"), Some(PropTag(0x1013_001E)));
    }

    #[test]
    fn unknown_tags_survive_as_numbers() {
        let unknown = PropTag(0x6600_001E);
        assert_eq!(unknown.to_string(), "0x6600001E");
        for text in ["0x6600001E", "6600001E", "6600001e"] {
            assert_eq!(PropTag::from_name(text), Some(unknown), "{text}");
        }
        for wrong in ["", "0x", "66", "PR_", "PR_NOPE", "PR_SUBJECT:PT_NOPE", "+600001E"] {
            assert_eq!(PropTag::from_name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ranges() {
        let transmittable = |id| PropTag::new(id, PropType::PT_LONG).is_transmittable();
        for id in [0x0001, 0x0C15, 0x0DFF, 0x1000, 0x3001, 0x5FFF, 0x6800, 0x7BFF, 0x8000, 0xFFFE] {
            assert!(transmittable(id), "{id:#06X}");
        }
        for id in [0x0E00, 0x0FFF, 0x6000, 0x67FF, 0x7C00, 0x7FFF] {
            assert!(!transmittable(id), "{id:#06X}");
        }
        assert!(PropTag(0x8001_0003).is_named() && !PropTag(0xFFFF_0003).is_named());
    }
}
