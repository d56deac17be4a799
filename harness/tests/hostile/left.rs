//! What runs leave behind: nothing.

use std::sync::Arc;

use spoolproof::candidate::Candidate;
use spoolproof::case::{Catalogue, cases_dir};
use spoolproof::run::{Settings, Suite};

use crate::common::candidate;
#[cfg(target_os = "linux")]
use crate::soon::soon;

/// Makes this process the one that gets the orphans of those that it starts.
pub(crate) fn adopt() {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).expect("any process may adopt");
}

/// The processes below this one, by their command lines; nothing where there are none.
pub(crate) fn processes() -> Option<String> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?.flatten();
    let listed = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let pids: Vec<String> =
        listed.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    // What ended by itself and waits to be collected runs no more.
    let alive = |pid: &&String| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| !rest.starts_with(['Z', 'X']) && !rest.is_empty())
    };
    let told: Vec<String> = pids.iter().filter(alive).map(|pid| format!("{pid}: {}", line_of(pid))).collect();
    if told.is_empty() { None } else { Some(told.join(", ")) }
}

fn line_of(pid: &str) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// Kills the harness while a candidate holds its child up that heeds no signal: child, and what it is a copy of, end as well.
#[cfg(target_os = "linux")]
pub(crate) fn a_harness_that_is_killed_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = candidate(dir.path(), "defective_provider", "timing: { patience: 100s, limit: 300s }\n");
    let mut harness = std::process::Command::new(env!("CARGO_BIN_EXE_spoolproof"))
        .args(["run", "--exact", "start-message/plain", "--candidate"])
        .arg(file)
        .env("SPOOLPROOF_DEFECT", "signals-blocked")
        .env("TMPDIR", dir.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    let held_up = || {
        let cases = std::fs::read_dir(dir.path()).ok()?.flatten();
        let traces = cases.filter_map(|case| std::fs::read_to_string(case.path().join("trace.jsonl")).ok());
        { traces }.find(|trace| trace.contains("IXPLogon.StartMessage"))
    };
    assert!(soon(held_up).is_some(), "the message is begun");
    let running = below(dir.path());
    assert!(running.len() >= 2, "the harness and its child: {running:?}");
    harness.kill().expect("it is there");
    harness.wait().expect("it has ended");
    let gone = soon(|| Some(()).filter(|()| below(dir.path()).is_empty()));
    assert!(gone.is_some(), "left behind: {:?}", below(dir.path()));
}

/// The processes that are told to put their temporary files below a directory, and have not ended.
#[cfg(target_os = "linux")]
fn below(dir: &std::path::Path) -> Vec<String> {
    let wanted = format!("TMPDIR={}", dir.display());
    let all = std::fs::read_dir("/proc").expect("Linux has it").flatten();
    let pids = all.filter_map(|entry| entry.file_name().into_string().ok());
    pids.filter(|pid| {
        // Of what has ended there is none.
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(wanted.as_bytes()))
    })
    .collect()
}

/// Runs candidates that leave processes, threads and files behind, many times and two at once, in this very process: what it
/// has open and how many threads it has are the same afterwards.
pub(crate) fn a_harness_that_lives_on_keeps_nothing() {
    const RUNS: usize = 6;
    let run = |defect: &str| {
        let suite = suite(defect);
        let case = suite.catalogue().get("start-message/plain").expect("the case is there").clone();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| drop(suite.run_one(&case, None)));
            }
        });
    };
    let open = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    // Whatever is made once is made now.
    run("daemons-without-environment");
    let before = (open(), threads());
    for _ in 0..RUNS {
        for defect in ["daemons-without-environment", "kills-itself", "descriptors-closed"] {
            run(defect);
        }
    }
    // The tests of this binary run at once, each with a thread, a pipe and a file or two of its own; what is kept of each
    // run would be as many as there were runs.
    let kept = 2 * 3 * RUNS;
    assert!(open() < before.0 + kept, "{before:?} became {} open files", open());
    assert!(threads() < before.1 + kept, "{before:?} became {} threads", threads());
}

fn suite(defect: &str) -> Suite {
    let dir = tempfile::tempdir().expect("a directory");
    let catalogue = Catalogue::load(&cases_dir()).expect("the cases are well-formed");
    let file = candidate(dir.path(), "defective_provider", "timing: { patience: 500ms, limit: 3s }\n");
    let mut candidate = Candidate::from_file(&file, &catalogue).expect("the candidate is well-formed");
    candidate.environment = vec![("SPOOLPROOF_DEFECT".to_owned(), defect.to_owned())];
    Suite::new(candidate, Arc::new(catalogue), Settings::default()).expect("the library is there")
}
