//! `harness/doc/first-steps.md` is true: its files are written, its commands run, and what it shows is what they print.

#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// A piece of the guide.
enum Piece<'a> {
    File { name: &'a str, text: String },
    Session(Vec<Shown<'a>>),
}

/// A command with what it is to print.
struct Shown<'a> {
    command: &'a str,
    prints: Vec<&'a str>,
    status: i32,
}

fn pieces(guide: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for block in guide.split("\n```").skip(1).step_by(2) {
        let (kind, body) = block.split_once('\n').expect("a block has a kind and lines");
        match kind {
            "yaml" => {
                let name =
                    body.lines().next().and_then(|line| line.strip_prefix("# ")).expect("the file's name");
                pieces.push(Piece::File { name, text: body.to_owned() });
            }
            "console" => pieces.push(Piece::Session(session(body))),
            kind => panic!("a block of kind `{kind}`"),
        }
    }
    pieces
}

fn session(body: &str) -> Vec<Shown<'_>> {
    let mut shown: Vec<Shown<'_>> = Vec::new();
    for line in body.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            shown.push(Shown { command, prints: Vec::new(), status: 0 });
        } else if let (Some(status), Some(last)) = (line.strip_prefix("? "), shown.last_mut()) {
            last.status = status.parse().expect("a status");
        } else if let (true, Some(last)) = (line.trim() != "...", shown.last_mut()) {
            last.prints.push(line);
        }
    }
    shown
}

/// A directory in which the commands of the guides find what a build makes.
fn place() -> tempfile::TempDir {
    let exe = Path::new(env!("CARGO_BIN_EXE_spoolproof"));
    let built = exe.parent().expect("a directory");
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("target")).expect("made");
    std::os::unix::fs::symlink(built, dir.path().join("target/debug")).expect("linked");
    dir
}

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a guide")
}

/// The finding that the README shows is a real one.
#[test]
fn the_readme_is_true() {
    let (dir, guide, readme) = (place(), text("doc/first-steps.md"), text("../README.md"));
    for piece in pieces(&guide) {
        if let Piece::File { name, text } = piece {
            common::write(dir.path(), name, &text);
        }
    }
    let shown: Vec<_> = pieces(&readme)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Session(shown) => Some(shown),
            Piece::File { .. } => None,
        })
        .flatten()
        .collect();
    assert!(!shown.is_empty(), "it shows a finding");
    shown.iter().for_each(|one| check(dir.path(), one));
}

#[test]
fn the_guide_is_true() {
    let (dir, guide) = (place(), text("doc/first-steps.md"));
    let (start, mut commands) = (Instant::now(), 0);
    for piece in pieces(&guide) {
        match piece {
            Piece::File { name, text } => drop(common::write(dir.path(), name, &text)),
            Piece::Session(shown) => {
                commands += shown.len();
                shown.iter().for_each(|one| check(dir.path(), one));
            }
        }
    }
    assert!(commands >= 7, "the guide has its commands");
    // Straight to standard error: the time that the way takes, building left out.
    eprintln!("first steps: {commands} commands in {:.1} s", start.elapsed().as_secs_f64());
}

fn check(dir: &Path, shown: &Shown<'_>) {
    let mut command = Command::new("sh");
    command.current_dir(dir).args(["-c", shown.command]);
    for name in ["SPOOLPROOF_CASES", "SPOOLPROOF_GOLDEN", "SPOOLPROOF_CANDIDATE", "SPOOLPROOF_DEFECT"] {
        command.env_remove(name);
    }
    let output = command.output().expect("a shell");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(shown.status), "$ {}\n{said}", shown.command);
    // No run takes as long as another.
    let time = |word: &str| word.contains('.') && word.trim_start_matches('(').parse::<f64>().is_ok();
    let plain = |line: &str| line.split_whitespace().filter(|word| !time(word)).collect::<Vec<_>>().join(" ");
    let mut lines = said.lines().map(plain);
    for due in &shown.prints {
        let due = plain(due.strip_suffix("...").unwrap_or(due));
        assert!(
            lines.any(|line| line.contains(&due)),
            "$ {}\n`{due}` is not printed there:\n{said}",
            shown.command
        );
    }
}
