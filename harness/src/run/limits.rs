//! What a child may take of the machine.
//!
//! The child lowers its own limits before anything of the candidate is loaded, and all that it starts inherits them. On Windows
//! the child puts itself into a job that has limits (`mock_spooler::child::confine`). Wine heeds none of those: a child under Wine
//! has its limits lowered from outside, and its memory looked after, as Wine maps more address space than any sensible limit
//! leaves.

use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

/// The most memory that a child may take, in MiB; 0 for no limit.
const MEMORY: &str = "SPOOLPROOF_MEMORY_LIMIT";
const MEMORY_MIB: u64 = 4096;

/// The most that a child may write to a file, its trace among them, in MiB, and half of what it may write into its directory; 0 for
/// no limit.
const DISK: &str = "SPOOLPROOF_DISK_LIMIT";
const DISK_MIB: u64 = 1024;

/// How many seconds of processor time a process has that goes on after the signal which tells it that it has used up its own.
#[cfg(unix)]
const CPU_ROOM: u64 = 5;

/// Tells a child how many seconds of processor time it has.
const SECONDS: &str = "SPOOLPROOF_CPU_SECONDS";

/// Tells a child what its processes are known by.
const NUMBER: &str = "SPOOLPROOF_CASE_NUMBER";

/// The most that a child may write into its directory, in bytes; nothing where there is no limit.
pub(super) fn directory() -> Option<u64> {
    // Twice that of a file: one that is too large is always told as what it is.
    file().map(|bytes| bytes.saturating_mul(2))
}

/// The most that a child may write to a file, in bytes; nothing where there is no limit.
fn file() -> Option<u64> {
    match mib(DISK, DISK_MIB) {
        0 => None,
        mib => Some(mib.saturating_mul(1 << 20)),
    }
}

/// The most that a child may hold in memory, in bytes; nothing where there is no limit.
pub(super) fn memory() -> Option<u64> {
    match mib(MEMORY, MEMORY_MIB) {
        0 => None,
        mib => Some(mib.saturating_mul(1 << 20)),
    }
}

fn mib(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Tells the child that is to be spawned what it may take, beside the time that it has.
pub(super) fn tell(command: &mut Command, limit: Duration, number: u64) {
    let mib = mib(MEMORY, MEMORY_MIB).to_string();
    command.env(SECONDS, seconds(limit).to_string()).env(NUMBER, number.to_string()).env(MEMORY, mib);
}

/// Whether the processes of the case with this number can be marked by a limit.
#[cfg(target_os = "linux")]
pub(super) fn can_mark(number: u64) -> bool {
    mark::can_be_set(number)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn can_mark(_number: u64) -> bool {
    false
}

/// How many seconds of processor time a child has, beside the time that it has.
fn seconds(limit: Duration) -> u64 {
    // A child that keeps all cores busy is ended by the clock, whatever else the machine does, so that its verdict is always
    // the same; this is for what the clock does not reach.
    const GRACE: u64 = 5;
    (limit.as_secs() + 1).saturating_mul(*CORES).saturating_add(GRACE)
}

/// Asked for once: the system looks through its files for it.
static CORES: LazyLock<u64> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64));

/// Lowers the limits of a child that cannot do so itself: a program under Wine. What it does before is Wine's own.
#[cfg(target_os = "linux")]
pub(super) fn lower_of(child: u32, limit: Duration, number: u64) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let Some(pid) = i32::try_from(child).ok().and_then(Pid::from_raw) else { return };
    let lower = |resource, current, maximum| {
        // What is refused is left, as where a child lowers its own.
        let _ = prlimit(Some(pid), resource, Rlimit { current: Some(current), maximum });
    };
    if let Some(bytes) = file() {
        lower(Resource::Fsize, bytes, Some(bytes));
    }
    lower(Resource::Core, 0, Some(0));
    lower(Resource::Cpu, seconds(limit), Some(seconds(limit).saturating_add(CPU_ROOM)));
    lower(Resource::Msgqueue, mark::of(number), Some(mark::of(number)));
}

#[cfg(not(target_os = "linux"))]
pub(super) fn lower_of(_child: u32, _limit: Duration, _number: u64) {}

/// Lowers the limits of this process, as it was told.
#[cfg(unix)]
pub(super) fn lower() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// More than any provider keeps open, and less than it takes to make the system run short.
    const FILES: u64 = 4096;
    /// More processes and threads than any provider starts.
    #[cfg(target_os = "linux")]
    const TASKS: u64 = 4096;
    // For good, as far as that goes: a superuser can raise it again. One that cannot be lowered is left: the case can still be run.
    let lower_within = |resource, most: u64, room: u64| {
        let Rlimit { current, maximum } = getrlimit(resource);
        let most = current.map_or(most, |current| current.min(most));
        let last = most.saturating_add(room);
        let last = maximum.map_or(last, |maximum| maximum.min(last));
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(last) });
    };
    let lower = |resource, most| lower_within(resource, most, 0);
    match mib(MEMORY, MEMORY_MIB) {
        0 => {}
        mib => lower(Resource::As, mib.saturating_mul(1 << 20)),
    }
    if let Some(bytes) = file() {
        lower(Resource::Fsize, bytes);
    }
    // A crash leaves no core file behind.
    lower(Resource::Core, 0);
    lower(Resource::Nofile, FILES);
    #[cfg(target_os = "linux")]
    if let Some(tasks) = super::processes::tasks() {
        // Counts all of a user's, whoever started them, and binds no superuser: those are looked after from outside.
        lower(Resource::Nproc, tasks as u64 + TASKS);
    }
    if let Some(seconds) = std::env::var(SECONDS).ok().and_then(|text| text.parse().ok()) {
        // The signal that comes first says what it is about.
        lower_within(Resource::Cpu, seconds, CPU_ROOM);
    }
    #[cfg(target_os = "linux")]
    mark::set();
}

#[cfg(not(unix))]
pub(super) fn lower() {
    let _ = (MEMORY, MEMORY_MIB);
}

/// A limit that nobody comes near, whose value is a case's own: a process can empty its environment and change its name, group
/// and session, and keeps its limits.
#[cfg(target_os = "linux")]
pub(super) mod mark {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::NUMBER;

    /// The limit on POSIX message queues, in bytes: the system's default, of which a few are missing.
    const LARGEST: u64 = 819_200;
    const LEAST: u64 = 409_600;

    /// What the processes of the case with this number are known by.
    pub(in crate::run) fn of(number: u64) -> u64 {
        LARGEST - 1 - number % (LARGEST - LEAST)
    }

    /// Whether a process may have this mark: whether its limit is not lower already.
    pub(super) fn can_be_set(number: u64) -> bool {
        getrlimit(Resource::Msgqueue).maximum.is_none_or(|maximum| maximum >= of(number))
    }

    /// Marks this process with the number that it was told.
    pub(super) fn set() {
        let Some(number) = std::env::var(NUMBER).ok().and_then(|text| text.parse().ok()) else { return };
        let mark = Some(of(number));
        // Where it is lower already, or refused, the environment is what a process is known by.
        if can_be_set(number) {
            let _ = setrlimit(Resource::Msgqueue, Rlimit { current: mark, maximum: mark });
        }
    }

    /// Whether a process has this mark, by what `/proc/PID/limits` says.
    pub(in crate::run) fn is_in(limits: &str, mark: u64) -> bool {
        let line = limits.lines().find_map(|line| line.strip_prefix("Max msgqueue size"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()) == Some(mark)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn cases_have_marks_of_their_own() {
            assert_ne!(of(1), of(2));
            let limits = format!(
                "Max locked memory         8388608     8388608  bytes\n\
                 Max msgqueue size         {0}     {0}     bytes\n",
                of(7)
            );
            assert!(is_in(&limits, of(7)) && !is_in(&limits, of(8)) && !is_in("", of(7)));
        }
    }
}
