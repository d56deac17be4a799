//! Input that is wrong: each gets a clear complaint and its exit status, and nothing half-written is left.

mod common;

use std::path::Path;

use common::{CASE, cases, complaint, library, spoolproof, write};

/// Runs with these cases; the complaint, which must come with this exit status.
fn with_case(case: &str) -> String {
    let dir = cases(case);
    let out = dir.path().join("out");
    let assert =
        spoolproof().env("SPOOLPROOF_CASES", dir.path()).args(["run", "--out"]).arg(&out).assert().code(2);
    assert!(!out.exists(), "nothing is written where nothing is run");
    complaint(&assert)
}

#[test]
fn case_files_with_mistakes() {
    let table = [
        (
            "unknown key",
            CASE.replace("needs:", "neesd:"),
            "unknown field `neesd`",
            "3:1",
            "did you mean `needs`?",
        ),
        (
            "wrong type",
            CASE.replace("title: One mail", "title: [One, mail]"),
            "invalid type: sequence",
            "1:8",
            "",
        ),
        (
            "duplicate key",
            CASE.replace("needs: [inbound]", "title: Two"),
            "duplicate field `title`",
            "3:1",
            "",
        ),
        (
            "unknown step",
            CASE.replace("- logoff", "- logof"),
            "unknown variant `logof`",
            "10:5",
            "did you mean `logoff`?",
        ),
        (
            "unknown argument",
            CASE.replace("- receive: m1", "- receive: { expcet: m1 }"),
            "`expcet`",
            "9:16",
            "`expect`",
        ),
        ("two verbs", CASE.replace("  - logoff", "    logoff:"), "`logoff` is a second one", "9:", ""),
        ("unknown mail", CASE.replace("- arrive: m1", "- arrive: m2"), "there is no mail `m2`", "8:", "`m1`"),
        (
            "mail twice",
            CASE.replace("{ m1: plain.eml }", "{ m1: plain.eml, m1: plain.eml }"),
            "duplicate field `m1`",
            "4:",
            "",
        ),
        (
            "missing mail",
            CASE.replace("plain.eml", "plane.eml"),
            "no `plane.eml` in cases/mail",
            "4:",
            "`plain.eml`",
        ),
        (
            "unknown requirement",
            CASE.replace("POLL-02", "POLL-2"),
            "there is no requirement `POLL-2`",
            "2:",
            "`POLL-02`",
        ),
        ("no requirement", CASE.replace("[POLL-02]", "[]"), "at least one requirement", "2:", ""),
        (
            "unknown need",
            CASE.replace("[inbound]", "[inbond]"),
            "unknown variant `inbond`",
            "3:9",
            "`inbound`",
        ),
        (
            "sweep of nothing",
            format!("{CASE}sweep: {{ at: callback, of: send }}\n"),
            "no step `send`",
            "11:",
            "",
        ),
        (
            "unknown fault",
            format!("{CASE}sweep: {{ at: callback, of: receive, inject: [MAPI_E_CALL_FAILD] }}\n"),
            "unknown fault `MAPI_E_CALL_FAILD`",
            "11:",
            "`MAPI_E_CALL_FAILED`",
        ),
        (
            "no YAML",
            CASE.replace("One mail", "One: mail"),
            "mapping values are not allowed",
            "1:",
            "in quotes",
        ),
        ("empty", String::new(), "missing field `title`", "", ""),
    ];
    for (what, case, message, place, help) in table {
        let said = with_case(&case);
        assert!(said.contains(message), "{what}: {said}");
        assert!(
            said.contains(&format!("one.yaml:{place}")) || place.is_empty(),
            "{what}, at {place}: {said}"
        );
        assert!(said.contains(help), "{what}: {said}");
        assert!(!said.contains('\u{1b}'), "no colours in a pipe: {said}");
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let dir = cases(&CASE.replace("needs:", "neesd:"));
    write(dir.path(), "poling/two.yaml", CASE);
    write(dir.path(), "cancel/three.yml", CASE);
    let said = complaint(&spoolproof().env("SPOOLPROOF_CASES", dir.path()).arg("list").assert().code(2));
    assert!(said.contains("`neesd`"), "{said}");
    assert!(said.contains("there is no area `poling`") && said.contains("did you mean `polling`?"), "{said}");
    assert!(said.contains("ends in `.yaml`"), "{said}");
}

#[test]
fn directories_without_cases() {
    let dir = tempfile::tempdir().expect("a directory");
    let run =
        |path: &Path| complaint(&spoolproof().env("SPOOLPROOF_CASES", path).arg("run").assert().code(2));
    assert!(run(dir.path()).contains("there is no case in this directory"));
    assert!(run(&dir.path().join("missing")).contains("cannot be read"));
}

#[test]
fn selections_of_nothing() {
    let dir = cases(CASE);
    let run = |args: &[&str]| {
        let mut command = spoolproof();
        complaint(&command.env("SPOOLPROOF_CASES", dir.path()).arg("run").args(args).assert().code(2))
    };
    let said = run(&["poling"]);
    assert!(said.contains("nothing selected") && said.contains("did you mean `polling`?"), "{said}");
    assert!(run(&["--exact", "polling"]).contains("nothing selected"));
    assert!(run(&["polling", "cancel"]).contains("no case has `cancel` in its id"));
    // One case is in one of two shards.
    let empty = ["1/2", "2/2"].iter().filter(|shard| {
        let mut command = spoolproof();
        let run = command
            .env("SPOOLPROOF_CASES", dir.path())
            .args(["run", "--shard", shard])
            .output()
            .expect("it runs");
        run.status.code() == Some(2)
            && String::from_utf8_lossy(&run.stderr).contains("this shard has no case")
    });
    assert_eq!(empty.count(), 1);
}

#[test]
fn command_lines() {
    for (args, message) in [
        (&["run", "--shard", "3/2"][..], "`3/2` is no shard"),
        (&["run", "--jobs", "0"], "0 is not in 1..=512"),
        (&["run", "--candidate", "a", "--library", "b"], "cannot be used with"),
        (&["judge"], "unrecognized subcommand"),
        (&[], "Usage"),
        (&["explain", "POLL-2"], "did you mean `POLL-02`?"),
        (&["trace", "polling/on"], "there is no case `polling/on`; did you mean `polling/one`?"),
        (&["trace", "polling/one@x#1=cancel"], "is no sweep"),
    ] {
        let dir = cases(CASE);
        let assert = spoolproof().env("SPOOLPROOF_CASES", dir.path()).args(args).assert().code(2);
        assert!(complaint(&assert).contains(message), "{args:?}: {}", complaint(&assert));
    }
}

#[test]
fn candidate_files_with_mistakes() {
    let library = library("empty");
    let path = library.display();
    let table = [
        (
            "unknown key",
            format!("library: {path}\nprofle: {{}}\n"),
            "unknown field `profle`",
            "2:1",
            "`profile`",
        ),
        ("no library", "name: x\n".to_owned(), "names neither a `library` nor a `shim`", "", ""),
        (
            "missing library",
            "library: there/is/none.so\n".to_owned(),
            "there is no file `there/is/none.so`",
            "1:1",
            "start at",
        ),
        (
            "unknown property",
            format!("library: {path}\nprofile: {{ PR_DISPLAY_NAM_W: x }}\n"),
            "unknown property",
            "2:12",
            "`PR_DISPLAY_NAME_W`",
        ),
        (
            "value of another type",
            format!("library: {path}\nprofile: {{ 0x66030003: x }}\n"),
            "a whole number",
            "2:",
            "PT_LONG",
        ),
        (
            "property twice",
            format!("library: {path}\nprofile:\n  0x6602001E: a\n  0x6602001E: b\n"),
            "duplicate property",
            "3:",
            "",
        ),
        (
            "two sources",
            format!("library: {path}\nsource: {{ smtp: 'a:1', command: [x] }}\n"),
            "a source is one of",
            "2:1",
            "",
        ),
        ("no string", format!("library: {path}\nsource: {{ maildrop: 0x66000003 }}\n"), "PT_LONG", "2:1", ""),
        (
            "unknown capability",
            format!("library: {path}\ncapabilities: [inbuond]\n"),
            "`inbuond`",
            "2:16",
            "`inbound`",
        ),
        (
            "no time",
            format!("library: {path}\ntiming: {{ patience: 5 s }}\n"),
            "`5 s` is no length of time",
            "2:",
            "",
        ),
        (
            "a library and a shim",
            format!("library: {path}\nshim: [python3, shim.py]\n"),
            "a candidate is a `library` or a `shim`, not both",
            "2:1",
            "",
        ),
        (
            "a shim without a program",
            "shim: []\n".to_owned(),
            "a shim is a program and its arguments: `[python3, shim.py]`",
            "1:1",
            "",
        ),
        (
            "a shim in one word",
            "name: x\nshim: python3 shim.py\n".to_owned(),
            "expected a sequence",
            "2:7",
            "",
        ),
        (
            "a shim whose program is not there",
            "name: x\nshim: [./nowhere.py]\n".to_owned(),
            "nowhere.py",
            "2:1",
            "",
        ),
        (
            "a shim and a library for its store",
            format!("shim: [python3, shim.py]\nstore-library: {path}\n"),
            "a shim has its store itself: leave `store-library` out",
            "2:1",
            "",
        ),
        (
            "mail through a shim that there is not",
            format!("library: {path}\nsource: {{ shim: true }}\n"),
            "only a candidate that is a `shim` takes mail through it",
            "2:1",
            "",
        ),
        (
            "sent mail through a shim that there is not",
            format!("library: {path}\nsink: {{ shim: true }}\n"),
            "only a candidate that is a `shim` tells through it what it has sent",
            "2:1",
            "",
        ),
        (
            "two sources",
            "shim: [python3, shim.py]\nsource: { shim: true, maildrop: 0x6600001E }\n".to_owned(),
            "a source is one of `maildrop`, `command`, `smtp` and `shim: true`",
            "2:1",
            "",
        ),
        (
            "a sink that is none",
            "shim: [python3, shim.py]\nsink: { shim: false }\n".to_owned(),
            "a sink is one of `maildrop`, `smtp` and `shim: true`",
            "2:1",
            "",
        ),
        (
            "a sink misspelt",
            "shim: [python3, shim.py]\nsink: { shimm: true }\n".to_owned(),
            "unknown field `shimm`",
            "2:9",
            "`shim`",
        ),
        (
            "stale case",
            format!("library: {path}\nknown-failures:\n  - {{ case: polling/on, reason: x }}\n"),
            "there is no case `polling/on`",
            "3:13",
            "`polling/one`",
        ),
        (
            "stale requirement",
            format!(
                "library: {path}\nknown-failures:\n  - {{ case: polling/one, requirement: POLL-2, reason: x }}\n"
            ),
            "there is no requirement `POLL-2`",
            "3:39",
            "`POLL-02`",
        ),
        (
            "no point",
            format!("library: {path}\nknown-failures:\n  - {{ case: polling/one@a#1=cancel, reason: x }}\n"),
            "has no point",
            "3:",
            "",
        ),
        (
            "no reason",
            format!("library: {path}\nknown-failures:\n  - {{ case: polling/one }}\n"),
            "missing field `reason`",
            "3:",
            "",
        ),
        (
            "no day",
            format!(
                "library: {path}\nknown-failures:\n  - {{ case: polling/one, reason: x, until: 1.3.2027 }}\n"
            ),
            "`1.3.2027` is no day",
            "3:",
            "",
        ),
    ];
    let dir = cases(CASE);
    for (what, text, message, place, help) in table {
        let file = write(dir.path(), "candidate.yaml", &text);
        let mut command = spoolproof();
        let assert = command
            .env("SPOOLPROOF_CASES", dir.path())
            .args(["run", "--candidate"])
            .arg(file)
            .assert()
            .code(2);
        let said = complaint(&assert);
        assert!(said.contains(message), "{what}: {said}");
        assert!(
            said.contains(&format!("candidate.yaml:{place}")) || place.is_empty(),
            "{what}, at {place}: {said}"
        );
        assert!(said.contains(help), "{what}: {said}");
    }
}

/// Runs with this library; the complaint.
fn with_library(path: &Path, code: i32) -> String {
    let dir = cases(CASE);
    let out = dir.path().join("out");
    let mut command = spoolproof();
    command.env("SPOOLPROOF_CASES", dir.path()).args(["run", "--library"]).arg(path).arg("--out").arg(&out);
    let said = complaint(&command.assert().code(code));
    assert!(!out.exists(), "nothing is written where nothing is run");
    said
}

#[test]
fn libraries_that_are_none() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(with_library(&dir.path().join("none.so"), 2).contains("there is no file"));
    let text = write(dir.path(), "text.so", "no library at all");
    assert!(with_library(&text, 3).contains("is no dynamic library"));
    let empty = write(dir.path(), "empty.so", "");
    assert!(with_library(&empty, 3).contains("is no dynamic library"));
    assert!(with_library(dir.path(), 3).contains("a directory"));
    let program = Path::new(env!("CARGO_BIN_EXE_spoolproof"));
    with_library(program, 3);
}

#[test]
#[cfg(target_os = "linux")]
fn libraries_for_another_machine() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut bytes = std::fs::read(library("empty")).expect("built");
    // e_machine of the ELF header: EM_S390.
    bytes[18] = 22;
    let path = dir.path().join("other.so");
    std::fs::write(&path, bytes).expect("written");
    let said = with_library(&path, 3);
    assert!(said.contains("ELF for s390x") && said.contains("this machine loads ELF for"), "{said}");
}

#[test]
fn a_library_without_the_entry_point() {
    let said = with_library(&library("empty"), 3);
    assert!(said.contains("XPProviderInit"), "{said}");
}
