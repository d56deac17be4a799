//! `cargo test --test defects`: the suite catches every seeded defect, by the requirement that it breaks and by no other.
//!
//! One test per defect of `providers/defective/defects.yaml`, and one for what the table owes. A test runs the suite's own
//! code in a process of its own, because the defect is chosen by the environment of the children; the results come back as
//! JSON. After the last test the matrix is printed: defect, requirement, cases.

mod completeness;
#[path = "../common/interpreter.rs"]
mod interpreter;
mod outcome;
mod worker;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use spoolproof::defects::{self, Defect};

use outcome::Outcome;

fn main() -> ExitCode {
    spoolproof::run::child_entry();
    if let Some(code) = worker::entry() {
        return code;
    }
    let mut arguments = Arguments::from_args();
    // Nine parts in ten of the time are spent waiting for what a defective provider never does.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    arguments.test_threads.get_or_insert(6 * cores);
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let mut trials: Vec<Trial> =
        defects::table().defects.iter().map(|defect| trial(defect, &outcomes)).collect();
    trials.push(Trial::test("completeness", || completeness::of_the_table().map_err(Failed::from)));
    let whole = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|outcome: &Outcome| outcome.position);
    print!("{}", outcome::matrix(&outcomes));
    if whole {
        let idle = completeness::of_the_run(&outcomes);
        if !idle.is_empty() {
            eprint!("{idle}");
            return ExitCode::FAILURE;
        }
    }
    conclusion.exit_code()
}

fn trial(defect: &'static Defect, outcomes: &Arc<Mutex<Vec<Outcome>>>) -> Trial {
    let outcomes = Arc::clone(outcomes);
    Trial::test(defect.name.clone(), move || {
        let outcome = worker::run(defect).map_err(Failed::from)?;
        let complaint = outcome.complaint();
        outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
        complaint.map_or(Ok(()), |complaint| Err(Failed::from(complaint)))
    })
}
