//! The data of NOTIFY_CANCEL_MESSAGE: a reference value that a provider may look for in two places.
//!
//! The page (ixplogon-transportnotify) calls `lppvData` a pointer to a pointer to the event's data, and says in the same
//! breath that `lppvData` "points to the 32-bit value". Providers read it either way. So the value is put where a pointer to it
//! ends in the value itself: `**(ULONG **)lppvData` and `*(ULONG *)lppvData` are the same then. Where the system does not
//! give memory at such an address, the first reading is served.

use std::ffi::c_void;

/// The storage of a reference value, for the time of a TransportNotify call.
#[derive(Debug)]
pub struct Reference {
    at: *mut u32,
    region: Option<Region>,
}

// SAFETY: the pointer leads to memory that the value owns, wherever it is dropped.
unsafe impl Send for Reference {}

impl Reference {
    /// Stores a value.
    #[must_use]
    pub fn new(value: u32) -> Self {
        if let Some(region) = Region::for_value(value) {
            let at = region.at as *mut u32;
            // SAFETY: the region covers four bytes from `at` on, and is ours.
            unsafe { at.write_unaligned(value) };
            return Self { at, region: Some(region) };
        }
        Self { at: Box::into_raw(Box::new(value)), region: None }
    }

    /// Where the value stands.
    #[must_use]
    pub fn ptr(&self) -> *mut c_void {
        self.at.cast()
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        if self.region.is_none() {
            // SAFETY: made by `Box::into_raw` in `new`, and dropped once.
            drop(unsafe { Box::from_raw(self.at) });
        }
    }
}

/// Memory at an address whose lower half is a given value.
#[derive(Debug)]
struct Region {
    at: usize,
    base: usize,
    size: usize,
}

/// Upper halves that are tried, far from where systems usually put things.
#[cfg(target_pointer_width = "64")]
const UPPER_HALVES: std::ops::Range<usize> = 0x1100..0x1108;
/// Allocation starts at such multiples on every system.
#[cfg(target_pointer_width = "64")]
const GRANULARITY: usize = 0x1_0000;

impl Region {
    #[cfg(target_pointer_width = "64")]
    fn for_value(value: u32) -> Option<Self> {
        UPPER_HALVES.into_iter().find_map(|upper| {
            let at = upper << 32 | value as usize;
            let base = at & !(GRANULARITY - 1);
            let size = 2 * GRANULARITY;
            map(base, size).then_some(Self { at, base, size })
        })
    }

    #[cfg(not(target_pointer_width = "64"))]
    fn for_value(_value: u32) -> Option<Self> {
        None
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        unmap(self.base, self.size);
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn map(base: usize, size: usize) -> bool {
    // SAFETY: a fresh anonymous mapping that replaces nothing; where the system put it elsewhere it is given back at once.
    unsafe {
        let got = libc::mmap(
            base as *mut c_void,
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
            -1,
            0,
        );
        if got == libc::MAP_FAILED {
            return false;
        }
        if got as usize != base {
            libc::munmap(got, size);
            return false;
        }
        true
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn unmap(base: usize, size: usize) {
    // SAFETY: the mapping was made by `map` with this size, and nobody uses it any more.
    unsafe { libc::munmap(base as *mut c_void, size) };
}

#[cfg(all(windows, target_pointer_width = "64"))]
fn map(base: usize, size: usize) -> bool {
    use windows_sys::Win32::System::Memory::{MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc};
    // SAFETY: a fresh reservation at an address of our choice; it fails where the address is taken.
    !unsafe { VirtualAlloc(base as *const c_void, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) }.is_null()
}

#[cfg(all(windows, target_pointer_width = "64"))]
fn unmap(base: usize, _size: usize) {
    use windows_sys::Win32::System::Memory::{MEM_RELEASE, VirtualFree};
    // SAFETY: reserved by `map` at this address, and nobody uses it any more.
    unsafe { VirtualFree(base as *mut c_void, 0, MEM_RELEASE) };
}

#[cfg(all(not(any(windows, target_os = "linux")), target_pointer_width = "64"))]
fn map(_base: usize, _size: usize) -> bool {
    false
}

#[cfg(not(all(any(windows, target_os = "linux"), target_pointer_width = "64")))]
fn unmap(_base: usize, _size: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readings_find_the_value() {
        for value in [0, 1, 2, 7, 0x1234_5678, 0xffff_fffe] {
            let reference = Reference::new(value);
            let cell = reference.ptr();
            // SAFETY: the value stands there for the reference's life time.
            assert_eq!(unsafe { cell.cast::<u32>().read_unaligned() }, value);
            if cfg!(all(target_os = "linux", target_pointer_width = "64")) {
                assert_eq!(cell as usize & 0xffff_ffff, value as usize);
            }
        }
    }
}
