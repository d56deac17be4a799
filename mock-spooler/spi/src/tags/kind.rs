use std::fmt;

use crate::codes::parse_hex;

/// A property's type, the lower half of its tag (`PT_LONG`, ...), bits for several values included.
///
/// Source page: *property-types*.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PropType(pub u16);

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        impl PropType {
            $($(#[$doc])* pub const $name: PropType = PropType($value);)*
        }

        const NAMES: &[(PropType, &str)] = &[$((PropType::$name, stringify!($name)),)*];
    };
}

types! {
    /// Any type: the caller leaves it to the object.
    PT_UNSPECIFIED = 0x0000;
    /// No value.
    PT_NULL = 0x0001;
    /// `i16`
    PT_I2 = 0x0002;
    /// `i32`
    PT_LONG = 0x0003;
    /// `f32`
    PT_R4 = 0x0004;
    /// `f64`
    PT_DOUBLE = 0x0005;
    /// `i64`, in units of 1/10000
    PT_CURRENCY = 0x0006;
    /// `f64`: days since 1899-12-30
    PT_APPTIME = 0x0007;
    /// An `SCODE` in the place of a value that could not be had
    PT_ERROR = 0x000A;
    /// `u16`, true if not zero
    PT_BOOLEAN = 0x000B;
    /// An object, to be opened with `OpenProperty`
    PT_OBJECT = 0x000D;
    /// `i64`
    PT_I8 = 0x0014;
    /// Zero-terminated bytes
    PT_STRING8 = 0x001E;
    /// Zero-terminated UTF-16
    PT_UNICODE = 0x001F;
    /// `FILETIME`: 100 ns since 1601-01-01 UTC
    PT_SYSTIME = 0x0040;
    /// A GUID
    PT_CLSID = 0x0048;
    /// A server entry identifier (Exchange)
    PT_SVREID = 0x00FB;
    /// A restriction (Exchange rules)
    PT_SRESTRICT = 0x00FD;
    /// Rule actions (Exchange)
    PT_ACTIONS = 0x00FE;
    /// Counted bytes
    PT_BINARY = 0x0102;
    /// A pointer that is only meaningful inside one process
    PT_PTR = 0x0103;
    /// Counted `i16`
    PT_MV_I2 = 0x1002;
    /// Counted `i32`
    PT_MV_LONG = 0x1003;
    /// Counted `f32`
    PT_MV_R4 = 0x1004;
    /// Counted `f64`
    PT_MV_DOUBLE = 0x1005;
    /// Counted currency values
    PT_MV_CURRENCY = 0x1006;
    /// Counted application times
    PT_MV_APPTIME = 0x1007;
    /// Counted `i64`
    PT_MV_I8 = 0x1014;
    /// Counted 8-bit strings
    PT_MV_STRING8 = 0x101E;
    /// Counted UTF-16 strings
    PT_MV_UNICODE = 0x101F;
    /// Counted times
    PT_MV_SYSTIME = 0x1040;
    /// Counted GUIDs
    PT_MV_CLSID = 0x1048;
    /// Counted byte arrays
    PT_MV_BINARY = 0x1102;
}

/// The alternative names of the headers.
const ALIASES: &[(&str, PropType)] = &[
    ("PT_SHORT", PropType::PT_I2),
    ("PT_I4", PropType::PT_LONG),
    ("PT_FLOAT", PropType::PT_R4),
    ("PT_R8", PropType::PT_DOUBLE),
    ("PT_LONGLONG", PropType::PT_I8),
    ("PT_TSTRING", PropType::PT_UNICODE),
    ("PT_MV_SHORT", PropType::PT_MV_I2),
    ("PT_MV_I4", PropType::PT_MV_LONG),
    ("PT_MV_FLOAT", PropType::PT_MV_R4),
    ("PT_MV_R8", PropType::PT_MV_DOUBLE),
    ("PT_MV_LONGLONG", PropType::PT_MV_I8),
    ("PT_MV_TSTRING", PropType::PT_MV_UNICODE),
];

const INSTANCE_SUFFIX: &str = "|MV_INSTANCE";

impl PropType {
    /// Bit: several values (`MV_FLAG`).
    pub const MV_FLAG: u16 = 0x1000;
    /// Bit, in table columns: one row for each of several values (`MV_INSTANCE`).
    pub const MV_INSTANCE: u16 = 0x2000;

    /// Whether values of this type are arrays.
    pub const fn is_multi_valued(self) -> bool {
        self.0 & PropType::MV_FLAG != 0
    }

    /// The type of one of the values: without the bits for several.
    pub const fn single(self) -> PropType {
        PropType(self.0 & !(PropType::MV_FLAG | PropType::MV_INSTANCE))
    }

    /// Whether values are text, in either width, one or several.
    pub const fn is_text(self) -> bool {
        matches!(self.single(), PropType::PT_STRING8 | PropType::PT_UNICODE)
    }

    /// The canonical name, if the type has one.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(kind, _)| *kind == self).map(|(_, name)| *name)
    }

    /// The type with this name, or with this number (`0x` and up to four hexadecimal digits).
    pub fn from_name(name: &str) -> Option<PropType> {
        if let Some(base) = name.strip_suffix(INSTANCE_SUFFIX) {
            return PropType::from_name(base).map(|kind| PropType(kind.0 | PropType::MV_INSTANCE));
        }
        if let Some(digits) = name.strip_prefix("0x") {
            return parse_hex(digits).and_then(|bits| u16::try_from(bits).ok()).map(PropType);
        }
        let canonical = NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
        canonical.or_else(|| ALIASES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind))
    }
}

impl fmt::Display for PropType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.pad(name);
        }
        let base = PropType(self.0 & !PropType::MV_INSTANCE);
        match base.name() {
            Some(name) => write!(f, "{name}{INSTANCE_SUFFIX}"),
            None => write!(f, "{:#06X}", self.0),
        }
    }
}

impl fmt::Debug for PropType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_round_trip() {
        for bits in 0..=u16::MAX {
            let kind = PropType(bits);
            assert_eq!(PropType::from_name(&kind.to_string()), Some(kind));
        }
        for (alias, kind) in ALIASES {
            assert_eq!(PropType::from_name(alias), Some(*kind));
        }
        assert_eq!(PropType::from_name("PT_TEXT"), None);
    }

    #[test]
    fn several_values_of_one_type() {
        let column = PropType(PropType::PT_MV_STRING8.0 | PropType::MV_INSTANCE);
        assert_eq!(column.to_string(), "PT_MV_STRING8|MV_INSTANCE");
        assert_eq!(column.single(), PropType::PT_STRING8);
        assert!(column.is_multi_valued() && column.is_text());
    }
}
