//! What a message is made of, and its two states.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mapi_spi::tags::{PR_MESSAGE_ATTACHMENTS, PR_MESSAGE_RECIPIENTS};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};

use super::attach::Attach;
use super::attach_core::AttachCore;
use super::computed;
use super::data::MessageData;
use crate::objects::host::Row;
use crate::objects::prop::Outcome;
use crate::objects::properties::Properties;
use crate::objects::recipients::Recipients;
use crate::objects::store::{self, Store};
use crate::objects::stream::StreamTarget;
use crate::objects::table::Watchers;

/// A message, apart from the objects that are open on it.
#[derive(Debug)]
pub struct MessageCore {
    pub(super) store: Arc<Store>,
    /// The attachment that the message is embedded in.
    parent: Weak<AttachCore>,
    state: Mutex<State>,
    /// Tables on the recipients.
    pub(super) recipient_watchers: Watchers,
    /// Tables on the attachments.
    pub(super) attachment_watchers: Watchers,
}

/// The two states of a message.
#[derive(Debug)]
pub(super) struct State {
    pub(super) props: Properties,
    pub(super) recipients: Recipients,
    pub(super) slots: BTreeMap<u32, Slot>,
    /// Attachments deleted since the last save: they come back where the changes are dropped.
    deleted: BTreeMap<u32, Slot>,
    pub(super) next_number: u32,
    pub(super) saved: Option<MessageData>,
    pub(super) saves: u32,
    pub(super) dirty: bool,
    /// PR_ENTRYID, from the first save on.
    pub(super) entry_id: Option<Vec<u8>>,
    pub(super) record_key: [u8; 16],
    pub(super) search_key: [u8; 16],
    pub(super) created: u64,
    pub(super) modified: u64,
    /// Flags of PR_MESSAGE_FLAGS that are the store's to set.
    pub(super) flags: u32,
}

/// An attachment of a message, and the object that is open on it.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) core: Arc<AttachCore>,
    pub(super) live: Weak<Attach>,
}

impl MessageCore {
    /// A new, empty message.
    #[must_use]
    pub fn new(store: &Arc<Store>) -> Arc<Self> {
        Self::within(store, Weak::new())
    }

    /// A new, empty message in an attachment.
    pub(super) fn within(store: &Arc<Store>, parent: Weak<AttachCore>) -> Arc<Self> {
        let now = store::now();
        let state = State {
            props: Properties::new(),
            recipients: Recipients::default(),
            slots: BTreeMap::new(),
            deleted: BTreeMap::new(),
            next_number: 0,
            saved: None,
            saves: 0,
            dirty: false,
            entry_id: None,
            record_key: store.new_key(),
            search_key: store.new_key(),
            created: now,
            modified: now,
            flags: computed::FLAGS_OF_NEW,
        };
        Arc::new(Self {
            store: Arc::clone(store),
            parent,
            state: Mutex::new(state),
            recipient_watchers: Watchers::default(),
            attachment_watchers: Watchers::default(),
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was written: to the message, or to an attachment of it.
    pub(super) fn touch(&self) {
        self.state().dirty = true;
        self.touch_parent();
    }

    fn touch_parent(&self) {
        if let Some(parent) = self.parent.upgrade() {
            parent.touch();
        }
    }

    /// The pending state. Attachments show what was stored in them so far.
    #[must_use]
    pub fn pending(&self) -> MessageData {
        self.state().snapshot(AttachCore::pending)
    }

    /// The state of the last save; `None` where there was none.
    #[must_use]
    pub fn saved(&self) -> Option<MessageData> {
        let state = self.state();
        let mut saved = state.saved.clone()?;
        saved.dirty = state.dirty;
        Some(saved)
    }

    /// How often it was saved.
    #[must_use]
    pub fn saves(&self) -> u32 {
        self.state().saves
    }

    /// Whether anything was written after the last save.
    #[must_use]
    pub fn dirty(&self) -> bool {
        self.state().dirty
    }

    /// Makes the pending state the saved one. Attachments take part as their own `SaveChanges` left them.
    pub fn save(&self) {
        {
            let mut state = self.state();
            let first = state.saves == 0;
            state.saves += 1;
            state.dirty = false;
            state.deleted.clear();
            state.modified = store::now();
            if first {
                state.entry_id.get_or_insert_with(|| self.store.new_entry_id());
            } else {
                state.flags &= !mapi_spi::flags::MSGFLAG_UNMODIFIED;
            }
            state.saved = Some(state.snapshot(|slot| slot.saved().unwrap_or_else(|| slot.pending())));
        }
        self.touch_parent();
        self.attachment_watchers.notify();
    }

    /// Drops what was not saved, in the message and in its attachments. A message that never was saved stays as it is.
    pub(super) fn revert(&self) {
        let Some(saved) = self.saved() else { return };
        let kept: Vec<_> = {
            let mut state = self.state();
            state.props = saved.props;
            state.recipients.restore(saved.recipients);
            let mut deleted = std::mem::take(&mut state.deleted);
            state.slots.append(&mut deleted);
            state
                .slots
                .retain(|number, _| saved.attachments.iter().any(|one| one.saved && one.number == *number));
            state.slots.values().map(|slot| Arc::clone(&slot.core)).collect()
        };
        // Outside of the lock: embedded messages that are made anew report upwards.
        for core in kept {
            if let Some(data) = saved.attachments.iter().find(|one| one.number == core.number) {
                core.reset(data);
            }
        }
        self.state().dirty = false;
        self.recipient_watchers.notify();
    }

    pub(super) fn value(&self, id: u16, writable: bool) -> Option<PropValue> {
        computed::value(&self.state(), &self.store, id, writable)
    }

    pub(super) fn tags(&self, writable: bool) -> Vec<PropTag> {
        computed::tags(&self.state(), &self.store, writable)
    }

    pub(super) fn assign(&self, values: Row) -> Vec<Outcome> {
        let outcomes = {
            let mut state = self.state();
            let after_save = state.saves > 0;
            let mut set = |(tag, value): (PropTag, PropValue)| {
                computed::may_set(tag, after_save)?;
                state.props.set(tag, value);
                Ok(())
            };
            values.into_iter().map(&mut set).collect::<Vec<Outcome>>()
        };
        if outcomes.iter().any(Result::is_ok) {
            self.touch();
        }
        outcomes
    }

    pub(super) fn remove(&self, ids: &[u16]) -> Vec<Outcome> {
        let mut touched = false;
        let outcomes = ids
            .iter()
            .map(|id| {
                if *id == PR_MESSAGE_RECIPIENTS.id() {
                    self.clear_recipients();
                } else if *id == PR_MESSAGE_ATTACHMENTS.id() {
                    self.clear_attachments();
                } else if computed::is_fixed(*id) {
                    return Err(HRESULT::MAPI_E_COMPUTED);
                } else {
                    touched |= self.state().props.remove(*id).is_some();
                }
                Ok(())
            })
            .collect();
        if touched {
            self.touch();
        }
        outcomes
    }

    /// Changes the recipients by `change`; tables are told.
    ///
    /// # Errors
    ///
    /// What `change` returns; nothing has changed then.
    pub fn change_recipients(
        &self,
        change: impl FnOnce(&mut Recipients) -> Result<(), HRESULT>,
    ) -> Result<(), HRESULT> {
        {
            let mut state = self.state();
            let mut recipients = state.recipients.clone();
            change(&mut recipients)?;
            state.recipients = recipients;
        }
        self.touch();
        self.recipient_watchers.notify();
        Ok(())
    }

    /// The recipients with their row identifiers, in the order of the rows.
    #[must_use]
    pub fn recipients(&self) -> Vec<(u32, Properties)> {
        self.state().recipients.rows().to_vec()
    }

    /// The recipients' properties, row identifiers left out.
    #[must_use]
    pub fn recipient_rows(&self) -> Vec<Row> {
        self.recipients().iter().map(|(_, props)| props.to_row()).collect()
    }

    /// Removes all recipients.
    pub fn clear_recipients(&self) {
        self.change_recipients(|recipients| {
            recipients.replace(Vec::new());
            Ok(())
        })
        .expect("replacing recipients by none cannot fail");
    }

    /// Takes over the recipients of another message; where `replace` is not set, only if there are none yet.
    pub fn copy_recipients(&self, source: &Self, replace: bool) {
        let rows = source.recipient_rows();
        if ptr::eq(self, source) || (!replace && !self.recipients().is_empty()) {
            return;
        }
        self.change_recipients(|recipients| {
            recipients.replace(rows);
            Ok(())
        })
        .expect("replacing recipients by others cannot fail");
    }

    /// Takes over the search key of another message: a copy keeps it. Page: pidtagsearchkey-canonical-property.
    pub fn copy_search_key(&self, source: &Self) {
        let key = source.state().search_key;
        self.state().search_key = key;
    }

    /// Whether there are attachments, saved or not.
    #[must_use]
    pub fn has_attachments(&self) -> bool {
        !self.state().slots.is_empty()
    }

    /// Removes all attachments; they are gone with the next save.
    pub fn clear_attachments(&self) {
        {
            let mut state = self.state();
            let mut gone = std::mem::take(&mut state.slots);
            state.deleted.append(&mut gone);
        }
        self.touch();
    }

    /// Adds copies of another message's attachments, as far as they were saved.
    pub fn copy_attachments(self: &Arc<Self>, source: &Self) {
        if ptr::eq(Arc::as_ptr(self), source) {
            return;
        }
        for attachment in source.pending().attachments.into_iter().filter(|one| one.saved) {
            let core = self.add_attachment();
            core.restore(&attachment);
            core.save();
        }
    }

    /// A new attachment, with the next free number.
    pub(super) fn add_attachment(self: &Arc<Self>) -> Arc<AttachCore> {
        let core = {
            let mut state = self.state();
            let number = state.next_number;
            state.next_number += 1;
            let core = AttachCore::new(&self.store, number, Arc::downgrade(self));
            state.slots.insert(number, Slot { core: Arc::clone(&core), live: Weak::new() });
            core
        };
        self.touch();
        core
    }

    /// Fills an empty message with data and makes that its saved state.
    pub(super) fn restore(self: &Arc<Self>, data: &MessageData) {
        {
            let mut state = self.state();
            state.props = data.props.clone();
            state.recipients.restore(data.recipients.clone());
        }
        for attachment in &data.attachments {
            let core = self.add_attachment();
            core.restore(attachment);
            core.save();
        }
        self.save();
    }

    /// Takes an attachment out; it is gone for good with the next save.
    ///
    /// # Errors
    ///
    /// MAPI_E_NOT_FOUND.
    pub(super) fn delete_attachment(&self, number: u32) -> Result<(), HRESULT> {
        {
            let mut state = self.state();
            let slot = state.slots.remove(&number).ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
            state.deleted.insert(number, slot);
        }
        self.touch();
        Ok(())
    }
}

impl State {
    fn snapshot(&self, attachment: impl Fn(&AttachCore) -> super::AttachData) -> MessageData {
        MessageData {
            props: self.props.clone(),
            recipients: self.recipients.rows().to_vec(),
            attachments: self.slots.values().map(|slot| attachment(&slot.core)).collect(),
            saves: self.saves,
            dirty: self.dirty,
        }
    }
}

impl StreamTarget for MessageCore {
    fn load(&self, tag: PropTag) -> Option<PropValue> {
        self.value(tag.id(), true)
    }

    fn store(&self, tag: PropTag, value: PropValue) -> Result<(), HRESULT> {
        self.assign(vec![(tag, value)]).into_iter().collect()
    }
}
