//! Capabilities that the candidate file denies: asked for all the same, once each, as what a provider cannot do it must refuse in
//! order and not crash over.
//!
//! A declared capability is tested by its cases. Of one that is declared off, the first case that needs nothing else is run; what
//! any case can show counts - a crash, a leak, a call that is not allowed -, and what the case expects beyond that does not. A
//! provider that does what its file denies breaks nothing: the reason of the verdict says so, as its file could say more.

use mock_spooler::trace::What;
use mock_spooler::trace::event::By;

use super::facts;
use super::suite::Suite;
use crate::capability::Capability;
use crate::case::Case;
use crate::judge::Trace;

/// What is asked for although it is denied. How mail is learnt of is a choice and no claim, every provider is asked to
/// validate its state, and without a store there is nobody to ask.
const ASKED: [Capability; 4] =
    [Capability::Inbound, Capability::Outbound, Capability::Deferral, Capability::Flush];

/// The denied capability that this case asks for, if it is the one that does.
pub(super) fn denied(suite: &Suite, case: &Case) -> Option<Capability> {
    let declared = suite.candidate.capabilities.as_deref()?;
    let off = ASKED.into_iter().find(|asked| alone(case, *asked, declared))?;
    let first = suite.catalogue().cases.iter().find(|other| alone(other, off, declared))?;
    let reachable = suite.candidate.reaches(&case.needs);
    (first.id == case.id && reachable).then_some(off)
}

/// Whether a case needs a capability that is denied, and no other such.
fn alone(case: &Case, asked: Capability, declared: &[Capability]) -> bool {
    let mut missing = case.needs.iter().filter(|need| !need.is_choice() && !declared.contains(need));
    case.sweep.is_none() && missing.next() == Some(&asked) && missing.next().is_none()
}

/// How the candidate took it, in words.
pub(super) fn taken(trace: &Trace, asked: Capability) -> &'static str {
    let succeeded = match asked {
        Capability::Flush => trace.events.iter().any(|event| {
            matches!(&event.what, What::Call { by: By::Spooler, m, .. } if m == "IXPLogon.FlushQueues")
                && trace.events.iter().any(
                    |other| matches!(&other.what, What::Return { call, hr, .. } if *call == event.n && hr == "S_OK"),
                )
        }),
        Capability::Inbound => {
            let shown = facts::shown(trace);
            [Capability::Inbound, Capability::Polled, Capability::Notifying].iter().any(|one| shown.contains(one))
        }
        asked => facts::shown(trace).contains(&asked),
    };
    if succeeded {
        "asked all the same, it does it: declared, it would be judged"
    } else {
        "asked all the same, it did nothing wrong"
    }
}
