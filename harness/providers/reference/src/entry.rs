//! The library's entry point. Source page: *xpproviderinit*.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::HRESULT;
use mapi_spi::flags::CURRENT_SPI_VERSION;
use mapi_spi::interfaces::{IMalloc, IXPProvider};
use mapi_spi::structs::{LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER};
use windows_core::Interface;

use crate::guard::guard;
use crate::mapi::Memory;
use crate::provider::Provider;

/// Makes a provider object of its own for each call.
///
/// Answers `MAPI_E_VERSION` to a spooler older than the interface that this provider is written for. A newer one is
/// served: it may refuse the version that it is told.
///
/// # Safety
///
/// As the loader of a transport provider has it: the functions are MAPI's allocator, `lpMalloc` is null or an `IMalloc`,
/// the two cells are null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn XPProviderInit(
    _hInstance: *mut c_void,
    lpMalloc: *mut c_void,
    lpAllocateBuffer: LPALLOCATEBUFFER,
    lpAllocateMore: LPALLOCATEMORE,
    lpFreeBuffer: LPFREEBUFFER,
    _ulFlags: u32,
    ulMAPIVer: u32,
    lpulProviderVer: *mut u32,
    lppXPProvider: *mut *mut c_void,
) -> HRESULT {
    guard(|| {
        // SAFETY: the caller vouches for the cells.
        unsafe {
            if !lpulProviderVer.is_null() {
                lpulProviderVer.write(0);
            }
            if !lppXPProvider.is_null() {
                lppXPProvider.write(ptr::null_mut());
            }
        }
        let memory = Memory::new(lpAllocateBuffer, lpAllocateMore, lpFreeBuffer);
        let Some(memory) = memory.filter(|_| !lpulProviderVer.is_null() && !lppXPProvider.is_null()) else {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        };
        if ulMAPIVer < CURRENT_SPI_VERSION {
            return Err(HRESULT::MAPI_E_VERSION);
        }
        // SAFETY: the caller vouches for the pointer; what is kept of it is a reference of its own.
        let malloc = unsafe { IMalloc::from_raw_borrowed(&lpMalloc) }.cloned();
        let provider: IXPProvider = Provider::new(memory, malloc).into();
        // SAFETY: neither cell is null, and the caller vouches for them.
        unsafe {
            lpulProviderVer.write(CURRENT_SPI_VERSION);
            lppXPProvider.write(provider.into_raw());
        }
        Ok(HRESULT::S_OK)
    })
}
