//! Judging: a trace goes in, the requirements that were broken come out.
//!
//! [`Trace`] is what the child wrote. A model of it - calls with their returns, sessions, messages on their way in, what
//! arrived and what was delivered - is what the [`rules`] look at. Each [`Rule`] checks one requirement, cites the page
//! beside the check, and holds for every case; [`judge_case`] applies them all.

mod attribute;
pub(crate) mod calls;
mod case;
mod ledger;
mod mail;
pub(crate) mod model;
pub(crate) mod passage;
pub(crate) mod receipt;
mod rule;
pub mod rules;
mod sent;
pub(crate) mod served;
pub(crate) mod session;
pub(crate) mod stores;
mod submission;
#[cfg(test)]
pub(crate) mod testing;
mod trace;
pub(crate) mod values;

pub use case::{Input, Judgement, judge_case};
pub use mail::{Attached, Difference, Mail, RecipientType};
pub use rule::{Context, Finding, Rule};
pub use sent::{NONTRANSMITTABLE, Sent};
pub use trace::{Trace, TraceError, written};
