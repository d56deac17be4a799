//! Values that are none: counts without arrays, tags without their values, memory that is not the caller's to give.

use std::ffi::c_void;
use std::ptr::null_mut;

use mapi_spi::PropTag;
use mapi_spi::structs::{__UPV, SBinary, SPropValue};
use mapi_spi::tags::PropType;
use mapi_spi::words::word_of;

use super::raw::{call, call_function, call_function_with, opened, overwrite};
use super::{START, started};
use crate::boundary::given;
use crate::defects::Defect;
use crate::defects::tools::{allocate, allocate_more, free, release, scribble};
use crate::hooks::{Hooks, message, support};

pub(super) const HOSTILE: &[Defect] = &[
    ("array-nowhere", || setting(|| (4, nowhere()))),
    ("count-too-large", || setting(|| (0x7fff_ffff, one(text_at(TEXT.as_ptr() as usize))))),
    ("count-all-ones", || setting(|| (u32::MAX, one(text_at(TEXT.as_ptr() as usize))))),
    ("count-beyond-array", || setting(|| (4096, one(text_at(TEXT.as_ptr() as usize))))),
    ("text-nowhere", || setting(|| (1, one(text_at(0x10_0000))))),
    ("text-null", || setting(|| (1, one(text_at(0))))),
    ("binary-too-long", || setting(|| (1, one(binary_at(u32::MAX, TEXT.as_ptr() as usize))))),
    ("binary-nowhere", || setting(|| (1, one(binary_at(16, 0x10_0000))))),
    ("every-type-null", || setting(|| every_type(0))),
    ("every-type-nowhere", || setting(|| every_type(0x10_0001))),
    ("recipients-nowhere", || started(|| recipients(nowhere().cast()))),
    ("recipients-freed", || started(recipients_freed)),
    ("recipients-too-many", || started(recipients_too_many)),
    ("recipients-in-own-memory", || started(|| reported(own_list()))),
    ("freed-anywhere", || started(freed_anywhere)),
    ("freed-functions", || started(freed_functions)),
    ("guard-overwritten", || started(guard_overwritten)),
    ("heap-overwritten", || started(heap_overwritten)),
    ("freed-block-overwritten", || started(freed_block_overwritten)),
    ("chain-to-itself", || started(chain_to_itself)),
    ("block-begun-before", || started(block_begun_before)),
    ("nulls-to-allocator", || started(|| allocated_into(0))),
    ("allocator-nowhere", || started(|| allocated_into(0x10_0000))),
    ("tags-beyond-array", || started(tags_beyond_array)),
    ("names-nowhere", || started(names_nowhere)),
    ("restriction-of-itself", || started(restriction_of_itself)),
    ("known-tags-of-other-types", || setting(known_tags_of_other_types)),
    #[cfg(unix)]
    ("text-without-end", || setting(text_without_end)),
];

static TEXT: [u16; 5] = [0x74, 0x65, 0x78, 0x74, 0];

/// A program that never maps this.
fn nowhere() -> *mut SPropValue {
    0x10_0000 as *mut SPropValue
}

/// `SetProps` on the message with a count and an array.
fn setting(array: fn() -> (u32, *mut SPropValue)) -> Hooks {
    Hooks::default().before(START, move |_| {
        let (count, first) = array();
        call(message(), "IMAPIProp", "SetProps", &[count.into(), word_of(first.cast()), 0]);
    })
}

fn one(value: SPropValue) -> *mut SPropValue {
    Box::leak(Box::new(value))
}

fn value(prop_type: u16, value: __UPV) -> SPropValue {
    SPropValue { ulPropTag: 0x0037_0000 | u32::from(prop_type), dwAlignPad: 0, Value: value }
}

fn text_at(address: usize) -> SPropValue {
    let tag = PropTag(0x0037_0000).with_type(PropType::PT_UNICODE);
    SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: __UPV { lpszW: address as *mut u16 } }
}

fn binary_at(cb: u32, address: usize) -> SPropValue {
    value(0x0102, __UPV { bin: SBinary { cb, lpb: address as *mut u8 } })
}

/// All types that there are, and as many that there are not, each with this word in the place of its value.
fn every_type(word: usize) -> (u32, *mut SPropValue) {
    let types =
        (0..0x60_u16).chain(0x100..0x110).chain(0x1000..0x1060).chain(0x1100..0x1110).chain(0xfff0..0xffff);
    let binary = || SBinary { cb: 16, lpb: word as *mut u8 };
    let values: Vec<SPropValue> = types.map(|prop_type| value(prop_type, __UPV { bin: binary() })).collect();
    let values = Box::leak(values.into_boxed_slice());
    (u32::try_from(values.len()).unwrap_or_default(), values.as_mut_ptr())
}

fn recipients(list: *mut c_void) {
    call(message(), "IMessage", "ModifyRecipients", &[0, word_of(list)]);
}

fn reported(list: *mut c_void) {
    call(support(), "IMAPISupport", "StatusRecips", &[word_of(message()), word_of(list)]);
}

/// One row, whose values have been freed; then a list that has been freed itself.
fn recipients_freed() {
    let (list, values) = (allocate(64), allocate(64));
    write_list(list, 1, values);
    free(values);
    recipients(list);
    free(list);
    recipients(list);
}

fn recipients_too_many() {
    let list = allocate(64);
    write_list(list, 0x7fff_ffff, null_mut());
    recipients(list);
}

fn own_list() -> *mut c_void {
    let list = Box::leak(Box::new([0_u64; 16])).as_mut_ptr().cast();
    write_list(list, 1, null_mut());
    list
}

/// The layout of ADRLIST: a count, then per row a reserved number, a count and a pointer.
fn write_list(list: *mut c_void, rows: u32, values: *mut c_void) {
    let count = u32::from(!values.is_null());
    scribble(list, 0, &rows.to_ne_bytes());
    scribble(list, 8, &0_u32.to_ne_bytes());
    scribble(list, 12, &count.to_ne_bytes());
    scribble(list, 16, &(values as usize).to_ne_bytes());
}

/// Null, nowhere, the stack, a block's middle, statics, objects, functions.
fn freed_anywhere() {
    let mut on_stack = [0_u64; 8];
    let block = allocate(256);
    let middle = (block as usize + 64) as *mut c_void;
    for address in [
        null_mut(),
        8 as *mut c_void,
        usize::MAX as *mut c_void,
        on_stack.as_mut_ptr().cast(),
        middle,
        TEXT.as_ptr().cast_mut().cast(),
        support(),
        freed_anywhere as *mut c_void,
    ] {
        free(address);
    }
    free(block);
    free(block);
    free(block);
}

/// `MAPIFreeBuffer`, called as a function of one word with what is no pointer at all.
fn freed_functions() {
    let free = given().map_or(0, |given| given.free as usize);
    for word in [1, 0xdddd_dddd_dddd_dddd, u64::MAX, 1 << 63] {
        call_function(free, word);
    }
}

fn guard_overwritten() {
    let block = allocate(64);
    overwrite((block as usize + 64) as *mut c_void, 0x21, 16);
    free(block);
}

/// What belongs to the allocator behind ours goes, too. The process may end with it, or go on.
fn heap_overwritten() {
    let block = allocate(64);
    let next = allocate(64);
    overwrite((block as usize + 64) as *mut c_void, 0xff, 256);
    free(block);
    free(next);
    for size in [24, 64, 256, 1024] {
        free(allocate(size));
    }
    std::process::abort();
}

fn freed_block_overwritten() {
    let block = allocate(64);
    free(block);
    overwrite(block, 0x21, 64);
}

fn chain_to_itself() {
    let block = allocate(64);
    let chained = allocate_more(64, block);
    // A block that is chained is no parent, and a freed one neither.
    allocate_more(64, chained);
    free(block);
    allocate_more(64, block);
}

/// Four properties that are nowhere.
#[cfg(unix)]
pub(super) fn set_array_nowhere() {
    call(message(), "IMAPIProp", "SetProps", &[4, word_of(nowhere().cast()), 0]);
}

/// Sixteen bytes before a block.
fn block_begun_before() {
    let block = allocate(64);
    overwrite((block as usize - 16) as *mut c_void, 0x21, 16);
    free(block);
}

/// Both functions, of sizes small, none and larger than anybody has, with this for the cell that the block is to be put into.
fn allocated_into(cell: u64) {
    let Some(given) = given() else { return };
    for size in [16, 0, u64::from(u32::MAX)] {
        call_function_with(given.buffer as usize, size, cell, 0);
        call_function_with(given.more as usize, size, word_of(allocate(16)), cell);
        call_function_with(given.more as usize, size, 0, cell);
    }
}

/// Two thousand million tags, of which there is one.
fn tags_beyond_array() {
    let tags = allocate(8);
    scribble(tags, 0, &0x7fff_ffff_u32.to_ne_bytes());
    scribble(tags, 4, &0x0037_001e_u32.to_ne_bytes());
    let (mut count, mut values) = (0_u32, null_mut::<c_void>());
    let cells = [word_of((&raw mut count).cast()), word_of((&raw mut values).cast())];
    call(message(), "IMAPIProp", "GetProps", &[word_of(tags), 0, cells[0], cells[1]]);
}

fn names_nowhere() {
    let mut tags = null_mut::<c_void>();
    let cell = word_of((&raw mut tags).cast());
    call(message(), "IMAPIProp", "GetIDsFromNames", &[4, word_of(nowhere().cast()), 0, cell]);
}

/// RES_AND of one restriction, which is this one again.
fn restriction_of_itself() {
    let table = opened(message(), "IMessage", "GetRecipientTable", &[0]);
    let restriction = allocate(32);
    scribble(restriction, 0, &0_u32.to_ne_bytes());
    scribble(restriction, 8, &1_u32.to_ne_bytes());
    scribble(restriction, 16, &(restriction as usize).to_ne_bytes());
    call(table, "IMAPITable", "Restrict", &[word_of(restriction), 0]);
    call(table, "IMAPITable", "FindRow", &[word_of(restriction), 0, 0]);
    release(table);
}

/// All that a message has by itself, as numbers that are none, and pointers that lead nowhere where a number belongs.
fn known_tags_of_other_types() -> (u32, *mut SPropValue) {
    const IDS: &[u32] = &[
        0x0017, 0x001a, 0x0037, 0x0039, 0x0042, 0x0065, 0x0c1a, 0x0e04, 0x0e06, 0x0e07, 0x0e08, 0x0fff,
        0x1000, 0x1013,
    ];
    const TYPES: &[u32] = &[0x0001, 0x0002, 0x0003, 0x0005, 0x000a, 0x000b, 0x0014, 0x0040];
    let values: Vec<SPropValue> = IDS
        .iter()
        .flat_map(|id| TYPES.iter().map(move |prop_type| id << 16 | prop_type))
        .map(|tag| SPropValue {
            ulPropTag: tag,
            dwAlignPad: 0,
            Value: __UPV { bin: SBinary { cb: 7, lpb: 7 as *mut u8 } },
        })
        .collect();
    let values = Box::leak(values.into_boxed_slice());
    (u32::try_from(values.len()).unwrap_or_default(), values.as_mut_ptr())
}

/// It ends where memory does, far from zero.
#[cfg(unix)]
fn text_without_end() -> (u32, *mut SPropValue) {
    (1, one(text_at(super::raw::letters_to_the_end())))
}
