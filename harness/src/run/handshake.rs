//! The first words between MAPI and a provider: its library is loaded, its entry point called, and what it answers is told.

use mock_spooler::plan::Step;
use mock_spooler::trace::What;
use serde_json::Value;

use super::preflight::{self, Looked, Preflight};
use super::suite::Suite;

/// An entry point, and the steps that call it and leave again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// XPProviderInit.
    Transport,
    /// MSProviderInit.
    Store,
}

/// What came of a first handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Whether it can be loaded and initialised.
    pub outcome: Preflight,
    /// The result of the entry point, by name, where it returned.
    pub result: Option<String>,
    /// What it was told and what it answered: names of parameters and values.
    pub values: Vec<(String, String)>,
}

impl Entry {
    /// The exported name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transport => "XPProviderInit",
            Self::Store => "MSProviderInit",
        }
    }

    /// The steps; nothing where this mock spooler has none for it.
    fn steps(self) -> Option<Vec<Step>> {
        let steps = match self {
            Self::Transport => r#"["load", "shutdown", "unload"]"#,
            Self::Store => r#"["load-store", "shutdown-store"]"#,
        };
        serde_json::from_str(steps).ok()
    }
}

/// Shakes hands in a child; nothing where this mock spooler has no steps for it.
pub(super) fn handshake(suite: &Suite, entry: Entry) -> Option<Handshake> {
    let steps = entry.steps()?;
    let (outcome, trace) = match preflight::look(suite, steps, entry.name()) {
        Ok(Looked { found, trace }) => (found, trace),
        Err(error) => {
            let why = format!("no child could be run: {error}");
            (Preflight::HarnessError { why, output: String::new() }, None)
        }
    };
    let mut handshake = Handshake { outcome, result: None, values: Vec::new() };
    let events = trace.map(|trace| trace.events).unwrap_or_default();
    let call = events.iter().find_map(|event| match &event.what {
        What::Call { m, args, .. } if m == entry.name() => Some((event.n, args)),
        _ => None,
    });
    let Some((n, args)) = call else { return Some(handshake) };
    handshake.values.extend(args.iter().map(|(name, value)| (name.clone(), shown(value))));
    let answer = events.iter().find_map(|event| match &event.what {
        What::Return { call, hr, out, .. } if *call == n => Some((hr, out)),
        _ => None,
    });
    if let Some((hr, out)) = answer {
        handshake.result = Some(hr.clone());
        handshake.values.extend(out.iter().map(|(name, value)| (name.clone(), shown(value))));
    }
    Some(handshake)
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
