//! The library's entry points. Source pages: *xpproviderinit*, *msproviderinit*.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::HRESULT;
use mapi_spi::flags::CURRENT_SPI_VERSION;
use mapi_spi::interfaces::{IMSProvider, IMalloc, IXPProvider};
use mapi_spi::structs::{LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER};
use windows_core::Interface;

use crate::guard::guard;
use crate::mapi::Memory;
use crate::provider::Provider;
use crate::store::StoreProvider;

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
    let memory = Memory::new(lpAllocateBuffer, lpAllocateMore, lpFreeBuffer);
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        initialise(lpMalloc, memory, ulMAPIVer, lpulProviderVer, lppXPProvider, |memory, malloc| {
            let provider: IXPProvider = Provider::new(memory, malloc).into();
            provider.into_raw()
        })
    }
}

/// Makes a message store provider object of its own for each call; versions as for [`XPProviderInit`].
///
/// # Safety
///
/// As for [`XPProviderInit`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MSProviderInit(
    _hInstance: *mut c_void,
    lpMalloc: *mut c_void,
    lpAllocateBuffer: LPALLOCATEBUFFER,
    lpAllocateMore: LPALLOCATEMORE,
    lpFreeBuffer: LPFREEBUFFER,
    _ulFlags: u32,
    ulMAPIVer: u32,
    lpulProviderVer: *mut u32,
    lppMSProvider: *mut *mut c_void,
) -> HRESULT {
    let memory = Memory::new(lpAllocateBuffer, lpAllocateMore, lpFreeBuffer);
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        initialise(lpMalloc, memory, ulMAPIVer, lpulProviderVer, lppMSProvider, |memory, malloc| {
            let provider: IMSProvider = StoreProvider::new(memory, malloc).into();
            provider.into_raw()
        })
    }
}

/// What both entry points do: they differ in what they make.
///
/// # Safety
///
/// As for [`XPProviderInit`].
unsafe fn initialise(
    malloc: *mut c_void,
    memory: Option<Memory>,
    version: u32,
    version_cell: *mut u32,
    provider_cell: *mut *mut c_void,
    make: impl FnOnce(Memory, Option<IMalloc>) -> *mut c_void,
) -> HRESULT {
    guard(|| {
        // SAFETY: the caller vouches for the cells.
        unsafe {
            if !version_cell.is_null() {
                version_cell.write(0);
            }
            if !provider_cell.is_null() {
                provider_cell.write(ptr::null_mut());
            }
        }
        let Some(memory) = memory.filter(|_| !version_cell.is_null() && !provider_cell.is_null()) else {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        };
        if version < CURRENT_SPI_VERSION {
            return Err(HRESULT::MAPI_E_VERSION);
        }
        // SAFETY: the caller vouches for the pointer; what is kept of it is a reference of its own.
        let malloc = unsafe { IMalloc::from_raw_borrowed(&malloc) }.cloned();
        let provider = make(memory, malloc);
        // SAFETY: neither cell is null, and the caller vouches for them.
        unsafe {
            version_cell.write(CURRENT_SPI_VERSION);
            provider_cell.write(provider);
        }
        Ok(HRESULT::S_OK)
    })
}
