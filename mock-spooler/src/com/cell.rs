//! Output cells: eight bytes with guards around them.
//!
//! Older headers declare 32-bit outputs where newer ones declare pointer-sized ones; either fits, and neither may touch
//! what stands beside.

use std::sync::Arc;

use crate::com::gate::boundary;
use crate::com::watched::Page;
use crate::trace::event::IllegalKind;
use crate::trace::told::What;

const GUARD: u64 = 0xfdfd_fdfd_fdfd_fdfd;

/// What an output cell holds before the call, where a case wants to see whether it is written: a pointer's worth, as nobody writes
/// more of a cell than that.
pub const PATTERN: u64 = if size_of::<usize>() == 4 { PATTERN_32 } else { 0xa5a5_a5a5_a5a5_a5a5 };
/// The same for a 32-bit output: the upper half stays zero.
pub const PATTERN_32: u64 = 0xa5a5_a5a5;

/// An output parameter's storage. Its address is stable, so that it can be watched during the call.
#[derive(Debug)]
pub struct Cell {
    words: Words,
}

#[derive(Debug)]
enum Words {
    Plain(Box<[u64; 3]>),
    Watched(Arc<Page>),
}

/// A look at a cell while somebody else may write to it.
#[derive(Debug)]
pub(super) struct View {
    /// Where the value stands. It stays there until the cell goes away.
    pub(super) at: *const u64,
    page: Option<Arc<Page>>,
}

// SAFETY: the value is only read, volatile; whoever keeps a view drops it before the cell goes away.
unsafe impl Send for View {}

impl View {
    /// As [`Cell::written`].
    pub(super) fn written(&self) -> Option<bool> {
        self.page.as_ref()?.written()
    }
}

impl Cell {
    /// A cell that holds `value`.
    #[must_use]
    pub fn holding(value: u64) -> Self {
        Self { words: Words::Plain(Box::new([GUARD, value, GUARD])) }
    }

    /// A cell that holds `value` and knows whether it is written, where the system can tell.
    #[must_use]
    pub fn watched(value: u64) -> Self {
        match Page::holding([GUARD, value, GUARD]) {
            Some(page) => Self { words: Words::Watched(Arc::new(page)) },
            None => Self::holding(value),
        }
    }

    /// Whether the cell was written, be it with the value that it held; nothing where that is not known.
    #[must_use]
    pub fn written(&self) -> Option<bool> {
        self.view().written()
    }

    pub(super) fn view(&self) -> View {
        let page = match &self.words {
            Words::Plain(_) => None,
            Words::Watched(page) => Some(Arc::clone(page)),
        };
        View { at: self.all().cast::<u64>().wrapping_add(1), page }
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
        let words: *mut u64 = match &mut self.words {
            Words::Plain(words) => words.as_mut_ptr(),
            Words::Watched(page) => page.words().cast(),
        };
        words.wrapping_add(1).cast()
    }

    /// The value as pointer-sized number. A pattern that is still there counts as zero.
    #[must_use]
    pub fn get(&self) -> u64 {
        // SAFETY: the words are ours and aligned; the read is volatile because the candidate writes it behind the compiler's
        // back, possibly from another thread.
        let [_, value, _] = unsafe { std::ptr::read_volatile(self.all()) };
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
        // SAFETY: the words are ours and aligned.
        let [before, _, behind] = unsafe { std::ptr::read_volatile(self.all()) };
        if before != GUARD || behind != GUARD {
            boundary().record(What::Illegal {
                kind: IllegalKind::GuardOverwritten,
                obj: String::new(),
                detail: format!("the eight bytes of output `{name}` were overrun"),
            });
        }
    }
    fn all(&self) -> *const [u64; 3] {
        match &self.words {
            Words::Plain(words) => &raw const **words,
            Words::Watched(page) => page.words(),
        }
    }
}

// Where the system has no means to watch, there is nothing to test.
#[cfg(all(test, not(miri), any(target_os = "linux", windows)))]
mod tests {
    use super::*;

    #[test]
    fn a_watched_cell_knows_of_a_write_of_the_value_that_it_had() {
        let mut cell = Cell::watched(1);
        assert_eq!(cell.written(), Some(false));
        assert_eq!(cell.get(), 1);
        // SAFETY: the cell is ours.
        unsafe { cell.ptr::<u32>().write_volatile(1) };
        assert_eq!((cell.written(), cell.get()), (Some(true), 1));
        cell.check("lpulMsgRef");
        assert_eq!(Cell::holding(1).written(), None);
    }
}
