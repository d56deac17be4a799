//! MAPI's allocator for tests: it counts what lives, per thread, and can fail one allocation.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;

use mapi_spi::HRESULT;

use crate::mapi::Memory;

type Words = Box<[u64]>;

thread_local! {
    static LIVE: RefCell<HashMap<usize, Vec<Words>>> = RefCell::default();
    static UNTIL_FAILURE: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The allocator.
pub(super) fn memory() -> Memory {
    Memory::new(Some(allocate), Some(more), Some(free)).expect("all functions are there")
}

/// Blocks of this thread that nobody has freed.
pub(super) fn live() -> usize {
    LIVE.with_borrow(HashMap::len)
}

/// Has the allocation after `count` more ones fail, once. Answers whether the last failure that was ordered has happened.
pub(super) fn fail_after(count: Option<u32>) -> bool {
    UNTIL_FAILURE.replace(count).is_none()
}

/// Runs what no ordered failure is to strike.
pub(super) fn unharmed<R>(body: impl FnOnce() -> R) -> R {
    let left = UNTIL_FAILURE.take();
    let result = body();
    UNTIL_FAILURE.set(left);
    result
}

fn fails() -> bool {
    let fails = UNTIL_FAILURE.get() == Some(0);
    UNTIL_FAILURE.set(UNTIL_FAILURE.get().and_then(|left| left.checked_sub(1)));
    fails
}

fn words(bytes: u32) -> (Words, *mut c_void) {
    let mut words = vec![0xCDCD_CDCD_CDCD_CDCD_u64; (bytes as usize).div_ceil(8).max(1)].into_boxed_slice();
    let at = words.as_mut_ptr().cast();
    (words, at)
}

pub(super) unsafe extern "system" fn allocate(bytes: u32, cell: *mut *mut c_void) -> HRESULT {
    if fails() {
        return HRESULT::MAPI_E_NOT_ENOUGH_MEMORY;
    }
    let (block, at) = words(bytes);
    LIVE.with_borrow_mut(|live| live.insert(at as usize, vec![block]));
    // SAFETY: the cell is the caller's.
    unsafe { cell.write(at) };
    HRESULT::S_OK
}

unsafe extern "system" fn more(bytes: u32, parent: *mut c_void, cell: *mut *mut c_void) -> HRESULT {
    if fails() {
        return HRESULT::MAPI_E_NOT_ENOUGH_MEMORY;
    }
    let (block, at) = words(bytes);
    LIVE.with_borrow_mut(|live| live.get_mut(&(parent as usize)).expect("the parent lives").push(block));
    // SAFETY: the cell is the caller's.
    unsafe { cell.write(at) };
    HRESULT::S_OK
}

unsafe extern "system" fn free(block: *mut c_void) -> u32 {
    if !block.is_null() {
        LIVE.with_borrow_mut(|live| live.remove(&(block as usize))).expect("a block is freed once");
    }
    0
}
