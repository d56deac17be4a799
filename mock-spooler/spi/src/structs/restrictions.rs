//! Restrictions: conditions on the rows of a table.

#![expect(missing_docs, reason = "the fields have the names and meanings of the headers")]

use std::fmt;

use super::SPropValue;

/// All of several conditions.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SAndRestriction {
    pub cRes: u32,
    pub lpRes: *mut SRestriction,
}

/// Any of several conditions.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SOrRestriction {
    pub cRes: u32,
    pub lpRes: *mut SRestriction,
}

/// The opposite of a condition.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SNotRestriction {
    pub ulReserved: u32,
    pub lpRes: *mut SRestriction,
}

/// A text or binary property contains a value.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SContentRestriction {
    pub ulFuzzyLevel: u32,
    pub ulPropTag: u32,
    pub lpProp: *mut SPropValue,
}

/// Bits of a property are all zero, or not.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SBitMaskRestriction {
    pub relBMR: u32,
    pub ulPropTag: u32,
    pub ulMask: u32,
}

/// A property compares with a value.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SPropertyRestriction {
    pub relop: u32,
    pub ulPropTag: u32,
    pub lpProp: *mut SPropValue,
}

/// Two properties compare.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SComparePropsRestriction {
    pub relop: u32,
    pub ulPropTag1: u32,
    pub ulPropTag2: u32,
}

/// A property's size compares with a number of bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SSizeRestriction {
    pub relop: u32,
    pub ulPropTag: u32,
    pub cb: u32,
}

/// The row has a property.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SExistRestriction {
    pub ulReserved1: u32,
    pub ulPropTag: u32,
    pub ulReserved2: u32,
}

/// A row of a message's recipients or attachments meets a condition.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SSubRestriction {
    pub ulSubObject: u32,
    pub lpRes: *mut SRestriction,
}

/// A condition with properties that do not matter to it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SCommentRestriction {
    pub cValues: u32,
    pub lpRes: *mut SRestriction,
    pub lpProp: *mut SPropValue,
}

/// A condition with hints for its evaluation.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SAnnotationRestriction {
    pub cValues: u32,
    pub lpRes: *mut SRestriction,
    pub lpProp: *mut SPropValue,
}

/// A condition with a limit to the number of rows.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SCountRestriction {
    pub ulCount: u32,
    pub lpRes: *mut SRestriction,
}

/// The parameters of a condition; [`SRestriction::rt`] says which member holds them.
#[repr(C)]
#[derive(Clone, Copy)]
pub union SRestrictionRes {
    pub resCompareProps: SComparePropsRestriction,
    pub resAnd: SAndRestriction,
    pub resOr: SOrRestriction,
    pub resNot: SNotRestriction,
    pub resContent: SContentRestriction,
    pub resProperty: SPropertyRestriction,
    pub resBitMask: SBitMaskRestriction,
    pub resSize: SSizeRestriction,
    pub resExist: SExistRestriction,
    pub resSub: SSubRestriction,
    pub resComment: SCommentRestriction,
    pub resAnnotation: SAnnotationRestriction,
    pub resCount: SCountRestriction,
}

impl fmt::Debug for SRestrictionRes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SRestrictionRes")
    }
}

/// A condition: its kind (`RES_AND`, ...) and parameters.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SRestriction {
    pub rt: u32,
    pub res: SRestrictionRes,
}
