//! What a library under Wine may take of the machine. Wine heeds no limit of a job: the harness looks after the child from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::programs::processes;
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

/// They are counted by a mark that they inherit, and none of them is left.
#[test]
fn a_library_that_starts_processes_without_end_is_ended() {
    let Some(dir) = lane_or_say("processes without end under Wine") else { return };
    let hung = Hung::new(&dir, "processes", "100s");
    let output = assert_cmd::Command::from_std(hung.command()).output().expect("the command runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("it has started more than 256 processes"), "{said}");
    // What was ended is gone as soon as the system comes to it.
    let work = hung.work.path().to_string_lossy();
    let name = work.rsplit('/').next().expect("it has a name");
    assert_eq!(soon(|| processes(&[name]).is_empty().then_some(())), Some(()), "{:?}", processes(&[name]));
}

/// The clock of the harness ends whatever is busy, as long as there is a harness: what is left of one that was killed has the
/// processor time that it was given, and no more.
#[test]
fn processor_time_ends_what_the_clock_does_not_reach() {
    use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};
    /// What five seconds come to on all cores, on a machine that is busy with other things.
    const BOUND: Duration = Duration::from_secs(240);
    let Some(dir) = lane_or_say("processor time under Wine") else { return };
    // The child's end is told to its parent: this process, once the harness is gone.
    set_child_subreaper(Some(getpid())).expect("orphans are adopted");
    let hung = Hung::new(&dir, "busy", "5s");
    let mut run = hung.command();
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command runs");
    let child = soon(|| child_in(&hung.temporary()).filter(|pid| lowered(pid).is_some()));
    run.kill().expect("it runs");
    run.wait().expect("it has ended");
    let child =
        child.and_then(|pid| Pid::from_raw(pid.parse().ok()?)).expect("the child has limits of its own");
    let start = Instant::now();
    let status = loop {
        if let Ok(Some((_, status))) = waitpid(Some(child), WaitOptions::NOHANG) {
            break status;
        }
        if start.elapsed() > BOUND {
            let _ = rustix::process::kill_process(child, rustix::process::Signal::KILL);
            panic!("it goes on after {BOUND:?}");
        }
        std::thread::park_timeout(Duration::from_millis(20));
    };
    let signal = status.terminating_signal();
    assert_eq!(signal, Some(rustix::process::Signal::XCPU.as_raw()), "{status:?}");
}

/// File size, processor time, core files, and what the processes of a case are known and counted by.
#[test]
fn the_limits_of_a_child_are_lowered() {
    let Some(dir) = lane_or_say("limits under Wine") else { return };
    let hung = Hung::new(&dir, "hang", "60s");
    let temporary = hung.temporary();
    let mut command = hung.command();
    command.env("SPOOLPROOF_DISK_LIMIT", "64").stdout(Stdio::null()).stderr(Stdio::null());
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

/// A library that does not come back from its first call.
struct Hung {
    work: TempDir,
    exe: PathBuf,
    what: &'static str,
}

impl Hung {
    /// It does this, and each case has this long.
    fn new(lane: &Path, what: &'static str, limit: &str) -> Self {
        let work = tempfile::Builder::new().prefix("limits-").tempdir().expect("a directory");
        let library = work.path().join("actor.dll");
        programs::actor(&library);
        let timing = format!("timing: {{ patience: 1s, limit: {limit} }}");
        let text = format!("name: hangs\nlibrary: '{}'\n{timing}\n", library.display());
        fs::write(work.path().join("candidate.yaml"), text).expect("written");
        fs::create_dir(work.path().join("temporary")).expect("a directory");
        Self { work, exe: lane.join("mock-spooler.exe"), what }
    }

    /// Where its cases are.
    fn temporary(&self) -> PathBuf {
        self.work.path().join("temporary")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spoolproof"));
        command
            .env("SPOOLPROOF_MOCK_SPOOLER_EXE", &self.exe)
            .env("ACTOR", self.what)
            .env("ACTOR_LIBRARY", self.work.path())
            .env("TMPDIR", self.temporary())
            .args(["run", "--candidate"])
            .arg(self.work.path().join("candidate.yaml"))
            .stdin(Stdio::null());
        command
    }
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
