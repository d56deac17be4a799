//! Properties of one object, by identifier. Text is kept as UTF-16, whatever width it came in.

use std::borrow::Cow;
use std::collections::BTreeMap;

use mapi_spi::PropTag;
use mapi_spi::tags::PropType;
use mapi_spi::values::{PropValue, decode_string8};

/// Properties, in the order of their identifiers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bag(BTreeMap<u16, (PropTag, PropValue)>);

/// No properties.
pub(super) static NOTHING: Bag = Bag(BTreeMap::new());

impl Bag {
    /// The value with this tag's identifier.
    pub(super) fn get(&self, tag: PropTag) -> Option<&PropValue> {
        self.entry(tag).map(|(_, value)| value)
    }

    /// The tag and value with this tag's identifier.
    pub(super) fn entry(&self, tag: PropTag) -> Option<&(PropTag, PropValue)> {
        self.0.get(&tag.id())
    }

    /// Sets a property; its type becomes that of the value.
    pub(super) fn set(&mut self, tag: PropTag, value: PropValue) {
        let value = widen(value);
        self.0.insert(tag.id(), (tag.with_type(value.prop_type()), value));
    }

    /// Sets text.
    pub(super) fn text(&mut self, tag: PropTag, text: &str) {
        self.set(tag, PropValue::Unicode(text.encode_utf16().collect()));
    }

    /// Sets a bit mask.
    pub(super) fn mask(&mut self, tag: PropTag, value: u32) {
        self.set(tag, PropValue::Long(value.cast_signed()));
    }

    /// Sets a truth value.
    pub(super) fn boolean(&mut self, tag: PropTag, value: bool) {
        self.set(tag, PropValue::Boolean(value));
    }

    /// Sets bytes.
    pub(super) fn binary(&mut self, tag: PropTag, value: Vec<u8>) {
        self.set(tag, PropValue::Binary(value));
    }

    /// Sets a time, in units of 100 ns since 1601-01-01 UTC.
    pub(super) fn time(&mut self, tag: PropTag, ticks: u64) {
        self.set(tag, PropValue::SysTime(ticks));
    }

    /// Takes a property out.
    pub(super) fn remove(&mut self, tag: PropTag) -> Option<PropValue> {
        self.0.remove(&tag.id()).map(|(_, value)| value)
    }

    /// A bit mask; 0 where it is missing.
    pub(super) fn bits(&self, tag: PropTag) -> u32 {
        self.get(tag).and_then(PropValue::as_long).unwrap_or(0).cast_unsigned()
    }

    /// A truth value; false where it is missing.
    pub(super) fn is_set(&self, tag: PropTag) -> bool {
        self.get(tag).and_then(PropValue::as_bool).unwrap_or(false)
    }

    /// Text, decoded.
    pub(super) fn string(&self, tag: PropTag) -> Option<String> {
        self.get(tag).and_then(PropValue::to_text)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(PropTag, PropValue)> {
        self.0.values()
    }

    /// What the values take, in bytes, about.
    pub(super) fn size(&self) -> usize {
        self.iter().map(|(_, value)| size(value)).sum()
    }
}

/// An object's properties: those that are computed, and behind them those that are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) computed: &'a Bag,
    pub(super) stored: &'a Bag,
}

impl<'a> View<'a> {
    /// The tag and value with this tag's identifier.
    pub(super) fn entry(&self, tag: PropTag) -> Option<&'a (PropTag, PropValue)> {
        self.computed.entry(tag).or_else(|| self.stored.entry(tag))
    }

    /// The value with this tag's identifier.
    pub(super) fn get(&self, tag: PropTag) -> Option<&'a PropValue> {
        self.entry(tag).map(|(_, value)| value)
    }

    /// All of them, each once.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a (PropTag, PropValue)> + use<'a, '_> {
        let behind = self.stored.iter().filter(|(tag, _)| self.computed.entry(*tag).is_none());
        self.computed.iter().chain(behind)
    }
}

/// A value as the type that is asked for; `None` where it cannot be had as such. Where no type is given text is wide or
/// narrow as the call's flags say.
pub(super) fn as_asked<'a>(
    asked: PropTag,
    (tag, value): &'a (PropTag, PropValue),
    wide: bool,
) -> Option<(PropTag, Cow<'a, PropValue>)> {
    let target = match asked.prop_type() {
        PropType::PT_UNSPECIFIED => in_width(tag.prop_type(), wide),
        given => given,
    };
    if target == tag.prop_type() {
        return Some((asked.with_type(target), Cow::Borrowed(value)));
    }
    let narrowed = match (value, target) {
        (PropValue::Unicode(units), PropType::PT_STRING8) => PropValue::String8(narrow(units)),
        (PropValue::MvUnicode(list), PropType::PT_MV_STRING8) => {
            PropValue::MvString8(list.iter().map(|units| narrow(units)).collect())
        }
        _ => return None,
    };
    Some((asked.with_type(target), Cow::Owned(narrowed)))
}

/// The type in which text is returned where none is asked for.
pub(super) fn in_width(kind: PropType, wide: bool) -> PropType {
    match kind {
        PropType::PT_UNICODE if !wide => PropType::PT_STRING8,
        PropType::PT_MV_UNICODE if !wide => PropType::PT_MV_STRING8,
        kind => kind,
    }
}

/// Narrow text as wide text, everything else as it is.
pub(super) fn widen(value: PropValue) -> PropValue {
    match value {
        PropValue::String8(bytes) => PropValue::Unicode(wide(&bytes)),
        PropValue::MvString8(list) => PropValue::MvUnicode(list.iter().map(|bytes| wide(bytes)).collect()),
        other => other,
    }
}

fn wide(bytes: &[u8]) -> Vec<u16> {
    decode_string8(bytes).encode_utf16().collect()
}

fn narrow(units: &[u16]) -> Vec<u8> {
    String::from_utf16_lossy(units).into_bytes()
}

/// What a value takes, in bytes, about.
pub(super) fn size(value: &PropValue) -> usize {
    match value {
        PropValue::String8(bytes) | PropValue::Binary(bytes) => bytes.len(),
        PropValue::Unicode(units) => units.len() * 2,
        PropValue::MvBinary(list) | PropValue::MvString8(list) => list.iter().map(Vec::len).sum(),
        PropValue::MvUnicode(list) => list.iter().map(|units| units.len() * 2).sum(),
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use mapi_spi::tags as tag;

    use super::*;

    #[test]
    fn text_is_kept_wide_and_had_in_either_width() {
        let mut bag = Bag::default();
        bag.set(tag::PR_SUBJECT_A, PropValue::String8("Grüße".as_bytes().to_vec()));
        let entry = bag.entry(tag::PR_SUBJECT_W).expect("it was set");
        let had =
            |asked: PropTag, wide| as_asked(asked, entry, wide).map(|(tag, value)| (tag, value.to_text()));
        let text = Some("Grüße".to_owned());
        assert_eq!(had(tag::PR_SUBJECT_W, false), Some((tag::PR_SUBJECT_W, text.clone())));
        assert_eq!(had(tag::PR_SUBJECT_A, true), Some((tag::PR_SUBJECT_A, text.clone())));
        let any = tag::PR_SUBJECT_W.with_type(PropType::PT_UNSPECIFIED);
        assert_eq!(had(any, false), Some((tag::PR_SUBJECT_A, text)));
        assert_eq!(had(tag::PR_SUBJECT_W.with_type(PropType::PT_LONG), true), None);
    }
}
