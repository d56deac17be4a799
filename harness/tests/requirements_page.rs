//! `harness/REQUIREMENTS.md` says what the suite says: it is made from the requirements, the cases and the seeded defects.
//!
//! `SPOOLPROOF_UPDATE_PAGE=1 cargo test --test requirements_page` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use spoolproof::case::{Case, Catalogue};
use spoolproof::defects;
use spoolproof::requirements::{Requirement, Subject};

/// Where the pages of the documentation are.
const PAGES: &str = "https://learn.microsoft.com/office/client-developer/outlook/mapi/";

#[test]
fn the_page_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("REQUIREMENTS.md");
    let catalogue = Catalogue::load(&root.join("../cases")).expect("the cases are right");
    let due = page(&catalogue);
    if std::env::var_os("SPOOLPROOF_UPDATE_PAGE").is_some() {
        std::fs::write(&path, &due).expect("the page can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let first = due.lines().zip(there.lines()).position(|(due, there)| due != there);
    assert!(
        there == due,
        "harness/REQUIREMENTS.md is not current (first in line {}): SPOOLPROOF_UPDATE_PAGE=1 cargo test --test requirements_page",
        first.unwrap_or_else(|| there.lines().count().min(due.lines().count())) + 1
    );
}

/// The figures of the README are counted, too.
#[test]
fn the_readme_counts_right() {
    const BEGIN: &str = "requirements_page -->\n";
    const END: &str = "<!-- /counts -->";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../README.md");
    let catalogue = Catalogue::load(&root.join("../cases")).expect("the cases are right");
    let text = std::fs::read_to_string(&path).expect("the README");
    let (before, rest) = text.split_once(BEGIN).expect("the counts begin");
    let (_, after) = rest.split_once(END).expect("the counts end");
    let due = format!("{before}{BEGIN}{}{END}{after}", counts(&catalogue));
    if std::env::var_os("SPOOLPROOF_UPDATE_PAGE").is_some() {
        std::fs::write(&path, &due).expect("the README can be written");
    }
    let there = std::fs::read_to_string(&path).expect("the README");
    assert!(
        there == due,
        "README.md: SPOOLPROOF_UPDATE_PAGE=1 cargo test --test requirements_page; due is\n{}",
        counts(&catalogue)
    );
}

fn counts(catalogue: &Catalogue) -> String {
    let all = Requirement::all();
    let of = |subject: Subject| all.iter().filter(|one| one.subject == subject).count();
    let sweeps = catalogue.cases.iter().filter(|case| case.sweep.is_some()).count();
    let table = defects::table();
    let breaks = table.defects.iter().filter(|defect| defect.breaks.is_some()).count();
    let mut out = "| what | how many |\n| --- | --- |\n".to_owned();
    let mut row = |what: &str, many: String| {
        let _ = writeln!(out, "| {what} | {many} |");
    };
    row(
        "statements",
        format!(
            "{}: {} about the provider, {} about the spooler",
            all.len(),
            of(Subject::Provider),
            of(Subject::Spooler)
        ),
    );
    row(
        "cases",
        format!(
            "{}, {sweeps} of them sweeps over every callback or allocation of a step",
            catalogue.cases.len()
        ),
    );
    row(
        "seeded defects",
        format!(
            "{breaks} that break a statement, {} that break none and must pass",
            table.defects.len() - breaks
        ),
    );
    let counted = |map: &std::collections::BTreeMap<String, String>| {
        let listed: Vec<_> = map.iter().map(|(id, why)| format!("{id} ({why})")).collect();
        if listed.is_empty() { "0".to_owned() } else { format!("{}: {}", listed.len(), listed.join("; ")) }
    };
    row("statements that cannot be seen broken at the boundary", counted(&table.unobservable));
    row("statements that no seeded defect proves yet", counted(&table.unproven));
    out
}

fn page(catalogue: &Catalogue) -> String {
    let mut out = "# Requirements\n\nWhat is judged, statement by statement: where it stands in MAPI's documentation, the cases that are \
                   there for it, and the seeded defects that prove that breaking it is noticed.\nThis page is made from \
                   `harness/spec/requirements.yaml`, `cases/` and `harness/providers/defective/defects.yaml`; \
                   `spoolproof explain ID` says the same of one.\n\nA rule holds in every case in which it has something to judge, not \
                   only in those that are listed.\n\n"
        .to_owned();
    let all = Requirement::all();
    let mut areas: Vec<&str> = all.iter().map(Requirement::area).collect();
    let mut seen = std::collections::BTreeSet::new();
    areas.retain(|area| seen.insert(*area));
    out.push_str(
        "| area | requirements | cases for them | defects that prove them |\n| --- | ---: | ---: | ---: |\n",
    );
    for area in &areas {
        let of: Vec<&Requirement> = all.iter().filter(|one| one.area() == *area).collect();
        let cases =
            catalogue.cases.iter().filter(|case| of.iter().any(|one| case.requirements.contains(&one.id)));
        let proofs: usize = of.iter().map(|one| defects::of(&one.id).count()).sum();
        let _ = writeln!(
            out,
            "| [{area}](#{}) | {} | {} | {proofs} |",
            area.to_lowercase(),
            of.len(),
            cases.count()
        );
    }
    for area in &areas {
        let _ = writeln!(out, "\n## {area}");
        for one in all.iter().filter(|one| one.area() == *area) {
            entry(&mut out, one, catalogue);
        }
    }
    out
}

fn entry(out: &mut String, one: &Requirement, catalogue: &Catalogue) {
    let of = match one.subject {
        Subject::Provider => "",
        Subject::Spooler => ", of the spooler",
    };
    let _ = writeln!(out, "\n### {}\n\n{} ({}{of})\n", one.id, one.text.trim(), one.level.name());
    let pages: Vec<String> = one.source.iter().map(|page| format!("[{page}]({PAGES}{page})")).collect();
    let _ = writeln!(out, "- source: {}", pages.join(", "));
    let cases: Vec<&Case> =
        catalogue.cases.iter().filter(|case| case.requirements.contains(&one.id)).collect();
    let named: Vec<String> = cases.iter().map(|case| format!("`{}`", case.id)).collect();
    let _ = writeln!(
        out,
        "- cases: {}",
        if named.is_empty() { "none of its own".to_owned() } else { named.join(", ") }
    );
    let seeded: Vec<String> =
        defects::of(&one.id).map(|defect| format!("`{}` ({})", defect.name, defect.does)).collect();
    let table = defects::table();
    match (seeded.is_empty(), table.unobservable.get(&one.id).or_else(|| table.unproven.get(&one.id))) {
        (false, _) => {
            let _ = writeln!(out, "- proven by: {}", seeded.join("; "));
        }
        (true, Some(reason)) => {
            let _ = writeln!(out, "- not proven by a seeded defect: {reason}");
        }
        (true, None) => {
            let _ = writeln!(out, "- no seeded defect");
        }
    }
}
