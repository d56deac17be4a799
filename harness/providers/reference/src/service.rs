//! The message service: how this provider gets into a profile. Source page: *msgserviceentry*.
//!
//! It is configured by properties alone, those that [`crate::profile`] reads; there is no dialog. Created without one it is not
//! configured, and says so.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    MAPI_MODIFY, MSG_SERVICE_CONFIGURE, MSG_SERVICE_CREATE, MSG_SERVICE_DELETE, MSG_SERVICE_INSTALL,
    MSG_SERVICE_UNINSTALL,
};
use mapi_spi::interfaces::{IMAPISupport, IProfSect, IProviderAdmin};
use mapi_spi::structs::{LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER, SPropValue};
use windows_core::Interface;

use crate::guard::guard;
use crate::mapi::{Memory, Props, Result, Values, Width, check, opened, save, set_props};
use crate::profile::Settings;

/// The entry of the message service.
///
/// # Safety
///
/// As MAPI calls it: `lpProps` has `cValues` values, `lpMAPISup` and `lpProviderAdmin` are null or objects of these kinds, the
/// cell is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ServiceEntry(
    _hInstance: *mut c_void,
    _lpMalloc: *mut c_void,
    lpMAPISup: *mut c_void,
    _ulUIParam: usize,
    _ulFlags: u32,
    ulContext: u32,
    cValues: u32,
    lpProps: *mut SPropValue,
    lpProviderAdmin: *mut c_void,
    lppMapiError: *mut *mut c_void,
) -> HRESULT {
    guard(|| {
        // SAFETY: the caller vouches for the cell.
        unsafe {
            if !lppMapiError.is_null() {
                lppMapiError.write(ptr::null_mut());
            }
        }
        match ulContext {
            MSG_SERVICE_INSTALL | MSG_SERVICE_UNINSTALL | MSG_SERVICE_DELETE => Ok(HRESULT::S_OK),
            MSG_SERVICE_CREATE => Err(HRESULT::MAPI_E_UNCONFIGURED),
            MSG_SERVICE_CONFIGURE => {
                // SAFETY: the caller vouches for the objects.
                let (support, admin) = unsafe {
                    (
                        IMAPISupport::from_raw_borrowed(&lpMAPISup),
                        IProviderAdmin::from_raw_borrowed(&lpProviderAdmin),
                    )
                };
                let (Some(support), Some(admin)) = (support, admin) else {
                    return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
                };
                if cValues == 0 || lpProps.is_null() {
                    return Err(HRESULT::MAPI_E_UNCONFIGURED);
                }
                // SAFETY: the caller vouches for the array.
                let values = unsafe { Values::copy(lpProps, cValues) };
                configure(memory_of(support)?, admin, &values)
            }
            _ => Err(HRESULT::MAPI_E_NO_SUPPORT),
        }
    })
}

/// The service is given no allocator but that of its support object.
fn memory_of(support: &IMAPISupport) -> Result<Memory> {
    let (mut allocate, mut more, mut free): (LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER) =
        (None, None, None);
    // SAFETY: each cell takes the function of its name.
    check(unsafe {
        support.GetMemAllocRoutines(
            (&raw mut allocate).cast(),
            (&raw mut more).cast(),
            (&raw mut free).cast(),
        )
    })?;
    Memory::new(allocate, more, free).ok_or(HRESULT::MAPI_E_CALL_FAILED)
}

/// Writes what can be used of the values into the provider's section, and nothing where that would be no configuration.
fn configure(memory: Memory, admin: &IProviderAdmin, values: &Values) -> Result<HRESULT> {
    Settings::from_values(values)?;
    let mut cell = ptr::null_mut();
    // SAFETY: the cell is valid; without an identifier it is the provider's own section that a service opens.
    check(unsafe { admin.OpenProfileSection(ptr::null_mut(), ptr::null(), MAPI_MODIFY, &raw mut cell) })?;
    // SAFETY: the method succeeded: the cell holds a reference of ours.
    let section: IProfSect = unsafe { opened(cell) }?;
    let mut props = Props::new(Width::Narrow);
    for tag in Settings::TAGS {
        if let Some(text) = values.text(tag) {
            props.text(tag, &text);
        }
    }
    set_props(memory, &section, &props)?;
    save(&section, 0)?;
    Ok(HRESULT::S_OK)
}
