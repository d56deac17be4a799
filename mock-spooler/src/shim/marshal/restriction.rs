//! Restrictions, there and back.

use std::ptr;

use mapi_spi::structs::{
    SAndRestriction, SAnnotationRestriction, SBitMaskRestriction, SCommentRestriction,
    SComparePropsRestriction, SContentRestriction, SCountRestriction, SExistRestriction, SNotRestriction,
    SOrRestriction, SPropValue, SPropertyRestriction, SRestriction, SRestrictionRes, SSizeRestriction,
    SSubRestriction,
};
use mapi_spi::{PropTag, flags};
use serde_json::{Value, json};

use super::parts as lay;
use super::write::{array, count};
use super::{read, value};
use crate::objects::wire::Room;
use crate::shim::wrong::Wrong;

/// Conditions within conditions beyond this depth are not followed.
const DEEPEST: usize = 32;

/// # Safety
///
/// `at` is null or points to a restriction whose pointers are null or lead to what its kind says.
pub(super) unsafe fn read(at: *const SRestriction, depth: usize) -> Value {
    if at.is_null() || depth > DEEPEST {
        return Value::Null;
    }
    let all = |first: *const SRestriction, count: u32| {
        let count = if first.is_null() { 0 } else { count as usize };
        // SAFETY: as the caller vouches.
        read::list(count, |k| unsafe { read(first.add(k), depth + 1) })
    };
    let tag = |tag: u32| value::tag(PropTag(tag));
    // SAFETY: as the caller vouches.
    let one = |prop: *const SPropValue| unsafe { prop.as_ref().map(|prop| read::prop(prop)) };
    // SAFETY: the kind says which member holds; the caller vouches for the pointers in it.
    unsafe {
        let SRestriction { rt, res } = *at;
        match rt {
            flags::RES_AND => json!({ "and": all(res.resAnd.lpRes, res.resAnd.cRes) }),
            flags::RES_OR => json!({ "or": all(res.resOr.lpRes, res.resOr.cRes) }),
            flags::RES_NOT => json!({ "not": read(res.resNot.lpRes, depth + 1) }),
            flags::RES_CONTENT => {
                let res = res.resContent;
                json!({ "content": { "fuzzy": res.ulFuzzyLevel, "tag": tag(res.ulPropTag), "prop": one(res.lpProp) } })
            }
            flags::RES_PROPERTY => {
                let res = res.resProperty;
                json!({ "property": { "relop": res.relop, "tag": tag(res.ulPropTag), "prop": one(res.lpProp) } })
            }
            flags::RES_COMPAREPROPS => {
                let res = res.resCompareProps;
                json!({ "compare": { "relop": res.relop, "tag": tag(res.ulPropTag1), "other": tag(res.ulPropTag2) } })
            }
            flags::RES_BITMASK => {
                let res = res.resBitMask;
                json!({ "bitmask": { "relop": res.relBMR, "tag": tag(res.ulPropTag), "mask": res.ulMask } })
            }
            flags::RES_SIZE => {
                let res = res.resSize;
                json!({ "size": { "relop": res.relop, "tag": tag(res.ulPropTag), "bytes": res.cb } })
            }
            flags::RES_EXIST => json!({ "exist": { "tag": tag(res.resExist.ulPropTag) } }),
            flags::RES_SUBRESTRICTION => {
                let res = res.resSub;
                json!({ "sub": { "tag": tag(res.ulSubObject), "of": read(res.lpRes, depth + 1) } })
            }
            flags::RES_COMMENT => {
                let res = res.resComment;
                json!({ "comment": { "props": read::props(res.lpProp, res.cValues as usize), "of": read(res.lpRes, depth + 1) } })
            }
            flags::RES_ANNOTATION => {
                let res = res.resAnnotation;
                json!({ "annotation": { "props": read::props(res.lpProp, res.cValues as usize), "of": read(res.lpRes, depth + 1) } })
            }
            flags::RES_COUNT => {
                let res = res.resCount;
                json!({ "count": { "count": res.ulCount, "of": read(res.lpRes, depth + 1) } })
            }
            other => json!({ "unknown": other }),
        }
    }
}

fn inner(room: &dyn Room, json: &Value) -> Result<*mut SRestriction, Wrong> {
    if json.is_null() {
        return Ok(ptr::null_mut());
    }
    let restriction = write(room, json)?;
    array(room, &[restriction])
}

/// A restriction whose parts hang on the room.
pub(super) fn write(room: &dyn Room, json: &Value) -> Result<SRestriction, Wrong> {
    let due = || {
        Wrong::new(
            "a restriction: an object with one of `and`, `or`, `not`, `property`, `content`, ...",
            json,
        )
    };
    let (kind, given) = json.as_object().and_then(|object| object.iter().next()).ok_or_else(due)?;
    let within = |wrong: Wrong| wrong.within(kind);
    let number =
        |key: &str| value::to_u32(given.get(key).unwrap_or(&Value::Null)).map_err(|wrong| wrong.within(key));
    let tag = |key: &str| {
        value::to_tag(given.get(key).unwrap_or(&Value::Null))
            .map(|tag| tag.0)
            .map_err(|wrong| wrong.within(key))
    };
    let one = || match given.get("prop") {
        None | Some(Value::Null) => Ok(ptr::null_mut()),
        Some(prop) => {
            let prop = lay::prop(room, prop).map_err(|wrong| wrong.within("prop"))?;
            array(room, &[prop])
        }
    };
    let of = || inner(room, given.get("of").unwrap_or(&Value::Null)).map_err(|wrong| wrong.within("of"));
    let several = || -> Result<(u32, *mut SRestriction), Wrong> {
        let all = value::to_list(given, |json| write(room, json))?;
        Ok((count(all.len()), array(room, &all)?))
    };
    let props = || {
        lay::props(room, given.get("props").unwrap_or(&Value::Null)).map_err(|wrong| wrong.within("props"))
    };
    let made = || -> Result<(u32, SRestrictionRes), Wrong> {
        Ok(match kind.as_str() {
            "and" => {
                let (cRes, lpRes) = several()?;
                (flags::RES_AND, SRestrictionRes { resAnd: SAndRestriction { cRes, lpRes } })
            }
            "or" => {
                let (cRes, lpRes) = several()?;
                (flags::RES_OR, SRestrictionRes { resOr: SOrRestriction { cRes, lpRes } })
            }
            "not" => {
                let lpRes = inner(room, given)?;
                (flags::RES_NOT, SRestrictionRes { resNot: SNotRestriction { ulReserved: 0, lpRes } })
            }
            "content" => {
                let res = SContentRestriction {
                    ulFuzzyLevel: number("fuzzy")?,
                    ulPropTag: tag("tag")?,
                    lpProp: one()?,
                };
                (flags::RES_CONTENT, SRestrictionRes { resContent: res })
            }
            "property" => {
                let res =
                    SPropertyRestriction { relop: number("relop")?, ulPropTag: tag("tag")?, lpProp: one()? };
                (flags::RES_PROPERTY, SRestrictionRes { resProperty: res })
            }
            "compare" => {
                let res = SComparePropsRestriction {
                    relop: number("relop")?,
                    ulPropTag1: tag("tag")?,
                    ulPropTag2: tag("other")?,
                };
                (flags::RES_COMPAREPROPS, SRestrictionRes { resCompareProps: res })
            }
            "bitmask" => {
                let res = SBitMaskRestriction {
                    relBMR: number("relop")?,
                    ulPropTag: tag("tag")?,
                    ulMask: number("mask")?,
                };
                (flags::RES_BITMASK, SRestrictionRes { resBitMask: res })
            }
            "size" => {
                let res = SSizeRestriction {
                    relop: number("relop")?,
                    ulPropTag: tag("tag")?,
                    cb: number("bytes")?,
                };
                (flags::RES_SIZE, SRestrictionRes { resSize: res })
            }
            "exist" => {
                let res = SExistRestriction { ulReserved1: 0, ulPropTag: tag("tag")?, ulReserved2: 0 };
                (flags::RES_EXIST, SRestrictionRes { resExist: res })
            }
            "sub" => {
                let res = SSubRestriction { ulSubObject: tag("tag")?, lpRes: of()? };
                (flags::RES_SUBRESTRICTION, SRestrictionRes { resSub: res })
            }
            "comment" => {
                let (cValues, lpProp) = props()?;
                let res = SCommentRestriction { cValues, lpRes: of()?, lpProp };
                (flags::RES_COMMENT, SRestrictionRes { resComment: res })
            }
            "annotation" => {
                let (cValues, lpProp) = props()?;
                let res = SAnnotationRestriction { cValues, lpRes: of()?, lpProp };
                (flags::RES_ANNOTATION, SRestrictionRes { resAnnotation: res })
            }
            "count" => {
                let res = SCountRestriction { ulCount: number("count")?, lpRes: of()? };
                (flags::RES_COUNT, SRestrictionRes { resCount: res })
            }
            "unknown" => {
                let rt = value::to_u32(given)?;
                (rt, SRestrictionRes { resNot: SNotRestriction { ulReserved: 0, lpRes: ptr::null_mut() } })
            }
            _ => return Err(due()),
        })
    };
    let (rt, res) = made().map_err(within)?;
    Ok(SRestriction { rt, res })
}
