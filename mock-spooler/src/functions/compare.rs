//! Comparing property values and names.

use std::cmp::Ordering;
use std::ffi::c_void;

use super::props::read;
use crate::objects::args;
use crate::objects::table::{compare, contains, relates};

pub(super) unsafe fn FPropCompareProp(
    lpSPropValue1: *mut c_void,
    ulRelOp: u32,
    lpSPropValue2: *mut c_void,
) -> i32 {
    // SAFETY: null or properties, as the caller vouches.
    let both = unsafe { read(lpSPropValue1).zip(read(lpSPropValue2)) };
    let holds = both.is_some_and(|((_, left), (_, right))| {
        left.prop_type() == right.prop_type()
            && compare(&left, &right).is_some_and(|order| relates(order, ulRelOp))
    });
    i32::from(holds)
}

pub(super) unsafe fn FPropContainsProp(
    lpSPropValueDst: *mut c_void,
    lpSPropValueSrc: *mut c_void,
    ulFuzzyLevel: u32,
) -> i32 {
    // SAFETY: null or properties, as the caller vouches.
    let both = unsafe { read(lpSPropValueDst).zip(read(lpSPropValueSrc)) };
    // What is no known extent means the whole (page: fpropcontainsprop).
    let fuzzy = if ulFuzzyLevel & 0xFFFF > mapi_spi::flags::FL_PREFIX {
        mapi_spi::flags::FL_FULLSTRING
    } else {
        ulFuzzyLevel
    };
    i32::from(both.is_some_and(|((_, whole), (_, part))| {
        whole.prop_type() == part.prop_type() && contains(&whole, &part, fuzzy)
    }))
}

pub(super) unsafe fn LPropCompareProp(lpSPropValueA: *mut c_void, lpSPropValueB: *mut c_void) -> i32 {
    // SAFETY: null or properties, as the caller vouches.
    let both = unsafe { read(lpSPropValueA).zip(read(lpSPropValueB)) };
    match both.and_then(|((_, a), (_, b))| compare(&a, &b)) {
        Some(Ordering::Less) => -1,
        Some(Ordering::Greater) => 1,
        // Types without an order are neither less nor more.
        Some(Ordering::Equal) | None => 0,
    }
}

pub(super) unsafe fn FEqualNames(lpName1: *mut c_void, lpName2: *mut c_void) -> i32 {
    let mut pointers = [lpName1.cast(), lpName2.cast()];
    // SAFETY: names, as the caller vouches; null pointers are seen.
    let names = unsafe { args::names(2, pointers.as_mut_ptr()) };
    i32::from(names.is_ok_and(|names| names[0] == names[1]))
}
