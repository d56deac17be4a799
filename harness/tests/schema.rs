//! The JSON Schemas and the parsers say the same: what an editor marks is what the command refuses, and the other way round.
//!
//! What only the command can know - whether a file is there, whether a case has that point - is listed as such.

mod common;

use std::path::Path;

use common::{CASE, answer, cases, complaint, library, spoolproof, write};
use serde_json::Value;

fn schema(what: &str) -> jsonschema::Validator {
    let text = answer(&spoolproof().args(["schema", what]).assert().code(0));
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

/// YAML as JSON has it: keys are strings, numbers among them as they are written in files.
fn as_json(text: &str) -> Option<Value> {
    fn convert(value: serde_yaml::Value) -> Option<Value> {
        use serde_yaml::Value as Yaml;
        Some(match value {
            Yaml::Mapping(mapping) => {
                let entry = |(key, value)| {
                    let key = match key {
                        Yaml::String(key) => key,
                        Yaml::Number(number) => format!("{:#010X}", number.as_u64()?),
                        _ => return None,
                    };
                    Some((key, convert(value)?))
                };
                Value::Object(mapping.into_iter().map(entry).collect::<Option<_>>()?)
            }
            Yaml::Sequence(items) => Value::Array(items.into_iter().map(convert).collect::<Option<_>>()?),
            other => serde_json::to_value(other).ok()?,
        })
    }
    convert(serde_yaml::from_str(text).ok()?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// Both take it.
    Right,
    /// Both refuse it.
    Wrong,
    /// Only the command can know that it is wrong.
    OnlyTheCommand,
}

fn agree(text: &str, schema: &jsonschema::Validator, (status, said): (i32, String), due: Says) {
    let shown = as_json(text).is_some_and(|value| schema.is_valid(&value));
    let taken = status != 2;
    let seen = match (shown, taken) {
        (true, true) => Says::Right,
        (false, false) => Says::Wrong,
        (true, false) => Says::OnlyTheCommand,
        (false, true) => panic!("the schema refuses what the command takes:\n{text}\n{said}"),
    };
    assert_eq!(seen, due, "{text}\n{said}");
}

#[test]
fn every_case_of_the_suite_is_one_to_the_schema() {
    let schema = schema("case");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases");
    let mut seen = 0;
    for folder in std::fs::read_dir(root).expect("the cases").flatten().filter(|entry| entry.path().is_dir())
    {
        for file in std::fs::read_dir(folder.path()).expect("an area").flatten() {
            if file.path().extension().is_some_and(|extension| extension == "yaml") {
                let text = std::fs::read_to_string(file.path()).expect("a case");
                let value = as_json(&text).expect("YAML");
                let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{}: {errors:?}", file.path().display());
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen} cases were looked at");
}

#[test]
fn schema_and_parser_agree_on_cases() {
    let schema = schema("case");
    for (text, due) in [
        (CASE.to_owned(), Says::Right),
        (CASE.replace("- receive: m1", "- receive: { expect: m1 }"), Says::Right),
        (format!("{CASE}sweep: {{ at: callback, of: receive, inject: [cancel] }}\n"), Says::Right),
        (format!("{CASE}golden: false\nalternatives: [other]\n"), Says::Right),
        (CASE.replace("needs:", "neesd:"), Says::Wrong),
        (CASE.replace("title: One mail", "title: [One, mail]"), Says::Wrong),
        (CASE.replace("title: One mail\n", ""), Says::Wrong),
        (CASE.replace("- logoff", "- logof"), Says::Wrong),
        (CASE.replace("- receive: m1", "- receive: { expcet: m1 }"), Says::Wrong),
        (CASE.replace("- begin: inbound", "- begin: sideways"), Says::Wrong),
        (CASE.replace("  - logoff", "    logoff:"), Says::Wrong),
        (CASE.replace("POLL-02", "POLL-2"), Says::Wrong),
        (CASE.replace("[POLL-02]", "[]"), Says::Wrong),
        (CASE.replace("[inbound]", "[inbond]"), Says::Wrong),
        (format!("{CASE}golden: perhaps\n"), Says::Wrong),
        (format!("{CASE}sweep: {{ at: nowhere, of: receive }}\n"), Says::Wrong),
        // What stands elsewhere.
        (CASE.replace("plain.eml", "plane.eml"), Says::OnlyTheCommand),
        (CASE.replace("- arrive: m1", "- arrive: m2"), Says::OnlyTheCommand),
        (format!("{CASE}sweep: {{ at: callback, of: send }}\n"), Says::OnlyTheCommand),
    ] {
        let dir = cases(&text);
        let mut command = spoolproof();
        let assert = command.env("SPOOLPROOF_CASES", dir.path()).arg("list").assert();
        let status = assert.get_output().status.code().expect("a status");
        agree(&text, &schema, (status, complaint(&assert)), due);
    }
}

#[test]
fn schema_and_parser_agree_on_candidates() {
    let schema = schema("candidate");
    let head = format!("library: '{}'\n", library("empty").display());
    let known = |entry: &str| format!("known-failures:\n  - {{ {entry} }}\n");
    let sink = "sink: { smtp: '127.0.0.1:0' }\n";
    let mut table = vec![
        (String::new(), Says::Right),
        (
            "name: x\nrunner: native\nprofile: { 0x6602001E: ACME, PR_DISPLAY_NAME_W: Acme, 0x66030003: 7 }\n\
             store-profile: { 0x6602001E: ACME }\nsource: { maildrop: 0x6600001E }\n\
             sink: { maildrop: 0x6601001E, envelope: X-Sent-To }\naddress-types: [ACME]\n\
             capabilities: [inbound, outbound]\ntiming: { patience: 5s, limit: 1m }\nsnapshots: snaps\n"
                .to_owned(),
            Says::Right,
        ),
        ("source: { command: [./stage, '${case.dir}/in'] }\n".to_owned(), Says::Right),
        ("source: { smtp: '127.0.0.1:2525' }\n".to_owned(), Says::Right),
        (format!("{sink}profile: {{ 0x66010003: '${{sink.port}}' }}\n"), Says::Right),
        (known("case: polling/one, requirement: POLL-02, reason: later, until: 2999-01-31"), Says::Right),
        ("profle: {}\n".to_owned(), Says::Wrong),
        ("runner: win\n".to_owned(), Says::Wrong),
        ("capabilities: [inbuond]\n".to_owned(), Says::Wrong),
        ("timing: { patience: 5 s }\n".to_owned(), Says::Wrong),
        ("source: { smtp: '127.0.0.1:1', command: [x] }\n".to_owned(), Says::Wrong),
        ("source: {}\n".to_owned(), Says::Wrong),
        ("source: { command: [] }\n".to_owned(), Says::Wrong),
        ("source: { smtp: nowhere }\n".to_owned(), Says::Wrong),
        ("sink: { smtp: '127.0.0.1:9', envelope: X }\n".to_owned(), Says::Wrong),
        ("sink: { envelope: X }\n".to_owned(), Says::Wrong),
        ("profile: { display-name: x }\n".to_owned(), Says::Wrong),
        ("profile: { 0x6602001E: [a] }\n".to_owned(), Says::Wrong),
        (known("case: polling/one"), Says::Wrong),
        (known("case: polling/one, reason: ' '"), Says::Wrong),
        (known("case: polling/one, reason: x, requirement: POLL-2"), Says::Wrong),
        (known("case: polling/one, reason: x, until: 1.3.2027"), Says::Wrong),
        (known("case: polling/one, reason: x, untill: 2027-03-01"), Says::Wrong),
        // What stands elsewhere, or depends on another key.
        (known("case: polling/on, reason: x"), Says::OnlyTheCommand),
        (known("case: polling/one, reason: x, until: 2027-02-30"), Says::OnlyTheCommand),
        ("profile: { PR_DISPLAY_NAM_W: x }\n".to_owned(), Says::OnlyTheCommand),
        ("profile: { 0x66030003: x }\n".to_owned(), Says::OnlyTheCommand),
        (sink.to_owned(), Says::OnlyTheCommand),
        ("profile: { 0x6602001E: '${sink.port}' }\n".to_owned(), Says::OnlyTheCommand),
        ("source: { smtp: '127.0.0.1:0' }\n".to_owned(), Says::OnlyTheCommand),
        ("store-library: none.so\n".to_owned(), Says::OnlyTheCommand),
    ];
    table.iter_mut().for_each(|(text, _)| text.insert_str(0, &head));
    table.push(("name: x\n".to_owned(), Says::Wrong));
    table.push((format!("{head}shim: [python3, x.py]\n"), Says::Wrong));
    let dir = cases(CASE);
    for (text, due) in table {
        let file = write(dir.path(), "candidate.yaml", &text);
        let mut command = spoolproof();
        // It loads the library, which has no entry point: status 3 is a file that was taken.
        let command = command.env("SPOOLPROOF_CASES", dir.path()).args(["run", "--candidate"]).arg(file);
        let assert = command.assert();
        let status = assert.get_output().status.code().expect("a status");
        agree(&text, &schema, (status, complaint(&assert)), due);
    }
}
