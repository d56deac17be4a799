//! What is broken, once more and all in one place: above it may stand a thousand lines.

use std::collections::BTreeMap;

use super::paint::{Paint, Tone};
use super::{CaseReport, in_line};
use crate::golden::GoldenResult;
use crate::requirements::Requirement;
use crate::verdict::Weight;

/// So many cases are named with each requirement.
const NAMED: usize = 3;

/// Requirements that were broken, and verdicts that no requirement stands for, with their cases.
#[derive(Debug, Default)]
pub(super) struct Recap {
    broken: BTreeMap<String, Vec<String>>,
    cases: usize,
}

impl Recap {
    pub(super) fn add(&mut self, report: &CaseReport, strict: bool) {
        self.cases += 1;
        if report.verdict.weight(strict) == Weight::Fine {
            return;
        }
        let mut names: Vec<String> = report
            .findings
            .iter()
            .filter(|finding| finding.level.fails() || strict)
            .map(|finding| format!("{} ({})", finding.requirement, finding.level.name()))
            .collect();
        if names.is_empty() {
            names.push(match report.golden {
                GoldenResult::Differs { .. } => "the trace differs from the golden".to_owned(),
                GoldenResult::Match | GoldenResult::None => report.verdict.name().replace('-', " "),
            });
        }
        names.sort();
        names.dedup();
        for name in names {
            self.broken.entry(name).or_default().push(in_line(&report.id));
        }
    }

    /// Nothing where nothing is broken, or the one case stands just above. What is broken most often comes first.
    pub(super) fn text(&self, paint: Paint) -> String {
        if self.broken.is_empty() || self.cases == 1 {
            return String::new();
        }
        let mut rows: Vec<(&String, &Vec<String>)> = self.broken.iter().collect();
        rows.sort_by_key(|(_, cases)| std::cmp::Reverse(cases.len()));
        let mut text = format!("\n{}\n", paint.paint(Tone::Strong, "what is broken"));
        for (name, cases) in rows {
            let id = name.split(' ').next().unwrap_or_default();
            let says = Requirement::find(id).map(|known| format!("  {}", known.text)).unwrap_or_default();
            let some = cases.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = cases.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let times = if cases.len() == 1 { "case".to_owned() } else { format!("{} cases", cases.len()) };
            text.push_str(&paint.fit(&format!("  {name}{says}")));
            text.push('\n');
            text.push_str(&paint.paint(Tone::Faint, &paint.fit(&format!("      {times}: {some}{more}"))));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::Divergence;
    use crate::judge::Finding;
    use crate::verdict::Verdict;

    fn report(id: &str, verdict: Verdict, broken: &[&str]) -> CaseReport {
        let mut report = CaseReport::without_child(id.to_owned(), "One", verdict);
        report.findings =
            broken.iter().map(|id| Finding::of(id, None, String::new(), String::new())).collect();
        report
    }

    #[test]
    fn what_is_broken_most_often_comes_first() {
        let mut recap = Recap::default();
        recap.add(&report("polling/one", Verdict::Fail, &["RECV-02"]), false);
        assert_eq!(recap.text(Paint::none()), "", "it stands just above");
        for n in 0..5 {
            recap.add(&report(&format!("polling/{n}"), Verdict::Fail, &["POLL-02", "POLL-02"]), false);
        }
        recap.add(&report("polling/two", Verdict::Pass, &[]), false);
        recap.add(
            &report("a\u{1b}b", Verdict::Crash { how: "SIGSEGV".to_owned(), last_call: None }, &[]),
            false,
        );
        let text = recap.text(Paint::none());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[2].starts_with("  POLL-02 (must)  "), "{text}");
        assert_eq!(lines[3], "      5 cases: polling/0, polling/1, polling/2 and 2 more");
        assert!(text.contains("  RECV-02 (must)  ") && text.contains("      case: polling/one\n"), "{text}");
        assert!(text.contains("  crash\n      case: a\\u{1b}b\n"), "{text}");
        let mut differs = report("polling/three", Verdict::Warn, &[]);
        differs.golden = GoldenResult::Differs { diff: Divergence::default(), path: "three.snap".into() };
        recap.add(&differs, true);
        let text = recap.text(Paint::none());
        assert!(text.contains("  the trace differs from the golden\n      case: polling/three\n"), "{text}");
        for line in recap.text(Paint::of_width(60)).lines() {
            assert!(line.chars().count() <= 60, "{line}");
        }
    }
}
