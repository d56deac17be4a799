//! What a child that runs is looked after for, beside its time.

use std::path::Path;
use std::time::{Duration, Instant};

use super::processes::Processes;
use super::{limits, sandbox, usage};

/// Looks after a child.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    dir: &'a Path,
    disk: Option<usage::Most>,
    /// When the directory may be looked at again.
    rested: Instant,
    processes: Processes,
    /// The process and the most memory that it may hold: under Wine it has no limit of its own, and elsewhere a superuser's may
    /// have raised it.
    memory: Option<(u32, u64)>,
    looks: u32,
}

impl<'a> Watch<'a> {
    /// Of the case with this number, in this directory.
    pub(super) fn new(dir: &'a Path, number: u64, child: u32) -> Self {
        let memory = limits::memory().map(|most| (child, most));
        let disk = limits::directory().map(|bytes| usage::Most::new(bytes, &sandbox::copies(dir)));
        let processes = Processes::new(number, child);
        Self { dir, disk, rested: Instant::now(), processes, memory, looks: 0 }
    }

    /// A reason to end the child at once, if there is one.
    pub(super) fn look(&mut self) -> Option<String> {
        // Processes become more in no time; the directory is dearer to look at.
        const SELDOM: u32 = 4;
        self.looks += 1;
        self.processes.too_many().or_else(|| {
            if !self.looks.is_multiple_of(SELDOM) {
                return None;
            }
            self.too_much_on_disk()
                .or_else(|| self.memory.and_then(|(pid, most)| usage::too_much_memory(pid, most)))
        })
    }

    fn too_much_on_disk(&mut self) -> Option<String> {
        // Where there are many files a look takes long: no more than a small part of the time.
        const REST: u32 = 10;
        const LONGEST: Duration = Duration::from_secs(2);
        let begun = Instant::now();
        let most = self.disk.filter(|_| begun >= self.rested)?;
        let found = usage::too_much(self.dir, most);
        self.rested = begun + begun.elapsed().saturating_mul(REST).min(LONGEST);
        found
    }
}
