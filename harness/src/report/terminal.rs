//! What a person sees: a compact list while it runs, findings where there are any, one line at the end.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::paint::{Paint, Tone};
use super::{CaseReport, Event, Reporter, harmless, in_line};
use crate::golden::GoldenResult;
use crate::requirements::Requirement;
use crate::verdict::Verdict;

/// Where the pages of the documentation are.
pub(crate) const PAGES: &str = "https://learn.microsoft.com/office/client-developer/outlook/mapi/";

/// Writes to a terminal, or to whatever stands in its place.
#[derive(Debug)]
pub struct Terminal<W: Write> {
    out: W,
    paint: Paint,
    bar: ProgressBar,
    /// How to say the command again, without its filters.
    command: String,
    /// The sweep of which points pass at the moment, and how many did.
    passing: Option<(String, usize)>,
}

impl<W: Write> Terminal<W> {
    /// A list on `out`; `command` is how the same run is begun again, without filters.
    pub(crate) fn new(out: W, paint: Paint, command: String) -> Self {
        let target =
            if paint.is_on() { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Self { out, paint, bar, command, passing: None }
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
        let text = told(report, self.paint, &self.command);
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
                self.bar.set_message(latest.to_owned());
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

/// A report without colour and without the command to repeat it, for files.
pub(crate) fn plain(report: &CaseReport) -> String {
    told(report, Paint::none(), "")
}

/// Everything there is to say of a case; a line where it passed.
fn told(report: &CaseReport, paint: Paint, command: &str) -> String {
    let verdict = paint.paint(tone(&report.verdict), &format!("{:>16}", report.verdict.name()));
    let title = paint.paint(Tone::Faint, &in_line(&report.title));
    let mut text = format!("{verdict}  {}  {title}\n", report.id);
    if let Some(detail) = report.verdict.detail() {
        indented(&mut text, &harmless(&detail));
    }
    if report.verdict == Verdict::Pass {
        return text;
    }
    if let Some(failed) = &report.load_failed {
        indented(&mut text, &harmless(&format!("the candidate cannot be loaded: {failed}")));
    }
    for (index, finding) in report.findings.iter().enumerate() {
        let known = Requirement::find(&finding.requirement).ok();
        let id = paint.paint(Tone::Strong, &finding.requirement);
        let says = known.map_or_else(|| harmless(&finding.message), |known| known.text.clone());
        indented(&mut text, &format!("{id} ({}) {says}", finding.level.name()));
        if !finding.due.is_empty() {
            indented(&mut text, &format!("    due:  {}", harmless(&finding.due)));
        }
        if !finding.seen.is_empty() {
            indented(&mut text, &format!("    seen: {}", harmless(&finding.seen)));
        }
        for page in known.iter().flat_map(|known| &known.source) {
            indented(&mut text, &paint.paint(Tone::Faint, &format!("    page: {PAGES}{page}")));
        }
        for line in report.context.get(index).into_iter().flatten() {
            indented(&mut text, &paint.paint(Tone::Faint, &format!("    {line}")));
        }
    }
    if let GoldenResult::Differs { diff, .. } = &report.golden {
        indented(&mut text, "the trace differs from the golden:");
        indented(&mut text, &harmless(diff).lines().map(|line| format!("    {line}\n")).collect::<String>());
    }
    if matters(&report.verdict) && !report.output.trim().is_empty() {
        indented(&mut text, "the child printed last:");
        indented(&mut text, &last_lines(&harmless(&report.output)));
    }
    if let Some(trace) = &report.trace {
        indented(&mut text, &paint.paint(Tone::Faint, &format!("trace: {}", trace.display())));
    }
    if !command.is_empty() && report.verdict.weight(true) != crate::verdict::Weight::Fine {
        let again = format!("again: {command} --exact '{}'", report.id);
        indented(&mut text, &paint.paint(Tone::Faint, &again));
    }
    text
}

/// Whether what the candidate printed may say why.
fn matters(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Crash { .. } | Verdict::Timeout { .. } | Verdict::HarnessError { .. })
}

fn last_lines(text: &str) -> String {
    const MOST: usize = 10;
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(MOST)..].iter().map(|line| format!("    {line}\n")).collect()
}

fn indented(text: &mut String, lines: &str) {
    for line in lines.lines() {
        text.push_str("                  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn tone(verdict: &Verdict) -> Tone {
    match verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Warn | Verdict::Known { .. } => Tone::Odd,
        Verdict::NotApplicable { .. } => Tone::Faint,
        Verdict::Fail
        | Verdict::Crash { .. }
        | Verdict::Timeout { .. }
        | Verdict::UnexpectedPass { .. }
        | Verdict::HarnessError { .. } => Tone::Bad,
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
