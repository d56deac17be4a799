//! A vendor's workspace outside of ours: it depends on `spoolproof`, has a test of three lines, and is judged by `cargo test`.
//!
//! It has our lock file, so that nothing is fetched, and a target directory of its own beside ours: within ours it would put its
//! own build of the provider libraries, whose files have no hash in their names, where other tests load them from. The first run
//! takes over what was built of the crates of others, where there is such a thing, and the next ones find all built.

#![cfg(unix)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{built, write};

/// What is said, and whether it succeeded.
type Told = (String, bool);

/// Writes the workspace.
fn workspace(dir: &Path) {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = format!(
        "[package]\nname = \"acme-transport\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n\
         [dev-dependencies]\nspoolproof = {{ path = '{}', features = [\"embedded\"] }}\n\n\
         [[test]]\nname = \"conformance\"\nharness = false\n\n\
         [profile.dev.package]\n\"*\" = {{ debug = false, opt-level = 1 }}\nmapi-spi.opt-level = 0\nmock-spooler.opt-level = 0\nspoolproof.opt-level = 0\n\n[workspace]\n",
        ours.display()
    );
    write(dir, "Cargo.toml", &manifest);
    write(dir, "src/lib.rs", "//! A vendor's own code.\n");
    write(
        dir,
        "tests/conformance.rs",
        "fn main() -> std::process::ExitCode {\n    spoolproof::conformance::judge(\"conformance/acme.yaml\")\n}\n",
    );
    // A path starts at the candidate file: the library lies where the vendor's build puts it.
    write(
        dir,
        "conformance/acme.yaml",
        "name: acme\nlibrary: ../build/acmexp.so\nsource: { maildrop: 0x6600001E }\n\
         sink: { maildrop: 0x6601001E, envelope: X-Sent-To }\naddress-types: [REF]\n",
    );
    std::fs::create_dir(dir.join("build")).expect("a directory");
    std::fs::copy(built("defective_provider"), dir.join("build/acmexp.so")).expect("the library");
    std::fs::copy(ours.join("../Cargo.lock"), dir.join("Cargo.lock")).expect("the lock file");
}

/// Where the workspace is built.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedding")
}

/// Takes over what this build has of crates from the registry: the same settings make them the same. Links keep the times by which
/// cargo tells what is up to date; what cannot be linked is built.
fn take_over() {
    let own = built("defective_provider");
    let (from, to) = (own.ancestors().nth(2).expect("PROFILE/deps"), target().join("debug"));
    if to.exists() || !from.ends_with("debug") {
        return;
    }
    for unit in ["deps", "build", ".fingerprint"]
        .iter()
        .flat_map(|part| from.join(part).read_dir())
        .flatten()
        .flatten()
    {
        let name = unit.file_name().to_string_lossy().into_owned();
        if !OURS.iter().any(|ours| name.trim_start_matches("lib").replace('-', "_").starts_with(ours)) {
            let place = unit.path();
            link(&place, &to.join(place.strip_prefix(from).expect("it is within")));
        }
    }
}

/// How the names of our own crates begin, and of programs made of them.
const OURS: &[&str] = &[
    "spoolproof",
    "mock_spooler",
    "mapi",
    "reference_provider",
    "defective_provider",
    "sample_preprocessor",
];

fn link(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in from.read_dir().into_iter().flatten().flatten() {
            link(&entry.path(), &to.join(entry.file_name()));
        }
    } else if let Some(dir) = to.parent()
        && std::fs::create_dir_all(dir).is_ok()
    {
        let _ = std::fs::hard_link(from, to);
    }
}

/// `cargo test --test conformance` in the workspace, with these arguments and this environment.
fn conformance(dir: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Told {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo and the caller set for this test is not meant for that one.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("SPOOLPROOF_") || text.starts_with("NEXTEST") {
            command.env_remove(&name);
        }
    }
    command
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", target())
        .envs(environment.iter().copied())
        .args(["test", "--offline", "--quiet", "--test", "conformance", "--"])
        .args(arguments);
    let output = command.output().expect("cargo runs");
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), output.status.success())
}

#[test]
fn a_vendor_s_workspace_judges_its_library() {
    let dir = tempfile::tempdir().expect("a directory");
    workspace(dir.path());
    take_over();
    let part = ["polling/", "--format", "pretty"];
    let (said, fine) = conformance(dir.path(), &part, &[]);
    assert!(fine && said.contains("test polling/one") && said.contains("; 0 failed;"), "{said}");

    // The cases and goldens that are built in are the same ones.
    let built_in = [("SPOOLPROOF_CASES", "embedded"), ("SPOOLPROOF_GOLDEN", "embedded")];
    let (again, fine) = conformance(dir.path(), &part, &built_in);
    let names = |said: &str| {
        let mut names: Vec<String> = said
            .lines()
            .filter(|line| line.starts_with("test ") && line.contains(" ... "))
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    };
    assert!(fine, "{again}");
    assert_eq!(names(&said), names(&again));

    let defect = [("SPOOLPROOF_DEFECT", "poll-tells-nothing")];
    let (said, fine) = conformance(dir.path(), &["--exact", "polling/one"], &defect);
    assert!(!fine && said.contains("POLL-02 (must)") && said.contains("; 1 failed;"), "{said}");
    assert!(said.contains("due:") && said.contains("seen:") && said.contains("page: https://"), "{said}");

    write(dir.path(), "conformance/acme.yaml", "name: acme\nlibary: ../build/acmexp.so\n");
    let (said, fine) = conformance(dir.path(), &[], &[]);
    assert!(!fine && said.contains("libary") && said.contains("did you mean `library`?"), "{said}");
}
