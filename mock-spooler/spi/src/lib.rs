//! MAPI's service provider interface in Rust: the types, constants and COM interfaces that a transport provider, a
//! message store provider and the MAPI spooler exchange.
//!
//! Everything about a method is written once, in [`declare`]: its vtable slot, its parameters with their directions and
//! kinds, its source page. The COM interfaces of this crate, the recorder and the object tables of `mock-spooler` follow
//! from that declaration.
//!
//! `ULONG` is `u32`, `HRESULT` an `i32` newtype, wide characters are UTF-16 units on every platform, structures have
//! natural alignment, methods the platform's own calling convention. A test compares sizes, offsets and slots with
//! what a C compiler makes of the public headers.

pub mod codes;
pub mod declare;
pub mod flags;
pub mod functions;
pub mod interfaces;
pub mod kinds;
// Other targets of 32 bits align numbers of 64 bits otherwise, and there are no providers for them.
#[cfg(any(target_pointer_width = "64", windows))]
mod layout;
pub mod meta;
pub mod structs;
pub mod tags;
pub mod values;
pub mod words;

pub use codes::HRESULT;
pub use tags::PropTag;
pub use windows_core::GUID;
