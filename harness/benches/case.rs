//! What a case costs, beside a process that loads the same library and ends; under Wine, too, where the lane is built.
//!
//! The difference is all ours: the plan, the case itself, the trace, the judge, the directory.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{Goal, beside, once};
use spoolproof::candidate::{Candidate, bundled};
use spoolproof::case::{Catalogue, cases_dir};
use spoolproof::run::{Settings, Suite};
use spoolproof::verdict::Verdict;

const ROUNDS: usize = 31;
const ROUNDS_UNDER_WINE: usize = 9;

const CASES: [&str; 5] =
    ["lifecycle/load", "polling/one", "start-message/plain", "submit/plain", "coupled/receive"];

/// The least that any child does.
const EMPTY: &str =
    "#include <dlfcn.h>\nint main(int n, char **words) { return dlopen(words[1], RTLD_NOW) ? 0 : 1; }\n";

/// The same for Windows.
const EMPTY_WINDOWS: &str =
    "#include <windows.h>\nint main(int n, char **words) { return LoadLibraryA(words[1]) ? 0 : 1; }\n";

fn main() {
    spoolproof::run::child_entry();
    let dir = tempfile::tempdir().expect("a directory");
    let empty = compiled("cc", EMPTY, &dir.path().join("empty"))
        .expect("a C compiler, which links Rust's programs here, too");
    let candidate = bundled().expect("the reference provider was built along with this");
    let library = candidate.library.clone();
    let catalogue = Arc::new(Catalogue::load(&cases_dir()).expect("the cases are well-formed"));
    let spawn = || spawned(Command::new(&empty).arg(&library));
    measure(candidate.clone(), &catalogue, "", Goal::Above(Duration::from_millis(2)), ROUNDS, &spawn);

    let Some(lane) = common::lane() else { return };
    let empty = compiled("x86_64-w64-mingw32-gcc", EMPTY_WINDOWS, &dir.path().join("empty.exe"));
    let empty = empty.expect("the compiler that the lane was built with");
    let library = lane.join("reference_provider.dll");
    let mut candidate = candidate;
    candidate.library.clone_from(&library);
    let library = format!("Z:{}", library.display()).replace('/', "\\");
    let spawn = || {
        spawned(Command::new("wine").arg(&empty).arg(&library).current_dir(&lane).env("WINEDEBUG", "-all"));
    };
    measure(candidate, &catalogue, ", under Wine", Goal::None, ROUNDS_UNDER_WINE, &spawn);
}

fn measure(
    candidate: Candidate,
    catalogue: &Arc<Catalogue>,
    way: &str,
    goal: Goal,
    rounds: usize,
    spawn: &dyn Fn(),
) {
    let suite = Suite::new(candidate, Arc::clone(catalogue), Settings::default()).expect("it can be loaded");
    // Areas grow: what is not there is left out.
    for case in CASES.iter().filter_map(|id| catalogue.get(id)) {
        let id = &case.id;
        let run = || {
            let report = suite.run_one(case, None);
            assert_eq!(report.verdict, Verdict::Pass, "{id}: {:?}", report.findings);
        };
        run();
        beside(
            &format!("{id}{way}"),
            &format!("spawn, load and exit of an empty program{way}"),
            goal,
            rounds,
            || once(run),
            || once(spawn),
        );
    }
}

/// A program in C; nothing where this compiler is not there.
fn compiled(compiler: &str, text: &str, program: &Path) -> Option<PathBuf> {
    let source = program.with_extension("c");
    std::fs::write(&source, text).expect("written");
    let built = Command::new(compiler).arg("-O2").arg("-o").arg(program).arg(&source).status();
    built.is_ok_and(|status| status.success()).then(|| program.to_owned())
}

fn spawned(command: &mut Command) {
    let status = command.stderr(Stdio::null()).status().expect("it starts");
    assert!(status.success(), "the library can be loaded");
}
