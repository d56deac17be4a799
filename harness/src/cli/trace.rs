//! `spoolproof trace`.

use std::fs;
use std::io::Write as _;

use super::args::{Form, TraceArgs};
use super::{Complaint, candidate, catalogue, suite};
use crate::case::{Catalogue, Point};
use crate::judge::Trace;
use crate::report::{Exit, harmless, trace_text};
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
    let report = suite.run_one(case, point.as_ref());
    let told = report.verdict.detail().map(|detail| format!(": {}", harmless(&detail))).unwrap_or_default();
    let Some(path) = &report.trace else {
        let exit = match report.verdict {
            Verdict::NotApplicable { .. } => Exit::Usage,
            _ => Exit::Harness,
        };
        return Err(Complaint::new(
            exit,
            format!("spoolproof: there is no trace: {}{told}", report.verdict.name()),
        ));
    };
    let bytes = fs::read(path)?;
    let mut out = std::io::stdout().lock();
    match args.form {
        Form::Json => out.write_all(&bytes)?,
        Form::Text => {
            let trace = Trace::parse(&bytes)
                .map_err(|error| Complaint::new(Exit::Harness, format!("spoolproof: {error}")))?;
            for (_, line) in trace_text::lines(&trace.events) {
                writeln!(out, "{line}")?;
            }
        }
    }
    drop(out);
    eprintln!("{}: {}{told}", report.id, report.verdict.name());
    match report.verdict {
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
