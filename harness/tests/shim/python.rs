//! The provider in Python, and the newcomer's path of `SHIM.md`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{Candidate, spoolproof, summary};

fn provider() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("providers/python")
}

fn candidate(style: &str) -> Candidate {
    Candidate::new(&format!(
        "name: python\n\
         shim: [python3, '{}']\n\
         profile: {{ 0x6603001E: {style} }}\n\
         source: {{ maildrop: 0x6600001E }}\n\
         sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate]\n",
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

/// The program that stands in the document is the one that is run, from a directory with nothing else in it.
#[test]
fn the_first_provider_of_the_document_passes_its_first_case() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(manifest.join("../mock-spooler/SHIM.md")).expect("the document");
    let program = document.split("```python\n").nth(1).and_then(|rest| rest.split("```").next());
    let file = document.split("Its candidate file says how mail reaches it: `").nth(1);
    let file = file.and_then(|rest| rest.split('`').next()).expect("a candidate file stands in the document");
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("first.py"), program.expect("a program stands in the document"))
        .expect("a file");
    std::fs::write(dir.path().join("first.yaml"), file).expect("a file");
    for case in ["polling/empty", "logon/plain"] {
        let output = Command::new(env!("CARGO_BIN_EXE_spoolproof"))
            .args(["run", "--candidate", "first.yaml", "--no-golden", "--exact", case])
            .current_dir(dir.path())
            .env("PYTHONPATH", provider())
            .output()
            .expect("the command was built along with this test");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    }
}
