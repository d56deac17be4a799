//! `OpenEntry`, of the store, its logon and its folders: one rule for all. Source pages: *imsgstore-openentry*,
//! *sending-messages-by-using-message-store-providers*.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::flags::{MAPI_BEST_ACCESS, MAPI_MODIFY};
use mapi_spi::interfaces::{IMAPIFolder, IMessage};
use mapi_spi::{GUID, HRESULT};
use windows_core::{IUnknown, Interface};

use super::folder::FolderObject;
use super::ids::{Named, Object};
use super::message::MessageNode;
use super::message_object::Message;
use super::notify::kind_of;
use super::props::{hand_out, put};
use super::session::StoreSession;
use crate::mapi::Result;

/// Opens a folder or message; `by_default` where no identifier is given.
///
/// # Errors
///
/// `MAPI_E_INVALID_ENTRYID` for what is no identifier, `MAPI_E_UNKNOWN_ENTRYID` for another store's, `MAPI_E_NOT_FOUND` for
/// what is gone, `MAPI_E_NO_ACCESS` and `MAPI_E_SUBMITTED` for messages that are being sent.
///
/// # Safety
///
/// The pointers have to be what the page promises.
pub(super) unsafe fn open_entry(
    session: &Arc<StoreSession>,
    id: &[u8],
    by_default: u64,
    iid: *const GUID,
    flags: u32,
    kind: *mut u32,
    cell: *mut *mut c_void,
) -> Result<HRESULT> {
    if kind.is_null() || cell.is_null() {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    // SAFETY: neither cell is null, and the caller vouches for them.
    unsafe {
        kind.write(0);
        put(cell, ptr::null_mut());
    }
    session.check()?;
    let object = if id.is_empty() { Object::Folder(by_default) } else { named(session, id)? };
    let (opened, standard): (IUnknown, GUID) = match object {
        Object::Store => return Err(HRESULT::MAPI_E_INVALID_ENTRYID),
        Object::Folder(folder) => {
            if !session.core().lock().folders.contains_key(&folder) {
                return Err(HRESULT::MAPI_E_NOT_FOUND);
            }
            (FolderObject::over(session, folder).into(), IMAPIFolder::IID)
        }
        Object::Message(message) => (open_message(session, message, flags)?.into(), IMessage::IID),
    };
    // SAFETY: the identifier is null or one, neither cell is null.
    unsafe {
        let code = hand_out(&opened, iid.as_ref().unwrap_or(&standard), cell)?;
        kind.write(kind_of(object));
        Ok(code)
    }
}

/// Opens a message. The spooler may do what it wants with those that are being sent, nobody else.
fn open_message(session: &Arc<StoreSession>, id: u64, flags: u32) -> Result<IMessage> {
    let data = session.core().lock();
    let stored = data.messages.get(&id).ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
    let mut writable = flags & (MAPI_MODIFY | MAPI_BEST_ACCESS) != 0;
    if let Some(queued) = data.queued(id).filter(|_| !session.is_spooler()) {
        if queued.locked {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        if flags & MAPI_MODIFY != 0 && flags & MAPI_BEST_ACCESS == 0 {
            return Err(HRESULT::MAPI_E_SUBMITTED);
        }
        writable = false;
    }
    Ok(Message::over(MessageNode::open(session, id, stored, writable)))
}

/// What an identifier names in this store.
///
/// # Errors
///
/// `MAPI_E_INVALID_ENTRYID`, `MAPI_E_UNKNOWN_ENTRYID`.
pub(super) fn named(session: &StoreSession, id: &[u8]) -> Result<Object> {
    let named = Named::parse(id).ok_or(HRESULT::MAPI_E_INVALID_ENTRYID)?;
    if named.store == session.key() { Ok(named.object) } else { Err(HRESULT::MAPI_E_UNKNOWN_ENTRYID) }
}

/// The folder that an identifier names.
///
/// # Errors
///
/// As [`named`]; `MAPI_E_INVALID_ENTRYID` for something else.
pub(super) fn folder_of(session: &StoreSession, id: &[u8]) -> Result<u64> {
    match named(session, id)? {
        Object::Folder(folder) => Ok(folder),
        Object::Store | Object::Message(_) => Err(HRESULT::MAPI_E_INVALID_ENTRYID),
    }
}

/// The message that an identifier names.
///
/// # Errors
///
/// As [`folder_of`].
pub(super) fn message_of(session: &StoreSession, id: &[u8]) -> Result<u64> {
    match named(session, id)? {
        Object::Message(message) => Ok(message),
        Object::Store | Object::Folder(_) => Err(HRESULT::MAPI_E_INVALID_ENTRYID),
    }
}

/// Whether two identifiers name the same object. Identifiers of other providers are told apart by their bytes.
pub(super) fn is_same(left: &[u8], right: &[u8]) -> bool {
    match (Named::parse(left), Named::parse(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right && !left.is_empty(),
    }
}
