//! Submitted messages: locks, aborts, what becomes of them in the end. Source pages: *imsgstore-setlockstate*,
//! *imsgstore-abortsubmit*, *imsgstore-finishedmsg*.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    KEEP_OPEN_READWRITE, MSG_LOCKED, MSG_UNLOCKED, MSGFLAG_READ, MSGFLAG_SUBMIT, MSGFLAG_UNSENT,
    fnevObjectModified,
};
use mapi_spi::interfaces::{IMAPIProp, IMessage};
use mapi_spi::tags as tag;
use mapi_spi::values::PropValue;
use windows_core::Interface;

use super::data::{Data, Stored};
use super::ids::{Named, Object, StoreKey};
use super::message::MessageNode;
use super::message_object::Message;
use super::notify::{Event, announce, refresh_tables};
use super::opening::message_of;
use super::session::StoreSession;
use crate::mapi::{Result, get_props, save};

/// `SetLockState`: what was changed in the open message is saved first.
///
/// # Errors
///
/// `MAPI_E_NO_SUPPORT` to anybody but the spooler, `MAPI_E_NOT_IN_QUEUE` for a message that was not submitted, or what
/// saving answers.
pub(super) fn set_lock_state(session: &Arc<StoreSession>, message: &IMessage, lock: u32) -> Result<()> {
    session.check()?;
    if !session.is_spooler() {
        return Err(HRESULT::MAPI_E_NO_SUPPORT);
    }
    if lock != MSG_LOCKED && lock != MSG_UNLOCKED {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    // Through its interface: the spooler may pass an object of its own around ours.
    let props: &IMAPIProp = message;
    let values = get_props(session.memory(), props, &[tag::PR_ENTRYID], 0)?;
    let id = message_of(session, values.binary(tag::PR_ENTRYID).unwrap_or_default())?;
    if session.core().lock().queued(id).is_none() {
        return if lock == MSG_LOCKED { Err(HRESULT::MAPI_E_NOT_IN_QUEUE) } else { Ok(()) };
    }
    if lock == MSG_LOCKED {
        save(props, KEEP_OPEN_READWRITE)?;
    }
    if let Some(queued) = session.core().lock().queued_mut(id) {
        queued.locked = lock == MSG_LOCKED;
    }
    refresh_tables(session.core());
    Ok(())
}

/// `AbortSubmit`: the message is a draft again.
///
/// # Errors
///
/// `MAPI_E_NOT_IN_QUEUE` for one that was not submitted or is sent, `MAPI_E_UNABLE_TO_ABORT` while the spooler has it.
pub(super) fn abort_submit(session: &Arc<StoreSession>, id: &[u8]) -> Result<()> {
    session.check()?;
    let id = message_of(session, id)?;
    let event = {
        let mut data = session.core().lock();
        let queued = data.queued(id).filter(|queued| queued.listed).ok_or(HRESULT::MAPI_E_NOT_IN_QUEUE)?;
        if queued.locked {
            return Err(HRESULT::MAPI_E_UNABLE_TO_ABORT);
        }
        data.queue.retain(|queued| queued.message != id);
        data.change_flags(id, MSGFLAG_SUBMIT, MSGFLAG_UNSENT).map(|parent| modified(id, parent))
    };
    announce(session.core(), event.as_slice());
    Ok(())
}

/// `FinishedMsg`: the message goes where it is to go, then MAPI does what it has to do with sent mail.
///
/// # Errors
///
/// `MAPI_E_NO_SUPPORT` to anybody but the spooler, `MAPI_E_NOT_IN_QUEUE` for a message that was not submitted.
pub(super) fn finished(session: &Arc<StoreSession>, id: &[u8]) -> Result<()> {
    session.check()?;
    if !session.is_spooler() {
        return Err(HRESULT::MAPI_E_NO_SUPPORT);
    }
    let id = message_of(session, id)?;
    let done = session.core().lock().complete(session.key(), id);
    let (stored, events) = done.ok_or(HRESULT::MAPI_E_NOT_IN_QUEUE)?;
    announce(session.core(), &events);
    let (message, alive) = Message::watched(MessageNode::open(session, id, &stored, true));
    // The page on DoSentMail has it release the message, and wants the reference count to be 1; whether it did is seen by
    // whether the object is still there.
    let message = ManuallyDrop::new(message);
    if let Ok(in_use) = session.use_support() {
        // The message is done with, whatever hooks have to say. SAFETY: the object lives: its one reference is ours.
        let _ = unsafe { in_use.support().do_sent_mail(message.as_raw()) };
    }
    if alive.strong_count() > 0 {
        drop(ManuallyDrop::into_inner(message));
    }
    Ok(())
}

/// A message that the pair has sent itself is done with.
pub(super) fn complete_own(session: &Arc<StoreSession>, id: u64) {
    let done = session.core().lock().complete(session.key(), id);
    if let Some((_, events)) = done {
        announce(session.core(), &events);
    }
}

fn modified(id: u64, parent: u64) -> Event {
    Event { event: fnevObjectModified, object: Object::Message(id), parent, old: None }
}

impl Data {
    /// Takes a message out of the queue and leaves, moves or deletes it; `None` for one that was not submitted. Answers what
    /// it was before it went.
    ///
    /// | `PR_SENTMAIL_ENTRYID` | `PR_DELETE_AFTER_SUBMIT` | |
    /// | --- | --- | --- |
    /// | - | - | stays where it is |
    /// | set | - | moved to that folder |
    /// | any | set | deleted |
    fn complete(&mut self, key: StoreKey, id: u64) -> Option<(Stored, Vec<Event>)> {
        self.queued(id)?;
        self.queue.retain(|queued| queued.message != id);
        let parent = self.change_flags(id, MSGFLAG_SUBMIT | MSGFLAG_UNSENT, MSGFLAG_READ)?;
        let stored = self.messages.get(&id)?.clone();
        let bag = &stored.data.bag;
        let sent = bag.get(tag::PR_SENTMAIL_ENTRYID).and_then(PropValue::as_binary).and_then(Named::parse);
        let folder = match sent.filter(|named| named.store == key).map(|named| named.object) {
            Some(Object::Folder(folder)) if self.folders.contains_key(&folder) => Some(folder),
            Some(_) | None => None,
        };
        let event = match folder {
            _ if bag.is_set(tag::PR_DELETE_AFTER_SUBMIT) => self.delete_message(id),
            Some(folder) => self.move_message(id, folder),
            None => Some(modified(id, parent)),
        };
        Some((stored, event.into_iter().collect()))
    }

    /// Clears and sets bits of a message's flags; answers the folder that it is in.
    fn change_flags(&mut self, id: u64, clear: u32, set: u32) -> Option<u64> {
        let stored = self.messages.get_mut(&id)?;
        let bag = &mut Arc::make_mut(&mut stored.data).bag;
        let flags = bag.bits(tag::PR_MESSAGE_FLAGS);
        bag.mask(tag::PR_MESSAGE_FLAGS, (flags & !clear) | set);
        stored.version += 1;
        Some(stored.folder)
    }
}
