//! What the benchmarks share: a figure is measured beside its floor, in turns, in one run; what is told is the ratio.
//!
//! Plain binaries (`harness = false`), since each needs its floor in the same run and most measure processes, which a
//! micro-benchmark's sampling does not fit. Other work on the machine slows both sides of a ratio: figures in seconds mean
//! little by themselves, ratios mean what they say.

#![allow(dead_code, reason = "each benchmark uses its part")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a figure may come to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// At most so many times the floor.
    Times(f64),
    /// At most so much above the floor.
    Above(Duration),
    /// It is told, and nothing is asked of it.
    None,
}

/// A figure beside its floor: the medians of both over all rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) measured: Duration,
    pub(crate) floor: Duration,
}

impl Figure {
    pub(crate) fn ratio(self) -> f64 {
        self.measured.as_secs_f64() / self.floor.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Measures both in turns, `rounds` times; each closure returns the time of one operation. Prints a row.
pub(crate) fn beside(
    what: &str,
    floor_is: &str,
    goal: Goal,
    rounds: usize,
    mut measured: impl FnMut() -> Duration,
    mut floor: impl FnMut() -> Duration,
) -> Figure {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        theirs.push(floor());
        ours.push(measured());
    }
    let figure = Figure { measured: median(&mut ours), floor: median(&mut theirs) };
    row(what, floor_is, goal, figure);
    figure
}

/// Prints a row of the table: a figure, its floor, the ratio, and whether the goal is met.
pub(crate) fn row(what: &str, floor_is: &str, goal: Goal, figure: Figure) {
    let over = figure.measured.saturating_sub(figure.floor);
    let verdict = match goal {
        Goal::Times(most) if figure.ratio() <= most => format!("goal: at most {most:.1} times, met"),
        Goal::Times(most) => format!("goal: at most {most:.1} times, MISSED"),
        Goal::Above(most) if over <= most => format!("goal: at most {most:?} above, met"),
        Goal::Above(most) => format!("goal: at most {most:?} above, MISSED"),
        Goal::None => String::new(),
    };
    println!(
        "{what:<44} {:>11.1?} | {floor_is:<44} {:>11.1?} | {:>6.2} times, {:>9.1?} above | {verdict}",
        figure.measured,
        figure.floor,
        figure.ratio(),
        over,
    );
}

/// The directory of the Windows build, in release where it is; said where it is not built.
pub(crate) fn lane() -> Option<PathBuf> {
    let exe = std::env::current_exe().unwrap_or_default();
    let target = exe.ancestors().nth(3).map(Path::to_path_buf).unwrap_or_default();
    let lanes = ["release", "debug"].map(|profile| target.join("x86_64-pc-windows-gnu").join(profile));
    let there = |lane: &PathBuf| {
        ["reference_provider.dll", "mock-spooler.exe"].iter().all(|file| lane.join(file).is_file())
    };
    let lane = lanes.into_iter().find(there);
    if lane.is_none() {
        println!("left out: the Windows lane is not built (ci/windows-lane builds it)");
    }
    lane
}

/// The time of one of `count` operations.
pub(crate) fn each(count: u32, mut operation: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        operation();
    }
    start.elapsed() / count.max(1)
}

/// The time of an operation that is done once.
pub(crate) fn once(operation: impl FnOnce()) -> Duration {
    let start = Instant::now();
    operation();
    start.elapsed()
}

/// The median; zero of nothing.
pub(crate) fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The processes below this one, however far.
pub(crate) fn descendants(of: u32) -> Vec<u32> {
    // Each thread has its own.
    let threads = std::fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let listed = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let children: Vec<u32> = listed
        .flat_map(|listed| listed.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect();
    children.iter().copied().chain(children.iter().copied().flat_map(descendants)).collect()
}
