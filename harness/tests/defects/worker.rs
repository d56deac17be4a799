//! The process that runs the suite with one defect.

use std::collections::{BTreeMap, BTreeSet};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use spoolproof::candidate::Candidate;
use spoolproof::case::{Case, Catalogue, cases_dir};
use spoolproof::defects::{self, Defect, Style, Tampering};
use spoolproof::run::{Settings, Suite};

use crate::interpreter::python;
use crate::outcome::Outcome;

/// Makes this program a worker for the defect that it names.
const WORKER: &str = "SPOOLPROOF_DEFECT_TEST";
/// What the provider itself looks at.
const DEFECT: &str = "SPOOLPROOF_DEFECT";

/// Run with every defect, so that a defect which breaks more than its requirement is seen.
const SMOKE: &[&str] = &["logon/plain", "start-message/plain", "polling/one", "notify/one", "submit/plain"];

/// Requirements about what the spooler does to a message on its way. Their cases are swept; for the others a point of a
/// sweep would add nothing but the spooler's own disturbance.
const SWEPT: &[&str] = &["MEMO-04", "ROBU-02", "ROBU-03", "CANC-02", "CANC-03", "CANC-04", "CANC-05"];

/// What the suite said of one case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CaseOutcome {
    pub(crate) id: String,
    pub(crate) verdict: String,
    /// Requirements with the first thing said of each.
    pub(crate) findings: BTreeMap<String, String>,
    /// Why nothing can be said, where the harness failed.
    pub(crate) detail: String,
    pub(crate) exercised: BTreeSet<String>,
    /// Whether messages come or go in the case.
    pub(crate) moves_mail: bool,
}

/// Runs the suite with a defect, in a process of its own.
pub(crate) fn run(defect: &'static Defect) -> Result<Outcome, String> {
    let exe = std::env::current_exe().map_err(|error| error.to_string())?;
    let provider = if defect.library.is_some() { "" } else { defect.name.as_str() };
    let mut command = Command::new(exe);
    command.env(WORKER, &defect.name).env(DEFECT, provider).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("the worker does not start: {error}"))?;
    let cases = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("the worker said nothing of use ({error}):\n{}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok(Outcome::new(defect, cases))
}

/// Where this program was started as a worker: does its work.
pub(crate) fn entry() -> Option<ExitCode> {
    let name = std::env::var(WORKER).ok()?;
    let defect = defects::table().defects.iter().find(|defect| defect.name == name)?;
    Some(match work(defect) {
        Ok(cases) => {
            println!("{cases}");
            ExitCode::SUCCESS
        }
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::FAILURE
        }
    })
}

fn work(defect: &Defect) -> Result<String, String> {
    let catalogue = Catalogue::load(&cases_dir()).map_err(|error| error.report(false))?;
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = dir.path().join("defective.yaml");
    fs::write(&file, candidate(defect, &provider(defect, dir.path())?)).map_err(|error| error.to_string())?;
    let candidate = Candidate::from_file(&file, &catalogue).map_err(|error| error.to_string())?;
    let settings = Settings { jobs: 1, strict: true, golden: false, out: None, traces: false };
    let suite = Suite::new(candidate, Arc::new(catalogue), settings).map_err(|error| error.to_string())?;
    let swept = defect.swept || defect.breaks.as_deref().is_some_and(|breaks| SWEPT.contains(&breaks));
    let of_case = |case: &Case| {
        let points = if swept { suite.points(case) } else { Vec::new() };
        let own = std::iter::once(case_outcome(&suite, case, None));
        own.chain(points.iter().map(|point| case_outcome(&suite, case, Some(point)))).collect::<Vec<_>>()
    };
    let cases = cases(defect, suite.catalogue());
    let outcomes: Vec<_> = if defect.hangs {
        std::thread::scope(|scope| {
            let running: Vec<_> = cases.into_iter().map(|case| scope.spawn(|| of_case(case))).collect();
            running
                .into_iter()
                .map(|of| of.join().map_err(|_| "a case panicked"))
                .collect::<Result<Vec<_>, _>>()
        })?
        .concat()
    } else {
        cases.into_iter().flat_map(of_case).collect()
    };
    serde_json::to_string(&outcomes).map_err(|error| error.to_string())
}

fn cases<'a>(defect: &Defect, catalogue: &'a Catalogue) -> Vec<&'a Case> {
    let wanted = |case: &&Case| match (&defect.cases, &defect.breaks) {
        (Some(listed), _) => listed.contains(&case.id),
        (None, Some(breaks)) => case.requirements.contains(breaks) || SMOKE.contains(&case.id.as_str()),
        (None, None) => true,
    };
    catalogue.cases.iter().filter(wanted).collect()
}

fn case_outcome(suite: &Suite, case: &Case, point: Option<&spoolproof::case::Point>) -> CaseOutcome {
    let report = suite.run_one(case, point);
    let mut findings = BTreeMap::new();
    for finding in &report.findings {
        findings.entry(finding.requirement.clone()).or_insert_with(|| finding.message.clone());
    }
    let verdict = report.verdict.name().to_owned();
    let moves_mail = !case.mail.is_empty();
    CaseOutcome {
        id: report.id,
        detail: report.verdict.detail().unwrap_or_default(),
        verdict,
        moves_mail,
        findings,
        exercised: report.exercised.iter().map(|id| (*id).to_owned()).collect(),
    }
}

/// What a candidate file says of where the provider is.
fn provider(defect: &Defect, dir: &Path) -> Result<String, String> {
    if defect.shim {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("providers/python/provider.py");
        return Ok(format!("shim: ['{}', '{}']", python(), program.display()));
    }
    library(defect, dir).map(|library| format!("library: '{}'", library.display()))
}

/// The provider's library, beside this program as cargo builds it; or a copy of it that was tampered with.
fn library(defect: &Defect, dir: &Path) -> Result<PathBuf, String> {
    let name = format!("{DLL_PREFIX}defective_provider{DLL_SUFFIX}");
    let exe = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = exe.parent().map(|dir| dir.join(&name)).filter(|path| path.is_file());
    let library = beside.ok_or_else(|| format!("`{name}` is not beside `{}`", exe.display()))?;
    match defect.library {
        None => Ok(library),
        Some(Tampering::Misspelt) => {
            let mut bytes = fs::read(&library).map_err(|error| error.to_string())?;
            misspell(&mut bytes);
            let copy = dir.join(&name);
            fs::write(&copy, bytes).map_err(|error| error.to_string())?;
            Ok(copy)
        }
    }
}

/// Another last letter wherever the name stands: in the table of symbols, and where nobody looks.
fn misspell(bytes: &mut [u8]) {
    const NAME: &[u8] = b"XPProviderInit\0";
    let places: Vec<usize> =
        bytes.windows(NAME.len()).enumerate().filter(|(_, w)| *w == NAME).map(|(at, _)| at).collect();
    for place in places {
        bytes[place + NAME.len() - 2] = b'T';
    }
}

fn candidate(defect: &Defect, provider: &str) -> String {
    let shows = match defect.style {
        Style::Polled => "polled",
        Style::Notify => "notifying",
        Style::Idle => "notifying, idle",
    };
    let (pair, stores) = match defect.store {
        Some(store) => (format!("  0x6606001E: {}\n", store.name()), format!(", {}", store.capabilities())),
        None => (String::new(), String::new()),
    };
    // The provider in Python has none.
    let service = if defect.shim { "" } else { "service-entry: ServiceEntry\n" };
    let habits =
        defect.habits.as_ref().map(|habits| format!("  0x6604001E: \"{habits}\"\n")).unwrap_or_default();
    format!(
        "name: defective\n\
         {provider}\n\
         {service}\
         profile:\n  0x6603001E: {}\n{pair}{habits}\
         source: {{ maildrop: 0x6600001E }}\n\
         sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate, {shows}{stores}]\n\
         timing: {{ patience: {} }}\n",
        defect.style.name(),
        // A baseline never does anything: there is nothing to be patient for.
        if defect.baseline { "100ms" } else { "2s" },
    )
}
