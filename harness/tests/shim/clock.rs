//! What the clock alone says of a candidate counts where it is seen again.

use std::path::Path;

use crate::tools::{Candidate, Ran, spoolproof};

/// A run of one message by a candidate of which the first processes hesitate, and how many there were.
fn run(hesitant: usize) -> (Ran, usize) {
    let seen = tempfile::tempdir().expect("a directory");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let candidate = Candidate::new(&format!(
        "name: hesitant\n\
         shim: [python3, '{}', '{}', '{}', '{hesitant}']\n\
         source: {{ maildrop: 0x6600001E }}\n\
         sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate]\n",
        manifest.join("tests/shim/hesitant.py").display(),
        manifest.join("providers/python").display(),
        seen.path().display(),
    ));
    let ran =
        spoolproof(&["run", "--strict", "--candidate", &candidate.file(), "--exact", "start-message/plain"]);
    (ran, seen.path().read_dir().expect("a directory").count())
}

#[test]
fn a_machine_that_stands_still_is_no_finding() {
    let (ran, processes) = run(1);
    assert_eq!((ran.status, processes), (0, 2), "{}", ran.text);
    let (ran, processes) = run(2);
    assert_eq!((ran.status, processes), (0, 3), "{}", ran.text);
}

#[test]
fn a_provider_that_always_hesitates_is_one() {
    let (ran, processes) = run(usize::MAX);
    assert_eq!((ran.status, processes), (1, 3), "{}", ran.text);
    assert!(ran.text.contains("RECV-18"), "{}", ran.text);
}
