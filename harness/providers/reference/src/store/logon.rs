//! The logon object: `IMSLogon`. Source page: *imslogoniunknown* and those of its methods.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::flags::MAPI_STATUS;
use mapi_spi::interfaces::{IMAPIStatus, IMSLogon, IMSLogon_Impl};
use mapi_spi::structs::MAPIERROR;
use mapi_spi::{GUID, HRESULT};
use windows_core::{IUnknown, Interface, implement};

use super::data::ROOT;
use super::ids::id_bytes;
use super::object::{advise, compare, unadvise};
use super::opening;
use super::props::{hand_out, last_error};
use super::session::StoreSession;
use super::status::StatusObject;
use crate::guard::{contain, guard};

/// What a logon returns beside the store.
#[implement(IMSLogon, Agile = false)]
pub(super) struct StoreLogon {
    session: Arc<StoreSession>,
}

impl StoreLogon {
    pub(super) fn over(session: &Arc<StoreSession>) -> IMSLogon {
        StoreLogon { session: Arc::clone(session) }.into()
    }
}

impl Drop for StoreLogon {
    fn drop(&mut self) {
        contain(|| self.session.logon_released());
    }
}

impl IMSLogon_Impl for StoreLogon_Impl {
    unsafe fn GetLastError(
        &self,
        _hResult: HRESULT,
        _ulFlags: u32,
        lppMAPIError: *mut *mut MAPIERROR,
    ) -> HRESULT {
        // SAFETY: the caller's pointers are as the page promises, here and below.
        guard(|| unsafe { last_error(lppMAPIError) })
    }

    unsafe fn Logoff(&self, _lpulFlags: *mut u32) -> HRESULT {
        guard(|| {
            self.session.end();
            Ok(HRESULT::S_OK)
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
            opening::open_entry(&self.session, id, ROOT, lpInterface, ulFlags, lpulObjType, lppUnk)
        })
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
        // SAFETY: as above.
        guard(|| unsafe { compare(cbEntryID1, lpEntryID1, cbEntryID2, lpEntryID2, lpulResult) })
    }

    unsafe fn Advise(
        &self,
        cbEntryID: u32,
        lpEntryID: *mut c_void,
        ulEventMask: u32,
        lpAdviseSink: *mut c_void,
        lpulConnection: *mut usize,
    ) -> HRESULT {
        // SAFETY: as above.
        guard(|| unsafe {
            let id = id_bytes(cbEntryID, lpEntryID);
            advise(&self.session, id, ulEventMask, lpAdviseSink, lpulConnection)
        })
    }

    unsafe fn Unadvise(&self, ulConnection: usize) -> HRESULT {
        guard(|| unadvise(&self.session, ulConnection))
    }

    unsafe fn OpenStatusEntry(
        &self,
        lpInterface: *const GUID,
        _ulFlags: u32,
        lpulObjType: *mut u32,
        lppEntry: *mut *mut c_void,
    ) -> HRESULT {
        guard(|| {
            if lpulObjType.is_null() || lppEntry.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: neither cell is null, and the caller vouches for them; the identifier is null or one.
            unsafe {
                lpulObjType.write(0);
                lppEntry.write(ptr::null_mut());
                self.session.check()?;
                let object: IUnknown = StatusObject::over(&self.session).into();
                let code = hand_out(&object, lpInterface.as_ref().unwrap_or(&IMAPIStatus::IID), lppEntry)?;
                lpulObjType.write(MAPI_STATUS);
                Ok(code)
            }
        })
    }
}
