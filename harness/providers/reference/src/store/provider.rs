//! The provider object: `IMSProvider`. Source pages: *imsprovider-logon*, *imsprovider-spoolerlogon*,
//! *loading-message-store-providers*.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use mapi_spi::flags::MAPI_UNICODE;
use mapi_spi::interfaces::{IMAPIProp, IMSProvider, IMSProvider_Impl, IMalloc, IMsgStore};
use mapi_spi::structs::MAPIERROR;
use mapi_spi::{GUID, HRESULT};
use windows_core::{IUnknown, Interface, Weak, implement};

use super::ids::{Named, StoreKey, id_bytes};
use super::logon::StoreLogon;
use super::object::{Store, compare};
use super::props::{hand_out, put};
use super::session::{Caller, StoreSession};
use crate::guard::guard;
use crate::mapi::{Memory, Result, Support};
use crate::profile::StoreSettings;
use crate::provider::describe;

/// What stands before the store's key in the security data: whose data it is.
const SECURITY: [u8; 4] = *b"RSS1";

/// One for each `MSProviderInit`.
#[implement(IMSProvider, Agile = false)]
pub(crate) struct StoreProvider {
    memory: Memory,
    /// Held for as long as the loader may expect it to be in use; nothing here needs it.
    _malloc: Option<IMalloc>,
    /// The stores that clients have open through this object.
    open: Mutex<Vec<Open>>,
}

/// A store that a client has open, as long as it has.
#[derive(Clone)]
struct Open {
    session: std::sync::Weak<StoreSession>,
    store: Weak<IMsgStore>,
}

/// What a logon returns. An output that is null is not wanted.
struct Outputs {
    security: (*mut u32, *mut *mut u8),
    error: *mut *mut MAPIERROR,
    logon: *mut *mut c_void,
    store: *mut *mut c_void,
}

impl StoreProvider {
    pub(crate) fn new(memory: Memory, malloc: Option<IMalloc>) -> StoreProvider {
        StoreProvider { memory, _malloc: malloc, open: Mutex::new(Vec::new()) }
    }

    /// The store of this key that a client has open.
    fn already_open(&self, key: StoreKey) -> Option<IMsgStore> {
        let open: Vec<Open> = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.iter().map(Open::clone).collect()
        };
        // Not with the lock: what is looked at may be the last reference when it is dropped. A store whose logon has ended
        // is none that is open, even if somebody still holds it.
        let is_it = |open: &&Open| {
            open.session.upgrade().is_some_and(|session| session.store_key() == key && !session.is_closed())
        };
        open.iter().find(is_it).and_then(|open| open.store.upgrade())
    }

    /// A client's logon.
    ///
    /// # Safety
    ///
    /// The outputs have to be null or valid, the support object null or live.
    unsafe fn log_on(
        &self,
        support: *mut c_void,
        id: &[u8],
        flags: u32,
        iid: Option<&GUID>,
        to: &Outputs,
    ) -> Result<HRESULT> {
        let iid = interface(iid)?;
        // A store that is open is known by its identifier alone: the profile is not to be looked into again.
        let asked = Named::parse(id).map(|named| named.store);
        if let Some(store) = asked.and_then(|key| self.already_open(key)) {
            // SAFETY: the output was found not to be null.
            return unsafe { hand_out(&store, iid, to.store) };
        }
        // SAFETY: as the caller vouches.
        let support = unsafe { Support::retain(support) }.ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?;
        let settings = StoreSettings::read(self.memory, &support)?;
        let key = StoreKey::of(&settings.name);
        if !id.is_empty() && asked != Some(key) {
            return Err(HRESULT::MAPI_E_LOGON_FAILED);
        }
        if let Some(store) = self.already_open(key) {
            // SAFETY: as above.
            return unsafe { hand_out(&store, iid, to.store) };
        }
        let security = self.memory.block(SECURITY.len() + key.0.len())?;
        let session = StoreSession::open(self.memory, support, settings, Caller::Client, flags)?;
        let (store, logon) = (Store::over(&session), StoreLogon::over(&session));
        if let Ok(weak) = store.downgrade() {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|open| open.session.strong_count() > 0);
            open.push(Open { session: Arc::downgrade(&session), store: weak });
        }
        let data: Vec<u8> = SECURITY.into_iter().chain(key.0).collect();
        // SAFETY: the block was made for these bytes; the outputs are as the caller vouches.
        unsafe {
            hand_out(&store, iid, to.store)?;
            put(to.logon, logon.into_raw());
            security.at::<u8>().copy_from_nonoverlapping(data.as_ptr(), data.len());
            if !to.security.0.is_null() && !to.security.1.is_null() {
                to.security.0.write(data.len() as u32);
                to.security.1.write(security.give_up());
            }
        }
        Ok(HRESULT::S_OK)
    }

    /// The spooler's logon, to the store that the security data names.
    ///
    /// # Safety
    ///
    /// As for [`log_on`](Self::log_on).
    unsafe fn log_on_spooler(
        &self,
        support: *mut c_void,
        (id, security): (&[u8], &[u8]),
        flags: u32,
        iid: Option<&GUID>,
        to: &Outputs,
    ) -> Result<HRESULT> {
        let iid = interface(iid)?;
        // SAFETY: as the caller vouches.
        let support = unsafe { Support::retain(support) }.ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?;
        let settings = StoreSettings::read(self.memory, &support)?;
        let key = StoreKey::of(&settings.name);
        let named = security.strip_prefix(&SECURITY).is_some_and(|own| own == key.0);
        let meant = id.is_empty() || Named::parse(id).is_some_and(|named| named.store == key);
        if !named || !meant {
            return Err(HRESULT::MAPI_E_LOGON_FAILED);
        }
        let session = StoreSession::open(self.memory, support, settings, Caller::Spooler, flags)?;
        let (store, logon) = (Store::over(&session), StoreLogon::over(&session));
        // SAFETY: as the caller vouches.
        unsafe {
            hand_out(&store, iid, to.store)?;
            put(to.logon, logon.into_raw());
        }
        Ok(HRESULT::S_OK)
    }

    /// Describes a failed logon, and hands its code on.
    ///
    /// # Safety
    ///
    /// The output has to be null or valid.
    unsafe fn describe(&self, result: Result<HRESULT>, flags: u32, to: &Outputs) -> Result<HRESULT> {
        if let Err(code) = result {
            // An error that cannot be described is still that error.
            let described = describe(self.memory, code, flags & MAPI_UNICODE != 0, "Reference store");
            if let Some(error) = described.ok().flatten() {
                if to.error.is_null() {
                    // SAFETY: the block was made for this purpose, and nobody else has it.
                    unsafe { self.memory.free(error) };
                } else {
                    // SAFETY: not null, and the caller vouches for it.
                    unsafe { to.error.write(error) };
                }
            }
        }
        result
    }
}

/// The interface that a store is to be returned as. Looked at first: a logon that fails later would have to be undone.
fn interface(asked: Option<&GUID>) -> Result<&GUID> {
    let asked = asked.unwrap_or(&IMsgStore::IID);
    let known = [IMsgStore::IID, IMAPIProp::IID, IUnknown::IID].contains(asked);
    if known { Ok(asked) } else { Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED) }
}

impl Outputs {
    /// Empties them. `MAPI_E_INVALID_PARAMETER` where the store is not wanted.
    ///
    /// # Safety
    ///
    /// They have to be null or valid.
    unsafe fn clear(&self) -> Result<()> {
        // SAFETY: as the caller vouches.
        unsafe {
            put(self.security.0, 0);
            put(self.security.1, ptr::null_mut());
            put(self.error, ptr::null_mut());
            put(self.logon, ptr::null_mut());
            put(self.store, ptr::null_mut());
        }
        if self.store.is_null() || self.logon.is_null() {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        Ok(())
    }
}

impl IMSProvider_Impl for StoreProvider_Impl {
    /// Has nothing to end: each session is ended by its own logoff or release.
    unsafe fn Shutdown(&self, _lpulFlags: *mut u32) -> HRESULT {
        HRESULT::S_OK
    }

    unsafe fn Logon(
        &self,
        lpMAPISup: *mut c_void,
        _ulUIParam: usize,
        _lpszProfileName: *mut c_void,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        ulFlags: u32,
        lpInterface: *const GUID,
        lpcbSpoolSecurity: *mut u32,
        lppbSpoolSecurity: *mut *mut u8,
        lppMAPIError: *mut *mut MAPIERROR,
        lppMSLogon: *mut *mut c_void,
        lppMDB: *mut *mut c_void,
    ) -> HRESULT {
        let to = Outputs {
            security: (lpcbSpoolSecurity, lppbSpoolSecurity),
            error: lppMAPIError,
            logon: lppMSLogon,
            store: lppMDB,
        };
        // SAFETY: the caller's pointers are as the page promises.
        guard(|| unsafe {
            to.clear()?;
            let id = id_bytes(cbEntryID, lpEntryID);
            let result = self.log_on(lpMAPISup, id, ulFlags, lpInterface.as_ref(), &to);
            self.describe(result, ulFlags, &to)
        })
    }

    unsafe fn SpoolerLogon(
        &self,
        lpMAPISup: *mut c_void,
        _ulUIParam: usize,
        _lpszProfileName: *mut c_void,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        ulFlags: u32,
        lpInterface: *const GUID,
        cbSpoolSecurity: u32,
        lpbSpoolSecurity: *mut u8,
        lppMAPIError: *mut *mut MAPIERROR,
        lppMSLogon: *mut *mut c_void,
        lppMDB: *mut *mut c_void,
    ) -> HRESULT {
        let to = Outputs {
            security: (ptr::null_mut(), ptr::null_mut()),
            error: lppMAPIError,
            logon: lppMSLogon,
            store: lppMDB,
        };
        // SAFETY: the caller's pointers are as the page promises.
        guard(|| unsafe {
            to.clear()?;
            let given = (
                id_bytes(cbEntryID, lpEntryID),
                id_bytes(cbSpoolSecurity, lpbSpoolSecurity.cast_const().cast()),
            );
            let result = self.log_on_spooler(lpMAPISup, given, ulFlags, lpInterface.as_ref(), &to);
            self.describe(result, ulFlags, &to)
        })
    }

    unsafe fn CompareStoreIDs(
        &self,
        cbEntryID1: u32,
        lpEntryID1: *mut c_void,
        cbEntryID2: u32,
        lpEntryID2: *mut c_void,
        _ulFlags: u32,
        lpulResult: *mut u32,
    ) -> HRESULT {
        // SAFETY: the caller's pointers are as the page promises.
        guard(|| unsafe { compare(cbEntryID1, lpEntryID1, cbEntryID2, lpEntryID2, lpulResult) })
    }
}
