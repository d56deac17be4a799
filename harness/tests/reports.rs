//! The reports of a run: each keeps its format, whatever happened in the run.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{answer, candidate, complaint, spoolproof, tool, write};
use serde_json::Value;

const PARTS: [&str; 3] = ["polling/", "logon/plain", "robustness/receive-sweep"];

/// A run with a seeded defect, and all its reports in `out`; the exit status.
fn run(defect: &str, out: &Path, more: &[&str]) -> (String, i32) {
    let dir = tempfile::tempdir().expect("a directory");
    let known = "known-failures:\n  - { case: polling/empty, reason: 'later' }\n";
    let file = candidate(dir.path(), "defective_provider", &format!("name: 'a <b> & \"c\"'\n{known}"));
    let mut command = spoolproof();
    command.env("SPOOLPROOF_DEFECT", defect).arg("run").args(PARTS).args(more);
    let output = command.arg("--candidate").arg(file).arg("--out").arg(out).output().expect("it runs");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (said, output.status.code().expect("a status"))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON")
}

/// Holds a report against Ant's schema and Jenkins'.
pub(crate) fn junit_is_valid(path: &Path) {
    if !tool("xmllint", "`apt-get install libxml2-utils` brings it; without it no JUnit report is checked") {
        return;
    }
    for schema in ["ant-junit.xsd", "jenkins-junit-10.xsd"] {
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/junit").join(schema);
        let output =
            Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(schema).arg(path).output();
        let output = output.expect("xmllint");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Passes, failures, warnings, known failures, what does not apply, crashes: each is in one of these runs.
#[test]
fn junit_keeps_both_schemas() {
    let mut seen = std::collections::BTreeSet::new();
    for (defect, more) in [
        ("no-defect", &[][..]),
        ("status-row-without-name", &["--strict"]),
        ("subject-changed", &[]),
        ("crash-at-IXPLogon.Poll", &[]),
    ] {
        let out = tempfile::tempdir().expect("a directory");
        let (said, code) = run(defect, out.path(), more);
        assert!(code < 2, "{defect}: {said}");
        junit_is_valid(&out.path().join("junit.xml"));
        let report = json(&out.path().join("report.json"));
        let counts = report["summary"]["counts"].as_object().expect("counts").clone();
        seen.extend(counts.keys().cloned());
    }
    for verdict in ["pass", "fail", "warn", "crash", "unexpected-pass"] {
        assert!(seen.contains(verdict), "{verdict} is not among {seen:?}");
    }
}

#[test]
fn the_json_report_keeps_its_schema() {
    let schema = answer(&spoolproof().args(["schema", "report"]).assert().code(0));
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let out = tempfile::tempdir().expect("a directory");
    let (said, code) = run("status-row-without-name", out.path(), &[]);
    assert_eq!(code, 1, "{said}");
    let mut report = json(&out.path().join("report.json"));
    let complaints: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(complaints, Vec::<String>::new());

    assert_eq!(report["version"], 1);
    assert_eq!(report["candidate"]["name"], "a <b> & \"c\"");
    let case = report["cases"].as_array().expect("cases").iter().find(|case| case["id"] == "polling/one");
    let case = case.expect("it was run");
    assert_eq!((case["verdict"].as_str(), case["golden"].as_str()), (Some("fail"), Some("match")));
    assert!(case["ms"].as_f64().is_some_and(|ms| ms > 0.0), "{case}");
    assert!(Path::new(case["trace"].as_str().expect("a path")).is_file(), "{case}");
    let finding = &case["findings"][0];
    assert_eq!((finding["requirement"].as_str(), finding["level"].as_str()), (Some("STAT-02"), Some("must")));
    assert!(finding["message"].as_str().is_some_and(|text| text.contains("PR_DISPLAY_NAME")), "{finding}");
    let event = finding["event"].as_u64().expect("an event");
    assert!(finding["around"]["lines"].as_array().expect("lines").iter().any(|line| {
        line.as_str().is_some_and(|line| line.starts_with("> ") && line.contains(&format!(" {event} ")))
    }));
    assert!(
        finding["around"]["calls"][0]
            .as_str()
            .is_some_and(|call| call.starts_with("IMAPISupport.ModifyStatusRow")),
        "{finding}"
    );
    assert_eq!(report["summary"]["conformant"], false);

    report["cases"][0]["surprise"] = true.into();
    assert!(!validator.is_valid(&report), "the schema has no room for what the format does not know");
}

#[test]
fn a_divergence_from_the_golden_is_told_as_data() {
    let out = tempfile::tempdir().expect("a directory");
    let (said, code) = run("subject-changed", out.path(), &[]);
    assert_eq!(code, 1, "an unexpected pass: {said}");
    let report = json(&out.path().join("report.json"));
    let cases = report["cases"].as_array().expect("cases");
    let case = cases.iter().find(|case| case["id"] == "polling/one").expect("it was run");
    assert_eq!(case["golden"], "differs");
    let rows = case["divergence"]["rows"].as_array().expect("rows");
    assert!(
        rows.iter().any(|row| row[0] == "golden" && row[1].as_str().is_some_and(|t| t.contains("subject")))
    );
    assert!(
        rows.iter().any(|row| row[0] == "trace" && row[1].as_str().is_some_and(|t| t.contains("(checked)")))
    );
    assert!(case["divergence"]["event"].as_u64().is_some_and(|event| event > 1), "{case}");
    assert!(said.contains("-     subject \"A plain message\""), "{said}");
    let page = std::fs::read_to_string(out.path().join("report.html")).expect("a page");
    assert!(page.contains("The trace parts from the golden in line"), "the page shows it beside the golden");
}

#[test]
fn the_summary_of_a_job_is_appended() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = write(dir.path(), "summary.md", "before\n");
    let known = "known-failures:\n  - { case: polling/one, reason: 'later' }\n";
    let candidate = candidate(dir.path(), "defective_provider", &format!("name: sample\n{known}"));
    let mut command = spoolproof();
    command.env("SPOOLPROOF_DEFECT", "status-row-without-name").env("GITHUB_STEP_SUMMARY", &file);
    command.args(["run", "polling/", "--candidate"]).arg(candidate).assert().code(1);
    let text = std::fs::read_to_string(&file).expect("a summary");
    assert!(text.starts_with("before\n## ❌ spoolproof: sample\n\nnot conformant&#58; "), "{text}");
    assert!(text.contains("| <code>polling/backlog</code> | fail | [STAT&#45;02](https://"), "{text}");
    assert!(!text.contains("polling/one<"), "a known failure is nothing to mend: {text}");
}

/// What is compared of a report: all but times and places.
fn cases(report: &Value) -> BTreeMap<String, Value> {
    let cases = report["cases"].as_array().expect("cases").iter().cloned();
    cases
        .map(|mut case| {
            let id = case["id"].as_str().expect("an id").to_owned();
            for field in ["ms", "trace", "output"] {
                case.as_object_mut().expect("an object").remove(field);
            }
            for finding in case["findings"].as_array_mut().expect("findings") {
                // Lines of a trace begin with a time.
                finding["around"]["lines"] = Value::Null;
            }
            (id, case)
        })
        .collect()
}

#[test]
fn three_shards_make_the_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    // A defect that only warns, so that the sweep is run: its points are in all three shards.
    let whole = dir.path().join("whole");
    let (said, whole_code) = run("subject-changed", &whole, &[]);
    assert_eq!(whole_code, 1, "{said}");
    let parts: Vec<PathBuf> = (1..=3).map(|part| dir.path().join(format!("part-{part}"))).collect();
    for (index, part) in parts.iter().enumerate() {
        let (said, code) = run("subject-changed", part, &["--shard", &format!("{}/3", index + 1)]);
        assert!(code < 2, "{said}");
    }
    let merged = dir.path().join("merged");
    let file = |name: &str| merged.join(name);
    let mut command = spoolproof();
    command.arg("merge").args(&parts);
    for (option, name) in [
        ("--html", "report.html"),
        ("--json", "report.json"),
        ("--junit", "junit.xml"),
        ("--job-summary", "s.md"),
    ] {
        if option == "--job-summary" {
            std::fs::create_dir_all(&merged).expect("a directory");
        }
        command.arg(option).arg(file(name));
    }
    let told = answer(&command.assert().code(whole_code));
    let (one, other) = (json(&whole.join("report.json")), json(&file("report.json")));
    let order = |report: &Value| -> Vec<Value> {
        report["cases"].as_array().expect("cases").iter().map(|case| case["id"].clone()).collect()
    };
    assert_eq!(order(&other), order(&one), "in the order of the whole");
    assert!(order(&one).len() > 20, "the sweep was run");
    assert_eq!(cases(&other), cases(&one));
    for field in ["conformant", "exit", "line", "counts", "shown", "exercised", "strict"] {
        assert_eq!(other["summary"][field], one["summary"][field], "{field}");
    }
    let last =
        |text: &str| text.lines().last().expect("a line").rsplit_once(" (").expect("a time").0.to_owned();
    assert_eq!(last(&told), last(&said));
    junit_is_valid(&file("junit.xml"));
    let page = std::fs::read_to_string(file("report.html")).expect("a page");
    let alone = std::fs::read_to_string(whole.join("report.html")).expect("a page");
    let diagrams = |page: &str| page.matches("<section class=\"trace\"").count();
    assert!(diagrams(&page) > 0 && diagrams(&page) == diagrams(&alone), "the traces came along");
}

/// A failure that is known of a sweep is judged in each shard as in the whole, whichever shard has the point at which it shows.
#[test]
fn known_failures_of_a_sweep_do_not_depend_on_the_shards() {
    let verdicts = |defect: &str, more: &[&str]| -> BTreeMap<String, String> {
        let dir = tempfile::tempdir().expect("a directory");
        let known = "known-failures:\n  - { case: robustness/receive-sweep, requirement: RECV-15, reason: 'ticket 7' }\n";
        let file = candidate(dir.path(), "defective_provider", known);
        let out = dir.path().join("report.json");
        let mut command = spoolproof();
        command.env("SPOOLPROOF_DEFECT", defect).args(["run", "robustness/receive-sweep", "--candidate"]);
        let output = command.arg(file).arg("--json").arg(&out).args(more).output().expect("it runs");
        assert!(
            output.status.code().is_some_and(|code| code < 2),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let of = |case: &Value, field: &str| case[field].as_str().expect("text").to_owned();
        let report = json(&out);
        let cases = report["cases"].as_array().expect("cases").iter();
        cases.map(|case| (of(case, "id"), of(case, "verdict"))).collect()
    };
    for (defect, at_the_case) in [("removed-before-save", "pass"), ("no-defect", "unexpected-pass")] {
        let whole = verdicts(defect, &[]);
        assert_eq!(whole["robustness/receive-sweep"], at_the_case, "{defect}: {whole:?}");
        let known = whole.values().filter(|verdict| *verdict == "known").count();
        assert_eq!(known > 0, defect == "removed-before-save", "{defect}: {whole:?}");
        // More shards than points that fail: the one that has the case has not all of them.
        let mut parts = BTreeMap::new();
        for part in 1..=4 {
            parts.extend(verdicts(defect, &["--shard", &format!("{part}/4")]));
        }
        assert_eq!(parts, whole, "{defect}");
    }
}

#[test]
fn what_does_not_belong_together_is_not_merged() {
    let dir = tempfile::tempdir().expect("a directory");
    let part = |number: u32| dir.path().join(format!("part-{number}"));
    let judge = |out: &Path, more: &[&str]| {
        let mut command = spoolproof();
        command.args(["run", "polling/one", "polling/backlog", "polling/empty", "--no-golden"]).args(more);
        let code = command.arg("--out").arg(out).output().expect("it runs").status.code();
        assert_eq!(code, Some(0));
    };
    // Of these three cases each of two shards has one at least.
    for number in [1, 2] {
        judge(&part(number), &["--shard", &format!("{number}/2")]);
    }
    judge(&dir.path().join("whole"), &[]);
    judge(&dir.path().join("strict"), &["--strict"]);
    let complain = |dirs: &[&str]| {
        let dirs = dirs.iter().map(|name| dir.path().join(name));
        complaint(&spoolproof().arg("merge").args(dirs).assert().code(2))
    };
    assert!(
        complain(&["part-1"])
            .contains("shard 2/2 is missing: `spoolproof run --shard 2/2 --out DIR` makes it")
    );
    assert!(complain(&["part-1", "part-1"]).contains("each is to be in one shard"));
    assert!(complain(&["whole", "strict"]).contains("one report is about one candidate"));
    assert!(complain(&["nowhere"]).contains("`spoolproof run --out DIR` writes it"));
    write(dir.path(), "broken/report.json", "{\n  \"version\": 1,\n  \"cases\": 7\n}");
    let said = complain(&["broken"]);
    assert!(said.contains("is no report of this version") && said.contains("line "), "{said}");
    write(dir.path(), "newer/report.json", "{\"version\": 9}");
    assert!(complain(&["newer"]).contains("was written by version 9 of the format, this is 1 of the format"));
    spoolproof().arg("merge").arg(part(1)).arg(part(2)).assert().code(0);
}
