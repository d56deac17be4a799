//! Processes that left the group of their case: daemons that made a session of their own.
//!
//! The harness adopts orphans of its children (Linux: the child subreaper), and knows those of a case by a variable that
//! all of the case's processes inherit, and by a limit (see [`limits`](super::limits)) that stays with those which empty their
//! environment. Other systems have nothing of the kind, and there the group is all.

use std::path::Path;

/// The variable that marks the processes of a case; its value is the case's directory.
pub(super) const MARK: &str = "SPOOLPROOF_CASE_DIR";

#[cfg(target_os = "linux")]
pub(super) use linux::{adopt, end};

#[cfg(not(target_os = "linux"))]
pub(super) fn adopt() {}

#[cfg(not(target_os = "linux"))]
pub(super) fn end(_dir: &Path, _number: u64) {
    let _ = MARK;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::sync::Once;
    use std::time::Duration;

    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid};

    use super::super::forkserver::is_server;
    use super::super::limits::mark;
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
    pub(in crate::run) fn end(dir: &Path, number: u64) {
        const LOOKS: u32 = 100;
        let marks = Marks { entry: format!("{MARK}={}", dir.display()), limit: mark::of(number) };
        for _ in 0..LOOKS {
            let mut unsettled = false;
            for pid in children() {
                match whose(pid, &marks) {
                    Whose::Ours => {
                        unsettled = true;
                        if kill_process(pid, Signal::KILL).is_ok() {
                            let _ = waitpid(Some(pid), WaitOptions::empty());
                        }
                    }
                    Whose::Unknown => unsettled = true,
                    Whose::Others => {}
                }
            }
            if !unsettled {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn children() -> Vec<Pid> {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let listed = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let pids = listed.flat_map(|text| {
            text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>()
        });
        pids.filter_map(Pid::from_raw).filter(|pid| !is_server(*pid)).collect()
    }

    /// What the processes of a case are known by.
    struct Marks {
        entry: String,
        limit: u64,
    }

    enum Whose {
        Ours,
        Others,
        /// It is about to become another program: what it inherited cannot be read at this moment.
        Unknown,
    }

    fn whose(pid: Pid, marks: &Marks) -> Whose {
        let proc = format!("/proc/{}", pid.as_raw_nonzero());
        let limits = fs::read_to_string(format!("{proc}/limits")).unwrap_or_default();
        if mark::is_in(&limits, marks.limit) {
            return Whose::Ours;
        }
        let Ok(environment) = fs::read(format!("{proc}/environ")) else {
            return Whose::Others;
        };
        if environment.split(|byte| *byte == 0).any(|entry| entry == marks.entry.as_bytes()) {
            return Whose::Ours;
        }
        let dead = || {
            // `PID (name) S ...`, where the name may hold anything.
            let stat = fs::read_to_string(format!("{proc}/stat")).unwrap_or_default();
            stat.rsplit(") ").next().is_none_or(|rest| rest.starts_with(['Z', 'X']))
        };
        if environment.is_empty() && !dead() { Whose::Unknown } else { Whose::Others }
    }
}
