//! nextest's partitions of the conformance tests: each test is in one, and each runs by itself.

mod common;

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

/// nextest on the conformance target, with the part of the tests that is quick.
fn nextest(verb: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    // As the build that made this test: nothing is to be built again.
    command.args(["nextest", verb, "--workspace", "--test", "conformance", "--locked"]).args(more);
    command.args(["-E", "test(/^polling/)"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env_remove("SPOOLPROOF_CANDIDATE").output().expect("cargo runs")
}

/// The tests that are listed.
fn listed(more: &[&str]) -> BTreeSet<String> {
    let output = nextest("list", &[&["--message-format", "json"], more].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let suites = list["rust-suites"].as_object().expect("suites");
    let tests = suites.values().filter_map(|suite| suite["testcases"].as_object()).flatten();
    tests
        .filter(|(_, test)| test["filter-match"]["status"] == "matches")
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn partitions_make_the_whole() {
    // nextest is the vendor's choice, and no part of our own gate.
    let there = Command::new(env!("CARGO")).args(["nextest", "--version"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: cargo-nextest is missing: `cargo install cargo-nextest --locked` brings it");
        return;
    }
    let whole = listed(&[]);
    assert!(whole.contains("polling/one"), "{whole:?}");
    let parts = ["hash:1/3", "hash:2/3", "hash:3/3"].map(|part| listed(&["--partition", part]));
    assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), whole.len(), "no test is in two: {parts:?}");
    assert_eq!(parts.iter().flatten().cloned().collect::<BTreeSet<_>>(), whole);
    // One that has something in it.
    let (index, part) = parts.iter().enumerate().find(|(_, part)| !part.is_empty()).expect("one of them");
    let output = nextest("run", &["--partition", &format!("hash:{}/3", index + 1)]);
    let said = String::from_utf8_lossy(&output.stderr);
    let run = if part.len() == 1 {
        "1 test run: 1 passed".to_owned()
    } else {
        format!("{0} tests run: {0} passed", part.len())
    };
    assert!(output.status.success() && said.contains(&run), "{run} is missing in\n{said}");
}
