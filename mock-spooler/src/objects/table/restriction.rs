//! Restrictions: conditions on rows. Page: srestriction, and one page for each kind.

use std::cmp::Ordering;

use mapi_spi::structs::{SPropValue, SRestriction};
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};

use crate::objects::args;
use crate::objects::properties::{Properties, size_of_value};
use crate::objects::text;

/// Deeper nesting is not meant.
const DEEPEST: u32 = 64;
/// More conditions in one are not meant.
const MOST: u32 = 1 << 16;

/// A condition, copied out of the candidate's memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Restriction {
    /// All hold.
    And(Vec<Restriction>),
    /// One holds.
    Or(Vec<Restriction>),
    /// It does not hold.
    Not(Box<Restriction>),
    /// Text or bytes are found in a property; extent and comparison by `fuzzy`.
    Content {
        /// `FL_*`
        fuzzy: u32,
        /// The property.
        tag: PropTag,
        /// What is looked for.
        value: PropValue,
    },
    /// A property compares with a value.
    Property {
        /// `RELOP_*`
        relation: u32,
        /// The property.
        tag: PropTag,
        /// The other side.
        value: PropValue,
    },
    /// Two properties compare.
    Compare {
        /// `RELOP_*`
        relation: u32,
        /// One property.
        left: PropTag,
        /// The other one.
        right: PropTag,
    },
    /// Bits of a number are all zero, or not.
    BitMask {
        /// Whether one is set, instead of none.
        some: bool,
        /// The property.
        tag: PropTag,
        /// The bits.
        mask: u32,
    },
    /// The size of a value compares.
    Size {
        /// `RELOP_*`
        relation: u32,
        /// The property.
        tag: PropTag,
        /// Bytes.
        size: u32,
    },
    /// The row has the property.
    Exist(PropTag),
    /// A recipient or attachment meets a condition.
    Sub(PropTag, Box<Restriction>),
    /// The condition within, if there is one; comments and annotations mean nothing here.
    Comment(Option<Box<Restriction>>),
    /// The condition within, for so many rows at most.
    Count(u32, Box<Restriction>),
}

/// What a condition looks at.
#[derive(Clone, Copy, Debug)]
pub struct RowValues<'a> {
    /// The row's properties.
    pub props: &'a Properties,
    /// Recipients and attachments.
    pub children: &'a [(PropTag, Vec<Properties>)],
}

impl Restriction {
    /// Reads a restriction.
    ///
    /// # Errors
    ///
    /// MAPI_E_INVALID_PARAMETER for null pointers and values that cannot be read, MAPI_E_TOO_COMPLEX for kinds and
    /// relations that there are not, and for nesting without end.
    ///
    /// # Safety
    ///
    /// `at` is null or points to a restriction whose parts are what its kinds say.
    pub unsafe fn read(at: *const SRestriction) -> Result<Self, HRESULT> {
        // SAFETY: as the caller vouches.
        unsafe { read(at, DEEPEST) }
    }

    /// Whether a row meets the condition.
    #[must_use]
    pub fn holds(&self, row: RowValues<'_>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Not(part) => !part.holds(row),
            Self::Content { fuzzy, tag, value } => {
                get(row.props, *tag).is_some_and(|found| contains(&found, value, *fuzzy))
            }
            Self::Property { relation, tag, value } => match get(row.props, *tag) {
                Some(found) => compare(&found, value).is_some_and(|order| relates(order, *relation)),
                // What is not there is not equal.
                None => *relation == flags::RELOP_NE,
            },
            Self::Compare { relation, left, right } => {
                match (get(row.props, *left), get(row.props, *right)) {
                    (Some(left), Some(right)) => {
                        compare(&left, &right).is_some_and(|order| relates(order, *relation))
                    }
                    _ => false,
                }
            }
            Self::BitMask { some, tag, mask } => match row.props.long(*tag) {
                Some(number) => (number.cast_unsigned() & mask != 0) == *some,
                None => false,
            },
            Self::Size { relation, tag, size } => get(row.props, *tag)
                .is_some_and(|found| relates(size_of_value(&found).cmp(&(*size as usize)), *relation)),
            Self::Exist(tag) => get(row.props, *tag).is_some(),
            Self::Sub(of, part) => {
                let children = row.children.iter().filter(|(tag, _)| tag.id() == of.id());
                let mut rows = children.flat_map(|(_, rows)| rows);
                rows.any(|props| part.holds(RowValues { props, children: &[] }))
            }
            Self::Comment(part) => part.as_ref().is_none_or(|part| part.holds(row)),
            Self::Count(_, part) => part.holds(row),
        }
    }

    /// How many rows there may be at most.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        if let Self::Count(most, _) = self { usize::try_from(*most).ok() } else { None }
    }
}

/// How two values of one type relate; `None` for different types, or types without an order. Text compares without regard to
/// case, as tables do; values of several elements compare element by element, and what ends first is less.
#[must_use]
pub(crate) fn compare(left: &PropValue, right: &PropValue) -> Option<Ordering> {
    use PropValue as V;
    let texts = |left: &[String], right: &[String]| Some(left.cmp(right));
    match (left, right) {
        (V::I2(a), V::I2(b)) => Some(a.cmp(b)),
        (V::Long(a), V::Long(b)) => Some(a.cmp(b)),
        (V::R4(a), V::R4(b)) => a.partial_cmp(b),
        (V::Double(a), V::Double(b)) | (V::AppTime(a), V::AppTime(b)) => a.partial_cmp(b),
        (V::Currency(a), V::Currency(b)) | (V::I8(a), V::I8(b)) => Some(a.cmp(b)),
        (V::Error(a), V::Error(b)) => Some(a.cmp(b)),
        (V::Boolean(a), V::Boolean(b)) => Some(a.cmp(b)),
        (V::SysTime(a), V::SysTime(b)) => Some(a.cmp(b)),
        (V::Clsid(a), V::Clsid(b)) => Some(a.cmp(b)),
        (V::Binary(a), V::Binary(b)) => Some(a.cmp(b)),
        (V::String8(_) | V::Unicode(_), V::String8(_) | V::Unicode(_)) => {
            Some(folded(left)?.cmp(&folded(right)?))
        }
        (V::MvI2(a), V::MvI2(b)) => Some(a.cmp(b)),
        (V::MvLong(a), V::MvLong(b)) => Some(a.cmp(b)),
        (V::MvR4(a), V::MvR4(b)) => a.partial_cmp(b),
        (V::MvDouble(a), V::MvDouble(b)) | (V::MvAppTime(a), V::MvAppTime(b)) => a.partial_cmp(b),
        (V::MvCurrency(a), V::MvCurrency(b)) | (V::MvI8(a), V::MvI8(b)) => Some(a.cmp(b)),
        (V::MvSysTime(a), V::MvSysTime(b)) => Some(a.cmp(b)),
        (V::MvClsid(a), V::MvClsid(b)) => Some(a.cmp(b)),
        (V::MvBinary(a), V::MvBinary(b)) => Some(a.cmp(b)),
        (V::MvString8(_) | V::MvUnicode(_), V::MvString8(_) | V::MvUnicode(_)) => {
            texts(&folded_all(left)?, &folded_all(right)?)
        }
        _ => None,
    }
}

fn folded(value: &PropValue) -> Option<String> {
    match value {
        PropValue::String8(bytes) => Some(text::decode(bytes).to_lowercase()),
        value => value.to_text().map(|text| text.to_lowercase()),
    }
}

fn folded_all(value: &PropValue) -> Option<Vec<String>> {
    match value {
        PropValue::MvString8(texts) => {
            Some(texts.iter().map(|bytes| text::decode(bytes).to_lowercase()).collect())
        }
        PropValue::MvUnicode(texts) => {
            Some(texts.iter().map(|units| String::from_utf16_lossy(units).to_lowercase()).collect())
        }
        _ => None,
    }
}

/// The value of a column; strings of either width are one property.
fn get(props: &Properties, tag: PropTag) -> Option<PropValue> {
    text::convert(props.get(tag.id())?, tag.prop_type(), true)
}

/// Whether an order is that of a relation, `RELOP_*`.
pub(crate) fn relates(order: Ordering, relation: u32) -> bool {
    match relation {
        flags::RELOP_LT => order.is_lt(),
        flags::RELOP_LE => order.is_le(),
        flags::RELOP_GT => order.is_gt(),
        flags::RELOP_GE => order.is_ge(),
        flags::RELOP_EQ => order.is_eq(),
        flags::RELOP_NE => order.is_ne(),
        _ => false,
    }
}

/// A content restriction: full, part, or beginning; text with or without regard to case.
pub(crate) fn contains(found: &PropValue, wanted: &PropValue, fuzzy: u32) -> bool {
    if let (PropValue::Binary(found), PropValue::Binary(wanted)) = (found, wanted) {
        return extends(found, wanted, fuzzy);
    }
    let case = fuzzy & (flags::FL_IGNORECASE | flags::FL_LOOSE) == 0;
    let text = |value: &PropValue| match value {
        PropValue::String8(bytes) => Some(text::decode(bytes)),
        value => value.to_text(),
    };
    let fold = |text: String| if case { text } else { text.to_lowercase() };
    match (text(found).map(fold), text(wanted).map(fold)) {
        (Some(found), Some(wanted)) => extends(found.as_bytes(), wanted.as_bytes(), fuzzy),
        _ => false,
    }
}

fn extends(found: &[u8], wanted: &[u8], fuzzy: u32) -> bool {
    match fuzzy & 0xFFFF {
        flags::FL_FULLSTRING => found == wanted,
        flags::FL_SUBSTRING => wanted.is_empty() || found.windows(wanted.len()).any(|part| part == wanted),
        flags::FL_PREFIX => found.starts_with(wanted),
        _ => false,
    }
}

/// # Safety
///
/// As for [`Restriction::read`].
unsafe fn read(at: *const SRestriction, depth: u32) -> Result<Restriction, HRESULT> {
    args::needed(at)?;
    let depth = depth.checked_sub(1).ok_or(HRESULT::MAPI_E_TOO_COMPLEX)?;
    // SAFETY: not null, hence a restriction, as the caller vouches.
    let restriction = unsafe { at.read_unaligned() };
    let res = &restriction.res;
    let relation = |relation| {
        let known = relation <= flags::RELOP_NE;
        if known { Ok(relation) } else { Err(HRESULT::MAPI_E_TOO_COMPLEX) }
    };
    // SAFETY: the kind says which member is set; its pointers are what the caller vouches for.
    unsafe {
        Ok(match restriction.rt {
            flags::RES_AND => Restriction::And(read_all(res.resAnd.lpRes, res.resAnd.cRes, depth)?),
            flags::RES_OR => Restriction::Or(read_all(res.resOr.lpRes, res.resOr.cRes, depth)?),
            flags::RES_NOT => Restriction::Not(Box::new(read(res.resNot.lpRes, depth)?)),
            flags::RES_CONTENT => Restriction::Content {
                fuzzy: res.resContent.ulFuzzyLevel,
                tag: PropTag(res.resContent.ulPropTag),
                value: value(res.resContent.lpProp)?,
            },
            flags::RES_PROPERTY => Restriction::Property {
                relation: relation(res.resProperty.relop)?,
                tag: PropTag(res.resProperty.ulPropTag),
                value: value(res.resProperty.lpProp)?,
            },
            flags::RES_COMPAREPROPS => Restriction::Compare {
                relation: relation(res.resCompareProps.relop)?,
                left: PropTag(res.resCompareProps.ulPropTag1),
                right: PropTag(res.resCompareProps.ulPropTag2),
            },
            flags::RES_BITMASK => Restriction::BitMask {
                some: res.resBitMask.relBMR == flags::BMR_NEZ,
                tag: PropTag(res.resBitMask.ulPropTag),
                mask: res.resBitMask.ulMask,
            },
            flags::RES_SIZE => Restriction::Size {
                relation: relation(res.resSize.relop)?,
                tag: PropTag(res.resSize.ulPropTag),
                size: res.resSize.cb,
            },
            // The type does not matter to what is there.
            flags::RES_EXIST => {
                Restriction::Exist(PropTag(res.resExist.ulPropTag).with_type(PropType::PT_UNSPECIFIED))
            }
            flags::RES_SUBRESTRICTION => {
                Restriction::Sub(PropTag(res.resSub.ulSubObject), Box::new(read(res.resSub.lpRes, depth)?))
            }
            flags::RES_COMMENT => Restriction::Comment(read_optional(res.resComment.lpRes, depth)?),
            flags::RES_ANNOTATION => Restriction::Comment(read_optional(res.resAnnotation.lpRes, depth)?),
            flags::RES_COUNT => {
                Restriction::Count(res.resCount.ulCount, Box::new(read(res.resCount.lpRes, depth)?))
            }
            _ => return Err(HRESULT::MAPI_E_TOO_COMPLEX),
        })
    }
}

/// # Safety
///
/// As for [`Restriction::read`], of all `count` restrictions.
unsafe fn read_all(first: *const SRestriction, count: u32, depth: u32) -> Result<Vec<Restriction>, HRESULT> {
    if count > MOST {
        return Err(HRESULT::MAPI_E_TOO_COMPLEX);
    }
    if count > 0 {
        args::needed(first)?;
    }
    // SAFETY: as the caller vouches.
    (0..count as usize).map(|position| unsafe { read(first.add(position), depth) }).collect()
}

/// # Safety
///
/// As for [`Restriction::read`].
unsafe fn read_optional(at: *const SRestriction, depth: u32) -> Result<Option<Box<Restriction>>, HRESULT> {
    if at.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller vouches.
    unsafe { read(at, depth) }.map(|part| Some(Box::new(part)))
}

/// # Safety
///
/// `at` is null or points to a property whose value is what its type says.
unsafe fn value(at: *const SPropValue) -> Result<PropValue, HRESULT> {
    // SAFETY: as the caller vouches.
    let given = unsafe { args::props(1, at)? };
    given.into_iter().next().and_then(|(_, value)| value).ok_or(args::INVALID)
}
