//! The child process: runs one plan, and ends.

mod confine;
mod run;

pub use confine::{UNHANDLED, confine};
pub use run::{exit, leave, main};
