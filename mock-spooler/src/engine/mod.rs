//! The spooler: sessions and their states, the queue of notifications, the movements of mail.
//!
//! One thread, the process's first, does the spooler's work step by step; a trap may call the candidate from a second one.
//! What the candidate's threads ask for arrives in [`queue`] and is done at the spooler's next turn.

pub mod acting;
pub mod control;
pub mod distribute;
mod flush;
pub mod foreign;
pub mod logoff;
pub mod logon;
pub mod mailroom;
pub mod nondelivery;
pub mod outgoing;
mod patiently;
pub mod probes;
pub mod queue;
pub mod reach;
pub mod receive;
pub mod reference;
pub mod route;
pub mod run;
pub mod send;
mod service;
pub mod session;
pub mod sink;
mod smtp;
pub mod store;
pub mod turns;

pub use run::{Engine, Stop};
