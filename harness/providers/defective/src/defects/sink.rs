//! An advise sink of a defect's own, and its registration with MAPI.

use std::ffi::c_void;
use std::ptr;
use std::sync::LazyLock;

use mapi_spi::flags::fnevExtended;
use mapi_spi::interfaces::IMAPISupport;
use mapi_spi::{GUID, HRESULT};

use crate::boundary::with;
use crate::hooks;

/// The vtable of `IMAPIAdviseSink`, and an object that is nothing but a pointer to it: it lives as long as the process.
#[repr(C)]
struct Sink {
    vtable: *const *const c_void,
}

// SAFETY: the pointer leads to addresses of functions that nobody writes to.
unsafe impl Send for Sink {}
// SAFETY: as above.
unsafe impl Sync for Sink {}

static SINK: LazyLock<Sink> = LazyLock::new(|| {
    let slots = [
        query_interface as *const c_void,
        count as *const c_void,
        count as *const c_void,
        on_notify as *const c_void,
    ];
    Sink { vtable: Box::leak(Box::new(slots)).as_ptr() }
});

/// `Subscribe` on the latest session's support object, with a sink that is never called.
pub(super) fn subscribe() {
    // A key of four bytes: their number, and the bytes.
    let mut key = [4_u32, u32::from_le_bytes(*b"kept")];
    let mut connection = 0;
    with(hooks::support(), |support: &IMAPISupport| {
        // SAFETY: the key and the cell live for the call; the sink lives for ever.
        unsafe {
            support.Subscribe(
                key.as_mut_ptr().cast(),
                fnevExtended,
                0,
                ptr::from_ref::<Sink>(&SINK).cast_mut().cast(),
                &raw mut connection,
            )
        }
    });
}

unsafe extern "system" fn query_interface(
    this: *mut c_void,
    _: *const GUID,
    out: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: the caller's cell is null or valid.
    if let Some(out) = unsafe { out.as_mut() } {
        *out = this;
    }
    HRESULT::S_OK
}

unsafe extern "system" fn count(_: *mut c_void) -> u32 {
    1
}

unsafe extern "system" fn on_notify(_: *mut c_void, _: u32, _: *mut c_void) -> u32 {
    0
}
