//! The logon object: `IXPLogon`. Each method checks its pointers and leaves the rest to the session.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::flags::MAPI_STATUS;
use mapi_spi::interfaces::{IMessage, IXPLogon, IXPLogon_Impl};
use mapi_spi::structs::{MAPIUID, OPTIONDATA};
use mapi_spi::{GUID, HRESULT};
use windows_core::{Interface, implement};

use super::Session;
use crate::guard::{contain, guard};
use crate::mapi::narrow;
use crate::{inbound, outbound, status};

/// What `TransportLogon` hands out.
#[implement(IXPLogon, Agile = false)]
pub(crate) struct Logon {
    session: Arc<Session>,
    /// What `AddressTypes` returns: it stays as it is until this object is gone.
    types: AddressTypes,
}

struct AddressTypes {
    /// The only type, in 8-bit characters; it is pointed to.
    text: Vec<u8>,
    /// Empty where any type is served.
    array: Vec<*mut c_void>,
}

impl Logon {
    pub(crate) fn new(session: Arc<Session>) -> Logon {
        let settings = session.settings();
        let mut types = AddressTypes { text: narrow(&settings.address_type), array: Vec::new() };
        if !settings.habits.any_type {
            types.array.push(types.text.as_mut_ptr().cast());
        }
        Logon { session, types }
    }
}

impl Drop for Logon {
    /// Without a logoff before it, the last release does its work.
    fn drop(&mut self) {
        contain(|| {
            self.session.close();
            self.session.end_threads(true);
        });
    }
}

impl IXPLogon_Impl for Logon_Impl {
    unsafe fn AddressTypes(
        &self,
        lpulFlags: *mut u32,
        lpcAdrType: *mut u32,
        lpppAdrTypeArray: *mut *mut *mut c_void,
        lpcMAPIUID: *mut u32,
        lpppUIDArray: *mut *mut *mut MAPIUID,
    ) -> HRESULT {
        guard(|| {
            if lpulFlags.is_null()
                || lpcAdrType.is_null()
                || lpppAdrTypeArray.is_null()
                || lpcMAPIUID.is_null()
                || lpppUIDArray.is_null()
            {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            let array = &self.types.array;
            // SAFETY: no cell is null, and the caller vouches for them.
            unsafe {
                lpulFlags.write(0);
                lpcAdrType.write(array.len() as u32);
                lpppAdrTypeArray.write(if array.is_empty() {
                    ptr::null_mut()
                } else {
                    array.as_ptr().cast_mut()
                });
                lpcMAPIUID.write(0);
                lpppUIDArray.write(ptr::null_mut());
            }
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn RegisterOptions(
        &self,
        lpulFlags: *mut u32,
        lpcOptions: *mut u32,
        lppOptions: *mut *mut OPTIONDATA,
    ) -> HRESULT {
        guard(|| {
            if lpulFlags.is_null() || lpcOptions.is_null() || lppOptions.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: no cell is null, and the caller vouches for them.
            unsafe {
                lpulFlags.write(0);
                lpcOptions.write(0);
                lppOptions.write(ptr::null_mut());
            }
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn TransportNotify(&self, lpulFlags: *mut u32, lppvData: *mut *mut c_void) -> HRESULT {
        guard(|| {
            if lpulFlags.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: the flags' cell is not null; the data is what the page promises, as the caller vouches.
            unsafe { self.session.notify(lpulFlags.read(), lppvData.cast_const().cast()) }?;
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn Idle(&self, _ulFlags: u32) -> HRESULT {
        guard(|| inbound::idle(&self.session).map(|()| HRESULT::S_OK))
    }

    unsafe fn TransportLogoff(&self, _ulFlags: u32) -> HRESULT {
        guard(|| {
            self.session.close();
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn SubmitMessage(
        &self,
        ulFlags: u32,
        lpMessage: *mut c_void,
        lpulMsgRef: *mut usize,
        lpulReturnParm: *mut usize,
    ) -> HRESULT {
        guard(|| {
            // SAFETY: the caller passes null or its message, which lives until EndMessage returns.
            let message = unsafe { IMessage::from_raw_borrowed(&lpMessage) };
            let Some(message) = message.filter(|_| !lpulMsgRef.is_null() && !lpulReturnParm.is_null()) else {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            };
            let refer = |reference: u32| {
                // SAFETY: not null. Older headers have 32 bits here, newer ones 64 that the spooler has set to 0: the
                // lower half is right for both.
                unsafe { lpulMsgRef.cast::<u32>().write(reference) }
            };
            let submitted = outbound::submit(&self.session, ulFlags, message, refer);
            if let Err(outbound::Refusal { seconds: Some(seconds), .. }) = submitted {
                // SAFETY: as for the reference.
                unsafe { lpulReturnParm.cast::<u32>().write(seconds) };
            }
            submitted.map(|()| HRESULT::S_OK).map_err(|refusal| refusal.code)
        })
    }

    unsafe fn EndMessage(&self, ulMsgRef: usize, lpulFlags: *mut u32) -> HRESULT {
        guard(|| {
            if lpulFlags.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, and the caller vouches for it.
            unsafe { lpulFlags.write(0) };
            // The upper half is not the reference's where headers disagree on its width.
            let flags = outbound::end(&self.session, ulMsgRef as u32)?;
            // SAFETY: as above.
            unsafe { lpulFlags.write(flags) };
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn Poll(&self, lpulIncoming: *mut u32) -> HRESULT {
        guard(|| {
            if lpulIncoming.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, and the caller vouches for it.
            unsafe { lpulIncoming.write(0) };
            let waits = inbound::poll(&self.session)?;
            // SAFETY: as above.
            unsafe { lpulIncoming.write(u32::from(waits)) };
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn StartMessage(&self, _ulFlags: u32, lpMessage: *mut c_void, lpulMsgRef: *mut usize) -> HRESULT {
        guard(|| {
            // SAFETY: the caller passes null or its message, which lives until this call returns.
            let message = unsafe { IMessage::from_raw_borrowed(&lpMessage) };
            let Some(message) = message.filter(|_| !lpulMsgRef.is_null()) else {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            };
            let refer = |reference: u32| {
                // SAFETY: not null; for the width see SubmitMessage.
                unsafe { lpulMsgRef.cast::<u32>().write(reference) }
            };
            inbound::start_message(&self.session, message, refer).map(|()| HRESULT::S_OK)
        })
    }

    unsafe fn OpenStatusEntry(
        &self,
        lpInterface: *const GUID,
        _ulFlags: u32,
        lpulObjType: *mut u32,
        lppEntry: *mut *mut c_void,
    ) -> HRESULT {
        guard(|| {
            // SAFETY: the caller's cells are null or valid.
            unsafe {
                if !lpulObjType.is_null() {
                    lpulObjType.write(0);
                }
                if !lppEntry.is_null() {
                    lppEntry.write(ptr::null_mut());
                }
            }
            if lpulObjType.is_null() || lppEntry.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: the caller passes null or an interface identifier.
            let interface = unsafe { lpInterface.as_ref() };
            let entry = status::open(&self.session, interface)?;
            // SAFETY: neither cell is null.
            unsafe {
                lpulObjType.write(MAPI_STATUS);
                lppEntry.write(entry);
            }
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn ValidateState(&self, _ulUIParam: usize, ulFlags: u32) -> HRESULT {
        guard(|| self.session.validate(ulFlags).map(|()| HRESULT::S_OK))
    }

    unsafe fn FlushQueues(
        &self,
        _ulUIParam: usize,
        _cbTargetTransport: u32,
        _lpTargetTransport: *mut c_void,
        ulFlags: u32,
    ) -> HRESULT {
        guard(|| self.session.flush(ulFlags).map(|()| HRESULT::S_OK))
    }
}
