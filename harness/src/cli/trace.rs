//! `spoolproof trace`.

use std::fs;
use std::io::Write as _;

use super::args::{Form, TraceArgs};
use super::{Complaint, candidate, catalogue, suite};
use crate::case::{Catalogue, Point};
use crate::judge::Trace;
use crate::report::{self, Exit, harmless, trace_text};
use crate::run::Settings;
use crate::verdict::Verdict;

pub(super) fn trace(args: &TraceArgs) -> Result<Exit, Complaint> {
    let catalogue = catalogue()?;
    let (id, point) = named(&args.case, &catalogue)?;
    let candidate = candidate(&args.candidate, &catalogue)?;
    let kept = tempfile::tempdir()?;
    let settings = Settings { golden: false, out: Some(kept.path().to_owned()), ..Settings::default() };
    let suite = suite(candidate, catalogue, settings)?;
    let case = suite.catalogue().get(&id).expect("it was found in this very catalogue");
    let told_of = suite.run_one(case, point.as_ref());
    let told = told_of.verdict.detail().map(|detail| format!(": {}", harmless(&detail))).unwrap_or_default();
    let Some(path) = &told_of.trace else {
        let exit = match told_of.verdict {
            Verdict::NotApplicable { .. } => Exit::Usage,
            _ => Exit::Harness,
        };
        return Err(Complaint::new(
            exit,
            format!("spoolproof: there is no trace: {}{told}", told_of.verdict.name()),
        ));
    };
    let bytes = fs::read(path)?;
    let parsed = || {
        Trace::parse(&bytes).map_err(|error| Complaint::new(Exit::Harness, format!("spoolproof: {error}")))
    };
    let mut out = std::io::stdout().lock();
    match args.form {
        Form::Json => out.write_all(report::json(&String::from_utf8_lossy(&bytes)).as_bytes())?,
        Form::Text => {
            for (_, line) in trace_text::lines(&parsed()?.events) {
                writeln!(out, "{line}")?;
            }
        }
        Form::Mermaid => out.write_all(report::mermaid(&told_of.id, &parsed()?.events).as_bytes())?,
        Form::Perfetto => {
            let value = report::perfetto(&told_of.id, &parsed()?.events);
            writeln!(out, "{}", report::json(&value.to_string()))?;
        }
    }
    drop(out);
    eprintln!("{}: {}{told}", told_of.id, told_of.verdict.name());
    match told_of.verdict {
        Verdict::HarnessError { .. } => Ok(Exit::Harness),
        _ => Ok(Exit::Conformant),
    }
}

/// The case, and the point of its sweep where one is named.
fn named(id: &str, catalogue: &Catalogue) -> Result<(String, Option<Point>), Complaint> {
    let wrong = |text: String| Complaint::new(Exit::Usage, format!("spoolproof: {text}"));
    let (case, point) = match id.split_once('@') {
        Some((case, point)) => (case, Some(point.parse::<Point>().map_err(wrong)?)),
        None => (id, None),
    };
    match catalogue.get(case) {
        Some(found) if point.is_some() && found.sweep.is_none() => {
            Err(wrong(format!("`{case}` is no sweep")))
        }
        Some(found) => Ok((found.id.clone(), point)),
        None => {
            let near =
                catalogue.nearest(case).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(wrong(format!("there is no case `{case}`{near}")))
        }
    }
}
