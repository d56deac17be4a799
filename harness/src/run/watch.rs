//! What a child that runs is looked after for, beside its time.

use std::path::Path;

use super::processes::Processes;
use super::{limits, usage};

/// Looks after a child.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    dir: &'a Path,
    disk: Option<u64>,
    processes: Processes,
    /// The process and the most memory that it may hold, where it has no limit of its own.
    memory: Option<(u32, u64)>,
    looks: u32,
}

impl<'a> Watch<'a> {
    /// Of the case with this number, in this directory. `held` says that the child's memory is looked at as well.
    pub(super) fn new(dir: &'a Path, number: u64, child: u32, held: bool) -> Self {
        let memory = held.then_some(child).zip(limits::memory());
        Self { dir, disk: limits::directory(), processes: Processes::new(number, child), memory, looks: 0 }
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
            let disk = self.disk.and_then(|most| usage::too_much(self.dir, most));
            disk.or_else(|| self.memory.and_then(|(pid, most)| usage::too_much_memory(pid, most)))
        })
    }
}
