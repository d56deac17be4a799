//! Attachments: `IAttach`. What is changed in one goes into the message when the attachment is saved, and into the store
//! when the message is. Source pages: *iattachimapiprop*, *opening-an-attachment*.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::flags::{ATTACH_EMBEDDED_MSG, MAPI_ATTACH, MAPI_CREATE, MAPI_MODIFY, NO_ATTACHMENT};
use mapi_spi::interfaces::{IAttach, IAttach_Impl, IMessage};
use mapi_spi::tags as tag;
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::{IUnknown, Interface, implement};

use super::bag::{Bag, View};
use super::copy;
use super::data::{AttachData, MessageData};
use super::entries::mapi_prop;
use super::message::MessageNode;
use super::message_object::Message;
use super::props::PropNode;
use super::session::StoreSession;
use crate::mapi::Result;
use crate::time::now;

/// An open attachment.
#[derive(Debug)]
pub(super) struct AttachNode {
    message: Arc<MessageNode>,
    number: u32,
    writable: bool,
    data: Mutex<AttachData>,
}

impl AttachNode {
    pub(super) fn new(
        message: &Arc<MessageNode>,
        number: u32,
        data: AttachData,
        writable: bool,
    ) -> Arc<AttachNode> {
        Arc::new(AttachNode { message: Arc::clone(message), number, writable, data: Mutex::new(data) })
    }

    /// What a new attachment holds.
    pub(super) fn blank() -> AttachData {
        let mut data = AttachData::default();
        data.bag.mask(tag::PR_ATTACH_METHOD, NO_ATTACHMENT);
        data.bag.time(tag::PR_CREATION_TIME, now());
        data.bag.time(tag::PR_LAST_MODIFICATION_TIME, now());
        data
    }

    /// Takes over the message that is in it.
    ///
    /// # Errors
    ///
    /// As [`PropNode::write`].
    pub(super) fn put_embedded(&self, message: MessageData) -> Result<()> {
        self.check_write()?;
        self.lock().embedded = Some(Box::new(message));
        Ok(())
    }

    fn check_write(&self) -> Result<()> {
        self.message.with_data(|_| ())?;
        if self.writable { Ok(()) } else { Err(HRESULT::MAPI_E_NO_ACCESS) }
    }

    fn lock(&self) -> MutexGuard<'_, AttachData> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_message(self: &Arc<Self>, flags: u32) -> Result<IMessage> {
        let modify = flags & (MAPI_MODIFY | MAPI_CREATE) != 0;
        if modify {
            self.check_write()?;
        }
        let data = if flags & MAPI_CREATE != 0 {
            self.lock().bag.mask(tag::PR_ATTACH_METHOD, ATTACH_EMBEDDED_MSG);
            None
        } else {
            Some(*self.lock().embedded.clone().ok_or(HRESULT::MAPI_E_NOT_FOUND)?)
        };
        Ok(Message::over(MessageNode::embedded(self, data, modify)))
    }
}

impl PropNode for AttachNode {
    fn session(&self) -> &Arc<StoreSession> {
        self.message.session()
    }

    fn read<R>(&self, look: impl FnOnce(&View<'_>) -> R) -> Result<R> {
        self.message.with_data(|_| ())?;
        let data = self.lock();
        let mut computed = Bag::default();
        computed.mask(tag::PR_ATTACH_NUM, self.number);
        computed.mask(tag::PR_ATTACH_SIZE, data.size() as u32);
        computed.mask(tag::PR_OBJECT_TYPE, MAPI_ATTACH);
        computed.binary(tag::PR_RECORD_KEY, self.number.to_be_bytes().to_vec());
        computed.mask(tag::PR_ACCESS_LEVEL, if self.writable { MAPI_MODIFY } else { 0 });
        Ok(look(&View { computed: &computed, stored: &data.bag }))
    }

    fn write<R>(&self, change: impl FnOnce(&mut Bag) -> R) -> Result<R> {
        self.check_write()?;
        Ok(change(&mut self.lock().bag))
    }

    fn is_computed(&self, tag: PropTag) -> bool {
        const COMPUTED: [PropTag; 5] = [
            tag::PR_ATTACH_NUM,
            tag::PR_ATTACH_SIZE,
            tag::PR_OBJECT_TYPE,
            tag::PR_RECORD_KEY,
            tag::PR_ACCESS_LEVEL,
        ];
        COMPUTED.iter().any(|own| own.id() == tag.id())
    }

    fn objects(&self) -> &'static [PropTag] {
        // Listed where there is one: an attachment of bytes has the same identifier as such.
        if self.lock().embedded.is_some() { &[tag::PR_ATTACH_DATA_OBJ] } else { &[] }
    }

    fn open(
        self: &Arc<Self>,
        tag: PropTag,
        iid: &GUID,
        _options: u32,
        flags: u32,
    ) -> Result<Option<IUnknown>> {
        if tag != tag::PR_ATTACH_DATA_OBJ {
            return Ok(None);
        }
        if *iid != IMessage::IID {
            return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
        }
        self.open_message(flags).map(|message| Some(message.into()))
    }

    fn save(&self, _flags: u32) -> Result<()> {
        self.check_write()?;
        let saved = {
            let mut data = self.lock();
            data.bag.time(tag::PR_LAST_MODIFICATION_TIME, now());
            data.clone()
        };
        self.message.change(|message| message.attachments.insert(self.number, saved))?;
        self.message.parts_changed();
        Ok(())
    }

    fn copy_parts(self: &Arc<Self>, parts: &[PropTag], to: &IUnknown) -> Result<()> {
        let Ok(attachment) = to.cast::<IAttach>() else { return Ok(()) };
        let embedded = self.lock().embedded.clone();
        match embedded {
            Some(message) if parts.contains(&tag::PR_ATTACH_DATA_OBJ) => {
                copy::copy_embedded(self.session().memory(), &message, &attachment)
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// An attachment that somebody has open.
#[implement(IAttach, Agile = false)]
pub(super) struct Attachment {
    node: Arc<AttachNode>,
}

impl Attachment {
    pub(super) fn over(node: Arc<AttachNode>) -> IAttach {
        Attachment { node }.into()
    }
}

mapi_prop!(Attachment_Impl);

impl IAttach_Impl for Attachment_Impl {}
