//! Candidates that are programs: everything that holds for a library holds behind the shim.

mod clock;
mod faults;
#[path = "../common/interpreter.rs"]
mod interpreter;
mod mail;
mod python;
mod serve;
mod tools;
