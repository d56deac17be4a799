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
pub(super) const LOOK: Duration = Duration::from_millis(50);

#[cfg(unix)]
mod platform {
    use std::io::{self, PipeWriter};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, ExitStatus};
    use std::sync::mpsc::RecvTimeoutError;
    use std::sync::{Arc, mpsc};
    use std::time::{Duration, Instant};

    use super::super::forkserver::{Running, Servers};
    use super::{LOOK, Stop};
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    /// A running child, the leader of a process group of its own.
    #[derive(Debug)]
    pub(in crate::run) enum Group {
        /// A new process.
        Own(Child),
        /// A copy of one that stands ready.
        Forked(Running),
    }

    impl Group {
        /// Starts the child: a copy of a server where there are servers, and this command is their program.
        pub(in crate::run) fn start(
            command: &mut Command,
            output: &PipeWriter,
            servers: Option<&Arc<Servers>>,
        ) -> io::Result<Self> {
            if let Some(running) = servers.and_then(|servers| servers.start(command, output)) {
                return Ok(Self::Forked(running));
            }
            command.stdout(output.try_clone()?).stderr(output.try_clone()?);
            Ok(Self::Own(command.process_group(0).spawn()?))
        }

        /// The number of the child.
        pub(in crate::run) fn id(&self) -> u32 {
            match self {
                Self::Own(child) => child.id(),
                Self::Forked(running) => running.id(),
            }
        }

        /// Waits for the child, then ends whatever is left of the group. `look` is asked now and then for a reason to end it
        /// at once.
        pub(in crate::run) fn finish(
            self,
            limit: Duration,
            look: impl FnMut() -> Option<String>,
        ) -> io::Result<(ExitStatus, Stop)> {
            match self {
                Self::Own(child) => finish(child, limit, look),
                Self::Forked(running) => running.finish(limit, look),
            }
        }
    }

    fn finish(
        mut child: Child,
        limit: Duration,
        mut look: impl FnMut() -> Option<String>,
    ) -> io::Result<(ExitStatus, Stop)> {
        let deadline = Instant::now() + limit;
        let leader = Pid::from_child(&child);
        let (ended, end) = mpsc::channel();
        let watch = std::thread::Builder::new().name("watch".to_owned()).spawn(move || {
            // Not reaped yet: as long as the leader is a zombie, no other group can have its number.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(leader), options).is_err_and(|error| error == rustix::io::Errno::INTR) {}
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
        let status = child.wait()?;
        if let Ok(watch) = watch {
            let _ = watch.join();
        }
        Ok((status, stop))
    }
}

#[cfg(windows)]
mod platform {
    use std::io::{self, PipeWriter};
    use std::os::windows::io::AsRawHandle as _;
    use std::process::{Child, Command, ExitStatus};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::super::forkserver::Servers;
    use super::{LOOK, Stop};
    use win32job::{ExtendedLimitInfo, Job};

    /// A running child in a job that ends with its last handle.
    #[derive(Debug)]
    pub(in crate::run) struct Group {
        child: Child,
        job: Job,
    }

    impl Group {
        /// Starts the child.
        pub(in crate::run) fn start(
            command: &mut Command,
            output: &PipeWriter,
            _servers: Option<&Arc<Servers>>,
        ) -> io::Result<Self> {
            command.stdout(output.try_clone()?).stderr(output.try_clone()?);
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
