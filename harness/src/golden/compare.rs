//! Holding a projection against its golden.

use std::fmt::{self, Write as _};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use super::projection::{Projection, WAYS, project, way_line};
use super::stores::CONNECTED;
use crate::case::Case;
use crate::judge::Trace;

/// How many lines around the first divergence are shown.
const CONTEXT: usize = 3;

/// How many lines in a row of one side are shown: a session that ended early lacks all that should have come.
const ROW: usize = 8;

/// How a trace compares with its golden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoldenResult {
    /// There is no golden to compare with.
    None,
    /// It is the same.
    Match,
    /// It is not.
    Differs {
        /// The first divergence.
        diff: Divergence,
        /// The golden.
        path: PathBuf,
    },
}

/// The first place at which a golden and a trace differ, with what stands around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Divergence {
    /// The line of the golden, from 1.
    pub line: usize,
    /// The event of the trace at which it shows.
    pub event: Option<u64>,
    /// Lines of the golden and of the trace, in order.
    pub rows: Vec<(Side, String)>,
    /// How many lines differ after these.
    pub more: usize,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// In the golden and in the trace.
    Both,
    /// In the golden alone.
    Golden,
    /// In the trace alone.
    Trace,
}

/// The golden's lines have a minus, the trace's a plus.
impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "first divergence in line {} (- golden, + this run)", self.line)?;
        for (side, line) in &self.rows {
            let sign = match side {
                Side::Both => ' ',
                Side::Golden => '-',
                Side::Trace => '+',
            };
            writeln!(f, "{sign} {line}")?;
        }
        match self.more {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more lines that differ"),
        }
    }
}

/// Names the directory of goldens.
const GOLDEN: &str = "SPOOLPROOF_GOLDEN";

/// Where the goldens are: `SPOOLPROOF_GOLDEN`, else `golden` beside the executable, else in the source tree.
#[must_use]
pub fn golden_dir() -> PathBuf {
    crate::dirs::find(GOLDEN, "golden")
}

/// The file of a golden: `golden/AREA/NAME.snap`.
#[must_use]
pub fn golden_path(dir: &Path, id: &str) -> PathBuf {
    dir.join(format!("{id}.snap"))
}

/// Compares a trace with the golden of its case and with the alternatives that the case names.
///
/// Where `INSTA_UPDATE` asks for it and `SPOOLPROOF_GOLDEN` says whose goldens are meant, one that is missing or differs is written,
/// or proposed for review, by insta.
#[must_use]
pub fn compare(case: &Case, trace: &Trace) -> GoldenResult {
    let dir = golden_dir();
    let projection = project(trace);
    let area = case.id.split('/').next().unwrap_or_default();
    let own = golden_path(&dir, &case.id);
    let result = against(&own, &projection);
    let alternatives = case.alternatives.iter().map(|name| golden_path(&dir, &format!("{area}/{name}")));
    let accepted = alternatives.into_iter().any(|path| against(&path, &projection) == GoldenResult::Match);
    if accepted {
        return GoldenResult::Match;
    }
    if result != GoldenResult::Match && updates() {
        propose(&own, &projection.to_string());
        return against(&own, &projection);
    }
    result
}

/// What the steps about stores show in one trace and not in another; nothing where they show the same. What transports are
/// told between them is not compared.
#[must_use]
pub fn unlike(trace: &Trace, other: &Trace) -> Option<Divergence> {
    let (seen, due) = (about_stores(project(trace)), about_stores(project(other)).to_string());
    (seen.to_string() != due).then(|| divergence(&due, &seen))
}

/// The lines of the steps that concern a store.
fn about_stores(projection: Projection) -> Projection {
    let mut taken = false;
    let lines = projection.lines.into_iter().filter(|line| {
        if !line.text.starts_with(' ') {
            taken = STORE_STEPS.contains(&line.text.as_str());
        }
        taken && line.text.trim_start() != CONNECTED
    });
    Projection { lines: lines.collect() }
}

/// The verbs of the steps that concern a store.
const STORE_STEPS: [&str; 14] = [
    "open-store",
    "folders",
    "compose",
    "submit",
    "spool",
    "send-from-store",
    "queue",
    "lock",
    "unlock",
    "finish",
    "abort",
    "open-message",
    "locate",
    "close-store",
];

fn against(path: &Path, projection: &Projection) -> GoldenResult {
    let Ok(snapshot) = fs::read_to_string(path) else { return GoldenResult::None };
    let golden = applicable(contents(&snapshot), projection);
    let seen = projection.to_string();
    if golden.trim_end() == seen.trim_end() {
        GoldenResult::Match
    } else {
        GoldenResult::Differs { diff: divergence(&golden, projection), path: path.to_owned() }
    }
}

/// What a snapshot file holds behind its head.
fn contents(snapshot: &str) -> &str {
    let behind = snapshot.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    behind.map_or(snapshot, |(_, contents)| contents)
}

/// A provider need not serve both ways: of one that it never turns on the golden says nothing. Where it should have, a rule
/// says so.
fn applicable(golden: &str, projection: &Projection) -> String {
    let mut lines: Vec<&str> = golden.lines().map(str::trim_end).collect();
    for (_, way) in WAYS {
        let turned_on = way_line(way, true);
        if !projection.lines.iter().any(|line| line.text.trim_start() == turned_on) {
            let turned_off = way_line(way, false);
            lines.retain(|line| line.trim_start() != turned_on && line.trim_start() != turned_off);
        }
    }
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

/// The first place at which a golden and a trace differ.
fn divergence(golden: &str, projection: &Projection) -> Divergence {
    let seen = projection.to_string();
    let diff = TextDiff::from_lines(golden, &seen);
    let changes: Vec<_> = diff.iter_all_changes().collect();
    let Some(first) = changes.iter().position(|change| change.tag() != ChangeTag::Equal) else {
        return Divergence::default();
    };
    let run = changes[first..].iter().take_while(|change| change.tag() != ChangeTag::Equal).count();
    let from = first.saturating_sub(CONTEXT);
    let to = (first + run + CONTEXT).min(changes.len());
    let index = changes[first].old_index().or(changes[first].new_index()).unwrap_or(0);
    // Where the golden has a line more, this is the line of the trace before which it is missing.
    let at = changes[first..].iter().find_map(similar::Change::new_index);
    let event = at.and_then(|at| projection.lines.get(at)).or(projection.lines.last());
    let row = |change: &similar::Change<&str>| {
        let side = match change.tag() {
            ChangeTag::Equal => Side::Both,
            ChangeTag::Delete => Side::Golden,
            ChangeTag::Insert => Side::Trace,
        };
        (side, change.value().trim_end().to_owned())
    };
    let later = changes[to..].iter().filter(|change| change.tag() != ChangeTag::Equal).count();
    let (rows, left_out) = shortened(changes[from..to].iter().map(row).collect());
    Divergence { line: index + 1, event: event.map(|line| line.event), rows, more: left_out + later }
}

/// The lines without what is too many of one side, and how many those are.
fn shortened(rows: Vec<(Side, String)>) -> (Vec<(Side, String)>, usize) {
    let all = rows.len();
    let few = |run: &[(Side, String)]| run[..run.len().min(ROW)].to_vec();
    let rows: Vec<_> = rows.chunk_by(|(one, _), (other, _)| one == other).flat_map(few).collect();
    let left_out = all - rows.len();
    (rows, left_out)
}

/// Whether the environment asks for goldens to be written. `INSTA_UPDATE` alone does not: a vendor who accepts snapshots of their own
/// with it has the suite's goldens only as a dependency.
fn updates() -> bool {
    let wished = std::env::var("INSTA_UPDATE")
        .is_ok_and(|wish| matches!(wish.as_str(), "always" | "new" | "unseen" | "force"));
    wished && crate::dirs::is_named(GOLDEN)
}

/// Leaves the rest to insta: `always` writes the golden, `new` a proposal beside it for `cargo insta review`.
fn propose(path: &Path, text: &str) {
    let (Some(dir), Some(name)) = (path.parent(), path.file_stem().and_then(|name| name.to_str())) else {
        return;
    };
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(dir);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // insta panics where the snapshot is not what it was; that the golden differs is this run's verdict, not its end.
    let _ = settings.bind(|| catch_unwind(AssertUnwindSafe(|| insta::assert_snapshot!(name, text))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::projection::Line;

    fn projection(lines: &[&str]) -> Projection {
        let lines = lines.iter().map(|text| Line { text: (*text).to_owned(), event: 1 }).collect();
        Projection { lines }
    }

    #[test]
    fn the_head_of_a_snapshot_is_left_out() {
        assert_eq!(contents("---\nsource: a.rs\n---\nlogon\n  x\n"), "logon\n  x\n");
        assert_eq!(contents("logon\n"), "logon\n");
    }

    #[test]
    fn a_way_that_is_never_on_is_not_asked_for() {
        let golden = "begin\n  inbound is on\n  outbound is on\nend\n  inbound is off\n  outbound is off\n";
        let seen = projection(&["begin", "  inbound is on", "end", "  inbound is off"]);
        assert_eq!(applicable(golden, &seen), seen.to_string());
    }

    #[test]
    fn the_first_divergence_is_shown() {
        let golden: String = (0..20).map(|n| format!("line {n}\n")).collect();
        let seen = golden.replace("line 9\n", "other\n").replace("line 15\n", "");
        let mut seen = projection(&seen.lines().collect::<Vec<_>>());
        for (index, line) in seen.lines.iter_mut().enumerate() {
            line.event = 100 + index as u64;
        }
        let divergence = divergence(&golden, &seen);
        assert_eq!(divergence.event, Some(109), "the line `other`");
        assert_eq!(
            divergence.to_string(),
            "first divergence in line 10 (- golden, + this run)\n  line 6\n  line 7\n  line 8\n- line 9\n+ other\n  line 10\n  line 11\n  line 12\n  and 1 more lines that differ\n"
        );
    }

    #[test]
    fn what_is_too_many_of_one_side_is_counted_alone() {
        let lines = |side, count| (0..count).map(move |line| (side, line.to_string()));
        let rows: Vec<_> =
            lines(Side::Both, 3).chain(lines(Side::Golden, ROW + 20)).chain(lines(Side::Trace, 2)).collect();
        let (kept, left_out) = shortened(rows);
        assert_eq!((kept.len(), left_out), (3 + ROW + 2, 20));
        assert_eq!(kept.last(), Some(&(Side::Trace, "1".to_owned())), "what came in its place is shown");
    }

    #[test]
    fn a_golden_is_read_from_its_file() {
        let dir = tempfile::tempdir().expect("a directory for the test");
        let path = dir.path().join("one.snap");
        let seen = projection(&["logon", "  TransportLogon() = S_OK"]);
        assert_eq!(against(&path, &seen), GoldenResult::None);
        fs::write(&path, format!("---\nsource: x\n---\n{seen}")).expect("a file for the test");
        assert_eq!(against(&path, &seen), GoldenResult::Match);
        assert!(matches!(against(&path, &projection(&["logon"])), GoldenResult::Differs { .. }));
    }
}
