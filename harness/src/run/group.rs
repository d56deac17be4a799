//! A child with all that it starts: a process group, or a job on Windows.

pub(super) use platform::Group;

use std::time::Duration;

/// How a child came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// By itself.
    Itself,
    /// It did not come to one within the limit.
    Late,
    /// It was ended for this reason.
    Ended(String),
}

/// How often a child that runs is looked after. Most have ended by then.
const LOOK: Duration = Duration::from_millis(50);

#[cfg(unix)]
mod platform {
    use std::io;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, ExitStatus};
    use std::sync::mpsc;
    use std::sync::mpsc::RecvTimeoutError;
    use std::time::{Duration, Instant};

    use super::{LOOK, Stop};
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    /// A running child, the leader of a process group of its own.
    #[derive(Debug)]
    pub(in crate::run) struct Group {
        child: Child,
        leader: Pid,
    }

    impl Group {
        pub(in crate::run) fn spawn(command: &mut Command) -> io::Result<Self> {
            let child = command.process_group(0).spawn()?;
            let leader = Pid::from_child(&child);
            Ok(Self { child, leader })
        }

        /// The number of the child.
        pub(in crate::run) fn id(&self) -> u32 {
            self.child.id()
        }

        /// Waits for the child, then ends whatever is left of the group. `look` is asked now and then for a reason to end it
        /// at once.
        pub(in crate::run) fn finish(
            mut self,
            limit: Duration,
            mut look: impl FnMut() -> Option<String>,
        ) -> io::Result<(ExitStatus, Stop)> {
            let deadline = Instant::now() + limit;
            let leader = self.leader;
            let (ended, end) = mpsc::channel();
            let watch = std::thread::Builder::new().name("watch".to_owned()).spawn(move || {
                // Not reaped yet: as long as the leader is a zombie, no other group can have its number.
                let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while waitid(WaitId::Pid(leader), options)
                    .is_err_and(|error| error == rustix::io::Errno::INTR)
                {}
                let _ = ended.send(());
            });
            let stop = loop {
                let left = deadline.saturating_duration_since(Instant::now());
                match end.recv_timeout(left.min(LOOK)) {
                    Ok(()) => break Stop::Itself,
                    Err(RecvTimeoutError::Timeout) if left > LOOK => {}
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break Stop::Late,
                }
                if let Some(why) = look() {
                    break Stop::Ended(why);
                }
            };
            // Fails where nothing is left, which is what it is for.
            let _ = kill_process_group(leader, Signal::KILL);
            let status = self.child.wait()?;
            if let Ok(watch) = watch {
                let _ = watch.join();
            }
            Ok((status, stop))
        }
    }
}

#[cfg(windows)]
mod platform {
    use std::io;
    use std::os::windows::io::AsRawHandle as _;
    use std::process::{Child, Command, ExitStatus};
    use std::time::{Duration, Instant};

    use super::{LOOK, Stop};
    use win32job::{ExtendedLimitInfo, Job};

    /// A running child in a job that ends with its last handle.
    #[derive(Debug)]
    pub(in crate::run) struct Group {
        child: Child,
        job: Job,
    }

    impl Group {
        pub(in crate::run) fn spawn(command: &mut Command) -> io::Result<Self> {
            let mut limits = ExtendedLimitInfo::new();
            limits.limit_kill_on_job_close();
            let job = Job::create_with_limit_info(&limits).map_err(io::Error::other)?;
            let child = command.spawn()?;
            // What a process starts before it is assigned escapes; the child starts nothing before it has read its plan,
            // loaded the candidate and called it.
            job.assign_process(child.as_raw_handle() as isize).map_err(io::Error::other)?;
            Ok(Self { child, job })
        }

        /// The number of the child.
        pub(in crate::run) fn id(&self) -> u32 {
            self.child.id()
        }

        /// Waits for the child, then ends whatever is left of the job. `look` is asked now and then for a reason to end it at
        /// once.
        pub(in crate::run) fn finish(
            mut self,
            limit: Duration,
            mut look: impl FnMut() -> Option<String>,
        ) -> io::Result<(ExitStatus, Stop)> {
            const STEP: Duration = Duration::from_millis(1);
            let end = Instant::now() + limit;
            let mut next = Instant::now() + LOOK;
            let stop = loop {
                if self.child.try_wait()?.is_some() {
                    break Stop::Itself;
                }
                if Instant::now() >= end {
                    break Stop::Late;
                }
                if Instant::now() >= next {
                    if let Some(why) = look() {
                        break Stop::Ended(why);
                    }
                    next = Instant::now() + LOOK;
                }
                std::thread::sleep(STEP);
            };
            if stop != Stop::Itself {
                self.child.kill()?;
            }
            drop(self.job);
            Ok((self.child.wait()?, stop))
        }
    }
}
