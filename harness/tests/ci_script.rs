//! `ci/conformance` and the workflows that call it: what can be run here is run, and nothing in them is fetched unpinned.

#![cfg(unix)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{built, write};

fn ci() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci")
}

/// The script with these arguments and variables; what it says, and its exit status.
fn script(arguments: &[&str], variables: &[(&str, &str)]) -> (String, i32) {
    let mut command = Command::new(ci().join("conformance"));
    for name in
        ["SPOOLPROOF_BIN", "SPOOLPROOF_SOURCE", "SPOOLPROOF_GIT", "SPOOLPROOF_REV", "SPOOLPROOF_DEFECT"]
    {
        command.env_remove(name);
    }
    let output = command.args(arguments).envs(variables.iter().copied()).output().expect("bash");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (said, output.status.code().expect("a status"))
}

#[test]
fn the_script_judges_and_reports() {
    let dir = tempfile::tempdir().expect("a directory");
    let library = built("defective_provider");
    let candidate = write(
        dir.path(),
        "acme.yaml",
        &format!(
            "library: '{}'\nsource: {{ maildrop: 0x6600001E }}\nsink: {{ maildrop: 0x6601001E }}\n",
            library.display()
        ),
    );
    let (candidate, out) = (candidate.to_string_lossy().into_owned(), dir.path().join("report"));
    let arguments = [&candidate, &*out.to_string_lossy(), "polling/"];
    let bin = Path::new(env!("CARGO_BIN_EXE_spoolproof")).parent().expect("a directory").to_string_lossy();
    let (said, status) = script(&arguments, &[("SPOOLPROOF_BIN", &bin)]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("XPProviderInit = S_OK") && said.contains("conformant: transport"), "{said}");
    assert!(out.join("junit.xml").is_file() && out.join("report.json").is_file());
    let variables = [("SPOOLPROOF_BIN", &*bin), ("SPOOLPROOF_DEFECT", "poll-tells-nothing")];
    let (said, status) = script(&arguments, &variables);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("POLL-02"), "{said}");
}

#[test]
fn the_script_takes_nothing_that_may_move() {
    let dir = tempfile::tempdir().expect("a directory");
    let candidate = write(dir.path(), "acme.yaml", "").to_string_lossy().into_owned();
    for rev in ["main", "v1.0.0", "0123456", ""] {
        let variables = [("SPOOLPROOF_GIT", "https://git.example.com/spoolproof"), ("SPOOLPROOF_REV", rev)];
        let (said, status) = script(&[&candidate, "out"], &variables);
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("a whole commit of 40 digits"), "{said}");
    }
    assert_eq!(script(&[&candidate, "out"], &[]).1, 2, "it is to be said where spoolproof comes from");
    assert_eq!(script(&["none.yaml", "out"], &[]).1, 2);
    assert_eq!(script(&[], &[]).1, 2);
}

#[test]
fn workflows_fetch_nothing_that_may_move() {
    let mut looked_at = 0;
    for file in [
        "github/conformance.yml",
        "gitlab/conformance.gitlab-ci.yml",
        "azure/conformance.azure-pipelines.yml",
    ] {
        let text = std::fs::read_to_string(ci().join(file)).expect("the workflow");
        assert!(text.contains("ci/conformance "), "{file} calls the script");
        for line in text.lines().map(str::trim) {
            if let Some(action) = line.strip_prefix("- uses: ") {
                let commit = action.split_once('@').and_then(|(_, rest)| rest.split(' ').next());
                let pinned = commit.is_some_and(|commit| {
                    commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit())
                });
                assert!(pinned, "{file}: `{line}` is not pinned");
                looked_at += 1;
            }
            let moves = ["curl ", "wget ", ":latest", "| sh", "cargo install", "apt-get"]
                .iter()
                .any(|word| line.contains(word));
            assert!(!moves, "{file}: `{line}` fetches what may move");
        }
    }
    assert!(looked_at > 0, "actions are looked at");
}

/// Packages come from the archive of one moment, and from nowhere else.
#[test]
fn packages_are_those_of_a_moment() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("log");
    let apt = write(
        dir.path(),
        "bin/apt-get",
        "#!/bin/sh\necho \"$@\" >>\"$LOG\"\nfor word; do case $word in Dir::Etc::SourceList=*) cat \"${word#*=}\" >>\"$LOG\";; esac; done\n",
    );
    std::fs::set_permissions(&apt, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a program");
    let packages = |release: &str, arguments: &[&str]| {
        let release = write(dir.path(), "os-release", release);
        let path = format!("{}:{}", dir.path().join("bin").display(), std::env::var("PATH").expect("a path"));
        let mut command = Command::new(ci().join("packages"));
        command.args(arguments).env("PATH", path).env("LOG", &log).env("OS_RELEASE", release);
        let output = command.output().expect("bash");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        (output.status.code().expect("a status"), said, log)
    };
    let (debian, ubuntu) = ("ID=debian\nVERSION_CODENAME=trixie\n", "ID=ubuntu\nVERSION_CODENAME=noble\n");
    for moment in ["latest", "2026", "20261101"] {
        let (status, said, log) = packages(debian, &[moment, "wine"]);
        assert_eq!((status, log.as_str()), (2, ""), "{said}");
        assert!(said.contains(&format!("`{moment}` is no moment")), "{said}");
    }
    assert_eq!(packages("ID=other\n", &["20261101T000000Z", "wine"]).0, 2);
    let (status, said, log) = packages(debian, &["20261101T000000Z", "wine", "wine64"]);
    assert_eq!(status, 0, "{said}");
    assert!(log.contains("http://snapshot.debian.org/archive/debian/20261101T000000Z trixie main"), "{log}");
    assert!(log.contains("install -y --no-install-recommends wine wine64"), "{log}");
    assert_eq!(log.matches("Dir::Etc::SourceParts=/dev/null").count(), 2, "{log}");
    let (_, _, log) = packages(ubuntu, &["20261102T000000Z", "wine"]);
    assert!(
        log.contains("https://snapshot.ubuntu.com/ubuntu/20261102T000000Z noble-updates main universe"),
        "{log}"
    );
}
