//! What a person sees: a compact list while it runs, findings where there are any, one line at the end.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::paint::{Paint, Tone};
use super::told::told;
use super::{About, CaseReport, Event, Reporter, in_line};
use crate::verdict::Verdict;

/// Writes to a terminal, or to whatever stands in its place.
#[derive(Debug)]
pub struct Terminal<W: Write> {
    out: W,
    paint: Paint,
    bar: ProgressBar,
    about: About,
    /// The sweep of which points pass at the moment, and how many did.
    passing: Option<(String, usize)>,
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
        Self { out, paint, bar, about, passing: None }
    }

    /// Writes with the progress bar out of the way.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let out = &mut self.out;
        self.bar.suspend(|| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    fn case(&mut self, report: &CaseReport) -> io::Result<()> {
        if report.verdict == Verdict::Pass && report.id.contains('@') {
            match &mut self.passing {
                Some((case, count)) if case == report.case() => *count += 1,
                Some(_) | None => {
                    self.flush_points()?;
                    self.passing = Some((report.case().to_owned(), 1));
                }
            }
            return Ok(());
        }
        if self.passing.as_ref().is_some_and(|(case, _)| case != report.case()) {
            self.flush_points()?;
        }
        let text = told(report, self.paint, Some(&self.about));
        self.write(&text)
    }

    /// Points that pass are counted, not listed: a sweep has hundreds.
    fn flush_points(&mut self) -> io::Result<()> {
        let Some((case, count)) = self.passing.take() else { return Ok(()) };
        let verdict = self.paint.paint(Tone::Good, &format!("{:>16}", "pass"));
        let points = if count == 1 { "1 point".to_owned() } else { format!("{count} points") };
        self.write(&format!("{verdict}  {case}@ {}\n", self.paint.paint(Tone::Faint, &points)))
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
                let line = self.paint.paint(tone, &summary.line());
                self.write(&format!("\n{line} ({})\n", seconds(summary.took)))
            }
        }
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
