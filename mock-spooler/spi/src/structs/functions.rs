//! Functions that are passed as pointers: MAPI's memory, and the entry points of provider libraries.

use std::ffi::c_void;

use crate::HRESULT;

/// `MAPIAllocateBuffer`: memory of its own. Arguments: size in bytes, where to put the pointer.
pub type ALLOCATEBUFFER = unsafe extern "system" fn(cbSize: u32, lppBuffer: *mut *mut c_void) -> HRESULT;

/// `MAPIAllocateMore`: memory that is freed with another buffer. Arguments: size, that buffer, where to put the pointer.
pub type ALLOCATEMORE =
    unsafe extern "system" fn(cbSize: u32, lpObject: *mut c_void, lppBuffer: *mut *mut c_void) -> HRESULT;

/// `MAPIFreeBuffer`: frees a buffer and all that was allocated with it. 0 is success.
pub type FREEBUFFER = unsafe extern "system" fn(lpBuffer: *mut c_void) -> u32;

/// [`ALLOCATEBUFFER`], or null.
pub type LPALLOCATEBUFFER = Option<ALLOCATEBUFFER>;
/// [`ALLOCATEMORE`], or null.
pub type LPALLOCATEMORE = Option<ALLOCATEMORE>;
/// [`FREEBUFFER`], or null.
pub type LPFREEBUFFER = Option<FREEBUFFER>;

/// `XPProviderInit`, a transport provider's entry point. Source page: *xpproviderinit*.
pub type XPPROVIDERINIT = unsafe extern "C" fn(
    hInstance: *mut c_void,
    lpMalloc: *mut c_void,
    lpAllocateBuffer: LPALLOCATEBUFFER,
    lpAllocateMore: LPALLOCATEMORE,
    lpFreeBuffer: LPFREEBUFFER,
    ulFlags: u32,
    ulMAPIVer: u32,
    lpulProviderVer: *mut u32,
    lppXPProvider: *mut *mut c_void,
) -> HRESULT;

/// `MSProviderInit`, a message store provider's entry point. Source page: *msproviderinit*.
pub type MSPROVIDERINIT = unsafe extern "C" fn(
    hInstance: *mut c_void,
    lpMalloc: *mut c_void,
    lpAllocateBuffer: LPALLOCATEBUFFER,
    lpAllocateMore: LPALLOCATEMORE,
    lpFreeBuffer: LPFREEBUFFER,
    ulFlags: u32,
    ulMAPIVer: u32,
    lpulProviderVer: *mut u32,
    lppMSProvider: *mut *mut c_void,
) -> HRESULT;
