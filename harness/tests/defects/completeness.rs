//! What the table of defects owes: a defect for each requirement, a use for each case and each rule.

use std::collections::BTreeSet;

use spoolproof::case::{Catalogue, cases_dir};
use spoolproof::defects;
use spoolproof::requirements::{Requirement, Subject};

use crate::outcome::Outcome;

/// The areas whose requirements a provider is judged by.
const AREAS: &[&str] = &[
    "LIFE", "LOGON", "ADDR", "OPTS", "STAT", "CTRL", "POLL", "NOTI", "RECV", "CANC", "SEND", "FLSH", "VALS",
    "IDLE", "LOFF", "MEMO", "ROBU", "STOR", "COUP",
];

/// Each requirement of the provider has a defect, or a reason why it has none; no reason is left over.
pub(crate) fn of_the_table() -> Result<(), String> {
    let table = defects::table();
    let excused = |id: &str| table.unobservable.contains_key(id) || table.unproven.contains_key(id);
    let mut complaints = Vec::new();
    for requirement in Requirement::all() {
        let id = requirement.id.as_str();
        if requirement.subject != Subject::Provider || !AREAS.contains(&requirement.area()) {
            continue;
        }
        match (defects::of(id).next(), excused(id)) {
            (None, false) => complaints.push(format!("{id} has no defect, and no reason is given")),
            (Some(defect), true) => {
                complaints.push(format!("{id} is excused, and `{}` proves it", defect.name));
            }
            (Some(_), false) | (None, true) => {}
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}

/// What a whole run leaves over: cases that caught nothing, and rules that had nothing to judge.
pub(crate) fn of_the_run(outcomes: &[Outcome]) -> String {
    let table = defects::table();
    let mut text = String::new();
    let caught: BTreeSet<&str> = outcomes.iter().flat_map(Outcome::caught_by).collect();
    let catalogue = match Catalogue::load(&cases_dir()) {
        Ok(catalogue) => catalogue,
        Err(error) => return error.report(false),
    };
    for case in &catalogue.cases {
        match (caught.contains(case.id.as_str()), table.idle_cases.contains_key(&case.id)) {
            (false, false) => {
                text.push_str(&format!("the case {} catches no defect, and no reason is given\n", case.id));
            }
            (true, true) => {
                text.push_str(&format!("the case {} is excused, and catches a defect\n", case.id));
            }
            (true, false) | (false, true) => {}
        }
    }
    let exercised: BTreeSet<&str> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.cases)
        .flat_map(|case| &case.exercised)
        .map(String::as_str)
        .collect();
    for requirement in Requirement::all() {
        let id = requirement.id.as_str();
        let excused = table.unobservable.contains_key(id) || table.unproven.contains_key(id);
        let judged = AREAS.contains(&requirement.area()) && requirement.subject == Subject::Provider;
        if judged && !excused && !exercised.contains(id) {
            text.push_str(&format!("the rule of {id} never had anything to judge\n"));
        }
    }
    text
}
