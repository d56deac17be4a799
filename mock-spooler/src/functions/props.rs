//! Properties of objects, and arrays of property values.

use std::ffi::c_void;
use std::mem::size_of;
use std::ptr;

use mapi_spi::structs::{
    ALLOCATEBUFFER, ALLOCATEMORE, Elements, LPALLOCATEBUFFER, LPALLOCATEMORE, SPropTagArray, SPropValue,
};
use mapi_spi::tags::{PROP_ID_INVALID, PropType};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags, interfaces};
use windows_core::Interface as _;

use super::layout::{Linear, Measure, More};
use crate::memory;
use crate::objects::args::{self, INVALID};
use crate::objects::host::Row;
use crate::objects::properties::size_of_value;
use crate::objects::wire::{self, Room};

/// MV_FLAG
const MULTIPLE: u16 = 0x1000;
/// More properties than this are not meant.
const MANY: i32 = 1 << 20;

pub(super) unsafe fn HrGetOneProp(pmp: *mut c_void, ulPropTag: u32, ppprop: *mut *mut c_void) -> HRESULT {
    if ppprop.is_null() {
        return INVALID;
    }
    let mut tags = SPropTagArray { cValues: 1, aulPropTag: [ulPropTag] };
    let mut count = 0;
    let mut values: *mut SPropValue = ptr::null_mut();
    // SAFETY: an object with properties, as the caller vouches; the rest is ours and lives for the call.
    let code = unsafe {
        match interfaces::IMAPIProp::from_raw_borrowed(&pmp) {
            Some(object) => object.GetProps(&raw mut tags, 0, &raw mut count, &raw mut values),
            None => INVALID,
        }
    };
    // SAFETY: null, or at least one value, as the object returned it.
    let error = unsafe { Elements::new(values.cast_const(), 1) }
        .next()
        .filter(|_| code.is_ok())
        .and_then(|value| (value.tag().prop_type() == PropType::PT_ERROR).then_some(value))
        // SAFETY: the type says which member is set.
        .map(|value| unsafe { value.Value.err });
    let result = match error {
        Some(error) => error,
        None if code.is_err() => code,
        None if values.is_null() || count == 0 => HRESULT::MAPI_E_NOT_FOUND,
        None => HRESULT::S_OK,
    };
    if result.is_err() {
        memory::free(values.cast());
        values = ptr::null_mut();
    }
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(ppprop, values.cast()) };
    result
}

pub(super) unsafe fn HrSetOneProp(pmp: *mut c_void, pprop: *mut c_void) -> HRESULT {
    let mut problems = ptr::null_mut();
    // SAFETY: an object with properties and a property, as the caller vouches; the output is ours.
    let code = unsafe {
        match interfaces::IMAPIProp::from_raw_borrowed(&pmp) {
            Some(object) => object.SetProps(1, pprop.cast(), &raw mut problems),
            None => INVALID,
        }
    };
    // SAFETY: null, or an array of problems, as the object returned it.
    let problem = unsafe { mapi_spi::structs::SPropProblemArray::elements(problems) }.next();
    memory::free(problems.cast());
    match problem {
        Some(problem) if code.is_ok() => problem.scode,
        _ if code.is_ok() => HRESULT::S_OK,
        _ => code,
    }
}

pub(super) unsafe fn FPropExists(pobj: *mut c_void, ulPropTag: u32) -> i32 {
    let wanted = PropTag(ulPropTag);
    let wide = matches!(wanted.prop_type(), PropType::PT_UNICODE | PropType::PT_MV_UNICODE);
    let mut tags = ptr::null_mut();
    // SAFETY: an object with properties, as the caller vouches; the output is ours.
    let code = unsafe {
        match interfaces::IMAPIProp::from_raw_borrowed(&pobj) {
            Some(object) => object.GetPropList(if wide { flags::MAPI_UNICODE } else { 0 }, &raw mut tags),
            None => INVALID,
        }
    };
    if code.is_err() {
        return 0;
    }
    // SAFETY: null, or an array of tags, as the object returned it.
    let found = unsafe { SPropTagArray::elements(tags) }.any(|tag| matches(PropTag(tag), wanted));
    memory::free(tags.cast());
    i32::from(found)
}

pub(super) unsafe fn PpropFindProp(rgprop: *mut c_void, cprop: u32, ulPropTag: u32) -> *mut c_void {
    if rgprop.is_null() {
        return ptr::null_mut();
    }
    let first: *mut SPropValue = rgprop.cast();
    (0..cprop as usize)
        // SAFETY: so many properties, as the caller vouches.
        .map(|at| unsafe { first.add(at) })
        // SAFETY: as above.
        .find(|prop| matches(PropTag(unsafe { prop.cast::<u32>().read_unaligned() }), PropTag(ulPropTag)))
        .map_or(ptr::null_mut(), |prop| prop.cast())
}

pub(super) unsafe fn LpValFindProp(ulPropTag: u32, cValues: u32, lpPropArray: *mut c_void) -> *mut c_void {
    // SAFETY: passed on from the caller.
    unsafe { PpropFindProp(lpPropArray, cValues, ulPropTag) }
}

/// A tag without a type stands for the identifier alone.
fn matches(tag: PropTag, wanted: PropTag) -> bool {
    tag == wanted || wanted.prop_type() == PropType::PT_UNSPECIFIED && tag.id() == wanted.id()
}

/// The properties of an array, checked: identifiers that can be, types that are known, values for each.
///
/// # Safety
///
/// `first` is null or points to so many properties whose values are what their types say.
unsafe fn checked(count: i32, first: *const c_void) -> Result<Row, HRESULT> {
    if !(0..=MANY).contains(&count) || count > 0 && first.is_null() {
        return Err(INVALID);
    }
    let first: *const SPropValue = first.cast();
    (0..count.unsigned_abs() as usize)
        .map(|at| {
            // SAFETY: as the caller vouches.
            let prop = unsafe { first.add(at).read_unaligned() };
            // SAFETY: as above.
            let value = unsafe { PropValue::read(&prop) }.map_err(|_| INVALID)?;
            let tag = prop.tag();
            let empty = tag.prop_type().0 & MULTIPLE != 0 && size_of_value(&value) == 0;
            let bad = matches!(value, PropValue::Unknown(..))
                || matches!(tag.id(), 0 | PROP_ID_INVALID)
                || empty && !matches!(&value, PropValue::MvBinary(values) if !values.is_empty());
            if bad { Err(INVALID) } else { Ok((tag, value)) }
        })
        .collect()
}

/// Lays an array down from the beginning of a room.
fn lay_down(room: &dyn Room, row: &Row) -> Result<*mut SPropValue, HRESULT> {
    let at = room.room(size_of::<SPropValue>() * row.len())?.cast();
    wire::put_props(room, at, row)?;
    Ok(at)
}

fn measured(row: &Row) -> Result<u32, HRESULT> {
    let measure = Measure::default();
    lay_down(&measure, row)?;
    u32::try_from(measure.used()).map_err(|_| INVALID)
}

pub(super) unsafe fn ScCountProps(cprop: i32, rgprop: *mut c_void, pcb: *mut u32) -> HRESULT {
    // SAFETY: passed on from the caller.
    let size = unsafe { checked(cprop, rgprop) }.and_then(|row| measured(&row));
    if let Ok(size) = size {
        // SAFETY: null or an output, as the caller vouches.
        unsafe { args::put(pcb, size) };
    }
    size.err().unwrap_or(HRESULT::S_OK)
}

pub(super) unsafe fn ScCopyProps(
    cprop: i32,
    rgprop: *mut c_void,
    pvDst: *mut c_void,
    pcb: *mut u32,
) -> HRESULT {
    // SAFETY: passed on from the caller.
    let copied = unsafe { checked(cprop, rgprop) }.and_then(|row| {
        args::needed(pvDst)?;
        let block = Linear::new(pvDst);
        lay_down(&block, &row)?;
        Ok(block.used())
    });
    if let Ok(size) = copied {
        // SAFETY: null or an output, as the caller vouches.
        unsafe { args::put(pcb, wire::count(size)) };
    }
    copied.err().unwrap_or(HRESULT::S_OK)
}

pub(super) unsafe fn ScDupPropset(
    cprop: i32,
    rgprop: *mut c_void,
    lpAllocateBuffer: *mut c_void,
    prgprop: *mut *mut c_void,
) -> HRESULT {
    if prgprop.is_null() {
        return INVALID;
    }
    // SAFETY: null or MAPIAllocateBuffer, as the caller vouches: a function pointer in either case.
    let allocate: LPALLOCATEBUFFER =
        unsafe { std::mem::transmute::<*mut c_void, Option<ALLOCATEBUFFER>>(lpAllocateBuffer) };
    // SAFETY: passed on from the caller.
    let made = unsafe { checked(cprop, rgprop) }.and_then(|row| {
        let mut block = ptr::null_mut();
        // SAFETY: the caller passed the function for this; the output is ours.
        let code = unsafe { allocate.ok_or(INVALID)?(measured(&row)?, &raw mut block) };
        if code.is_err() {
            return Err(code);
        }
        lay_down(&Linear::new(block), &row)?;
        Ok(block)
    });
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(prgprop, made.unwrap_or(ptr::null_mut())) };
    made.err().unwrap_or(HRESULT::S_OK)
}

pub(super) unsafe fn UlPropSize(lpSPropValue: *mut c_void) -> u32 {
    // SAFETY: null or a property, as the caller vouches.
    unsafe { read(lpSPropValue) }.map_or(0, |(_, value)| wire::count(size_of_value(&value)))
}

pub(super) unsafe fn PropCopyMore(
    lpSPropValueDest: *mut c_void,
    lpSPropValueSrc: *mut c_void,
    lpfAllocMore: *mut c_void,
    lpvObject: *mut c_void,
) -> HRESULT {
    // SAFETY: null or a property, as the caller vouches.
    let Some((tag, value)) = (unsafe { read(lpSPropValueSrc) }) else { return INVALID };
    if matches!(value, PropValue::Unknown(..)) {
        return HRESULT::MAPI_E_NO_SUPPORT;
    }
    // SAFETY: null or MAPIAllocateMore, as the caller vouches: a function pointer in either case.
    let allocate: LPALLOCATEMORE =
        unsafe { std::mem::transmute::<*mut c_void, Option<ALLOCATEMORE>>(lpfAllocMore) };
    let (Some(allocate), false) = (allocate, lpSPropValueDest.is_null()) else { return INVALID };
    let room = More { allocate, parent: lpvObject };
    wire::put_props(&room, lpSPropValueDest.cast(), &[(tag, value)]).err().unwrap_or(HRESULT::S_OK)
}

/// A property of the caller's; none where the pointer is null or the value is not what its type says.
///
/// # Safety
///
/// `at` is null or points to a property whose value is what its type says.
pub(super) unsafe fn read(at: *const c_void) -> Option<(PropTag, PropValue)> {
    // SAFETY: as the caller vouches.
    unsafe {
        let prop = Elements::new(at.cast::<SPropValue>(), 1).next()?;
        Some((prop.tag(), PropValue::read(&prop).ok()?))
    }
}
