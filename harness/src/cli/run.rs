//! `spoolproof run`.

use std::path::Path;

use super::args::RunArgs;
use super::{Complaint, candidate, catalogue, suite};
use crate::candidate::Candidate;
use crate::case::{Catalogue, Selection};
use crate::report::{Exit, Json, Junit, Paint, Reporter, Terminal, harmless};
use crate::run::{Preflight, Settings};

pub(super) fn run(args: RunArgs) -> Result<Exit, Complaint> {
    let catalogue = catalogue()?;
    let candidate = candidate(&args.candidate, &catalogue)?;
    let command = repeat(&candidate, args.candidate.library.as_deref());
    let selection = Selection { filters: args.select.filters, exact: args.select.exact, shard: args.shard };
    check(&selection, &catalogue)?;
    let defaults = Settings::default();
    let settings = Settings {
        jobs: args.jobs.map_or(defaults.jobs, usize::from),
        strict: args.strict,
        golden: !args.no_golden,
        out: args.out.clone(),
    };
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    let stdout = std::io::stdout();
    let paint = Paint::of(&stdout);
    reporters.push(Box::new(Terminal::new(stdout, paint, command)));
    let in_out = |name: &str| args.out.as_ref().map(|out| out.join(name));
    for path in args.json.into_iter().chain(in_out("report.json")) {
        reporters.push(Box::new(Json::new(path, &candidate)));
    }
    for path in args.junit.into_iter().chain(in_out("junit.xml")) {
        reporters.push(Box::new(Junit::new(path, &candidate.name, args.strict)));
    }
    let suite = suite(candidate, catalogue, settings)?;
    match suite.preflight() {
        Preflight::Fine => {}
        Preflight::Unloadable { why, output } => {
            let library = suite.candidate().library.display();
            let text =
                format!("spoolproof: `{library}` cannot be loaded and initialised: {}", harmless(&why));
            return Err(Complaint::new(Exit::Unloadable, with_output(text, &output)));
        }
        Preflight::HarnessError { why, output } => {
            let text = format!("spoolproof: the harness failed: {}", harmless(&why));
            return Err(Complaint::new(Exit::Harness, with_output(text, &output)));
        }
    }
    let summary = suite
        .run(&selection, &mut |event| reporters.iter_mut().try_for_each(|reporter| reporter.event(event)))?;
    Ok(summary.exit())
}

/// A filter that selects nothing was meant to select something.
fn check(selection: &Selection, catalogue: &Catalogue) -> Result<(), Complaint> {
    for filter in &selection.filters {
        let alone = Selection { filters: vec![filter.clone()], exact: selection.exact, shard: None };
        if catalogue.select(&alone).next().is_none() {
            let near =
                catalogue.nearest(filter).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let text = format!("spoolproof: nothing selected: no case has `{filter}` in its id{near}");
            return Err(Complaint::new(Exit::Usage, text));
        }
    }
    match catalogue.select(selection).next() {
        Some(_) => Ok(()),
        None => Err(Complaint::new(Exit::Usage, "spoolproof: nothing selected: this shard has no case")),
    }
}

/// How the same run is begun again.
fn repeat(candidate: &Candidate, library: Option<&Path>) -> String {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    match (&candidate.file, library) {
        (Some(file), _) => format!("spoolproof run --candidate {}", quoted(file)),
        (None, Some(library)) => format!("spoolproof run --library {}", quoted(library)),
        (None, None) => "spoolproof run".to_owned(),
    }
}

fn with_output(text: String, output: &str) -> String {
    if output.trim().is_empty() { text } else { format!("{text}\nit printed last:\n{}", harmless(output)) }
}
