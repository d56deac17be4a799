//! Symptoms that can mean several broken requirements, each assigned to exactly one by its history.
//!
//! A mail that is never announced may have been lost by a cancellation, by an error, or by a poll that took it; a process
//! that ends may have ended in a logoff or in a second thread. The alternative, one rule per requirement that looks at
//! the symptom by itself, would report a single fault under many names.

mod announcement;
mod ending;
mod illegal;
pub(crate) mod outbound;
mod shim;
mod stores;
mod unexpected;

use super::rule::Context;

pub(crate) use unexpected::unexplained;

/// A symptom with the requirement that it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attributed {
    /// The requirement.
    pub(crate) requirement: &'static str,
    /// The event at which it was seen.
    pub(crate) event: Option<u64>,
    /// What was due.
    pub(crate) due: String,
    /// What was seen.
    pub(crate) seen: String,
}

/// The symptoms of a trace. Mail that is not announced counts only where the case applies to the candidate.
pub(crate) fn all(context: &Context<'_>, applies: bool) -> Vec<Attributed> {
    let mut all = illegal::attributed(context);
    all.extend(ending::attributed(context));
    all.extend(shim::attributed(context));
    all.extend(outbound::attributed(context));
    all.extend(stores::attributed(context));
    if applies {
        all.extend(announcement::attributed(context));
    }
    all
}
