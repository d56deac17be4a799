//! What became of each requirement.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::cases::anchor;
use crate::report::{About, CaseReport, PAGES, in_line};
use crate::requirements::{Level, Requirement, Subject};

/// The most cases that are listed with a requirement.
const MOST: usize = 24;

/// The requirements, with the cases that exercised and that broke them.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    exercised: BTreeMap<String, usize>,
    broken: BTreeMap<String, Vec<String>>,
}

/// What became of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Broken,
    Warned,
    Kept,
    Idle,
}

impl State {
    fn class(self) -> &'static str {
        match self {
            Self::Broken => "fail",
            Self::Warned => "warn",
            Self::Kept => "pass",
            Self::Idle => "idle",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Broken => "✕",
            Self::Warned => "!",
            Self::Kept => "✓",
            Self::Idle => "·",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Warned => "broken, but not binding",
            Self::Kept => "kept",
            Self::Idle => "not exercised",
        }
    }
}

impl Matrix {
    pub(super) fn add(&mut self, report: &CaseReport) {
        for id in &report.exercised {
            *self.exercised.entry((*id).to_owned()).or_insert(0) += 1;
        }
        let broken: BTreeSet<&str> =
            report.findings.iter().map(|finding| finding.requirement.as_str()).collect();
        for id in broken {
            self.broken.entry(id.to_owned()).or_default().push(report.id.clone());
        }
    }

    /// The section of the page.
    pub(super) fn section(&self, about: &About) -> Markup {
        let judged: Vec<&Requirement> =
            Requirement::all().iter().filter(|one| one.subject == Subject::Provider).collect();
        let mut areas: Vec<(&str, Vec<&Requirement>)> = Vec::new();
        for one in judged {
            match areas.iter_mut().find(|(area, _)| *area == one.area()) {
                Some((_, all)) => all.push(one),
                None => areas.push((one.area(), vec![one])),
            }
        }
        html! {
            section #requirements aria-labelledby="requirements-title" {
                h2 #requirements-title { "Requirements" }
                ul.legend {
                    @for state in [State::Broken, State::Warned, State::Kept, State::Idle] {
                        li { span.cell.key .(state.class()) aria-hidden="true" { (state.sign()) } (state.words()) }
                    }
                }
                div.matrix {
                    @for (area, all) in &areas {
                        div.area {
                            h3 { (area) }
                            ul { @for one in all { li { (self.cell(one, about)) } } }
                        }
                    }
                }
                (self.broken(about))
            }
        }
    }

    fn state(&self, one: &Requirement, about: &About) -> State {
        match (self.broken.contains_key(&one.id), one.level) {
            (true, Level::Must) => State::Broken,
            (true, Level::Should | Level::Derived | Level::May) if about.strict => State::Broken,
            (true, Level::Should | Level::Derived | Level::May) => State::Warned,
            (false, _) if self.exercised.contains_key(&one.id) => State::Kept,
            (false, _) => State::Idle,
        }
    }

    fn cell(&self, one: &Requirement, about: &About) -> Markup {
        let state = self.state(one, about);
        let number = one.id.rsplit('-').next().unwrap_or_default();
        let cases = self.exercised.get(&one.id).copied().unwrap_or_default();
        let title = format!("{} ({}), {} in {cases} cases: {}", one.id, one.level, state.words(), one.text);
        // What was broken has its details below; of the rest the cases are shown.
        let href =
            if self.broken.contains_key(&one.id) { format!("#req-{}", one.id) } else { "#cases".to_owned() };
        html! {
            a.cell .(state.class()) href=(href) data-requirement=(one.id) title=(title) {
                span.number { (number) }
                span aria-hidden="true" { (state.sign()) }
                span.sr { (one.id) " " (state.words()) }
            }
        }
    }

    /// What was broken, with the text, the pages and the cases.
    fn broken(&self, about: &About) -> Markup {
        let mut broken: Vec<(&Requirement, &Vec<String>)> =
            self.broken.iter().filter_map(|(id, cases)| Some((Requirement::find(id).ok()?, cases))).collect();
        broken.sort_by_key(|(one, cases)| {
            (std::cmp::Reverse(one.level), std::cmp::Reverse(cases.len()), &one.id)
        });
        html! {
            @if !broken.is_empty() {
                h3.sub { "Broken: " (broken.len()) }
                div.broken-list {
                    @for (one, cases) in broken {
                        article.broken .(self.state(one, about).class()) id={ "req-" (one.id) } {
                            h4 {
                                span.id { (one.id) } " "
                                span.level { (one.level) }
                                button.only type="button" hidden data-requirement=(one.id) { "Only its cases (" (cases.len()) ")" }
                            }
                            p { (one.text) }
                            @if let Some(note) = &one.note { p.faint { (note) } }
                            p.pages {
                                @for page in &one.source { a href={ (PAGES) (page) } rel="noreferrer" { (page) } " " }
                            }
                            p.in-cases {
                                @for case in cases.iter().take(MOST) { a href={ "#" (anchor(case)) } { (in_line(case)) } " " }
                                @if cases.len() > MOST { span.faint { "and " (cases.len() - MOST) " more" } }
                            }
                        }
                    }
                }
            }
        }
    }
}
