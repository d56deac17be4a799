//! The calls around the place where a finding shows.

use std::collections::HashMap;

use mock_spooler::trace::{Event, What};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::trace_text;

const BEFORE: usize = 4;
const AFTER: usize = 2;
/// The most characters of a line.
const WIDE: usize = 150;

/// Where in a trace something shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Around {
    /// The step of the case, `step 3: receive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The call in which it happened, and the calls around that one, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
    /// The lines of the trace around it; its own begins with `>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// What stands around each of these events.
pub(crate) fn context(events: &[Event], around: &[Option<u64>]) -> Vec<Around> {
    if around.is_empty() {
        return Vec::new();
    }
    let lines = trace_text::lines(events);
    let cut = |line: &str| match line.char_indices().nth(WIDE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    };
    let of = |wanted: &Option<u64>| {
        let Some(wanted) = wanted else { return Around::default() };
        let Some(at) = lines.iter().position(|(n, _)| *n == *wanted) else { return Around::default() };
        let last = (at + AFTER + 1).min(lines.len());
        let window = &lines[at.saturating_sub(BEFORE)..last];
        let (step, calls) = within(events, *wanted);
        Around {
            step,
            calls,
            lines: window
                .iter()
                .map(|(n, line)| format!("{} {}", if *n == *wanted { '>' } else { ' ' }, cut(line)))
                .collect(),
        }
    };
    around.iter().map(of).collect()
}

/// The step and the calls, innermost first, in which an event happened.
fn within(events: &[Event], wanted: u64) -> (Option<String>, Vec<String>) {
    let mut step = None;
    let mut open: HashMap<u32, Vec<(u64, String)>> = HashMap::new();
    for event in events.iter().take_while(|event| event.n <= wanted) {
        let own = open.entry(event.th).or_default();
        match &event.what {
            What::Call { obj, m, .. } => {
                let on = if obj.is_empty() { String::new() } else { format!(" on {obj}") };
                own.push((event.n, super::in_line(&format!("{m}{on} (event {})", event.n))));
            }
            // The return is still a part of its call.
            What::Return { call, .. } if event.n < wanted => own.retain(|(n, _)| n != call),
            What::Step { index, step: verb, .. } => step = Some(format!("step {index}: {verb}")),
            What::StepEnd { .. } if event.n < wanted => step = None,
            _ => {}
        }
    }
    let thread = events.iter().find(|event| event.n == wanted).map_or(0, |event| event.th);
    let calls = open.remove(&thread).unwrap_or_default();
    (step, calls.into_iter().rev().map(|(_, call)| call).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Trace;

    #[test]
    fn the_call_is_named_with_those_around_it() {
        let trace = br#"{"trace":1,"case":"polling/one"}
{"n":1,"t":1,"th":0,"ev":"step","index":3,"step":"receive"}
{"n":2,"t":1,"th":0,"ev":"call","by":"spooler","obj":"logon#1","m":"IXPLogon.StartMessage"}
{"n":3,"t":1,"th":0,"ev":"call","by":"candidate","obj":"message#1","m":"IMAPIProp.SaveChanges"}
{"n":4,"t":2,"th":0,"ev":"return","call":3,"hr":"S_OK"}
{"n":5,"t":2,"th":0,"ev":"return","call":2,"hr":"S_OK"}
{"n":6,"t":2,"th":0,"ev":"step-end","index":3}
"#;
        let trace = Trace::parse(trace).expect("a trace");
        let around = context(&trace.events, &[Some(4), Some(6), None, Some(99)]);
        let outer = "IXPLogon.StartMessage on logon#1 (event 2)";
        assert_eq!(around[0].calls, ["IMAPIProp.SaveChanges on message#1 (event 3)", outer]);
        assert_eq!(around[0].step.as_deref(), Some("step 3: receive"));
        assert!(around[0].lines[3].starts_with("> "), "{:?}", around[0].lines);
        assert_eq!(
            (around[1].calls.len(), &around[2], &around[3]),
            (0, &Around::default(), &Around::default())
        );
    }
}
