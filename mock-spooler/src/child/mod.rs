//! The child process: runs one plan, and ends.

mod confine;
mod run;

pub use confine::confine;
pub use run::{exit, leave, main};
