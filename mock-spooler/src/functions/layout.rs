//! Rooms for property values: a block of the caller's that is filled from its beginning, the measure of one, memory that a
//! function of the caller's allocates.

use std::cell::Cell;
use std::ffi::c_void;

use mapi_spi::HRESULT;
use mapi_spi::structs::ALLOCATEMORE;

use crate::objects::wire::{Arena, Room};

/// Every part begins at a multiple of this, so that a block measures the same wherever it lies.
const ALIGNMENT: usize = 8;

/// What a part takes in a block.
pub(super) fn rounded(size: usize) -> usize {
    size.next_multiple_of(ALIGNMENT)
}

/// A block that is filled from its beginning.
#[derive(Debug)]
pub(super) struct Linear {
    next: Cell<*mut u8>,
    used: Cell<usize>,
}

impl Linear {
    /// A block at an address that has room enough, as the caller measured it.
    pub(super) fn new(at: *mut c_void) -> Self {
        Self { next: Cell::new(at.cast()), used: Cell::new(0) }
    }

    /// How many bytes are filled.
    pub(super) fn used(&self) -> usize {
        self.used.get()
    }
}

impl Room for Linear {
    fn room(&self, size: usize) -> Result<*mut u8, HRESULT> {
        let at = self.next.get();
        self.next.set(at.wrapping_add(rounded(size)));
        self.used.set(self.used.get() + rounded(size));
        Ok(at)
    }
}

/// What would be filled of a block; the values go to memory of ours, and are forgotten.
#[derive(Debug, Default)]
pub(super) struct Measure {
    arena: Arena,
    used: Cell<usize>,
}

impl Measure {
    /// How many bytes there were.
    pub(super) fn used(&self) -> usize {
        self.used.get()
    }
}

impl Room for Measure {
    fn room(&self, size: usize) -> Result<*mut u8, HRESULT> {
        self.used.set(self.used.get() + rounded(size));
        self.arena.room(size)
    }
}

/// Memory chained to a block by the caller's own function.
#[derive(Debug)]
pub(super) struct More {
    /// The caller's MAPIAllocateMore.
    pub(super) allocate: ALLOCATEMORE,
    /// The block.
    pub(super) parent: *mut c_void,
}

impl Room for More {
    fn room(&self, size: usize) -> Result<*mut u8, HRESULT> {
        let size = u32::try_from(size).map_err(|_| HRESULT::MAPI_E_NOT_ENOUGH_MEMORY)?;
        let mut at = std::ptr::null_mut();
        // SAFETY: the caller passed the function for this; the output is ours.
        let code = unsafe { (self.allocate)(size, self.parent, &raw mut at) };
        if code.is_ok() && !at.is_null() { Ok(at.cast()) } else { Err(code) }
    }
}
