//! Reading values that somebody else laid down in memory. Null pointers and runaway counts become faults, not crashes;
//! a pointer into nowhere is the one thing that cannot be told from a good one.

use super::{PropValue, guid_to_bytes};
use crate::GUID;
use crate::structs::{CY, Elements, FILETIME, SBinary, SPropValue};
use crate::tags::PropType;

/// Characters of a string after which its end is no longer looked for.
pub(super) const MAX_UNITS: usize = 1 << 26;

/// Elements of an array, bytes of a binary, above which a count is taken for garbage.
pub(super) const MAX_ELEMENTS: usize = 1 << 30;

/// A value in memory was not what its type promises.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadFault {
    /// What was wrong, the first of it.
    pub kind: FaultKind,
    /// The value as far as it could be read; empty where nothing could.
    pub value: PropValue,
}

/// What can be wrong with a value in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// No pointer, though the type is one, or the count is not zero.
    Null,
    /// A string whose end was not found within the limit.
    Unterminated,
    /// A count that cannot be meant.
    TooMany,
}

/// What a part of a value yields: always something, and a fault where it is not all of it.
struct Part<T> {
    value: T,
    fault: Option<FaultKind>,
}

/// Reads one value.
///
/// # Safety
///
/// As for [`PropValue::read`].
pub(super) unsafe fn read(prop: &SPropValue) -> Result<PropValue, ReadFault> {
    let value = &prop.Value;
    let kind = prop.tag().prop_type();
    // SAFETY: for all of the match: the type says which member was written, and members that are plain numbers have no
    // invalid values. The pointers and counts go to functions which ask for what the caller vouches for.
    let part = unsafe {
        match kind {
            PropType::PT_NULL => whole(PropValue::Null),
            PropType::PT_OBJECT => whole(PropValue::Object),
            PropType::PT_I2 => whole(PropValue::I2(value.i)),
            PropType::PT_LONG => whole(PropValue::Long(value.l)),
            PropType::PT_R4 => whole(PropValue::R4(value.flt)),
            PropType::PT_DOUBLE => whole(PropValue::Double(value.dbl)),
            PropType::PT_CURRENCY => whole(PropValue::Currency(value.cur.int64)),
            PropType::PT_APPTIME => whole(PropValue::AppTime(value.at)),
            PropType::PT_ERROR => whole(PropValue::Error(value.err)),
            PropType::PT_BOOLEAN => whole(PropValue::Boolean(value.b != 0)),
            PropType::PT_I8 => whole(PropValue::I8(value.li)),
            PropType::PT_SYSTIME => whole(PropValue::SysTime(value.ft.to_u64())),
            PropType::PT_STRING8 => string(value.lpszA).map(PropValue::String8),
            PropType::PT_UNICODE => string(value.lpszW).map(PropValue::Unicode),
            PropType::PT_CLSID => clsid(value.lpguid).map(PropValue::Clsid),
            PropType::PT_BINARY => {
                array(value.bin.lpb, value.bin.cb, |byte| whole(*byte)).map(PropValue::Binary)
            }
            PropType::PT_MV_I2 => {
                array(value.MVi.lpi, value.MVi.cValues, |number| whole(*number)).map(PropValue::MvI2)
            }
            PropType::PT_MV_LONG => {
                array(value.MVl.lpl, value.MVl.cValues, |number| whole(*number)).map(PropValue::MvLong)
            }
            PropType::PT_MV_R4 => {
                array(value.MVflt.lpflt, value.MVflt.cValues, |number| whole(*number)).map(PropValue::MvR4)
            }
            PropType::PT_MV_DOUBLE => array(value.MVdbl.lpdbl, value.MVdbl.cValues, |number| whole(*number))
                .map(PropValue::MvDouble),
            PropType::PT_MV_CURRENCY => {
                array(value.MVcur.lpcur, value.MVcur.cValues, |amount: &CY| whole(amount.int64))
                    .map(PropValue::MvCurrency)
            }
            PropType::PT_MV_APPTIME => {
                array(value.MVat.lpat, value.MVat.cValues, |days| whole(*days)).map(PropValue::MvAppTime)
            }
            PropType::PT_MV_I8 => {
                array(value.MVli.lpli, value.MVli.cValues, |number| whole(*number)).map(PropValue::MvI8)
            }
            PropType::PT_MV_SYSTIME => {
                array(value.MVft.lpft, value.MVft.cValues, |time: &FILETIME| whole(time.to_u64()))
                    .map(PropValue::MvSysTime)
            }
            PropType::PT_MV_CLSID => {
                array(value.MVguid.lpguid, value.MVguid.cValues, |guid| whole(guid_to_bytes(guid)))
                    .map(PropValue::MvClsid)
            }
            PropType::PT_MV_STRING8 => {
                array(value.MVszA.lppszA, value.MVszA.cValues, |text| string(*text)).map(PropValue::MvString8)
            }
            PropType::PT_MV_UNICODE => {
                array(value.MVszW.lppszW, value.MVszW.cValues, |text| string(*text)).map(PropValue::MvUnicode)
            }
            PropType::PT_MV_BINARY => array(value.MVbin.lpbin, value.MVbin.cValues, |bytes: &SBinary| {
                array(bytes.lpb, bytes.cb, |byte| whole(*byte))
            })
            .map(PropValue::MvBinary),
            _ => whole(PropValue::Unknown(kind, value.li.cast_unsigned())),
        }
    };
    match part.fault {
        None => Ok(part.value),
        Some(kind) => Err(ReadFault { kind, value: part.value }),
    }
}

impl<T> Part<T> {
    fn map<U>(self, make: impl FnOnce(T) -> U) -> Part<U> {
        Part { value: make(self.value), fault: self.fault }
    }
}

fn whole<T>(value: T) -> Part<T> {
    Part { value, fault: None }
}

fn faulty<T: Default>(fault: FaultKind) -> Part<T> {
    Part { value: T::default(), fault: Some(fault) }
}

/// Reads an array, each element with `element`.
///
/// # Safety
///
/// A `first` that is not null has to point to `count` initialised elements.
unsafe fn array<T: Copy, U>(first: *const T, count: u32, element: impl Fn(&T) -> Part<U>) -> Part<Vec<U>> {
    if count == 0 {
        return whole(Vec::new());
    }
    if first.is_null() {
        return faulty(FaultKind::Null);
    }
    if count as usize > MAX_ELEMENTS / size_of::<T>() {
        return faulty(FaultKind::TooMany);
    }
    // SAFETY: not null, below `isize::MAX` bytes; for the elements the caller vouches.
    let elements = unsafe { Elements::new(first, count) };
    let mut fault = None;
    let value = elements.map(|one| element(&one)).map(|part| {
        fault = fault.or(part.fault);
        part.value
    });
    let value = value.collect();
    Part { value, fault }
}

/// Reads up to the terminating zero, which is left out.
///
/// # Safety
///
/// A `first` that is not null has to point to characters of which one is zero.
unsafe fn string<T: Copy + Default + PartialEq>(first: *const T) -> Part<Vec<T>> {
    if first.is_null() {
        return faulty(FaultKind::Null);
    }
    // SAFETY: everything up to the first zero can be read, as the caller vouches, and nothing behind it is.
    let unit = |at| unsafe { first.add(at).read_unaligned() };
    // The end first: a string that grows while it is read is copied several times.
    let end = (0..MAX_UNITS).find(|at| unit(*at) == T::default());
    let value = (0..end.unwrap_or(MAX_UNITS)).map(unit).collect();
    Part { value, fault: end.is_none().then_some(FaultKind::Unterminated) }
}

/// # Safety
///
/// A `guid` that is not null has to point to a GUID.
unsafe fn clsid(guid: *const GUID) -> Part<[u8; 16]> {
    if guid.is_null() {
        return faulty(FaultKind::Null);
    }
    // SAFETY: not null, hence a GUID, as the caller vouches.
    whole(guid_to_bytes(&unsafe { guid.read_unaligned() }))
}

#[cfg(test)]
mod tests {
    use std::ptr::null_mut;

    use super::super::{decode_string8, guid_from_bytes};
    use super::*;
    use crate::structs::{__UPV, SBinaryArray, SWStringArray};
    use crate::tags::{PR_BODY_A, PR_ENTRYID, PR_RECIPIENT_TYPE, PR_SUBJECT_W, PropTag};

    fn read_value(tag: PropTag, value: __UPV) -> Result<PropValue, ReadFault> {
        let prop = SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: value };
        // SAFETY: each test fills in the member that the tag's type names, with null or with data that outlives the call.
        unsafe { PropValue::read(&prop) }
    }

    fn with_type(kind: PropType) -> PropTag {
        PropTag::new(0x6600, kind)
    }

    #[test]
    fn numbers_and_text() {
        assert_eq!(read_value(PR_RECIPIENT_TYPE, __UPV { l: 1 }), Ok(PropValue::Long(1)));
        let mut wide: Vec<u16> = "Grüße\0behind".encode_utf16().collect();
        let text = read_value(PR_SUBJECT_W, __UPV { lpszW: wide.as_mut_ptr() }).expect("the text ends");
        assert_eq!(text.to_text().as_deref(), Some("Grüße"));
        assert_eq!(text.prop_type(), PropType::PT_UNICODE);
        let mut narrow = *b"Gr\xFC\xDFe\0";
        let text = read_value(PR_BODY_A, __UPV { lpszA: narrow.as_mut_ptr() }).expect("the text ends");
        assert_eq!(text.to_text().as_deref(), Some("Grüße"));
        assert_eq!(decode_string8("Grüße".as_bytes()), "Grüße");
    }

    #[test]
    fn arrays() {
        let mut one: Vec<u16> = "one\0".encode_utf16().collect();
        let mut texts = [one.as_mut_ptr(), null_mut()];
        let both = SWStringArray { cValues: 2, lppszW: texts.as_mut_ptr() };
        let fault =
            read_value(with_type(PropType::PT_MV_UNICODE), __UPV { MVszW: both }).expect_err("one is null");
        assert_eq!(fault.kind, FaultKind::Null);
        assert_eq!(fault.value, PropValue::MvUnicode(vec!["one".encode_utf16().collect(), vec![]]));

        let mut bytes = [1, 2, 3];
        let mut binaries = [SBinary { cb: 3, lpb: bytes.as_mut_ptr() }, SBinary { cb: 0, lpb: null_mut() }];
        let both = SBinaryArray { cValues: 2, lpbin: binaries.as_mut_ptr() };
        let value = read_value(with_type(PropType::PT_MV_BINARY), __UPV { MVbin: both });
        assert_eq!(value, Ok(PropValue::MvBinary(vec![vec![1, 2, 3], vec![]])));
    }

    #[test]
    fn null_pointers_give_empty_values_and_a_fault() {
        let fault = read_value(PR_SUBJECT_W, __UPV { lpszW: null_mut() }).expect_err("no text");
        assert_eq!(fault, ReadFault { kind: FaultKind::Null, value: PropValue::Unicode(vec![]) });
        let fault =
            read_value(PR_ENTRYID, __UPV { bin: SBinary { cb: 4, lpb: null_mut() } }).expect_err("no bytes");
        assert_eq!(fault, ReadFault { kind: FaultKind::Null, value: PropValue::Binary(vec![]) });
        let empty = read_value(PR_ENTRYID, __UPV { bin: SBinary { cb: 0, lpb: null_mut() } });
        assert_eq!(empty, Ok(PropValue::Binary(vec![])), "nothing is promised, nothing missing");
    }

    #[test]
    fn unknown_types_survive() {
        let kind = PropType(0x0077);
        assert_eq!(read_value(with_type(kind), __UPV { li: -1 }), Ok(PropValue::Unknown(kind, u64::MAX)));
    }

    #[test]
    fn guids() {
        let bytes: [u8; 16] = std::array::from_fn(|at| at as u8);
        let mut guid = guid_from_bytes(bytes);
        assert_eq!(guid.data1, 0x0302_0100);
        let value = read_value(with_type(PropType::PT_CLSID), __UPV { lpguid: &raw mut guid });
        assert_eq!(value, Ok(PropValue::Clsid(bytes)));
    }
}
