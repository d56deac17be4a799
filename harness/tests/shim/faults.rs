//! Programs that break the protocol: each is quoted back, is the candidate's fault, and ends in bounded time.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::tools::{Candidate, Ran, spoolproof};

/// What a run of a bad program may take, on a busy machine: far less than the case's own limit and the program's sleep.
const BOUND: Duration = Duration::from_secs(40);

fn run(mode: &str) -> Ran {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/bad.py");
    let file =
        format!("shim: [python3, '{}', {mode}]\ntiming: {{ patience: 1s, limit: 4s }}\n", program.display());
    let candidate = Candidate::new(&file);
    let start = Instant::now();
    let ran = spoolproof(&["run", "--candidate", &candidate.file(), "--exact", "logon/plain"]);
    assert!(start.elapsed() < BOUND, "{mode} took {:?}", start.elapsed());
    ran
}

#[test]
fn a_fault_is_the_candidates_and_is_quoted_back() {
    for (mode, quoted) in [
        ("no-json", "this is no JSON\\u{1b}[1m"),
        ("unknown-method", "NoSuchMethod"),
        ("unknown-handle", "@support#99"),
        ("wrong-argument", "lpColumnVals[0].value"),
        ("wrong-answer", "`hr`"),
        ("unasked", "4711"),
        ("half-line", "{\"jsonrpc\":\"2.0\",\"id\""),
        ("flood", "not answered yet"),
        ("long-line", "67108864"),
    ] {
        let ran = run(mode);
        assert_eq!(ran.status, 1, "{mode}: {}", ran.text);
        assert!(ran.text.contains("fail  logon/plain"), "{mode}: {}", ran.text);
        assert!(ran.text.contains("ROBU-01"), "{mode}: {}", ran.text);
        assert!(ran.text.contains(quoted), "{mode}: {}", ran.text);
        assert!(!ran.text.contains("harness"), "{mode}: {}", ran.text);
    }
}

#[test]
fn a_program_that_ends_is_a_crash_with_its_status() {
    let ran = run("exits");
    assert_eq!(ran.status, 1, "{}", ran.text);
    assert!(ran.text.contains("crash") && ran.text.contains("exited with status 3"), "{}", ran.text);
    assert!(ran.text.contains("IXPProvider.TransportLogon"), "the last call is named: {}", ran.text);
}

#[test]
fn silence_is_a_timeout_and_the_call_is_named() {
    let ran = run("silent");
    assert_eq!(ran.status, 1, "{}", ran.text);
    assert!(ran.text.contains("timeout") && ran.text.contains("IXPProvider.TransportLogon"), "{}", ran.text);
}

#[test]
fn a_program_that_goes_on_after_its_end_is_at_fault() {
    let ran = run("stays");
    assert_eq!(ran.status, 1, "{}", ran.text);
    assert!(ran.text.contains("it runs on"), "{}", ran.text);
}

/// Calls of other threads are run beside the case; what was read before the end belongs to the trace all the same.
#[test]
fn calls_of_other_threads_are_all_in_the_trace() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/bad.py");
    let candidate = Candidate::new(&format!("shim: [python3, '{}', late]\n", program.display()));
    let out = tempfile::tempdir().expect("a directory");
    let to = out.path().to_string_lossy();
    let ran = spoolproof(&["run", "--candidate", &candidate.file(), "--out", &to, "--exact", "logon/plain"]);
    let trace = std::fs::read_to_string(out.path().join("traces/logon/plain.jsonl")).expect("the trace");
    assert_eq!(trace.matches("\"m\":\"IMAPISupport.ModifyStatusRow\"").count(), 200, "{}", ran.text);
}

#[test]
fn a_program_that_cannot_be_had_is_no_candidate() {
    for (mode, quoted) in [("greets", "Welcome!"), ("refuses", "exit status: 7")] {
        let ran = run(mode);
        assert_eq!(ran.status, 3, "{mode}: {}", ran.text);
        assert!(ran.text.contains(quoted), "{mode}: {}", ran.text);
    }
    let ran = spoolproof(&["run", "--shim", "no-such-program-anywhere --at all"]);
    assert_eq!(ran.status, 3, "{}", ran.text);
    assert!(ran.text.contains("no-such-program-anywhere"), "{}", ran.text);
}
