//! The properties of one object, as it keeps them: at most one value for each identifier.

use std::collections::BTreeMap;

use mapi_spi::tags::{PR_NULL, PropType};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};

use super::host::Row;

/// Values by property identifier. A value's type is the type of its tag: setting a property under another type replaces it,
/// as `IMAPIProp::SetProps` does. Page: imapiprop-setprops.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    values: BTreeMap<u16, PropValue>,
}

impl Properties {
    /// No properties.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of an identifier, whatever its type.
    #[must_use]
    pub fn get(&self, id: u16) -> Option<&PropValue> {
        self.values.get(&id)
    }

    /// Whether there is a value for an identifier.
    #[must_use]
    pub fn contains(&self, id: u16) -> bool {
        self.values.contains_key(&id)
    }

    /// Sets a value; the tag's type does not matter, the value has its own.
    pub fn set(&mut self, tag: PropTag, value: PropValue) {
        self.values.insert(tag.id(), value);
    }

    /// Removes a value; what it was.
    pub fn remove(&mut self, id: u16) -> Option<PropValue> {
        self.values.remove(&id)
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.values.clear();
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Tags and values, in ascending order of identifiers.
    pub fn iter(&self) -> impl Iterator<Item = (PropTag, &PropValue)> {
        self.values.iter().map(|(id, value)| (PropTag::new(*id, value.prop_type()), value))
    }

    /// The tags, in ascending order.
    pub fn tags(&self) -> impl Iterator<Item = PropTag> + '_ {
        self.iter().map(|(tag, _)| tag)
    }

    /// A copy as a list, in ascending order.
    #[must_use]
    pub fn to_row(&self) -> Row {
        self.iter().map(|(tag, value)| (tag, value.clone())).collect()
    }

    /// The text of a property of either width.
    #[must_use]
    pub fn text(&self, tag: PropTag) -> Option<String> {
        self.get(tag.id())?.to_text()
    }

    /// The number of a `PT_LONG` property.
    #[must_use]
    pub fn long(&self, tag: PropTag) -> Option<i32> {
        self.get(tag.id())?.as_long()
    }

    /// About how many bytes the values take when they are moved.
    #[must_use]
    pub fn size(&self) -> usize {
        self.values.values().map(|value| 4 + size_of_value(value)).sum()
    }
}

impl FromIterator<(PropTag, PropValue)> for Properties {
    fn from_iter<I: IntoIterator<Item = (PropTag, PropValue)>>(values: I) -> Self {
        Self { values: values.into_iter().map(|(tag, value)| (tag.id(), value)).collect() }
    }
}

/// Bytes of a value, as `RES_SIZE` and PR_MESSAGE_SIZE count them: strings with their terminator.
#[must_use]
pub fn size_of_value(value: &PropValue) -> usize {
    match value {
        PropValue::Null | PropValue::Object => 0,
        PropValue::I2(_) | PropValue::Boolean(_) => 2,
        PropValue::Long(_) | PropValue::R4(_) | PropValue::Error(_) => 4,
        PropValue::Double(_)
        | PropValue::Currency(_)
        | PropValue::AppTime(_)
        | PropValue::I8(_)
        | PropValue::SysTime(_)
        | PropValue::Unknown(..) => 8,
        PropValue::Clsid(_) => 16,
        PropValue::String8(text) => text.len() + 1,
        PropValue::Unicode(text) => 2 * (text.len() + 1),
        PropValue::Binary(bytes) => bytes.len(),
        PropValue::MvI2(values) => 2 * values.len(),
        PropValue::MvLong(values) => 4 * values.len(),
        PropValue::MvR4(values) => 4 * values.len(),
        PropValue::MvDouble(values) | PropValue::MvAppTime(values) => 8 * values.len(),
        PropValue::MvCurrency(values) | PropValue::MvI8(values) => 8 * values.len(),
        PropValue::MvSysTime(values) => 8 * values.len(),
        PropValue::MvClsid(values) => 16 * values.len(),
        PropValue::MvString8(values) => values.iter().map(|text| text.len() + 1).sum(),
        PropValue::MvUnicode(values) => values.iter().map(|text| 2 * (text.len() + 1)).sum(),
        PropValue::MvBinary(values) => values.iter().map(Vec::len).sum(),
    }
}

/// What `SetProps` does with a property, before the object itself has a say. Page: imapiprop-setprops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It can be set.
    Set,
    /// PR_NULL and errors are passed over in silence.
    Ignore,
    /// A problem of this one property.
    Problem(HRESULT),
    /// The whole call fails, and nothing is set.
    Refuse(HRESULT),
}

impl Admission {
    /// Judges a property by its tag and value.
    #[must_use]
    pub fn of(tag: PropTag, value: &PropValue) -> Self {
        match (tag.prop_type(), value) {
            _ if tag == PR_NULL => Self::Ignore,
            (PropType::PT_ERROR, _) => Self::Ignore,
            (PropType::PT_OBJECT, _) => Self::Refuse(HRESULT::MAPI_E_INVALID_PARAMETER),
            _ if is_empty_multivalue(value) => Self::Refuse(HRESULT::MAPI_E_INVALID_PARAMETER),
            (PropType::PT_NULL | PropType::PT_UNSPECIFIED, _) | (_, PropValue::Unknown(..)) => {
                Self::Problem(HRESULT::MAPI_E_INVALID_TYPE)
            }
            _ if matches!(tag.id(), 0 | mapi_spi::tags::PROP_ID_INVALID) => {
                Self::Problem(HRESULT::MAPI_E_UNEXPECTED_ID)
            }
            _ => Self::Set,
        }
    }
}

fn is_empty_multivalue(value: &PropValue) -> bool {
    const MULTIPLE: u16 = 0x1000;
    let several = value.prop_type().0 & MULTIPLE != 0;
    several
        && !matches!(value, PropValue::Unknown(..))
        && size_of_value(value) == 0
        && !holds_empty_elements(value)
}

/// Multivalued binaries may hold elements of no bytes; those are values all the same.
fn holds_empty_elements(value: &PropValue) -> bool {
    matches!(value, PropValue::MvBinary(values) if !values.is_empty())
}

#[cfg(test)]
mod tests {
    use mapi_spi::tags::{PR_BODY_A, PR_BODY_W, PR_MESSAGE_RECIPIENTS, PR_PRIORITY};

    use super::*;

    #[test]
    fn one_value_for_an_identifier() {
        let mut properties = Properties::new();
        properties.set(PR_BODY_W, PropValue::Unicode(vec![0x61]));
        properties.set(PR_BODY_A, PropValue::String8(b"b".to_vec()));
        assert_eq!(properties.to_row(), [(PR_BODY_A, PropValue::String8(b"b".to_vec()))]);
        assert_eq!(properties.text(PR_BODY_W).as_deref(), Some("b"));
        assert_eq!(properties.size(), 6);
    }

    #[test]
    fn what_set_props_admits() {
        let cases = [
            (PR_BODY_A, PropValue::String8(Vec::new()), Admission::Set),
            (PR_NULL, PropValue::Null, Admission::Ignore),
            (
                PR_PRIORITY.with_type(PropType::PT_ERROR),
                PropValue::Error(HRESULT::MAPI_E_NOT_FOUND),
                Admission::Ignore,
            ),
            (PR_MESSAGE_RECIPIENTS, PropValue::Object, Admission::Refuse(HRESULT::MAPI_E_INVALID_PARAMETER)),
            (
                PropTag(0x6600_1003),
                PropValue::MvLong(Vec::new()),
                Admission::Refuse(HRESULT::MAPI_E_INVALID_PARAMETER),
            ),
            (PropTag(0x6600_1102), PropValue::MvBinary(vec![Vec::new()]), Admission::Set),
            (PropTag(0x6600_0001), PropValue::Null, Admission::Problem(HRESULT::MAPI_E_INVALID_TYPE)),
            (
                PropTag(0x6600_0077),
                PropValue::Unknown(PropType(0x77), 0),
                Admission::Problem(HRESULT::MAPI_E_INVALID_TYPE),
            ),
            (PropTag(0x0000_0003), PropValue::Long(1), Admission::Problem(HRESULT::MAPI_E_UNEXPECTED_ID)),
        ];
        for (tag, value, due) in cases {
            assert_eq!(Admission::of(tag, &value), due, "{tag}");
        }
    }
}
