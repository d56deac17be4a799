//! Status codes: [`HRESULT`] with a named constant for every code of `mapicode.h`, and those of COM and structured
//! storage that cross the same boundary.
//!
//! A newtype, not an enum: a provider may return any 32 bits, and the trace has to show them unchanged. Name and value
//! are written once, in the list below; what COM and MAPI call differently has MAPI's name when it is printed.

use std::fmt;

/// A method's result (`HRESULT`, or `SCODE` inside structures): negative means failure.
///
/// Printed by name where it has one, as `0x8004XXXX` where it has none. Source page: *error-codes*.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HRESULT(pub i32);

impl HRESULT {
    /// The code with these 32 bits.
    pub const fn from_u32(bits: u32) -> HRESULT {
        HRESULT(bits.cast_signed())
    }

    /// The code's 32 bits.
    pub const fn to_u32(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// Success, warnings (`MAPI_W_*`) included.
    pub const fn is_ok(self) -> bool {
        self.0 >= 0
    }

    /// Failure.
    pub const fn is_err(self) -> bool {
        self.0 < 0
    }

    /// Success that is not plain `S_OK`: `S_FALSE` or a `MAPI_W_*` code.
    pub const fn is_warning(self) -> bool {
        self.0 > 0
    }

    /// The canonical name, if the code has one.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(code, _)| *code == self).map(|(_, name)| *name)
    }

    /// The code with this name - canonical or alias - or this number (`0x` and up to eight hexadecimal digits).
    pub fn from_name(name: &str) -> Option<HRESULT> {
        if let Some(digits) = name.strip_prefix("0x").or_else(|| name.strip_prefix("0X")) {
            return parse_hex(digits).map(HRESULT::from_u32);
        }
        NAMES.iter().chain(ALIASES).find(|(_, known)| *known == name).map(|(code, _)| *code)
    }

    /// Every code with its canonical name, in the order of the headers.
    pub fn all() -> &'static [(HRESULT, &'static str)] {
        NAMES
    }
}

impl fmt::Display for HRESULT {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("{:#010X}", self.to_u32())),
        }
    }
}

impl fmt::Debug for HRESULT {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<windows_core::HRESULT> for HRESULT {
    fn from(code: windows_core::HRESULT) -> HRESULT {
        HRESULT(code.0)
    }
}

impl From<HRESULT> for windows_core::HRESULT {
    fn from(code: HRESULT) -> windows_core::HRESULT {
        windows_core::HRESULT(code.0)
    }
}

/// Hexadecimal digits alone; `u32::from_str_radix` would also take a sign.
pub(crate) fn parse_hex(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.len() <= 8 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if plain { u32::from_str_radix(digits, 16).ok() } else { None }
}

macro_rules! codes {
    (
        codes { $($name:ident = $bits:literal;)* }
        aliases { $($alias:ident = $of:ident;)* }
    ) => {
        impl HRESULT {
            $(
                #[doc = concat!("`", stringify!($bits), "`")]
                pub const $name: HRESULT = HRESULT::from_u32($bits);
            )*
            $(
                #[doc = concat!("Another name of [`", stringify!($of), "`](Self::", stringify!($of), ").")]
                pub const $alias: HRESULT = HRESULT::$of;
            )*
        }

        const NAMES: &[(HRESULT, &str)] = &[$((HRESULT::$name, stringify!($name)),)*];
        const ALIASES: &[(HRESULT, &str)] = &[$((HRESULT::$alias, stringify!($alias)),)*];
    };
}

codes! {
    codes {
        S_OK = 0x00000000;
        S_FALSE = 0x00000001;

        // General; these five have COM's values.
        MAPI_E_CALL_FAILED = 0x80004005;
        MAPI_E_NOT_ENOUGH_MEMORY = 0x8007000E;
        MAPI_E_INVALID_PARAMETER = 0x80070057;
        MAPI_E_INTERFACE_NOT_SUPPORTED = 0x80004002;
        MAPI_E_NO_ACCESS = 0x80070005;

        MAPI_E_NO_SUPPORT = 0x80040102;
        MAPI_E_BAD_CHARWIDTH = 0x80040103;
        MAPI_E_STRING_TOO_LONG = 0x80040105;
        MAPI_E_UNKNOWN_FLAGS = 0x80040106;
        MAPI_E_INVALID_ENTRYID = 0x80040107;
        MAPI_E_INVALID_OBJECT = 0x80040108;
        MAPI_E_OBJECT_CHANGED = 0x80040109;
        MAPI_E_OBJECT_DELETED = 0x8004010A;
        MAPI_E_BUSY = 0x8004010B;
        MAPI_E_NOT_ENOUGH_DISK = 0x8004010D;
        MAPI_E_NOT_ENOUGH_RESOURCES = 0x8004010E;
        MAPI_E_NOT_FOUND = 0x8004010F;
        MAPI_E_VERSION = 0x80040110;
        MAPI_E_LOGON_FAILED = 0x80040111;
        MAPI_E_SESSION_LIMIT = 0x80040112;
        MAPI_E_USER_CANCEL = 0x80040113;
        MAPI_E_UNABLE_TO_ABORT = 0x80040114;
        MAPI_E_NETWORK_ERROR = 0x80040115;
        MAPI_E_DISK_ERROR = 0x80040116;
        MAPI_E_TOO_COMPLEX = 0x80040117;
        MAPI_E_BAD_COLUMN = 0x80040118;
        MAPI_E_EXTENDED_ERROR = 0x80040119;
        MAPI_E_COMPUTED = 0x8004011A;
        MAPI_E_CORRUPT_DATA = 0x8004011B;
        MAPI_E_UNCONFIGURED = 0x8004011C;
        MAPI_E_FAILONEPROVIDER = 0x8004011D;
        MAPI_E_UNKNOWN_CPID = 0x8004011E;
        MAPI_E_UNKNOWN_LCID = 0x8004011F;

        // Logon.
        MAPI_E_PASSWORD_CHANGE_REQUIRED = 0x80040120;
        MAPI_E_PASSWORD_EXPIRED = 0x80040121;
        MAPI_E_INVALID_WORKSTATION_ACCOUNT = 0x80040122;
        MAPI_E_INVALID_ACCESS_TIME = 0x80040123;
        MAPI_E_ACCOUNT_DISABLED = 0x80040124;

        // Session and status objects.
        MAPI_E_END_OF_SESSION = 0x80040200;
        MAPI_E_UNKNOWN_ENTRYID = 0x80040201;
        MAPI_E_MISSING_REQUIRED_COLUMN = 0x80040202;
        MAPI_W_NO_SERVICE = 0x00040203;

        // Properties.
        MAPI_E_BAD_VALUE = 0x80040301;
        MAPI_E_INVALID_TYPE = 0x80040302;
        MAPI_E_TYPE_NO_SUPPORT = 0x80040303;
        MAPI_E_UNEXPECTED_TYPE = 0x80040304;
        MAPI_E_TOO_BIG = 0x80040305;
        MAPI_E_DECLINE_COPY = 0x80040306;
        MAPI_E_UNEXPECTED_ID = 0x80040307;
        MAPI_W_ERRORS_RETURNED = 0x00040380;

        // Tables.
        MAPI_E_UNABLE_TO_COMPLETE = 0x80040400;
        MAPI_E_TIMEOUT = 0x80040401;
        MAPI_E_TABLE_EMPTY = 0x80040402;
        MAPI_E_TABLE_TOO_BIG = 0x80040403;
        MAPI_E_INVALID_BOOKMARK = 0x80040405;
        MAPI_W_POSITION_CHANGED = 0x00040481;
        MAPI_W_APPROX_COUNT = 0x00040482;

        // Transports.
        MAPI_E_WAIT = 0x80040500;
        MAPI_E_CANCEL = 0x80040501;
        MAPI_E_NOT_ME = 0x80040502;
        MAPI_W_CANCEL_MESSAGE = 0x00040580;

        // Stores, folders and messages.
        MAPI_E_CORRUPT_STORE = 0x80040600;
        MAPI_E_NOT_IN_QUEUE = 0x80040601;
        MAPI_E_NO_SUPPRESS = 0x80040602;
        MAPI_E_COLLISION = 0x80040604;
        MAPI_E_NOT_INITIALIZED = 0x80040605;
        MAPI_E_NON_STANDARD = 0x80040606;
        MAPI_E_NO_RECIPIENTS = 0x80040607;
        MAPI_E_SUBMITTED = 0x80040608;
        MAPI_E_HAS_FOLDERS = 0x80040609;
        MAPI_E_HAS_MESSAGES = 0x8004060A;
        MAPI_E_FOLDER_CYCLE = 0x8004060B;
        MAPI_W_PARTIAL_COMPLETION = 0x00040680;

        // Address book.
        MAPI_E_AMBIGUOUS_RECIP = 0x80040700;

        // COM, where MAPI has no name of its own.
        E_UNEXPECTED = 0x8000FFFF;
        E_NOTIMPL = 0x80004001;
        E_POINTER = 0x80004003;
        E_ABORT = 0x80004004;
        E_HANDLE = 0x80070006;

        // Structured storage: what IStream and IStorage return.
        STG_E_INVALIDFUNCTION = 0x80030001;
        STG_E_FILENOTFOUND = 0x80030002;
        STG_E_PATHNOTFOUND = 0x80030003;
        STG_E_ACCESSDENIED = 0x80030005;
        STG_E_INVALIDHANDLE = 0x80030006;
        STG_E_INSUFFICIENTMEMORY = 0x80030008;
        STG_E_INVALIDPOINTER = 0x80030009;
        STG_E_SEEKERROR = 0x80030019;
        STG_E_WRITEFAULT = 0x8003001D;
        STG_E_READFAULT = 0x8003001E;
        STG_E_SHAREVIOLATION = 0x80030020;
        STG_E_LOCKVIOLATION = 0x80030021;
        STG_E_FILEALREADYEXISTS = 0x80030050;
        STG_E_INVALIDPARAMETER = 0x80030057;
        STG_E_MEDIUMFULL = 0x80030070;
        STG_E_INVALIDNAME = 0x800300FC;
        STG_E_INVALIDFLAG = 0x800300FF;
        STG_E_INUSE = 0x80030100;
        STG_E_NOTCURRENT = 0x80030101;
        STG_E_REVERTED = 0x80030102;
        STG_E_CANTSAVE = 0x80030103;
    }
    aliases {
        SUCCESS_SUCCESS = S_OK;
        E_FAIL = MAPI_E_CALL_FAILED;
        E_OUTOFMEMORY = MAPI_E_NOT_ENOUGH_MEMORY;
        E_INVALIDARG = MAPI_E_INVALID_PARAMETER;
        E_NOINTERFACE = MAPI_E_INTERFACE_NOT_SUPPORTED;
        E_ACCESSDENIED = MAPI_E_NO_ACCESS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_value() {
        for (code, name) in HRESULT::all() {
            assert_eq!(code.name(), Some(*name), "one canonical name each");
            assert_eq!(HRESULT::from_name(name), Some(*code));
        }
        for (code, alias) in ALIASES {
            assert_eq!(HRESULT::from_name(alias), Some(*code));
            assert_ne!(code.name(), Some(*alias), "an alias is never printed");
        }
    }

    #[test]
    fn values_are_the_headers() {
        assert_eq!(HRESULT::MAPI_E_NO_SUPPORT.to_u32(), 0x8004_0102);
        assert_eq!(HRESULT::MAPI_W_CANCEL_MESSAGE.to_u32(), 0x0004_0580);
        assert_eq!(HRESULT::E_INVALIDARG.to_string(), "MAPI_E_INVALID_PARAMETER");
        assert!(HRESULT::MAPI_W_ERRORS_RETURNED.is_ok() && HRESULT::MAPI_W_ERRORS_RETURNED.is_warning());
        assert!(HRESULT::MAPI_E_WAIT.is_err());
    }

    #[test]
    fn unknown_codes_survive_as_numbers() {
        let unknown = HRESULT::from_u32(0x8004_0FFF);
        assert_eq!(unknown.name(), None);
        assert_eq!(unknown.to_string(), "0x80040FFF");
        assert_eq!(format!("{unknown:?}"), "0x80040FFF");
        assert_eq!(HRESULT::from_name("0x80040FFF"), Some(unknown));
        assert_eq!(HRESULT::from_name("0x80040102"), Some(HRESULT::MAPI_E_NO_SUPPORT));
        for wrong in ["", "0x", "0x+1", "0x123456789", "MAPI_E_NOPE", "mapi_e_no_support"] {
            assert_eq!(HRESULT::from_name(wrong), None, "{wrong}");
        }
    }
}
