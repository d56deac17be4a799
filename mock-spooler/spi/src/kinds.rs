//! What a parameter is: its C type, and how a recorder or a wire format reads it.

use core::ffi::c_void;

use windows_core::GUID;

use crate::codes::HRESULT;
use crate::structs::{
    ADRLIST, MAPIERROR, MAPINAMEID, MAPIUID, NOTIFICATION, NOTIFKEY, OPTIONDATA, SBinaryArray,
    SPropProblemArray, SPropTagArray, SPropValue, SRestriction, SRowSet, SSortOrderSet, STATSTG,
};

/// A kind of parameter: an `in` parameter has the type [`Kind::Abi`], an `out` or `inout` parameter is a pointer to one.
pub trait Kind {
    /// The C type of an `in` parameter of this kind.
    type Abi: Word;
    /// The same kind as a value, for tables.
    const WIRE: Wire;
}

/// A value that fits a register or is filled in place; `word` is its register image.
pub trait Word {
    /// The register image, zero-extended; zero for what is passed in memory.
    fn word(&self) -> u64;
}

macro_rules! words {
    ($($int:ty),*) => { $(impl Word for $int {
        #[allow(clippy::cast_lossless, clippy::unnecessary_cast)]
        fn word(&self) -> u64 {
            *self as u64
        }
    })* };
}
words!(u8, u32, usize, i64, u64);

impl Word for i32 {
    fn word(&self) -> u64 {
        u64::from(self.cast_unsigned())
    }
}

impl Word for HRESULT {
    fn word(&self) -> u64 {
        self.0.word()
    }
}

impl<T> Word for *mut T {
    fn word(&self) -> u64 {
        *self as usize as u64
    }
}

impl<T> Word for *const T {
    fn word(&self) -> u64 {
        *self as usize as u64
    }
}

impl Word for () {
    fn word(&self) -> u64 {
        0
    }
}

impl Word for MAPIUID {
    fn word(&self) -> u64 {
        0
    }
}

impl Word for STATSTG {
    fn word(&self) -> u64 {
        0
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $abi:ty;)*) => {
        /// The kinds as a plain enumeration, for recorders and wire formats.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Wire {
            $($(#[$doc])* $name,)*
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}

            impl Kind for $name {
                type Abi = $abi;
                const WIRE: Wire = Wire::$name;
            }
        )*
    };
}

kinds! {
    /// An unsigned 32-bit number or bit mask.
    Ulong = u32;
    /// A signed 32-bit number.
    Long = i32;
    /// A number of pointer size: `ULONG` in older headers, `ULONG_PTR` in newer ones.
    UlongPtr = usize;
    /// A result code passed as an argument.
    Hresult = HRESULT;
    /// A signed 64-bit number (`LARGE_INTEGER`).
    I64 = i64;
    /// An unsigned 64-bit number (`ULARGE_INTEGER`).
    U64 = u64;
    /// A size in bytes (`SIZE_T`).
    Size = usize;
    /// A property tag.
    Tag = u32;
    /// An array of property tags that knows its length.
    Tags = *mut SPropTagArray;
    /// An interface identifier.
    Iid = *const GUID;
    /// Interface identifiers, counted by the parameter before.
    IidArray = *const GUID;
    /// A pointer to a 16-byte identifier.
    Uid = *mut MAPIUID;
    /// A 16-byte identifier, filled in place.
    UidValue = MAPIUID;
    /// Pointers to 16-byte identifiers, counted by the parameter before.
    UidArray = *mut *mut MAPIUID;
    /// A string, of wide characters where the call's flags hold MAPI_UNICODE, else of 8-bit ones.
    Str = *mut c_void;
    /// A string of 8-bit characters.
    Str8 = *mut u8;
    /// Pointers to strings, counted by the parameter before.
    StrArray = *mut *mut c_void;
    /// Property values, counted by the parameter before.
    Props = *mut SPropValue;
    /// Which properties of a call failed, and why.
    Problems = *mut SPropProblemArray;
    /// A description of an error.
    MapiError = *mut MAPIERROR;
    /// An entry identifier, its size in the parameter before.
    EntryId = *mut c_void;
    /// Entry identifiers that know their number.
    EntryList = *mut SBinaryArray;
    /// Bytes, counted by the parameter before.
    Bytes = *mut u8;
    /// A caller's buffer to be filled; the parameter after says how large it is.
    Buffer = u8;
    /// Bytes, counted by the parameter after.
    WriteBuffer = *mut u8;
    /// A list of recipients.
    AdrList = *mut ADRLIST;
    /// Rows of a table.
    RowSet = *mut SRowSet;
    /// A condition on rows.
    Restriction = *mut SRestriction;
    /// An order of rows.
    SortOrder = *mut SSortOrderSet;
    /// Notifications, counted by the parameter before.
    Notifications = *mut NOTIFICATION;
    /// One notification.
    Notification = *mut NOTIFICATION;
    /// A key for notifications.
    NotifKey = *mut NOTIFKEY;
    /// Descriptions of options, counted by the parameter before.
    Options = *mut OPTIONDATA;
    /// Pointers to property names, counted by the parameter before.
    Names = *mut *mut MAPINAMEID;
    /// Property names handed out, counted by the parameter before.
    NameArray = *mut *mut MAPINAMEID;
    /// A stream's attributes, filled in place.
    Stat = STATSTG;
    /// What `SpoolerNotify` carries: its meaning depends on the flags.
    NotifyData = *mut c_void;
    /// What `TransportNotify` carries: a cell that points to the event's data.
    NotifyCell = *mut *mut c_void;
    /// A COM object.
    Object = *mut c_void;
    /// A pointer that is passed on and never followed.
    Opaque = *mut c_void;
}

impl Wire {
    /// Whether the length of a value of this kind stands in the parameter before it.
    #[must_use]
    pub fn counted_by_previous(self) -> bool {
        matches!(
            self,
            Self::IidArray
                | Self::UidArray
                | Self::StrArray
                | Self::Props
                | Self::EntryId
                | Self::Bytes
                | Self::Notifications
                | Self::Options
                | Self::Names
                | Self::NameArray
        )
    }
}
