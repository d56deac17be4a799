//! Candidate files, and runs of the command.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::SystemTime;

use tempfile::TempDir;

use crate::interpreter::python;

/// What a run of `spoolproof` came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) text: String,
}

/// Runs the command.
pub(crate) fn spoolproof(arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_spoolproof"))
        .args(arguments)
        .output()
        .expect("the command was built along with this test");
    let text = [output.stdout, output.stderr].concat();
    Ran { status: output.status.code().unwrap_or(-1), text: String::from_utf8_lossy(&text).into_owned() }
}

/// A directory with a candidate file in it.
pub(crate) struct Candidate {
    dir: TempDir,
}

impl Candidate {
    /// A program in Python is run by the interpreter itself.
    pub(crate) fn new(text: &str) -> Self {
        let text = text.replace("[python3,", &format!("['{}',", python()));
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("candidate.yaml"), text).expect("a file");
        Self { dir }
    }

    pub(crate) fn file(&self) -> String {
        self.dir.path().join("candidate.yaml").display().to_string()
    }
}

/// The program `mock-spooler`: not a part of this package. A test of the whole workspace has built it; where it is missing or older
/// than its source, cargo is asked for it, which for the one package builds all it rests on with other features.
pub(crate) fn mock_spooler() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let own = Path::new(env!("CARGO_BIN_EXE_spoolproof"));
        let dir = own.parent().expect("a program stands in a directory");
        let program = dir.join(format!("mock-spooler{}", std::env::consts::EXE_SUFFIX));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mock-spooler");
        let made = program.metadata().and_then(|found| found.modified());
        if made.is_ok_and(|made| changed(&source) < made) {
            return program;
        }
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "mock-spooler", "--bin", "mock-spooler"]);
        if dir.ends_with("release") {
            build.arg("--release");
        }
        let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs this test");
        assert!(status.success(), "mock-spooler does not build");
        program
    });
    &BUILT
}

/// When a file in the directory was changed last.
fn changed(dir: &Path) -> SystemTime {
    let entries = dir.read_dir().expect("a directory").map(|entry| entry.expect("an entry").path());
    let times = entries.map(|path| match path.is_dir() {
        true => changed(&path),
        false => path.metadata().and_then(|found| found.modified()).expect("a time"),
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The last line of a report: what conformance came to.
pub(crate) fn summary(text: &str) -> &str {
    text.lines().rev().find(|line| line.contains("conformant")).unwrap_or(text)
}
