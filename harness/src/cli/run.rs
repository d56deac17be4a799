//! `spoolproof run`.

use super::args::RunArgs;
use super::{Complaint, candidate, catalogue, outputs, suite};
use crate::case::{Catalogue, Selection};
use crate::report::{About, Exit, harmless};
use crate::run::{Preflight, Settings};

pub(super) fn run(args: RunArgs) -> Result<Exit, Complaint> {
    let catalogue = catalogue()?;
    let candidate = candidate(&args.candidate, &catalogue)?;
    let named = &args.candidate;
    let bundled = named.candidate.is_none() && named.library.is_none() && named.shim.is_none();
    let about = About::new(&candidate, bundled, args.strict);
    let selection = Selection { filters: args.select.filters, exact: args.select.exact, shard: args.shard };
    check(&selection, &catalogue)?;
    let defaults = Settings::default();
    let settings = Settings {
        jobs: args.jobs.map_or(defaults.jobs, usize::from),
        strict: args.strict,
        golden: !args.no_golden,
        out: args.out.clone(),
        traces: outputs::traces(&args.output, args.out.as_deref()),
    };
    let mut reporters = outputs::reporters(&args.output, args.out.as_deref(), &about, args.shard);
    let suite = suite(candidate, catalogue, settings)?;
    match suite.preflight() {
        Preflight::Fine => {}
        Preflight::Unloadable { why, output } => {
            let library = suite.candidate().code();
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

fn with_output(text: String, output: &str) -> String {
    if output.trim().is_empty() { text } else { format!("{text}\nit printed last:\n{}", harmless(output)) }
}
