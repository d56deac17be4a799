//! The message as the candidate holds it: `IMessage`.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::meta::methods;
use mapi_spi::structs::ADRLIST;
use mapi_spi::tags::{PR_MESSAGE_ATTACHMENTS, PR_MESSAGE_FLAGS, PR_MESSAGE_RECIPIENTS};
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag, flags};

use super::attach::Attach;
use super::builder::MessageBuilder;
use super::core::MessageCore;
use super::tables;
use crate::com::{Handle, gate, object, ours};
use crate::implements;
use crate::objects::copy::{Parts, refuse_all};
use crate::objects::errors::LastError;
use crate::objects::host::Row;
use crate::objects::names::Names;
use crate::objects::prop::{Open, Outcome, PropObject, no_interface};
use crate::objects::store::Store;
use crate::objects::{args, stream};
use crate::trace::event::Content;

/// A message object.
#[derive(Debug)]
pub struct Message {
    core: Arc<MessageCore>,
    errors: LastError,
    writable: bool,
}

implements!(Message: IMessage);

impl Message {
    /// A new message, as the spooler makes it for `StartMessage`: empty, read/write, never saved.
    #[must_use]
    pub fn new(store: &Arc<Store>) -> Arc<Self> {
        Self::open(&MessageCore::new(store), true)
    }

    /// Describes a message that is there already, such as one that is to be sent.
    #[must_use]
    pub fn builder() -> MessageBuilder {
        MessageBuilder::default()
    }

    /// An object on a message.
    #[must_use]
    pub fn open(core: &Arc<MessageCore>, writable: bool) -> Arc<Self> {
        Arc::new(Self { core: Arc::clone(core), errors: LastError::default(), writable })
    }

    /// What the message is made of.
    #[must_use]
    pub fn core(&self) -> &Arc<MessageCore> {
        &self.core
    }

    /// The content at the last save; `None` where there was none. `dirty` says whether more was written since.
    #[must_use]
    pub fn content_saved(&self) -> Option<Content> {
        Some(self.core.saved()?.content(self.core.store.names()))
    }

    /// The content as it stands, saved or not.
    #[must_use]
    pub fn content_pending(&self) -> Content {
        self.core.pending().content(self.core.store.names())
    }

    /// How often it was saved.
    #[must_use]
    pub fn saves(&self) -> u32 {
        self.core.saves()
    }

    /// Whether it was saved, and written to afterwards.
    #[must_use]
    pub fn dirty_since_save(&self) -> bool {
        self.core.saves() > 0 && self.core.dirty()
    }

    /// The value of a property, stored or computed.
    #[must_use]
    pub fn get(&self, tag: PropTag) -> Option<PropValue> {
        self.core.value(tag.id(), self.writable)
    }

    fn check_writable(&self) -> Result<(), HRESULT> {
        if self.writable { Ok(()) } else { Err(HRESULT::MAPI_E_NO_ACCESS) }
    }

    fn open_attach(&self, number: u32, iid: Option<GUID>, ulFlags: u32) -> Result<Handle, HRESULT> {
        check_interface(iid, "IAttach")?;
        let writable = self.writable && ulFlags & (flags::MAPI_MODIFY | flags::MAPI_BEST_ACCESS) != 0;
        let attach = tables::open_attachment(&self.core, number, writable)?;
        Ok(object::hand_out(attach, "attachment"))
    }

    fn create_attach(&self, iid: Option<GUID>) -> Result<(u32, Handle), HRESULT> {
        check_interface(iid, "IAttach")?;
        self.check_writable()?;
        let core = self.core.add_attachment();
        let attach = Attach::open(&core, &self.core, true);
        tables::note_live(&self.core, core.number, &attach);
        Ok((core.number, object::hand_out(attach, "attachment")))
    }

    fn set_read_flag(&self, ulFlags: u32) -> Result<(), HRESULT> {
        let has = |flag| ulFlags & flag != 0;
        let clear = has(flags::CLEAR_READ_FLAG);
        if clear && (has(flags::SUPPRESS_RECEIPT) || has(flags::GENERATE_RECEIPT_ONLY)) {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        if has(flags::GENERATE_RECEIPT_ONLY) || has(flags::CLEAR_RN_PENDING) || has(flags::CLEAR_NRN_PENDING)
        {
            return Ok(());
        }
        self.core.set_read(!clear);
        Ok(())
    }
}

impl PropObject for Message {
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
        match self.check_writable() {
            Ok(()) => self.core.assign(values),
            Err(code) => refuse_all(values.len(), code),
        }
    }

    fn remove(&self, ids: &[u16]) -> Result<Vec<Outcome>, HRESULT> {
        self.check_writable()?;
        Ok(self.core.remove(ids))
    }

    fn is_computed(&self, id: u16) -> bool {
        super::computed::is_computed(&self.core.state(), id)
    }

    fn open(&self, request: &Open) -> Result<Handle, HRESULT> {
        let unicode = request.options & flags::MAPI_UNICODE != 0;
        let is = |tag: PropTag| request.tag.id() == tag.id();
        if is(PR_MESSAGE_RECIPIENTS) && request.wants("IMAPITable") {
            return Ok(tables::recipients(&self.core, unicode));
        }
        if is(PR_MESSAGE_ATTACHMENTS) && request.wants("IMAPITable") {
            return Ok(tables::attachments(&self.core, unicode));
        }
        if request.wants("IStream") || request.wants("ISequentialStream") {
            if request.modifies() && super::computed::is_fixed(request.tag.id()) {
                return Err(HRESULT::MAPI_E_NO_ACCESS);
            }
            return stream::open(Arc::clone(&self.core) as _, request, self.writable);
        }
        Err(no_interface(request, "an interface that messages do not offer for it"))
    }

    fn save(&self, _ulFlags: u32) -> Result<(), HRESULT> {
        // Every choice of KEEP_OPEN_READONLY, KEEP_OPEN_READWRITE and neither leaves the object usable: the page allows
        // it, and what is written afterwards is seen as such instead of being lost.
        self.check_writable()?;
        self.core.save();
        Ok(())
    }

    fn parts(&self) -> Parts<'_> {
        Parts::Message(&self.core)
    }
}

impl ours::IMessage for Message {
    unsafe fn GetAttachmentTable(&self, ulFlags: u32, lppTable: *mut *mut c_void) -> HRESULT {
        let table = tables::attachments(&self.core, ulFlags & flags::MAPI_UNICODE != 0);
        // SAFETY: the caller vouches for its pointers, as for all methods here.
        unsafe { hand_over(&self.errors, "IMessage::GetAttachmentTable", Ok(table), lppTable) }
    }

    unsafe fn OpenAttach(
        &self,
        ulAttachmentNum: u32,
        lpInterface: *const GUID,
        ulFlags: u32,
        lppAttach: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let attach = self.open_attach(ulAttachmentNum, args::iid(lpInterface), ulFlags);
            hand_over(&self.errors, "IMessage::OpenAttach", attach, lppAttach)
        }
    }

    unsafe fn CreateAttach(
        &self,
        lpInterface: *const GUID,
        _ulFlags: u32,
        lpulAttachmentNum: *mut u32,
        lppAttach: *mut *mut c_void,
    ) -> HRESULT {
        let outputs = args::needed(lpulAttachmentNum).and(args::needed(lppAttach));
        // SAFETY: as above.
        unsafe {
            let made = outputs.and_then(|()| self.create_attach(args::iid(lpInterface)));
            if let Ok((number, _)) = made {
                args::put(lpulAttachmentNum, number);
            }
            hand_over(&self.errors, "IMessage::CreateAttach", made.map(|(_, attach)| attach), lppAttach)
        }
    }

    unsafe fn DeleteAttach(
        &self,
        ulAttachmentNum: u32,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        _ulFlags: u32,
    ) -> HRESULT {
        let deleted = self.check_writable().and_then(|()| self.core.delete_attachment(ulAttachmentNum));
        self.errors.note("IMessage::DeleteAttach", deleted.map(|()| HRESULT::S_OK))
    }

    unsafe fn GetRecipientTable(&self, ulFlags: u32, lppTable: *mut *mut c_void) -> HRESULT {
        let table = tables::recipients(&self.core, ulFlags & flags::MAPI_UNICODE != 0);
        // SAFETY: as above.
        unsafe { hand_over(&self.errors, "IMessage::GetRecipientTable", Ok(table), lppTable) }
    }

    unsafe fn ModifyRecipients(&self, ulFlags: u32, lpMods: *mut ADRLIST) -> HRESULT {
        // SAFETY: as above.
        let list = unsafe { args::recipients(lpMods) };
        let changed = list.and_then(|list| {
            self.check_writable()?;
            self.core.change_recipients(|recipients| recipients.modify(ulFlags, list))
        });
        self.errors.note("IMessage::ModifyRecipients", changed.map(|()| HRESULT::S_OK))
    }

    unsafe fn SubmitMessage(&self, _ulFlags: u32) -> HRESULT {
        let code = gate::unsupported_part(
            &methods::IMessage::SubmitMessage,
            "a message in process is not submitted from within",
        );
        self.errors.note("IMessage::SubmitMessage", Err(code))
    }

    unsafe fn SetReadFlag(&self, ulFlags: u32) -> HRESULT {
        self.errors.note("IMessage::SetReadFlag", self.set_read_flag(ulFlags).map(|()| HRESULT::S_OK))
    }
}

impl MessageCore {
    /// Sets or clears MSGFLAG_READ.
    fn set_read(&self, read: bool) {
        {
            let mut state = self.state();
            let set = |flags: u32| {
                if read { flags | flags::MSGFLAG_READ } else { flags & !flags::MSGFLAG_READ }
            };
            state.flags = set(state.flags);
            if let Some(stored) = state.props.long(PR_MESSAGE_FLAGS) {
                let stored = set(stored.cast_unsigned()).cast_signed();
                state.props.set(PR_MESSAGE_FLAGS, PropValue::Long(stored));
            }
        }
        self.touch();
    }
}

/// Refuses interfaces that an object does not have; no identifier means its own.
///
/// # Errors
///
/// MAPI_E_INTERFACE_NOT_SUPPORTED.
pub(super) fn check_interface(iid: Option<GUID>, own: &str) -> Result<(), HRESULT> {
    let fits = |iid| [own, "IMAPIProp", "IUnknown"].iter().any(|name| ours::iid_of(name) == Some(iid));
    if iid.is_none_or(fits) { Ok(()) } else { Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED) }
}

/// Ends a method that returns an object.
///
/// # Safety
///
/// `out` is null or valid for a write.
unsafe fn hand_over(
    errors: &LastError,
    method: &'static str,
    made: Result<Handle, HRESULT>,
    out: *mut *mut c_void,
) -> HRESULT {
    let made = args::needed(out).and(made);
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(out, made.map_or(ptr::null_mut(), |handle| handle.0)) };
    errors.note(method, made.map(|_| HRESULT::S_OK))
}
