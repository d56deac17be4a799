//! The command `spoolproof`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    spoolproof::run::child_entry();
    spoolproof::cli::main()
}
