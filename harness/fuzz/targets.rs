//! The readers that are fed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use spoolproof::candidate::Candidate;
use spoolproof::case::{Catalogue, cases_dir};
use spoolproof::golden;
use spoolproof::judge::{self, Input, Mail, Trace};
use spoolproof::verdict::ChildEnd;
use tempfile::TempDir;

/// A reader and its inputs.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Directories of the repository with more inputs.
    pub(crate) seeds: &'static [&'static str],
    /// How the names of inputs end.
    pub(crate) extension: &'static str,
    /// What the reader answers, in words.
    pub(crate) try_it: fn(&[u8]) -> String,
}

pub(crate) const TARGETS: &[Target] = &[
    Target { name: "case", seeds: &["cases"], extension: "yaml", try_it: case },
    Target { name: "candidate", seeds: &["harness/providers/python"], extension: "yaml", try_it: candidate },
    Target { name: "trace", seeds: &[], extension: "jsonl", try_it: trace },
    Target { name: "shim", seeds: &[], extension: "jsonl", try_it: shim },
    Target { name: "mail", seeds: &["cases/mail"], extension: "eml", try_it: mail },
];

/// A directory of cases with one case in it, and all mails.
static CASES: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("mail")).expect("a directory");
    for mail in std::fs::read_dir(cases_dir().join("mail")).expect("the mails").flatten() {
        std::fs::copy(mail.path(), dir.path().join("mail").join(mail.file_name())).expect("copied");
    }
    let area = dir.path().join("polling");
    std::fs::create_dir(&area).expect("a directory");
    let file = area.join("one.yaml");
    (dir, file)
});

fn case(bytes: &[u8]) -> String {
    let (dir, file) = &*CASES;
    std::fs::write(file, bytes).expect("written");
    match Catalogue::load(dir.path()) {
        Ok(catalogue) => {
            format!("{} steps", catalogue.cases.iter().map(|case| case.steps.len()).sum::<usize>())
        }
        // The complaint has to be made as well: it shows the line.
        Err(error) => format!("{error}{}", error.report(false).lines().count()),
    }
}

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::load(&cases_dir()).expect("the cases are well-formed"));

fn candidate(bytes: &[u8]) -> String {
    static FILE: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("candidate.yaml");
        (dir, file)
    });
    let (_, file): &(TempDir, PathBuf) = &FILE;
    std::fs::write(file, bytes).expect("written");
    match Candidate::from_file(Path::new(file), &CATALOGUE) {
        Ok(candidate) => format!("{candidate:?}"),
        Err(error) => error.to_string(),
    }
}

/// What can be read is judged and projected, too: a candidate that writes over memory may leave any trace.
fn trace(bytes: &[u8]) -> String {
    let trace = match Trace::parse(bytes) {
        Ok(trace) => trace,
        Err(error) => return error.to_string(),
    };
    let judgement = judge::judge_case(&Input {
        needs: &[],
        trace: &trace,
        end: &ChildEnd::Finished,
        mails: &BTreeMap::new(),
        sent: None,
        capabilities: None,
        like: false,
    });
    let broken: Vec<&str> = judgement.findings.iter().map(|finding| finding.requirement.as_str()).collect();
    format!("{} {:?}", broken.join(" "), golden::project(&trace))
}

fn shim(bytes: &[u8]) -> String {
    let (count, wrong) = mock_spooler::shim::conversation(bytes);
    format!("{count} {}", wrong.map_or_else(String::new, |wrong| wrong.to_string()))
}

fn mail(bytes: &[u8]) -> String {
    let mail = Mail::parse(bytes);
    format!("{} {}", mail.has_body(), if mail.size() == 0 { "empty" } else { "held" })
}
