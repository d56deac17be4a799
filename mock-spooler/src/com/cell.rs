//! Output cells: eight bytes with guards around them.
//!
//! Older headers declare 32-bit outputs where newer ones declare pointer-sized ones; either fits, and neither may touch
//! what stands beside.

use crate::com::gate::boundary;
use crate::trace::event::{IllegalKind, What};

const GUARD: u64 = 0xfdfd_fdfd_fdfd_fdfd;

/// What an output cell holds before the call, where a case wants to see whether it is written.
pub const PATTERN: u64 = 0xa5a5_a5a5_a5a5_a5a5;
/// The same for a 32-bit output: the upper half stays zero.
pub const PATTERN_32: u64 = 0xa5a5_a5a5;

/// An output parameter's storage. It is boxed, so that its address is stable and it can be watched during the call.
#[derive(Debug)]
pub struct Cell {
    words: Box<[u64; 3]>,
}

impl Cell {
    /// A cell that holds `value`.
    #[must_use]
    pub fn holding(value: u64) -> Self {
        Self { words: Box::new([GUARD, value, GUARD]) }
    }

    /// A cell for a pointer, an array or an object.
    #[must_use]
    pub fn pointer(pattern: bool) -> Self {
        Self::holding(if pattern { PATTERN } else { 0 })
    }

    /// A cell for a `ULONG`.
    #[must_use]
    pub fn ulong(pattern: bool) -> Self {
        Self::holding(if pattern { PATTERN_32 } else { 0 })
    }

    /// Where the value stands, as the parameter's type has it.
    pub fn ptr<T>(&mut self) -> *mut T {
        (&raw mut self.words[1]).cast()
    }

    /// The value as pointer-sized number. A pattern that is still there counts as zero.
    #[must_use]
    pub fn get(&self) -> u64 {
        // SAFETY: the word is ours and aligned; the read is volatile because the candidate writes it behind the compiler's
        // back, possibly from another thread.
        let value = unsafe { std::ptr::read_volatile(&raw const self.words[1]) };
        if value == PATTERN || value == PATTERN_32 { 0 } else { value }
    }

    /// The value as `ULONG`.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "the upper half is not part of a ULONG")]
    pub fn get_u32(&self) -> u32 {
        self.get() as u32
    }

    /// The value as pointer.
    #[must_use]
    pub fn get_ptr<T>(&self) -> *mut T {
        usize::try_from(self.get()).map_or(std::ptr::null_mut(), |address| address as *mut T)
    }

    /// Reports guards that were overwritten. `name` is the parameter's.
    pub fn check(&self, name: &str) {
        if self.words[0] != GUARD || self.words[2] != GUARD {
            boundary().record(What::Illegal {
                kind: IllegalKind::GuardOverwritten,
                obj: String::new(),
                detail: format!("the eight bytes of output `{name}` were overrun"),
            });
        }
    }
}
