//! Identifiers, extended error information, options, and what a stream says about itself.

#![expect(missing_docs, reason = "the fields have the names and meanings of the headers")]

use windows_core::GUID;

use super::{FILETIME, SBinaryArray, SPropValue, flexible};

/// A GUID that is always 16 plain bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MAPIUID {
    pub ab: [u8; 16],
}

/// An entry identifier. Its length is not part of it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ENTRYID {
    pub abFlags: [u8; 4],
    pub ab: [u8; 1],
}

impl ENTRYID {
    /// All bytes of the identifier; none if the pointer is null.
    ///
    /// # Safety
    ///
    /// A `this` that is not null has to point to `cb` initialised bytes that stay unchanged for `'a`.
    pub unsafe fn as_bytes<'a>(this: *const ENTRYID, cb: u32) -> &'a [u8] {
        if this.is_null() {
            return &[];
        }
        // SAFETY: not null, and bytes have no alignment; for the rest the caller vouches.
        unsafe { std::slice::from_raw_parts(this.cast(), cb as usize) }
    }
}

/// Bytes of an [`ENTRYID`] with `count` bytes after its flags.
pub const fn cb_new_entryid(count: usize) -> usize {
    std::mem::offset_of!(ENTRYID, ab) + count
}

/// Entry identifiers of the messages that a folder's method is about.
pub type ENTRYLIST = SBinaryArray;

/// An entry identifier with its length.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FLATENTRY {
    pub cb: u32,
    pub abEntry: [u8; 1],
}

flexible!(FLATENTRY, cb, abEntry: [u8], cb_new_flatentry);

/// Several [`FLATENTRY`], each at an offset that is a multiple of four.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FLATENTRYLIST {
    pub cEntries: u32,
    pub cbEntries: u32,
    pub abEntries: [u8; 1],
}

flexible!(FLATENTRYLIST, cbEntries, abEntries: [u8], cb_new_flatentrylist);

/// What `GetLastError` tells. The strings are as wide as the call's `MAPI_UNICODE` asked.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct MAPIERROR {
    pub ulVersion: u32,
    pub lpszError: *mut u8,
    pub lpszComponent: *mut u8,
    pub ulLowLevelError: u32,
    pub ulContext: u32,
}

/// Options of one address type, as `IXPLogon::RegisterOptions` returns them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OPTIONDATA {
    pub ulFlags: u32,
    pub lpRecipGUID: *mut GUID,
    pub lpszAdrType: *mut u8,
    pub lpszDLLName: *mut u8,
    pub ulOrdinal: u32,
    pub cbOptionsData: u32,
    pub lpbOptionsData: *mut u8,
    pub cOptionsProps: u32,
    pub lpOptionsProps: *mut SPropValue,
}

/// What `IStream::Stat` tells. `pwcsName` is for the caller to free, with `CoTaskMemFree`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct STATSTG {
    pub pwcsName: *mut u16,
    pub r#type: u32,
    pub cbSize: u64,
    pub mtime: FILETIME,
    pub ctime: FILETIME,
    pub atime: FILETIME,
    pub grfMode: u32,
    pub grfLocksSupported: u32,
    pub clsid: GUID,
    pub grfStateBits: u32,
    pub reserved: u32,
}
