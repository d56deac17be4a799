//! Where a child process leaves the harness.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use super::limits;

/// Names the plan to a child, and so makes this executable one.
pub(super) const CHILD: &str = "SPOOLPROOF_CHILD";

/// This program, whose copies the children are. Asked for once: the system walks along its path for it.
pub(super) fn program() -> io::Result<&'static Path> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    if let Some(program) = PROGRAM.get() {
        return Ok(program);
    }
    let program = std::env::current_exe()?;
    Ok(PROGRAM.get_or_init(|| program))
}

/// Must be the first call of `main` in every executable that runs cases: a process that was started to be a child loads
/// the candidate here, runs its plan, and exits; in any other process nothing happens.
///
/// The child is this same executable because that is the only one of which the harness knows, also in a vendor's own
/// workspace, that it exists and fits.
pub fn child_entry() {
    let Some(plan) = std::env::var_os(CHILD) else {
        return;
    };
    #[cfg(target_os = "linux")]
    let plan = if plan == super::forkserver::SERVER { super::forkserver::serve().into() } else { plan };
    limits::lower();
    follow();
    let code = mock_spooler::child::main(Path::new(&plan));
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

/// Ends this process with the one that made it, should that be ended from outside.
#[cfg(target_os = "linux")]
pub(super) fn follow() {
    // Where it is refused, only a harness that is killed leaves its children behind.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

#[cfg(not(target_os = "linux"))]
fn follow() {}
