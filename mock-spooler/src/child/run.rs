//! A plan, from the file to the end of the process.

use std::path::Path;
use std::process::ExitCode;

use super::confine::confine;
use crate::com::{boundary, fault};
use crate::engine::Engine;
use crate::plan::Plan;
use crate::trace::told::What;

/// What the child's exit code says where it ended by itself.
pub mod exit {
    /// The plan was run; the trace says the rest.
    pub const DONE: u8 = 0;
    /// The plan could not be read or the trace not be made: standard error says why.
    pub const NO_PLAN: u8 = 64;
}

/// Runs the plan in a file. It returns when the trace is complete; whatever the candidate does to this process is for the
/// parent to see.
#[must_use]
pub fn main(plan: &Path) -> ExitCode {
    confine();
    match read(plan) {
        Ok(plan) => {
            fault::watch();
            Engine::new(&plan).run();
            boundary().record(What::End {});
            leave()
        }
        Err(message) => {
            eprintln!("mock-spooler: {message}");
            ExitCode::from(exit::NO_PLAN)
        }
    }
}

/// Ends the process at once. The candidate's library may still be loaded: its exit handlers belong to no case, and what its
/// threads do while the process goes down depends on the moment.
pub fn leave() -> ! {
    #[cfg(unix)]
    // SAFETY: ends the process; nothing runs afterwards.
    unsafe {
        libc::_exit(i32::from(exit::DONE));
    }
    #[cfg(windows)]
    // SAFETY: ends this process; nothing runs afterwards.
    unsafe {
        use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};
        TerminateProcess(GetCurrentProcess(), u32::from(exit::DONE));
    }
    #[allow(unreachable_code, reason = "other systems leave in order")]
    std::process::exit(i32::from(exit::DONE))
}

fn read(path: &Path) -> Result<Plan, String> {
    let text = std::fs::read(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let plan: Plan =
        serde_json::from_slice(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
    boundary()
        .writer()
        .open(&plan.trace, &plan.case)
        .map_err(|error| format!("`{}`: {error}", plan.trace.display()))?;
    Ok(plan)
}
