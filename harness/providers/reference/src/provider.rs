//! The provider object: `IXPProvider`.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::HRESULT;
use mapi_spi::flags::MAPI_UNICODE;
use mapi_spi::interfaces::{IMalloc, IXPLogon, IXPProvider, IXPProvider_Impl};
use mapi_spi::structs::MAPIERROR;
use windows_core::{Interface, implement};

use crate::guard::guard;
use crate::logon::{Logon, Session};
use crate::mapi::{Memory, Result, Support, narrow, wide};

/// `MAPI_ERROR_VERSION`
const ERROR_VERSION: u32 = 0;

/// One for each `XPProviderInit`; serves any number of sessions.
#[implement(IXPProvider, Agile = false)]
pub(crate) struct Provider {
    memory: Memory,
    /// Held for as long as the loader may expect it to be in use; nothing here needs it.
    _malloc: Option<IMalloc>,
}

impl Provider {
    pub(crate) fn new(memory: Memory, malloc: Option<IMalloc>) -> Provider {
        Provider { memory, _malloc: malloc }
    }
}

impl IXPProvider_Impl for Provider_Impl {
    /// Has nothing to end: each session is ended by its own logoff or release.
    unsafe fn Shutdown(&self, _lpulFlags: *mut u32) -> HRESULT {
        HRESULT::S_OK
    }

    unsafe fn TransportLogon(
        &self,
        lpMAPISup: *mut c_void,
        _ulUIParam: usize,
        _lpszProfileName: *mut c_void,
        lpulFlags: *mut u32,
        lppMAPIError: *mut *mut MAPIERROR,
        lppXPLogon: *mut *mut c_void,
    ) -> HRESULT {
        guard(|| {
            // SAFETY: the caller's cells are null or valid.
            unsafe {
                if !lppMAPIError.is_null() {
                    lppMAPIError.write(ptr::null_mut());
                }
                if !lppXPLogon.is_null() {
                    lppXPLogon.write(ptr::null_mut());
                }
            }
            // SAFETY: the caller passes null or its support object.
            let support = unsafe { Support::retain(lpMAPISup) };
            let Some(support) = support.filter(|_| !lpulFlags.is_null() && !lppXPLogon.is_null()) else {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            };
            // SAFETY: neither cell is null.
            let flags = unsafe { lpulFlags.read() };
            match Session::open(self.memory, support, flags) {
                Ok(session) => {
                    let answer = session.logon_flags();
                    let logon: IXPLogon = Logon::new(session).into();
                    // SAFETY: neither cell is null.
                    unsafe {
                        lpulFlags.write(answer);
                        lppXPLogon.write(logon.into_raw());
                    }
                    Ok(HRESULT::S_OK)
                }
                Err(code) => {
                    let is_wide = flags & MAPI_UNICODE != 0;
                    // An error that cannot be described is still that error.
                    let described =
                        describe(self.memory, code, is_wide, "Reference transport").ok().flatten();
                    // SAFETY: the flags' cell is not null, the other one is checked here.
                    unsafe {
                        lpulFlags.write(if is_wide && described.is_some() { MAPI_UNICODE } else { 0 });
                        if let Some(error) = described.filter(|_| !lppMAPIError.is_null()) {
                            lppMAPIError.write(error);
                        }
                    }
                    Err(code)
                }
            }
        })
    }
}

/// What a person can do about a logon that failed; nothing where that would tell no more than the code.
pub(crate) fn describe(
    memory: Memory,
    code: HRESULT,
    is_wide: bool,
    component: &str,
) -> Result<Option<*mut MAPIERROR>> {
    let text = match code {
        HRESULT::MAPI_E_UNCONFIGURED => {
            "The profile section names no maildrop or no outbox directory, or holds a setting without meaning."
        }
        HRESULT::MAPI_E_FAILONEPROVIDER => "A directory that the profile section names is not there.",
        _ => return Ok(None),
    };
    let block = memory.block(size_of::<MAPIERROR>())?;
    let string = |text: &str| -> Result<*mut u8> {
        let bytes =
            if is_wide { wide(text).into_iter().flat_map(u16::to_ne_bytes).collect() } else { narrow(text) };
        let place = block.more(bytes.len())?;
        // SAFETY: the place has just been made for these bytes.
        unsafe { place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(place)
    };
    let error = MAPIERROR {
        ulVersion: ERROR_VERSION,
        lpszError: string(text)?,
        lpszComponent: string(component)?,
        ulLowLevelError: 0,
        ulContext: 0,
    };
    // SAFETY: the block was made for this structure.
    unsafe { block.at::<MAPIERROR>().write(error) };
    Ok(Some(block.give_up()))
}
