//! The message object: `IMessage`. Source page: *imessageimapiprop* and those of its methods.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Weak};

use mapi_spi::flags::{
    CLEAR_READ_FLAG, MAPI_BEST_ACCESS, MAPI_MODIFY, MODRECIP_ADD, MODRECIP_MODIFY, MODRECIP_REMOVE,
    MSGFLAG_READ,
};
use mapi_spi::interfaces::{IAttach, IMessage, IMessage_Impl};
use mapi_spi::structs::{ADRENTRY, ADRLIST};
use mapi_spi::tags as tag;
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT};
use windows_core::{IUnknown, IUnknownImpl, Interface, implement};

use super::attach::{AttachNode, Attachment};
use super::bag::Bag;
use super::data::{MessageData, Recipient};
use super::entries::mapi_prop;
use super::message::MessageNode;
use super::props::{PropNode, hand_out};
use super::sources::Source;
use super::submit;
use super::table_object::Table;
use crate::guard::guard;
use crate::mapi::Result;

/// A message that somebody has open.
#[implement(IMessage, Agile = false)]
pub(super) struct Message {
    node: Arc<MessageNode>,
    /// Gone when this object is.
    _alive: Arc<()>,
}

impl Message {
    /// An object for an open message.
    pub(super) fn over(node: Arc<MessageNode>) -> IMessage {
        Message { node, _alive: Arc::default() }.into()
    }

    /// The same, and what tells whether the object is still there.
    pub(super) fn watched(node: Arc<MessageNode>) -> (IMessage, Weak<()>) {
        let alive = Arc::new(());
        let watch = Arc::downgrade(&alive);
        (Message { node, _alive: alive }.into(), watch)
    }
}

mapi_prop!(Message_Impl);

impl IMessage_Impl for Message_Impl {
    unsafe fn GetAttachmentTable(&self, _ulFlags: u32, lppTable: *mut *mut c_void) -> HRESULT {
        let source = Source::Attachments(Arc::clone(&self.node));
        // SAFETY: the caller's cell is null or valid.
        guard(|| unsafe { Table::hand_out(self.node.session(), source, lppTable) })
    }

    unsafe fn OpenAttach(
        &self,
        ulAttachmentNum: u32,
        lpInterface: *const GUID,
        ulFlags: u32,
        lppAttach: *mut *mut c_void,
    ) -> HRESULT {
        guard(|| {
            if lppAttach.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, and the caller vouches for it.
            unsafe { lppAttach.write(ptr::null_mut()) };
            let writable = self.node.is_writable();
            if ulFlags & MAPI_MODIFY != 0 && !writable {
                return Err(HRESULT::MAPI_E_NO_ACCESS);
            }
            let found = self.node.with_data(|data| data.attachments.get(&ulAttachmentNum).cloned())?;
            let data = found.ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
            let writable = writable && ulFlags & (MAPI_MODIFY | MAPI_BEST_ACCESS) != 0;
            let node = AttachNode::new(&self.node, ulAttachmentNum, data, writable);
            let object: IUnknown = Attachment::over(node).into();
            // SAFETY: the identifier is null or one, the cell is not null.
            unsafe { hand_out(&object, lpInterface.as_ref().unwrap_or(&IAttach::IID), lppAttach) }
        })
    }

    unsafe fn CreateAttach(
        &self,
        lpInterface: *const GUID,
        _ulFlags: u32,
        lpulAttachmentNum: *mut u32,
        lppAttach: *mut *mut c_void,
    ) -> HRESULT {
        guard(|| {
            if lpulAttachmentNum.is_null() || lppAttach.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, and the caller vouches for it.
            unsafe { lppAttach.write(ptr::null_mut()) };
            let number = self.node.change(|data| {
                data.next_attachment += 1;
                data.next_attachment - 1
            })?;
            let node = AttachNode::new(&self.node, number, AttachNode::blank(), true);
            let object: IUnknown = Attachment::over(node).into();
            // SAFETY: neither cell is null; the identifier is null or one.
            unsafe {
                lpulAttachmentNum.write(number);
                hand_out(&object, lpInterface.as_ref().unwrap_or(&IAttach::IID), lppAttach)
            }
        })
    }

    unsafe fn DeleteAttach(
        &self,
        ulAttachmentNum: u32,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        _ulFlags: u32,
    ) -> HRESULT {
        guard(|| {
            let deleted = self.node.change(|data| data.attachments.remove(&ulAttachmentNum))?;
            deleted.ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
            self.node.parts_changed();
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn GetRecipientTable(&self, _ulFlags: u32, lppTable: *mut *mut c_void) -> HRESULT {
        let source = Source::Recipients(Arc::clone(&self.node));
        // SAFETY: the caller's cell is null or valid.
        guard(|| unsafe { Table::hand_out(self.node.session(), source, lppTable) })
    }

    unsafe fn ModifyRecipients(&self, ulFlags: u32, lpMods: *mut ADRLIST) -> HRESULT {
        guard(|| {
            if ![0, MODRECIP_ADD, MODRECIP_MODIFY, MODRECIP_REMOVE].contains(&ulFlags)
                || (lpMods.is_null() && ulFlags != 0)
            {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: null or a whole list, as the caller vouches.
            let entries = unsafe { ADRLIST::elements(lpMods) };
            let mut given = Vec::with_capacity(entries.len());
            for entry in entries {
                // SAFETY: as above.
                given.extend(unsafe { recipient_of(&entry) }?);
            }
            self.node.change(|data| modify(data, ulFlags, given))??;
            self.node.parts_changed();
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn SubmitMessage(&self, _ulFlags: u32) -> HRESULT {
        guard(|| submit::submit(&self.to_interface::<IMessage>(), &self.node).map(|()| HRESULT::S_OK))
    }

    unsafe fn SetReadFlag(&self, ulFlags: u32) -> HRESULT {
        guard(|| {
            let read = ulFlags & CLEAR_READ_FLAG == 0;
            self.node.with_data(|_| ())?;
            if let Some(id) = self.node.id() {
                super::folder_ops::set_read(self.node.session(), id, read);
            }
            // Also in the object that is open, without regard to how it was opened: the flag is no part of what is saved.
            let mut data = self.node.snapshot();
            set_read_flag(&mut data.bag, read);
            self.node.restore(data);
            Ok(HRESULT::S_OK)
        })
    }
}

/// Sets or clears `MSGFLAG_READ`.
pub(super) fn set_read_flag(bag: &mut Bag, read: bool) {
    let flags = bag.bits(tag::PR_MESSAGE_FLAGS);
    bag.mask(tag::PR_MESSAGE_FLAGS, if read { flags | MSGFLAG_READ } else { flags & !MSGFLAG_READ });
}

/// A recipient of a list and the row that it names; `None` for an entry without properties.
///
/// # Safety
///
/// The entry has to be whole.
unsafe fn recipient_of(entry: &ADRENTRY) -> Result<Option<(Option<u32>, Bag)>> {
    // SAFETY: as the caller vouches.
    let values = unsafe { entry.props() };
    let mut bag = Bag::default();
    for value in values {
        if value.tag().prop_type() == PropType::PT_NULL {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        // SAFETY: as the caller vouches.
        let read = unsafe { PropValue::read(&value) }.map_err(|_| HRESULT::MAPI_E_INVALID_PARAMETER)?;
        if !matches!(read, PropValue::Error(_) | PropValue::Object | PropValue::Unknown(..)) {
            bag.set(value.tag(), read);
        }
    }
    bag.remove(tag::PR_INSTANCE_KEY);
    let row = bag.remove(tag::PR_ROWID).and_then(|row| row.as_long()).map(i32::cast_unsigned);
    Ok((values.len() > 0).then_some((row, bag)))
}

fn modify(data: &mut MessageData, flags: u32, given: Vec<(Option<u32>, Bag)>) -> Result<()> {
    if flags & (MODRECIP_MODIFY | MODRECIP_REMOVE) != 0 {
        let known = |row: &Option<u32>| data.recipients.iter().any(|own| Some(own.row) == *row);
        if !given.iter().all(|(row, _)| known(row)) {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
    }
    if flags == 0 {
        data.recipients.clear();
    }
    for (row, bag) in given {
        let at = data.recipients.iter().position(|own| Some(own.row) == row);
        match (flags, at) {
            (MODRECIP_MODIFY, Some(at)) => data.recipients[at].bag = bag,
            (MODRECIP_REMOVE, Some(at)) => drop(data.recipients.remove(at)),
            _ => {
                data.recipients.push(Recipient { row: data.next_recipient, bag });
                data.next_recipient += 1;
            }
        }
    }
    Ok(())
}
