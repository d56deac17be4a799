//! Notifications, and what SpoolerNotify carries, there and back.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::structs::{
    ENTRYID, ERROR_NOTIFICATION, EXTENDED_NOTIFICATION, NEWMAIL_NOTIFICATION, NOTIFICATION,
    NOTIFICATION_INFO, OBJECT_NOTIFICATION, SBinary, SPropValue, SRow, STATUS_OBJECT_NOTIFICATION,
    TABLE_NOTIFICATION,
};
use mapi_spi::{PropTag, flags};
use serde_json::{Map, Value, json};

use super::parts::{self, blob, part, part_text};
use super::write::{Lent, Place, array};
use super::{read, value};
use crate::objects::wire::Room;
use crate::shim::wrong::Wrong;

/// Events that are told by an OBJECT_NOTIFICATION.
const OF_OBJECTS: u32 = flags::fnevObjectCreated
    | flags::fnevObjectDeleted
    | flags::fnevObjectModified
    | flags::fnevObjectMoved
    | flags::fnevObjectCopied
    | flags::fnevSearchComplete;

/// # Safety
///
/// The notification is what its event type says, its pointers null or valid.
pub(super) unsafe fn read(event: &NOTIFICATION) -> Value {
    let mut told = Map::new();
    told.insert("event".to_owned(), json!(event.ulEventType));
    // SAFETY: the event type says which member holds; the caller vouches for the pointers in it.
    let info = unsafe {
        match event.ulEventType {
            flags::fnevCriticalError => critical(&event.info.err),
            flags::fnevNewMail => new_mail(&event.info.newmail),
            kind if kind & OF_OBJECTS != 0 => object(&event.info.obj),
            flags::fnevTableModified => table(&event.info.tab),
            flags::fnevStatusObjectModified => {
                let status = &event.info.statobj;
                json!({
                    "entry": read::bytes(status.lpEntryID.cast(), status.cbEntryID as usize),
                    "props": read::props(status.lpPropVals, status.cValues as usize),
                })
            }
            flags::fnevExtended => {
                let extended = &event.info.ext;
                json!({
                    "extended": extended.ulEvent,
                    "data": read::bytes(extended.pbEventParameters, extended.cb as usize),
                })
            }
            _ => json!({}),
        }
    };
    if let Value::Object(info) = info {
        told.extend(info);
    }
    Value::Object(told)
}

unsafe fn critical(error: &ERROR_NOTIFICATION) -> Value {
    // SAFETY: as the caller vouches.
    unsafe {
        json!({
            "entry": read::bytes(error.lpEntryID.cast(), error.cbEntryID as usize),
            "code": value::code(error.scode),
            "flags": error.ulFlags,
            "error": read::error(error.lpMAPIError, error.ulFlags & flags::MAPI_UNICODE != 0),
        })
    }
}

unsafe fn new_mail(mail: &NEWMAIL_NOTIFICATION) -> Value {
    // SAFETY: as the caller vouches.
    unsafe {
        json!({
            "entry": read::bytes(mail.lpEntryID.cast(), mail.cbEntryID as usize),
            "parent": read::bytes(mail.lpParentID.cast(), mail.cbParentID as usize),
            "flags": mail.ulFlags,
            "class": read::text(mail.lpszMessageClass.cast(), mail.ulFlags & flags::MAPI_UNICODE != 0),
            "message-flags": mail.ulMessageFlags,
        })
    }
}

unsafe fn object(object: &OBJECT_NOTIFICATION) -> Value {
    // SAFETY: as the caller vouches.
    unsafe {
        let tags = object.lpPropTagArray;
        json!({
            "entry": read::bytes(object.lpEntryID.cast(), object.cbEntryID as usize),
            "type": object.ulObjType,
            "parent": read::bytes(object.lpParentID.cast(), object.cbParentID as usize),
            "old": read::bytes(object.lpOldID.cast(), object.cbOldID as usize),
            "old-parent": read::bytes(object.lpOldParentID.cast(), object.cbOldParentID as usize),
            "tags": if tags.is_null() { Value::Null } else { read::tags(tags) },
        })
    }
}

unsafe fn table(table: &TABLE_NOTIFICATION) -> Value {
    // SAFETY: as the caller vouches.
    unsafe {
        json!({
            "table-event": table.ulTableEvent,
            "hr": value::code(table.hResult),
            "index": read::prop(&table.propIndex),
            "prior": read::prop(&table.propPrior),
            "row": read::props(table.row.lpProps, table.row.cValues as usize),
        })
    }
}

/// A notification whose parts hang on the room.
pub(super) fn write(room: &dyn Room, json: &Value) -> Result<NOTIFICATION, Wrong> {
    let ulEventType = match json.get("event") {
        Some(event) => value::to_u32(event).map_err(|wrong| wrong.within("event"))?,
        None => return Err(Wrong::new("a notification, with its `event`", json)),
    };
    let entry = |key: &str| -> Result<(u32, *mut ENTRYID), Wrong> {
        let (count, bytes) = blob(room, json, key)?;
        Ok((count, bytes.cast()))
    };
    let code = |key: &str| match json.get(key) {
        None => Ok(mapi_spi::HRESULT::S_OK),
        Some(code) => value::to_code(code).map_err(|wrong| wrong.within(key)),
    };
    let props = |key: &str| {
        parts::props(room, json.get(key).unwrap_or(&Value::Null)).map_err(|wrong| wrong.within(key))
    };
    // SAFETY: all members are plain numbers and pointers, for which zero is a value.
    let mut info: NOTIFICATION_INFO = unsafe { std::mem::zeroed() };
    match ulEventType {
        flags::fnevCriticalError => {
            let (cbEntryID, lpEntryID) = entry("entry")?;
            let ulFlags = part(json, "flags")?;
            let lpMAPIError = match json.get("error") {
                None | Some(Value::Null) => ptr::null_mut(),
                Some(error) => {
                    let wide = ulFlags & flags::MAPI_UNICODE != 0;
                    parts::error(Place::Part(room), error, wide).map_err(|wrong| wrong.within("error"))?
                }
            };
            info.err =
                ERROR_NOTIFICATION { cbEntryID, lpEntryID, scode: code("code")?, ulFlags, lpMAPIError };
        }
        flags::fnevNewMail => info.newmail = new_mail_of(room, json)?,
        kind if kind & OF_OBJECTS != 0 => {
            let (cbEntryID, lpEntryID) = entry("entry")?;
            let (cbParentID, lpParentID) = entry("parent")?;
            let (cbOldID, lpOldID) = entry("old")?;
            let (cbOldParentID, lpOldParentID) = entry("old-parent")?;
            let lpPropTagArray = match json.get("tags") {
                None | Some(Value::Null) => ptr::null_mut(),
                Some(tags) => parts::tags(Place::Part(room), tags).map_err(|wrong| wrong.within("tags"))?,
            };
            info.obj = OBJECT_NOTIFICATION {
                cbEntryID,
                lpEntryID,
                ulObjType: part(json, "type")?,
                cbParentID,
                lpParentID,
                cbOldID,
                lpOldID,
                cbOldParentID,
                lpOldParentID,
                lpPropTagArray,
            };
        }
        flags::fnevTableModified => {
            let none = SPropValue {
                ulPropTag: PropTag(1).0,
                dwAlignPad: 0,
                Value: mapi_spi::structs::__UPV { li: 0 },
            };
            let one = |key: &str| match json.get(key) {
                None | Some(Value::Null) => Ok(none),
                Some(prop) => parts::prop(room, prop).map_err(|wrong| wrong.within(key)),
            };
            let (cValues, lpProps) = props("row")?;
            info.tab = TABLE_NOTIFICATION {
                ulTableEvent: part(json, "table-event")?,
                hResult: code("hr")?,
                propIndex: one("index")?,
                propPrior: one("prior")?,
                row: SRow { ulAdrEntryPad: 0, cValues, lpProps },
                ulPad: 0,
            };
        }
        flags::fnevStatusObjectModified => {
            let (cbEntryID, lpEntryID) = entry("entry")?;
            let (cValues, lpPropVals) = props("props")?;
            info.statobj = STATUS_OBJECT_NOTIFICATION { cbEntryID, lpEntryID, cValues, lpPropVals };
        }
        flags::fnevExtended => {
            let (cb, pbEventParameters) = blob(room, json, "data")?;
            info.ext = EXTENDED_NOTIFICATION { ulEvent: part(json, "extended")?, cb, pbEventParameters };
        }
        _ => {}
    }
    Ok(NOTIFICATION { ulEventType, ulAlignPad: 0, info })
}

fn new_mail_of(room: &dyn Room, json: &Value) -> Result<NEWMAIL_NOTIFICATION, Wrong> {
    let (cbEntryID, entry) = blob(room, json, "entry")?;
    let (cbParentID, parent) = blob(room, json, "parent")?;
    let ulFlags = part(json, "flags")?;
    Ok(NEWMAIL_NOTIFICATION {
        cbEntryID,
        lpEntryID: entry.cast(),
        cbParentID,
        lpParentID: parent.cast(),
        ulFlags,
        lpszMessageClass: part_text(room, json, "class", ulFlags & flags::MAPI_UNICODE != 0)?,
        ulMessageFlags: part(json, "message-flags")?,
    })
}

/// What SpoolerNotify carries, by its flags (page: imapisupport-spoolernotify). New mail comes as a NEWMAIL_NOTIFICATION,
/// as the page has it, or as a NOTIFICATION with one in it; an entry identifier is never two bytes long, so the first
/// number tells.
///
/// # Safety
///
/// `at` points to what the flags say.
pub(super) unsafe fn read_data(notified: u32, at: *const c_void) -> Value {
    // SAFETY: as the caller vouches.
    unsafe {
        if notified & flags::NOTIFY_SENTDEFERRED != 0 {
            json!({ "entry": read::binary(&at.cast::<SBinary>().read_unaligned()) })
        } else if notified & flags::NOTIFY_NEWMAIL_RECEIVED != 0 {
            if at.cast::<u32>().read_unaligned() == flags::fnevNewMail {
                json!({ "notification": read(&at.cast::<NOTIFICATION>().read_unaligned()) })
            } else {
                json!({ "new-mail": new_mail(&at.cast::<NEWMAIL_NOTIFICATION>().read_unaligned()) })
            }
        } else {
            Value::Null
        }
    }
}

/// Lays down what SpoolerNotify carries.
pub(super) fn write_data(room: &Lent, json: &Value) -> Result<*mut c_void, Wrong> {
    match (json.get("entry"), json.get("new-mail"), json.get("notification")) {
        (Some(_), None, None) => {
            let (cb, lpb) = blob(room, json, "entry")?;
            Ok(array(room, &[SBinary { cb, lpb }])?.cast())
        }
        (None, Some(mail), None) => {
            let mail = new_mail_of(room, mail).map_err(|wrong| wrong.within("new-mail"))?;
            Ok(array(room, &[mail])?.cast())
        }
        (None, None, Some(event)) => {
            let event = write(room, event).map_err(|wrong| wrong.within("notification"))?;
            Ok(array(room, &[event])?.cast())
        }
        _ => Err(Wrong::new("one of `entry`, `new-mail` and `notification`", json)),
    }
}
