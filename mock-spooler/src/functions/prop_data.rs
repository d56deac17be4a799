//! Property data objects: properties in memory, with access and state of each. Page: ipropdataimapiprop.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::mem::size_of;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::structs::{SPropProblemArray, SPropTagArray};
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag};

use crate::com::{Handle, object, ours};
use crate::implements;
use crate::memory::Chain;
use crate::objects::Row;
use crate::objects::args::{self, INVALID};
use crate::objects::copy::refuse_all;
use crate::objects::errors::LastError;
use crate::objects::prop::{Open, Outcome, PropObject, no_interface};
use crate::objects::properties::Properties;
use crate::objects::wire::{self, Problem};

const IPROP_READONLY: u32 = 0x0000_0001;
const IPROP_READWRITE: u32 = 0x0000_0002;
const IPROP_CLEAN: u32 = 0x0001_0000;
const IPROP_DIRTY: u32 = 0x0002_0000;

/// A property data object.
#[derive(Debug)]
pub struct PropData {
    errors: LastError,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    read_only: bool,
    props: Properties,
    notes: BTreeMap<u16, Note>,
}

/// What is known of a property beside its value; it outlives the property.
#[derive(Clone, Copy, Debug)]
struct Note {
    tag: PropTag,
    read_only: bool,
    dirty: bool,
    deleted: bool,
}

implements!(PropData: IPropData);

impl PropData {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, tag: PropTag, value: PropValue) -> Outcome {
        if self.notes.get(&tag.id()).is_some_and(|note| note.read_only && !note.deleted) {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        let note = Note { tag, read_only: false, dirty: true, deleted: false };
        self.notes.insert(tag.id(), note);
        self.props.set(tag, value);
        Ok(())
    }

    fn access(&self, id: u16) -> u32 {
        match self.notes.get(&id) {
            None => 0,
            Some(note) if note.deleted => 0,
            // A property that was modified has no other flag (page: ipropdata-hrgetpropaccess).
            Some(note) if note.dirty => IPROP_DIRTY,
            Some(note) if note.read_only => IPROP_READONLY,
            Some(_) => IPROP_READWRITE,
        }
    }
}

impl PropObject for PropData {
    fn errors(&self) -> &LastError {
        &self.errors
    }

    fn tags(&self) -> Vec<PropTag> {
        self.state().props.tags().collect()
    }

    fn value(&self, id: u16) -> Option<PropValue> {
        self.state().props.get(id).cloned()
    }

    fn assign(&self, values: Row) -> Vec<Outcome> {
        let mut state = self.state();
        if state.read_only {
            return refuse_all(values.len(), HRESULT::MAPI_E_NO_ACCESS);
        }
        values.into_iter().map(|(tag, value)| state.put(tag, value)).collect()
    }

    fn remove(&self, ids: &[u16]) -> Result<Vec<Outcome>, HRESULT> {
        let mut state = self.state();
        if state.read_only {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        let remove = |id: &u16| {
            let read_only = state.notes.get(id).is_some_and(|note| note.read_only);
            if read_only {
                return Err(HRESULT::MAPI_E_NO_ACCESS);
            }
            state.props.remove(*id).ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
            if let Some(note) = state.notes.get_mut(id) {
                note.deleted = true;
                note.dirty = true;
            }
            Ok(())
        };
        Ok(ids.iter().map(remove).collect())
    }

    fn is_computed(&self, _id: u16) -> bool {
        false
    }

    fn open(&self, request: &Open) -> Result<Handle, HRESULT> {
        Err(no_interface(request, "a property data object, which has no streams and no objects"))
    }

    fn save(&self, _ulFlags: u32) -> Result<(), HRESULT> {
        // The data is in memory: what is set stands.
        Ok(())
    }
}

impl ours::IPropData for PropData {
    unsafe fn HrSetObjAccess(&self, ulAccess: u32) -> HRESULT {
        let read_only = match ulAccess {
            IPROP_READONLY => Ok(true),
            IPROP_READWRITE => Ok(false),
            _ => Err(INVALID),
        };
        let result = read_only.map(|read_only| {
            self.state().read_only = read_only;
            HRESULT::S_OK
        });
        self.errors.note("IPropData::HrSetObjAccess", result)
    }

    unsafe fn HrSetPropAccess(&self, lpPropTagArray: *mut SPropTagArray, rgulAccess: *mut c_void) -> HRESULT {
        // SAFETY: the caller vouches for its pointers, as for all methods here.
        let tags = unsafe { args::tags(lpPropTagArray) }.and_then(|tags| tags.ok_or(INVALID));
        let result = tags.and_then(|tags| {
            args::needed(rgulAccess)?;
            // SAFETY: one mask for each tag, as the caller vouches.
            let masks =
                (0..tags.len()).map(|at| unsafe { rgulAccess.cast::<u32>().add(at).read_unaligned() });
            let masks: Vec<u32> = masks.collect();
            let both = |mask: u32, one: u32, other: u32| mask & (one | other) == one | other;
            let known = IPROP_READONLY | IPROP_READWRITE | IPROP_CLEAN | IPROP_DIRTY;
            if masks.iter().any(|mask| {
                both(*mask, IPROP_READONLY, IPROP_READWRITE)
                    || both(*mask, IPROP_CLEAN, IPROP_DIRTY)
                    || mask & !known != 0
            }) {
                return Err(INVALID);
            }
            let mut state = self.state();
            if state.read_only {
                return Err(HRESULT::MAPI_E_NO_ACCESS);
            }
            for (tag, mask) in tags.iter().zip(masks) {
                let Some(note) = state.notes.get_mut(&tag.id()) else { continue };
                match mask & (IPROP_READONLY | IPROP_READWRITE) {
                    IPROP_READONLY => note.read_only = true,
                    IPROP_READWRITE => note.read_only = false,
                    _ => {}
                }
                match mask & (IPROP_CLEAN | IPROP_DIRTY) {
                    IPROP_CLEAN => note.dirty = false,
                    IPROP_DIRTY => note.dirty = true,
                    _ => {}
                }
            }
            Ok(HRESULT::S_OK)
        });
        self.errors.note("IPropData::HrSetPropAccess", result)
    }

    unsafe fn HrGetPropAccess(
        &self,
        lppPropTagArray: *mut *mut SPropTagArray,
        lprgulAccess: *mut *mut c_void,
    ) -> HRESULT {
        let result = args::needed(lppPropTagArray).and(args::needed(lprgulAccess)).and_then(|()| {
            // SAFETY: not null, hence a pointer to tags or null, as the caller vouches.
            let asked = unsafe { args::tags(lppPropTagArray.read_unaligned())? };
            let state = self.state();
            let all = || state.notes.values().map(|note| note.tag).collect();
            let tags: Vec<PropTag> = asked.clone().unwrap_or_else(all);
            let masks = Chain::allocate(size_of::<u32>() * tags.len())?;
            for (at, tag) in tags.iter().enumerate() {
                // SAFETY: the block has room for so many masks.
                unsafe { masks.ptr::<u32>().add(at).write(state.access(tag.id())) };
            }
            let given = if asked.is_none() { Some(wire::tags(&tags)?) } else { None };
            // SAFETY: as above.
            unsafe {
                if let Some(given) = given {
                    args::put(lppPropTagArray, given);
                }
                args::put(lprgulAccess, masks.into_raw().cast());
            }
            Ok(HRESULT::S_OK)
        });
        self.errors.note("IPropData::HrGetPropAccess", result)
    }

    unsafe fn HrAddObjProps(
        &self,
        lpPropTagArray: *mut SPropTagArray,
        lppProblems: *mut *mut SPropProblemArray,
    ) -> HRESULT {
        // SAFETY: as above.
        let tags = unsafe { args::tags(lpPropTagArray) }.and_then(|tags| tags.ok_or(INVALID));
        let added = tags.and_then(|tags| {
            if tags.iter().any(|tag| tag.prop_type() != PropType::PT_OBJECT) {
                return Err(HRESULT::MAPI_E_INVALID_TYPE);
            }
            let mut state = self.state();
            if state.read_only {
                return Err(HRESULT::MAPI_E_NO_ACCESS);
            }
            let put = |(index, tag): (usize, &PropTag)| {
                state.put(*tag, PropValue::Object).err().map(|code| Problem { index, tag: *tag, code })
            };
            Ok(tags.iter().enumerate().filter_map(put).collect::<Vec<_>>())
        });
        let array = match &added {
            Ok(problems) if !lppProblems.is_null() => wire::problems(problems),
            _ => Ok(ptr::null_mut()),
        };
        // SAFETY: as above.
        unsafe { args::put(lppProblems, array.unwrap_or(ptr::null_mut())) };
        let done = |problems: Vec<Problem>| {
            if problems.is_empty() { HRESULT::S_OK } else { HRESULT::MAPI_W_PARTIAL_COMPLETION }
        };
        self.errors.note("IPropData::HrAddObjProps", added.map(done))
    }
}

pub(super) unsafe fn CreateIProp(
    lpInterface: *const GUID,
    _lpAllocateBuffer: *mut c_void,
    _lpAllocateMore: *mut c_void,
    _lpFreeBuffer: *mut c_void,
    _lpvReserved: *mut c_void,
    lppPropData: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: null or an identifier, as the caller vouches.
    let iid = unsafe { args::iid(lpInterface) };
    let made = args::needed(lppPropData).and_then(|()| {
        if iid.is_some_and(|iid| ours::iid_of("IPropData") != Some(iid)) {
            return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
        }
        let object = PropData { errors: LastError::default(), state: Mutex::default() };
        Ok(object::hand_out(Arc::new(object), "prop-data"))
    });
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(lppPropData, made.map_or(ptr::null_mut(), |object| object.0)) };
    made.err().unwrap_or(HRESULT::S_OK)
}
