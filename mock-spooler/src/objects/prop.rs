//! `IMAPIProp`, once for all objects.
//!
//! An object says what its properties are and what it does with changes ([`PropObject`]); everything that the pages demand
//! of every implementation - types on demand, problems, warnings, outputs of failures - is here.

use std::any::Any;
use std::ffi::c_void;
use std::fmt;
use std::ptr;
use std::sync::Arc;

use mapi_spi::meta::methods;
use mapi_spi::structs::{MAPIERROR, MAPINAMEID, MAPIUID, SPropProblemArray, SPropTagArray, SPropValue};
use mapi_spi::tags::{PR_NULL, PropType};
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag, flags};

use super::copy::{self, Copying, Selection};
use super::errors::LastError;
use super::host::Row;
use super::named;
use super::names::Names;
use super::properties::Admission;
use super::wire::{self, Problem};
use super::{args, text};
use crate::com::{Handle, gate, ours};

/// The outcome for one property of many.
pub type Outcome = Result<(), HRESULT>;

/// What `OpenProperty` asks for. Page: imapiprop-openproperty.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// The property, with its type.
    pub tag: PropTag,
    /// The interface to be used.
    pub iid: GUID,
    /// Flags of that interface: storage modes of streams, MAPI_UNICODE of tables.
    pub options: u32,
    /// MAPI_CREATE, MAPI_MODIFY, STREAM_APPEND.
    pub flags: u32,
}

impl Open {
    /// Whether the interface is the one with this name.
    #[must_use]
    pub fn wants(&self, interface: &str) -> bool {
        ours::iid_of(interface) == Some(self.iid)
    }

    /// Whether the property is to be made, what it held dropped.
    #[must_use]
    pub fn creates(&self) -> bool {
        self.flags & flags::MAPI_CREATE != 0
    }

    /// Whether the property is to be changed. MAPI_CREATE without MAPI_MODIFY means it too.
    #[must_use]
    pub fn modifies(&self) -> bool {
        self.flags & (flags::MAPI_MODIFY | flags::MAPI_CREATE) != 0
    }
}

/// An object with properties.
pub trait PropObject: ours::IUnknown + fmt::Debug {
    /// Where failures are remembered.
    fn errors(&self) -> &LastError;

    /// The mapping of named properties; `None` where the object has none.
    fn names(&self) -> Option<&Names> {
        None
    }

    /// The tags of all properties, computed ones included, in ascending order.
    fn tags(&self) -> Vec<PropTag>;

    /// The value of a property, whatever its type.
    fn value(&self, id: u16) -> Option<PropValue>;

    /// Sets properties, all of which can be set as far as their types go; what became of each.
    fn assign(&self, values: Row) -> Vec<Outcome>;

    /// Deletes properties; what became of each.
    ///
    /// # Errors
    ///
    /// Where the object cannot be changed at all: MAPI_E_NO_ACCESS.
    fn remove(&self, ids: &[u16]) -> Result<Vec<Outcome>, HRESULT>;

    /// Whether a property is the object's own doing and no part of a copy.
    fn is_computed(&self, id: u16) -> bool;

    /// Opens a property through another interface.
    ///
    /// # Errors
    ///
    /// As the page of `OpenProperty` lists them.
    fn open(&self, request: &Open) -> Result<Handle, HRESULT>;

    /// Makes changes permanent.
    ///
    /// # Errors
    ///
    /// MAPI_E_NO_ACCESS.
    fn save(&self, ulFlags: u32) -> Result<(), HRESULT>;

    /// The parts that are no property values: recipients, attachments, embedded messages.
    fn parts(&self) -> copy::Parts<'_> {
        copy::Parts::None
    }
}

/// Finds the object of ours behind a pointer, if it is one with properties that may be called now.
#[must_use]
pub fn find(pointer: *mut c_void) -> Option<Arc<dyn PropObject>> {
    let entry = crate::com::object::find(pointer)?;
    if entry.is_dead() || entry.is_over() {
        return None;
    }
    let body: Arc<dyn Any + Send + Sync> = entry.body()?;
    let body = match body.downcast::<super::Message>() {
        Ok(message) => return Some(message),
        Err(body) => body,
    };
    let body = match body.downcast::<super::Attach>() {
        Ok(attach) => return Some(attach),
        Err(body) => body,
    };
    let body = match body.downcast::<super::ProfSect>() {
        Ok(section) => return Some(section),
        Err(body) => body,
    };
    let body = match body.downcast::<crate::functions::PropData>() {
        Ok(data) => return Some(data),
        Err(body) => body,
    };
    body.downcast::<super::MailUser>().ok().map(|user| user as Arc<dyn PropObject>)
}

impl<T: PropObject> ours::IMAPIProp for T {
    unsafe fn GetLastError(
        &self,
        hResult: HRESULT,
        ulFlags: u32,
        lppMAPIError: *mut *mut MAPIERROR,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers, as for all methods here.
        unsafe { self.errors().get(hResult, ulFlags, lppMAPIError) }
    }

    unsafe fn SaveChanges(&self, ulFlags: u32) -> HRESULT {
        self.errors().note("IMAPIProp::SaveChanges", self.save(ulFlags).map(|()| HRESULT::S_OK))
    }

    unsafe fn GetProps(
        &self,
        lpPropTagArray: *mut SPropTagArray,
        ulFlags: u32,
        lpcValues: *mut u32,
        lppPropArray: *mut *mut SPropValue,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers.
        let result = unsafe { get_props(self, lpPropTagArray, ulFlags, lpcValues, lppPropArray) };
        self.errors().note("IMAPIProp::GetProps", result)
    }

    unsafe fn GetPropList(&self, ulFlags: u32, lppPropTagArray: *mut *mut SPropTagArray) -> HRESULT {
        let unicode = ulFlags & flags::MAPI_UNICODE != 0;
        let widened = |tag: PropTag| tag.with_type(text::widened(tag.prop_type(), unicode));
        let result = args::needed(lppPropTagArray).and_then(|()| {
            let tags: Vec<_> = self.tags().into_iter().map(widened).collect();
            wire::tags(&tags)
        });
        // SAFETY: the caller vouches for its pointers.
        unsafe { args::put(lppPropTagArray, result.unwrap_or(ptr::null_mut())) };
        self.errors().note("IMAPIProp::GetPropList", result.map(|_| HRESULT::S_OK))
    }

    unsafe fn OpenProperty(
        &self,
        ulPropTag: u32,
        lpiid: *const GUID,
        ulInterfaceOptions: u32,
        ulFlags: u32,
        lppUnk: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers.
        let iid = unsafe { args::iid(lpiid) };
        let tag = PropTag(ulPropTag);
        let result = args::needed(lppUnk).and_then(|()| match iid {
            Some(iid) if tag.prop_type() != PropType::PT_UNSPECIFIED => {
                self.open(&Open { tag, iid, options: ulInterfaceOptions, flags: ulFlags })
            }
            _ => Err(args::INVALID),
        });
        // SAFETY: as above.
        unsafe { args::put(lppUnk, result.map_or(ptr::null_mut(), |handle| handle.0)) };
        self.errors().note("IMAPIProp::OpenProperty", result.map(|_| HRESULT::S_OK))
    }

    unsafe fn SetProps(
        &self,
        cValues: u32,
        lpPropArray: *mut SPropValue,
        lppProblems: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers.
        let result = unsafe { args::props(cValues, lpPropArray) }.and_then(|given| set_props(self, given));
        // SAFETY: as above.
        unsafe { report(self, "IMAPIProp::SetProps", result, lppProblems) }
    }

    unsafe fn DeleteProps(
        &self,
        lpPropTagArray: *mut SPropTagArray,
        lppProblems: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers.
        let tags = unsafe { args::tags(lpPropTagArray) }.and_then(|tags| tags.ok_or(args::INVALID));
        let result = tags.and_then(|tags| {
            let ids: Vec<u16> = tags.iter().map(|tag| tag.id()).collect();
            Ok(problems_of(&tags, self.remove(&ids)?))
        });
        // SAFETY: as above.
        unsafe { report(self, "IMAPIProp::DeleteProps", result, lppProblems) }
    }

    unsafe fn CopyTo(
        &self,
        ciidExclude: u32,
        rgiidExclude: *const GUID,
        lpExcludeProps: *mut SPropTagArray,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        lpInterface: *const GUID,
        lpDestObj: *mut c_void,
        ulFlags: u32,
        lppProblems: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers.
        let result = unsafe {
            (|| {
                let interfaces = args::iids(ciidExclude, rgiidExclude)?;
                let excluded = args::tags(lpExcludeProps)?.unwrap_or_default();
                let copying = Copying {
                    selection: Selection::AllBut { interfaces, tags: excluded },
                    interface: args::iid(lpInterface),
                    target: lpDestObj,
                    flags: ulFlags,
                    method: &methods::IMAPIProp::CopyTo,
                };
                copying.from_ours(self)
            })()
        };
        // SAFETY: as above.
        unsafe { report(self, "IMAPIProp::CopyTo", result, lppProblems) }
    }

    unsafe fn CopyProps(
        &self,
        lpIncludeProps: *mut SPropTagArray,
        _ulUIParam: usize,
        _lpProgress: *mut c_void,
        lpInterface: *const GUID,
        lpDestObj: *mut c_void,
        ulFlags: u32,
        lppProblems: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers.
        let result = unsafe {
            (|| {
                let copying = Copying {
                    selection: Selection::Only(args::tags(lpIncludeProps)?.ok_or(args::INVALID)?),
                    interface: args::iid(lpInterface),
                    target: lpDestObj,
                    flags: ulFlags,
                    method: &methods::IMAPIProp::CopyProps,
                };
                copying.from_ours(self)
            })()
        };
        // SAFETY: as above.
        unsafe { report(self, "IMAPIProp::CopyProps", result, lppProblems) }
    }

    unsafe fn GetNamesFromIDs(
        &self,
        lppPropTags: *mut *mut SPropTagArray,
        lpPropSetGuid: *mut MAPIUID,
        ulFlags: u32,
        lpcPropNames: *mut u32,
        lpppPropNames: *mut *mut *mut MAPINAMEID,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers.
        let result = unsafe {
            named::names_from_ids(
                self.names(),
                lppPropTags,
                lpPropSetGuid,
                ulFlags,
                lpcPropNames,
                lpppPropNames,
            )
        };
        self.errors().note("IMAPIProp::GetNamesFromIDs", result)
    }

    unsafe fn GetIDsFromNames(
        &self,
        cPropNames: u32,
        lppPropNames: *mut *mut MAPINAMEID,
        ulFlags: u32,
        lppPropTags: *mut *mut SPropTagArray,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers.
        let result =
            unsafe { named::ids_from_names(self.names(), cPropNames, lppPropNames, ulFlags, lppPropTags) };
        self.errors().note("IMAPIProp::GetIDsFromNames", result)
    }
}

/// The value of a property as `GetProps` and table columns give it: in the type that is asked for, or the error that stands in
/// its place.
#[must_use]
pub fn column(tag: PropTag, value: Option<&PropValue>, unicode: bool) -> (PropTag, PropValue) {
    if tag == PR_NULL {
        return (PR_NULL, PropValue::Null);
    }
    match value.and_then(|value| text::convert(value, tag.prop_type(), unicode)) {
        Some(value) => (tag.with_type(value.prop_type()), value),
        None => (tag.with_type(PropType::PT_ERROR), PropValue::Error(HRESULT::MAPI_E_NOT_FOUND)),
    }
}

/// # Safety
///
/// As for `IMAPIProp::GetProps`.
unsafe fn get_props<T: PropObject>(
    object: &T,
    tags: *const SPropTagArray,
    ulFlags: u32,
    count: *mut u32,
    out: *mut *mut SPropValue,
) -> Result<HRESULT, HRESULT> {
    // SAFETY: the caller vouches for the outputs.
    unsafe {
        args::put(count, 0);
        args::put(out, ptr::null_mut());
    }
    args::needed(count)?;
    args::needed(out)?;
    // SAFETY: the caller vouches for the array.
    let wanted = match unsafe { args::tags(tags)? } {
        Some(tags) => tags,
        None => object.tags().into_iter().map(|tag| tag.with_type(PropType::PT_UNSPECIFIED)).collect(),
    };
    let unicode = ulFlags & flags::MAPI_UNICODE != 0;
    let row: Row = wanted.iter().map(|tag| column(*tag, object.value(tag.id()).as_ref(), unicode)).collect();
    if row.is_empty() {
        return Ok(HRESULT::S_OK);
    }
    let values = wire::props(&row)?;
    // SAFETY: as above.
    unsafe {
        args::put(count, wire::count(row.len()));
        args::put(out, values);
    }
    let failed = row.iter().any(|(tag, _)| tag.prop_type() == PropType::PT_ERROR);
    Ok(if failed { HRESULT::MAPI_W_ERRORS_RETURNED } else { HRESULT::S_OK })
}

fn set_props<T: PropObject>(object: &T, given: Vec<args::Given>) -> Result<Vec<Problem>, HRESULT> {
    let mut problems = Vec::new();
    let mut positions = Vec::new();
    let mut values = Row::new();
    for (index, (tag, value)) in given.into_iter().enumerate() {
        let admission = match &value {
            Some(value) => Admission::of(tag, value),
            // A pointer that is null where its type says it is not.
            None => Admission::Refuse(args::INVALID),
        };
        match (admission, value) {
            (Admission::Set, Some(value)) => {
                positions.push(index);
                values.push((tag, value));
            }
            (Admission::Problem(code), _) => problems.push(Problem { index, tag, code }),
            (Admission::Refuse(code), _) => return Err(code),
            (Admission::Ignore | Admission::Set, _) => {}
        }
    }
    let tags: Vec<PropTag> = values.iter().map(|(tag, _)| *tag).collect();
    for ((index, tag), outcome) in positions.into_iter().zip(tags).zip(object.assign(values)) {
        if let Err(code) = outcome {
            problems.push(Problem { index, tag, code });
        }
    }
    problems.sort_by_key(|problem| problem.index);
    Ok(problems)
}

/// The problems among outcomes, in the order of the request.
#[must_use]
pub fn problems_of(tags: &[PropTag], outcomes: Vec<Outcome>) -> Vec<Problem> {
    let outcomes = tags.iter().zip(outcomes).enumerate();
    outcomes
        .filter_map(|(index, (tag, outcome))| Some(Problem { index, tag: *tag, code: outcome.err()? }))
        .collect()
}

/// Ends a method that may have problems with single properties.
///
/// # Safety
///
/// `out` is null or valid for a write.
unsafe fn report<T: PropObject>(
    object: &T,
    method: &'static str,
    result: Result<Vec<Problem>, HRESULT>,
    out: *mut *mut SPropProblemArray,
) -> HRESULT {
    let array = match &result {
        Ok(problems) if !out.is_null() => wire::problems(problems),
        _ => Ok(ptr::null_mut()),
    };
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(out, array.unwrap_or(ptr::null_mut())) };
    object.errors().note(method, result.and(array).map(|_| HRESULT::S_OK))
}

/// The answer of `OpenProperty` for an interface that the mock does not offer: recorded, so that the report can say it.
#[must_use]
pub fn no_interface(request: &Open, detail: &str) -> HRESULT {
    let detail = format!("{} was asked for through {detail}", request.tag);
    gate::unsupported_part(&methods::IMAPIProp::OpenProperty, &detail);
    HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED
}
