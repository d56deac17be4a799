//! A case on the page.

use maud::{Markup, html};

use super::trace::Embedded;
use crate::golden::{Divergence, GoldenResult, Side};
use crate::judge::Finding;
use crate::report::{About, Around, CaseReport, PAGES, harmless, in_line};
use crate::requirements::Requirement;
use crate::verdict::{Verdict, Weight};

/// The place of a case on the page.
pub(super) fn anchor(id: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' { c.to_string() } else { format!("_{:x}", u32::from(c)) }
    };
    format!("case-{}", id.chars().map(plain).collect::<String>())
}

pub(super) fn case(report: &CaseReport, trace: &Embedded, about: &About) -> Markup {
    let name = report.verdict.name();
    let mut requirements: Vec<&str> =
        report.findings.iter().map(|finding| finding.requirement.as_str()).collect();
    requirements.dedup();
    let exercised: Vec<&str> = report.exercised.iter().copied().collect();
    let fine = report.verdict.weight(true) == Weight::Fine;
    html! {
        details.case .(name) id=(anchor(&report.id)) data-id=(in_line(&report.id)) data-verdict=(name)
            data-requirements=(requirements.join(" ")) data-exercised=(exercised.join(" ")) {
            summary {
                span.badge .(name) { (name.replace('-', " ")) }
                span.id { (in_line(&report.id)) }
                span.title { (in_line(&report.title)) }
                span.tags { @for id in requirements.iter().take(4) { span.tag { (id) } } @if requirements.len() > 4 { span.tag { "+" (requirements.len() - 4) } } }
                span.ms { (format!("{:.0} ms", report.took.as_secs_f64() * 1e3)) }
            }
            div.body {
                @if let Some(detail) = report.verdict.detail() { p.detail { (harmless(&detail)) } }
                @if let Some(expired) = &report.expired { p.detail { (harmless(expired)) } }
                @if let Some(failed) = &report.load_failed {
                    p.detail { "The candidate cannot be loaded: " (harmless(failed)) }
                }
                @for (index, finding) in report.findings.iter().enumerate() {
                    (self::finding(finding, report.context.get(index)))
                }
                @if let GoldenResult::Differs { diff, path } = &report.golden {
                    (divergence(diff, &path.to_string_lossy()))
                }
                (trace.markup(&report.id))
                @if !report.output.trim().is_empty() && report.verdict != Verdict::Pass {
                    details.output { summary { "What the candidate printed last" } pre tabindex="0" { (harmless(&report.output)) } }
                }
                @if !fine || trace.len() > 0 {
                    p.again { "Again: " code { (in_line(&about.again(&report.id))) } }
                }
            }
        }
    }
}

/// The points of a sweep that pass.
pub(super) fn points(case: &str, ids: &[String]) -> Markup {
    let id = format!("{case}@");
    html! {
        details.case.pass.points id=(anchor(&id)) data-id=(in_line(&ids.join(" "))) data-verdict="pass" data-requirements="" data-exercised=""
            data-count=(ids.len()) {
            summary {
                span.badge.pass { "pass" }
                span.id { (in_line(&id)) }
                span.title { (ids.len()) @if ids.len() == 1 { " point" } @else { " points" } " of the sweep" }
                span.tags {}
                span.ms {}
            }
            div.body {
                p.hint { "Their traces are not on this page; " code { "spoolproof trace POINT" } " shows one." }
                ul.names { @for id in ids { li { (in_line(id)) } } }
            }
        }
    }
}

fn finding(finding: &Finding, around: Option<&Around>) -> Markup {
    let known = Requirement::find(&finding.requirement).ok();
    html! {
        article.finding .(if finding.level.fails() { "fail" } else { "warn" }) {
            h4 {
                a.id href={ "#req-" (finding.requirement) } { (finding.requirement) } " "
                span.level { (finding.level) } " "
                @if let Some(known) = known { span.text { (known.text) } }
            }
            dl {
                (field("due", &finding.due))
                (field("seen", &finding.seen))
                @if let Some(around) = around {
                    (field("in", &around.calls.join("\nwithin ")))
                    (field("at", around.step.as_deref().unwrap_or_default()))
                }
                @if let Some(known) = known {
                    div { dt { "page" } dd {
                        @for page in &known.source { a href={ (PAGES) (page) } rel="noreferrer" { (page) } " " }
                    } }
                }
            }
            @if let Some(around) = around.filter(|around| !around.lines.is_empty()) {
                pre.context tabindex="0" aria-label={ "The calls around the finding about " (finding.requirement) } {
                    @for line in &around.lines {
                        @if line.starts_with('>') { mark { (in_line(line)) } } @else { span { (in_line(line)) } }
                        "\n"
                    }
                }
            }
        }
    }
}

fn field(name: &str, text: &str) -> Markup {
    html! { @if !text.is_empty() { div { dt { (name) } dd { (harmless(text)) } } } }
}

/// The golden and the trace beside each other, where they part.
fn divergence(diff: &Divergence, path: &str) -> Markup {
    html! {
        figure.divergence {
            figcaption {
                "The trace parts from the golden in line " (diff.line)
                @if let Some(event) = diff.event { ", at event " (event) }
                " " span.faint { (in_line(path)) }
            }
            table {
                thead { tr { th scope="col" { "golden" } th scope="col" { "this run" } } }
                tbody {
                    @for (golden, seen, same) in beside(diff) {
                        tr.(if same { "same" } else { "differs" }) {
                            td { (golden) }
                            td { (seen) }
                        }
                    }
                }
            }
            @if diff.more > 0 { p.faint { "and " (diff.more) " more lines that differ" } }
        }
    }
}

/// Lines in pairs: of a run of lines that differ, the golden's first against the trace's first.
pub(super) fn beside(diff: &Divergence) -> Vec<(String, String, bool)> {
    let mut rows: Vec<(String, String, bool)> = Vec::new();
    let (mut golden, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let flush = |rows: &mut Vec<(String, String, bool)>, golden: &mut Vec<String>, seen: &mut Vec<String>| {
        let long = golden.len().max(seen.len());
        golden.resize(long, String::new());
        seen.resize(long, String::new());
        rows.extend(golden.drain(..).zip(seen.drain(..)).map(|(golden, seen)| (golden, seen, false)));
    };
    for (side, line) in &diff.rows {
        let line = in_line(line);
        match side {
            Side::Both => {
                flush(&mut rows, &mut golden, &mut seen);
                rows.push((line.clone(), line, true));
            }
            Side::Golden => golden.push(line),
            Side::Trace => seen.push(line),
        }
    }
    flush(&mut rows, &mut golden, &mut seen);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_stand_beside_each_other() {
        let row = |side, line: &str| (side, line.to_owned());
        let rows =
            vec![row(Side::Both, "a"), row(Side::Golden, "b"), row(Side::Golden, "c"), row(Side::Trace, "d")];
        let diff = Divergence { line: 2, event: None, rows, more: 0 };
        let text = |golden: &str, seen: &str, same| (golden.to_owned(), seen.to_owned(), same);
        assert_eq!(beside(&diff), [text("a", "a", true), text("b", "d", false), text("c", "", false)]);
    }

    #[test]
    fn anchors_are_words() {
        assert_eq!(anchor("a/b@C.D#1=x"), "case-a_2fb_40C_2eD_231_3dx");
    }
}
