//! `cargo test --test variants`: conformant providers of different habits all pass, strictly, against the same goldens.
//!
//! Each habit is a freedom that the pages leave. One test per style and habit, and one per style with all habits that go
//! together.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use spoolproof::candidate::{Candidate, bundled};
use spoolproof::case::{Case, Catalogue, cases_dir};
use spoolproof::run::{Settings, Suite};
use spoolproof::verdict::Weight;

/// The variants: how the provider lets mail be learnt of, what it shows by that, its habits.
const VARIANTS: &str = include_str!("../providers/reference/variants.txt");

fn main() -> ExitCode {
    spoolproof::run::child_entry();
    let lines = VARIANTS.lines().filter(|line| !line.starts_with('#'));
    libtest_mimic::run(&Arguments::from_args(), lines.map(trial).collect()).exit_code()
}

fn trial(line: &'static str) -> Trial {
    let mut words = line.split_whitespace();
    let mut next = || words.next().unwrap_or_default();
    let (style, shows, habits) = (next(), next(), next());
    let name =
        if habits.is_empty() { style.to_owned() } else { format!("{style}/{}", habits.replace(',', "+")) };
    Trial::test(name, move || {
        let suite = suite(style, shows, habits).map_err(Failed::from)?;
        let mut complaints = Vec::new();
        for case in &suite.catalogue().cases {
            complaints.extend(complaint(&suite, case));
        }
        if complaints.is_empty() { Ok(()) } else { Err(Failed::from(complaints.join("\n"))) }
    })
}

fn suite(style: &str, shows: &str, habits: &str) -> Result<Suite, String> {
    let catalogue = Catalogue::load(&cases_dir()).map_err(|error| error.report(false))?;
    let reference = bundled().map_err(|error| error.to_string())?;
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = dir.path().join("variant.yaml");
    std::fs::write(&file, candidate(&reference.library, style, shows, habits))
        .map_err(|error| error.to_string())?;
    let candidate = Candidate::from_file(&file, &catalogue).map_err(|error| error.to_string())?;
    let settings = Settings { jobs: 1, strict: true, golden: true, out: None, traces: false };
    Suite::new(candidate, Arc::new(catalogue), settings).map_err(|error| error.to_string())
}

fn candidate(library: &Path, style: &str, shows: &str, habits: &str) -> String {
    format!(
        "name: reference\n\
         library: '{}'\n\
         profile:\n  0x6603001E: {style}\n  0x6604001E: \"{habits}\"\n\
         source: {{ maildrop: 0x6600001E }}\n\
         sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate, {shows}]\n",
        library.display(),
    )
}

fn complaint(suite: &Suite, case: &Case) -> Option<String> {
    let report = suite.run_one(case, None);
    match report.verdict.weight(true) {
        Weight::Fine => None,
        Weight::Failure | Weight::Error => {
            let findings: Vec<_> = report
                .findings
                .iter()
                .map(|finding| format!("{}: {}", finding.requirement, finding.message))
                .collect();
            let detail = report.verdict.detail().unwrap_or_default();
            Some(format!("{}: {} {detail}\n  {}", case.id, report.verdict.name(), findings.join("\n  ")))
        }
    }
}
