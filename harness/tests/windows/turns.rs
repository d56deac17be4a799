//! Turns of `spoolproof.exe` at what cases share. The lock of a turn is a file that is open to one process alone and goes with its
//! handle, however the process ends.

use std::fs;
use std::process::{Command, Stdio};

use super::programs::{Installed, actor, processes, said};
use super::soon::soon;

const SHARED: &str = "source: { command: [cmd, /c, exit] }\n";

/// Cases of a candidate that shares a source take turns.
#[test]
fn a_turn_leaves_no_lock_behind() {
    let Some(installed) = Installed::new("turns of `spoolproof.exe`") else { return };
    installed.write("shares.yaml", &format!("name: shares\nlibrary: reference_provider.dll\n{SHARED}"));
    let output = installed.run(&["run", "--exact", "lifecycle/load", "--candidate", "shares.yaml"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    installed.is_clean();
}

/// One process is killed in its turn while another waits for it: the lock goes with the one, and the other comes to its turn.
#[test]
fn a_turn_ends_with_its_process() {
    let Some(installed) = Installed::new("a killed turn of `spoolproof.exe`") else { return };
    actor(&installed.dir.join("actor.dll"));
    let hangs = format!("hangs-{}.yaml", std::process::id());
    let timing = "timing: { patience: 100s, limit: 400s }\n";
    installed.write(&hangs, &format!("name: hangs\nlibrary: actor.dll\n{SHARED}{timing}"));
    let next = format!("next-{}.yaml", std::process::id());
    installed.write(&next, &format!("name: next\nlibrary: reference_provider.dll\n{SHARED}"));
    let lock = || {
        let files = fs::read_dir(installed.temporary()).into_iter().flatten().flatten();
        files.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "lock"))
    };
    let start = |candidate: &str| {
        let mut command = Command::new("wine");
        installed.prepare(&mut command, &["run", "--exact", "lifecycle/load", "--candidate", candidate]);
        command.env("ACTOR", "hang").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("wine runs")
    };

    let mut first = start(&hangs);
    // The library hangs in the turn of the first look at it.
    let held = soon(lock);
    let running =
        |candidate: &str| processes(&["spoolproof.exe", candidate]).into_iter().next().map(|(pid, _)| pid);
    let harness = soon(|| running(&hangs));
    let mut second = start(&next);
    let waits = soon(|| running(&next));
    let killed = harness.as_ref().is_some_and(|pid| {
        Command::new("kill").args(["-KILL", pid]).status().is_ok_and(|status| status.success())
    });
    first.wait().expect("it has ended");
    let status = second.wait().expect("it has ended");
    assert!(held.is_some() && waits.is_some() && killed, "{held:?}, {harness:?}, {waits:?}, {killed}");
    assert_eq!(status.code(), Some(0), "whoever waits comes to its turn");
    assert_eq!(lock(), None, "the lock is left behind");
    // What it had started goes on, as Wine does not end a job with the last process that has it open; and so stays its directory.
    installed.end_processes();
}
