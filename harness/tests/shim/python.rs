//! The provider in Python, and the newcomer's path of `SHIM.md`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::interpreter::python;
use crate::tools::{Candidate, spoolproof, summary};

fn provider() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("providers/python")
}

fn candidate(style: &str) -> Candidate {
    Candidate::new(&format!(
        "name: python\n\
         shim: [python3, -S, -E, '{}']\n\
         profile: {{ 0x6603001E: {style}, 0x6606001E: coupled }}\n\
         source: {{ maildrop: 0x6600001E }}\n\
         sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate, store, coupled]\n",
        provider().join("provider.py").display()
    ))
}

#[test]
fn it_passes_all_cases_strictly_with_the_same_goldens() {
    let run = spoolproof(&["run", "--strict", "--candidate", &candidate("polled").file()]);
    assert_eq!(run.status, 0, "{}", run.text);
    assert!(
        summary(&run.text).starts_with("conformant: transport, inbound, outbound, polled"),
        "{}",
        run.text
    );
}

#[test]
fn it_notifies_too() {
    let candidate = candidate("notify");
    let run =
        spoolproof(&["run", "--strict", "--candidate", &candidate.file(), "notify/", "flush/", "lifecycle/"]);
    assert_eq!(run.status, 0, "{}", run.text);
}

#[test]
fn the_parts_of_the_library_that_need_no_spooler() {
    let output = Command::new(python())
        .args(["-S", "-E", "-m", "unittest", "-q", "test_library"])
        .current_dir(provider())
        .output()
        .expect("there is Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What stands in the document is what is run, in a directory with nothing else in it: the program, its candidate file, and
/// the commands. A message comes through, strictly, with the goldens.
#[test]
fn the_first_provider_of_the_document_passes_its_first_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = std::fs::read_to_string(root.join("mock-spooler/SHIM.md")).expect("the document");
    let block = |language: &str| {
        let rest = document.split(&format!("```{language}\n")).nth(1);
        rest.and_then(|rest| rest.split("```").next()).expect("it stands in the document").to_owned()
    };
    let program = block("python");
    let lines = program.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines < 25, "{lines} lines are no beginning");
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("first.py"), program).expect("a file");
    std::fs::write(dir.path().join("first.yaml"), block("yaml")).expect("a file");
    let command = Path::new(env!("CARGO_BIN_EXE_spoolproof"));
    let path = format!(
        "{}:{}",
        command.parent().expect("a program stands in a directory").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("sh")
        .args(["-e", "-c", &block("sh")])
        .current_dir(dir.path())
        .env("SPOOLPROOF", root.canonicalize().expect("the repository"))
        .env("PATH", path)
        .env_remove("PYTHONPATH")
        .output()
        .expect("there is a shell");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(
        summary(&text).split(" (").next(),
        Some("conformant: transport, inbound, polled - 4 pass"),
        "{text}"
    );
}
