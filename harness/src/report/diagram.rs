//! A trace as a sequence diagram: lanes, and rows between them. What draws it need not know of traces.

use std::collections::{BTreeSet, HashMap};

use mock_spooler::trace::event::By;
use mock_spooler::trace::{Event, What};

use super::{in_line, trace_text};

/// Who calls and is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lane {
    /// The mock as a messaging client.
    Client,
    /// The mock as MAPI and its spooler, on a thread.
    Spooler(u32),
    /// The candidate, on a thread.
    Candidate(u32),
    /// A transport of ours beside the candidate.
    Foreign,
}

impl Lane {
    /// What stands above it.
    pub(super) fn name(self) -> String {
        match self {
            Self::Client => "client".to_owned(),
            Self::Spooler(0) => "spooler".to_owned(),
            Self::Spooler(thread) => format!("spooler, thread {thread}"),
            Self::Candidate(0) => "candidate".to_owned(),
            Self::Candidate(thread) => format!("candidate, thread {thread}"),
            Self::Foreign => "other transport".to_owned(),
        }
    }
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A call within which nothing else happened, with its result.
    Leaf,
    /// A call that others are nested in.
    Call,
    /// The return of such a call.
    Return,
    /// A step of the case.
    Step,
    /// Something that was seen, or went wrong.
    Note,
    /// Events that are left out.
    Gap,
}

/// How much a reader cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It is a part of the conversation.
    Plain,
    /// Memory and references: of interest where a finding is about them.
    Memory,
    /// A fact that the rules go by.
    Fact,
    /// Something is wrong.
    Bad,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The number of the event.
    pub(super) n: u64,
    /// Its time in nanoseconds.
    pub(super) t: u64,
    /// How deep it is nested on its thread.
    pub(super) depth: usize,
    pub(super) kind: Kind,
    pub(super) weight: Weight,
    pub(super) from: Lane,
    pub(super) to: Lane,
    /// The call, or what was seen; harmless, on one line.
    pub(super) text: String,
    /// The result of a leaf, with what came out.
    pub(super) result: String,
    /// The event of the return of a leaf.
    pub(super) until: u64,
}

/// The rows of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Diagram {
    /// The lanes that are used, from left to right.
    pub(super) lanes: Vec<Lane>,
    pub(super) rows: Vec<Row>,
    /// How many rows there are in the whole trace.
    pub(super) total: usize,
}

impl Diagram {
    /// The diagram of a trace, with at most `most` rows; those around the events in `marks` are kept.
    pub(super) fn new(events: &[Event], marks: &[u64], most: usize) -> Self {
        let rows = rows(events);
        let total = rows.len();
        let rows = if total > most { shortened(rows, marks, most) } else { rows };
        let mut lanes = BTreeSet::from([Lane::Spooler(0), Lane::Candidate(0)]);
        lanes.extend(rows.iter().flat_map(|row| [row.from, row.to]));
        Self { lanes: lanes.into_iter().collect(), rows, total }
    }

    /// The row in which an event is shown.
    pub(super) fn row_of(&self, n: u64) -> Option<usize> {
        // What has no row of its own is shown where the last thing before it is.
        let at = self.rows.partition_point(|row| row.n <= n).checked_sub(1)?;
        (self.rows[at].kind != Kind::Gap).then_some(at)
    }
}

fn rows(events: &[Event]) -> Vec<Row> {
    let mut open: HashMap<u64, (Lane, Lane, &str)> = HashMap::new();
    let mut depths: HashMap<u32, usize> = HashMap::new();
    let mut rows = Vec::with_capacity(events.len());
    let mut events = events.iter().peekable();
    while let Some(event) = events.next() {
        let depth = depths.entry(event.th).or_insert(0);
        let text = || in_line(&trace_text::bare(&event.what));
        // What is seen is seen by the spooler.
        let ours = Lane::Spooler(0);
        let mut row = Row {
            n: event.n,
            t: event.t,
            depth: *depth,
            kind: Kind::Note,
            weight: Weight::Plain,
            from: ours,
            to: ours,
            text: String::new(),
            result: String::new(),
            until: event.n,
        };
        match &event.what {
            What::Call { by, obj, m, .. } => {
                (row.from, row.to) = between(*by, event.th, obj);
                row.text = text();
                row.weight = if of_memory(m) { Weight::Memory } else { Weight::Plain };
                let returns = events
                    .next_if(|next| matches!(&next.what, What::Return { call, .. } if *call == event.n));
                match returns {
                    Some(next) => {
                        row.kind = Kind::Leaf;
                        row.result = in_line(&trace_text::bare(&next.what));
                        row.until = next.n;
                    }
                    None => {
                        row.kind = Kind::Call;
                        *depth += 1;
                        open.insert(event.n, (row.from, row.to, m));
                    }
                }
            }
            What::Return { call, .. } => {
                *depth = depth.saturating_sub(1);
                row.depth = *depth;
                row.kind = Kind::Return;
                let (caller, called, method) = open.remove(call).unwrap_or((row.from, row.to, "?"));
                (row.from, row.to) = (called, caller);
                row.text = in_line(&format!("{method} = {}", trace_text::bare(&event.what)));
            }
            What::Ref { by, obj, .. } => {
                (row.from, row.to) = between(*by, event.th, obj);
                row.kind = Kind::Leaf;
                row.weight = Weight::Memory;
                row.text = text();
            }
            What::Foreign { m, .. } => {
                // It is told once it is over: what lies within it stands before it.
                row.kind = Kind::Leaf;
                row.text = text();
                match m.starts_with("IMAPISupport.") {
                    true => row.from = Lane::Foreign,
                    false => row.to = Lane::Foreign,
                }
            }
            What::Step { .. } => {
                row.kind = Kind::Step;
                row.text = text();
            }
            What::StepEnd { .. } | What::End {} => continue,
            What::Fact { .. } => {
                row.weight = Weight::Fact;
                row.text = text();
            }
            What::TimedOut { .. }
            | What::Unexpected { .. }
            | What::Illegal { .. }
            | What::Unsupported { .. }
            | What::HarnessError { .. }
            | What::ShimFault { .. }
            | What::LoadFailed { .. } => {
                row.weight = Weight::Bad;
                row.text = text();
            }
            What::Arrive { .. }
            | What::Message { .. }
            | What::StatusRow { .. }
            | What::Notified { .. }
            | What::Announced { .. }
            | What::Sent { .. } => row.text = text(),
        }
        rows.push(row);
    }
    rows
}

/// Caller and called. Objects of the client's have its name.
fn between(by: By, thread: u32, obj: &str) -> (Lane, Lane) {
    match by {
        By::Spooler => (Lane::Spooler(thread), Lane::Candidate(thread)),
        By::Client => (Lane::Client, Lane::Candidate(thread)),
        By::Candidate if obj.starts_with("client-") => (Lane::Candidate(thread), Lane::Client),
        By::Candidate => (Lane::Candidate(thread), Lane::Spooler(0)),
    }
}

fn of_memory(method: &str) -> bool {
    method.starts_with("MAPIAllocate")
        || method.starts_with("MAPIFree")
        || method.starts_with("IMalloc.")
        || method.ends_with(".QueryInterface")
}

/// The beginning, the end, and what is around the marks.
fn shortened(rows: Vec<Row>, marks: &[u64], most: usize) -> Vec<Row> {
    let around = most / 8;
    let mut keep = vec![false; rows.len()];
    let marks = marks.iter().take(4);
    let places = marks.map(|mark| rows.partition_point(|row| row.n <= *mark).saturating_sub(1));
    for at in places {
        let to = (at + around / 4).min(rows.len() - 1);
        keep[at.saturating_sub(around * 3 / 4)..=to].fill(true);
    }
    let marked = keep.iter().filter(|kept| **kept).count();
    let rest = most.saturating_sub(marked);
    let end = rows.len().saturating_sub(rest / 4);
    keep[end..].fill(true);
    keep[..(rest - rest / 4).min(rows.len())].fill(true);
    let mut out: Vec<Row> = Vec::with_capacity(most + 8);
    let mut left: Option<(Row, u64)> = None;
    for (row, kept) in rows.into_iter().zip(keep) {
        if kept {
            out.extend(left.take().map(|(first, count)| gap(first, count)));
            out.push(row);
        } else {
            left = left.map_or(Some((row, 1)), |(first, count)| Some((first, count + 1)));
        }
    }
    out.extend(left.map(|(first, count)| gap(first, count)));
    out
}

fn gap(first: Row, count: u64) -> Row {
    let text = format!("{count} rows are left out here");
    Row { kind: Kind::Gap, weight: Weight::Plain, text, result: String::new(), until: first.n, ..first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Trace;

    const TRACE: &str = r#"{"trace":1,"case":"polling/one"}
{"n":1,"t":1,"th":0,"ev":"step","index":0,"step":"receive"}
{"n":2,"t":2,"th":0,"ev":"call","by":"spooler","obj":"logon#1","m":"IXPLogon.StartMessage"}
{"n":3,"t":3,"th":0,"ev":"call","by":"candidate","obj":"message#1","m":"IMAPIProp.SaveChanges"}
{"n":4,"t":4,"th":0,"ev":"return","call":3,"hr":"S_OK"}
{"n":5,"t":5,"th":1,"ev":"call","by":"candidate","obj":"support#1","m":"IMAPISupport.SpoolerNotify"}
{"n":6,"t":6,"th":0,"ev":"return","call":2,"hr":"S_OK"}
{"n":7,"t":7,"th":1,"ev":"return","call":5,"hr":"S_OK"}
{"n":8,"t":8,"th":0,"ev":"call","by":"client","obj":"store#1","m":"IMsgStore.OpenEntry"}
{"n":9,"t":9,"th":0,"ev":"foreign","session":"next","m":"IXPLogon.Poll","hr":"S_OK","from":7}
{"n":10,"t":10,"th":0,"ev":"end"}
"#;

    #[test]
    fn calls_go_between_lanes() {
        let trace = Trace::parse(TRACE.as_bytes()).expect("a trace");
        let diagram = Diagram::new(&trace.events, &[], 1000);
        assert_eq!(
            diagram.lanes,
            [Lane::Client, Lane::Spooler(0), Lane::Candidate(0), Lane::Candidate(1), Lane::Foreign]
        );
        let rows: Vec<_> = diagram.rows.iter().map(|row| (row.kind, row.depth, row.from, row.to)).collect();
        let (spooler, candidate, other) = (Lane::Spooler(0), Lane::Candidate(0), Lane::Candidate(1));
        assert_eq!(
            rows,
            [
                (Kind::Step, 0, spooler, spooler),
                (Kind::Call, 0, spooler, candidate),
                (Kind::Leaf, 1, candidate, spooler),
                (Kind::Call, 0, other, spooler),
                (Kind::Return, 0, candidate, spooler),
                (Kind::Return, 0, spooler, other),
                (Kind::Call, 0, Lane::Client, candidate),
                (Kind::Leaf, 1, spooler, Lane::Foreign),
            ]
        );
        assert_eq!(diagram.row_of(4), Some(2), "a return within its leaf");
        assert_eq!(diagram.row_of(10), Some(7), "what has no row of its own");
    }

    #[test]
    fn long_traces_are_shortened_around_what_matters() {
        let head = "{\"trace\":1,\"case\":\"a/b\"}\n";
        let arrive = |n: u64| format!("{{\"n\":{n},\"t\":{n},\"th\":0,\"ev\":\"arrive\",\"mail\":\"m\"}}\n");
        let text: String = std::iter::once(head.to_owned()).chain((1..=20_000).map(arrive)).collect();
        let trace = Trace::parse(text.as_bytes()).expect("a trace");
        let diagram = Diagram::new(&trace.events, &[10_000], 800);
        assert!(diagram.rows.len() <= 803 && diagram.total == 20_000, "{} rows", diagram.rows.len());
        let marked = diagram.row_of(10_000).expect("it is kept");
        assert_eq!(diagram.rows[marked].n, 10_000);
        let gaps: Vec<_> = diagram.rows.iter().filter(|row| row.kind == Kind::Gap).collect();
        assert_eq!(gaps.len(), 2);
        assert_eq!((diagram.rows[0].n, diagram.rows.last().map(|row| row.n)), (1, Some(20_000)));
        let told: u64 = gaps.iter().filter_map(|gap| gap.text.split(' ').next()?.parse::<u64>().ok()).sum();
        assert_eq!(told + (diagram.rows.len() - gaps.len()) as u64, 20_000, "every row is shown or counted");
        assert_eq!(diagram.row_of(5_000), None, "what is left out has no row");
    }
}
