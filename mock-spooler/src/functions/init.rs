//! Initialisation and memory.

use mapi_spi::structs::Elements;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering};

use mapi_spi::HRESULT;

use crate::memory;
use crate::objects::args::{self, INVALID};

/// How often MAPI was initialised and not uninitialised, by whatever function.
static INITIALISED: AtomicU32 = AtomicU32::new(0);

/// `MAPIINIT_0`
#[repr(C)]
#[derive(Clone, Copy)]
struct Init {
    version: u32,
    flags: u32,
}

pub(super) unsafe fn MAPIInitialize(lpMapiInit: *mut c_void) -> HRESULT {
    // SAFETY: null, or the structure, as the caller vouches.
    let init = unsafe { Elements::new(lpMapiInit.cast::<Init>(), 1) }.next();
    if init.is_some_and(|init: Init| init.version != 0) {
        return INVALID;
    }
    // Which threads notifications come on is decided by who subscribes; the flags have nothing to add.
    let _ = init.map(|init| init.flags);
    INITIALISED.fetch_add(1, Ordering::AcqRel);
    HRESULT::S_OK
}

pub(super) unsafe fn MAPIUninitialize() {
    let _ = INITIALISED.try_update(Ordering::AcqRel, Ordering::Acquire, |count| count.checked_sub(1));
}

pub(super) unsafe fn ScInitMapiUtil(ulFlags: u32) -> HRESULT {
    if ulFlags != 0 {
        return HRESULT::MAPI_E_UNKNOWN_FLAGS;
    }
    INITIALISED.fetch_add(1, Ordering::AcqRel);
    HRESULT::S_OK
}

pub(super) unsafe fn DeinitMapiUtil() {
    // SAFETY: it takes no pointers.
    unsafe { MAPIUninitialize() };
}

pub(super) unsafe fn MAPIAllocateBuffer(cbSize: u32, lppBuffer: *mut *mut c_void) -> HRESULT {
    // SAFETY: passed on from the caller.
    unsafe { memory::allocate_buffer(cbSize, lppBuffer) }
}

pub(super) unsafe fn MAPIAllocateMore(
    cbSize: u32,
    lpObject: *mut c_void,
    lppBuffer: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: passed on from the caller.
    unsafe { memory::allocate_more(cbSize, lpObject, lppBuffer) }
}

pub(super) unsafe fn MAPIFreeBuffer(lpBuffer: *mut c_void) -> u32 {
    // SAFETY: any pointer may be given.
    unsafe { memory::free_buffer(lpBuffer) }
}

pub(super) unsafe fn MAPIReallocateBuffer(lpv: *mut c_void, ulSize: u32, lppv: *mut *mut c_void) -> HRESULT {
    if lppv.is_null() {
        return INVALID;
    }
    let old = if lpv.is_null() { Some(0) } else { memory::size_of_buffer(lpv) };
    let mut new = std::ptr::null_mut();
    let code = match old {
        None => INVALID,
        // SAFETY: the output is ours.
        Some(_) => unsafe { memory::allocate_buffer(ulSize, &raw mut new) },
    };
    if let (Some(old), true) = (old, code.is_ok()) {
        // SAFETY: both blocks are live and at least this large; the new one is no part of the old.
        unsafe {
            std::ptr::copy_nonoverlapping(lpv.cast::<u8>(), new.cast::<u8>(), old.min(ulSize as usize));
        }
        memory::free(lpv);
    }
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(lppv, new) };
    code
}

pub(super) unsafe fn MAPIGetDefaultMalloc() -> *mut c_void {
    memory::default_malloc()
}
