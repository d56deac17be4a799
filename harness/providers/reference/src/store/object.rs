//! The store object: `IMsgStore`. Source page: *imsgstoreimapiprop* and those of its methods.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::flags::{
    LOGOFF_OUTBOUND, LOGOFF_OUTBOUND_QUEUE, MAPI_UNICODE, fnevNewMail, fnevObjectModified,
};
use mapi_spi::interfaces::{IMAPIAdviseSink, IMAPITable, IMessage, IMsgStore, IMsgStore_Impl};
use mapi_spi::structs::NOTIFICATION;
use mapi_spi::tags as tag;
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::{IUnknown, Interface, implement};

use super::bag::{Bag, View};
use super::data::{self, INBOX};
use super::entries::mapi_prop;
use super::ids::{Object, id_bytes};
use super::naming::read_text;
use super::notify::{Event, Subscription, UNKNOWN_CONNECTION, announce, announce_mail};
use super::props::{PropNode, put};
use super::session::StoreSession;
use super::sources::Source;
use super::table_object::Table;
use super::{computed, opening, queue};
use crate::guard::{contain, guard};
use crate::mapi::{Result, narrow, wide};

/// The store of one logon.
#[derive(Debug)]
pub(super) struct StoreNode {
    session: Arc<StoreSession>,
}

impl PropNode for StoreNode {
    fn session(&self) -> &Arc<StoreSession> {
        &self.session
    }

    fn read<R>(&self, look: impl FnOnce(&View<'_>) -> R) -> Result<R> {
        self.session.check()?;
        let computed = computed::store_props(&self.session);
        let data = self.session.core().lock();
        let mut stored = data.bag.clone();
        if stored.get(tag::PR_DISPLAY_NAME_W).is_none() {
            stored.text(tag::PR_DISPLAY_NAME_W, super::session::DISPLAY_NAME);
        }
        Ok(look(&View { computed: &computed, stored: &stored }))
    }

    fn write<R>(&self, change: impl FnOnce(&mut Bag) -> R) -> Result<R> {
        self.session.check()?;
        let result = change(&mut self.session.core().lock().bag);
        let event = Event { event: fnevObjectModified, object: Object::Store, parent: data::ROOT, old: None };
        announce(self.session.core(), &[event]);
        Ok(result)
    }

    fn is_computed(&self, tag: PropTag) -> bool {
        computed::STORE.iter().any(|own| own.id() == tag.id())
    }

    fn objects(&self) -> &'static [PropTag] {
        &[tag::PR_RECEIVE_FOLDER_SETTINGS]
    }

    fn open(
        self: &Arc<Self>,
        tag: PropTag,
        iid: &GUID,
        _options: u32,
        _flags: u32,
    ) -> Result<Option<IUnknown>> {
        if tag != tag::PR_RECEIVE_FOLDER_SETTINGS {
            return Ok(None);
        }
        if *iid != IMAPITable::IID {
            return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
        }
        Table::open(&self.session, Source::ReceiveFolders).map(Some)
    }

    fn save(&self, _flags: u32) -> Result<()> {
        self.session.check()
    }
}

/// What a logon returns as the store.
#[implement(IMsgStore, Agile = false)]
pub(super) struct Store {
    node: Arc<StoreNode>,
}

impl Store {
    pub(super) fn over(session: &Arc<StoreSession>) -> IMsgStore {
        Store { node: Arc::new(StoreNode { session: Arc::clone(session) }) }.into()
    }
}

impl Drop for Store {
    /// The client has let go of the store: transports and, with the logon object, the session go too.
    fn drop(&mut self) {
        contain(|| self.node.session.store_released());
    }
}

mapi_prop!(Store_Impl);

/// `Advise` of the store and of its logon object.
///
/// # Safety
///
/// The pointers have to be what the page promises.
pub(super) unsafe fn advise(
    session: &Arc<StoreSession>,
    id: &[u8],
    mask: u32,
    sink: *mut c_void,
    connection: *mut usize,
) -> Result<HRESULT> {
    // SAFETY: the caller passes null or its sink.
    let sink = unsafe { IMAPIAdviseSink::from_raw_borrowed(&sink) };
    let Some(sink) = sink.filter(|_| !connection.is_null()) else {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    };
    session.check()?;
    // The store's own identifier comes unwrapped or wrapped; either means all of it.
    let source = if id.is_empty() || id == session.wrapped_id() {
        None
    } else {
        Some(opening::named(session, id)?).filter(|object| *object != Object::Store)
    };
    let subscription = Subscription::new(session, source, mask, sink)?;
    let number = subscription.connection;
    session.add_subscription(subscription);
    // SAFETY: not null. Older headers have 32 bits here, newer ones 64 that the caller has set to 0.
    unsafe { connection.cast::<u32>().write(number as u32) };
    Ok(HRESULT::S_OK)
}

/// `Unadvise` of both.
///
/// # Errors
///
/// `MAPI_E_NOT_FOUND` for a connection that is not there, or what `Unsubscribe` answers.
pub(super) fn unadvise(session: &Arc<StoreSession>, connection: usize) -> Result<HRESULT> {
    session.check()?;
    let subscription = session.take_subscription(connection & 0xFFFF_FFFF).ok_or(UNKNOWN_CONNECTION)?;
    subscription.end(session)?;
    Ok(HRESULT::S_OK)
}

impl IMsgStore_Impl for Store_Impl {
    unsafe fn Advise(
        &self,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        ulEventMask: u32,
        lpAdviseSink: *mut c_void,
        lpulConnection: *mut usize,
    ) -> HRESULT {
        // SAFETY: the caller's pointers are as the page promises, here and below.
        guard(|| unsafe {
            let id = id_bytes(cbEntryID, lpEntryID);
            advise(&self.node.session, id, ulEventMask, lpAdviseSink, lpulConnection)
        })
    }

    unsafe fn Unadvise(&self, ulConnection: usize) -> HRESULT {
        guard(|| unadvise(&self.node.session, ulConnection))
    }

    unsafe fn CompareEntryIDs(
        &self,
        cbEntryID1: u32,
        lpEntryID1: *mut c_void,
        cbEntryID2: u32,
        lpEntryID2: *mut c_void,
        _ulFlags: u32,
        lpulResult: *mut u32,
    ) -> HRESULT {
        guard(|| {
            self.node.session.check()?;
            // SAFETY: as above.
            unsafe { compare(cbEntryID1, lpEntryID1, cbEntryID2, lpEntryID2, lpulResult) }
        })
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
        // SAFETY: as above.
        guard(|| unsafe {
            let id = id_bytes(cbEntryID, lpEntryID);
            let session = &self.node.session;
            opening::open_entry(session, id, data::ROOT, lpInterface, ulFlags, lpulObjType, lppUnk)
        })
    }

    unsafe fn SetReceiveFolder(
        &self,
        lpszMessageClass: *mut c_void,
        ulFlags: u32,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
    ) -> HRESULT {
        guard(|| {
            let session = &self.node.session;
            session.check()?;
            // SAFETY: as above.
            let (class, id) = unsafe {
                (read_text(lpszMessageClass, ulFlags & MAPI_UNICODE != 0), id_bytes(cbEntryID, lpEntryID))
            };
            let class = class.unwrap_or_default();
            let folder = if id.is_empty() { None } else { Some(opening::folder_of(session, id)?) };
            {
                let mut data = session.core().lock();
                match folder {
                    Some(folder) if !data.folders.contains_key(&folder) => {
                        return Err(HRESULT::MAPI_E_NOT_FOUND);
                    }
                    Some(folder) => {
                        data.receive.retain(|own, _| !own.eq_ignore_ascii_case(&class));
                        data.receive.insert(class, folder);
                    }
                    None if class.is_empty() => drop(data.receive.insert(class, INBOX)),
                    None => data.receive.retain(|own, _| !own.eq_ignore_ascii_case(&class)),
                }
            }
            super::notify::refresh_tables(session.core());
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn GetReceiveFolder(
        &self,
        lpszMessageClass: *mut c_void,
        ulFlags: u32,
        lpcbEntryID: *mut u32,
        lppEntryID: *mut *mut c_void,
        lppszExplicitClass: *mut *mut c_void,
    ) -> HRESULT {
        guard(|| {
            let session = &self.node.session;
            let is_wide = ulFlags & MAPI_UNICODE != 0;
            // SAFETY: as above.
            let class = unsafe {
                put(lpcbEntryID, 0);
                put(lppEntryID, ptr::null_mut());
                put(lppszExplicitClass, ptr::null_mut());
                read_text(lpszMessageClass, is_wide)
            };
            if lpcbEntryID.is_null() || lppEntryID.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            session.check()?;
            let (folder, explicit) = session.core().lock().receive_folder(&class.unwrap_or_default());
            let id = session.key().folder_id(folder);
            let block = session.memory().block(id.len())?;
            let text: Vec<u8> = if is_wide {
                wide(&explicit).into_iter().flat_map(u16::to_ne_bytes).collect()
            } else {
                narrow(&explicit)
            };
            let named = session.memory().block(text.len())?;
            // SAFETY: both blocks were made for these bytes; two cells are not null, the third is null or valid.
            unsafe {
                block.at::<u8>().copy_from_nonoverlapping(id.as_ptr(), id.len());
                named.at::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len());
                if !lppszExplicitClass.is_null() {
                    lppszExplicitClass.write(named.give_up());
                }
                lpcbEntryID.write(id.len() as u32);
                lppEntryID.write(block.give_up());
            }
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn GetReceiveFolderTable(&self, _ulFlags: u32, lppTable: *mut *mut c_void) -> HRESULT {
        // SAFETY: as above.
        guard(|| unsafe { Table::hand_out(&self.node.session, Source::ReceiveFolders, lppTable) })
    }

    unsafe fn StoreLogoff(&self, lpulFlags: *mut u32) -> HRESULT {
        guard(|| {
            if lpulFlags.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            let session = &self.node.session;
            session.check()?;
            // SAFETY: not null, and the caller vouches for it.
            let flags = unsafe { lpulFlags.read() };
            session.ask_logoff(flags);
            let answer =
                if session.settings().habits.logoff_early { session.logoff_transports() } else { None };
            let own = {
                let data = session.core().lock();
                let locked = data.queue.iter().any(|queued| queued.locked);
                let waits = data.queue.iter().any(|queued| queued.listed);
                [(locked, LOGOFF_OUTBOUND), (waits, LOGOFF_OUTBOUND_QUEUE)]
            };
            let own = own.iter().filter(|(set, _)| *set).fold(0, |flags, (_, bit)| flags | bit);
            // SAFETY: as above.
            unsafe { lpulFlags.write(answer.unwrap_or(own)) };
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn AbortSubmit(&self, cbEntryID: u32, lpEntryID: *mut c_void, _ulFlags: u32) -> HRESULT {
        guard(|| {
            // SAFETY: as above.
            let id = unsafe { id_bytes(cbEntryID, lpEntryID) };
            queue::abort_submit(&self.node.session, id).map(|()| HRESULT::S_OK)
        })
    }

    unsafe fn GetOutgoingQueue(&self, _ulFlags: u32, lppTable: *mut *mut c_void) -> HRESULT {
        guard(|| {
            // SAFETY: as above.
            unsafe { put(lppTable, ptr::null_mut()) };
            if !self.node.session.is_spooler() {
                return Err(HRESULT::MAPI_E_NO_SUPPORT);
            }
            // SAFETY: as above.
            unsafe { Table::hand_out(&self.node.session, Source::Queue, lppTable) }
        })
    }

    unsafe fn SetLockState(&self, lpMessage: *mut c_void, ulLockState: u32) -> HRESULT {
        guard(|| {
            // SAFETY: the caller passes null or a message.
            let message = unsafe { IMessage::from_raw_borrowed(&lpMessage) };
            let message = message.ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?;
            queue::set_lock_state(&self.node.session, message, ulLockState).map(|()| HRESULT::S_OK)
        })
    }

    unsafe fn FinishedMsg(&self, _ulFlags: u32, cbEntryID: u32, lpEntryID: *mut c_void) -> HRESULT {
        guard(|| {
            // SAFETY: as above.
            let id = unsafe { id_bytes(cbEntryID, lpEntryID) };
            queue::finished(&self.node.session, id).map(|()| HRESULT::S_OK)
        })
    }

    unsafe fn NotifyNewMail(&self, lpNotification: *mut NOTIFICATION) -> HRESULT {
        guard(|| {
            self.node.session.check()?;
            // SAFETY: the caller passes null or a notification.
            let Some(notification) = (unsafe { lpNotification.as_ref() }) else {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            };
            if notification.ulEventType != fnevNewMail {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            announce_mail(self.node.session.core(), notification);
            Ok(HRESULT::S_OK)
        })
    }
}

/// `CompareEntryIDs` and `CompareStoreIDs`.
///
/// # Safety
///
/// The pointers have to be what the pages promise.
pub(super) unsafe fn compare(
    left_count: u32,
    left: *const c_void,
    right_count: u32,
    right: *const c_void,
    result: *mut u32,
) -> Result<HRESULT> {
    if result.is_null() {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    // SAFETY: the cell is not null; for the rest the caller vouches.
    unsafe {
        let same = opening::is_same(id_bytes(left_count, left), id_bytes(right_count, right));
        result.write(u32::from(same));
    }
    Ok(HRESULT::S_OK)
}
