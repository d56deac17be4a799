//! MAPI's objects, as a provider that nobody here wrote expects them: messages, attachments, streams, tables, profile
//! sections, the status table and the support object.
//!
//! Each object is a plain struct that implements a trait of [`crate::com::ours`]; the gate stands between it and the
//! candidate. Objects keep owned data only: arguments are copied out of the candidate's memory ([`args`]), results laid down in
//! MAPI's ([`wire`]). What a callback means for the session is asked of a [`SessionHost`].

pub mod advise;
pub mod args;
pub mod copy;
pub mod errors;
pub mod host;
pub mod message;
mod named;
pub mod names;
pub mod oneoff;
pub mod planned;
pub mod profsect;
pub mod prop;
pub mod properties;
pub mod provider_admin;
pub mod recipients;
pub mod relay;
pub mod status;
pub mod store;
pub mod stream;
pub mod subscriptions;
pub mod support;
pub mod table;
pub mod text;
pub mod their;
pub mod their_message;
pub mod wire;
pub mod wrapping;

#[cfg(test)]
mod tests;

pub use host::{Preprocessor, Row, SessionHost, StatusRowChange, StoreHost};
pub use message::{Attach, Message};
pub use oneoff::MailUser;
pub use profsect::ProfSect;
pub use properties::Properties;
pub use store::Store;
pub use support::Support;
