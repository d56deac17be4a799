//! Notifications in the trace: what happened to what.

use std::ffi::c_void;

use mapi_spi::PropTag;
use mapi_spi::flags;
use mapi_spi::structs::{
    NEWMAIL_NOTIFICATION, NOTIFICATION, OBJECT_NOTIFICATION, SPropValue, TABLE_NOTIFICATION,
};
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use serde_json::{Value, json};

use super::render::{counted, terminated};
use super::value::{hex, row};

/// A notification as an advise sink gets it.
///
/// # Safety
///
/// The members that the event's type selects are what the page of their structure says.
pub(super) unsafe fn event(notification: &NOTIFICATION) -> Value {
    let name = flags::EVENT_MASKS.render(notification.ulEventType);
    // SAFETY: for the whole match: the type says which member of the union holds; the caller vouches for it.
    let mut value = unsafe {
        match notification.ulEventType {
            flags::fnevNewMail => new_mail(&notification.info.newmail),
            flags::fnevTableModified => table(&notification.info.tab),
            flags::fnevObjectCreated
            | flags::fnevObjectDeleted
            | flags::fnevObjectModified
            | flags::fnevObjectMoved
            | flags::fnevObjectCopied
            | flags::fnevSearchComplete => object(&notification.info.obj),
            _ => json!({}),
        }
    };
    value["event"] = json!(name);
    value
}

/// What the data of SpoolerNotify(NOTIFY_NEWMAIL_RECEIVED) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewMailForm {
    /// As the page has it (imapisupport-spoolernotify).
    NewMail,
    /// A whole NOTIFICATION, whose member it is. Its first number is the event's type, which is no length that an entry
    /// identifier can have.
    Notification,
}

impl NewMailForm {
    /// The name of the structure.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NewMail => "NEWMAIL_NOTIFICATION",
            Self::Notification => "NOTIFICATION",
        }
    }
}

/// Reads the data of SpoolerNotify(NOTIFY_NEWMAIL_RECEIVED).
///
/// # Safety
///
/// `at` points to a NEWMAIL_NOTIFICATION or to a NOTIFICATION of the type fnevNewMail.
pub unsafe fn read_new_mail(at: *const c_void) -> (NewMailForm, NEWMAIL_NOTIFICATION) {
    // SAFETY: either structure begins with a number.
    let first = unsafe { at.cast::<u32>().read_unaligned() };
    if first == flags::fnevNewMail {
        // SAFETY: as the caller vouches; the type says which member holds.
        return unsafe {
            let whole = at.cast::<NOTIFICATION>().read_unaligned();
            (NewMailForm::Notification, whole.info.newmail)
        };
    }
    // SAFETY: as the caller vouches.
    (NewMailForm::NewMail, unsafe { at.cast::<NEWMAIL_NOTIFICATION>().read_unaligned() })
}

/// # Safety
///
/// As for [`read_new_mail`].
pub(super) unsafe fn of_spooler_notify(at: *const c_void) -> Value {
    // SAFETY: passed on from the caller.
    unsafe {
        let (form, data) = read_new_mail(at);
        let mut value = new_mail(&data);
        value["form"] = json!(form.name());
        value
    }
}

unsafe fn new_mail(data: &NEWMAIL_NOTIFICATION) -> Value {
    // SAFETY: the caller vouches for the structure: lengths, pointers, and the string's width by its flags.
    unsafe {
        json!({
            "entry": counted(data.cbEntryID, data.lpEntryID.cast()),
            "parent": counted(data.cbParentID, data.lpParentID.cast()),
            "class": terminated(data.lpszMessageClass.cast(), data.ulFlags & flags::MAPI_UNICODE != 0),
            "flags": data.ulFlags,
            "message-flags": data.ulMessageFlags,
        })
    }
}

unsafe fn object(data: &OBJECT_NOTIFICATION) -> Value {
    // SAFETY: the caller vouches for the structure.
    unsafe {
        json!({
            "type": data.ulObjType,
            "entry": counted(data.cbEntryID, data.lpEntryID.cast()),
            "parent": counted(data.cbParentID, data.lpParentID.cast()),
            "old": counted(data.cbOldID, data.lpOldID.cast()),
            "old-parent": counted(data.cbOldParentID, data.lpOldParentID.cast()),
        })
    }
}

unsafe fn table(data: &TABLE_NOTIFICATION) -> Value {
    let kind = flags::TABLE_EVENTS.render(data.ulTableEvent);
    // A deleted row has no properties, and what stands in the structure then is nobody's.
    let has_row = matches!(data.ulTableEvent, flags::TABLE_ROW_ADDED | flags::TABLE_ROW_MODIFIED);
    let has_index = has_row || data.ulTableEvent == flags::TABLE_ROW_DELETED;
    // SAFETY: the caller vouches for the structure; what the kind of event leaves undefined is not read.
    unsafe {
        json!({
            "table-event": kind,
            "index": if has_index { key(&data.propIndex) } else { Value::Null },
            "prior": if has_row { key(&data.propPrior) } else { Value::Null },
            "row": if has_row { row(data.row.lpProps, data.row.cValues as usize) } else { Value::Null.into() },
        })
    }
}

/// An instance key; nothing where the property is none.
unsafe fn key(prop: &SPropValue) -> Value {
    if PropTag(prop.ulPropTag).prop_type() != PropType::PT_BINARY {
        return Value::Null;
    }
    // SAFETY: the type says that it holds bytes; the caller vouches for them.
    match unsafe { PropValue::read(prop) } {
        Ok(PropValue::Binary(bytes)) => json!({ "hex": hex(&bytes) }),
        Ok(_) | Err(_) => Value::Null,
    }
}
