//! `spoolproof explain`.

use std::io::Write as _;

use super::{Complaint, catalogue};
use crate::case::{Case, Catalogue};
use crate::defects;
use crate::report::{Exit, PAGES};
use crate::requirements::{Requirement, Subject};

pub(super) fn explain(id: &str) -> Result<Exit, Complaint> {
    let catalogue = catalogue()?;
    let text = match (Requirement::find(id), catalogue.get(id)) {
        (_, Some(found)) => case(found),
        (Ok(found), None) => requirement(found, &catalogue),
        (Err(unknown), None) => {
            let near = unknown.nearest.or_else(|| catalogue.nearest(id));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let text = format!("spoolproof: there is neither a requirement nor a case `{id}`{near}");
            return Err(Complaint::new(Exit::Usage, text));
        }
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Conformant)
}

fn requirement(requirement: &Requirement, catalogue: &Catalogue) -> String {
    let subject = match requirement.subject {
        Subject::Provider => "of the provider",
        Subject::Spooler => "of the spooler; the mock spooler's own tests check it",
    };
    let mut text =
        format!("{} ({}, {subject})\n\n{}\n", requirement.id, requirement.level.name(), requirement.text);
    let mut add = |head: &str, body: &str| text.push_str(&format!("\n{head}: {body}\n"));
    for page in &requirement.source {
        add("source", &format!("{PAGES}{page}"));
    }
    if let Some(note) = &requirement.note {
        add("note", note);
    }
    if let Some(probe) = &requirement.probe {
        add("checked", probe);
    }
    let cases: Vec<&Case> =
        catalogue.cases.iter().filter(|case| case.requirements.contains(&requirement.id)).collect();
    if cases.is_empty() {
        text.push_str("\nno case is there for it; its rule holds in every case all the same\n");
    } else {
        text.push_str("\ncases:\n");
        for case in cases {
            text.push_str(&format!("  {}  {}\n", case.id, case.title));
        }
    }
    text.push_str(&proof(&requirement.id));
    text
}

/// Which defects prove that the requirement is checked, or why there is none.
fn proof(id: &str) -> String {
    let mut text = String::new();
    for defect in defects::of(id) {
        let by = defect.cases.as_ref().map(|cases| format!(" ({})", cases.join(", "))).unwrap_or_default();
        text.push_str(&format!("  {}  {}{by}\n", defect.name, defect.does));
    }
    let table = defects::table();
    match (text.is_empty(), table.unobservable.get(id).or_else(|| table.unproven.get(id))) {
        (false, _) => format!("\nproven by the seeded defects:\n{text}"),
        (true, Some(reason)) => format!("\nnot proven by a seeded defect: {reason}\n"),
        (true, None) => String::new(),
    }
}

fn case(case: &Case) -> String {
    let mut text = format!("{}: {}\n\nfrom {}\n", case.id, case.title, case.path.display());
    if !case.needs.is_empty() {
        let needs: Vec<&str> = case.needs.iter().map(|need| need.name()).collect();
        text.push_str(&format!("needs a candidate that is capable of: {}\n", needs.join(", ")));
    }
    text.push_str("\nsteps:");
    for step in &case.steps {
        text.push_str(&format!(" {}", step.verb()));
    }
    text.push_str("\n\nrequirements:\n");
    for id in &case.requirements {
        if let Ok(requirement) = Requirement::find(id) {
            text.push_str(&format!("  {id} ({})  {}\n", requirement.level.name(), requirement.text));
        }
    }
    text
}
