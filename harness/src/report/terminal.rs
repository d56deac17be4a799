//! What a person sees: a compact list while it runs, findings where there are any, one line at the end.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::paint::{Paint, Tone};
use super::recap::Recap;
use super::told::{line, told};
use super::{About, CaseReport, Event, Reporter, in_line};
use crate::verdict::Verdict;

/// Writes to a terminal, or to whatever stands in its place.
#[derive(Debug)]
pub struct Terminal<W: Write> {
    out: W,
    paint: Paint,
    bar: ProgressBar,
    about: About,
    /// Points of a sweep that come to the same: they are counted, not listed, as a sweep has hundreds.
    points: Option<Points>,
    recap: Recap,
}

/// Points of one sweep, one after the other, of which there is nothing to say but their verdict.
#[derive(Debug)]
struct Points {
    case: String,
    verdict: Verdict,
    count: usize,
}

impl<W: Write> Terminal<W> {
    /// A list on `out`; progress goes to standard error, where that is a terminal.
    pub(crate) fn new(out: W, paint: Paint, about: About) -> Self {
        let target =
            match io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") {
                true => ProgressDrawTarget::stderr_with_hz(10),
                false => ProgressDrawTarget::hidden(),
            };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Self { out, paint, bar, about, points: None, recap: Recap::default() }
    }

    /// Writes with the progress bar out of the way.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let out = &mut self.out;
        self.bar.suspend(|| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    fn case(&mut self, report: &CaseReport) -> io::Result<()> {
        self.recap.add(report, self.about.strict);
        let alike = self
            .points
            .as_mut()
            .filter(|points| points.case == report.case() && points.verdict == report.verdict);
        let counted = match &report.verdict {
            Verdict::Pass | Verdict::NotApplicable { .. } => report.id.contains('@'),
            Verdict::Warn
            | Verdict::Fail
            | Verdict::Crash { .. }
            | Verdict::Timeout { .. }
            | Verdict::Changed { .. }
            | Verdict::Known { .. }
            | Verdict::UnexpectedPass { .. }
            | Verdict::HarnessError { .. } => false,
        };
        match (counted, alike) {
            (true, Some(points)) => {
                points.count += 1;
                Ok(())
            }
            (true, None) => {
                self.flush_points()?;
                let (case, verdict) = (report.case().to_owned(), report.verdict.clone());
                self.points = Some(Points { case, verdict, count: 1 });
                Ok(())
            }
            (false, _) => {
                self.flush_points()?;
                let text = told(report, self.paint, Some(&self.about));
                self.write(&text)
            }
        }
    }

    fn flush_points(&mut self) -> io::Result<()> {
        let Some(Points { case, verdict, count }) = self.points.take() else { return Ok(()) };
        let points = if count == 1 { "1 point".to_owned() } else { format!("{count} points") };
        let said = verdict.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        let text = line(&verdict, &format!("{case}@"), &format!("{points}{said}"), self.paint);
        self.write(&text)
    }
}

impl<W: Write> Reporter for Terminal<W> {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { cases } => {
                self.bar.set_length(cases as u64);
                Ok(())
            }
            Event::Progress { done, of, latest } => {
                self.bar.set_length(of as u64);
                self.bar.set_position(done as u64);
                self.bar.set_message(in_line(latest));
                Ok(())
            }
            Event::Case(report) => self.case(report),
            Event::Finished(summary) => {
                self.flush_points()?;
                self.bar.finish_and_clear();
                let tone = match summary.exit() {
                    super::Exit::Conformant => Tone::Good,
                    _ => Tone::Bad,
                };
                let recap = self.recap.text(self.paint);
                let line = self.paint.paint(tone, &summary.line());
                self.write(&format!("{recap}\n{line} ({})\n", seconds(summary.took)))
            }
        }
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
