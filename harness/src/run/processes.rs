//! Processes without end: a candidate that starts more and more of them, in its group or out of it.
//!
//! No limit of a process binds the superuser here, and those that start faster than they can be ended never end. So they are looked
//! for while they are few, and ended before all else on the machine goes on.

/// A candidate needs no more processes than this at once.
#[cfg(target_os = "linux")]
const MOST: usize = 256;

#[cfg(target_os = "linux")]
pub(super) use linux::{Processes, tasks};

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::Processes;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::fs;

    use rustix::process::{
        Pid, Signal, getpriority_process, kill_process, kill_process_group, setpriority_process,
    };

    use super::MOST;
    use crate::run::limits::mark;

    /// How many tasks - processes and threads - the system has, by what `/proc/loadavg` says.
    pub(in crate::run) fn tasks() -> Option<usize> {
        let text = fs::read_to_string("/proc/loadavg").ok()?;
        text.split_whitespace().nth(3)?.split_once('/')?.1.parse().ok()
    }

    /// Looks after the number of a case's processes.
    #[derive(Debug)]
    pub(in crate::run) struct Processes {
        mark: u64,
        leader: Option<Pid>,
        /// How many tasks the system had when it was counted last.
        before: Option<usize>,
        looks: u32,
        /// Held until the case is over, so that those that are killed are gone soon.
        first: Option<First>,
    }

    impl Processes {
        /// Of the case with this number, whose group has this leader.
        pub(in crate::run) fn new(number: u64, leader: u32) -> Self {
            let leader = i32::try_from(leader).ok().and_then(Pid::from_raw);
            Self { mark: mark::of(number), leader, before: tasks(), looks: 0, first: None }
        }

        /// Where the case has too many processes they are ended, and this says so.
        ///
        /// Cheap as long as the system as a whole has not many more tasks than before.
        pub(in crate::run) fn too_many(&mut self) -> Option<String> {
            // Others may have ended as many as this case has started: now and then it is counted whatever the system has.
            const SELDOM: u32 = 20;
            let now = tasks()?;
            self.looks += 1;
            let by_turn = self.looks.is_multiple_of(SELDOM) && now > MOST;
            if !by_turn && now < self.before?.saturating_add(MOST) {
                return None;
            }
            let first = First::of_all();
            let mut seen = Seen::default();
            let ours = seen.look(self.mark, |_| {});
            if ours.len() <= MOST {
                // Others have started them: it is counted from here on.
                self.before = tasks();
                return None;
            }
            self.first = Some(first);
            // The group at once, which is all of them but for those that left it.
            if let Some(leader) = self.leader {
                let _ = kill_process_group(leader, Signal::KILL);
            }
            for pid in ours {
                kill(pid);
            }
            // Each look finds fewer: those that were started since the one before.
            const LOOKS: u32 = 1000;
            for _ in 0..LOOKS {
                if seen.look(self.mark, kill).is_empty() {
                    break;
                }
            }
            Some(format!("it has started more than {MOST} processes"))
        }
    }

    /// The processes that were looked at, with and without the mark.
    #[derive(Default)]
    struct Seen(BTreeSet<i32>);

    impl Seen {
        /// Those with the mark that were not seen before, each told of the moment it is found.
        fn look(&mut self, mark: u64, mut found: impl FnMut(Pid)) -> Vec<Pid> {
            let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
            let all = entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
            let new = all.filter(|pid| self.0.insert(pid.as_raw_nonzero().get()));
            new.filter(|pid| is_marked(*pid, mark)).inspect(|pid| found(*pid)).collect()
        }
    }

    fn is_marked(pid: Pid, mark: u64) -> bool {
        fs::read_to_string(format!("/proc/{}/limits", pid.as_raw_nonzero()))
            .is_ok_and(|limits| mark::is_in(&limits, mark))
    }

    /// A process that is being killed cannot finish a `fork`. One that is being stopped can.
    fn kill(pid: Pid) {
        // It may have ended meanwhile.
        let _ = kill_process(pid, Signal::KILL);
    }

    /// Lets this thread go before all others, where that is allowed: those that are to be stopped keep all cores busy.
    #[derive(Debug)]
    struct First {
        thread: i32,
        session: String,
    }

    impl First {
        /// What the scheduler gives to a session as a whole: each of theirs may be one, and a thread's priority counts within its own.
        const SESSION: &str = "/proc/self/autogroup";

        fn of_all() -> Self {
            const FIRST: i32 = -20;
            // Of no process in particular: on Linux the calling thread's.
            let thread = getpriority_process(None).unwrap_or(0);
            let _ = setpriority_process(None, FIRST);
            // `/autogroup-42 nice 0`
            let session = fs::read_to_string(Self::SESSION).unwrap_or_default();
            let session = session.split_whitespace().last().unwrap_or("0").to_owned();
            let _ = fs::write(Self::SESSION, FIRST.to_string());
            Self { thread, session }
        }
    }

    impl Drop for First {
        fn drop(&mut self) {
            let _ = fs::write(Self::SESSION, &self.session);
            let _ = setpriority_process(None, self.thread);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    /// Other systems tell nothing of the kind; there the limits and the group are all.
    #[derive(Debug)]
    pub(in crate::run) struct Processes;

    impl Processes {
        pub(in crate::run) fn new(_number: u64, _leader: u32) -> Self {
            Self
        }

        #[allow(clippy::unused_self, reason = "the same on every system")]
        pub(in crate::run) fn too_many(&mut self) -> Option<String> {
            None
        }
    }
}
