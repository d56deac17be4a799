//! Several children at once. Reports are told in the order of the catalogue, whatever order they were ready in.

use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use super::one::{self, Outcome};
use super::suite::Suite;
use crate::case::{Case, Point, Selection};
use crate::report::{CaseReport, Event};
use crate::verdict::{Verdict, Weight};

/// A child to run: the case at this position, in this slot of its group.
#[derive(Debug)]
struct Job {
    case: usize,
    slot: usize,
    /// The place of the point in its sweep, from 1; 0 for the case itself.
    nth: usize,
    point: Option<Point>,
}

/// From the workers to the thread that tells.
#[derive(Debug)]
enum Message {
    Begun { id: String },
    Done { case: usize, slot: usize, outcome: Box<Outcome> },
}

/// The reports of a case: its own first, then those of its points.
#[derive(Debug, Default)]
struct Group {
    slots: Vec<Option<CaseReport>>,
    used: BTreeSet<usize>,
    complete: bool,
}

/// Runs what is selected of these cases.
pub(super) fn run(
    suite: &Suite,
    cases: &[&Case],
    selection: &Selection,
    tell: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let (jobs, queue) = mpsc::channel();
    let (messages, inbox) = mpsc::channel();
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        for _ in 0..suite.settings.jobs.clamp(1, 512) {
            let messages = messages.clone();
            scope.spawn(|| work(suite, cases, &queue, messages));
        }
        drop(messages);
        // Whatever ends this early also drops `jobs`, and with it the workers end.
        coordinate(suite, cases, selection, jobs, &inbox, tell)
    })
}

fn work(suite: &Suite, cases: &[&Case], queue: &Mutex<Receiver<Job>>, messages: Sender<Message>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { case: position, slot, nth, point }) = next else { return };
        let case = cases[position];
        let id = point.as_ref().map_or_else(|| case.id.clone(), |point| format!("{}@{point}", case.id));
        let _ = messages.send(Message::Begun { id: id.clone() });
        let outcome = catch_unwind(AssertUnwindSafe(|| one::run(suite, case, point.as_ref())));
        // What the panic was has been printed by the panic hook.
        let mut outcome = outcome.unwrap_or_else(|_| {
            let verdict = Verdict::HarnessError { detail: "the harness panicked over this case".to_owned() };
            let report = CaseReport::without_child(id, &case.title, verdict);
            Outcome { report, places: Vec::new(), used: BTreeSet::new() }
        });
        outcome.report.order = (suite.position(&case.id), nth);
        if messages.send(Message::Done { case: position, slot, outcome: Box::new(outcome) }).is_err() {
            return;
        }
    }
}

fn coordinate(
    suite: &Suite,
    cases: &[&Case],
    selection: &Selection,
    jobs: Sender<Job>,
    inbox: &Receiver<Message>,
    tell: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let begin = |job| jobs.send(job).map_err(|_| io::Error::other("all workers are gone"));
    let mut groups: Vec<Group> = cases.iter().map(|_| Group::default()).collect();
    for (position, group) in groups.iter_mut().enumerate() {
        group.slots.push(None);
        begin(Job { case: position, slot: 0, nth: 0, point: None })?;
    }
    let (mut done, mut of, mut told) = (0, cases.len(), 0);
    while told < groups.len() {
        let message = inbox.recv().map_err(|_| io::Error::other("all workers are gone"))?;
        let (position, slot, outcome) = match message {
            Message::Begun { id } => {
                tell(Event::Progress { done, of, latest: &id })?;
                continue;
            }
            Message::Done { case, slot, outcome } => (case, slot, outcome),
        };
        done += 1;
        let (case, group) = (cases[position], &mut groups[position]);
        if let (0, Some(sweep)) = (slot, &case.sweep) {
            // Faults tell nothing of a candidate that fails without them.
            let sound = !matches!(
                outcome.report.verdict,
                Verdict::Fail
                    | Verdict::Crash { .. }
                    | Verdict::Timeout { .. }
                    | Verdict::HarnessError { .. }
            );
            let points = if sound { sweep.points(&outcome.places) } else { Vec::new() };
            // Whether a failure that is known of a sweep shows at any of its points is told at the case itself: the shard that
            // has the case runs all its points, though it tells only of its own.
            let all = selection.takes(&case.id)
                && suite.candidate.known.about(&case.id).any(|(_, entry)| entry.case == case.id);
            let numbered = points.into_iter().enumerate().map(|(index, point)| (index + 1, point));
            let wanted =
                numbered.filter(|(_, point)| all || selection.takes(&format!("{}@{point}", case.id)));
            for (nth, point) in wanted {
                let job = Job { case: position, slot: group.slots.len(), nth, point: Some(point) };
                group.slots.push(None);
                of += 1;
                begin(job)?;
            }
        }
        group.used.extend(outcome.used);
        group.slots[slot] = Some(outcome.report);
        group.complete = group.slots.iter().all(Option::is_some);
        while let Some(group) = groups.get_mut(told).filter(|group| group.complete) {
            finish(suite, cases[told], group);
            stale(suite, cases[told], group, selection);
            for report in group.slots.drain(..).flatten().filter(|report| selection.takes(&report.id)) {
                tell(Event::Case(&report))?;
            }
            told += 1;
        }
        tell(Event::Progress { done, of, latest: "" })?;
    }
    Ok(())
}

/// A known failure at a point that the sweep no longer has is stale: it is told like any other that did not fail.
fn stale(suite: &Suite, case: &Case, group: &mut Group, selection: &Selection) {
    // Of a sweep that has no points this time nothing is known, and one that is selected in part is not seen whole.
    if case.sweep.is_none()
        || group.slots.len() < 2
        || !selection.filters.is_empty()
        || selection.shard.is_some()
    {
        return;
    }
    let is_there = |id: &str| group.slots.iter().flatten().any(|report| report.id == id);
    let of_case = |id: &str| id.split_once('@').is_some_and(|(of, _)| of == case.id);
    let entries = suite.candidate.known.entries.iter();
    let gone: Vec<_> = entries.filter(|entry| of_case(&entry.case) && !is_there(&entry.case)).collect();
    for entry in gone {
        let verdict = Verdict::UnexpectedPass { reason: entry.reason.clone() };
        group.slots.push(Some(CaseReport::without_child(entry.case.clone(), &case.title, verdict)));
    }
}

/// A known failure of a whole sweep that failed at none of its points is unexpected at the case itself.
fn finish(suite: &Suite, case: &Case, group: &mut Group) {
    let Group { slots, used, .. } = group;
    if case.sweep.is_none() || slots.len() < 2 {
        return;
    }
    let idle = suite
        .candidate
        .known
        .about(&case.id)
        .find(|(index, entry)| entry.case == case.id && !used.contains(index));
    if let (Some((_, entry)), Some(Some(own))) = (idle, slots.first_mut())
        && own.verdict.weight(true) == Weight::Fine
    {
        own.verdict = Verdict::UnexpectedPass { reason: entry.reason.clone() };
    }
}
