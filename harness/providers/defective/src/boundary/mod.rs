//! Both sides of the boundary, wrapped: each object that crosses it is seen by the other side as a proxy of ours.
//!
//! The vtables follow from the declaration of the interfaces, as the mock spooler's do. A call on a proxy passes
//! [`dispatch`](dispatch::dispatch), which lets the defect see it, translates the objects among its arguments and passes it on.

mod call;
mod dispatch;
mod invalid;
mod memory;
mod proxy;

pub(crate) use call::{Call, with};
pub(crate) use dispatch::call_through;
pub(crate) use mapi_spi::words::{FromWord, word_of};
pub(crate) use memory::{Allocator, allocator, given, remember};
pub(crate) use proxy::{Side, another, inner_of, wrap, wrap_reference};
