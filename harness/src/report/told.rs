//! What is told of a case: the verdict, each finding with all that helps to mend it, and the command to see it again.

use super::paint::{Paint, Tone};
use super::{About, Around, CaseReport, harmless, in_line};
use crate::golden::GoldenResult;
use crate::judge::Finding;
use crate::requirements::Requirement;
use crate::verdict::{Verdict, Weight};

/// Where the pages of the documentation are.
pub(crate) const PAGES: &str = "https://learn.microsoft.com/office/client-developer/outlook/mapi/";

/// Behind the column of the verdicts.
const INDENT: usize = 18;

/// On terminals narrower than this what is told of a case begins further left, so that the calls can be read.
const NARROW: usize = 120;

/// Where it begins there.
const NARROW_INDENT: usize = 4;

/// A report without colour and without the command to repeat it, for files.
pub(crate) fn plain(report: &CaseReport) -> String {
    told(report, Paint::none(), None)
}

/// Everything there is to say of a case; a line where it passed.
pub(super) fn told(report: &CaseReport, paint: Paint, about: Option<&About>) -> String {
    let mut page = Page { text: head(report, paint), paint };
    if matches!(report.verdict, Verdict::Pass | Verdict::NotApplicable { .. }) && report.findings.is_empty() {
        return page.text;
    }
    if let Some(detail) = report.verdict.detail() {
        page.put(0, Tone::Plain, &harmless(&detail));
    }
    if let Some(expired) = &report.expired {
        page.put(0, Tone::Plain, &harmless(expired));
    }
    if let Some(failed) = &report.load_failed {
        page.put(0, Tone::Plain, &harmless(&format!("the candidate cannot be loaded: {failed}")));
    }
    let mut last = "";
    for (index, finding) in report.findings.iter().enumerate() {
        page.finding(finding, report.context.get(index), last == finding.requirement);
        last = &finding.requirement;
    }
    if let GoldenResult::Differs { diff, .. } = &report.golden {
        page.put(0, Tone::Plain, "the trace differs from the golden:");
        page.lines(4, Tone::Plain, &harmless(&diff.to_string()));
    }
    if matters(&report.verdict) && !report.output.trim().is_empty() {
        page.put(0, Tone::Plain, "the child printed last:");
        page.lines(4, Tone::Plain, &last_lines(&harmless(&report.output)));
    }
    if let Some(trace) = &report.trace {
        page.lines(0, Tone::Faint, &format!("trace: {}", in_line(&trace.to_string_lossy())));
    }
    if let Some(about) = about.filter(|_| report.verdict.weight(true) != Weight::Fine) {
        page.lines(0, Tone::Faint, &format!("again: {}", in_line(&about.again(&report.id))));
    }
    page.text
}

/// The verdict, the id, and the title; where a case does not apply, why.
fn head(report: &CaseReport, paint: Paint) -> String {
    let title = match &report.verdict {
        Verdict::NotApplicable { reason } => reason,
        Verdict::Pass
        | Verdict::Warn
        | Verdict::Fail
        | Verdict::Crash { .. }
        | Verdict::Timeout { .. }
        | Verdict::Changed { .. }
        | Verdict::Known { .. }
        | Verdict::UnexpectedPass { .. }
        | Verdict::HarnessError { .. } => &report.title,
    };
    line(&report.verdict, &report.id, title, paint)
}

/// A line of the list.
pub(super) fn line(verdict: &Verdict, id: &str, title: &str, paint: Paint) -> String {
    let name = paint.paint(tone(verdict), &format!("{:>16}", verdict.name()));
    let id = in_line(id);
    let room = paint.width().map(|width| width.saturating_sub(INDENT + id.chars().count() + 2));
    let title = in_line(title);
    let title = match room {
        Some(room) if title.chars().count() > room => {
            title.chars().take(room.saturating_sub(1)).chain(['…']).collect()
        }
        Some(_) | None => title,
    };
    format!("{name}  {id}  {}\n", paint.paint(Tone::Faint, &title))
}

/// Text under the line of a case.
struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    fn finding(&mut self, finding: &Finding, around: Option<&Around>, again: bool) {
        let known = Requirement::find(&finding.requirement).ok();
        let says = match (again, known) {
            (true, _) => "once more".to_owned(),
            (false, Some(known)) => known.text.clone(),
            (false, None) => harmless(&finding.message),
        };
        self.put(0, Tone::Strong, &format!("{} ({}) {says}", finding.requirement, finding.level.name()));
        let mut field = |name: &str, text: &str, tone: Tone| {
            if !text.is_empty() {
                self.field(name, tone, &harmless(text));
            }
        };
        field("due", &finding.due, Tone::Plain);
        field("seen", &finding.seen, Tone::Plain);
        if let Some(around) = around {
            field("in", &around.calls.join(", within "), Tone::Plain);
            field("at", around.step.as_deref().unwrap_or_default(), Tone::Plain);
        }
        // What goes beyond `due` and `seen`: how many more there are of the kind.
        let more = finding.message.rsplit_once(" (and ").map(|(_, more)| more.trim_end_matches(')'));
        field("and", more.unwrap_or_default(), Tone::Plain);
        for page in known.iter().filter(|_| !again).flat_map(|known| &known.source) {
            self.lines(4, Tone::Faint, &format!("page: {PAGES}{page}"));
        }
        for line in around.iter().flat_map(|around| &around.lines) {
            let tone = if line.starts_with('>') { Tone::Strong } else { Tone::Faint };
            self.cut(4, tone, line);
        }
    }

    /// A named text, wrapped under itself.
    fn field(&mut self, name: &str, tone: Tone, text: &str) {
        let name = format!("{name}:");
        for (index, line) in text.lines().enumerate() {
            let name = if index == 0 { name.as_str() } else { "" };
            self.wrapped(4, &format!("{name:<6}"), tone, line);
        }
    }

    /// Lines of prose, wrapped.
    fn put(&mut self, indent: usize, tone: Tone, text: &str) {
        for line in text.lines() {
            self.wrapped(indent, "", tone, line);
        }
    }

    /// Lines that are copied or compared: as long as they are.
    fn lines(&mut self, indent: usize, tone: Tone, text: &str) {
        for line in text.lines() {
            self.line(indent, tone, line.trim_end());
        }
    }

    /// A line of a table: what does not fit is left out.
    fn cut(&mut self, indent: usize, tone: Tone, line: &str) {
        let room = self.paint.width().map(|width| width.saturating_sub(self.indent() + indent));
        match room.and_then(|room| line.char_indices().nth(room)) {
            Some((end, _)) => self.line(indent, tone, &line[..end]),
            None => self.line(indent, tone, line),
        }
    }

    fn wrapped(&mut self, indent: usize, name: &str, tone: Tone, line: &str) {
        let Some(width) = self.paint.width() else {
            self.line(indent, tone, &format!("{name}{}", line.trim_end()));
            return;
        };
        let room = width.saturating_sub(self.indent() + indent).max(20);
        let behind = " ".repeat(name.len());
        let options = textwrap::Options::new(room)
            .initial_indent(name)
            .subsequent_indent(&behind)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(line, options) {
            self.line(indent, tone, line.trim_end());
        }
    }

    fn indent(&self) -> usize {
        match self.paint.width() {
            Some(width) if width < NARROW => NARROW_INDENT,
            Some(_) | None => INDENT,
        }
    }

    fn line(&mut self, indent: usize, tone: Tone, line: &str) {
        self.text.push_str(&" ".repeat(self.indent() + indent));
        self.text.push_str(&self.paint.paint(tone, line));
        self.text.push('\n');
    }
}

/// Whether what the candidate printed may say why.
fn matters(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Crash { .. } | Verdict::Timeout { .. } | Verdict::HarnessError { .. })
}

fn last_lines(text: &str) -> String {
    const MOST: usize = 10;
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(MOST)..].join("\n")
}

fn tone(verdict: &Verdict) -> Tone {
    match verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Warn | Verdict::Known { .. } => Tone::Odd,
        Verdict::NotApplicable { .. } => Tone::Faint,
        Verdict::Fail
        | Verdict::Crash { .. }
        | Verdict::Timeout { .. }
        | Verdict::Changed { .. }
        | Verdict::UnexpectedPass { .. }
        | Verdict::HarnessError { .. } => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirements::{Level, Subject};

    fn failing() -> CaseReport {
        let mut report =
            CaseReport::without_child("polling/one".to_owned(), "One\u{1b}]8;;x\u{7}", Verdict::Fail);
        let finding = |more: &str| Finding {
            requirement: "RECV-05".to_owned(),
            level: Level::Must,
            subject: Subject::Provider,
            message: format!("seen; due: due{more}"),
            event: Some(17),
            due: "words ".repeat(40),
            seen: "\u{1b}[31m\u{9b}2J\u{202e}\nsecond line".to_owned(),
        };
        report.findings = vec![finding(""), finding(" (and 4 more like it)")];
        let around = Around {
            step: Some("step 3: receive".to_owned()),
            calls: vec!["A.B on a#1 (event 17)".to_owned(), "C.D on c#1 (event 2)".to_owned()],
            lines: vec!["x".repeat(150)],
        };
        report.context = vec![around.clone(), around];
        report
    }

    fn about() -> About {
        About {
            name: "n".to_owned(),
            library: "l".to_owned(),
            file: None,
            command: "spoolproof run --library 'l'".to_owned(),
            strict: false,
        }
    }

    #[test]
    fn a_finding_says_all_that_helps() {
        let text = told(&failing(), Paint::none(), Some(&about()));
        for part in [
            "            fail  polling/one  One\\u{1b}]8;;x\\u{7}\n",
            "RECV-05 (must) ",
            "    seen: \\u{1b}[31m\\u{9b}2J\\u{202e}\n",
            "    in:   A.B on a#1 (event 17), within C.D on c#1 (event 2)\n",
            "    at:   step 3: receive\n",
            "    and:  4 more like it\n",
            "page: https://learn.microsoft.com/office/client-developer/outlook/mapi/",
            "RECV-05 (must) once more\n",
            "again: spoolproof run --library 'l' --exact 'polling/one'\n",
        ] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn lines_fit_the_terminal() {
        let narrow = Paint::of_width(60);
        let text = told(&failing(), narrow, Some(&about()));
        let copied = |line: &&str| !line.contains("page: ") && !line.contains("again: ");
        for line in text.lines().filter(copied) {
            assert!(line.chars().count() <= 60, "{line}");
        }
        assert!(
            text.contains("again: spoolproof run --library 'l' --exact 'polling/one'\n"),
            "whole, to be copied"
        );
    }
}
