//! The support object, which a provider gets with its logon: MAPI's services for it.

mod object;
mod parts;

pub use object::Support;
pub(crate) use parts::free_list;
