//! `spoolproof doctor`.

use std::io::Write as _;

use super::args::CandidateArgs;
use super::{Complaint, candidate, catalogue, suite};
use crate::candidate::{Host, Library};
use crate::report::{Exit, harmless};
use crate::run::{Preflight, Settings};

pub(super) fn doctor(args: &CandidateArgs) -> Result<Exit, Complaint> {
    let catalogue = catalogue()?;
    let candidate = candidate(args, &catalogue)?;
    let path = candidate.library.clone();
    let suite = suite(candidate, catalogue, Settings::default())?;
    let library = Library::inspect(&path)
        .map_err(|error| Complaint::new(Exit::Unloadable, format!("spoolproof: {error}")))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "library: {}", path.display())?;
    writeln!(out, "kind:    {library}; this program is {}", Library::native())?;
    match suite.host() {
        Host::Here => writeln!(out, "loader:  this program, started again")?,
        Host::MockSpooler { exe, wine: true } => writeln!(out, "loader:  {} under Wine", exe.display())?,
        Host::MockSpooler { exe, wine: false } => writeln!(out, "loader:  {}", exe.display())?,
    }
    match suite.preflight() {
        Preflight::Fine => {
            writeln!(out, "answer:  it is loaded, and XPProviderInit succeeds")?;
            Ok(Exit::Conformant)
        }
        Preflight::Unloadable { why, output } => {
            writeln!(out, "answer:  none: {}\n{}", harmless(&why), harmless(&output))?;
            Ok(Exit::Unloadable)
        }
        Preflight::HarnessError { why, output } => {
            writeln!(out, "answer:  the harness failed: {}\n{}", harmless(&why), harmless(&output))?;
            Ok(Exit::Harness)
        }
    }
}
