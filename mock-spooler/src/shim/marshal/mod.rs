//! Arguments and results between memory and JSON.
//!
//! Written per kind of parameter, not per method: what a method's parameters are is the declaration's to say. A caller's
//! side has [`arguments`] and [`accept`], a callee's side [`Frame`] and [`results`].

mod call;
mod event;
mod frame;
mod free;
mod parts;
mod read;
mod restriction;
mod results;
#[cfg(test)]
mod tests;
pub(super) mod value;
mod write;

pub(super) use call::{Call, Width, extends, pointer};
pub(super) use frame::Frame;
pub(super) use free::{free_list, free_outputs};
pub(super) use results::{Kept, accept, arguments, results, store};
pub(super) use write::Lent;
