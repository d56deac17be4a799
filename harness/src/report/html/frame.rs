//! The page around the cases: head, verdict, navigation.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::chart;
use super::matrix::Matrix;
use crate::report::summary::ORDER;
use crate::report::{About, Exit, Summary, in_line};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page.
pub(super) fn page(
    about: &About,
    summary: &Summary,
    matrix: &Matrix,
    cases: &[Markup],
    listed: &BTreeMap<&'static str, usize>,
) -> Markup {
    let (class, verdict, says) = verdict(summary);
    let name = in_line(&about.name);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (name) ": " (verdict) " - spoolproof" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#cases" { "Skip to the cases" }
                header.top {
                    p.brand { "spoolproof" span.faint { " " (env!("CARGO_PKG_VERSION")) } }
                    nav aria-label="Parts of the report" {
                        a href="#verdict" { "Verdict" }
                        a href="#requirements" { "Requirements" }
                        a href="#cases" { "Cases" }
                    }
                }
                main {
                    section #verdict .hero .(class) aria-labelledby="verdict-title" {
                        div.hero-text {
                            p.eyebrow { "MAPI conformance of" }
                            h1 #verdict-title { (name) }
                            p.verdict { span.sign aria-hidden="true" { (sign(summary.exit())) } (verdict) }
                            p.says { (says) }
                        }
                        dl.facts {
                            (fact("Library", &about.library))
                            @if let Some(file) = &about.file { (fact("Candidate file", file)) }
                            (fact("Shown", &shown(summary)))
                            (fact("Warnings", if summary.strict { "count as failures (--strict)" } else { "do not fail" }))
                            (fact("Time", &format!("{:.1} s", summary.took.as_secs_f64())))
                        }
                        (chart::chart(summary))
                    }
                    (matrix.section(about))
                    section #cases aria-labelledby="cases-title" {
                        h2 #cases-title { "Cases" }
                        (filters(listed))
                        div #list { @for case in cases { (case) } }
                        p #none hidden { "No case is like that. " button type="button" #reset { "Show all" } }
                    }
                }
                footer {
                    p {
                        "A case passes where every rule that had something to judge was kept. Each rule cites the public MAPI \
                         documentation. To see one case again: " code { (in_line(&about.command)) " --exact CASE" }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Nothing is loaded, nothing is sent, and no script or style runs but these two.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// The class, the verdict, and what it means.
fn verdict(summary: &Summary) -> (&'static str, &'static str, &'static str) {
    match summary.exit() {
        Exit::Conformant => {
            ("good", "Conformant", "Every statement of the contract that could be put to the test was kept.")
        }
        Exit::NotConformant => (
            "bad",
            "Not conformant",
            "At least one statement of the contract was broken; each is listed below.",
        ),
        Exit::Usage => ("odd", "Nothing judged", "No case was selected."),
        Exit::Unloadable => ("bad", "Not loadable", "The candidate could not be loaded and initialised."),
        Exit::Harness => (
            "odd",
            "No verdict",
            "The harness itself failed in at least one case: nothing is said of the candidate.",
        ),
    }
}

fn sign(exit: Exit) -> &'static str {
    match exit {
        Exit::Conformant => "✓",
        Exit::NotConformant | Exit::Unloadable => "✕",
        Exit::Usage | Exit::Harness => "!",
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (in_line(value)) } } }
}

fn shown(summary: &Summary) -> String {
    let shown = summary.shown.iter().map(|capability| capability.name());
    std::iter::once("transport").chain(shown).collect::<Vec<_>>().join(", ")
}

/// What can be filtered by; of use with a script alone, so it is shown by the script.
fn filters(listed: &BTreeMap<&'static str, usize>) -> Markup {
    html! {
        form #filters hidden role="search" aria-label="Filter the cases" {
            label.search {
                span.sr { "Part of an id, title, requirement or finding" }
                input #search type="search" placeholder="Filter by id, title, requirement  ( / )" autocomplete="off" spellcheck="false";
            }
            div.chips role="group" aria-label="Verdicts" {
                @for (name, count) in ORDER.iter().filter_map(|name| Some((name, listed.get(name)?))) {
                    button.chip type="button" data-verdict=(name) aria-pressed="false" {
                        span.dot .(name) aria-hidden="true" {}
                        (name.replace('-', " ")) " " span.count { (count) }
                    }
                }
            }
            button #requirement type="button" hidden {}
            output #shown aria-live="polite" {}
            button #fold type="button" aria-pressed="false" { "Open all" }
        }
        noscript { p.hint { "Without JavaScript everything is here but the filters and the sequence diagrams." } }
    }
}
