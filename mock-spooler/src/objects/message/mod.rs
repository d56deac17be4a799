//! Messages and attachments.
//!
//! A [`MessageCore`] holds what a message is made of, in two states: the pending one, which all methods read and change,
//! and the saved one, which `SaveChanges` makes of it. An attachment has the same two states of its own; its saved state
//! becomes part of the message when the message is saved. The COM objects ([`Message`], [`Attach`]) are handles on the cores:
//! several may be open on one.

mod attach;
mod attach_core;
mod builder;
mod computed;
mod core;
mod data;
mod object;
mod outbound;
mod tables;

pub use attach::Attach;
pub use attach_core::AttachCore;
pub use builder::{AttachmentBuilder, MessageBuilder};
pub use core::MessageCore;
pub use data::{AttachData, MessageData};
pub use object::Message;
