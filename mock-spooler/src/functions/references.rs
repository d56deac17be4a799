//! References.

use std::ffi::c_void;

use windows_core::IUnknown_Vtbl;

/// The vtable of an object.
///
/// # Safety
///
/// `object` is a COM object.
unsafe fn vtable(object: *mut c_void) -> *const IUnknown_Vtbl {
    // SAFETY: as the caller vouches.
    unsafe { *object.cast::<*const IUnknown_Vtbl>() }
}

pub(super) unsafe fn UlAddRef(punk: *mut c_void) -> u32 {
    if punk.is_null() {
        return 0;
    }
    // SAFETY: not null, hence a COM object, as the caller vouches.
    unsafe { ((*vtable(punk)).AddRef)(punk) }
}

pub(super) unsafe fn UlRelease(punk: *mut c_void) -> u32 {
    if punk.is_null() {
        return 0;
    }
    // SAFETY: not null, hence a COM object, as the caller vouches.
    unsafe { ((*vtable(punk)).Release)(punk) }
}
