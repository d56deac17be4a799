//! The vendor's own accepted traces: proposed, reviewed, and never accepted by themselves.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{built, spoolproof, write};

const PART: [&str; 5] = ["start-message/plain", "submit/two", "logon/plain", "polling/one", "polling/empty"];

/// A property is set once more, after the last SaveChanges: a warning, and one call more in each delivery.
const CHANGE: &str = "writes-after-save";
/// The cases in which a message is delivered.
const CHANGED: [&str; 2] = ["polling/one", "start-message/plain"];

/// A workplace with a candidate that keeps snapshots.
struct Place {
    dir: tempfile::TempDir,
    candidate: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let text = format!(
            "name: acme\nlibrary: '{}'\nsource: {{ maildrop: 0x6600001E }}\n\
             sink: {{ maildrop: 0x6601001E, envelope: X-Sent-To }}\naddress-types: [REF]\nsnapshots: snapshots\n",
            built("defective_provider").display()
        );
        let candidate = write(dir.path(), "acme.yaml", &text);
        Self { dir, candidate }
    }

    /// Runs the part, with this in the environment; what is said, and the exit status.
    fn run(&self, environment: &[(&str, &str)]) -> (String, i32) {
        let mut command = spoolproof();
        for name in ["CI", "TF_BUILD", "INSTA_UPDATE", "SPOOLPROOF_DEFECT"] {
            command.env_remove(name);
        }
        command
            .envs(environment.iter().copied())
            .args(["run", "--candidate"])
            .arg(&self.candidate)
            .args(PART);
        let output = command.output().expect("it runs");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (said, output.status.code().expect("a status"))
    }

    /// The files of snapshots with this ending.
    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let entries =
            |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let areas = entries(&self.dir.path().join("snapshots"));
        let mut files: Vec<PathBuf> = areas
            .flat_map(|area| entries(&area).collect::<Vec<_>>())
            .filter(|file| file.to_string_lossy().ends_with(ending))
            .collect();
        files.sort();
        files
    }

    /// Accepts all, as `cargo insta accept` does.
    fn accept(&self) {
        for file in self.files(".snap.new") {
            std::fs::rename(&file, file.with_extension("")).expect("renamed");
        }
    }
}

#[test]
fn traces_are_proposed_accepted_and_held() {
    let place = Place::new();
    let (said, status) = place.run(&[("CI", "true")]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("nothing is written in CI") && place.files("").is_empty(), "{said}");

    let (said, status) = place.run(&[]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("changed") && said.contains("its trace was never accepted"), "{said}");
    assert!(said.contains("not conformant: 5 changed"), "{said}");
    assert_eq!((place.files(".snap").len(), place.files(".snap.new").len()), (0, 5));
    let (_, status) = place.run(&[]);
    assert_eq!(status, 1, "nothing is accepted by itself");

    place.accept();
    for turn in 0..3 {
        let (said, status) = place.run(&[]);
        assert_eq!(status, 0, "turn {turn}: the same provider gives the same traces: {said}");
    }
    assert_eq!((place.files(".snap").len(), place.files(".snap.new").len()), (5, 0));

    // One call more, in each delivery.
    let (said, status) = place.run(&[("SPOOLPROOF_DEFECT", CHANGE)]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("its trace is not the accepted one"), "{said}");
    let changed: Vec<String> = place
        .files(".snap.new")
        .iter()
        .map(|file| {
            file.strip_prefix(place.dir.path().join("snapshots")).expect("a snapshot").to_string_lossy()
        })
        .map(|file| file.trim_end_matches(".snap.new").to_owned())
        .collect();
    assert_eq!(changed, CHANGED, "the change shows where it is: {said}");
    let diff: Vec<&str> =
        said.lines().map(str::trim_start).filter(|line| line.starts_with(['+', '-'])).collect();
    assert!(diff.len() <= 10 * changed.len(), "a change of one call is a small difference: {diff:#?}");

    let (said, status) = place.run(&[]);
    assert_eq!((status, place.files(".snap.new").len()), (0, 0), "proposals that came to nothing go: {said}");
}

#[test]
fn accepting_snapshots_leaves_the_suite_s_goldens_alone() {
    let place = Place::new();
    let exe = place.dir.path().join(format!("spoolproof{}", std::env::consts::EXE_SUFFIX));
    std::fs::copy(spoolproof().get_program(), &exe).expect("copied");
    let other = "---\n---\nlogon\n";
    write(place.dir.path(), "golden/polling/one.snap", other);
    let golden = place.dir.path().join("golden/polling/one.snap");
    let run = |named: Option<&Path>| {
        let mut command = Command::new(&exe);
        for name in ["CI", "TF_BUILD", "SPOOLPROOF_DEFECT", "SPOOLPROOF_GOLDEN"] {
            command.env_remove(name);
        }
        command.envs(named.map(|dir| ("SPOOLPROOF_GOLDEN", dir))).env("INSTA_UPDATE", "always");
        // The executable is not beside what it would look for.
        command.env("SPOOLPROOF_REFERENCE", built("reference_provider"));
        command.args(["run", "--exact", "polling/one", "--candidate"]).arg(&place.candidate);
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(&golden).expect("a golden")
    };
    assert_eq!(run(None), other, "nobody has said that it is theirs to change");
    assert_eq!(place.files(".snap").len(), 1);
    assert_ne!(run(Some(&place.dir.path().join("golden"))), other);
}

#[test]
fn cases_that_fail_have_no_snapshot() {
    let place = Place::new();
    let (said, status) = place.run(&[("SPOOLPROOF_DEFECT", "crash-at-StartMessage")]);
    assert_eq!(status, 1, "{said}");
    let proposed: Vec<PathBuf> = place.files(".snap.new");
    assert!(!proposed.iter().any(|file| file.ends_with("polling/one.snap.new")), "{proposed:?}");
}

#[test]
fn a_snapshot_of_no_case_is_told() {
    let place = Place::new();
    write(place.dir.path(), "snapshots/polling/emty.snap", "---\n---\nx\n");
    let (said, status) = place.run(&[]);
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains("there is no such case") && said.contains("did you mean `polling/empty`?"),
        "{said}"
    );
}

#[test]
fn cargo_insta_accepts_what_is_proposed() {
    // Not a tool that the project needs: where a person has it, its word counts.
    if !Command::new("cargo")
        .args(["insta", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return;
    }
    let place = Place::new();
    place.run(&[]);
    write(
        place.dir.path(),
        "Cargo.toml",
        "[package]\nname = \"acme\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n",
    );
    write(place.dir.path(), "src/lib.rs", "");
    let accepted = Command::new("cargo")
        .current_dir(place.dir.path())
        .args(["insta", "accept", "--workspace-root", ".", "--include-ignored"])
        .output()
        .expect("cargo insta");
    assert!(accepted.status.success(), "{}", String::from_utf8_lossy(&accepted.stderr));
    assert_eq!(place.files(".snap").len(), PART.len());
    let (said, status) = place.run(&[]);
    assert_eq!(status, 0, "{said}");
}
