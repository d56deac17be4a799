//! How a process ended, in words.

use std::process::ExitStatus;
use std::time::Duration;

use super::group::Stop;
use crate::verdict::ChildEnd;

/// How a child ended that was stopped, after `limit` or for another reason, or ended by itself before.
pub(super) fn end(status: ExitStatus, stop: Stop, limit: Duration) -> ChildEnd {
    match stop {
        Stop::Itself => {}
        Stop::Late => return ChildEnd::TimedOut { limit },
        Stop::Ended(why) => return ChildEnd::Signalled(format!("force: {why}")),
    }
    match ended_by(status) {
        Some(name) => ChildEnd::Signalled(name),
        None => match status.code() {
            Some(0) => ChildEnd::Finished,
            code => ChildEnd::Exited(code.unwrap_or(-1)),
        },
    }
}

#[cfg(unix)]
fn ended_by(status: ExitStatus) -> Option<String> {
    use std::os::unix::process::ExitStatusExt as _;

    status.signal().map(name_of)
}

/// A signal by name.
#[cfg(unix)]
pub(super) fn name_of(number: i32) -> String {
    use rustix::process::Signal;
    const NAMES: &[(Signal, &str)] = &[
        (Signal::ABORT, "SIGABRT"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::HUP, "SIGHUP"),
        (Signal::ILL, "SIGILL"),
        (Signal::INT, "SIGINT"),
        (Signal::KILL, "SIGKILL"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::SYS, "SIGSYS"),
        (Signal::TERM, "SIGTERM"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
    ];
    let known = NAMES.iter().find(|(signal, _)| signal.as_raw() == number);
    known.map_or_else(|| format!("signal {number}"), |(_, name)| (*name).to_owned())
}

/// Other systems have no signals.
#[cfg(not(unix))]
pub(super) fn name_of(number: i32) -> String {
    format!("signal {number}")
}

#[cfg(windows)]
fn ended_by(status: ExitStatus) -> Option<String> {
    let code = status.code()?.cast_unsigned();
    (code >= 0xC000_0000 || code == BREAKPOINT).then(|| exception(code))
}

#[cfg(windows)]
const BREAKPOINT: u32 = 0x8000_0003;

/// An exception of Windows by name.
pub(super) fn exception(code: u32) -> String {
    const NAMES: &[(u32, &str)] = &[
        (0xC000_0005, "STATUS_ACCESS_VIOLATION"),
        (0xC000_001D, "STATUS_ILLEGAL_INSTRUCTION"),
        (0xC000_0094, "STATUS_INTEGER_DIVIDE_BY_ZERO"),
        (0xC000_00FD, "STATUS_STACK_OVERFLOW"),
        (0xC000_0374, "STATUS_HEAP_CORRUPTION"),
        (0xC000_0409, "STATUS_STACK_BUFFER_OVERRUN"),
        (0x8000_0003, "STATUS_BREAKPOINT"),
    ];
    let known = NAMES.iter().find(|(status, _)| *status == code).map(|(_, name)| (*name).to_owned());
    known.unwrap_or_else(|| format!("exception {code:#010X}"))
}
