//! A trace as the text of a snapshot: every call with what it was given and what came of it.
//!
//! A golden folds away what a provider is free to choose; here that is what is looked at. Only what differs from one run of the
//! same provider to the next is replaced, each by a placeholder that keeps what matters: the directory of the case, moments of this
//! run, references and binary identifiers (numbered in the order of their appearance, so equal ones stay equal). Threads beside
//! the spooler's run at a pace of their own: what each of them did stands together at the end. What is repeated at once without any
//! difference, as polls are, stands once.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use mock_spooler::trace::What;
use mock_spooler::trace::event::{By, Values};
use serde_json::Value;

use crate::judge::Trace;
use crate::report::in_line;

/// Shorter byte strings are shown as they are: flags and digests of a message's class, not identifiers.
const SHORT: usize = 8;
/// Moments within so long of the end of the run are the run's own.
const RECENT: Duration = Duration::from_secs(15 * 60);
/// Values that are lists or longer than this stand on lines of their own.
const WIDE: usize = 100;
/// From the beginning of FILETIMEs to that of Unix times, in seconds.
const FROM_1601_TO_1970: u64 = 11_644_473_600;

/// The text of a trace. `dirs` are the names of the case's directory.
pub(super) fn text(trace: &Trace, dirs: &[String]) -> String {
    let mut writer = Writer { dirs, names: BTreeMap::new(), now: file_time() };
    let mut threads: BTreeMap<u32, Thread> = BTreeMap::new();
    for event in &trace.events {
        threads.entry(event.th).or_default().take(event.n, &event.what, &mut writer);
    }
    let mut out = String::new();
    if let Some(main) = threads.remove(&0) {
        main.into_nodes().iter().for_each(|node| node.write(0, &mut out));
    }
    // In an order that does not depend on which of them came first.
    let mut others: Vec<String> = threads
        .into_values()
        .map(|thread| {
            let mut text = String::new();
            let nodes = thread.into_nodes();
            write_all(&nodes, 1, &mut text);
            text
        })
        .filter(|text| !text.is_empty())
        .collect();
    others.sort();
    for other in others {
        out.push_str("== another thread\n");
        out.push_str(&other);
    }
    out
}

/// A call with what happened in it, or any other line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Node {
    lines: Vec<String>,
    children: Vec<Node>,
    end: Vec<String>,
}

impl Node {
    fn write(&self, depth: usize, out: &mut String) {
        let mut put = |line: &str| out.push_str(&format!("{}{line}\n", "  ".repeat(depth)));
        self.lines.iter().for_each(|line| put(line));
        write_all(&self.children, depth + 1, out);
        let mut put = |line: &str| out.push_str(&format!("{}{line}\n", "  ".repeat(depth)));
        self.end.iter().for_each(|line| put(line));
    }
}

/// Equal neighbours stand once.
fn write_all(nodes: &[Node], depth: usize, out: &mut String) {
    let mut rest = nodes;
    while let Some((first, behind)) = rest.split_first() {
        first.write(depth, out);
        let same = behind.iter().take_while(|next| *next == first).count();
        if same > 0 {
            out.push_str(&format!("{}(again)\n", "  ".repeat(depth)));
        }
        rest = &behind[same..];
    }
}

/// What a thread did: finished nodes, and the calls that it is in.
#[derive(Debug, Default)]
struct Thread {
    done: Vec<Node>,
    open: Vec<(u64, Node)>,
}

impl Thread {
    fn take(&mut self, n: u64, what: &What, writer: &mut Writer<'_>) {
        match what {
            What::Step { step, session, .. } => {
                self.close_all();
                let on = if session.is_empty() || session == "main" {
                    String::new()
                } else {
                    format!(" ({session})")
                };
                self.open.push((n, Node { lines: vec![format!("== {step}{on}")], ..Node::default() }));
            }
            What::StepEnd { .. } => self.close_all(),
            What::Call { by, obj, m, args, msgref } => {
                let arrow = match by {
                    By::Spooler => "->",
                    By::Client => "=>",
                    By::Candidate => "<-",
                };
                let on = if obj.is_empty() { String::new() } else { format!("{obj} ") };
                let cell = msgref.map(|value| format!("  [{}]", writer.reference(value))).unwrap_or_default();
                let (short, long) = writer.values(args);
                let mut lines = vec![format!("{arrow} {on}{m}({short}){cell}")];
                lines.extend(long);
                self.open.push((n, Node { lines, ..Node::default() }));
            }
            What::Return { call, hr, out, unwritten, injected, .. } => {
                let (short, long) = writer.values(out);
                let mut line = format!("= {hr}");
                for (head, more) in [("", short), ("unwritten: ", unwritten.join(", "))] {
                    if !more.is_empty() {
                        line.push_str(&format!("  {head}{more}"));
                    }
                }
                if *injected {
                    line.push_str("  (ordered by the case)");
                }
                self.finish(*call, line, long);
            }
            What::Ref { by, obj, m, refs } => {
                let arrow = if *by == By::Candidate { "<-" } else { "->" };
                self.line(format!("{arrow} {obj} {m} = {refs}"), Vec::new());
            }
            What::Arrive { mail } => self.line(format!("** mail `{mail}` arrives"), Vec::new()),
            What::Message { obj, outcome, content } => {
                let long =
                    serde_json::to_value(content).map(|content| writer.block(&content)).unwrap_or_default();
                self.line(format!("** {obj} is {}", format!("{outcome:?}").to_lowercase()), long);
            }
            What::StatusRow { row, .. } => match row {
                Some(row) => {
                    let row = serde_json::to_value(row).map(|row| writer.block(&row)).unwrap_or_default();
                    self.line("** status row".to_owned(), row);
                }
                None => self.line("** the status row is gone".to_owned(), Vec::new()),
            },
            What::Notified { flags, taken, .. } => {
                self.line(
                    format!("** notification {flags}: {}", format!("{taken:?}").to_lowercase()),
                    Vec::new(),
                );
            }
            What::Announced { by, .. } => {
                self.line(
                    format!("** mail is announced by {}", format!("{by:?}").to_lowercase()),
                    Vec::new(),
                );
            }
            What::Foreign { m, hr, .. } => self.line(format!("~~ another transport: {m} = {hr}"), Vec::new()),
            What::TimedOut { waiting, .. } => {
                self.line(format!("!! waited in vain for {waiting}"), Vec::new());
            }
            What::Unexpected { due, seen } => self.line(format!("!! due: {due}; seen: {seen}"), Vec::new()),
            What::Illegal { kind, obj, .. } => self.line(format!("!! {kind:?} {obj}"), Vec::new()),
            What::ShimFault { due, seen, .. } => {
                self.line(format!("!! the shim: due: {due}; seen: {seen}"), Vec::new());
            }
            What::Unsupported { m, .. } => self.line(format!("!! {m} is not supported here"), Vec::new()),
            What::Sent { envelope, .. } => {
                self.line(format!("** mail is sent to {}", envelope.join(", ")), Vec::new());
            }
            What::HarnessError { .. } | What::LoadFailed { .. } | What::Fact { .. } | What::End {} => {}
        }
    }

    /// A line with what belongs to it.
    fn line(&mut self, line: String, mut long: Vec<String>) {
        long.insert(0, in_line(&line));
        self.put(Node { lines: long, ..Node::default() });
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            Some((_, within)) => within.children.push(node),
            None => self.done.push(node),
        }
    }

    /// A call returns. In a call without callbacks the result stands in the same line.
    fn finish(&mut self, call: u64, line: String, long: Vec<String>) {
        if !self.open.iter().any(|(n, _)| *n == call) {
            return;
        }
        while let Some((n, mut node)) = self.open.pop() {
            if n == call {
                if let ([only], true) = (node.lines.as_mut_slice(), node.children.is_empty()) {
                    only.push(' ');
                    only.push_str(&line);
                    node.lines.extend(long);
                } else {
                    node.end.push(line);
                    node.end.extend(long);
                }
                self.put(node);
                return;
            }
            self.put(node);
        }
    }

    fn close_all(&mut self) {
        while let Some((_, node)) = self.open.pop() {
            self.put(node);
        }
    }

    fn into_nodes(mut self) -> Vec<Node> {
        self.close_all();
        self.done
    }
}

struct Writer<'a> {
    dirs: &'a [String],
    /// What was numbered, with its number among its kind.
    names: BTreeMap<(&'static str, String), usize>,
    now: u64,
}

impl Writer<'_> {
    /// Values by name: those that fit into the line, and lines of their own for the rest.
    fn values(&mut self, values: &Values) -> (String, Vec<String>) {
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for (name, value) in values {
            let wide = matches!(value, Value::Array(items) if !items.is_empty());
            let shown = if wide { String::new() } else { self.named(name, value) };
            if wide || shown.len() > WIDE {
                let block = self.block(value);
                match block.as_slice() {
                    [one] => long.push(format!("    {name}: {}", one.trim_start())),
                    _ => {
                        long.push(format!("    {name}:"));
                        long.extend(block.into_iter().map(|line| format!("  {line}")));
                    }
                }
            } else {
                short.push(format!("{name}={shown}"));
            }
        }
        (short.join(", "), long)
    }

    fn named(&mut self, name: &str, value: &Value) -> String {
        match value.as_u64() {
            Some(number) if name.contains("MsgRef") => self.reference(number),
            _ => self.value(value),
        }
    }

    /// A value on lines of its own, indented once.
    fn block(&mut self, value: &Value) -> Vec<String> {
        match value {
            Value::Array(items) => items
                .iter()
                .flat_map(|item| match item {
                    Value::Array(_) => {
                        let mut lines = self.block(item);
                        lines.insert(0, "    row".to_owned());
                        lines[1..].iter_mut().for_each(|line| line.insert_str(0, "  "));
                        lines
                    }
                    item => vec![format!("    {}", self.value(item))],
                })
                .collect(),
            Value::Object(members) if !is_leaf(value) => members
                .iter()
                .flat_map(|(name, value)| {
                    if matches!(value, Value::Array(items) if !items.is_empty())
                        || value.is_object() && !is_leaf(value)
                    {
                        let mut lines = vec![format!("    {name}")];
                        lines.extend(self.block(value).into_iter().map(|line| format!("  {line}")));
                        lines
                    } else {
                        vec![format!("    {name} {}", self.named(name, value))]
                    }
                })
                .collect(),
            value => vec![format!("    {}", self.value(value))],
        }
    }

    fn value(&mut self, value: &Value) -> String {
        if let Some(tag) = value.get("tag").and_then(Value::as_str) {
            let name = value.get("name").and_then(Value::as_str).unwrap_or(tag);
            let held = value.get("value").unwrap_or(&Value::Null);
            let time = tag.to_ascii_uppercase().ends_with("0040");
            let shown = match held.as_u64().filter(|_| time) {
                Some(moment) => self.time(moment),
                None => self.value(held),
            };
            return format!("{} = {shown}", in_line(name));
        }
        if let Some(hex) = value.get("hex").and_then(Value::as_str) {
            return self.bytes(hex);
        }
        match value {
            Value::String(text) => self.words(text),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.value(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("{name}={}", self.named(name, value)))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
            value => value.to_string(),
        }
    }

    fn words(&self, text: &str) -> String {
        let replaced =
            self.dirs.iter().fold(text.to_owned(), |text, dir| text.replace(dir.as_str(), "${case.dir}"));
        in_line(&replaced)
    }

    /// Text that is held as bytes is shown as text; what looks like an identifier is numbered.
    fn bytes(&mut self, hex: &str) -> String {
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .filter_map(|at| hex.get(at * 2..at * 2 + 2))
            .filter_map(|two| u8::from_str_radix(two, 16).ok())
            .collect();
        if bytes.len() < SHORT {
            return format!("bytes {hex}");
        }
        let text = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
        if text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
            return format!("bytes {:?}", String::from_utf8_lossy(text));
        }
        format!("{} bytes #{}", bytes.len(), self.number("bytes", hex))
    }

    fn reference(&mut self, value: u64) -> String {
        if value == 0 {
            "0".to_owned()
        } else {
            format!("reference#{}", self.number("reference", &value.to_string()))
        }
    }

    fn time(&self, moment: u64) -> String {
        let window = u64::try_from(RECENT.as_nanos() / 100).unwrap_or(u64::MAX);
        if moment.abs_diff(self.now) < window { "now".to_owned() } else { moment.to_string() }
    }

    fn number(&mut self, kind: &'static str, what: &str) -> usize {
        let next = self.names.keys().filter(|(of, _)| *of == kind).count() + 1;
        *self.names.entry((kind, what.to_owned())).or_insert(next)
    }
}

fn is_leaf(value: &Value) -> bool {
    value.get("tag").is_some() || value.get("hex").is_some()
}

/// The time as a FILETIME: 100 ns since 1601-01-01 UTC.
fn file_time() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (since.as_secs() + FROM_1601_TO_1970) * 10_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(events: &str) -> String {
        let trace = format!("{{\"trace\":1,\"case\":\"polling/one\"}}\n{events}");
        text(&Trace::parse(trace.as_bytes()).expect("a trace"), &["/tmp/x".to_owned()])
    }

    #[test]
    fn calls_are_nested_and_what_varies_is_replaced() {
        let now = file_time();
        let events = format!(
            r#"{{"n":1,"t":1,"th":0,"ev":"step","index":0,"step":"receive"}}
{{"n":2,"t":2,"th":0,"ev":"call","by":"spooler","obj":"logon#1","m":"IXPLogon.StartMessage","args":{{"ulFlags":"0"}}}}
{{"n":3,"t":3,"th":0,"ev":"call","by":"candidate","obj":"message#1","m":"IMAPIProp.SetProps","args":{{"cValues":3,"lpPropArray":[{{"tag":"0x0E060040","name":"PR_MESSAGE_DELIVERY_TIME","value":{now}}},{{"tag":"0x6600001E","value":"/tmp/x/maildrop"}},{{"tag":"0x0FFF0102","name":"PR_ENTRYID","value":{{"hex":"00112233445566778899"}}}}]}},"msgref":94838}}
{{"n":4,"t":4,"th":0,"ev":"return","call":3,"hr":"S_OK"}}
{{"n":5,"t":5,"th":0,"ev":"return","call":2,"hr":"S_OK","out":{{"lpulMsgRef":94838}}}}
{{"n":6,"t":6,"th":1,"ev":"ref","by":"candidate","obj":"support#1","m":"AddRef","refs":2}}
{{"n":7,"t":6,"th":1,"ev":"ref","by":"candidate","obj":"support#1","m":"AddRef","refs":2}}
{{"n":8,"t":7,"th":0,"ev":"step-end","index":0}}
"#
        );
        assert_eq!(
            shown(&events),
            "== receive\n  -> logon#1 IXPLogon.StartMessage(ulFlags=0)\n    \
             <- message#1 IMAPIProp.SetProps(cValues=3)  [reference#1]\n        \
             lpPropArray:\n          PR_MESSAGE_DELIVERY_TIME = now\n          0x6600001E = ${case.dir}/maildrop\n          \
             PR_ENTRYID = 10 bytes #1\n    = S_OK\n  = S_OK  lpulMsgRef=reference#1\n\
             == another thread\n  <- support#1 AddRef = 2\n  (again)\n"
        );
    }
}
