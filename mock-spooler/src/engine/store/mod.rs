//! Message stores: a client that works in one, and the spooler that serves it.
//!
//! [`StoreSession`] is a store that is open; `open` and `close` make and end it, `letter` and `client` are what a client does in
//! it, `queue` and `spool` what the spooler does, `coupling` finds out which transport is the store's own.
//! What the candidate's threads ask for comes in through [`shared`]; the spooler does it at its next turn.

mod client;
mod close;
mod coupling;
mod deliver;
mod folders;
pub mod hub;
mod letter;
mod logon;
mod notify;
mod open;
mod outgoing;
mod preprocess;
mod probes;
mod queue;
mod sent_mail;
mod session;
pub mod shared;
#[cfg(test)]
mod shared_tests;
mod spool;
mod submit;

pub(in crate::engine) use deliver::Delivery;
pub use hub::Hub;
pub use session::{Letter, StoreSession};
