//! `cargo test --test variants`: conformant providers of different habits all pass, strictly, against the same goldens.
//!
//! Each habit is a freedom that the pages leave. One test per style and habit, and one per style with all habits that go
//! together; the same for the message store, coupled and alone.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use spoolproof::candidate::{Candidate, bundled};
use spoolproof::case::{Case, Catalogue, cases_dir};
use spoolproof::run::{Settings, Suite};
use spoolproof::verdict::{Verdict, Weight};

/// The variants: how the provider lets mail be learnt of, what it shows by that, its habits.
const VARIANTS: &str = include_str!("../providers/reference/variants.txt");

/// The habits of the reference provider's message store, as its profile section names them.
const STORE_HABITS: &[&str] = &[
    "",
    "complete-msg",
    "prepare-always",
    "queue-unsorted",
    "queue-fixed",
    "logoff-early",
    "wrap-own",
    "own-notify",
    "preprocessor",
    "preprocessor-library",
    "complete-msg,prepare-always,queue-fixed,logoff-early,wrap-own,own-notify",
];

/// A candidate: what its profile and its capabilities say.
#[derive(Clone, Copy)]
struct Variant {
    style: &'static str,
    habits: &'static str,
    /// What the profile says of the store; nothing where there is none.
    store: Option<&'static str>,
    capabilities: &'static str,
}

impl Variant {
    fn name(self) -> String {
        let habits = self.habits.replace(',', "+");
        let parts = [self.store.unwrap_or(""), self.style, &habits];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    /// Whether a case is run: those of stores where there is one, which transports of any habit need not be asked for.
    fn takes(self, case: &Case) -> bool {
        let of_store = matches!(case.area.name(), "store" | "coupled" | "fallback");
        self.store.is_none() || of_store
    }
}

fn main() -> ExitCode {
    spoolproof::run::child_entry();
    let transports = VARIANTS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap_or_default();
        Variant { style: next(), capabilities: next(), habits: next(), store: None }
    });
    let stores = STORE_HABITS.iter().flat_map(|habits| {
        [("coupled", "polled, store, coupled"), ("alone", "polled, store")].map(|(store, capabilities)| {
            Variant { style: "polled", habits, store: Some(store), capabilities }
        })
    });
    let mut trials: Vec<Trial> = transports.chain(stores).map(trial).collect();
    trials.push(Trial::test("store-only", || store_only().map_err(Failed::from)));
    trials.push(Trial::test("unpublished", || unpublished().map_err(Failed::from)));
    let mut arguments = Arguments::from_args();
    // The suite with each of them waits for some seconds, one case after the other, and the processor with it.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    arguments.test_threads.get_or_insert(3 * cores);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(variant: Variant) -> Trial {
    Trial::test(variant.name(), move || {
        let suite = suite(&transport_and_more(variant)).map_err(Failed::from)?;
        all_pass(&suite, |case| variant.takes(case)).map_err(Failed::from)
    })
}

fn all_pass(suite: &Suite, takes: impl Fn(&Case) -> bool) -> Result<(), String> {
    let cases = suite.catalogue().cases.iter().filter(|case| takes(case));
    let complaints: Vec<String> = cases.filter_map(|case| complaint(suite, case)).collect();
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}

/// A library that is a message store and claims nothing else: what is asked of transports does not apply to it, each with the reason.
fn store_only() -> Result<(), String> {
    let suite = suite(&file("  0x6606001E: alone\n", "store"))?;
    all_pass(&suite, |case| case.area.name() != "store")?;
    let direct = suite.catalogue().get("coupled/direct").ok_or("there is no case `coupled/direct`")?;
    match suite.run_one(direct, None).verdict {
        Verdict::NotApplicable { reason } if reason.contains("coupled") || reason.contains("outbound") => {
            Ok(())
        }
        other => Err(format!("coupled/direct is {}", other.name())),
    }
}

/// A pair that says it is one, and whose row names no store.
fn unpublished() -> Result<(), String> {
    let claims = "inbound, outbound, deferral, flush, validate, polled, store, coupled";
    let suite = suite(&file("  0x6606001E: alone\n", claims))?;
    let direct = suite.catalogue().get("coupled/direct").ok_or("there is no case `coupled/direct`")?;
    let report = suite.run_one(direct, None);
    let broken: Vec<&str> = report.findings.iter().map(|finding| finding.requirement.as_str()).collect();
    match (report.verdict, broken.as_slice()) {
        (Verdict::Fail, ["COUP-01"]) => Ok(()),
        (verdict, broken) => Err(format!("{}: {}", verdict.name(), broken.join(", "))),
    }
}

fn suite(candidate: &str) -> Result<Suite, String> {
    let catalogue = Catalogue::load(&cases_dir()).map_err(|error| error.report(false))?;
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = dir.path().join("variant.yaml");
    let reference = bundled().map_err(|error| error.to_string())?;
    let candidate = candidate.replace("LIBRARY", &reference.library.display().to_string());
    std::fs::write(&file, candidate).map_err(|error| error.to_string())?;
    let candidate = Candidate::from_file(&file, &catalogue).map_err(|error| error.to_string())?;
    let settings = Settings { jobs: 1, strict: true, golden: true, out: None, traces: false };
    Suite::new(candidate, Arc::new(catalogue), settings).map_err(|error| error.to_string())
}

fn transport_and_more(variant: Variant) -> String {
    let Variant { style, habits, store, capabilities } = variant;
    let store = store.map(|store| format!("  0x6606001E: {store}\n")).unwrap_or_default();
    file(
        &format!("  0x6603001E: {style}\n  0x6604001E: \"{habits}\"\n{store}"),
        &format!("inbound, outbound, deferral, flush, validate, {capabilities}"),
    )
}

/// A candidate file. `LIBRARY` stands for the library.
fn file(profile: &str, capabilities: &str) -> String {
    format!(
        "name: reference\n\
         library: 'LIBRARY'\n\
         profile:\n{profile}\
         source: {{ maildrop: 0x6600001E }}\n\
         sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [{capabilities}]\n",
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
