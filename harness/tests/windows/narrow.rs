//! Libraries of 32 bits, which 32-bit Outlook loads: the child for them, under a Wine that runs such programs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of the 32-bit build with all that is needed in it; why there is none, else.
fn built() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let dir = target.join("i686-pc-windows-gnu/debug");
    for file in
        ["mock-spooler.exe", "mapi32.dll", "reference_provider.dll", "cppxp.dll", "bcryptprimitives.dll"]
    {
        if !dir.join(file).is_file() {
            return Err(format!(
                "`{file}` is not built (ci/windows-lane builds it where a 32-bit Wine is, or SPOOLPROOF_NARROW=1 says so)"
            ));
        }
    }
    let run = Command::new("wine")
        .arg(dir.join("mock-spooler.exe"))
        .arg("--version")
        .env("WINEDEBUG", "-all")
        .output()
        .map_err(|error| format!("`wine` cannot be started: {error}"))?;
    if run.status.success() { Ok(dir) } else { Err("this Wine runs no 32-bit programs".to_owned()) }
}

/// Debian has a 32-bit Wine only beside another architecture's packages: it is no part of what CI must have.
fn built_or_say(what: &str) -> Option<PathBuf> {
    use std::io::Write as _;
    let say = |why| {
        let _ = writeln!(std::io::stderr(), "left out: {what} of 32 bits: {why}");
    };
    built().map_err(say).ok()
}

#[test]
fn a_pair_of_32_bits_is_conformant() {
    let Some(dir) = built_or_say("a pair") else { return };
    let work = tempfile::tempdir().expect("a directory");
    let file = work.path().join("pair.yaml");
    std::fs::write(&file, super::programs::pair(&dir.join("reference_provider.dll"))).expect("written");
    conformant(
        &dir,
        &["--candidate", &file.to_string_lossy(), "start-message/", "submit/", "store/", "coupled/"],
    );
}

/// Structures on the stack of a 32-bit compiler have the alignment of its words.
#[test]
fn the_cpp_provider_of_32_bits_is_conformant() {
    let Some(dir) = built_or_say("the C++ provider") else { return };
    conformant(&dir, &["--library", &dir.join("cppxp.dll").to_string_lossy()]);
}

fn conformant(dir: &Path, arguments: &[&str]) {
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_spoolproof"))
        .env("SPOOLPROOF_MOCK_SPOOLER_EXE", dir.join("mock-spooler.exe"))
        .args(["run", "--strict"])
        .args(arguments)
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
