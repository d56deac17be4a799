//! What a run and a merge write: the same reports, by the same options.

use std::path::{Path, PathBuf};

use super::args::OutputArgs;
use crate::case::Shard;
use crate::report::{About, Html, JobSummary, Json, Junit, Paint, Reporter, Terminal, merge};

/// Where GitHub wants the summary of a step.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Every reporter that is asked for; all write into `out` where there is such a directory.
pub(super) fn reporters(
    args: &OutputArgs,
    out: Option<&Path>,
    about: &About,
    shard: Option<Shard>,
) -> Vec<Box<dyn Reporter>> {
    let stdout = std::io::stdout();
    let paint = Paint::of(&stdout);
    let mut reporters: Vec<Box<dyn Reporter>> = vec![Box::new(Terminal::new(stdout, paint, about.clone()))];
    let files = |named: &Option<PathBuf>, name: &str| -> Vec<PathBuf> {
        named.iter().cloned().chain(out.map(|out| out.join(name))).collect()
    };
    for path in files(&args.json, merge::REPORT) {
        reporters.push(Box::new(Json::new(path, about.clone(), shard)));
    }
    for path in files(&args.junit, "junit.xml") {
        reporters.push(Box::new(Junit::new(path, about.clone())));
    }
    for path in files(&args.html, "report.html") {
        reporters.push(Box::new(Html::new(path, about.clone())));
    }
    let step = || std::env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(path) = args.job_summary.clone().or_else(step) {
        reporters.push(Box::new(JobSummary::new(path, about.clone())));
    }
    reporters
}

/// Whether a report shows traces.
pub(super) fn traces(args: &OutputArgs, out: Option<&Path>) -> bool {
    args.html.is_some() || out.is_some()
}
