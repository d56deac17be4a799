//! What MAPI does with an object that was made invalid (page `imapisupport-makeinvalid`), done for the wrapped object.
//!
//! The spooler takes over the proxy, and frees its block in time. The object behind it lies in another block; its vtable
//! gives way to one that knows nothing but to count references, and the block is freed with the last one.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{LazyLock, Mutex, PoisonError};

use mapi_spi::{GUID, HRESULT};

use super::{memory, proxy};
use mapi_spi::words::FromWord as _;

/// References that are left to invalid objects, by address.
static LEFT: LazyLock<Mutex<HashMap<usize, i64>>> = LazyLock::new(Mutex::default);

/// As many slots as any interface has: `IMAPIStatus` has 18.
const SLOTS: usize = 32;

/// The arguments are those of a `MakeInvalid` that has succeeded: flags, object, references, methods.
pub(super) fn take_over(words: &[u64]) {
    let (Some(object), Some(references)) = (words.get(1), words.get(2)) else { return };
    let object = <*mut c_void>::from_word(*object);
    let Some(proxy) = proxy::of(object) else { return };
    // What the spooler held it held through the proxy, which is its own now.
    let left = i64::from(u32::from_word(*references)) - proxy.references();
    proxy.surrender();
    if left <= 0 {
        return;
    }
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).insert(object as usize, left);
    // SAFETY: the object is the wrapped provider's, which has just given it away; a COM object begins with its vtable.
    unsafe { object.cast::<*const *const c_void>().write(INVALID.0.as_ptr()) };
}

struct Vtable([*const c_void; SLOTS]);

// SAFETY: the slots are addresses of functions.
unsafe impl Send for Vtable {}
// SAFETY: as above.
unsafe impl Sync for Vtable {}

static INVALID: LazyLock<Vtable> = LazyLock::new(|| {
    let mut slots = [invalid as *const c_void; SLOTS];
    slots[0] = query_interface as *const c_void;
    slots[1] = add_ref as *const c_void;
    slots[2] = release as *const c_void;
    Vtable(slots)
});

unsafe extern "system" fn query_interface(_: *mut c_void, _: *const GUID, _: *mut *mut c_void) -> HRESULT {
    HRESULT::MAPI_E_INVALID_OBJECT
}

unsafe extern "system" fn add_ref(this: *mut c_void) -> u32 {
    count(this, 1)
}

unsafe extern "system" fn release(this: *mut c_void) -> u32 {
    count(this, -1)
}

unsafe extern "system" fn invalid(_: *mut c_void) -> HRESULT {
    HRESULT::MAPI_E_INVALID_OBJECT
}

fn count(this: *mut c_void, change: i64) -> u32 {
    let mut all = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(left) = all.get_mut(&(this as usize)) else { return 0 };
    *left += change;
    let left = *left;
    if left <= 0 {
        all.remove(&(this as usize));
        if let Some(given) = memory::given() {
            // SAFETY: the object lies in a block of MAPI's, as the page demands of it, and nobody has a reference to it.
            unsafe { (given.free)(this) };
        }
    }
    u32::try_from(left).unwrap_or_default()
}
