//! The command: what it is asked, what it answers, with which exit status.

mod args;
mod doctor;
mod explain;
mod list;
mod merge;
mod outputs;
mod run;
mod schema;
mod trace;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use crate::candidate::{Candidate, CandidateError, bundled};
use crate::case::{Catalogue, cases_dir};
use crate::report::{Exit, Paint, in_line};
use crate::run::{Settings, Suite};
use args::{CandidateArgs, Cli, Command};

/// Does what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes, and are printed like everything that was asked for.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Conformant };
            let _ = error.print();
            return ExitCode::from(exit as u8);
        }
    };
    let done = match cli.command {
        Command::Run(args) => run::run(args),
        Command::List(args) => list::list(&args),
        Command::Explain { id } => explain::explain(&id),
        Command::Trace(args) => trace::trace(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Schema { what } => schema::schema(what),
    };
    let exit = done.unwrap_or_else(|Complaint { exit, text }| {
        eprintln!("{}", text.trim_end());
        exit
    });
    ExitCode::from(exit as u8)
}

/// Why the command cannot do what it is asked.
#[derive(Debug)]
struct Complaint {
    exit: Exit,
    text: String,
}

impl Complaint {
    /// In words of ours, which may quote paths, arguments and what a candidate says.
    fn new(exit: Exit, text: impl AsRef<str>) -> Self {
        let lines: Vec<String> = text.as_ref().lines().map(in_line).collect();
        Self { exit, text: lines.join("\n") }
    }

    /// A mistake in a file, shown with its line, in colour where that is wanted.
    fn shown(exit: Exit, text: String) -> Self {
        Self { exit, text }
    }
}

impl From<std::io::Error> for Complaint {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Harness, format!("spoolproof: cannot write: {error}"))
    }
}

fn on_terminal() -> bool {
    Paint::of(&std::io::stderr()).is_on()
}

fn catalogue() -> Result<Catalogue, Complaint> {
    Catalogue::load(&cases_dir()).map_err(|error| Complaint::shown(Exit::Usage, error.report(on_terminal())))
}

fn candidate(args: &CandidateArgs, catalogue: &Catalogue) -> Result<Candidate, Complaint> {
    let named = match (&args.candidate, &args.library, &args.shim) {
        (Some(file), _, _) => Candidate::from_file(file, catalogue),
        (None, Some(library), _) => Candidate::from_library(library),
        (None, None, Some(command)) => Candidate::from_shim(command),
        (None, None, None) => bundled(),
    };
    named.map_err(|error| match error {
        CandidateError::File(mistake) => Complaint::shown(Exit::Usage, mistake.report(on_terminal())),
        CandidateError::NotBuilt { .. } => Complaint::new(Exit::Harness, format!("spoolproof: {error}")),
        CandidateError::NoLibrary { .. } | CandidateError::NoCommand { .. } => {
            Complaint::new(Exit::Usage, format!("spoolproof: {error}"))
        }
    })
}

fn suite(candidate: Candidate, catalogue: Catalogue, settings: Settings) -> Result<Suite, Complaint> {
    Suite::new(candidate, Arc::new(catalogue), settings).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Complaint::new(error.exit(), format!("spoolproof: {error}{cause}"))
    })
}
