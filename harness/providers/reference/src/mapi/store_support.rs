//! What only a message store provider asks of its support object.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::flags::{MAPI_MODIFY, MAPI_UNICODE, NOTIFY_NEWMAIL_RECEIVED};
use mapi_spi::interfaces::{IMAPIAdviseSink, IMessage};
use mapi_spi::structs::{ENTRYID, MAPIUID, NEWMAIL_NOTIFICATION, NOTIFICATION};
use mapi_spi::tags as tag;
use windows_core::Interface;

use super::support::Support;
use super::{Memory, Props, Result, Width, check, get_props, set_props};

/// What stands for an advise source in `Subscribe` and `Notify`: laid out as a `NOTIFKEY`.
#[derive(Clone, Debug)]
pub(crate) struct NotifKey(Vec<u32>);

impl NotifKey {
    /// The key of these words.
    pub(crate) fn of(words: &[u32]) -> NotifKey {
        let mut key = vec![size_of_val(words) as u32];
        key.extend(words);
        NotifKey(key)
    }
}

impl Support {
    /// The store's identifier in the form that clients may have.
    pub(crate) fn wrap_store_entry_id(&self, memory: Memory, id: &[u8]) -> Result<Vec<u8>> {
        let (mut size, mut cell) = (0, ptr::null_mut());
        let own = id.as_ptr().cast_mut().cast();
        // SAFETY: the identifier lives for the length of the call; both cells are valid.
        let code = unsafe { self.object().WrapStoreEntryID(id.len() as u32, own, &mut size, &mut cell) };
        // SAFETY: what the method left in the cell is the caller's to free.
        let block = unsafe { memory.adopt(cell) };
        check(code)?;
        // SAFETY: the method succeeded: the block holds `size` bytes.
        Ok(unsafe { ENTRYID::as_bytes(block.at(), size) }.to_vec())
    }

    /// Writes into the profile section what the table of message stores shows of the store, where that is not there yet.
    ///
    /// Source page: *imsprovider-logon*.
    ///
    /// # Errors
    ///
    /// What the section answers.
    pub(crate) fn publish_store(&self, memory: Memory, wrapped: &[u8], key: &[u8], name: &str) -> Result<()> {
        let section = self.open_profile_section(MAPI_MODIFY)?;
        let known = get_props(memory, &section, &[tag::PR_ENTRYID], MAPI_UNICODE)?;
        if known.binary(tag::PR_ENTRYID) == Some(wrapped) {
            return Ok(());
        }
        let mut props = Props::new(Width::Wide);
        props.binary(tag::PR_ENTRYID, wrapped.to_vec());
        props.binary(tag::PR_RECORD_KEY, key.to_vec());
        props.text(tag::PR_DISPLAY_NAME_W, name);
        set_props(memory, &section, &props)
    }

    /// Registers what all identifiers of a store have in common.
    pub(crate) fn set_provider_uid(&self, uid: [u8; 16]) -> Result<()> {
        let mut uid = MAPIUID { ab: uid };
        // SAFETY: the identifier lives for the length of the call.
        check(unsafe { self.object().SetProviderUID(&raw mut uid, 0) }).map(drop)
    }

    /// Readies a message that is sent again.
    pub(crate) fn prepare_submit(&self, message: &IMessage) -> Result<()> {
        let mut flags = 0;
        // SAFETY: the message lives for the length of the call, the cell is valid.
        check(unsafe { self.object().PrepareSubmit(message.as_raw(), &mut flags) }).map(drop)
    }

    /// Completes the recipients; answers what else is needed (`NEEDS_*`).
    pub(crate) fn expand_recips(&self, message: &IMessage) -> Result<u32> {
        let mut flags = 0;
        // SAFETY: the message lives for the length of the call, the cell is valid.
        check(unsafe { self.object().ExpandRecips(message.as_raw(), &mut flags) })?;
        Ok(flags)
    }

    /// Leaves the rest of a message that was sent to MAPI.
    pub(crate) fn complete_msg(&self, id: &[u8]) -> Result<()> {
        // SAFETY: the identifier lives for the length of the call.
        let code = unsafe { self.object().CompleteMsg(0, id.len() as u32, id.as_ptr().cast_mut().cast()) };
        check(code).map(drop)
    }

    /// Has hooks and the like run on a sent message.
    ///
    /// # Safety
    ///
    /// `message` has to be a live `IMessage`; the method may release it.
    pub(crate) unsafe fn do_sent_mail(&self, message: *mut c_void) -> Result<()> {
        // SAFETY: as the caller vouches.
        check(unsafe { self.object().DoSentMail(0, message) }).map(drop)
    }

    /// Has MAPI let the transports go; answers what they are doing.
    pub(crate) fn store_logoff_transports(&self, flags: u32) -> Result<u32> {
        let mut flags = flags;
        // SAFETY: the cell is valid.
        check(unsafe { self.object().StoreLogoffTransports(&mut flags) })?;
        Ok(flags)
    }

    /// Tells the spooler of mail that is in the store already.
    pub(crate) fn notify_received(&self, mail: &mut NEWMAIL_NOTIFICATION) -> Result<()> {
        // SAFETY: with this flag the data is the structure given; it and what it points to live for the length of the call.
        let code =
            unsafe { self.object().SpoolerNotify(NOTIFY_NEWMAIL_RECEIVED, ptr::from_mut(mail).cast()) };
        check(code).map(drop)
    }

    /// Has MAPI keep an advise sink.
    pub(crate) fn subscribe(&self, key: &NotifKey, mask: u32, sink: &IMAPIAdviseSink) -> Result<usize> {
        let mut connection = 0;
        let at = key.0.as_ptr().cast_mut().cast();
        // SAFETY: key and sink live for the length of the call, the cell is valid.
        check(unsafe { self.object().Subscribe(at, mask, 0, sink.as_raw(), &mut connection) })?;
        Ok(connection)
    }

    /// Has MAPI release an advise sink.
    pub(crate) fn unsubscribe(&self, connection: usize) -> Result<()> {
        // SAFETY: no pointers are passed.
        check(unsafe { self.object().Unsubscribe(connection) }).map(drop)
    }

    /// Has MAPI call the sinks of a key. Text in the notification is as wide as `flags` say.
    pub(crate) fn notify_sinks(&self, key: &NotifKey, event: &NOTIFICATION, flags: u32) -> Result<()> {
        let (mut event, mut flags) = (*event, flags);
        let at = key.0.as_ptr().cast_mut().cast();
        // SAFETY: key and notification, with what it points to, live for the length of the call; the cell is valid.
        check(unsafe { self.object().Notify(at, 1, &raw mut event, &mut flags) }).map(drop)
    }
}
