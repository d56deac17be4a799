//! Starts the child of a case and sees it to its end.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::entry::{CHILD, program};
use super::group::Group;
use super::output::Output;
use super::suite::Suite;
use super::watch::Watch;
use super::{leftovers, limits, signal, wine};
use crate::candidate::{Host, under_wine};
use crate::verdict::ChildEnd;

/// How a child ended, and what it printed last.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) end: ChildEnd,
    pub(super) output: String,
}

/// The time zone of cases, unless the candidate's file names another one: ahead of UTC, by no whole hours, the same in summer, and
/// written so that C libraries of all systems know it without a file.
const ZONE: &str = "NPT-5:45";

/// Numbers the children of this process, and keeps away from the numbers of others that run beside it.
static CASES: LazyLock<AtomicU64> = LazyLock::new(|| {
    const APART: u64 = 7919;
    AtomicU64::new(u64::from(std::process::id()) * APART)
});

/// Runs the plan at `plan`, in `dir`, for at most `limit`. Nothing that the child started is left afterwards.
pub(super) fn spawn(suite: &Suite, dir: &Path, plan: &Path, limit: Duration) -> io::Result<Ended> {
    leftovers::adopt();
    let number = CASES.fetch_add(1, Ordering::Relaxed);
    let host = &suite.host;
    let wine = matches!(host, Host::MockSpooler { wine: true, .. });
    let shim_under_wine = suite.candidate.shim.as_ref().is_some_and(|shim| wine::runs(&shim.command));
    if shim_under_wine {
        wine::warm_up();
    }
    let mut command = command(host, plan)?;
    // What takes local time for UTC is right by chance where they are the same, as on most build machines.
    command.env("TZ", ZONE);
    command.envs(suite.candidate.environment.iter().map(|(name, value)| (name, value)));
    let (output, writer) = Output::new()?;
    command.current_dir(dir).env(leftovers::MARK, dir).stdin(Stdio::null());
    // What the candidate leaves among temporary files goes with the case.
    if cfg!(unix) {
        command.env(wine::TEMPORARY, under_wine(dir));
        // Wine's server may be found by way of `TMPDIR`, as Debian's is: with one of its own each case would start another server
        // and all of its services, which takes a hundred times as long as the case.
        if !wine && !shim_under_wine {
            command.env("TMPDIR", dir);
        }
    } else {
        command.env("TMP", dir).env("TEMP", dir);
    }
    limits::tell(&mut command, limit, number);
    // What a server makes is known by the limit alone that marks the processes of a case: it is not there on every system.
    let servers = matches!(host, Host::Here) && limits::can_mark(number);
    let group = Group::start(&mut command, &writer, servers.then_some(&suite.servers))?;
    // The command may hold the writing end of the pipe, too, which would never close.
    drop((command, writer));
    if wine {
        limits::lower_of(group.id(), limit, number);
    }
    let mut watch = Watch::new(dir, number, group.id());
    let (status, stop) = group.finish(limit, || watch.look())?;
    leftovers::end(dir, number);
    let output = output.tail();
    let end = match (signal::end(status, stop, limit), host) {
        (ChildEnd::Exited(status), Host::MockSpooler { wine: true, .. }) => wine::end(status, &output),
        (end, _) => end,
    };
    Ok(Ended { end, output })
}

fn command(host: &Host, plan: &Path) -> io::Result<Command> {
    Ok(match host {
        Host::Here => {
            let mut command = Command::new(program()?);
            command.env(CHILD, plan);
            command
        }
        Host::MockSpooler { exe, wine: true } => {
            let mut command = wine::command();
            command.arg(exe).arg(host.translate(plan));
            command
        }
        Host::MockSpooler { exe, wine: false } => {
            let mut command = Command::new(exe);
            command.arg(plan);
            command
        }
    })
}
