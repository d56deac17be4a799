//! Notifications: what an advise sink is told.

#![expect(missing_docs, reason = "the fields have the names and meanings of the headers")]

use std::fmt;

use super::{ENTRYID, MAPIERROR, SPropTagArray, SPropValue, SRow, flexible};
use crate::HRESULT;

/// `fnevCriticalError`
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ERROR_NOTIFICATION {
    pub cbEntryID: u32,
    pub lpEntryID: *mut ENTRYID,
    pub scode: HRESULT,
    pub ulFlags: u32,
    pub lpMAPIError: *mut MAPIERROR,
}

/// `fnevNewMail`, and the parameter of `IMsgStore::NotifyNewMail`. `lpszMessageClass` is as wide as `ulFlags` says.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NEWMAIL_NOTIFICATION {
    pub cbEntryID: u32,
    pub lpEntryID: *mut ENTRYID,
    pub cbParentID: u32,
    pub lpParentID: *mut ENTRYID,
    pub ulFlags: u32,
    pub lpszMessageClass: *mut u8,
    pub ulMessageFlags: u32,
}

/// `fnevObjectCreated`, `fnevObjectDeleted`, `fnevObjectModified`, `fnevObjectMoved`, `fnevObjectCopied`,
/// `fnevSearchComplete`
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OBJECT_NOTIFICATION {
    pub cbEntryID: u32,
    pub lpEntryID: *mut ENTRYID,
    pub ulObjType: u32,
    pub cbParentID: u32,
    pub lpParentID: *mut ENTRYID,
    pub cbOldID: u32,
    pub lpOldID: *mut ENTRYID,
    pub cbOldParentID: u32,
    pub lpOldParentID: *mut ENTRYID,
    pub lpPropTagArray: *mut SPropTagArray,
}

/// `fnevTableModified`
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TABLE_NOTIFICATION {
    pub ulTableEvent: u32,
    pub hResult: HRESULT,
    pub propIndex: SPropValue,
    pub propPrior: SPropValue,
    pub row: SRow,
    pub ulPad: u32,
}

/// `fnevExtended`
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EXTENDED_NOTIFICATION {
    pub ulEvent: u32,
    pub cb: u32,
    pub pbEventParameters: *mut u8,
}

/// `fnevStatusObjectModified`
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct STATUS_OBJECT_NOTIFICATION {
    pub cbEntryID: u32,
    pub lpEntryID: *mut ENTRYID,
    pub cValues: u32,
    pub lpPropVals: *mut SPropValue,
}

/// What happened; [`NOTIFICATION::ulEventType`] says which member holds it.
#[repr(C)]
#[derive(Clone, Copy)]
pub union NOTIFICATION_INFO {
    pub err: ERROR_NOTIFICATION,
    pub newmail: NEWMAIL_NOTIFICATION,
    pub obj: OBJECT_NOTIFICATION,
    pub tab: TABLE_NOTIFICATION,
    pub ext: EXTENDED_NOTIFICATION,
    pub statobj: STATUS_OBJECT_NOTIFICATION,
}

impl fmt::Debug for NOTIFICATION_INFO {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NOTIFICATION_INFO")
    }
}

/// One event for an advise sink.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NOTIFICATION {
    pub ulEventType: u32,
    pub ulAlignPad: u32,
    pub info: NOTIFICATION_INFO,
}

/// What `IMAPISupport::Subscribe` and `Notify` agree on as the source of events.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NOTIFKEY {
    pub cb: u32,
    pub ab: [u8; 1],
}

flexible!(NOTIFKEY, cb, ab: [u8], cb_new_notifkey);
