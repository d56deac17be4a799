//! Property values outside of the boundary: owned, without pointers, comparable.

use std::fmt;

use crate::structs::SPropValue;
use crate::tags::PropType;
use crate::{GUID, HRESULT};

mod read;

pub use read::{FaultKind, ReadFault};

/// The value of a property, copied out of an `SPropValue`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants are the property types")]
pub enum PropValue {
    Null,
    I2(i16),
    Long(i32),
    R4(f32),
    Double(f64),
    /// In units of 1/10000.
    Currency(i64),
    /// Days since 1899-12-30.
    AppTime(f64),
    Error(HRESULT),
    Boolean(bool),
    /// An object, which the value does not contain.
    Object,
    I8(i64),
    /// Without the terminating zero.
    String8(Vec<u8>),
    /// Without the terminating zero.
    Unicode(Vec<u16>),
    /// 100 ns since 1601-01-01 UTC.
    SysTime(u64),
    /// The bytes as they lie in memory.
    Clsid([u8; 16]),
    Binary(Vec<u8>),
    MvI2(Vec<i16>),
    MvLong(Vec<i32>),
    MvR4(Vec<f32>),
    MvDouble(Vec<f64>),
    MvCurrency(Vec<i64>),
    MvAppTime(Vec<f64>),
    MvI8(Vec<i64>),
    MvString8(Vec<Vec<u8>>),
    MvUnicode(Vec<Vec<u16>>),
    MvSysTime(Vec<u64>),
    MvClsid(Vec<[u8; 16]>),
    MvBinary(Vec<Vec<u8>>),
    /// A type that MAPI does not define, and the first eight bytes of the value.
    Unknown(PropType, u64),
}

impl PropValue {
    /// Copies a value out of memory that somebody else filled in.
    ///
    /// # Errors
    ///
    /// [`ReadFault`] where the value is not what its type promises: no pointer in spite of a count, a string without an
    /// end. The fault has with it what could be read.
    ///
    /// # Safety
    ///
    /// Where the value's type says that a member of the union is a pointer, that pointer has to be null or point to as
    /// many initialised elements as the count beside it says, or to a string that ends with a zero; and so have the
    /// pointers in such arrays. For an unknown type at least eight bytes of the union have to be initialised.
    pub unsafe fn read(prop: &SPropValue) -> Result<PropValue, ReadFault> {
        // SAFETY: the caller vouches for what the reader asks.
        unsafe { read::read(prop) }
    }

    /// The type that a tag with this value has. An [`Unknown`](PropValue::Unknown) value has its own.
    pub fn prop_type(&self) -> PropType {
        match self {
            PropValue::Null => PropType::PT_NULL,
            PropValue::I2(_) => PropType::PT_I2,
            PropValue::Long(_) => PropType::PT_LONG,
            PropValue::R4(_) => PropType::PT_R4,
            PropValue::Double(_) => PropType::PT_DOUBLE,
            PropValue::Currency(_) => PropType::PT_CURRENCY,
            PropValue::AppTime(_) => PropType::PT_APPTIME,
            PropValue::Error(_) => PropType::PT_ERROR,
            PropValue::Boolean(_) => PropType::PT_BOOLEAN,
            PropValue::Object => PropType::PT_OBJECT,
            PropValue::I8(_) => PropType::PT_I8,
            PropValue::String8(_) => PropType::PT_STRING8,
            PropValue::Unicode(_) => PropType::PT_UNICODE,
            PropValue::SysTime(_) => PropType::PT_SYSTIME,
            PropValue::Clsid(_) => PropType::PT_CLSID,
            PropValue::Binary(_) => PropType::PT_BINARY,
            PropValue::MvI2(_) => PropType::PT_MV_I2,
            PropValue::MvLong(_) => PropType::PT_MV_LONG,
            PropValue::MvR4(_) => PropType::PT_MV_R4,
            PropValue::MvDouble(_) => PropType::PT_MV_DOUBLE,
            PropValue::MvCurrency(_) => PropType::PT_MV_CURRENCY,
            PropValue::MvAppTime(_) => PropType::PT_MV_APPTIME,
            PropValue::MvI8(_) => PropType::PT_MV_I8,
            PropValue::MvString8(_) => PropType::PT_MV_STRING8,
            PropValue::MvUnicode(_) => PropType::PT_MV_UNICODE,
            PropValue::MvSysTime(_) => PropType::PT_MV_SYSTIME,
            PropValue::MvClsid(_) => PropType::PT_MV_CLSID,
            PropValue::MvBinary(_) => PropType::PT_MV_BINARY,
            PropValue::Unknown(kind, _) => *kind,
        }
    }

    /// Text of either width, decoded; `None` for values that are not text. What is no UTF-16 becomes U+FFFD.
    pub fn to_text(&self) -> Option<String> {
        match self {
            PropValue::String8(bytes) => Some(decode_string8(bytes)),
            PropValue::Unicode(units) => {
                // The library's own `from_utf16_lossy` expects less, and grows on the way.
                let mut text = String::with_capacity(units.len());
                let characters = char::decode_utf16(units.iter().copied());
                text.extend(characters.map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)));
                Some(text)
            }
            _ => None,
        }
    }

    /// The number of a `PT_LONG`.
    pub fn as_long(&self) -> Option<i32> {
        if let PropValue::Long(number) = self { Some(*number) } else { None }
    }

    /// The truth of a `PT_BOOLEAN`.
    pub fn as_bool(&self) -> Option<bool> {
        if let PropValue::Boolean(truth) = self { Some(*truth) } else { None }
    }

    /// The bytes of a `PT_BINARY`.
    pub fn as_binary(&self) -> Option<&[u8]> {
        if let PropValue::Binary(bytes) = self { Some(bytes) } else { None }
    }
}

/// 8-bit text does not say which code page it is in: UTF-8 if it can be, else every byte is the character of its number.
pub fn decode_string8(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// A GUID's bytes as they lie in memory: the first three fields with the low byte first.
pub fn guid_to_bytes(guid: &GUID) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&guid.data1.to_le_bytes());
    bytes[4..6].copy_from_slice(&guid.data2.to_le_bytes());
    bytes[6..8].copy_from_slice(&guid.data3.to_le_bytes());
    bytes[8..].copy_from_slice(&guid.data4);
    bytes
}

/// The opposite of [`guid_to_bytes`].
pub fn guid_from_bytes(bytes: [u8; 16]) -> GUID {
    let [a, b, c, d, e, f, g, h, data4 @ ..] = bytes;
    GUID {
        data1: u32::from_le_bytes([a, b, c, d]),
        data2: u16::from_le_bytes([e, f]),
        data3: u16::from_le_bytes([g, h]),
        data4,
    }
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FaultKind::Null => f.write_str("null pointer in the place of a value"),
            FaultKind::Unterminated => write!(f, "no terminating zero within {} characters", read::MAX_UNITS),
            FaultKind::TooMany => write!(f, "more than {} values in one property", read::MAX_ELEMENTS),
        }
    }
}

impl std::error::Error for ReadFault {}
