//! A trace as text: one event a line, indented by the nesting of calls on each thread.

use std::collections::HashMap;
use std::fmt::Write as _;

use mock_spooler::trace::event::{By, Prop, Values};
use mock_spooler::trace::{Event, What};
use serde_json::Value;

use super::in_line;

/// The most characters of one value that are shown in a line.
const WIDE: usize = 80;

/// The lines of a trace, each with its event's number.
pub(crate) fn lines(events: &[Event]) -> Vec<(u64, String)> {
    let mut depths: HashMap<u32, usize> = HashMap::new();
    let mut methods: HashMap<u64, &str> = HashMap::new();
    let mut out = Vec::with_capacity(events.len());
    for event in events {
        let depth = depths.entry(event.th).or_insert(0);
        if let What::Return { .. } = event.what {
            *depth = depth.saturating_sub(1);
        }
        let mut line = format!("{:>5} {:>10.3} ms  ", event.n, nanos_to_ms(event.t));
        let _ = write!(line, "{:<4}{:indent$}", thread(event.th), "", indent = *depth * 2);
        match &event.what {
            What::Call { m, .. } => {
                *depth += 1;
                methods.insert(event.n, m);
            }
            What::Return { call, .. } => {
                let _ = write!(line, "{} ", methods.get(call).copied().unwrap_or("?"));
            }
            _ => {}
        }
        line.push_str(&says(&event.what));
        out.push((event.n, in_line(&line)));
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "three decimals of milliseconds are shown")]
fn nanos_to_ms(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

fn thread(number: u32) -> String {
    if number == 0 { String::new() } else { format!("t{number}") }
}

/// What an event says, without its number, time and thread.
fn says(what: &What) -> String {
    match what {
        What::Call { by, .. } => format!("{} {}", arrow(*by), bare(what)),
        What::Return { .. } => format!("= {}", bare(what)),
        What::Ref { by, .. } => format!("{} {}", arrow(*by), bare(what)),
        What::Foreign { .. } => format!("-- {}", bare(what)),
        What::Step { .. } | What::StepEnd { .. } | What::End {} => format!("== {}", bare(what)),
        What::TimedOut { .. }
        | What::Unexpected { .. }
        | What::Illegal { .. }
        | What::Unsupported { .. }
        | What::HarnessError { .. }
        | What::ShimFault { .. }
        | What::LoadFailed { .. } => format!("!! {}", bare(what)),
        What::Arrive { .. }
        | What::Message { .. }
        | What::StatusRow { .. }
        | What::Notified { .. }
        | What::Announced { .. }
        | What::Fact { .. }
        | What::Sent { .. } => format!("** {}", bare(what)),
    }
}

fn arrow(by: By) -> &'static str {
    match by {
        By::Spooler => "->",
        By::Client => "=>",
        By::Candidate => "<-",
    }
}

/// The same without the sign in front: for where the kind of an event is shown otherwise. Not yet made harmless.
pub(super) fn bare(what: &What) -> String {
    match what {
        What::Call { obj, m, args, msgref, .. } => {
            let on = if obj.is_empty() { String::new() } else { format!("{obj} ") };
            let cell = msgref.map(|value| format!("  [reference {value}]")).unwrap_or_default();
            format!("{on}{m}({}){cell}", values(args))
        }
        What::Return { hr, out, unwritten, injected, .. } => {
            let mut text = hr.clone();
            if !out.is_empty() {
                let _ = write!(text, "  {}", values(out));
            }
            if !unwritten.is_empty() {
                let _ = write!(text, "  unwritten: {}", unwritten.join(", "));
            }
            if *injected {
                text.push_str("  (ordered by the case)");
            }
            text
        }
        What::Ref { obj, m, refs, .. } => format!("{obj} {m} = {refs}"),
        What::Step { index, step, session } => {
            let on = if session.is_empty() { String::new() } else { format!(" on {session}") };
            format!("step {index}: {step}{on}")
        }
        What::StepEnd { index } => format!("end of step {index}"),
        What::Arrive { mail } => format!("mail `{mail}` arrives"),
        What::Message { obj, outcome, content } => format!(
            "{obj} is {outcome:?}: {} properties, {} recipients, {} attachments, saved {} times",
            content.props.len(),
            content.recipients.len(),
            content.attachments.len(),
            content.saves
        )
        .to_lowercase(),
        What::StatusRow { session, row: None } => format!("status row of {session} is gone"),
        What::StatusRow { session, row: Some(row) } => format!("status row of {session}: {}", props(row)),
        What::Notified { session, flags, taken } => format!("{session} notifies {flags}: {taken:?}"),
        What::Announced { session, by } => format!("mail is announced on {session}: {by:?}"),
        What::Foreign { session, m, args, hr, out, .. } => {
            let back = if out.is_empty() { String::new() } else { format!("  {}", values(out)) };
            format!("{session} {m}({}) = {hr}{back}", values(args))
        }
        What::TimedOut { session, waiting, ms } => {
            format!("{session}: waited {ms} ms for {waiting} in vain")
        }
        What::Unexpected { due, seen } => format!("due: {due}; seen: {seen}"),
        What::Illegal { kind, obj, detail } => format!("{kind:?} {obj}: {detail}"),
        What::Unsupported { m, detail } => format!("{m} is not supported here: {detail}"),
        What::Fact { name, value } => format!("{name} = {}", short(value)),
        What::Sent { content, envelope } => {
            format!("mail was sent to {}: {} properties", envelope.join(", "), content.props.len())
        }
        What::HarnessError { detail } => format!("the harness failed: {detail}"),
        What::ShimFault { due, seen, .. } => format!("the shim: due: {due}; seen: {seen}"),
        What::LoadFailed { detail } => format!("the candidate cannot be loaded: {detail}"),
        What::End {} => "end".to_owned(),
    }
}

fn values(values: &Values) -> String {
    values.iter().map(|(name, value)| format!("{name}={}", short(value))).collect::<Vec<_>>().join(", ")
}

fn props(props: &[Prop]) -> String {
    let shown = props
        .iter()
        .map(|prop| format!("{}={}", prop.name.as_deref().unwrap_or(&prop.tag), short(&prop.value)));
    shown.collect::<Vec<_>>().join(", ")
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    match text.char_indices().nth(WIDE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Trace;

    #[test]
    fn nesting_is_indented() {
        let trace = br#"{"trace":1,"case":"polling/one"}
{"n":1,"t":1000000,"th":0,"ev":"call","by":"spooler","obj":"logon#1","m":"IXPLogon.StartMessage","args":{"ulFlags":0}}
{"n":2,"t":1500000,"th":0,"ev":"call","by":"candidate","obj":"message#1","m":"IMAPIProp.SaveChanges","msgref":7}
{"n":3,"t":2000000,"th":0,"ev":"return","call":2,"hr":"S_OK"}
{"n":4,"t":2500000,"th":0,"ev":"return","call":1,"hr":"S_OK","out":{"lpulMsgRef":7}}
"#;
        let trace = Trace::parse(trace).expect("a trace");
        let text: Vec<String> = lines(&trace.events).into_iter().map(|(_, line)| line).collect();
        assert_eq!(
            text,
            [
                "    1      1.000 ms      -> logon#1 IXPLogon.StartMessage(ulFlags=0)",
                "    2      1.500 ms        <- message#1 IMAPIProp.SaveChanges()  [reference 7]",
                "    3      2.000 ms        IMAPIProp.SaveChanges = S_OK",
                "    4      2.500 ms      IXPLogon.StartMessage = S_OK  lpulMsgRef=7",
            ]
        );
    }
}
