//! Where a child process leaves the harness.

use std::path::Path;
use std::process::ExitCode;

/// Names the plan to a child, and so makes this executable one.
pub(super) const CHILD: &str = "SPOOLPROOF_CHILD";

/// The most memory that a child may take, in MiB; 0 for no limit.
const MEMORY: &str = "SPOOLPROOF_MEMORY_LIMIT";

/// Must be the first call of `main` in every executable that runs cases: a process that was started to be a child loads
/// the candidate here, runs its plan, and exits; in any other process nothing happens.
///
/// The child is this same executable because that is the only one of which the harness knows, also in a vendor's own
/// workspace, that it exists and fits.
pub fn child_entry() {
    let Some(plan) = std::env::var_os(CHILD) else {
        return;
    };
    limit();
    follow();
    let code = mock_spooler::child::main(Path::new(&plan));
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

/// Ends this process with the harness, should that be ended from outside.
#[cfg(target_os = "linux")]
fn follow() {
    // Where it is refused, only a harness that is killed leaves its children behind.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

#[cfg(not(target_os = "linux"))]
fn follow() {}

/// A runaway allocation of the candidate ends the child and not the machine; a crash leaves no core file behind.
#[cfg(unix)]
fn limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const DEFAULT_MIB: u64 = 4096;
    let mib = std::env::var(MEMORY).ok().and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_MIB);
    let lower = |resource, most: u64| {
        let Rlimit { current, maximum } = getrlimit(resource);
        let most = current.map_or(most, |current| current.min(most));
        // A limit that cannot be lowered is left: the case can still be run.
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum });
    };
    if mib > 0 {
        lower(Resource::As, mib.saturating_mul(1 << 20));
    }
    lower(Resource::Core, 0);
}

#[cfg(not(unix))]
fn limit() {
    // Windows limits the job, see `group`.
    let _ = MEMORY;
}
