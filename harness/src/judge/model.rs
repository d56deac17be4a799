//! A trace as rules look at it: calls, steps, sessions, messages on their way in, rows and facts.

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
                What::Fact { name, value } => model.facts.push(Fact { n: event.n, name, value }),
                _ => {}
            }
        }
        model.sessions = session::sessions(&model);
        model.receipts = receipt::receipts(&model);
        model
    }

    /// The events.
    pub(crate) fn events(&self) -> &'t [Event] {
        &self.trace.events
    }

    /// The step during which an event happened.
    pub(crate) fn step_at(&self, n: u64) -> Option<&StepSpan<'t>> {
        self.steps.iter().rev().find(|step| step.from <= n && n <= step.to)
    }

    /// The facts of a name.
    pub(crate) fn facts_of(&self, name: &str) -> impl Iterator<Item = &Fact<'t>> {
        self.facts.iter().filter(move |fact| fact.name == name)
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
        self.facts_of("allocation-failed").any(|fact| from < fact.n && fact.n < to)
    }

    /// The first event before `before` with which the case disturbed the candidate: a callback or an allocation that was
    /// made to fail.
    pub(crate) fn disturbed_before(&self, before: u64) -> Option<u64> {
        let calls = self.calls.all().iter().filter(|call| call.by_candidate() && call.made_to_fail());
        let calls = calls.map(super::calls::Call::end);
        let allocations = self.facts_of("allocation-failed").map(|fact| fact.n);
        calls.chain(allocations).filter(|n| *n < before).min()
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
