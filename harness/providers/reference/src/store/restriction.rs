//! Restrictions: conditions on rows. Source pages: *srestriction*, *about-restrictions*, and those of its members.

use std::cmp::Ordering;

use mapi_spi::flags::{
    BMR_EQZ, FL_IGNORECASE, FL_LOOSE, FL_PREFIX, FL_SUBSTRING, RELOP_EQ, RELOP_GE, RELOP_GT, RELOP_LE,
    RELOP_LT, RELOP_NE, RES_AND, RES_ANNOTATION, RES_BITMASK, RES_COMMENT, RES_COMPAREPROPS, RES_CONTENT,
    RES_COUNT, RES_EXIST, RES_NOT, RES_OR, RES_PROPERTY, RES_SIZE,
};
use mapi_spi::structs::{SPropValue, SRestriction};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};

use super::bag::{View, widen};
use crate::mapi::Result;

/// Conditions within conditions, deeper than this, nobody means.
const DEEPEST: usize = 64;

/// A condition, with its values copied out of the caller's memory.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Content { level: u32, tag: PropTag, value: PropValue },
    Property { relation: u32, tag: PropTag, value: PropValue },
    Compare { relation: u32, left: PropTag, right: PropTag },
    Bits { zero: bool, tag: PropTag, mask: u32 },
    Size { relation: u32, tag: PropTag, bytes: u32 },
    Exists(PropTag),
}

impl Condition {
    /// Copies a restriction.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_PARAMETER` where it is not whole, `MAPI_E_TOO_COMPLEX` for what is not supported.
    ///
    /// # Safety
    ///
    /// `restriction` has to be null or a whole restriction.
    pub(super) unsafe fn read(restriction: *const SRestriction) -> Result<Condition> {
        // SAFETY: as the caller vouches.
        unsafe { read(restriction, 0) }
    }

    /// Whether a row meets it. What a row does not have meets nothing.
    pub(super) fn is_met(&self, row: &View<'_>) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|one| one.is_met(row)),
            Condition::Any(any) => any.iter().any(|one| one.is_met(row)),
            Condition::Not(one) => !one.is_met(row),
            Condition::Content { level, tag, value } => {
                row.get(*tag).is_some_and(|own| contains(*level, own, value))
            }
            Condition::Property { relation, tag, value } => {
                row.get(*tag).is_some_and(|own| compare(own, value).is_some_and(|is| holds(*relation, is)))
            }
            Condition::Compare { relation, left, right } => {
                let both = row.get(*left).zip(row.get(*right));
                both.and_then(|(left, right)| compare(left, right)).is_some_and(|is| holds(*relation, is))
            }
            Condition::Bits { zero, tag, mask } => row
                .get(*tag)
                .and_then(PropValue::as_long)
                .is_some_and(|own| (own.cast_unsigned() & mask == 0) == *zero),
            Condition::Size { relation, tag, bytes } => row
                .get(*tag)
                .is_some_and(|own| holds(*relation, super::bag::size(own).cmp(&(*bytes as usize)))),
            Condition::Exists(tag) => row.get(*tag).is_some(),
        }
    }
}

/// # Safety
///
/// As for [`Condition::read`].
unsafe fn read(restriction: *const SRestriction, depth: usize) -> Result<Condition> {
    // SAFETY: as the caller vouches.
    let Some(restriction) = (unsafe { restriction.as_ref() }) else {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    };
    if depth >= DEEPEST {
        return Err(HRESULT::MAPI_E_TOO_COMPLEX);
    }
    let res = &restriction.res;
    // SAFETY: for all of the match: the kind says which member was written, and the caller vouches for what it points to.
    unsafe {
        match restriction.rt {
            RES_AND => list(res.resAnd.lpRes, res.resAnd.cRes, depth).map(Condition::All),
            RES_OR => list(res.resOr.lpRes, res.resOr.cRes, depth).map(Condition::Any),
            RES_NOT => Ok(Condition::Not(Box::new(read(res.resNot.lpRes, depth + 1)?))),
            RES_CONTENT => Ok(Condition::Content {
                level: res.resContent.ulFuzzyLevel,
                tag: PropTag(res.resContent.ulPropTag),
                value: value(res.resContent.lpProp)?,
            }),
            RES_PROPERTY => Ok(Condition::Property {
                relation: relation(res.resProperty.relop)?,
                tag: PropTag(res.resProperty.ulPropTag),
                value: value(res.resProperty.lpProp)?,
            }),
            RES_COMPAREPROPS => Ok(Condition::Compare {
                relation: relation(res.resCompareProps.relop)?,
                left: PropTag(res.resCompareProps.ulPropTag1),
                right: PropTag(res.resCompareProps.ulPropTag2),
            }),
            RES_BITMASK => Ok(Condition::Bits {
                zero: res.resBitMask.relBMR == BMR_EQZ,
                tag: PropTag(res.resBitMask.ulPropTag),
                mask: res.resBitMask.ulMask,
            }),
            RES_SIZE => Ok(Condition::Size {
                relation: relation(res.resSize.relop)?,
                tag: PropTag(res.resSize.ulPropTag),
                bytes: res.resSize.cb,
            }),
            RES_EXIST => Ok(Condition::Exists(PropTag(res.resExist.ulPropTag))),
            RES_COMMENT if res.resComment.lpRes.is_null() => Ok(Condition::All(Vec::new())),
            RES_COMMENT => read(res.resComment.lpRes, depth + 1),
            RES_ANNOTATION => read(res.resAnnotation.lpRes, depth + 1),
            RES_COUNT => read(res.resCount.lpRes, depth + 1),
            _ => Err(HRESULT::MAPI_E_TOO_COMPLEX),
        }
    }
}

/// # Safety
///
/// `first` has to be null or point to `count` whole restrictions.
unsafe fn list(first: *const SRestriction, count: u32, depth: usize) -> Result<Vec<Condition>> {
    if first.is_null() && count > 0 {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    // SAFETY: not null where there are any, and the caller vouches for them.
    (0..count as usize).map(|index| unsafe { read(first.add(index), depth + 1) }).collect()
}

/// # Safety
///
/// `value` has to be null or a whole value.
unsafe fn value(value: *const SPropValue) -> Result<PropValue> {
    // SAFETY: as the caller vouches.
    let Some(value) = (unsafe { value.as_ref() }) else { return Err(HRESULT::MAPI_E_INVALID_PARAMETER) };
    // SAFETY: as above.
    unsafe { PropValue::read(value) }.map(widen).map_err(|_| HRESULT::MAPI_E_INVALID_PARAMETER)
}

fn relation(relation: u32) -> Result<u32> {
    if relation <= RELOP_NE { Ok(relation) } else { Err(HRESULT::MAPI_E_TOO_COMPLEX) }
}

fn holds(relation: u32, is: Ordering) -> bool {
    match relation {
        RELOP_LT => is.is_lt(),
        RELOP_LE => is.is_le(),
        RELOP_GT => is.is_gt(),
        RELOP_GE => is.is_ge(),
        RELOP_EQ => is.is_eq(),
        RELOP_NE => is.is_ne(),
        _ => false,
    }
}

fn contains(level: u32, own: &PropValue, sought: &PropValue) -> bool {
    let fold = level & (FL_IGNORECASE | FL_LOOSE) != 0;
    match (own, sought) {
        (PropValue::Unicode(own), PropValue::Unicode(sought)) => {
            let text = |units: &[u16]| {
                let text = String::from_utf16_lossy(units);
                if fold { text.to_lowercase() } else { text }
            };
            let (own, sought) = (text(own), text(sought));
            match level & 0xFFFF {
                FL_SUBSTRING => own.contains(&sought),
                FL_PREFIX => own.starts_with(&sought),
                _ => own == sought,
            }
        }
        (PropValue::Binary(own), PropValue::Binary(sought)) => match level & 0xFFFF {
            FL_SUBSTRING => {
                sought.is_empty() || own.windows(sought.len()).any(|window| window == sought.as_slice())
            }
            FL_PREFIX => own.starts_with(sought),
            _ => own == sought,
        },
        _ => false,
    }
}

/// How two values of one type stand to each other; text without regard to case.
pub(super) fn compare(left: &PropValue, right: &PropValue) -> Option<Ordering> {
    Some(match (left, right) {
        (PropValue::I2(left), PropValue::I2(right)) => left.cmp(right),
        (PropValue::Long(left), PropValue::Long(right)) => left.cmp(right),
        (PropValue::I8(left), PropValue::I8(right)) => left.cmp(right),
        (PropValue::Currency(left), PropValue::Currency(right)) => left.cmp(right),
        (PropValue::R4(left), PropValue::R4(right)) => left.total_cmp(right),
        (PropValue::Double(left), PropValue::Double(right)) => left.total_cmp(right),
        (PropValue::AppTime(left), PropValue::AppTime(right)) => left.total_cmp(right),
        (PropValue::Boolean(left), PropValue::Boolean(right)) => left.cmp(right),
        (PropValue::SysTime(left), PropValue::SysTime(right)) => left.cmp(right),
        (PropValue::Clsid(left), PropValue::Clsid(right)) => left.cmp(right),
        (PropValue::Binary(left), PropValue::Binary(right)) => left.cmp(right),
        (PropValue::Unicode(left), PropValue::Unicode(right)) => {
            let fold = |units: &[u16]| String::from_utf16_lossy(units).to_lowercase();
            fold(left).cmp(&fold(right))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use mapi_spi::tags as tag;

    use super::super::bag::{Bag, NOTHING};
    use super::*;

    fn text(text: &str) -> PropValue {
        PropValue::Unicode(text.encode_utf16().collect())
    }

    #[test]
    fn conditions_are_met_or_not() {
        let mut bag = Bag::default();
        bag.text(tag::PR_SUBJECT_W, "Grüße aus Bremen");
        bag.mask(tag::PR_MESSAGE_FLAGS, 5);
        let row = View { computed: &bag, stored: &NOTHING };
        let content =
            |level, sought: &str| Condition::Content { level, tag: tag::PR_SUBJECT_W, value: text(sought) };
        assert!(content(FL_SUBSTRING, "aus").is_met(&row));
        assert!(!content(FL_SUBSTRING, "AUS").is_met(&row));
        assert!(
            content(FL_PREFIX | FL_IGNORECASE, "GRÜSSE").is_met(&row)
                || content(FL_PREFIX, "Grüße").is_met(&row)
        );
        let bits = |zero, mask| Condition::Bits { zero, tag: tag::PR_MESSAGE_FLAGS, mask };
        assert!(bits(false, 4).is_met(&row) && bits(true, 2).is_met(&row) && !bits(true, 4).is_met(&row));
        let absent = Condition::Exists(tag::PR_BODY_W);
        assert!(!absent.is_met(&row) && Condition::Not(Box::new(absent)).is_met(&row));
        let more =
            Condition::Property { relation: RELOP_GT, tag: tag::PR_MESSAGE_FLAGS, value: PropValue::Long(4) };
        assert!(!Condition::All(vec![more.clone(), content(0, "grüße aus bremen")]).is_met(&row));
        assert!(Condition::Any(vec![more, content(0, "nothing")]).is_met(&row));
    }
}
