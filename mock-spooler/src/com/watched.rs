//! Words that know whether they were written.
//!
//! Some cells hold a value beforehand that a provider may as well assign: the reference of an inbound message is 1 before
//! StartMessage (page: ixplogon-startmessage), and a provider that takes the lowest number that is free assigns 1. Whether it
//! did cannot be read from the value. So the words stand on a page of their own that the system copies at the first write, and
//! the system says whether it has. Nothing faults meanwhile, and nobody's signal handlers are touched. Where the system has
//! no such means, nothing is known.

use std::fmt;

/// A page with a cell's words.
pub(super) struct Page {
    at: *mut [u64; 3],
    watch: system::Watch,
}

// SAFETY: the page is memory of this process that the value owns; its words are read and written volatile, by `Cell`.
unsafe impl Send for Page {}
// SAFETY: as above: looking whether it was written changes nothing.
unsafe impl Sync for Page {}

impl Page {
    /// A page with these words, written by nobody yet; none where the system cannot watch it.
    pub(super) fn holding(words: [u64; 3]) -> Option<Self> {
        let (at, watch) = system::map(words)?;
        Some(Self { at, watch })
    }

    /// The words.
    pub(super) fn words(&self) -> *mut [u64; 3] {
        self.at
    }

    /// Whether they were written since, be it with what they held before; nothing where the system does not say.
    pub(super) fn written(&self) -> Option<bool> {
        system::written(self.at, &self.watch)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        system::unmap(self.at);
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("at", &self.at).field("written", &self.written()).finish()
    }
}

/// A private mapping of a file in memory: until it is written the page belongs to the file, and afterwards to nobody but this
/// process. The table of pages tells the two apart (proc_pid_pagemap(5), bit 61).
#[cfg(all(target_os = "linux", not(miri)))]
mod system {
    use std::fs::File;
    use std::io::Write as _;
    use std::os::fd::{AsRawFd as _, FromRawFd as _};
    use std::os::unix::fs::FileExt as _;
    use std::ptr;

    /// The table of pages is opened for each look at it: a descriptor that stays open is the candidate's to close.
    pub(super) type Watch = ();

    /// Far less than any page, and a divisor of it.
    const SIZE: usize = 4096;
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const OF_A_FILE: u64 = 1 << 61;

    pub(super) fn map(words: [u64; 3]) -> Option<(*mut [u64; 3], Watch)> {
        // SAFETY: the name ends in a zero; the descriptor that comes back is nobody's yet.
        let mut file = unsafe {
            let descriptor = libc::memfd_create(c"reference".as_ptr(), libc::MFD_CLOEXEC);
            (descriptor >= 0).then(|| File::from_raw_fd(descriptor))?
        };
        file.set_len(SIZE as u64).ok()?;
        for word in words {
            file.write_all(&word.to_ne_bytes()).ok()?;
        }
        // SAFETY: asks for new memory anywhere, as large as the file.
        let at = unsafe {
            libc::mmap(
                ptr::null_mut(),
                SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE,
                file.as_raw_fd(),
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return None;
        }
        let at = at.cast::<[u64; 3]>();
        // SAFETY: the memory is readable, aligned to a page and larger than the words. The read brings the page in.
        let held = unsafe { ptr::read_volatile(at) };
        // A system that keeps no such table, or a stranger one, is found out here.
        if held == words && written(at, &()) == Some(false) {
            return Some((at, ()));
        }
        unmap(at);
        None
    }

    pub(super) fn written(at: *mut [u64; 3], (): &Watch) -> Option<bool> {
        // SAFETY: asks for a constant of the system.
        let page =
            u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok().filter(|size| *size > 0)?;
        let table = File::open("/proc/self/pagemap").ok()?;
        let mut entry = [0; 8];
        table.read_exact_at(&mut entry, at as u64 / page * 8).ok()?;
        let entry = u64::from_ne_bytes(entry);
        // A page that is neither here nor swapped out was dropped because it can be had from the file again.
        Some(entry & (PRESENT | SWAPPED) != 0 && entry & OF_A_FILE == 0)
    }

    pub(super) fn unmap(at: *mut [u64; 3]) {
        // SAFETY: mapped by `map` with this size, and nobody uses it any more.
        unsafe { libc::munmap(at.cast(), SIZE) };
    }
}

/// Memory whose writes the system itself watches.
#[cfg(windows)]
mod system {
    use std::ffi::c_void;
    use std::ptr;

    use windows_sys::Win32::System::Memory::{
        GetWriteWatch, MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, ResetWriteWatch, VirtualAlloc,
        VirtualFree,
    };

    /// The crate's list of kinds lacks this one. Page: nf-memoryapi-virtualalloc.
    const MEM_WRITE_WATCH: u32 = 0x0020_0000;

    pub(super) type Watch = ();

    const SIZE: usize = 4096;

    pub(super) fn map(words: [u64; 3]) -> Option<(*mut [u64; 3], Watch)> {
        // SAFETY: asks for new memory anywhere.
        let at = unsafe {
            VirtualAlloc(ptr::null(), SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE)
        };
        if at.is_null() {
            return None;
        }
        let at = at.cast::<[u64; 3]>();
        // SAFETY: the memory is new, aligned to a page and larger than the words; then the watch begins anew for all of it.
        let reset = unsafe {
            at.write(words);
            ResetWriteWatch(at.cast(), SIZE)
        };
        if reset == 0 && written(at, &()) == Some(false) {
            return Some((at, ()));
        }
        unmap(at);
        None
    }

    pub(super) fn written(at: *mut [u64; 3], (): &Watch) -> Option<bool> {
        let mut pages = [ptr::null_mut::<c_void>(); 1];
        let (mut count, mut size) = (pages.len(), 0);
        // SAFETY: the memory was allocated with a watch, and the outputs are as large as is said. No flag: nothing is reset.
        let failed =
            unsafe { GetWriteWatch(0, at.cast(), SIZE, pages.as_mut_ptr(), &raw mut count, &raw mut size) };
        (failed == 0).then_some(count > 0)
    }

    pub(super) fn unmap(at: *mut [u64; 3]) {
        // SAFETY: allocated by `map`, and nobody uses it any more.
        unsafe { VirtualFree(at.cast(), 0, MEM_RELEASE) };
    }
}

// Miri is a system of its own: it has no files in memory.
#[cfg(any(miri, not(any(target_os = "linux", windows))))]
mod system {
    /// There is nothing to watch with.
    pub(super) type Watch = ();

    pub(super) fn map(_words: [u64; 3]) -> Option<(*mut [u64; 3], Watch)> {
        None
    }

    pub(super) fn written(_at: *mut [u64; 3], (): &Watch) -> Option<bool> {
        None
    }

    pub(super) fn unmap(_at: *mut [u64; 3]) {}
}

// Where the system has no means to watch, there is nothing to test.
#[cfg(all(test, not(miri), any(target_os = "linux", windows)))]
mod tests {
    use super::*;

    #[test]
    fn a_write_of_the_same_value_is_seen() {
        let page = Page::holding([7, 1, 7]).expect("here it can be told");
        let other = Page::holding([7, 1, 7]).expect("there may be several");
        // SAFETY: the words are ours.
        assert_eq!(unsafe { page.words().read_volatile() }, [7, 1, 7]);
        assert_eq!(page.written(), Some(false));
        // SAFETY: as above.
        unsafe { (*page.words())[1] = std::hint::black_box(1) };
        assert_eq!((page.written(), other.written()), (Some(true), Some(false)));
    }
}
