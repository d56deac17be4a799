//! What folders do with messages and with each other: make, copy, move, delete.
//!
//! A submitted message is the spooler's: it is neither moved nor deleted, and the call ends with partial completion.

use std::sync::Arc;

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    fnevObjectCopied, fnevObjectCreated, fnevObjectDeleted, fnevObjectModified, fnevObjectMoved,
};
use mapi_spi::interfaces::{IMAPIFolder, IMAPIProp, IMessage};
use mapi_spi::tags as tag;

use super::copy;
use super::data::{Data, FINDER, Folder, ROOT, Stored};
use super::ids::{Object, StoreKey};
use super::message_object::set_read_flag;
use super::notify::{Event, announce};
use super::session::StoreSession;
use crate::mapi::{Result, opened, save};

/// Where messages are copied to.
#[derive(Debug)]
pub(super) enum Target {
    /// A folder of this store.
    Own(u64),
    /// A folder of somebody else's.
    Foreign(IMAPIFolder),
}

/// How a folder is copied.
#[derive(Debug)]
pub(super) struct FolderCopy {
    pub(super) name: Option<String>,
    pub(super) moved: bool,
    /// With the folders below it.
    pub(super) deep: bool,
}

/// The answer where some of what was asked for was not done.
fn partial(whole: bool) -> HRESULT {
    if whole { HRESULT::S_OK } else { HRESULT::MAPI_W_PARTIAL_COMPLETION }
}

/// Copies or moves messages.
///
/// # Errors
///
/// `MAPI_E_NOT_FOUND` where the target is gone.
pub(super) fn copy_messages(
    session: &Arc<StoreSession>,
    messages: &[u64],
    target: &Target,
    moved: bool,
) -> Result<HRESULT> {
    session.check()?;
    let folder = match target {
        Target::Own(folder) => *folder,
        Target::Foreign(folder) => return copy_out(session, messages, folder, moved),
    };
    let mut events = Vec::new();
    let mut whole = true;
    {
        let mut data = session.core().lock();
        if !data.folders.contains_key(&folder) {
            return Err(HRESULT::MAPI_E_NOT_FOUND);
        }
        for id in messages {
            let event = if moved {
                data.move_message(*id, folder)
            } else {
                data.copy_message(session.key(), *id, folder)
            };
            whole &= event.is_some();
            events.extend(event);
        }
    }
    announce(session.core(), &events);
    Ok(partial(whole))
}

/// Into a folder of another provider's: message by message, through its interfaces.
fn copy_out(
    session: &Arc<StoreSession>,
    messages: &[u64],
    folder: &IMAPIFolder,
    moved: bool,
) -> Result<HRESULT> {
    let mut copied = Vec::new();
    for id in messages {
        let found = session.core().lock().messages.get(id).map(|stored| Arc::clone(&stored.data));
        let Some(source) = found else { continue };
        let mut cell = std::ptr::null_mut();
        // SAFETY: the cell is valid; no interface means IMessage.
        let code = unsafe { folder.CreateMessage(std::ptr::null(), 0, &mut cell) };
        crate::mapi::check(code)?;
        // SAFETY: the method succeeded: the cell holds a reference of ours.
        let made: IMessage = unsafe { opened(cell) }?;
        copy::copy_message(session.memory(), &source, &made)?;
        let props: &IMAPIProp = &made;
        save(props, 0)?;
        copied.push(*id);
    }
    let whole = copied.len() == messages.len();
    if moved {
        let deleted = delete_messages(session, &copied)?;
        return Ok(if deleted == HRESULT::S_OK { partial(whole) } else { deleted });
    }
    Ok(partial(whole))
}

/// Deletes messages.
///
/// # Errors
///
/// `MAPI_E_INVALID_OBJECT` after the end of the session.
pub(super) fn delete_messages(session: &Arc<StoreSession>, messages: &[u64]) -> Result<HRESULT> {
    session.check()?;
    let (events, whole) = {
        let mut data = session.core().lock();
        let events: Vec<Event> = messages.iter().filter_map(|id| data.delete_message(*id)).collect();
        let whole = events.len() == messages.len();
        (events, whole)
    };
    announce(session.core(), &events);
    Ok(partial(whole))
}

/// Deletes all messages of a folder and all folders below it; associated messages where `all`.
///
/// # Errors
///
/// As [`delete_messages`].
pub(super) fn empty_folder(session: &Arc<StoreSession>, folder: u64, all: bool) -> Result<HRESULT> {
    session.check()?;
    let (messages, children) = {
        let data = session.core().lock();
        let mut messages: Vec<u64> = data.contents(folder, false).map(|(id, _)| id).collect();
        if all {
            messages.extend(data.contents(folder, true).map(|(id, _)| id));
        }
        (messages, data.children(folder).collect::<Vec<u64>>())
    };
    let mut code = delete_messages(session, &messages)?;
    for child in children {
        match delete_folder(session, child, true, true) {
            Ok(HRESULT::S_OK) => {}
            Ok(_) | Err(_) => code = HRESULT::MAPI_W_PARTIAL_COMPLETION,
        }
    }
    Ok(code)
}

/// Makes a folder; answers one that has the name already where `reuse`.
///
/// # Errors
///
/// `MAPI_E_COLLISION` where the name is taken, `MAPI_E_OBJECT_DELETED` where the parent is gone.
pub(super) fn create_folder(
    session: &Arc<StoreSession>,
    parent: u64,
    name: &str,
    comment: &str,
    reuse: bool,
) -> Result<u64> {
    session.check()?;
    let id = {
        let mut data = session.core().lock();
        if !data.folders.contains_key(&parent) {
            return Err(HRESULT::MAPI_E_OBJECT_DELETED);
        }
        match data.child_named(parent, name) {
            Some(known) if reuse => return Ok(known),
            Some(_) => return Err(HRESULT::MAPI_E_COLLISION),
            None => {}
        }
        let id = data.new_number();
        let kind = mapi_spi::flags::FOLDER_GENERIC;
        data.folders.insert(id, Folder::new(session.key(), id, Some(parent), kind, name, comment));
        id
    };
    announce(session.core(), &[folder_event(fnevObjectCreated, id, parent, None)]);
    Ok(id)
}

/// Copies or moves a folder.
///
/// # Errors
///
/// `MAPI_E_FOLDER_CYCLE` into itself, `MAPI_E_COLLISION` where the name is taken, `MAPI_E_NO_ACCESS` for a folder that every
/// store has, `MAPI_E_NOT_FOUND` where one is gone.
pub(super) fn copy_folder(
    session: &Arc<StoreSession>,
    id: u64,
    target: u64,
    how: &FolderCopy,
) -> Result<HRESULT> {
    session.check()?;
    let event = {
        let mut data = session.core().lock();
        let parent = data.folders.get(&id).ok_or(HRESULT::MAPI_E_NOT_FOUND)?.parent.unwrap_or(ROOT);
        if !data.folders.contains_key(&target) {
            return Err(HRESULT::MAPI_E_NOT_FOUND);
        }
        if data.subtree(id).contains(&target) && (how.moved || how.deep) {
            return Err(HRESULT::MAPI_E_FOLDER_CYCLE);
        }
        if how.moved && id <= FINDER {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        let old_name = data.folders[&id].bag.string(tag::PR_DISPLAY_NAME_W).unwrap_or_default();
        let name = how.name.clone().filter(|name| !name.is_empty()).unwrap_or(old_name);
        if data.child_named(target, &name).is_some_and(|known| !how.moved || known != id) {
            return Err(HRESULT::MAPI_E_COLLISION);
        }
        let (event, new) = if how.moved {
            (fnevObjectMoved, id)
        } else {
            (fnevObjectCopied, data.copy_tree(session.key(), id, target, how.deep))
        };
        if let Some(folder) = data.folders.get_mut(&new) {
            folder.parent = Some(target);
            folder.bag.text(tag::PR_DISPLAY_NAME_W, &name);
        }
        folder_event(event, new, target, Some((Object::Folder(id), parent)))
    };
    announce(session.core(), &[event]);
    Ok(HRESULT::S_OK)
}

/// Deletes a folder.
///
/// # Errors
///
/// `MAPI_E_HAS_MESSAGES`, `MAPI_E_HAS_FOLDERS` where they are there and are not to be deleted with it, `MAPI_E_NO_ACCESS` for
/// a folder that every store has, `MAPI_E_NOT_FOUND` for one that is gone.
pub(super) fn delete_folder(
    session: &Arc<StoreSession>,
    id: u64,
    messages: bool,
    folders: bool,
) -> Result<HRESULT> {
    session.check()?;
    let event = {
        let mut data = session.core().lock();
        let parent = data.folders.get(&id).ok_or(HRESULT::MAPI_E_NOT_FOUND)?.parent.unwrap_or(ROOT);
        let all = data.subtree(id);
        if id <= FINDER {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        if all.len() > 1 && !folders {
            return Err(HRESULT::MAPI_E_HAS_FOLDERS);
        }
        let held: Vec<u64> = data
            .messages
            .iter()
            .filter(|(_, stored)| all.contains(&stored.folder))
            .map(|(id, _)| *id)
            .collect();
        if !held.is_empty() && !messages {
            return Err(HRESULT::MAPI_E_HAS_MESSAGES);
        }
        if held.iter().any(|message| data.queued(*message).is_some()) {
            return Ok(HRESULT::MAPI_W_PARTIAL_COMPLETION);
        }
        data.messages.retain(|message, _| !held.contains(message));
        data.folders.retain(|folder, _| !all.contains(folder));
        data.receive.retain(|_, folder| !all.contains(folder));
        folder_event(fnevObjectDeleted, id, parent, None)
    };
    announce(session.core(), &[event]);
    Ok(HRESULT::S_OK)
}

/// Sets or clears the read flag of a message in the store.
pub(super) fn set_read(session: &Arc<StoreSession>, id: u64, read: bool) {
    let event = {
        let mut data = session.core().lock();
        let Some(stored) = data.messages.get_mut(&id) else { return };
        // No change of version: the flag is nothing that two clients could disagree on.
        set_read_flag(&mut Arc::make_mut(&mut stored.data).bag, read);
        let parent = stored.folder;
        Event { event: fnevObjectModified, object: Object::Message(id), parent, old: None }
    };
    announce(session.core(), &[event]);
}

/// Changes the bits of `mask` of a message's status; answers what it was.
///
/// # Errors
///
/// `MAPI_E_NOT_FOUND` for a message that is gone.
pub(super) fn set_status(session: &Arc<StoreSession>, id: u64, status: u32, mask: u32) -> Result<u32> {
    session.check()?;
    let old = {
        let mut data = session.core().lock();
        let stored = data.messages.get_mut(&id).ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
        let old = stored.status;
        stored.status = (old & !mask) | (status & mask);
        old
    };
    if mask != 0 {
        super::notify::refresh_tables(session.core());
    }
    Ok(old)
}

fn folder_event(event: u32, id: u64, parent: u64, old: Option<(Object, u64)>) -> Event {
    Event { event, object: Object::Folder(id), parent, old }
}

impl Data {
    /// Moves a message that nobody is sending; its identifier stays.
    pub(super) fn move_message(&mut self, id: u64, folder: u64) -> Option<Event> {
        if self.queued(id).is_some() || !self.folders.contains_key(&folder) {
            return None;
        }
        let stored = self.messages.get_mut(&id)?;
        let from = std::mem::replace(&mut stored.folder, folder);
        let object = Object::Message(id);
        Some(Event { event: fnevObjectMoved, object, parent: folder, old: Some((object, from)) })
    }

    /// Deletes a message that nobody is sending.
    pub(super) fn delete_message(&mut self, id: u64) -> Option<Event> {
        if self.queued(id).is_some() {
            return None;
        }
        let stored = self.messages.remove(&id)?;
        Some(Event {
            event: fnevObjectDeleted,
            object: Object::Message(id),
            parent: stored.folder,
            old: None,
        })
    }

    fn copy_message(&mut self, key: StoreKey, id: u64, folder: u64) -> Option<Event> {
        if self.queued(id).is_some() {
            return None;
        }
        let mut copy: Stored = self.messages.get(&id)?.clone();
        let from = std::mem::replace(&mut copy.folder, folder);
        let new = self.new_number();
        Arc::make_mut(&mut copy.data).bag.binary(tag::PR_SEARCH_KEY, key.record_key(new));
        self.messages.insert(new, copy);
        let old = Some((Object::Message(id), from));
        Some(Event { event: fnevObjectCopied, object: Object::Message(new), parent: folder, old })
    }

    fn child_named(&self, parent: u64, name: &str) -> Option<u64> {
        let is_it = |id: &u64| {
            self.folders[id]
                .bag
                .string(tag::PR_DISPLAY_NAME_W)
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        self.children(parent).find(is_it)
    }

    fn copy_tree(&mut self, key: StoreKey, id: u64, target: u64, deep: bool) -> u64 {
        let new = self.new_number();
        let mut folder = self.folders[&id].clone();
        folder.parent = Some(target);
        folder.bag.binary(tag::PR_SEARCH_KEY, key.record_key(new));
        self.folders.insert(new, folder);
        let held: Vec<u64> =
            self.messages.iter().filter(|(_, stored)| stored.folder == id).map(|(id, _)| *id).collect();
        for message in held {
            self.copy_message(key, message, new);
        }
        if deep {
            let children: Vec<u64> = self.children(id).filter(|child| *child != new).collect();
            for child in children {
                self.copy_tree(key, child, new, true);
            }
        }
        new
    }
}
