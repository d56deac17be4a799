//! What `mapi32.dll` of ours exports: MAPI's utility functions over the mock's own memory and objects.
//!
//! `table` makes a recording function for each line of `mapi_spi::functions`; [`serve`] hands them to the exporting
//! library (`mock-spooler/mapi32`), which the child loads before the candidate. What a function does for the candidate with its
//! objects - `GetProps` within `HrGetOneProp` - goes through the objects' vtables and is recorded like a call of its own.
//! Each function behaves as its page says; what is exported and not served answers MAPI_E_NO_SUPPORT and is in the trace.

mod checks;
mod compare;
mod conversation;
mod display;
mod entry_ids;
mod files;
mod idle;
mod init;
mod layout;
mod notifications;
mod numbers;
mod prop_data;
mod props;
mod references;
mod relocate;
mod remote;
mod rows;
mod rtf;
mod serve;
mod sinks;
mod storage;
mod strings;
mod table;
mod table_data;
mod tnef;
mod wide;

pub use idle::turn as idle_turn;
pub use prop_data::PropData;
pub use serve::serve;
pub(crate) use sinks::dispatch;
