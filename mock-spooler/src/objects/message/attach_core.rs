//! What an attachment is made of, and its two states.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mapi_spi::tags::{
    PR_ACCESS, PR_ACCESS_LEVEL, PR_ATTACH_DATA_OBJ, PR_ATTACH_NUM, PR_ATTACH_SIZE, PR_CREATION_TIME,
    PR_INSTANCE_KEY, PR_LAST_MODIFICATION_TIME, PR_MAPPING_SIGNATURE, PR_OBJECT_TYPE, PR_RECORD_KEY,
    PR_STORE_ENTRYID, PR_STORE_RECORD_KEY,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};

use super::core::MessageCore;
use super::data::AttachData;
use super::object::Message;
use crate::objects::host::Row;
use crate::objects::prop::Outcome;
use crate::objects::properties::Properties;
use crate::objects::store::{self, Store};
use crate::objects::stream::StreamTarget;

/// The properties that the store computes for an attachment.
const COMPUTED: &[PropTag] = &[
    PR_ATTACH_SIZE,
    PR_ATTACH_NUM,
    PR_ACCESS,
    PR_INSTANCE_KEY,
    PR_ACCESS_LEVEL,
    PR_MAPPING_SIGNATURE,
    PR_RECORD_KEY,
    PR_STORE_RECORD_KEY,
    PR_STORE_ENTRYID,
    PR_OBJECT_TYPE,
    PR_CREATION_TIME,
    PR_LAST_MODIFICATION_TIME,
];

/// An attachment, apart from the objects that are open on it.
#[derive(Debug)]
pub struct AttachCore {
    pub(super) store: Arc<Store>,
    pub(super) number: u32,
    parent: Weak<MessageCore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    key: [u8; 16],
    props: Properties,
    embedded: Option<Embedded>,
    saved: Option<AttachData>,
    created: u64,
    modified: u64,
}

/// A message in the attachment, and the object that is open on it.
#[derive(Debug)]
struct Embedded {
    core: Arc<MessageCore>,
    live: Weak<Message>,
}

impl AttachCore {
    pub(super) fn new(store: &Arc<Store>, number: u32, parent: Weak<MessageCore>) -> Arc<Self> {
        let now = store::now();
        let state = State {
            key: store.new_key(),
            props: Properties::new(),
            embedded: None,
            saved: None,
            created: now,
            modified: now,
        };
        Arc::new(Self { store: Arc::clone(store), number, parent, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn touch(&self) {
        if let Some(parent) = self.parent.upgrade() {
            parent.touch();
        }
    }

    /// The pending state; `saved` says whether there is a saved one beside it.
    #[must_use]
    pub fn pending(&self) -> AttachData {
        let state = self.state();
        state.snapshot(self.number, state.saved.is_some())
    }

    /// The state of the last save.
    #[must_use]
    pub fn saved(&self) -> Option<AttachData> {
        self.state().saved.clone()
    }

    /// Makes the pending state the saved one. It becomes part of the message when that is saved.
    pub fn save(&self) {
        {
            let mut state = self.state();
            state.modified = store::now();
            state.saved = Some(state.snapshot(self.number, true));
        }
        self.touch();
    }

    /// Drops what was not saved.
    pub(super) fn revert(&self) {
        let mut state = self.state();
        if let Some(saved) = state.saved.clone() {
            state.props = saved.props;
            if saved.embedded.is_none() {
                state.embedded = None;
            }
        }
    }

    /// Goes back to the state that the message was saved with.
    pub(super) fn reset(self: &Arc<Self>, data: &AttachData) {
        let embedded = self.state().embedded.as_ref().map(|embedded| Arc::clone(&embedded.core));
        let same = match (&embedded, &data.embedded) {
            (Some(core), Some(message)) => core.saved().as_ref() == Some(message.as_ref()),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if same {
            self.state().props = data.props.clone();
        } else {
            self.restore(data);
        }
        self.state().saved = Some(data.clone());
    }

    /// Fills an empty attachment with data.
    pub(super) fn restore(self: &Arc<Self>, data: &AttachData) {
        let embedded = data.embedded.as_ref().map(|message| {
            let core = MessageCore::within(&self.store, Arc::downgrade(self));
            core.restore(message);
            Embedded { core, live: Weak::new() }
        });
        let mut state = self.state();
        state.props = data.props.clone();
        state.embedded = embedded;
    }

    /// Whether there is an embedded message.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.state().embedded.is_some()
    }

    /// Takes over the embedded message of another attachment; where `replace` is not set, only if there is none yet.
    pub fn copy_embedded(self: &Arc<Self>, source: &Self, replace: bool) {
        let Some(message) = source.pending().embedded else { return };
        if !replace && self.is_embedded() {
            return;
        }
        let core = MessageCore::within(&self.store, Arc::downgrade(self));
        core.restore(&message);
        self.state().embedded = Some(Embedded { core, live: Weak::new() });
        self.touch();
    }

    /// Makes a new embedded message in the place of what was there.
    pub(super) fn create_embedded(self: &Arc<Self>) -> Arc<Message> {
        let core = MessageCore::within(&self.store, Arc::downgrade(self));
        let message = Message::open(&core, true);
        {
            let mut state = self.state();
            state.props.remove(PR_ATTACH_DATA_OBJ.id());
            state.embedded = Some(Embedded { core, live: Arc::downgrade(&message) });
        }
        self.touch();
        message
    }

    /// Opens the embedded message, if there is one that was saved.
    pub(super) fn open_embedded(&self, writable: bool) -> Option<Arc<Message>> {
        let mut state = self.state();
        let embedded = state.embedded.as_mut()?;
        if embedded.core.saves() == 0 {
            return None;
        }
        if embedded.live.upgrade().is_none() {
            embedded.core.revert();
        }
        let message = Message::open(&embedded.core, writable);
        embedded.live = Arc::downgrade(&message);
        Some(message)
    }

    pub(super) fn value(&self, id: u16, writable: bool) -> Option<PropValue> {
        let state = self.state();
        if id == PR_ATTACH_DATA_OBJ.id() && state.embedded.is_some() {
            return Some(PropValue::Object);
        }
        let Some(tag) = COMPUTED.iter().find(|tag| tag.id() == id) else {
            return state.props.get(id).cloned();
        };
        let long = |number: u32| Some(PropValue::Long(number.cast_signed()));
        let binary = |bytes: &[u8]| Some(PropValue::Binary(bytes.to_vec()));
        match *tag {
            PR_OBJECT_TYPE => long(flags::MAPI_ATTACH),
            PR_ACCESS => long(access(writable)),
            PR_ACCESS_LEVEL => long(if writable { flags::MAPI_MODIFY } else { 0 }),
            PR_ATTACH_NUM => long(self.number),
            PR_ATTACH_SIZE => {
                state.saved.as_ref().and_then(|saved| long(crate::objects::wire::count(saved.size())))
            }
            PR_INSTANCE_KEY => binary(&self.number.to_le_bytes()),
            PR_MAPPING_SIGNATURE | PR_STORE_RECORD_KEY => binary(&self.store.uid()),
            PR_STORE_ENTRYID => binary(&self.store.entry_id()),
            PR_RECORD_KEY => state.saved.as_ref().and_then(|_| binary(&state.key)),
            PR_CREATION_TIME => state.saved.as_ref().map(|_| PropValue::SysTime(state.created)),
            PR_LAST_MODIFICATION_TIME => state.saved.as_ref().map(|_| PropValue::SysTime(state.modified)),
            _ => None,
        }
    }

    pub(super) fn tags(&self, writable: bool) -> Vec<PropTag> {
        let own: Vec<u16> = {
            let state = self.state();
            let embedded = state.embedded.is_some().then_some(PR_ATTACH_DATA_OBJ.id());
            state.props.tags().map(PropTag::id).chain(embedded).collect()
        };
        let ids = own.into_iter().chain(COMPUTED.iter().map(|tag| tag.id()));
        let mut tags: Vec<_> =
            ids.filter_map(|id| Some(PropTag::new(id, self.value(id, writable)?.prop_type()))).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    pub(super) fn assign(&self, values: Row) -> Vec<Outcome> {
        let outcomes: Vec<Outcome> = {
            let mut state = self.state();
            let mut set = |(tag, value): (PropTag, PropValue)| {
                if is_computed(tag.id()) {
                    return Err(HRESULT::MAPI_E_COMPUTED);
                }
                if tag.id() == PR_ATTACH_DATA_OBJ.id() {
                    state.embedded = None;
                }
                state.props.set(tag, value);
                Ok(())
            };
            values.into_iter().map(&mut set).collect()
        };
        if outcomes.iter().any(Result::is_ok) {
            self.touch();
        }
        outcomes
    }

    pub(super) fn remove(&self, ids: &[u16]) -> Vec<Outcome> {
        let mut touched = false;
        let outcomes = {
            let mut state = self.state();
            let mut remove = |id: &u16| {
                if is_computed(*id) {
                    return Err(HRESULT::MAPI_E_COMPUTED);
                }
                if *id == PR_ATTACH_DATA_OBJ.id() {
                    touched |= state.embedded.take().is_some();
                }
                touched |= state.props.remove(*id).is_some();
                Ok(())
            };
            ids.iter().map(&mut remove).collect()
        };
        if touched {
            self.touch();
        }
        outcomes
    }
}

impl State {
    fn snapshot(&self, number: u32, saved: bool) -> AttachData {
        // An embedded message takes part as its own SaveChanges left it; one that never was saved is shown as it is.
        let embedded = self.embedded.as_ref().map(|embedded| &embedded.core);
        let embedded = embedded.map(|core| Box::new(core.saved().unwrap_or_else(|| core.pending())));
        AttachData { number, key: self.key, props: self.props.clone(), embedded, saved }
    }
}

impl StreamTarget for AttachCore {
    fn load(&self, tag: PropTag) -> Option<PropValue> {
        self.value(tag.id(), true)
    }

    fn store(&self, tag: PropTag, value: PropValue) -> Result<(), HRESULT> {
        self.assign(vec![(tag, value)]).into_iter().collect()
    }
}

/// Whether a property of attachments is the store's doing.
pub(super) fn is_computed(id: u16) -> bool {
    COMPUTED.iter().any(|tag| tag.id() == id)
}

/// PR_ACCESS of messages and attachments.
pub(super) fn access(writable: bool) -> u32 {
    let changes = if writable { flags::MAPI_ACCESS_MODIFY | flags::MAPI_ACCESS_DELETE } else { 0 };
    flags::MAPI_ACCESS_READ | changes
}
