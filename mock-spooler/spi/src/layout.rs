//! The layout of every structure, checked as this crate is compiled: sizes, alignments and offsets, in bytes, for targets of 32
//! bits and of 64.
//!
//! `tests/layout.rs` has a C compiler assert the same numbers of the public headers, for both targets.

use std::mem::{align_of, offset_of, size_of};

use crate::structs::{
    __UPV, ADRENTRY, ADRLIST, ENTRYID, ERROR_NOTIFICATION, EXTENDED_NOTIFICATION, FILETIME, FLATENTRY,
    FLATENTRYLIST, MAPIERROR, MAPINAMEID, MAPIUID, NEWMAIL_NOTIFICATION, NOTIFICATION, NOTIFKEY,
    OBJECT_NOTIFICATION, OPTIONDATA, SAndRestriction, SAppTimeArray, SBinary, SBinaryArray,
    SBitMaskRestriction, SCommentRestriction, SComparePropsRestriction, SContentRestriction, SCurrencyArray,
    SDateTimeArray, SDoubleArray, SExistRestriction, SGuidArray, SLPSTRArray, SLargeIntegerArray, SLongArray,
    SNotRestriction, SOrRestriction, SPropProblem, SPropProblemArray, SPropTagArray, SPropValue,
    SPropertyRestriction, SRealArray, SRestriction, SRow, SRowSet, SShortArray, SSizeRestriction, SSortOrder,
    SSortOrderSet, SSubRestriction, STATSTG, STATUS_OBJECT_NOTIFICATION, SWStringArray, TABLE_NOTIFICATION,
};

/// The number for this target's pointers, which are of 32 or of 64 bits.
const fn here(of_32: usize, of_64: usize) -> usize {
    if size_of::<*const ()>() == 4 { of_32 } else { of_64 }
}

/// `NAME: [size align] [size align] { FIELD: offset offset, ... }`, of 32 bits first.
macro_rules! layout {
    ($($name:ident: [$size_32:literal $align_32:literal] [$size_64:literal $align_64:literal] {
        $($($field:ident).+: $at_32:literal $at_64:literal),*
    })*) => {
        $(const _: () = {
            assert!(size_of::<$name>() == here($size_32, $size_64), concat!("the size of ", stringify!($name)));
            assert!(align_of::<$name>() == here($align_32, $align_64), concat!("the alignment of ", stringify!($name)));
            $(assert!(
                offset_of!($name, $($field).+) == here($at_32, $at_64),
                concat!("where ", stringify!($name.$($field).+), " is")
            );)*
        };)*
    };
}

layout! {
    FILETIME: [8 4] [8 4] { dwLowDateTime: 0 0, dwHighDateTime: 4 4 }
    ENTRYID: [5 1] [5 1] { abFlags: 0 0, ab: 4 4 }
    MAPIUID: [16 1] [16 1] { ab: 0 0 }
    SBinary: [8 4] [16 8] { cb: 0 0, lpb: 4 8 }
    SShortArray: [8 4] [16 8] { cValues: 0 0, lpi: 4 8 }
    SLongArray: [8 4] [16 8] { cValues: 0 0, lpl: 4 8 }
    SRealArray: [8 4] [16 8] { cValues: 0 0, lpflt: 4 8 }
    SDoubleArray: [8 4] [16 8] { cValues: 0 0, lpdbl: 4 8 }
    SCurrencyArray: [8 4] [16 8] { cValues: 0 0, lpcur: 4 8 }
    SAppTimeArray: [8 4] [16 8] { cValues: 0 0, lpat: 4 8 }
    SDateTimeArray: [8 4] [16 8] { cValues: 0 0, lpft: 4 8 }
    SBinaryArray: [8 4] [16 8] { cValues: 0 0, lpbin: 4 8 }
    SLPSTRArray: [8 4] [16 8] { cValues: 0 0, lppszA: 4 8 }
    SWStringArray: [8 4] [16 8] { cValues: 0 0, lppszW: 4 8 }
    SGuidArray: [8 4] [16 8] { cValues: 0 0, lpguid: 4 8 }
    SLargeIntegerArray: [8 4] [16 8] { cValues: 0 0, lpli: 4 8 }
    __UPV: [8 8] [16 8] {
        i: 0 0, l: 0 0, ul: 0 0, flt: 0 0, dbl: 0 0, b: 0 0, cur: 0 0, at: 0 0, ft: 0 0, lpszA: 0 0, bin: 0 0,
        lpszW: 0 0, lpguid: 0 0, li: 0 0, MVi: 0 0, MVl: 0 0, MVflt: 0 0, MVdbl: 0 0, MVcur: 0 0, MVat: 0 0,
        MVft: 0 0, MVbin: 0 0, MVszA: 0 0, MVszW: 0 0, MVguid: 0 0, MVli: 0 0, err: 0 0, x: 0 0
    }
    SPropValue: [16 8] [24 8] { ulPropTag: 0 0, dwAlignPad: 4 4, Value: 8 8 }
    SPropTagArray: [8 4] [8 4] { cValues: 0 0, aulPropTag: 4 4 }
    SPropProblem: [12 4] [12 4] { ulIndex: 0 0, ulPropTag: 4 4, scode: 8 8 }
    SPropProblemArray: [16 4] [16 4] { cProblem: 0 0, aProblem: 4 4 }
    MAPINAMEID: [12 4] [24 8] { lpguid: 0 0, ulKind: 4 8, Kind: 8 16, Kind.lID: 8 16, Kind.lpwstrName: 8 16 }
    FLATENTRY: [8 4] [8 4] { cb: 0 0, abEntry: 4 4 }
    FLATENTRYLIST: [12 4] [12 4] { cEntries: 0 0, cbEntries: 4 4, abEntries: 8 8 }
    ADRENTRY: [12 4] [16 8] { ulReserved1: 0 0, cValues: 4 4, rgPropVals: 8 8 }
    ADRLIST: [16 4] [24 8] { cEntries: 0 0, aEntries: 4 8 }
    SRow: [12 4] [16 8] { ulAdrEntryPad: 0 0, cValues: 4 4, lpProps: 8 8 }
    SRowSet: [16 4] [24 8] { cRows: 0 0, aRow: 4 8 }
    SSortOrder: [8 4] [8 4] { ulPropTag: 0 0, ulOrder: 4 4 }
    SSortOrderSet: [20 4] [20 4] { cSorts: 0 0, cCategories: 4 4, cExpanded: 8 8, aSort: 12 12 }
    MAPIERROR: [20 4] [32 8] {
        ulVersion: 0 0, lpszError: 4 8, lpszComponent: 8 16, ulLowLevelError: 12 24, ulContext: 16 28
    }
    SAndRestriction: [8 4] [16 8] { cRes: 0 0, lpRes: 4 8 }
    SOrRestriction: [8 4] [16 8] { cRes: 0 0, lpRes: 4 8 }
    SNotRestriction: [8 4] [16 8] { ulReserved: 0 0, lpRes: 4 8 }
    SContentRestriction: [12 4] [16 8] { ulFuzzyLevel: 0 0, ulPropTag: 4 4, lpProp: 8 8 }
    SBitMaskRestriction: [12 4] [12 4] { relBMR: 0 0, ulPropTag: 4 4, ulMask: 8 8 }
    SPropertyRestriction: [12 4] [16 8] { relop: 0 0, ulPropTag: 4 4, lpProp: 8 8 }
    SComparePropsRestriction: [12 4] [12 4] { relop: 0 0, ulPropTag1: 4 4, ulPropTag2: 8 8 }
    SSizeRestriction: [12 4] [12 4] { relop: 0 0, ulPropTag: 4 4, cb: 8 8 }
    SExistRestriction: [12 4] [12 4] { ulReserved1: 0 0, ulPropTag: 4 4, ulReserved2: 8 8 }
    SSubRestriction: [8 4] [16 8] { ulSubObject: 0 0, lpRes: 4 8 }
    SCommentRestriction: [12 4] [24 8] { cValues: 0 0, lpRes: 4 8, lpProp: 8 16 }
    SRestriction: [16 4] [32 8] {
        rt: 0 0, res: 4 8, res.resCompareProps: 4 8, res.resAnd: 4 8, res.resOr: 4 8, res.resNot: 4 8,
        res.resContent: 4 8, res.resProperty: 4 8, res.resBitMask: 4 8, res.resSize: 4 8, res.resExist: 4 8,
        res.resSub: 4 8, res.resComment: 4 8
    }
    ERROR_NOTIFICATION: [20 4] [32 8] {
        cbEntryID: 0 0, lpEntryID: 4 8, scode: 8 16, ulFlags: 12 20, lpMAPIError: 16 24
    }
    NEWMAIL_NOTIFICATION: [28 4] [56 8] {
        cbEntryID: 0 0, lpEntryID: 4 8, cbParentID: 8 16, lpParentID: 12 24, ulFlags: 16 32, lpszMessageClass: 20 40,
        ulMessageFlags: 24 48
    }
    OBJECT_NOTIFICATION: [40 4] [72 8] {
        cbEntryID: 0 0, lpEntryID: 4 8, ulObjType: 8 16, cbParentID: 12 20, lpParentID: 16 24, cbOldID: 20 32,
        lpOldID: 24 40, cbOldParentID: 28 48, lpOldParentID: 32 56, lpPropTagArray: 36 64
    }
    TABLE_NOTIFICATION: [56 8] [80 8] {
        ulTableEvent: 0 0, hResult: 4 4, propIndex: 8 8, propPrior: 24 32, row: 40 56, ulPad: 52 72
    }
    EXTENDED_NOTIFICATION: [12 4] [16 8] { ulEvent: 0 0, cb: 4 4, pbEventParameters: 8 8 }
    STATUS_OBJECT_NOTIFICATION: [16 4] [32 8] { cbEntryID: 0 0, lpEntryID: 4 8, cValues: 8 16, lpPropVals: 12 24 }
    NOTIFICATION: [64 8] [88 8] {
        ulEventType: 0 0, ulAlignPad: 4 4, info: 8 8, info.err: 8 8, info.newmail: 8 8, info.obj: 8 8, info.tab: 8 8,
        info.ext: 8 8, info.statobj: 8 8
    }
    NOTIFKEY: [8 4] [8 4] { cb: 0 0, ab: 4 4 }
    OPTIONDATA: [36 4] [64 8] {
        ulFlags: 0 0, lpRecipGUID: 4 8, lpszAdrType: 8 16, lpszDLLName: 12 24, ulOrdinal: 16 32, cbOptionsData: 20 36,
        lpbOptionsData: 24 40, cOptionsProps: 28 48, lpOptionsProps: 32 56
    }
    STATSTG: [72 8] [80 8] {
        pwcsName: 0 0, r#type: 4 8, cbSize: 8 16, mtime: 16 24, ctime: 24 32, atime: 32 40, grfMode: 40 48,
        grfLocksSupported: 44 52, clsid: 48 56, grfStateBits: 64 72, reserved: 68 76
    }
}
