//! A trace in the format of Chrome's tracing, which Perfetto (ui.perfetto.dev) and other viewers open.

use std::collections::{BTreeSet, HashSet};

use mock_spooler::trace::event::By;
use mock_spooler::trace::{Event, What};
use serde_json::{Value, json};

use super::trace_text;

/// The one process that there is.
const PROCESS: u32 = 1;

/// The trace as a JSON object; times are microseconds.
pub(crate) fn perfetto(id: &str, events: &[Event]) -> Value {
    let threads: BTreeSet<u32> = events.iter().map(|event| event.th).collect();
    let mut out = vec![json!({
        "ph": "M", "name": "process_name", "pid": PROCESS, "tid": 0, "args": { "name": id },
    })];
    out.extend(threads.into_iter().map(|thread| {
        let name = if thread == 0 { "spooler".to_owned() } else { format!("thread {thread}") };
        json!({ "ph": "M", "name": "thread_name", "pid": PROCESS, "tid": thread, "args": { "name": name } })
    }));
    let mut begun = HashSet::new();
    out.extend(events.iter().filter_map(|event| one(event, &mut begun)));
    json!({ "displayTimeUnit": "ms", "traceEvents": out })
}

fn one(event: &Event, begun: &mut HashSet<u64>) -> Option<Value> {
    let mut value = match &event.what {
        What::Call { by, obj, m, args, msgref } => {
            begun.insert(event.n);
            let category = match by {
                By::Spooler => "spooler",
                By::Client => "client",
                By::Candidate => "candidate",
            };
            json!({ "ph": "B", "name": m, "cat": category, "args": { "object": obj, "in": args, "reference": msgref } })
        }
        What::Return { call, hr, out, .. } if begun.contains(call) => {
            json!({ "ph": "E", "args": { "result": hr, "out": out } })
        }
        // An end without its beginning would close another call.
        What::Return { .. } => return None,
        What::Step { index, .. } => {
            json!({ "ph": "B", "name": trace_text::bare(&event.what), "cat": "step", "args": { "index": index } })
        }
        What::StepEnd { .. } => json!({ "ph": "E" }),
        What::Ref { .. } | What::End {} => return None,
        What::Arrive { .. }
        | What::Message { .. }
        | What::StatusRow { .. }
        | What::Notified { .. }
        | What::Announced { .. }
        | What::Foreign { .. }
        | What::TimedOut { .. }
        | What::Unexpected { .. }
        | What::Illegal { .. }
        | What::Unsupported { .. }
        | What::Fact { .. }
        | What::Sent { .. }
        | What::HarnessError { .. }
        | What::ShimFault { .. }
        | What::LoadFailed { .. } => {
            json!({ "ph": "i", "s": "t", "name": trace_text::bare(&event.what), "cat": "event" })
        }
    };
    value["pid"] = PROCESS.into();
    value["tid"] = event.th.into();
    value["ts"] = micros(event.t).into();
    value["args"]["event"] = event.n.into();
    Some(value)
}

#[expect(clippy::cast_precision_loss, reason = "a viewer shows nanoseconds of a run of hours at most")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Trace;

    const TRACE: &str = r#"{"trace":1,"case":"polling/one"}
{"n":1,"t":1000,"th":0,"ev":"step","index":0,"step":"receive"}
{"n":2,"t":2500,"th":0,"ev":"call","by":"spooler","obj":"logon#1","m":"IXPLogon.Poll"}
{"n":3,"t":3000,"th":1,"ev":"arrive","mail":"m1"}
{"n":4,"t":4000,"th":0,"ev":"return","call":2,"hr":"S_OK"}
{"n":5,"t":4000,"th":0,"ev":"return","call":99,"hr":"S_OK"}
{"n":6,"t":5000,"th":0,"ev":"step-end","index":0}
"#;

    #[test]
    fn calls_begin_and_end() {
        let trace = Trace::parse(TRACE.as_bytes()).expect("a trace");
        let value = perfetto("polling/one", &trace.events);
        let events = value["traceEvents"].as_array().expect("events");
        let of = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
        assert_eq!((of("M"), of("B"), of("E"), of("i")), (3, 2, 2, 1));
        let call = events.iter().find(|event| event["name"] == "IXPLogon.Poll").expect("the call");
        assert_eq!((&call["ts"], &call["tid"], &call["cat"]), (&json!(2.5), &json!(0), &json!("spooler")));
        for event in events.iter().filter(|event| event["ph"] != "M") {
            assert!(
                event["ts"].is_number() && event["pid"] == PROCESS && event["tid"].is_number(),
                "{event}"
            );
        }
    }
}
