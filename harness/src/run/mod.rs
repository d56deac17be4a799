//! Runs cases: one child process each, watched, ended with all that it started, and judged by the trace it leaves.

mod accept;
mod child;
mod claim;
mod clear;
mod confirm;
mod draft;
mod entry;
mod facts;
mod forkserver;
mod group;
mod handshake;
mod leftovers;
mod limits;
mod one;
mod output;
mod plan;
mod pool;
mod preflight;
mod processes;
mod record;
mod sandbox;
mod sent;
mod signal;
mod spawn;
mod suite;
mod turn;
mod usage;
mod watch;
mod wine;

pub use entry::child_entry;
pub use handshake::{Entry, Handshake};
pub use preflight::Preflight;
pub use suite::{Settings, Suite, SuiteError};
