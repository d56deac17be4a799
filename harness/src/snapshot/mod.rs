//! Snapshots: the vendor's own accepted traces, in full detail, in the directory that the candidate file names.
//!
//! They answer another question than goldens: not whether the contract is kept, but whether the provider still does what it did
//! when somebody looked last. Files are insta's, so `cargo insta review` shows what changed and accepts it; nothing is ever
//! accepted by itself. What is not accepted makes the case `changed`, and the run end with exit status 1.

mod text;

use std::io;
use std::path::{Path, PathBuf};

use insta::internals::TextSnapshotContents;
use insta::{Snapshot, TextSnapshotKind};
use similar::TextDiff;

use crate::judge::Trace;
use crate::report::write_whole;

/// How many lines around a change are shown.
const CONTEXT: usize = 2;

/// Compares a trace with the accepted one; what there is to say where it is not that. `dirs` are the names of the case's
/// directory.
///
/// # Errors
///
/// A proposal, or an acceptance that the environment orders, cannot be written.
pub(crate) fn compare(dir: &Path, id: &str, trace: &Trace, dirs: &[String]) -> io::Result<Option<String>> {
    against(dir, id, &text::text(trace, dirs), policy(&|name| std::env::var(name).ok()))
}

/// The file of a snapshot: `DIR/AREA/NAME.snap`.
#[must_use]
pub(crate) fn path(dir: &Path, id: &str) -> PathBuf {
    dir.join(format!("{id}.snap"))
}

/// What may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// Nothing.
    Never,
    /// A proposal beside the snapshot, for `cargo insta review`.
    Propose,
    /// What is new is accepted, what has changed is proposed.
    AcceptNew,
    /// All is accepted.
    Accept,
}

/// insta's own variables: in CI nothing is written whatever they say, elsewhere `INSTA_UPDATE` decides.
fn policy(variable: &dyn Fn(&str) -> Option<String>) -> Policy {
    let set = |name| variable(name).is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    match variable("INSTA_UPDATE").as_deref() {
        _ if set("CI") || set("TF_BUILD") => Policy::Never,
        Some("no") => Policy::Never,
        Some("always" | "force") => Policy::Accept,
        Some("unseen") => Policy::AcceptNew,
        Some(_) | None => Policy::Propose,
    }
}

fn against(dir: &Path, id: &str, seen: &str, policy: Policy) -> io::Result<Option<String>> {
    let accepted = path(dir, id);
    let proposal = accepted.with_extension("snap.new");
    let contents = TextSnapshotContents::new(seen.to_owned(), TextSnapshotKind::File);
    let old = match accepted.is_file() {
        false => None,
        true => match Snapshot::from_file(&accepted) {
            Ok(old) => old.as_text().cloned(),
            Err(error) => {
                return Err(io::Error::other(format!("the snapshot `{}`: {error}", accepted.display())));
            }
        },
    };
    if old.as_ref().is_some_and(|old| old.matches_latest(&contents)) {
        // An older proposal has come to nothing.
        if policy != Policy::Never && proposal.is_file() {
            std::fs::remove_file(proposal)?;
        }
        return Ok(None);
    }
    let accepts = policy == Policy::Accept || policy == Policy::AcceptNew && old.is_none();
    if accepts {
        write_whole(&accepted, file(id, seen).as_bytes())?;
        if proposal.is_file() {
            std::fs::remove_file(proposal)?;
        }
        return Ok(None);
    }
    let what = match &old {
        None => format!("its trace was never accepted: there is no `{}`", accepted.display()),
        Some(_) => format!("its trace is not the accepted one in `{}`", accepted.display()),
    };
    let then = match policy {
        Policy::Never => "nothing is written in CI or with INSTA_UPDATE=no",
        Policy::Propose | Policy::AcceptNew | Policy::Accept => {
            write_whole(&proposal, file(id, seen).as_bytes())?;
            "`cargo insta review` shows it and accepts it"
        }
    };
    let changes = old.map(|old| diff(&old.to_string(), seen)).unwrap_or_default();
    Ok(Some(format!("{what}; {then}{changes}")))
}

/// A snapshot file as insta has it.
fn file(id: &str, text: &str) -> String {
    format!("---\nsource: cases/{id}.yaml\nexpression: {id}\n---\n{}\n", text.trim_end())
}

fn diff(old: &str, new: &str) -> String {
    let (old, new) = (format!("{}\n", old.trim_end()), format!("{}\n", new.trim_end()));
    let diff = TextDiff::from_lines(&old, &new);
    format!("\n{}", diff.unified_diff().context_radius(CONTEXT).header("accepted", "this run"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Policy {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        policy(&|name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn ci_never_writes() {
        assert_eq!(with(&[]), Policy::Propose);
        assert_eq!(with(&[("INSTA_UPDATE", "auto"), ("CI", "false")]), Policy::Propose);
        assert_eq!(with(&[("INSTA_UPDATE", "no")]), Policy::Never);
        assert_eq!(with(&[("INSTA_UPDATE", "unseen")]), Policy::AcceptNew);
        assert_eq!(with(&[("INSTA_UPDATE", "always")]), Policy::Accept);
        assert_eq!(with(&[("INSTA_UPDATE", "always"), ("CI", "true")]), Policy::Never);
        assert_eq!(with(&[("INSTA_UPDATE", "always"), ("TF_BUILD", "True")]), Policy::Never);
    }

    #[test]
    fn a_change_is_proposed_and_never_accepted_by_itself() {
        let dir = tempfile::tempdir().expect("a directory");
        let (accepted, proposal) = (dir.path().join("a/b.snap"), dir.path().join("a/b.snap.new"));
        let lines: Vec<String> = (0..40).map(|n| format!("line {n}")).collect();
        let text = lines.join("\n");
        let first = against(dir.path(), "a/b", &text, Policy::Propose).expect("written").expect("it is new");
        assert!(first.contains("never accepted") && first.contains("cargo insta review"), "{first}");
        assert!(proposal.is_file() && !accepted.exists());
        // As a person accepts it.
        std::fs::rename(&proposal, &accepted).expect("renamed");
        assert_eq!(against(dir.path(), "a/b", &text, Policy::Propose).expect("read"), None);
        let other = text.replace("line 20", "another");
        let told = against(dir.path(), "a/b", &other, Policy::Never).expect("read").expect("it changed");
        assert!(told.contains("-line 20\n+another\n line 21") && told.lines().count() < 12, "{told}");
        assert!(!proposal.exists(), "CI writes nothing");
        against(dir.path(), "a/b", &other, Policy::Propose).expect("written").expect("it changed");
        assert!(proposal.is_file());
        assert_eq!(against(dir.path(), "a/b", &text, Policy::Propose).expect("read"), None);
        assert!(!proposal.exists(), "a proposal that came to nothing goes away");
        assert_eq!(against(dir.path(), "a/b", &other, Policy::Accept).expect("written"), None);
        assert_eq!(against(dir.path(), "a/b", &other, Policy::Never).expect("read"), None);
    }
}
