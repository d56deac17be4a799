//! `spoolproof doctor`.

use std::io::{StdoutLock, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::args::CandidateArgs;
use super::{Complaint, candidate, catalogue, suite};
use crate::candidate::{Candidate, Host, Library, LibraryError};
use crate::case::Catalogue;
use crate::doctor::{self, By, Finding, Imports, Place};
use crate::report::{Exit, harmless, in_line};
use crate::run::{Entry, Handshake, Preflight, Settings, Suite};

/// So many names of a list are shown.
const SHOWN: usize = 12;

pub(super) fn doctor(args: &CandidateArgs) -> Result<Exit, Complaint> {
    let catalogue = catalogue()?;
    let candidate = candidate(args, &catalogue)?;
    if candidate.shim.is_some() {
        return shim(candidate, catalogue);
    }
    let (transport, store) = (candidate.library.clone(), candidate.store_library.clone());
    let mut out = std::io::stdout().lock();
    writeln!(out, "candidate: {}", in_line(&candidate.name))?;
    let library = examine(&mut out, "library", &transport)?;
    let store = store.map(|path| examine(&mut out, "store", &path)).transpose()?;
    let suite = match Suite::new(candidate, Arc::new(catalogue), Settings::default()) {
        Ok(suite) => suite,
        Err(error) => {
            writeln!(out, "loader:    nobody here: {}", in_line(&error.to_string()))?;
            advise(&mut out, &[(&library, Entry::Transport)])?;
            return Ok(error.exit());
        }
    };
    match suite.host() {
        Host::Here => writeln!(out, "loader:    this program, started again")?,
        Host::MockSpooler { exe, wine: true } => writeln!(out, "loader:    {} under Wine", shown(exe))?,
        Host::MockSpooler { exe, wine: false } => writeln!(out, "loader:    {}", shown(exe))?,
    }
    let mut asked = vec![(&library, Entry::Transport)];
    let with_store =
        store.as_ref().or(Some(&library)).filter(|one| one.contents.exports(Entry::Store.name()));
    asked.extend(with_store.or(store.as_ref()).map(|one| (one, Entry::Store)));
    let mut exit = Exit::Conformant;
    for (_, entry) in &asked {
        let ended = match suite.handshake(*entry) {
            Some(handshake) => tell(&mut out, *entry, &handshake)?,
            None => {
                writeln!(out, "answer:    {} is not asked by this version", entry.name())?;
                Exit::Conformant
            }
        };
        exit = if exit == Exit::Conformant { ended } else { exit };
    }
    advise(&mut out, &asked)?;
    Ok(exit)
}

/// A candidate that is a program can only be asked: nothing of it is a library that could be looked at.
fn shim(candidate: Candidate, catalogue: Catalogue) -> Result<Exit, Complaint> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "candidate: {}", in_line(&candidate.name))?;
    writeln!(out, "shim:      {}", in_line(&candidate.code()))?;
    let suite = suite(candidate, catalogue, Settings::default())?;
    let Some(handshake) = suite.handshake(Entry::Transport) else { return Ok(Exit::Conformant) };
    tell(&mut out, Entry::Transport, &handshake)
}

/// Looks at a library and tells what it is.
fn examine(out: &mut StdoutLock<'_>, head: &str, path: &Path) -> Result<Finding, Complaint> {
    let found = doctor::examine(path).map_err(|error| {
        let exit = match &error {
            LibraryError::Missing { .. } => Exit::Usage,
            LibraryError::Unreadable { .. } | LibraryError::Other { .. } => Exit::Unloadable,
        };
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Complaint::new(exit, format!("spoolproof: {error}{cause}"))
    })?;
    let Finding { library, contents, imports, .. } = &found;
    writeln!(out, "{:10} {}", format!("{head}:"), shown(path))?;
    writeln!(out, "kind:      {library}, {} bits; this program is {}", contents.bits, Library::native())?;
    writeln!(out, "exports:   {}", listed(&contents.exports))?;
    for one in imports {
        tell_who_serves(out, one)?;
    }
    Ok(found)
}

fn shown(path: &Path) -> String {
    in_line(&path.display().to_string())
}

/// Who serves what is imported from a library.
fn tell_who_serves(out: &mut StdoutLock<'_>, one: &Imports) -> Result<(), Complaint> {
    let Imports { library, by, served, refused, nobody } = one;
    let all: Vec<String> = [served, refused, nobody].into_iter().flatten().cloned().collect();
    let names = if all.is_empty() { String::new() } else { format!(": {}", listed(&all)) };
    let gone = if *by == By::Nobody && !library.is_empty() { "  (not found here)" } else { "" };
    let from =
        if library.is_empty() { "names of no library in particular".to_owned() } else { in_line(library) };
    writeln!(out, "needs:     {from}{names}{gone}")?;
    let who = match by {
        By::Us => Some("this program".to_owned()),
        By::Found(Place::System(at)) => Some(format!("the system ({})", shown(at))),
        By::Found(Place::Own(at)) => Some(shown(at)),
        By::Found(Place::Loader) => Some("the loader itself".to_owned()),
        By::Nobody | By::Unknown => None,
    };
    if let Some(who) = who {
        writeln!(out, "           served by {who}: {}", served.len())?;
    }
    if !refused.is_empty() {
        writeln!(out, "           answered with MAPI_E_NO_SUPPORT: {}", listed(refused))?;
    }
    if !nobody.is_empty() {
        writeln!(out, "           served by nobody: {}", listed(nobody))?;
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    let some: Vec<String> = names.iter().take(SHOWN).map(|name| in_line(name)).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        all if all > SHOWN => format!("{} and {} more", some.join(", "), all - SHOWN),
        _ => some.join(", "),
    }
}

fn tell(out: &mut StdoutLock<'_>, entry: Entry, handshake: &Handshake) -> Result<Exit, Complaint> {
    let name = entry.name();
    let values: Vec<String> =
        handshake.values.iter().map(|(name, value)| format!("{name} = {}", in_line(value))).collect();
    if let Some(result) = &handshake.result {
        writeln!(out, "answer:    {name} = {}  ({})", in_line(result), values.join(", "))?;
    }
    Ok(match &handshake.outcome {
        Preflight::Fine => {
            writeln!(out, "           it is loaded, and {name} succeeds")?;
            Exit::Conformant
        }
        Preflight::Unloadable { why, output } => {
            writeln!(out, "answer:    it cannot be loaded and initialised: {}", in_line(why))?;
            printed(out, output)?;
            Exit::Unloadable
        }
        Preflight::HarnessError { why, output } => {
            writeln!(out, "answer:    the harness failed: {}", in_line(why))?;
            printed(out, output)?;
            Exit::Harness
        }
    })
}

fn printed(out: &mut StdoutLock<'_>, output: &str) -> Result<(), Complaint> {
    if !output.trim().is_empty() {
        writeln!(out, "it printed last:\n{}", harmless(output))?;
    }
    Ok(())
}

fn advise(out: &mut StdoutLock<'_>, asked: &[(&Finding, Entry)]) -> Result<(), Complaint> {
    for (finding, entry) in asked {
        for advice in doctor::advice(finding, entry.name()) {
            writeln!(out, "advice:    {}", in_line(&advice))?;
        }
    }
    Ok(())
}
