//! A MAPI transport provider: mail comes in as RFC 5322 files in a maildrop directory and goes out as such files into an
//! outbox directory. It keeps the contract with the MAPI spooler, and so is what a suite that judges providers is tried on.
//!
//! A library that exports [`XPProviderInit`]. Its profile section says where the directories are (`0x6600001E` maildrop,
//! `0x6601001E` outbox), which address type it serves (`0x6602001E`, default `REF`), how the spooler learns of mail
//! (`0x6603001E`: `polled`, `notify` or `idle`), which of several ways it does things (`0x6604001E`, see `habits.rs`) and
//! whose mail it is (`0x6605001E`).

mod entry;
mod guard;
mod habits;
mod inbound;
mod logon;
mod mapi;
mod outbound;
mod profile;
mod provider;
mod status;
mod time;
mod watch;
mod worker;

pub use entry::XPProviderInit;
