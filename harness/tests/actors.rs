//! Candidates that crash, exit, hang, flood: the run goes on, the verdict says where, and no process is left behind.

#![cfg(unix)]

mod common;

use std::time::{Duration, Instant};

use common::{CASE, answer, cases, complaint, library, spoolproof, write};

/// Runs the one case with the library that acts so; the verdict's line, and the command's exit status.
fn act(actor: &str, limit: &str) -> (String, String) {
    let dir = cases(CASE);
    let library = library("actor");
    let source = "source: { maildrop: 0x6600001E }";
    let text =
        format!("library: {}\n{source}\ntiming: {{ patience: 100ms, limit: {limit} }}\n", library.display());
    let file = write(dir.path(), "candidate.yaml", &text);
    let mut command = spoolproof();
    command.env("SPOOLPROOF_CASES", dir.path()).env("ACTOR", actor).env("SPOOLPROOF_MEMORY_LIMIT", "1024");
    command.args(["trace", "polling/one", "--candidate"]).arg(file);
    let assert = command.assert().code(0);
    (complaint(&assert), answer(&assert))
}

#[test]
fn whatever_ends_the_process_is_told_with_the_last_call() {
    for (actor, how) in [
        ("abort", "crash: SIGABRT"),
        ("crash", "crash: SIGSEGV"),
        ("overflow", "crash: SIG"),
        ("allocate", "crash: SIGABRT"),
        ("exit", "crash: exited with status 0"),
    ] {
        let (verdict, trace) = act(actor, "20s");
        assert!(verdict.contains(how), "{actor}: {verdict}");
        assert!(
            verdict.contains("last call: XPProviderInit") && verdict.contains("no return"),
            "{actor}: {verdict}"
        );
        assert!(trace.contains("-> XPProviderInit"), "the trace survives its child: {trace}");
    }
}

#[test]
fn a_hang_is_ended() {
    let start = Instant::now();
    let (verdict, _) = act("hang", "300ms");
    assert!(
        verdict.contains("timeout: stopped after") && verdict.contains("last call: XPProviderInit"),
        "{verdict}"
    );
    assert!(start.elapsed() < Duration::from_secs(15), "it took {:?}", start.elapsed());
}

#[test]
fn noise_disturbs_nothing() {
    let (verdict, trace) = act("noise", "20s");
    assert!(verdict.contains("polling/one: fail"), "{verdict}");
    assert!(trace.contains("XPProviderInit = MAPI_E_CALL_FAILED"), "{trace}");
}

#[test]
fn what_a_candidate_prints_does_not_steer_the_terminal() {
    let dir = cases(CASE);
    let mut command = spoolproof();
    command
        .env("SPOOLPROOF_CASES", dir.path())
        .env("ACTOR", "noise")
        .args(["run", "--library"])
        .arg(library("actor"));
    let said = complaint(&command.assert().code(3));
    assert!(said.contains("XPProviderInit returned MAPI_E_CALL_FAILED"), "{}", &said[..said.len().min(400)]);
    assert!(!said.contains(['\u{1b}', '\u{7}']), "control characters are shown as escapes");
    assert!(said.len() < 100_000, "64 MiB are not repeated: {} bytes", said.len());
}

#[test]
fn initialisation_that_ends_the_process_is_no_verdict_of_cases() {
    for (actor, how) in [("abort", "SIGABRT"), ("exit", "exited with status 0")] {
        let dir = cases(CASE);
        let mut command = spoolproof();
        command
            .env("SPOOLPROOF_CASES", dir.path())
            .env("ACTOR", actor)
            .args(["run", "--library"])
            .arg(library("actor"));
        let said = complaint(&command.assert().code(3));
        assert!(said.contains("XPProviderInit did not return") && said.contains(how), "{said}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_is_left_behind() {
    let dir = cases(CASE);
    // A duration that no other process sleeps for.
    let sleep = format!("{}", 600_000 + u64::from(std::process::id()));
    let mut command = spoolproof();
    command.env("SPOOLPROOF_CASES", dir.path()).env("ACTOR", "daemon").env("ACTOR_SLEEP", &sleep);
    command.args(["run", "--library"]).arg(library("actor")).assert().code(3);
    let sleeping = |entry: std::fs::DirEntry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == sleep.as_bytes())
    };
    let left = std::fs::read_dir("/proc").expect("the processes").flatten().filter_map(|entry| {
        let pid = entry.file_name().to_string_lossy().into_owned();
        sleeping(entry).then_some(pid)
    });
    assert_eq!(left.collect::<Vec<_>>(), Vec::<String>::new());
}
