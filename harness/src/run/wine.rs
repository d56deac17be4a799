//! Wine: Windows libraries on other systems.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;

use mock_spooler::child::UNHANDLED;

use super::signal;
use crate::verdict::ChildEnd;

/// Tells our programs under Wine where temporary files go: Wine keeps the variables of this system that say so to itself.
pub(super) const TEMPORARY: &str = "SPOOLPROOF_TEMP";

/// Wine, quiet. The prefix is the user's own, or that of WINEPREFIX.
pub(super) fn command() -> Command {
    warm_up();
    quiet("wine")
}

/// Whether a shim's command runs its program under Wine.
pub(super) fn runs(command: &[String]) -> bool {
    let name =
        |word: &String| Path::new(word).file_name().is_some_and(|name| name == "wine" || name == "wine64");
    command.iter().any(name)
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("WINEDEBUG", "-all").stdin(Stdio::null());
    // The libraries of the mock go before Wine's own.
    command.env("WINEDLLOVERRIDES", "mapi32,olmapi32=n,b");
    command
}

/// Starts Wine's server and services once, outside of any case: those that the first case starts would end with it, and
/// take the others along.
pub(super) fn warm_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Kept for some seconds after the last process, as no case should pay for another start. Failures show in the
        // first case, with Wine's own words.
        let _ = quiet("wineserver").arg("-p10").stdout(Stdio::null()).stderr(Stdio::null()).status();
        let _ =
            quiet("wine").args(["cmd", "/c", "exit"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    });
}

/// What an exit status means under Wine, which hands on only its lowest eight bits; of an exception our child tells, or Wine.
pub(super) fn end(status: i32, output: &str) -> ChildEnd {
    let ours = output.lines().find_map(|line| line.split_once(UNHANDLED)?.1.trim().strip_prefix("0x"));
    if let Some(code) = ours.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
        return ChildEnd::Signalled(signal::exception(code));
    }
    let told = output.lines().find_map(|line| line.split_once("wine: Unhandled ").map(|(_, what)| what));
    match told {
        Some(what) => {
            let what = what.split(" at address").next().unwrap_or(what);
            ChildEnd::Signalled(format!("unhandled {}", what.trim()))
        }
        None => ChildEnd::Exited(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_run_wine() {
        let runs =
            |command: &[&str]| runs(&command.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(runs(&["wine", "mock-spooler.exe", "serve"]));
        assert!(runs(&["env", "WINEDEBUG=-all", "/usr/bin/wine64", "x.exe"]));
        assert!(!runs(&["python3", "wine.py"]));
    }

    #[test]
    fn exceptions_are_told_by_wine() {
        let output = "noise\nwine: Unhandled page fault on write access to 0 at address 0x1 (thread 0024), starting debugger...\n";
        assert_eq!(
            end(5, output),
            ChildEnd::Signalled("unhandled page fault on write access to 0".to_owned())
        );
        let ours = "noise\nmock-spooler: unhandled exception 0xC0000005\r\n";
        assert_eq!(end(5, ours), ChildEnd::Signalled("STATUS_ACCESS_VIOLATION".to_owned()));
        assert_eq!(end(3, "noise"), ChildEnd::Exited(3));
    }
}
