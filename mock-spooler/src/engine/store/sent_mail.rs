//! Where a message goes once it is sent: what `IMAPISupport::DoSentMail` does. Page: imapisupport-dosentmail.
//!
//! Hooks are left out: the mock has none. A store may have moved or deleted the message itself before, as FinishedMsg's page
//! has it; then nothing is left to be done.

use std::ffi::c_void;

use mapi_spi::structs::{SBinary, SBinaryArray};
use mapi_spi::tags::{PR_DELETE_AFTER_SUBMIT, PR_ENTRYID, PR_PARENT_ENTRYID, PR_SENTMAIL_ENTRYID};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};

use crate::com::theirs::{IMAPIFolder, IMessage, IMsgStore};
use crate::objects::their::{self, done};
use crate::objects::wire;

/// Moves and deletes a message as its properties ask. What fails is in the trace, as a call that failed.
pub(super) fn put_away(store: &IMsgStore, message: &IMessage) {
    let tags = [PR_ENTRYID, PR_PARENT_ENTRYID, PR_SENTMAIL_ENTRYID, PR_DELETE_AFTER_SUBMIT];
    let Ok(row) = their::values(message, &tags) else { return };
    let id = |tag| their::find(&row, tag).and_then(PropValue::as_binary).map(<[u8]>::to_vec);
    let delete = their::find(&row, PR_DELETE_AFTER_SUBMIT).and_then(PropValue::as_bool) == Some(true);
    let (Some(own), Some(parent)) = (id(PR_ENTRYID), id(PR_PARENT_ENTRYID)) else { return };
    let sent = id(PR_SENTMAIL_ENTRYID).filter(|sent| !is_same(store, sent, &parent));
    if sent.is_none() && !delete {
        return;
    }
    let Ok(from) = open_folder(store, &parent) else { return };
    match sent {
        // Where both are asked for, the message ends up deleted: the way there is the store's own affair.
        _ if delete => drop(delete_message(&from, &own)),
        Some(sent) => {
            if let Ok(to) = open_folder(store, &sent) {
                // SAFETY: the list, the folders and the identifiers live for the call.
                let _ = with_list(&own, |list| unsafe {
                    from.CopyMessages(
                        list,
                        std::ptr::null(),
                        to.raw(),
                        0,
                        std::ptr::null_mut(),
                        flags::MESSAGE_MOVE,
                    )
                });
                // SAFETY: the reference that OpenEntry returned is given back, once.
                unsafe { to.Release() };
            }
        }
        None => {}
    }
    // SAFETY: as above.
    unsafe { from.Release() };
}

/// Deletes a message from a folder.
///
/// # Errors
///
/// What `DeleteMessages` returned.
pub(super) fn delete_message(folder: &IMAPIFolder, entry_id: &[u8]) -> Result<(), HRESULT> {
    // SAFETY: the list lives for the call.
    with_list(entry_id, |list| unsafe { folder.DeleteMessages(list, 0, std::ptr::null_mut(), 0) })
}

fn with_list(entry_id: &[u8], call: impl FnOnce(*mut SBinaryArray) -> HRESULT) -> Result<(), HRESULT> {
    let mut bytes = entry_id.to_vec();
    let mut one = SBinary { cb: wire::count(bytes.len()), lpb: bytes.as_mut_ptr() };
    let mut list = SBinaryArray { cValues: 1, lpbin: &raw mut one };
    done(call(&raw mut list))
}

/// Opens a folder for writing, where that is possible.
///
/// # Errors
///
/// What `OpenEntry` returned; MAPI_E_INVALID_OBJECT where it is no folder.
pub(super) fn open_folder(store: &IMsgStore, entry_id: &[u8]) -> Result<IMAPIFolder, HRESULT> {
    let (kind, raw) = open_entry(store, entry_id, flags::MAPI_BEST_ACCESS)?;
    let folder = IMAPIFolder::new(raw, "their-folder");
    if kind != flags::MAPI_FOLDER {
        // SAFETY: the reference that OpenEntry returned is given back, once.
        unsafe { folder.Release() };
        return Err(HRESULT::MAPI_E_INVALID_OBJECT);
    }
    Ok(folder)
}

/// Opens an object of a store by its entry identifier.
///
/// # Errors
///
/// What `OpenEntry` returned.
pub(super) fn open_entry(
    store: &IMsgStore,
    entry_id: &[u8],
    ulFlags: u32,
) -> Result<(u32, *mut c_void), HRESULT> {
    their::open(entry_id, |count, id, kind, object| {
        // SAFETY: identifier and cells live for the call.
        unsafe { store.OpenEntry(count, id, std::ptr::null(), ulFlags, kind, object) }
    })
}

/// Whether two identifiers name the same object of a store.
pub(super) fn is_same(store: &IMsgStore, one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let (_, same) = their::compare(one, other, |count, id, other_count, other_id, same| {
        // SAFETY: identifiers and cell live for the call.
        unsafe { store.CompareEntryIDs(count, id, other_count, other_id, 0, same) }
    });
    same == Some(true)
}
