//! What a case costs, beside a process that loads the same library and ends.
//!
//! The difference is all ours: the plan, the case itself, the trace, the judge, the directory.

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use common::{Goal, beside, once};
use spoolproof::candidate::bundled;
use spoolproof::case::{Catalogue, cases_dir};
use spoolproof::run::{Settings, Suite};
use spoolproof::verdict::Verdict;

const ROUNDS: usize = 31;

/// The least that any child does.
const EMPTY: &str =
    "#include <dlfcn.h>\nint main(int n, char **words) { return dlopen(words[1], RTLD_NOW) ? 0 : 1; }\n";

fn main() {
    spoolproof::run::child_entry();
    let dir = tempfile::tempdir().expect("a directory");
    let empty = dir.path().join("empty");
    let source = dir.path().join("empty.c");
    std::fs::write(&source, EMPTY).expect("written");
    let built = Command::new("cc").arg("-O2").arg("-o").arg(&empty).arg(&source).arg("-ldl").status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "a C compiler, which links Rust's programs here, too"
    );
    let candidate = bundled().expect("the reference provider was built along with this");
    let library = candidate.library.clone();
    let catalogue = Arc::new(Catalogue::load(&cases_dir()).expect("the cases are well-formed"));
    let suite = Suite::new(candidate, Arc::clone(&catalogue), Settings::default()).expect("it can be loaded");
    for id in ["lifecycle/load", "polling/one", "start-message/plain", "submit/plain", "coupled/receive"] {
        // Areas grow: what is not there is left out.
        let Some(case) = catalogue.get(id) else { continue };
        let run = || {
            let report = suite.run_one(case, None);
            assert_eq!(report.verdict, Verdict::Pass, "{id}: {:?}", report.findings);
        };
        run();
        beside(
            id,
            "spawn, load and exit of an empty program",
            Goal::Above(Duration::from_millis(2)),
            ROUNDS,
            || once(run),
            || once(|| spawn(&empty, &library)),
        );
    }
}

fn spawn(program: &Path, library: &Path) {
    let status = Command::new(program).arg(library).status().expect("it starts");
    assert!(status.success(), "the library can be loaded");
}
