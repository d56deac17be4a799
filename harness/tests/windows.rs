//! Windows libraries, judged through `mock-spooler.exe` under Wine against the same goldens as everything else.
//!
//! `ci/windows-lane` builds what is needed here. Where it was not run, or Wine is missing, these tests say so and pass; where the
//! environment variable CI is `true` that is a failure.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The directory of the Windows build, with all that is needed in it; the reason where something is missing.
fn lane() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let dir = target.join("x86_64-pc-windows-gnu/debug");
    for file in ["mock-spooler.exe", "cppxp.dll", "reference_provider.dll", "bcryptprimitives.dll"] {
        if !dir.join(file).is_file() {
            return Err(format!("`{file}` is not built (ci/windows-lane builds it)"));
        }
    }
    let wine = Command::new("wine").arg("--version").output();
    if wine.is_ok_and(|wine| wine.status.success()) {
        Ok(dir)
    } else {
        Err("Wine is not installed".to_owned())
    }
}

fn conformant(library: &str, arguments: &[&str]) {
    let dir = match lane() {
        Ok(dir) => dir,
        Err(why) => {
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "the Windows lane is missing in CI: {why}"
            );
            // Straight to standard error, past the capture of the test runner: what was left out is always said.
            let _ = writeln!(std::io::stderr(), "left out: `{library}` under Wine: {why}");
            return;
        }
    };
    let report = tempfile::NamedTempFile::new().expect("a file for the report");
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_spoolproof"))
        .env("SPOOLPROOF_MOCK_SPOOLER_EXE", dir.join("mock-spooler.exe"))
        .args(["run", "--strict", "--library"])
        .arg(dir.join(library))
        .arg("--json")
        .arg(report.path())
        .args(arguments)
        .output()
        .expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{library} is to be conformant:\n{text}");
    let json: Value = serde_json::from_slice(&std::fs::read(report.path()).expect("the report is there"))
        .expect("it is JSON");
    let cases = json["cases"].as_array().expect("it lists its cases");
    let matching = cases.iter().filter(|case| case["golden"] == "match").count();
    let differing: Vec<_> =
        cases.iter().filter(|case| case["golden"] == "differs").map(|case| &case["id"]).collect();
    assert!(differing.is_empty(), "{library}: goldens differ in {differing:?}");
    assert!(matching > 0, "{library}: no golden was compared");
}

#[test]
fn the_cpp_provider_is_conformant() {
    conformant("cppxp.dll", &[]);
}

#[test]
fn the_reference_provider_built_for_windows_is_conformant() {
    conformant(
        "reference_provider.dll",
        &["lifecycle/", "start-message/", "control/", "submit/plain", "cancel/in-process"],
    );
}
