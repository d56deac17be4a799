//! The rules as a whole.

use std::collections::BTreeSet;

use crate::judge::rules::{UNOBSERVABLE, all};
use crate::requirements::Requirement;

/// The areas of which every statement has a rule or is told apart.
const COVERED: &[&str] = &[
    "LIFE", "LOGON", "ADDR", "OPTS", "STAT", "CTRL", "POLL", "NOTI", "RECV", "CANC", "SEND", "VALS", "IDLE",
    "LOFF", "MEMO", "ROBU",
];

#[test]
fn every_rule_checks_a_requirement_and_no_two_the_same() {
    let mut seen = BTreeSet::new();
    for rule in all() {
        Requirement::find(rule.id).expect("a rule is named by its requirement");
        assert!(seen.insert(rule.id), "{} has two rules", rule.id);
    }
}

#[test]
fn every_statement_of_an_area_has_a_rule() {
    let without: Vec<_> = Requirement::all()
        .iter()
        .filter(|requirement| COVERED.contains(&requirement.area()))
        .map(|requirement| requirement.id.as_str())
        .filter(|id| crate::judge::rules::find(id).is_none())
        .filter(|id| !UNOBSERVABLE.iter().any(|(unobservable, _)| unobservable == id))
        .collect();
    // How recipients are matched is the spooler's affair, which its own tests show.
    let told_apart = ["ADDR-05"];
    let missing: Vec<_> = without.into_iter().filter(|id| !told_apart.contains(id)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn what_cannot_be_observed_is_named_once_and_has_no_rule() {
    for (id, reason) in UNOBSERVABLE {
        Requirement::find(id).expect("a requirement");
        assert!(!reason.is_empty());
        assert!(crate::judge::rules::find(id).is_none(), "{id}");
    }
}
