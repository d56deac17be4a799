//! The summary of a job, as GitHub shows it on the page of a workflow: Markdown.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::told::PAGES;
use super::{About, CaseReport, Event, Exit, Reporter, Summary, in_line};
use crate::requirements::Requirement;
use crate::verdict::Weight;

/// The most cases and findings that are told; GitHub refuses a summary above 1 MiB.
const MOST_CASES: usize = 100;
/// The most characters of one text.
const WIDE: usize = 300;

/// Appends the summary to a file once the run is over.
#[derive(Debug)]
pub struct JobSummary {
    path: PathBuf,
    about: About,
    rows: Vec<String>,
    left_out: usize,
}

impl JobSummary {
    /// To the end of this file: the steps of a job share it.
    #[must_use]
    pub fn new(path: PathBuf, about: About) -> Self {
        Self { path, about, rows: Vec::new(), left_out: 0 }
    }
}

impl Reporter for JobSummary {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { .. } | Event::Progress { .. } => Ok(()),
            Event::Case(report) => {
                if report.verdict.weight(true) == Weight::Fine {
                    return Ok(());
                }
                if self.rows.len() < MOST_CASES {
                    self.rows.push(row(report));
                } else {
                    self.left_out += 1;
                }
                Ok(())
            }
            Event::Finished(summary) => {
                let text = self.text(summary);
                let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
                file.write_all(text.as_bytes())
            }
        }
    }
}

impl JobSummary {
    fn text(&self, summary: &Summary) -> String {
        let sign = match summary.exit() {
            Exit::Conformant => "✅",
            Exit::NotConformant => "❌",
            Exit::Usage | Exit::Unloadable | Exit::Harness => "⚠️",
        };
        let mut text = format!(
            "## {sign} spoolproof: {}\n\n{}\n\n",
            escaped(&self.about.name),
            escaped(&summary.line())
        );
        if !self.rows.is_empty() {
            text.push_str("| case | verdict | what was seen |\n| --- | --- | --- |\n");
            self.rows.iter().for_each(|row| text.push_str(row));
            if self.left_out > 0 {
                let _ = writeln!(text, "\n{} more cases are not listed here.", self.left_out);
            }
            let _ = writeln!(text, "\nAgain: {} --exact <code>CASE</code>\n", code(&self.about.command));
        }
        text
    }
}

/// A row of the table: the case, the verdict, the first finding.
fn row(report: &CaseReport) -> String {
    let mut seen: Vec<String> =
        report.verdict.detail().iter().chain(&report.expired).map(|detail| escaped(detail)).collect();
    let mut told: Vec<&str> = Vec::new();
    for finding in &report.findings {
        if told.contains(&finding.requirement.as_str()) {
            continue;
        }
        told.push(&finding.requirement);
        let pages = Requirement::find(&finding.requirement).ok().and_then(|known| known.source.first());
        let name = match pages {
            Some(page) => format!("[{}]({PAGES}{page})", escaped(&finding.requirement)),
            None => escaped(&finding.requirement),
        };
        seen.push(format!("{name} ({}): {}", finding.level.name(), escaped(&finding.message)));
    }
    if seen.is_empty() {
        seen.push("the trace differs from the golden".to_owned());
    }
    format!("| {} | {} | {} |\n", code(&report.id), report.verdict.name(), seen.join("<br>"))
}

/// A candidate's text as text: Markdown, HTML and mentions in it mean nothing, and it ends.
fn escaped(text: &str) -> String {
    let line = in_line(text);
    let mut out = String::new();
    for (index, c) in line.chars().enumerate() {
        if index == WIDE {
            out.push('…');
            break;
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A reference to a character is text in any case; a backslash before it would be one too many.
            c if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | ';' | '/') => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_of_a_candidate_is_text() {
        let text = escaped("<img src=x> | [a](javascript:b) @team #1 `c` **d**\u{1b}\nnext http://x");
        for part in ["<", ">", "|", "[", "@", "`", "*", "\n", "\u{1b}", "://"] {
            assert!(!text.contains(part), "{part} in {text}");
        }
        assert!(escaped(&"x".repeat(1 << 20)).len() < 400);
    }
}
