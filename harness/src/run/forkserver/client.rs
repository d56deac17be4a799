//! The servers of a run, and the children that they make.

use std::collections::BTreeSet;
use std::io::{self, IoSlice, PipeWriter};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    recv, send, sendmsg, socketpair,
};
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};

use super::SERVER;
use super::server::retried;
use super::words::{MOST, Request};
use crate::run::entry::{CHILD, program};
use crate::run::group::{LOOK, Stop};

/// How long a server may take to make a child: a busy machine may need a while for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it may take to end what it is told to end, before it is taken for stopped.
const STOPPED: Duration = Duration::from_secs(1);

/// The servers of a run that have nothing to do at present. They end with it.
#[derive(Debug, Default)]
pub(in crate::run) struct Servers {
    idle: Mutex<Vec<Server>>,
    /// There are none to be had here.
    refused: AtomicBool,
}

/// The numbers of all servers of this process.
static NUMBERS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn numbers() -> MutexGuard<'static, BTreeSet<u32>> {
    NUMBERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a process below this one is a server, and so of no case.
pub(in crate::run) fn is_server(pid: Pid) -> bool {
    numbers().contains(&pid.as_raw_nonzero().get().unsigned_abs())
}

/// A process that copies itself, and the line to it.
#[derive(Debug)]
struct Server {
    process: Child,
    line: OwnedFd,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its child, if there is one, goes with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
        numbers().remove(&self.process.id());
    }
}

impl Server {
    fn new() -> io::Result<Self> {
        let (line, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let mut command = Command::new(program()?);
        command.env(CHILD, SERVER).stdin(theirs).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn()?;
        numbers().insert(process.id());
        Ok(Self { process, line })
    }

    /// Makes a child; its number.
    fn fork(&self, request: &[u8], output: &PipeWriter) -> io::Result<Pid> {
        let fds = [output.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&fds));
        let request = [IoSlice::new(request)];
        retried(|| sendmsg(&self.line, &request, &mut control, SendFlags::NOSIGNAL))?;
        // What another case runs may have stopped it.
        if !self.speaks(PATIENCE)? {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let number = self.hear()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Pid::from_raw(number).ok_or(io::ErrorKind::InvalidData)?)
    }

    /// What the server says next; nothing where it is gone.
    fn hear(&self) -> io::Result<Option<i32>> {
        let mut number = [0; size_of::<i32>()];
        match retried(|| recv(&self.line, &mut number, RecvFlags::empty())) {
            Ok((_, read)) => Ok((read == number.len()).then(|| i32::from_ne_bytes(number))),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the server says something, or is gone, within this time.
    fn speaks(&self, within: Duration) -> io::Result<bool> {
        let within = Timespec::try_from(within).map_err(io::Error::other)?;
        let mut fds = [PollFd::new(&self.line, PollFlags::IN)];
        retried(|| poll(&mut fds, Some(&within))).map(|ready| ready > 0)
    }
}

impl Servers {
    /// Starts a child that has the environment and the directory of this command, whose program is this one; nothing where no server
    /// can be had.
    pub(in crate::run) fn start(self: &Arc<Self>, command: &Command, output: &PipeWriter) -> Option<Running> {
        if self.refused.load(Ordering::Relaxed) {
            return None;
        }
        let owned = |text: &std::ffi::OsStr| text.to_owned();
        let environment = command.get_envs().map(|(name, value)| (owned(name), value.map(owned))).collect();
        let request = Request { dir: command.get_current_dir()?.to_owned(), environment }.bytes();
        if request.len() > MOST {
            return None;
        }
        // One that did nothing may have been ended by what a case has left behind.
        let idle = || self.idle().pop();
        while let Some(server) = idle() {
            if let Ok(leader) = server.fork(&request, output) {
                return Some(Running { server, leader, home: Arc::clone(self) });
            }
        }
        let begun = Server::new().and_then(|server| Ok((server.fork(&request, output)?, server)));
        if begun.is_err() {
            self.refused.store(true, Ordering::Relaxed);
        }
        let (leader, server) = begun.ok()?;
        Some(Running { server, leader, home: Arc::clone(self) })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Server>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A child that runs, and the server that waits for its end.
#[derive(Debug)]
pub(in crate::run) struct Running {
    server: Server,
    leader: Pid,
    home: Arc<Servers>,
}

impl Running {
    /// The number of the child.
    pub(in crate::run) fn id(&self) -> u32 {
        self.leader.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for the child, whose group ends with it. `look` is asked now and then for a reason to end it at once.
    pub(in crate::run) fn finish(
        self,
        limit: Duration,
        mut look: impl FnMut() -> Option<String>,
    ) -> io::Result<(ExitStatus, Stop)> {
        let deadline = Instant::now() + limit;
        let stop = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.server.speaks(left.min(LOOK))? {
                break Stop::Itself;
            }
            if left <= LOOK {
                break Stop::Late;
            }
            if let Some(why) = look() {
                break Stop::Ended(why);
            }
        };
        if stop != Stop::Itself {
            let _ = retried(|| send(&self.server.line, &[0], SendFlags::NOSIGNAL));
        }
        let heard =
            if stop == Stop::Itself || self.server.speaks(STOPPED)? { self.server.hear()? } else { None };
        let Some(status) = heard else {
            // The candidate has ended or stopped the process that it comes from.
            let stop = match stop {
                Stop::Itself => Stop::Ended("it has ended the process that started it".to_owned()),
                Stop::Late | Stop::Ended(_) => stop,
            };
            return Ok((self.orphaned(), stop));
        };
        self.home.idle().push(self.server);
        Ok((ExitStatus::from_raw(status), stop))
    }

    /// Ends a child whose server does not answer. Without the server it is ours, as orphans of our children are.
    fn orphaned(self) -> ExitStatus {
        let Self { server, leader, home: _ } = self;
        drop(server);
        let _ = kill_process_group(leader, Signal::KILL);
        let collected = retried(|| waitpid(Some(leader), WaitOptions::empty()));
        // Where this process may adopt nobody, others collect it.
        ExitStatus::from_raw(collected.ok().flatten().map_or(0, |(_, status)| status.as_raw()))
    }
}
