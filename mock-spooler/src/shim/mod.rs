//! The stdio shim: a provider in a process of its own, in any language.
//!
//! To the engine a shim is a set of COM objects. [`program`] starts the program and speaks with it; its objects are proxies
//! whose vtables follow from the declaration of the interfaces, and whose calls travel as JSON-RPC messages, a line each.
//! [`serve`] is the other end of the same wire: it hosts a provider library, so that it can be judged from another process.
//! `SHIM.md`, beside this package, is the protocol in words; [`document`] makes it, and the JSON Schema, of the same
//! declaration.
//!
//! A socket, or a binary format, was the alternative. Lines of text on standard input and output can be written and read by
//! anybody, in any language, by hand if need be, also through `ssh` and Wine; what that costs is measured in
//! `harness/benches`.

pub mod document;
mod entry;
mod fault;
mod incoming;
mod lane;
mod line;
mod marshal;
mod message;
mod objects;
mod peer;
pub mod program;
mod role;
pub mod serve;
mod wrong;

pub use fault::{Fault, FaultKind};
pub use line::LONGEST_LINE;
pub use message::conversation;
pub use objects::Side;
pub use peer::Peer;
pub use program::Shim;
pub use wrong::Wrong;

/// The version of the protocol that this crate speaks.
pub const PROTOCOL: u64 = 1;
