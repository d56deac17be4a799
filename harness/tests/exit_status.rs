//! The exit status of each situation, in one table. CI systems go by nothing else.

mod common;

use std::path::Path;

use common::{CASE, candidate, cases, library, spoolproof, write};

/// 0 conformant · 1 not conformant · 2 usage, a wrong file, nothing selected · 3 not loadable · 4 an error of the harness.
#[derive(Debug)]
struct Situation {
    what: &'static str,
    /// The command, with places in braces.
    args: &'static str,
    /// Variables of the environment.
    env: &'static [(&'static str, &'static str)],
    /// More of the candidate file.
    candidate: &'static str,
    code: i32,
    /// A part of what is said.
    says: &'static str,
}

const PLAIN: Situation = Situation {
    what: "",
    args: "run polling/one --candidate {candidate}",
    env: &[],
    candidate: "",
    code: 0,
    says: "",
};

/// `{candidate}` is a file for the provider that takes a seeded defect, `{actor}` and `{empty}` are libraries that misbehave,
/// `{text}` is a file that is no library, `{dir}` an empty directory, `{cases}` a catalogue of one case.
const TABLE: &[Situation] = &[
    // ---------------------------------------------------------------- 0
    Situation { what: "every case passes", says: "conformant: transport, inbound", ..PLAIN },
    Situation {
        what: "a should is broken",
        env: &[("SPOOLPROOF_DEFECT", "subject-changed")],
        says: "conformant: transport, inbound, polled - 1 warn",
        ..PLAIN
    },
    Situation {
        what: "no case applies",
        candidate: "capabilities: [outbound]\n",
        says: "nothing judged",
        ..PLAIN
    },
    Situation {
        what: "a known failure fails",
        env: &[("SPOOLPROOF_DEFECT", "status-row-without-name")],
        candidate: "known-failures:\n  - { case: polling/one, reason: 'ticket 7' }\n",
        says: "1 known",
        ..PLAIN
    },
    Situation {
        what: "a trace of a case that fails",
        args: "trace polling/one --candidate {candidate}",
        env: &[("SPOOLPROOF_DEFECT", "status-row-without-name")],
        says: "polling/one: fail",
        ..PLAIN
    },
    Situation { what: "help", args: "--help", says: "Usage:", ..PLAIN },
    Situation { what: "the version", args: "--version", says: "spoolproof", ..PLAIN },
    Situation { what: "a list", args: "list polling/", says: "polling/one", ..PLAIN },
    Situation { what: "an explanation", args: "explain POLL-02", says: "ixplogon-poll", ..PLAIN },
    Situation { what: "a schema", args: "schema candidate", says: "known-failures", ..PLAIN },
    // ---------------------------------------------------------------- 1
    Situation {
        what: "a must is broken",
        env: &[("SPOOLPROOF_DEFECT", "status-row-without-name")],
        code: 1,
        says: "not conformant: 1 fail",
        ..PLAIN
    },
    Situation {
        what: "a should is broken, strictly",
        args: "run polling/one --strict --candidate {candidate}",
        env: &[("SPOOLPROOF_DEFECT", "subject-changed")],
        code: 1,
        says: "not conformant: 1 warn",
        ..PLAIN
    },
    Situation {
        what: "the candidate crashes in a case",
        env: &[("SPOOLPROOF_DEFECT", "crash-at-IXPLogon.Poll")],
        code: 1,
        says: "not conformant: 1 crash",
        ..PLAIN
    },
    Situation {
        what: "a known failure does not fail",
        candidate: "known-failures:\n  - { case: polling/one, reason: 'ticket 7' }\n",
        code: 1,
        says: "1 unexpected pass",
        ..PLAIN
    },
    Situation {
        what: "a known failure has expired",
        env: &[("SPOOLPROOF_DEFECT", "status-row-without-name")],
        candidate: "known-failures:\n  - { case: polling/one, reason: 'ticket 7', until: 2020-01-01 }\n",
        code: 1,
        says: "1 fail",
        ..PLAIN
    },
    // ---------------------------------------------------------------- 2
    Situation { what: "no command", args: "", code: 2, says: "Usage:", ..PLAIN },
    Situation { what: "an unknown option", args: "run --colour", code: 2, says: "--colour", ..PLAIN },
    Situation {
        what: "nothing selected",
        args: "run no-such-case",
        code: 2,
        says: "nothing selected",
        ..PLAIN
    },
    Situation {
        what: "a shard without a case",
        args: "run --exact polling/one --shard {other-shard}",
        code: 2,
        says: "this shard has no case",
        ..PLAIN
    },
    Situation { what: "no such shard", args: "run --shard 4/3", code: 2, says: "K/N", ..PLAIN },
    Situation {
        what: "no such candidate file",
        args: "run --candidate {dir}/none.yaml",
        code: 2,
        says: "none.yaml",
        ..PLAIN
    },
    Situation { what: "an unknown key", candidate: "colour: red\n", code: 2, says: "colour", ..PLAIN },
    Situation {
        what: "a known failure of no case",
        candidate: "known-failures:\n  - { case: polling/oen, reason: 'ticket 7' }\n",
        code: 2,
        says: "did you mean `polling/one`?",
        ..PLAIN
    },
    Situation {
        what: "no such library",
        args: "run --library {dir}/none.so",
        code: 2,
        says: "none.so",
        ..PLAIN
    },
    Situation {
        what: "a wrong case file",
        args: "run",
        env: &[("SPOOLPROOF_CASES", "{cases}/wrong")],
        code: 2,
        says: "steps",
        ..PLAIN
    },
    Situation { what: "an unknown requirement", args: "explain RECV-2", code: 2, says: "RECV-02", ..PLAIN },
    Situation {
        what: "a trace of no case",
        args: "trace polling/oen",
        code: 2,
        says: "polling/one",
        ..PLAIN
    },
    Situation { what: "a merge of nothing", args: "merge", code: 2, says: "<DIR>", ..PLAIN },
    Situation {
        what: "a merge of a directory without a report",
        args: "merge {dir}",
        code: 2,
        says: "report.json",
        ..PLAIN
    },
    // ---------------------------------------------------------------- 3
    Situation {
        what: "the file is no library",
        args: "run --library {text}",
        code: 3,
        says: "library",
        ..PLAIN
    },
    Situation {
        what: "the entry point is missing",
        args: "run --library {empty}",
        code: 3,
        says: "XPProviderInit",
        ..PLAIN
    },
    Situation {
        what: "the initialisation fails",
        args: "run --library {actor}",
        code: 3,
        says: "XPProviderInit returned MAPI_E_CALL_FAILED",
        ..PLAIN
    },
    Situation {
        what: "the initialisation crashes",
        args: "run --library {actor}",
        env: &[("ACTOR", "abort")],
        code: 3,
        says: "XPProviderInit did not return",
        ..PLAIN
    },
    // ---------------------------------------------------------------- 4
    Situation {
        what: "a report cannot be written",
        args: "run polling/one --candidate {candidate} --json {text}/report.json",
        code: 4,
        says: "cannot write",
        ..PLAIN
    },
    Situation {
        what: "the summary of the job cannot be written",
        env: &[("GITHUB_STEP_SUMMARY", "{dir}")],
        code: 4,
        says: "cannot write",
        ..PLAIN
    },
];

#[test]
#[cfg(unix)]
fn each_situation_has_its_status() {
    let mut wrong = Vec::new();
    for situation in TABLE {
        let (code, said) = happens(situation);
        if code != Some(situation.code) || !said.contains(situation.says) {
            let (due, says) = (situation.code, situation.says);
            wrong.push(format!("{}: {code:?} instead of {due} with {says:?}:\n{said}", situation.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for code in 0..=4 {
        assert!(TABLE.iter().any(|situation| situation.code == code), "status {code} has a situation");
    }
}

/// Makes it happen: the exit status, and all that was said.
fn happens(situation: &Situation) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let catalogue = cases(CASE);
    write(catalogue.path(), "wrong/polling/one.yaml", "title: One\nrequirements: [POLL-02]\n");
    let text = write(dir.path(), "text", "no library\n");
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).expect("a directory");
    let candidate = candidate(dir.path(), "defective_provider", situation.candidate);
    let show = |path: &Path| path.to_string_lossy().into_owned();
    let places = [
        ("{candidate}", show(&candidate)),
        ("{text}", show(&text)),
        ("{dir}", show(&empty)),
        ("{cases}", show(catalogue.path())),
        ("{actor}", if situation.args.contains("{actor}") { show(&library("actor")) } else { String::new() }),
        ("{empty}", if situation.args.contains("{empty}") { show(&library("empty")) } else { String::new() }),
        // The other of two shards: the one that has not got the case.
        ("{other-shard}", other_shard("polling/one")),
    ];
    let put =
        |text: &str| places.iter().fold(text.to_owned(), |text, (name, place)| text.replace(name, place));
    let mut command = spoolproof();
    command.env("SPOOLPROOF_DEFECT", "no-defect");
    for (name, value) in situation.env {
        command.env(name, put(value));
    }
    let output = command.args(situation.args.split(' ').filter(|word| !word.is_empty()).map(put)).output();
    let output = output.expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn other_shard(id: &str) -> String {
    let parts = [1, 2].map(|part| spoolproof::case::Shard { part, of: 2 });
    let other = parts.into_iter().find(|shard| !shard.takes(id)).expect("one of two has it not");
    other.to_string()
}
