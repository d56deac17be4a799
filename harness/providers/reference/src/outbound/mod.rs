//! Mail that goes out: `SubmitMessage`, `EndMessage`, deferral, and the files that sent mail becomes.
//!
//! What stands before the `@` of an address can ask for special treatment, so that each answer of the interface can be had:
//! `nobody` is unknown here and reported as such, `busy` is worth a second try later (`MAPI_E_WAIT`), `later` defers the
//! message until this provider asks for it.

mod compose;
mod deferral;
mod gather;
mod outbox;
mod preprocess;
mod recipients;
mod relay;
mod submit;

pub(crate) use deferral::{Sending, abort_deferred, ask_for_deferred};
pub use preprocess::{ReferencePreprocessMessage, ReferenceRemovePreprocessInfo};
pub(crate) use preprocess::{register_preprocessor, register_preprocessor_library};
pub(crate) use recipients::needs_the_spooler;
pub(crate) use relay::server;
pub(crate) use submit::{Refusal, end, submit};
