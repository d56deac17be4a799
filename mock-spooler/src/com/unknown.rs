//! IUnknown of our objects: identity, references, and calls after the last Release.

use std::ffi::c_void;
use std::sync::Arc;

use mapi_spi::meta::Interface;
use mapi_spi::{GUID, HRESULT};

use crate::com::gate::{boundary, end_plain};
use crate::com::object::{self, Entry, Released};
use crate::com::ours::iid_of;
use crate::objects::args;
use crate::trace::event::{By, IllegalKind};
use crate::trace::render;
use crate::trace::told::{self, What};

/// `QueryInterface` of all our objects.
///
/// # Safety
///
/// `iid` and `out` are null or valid, as COM demands.
pub(super) unsafe fn query_interface(this: *mut c_void, iid: *const GUID, out: *mut *mut c_void) -> HRESULT {
    let boundary = boundary();
    let entry = object::find(this);
    let obj = entry.as_ref().map_or_else(|| "unknown".to_owned(), |entry| entry.name.clone());
    boundary.check_unloaded(&obj, "QueryInterface");
    // SAFETY: the caller vouches for the identifier.
    let wanted = unsafe { args::iid(iid) };
    let call = boundary.record(What::Call {
        by: By::Candidate,
        obj: obj.clone(),
        m: "IUnknown.QueryInterface".into(),
        args: told::values([("riid", wanted.as_ref().map_or(serde_json::Value::Null, render::iid))]),
        msgref: None,
    });
    let code = match (&entry, wanted) {
        (Some(entry), Some(wanted)) if !out.is_null() && !entry.is_dead() => {
            let has = wanted == iid_of("IUnknown").unwrap_or_default()
                || Interface::by_name(entry.interface)
                    .is_some_and(|interface| implements(interface, &wanted));
            // SAFETY: the output is not null, and the caller vouches for it.
            unsafe { out.write_unaligned(if has { this } else { std::ptr::null_mut() }) };
            if has {
                entry.add_ref();
                HRESULT::S_OK
            } else {
                HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED
            }
        }
        (Some(entry), _) if entry.is_dead() => {
            boundary.illegal(
                IllegalKind::UseAfterRelease,
                &obj,
                "QueryInterface after the last Release".to_owned(),
            );
            HRESULT::MAPI_E_INVALID_OBJECT
        }
        (None, _) => {
            boundary.illegal(
                IllegalKind::NoSuchObject,
                &obj,
                "QueryInterface on a pointer that is no object".to_owned(),
            );
            HRESULT::MAPI_E_INVALID_OBJECT
        }
        _ => HRESULT::MAPI_E_INVALID_PARAMETER,
    };
    end_plain(call, code.to_string());
    code
}

fn implements(interface: &Interface, wanted: &GUID) -> bool {
    iid_of(interface.name).is_some_and(|iid| iid == *wanted)
        || Interface::by_name(interface.base).is_some_and(|base| implements(base, wanted))
}

/// `AddRef` of all our objects.
pub(super) fn add_ref(this: *mut c_void) -> u32 {
    let Some(entry) = alive(this, "AddRef", IllegalKind::UseAfterRelease) else { return 0 };
    let refs = entry.add_ref();
    record_ref(&entry, "AddRef", refs);
    refs
}

/// `Release` of all our objects.
pub(super) fn release(this: *mut c_void) -> u32 {
    let Some(entry) = alive(this, "Release", IllegalKind::OverRelease) else { return 0 };
    let refs = match entry.release() {
        Released::Alive(refs) => refs,
        Released::Last => 0,
        Released::TooMany => {
            boundary().illegal(
                IllegalKind::OverRelease,
                &entry.name,
                "Release of a reference that the candidate does not hold".to_owned(),
            );
            0
        }
    };
    record_ref(&entry, "Release", refs);
    refs
}

/// The object of a pointer whose references are to change; where it has none any more the call is of this kind.
fn alive(this: *mut c_void, method: &str, after_the_last: IllegalKind) -> Option<Arc<Entry>> {
    let boundary = boundary();
    let Some(entry) = object::find(this) else {
        let detail = format!("{method} on a pointer that is no object");
        boundary.illegal(IllegalKind::NoSuchObject, "unknown", detail);
        return None;
    };
    boundary.check_unloaded(&entry.name, method);
    if entry.is_dead() {
        boundary.illegal(after_the_last, &entry.name, format!("{method} after the last Release"));
        return None;
    }
    Some(entry)
}

fn record_ref(entry: &Entry, method: &'static str, refs: u32) {
    boundary().record(What::Ref { by: By::Candidate, obj: entry.name.clone(), m: method.into(), refs });
}
