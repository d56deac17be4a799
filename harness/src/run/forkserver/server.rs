//! The process that copies itself.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use mock_spooler::child::{Forked, exit, fork};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recv, recvmsg, send};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, getppid, kill_process_group, pidfd_open, setpgid, waitpid,
};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::words::{MOST, Request};
use crate::run::entry::{CHILD, follow};

/// Waits for requests and copies this process for each; ends it when the harness is gone. Returns in the copies alone: the plan.
pub(in crate::run) fn serve() -> PathBuf {
    match served() {
        Ok(Some(plan)) => plan,
        Ok(None) => std::process::exit(0),
        // The harness finds nobody at the other end of the line, and starts its children itself.
        Err(_) => std::process::exit(1),
    }
}

fn served() -> io::Result<Option<PathBuf>> {
    let stdin = io::stdin();
    let line = stdin.as_fd();
    // Where the system has no such thing there would be nothing to wait by: no child is begun.
    let own = getpid();
    drop(pidfd_open(own, PidfdFlags::empty())?);
    let mut bytes = vec![0; MOST];
    while let Some((request, output)) = receive(line, &mut bytes)? {
        match fork(&request.environment)? {
            Forked::Child => return Ok(Some(begin(&request, &output, own))),
            Forked::Parent(child) => {
                // The pipe closes when the child and what it starts have closed it.
                drop(output);
                let child = Pid::from_raw(child).ok_or(io::ErrorKind::InvalidData)?;
                // The child does so, too: whoever comes first.
                let _ = setpgid(Some(child), Some(child));
                // Without this there is nothing to wait by, and the harness does without a server.
                let end = pidfd_open(child, PidfdFlags::empty()).inspect_err(|_| {
                    let _ = kill_process_group(child, Signal::KILL);
                })?;
                say(line, child.as_raw_nonzero().get())?;
                let status = see_to_its_end(line, child, &end)?;
                say(line, status)?;
            }
        }
    }
    Ok(None)
}

/// A request, and where the child is to print; nothing when the harness is gone.
fn receive(line: BorrowedFd<'_>, bytes: &mut [u8]) -> io::Result<Option<(Request, OwnedFd)>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let read = loop {
        let read =
            retried(|| recvmsg(line, &mut [IoSliceMut::new(bytes)], &mut control, RecvFlags::CMSG_CLOEXEC))?;
        match read.bytes {
            0 => return Ok(None),
            // A word to end a child that had ended just then.
            1 => {}
            bytes => break bytes,
        }
    };
    let output = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    let request = Request::read(&bytes[..read]);
    Ok(Some(request.zip(output).ok_or(io::ErrorKind::InvalidData)?))
}

/// In the copy: the leader of a group of its own, in its directory, whose standard input is empty and which has no line to the harness.
/// It ends with its server.
fn begin(request: &Request, output: &OwnedFd, server: Pid) -> PathBuf {
    follow();
    if getppid() != Some(server) {
        // Its server has been ended already, and with it this copy is not waited for.
        std::process::exit(i32::from(exit::NO_PLAN));
    }
    let begun = || -> io::Result<()> {
        dup2_stdout(output)?;
        dup2_stderr(output)?;
        dup2_stdin(File::open("/dev/null")?)?;
        setpgid(None, None)?;
        std::env::set_current_dir(&request.dir)
    };
    match (begun(), std::env::var_os(CHILD)) {
        (Ok(()), Some(plan)) => plan.into(),
        (begun, _) => {
            eprintln!("spoolproof: the child cannot begin: {begun:?}");
            std::process::exit(i32::from(exit::NO_PLAN))
        }
    }
}

/// Waits for the child, or for a word to end it; then ends whatever is left of its group. How it ended, as the system says it.
fn see_to_its_end(line: BorrowedFd<'_>, child: Pid, end: &OwnedFd) -> io::Result<i32> {
    let mut word = [0];
    loop {
        let mut fds = [PollFd::new(&line, PollFlags::IN), PollFd::new(end, PollFlags::IN)];
        retried(|| poll(&mut fds, None))?;
        let [spoken, ended] = fds.map(|fd| !fd.revents().is_empty());
        if ended {
            break;
        }
        if spoken {
            let (_, read) = retried(|| recv(line, &mut word, RecvFlags::empty()))?;
            let _ = kill_process_group(child, Signal::KILL);
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
    // As long as the child is not collected no other group has its number. Fails where nothing is left, which is what it is for.
    let _ = kill_process_group(child, Signal::KILL);
    let status = retried(|| waitpid(Some(child), WaitOptions::empty()))?;
    Ok(status.ok_or(io::ErrorKind::InvalidData)?.1.as_raw())
}

fn say(line: BorrowedFd<'_>, number: i32) -> io::Result<()> {
    retried(|| send(line, &number.to_ne_bytes(), SendFlags::NOSIGNAL)).map(|_| ())
}

/// Again where a signal came in between.
pub(super) fn retried<T>(mut step: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match step() {
            Err(Errno::INTR) => {}
            result => return result.map_err(io::Error::from),
        }
    }
}
