//! Mail that the program is handed and asked for: `source: { shim: true }` and `sink: { shim: true }`.

use std::path::Path;

use crate::tools::{Candidate, spoolproof, summary};

/// A candidate whose program offers these functions.
fn candidate(dir: &Path, offers: &str) -> Candidate {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (inbox, outbox) = (dir.join("in"), dir.join("out"));
    Candidate::new(&format!(
        "name: through\n\
         shim: [python3, '{}', '{}', '{}', '{}'{offers}]\n\
         profile: {{ 0x6600001E: '{}', 0x6601001E: '{}' }}\n\
         source: {{ shim: true }}\n\
         sink: {{ shim: true, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate]\n",
        manifest.join("tests/shim/through.py").display(),
        manifest.join("providers/python").display(),
        inbox.display(),
        outbox.display(),
        inbox.display(),
        outbox.display(),
    ))
}

#[test]
fn it_goes_both_ways_through_the_shim() {
    let dir = tempfile::tempdir().expect("a directory");
    let candidate = candidate(dir.path(), ", arrive, sent");
    // One case at a time: the directories are those of the profile.
    let run = spoolproof(&[
        "run",
        "--strict",
        "--jobs",
        "1",
        "--candidate",
        &candidate.file(),
        "--exact",
        "polling/backlog",
        "start-message/plain",
        "start-message/attachments",
        "start-message/unicode",
        "submit/plain",
        "submit/html",
        "submit/both-ways",
    ]);
    assert_eq!(run.status, 0, "{}", run.text);
    assert!(summary(&run.text).contains("- 7 pass"), "{}", run.text);
}

/// What the candidate file asks of a program and the program does not offer is told in words.
#[test]
fn a_program_that_does_not_offer_it_is_told_so() {
    let dir = tempfile::tempdir().expect("a directory");
    for (offers, case, told) in [
        (", sent", "start-message/plain", "did not offer `source`"),
        (", arrive", "submit/plain", "did not offer `sink`"),
    ] {
        let candidate = candidate(dir.path(), offers);
        let run = spoolproof(&["run", "--candidate", &candidate.file(), "--exact", case]);
        assert_ne!(run.status, 0, "{}", run.text);
        assert!(run.text.contains(told), "{offers}: {}", run.text);
    }
}
