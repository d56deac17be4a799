//! Folders: `IMAPIFolder`. Their properties have no transactions: what is set is set. Source page: *imapifolderimapicontainer*
//! and those of its methods.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::flags::{
    CLEAR_READ_FLAG, CONVENIENT_DEPTH, COPY_SUBFOLDERS, DEL_ASSOCIATED, DEL_FOLDERS, DEL_MESSAGES,
    FOLDER_GENERIC, FOLDER_MOVE, MAPI_ASSOCIATED, MAPI_UNICODE, MESSAGE_MOVE, OPEN_IF_EXISTS,
    fnevObjectModified,
};
use mapi_spi::interfaces::{
    IMAPIContainer_Impl, IMAPIFolder, IMAPIFolder_Impl, IMAPIProp, IMAPITable, IMessage,
};
use mapi_spi::structs::{ENTRYLIST, SBinary, SRestriction, SSortOrderSet};
use mapi_spi::tags as tag;
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::{IUnknown, Interface, implement};

use super::bag::{Bag, View};
use super::entries::mapi_prop;
use super::folder_ops::{self as ops, Target};
use super::ids::{Named, Object, id_bytes};
use super::message::MessageNode;
use super::message_object::Message;
use super::naming::read_text;
use super::notify::{Event, announce};
use super::opening;
use super::props::{PropNode, hand_out, put};
use super::session::StoreSession;
use super::sources::Source;
use super::table::direction;
use super::table_object::Table;
use super::{computed, data};
use crate::guard::guard;
use crate::mapi::{Result, get_props};
use crate::time::now;

/// An open folder.
#[derive(Debug)]
pub(super) struct FolderNode {
    session: Arc<StoreSession>,
    id: u64,
}

impl PropNode for FolderNode {
    fn session(&self) -> &Arc<StoreSession> {
        &self.session
    }

    fn read<R>(&self, look: impl FnOnce(&View<'_>) -> R) -> Result<R> {
        self.session.check()?;
        let data = self.session.core().lock();
        let folder = data.folders.get(&self.id).ok_or(HRESULT::MAPI_E_OBJECT_DELETED)?;
        let computed = computed::folder_props(&self.session, &data, self.id, folder);
        Ok(look(&View { computed: &computed, stored: &folder.bag }))
    }

    fn write<R>(&self, change: impl FnOnce(&mut Bag) -> R) -> Result<R> {
        self.session.check()?;
        let (result, parent) = {
            let mut data = self.session.core().lock();
            let folder = data.folders.get_mut(&self.id).ok_or(HRESULT::MAPI_E_OBJECT_DELETED)?;
            let result = change(&mut folder.bag);
            folder.bag.time(tag::PR_LAST_MODIFICATION_TIME, now());
            (result, folder.parent.unwrap_or(data::ROOT))
        };
        let event = Event { event: fnevObjectModified, object: Object::Folder(self.id), parent, old: None };
        announce(self.session.core(), &[event]);
        Ok(result)
    }

    fn is_computed(&self, tag: PropTag) -> bool {
        computed::FOLDER.iter().any(|own| own.id() == tag.id())
    }

    fn objects(&self) -> &'static [PropTag] {
        &[tag::PR_CONTAINER_HIERARCHY, tag::PR_CONTAINER_CONTENTS, tag::PR_FOLDER_ASSOCIATED_CONTENTS]
    }

    fn open(
        self: &Arc<Self>,
        tag: PropTag,
        iid: &GUID,
        _options: u32,
        _flags: u32,
    ) -> Result<Option<IUnknown>> {
        let source = match tag {
            tag::PR_CONTAINER_HIERARCHY => Source::Hierarchy { folder: self.id, deep: false },
            tag::PR_CONTAINER_CONTENTS => Source::Contents { folder: self.id, associated: false },
            tag::PR_FOLDER_ASSOCIATED_CONTENTS => Source::Contents { folder: self.id, associated: true },
            _ => return Ok(None),
        };
        if *iid != IMAPITable::IID {
            return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
        }
        Table::open(&self.session, source).map(Some)
    }

    fn save(&self, _flags: u32) -> Result<()> {
        self.session.check()
    }
}

/// A folder that somebody has open.
#[implement(IMAPIFolder, Agile = false)]
pub(super) struct FolderObject {
    node: Arc<FolderNode>,
}

impl FolderObject {
    pub(super) fn over(session: &Arc<StoreSession>, id: u64) -> IMAPIFolder {
        let node = Arc::new(FolderNode { session: Arc::clone(session), id });
        FolderObject { node }.into()
    }

    /// # Safety
    ///
    /// `folder` has to be null or a live object with properties.
    unsafe fn target(&self, folder: *mut c_void) -> Result<Target> {
        // SAFETY: as the caller vouches.
        let Some(folder) = (unsafe { IUnknown::from_raw_borrowed(&folder) }) else {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        };
        let folder: IMAPIFolder = folder.cast().map_err(|_| HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED)?;
        let props: &IMAPIProp = &folder;
        let values = get_props(self.node.session.memory(), props, &[tag::PR_ENTRYID], 0)?;
        let own = values.binary(tag::PR_ENTRYID).and_then(Named::parse);
        match own.filter(|named| named.store == self.node.session.key()).map(|named| named.object) {
            Some(Object::Folder(id)) => Ok(Target::Own(id)),
            Some(_) | None => Ok(Target::Foreign(folder)),
        }
    }
}

mapi_prop!(FolderObject_Impl);

/// The messages that a list names.
///
/// # Safety
///
/// `list` has to be null or a whole list.
unsafe fn messages_of(session: &StoreSession, list: *const ENTRYLIST) -> Result<Vec<u64>> {
    // SAFETY: as the caller vouches.
    let Some(list) = (unsafe { list.as_ref() }) else { return Err(HRESULT::MAPI_E_INVALID_PARAMETER) };
    if list.lpbin.is_null() && list.cValues > 0 {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    let message = |entry: SBinary| {
        // SAFETY: each entry is whole, as the caller vouches.
        let named = Named::parse(unsafe { id_bytes(entry.cb, entry.lpb.cast()) });
        match named.filter(|named| named.store == session.key()).map(|named| named.object) {
            Some(Object::Message(id)) => Ok(id),
            Some(_) | None => Err(HRESULT::MAPI_E_INVALID_ENTRYID),
        }
    };
    // SAFETY: not null where there are any.
    (0..list.cValues as usize).map(|index| message(unsafe { list.lpbin.add(index).read() })).collect()
}

impl IMAPIContainer_Impl for FolderObject_Impl {
    unsafe fn GetContentsTable(&self, ulFlags: u32, lppTable: *mut *mut c_void) -> HRESULT {
        let source = Source::Contents { folder: self.node.id, associated: ulFlags & MAPI_ASSOCIATED != 0 };
        // SAFETY: the caller's cell is null or valid.
        guard(|| unsafe { Table::hand_out(&self.node.session, source, lppTable) })
    }

    unsafe fn GetHierarchyTable(&self, ulFlags: u32, lppTable: *mut *mut c_void) -> HRESULT {
        let source = Source::Hierarchy { folder: self.node.id, deep: ulFlags & CONVENIENT_DEPTH != 0 };
        // SAFETY: the caller's cell is null or valid.
        guard(|| unsafe { Table::hand_out(&self.node.session, source, lppTable) })
    }

    unsafe fn OpenEntry(
        &self,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        lpInterface: *const GUID,
        ulFlags: u32,
        lpulObjType: *mut u32,
        lppUnk: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: the caller's pointers are as the page promises.
        guard(|| unsafe {
            let session = &self.node.session;
            let id = id_bytes(cbEntryID, lpEntryID);
            opening::open_entry(session, id, self.node.id, lpInterface, ulFlags, lpulObjType, lppUnk)
        })
    }

    /// There are no search folders.
    unsafe fn SetSearchCriteria(
        &self,
        _lpRestriction: *mut SRestriction,
        _lpContainerList: *mut ENTRYLIST,
        _ulSearchFlags: u32,
    ) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn GetSearchCriteria(
        &self,
        _ulFlags: u32,
        lppRestriction: *mut *mut SRestriction,
        lppContainerList: *mut *mut ENTRYLIST,
        lpulSearchState: *mut u32,
    ) -> HRESULT {
        // SAFETY: the caller's cells are null or valid.
        unsafe {
            put(lppRestriction, ptr::null_mut());
            put(lppContainerList, ptr::null_mut());
            put(lpulSearchState, 0);
        }
        HRESULT::MAPI_E_NO_SUPPORT
    }
}

impl IMAPIFolder_Impl for FolderObject_Impl {
    unsafe fn CreateMessage(
        &self,
        lpInterface: *const GUID,
        ulFlags: u32,
        lppMessage: *mut *mut c_void,
    ) -> HRESULT {
        guard(|| {
            if lppMessage.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, and the caller vouches for it.
            unsafe { lppMessage.write(ptr::null_mut()) };
            self.node.read(|_| ())?;
            let associated = ulFlags & MAPI_ASSOCIATED != 0;
            let node = MessageNode::create(&self.node.session, self.node.id, associated);
            let object: IUnknown = Message::over(node).into();
            // SAFETY: the identifier is null or one, the cell is not null.
            unsafe { hand_out(&object, lpInterface.as_ref().unwrap_or(&IMessage::IID), lppMessage) }
        })
    }

    unsafe fn CopyMessages(
        &self,
        lpMsgList: *mut ENTRYLIST,
        _lpInterface: *const GUID,
        lpDestFolder: *mut c_void,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        ulFlags: u32,
    ) -> HRESULT {
        guard(|| {
            // SAFETY: the caller's pointers are as the page promises.
            let (messages, target) =
                unsafe { (messages_of(&self.node.session, lpMsgList)?, self.target(lpDestFolder)?) };
            ops::copy_messages(&self.node.session, &messages, &target, ulFlags & MESSAGE_MOVE != 0)
        })
    }

    unsafe fn DeleteMessages(
        &self,
        lpMsgList: *mut ENTRYLIST,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        _ulFlags: u32,
    ) -> HRESULT {
        guard(|| {
            // SAFETY: the caller's pointer is as the page promises.
            let messages = unsafe { messages_of(&self.node.session, lpMsgList) }?;
            ops::delete_messages(&self.node.session, &messages)
        })
    }

    unsafe fn CreateFolder(
        &self,
        ulFolderType: u32,
        lpszFolderName: *mut c_void,
        lpszFolderComment: *mut c_void,
        lpInterface: *const GUID,
        ulFlags: u32,
        lppFolder: *mut *mut c_void,
    ) -> HRESULT {
        guard(|| {
            // SAFETY: the caller's cell is null or valid, its text as wide as the flags say.
            let (name, comment) = unsafe {
                put(lppFolder, ptr::null_mut());
                let wide = ulFlags & MAPI_UNICODE != 0;
                (read_text(lpszFolderName, wide), read_text(lpszFolderComment, wide))
            };
            let name = name.filter(|name| !name.is_empty() && !lppFolder.is_null());
            let name = name.ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?;
            if ulFolderType != FOLDER_GENERIC {
                return Err(HRESULT::MAPI_E_NO_SUPPORT);
            }
            let reuse = ulFlags & OPEN_IF_EXISTS != 0;
            let comment = comment.unwrap_or_default();
            let id = ops::create_folder(&self.node.session, self.node.id, &name, &comment, reuse)?;
            let object: IUnknown = FolderObject::over(&self.node.session, id).into();
            // SAFETY: the identifier is null or one, the cell is not null.
            unsafe { hand_out(&object, lpInterface.as_ref().unwrap_or(&IMAPIFolder::IID), lppFolder) }
        })
    }

    unsafe fn CopyFolder(
        &self,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        _lpInterface: *const GUID,
        lpDestFolder: *mut c_void,
        lpszNewFolderName: *mut c_void,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        ulFlags: u32,
    ) -> HRESULT {
        guard(|| {
            // SAFETY: the caller's pointers are as the page promises.
            let (id, target, name) = unsafe {
                let id = opening::folder_of(&self.node.session, id_bytes(cbEntryID, lpEntryID))?;
                (id, self.target(lpDestFolder)?, read_text(lpszNewFolderName, ulFlags & MAPI_UNICODE != 0))
            };
            let Target::Own(target) = target else { return Err(HRESULT::MAPI_E_NO_SUPPORT) };
            let how = ops::FolderCopy {
                name,
                moved: ulFlags & FOLDER_MOVE != 0,
                deep: ulFlags & (COPY_SUBFOLDERS | FOLDER_MOVE) != 0,
            };
            ops::copy_folder(&self.node.session, id, target, &how)
        })
    }

    unsafe fn DeleteFolder(
        &self,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        ulFlags: u32,
    ) -> HRESULT {
        guard(|| {
            // SAFETY: the caller's identifier is as the page promises.
            let id = unsafe { opening::folder_of(&self.node.session, id_bytes(cbEntryID, lpEntryID)) }?;
            let (messages, folders) = (ulFlags & DEL_MESSAGES != 0, ulFlags & DEL_FOLDERS != 0);
            ops::delete_folder(&self.node.session, id, messages, folders)
        })
    }

    unsafe fn SetReadFlags(
        &self,
        lpMsgList: *mut ENTRYLIST,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        ulFlags: u32,
    ) -> HRESULT {
        guard(|| {
            let session = &self.node.session;
            let messages = if lpMsgList.is_null() {
                session.core().lock().contents(self.node.id, false).map(|(id, _)| id).collect()
            } else {
                // SAFETY: the caller's list is whole.
                unsafe { messages_of(session, lpMsgList) }?
            };
            messages.into_iter().for_each(|id| ops::set_read(session, id, ulFlags & CLEAR_READ_FLAG == 0));
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn GetMessageStatus(
        &self,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        _ulFlags: u32,
        lpulMessageStatus: *mut u32,
    ) -> HRESULT {
        // SAFETY: the caller's pointers are as the page promises.
        guard(|| unsafe {
            let id = opening::message_of(&self.node.session, id_bytes(cbEntryID, lpEntryID))?;
            put(lpulMessageStatus, ops::set_status(&self.node.session, id, 0, 0)?);
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn SetMessageStatus(
        &self,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        ulNewStatus: u32,
        ulNewStatusMask: u32,
        lpulOldStatus: *mut u32,
    ) -> HRESULT {
        // SAFETY: the caller's pointers are as the page promises.
        guard(|| unsafe {
            let id = opening::message_of(&self.node.session, id_bytes(cbEntryID, lpEntryID))?;
            put(lpulOldStatus, ops::set_status(&self.node.session, id, ulNewStatus, ulNewStatusMask)?);
            Ok(HRESULT::S_OK)
        })
    }

    /// The order of a contents table is each client's own.
    unsafe fn SaveContentsSort(&self, lpSortCriteria: *mut SSortOrderSet, _ulFlags: u32) -> HRESULT {
        guard(|| {
            // SAFETY: null or a whole set.
            let sorts = unsafe { SSortOrderSet::elements(lpSortCriteria) };
            sorts.map(|sort| direction(sort.ulOrder)).collect::<Result<Vec<_>>>()?;
            Err(HRESULT::MAPI_E_NO_SUPPORT)
        })
    }

    unsafe fn EmptyFolder(&self, _ulUIParam: usize, _lpProgress: *mut c_void, ulFlags: u32) -> HRESULT {
        guard(|| ops::empty_folder(&self.node.session, self.node.id, ulFlags & DEL_ASSOCIATED != 0))
    }
}
