//! An open message: what a client changes stays its own until it is saved. Source page: *imapiprop-savechanges*.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::flags::{FORCE_SAVE, MSGFLAG_UNSENT, fnevObjectCreated, fnevObjectModified};
use mapi_spi::interfaces::{IMAPITable, IMessage};
use mapi_spi::tags as tag;
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::{IUnknown, Interface};

use super::attach::AttachNode;
use super::bag::{Bag, View};
use super::computed;
use super::copy;
use super::data::{Data, MessageData, Stored};
use super::ids::Object;
use super::notify::{Event, announce, refresh_tables};
use super::props::PropNode;
use super::session::StoreSession;
use super::sources::Source;
use super::table_object::Table;
use crate::mapi::Result;
use crate::time::now;

/// An open message.
#[derive(Debug)]
pub(super) struct MessageNode {
    session: Arc<StoreSession>,
    place: Place,
    /// It is in the store, or - an embedded one - in its attachment.
    saved: AtomicBool,
    state: Mutex<State>,
}

/// Where a message is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Folder { id: u64, folder: u64, associated: bool },
    Attachment(Arc<AttachNode>),
}

#[derive(Debug)]
struct State {
    data: MessageData,
    writable: bool,
    dirty: bool,
    /// That of the saved message that this one began as.
    version: u64,
    /// It was submitted: nothing but a release is allowed.
    ended: bool,
}

impl MessageNode {
    /// A new message in a folder, which is nowhere to be seen until it is saved.
    pub(super) fn create(session: &Arc<StoreSession>, folder: u64, associated: bool) -> Arc<MessageNode> {
        let id = session.core().lock().new_number();
        let mut data = MessageData::default();
        data.bag.time(tag::PR_CREATION_TIME, now());
        data.bag.binary(tag::PR_SEARCH_KEY, session.key().record_key(id));
        // Mail that the spooler delivers was sent by somebody.
        data.bag.mask(tag::PR_MESSAGE_FLAGS, if session.is_spooler() { 0 } else { MSGFLAG_UNSENT });
        MessageNode::new(session, Place::Folder { id, folder, associated }, data, None, true)
    }

    /// A saved message.
    pub(super) fn open(
        session: &Arc<StoreSession>,
        id: u64,
        stored: &Stored,
        writable: bool,
    ) -> Arc<MessageNode> {
        let place = Place::Folder { id, folder: stored.folder, associated: stored.associated };
        MessageNode::new(session, place, (*stored.data).clone(), Some(stored.version), writable)
    }

    /// The message in an attachment; a new one where there is none.
    pub(super) fn embedded(
        attachment: &Arc<AttachNode>,
        data: Option<MessageData>,
        writable: bool,
    ) -> Arc<MessageNode> {
        let version = data.as_ref().map(|_| 0);
        let place = Place::Attachment(Arc::clone(attachment));
        MessageNode::new(attachment.session(), place, data.unwrap_or_default(), version, writable)
    }

    fn new(
        session: &Arc<StoreSession>,
        place: Place,
        data: MessageData,
        version: Option<u64>,
        writable: bool,
    ) -> Arc<MessageNode> {
        let saved = AtomicBool::new(version.is_some());
        let version = version.unwrap_or(0);
        let state = Mutex::new(State { data, writable, dirty: false, version, ended: false });
        Arc::new(MessageNode { session: Arc::clone(session), place, saved, state })
    }

    /// The message's number and whether it is in the store; `None` for an embedded one.
    pub(super) fn id(&self) -> Option<u64> {
        match self.place {
            Place::Folder { id, .. } => Some(id),
            Place::Attachment(_) => None,
        }
    }

    /// Whether it can be changed.
    pub(super) fn is_writable(&self) -> bool {
        self.lock().writable
    }

    /// Looks at all that it holds.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_OBJECT` once it has ended.
    pub(super) fn with_data<R>(&self, look: impl FnOnce(&MessageData) -> R) -> Result<R> {
        Ok(look(&self.alive()?.data))
    }

    /// Changes what it holds.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_OBJECT` once it has ended, `MAPI_E_NO_ACCESS` where it was opened for reading.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut MessageData) -> R) -> Result<R> {
        let mut state = self.alive()?;
        if !state.writable {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        state.dirty = true;
        Ok(change(&mut state.data))
    }

    /// Tables of recipients and attachments may have changed.
    pub(super) fn parts_changed(&self) {
        refresh_tables(self.session.core());
    }

    /// All that it holds, to be restored if what is begun fails.
    pub(super) fn snapshot(&self) -> MessageData {
        self.lock().data.clone()
    }

    pub(super) fn restore(&self, data: MessageData) {
        self.lock().data = data;
    }

    /// Nothing but a release is allowed from now on.
    pub(super) fn finish(&self) {
        self.lock().ended = true;
    }

    /// Writes it into the store, whatever has happened to the saved one; `change` changes the store along with it.
    ///
    /// # Errors
    ///
    /// `MAPI_E_OBJECT_DELETED` where it is gone.
    pub(super) fn commit_with(&self, change: impl FnOnce(&mut Data, u64)) -> Result<()> {
        let Some(id) = self.id() else { return Err(HRESULT::MAPI_E_NO_SUPPORT) };
        let mut state = self.lock();
        let mut data = self.session.core().lock();
        let stored = data.messages.get_mut(&id).ok_or(HRESULT::MAPI_E_OBJECT_DELETED)?;
        state.write_to(stored);
        change(&mut data, id);
        Ok(())
    }

    fn save_in_folder(&self, state: &mut State, flags: u32) -> Result<Option<Event>> {
        let Place::Folder { id, folder, associated } = self.place else { return Ok(None) };
        let mut data = self.session.core().lock();
        let event = |event, parent| Event { event, object: Object::Message(id), parent, old: None };
        if !self.saved.load(Ordering::Relaxed) {
            if !data.folders.contains_key(&folder) {
                return Err(HRESULT::MAPI_E_OBJECT_DELETED);
            }
            if state.data.bag.get(tag::PR_MESSAGE_CLASS_W).is_none() {
                state.data.bag.text(tag::PR_MESSAGE_CLASS_W, "IPM.Note");
            }
            let stored = Stored { folder, associated, data: Arc::default(), version: 0, status: 0 };
            state.write_to(data.messages.entry(id).or_insert(stored));
            self.saved.store(true, Ordering::Relaxed);
            return Ok(Some(event(fnevObjectCreated, folder)));
        }
        let submitted = data.queued(id).is_some() && !self.session.is_spooler();
        let stored = data.messages.get_mut(&id).ok_or(HRESULT::MAPI_E_OBJECT_DELETED)?;
        if submitted {
            return Err(HRESULT::MAPI_E_SUBMITTED);
        }
        if stored.version != state.version && flags & FORCE_SAVE == 0 {
            return Err(HRESULT::MAPI_E_OBJECT_CHANGED);
        }
        if !state.dirty {
            return Ok(None);
        }
        state.write_to(stored);
        Ok(Some(event(fnevObjectModified, stored.folder)))
    }

    fn alive(&self) -> Result<MutexGuard<'_, State>> {
        self.session.check()?;
        let state = self.lock();
        if state.ended { Err(HRESULT::MAPI_E_INVALID_OBJECT) } else { Ok(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn computed(&self, state: &State) -> Bag {
        match self.place {
            Place::Folder { id, folder, associated } => {
                let mut bag = computed::message_props(&self.session, &state.data, associated);
                let data = self.session.core().lock();
                let folder = data.messages.get(&id).map_or(folder, |stored| stored.folder);
                computed::add_place(&self.session, &data, id, folder, &mut bag);
                if !state.writable {
                    bag.mask(tag::PR_ACCESS_LEVEL, 0);
                }
                bag
            }
            Place::Attachment(_) => computed::message_props(&self.session, &state.data, false),
        }
    }
}

impl State {
    fn write_to(&mut self, stored: &mut Stored) {
        self.data.bag.time(tag::PR_LAST_MODIFICATION_TIME, now());
        stored.data = Arc::new(self.data.clone());
        stored.version += 1;
        self.version = stored.version;
        self.dirty = false;
    }
}

impl PropNode for MessageNode {
    fn session(&self) -> &Arc<StoreSession> {
        &self.session
    }

    fn read<R>(&self, look: impl FnOnce(&View<'_>) -> R) -> Result<R> {
        let state = self.alive()?;
        let computed = self.computed(&state);
        Ok(look(&View { computed: &computed, stored: &state.data.bag }))
    }

    fn write<R>(&self, change: impl FnOnce(&mut Bag) -> R) -> Result<R> {
        self.change(|data| change(&mut data.bag))
    }

    fn is_computed(&self, tag: PropTag) -> bool {
        let saved_flags = tag.id() == tag::PR_MESSAGE_FLAGS.id() && self.saved.load(Ordering::Relaxed);
        saved_flags || computed::MESSAGE.iter().any(|own| own.id() == tag.id())
    }

    fn objects(&self) -> &'static [PropTag] {
        &[tag::PR_MESSAGE_RECIPIENTS, tag::PR_MESSAGE_ATTACHMENTS]
    }

    fn open(
        self: &Arc<Self>,
        tag: PropTag,
        iid: &GUID,
        _options: u32,
        _flags: u32,
    ) -> Result<Option<IUnknown>> {
        let source = match tag {
            tag::PR_MESSAGE_RECIPIENTS => Source::Recipients(Arc::clone(self)),
            tag::PR_MESSAGE_ATTACHMENTS => Source::Attachments(Arc::clone(self)),
            _ => return Ok(None),
        };
        if *iid != IMAPITable::IID {
            return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
        }
        Table::open(&self.session, source).map(Some)
    }

    fn save(&self, flags: u32) -> Result<()> {
        let event = {
            let mut state = self.alive()?;
            if !state.writable {
                return Err(HRESULT::MAPI_E_NO_ACCESS);
            }
            match &self.place {
                Place::Folder { .. } => self.save_in_folder(&mut state, flags)?,
                Place::Attachment(attachment) => {
                    attachment.put_embedded(state.data.clone())?;
                    state.dirty = false;
                    self.saved.store(true, Ordering::Relaxed);
                    None
                }
            }
        };
        if let Some(event) = event {
            announce(self.session.core(), &[event]);
        }
        Ok(())
    }

    fn copy_parts(self: &Arc<Self>, parts: &[PropTag], to: &IUnknown) -> Result<()> {
        let Ok(message) = to.cast::<IMessage>() else { return Ok(()) };
        let data = self.snapshot();
        if parts.contains(&tag::PR_MESSAGE_RECIPIENTS) {
            copy::copy_recipients(self.session.memory(), &data, &message)?;
        }
        if parts.contains(&tag::PR_MESSAGE_ATTACHMENTS) {
            copy::copy_attachments(self.session.memory(), &data, &message)?;
        }
        Ok(())
    }
}
