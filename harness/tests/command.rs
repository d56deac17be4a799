//! The command on candidates that can be run: exit statuses, reports, known failures, shards.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::{answer, complaint, spoolproof, write};
use serde_json::Value;

/// The part of the suite that these tests run: quick, and with a sweep.
const PART: [&str; 3] = ["lifecycle/", "polling/", "robustness/receive-sweep"];

/// A candidate file for the bundled reference provider.
fn candidate(dir: &Path, more: &str) -> PathBuf {
    common::candidate(dir, "reference_provider", &format!("name: sample\n{more}"))
}

/// Runs the part with these arguments; what it says, with its exit status.
fn run(args: &[&str]) -> (String, i32) {
    let output = spoolproof().arg("run").args(args).output().expect("it runs");
    let said =
        String::from_utf8(output.stdout).expect("text") + &String::from_utf8(output.stderr).expect("text");
    (said, output.status.code().expect("an exit status"))
}

fn report(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON")
}

fn verdicts(report: &Value) -> Vec<(String, String)> {
    let cases = report["cases"].as_array().expect("cases");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    cases.iter().map(|case| (text(&case["id"]), text(&case["verdict"]))).collect()
}

#[test]
fn the_bundled_provider_is_conformant() {
    let dir = tempfile::tempdir().expect("a directory");
    let (json, junit) = (dir.path().join("a/report.json"), dir.path().join("junit.xml"));
    let paths = [json.to_string_lossy().into_owned(), junit.to_string_lossy().into_owned()];
    let args =
        [PART[0], PART[1], PART[2], "--no-golden", "--strict", "--json", &paths[0], "--junit", &paths[1]];
    let (said, code) = run(&args);
    assert_eq!(code, 0, "{said}");
    let last = said.lines().last().expect("a summary");
    assert!(last.starts_with("conformant: transport, inbound, outbound, polled - "), "{last}");
    assert!(!said.contains('\u{1b}'), "no colours in a pipe");

    let report = report(&json);
    assert_eq!(report["version"], 1);
    assert_eq!(report["candidate"]["name"], "reference");
    assert_eq!(report["summary"]["conformant"], true);
    let verdicts = verdicts(&report);
    assert!(
        verdicts.iter().any(|(id, _)| id.starts_with("robustness/receive-sweep@")),
        "points have entries of their own"
    );
    let shown = report["summary"]["exercised"].as_array().expect("requirements");
    assert!(shown.contains(&"POLL-02".into()), "{shown:?}");

    let xml = std::fs::read_to_string(&junit).expect("a report");
    assert!(xml.contains("<testcase name=\"polling/one\" classname=\"polling\""), "{xml}");
    assert!(!xml.contains("<failure") && !xml.contains("<error"), "{xml}");
}

#[test]
fn one_job_says_what_many_say() {
    let told = |jobs: &str| {
        let (said, code) = run(&[PART[0], PART[1], PART[2], "--jobs", jobs]);
        assert_eq!(code, 0, "{said}");
        // The last line holds the time.
        let lines: Vec<String> = said.lines().map(str::to_owned).collect();
        lines[..lines.len() - 1].to_vec()
    };
    assert_eq!(told("1"), told("7"));
}

#[test]
fn shards_make_the_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let ids = |shard: Option<&str>| -> BTreeSet<(String, String)> {
        let path = dir.path().join("report.json");
        let name = path.to_string_lossy().into_owned();
        let mut args = vec![PART[1], PART[2], "--json", &name];
        args.extend(shard.iter().flat_map(|shard| ["--shard", shard]));
        let (said, code) = run(&args);
        assert_eq!(code, 0, "{said}");
        verdicts(&report(&path)).into_iter().collect()
    };
    let parts = ["1/3", "2/3", "3/3"].map(|shard| ids(Some(shard)));
    let whole = ids(None);
    assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), whole.len(), "no case runs twice");
    assert_eq!(parts.into_iter().flatten().collect::<BTreeSet<_>>(), whole);
}

#[test]
fn points_are_run_alone() {
    let point = "robustness/receive-sweep@IMAPIProp.SaveChanges#1=MAPI_E_CALL_FAILED";
    let (said, code) = run(&["--exact", point]);
    assert_eq!(code, 0, "{said}");
    assert!(said.ends_with("s)\n") && said.contains("- 1 pass"), "{said}");
    let assert = spoolproof().args(["trace", point]).assert().code(0);
    assert!(answer(&assert).contains("IMAPIProp.SaveChanges = MAPI_E_CALL_FAILED  (ordered by the case)"));
    assert!(complaint(&assert).contains(point));
    let (said, code) =
        run(&["--exact", "robustness/receive-sweep@IMAPIProp.SaveChanges#99=MAPI_E_CALL_FAILED"]);
    assert_eq!((code, said.contains("nothing selected")), (2, true), "{said}");
}

#[test]
fn what_does_not_apply_is_not_run() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = candidate(dir.path(), "capabilities: [outbound]\n");
    let (said, code) = run(&["polling/one", "--candidate", &file.to_string_lossy()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the candidate does not declare `inbound`"), "{said}");
    assert!(said.contains("nothing judged: 1 not applicable"), "{said}");
}

#[test]
fn known_failures_that_pass_are_told() {
    let dir = tempfile::tempdir().expect("a directory");
    for (case, count) in [("polling/one", 1), ("robustness/receive-sweep", 1)] {
        let known =
            format!("known-failures:\n  - {{ case: {case}, requirement: POLL-02, reason: 'ticket 7' }}\n");
        let file = candidate(dir.path(), &known);
        let (said, code) = run(&["--exact", case, "--candidate", &file.to_string_lossy()]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("a known failure (`ticket 7`) did not fail"), "{said}");
        assert!(said.contains(&format!("not conformant: {count} unexpected pass")), "{said}");
    }
}

#[test]
fn known_failures_that_have_expired_count_for_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let known = "known-failures:\n  - { case: polling/one, reason: later, until: 2020-01-01 }\n";
    let file = candidate(dir.path(), known);
    let (said, code) = run(&["polling/one", "--candidate", &file.to_string_lossy()]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn traces_are_kept_where_they_are_wanted() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = dir.path().join("out");
    let (said, code) = run(&["polling/one", "--out", &out.to_string_lossy()]);
    assert_eq!(code, 0, "{said}");
    assert!(out.join("traces/polling/one.jsonl").is_file());
    assert!(out.join("junit.xml").is_file());
    let report = report(&out.join("report.json"));
    assert_eq!(report["cases"][0]["trace"], out.join("traces/polling/one.jsonl").to_string_lossy().as_ref());
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_of_the_harness() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = write(dir.path(), "file", "");
    let (said, code) = run(&["polling/one", "--json", &file.join("report.json").to_string_lossy()]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("cannot write"), "{said}");
}

#[test]
fn lists_and_explanations() {
    let listed = answer(&spoolproof().args(["list", "polling/", "--json"]).assert().code(0));
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert!(listed.as_array().expect("cases").iter().any(|case| case["id"] == "polling/one"));
    assert!(
        answer(&spoolproof().args(["list", "polling/one"]).assert().code(0)).starts_with("polling/one  ")
    );
    let explained = answer(&spoolproof().args(["explain", "POLL-02"]).assert().code(0));
    assert!(explained.contains("ixplogon-poll") && explained.contains("  polling/one  "), "{explained}");
    let explained = answer(&spoolproof().args(["explain", "polling/one"]).assert().code(0));
    assert!(explained.contains("POLL-02 (must)"), "{explained}");
}

#[test]
fn schemas_are_json() {
    for what in ["case", "candidate"] {
        let schema: Value =
            serde_json::from_str(&answer(&spoolproof().args(["schema", what]).assert().code(0)))
                .expect("JSON");
        assert_eq!(schema["additionalProperties"], false, "{what}");
    }
}
