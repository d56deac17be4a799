//! The boundary: what every call into our objects and every call to the candidate passes through.
//!
//! [`gate`] records, checks and, where the case orders it, falsifies; [`object`] keeps identity and references; [`ours`]
//! makes recording vtables of our objects and [`theirs`] recording calls to the candidate's, both from the declaration in
//! `mapi_spi::declare`. `windows-core`'s `#[implement]` was the alternative for our side: it owns AddRef and Release, and
//! they are evidence here, as are calls after the last Release, which need a tombstone instead of freed memory.

pub mod cell;
pub mod fault;
pub mod gate;
pub mod object;
pub mod ours;
pub mod theirs;
pub mod trap;
mod unknown;
mod watched;

pub use cell::Cell;
pub use gate::boundary;
pub use object::{Handle, Held};
