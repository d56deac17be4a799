//! The record of a case: its events, how values are rendered into it, and how it is written.

pub mod event;
mod mapped;
pub mod notification;
pub mod render;
pub mod told;
pub mod value;
pub mod writer;

pub use event::{Event, Header, What};
