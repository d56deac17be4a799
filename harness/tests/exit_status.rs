//! The exit status of each situation, in one table. CI systems go by nothing else.
//!
//! The table of people, `harness/doc/exit-status.md`, is made of this one: `SPOOLPROOF_UPDATE_PAGE=1 cargo test --test exit_status`
//! writes it anew.

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::{CASE, candidate, cases, library, spoolproof, write};

/// 0 conformant · 1 not conformant · 2 usage, a wrong file, nothing selected · 3 not loadable · 4 an error of the harness.
#[derive(Debug)]
struct Situation {
    what: &'static str,
    /// What has to be done first, with the same candidate: a command as below.
    first: &'static str,
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
    first: "",
    args: "run polling/one --candidate {candidate}",
    env: &[],
    candidate: "",
    code: 0,
    says: "",
};

const BROKEN: [(&str, &str); 1] = [("SPOOLPROOF_DEFECT", "status-row-without-name")];

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
    Situation {
        what: "a merge of a run that is conformant",
        first: "run polling/one --candidate {candidate} --out {dir}/whole",
        args: "merge {dir}/whole",
        says: "conformant: transport, inbound",
        ..PLAIN
    },
    Situation {
        what: "the doctor finds a library that answers",
        args: "doctor --candidate {candidate}",
        says: "it is loaded, and XPProviderInit succeeds",
        ..PLAIN
    },
    Situation {
        what: "a trace is the accepted one",
        first: "run polling/one --candidate {candidate}",
        // Goldens are accepted as well: not those of the tree.
        env: &[("INSTA_UPDATE", "always"), ("CI", ""), ("TF_BUILD", ""), ("SPOOLPROOF_GOLDEN", "{dir}")],
        candidate: "snapshots: snapshots\n",
        says: "conformant: transport, inbound",
        ..PLAIN
    },
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
        says: "a known failure (`ticket 7`) that was accepted until 2020-01-01",
        ..PLAIN
    },
    Situation {
        what: "the candidate hangs in a case",
        env: &[("SPOOLPROOF_DEFECT", "hang")],
        candidate: "timing: { patience: 100ms, limit: 2s }\n",
        code: 1,
        says: "not conformant: 1 timeout",
        ..PLAIN
    },
    Situation {
        what: "a trace was never accepted",
        env: &[("INSTA_UPDATE", "no")],
        candidate: "snapshots: snapshots\n",
        code: 1,
        says: "never accepted",
        ..PLAIN
    },
    Situation {
        what: "a merge of a run that is not conformant",
        first: "run polling/one --candidate {candidate} --out {dir}/whole",
        args: "merge {dir}/whole",
        env: &BROKEN,
        code: 1,
        says: "not conformant: 1 fail",
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
        what: "a known failure without a reason",
        candidate: "known-failures:\n  - { case: polling/one, reason: ' ' }\n",
        code: 2,
        says: "a known failure needs a reason",
        ..PLAIN
    },
    Situation {
        what: "a key that stands twice",
        candidate: "sink: { maildrop: 0x6601001E }\n",
        code: 2,
        says: "sink",
        ..PLAIN
    },
    Situation {
        what: "a snapshot of no case",
        candidate: "snapshots: '{snapshots}'\n",
        code: 2,
        says: "did you mean `polling/one`?",
        ..PLAIN
    },
    Situation {
        what: "a runner that cannot load the library",
        candidate: "runner: wine\n",
        code: 2,
        says: "`runner: wine` cannot load it",
        ..PLAIN
    },
    Situation {
        what: "the doctor finds no file",
        args: "doctor --library {dir}/none.so",
        code: 2,
        says: "there is no file",
        ..PLAIN
    },
    Situation {
        what: "an empty list",
        args: "list no-such-case",
        code: 2,
        says: "nothing selected",
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
        what: "a merge that lacks a shard",
        first: "run polling/one --candidate {candidate} --shard {shard} --out {dir}/part",
        args: "merge {dir}/part",
        code: 2,
        says: "{other-shard} is missing",
        ..PLAIN
    },
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
    Situation {
        what: "the initialisation hangs",
        args: "run --library {actor}",
        env: &[("ACTOR", "hang")],
        code: 3,
        says: "XPProviderInit did not return",
        ..PLAIN
    },
    Situation {
        what: "the service entry is not exported",
        candidate: "service-entry: AcmeService\n",
        code: 3,
        says: "does not export `AcmeService`, the service entry of the candidate file",
        ..PLAIN
    },
    Situation {
        what: "a program that cannot be started",
        args: "run --shim {dir}/none",
        code: 3,
        says: "could not be started",
        ..PLAIN
    },
    Situation {
        what: "a program that ends at once",
        args: "run --shim true",
        code: 3,
        says: "it ended",
        ..PLAIN
    },
    Situation {
        what: "the doctor finds no library",
        args: "doctor --library {text}",
        code: 3,
        says: "is no dynamic library",
        ..PLAIN
    },
    Situation {
        what: "the doctor finds no entry point",
        args: "doctor --library {empty}",
        code: 3,
        says: "it exports nothing at all",
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
        what: "a trace cannot be kept",
        args: "run polling/one --candidate {candidate} --out {text}/out",
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
        let Happened { code, said, says } = happens(situation);
        if code != Some(situation.code) || !said.contains(&says) {
            let due = situation.code;
            wrong.push(format!("{}: {code:?} instead of {due} with {says:?}:\n{said}", situation.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for code in 0..=4 {
        assert!(TABLE.iter().any(|situation| situation.code == code), "status {code} has a situation");
    }
}

/// The guide's table is this one.
#[test]
fn the_guide_has_the_same_table() {
    const MEANS: [&str; 5] = [
        "conformant, or what was asked for was told",
        "not conformant",
        "usage, candidate or case file wrong, nothing selected",
        "the candidate could not be loaded or initialised at all",
        "an error of the harness itself",
    ];
    let mut page = "# Exit status\n\nMade of the table in `harness/tests/exit_status.rs`, which makes each situation happen.\n".to_owned();
    for (code, means) in MEANS.iter().enumerate() {
        let _ = write!(page, "\n## {code}: {means}\n\n| situation | command |\n| --- | --- |\n");
        for situation in TABLE.iter().filter(|situation| usize::try_from(situation.code) == Ok(code)) {
            let command = situation.args.split(' ').next().unwrap_or_default();
            let command =
                if command.is_empty() { "spoolproof".to_owned() } else { format!("spoolproof {command}") };
            let _ = writeln!(page, "| {} | `{command}` |", situation.what);
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("doc/exit-status.md");
    if std::env::var_os("SPOOLPROOF_UPDATE_PAGE").is_some() {
        std::fs::write(&file, &page).expect("written");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), page, "{}", file.display());
}

struct Happened {
    code: Option<i32>,
    said: String,
    /// What is to be said, with the places in it.
    says: String,
}

/// Makes it happen: the exit status, and all that was said.
fn happens(situation: &Situation) -> Happened {
    let dir = tempfile::tempdir().expect("a directory");
    let catalogue = cases(CASE);
    write(catalogue.path(), "wrong/polling/one.yaml", "title: One\nrequirements: [POLL-02]\n");
    let text = write(dir.path(), "text", "no library\n");
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).expect("a directory");
    write(dir.path(), "accepted/polling/oen.snap", "---\n---\n");
    let accepted = dir.path().join("accepted");
    let more = situation.candidate.replace("{snapshots}", &accepted.to_string_lossy());
    let candidate = candidate(dir.path(), "defective_provider", &more);
    let show = |path: &Path| path.to_string_lossy().into_owned();
    let places = [
        ("{candidate}", show(&candidate)),
        ("{text}", show(&text)),
        ("{dir}", show(&empty)),
        ("{cases}", show(catalogue.path())),
        ("{actor}", if situation.args.contains("{actor}") { show(&library("actor")) } else { String::new() }),
        ("{empty}", if situation.args.contains("{empty}") { show(&library("empty")) } else { String::new() }),
        // Of two shards the one that has the case, and the one that has not.
        ("{shard}", shard("polling/one", true)),
        ("{other-shard}", shard("polling/one", false)),
    ];
    let put =
        |text: &str| places.iter().fold(text.to_owned(), |text, (name, place)| text.replace(name, place));
    let run = |args: &str| {
        let mut command = spoolproof();
        command.env("SPOOLPROOF_DEFECT", "no-defect");
        for (name, value) in situation.env {
            command.env(name, put(value));
        }
        command.args(args.split(' ').filter(|word| !word.is_empty()).map(put)).output().expect("it runs")
    };
    if !situation.first.is_empty() {
        run(situation.first);
    }
    let output = run(situation.args);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Happened { code: output.status.code(), said, says: put(situation.says) }
}

fn shard(id: &str, takes: bool) -> String {
    let parts = [1, 2].map(|part| spoolproof::case::Shard { part, of: 2 });
    let found = parts.into_iter().find(|shard| shard.takes(id) == takes).expect("one of two has it");
    found.to_string()
}
