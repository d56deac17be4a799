//! The first look at a candidate: can it be loaded and initialised at all? In a child, as everything.

use std::fs;
use std::io;

use mock_spooler::plan::{Plan, Step};
use mock_spooler::trace::What;

use super::sandbox::Sandbox;
use super::spawn::{self, Ended};
use super::suite::Suite;
use super::{facts, plan, record, turn};
use crate::judge::{Trace, TraceError};
use crate::verdict::ChildEnd;

/// What the first look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preflight {
    /// The candidate can be loaded and initialised.
    Fine,
    /// It cannot: why, and what the child printed last.
    Unloadable {
        /// Why.
        why: String,
        /// What the child printed last.
        output: String,
    },
    /// The harness failed.
    HarnessError {
        /// Why.
        why: String,
        /// What the child printed last.
        output: String,
    },
}

pub(super) fn preflight(suite: &Suite) -> Preflight {
    let steps = serde_json::from_str(r#"["load", "shutdown", "unload"]"#).map_err(io::Error::other);
    match steps.and_then(|steps| look(suite, steps, "XPProviderInit")) {
        Ok(Looked { found, .. }) => found,
        Err(error) => {
            Preflight::HarnessError { why: format!("no child could be run: {error}"), output: String::new() }
        }
    }
}

/// What a child showed.
pub(super) struct Looked {
    pub(super) found: Preflight,
    pub(super) trace: Option<Trace>,
}

/// Runs these steps, among which is the call of this entry point.
pub(super) fn look(suite: &Suite, steps: Vec<Step>, entry: &str) -> io::Result<Looked> {
    let _turn = turn::take(&suite.candidate)?;
    let sandbox = Sandbox::new(&suite.candidate)?;
    let plan = Plan { steps, ..plan::empty(&suite.candidate, &suite.host, "preflight", &sandbox) };
    fs::write(sandbox.plan(), serde_json::to_vec(&plan)?)?;
    let Ended { end, output } = spawn::spawn(suite, sandbox.path(), &sandbox.plan(), suite.candidate.limit)?;
    let (trace, end) = match record::judged(&sandbox.trace().bytes()?, end.clone()) {
        Ok(judged) => judged,
        Err(error) => {
            let found = Preflight::HarnessError { why: unreadable(&error, &end), output };
            return Ok(Looked { found, trace: None });
        }
    };
    let found = match (facts::harness_error(&trace), failure(&trace, &end, entry)) {
        (Some(why), _) => Preflight::HarnessError { why, output },
        (None, Some(why)) => Preflight::Unloadable { why, output },
        (None, None) => Preflight::Fine,
    };
    Ok(Looked { found, trace: Some(trace) })
}

fn unreadable(error: &TraceError, end: &ChildEnd) -> String {
    format!("{error} (the child: {})", end.describe())
}

/// Why the candidate cannot be had; what goes wrong after its initialisation is for the cases to judge.
fn failure(trace: &Trace, end: &ChildEnd, entry: &str) -> Option<String> {
    if let Some(detail) = facts::load_failed(trace) {
        return Some(detail.to_owned());
    }
    let init = trace.events.iter().find(|event| matches!(&event.what, What::Call { m, .. } if m == entry));
    let returned = init.and_then(|init| {
        trace.events.iter().find_map(|event| match &event.what {
            What::Return { call, hr, .. } if *call == init.n => Some(hr.as_str()),
            _ => None,
        })
    });
    match (init, returned) {
        (Some(_), Some("S_OK")) => None,
        (Some(_), Some(hr)) if mapi_spi::HRESULT::from_name(hr).is_some_and(mapi_spi::HRESULT::is_ok) => None,
        (Some(_), Some(hr)) => Some(format!("{entry} returned {hr}")),
        (Some(_), None) => Some(format!("{entry} did not return: {}", end.describe())),
        (None, _) => Some(format!("loading it did not come to an end: {}", end.describe())),
    }
}
