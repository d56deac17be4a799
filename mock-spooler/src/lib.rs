//! A mock of the MAPI spooler: it loads a provider, drives it through the steps of a case, and records every call across the
//! boundary between the two.
//!
//! The harness spawns one child process per case ([`child`]), which reads a [`plan`], makes MAPI's [`objects`], runs the
//! [`engine`] and streams the [`trace`] into a file. Everything the candidate can touch passes [`com`], the gate.

pub mod child;
pub mod com;
pub mod engine;
pub mod functions;
pub mod loader;
pub mod memory;
pub mod objects;
pub mod plan;
pub mod shim;
pub mod trace;
