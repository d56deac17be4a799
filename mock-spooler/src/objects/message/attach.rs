//! The attachment as the candidate holds it: `IAttach`.

use std::sync::Arc;

use mapi_spi::tags::PR_ATTACH_DATA_OBJ;
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};

use super::attach_core::{self, AttachCore};
use super::core::MessageCore;
use crate::com::{Handle, object, ours};
use crate::implements;
use crate::objects::copy::{Parts, refuse_all};
use crate::objects::errors::LastError;
use crate::objects::host::Row;
use crate::objects::names::Names;
use crate::objects::prop::{Open, Outcome, PropObject, no_interface};
use crate::objects::stream;

/// An attachment object.
#[derive(Debug)]
pub struct Attach {
    core: Arc<AttachCore>,
    /// The message lives as long as an attachment of it is open.
    _message: Arc<MessageCore>,
    errors: LastError,
    writable: bool,
}

implements!(Attach: IAttach);

impl Attach {
    pub(super) fn open(core: &Arc<AttachCore>, message: &Arc<MessageCore>, writable: bool) -> Arc<Self> {
        let (core, message) = (Arc::clone(core), Arc::clone(message));
        Arc::new(Self { core, _message: message, errors: LastError::default(), writable })
    }

    fn open_embedded(&self, request: &Open) -> Result<Handle, HRESULT> {
        if request.modifies() && !self.writable {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        let message = if request.creates() {
            Some(self.core.create_embedded())
        } else {
            self.core.open_embedded(request.modifies())
        };
        message.map(|message| object::hand_out(message, "message")).ok_or(HRESULT::MAPI_E_NOT_FOUND)
    }
}

impl PropObject for Attach {
    fn errors(&self) -> &LastError {
        &self.errors
    }

    fn names(&self) -> Option<&Names> {
        Some(self.core.store.names())
    }

    fn tags(&self) -> Vec<PropTag> {
        self.core.tags(self.writable)
    }

    fn value(&self, id: u16) -> Option<PropValue> {
        self.core.value(id, self.writable)
    }

    fn assign(&self, values: Row) -> Vec<Outcome> {
        if self.writable {
            self.core.assign(values)
        } else {
            refuse_all(values.len(), HRESULT::MAPI_E_NO_ACCESS)
        }
    }

    fn remove(&self, ids: &[u16]) -> Result<Vec<Outcome>, HRESULT> {
        if self.writable { Ok(self.core.remove(ids)) } else { Err(HRESULT::MAPI_E_NO_ACCESS) }
    }

    fn is_computed(&self, id: u16) -> bool {
        attach_core::is_computed(id)
    }

    fn open(&self, request: &Open) -> Result<Handle, HRESULT> {
        if request.tag == PR_ATTACH_DATA_OBJ && request.wants("IMessage") {
            return self.open_embedded(request);
        }
        if request.wants("IStream") || request.wants("ISequentialStream") {
            if request.modifies() && attach_core::is_computed(request.tag.id()) {
                return Err(HRESULT::MAPI_E_NO_ACCESS);
            }
            return stream::open(Arc::clone(&self.core) as _, request, self.writable);
        }
        Err(no_interface(request, "an interface other than IStream and IMessage"))
    }

    fn save(&self, _ulFlags: u32) -> Result<(), HRESULT> {
        if !self.writable {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        self.core.save();
        Ok(())
    }

    fn parts(&self) -> Parts<'_> {
        Parts::Attachment(&self.core)
    }
}

impl ours::IAttach for Attach {}
