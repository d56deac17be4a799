//! The whole suite on one core's worth of children and on two, beside as many empty processes; what it waits for; and the Windows
//! lane beside the native one.

mod common;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use common::{Figure, Goal, once, row};
use mock_spooler::trace::{Event, What};
use spoolproof::candidate::{Candidate, bundled};
use spoolproof::case::{Catalogue, Selection, cases_dir};
use spoolproof::report::{CaseReport, Event as Told};
use spoolproof::run::{Settings, Suite};

/// How many of the longest cases are told.
const LONGEST: usize = 12;

/// What both lanes run.
const LANE: [&str; 3] = ["lifecycle/", "polling/", "start-message/plain"];

fn main() {
    spoolproof::run::child_entry();
    let catalogue = Arc::new(Catalogue::load(&cases_dir()).expect("the cases are well-formed"));
    let candidate = bundled().expect("the reference provider was built along with this");
    for jobs in [1, 2] {
        let mut reports = Vec::new();
        let whole = once(|| reports = run(candidate.clone(), &catalogue, jobs, &[]));
        let children = reports.len();
        let empty = once(|| spawn_all(children, jobs));
        let floor_is = format!("{children} empty processes, {jobs} at once");
        row(
            &format!("the whole suite, {jobs} at once"),
            &floor_is,
            Goal::None,
            Figure { measured: whole, floor: empty },
        );
        if jobs == 1 {
            tell(&mut reports);
        }
    }
    windows(&catalogue);
}

fn run(candidate: Candidate, catalogue: &Arc<Catalogue>, jobs: usize, filters: &[&str]) -> Vec<CaseReport> {
    let settings = Settings { jobs, traces: true, ..Settings::default() };
    let suite = Suite::new(candidate, Arc::clone(catalogue), settings).expect("it can be loaded");
    let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
    let selection = Selection { filters, ..Selection::default() };
    let mut reports = Vec::new();
    let told = suite.run(&selection, &mut |event| {
        if let Told::Case(report) = event {
            reports.push(report.clone());
        }
        Ok(())
    });
    told.expect("nothing fails that is told here");
    reports
}

fn spawn_all(count: usize, jobs: usize) {
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                for _ in 0..count / jobs {
                    assert!(
                        Command::new("true").status().is_ok_and(|status| status.success()),
                        "it ends with 0"
                    );
                }
            });
        }
    });
}

/// The cases that take longest, and the longest time in each in which nothing is written: what is waited for.
fn tell(reports: &mut [CaseReport]) {
    reports.sort_by_key(|report| std::cmp::Reverse(report.took));
    let waits: Duration =
        reports.iter().filter_map(|report| report.recorded.as_ref()).map(|trace| waited(&trace.events)).sum();
    println!("waits of more than 5 ms in which nothing is written, over all cases: {waits:.1?}");
    for report in reports.iter().take(LONGEST) {
        let events = report.recorded.as_ref().map_or(&[][..], |trace| &trace.events);
        let gap = events.windows(2).max_by_key(|pair| pair[1].t - pair[0].t);
        let told = gap.map_or_else(String::new, |pair| {
            let wait = Duration::from_nanos(pair[1].t - pair[0].t);
            format!("{wait:.1?} between {} and {}", name(&pair[0].what), name(&pair[1].what))
        });
        println!("  {:>9.1?}  {:<48} {} events, longest gap {told}", report.took, report.id, events.len());
    }
}

fn waited(events: &[Event]) -> Duration {
    const WAIT: u64 = 5_000_000;
    let gaps = events.windows(2).map(|pair| pair[1].t - pair[0].t).filter(|gap| *gap > WAIT);
    Duration::from_nanos(gaps.sum())
}

fn name(what: &What) -> String {
    match what {
        What::Call { m, .. } => format!("call of {m}"),
        What::Return { hr, .. } => format!("return {hr}"),
        What::Step { step, .. } => format!("step {step}"),
        What::Fact { name, .. } => format!("fact {name}"),
        other => format!("{other:?}").chars().take(60).collect(),
    }
}

/// The same cases under Wine and without, where the lane is built; said where it is not.
fn windows(catalogue: &Arc<Catalogue>) {
    let Some(lane) = common::lane() else { return };
    let native = bundled().expect("the reference provider was built along with this");
    let mut wine = native.clone();
    wine.library = lane.join("reference_provider.dll");
    // The first run starts Wine's server.
    run(wine.clone(), catalogue, 2, &LANE[..1]);
    let mut count = 0;
    let floor = once(|| count = run(native, catalogue, 2, &LANE).len());
    let measured = once(|| drop(run(wine, catalogue, 2, &LANE)));
    row(&format!("{count} cases under Wine"), "the same without", Goal::None, Figure { measured, floor });
}
