//! A trace as rules look at it: calls, steps, sessions, messages on their way in, rows and facts.

use std::collections::HashMap;

use mock_spooler::trace::event::{Event, IllegalKind, Prop, What};
use serde_json::Value;

use super::calls::Calls;
use super::receipt::{self, Receipt};
use super::session::{self, Session};
use super::trace::Trace;
use super::values::number;

/// What a trace says, arranged.
#[derive(Debug)]
pub(crate) struct Model<'t> {
    /// The trace itself.
    pub(crate) trace: &'t Trace,
    /// The calls.
    pub(crate) calls: Calls<'t>,
    /// The steps of the case, as far as it came.
    pub(crate) steps: Vec<StepSpan<'t>>,
    /// The sessions, in the order of their logons, failed ones included.
    pub(crate) sessions: Vec<Session<'t>>,
    /// The StartMessage calls, in order.
    pub(crate) receipts: Vec<Receipt<'t>>,
    /// The changes of status rows.
    pub(crate) rows: Vec<Row<'t>>,
    /// The facts.
    pub(crate) facts: Vec<Fact<'t>>,
    /// The places of the facts by their names.
    named: HashMap<&'t str, Vec<usize>>,
    /// The first event with which the case disturbed the candidate.
    disturbed: Option<u64>,
    /// The first event with which the candidate learnt of a cancellation.
    cancelled: Option<u64>,
    /// The first StartMessage that was cancelled, or in which the logoff came.
    stopped: Option<u64>,
    /// The last event that tells of a wait that ended without what was waited for.
    pub(crate) last_timeout: Option<u64>,
}

/// A step of the case.
#[derive(Debug)]
pub(crate) struct StepSpan<'t> {
    /// Its verb.
    pub(crate) verb: &'t str,
    /// The session that it acts on.
    pub(crate) session: &'t str,
    /// The event with which it begins.
    pub(crate) from: u64,
    /// The event with which it ends; beyond all others where it does not.
    pub(crate) to: u64,
}

/// A state of a session's status row.
#[derive(Debug)]
pub(crate) struct Row<'t> {
    /// The event.
    pub(crate) n: u64,
    /// The session's name.
    pub(crate) session: &'t str,
    /// The columns; none once the row is gone.
    pub(crate) columns: Option<&'t [Prop]>,
}

/// A fact.
#[derive(Debug)]
pub(crate) struct Fact<'t> {
    /// The event.
    pub(crate) n: u64,
    /// Its name.
    pub(crate) name: &'t str,
    /// Its value.
    pub(crate) value: &'t Value,
}

impl Fact<'_> {
    /// Text in a member of the value.
    pub(crate) fn text(&self, member: &str) -> &str {
        self.value.get(member).and_then(Value::as_str).unwrap_or("")
    }

    /// A truth in a member of the value.
    pub(crate) fn truth(&self, member: &str) -> Option<bool> {
        self.value.get(member).and_then(Value::as_bool)
    }

    /// A number in a member of the value, or the value itself.
    pub(crate) fn number(&self, member: &str) -> Option<u64> {
        self.value.get(member).map_or_else(|| number(self.value), number)
    }
}

impl<'t> Model<'t> {
    /// Arranges a trace.
    pub(crate) fn new(trace: &'t Trace) -> Self {
        let mut model = Self {
            trace,
            calls: Calls::new(&trace.events),
            steps: Vec::new(),
            sessions: Vec::new(),
            receipts: Vec::new(),
            rows: Vec::new(),
            facts: Vec::new(),
            named: HashMap::new(),
            disturbed: None,
            cancelled: None,
            stopped: None,
            last_timeout: None,
        };
        for event in &trace.events {
            match &event.what {
                What::Step { step, session, .. } => {
                    model.steps.push(StepSpan { verb: step, session, from: event.n, to: u64::MAX });
                }
                What::StepEnd { .. } => {
                    if let Some(step) = model.steps.last_mut() {
                        step.to = event.n;
                    }
                }
                What::StatusRow { session, row } => {
                    model.rows.push(Row { n: event.n, session, columns: row.as_deref() });
                }
                What::Fact { name, value } => {
                    model.named.entry(name).or_default().push(model.facts.len());
                    model.facts.push(Fact { n: event.n, name, value });
                }
                What::TimedOut { .. } => model.last_timeout = Some(event.n),
                _ => {}
            }
        }
        model.disturbed = model.first_disturbance();
        model.sessions = session::sessions(&model);
        model.receipts = receipt::receipts(&model);
        model.cancelled = model.receipts.iter().filter_map(Receipt::cancelled).map(|cancel| cancel.n).min();
        let stopped =
            model.receipts.iter().find(|receipt| receipt.cancelled().is_some() || receipt.logoff.is_some());
        model.stopped = stopped.map(|receipt| model.start_of(receipt).n);
        model
    }

    /// The events.
    pub(crate) fn events(&self) -> &'t [Event] {
        &self.trace.events
    }

    /// The events between two others.
    pub(crate) fn events_between(&self, from: u64, to: u64) -> &'t [Event] {
        let events = self.events();
        let first = events.partition_point(|event| event.n <= from);
        let last = events.partition_point(|event| event.n < to);
        &events[first..last.max(first)]
    }

    /// The receipt of the call at this place, if it is one.
    pub(crate) fn receipt_of(&self, call: usize) -> Option<&Receipt<'t>> {
        let place = self.receipts.binary_search_by_key(&call, |receipt| receipt.call).ok()?;
        Some(&self.receipts[place])
    }

    /// The receipts whose StartMessage began after an event.
    pub(crate) fn receipts_after(&self, n: u64) -> &[Receipt<'t>] {
        let first = self.receipts.partition_point(|receipt| self.start_of(receipt).n <= n);
        &self.receipts[first..]
    }

    /// The step during which an event happened.
    pub(crate) fn step_at(&self, n: u64) -> Option<&StepSpan<'t>> {
        self.steps.iter().rev().find(|step| step.from <= n && n <= step.to)
    }

    /// The facts of a name.
    pub(crate) fn facts_of(&self, name: &str) -> impl Iterator<Item = &Fact<'t>> {
        self.facts_after(name, 0)
    }

    /// The facts of a name that were told after an event.
    pub(crate) fn facts_after(&self, name: &str, n: u64) -> impl Iterator<Item = &Fact<'t>> {
        let places = self.named.get(name).map_or(&[][..], Vec::as_slice);
        let first = places.partition_point(|place| self.facts[*place].n <= n);
        places[first..].iter().map(|place| &self.facts[*place])
    }

    /// The illegal calls and broken invariants, each with its event, kind, object and words.
    pub(crate) fn illegal(&self) -> impl Iterator<Item = (&'t Event, IllegalKind, &'t str, &'t str)> {
        self.trace.events.iter().filter_map(|event| match &event.what {
            What::Illegal { kind, obj, detail } => Some((event, *kind, obj.as_str(), detail.as_str())),
            _ => None,
        })
    }

    /// Whether an allocation was made to fail between two events.
    pub(crate) fn allocation_failed(&self, from: u64, to: u64) -> bool {
        self.facts_after("allocation-failed", from).next().is_some_and(|fact| fact.n < to)
    }

    /// The first event before `before` with which the case disturbed the candidate: a callback or an allocation that was
    /// made to fail.
    pub(crate) fn disturbed_before(&self, before: u64) -> Option<u64> {
        self.disturbed.filter(|n| *n < before)
    }

    /// Whether the candidate had learnt of a cancellation before an event.
    pub(crate) fn cancelled_before(&self, n: u64) -> bool {
        self.cancelled.is_some_and(|first| first < n)
    }

    /// Whether a StartMessage that began before an event was cancelled, or the logoff came in it.
    pub(crate) fn stopped_before(&self, n: u64) -> bool {
        self.stopped.is_some_and(|first| first < n)
    }

    fn first_disturbance(&self) -> Option<u64> {
        let calls = self.calls.all().iter().filter(|call| call.by_candidate() && call.made_to_fail());
        let calls = calls.map(super::calls::Call::end);
        let allocations = self.facts_of("allocation-failed").map(|fact| fact.n);
        calls.chain(allocations).min()
    }

    /// The session whose logon or support object this is.
    pub(crate) fn session_of(&self, obj: &str) -> Option<&Session<'t>> {
        self.sessions.iter().find(|session| session.logon == Some(obj) || session.support == obj)
    }

    /// The state of a session's row after an event.
    pub(crate) fn row_at(&self, session: &Session<'t>, n: u64) -> Option<&'t [Prop]> {
        self.rows_of(session).take_while(|row| row.n <= n).last().and_then(|row| row.columns)
    }

    /// The changes of a session's row.
    pub(crate) fn rows_of<'a>(&'a self, session: &'a Session<'t>) -> impl Iterator<Item = &'a Row<'t>> {
        self.rows
            .iter()
            .filter(|row| row.session == session.name && session.from <= row.n && row.n < session.to)
    }
}
