//! A MAPI transport provider and a message store provider, each for itself or coupled: mail comes in as RFC 5322 files in a
//! maildrop directory and goes out as such files into an outbox directory; the store is in memory. They keep the contract
//! with the MAPI spooler, and so are what a suite that judges providers is tried on.
//!
//! A library that exports [`XPProviderInit`] and [`MSProviderInit`]. Its profile section says where the directories are (`0x6600001E` maildrop,
//! `0x6601001E` outbox, or a server as `smtp://127.0.0.1:25`), which address type it serves (`0x6602001E`, default `REF`), how the spooler learns of mail
//! (`0x6603001E`: `polled`, `notify` or `idle`), which of several ways it does things (`0x6604001E`, see `habits.rs`),
//! whose mail it is (`0x6605001E`), whether store and transport are a pair (`0x6606001E`: `alone` or `coupled`) and what
//! the store is called (`0x6607001E`). [`ServiceEntry`] writes these properties into it.

mod entry;
mod guard;
mod habits;
mod inbound;
mod logon;
mod mapi;
mod outbound;
mod pair;
mod profile;
mod provider;
mod service;
mod status;
mod store;
mod time;
mod watch;
mod worker;

pub use entry::{MSProviderInit, XPProviderInit};
pub use outbound::{ReferencePreprocessMessage, ReferenceRemovePreprocessInfo};
pub use service::ServiceEntry;
