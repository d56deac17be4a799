//! The child process: runs one plan, and ends.

mod confine;
#[cfg(target_os = "linux")]
mod fork;
mod run;

pub use confine::{UNHANDLED, confine};
#[cfg(target_os = "linux")]
pub use fork::{Forked, fork};
pub use run::{exit, leave, main};
