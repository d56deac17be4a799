//! The trace's file, written through a mapping of it.
//!
//! No descriptor stays open: a candidate that closes descriptors, or writes to any that it finds, does not reach the trace,
//! and a line costs a copy and no system call. What is written is the system's the moment it is written, whatever
//! becomes of the process. The file is made larger piece by piece; what has not been used of it are zeroes, which readers pass
//! over.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use memmap2::{MmapOptions, MmapRaw};

/// The first piece; each one is twice as large as the one before.
const FIRST: usize = 64 << 10;
/// No piece is larger, but for a line that is.
const LARGEST: usize = 4 << 20;

/// Whether this process is a copy that the candidate has made.
static COPY: AtomicBool = AtomicBool::new(false);

/// A file, of which the part that is being written is in memory.
#[derive(Debug)]
pub(super) struct Mapped {
    path: PathBuf,
    window: Option<MmapRaw>,
    /// Where the window begins in the file.
    base: u64,
    /// How much of the window is used.
    used: usize,
    next: usize,
}

impl Mapped {
    /// Makes the file anew.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        // The candidate may change the directory.
        let path = std::path::absolute(path)?;
        File::create(&path)?;
        watch_for_copies();
        Ok(Self { path, window: None, base: 0, used: 0, next: FIRST })
    }

    /// Appends a line, which ends with a newline. Its end is written last: a line without it was cut off.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        end_of_a_copy();
        if !self.fits(line.len()) {
            self.grow(line.len())?;
        }
        self.put(line);
        Ok(())
    }

    /// Appends a line where there is room for it already: nothing is allocated, nothing asked of the system.
    pub(super) fn append_in_place(&mut self, line: &[u8]) {
        end_of_a_copy();
        if self.fits(line.len()) {
            self.put(line);
        }
    }

    /// Ends the file after the last line.
    pub(super) fn close(self) -> io::Result<()> {
        end_of_a_copy();
        // Systems keep a file from being shortened while a part of it is mapped.
        drop(self.window);
        OpenOptions::new().write(true).open(&self.path)?.set_len(self.base + self.used as u64)
    }

    fn fits(&self, more: usize) -> bool {
        self.window.as_ref().is_some_and(|window| window.len() - self.used >= more)
    }

    fn put(&mut self, line: &[u8]) {
        let (Some(window), Some((end, text))) = (&self.window, line.split_last()) else { return };
        // SAFETY: the callers have seen that the line fits into the window; the memory is ours alone - mapped here, and not
        // handed out - so nobody reads or writes it meanwhile.
        unsafe {
            let at = window.as_mut_ptr().add(self.used);
            std::ptr::copy_nonoverlapping(text.as_ptr(), at, text.len());
            AtomicU8::from_ptr(at.add(text.len())).store(*end, Ordering::Release);
        }
        self.used += line.len();
    }

    fn grow(&mut self, line: usize) -> io::Result<()> {
        let size = self.next.max(line);
        let base = self.base + self.used as u64;
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        reserve(&file, base, size as u64)?;
        let window = MmapOptions::new().offset(base).len(size).map_raw(&file)?;
        // A copy of this process writes no lines between ours.
        #[cfg(target_os = "linux")]
        window.advise(memmap2::Advice::DontFork)?;
        self.window = Some(window);
        (self.base, self.used) = (base, 0);
        self.next = (self.next * 2).min(LARGEST);
        Ok(())
    }
}

/// Makes the file longer, with room on the disk for what is written to it: a mapping cannot say that there is none.
fn reserve(file: &File, base: u64, size: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd as _;
        let (offset, length) = (base.cast_signed(), size.cast_signed());
        // SAFETY: the descriptor is open for the time of the call.
        if unsafe { libc::fallocate64(file.as_raw_fd(), 0, offset, length) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        // Some file systems cannot: there the room is promised and not kept.
        if !matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL)) {
            return Err(error);
        }
    }
    file.set_len(base + size)
}

/// There is one case and one trace. A copy that comes back to us - the candidate has called `fork`, and both returned - would go
/// on with the case a second time, on the same mail: it ends here.
fn end_of_a_copy() {
    if COPY.load(Ordering::Acquire) {
        crate::child::leave();
    }
}

/// Lets a copy of this process that the candidate makes by `fork` know that it is one.
fn watch_for_copies() {
    #[cfg(unix)]
    {
        extern "C" fn copied() {
            COPY.store(true, Ordering::Release);
        }
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: the function lives as long as the process and does what may be done in a copy. Where the system has no
        // room for it, a copy that calls us is ended by the mapping that it lacks.
        ONCE.call_once(|| unsafe {
            let _ = libc::pthread_atfork(None, None, Some(copied));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("mapped-{name}-{}", std::process::id()))
    }

    #[test]
    fn lines_of_all_lengths_follow_one_another() {
        let path = file("lengths");
        let mut mapped = Mapped::create(&path).expect("a file");
        let mut due = Vec::new();
        for length in [1, 80, FIRST - 1, 3, 2 * FIRST + 7, LARGEST + 1, 9] {
            let mut line = vec![b'x'; length];
            line.push(b'\n');
            mapped.append(&line).expect("written");
            due.extend(line);
        }
        let so_far = std::fs::read(&path).expect("the file");
        assert!(so_far.starts_with(&due) && so_far[due.len()..].iter().all(|byte| *byte == 0));
        mapped.close().expect("closed");
        assert_eq!(std::fs::read(&path).expect("the file"), due);
        std::fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn in_place_means_that_there_is_room() {
        let path = file("place");
        let mut mapped = Mapped::create(&path).expect("a file");
        mapped.append_in_place(b"nowhere\n");
        mapped.append(b"one\n").expect("written");
        mapped.append_in_place(b"two\n");
        mapped.append_in_place(&vec![b'x'; 2 * FIRST]);
        mapped.close().expect("closed");
        assert_eq!(std::fs::read(&path).expect("the file"), b"one\ntwo\n");
        std::fs::remove_file(&path).expect("removed");
    }
}
