//! The report as one page that needs nothing else: no network, no server, and no script for what matters most.
//!
//! `maud` escapes whatever is put into the page; the policy in its head lets only the one script and the one style run that
//! are part of this program, whatever a candidate writes. What a candidate wrote is made visible first, as everywhere.

mod cases;
mod chart;
mod frame;
mod matrix;
mod trace;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use maud::Markup;

use super::{About, CaseReport, Event, Reporter, write_whole};
use crate::verdict::Verdict;

/// How much of the page traces may take. What goes beyond is left out, and the case says so.
const BUDGET: usize = 12 << 20;

/// Writes the page once the run is over. Cases are turned into markup as they come, so that no trace is held for long.
#[derive(Debug)]
pub struct Html {
    path: PathBuf,
    about: About,
    cases: Vec<Markup>,
    /// For each requirement, what became of it.
    matrix: matrix::Matrix,
    /// Points of the sweep at hand that passed.
    passing: Option<(String, Vec<String>)>,
    /// How many cases have each verdict.
    listed: BTreeMap<&'static str, usize>,
    budget: usize,
}

impl Html {
    /// A page in this file.
    #[must_use]
    pub fn new(path: PathBuf, about: About) -> Self {
        Self {
            path,
            about,
            cases: Vec::new(),
            matrix: matrix::Matrix::default(),
            passing: None,
            listed: BTreeMap::new(),
            budget: BUDGET,
        }
    }

    fn case(&mut self, report: &CaseReport) {
        self.matrix.add(report);
        if self.passing.as_ref().is_some_and(|(case, _)| case != report.case()) {
            self.flush_points();
        }
        *self.listed.entry(report.verdict.name()).or_insert(0) += 1;
        if report.verdict == Verdict::Pass && report.id.contains('@') {
            let (_, points) = self.passing.get_or_insert_with(|| (report.case().to_owned(), Vec::new()));
            points.push(report.id.clone());
            return;
        }
        let trace = trace::Embedded::new(report, self.budget);
        self.budget = self.budget.saturating_sub(trace.len());
        self.cases.push(cases::case(report, &trace, &self.about));
    }

    /// Points that pass are listed by name alone: a sweep has hundreds, and nothing is to be seen in them.
    fn flush_points(&mut self) {
        if let Some((case, points)) = self.passing.take() {
            self.cases.push(cases::points(&case, &points));
        }
    }
}

impl Reporter for Html {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { .. } | Event::Progress { .. } => Ok(()),
            Event::Case(report) => {
                self.case(report);
                Ok(())
            }
            Event::Finished(summary) => {
                self.flush_points();
                let page = frame::page(&self.about, summary, &self.matrix, &self.cases, &self.listed);
                write_whole(&self.path, page.into_string().as_bytes())
            }
        }
    }
}
