//! A candidate that is a program, and breaks the protocol of the shim.

use mock_spooler::trace::event::What;

use super::Attributed;
use crate::judge::rule::Context;

/// A program that ended is a process that ended, and laid to where it did, as with a library.
pub(super) fn attributed(context: &Context<'_>) -> Option<Attributed> {
    context.model.events().iter().find_map(|event| match &event.what {
        What::ShimFault { due, seen, status: None, signal: None, .. } => Some(Attributed {
            level: None,
            requirement: "ROBU-01",
            event: Some(event.n),
            due: due.clone(),
            seen: seen.clone(),
        }),
        _ => None,
    })
}
