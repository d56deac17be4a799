//! A library behind `mock-spooler serve` is judged as the library itself.

use spoolproof::candidate::built_library;

use crate::tools::{Candidate, mock_spooler, spoolproof, summary};

fn candidate(style: &str) -> Candidate {
    let library = built_library("reference_provider").expect("cargo builds it along with this test");
    Candidate::new(&format!(
        "name: served\n\
         shim: ['{}', serve, --library, '{}']\n\
         profile: {{ 0x6603001E: {style}, 0x6606001E: coupled }}\n\
         source: {{ maildrop: 0x6600001E }}\n\
         sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\n\
         address-types: [REF]\n\
         capabilities: [inbound, outbound, deferral, flush, validate, store, coupled]\n",
        mock_spooler().display(),
        library.display(),
    ))
}

#[test]
fn the_reference_passes_all_cases_strictly_with_the_same_goldens() {
    let candidate = candidate("polled");
    let served = spoolproof(&["run", "--strict", "--candidate", &candidate.file()]);
    assert_eq!(served.status, 0, "{}", served.text);
    let loaded = spoolproof(&["run", "--strict", "--exact", "lifecycle/unload"]);
    assert_eq!(loaded.status, 0, "{}", loaded.text);
    assert!(
        summary(&served.text).starts_with("conformant: transport, inbound, outbound, polled"),
        "{}",
        served.text
    );
}

#[test]
fn a_notifying_provider_calls_from_threads_of_its_own() {
    let candidate = candidate("notify");
    let run = spoolproof(&["run", "--strict", "--candidate", &candidate.file(), "notify/", "lifecycle/"]);
    assert_eq!(run.status, 0, "{}", run.text);
}

#[test]
fn a_library_that_cannot_be_loaded_is_told_as_such() {
    let candidate =
        Candidate::new(&format!("shim: ['{}', serve, --library, nowhere.so]\n", mock_spooler().display()));
    let run = spoolproof(&["run", "--candidate", &candidate.file()]);
    assert_eq!(run.status, 3, "{}", run.text);
    assert!(run.text.contains("nowhere.so"), "{}", run.text);
}
