//! MAPI's allocator, as `XPProviderInit` was given it. Source page: *managing-memory-in-mapi*.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::HRESULT;
use mapi_spi::structs::{
    ALLOCATEBUFFER, ALLOCATEMORE, FREEBUFFER, LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER,
};

use super::{Result, check};

/// The three functions of the allocator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    allocate: ALLOCATEBUFFER,
    more: ALLOCATEMORE,
    free: FREEBUFFER,
}

impl Memory {
    /// The allocator of these functions; `None` where one is missing.
    pub(crate) fn new(
        allocate: LPALLOCATEBUFFER,
        more: LPALLOCATEMORE,
        free: LPFREEBUFFER,
    ) -> Option<Memory> {
        Some(Memory { allocate: allocate?, more: more?, free: free? })
    }

    /// A zeroed block of its own.
    ///
    /// # Errors
    ///
    /// What the allocator answers, mostly `MAPI_E_NOT_ENOUGH_MEMORY`.
    pub(crate) fn block(self, bytes: usize) -> Result<Block> {
        let size = u32::try_from(bytes.max(1)).map_err(|_| HRESULT::MAPI_E_NOT_ENOUGH_MEMORY)?;
        let mut at = ptr::null_mut();
        // SAFETY: the function is the one that the loader of this library handed over for this purpose, and the cell
        // is a valid place for one pointer.
        check(unsafe { (self.allocate)(size, &mut at) })?;
        filled(at, size)?;
        Ok(Block { memory: self, at })
    }

    /// Takes a block over that MAPI made and this provider has to free; null is allowed.
    ///
    /// # Safety
    ///
    /// `at` has to be null or a block of this allocator that nobody else frees.
    pub(crate) unsafe fn adopt<T>(self, at: *mut T) -> Block {
        Block { memory: self, at: at.cast() }
    }

    /// Frees a block that was [given up](Block::give_up).
    ///
    /// # Safety
    ///
    /// As for [`adopt`](Memory::adopt), and nothing may use the block any more.
    pub(crate) unsafe fn free<T>(self, at: *mut T) {
        // SAFETY: the caller vouches for the block; it is freed at the end of this statement.
        drop(unsafe { self.adopt(at) });
    }
}

/// A block of MAPI's allocator, freed with all that was added to it.
#[derive(Debug)]
pub(crate) struct Block {
    memory: Memory,
    at: *mut c_void,
}

impl Block {
    /// Where it is.
    pub(crate) fn at<T>(&self) -> *mut T {
        self.at.cast()
    }

    /// More memory, zeroed, that is freed with this block.
    ///
    /// # Errors
    ///
    /// What the allocator answers, mostly `MAPI_E_NOT_ENOUGH_MEMORY`.
    pub(crate) fn more(&self, bytes: usize) -> Result<*mut u8> {
        let size = u32::try_from(bytes.max(1)).map_err(|_| HRESULT::MAPI_E_NOT_ENOUGH_MEMORY)?;
        let mut at = ptr::null_mut();
        // SAFETY: as in `Memory::block`; `self.at` is a live block of the same allocator.
        check(unsafe { (self.memory.more)(size, self.at, &mut at) })?;
        filled(at, size)?;
        Ok(at.cast())
    }

    /// Leaves the block to somebody else.
    pub(crate) fn give_up<T>(mut self) -> *mut T {
        std::mem::replace(&mut self.at, ptr::null_mut()).cast()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if !self.at.is_null() {
            // SAFETY: the block is this value's own and is not used after this.
            unsafe { (self.memory.free)(self.at) };
        }
    }
}

fn filled(at: *mut c_void, size: u32) -> Result<()> {
    if at.is_null() {
        return Err(HRESULT::MAPI_E_NOT_ENOUGH_MEMORY);
    }
    // SAFETY: the allocator has just handed out `size` bytes at `at`.
    unsafe { at.cast::<u8>().write_bytes(0, size as usize) };
    Ok(())
}
