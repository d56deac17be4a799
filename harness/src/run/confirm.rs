//! What was found by the clock is looked for again: a verdict must not tell of the machine.

use std::collections::BTreeSet;
use std::io;

use super::child::Child;
use super::record;
use super::suite::Suite;
use crate::case::{Case, Point};
use crate::judge::{Finding, rules};

/// How often a finding has to be seen once more.
const AGAIN: usize = 2;

/// What remains of the findings of a child where the case is run again for those that the clock alone speaks for.
pub(super) fn confirmed(
    suite: &Suite,
    case: &Case,
    point: Option<&Point>,
    mut findings: Vec<Finding>,
) -> io::Result<Vec<Finding>> {
    for _ in 0..AGAIN {
        if !findings.iter().any(by_the_clock) {
            break;
        }
        let refuted = refuted(&Child::run(suite, case, point)?, suite, case);
        findings.retain(|finding| !by_the_clock(finding) || !refuted.contains(finding.requirement.as_str()));
    }
    Ok(findings)
}

fn by_the_clock(finding: &Finding) -> bool {
    rules::BY_THE_CLOCK.contains(&finding.requirement.as_str())
}

/// The requirements that this child was judged by and did not break. One that does not come to its end refutes nothing.
fn refuted(child: &Child, suite: &Suite, case: &Case) -> BTreeSet<&'static str> {
    let Ok((trace, end)) = record::judged(&child.written, child.ended.end.clone()) else {
        return BTreeSet::new();
    };
    if !trace.ended() {
        return BTreeSet::new();
    }
    let judgement = child.judgement(suite, case, &trace, &end);
    let broken = |id: &str| judgement.findings.iter().any(|finding| finding.requirement == id);
    rules::BY_THE_CLOCK.iter().copied().filter(|id| !broken(id)).collect()
}
