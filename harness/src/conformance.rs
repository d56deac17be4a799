//! The suite as a test binary: one test per case and per point of a sweep, with the usual filters, for `cargo test` and
//! `cargo nextest run`.
//!
//! A vendor's own `tests/conformance.rs`, with `harness = false`:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     spoolproof::conformance::judge("acme.yaml")
//! }
//! ```
//!
//! The child of a case is the test binary itself, started again; cases and goldens come from the source tree of this crate, or
//! are built in (feature `embedded`).

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::candidate::{Candidate, CandidateError, bundled};
use crate::case::{Case, Catalogue, Point, cases_dir};
use crate::report::{Exit, plain};
use crate::run::{Settings, Suite};
use crate::verdict::Weight;

/// Names the candidate file; the bundled reference provider is judged where it is missing.
const CANDIDATE: &str = "SPOOLPROOF_CANDIDATE";

/// Makes warnings failures, where it is set to anything but `0`.
const STRICT: &str = "SPOOLPROOF_STRICT";

/// Judges the candidate of this file, as a test binary, unless `SPOOLPROOF_CANDIDATE` names another. A relative path starts where
/// cargo runs tests: in their package. It must be all that `main` does, as the children of cases are this same executable.
#[must_use]
pub fn judge(candidate: impl AsRef<Path>) -> ExitCode {
    run(Some(candidate.as_ref()))
}

/// Judges the candidate that `SPOOLPROOF_CANDIDATE` names, or the bundled reference provider, as a test binary.
#[must_use]
pub fn main() -> ExitCode {
    run(None)
}

fn run(candidate: Option<&Path>) -> ExitCode {
    crate::run::child_entry();
    let arguments = Arguments::from_args();
    let suite = match suite(candidate) {
        Ok(suite) => Arc::new(suite),
        Err((exit, complaint)) => {
            eprintln!("{complaint}");
            return ExitCode::from(exit as u8);
        }
    };
    let trials = trials(&suite, &arguments);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn suite(file: Option<&Path>) -> Result<Suite, (Exit, String)> {
    let wrong = |error: &dyn std::error::Error| (Exit::Usage, error.to_string());
    let catalogue = Catalogue::load(&cases_dir()).map_err(|error| (Exit::Usage, error.report(false)))?;
    let candidate = match std::env::var_os(CANDIDATE).filter(|file| !file.is_empty()) {
        Some(file) => Candidate::from_file(&from_outside(Path::new(&file)), &catalogue),
        None => file.map_or_else(bundled, |file| Candidate::from_file(file, &catalogue)),
    };
    let candidate = candidate.map_err(|error| match &error {
        CandidateError::File(mistake) => (Exit::Usage, mistake.report(false)),
        error => wrong(error),
    })?;
    let set = std::env::var_os(STRICT).is_some_and(|value| !value.is_empty() && value != "0");
    let settings = Settings { strict: set, ..Settings::default() };
    Suite::new(candidate, Arc::new(catalogue), settings).map_err(|error| (error.exit(), error.to_string()))
}

/// Cargo runs tests in the directory of their package; people name files from where they are, which the shell tells.
fn from_outside(file: &Path) -> PathBuf {
    let starts =
        [None, std::env::var_os("PWD").map(PathBuf::from), Some(crate::dirs::workspace().to_owned())];
    let named =
        starts.into_iter().map(|start| start.map_or_else(|| file.to_owned(), |start| start.join(file)));
    named.into_iter().find(|path| path.is_file()).unwrap_or_else(|| file.to_owned())
}

fn trials(suite: &Arc<Suite>, arguments: &Arguments) -> Vec<Trial> {
    let mut trials = Vec::new();
    for case in &suite.catalogue().cases {
        if may_run(arguments, &case.id) {
            trials.push(trial(suite, case, None));
        }
    }
    let swept: Vec<(&Case, Wanted)> =
        suite.catalogue().cases.iter().filter_map(|case| Some((case, wanted(arguments, case)?))).collect();
    // Finding out the points costs a run of each swept case: all at once.
    let found = std::thread::scope(|scope| {
        let searches: Vec<_> = swept
            .into_iter()
            .map(|(case, wanted)| {
                scope.spawn(move || match wanted {
                    Wanted::This(point) => (case, vec![point]),
                    Wanted::All => (case, suite.points(case)),
                })
            })
            .collect();
        searches.into_iter().filter_map(|search| search.join().ok()).collect::<Vec<_>>()
    });
    for (case, points) in found {
        trials.extend(points.into_iter().map(|point| trial(suite, case, Some(point))));
    }
    trials
}

/// The points that a test run needs to know of.
enum Wanted {
    All,
    This(Point),
}

/// A single test that is asked for by name, as nextest does for each, says itself which point it is.
fn wanted(arguments: &Arguments, case: &Case) -> Option<Wanted> {
    case.sweep.as_ref()?;
    match (&arguments.filter, arguments.exact) {
        (Some(name), true) => {
            let (id, point) = name.split_once('@')?;
            (id == case.id).then(|| point.parse().ok()).flatten().map(Wanted::This)
        }
        (Some(_), false) | (None, _) => Some(Wanted::All),
    }
}

fn may_run(arguments: &Arguments, id: &str) -> bool {
    !arguments.exact || arguments.filter.as_deref().is_none_or(|name| name == id)
}

fn trial(suite: &Arc<Suite>, case: &Case, point: Option<Point>) -> Trial {
    let name = point.as_ref().map_or_else(|| case.id.clone(), |point| format!("{}@{point}", case.id));
    let (suite, case) = (Arc::clone(suite), case.clone());
    Trial::test(name, move || {
        let report = suite.run_one(&case, point.as_ref());
        match report.verdict.weight(suite.settings().strict) {
            Weight::Fine => Ok(()),
            Weight::Failure | Weight::Error => Err(Failed::from(plain(&report))),
        }
    })
}
