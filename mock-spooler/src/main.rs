//! The child as a program of its own, and the host of a library behind the shim.
//!
//! The harness runs `mock-spooler PLAN` where it cannot run itself, that is a Windows library under Wine.
//! `mock-spooler serve --library LIB` is a candidate's command: the library is judged from another process, or another
//! machine.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mock_spooler::shim::serve::{Served, serve};

/// A mock of the MAPI spooler.
#[derive(Debug, Parser)]
#[command(
    name = "mock-spooler",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true
)]
struct Cli {
    /// Run a plan: a file that spoolproof writes
    plan: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a provider library on standard input and output, as a shim (see SHIM.md)
    Serve {
        /// The library
        #[arg(long, value_name = "FILE")]
        library: PathBuf,
        /// The library of the store, where it is another file
        #[arg(long, value_name = "FILE")]
        store_library: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match Cli::parse() {
        Cli { command: Some(Command::Serve { library, store_library }), .. } => {
            mock_spooler::child::confine();
            match serve(&Served { library, store_library }) {
                Ok(()) => mock_spooler::child::leave(),
                Err(message) => {
                    eprintln!("mock-spooler serve: {message}");
                    ExitCode::from(mock_spooler::child::exit::NO_PLAN)
                }
            }
        }
        Cli { plan: Some(plan), command: None } => mock_spooler::child::main(&plan),
        Cli { plan: None, command: None } => ExitCode::from(mock_spooler::child::exit::NO_PLAN),
    }
}
