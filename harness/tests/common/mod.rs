//! What the tests of the command share.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use assert_cmd::assert::Assert;

/// The command, in a known state of its environment.
pub(crate) fn spoolproof() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_spoolproof"));
    for name in [
        "SPOOLPROOF_CASES",
        "SPOOLPROOF_CANDIDATE",
        "SPOOLPROOF_STRICT",
        "ACTOR",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "GITHUB_STEP_SUMMARY",
    ] {
        command.env_remove(name);
    }
    command
}

/// A directory of cases that is no more than it needs to be: one case, one mail.
pub(crate) fn cases(case: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    write(dir.path(), "polling/one.yaml", case);
    write(
        dir.path(),
        "mail/plain.eml",
        "From: a@example.org\r\nTo: b@example.org\r\nSubject: One\r\n\r\nText\r\n",
    );
    dir
}

/// A case in which nothing is wrong.
pub(crate) const CASE: &str = "\
title: One mail
requirements: [POLL-02]
needs: [inbound]
mail: { m1: plain.eml }
steps:
  - logon
  - begin: inbound
  - arrive: m1
  - receive: m1
  - logoff
";

/// Writes a file and the directories that it needs.
pub(crate) fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    std::fs::write(&path, text).expect("written");
    path
}

/// A dynamic library that cargo built along with the command, by the name of its crate.
pub(crate) fn built(name: &str) -> PathBuf {
    let exe = Path::new(env!("CARGO_BIN_EXE_spoolproof"));
    let name = format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    exe.parent().expect("a directory").join("deps").join(name)
}

/// The library of a source file in `tests/data`, built once.
pub(crate) fn library(name: &'static str) -> PathBuf {
    static BUILD: OnceLock<PathBuf> = OnceLock::new();
    let dir = BUILD.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libraries");
        std::fs::create_dir_all(&dir).expect("a directory");
        dir
    });
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name).with_extension("rs");
    let file = format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = dir.join(file);
    // Tests are processes and threads at once: each builds under a name of its own and gives it its place whole.
    let own = dir.join(format!("{name}-{}-{:?}", std::process::id(), std::thread::current().id()));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "cdylib", "--crate-name", name, "-o"])
        .arg(&own)
        .arg(source)
        .output()
        .expect("the compiler that built this test");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    std::fs::rename(&own, &library).expect("renamed");
    library
}

/// The library of `tests/data/thrower.cpp`, built once for this system.
pub(crate) fn thrower() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
            "thrower-{}{}",
            std::process::id(),
            std::env::consts::DLL_SUFFIX
        ));
        thrower_by("g++", &library);
        library
    };
    BUILT.get_or_init(build).clone()
}

/// Compiles `tests/data/thrower.cpp`.
pub(crate) fn thrower_by(compiler: &str, library: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/thrower.cpp");
    let mut command = Command::new(compiler);
    command.args(["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-static-libgcc"]);
    let built = command.arg("-static-libstdc++").arg("-o").arg(library).arg(source).output();
    let built = built.unwrap_or_else(|error| panic!("`{compiler}`: {error}"));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

/// A candidate file for one of the provider libraries that cargo builds with these tests.
pub(crate) fn candidate(dir: &Path, library: &str, more: &str) -> PathBuf {
    let exe = Path::new(env!("CARGO_BIN_EXE_spoolproof"));
    let name = format!("{}{library}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = exe.parent().expect("a directory").join("deps").join(name);
    let text = format!(
        "library: '{}'\nsource: {{ maildrop: 0x6600001E }}\n\
         sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\naddress-types: [REF]\n{more}",
        library.display()
    );
    write(dir, "candidate.yaml", &text)
}

/// Runs a program that checks something. Where it is missing nothing can be checked: in CI that is a failure.
pub(crate) fn tool(name: &str, missing: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path)
            .any(|dir| dir.join(name).is_file() || dir.join(format!("{name}.exe")).is_file())
    });
    if !found {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "`{name}` is missing: {missing}");
        eprintln!("left out: `{name}` is missing: {missing}");
    }
    found
}

/// What the command said on standard error.
pub(crate) fn complaint(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}

/// What the command said on standard output.
pub(crate) fn answer(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}
