//! Processes that left the group of their case: daemons that made a session of their own.
//!
//! The harness adopts orphans of its children (Linux: the child subreaper), and knows those of a case by a variable that
//! all of the case's processes inherit. A process that empties its environment as well escapes; other systems have
//! nothing of the kind, and there the group is all.

use std::path::Path;

/// The variable that marks the processes of a case; its value is the case's directory.
pub(super) const MARK: &str = "SPOOLPROOF_CASE_DIR";

#[cfg(target_os = "linux")]
pub(super) use linux::{adopt, end};

#[cfg(not(target_os = "linux"))]
pub(super) fn adopt() {}

#[cfg(not(target_os = "linux"))]
pub(super) fn end(_dir: &Path) {
    let _ = MARK;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::fs;
    use std::sync::Once;

    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid};

    use super::{MARK, Path};

    /// Makes orphans of our children ours.
    pub(in crate::run) fn adopt() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // Where it is refused, orphans go to init as ever, and only the group is ended.
            let _ = set_child_subreaper(Some(getpid()));
        });
    }

    /// Ends the orphans of a case, and those that they leave in turn.
    pub(in crate::run) fn end(dir: &Path) {
        const GENERATIONS: usize = 64;
        let mut ended = BTreeSet::new();
        for _ in 0..GENERATIONS {
            let orphans: Vec<Pid> = children()
                .into_iter()
                .filter(|pid| !ended.contains(&pid.as_raw_nonzero()) && is_of(*pid, dir))
                .collect();
            if orphans.is_empty() {
                return;
            }
            for pid in orphans {
                ended.insert(pid.as_raw_nonzero());
                if kill_process(pid, Signal::KILL).is_ok() {
                    let _ = waitpid(Some(pid), WaitOptions::empty());
                }
            }
        }
    }

    fn children() -> Vec<Pid> {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let listed = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let pids = listed.flat_map(|text| {
            text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>()
        });
        pids.filter_map(Pid::from_raw).collect()
    }

    fn is_of(pid: Pid, dir: &Path) -> bool {
        let Ok(environment) = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())) else {
            return false;
        };
        let mark = format!("{MARK}={}", dir.display());
        environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
    }
}
