//! What a trace says about the run itself, before any rule is asked.

use std::collections::{BTreeMap, BTreeSet};

use mock_spooler::trace::event::{Announcer, By, IllegalKind, Outcome};
use mock_spooler::trace::{Event, What};

use super::signal::name_of;
use crate::capability::Capability;
use crate::case::{Place, SweepAt};
use crate::judge::Trace;
use crate::verdict::ChildEnd;

/// How the child ended, seen together with its trace: status 0 in the midst of a case is none of ours. Where the candidate
/// is a program, it is the program's end that counts.
pub(super) fn end(trace: &Trace, end: ChildEnd) -> ChildEnd {
    if let Some(What::ShimFault { status, signal, .. }) = shim_fault(trace) {
        return match (signal, status) {
            (Some(signal), _) => ChildEnd::Signalled(name_of(*signal)),
            (None, Some(status)) => ChildEnd::Exited(*status),
            (None, None) => ChildEnd::Finished,
        };
    }
    if end == ChildEnd::Finished && !trace.ended() { ChildEnd::Exited(0) } else { end }
}

/// What the candidate's program did to the shim's protocol, if anything.
pub(super) fn shim_fault(trace: &Trace) -> Option<&What> {
    trace.events.iter().map(|event| &event.what).find(|what| matches!(what, What::ShimFault { .. }))
}

/// Why the candidate could not be loaded, if so.
pub(super) fn load_failed(trace: &Trace) -> Option<&str> {
    trace.events.iter().find_map(|event| match &event.what {
        What::LoadFailed { detail } => Some(detail.as_str()),
        _ => None,
    })
}

/// What went wrong in the mock itself, if so.
pub(super) fn harness_error(trace: &Trace) -> Option<String> {
    trace.events.iter().find_map(|event| match &event.what {
        What::HarnessError { detail } => Some(detail.clone()),
        What::Illegal { kind: IllegalKind::Panic, obj, detail } => {
            Some(format!("a panic in {obj}: {detail}"))
        }
        _ => None,
    })
}

/// The innermost call into the candidate that did not return; where none is open, one of the candidate's.
pub(super) fn last_call(trace: &Trace) -> Option<String> {
    let mut open: Vec<(u64, By, String)> = Vec::new();
    for event in &trace.events {
        match &event.what {
            What::Call { by, obj, m, .. } => {
                let on = if obj.is_empty() { String::new() } else { format!(" on {obj}") };
                open.push((event.n, *by, format!("{m}{on}")));
            }
            What::Return { call, .. } => open.retain(|(n, ..)| n != call),
            _ => {}
        }
    }
    let of = |candidate: bool| open.iter().rev().find(move |(_, by, _)| (*by == By::Candidate) == candidate);
    of(false).or_else(|| of(true)).map(|(n, _, call)| format!("{call} (event {n})"))
}

/// What the candidate showed that it can do.
pub(super) fn shown(trace: &Trace) -> BTreeSet<Capability> {
    let shown = trace.events.iter().filter_map(|event| match &event.what {
        What::Announced { by: Announcer::Poll, .. } => Some(Capability::Polled),
        What::Announced { by: Announcer::Notification, .. } => Some(Capability::Notifying),
        What::Message { outcome: Outcome::Delivered, .. } => Some(Capability::Inbound),
        What::Sent { .. } => Some(Capability::Outbound),
        What::Fact { name, .. } if name == "sent-file" => Some(Capability::Outbound),
        What::Fact { name, value } if name == "submission" && defers(value) => Some(Capability::Deferral),
        What::Call { by: By::Spooler, m, .. } if m == "IXPLogon.Idle" => Some(Capability::Idle),
        What::Call { by: By::Client, m, .. } if m == "IMSProvider.Logon" => Some(Capability::Store),
        _ => None,
    });
    shown.collect()
}

/// A message that is kept to be sent later (page: ixplogon-endmessage).
fn defers(submission: &serde_json::Value) -> bool {
    submission["end"].as_str().is_some_and(|flags| flags.contains("END_DONT_RESEND"))
}

/// The places that a sweep of a step has: its callbacks, or its allocations.
pub(super) fn places(trace: &Trace, at: SweepAt, step: usize) -> Vec<Place> {
    let inside = inside(trace, step);
    match at {
        SweepAt::Callback => {
            let mut seen = BTreeMap::new();
            let callbacks = inside.iter().filter_map(|event| match &event.what {
                // What an allocator or a sink returns is no result that could be an error; allocations have a sweep of their own.
                What::Call { by: By::Candidate, obj, m, .. }
                    if !obj.is_empty() && !m.starts_with("IMalloc.") && m != "IMAPIAdviseSink.OnNotify" =>
                {
                    Some(m)
                }
                _ => None,
            });
            callbacks
                .map(|method| {
                    let nth = seen.entry(method).or_insert(0);
                    *nth += 1;
                    Place { what: method.clone(), nth: *nth }
                })
                .collect()
        }
        SweepAt::Allocation => {
            let count = inside.iter().rev().find_map(|event| match &event.what {
                What::Fact { name, value } if name == "allocations" => value["count"].as_u64(),
                _ => None,
            });
            let count = u32::try_from(count.unwrap_or(0)).unwrap_or(u32::MAX);
            (1..=count).map(|nth| Place { what: "allocation".to_owned(), nth }).collect()
        }
    }
}

fn inside(trace: &Trace, step: usize) -> &[Event] {
    let start =
        trace.events.iter().position(|event| matches!(event.what, What::Step { index, .. } if index == step));
    let Some(start) = start else { return &[] };
    let rest = &trace.events[start..];
    let end = rest.iter().position(|event| matches!(event.what, What::StepEnd { index } if index == step));
    &rest[..end.map_or(rest.len(), |end| end + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"{"trace":1,"case":"start-message/sweep"}
{"n":1,"t":10,"th":0,"ev":"step","index":3,"step":"receive"}
{"n":2,"t":20,"th":0,"ev":"call","by":"spooler","obj":"logon#1","m":"IXPLogon.StartMessage"}
{"n":3,"t":30,"th":0,"ev":"call","by":"candidate","obj":"message#1","m":"IMAPIProp.SetProps"}
{"n":4,"t":40,"th":0,"ev":"return","call":3,"hr":"S_OK"}
{"n":5,"t":50,"th":0,"ev":"call","by":"candidate","m":"MAPIAllocateBuffer"}
{"n":6,"t":60,"th":0,"ev":"return","call":5,"hr":"S_OK"}
{"n":7,"t":70,"th":0,"ev":"call","by":"candidate","obj":"message#1","m":"IMAPIProp.SetProps"}
{"n":8,"t":80,"th":0,"ev":"fact","name":"allocations","value":{"step":3,"count":2}}
"#;

    #[test]
    fn a_cut_line_is_left_out_and_the_open_call_is_named() {
        let trace = Trace::parse(format!("{TRACE}{{\"n\":9,\"t\":9").as_bytes()).expect("only cut off");
        assert_eq!(last_call(&trace).as_deref(), Some("IXPLogon.StartMessage on logon#1 (event 2)"));
    }

    #[test]
    fn sweeps_count_callbacks_by_method() {
        let trace = Trace::parse(TRACE.as_bytes()).expect("a whole trace");
        let place = |nth| Place { what: "IMAPIProp.SetProps".to_owned(), nth };
        assert_eq!(places(&trace, SweepAt::Callback, 3), [place(1), place(2)]);
        assert_eq!(places(&trace, SweepAt::Callback, 2), []);
        assert_eq!(places(&trace, SweepAt::Allocation, 3).len(), 2);
    }
}
