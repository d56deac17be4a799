//! The status object: `IMAPIStatus`, read-only. Source pages: *imapistatusimapiprop*, *imapisupport-makeinvalid*.
//!
//! It is made by hand, not by `#[implement]`: at logoff `MakeInvalid` takes its memory over, so it has to lie in a block of
//! MAPI's allocator with its vtable pointer first, and to hold nothing that it cannot let go of beforehand.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};

use mapi_spi::flags::{MAPI_STATUS, MAPI_TRANSPORT_PROVIDER, MAPI_UNICODE};
use mapi_spi::interfaces::{IMAPIProp, IMAPIProp_Vtbl, IMAPIStatus, IMAPIStatus_Vtbl};
use mapi_spi::structs::cb_new_sprop_tag_array;
use mapi_spi::structs::{MAPIERROR, MAPINAMEID, MAPIUID, SPropProblemArray, SPropTagArray, SPropValue};
use mapi_spi::tags::{self as tag, PropType};
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::{IUnknown, IUnknown_Vtbl, Interface};

use crate::guard::guard;
use crate::logon::Session;
use crate::mapi::{Memory, Props, Result, Support, Width};

/// Methods in the vtable: IUnknown's, IMAPIProp's, IMAPIStatus's own.
const METHODS: u32 = 3 + 11 + 4;

/// The object as it lies in memory.
#[repr(C)]
struct Object {
    vtable: *const IMAPIStatus_Vtbl,
    references: AtomicU32,
    memory: Memory,
    /// None once the session has ended.
    session: Mutex<Option<Arc<Session>>>,
}

/// The session's own reference to its status object.
#[derive(Debug)]
pub(crate) struct StatusObject(NonNull<Object>);

// SAFETY: the object's parts are Sync, its reference count is atomic, and its vtable pointer is only read - but for
// MakeInvalid, which MAPI serialises with the calls that it makes.
unsafe impl Send for StatusObject {}
// SAFETY: as above.
unsafe impl Sync for StatusObject {}

/// `OpenStatusEntry`: a reference to the session's status object, made at the first call.
///
/// # Errors
///
/// `MAPI_E_INTERFACE_NOT_SUPPORTED` for an interface that it does not have, `MAPI_E_INVALID_OBJECT` after logoff, or
/// what the allocator answers.
pub(crate) fn open(session: &Arc<Session>, interface: Option<&GUID>) -> Result<*mut c_void> {
    if !is_own(interface.unwrap_or(&IMAPIStatus::IID)) {
        return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
    }
    if let Some(object) = &session.lock().status {
        return Ok(object.another().into_raw());
    }
    let made = StatusObject::new(session)?;
    let mut state = session.lock();
    if state.is_closed() {
        drop(state);
        return Err(HRESULT::MAPI_E_INVALID_OBJECT);
    }
    // Two calls at once may both have made one: the first stays, the other goes at the end of this function.
    let object = state.status.get_or_insert_with(|| made.another()).another();
    drop(state);
    Ok(object.into_raw())
}

fn is_own(interface: &GUID) -> bool {
    [IUnknown::IID, IMAPIProp::IID, IMAPIStatus::IID].contains(interface)
}

impl StatusObject {
    fn new(session: &Arc<Session>) -> Result<StatusObject> {
        let memory = session.memory();
        let block = memory.block(size_of::<Object>())?;
        let at = NonNull::new(block.give_up::<Object>()).ok_or(HRESULT::MAPI_E_NOT_ENOUGH_MEMORY)?;
        let session = Mutex::new(Some(Arc::clone(session)));
        let object = Object { vtable: &raw const VTABLE, references: AtomicU32::new(1), memory, session };
        // SAFETY: the block is fresh, of this size, and MAPI aligns its blocks for any type.
        unsafe { at.write(object) };
        Ok(StatusObject(at))
    }

    /// Another reference.
    fn another(&self) -> StatusObject {
        // SAFETY: the object lives as long as this reference.
        unsafe { self.0.as_ref() }.references.fetch_add(1, Ordering::Relaxed);
        StatusObject(self.0)
    }

    /// Leaves the reference to the caller.
    fn into_raw(self) -> *mut c_void {
        let at = self.0.as_ptr().cast();
        std::mem::forget(self);
        at
    }

    /// Lets go of the session and leaves the object to MAPI. Where MAPI refuses it, the object answers for itself that it
    /// is no longer valid.
    pub(crate) fn invalidate(self, support: &Support) {
        // SAFETY: the object lives as long as this reference.
        let references = unsafe {
            let object = self.0.as_ref();
            drop(object.session.lock().unwrap_or_else(PoisonError::into_inner).take());
            object.references.load(Ordering::Relaxed)
        };
        // SAFETY: the object lies in a block of MAPI's and has just let go of all that it held; this reference is
        // released through whatever vtable it has afterwards.
        let _ = unsafe { support.make_invalid(self.0.as_ptr().cast(), references, METHODS) };
    }
}

impl Drop for StatusObject {
    fn drop(&mut self) {
        // Through the object's own vtable: it may be MAPI's by now.
        // SAFETY: this value is a reference to a live COM object and is not used after this.
        drop(unsafe { IUnknown::from_raw(self.0.as_ptr().cast()) });
    }
}

static VTABLE: IMAPIStatus_Vtbl = IMAPIStatus_Vtbl {
    base__: IMAPIProp_Vtbl {
        base__: IUnknown_Vtbl { QueryInterface, AddRef, Release },
        GetLastError,
        SaveChanges,
        GetProps,
        GetPropList,
        OpenProperty,
        SetProps,
        DeleteProps,
        CopyTo,
        CopyProps,
        GetNamesFromIDs,
        GetIDsFromNames,
    },
    ValidateState,
    SettingsDialog,
    ChangePassword,
    FlushQueues,
};

/// The session of the object that a method was called on.
///
/// # Safety
///
/// `this` has to be a live object of this module.
unsafe fn session_of(this: *mut c_void) -> Result<Arc<Session>> {
    // SAFETY: the caller vouches for the object.
    let object = unsafe { &*this.cast::<Object>() };
    let session = object.session.lock().unwrap_or_else(PoisonError::into_inner);
    session.clone().filter(|session| !session.lock().is_closed()).ok_or(HRESULT::MAPI_E_INVALID_OBJECT)
}

/// Writes a result where the caller wants one.
///
/// # Safety
///
/// `cell` has to be null or valid.
unsafe fn put<T>(cell: *mut T, value: T) {
    if !cell.is_null() {
        // SAFETY: not null; the caller vouches for the rest.
        unsafe { cell.write(value) };
    }
}

unsafe extern "system" fn QueryInterface(
    this: *mut c_void,
    iid: *const GUID,
    interface: *mut *mut c_void,
) -> windows_core::HRESULT {
    guard(|| {
        if interface.is_null() {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        // SAFETY: the caller passes valid pointers; the identifier may be null.
        unsafe {
            if !iid.as_ref().is_some_and(is_own) {
                interface.write(ptr::null_mut());
                return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
            }
            AddRef(this);
            interface.write(this);
        }
        Ok(HRESULT::S_OK)
    })
    .into()
}

unsafe extern "system" fn AddRef(this: *mut c_void) -> u32 {
    // SAFETY: the caller has a reference to the object.
    unsafe { &*this.cast::<Object>() }.references.fetch_add(1, Ordering::Relaxed) + 1
}

unsafe extern "system" fn Release(this: *mut c_void) -> u32 {
    let object: *mut Object = this.cast();
    // SAFETY: the caller has a reference to the object, which ends here.
    let left = unsafe { &*object }.references.fetch_sub(1, Ordering::Release) - 1;
    if left == 0 {
        fence(Ordering::Acquire);
        // SAFETY: that was the last reference: nobody else uses the object or its block.
        guard(|| unsafe {
            let memory = (*object).memory;
            object.drop_in_place();
            memory.free(object);
            Ok(HRESULT::S_OK)
        });
    }
    left
}

/// There is never more to tell than the code.
unsafe extern "system" fn GetLastError(
    _this: *mut c_void,
    _hResult: HRESULT,
    _ulFlags: u32,
    lppMAPIError: *mut *mut MAPIERROR,
) -> HRESULT {
    guard(|| {
        if lppMAPIError.is_null() {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        // SAFETY: not null, and the caller vouches for it.
        unsafe { lppMAPIError.write(ptr::null_mut()) };
        Ok(HRESULT::S_OK)
    })
}

unsafe extern "system" fn GetProps(
    this: *mut c_void,
    lpPropTagArray: *mut SPropTagArray,
    ulFlags: u32,
    lpcValues: *mut u32,
    lppPropArray: *mut *mut SPropValue,
) -> HRESULT {
    guard(|| {
        // SAFETY: the caller's cells are null or valid.
        unsafe {
            put(lpcValues, 0);
            put(lppPropArray, ptr::null_mut());
        }
        if lpcValues.is_null() || lppPropArray.is_null() {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        // SAFETY: the method is called on a live object; the tags are null or a whole array.
        let (session, asked) = unsafe {
            let asked = (!lpPropTagArray.is_null())
                .then(|| SPropTagArray::elements(lpPropTagArray).collect::<Vec<_>>());
            (session_of(this)?, asked)
        };
        let width = width_of(ulFlags);
        let (props, code) = match asked {
            None => (properties(&session, width), HRESULT::S_OK),
            Some(tags) => select(&session, &tags, width),
        };
        let block = props.to_block(session.memory())?;
        // SAFETY: neither cell is null.
        unsafe {
            lpcValues.write(props.len() as u32);
            lppPropArray.write(block.give_up());
        }
        Ok(code)
    })
}

unsafe extern "system" fn GetPropList(
    this: *mut c_void,
    ulFlags: u32,
    lppPropTagArray: *mut *mut SPropTagArray,
) -> HRESULT {
    guard(|| {
        if lppPropTagArray.is_null() {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        // SAFETY: the cell is not null; the method is called on a live object.
        let session = unsafe {
            lppPropTagArray.write(ptr::null_mut());
            session_of(this)?
        };
        let tags: Vec<PropTag> = properties(&session, width_of(ulFlags)).tags().collect();
        let block = session.memory().block(cb_new_sprop_tag_array(tags.len()))?;
        let words = block.at::<u32>();
        // SAFETY: the block was made for a count and this many tags.
        unsafe {
            words.write(tags.len() as u32);
            for (index, tag) in tags.iter().enumerate() {
                words.add(1 + index).write(tag.0);
            }
            lppPropTagArray.write(block.give_up());
        }
        Ok(HRESULT::S_OK)
    })
}

/// How wide text is to be that a caller did not give a type for.
fn width_of(flags: u32) -> Width {
    if flags & MAPI_UNICODE == 0 { Width::Narrow } else { Width::Wide }
}

/// The object's properties: the row's columns, and what MAPI would compute for the row.
fn properties(session: &Session, width: Width) -> Props {
    let mut props = session.status_columns(width);
    props.text(tag::PR_PROVIDER_DISPLAY_W, "Reference transport");
    props.mask(tag::PR_OBJECT_TYPE, MAPI_STATUS);
    props.mask(tag::PR_RESOURCE_TYPE, MAPI_TRANSPORT_PROVIDER);
    props
}

/// The properties asked for, in the order of the tags. A tag without a type has text as wide as the flags say.
fn select(session: &Session, tags: &[u32], width: Width) -> (Props, HRESULT) {
    let (narrow, wide) = (properties(session, Width::Narrow), properties(session, Width::Wide));
    let mut selected = Props::new(width);
    let mut code = HRESULT::S_OK;
    for tag in tags.iter().map(|tag| PropTag(*tag)) {
        let source = match tag.prop_type() {
            PropType::PT_STRING8 => &narrow,
            PropType::PT_UNICODE => &wide,
            _ if width == Width::Narrow => &narrow,
            _ => &wide,
        };
        let matches = |own: PropTag| {
            own.id() == tag.id() && (own == tag || tag.prop_type() == PropType::PT_UNSPECIFIED)
        };
        match source.tags().position(matches) {
            Some(index) => selected.copy_from(source, index),
            None => {
                selected.error(tag, HRESULT::MAPI_E_NOT_FOUND);
                code = HRESULT::MAPI_W_ERRORS_RETURNED;
            }
        }
    }
    (selected, code)
}

unsafe extern "system" fn ValidateState(this: *mut c_void, _ulUIParam: usize, ulFlags: u32) -> HRESULT {
    // SAFETY: the method is called on a live object.
    guard(|| unsafe { session_of(this) }?.validate(ulFlags).map(|()| HRESULT::S_OK))
}

unsafe extern "system" fn FlushQueues(
    this: *mut c_void,
    _ulUIParam: usize,
    _cbTargetTransport: u32,
    _lpTargetTransport: *mut c_void,
    ulFlags: u32,
) -> HRESULT {
    // SAFETY: the method is called on a live object.
    guard(|| unsafe { session_of(this) }?.flush(ulFlags).map(|()| HRESULT::S_OK))
}

// What PR_RESOURCE_METHODS does not announce, and what would change a read-only object.

unsafe extern "system" fn SettingsDialog(_this: *mut c_void, _ulUIParam: usize, _ulFlags: u32) -> HRESULT {
    HRESULT::MAPI_E_NO_SUPPORT
}

unsafe extern "system" fn ChangePassword(
    _this: *mut c_void,
    _lpOldPass: *mut c_void,
    _lpNewPass: *mut c_void,
    _ulFlags: u32,
) -> HRESULT {
    HRESULT::MAPI_E_NO_SUPPORT
}

unsafe extern "system" fn SaveChanges(_this: *mut c_void, _ulFlags: u32) -> HRESULT {
    HRESULT::MAPI_E_NO_SUPPORT
}

unsafe extern "system" fn OpenProperty(
    _this: *mut c_void,
    _ulPropTag: u32,
    _lpiid: *const GUID,
    _ulInterfaceOptions: u32,
    _ulFlags: u32,
    lppUnk: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: the caller's cell is null or valid.
    unsafe { put(lppUnk, ptr::null_mut()) };
    HRESULT::MAPI_E_NO_SUPPORT
}

unsafe extern "system" fn SetProps(
    _this: *mut c_void,
    _cValues: u32,
    _lpPropArray: *mut SPropValue,
    lppProblems: *mut *mut SPropProblemArray,
) -> HRESULT {
    // SAFETY: the caller's cell is null or valid.
    unsafe { put(lppProblems, ptr::null_mut()) };
    HRESULT::MAPI_E_NO_ACCESS
}

unsafe extern "system" fn DeleteProps(
    _this: *mut c_void,
    _lpPropTagArray: *mut SPropTagArray,
    lppProblems: *mut *mut SPropProblemArray,
) -> HRESULT {
    // SAFETY: the caller's cell is null or valid.
    unsafe { put(lppProblems, ptr::null_mut()) };
    HRESULT::MAPI_E_NO_ACCESS
}

unsafe extern "system" fn CopyTo(
    _this: *mut c_void,
    _ciidExclude: u32,
    _rgiidExclude: *const GUID,
    _lpExcludeProps: *mut SPropTagArray,
    _ulUIParam: usize,
    _lpProgress: *mut c_void,
    _lpInterface: *const GUID,
    _lpDestObj: *mut c_void,
    _ulFlags: u32,
    lppProblems: *mut *mut SPropProblemArray,
) -> HRESULT {
    // SAFETY: the caller's cell is null or valid.
    unsafe { put(lppProblems, ptr::null_mut()) };
    HRESULT::MAPI_E_NO_SUPPORT
}

unsafe extern "system" fn CopyProps(
    _this: *mut c_void,
    _lpIncludeProps: *mut SPropTagArray,
    _ulUIParam: usize,
    _lpProgress: *mut c_void,
    _lpInterface: *const GUID,
    _lpDestObj: *mut c_void,
    _ulFlags: u32,
    lppProblems: *mut *mut SPropProblemArray,
) -> HRESULT {
    // SAFETY: the caller's cell is null or valid.
    unsafe { put(lppProblems, ptr::null_mut()) };
    HRESULT::MAPI_E_NO_SUPPORT
}

unsafe extern "system" fn GetNamesFromIDs(
    _this: *mut c_void,
    _lppPropTags: *mut *mut SPropTagArray,
    _lpPropSetGuid: *mut MAPIUID,
    _ulFlags: u32,
    lpcPropNames: *mut u32,
    lpppPropNames: *mut *mut *mut MAPINAMEID,
) -> HRESULT {
    // SAFETY: the caller's cells are null or valid.
    unsafe {
        put(lpcPropNames, 0);
        put(lpppPropNames, ptr::null_mut());
    }
    HRESULT::MAPI_E_NO_SUPPORT
}

unsafe extern "system" fn GetIDsFromNames(
    _this: *mut c_void,
    _cPropNames: u32,
    _lppPropNames: *mut *mut MAPINAMEID,
    _ulFlags: u32,
    lppPropTags: *mut *mut SPropTagArray,
) -> HRESULT {
    // SAFETY: the caller's cell is null or valid.
    unsafe { put(lppPropTags, ptr::null_mut()) };
    HRESULT::MAPI_E_NO_SUPPORT
}
