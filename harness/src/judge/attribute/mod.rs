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
use crate::requirements::Level;

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
    /// Where it binds otherwise than the requirement.
    pub(crate) level: Option<Level>,
}

impl Attributed {
    /// Mail that is lost, or comes twice, is the worst that a provider can do, and no matter of a derived statement: who
    /// returned success, or set PR_RESPONSIBILITY, has taken the message over (page `pidtagresponsibility-canonical-property`).
    /// Where the case made a callback or an allocation fail there may be no way to say what was done, and it stays with the
    /// requirement's own level.
    fn of_mail(self) -> Self {
        let disturbed = matches!(self.requirement, "MEMO-04" | "ROBU-02" | "ROBU-03");
        Self { level: (!disturbed).then_some(Level::Must), ..self }
    }
}

/// The symptoms of a trace. Mail that is not announced, or not sent, counts only where the case applies to the candidate.
pub(crate) fn all(context: &Context<'_>, applies: bool) -> Vec<Attributed> {
    let mut all = illegal::attributed(context);
    all.extend(ending::attributed(context));
    all.extend(shim::attributed(context));
    all.extend(outbound::attributed(context, applies));
    all.extend(stores::attributed(context));
    if applies {
        all.extend(announcement::attributed(context));
    }
    all
}
