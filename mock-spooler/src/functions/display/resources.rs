//! Resources of a library. Only Windows has them.

use std::ffi::c_void;

use mapi_spi::HRESULT;

/// The bytes of a dialog resource; `name` is a string or a number in the place of its pointer.
///
/// # Errors
///
/// MAPI_E_NOT_FOUND.
///
/// # Safety
///
/// `instance` is a library that is loaded; `name` is a number, or a zero-terminated string of the width that `wide` says.
#[cfg(windows)]
pub(super) unsafe fn dialog(
    instance: *mut c_void,
    name: *const c_void,
    wide: bool,
) -> Result<Vec<u8>, HRESULT> {
    use windows_sys::Win32::System::LibraryLoader::{
        FindResourceA, FindResourceW, LoadResource, LockResource, SizeofResource,
    };
    /// RT_DIALOG
    const DIALOG: usize = 5;
    // SAFETY: as the caller vouches; what the system finds lies in the library, which stays loaded for the call.
    unsafe {
        let found = if wide {
            FindResourceW(instance, name.cast(), DIALOG as *const u16)
        } else {
            FindResourceA(instance, name.cast(), DIALOG as *const u8)
        };
        if found.is_null() {
            return Err(HRESULT::MAPI_E_NOT_FOUND);
        }
        let (loaded, size) = (LoadResource(instance, found), SizeofResource(instance, found));
        let at: *const u8 = LockResource(loaded).cast();
        if at.is_null() {
            return Err(HRESULT::MAPI_E_NOT_FOUND);
        }
        Ok(std::slice::from_raw_parts(at, size as usize).to_vec())
    }
}

/// A string resource; empty where there is none of this number.
///
/// # Safety
///
/// `instance` is a library that is loaded.
#[cfg(windows)]
pub(super) unsafe fn string(instance: *mut c_void, number: u16) -> Vec<u16> {
    use windows_sys::Win32::UI::WindowsAndMessaging::LoadStringW;
    let mut at: *const u16 = std::ptr::null();
    // SAFETY: with no size the function puts the address of the resource into the place of the buffer and returns its length.
    let length = unsafe { LoadStringW(instance, u32::from(number), (&raw mut at).cast(), 0) };
    match usize::try_from(length) {
        // SAFETY: the string lies in the library, which stays loaded for the call.
        Ok(length) if length > 0 && !at.is_null() => {
            unsafe { std::slice::from_raw_parts(at, length) }.to_vec()
        }
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// A library of this system has no resources.
///
/// # Errors
///
/// MAPI_E_NO_SUPPORT, which the trace tells.
///
/// # Safety
///
/// None is needed: nothing is looked at.
#[cfg(not(windows))]
pub(super) unsafe fn dialog(
    _instance: *mut c_void,
    _name: *const c_void,
    _wide: bool,
) -> Result<Vec<u8>, HRESULT> {
    crate::com::boundary().record(crate::trace::told::What::Unsupported {
        m: "BuildDisplayTable".into(),
        detail: "libraries have dialog resources on Windows alone".to_owned(),
    });
    Err(HRESULT::MAPI_E_NO_SUPPORT)
}

/// As for [`dialog`]: there is none.
///
/// # Safety
///
/// None is needed: nothing is looked at.
#[cfg(not(windows))]
pub(super) unsafe fn string(_instance: *mut c_void, _number: u16) -> Vec<u16> {
    Vec::new()
}
