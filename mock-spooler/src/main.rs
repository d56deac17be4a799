//! The child as a program of its own: `mock-spooler PLAN`. The harness runs it where it cannot run itself, that is a Windows
//! library under Wine.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args_os().nth(1) {
        Some(plan) => mock_spooler::child::main(Path::new(&plan)),
        None => {
            eprintln!("usage: mock-spooler PLAN   (a plan is a file that spoolproof writes)");
            ExitCode::from(mock_spooler::child::exit::NO_PLAN)
        }
    }
}
