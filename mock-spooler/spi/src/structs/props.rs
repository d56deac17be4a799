//! Property values, their arrays, and the names of named properties.

#![expect(missing_docs, reason = "the fields have the names and meanings of the headers")]

use std::ffi::c_void;
use std::fmt;

use windows_core::GUID;

use super::flexible;
use crate::{HRESULT, PropTag};

/// A point in time: 100 ns since 1601-01-01 UTC, in two halves.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FILETIME {
    pub dwLowDateTime: u32,
    pub dwHighDateTime: u32,
}

impl FILETIME {
    /// The time as one number of 100 ns.
    pub const fn to_u64(self) -> u64 {
        (self.dwHighDateTime as u64) << 32 | self.dwLowDateTime as u64
    }

    /// The time of this many 100 ns.
    pub const fn from_u64(ticks: u64) -> FILETIME {
        FILETIME { dwLowDateTime: ticks as u32, dwHighDateTime: (ticks >> 32) as u32 }
    }
}

/// An amount of money in units of 1/10000.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CY {
    pub int64: i64,
}

/// Counted bytes: the value of `PT_BINARY`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SBinary {
    pub cb: u32,
    pub lpb: *mut u8,
}

/// The value of `PT_MV_I2`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SShortArray {
    pub cValues: u32,
    pub lpi: *mut i16,
}

/// The value of `PT_MV_LONG`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SLongArray {
    pub cValues: u32,
    pub lpl: *mut i32,
}

/// The value of `PT_MV_R4`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SRealArray {
    pub cValues: u32,
    pub lpflt: *mut f32,
}

/// The value of `PT_MV_DOUBLE`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SDoubleArray {
    pub cValues: u32,
    pub lpdbl: *mut f64,
}

/// The value of `PT_MV_CURRENCY`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SCurrencyArray {
    pub cValues: u32,
    pub lpcur: *mut CY,
}

/// The value of `PT_MV_APPTIME`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SAppTimeArray {
    pub cValues: u32,
    pub lpat: *mut f64,
}

/// The value of `PT_MV_SYSTIME`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SDateTimeArray {
    pub cValues: u32,
    pub lpft: *mut FILETIME,
}

/// The value of `PT_MV_BINARY`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SBinaryArray {
    pub cValues: u32,
    pub lpbin: *mut SBinary,
}

/// The value of `PT_MV_STRING8`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SLPSTRArray {
    pub cValues: u32,
    pub lppszA: *mut *mut u8,
}

/// The value of `PT_MV_UNICODE`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SWStringArray {
    pub cValues: u32,
    pub lppszW: *mut *mut u16,
}

/// The value of `PT_MV_CLSID`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SGuidArray {
    pub cValues: u32,
    pub lpguid: *mut GUID,
}

/// The value of `PT_MV_I8`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SLargeIntegerArray {
    pub cValues: u32,
    pub lpli: *mut i64,
}

/// The value of a property; the tag's type says which member holds it.
#[repr(C)]
#[derive(Clone, Copy)]
pub union __UPV {
    /// `PT_I2`
    pub i: i16,
    /// `PT_LONG`
    pub l: i32,
    /// `PT_LONG`, unsigned
    pub ul: u32,
    /// `PT_PTR`
    pub lpv: *mut c_void,
    /// `PT_R4`
    pub flt: f32,
    /// `PT_DOUBLE`
    pub dbl: f64,
    /// `PT_BOOLEAN`
    pub b: u16,
    /// `PT_CURRENCY`
    pub cur: CY,
    /// `PT_APPTIME`
    pub at: f64,
    /// `PT_SYSTIME`
    pub ft: FILETIME,
    /// `PT_STRING8`
    pub lpszA: *mut u8,
    /// `PT_BINARY`
    pub bin: SBinary,
    /// `PT_UNICODE`
    pub lpszW: *mut u16,
    /// `PT_CLSID`
    pub lpguid: *mut GUID,
    /// `PT_I8`
    pub li: i64,
    /// `PT_MV_I2`
    pub MVi: SShortArray,
    /// `PT_MV_LONG`
    pub MVl: SLongArray,
    /// `PT_MV_R4`
    pub MVflt: SRealArray,
    /// `PT_MV_DOUBLE`
    pub MVdbl: SDoubleArray,
    /// `PT_MV_CURRENCY`
    pub MVcur: SCurrencyArray,
    /// `PT_MV_APPTIME`
    pub MVat: SAppTimeArray,
    /// `PT_MV_SYSTIME`
    pub MVft: SDateTimeArray,
    /// `PT_MV_BINARY`
    pub MVbin: SBinaryArray,
    /// `PT_MV_STRING8`
    pub MVszA: SLPSTRArray,
    /// `PT_MV_UNICODE`
    pub MVszW: SWStringArray,
    /// `PT_MV_CLSID`
    pub MVguid: SGuidArray,
    /// `PT_MV_I8`
    pub MVli: SLargeIntegerArray,
    /// `PT_ERROR`
    pub err: HRESULT,
    /// `PT_NULL`, `PT_OBJECT`: no usable value
    pub x: i32,
}

impl fmt::Debug for __UPV {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("__UPV")
    }
}

/// A property: tag and value. [`PropValue`](crate::values::PropValue) reads it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SPropValue {
    pub ulPropTag: u32,
    pub dwAlignPad: u32,
    pub Value: __UPV,
}

impl SPropValue {
    /// The tag.
    pub const fn tag(&self) -> PropTag {
        PropTag(self.ulPropTag)
    }
}

/// Tags: which properties, or columns, are meant. A null pointer often means all.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SPropTagArray {
    pub cValues: u32,
    pub aulPropTag: [u32; 1],
}

flexible!(SPropTagArray, cValues, aulPropTag: [u32], cb_new_sprop_tag_array);

/// Why one property of many could not be had: index into the request, its tag, the code.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SPropProblem {
    pub ulIndex: u32,
    pub ulPropTag: u32,
    pub scode: HRESULT,
}

/// Problems with single properties, beside a method's success.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SPropProblemArray {
    pub cProblem: u32,
    pub aProblem: [SPropProblem; 1],
}

flexible!(SPropProblemArray, cProblem, aProblem: [SPropProblem], cb_new_sprop_problem_array);

/// The number or string of a property's name; [`MAPINAMEID::ulKind`] says which.
#[repr(C)]
#[derive(Clone, Copy)]
pub union MAPINAMEID_KIND {
    /// Keeps the union as wide as a pointer
    pub lID_Reserved: isize,
    /// `MNID_ID`
    pub lID: i32,
    /// `MNID_STRING`
    pub lpwstrName: *mut u16,
}

impl fmt::Debug for MAPINAMEID_KIND {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MAPINAMEID_KIND")
    }
}

/// The name of a property: a set, and a number or string in it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct MAPINAMEID {
    pub lpguid: *mut GUID,
    pub ulKind: u32,
    pub Kind: MAPINAMEID_KIND,
}
