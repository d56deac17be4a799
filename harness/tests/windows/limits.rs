//! What a library under Wine may take of the machine. Wine heeds no limit of a job: the harness looks after the child from outside.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::soon::soon;
use super::{lane_or_say, programs};

#[test]
fn a_library_that_takes_memory_without_end_is_ended() {
    let Some(dir) = lane_or_say("memory without end under Wine") else { return };
    for defect in ["memory-without-end", "threads-without-end"] {
        let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_spoolproof"))
            .env("SPOOLPROOF_MOCK_SPOOLER_EXE", dir.join("mock-spooler.exe"))
            .envs([("SPOOLPROOF_MEMORY_LIMIT", "512"), ("SPOOLPROOF_DEFECT", defect)])
            .args(["run", "--exact", "start-message/plain", "--library"])
            .arg(dir.join("defective_provider.dll"))
            .output()
            .expect("the command runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{defect}: {said}");
        assert!(said.contains("it holds more than 512 MiB of memory"), "{defect}: {said}");
    }
}

/// File size, processor time, core files, and what the processes of a case are known and counted by.
#[test]
fn the_limits_of_a_child_are_lowered() {
    let Some(dir) = lane_or_say("limits under Wine") else { return };
    let work = tempfile::Builder::new().prefix("limits-").tempdir().expect("a directory");
    let library = work.path().join("actor.dll");
    programs::actor(&library);
    let text =
        format!("name: hangs\nlibrary: '{}'\ntiming: {{ patience: 1s, limit: 60s }}\n", library.display());
    let file = work.path().join("candidate.yaml");
    fs::write(&file, text).expect("written");
    let temporary = work.path().join("temporary");
    fs::create_dir(&temporary).expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_spoolproof"));
    command
        .envs([("ACTOR", "hang"), ("SPOOLPROOF_DISK_LIMIT", "64")])
        .env("SPOOLPROOF_MOCK_SPOOLER_EXE", dir.join("mock-spooler.exe"))
        .env("TMPDIR", &temporary)
        .args(["run", "--candidate"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut run = command.spawn().expect("the command runs");
    let limits = soon(|| child_in(&temporary).and_then(|pid| lowered(&pid)));
    run.kill().expect("it runs");
    run.wait().expect("it has ended");
    // The harness that would have ended it is gone.
    if let Some(pid) = child_in(&temporary) {
        let _ = Command::new("kill").args(["-KILL", &pid]).status();
    }
    let limits = limits.expect("the child has limits of its own");
    let of = |name: &str| limits.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    let soft = |name: &str| of(name).split_whitespace().next().and_then(|text| text.parse::<u64>().ok());
    assert_eq!(soft("Max file size"), Some(64 << 20), "{limits}");
    assert_eq!(soft("Max core file size"), Some(0), "{limits}");
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    assert_eq!(soft("Max cpu time"), Some(61 * cores + 5), "{limits}");
    assert!(soft("Max msgqueue size").is_some_and(|mark| mark < 819_200), "{limits}");
}

/// The child whose case is below this directory.
fn child_in(dir: &Path) -> Option<String> {
    let wanted = format!("SPOOLPROOF_CASE_DIR={}", dir.display());
    let all = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = all.filter_map(|entry| entry.file_name().into_string().ok());
    pids.find(|pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(wanted.as_bytes()))
            && String::from_utf8_lossy(&line).contains("mock-spooler.exe")
    })
}

/// The limits of a process, once the last of them has been lowered.
fn lowered(pid: &str) -> Option<String> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let own = fs::read_to_string("/proc/self/limits").ok()?;
    let mark =
        |text: &str| text.lines().find(|line| line.starts_with("Max msgqueue size")).map(str::to_owned);
    (mark(&limits) != mark(&own)).then_some(limits)
}
