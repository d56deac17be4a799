//! What came of a defect.

use std::collections::{BTreeMap, BTreeSet};

use spoolproof::defects::{self, Defect};

use crate::worker::CaseOutcome;

/// What the suite said of a defect.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The defect's place in the table.
    pub(crate) position: usize,
    pub(crate) defect: &'static Defect,
    pub(crate) cases: Vec<CaseOutcome>,
}

impl Outcome {
    pub(crate) fn new(defect: &'static Defect, cases: Vec<CaseOutcome>) -> Self {
        let position =
            defects::table().defects.iter().position(|other| other.name == defect.name).unwrap_or(usize::MAX);
        Self { position, defect, cases }
    }

    /// The requirements that were reported, each with the cases and what was said first.
    fn reported(&self) -> BTreeMap<&str, (Vec<&str>, &str)> {
        let mut reported: BTreeMap<&str, (Vec<&str>, &str)> = BTreeMap::new();
        for case in &self.cases {
            for (requirement, message) in &case.findings {
                let entry = reported.entry(requirement).or_insert_with(|| (Vec::new(), message));
                entry.0.push(&case.id);
            }
        }
        reported
    }

    /// The cases that reported what the defect breaks; points of a sweep count as their case.
    pub(crate) fn caught_by(&self) -> BTreeSet<&str> {
        let Some(breaks) = &self.defect.breaks else { return BTreeSet::new() };
        let caught = self.cases.iter().filter(|case| case.findings.contains_key(breaks));
        caught.map(|case| case.id.split('@').next().unwrap_or(&case.id)).collect()
    }

    /// What is wrong with it, if anything.
    pub(crate) fn complaint(&self) -> Option<String> {
        if self.defect.baseline {
            return self.baseline_complaint();
        }
        let reported = self.reported();
        let mut complaints = Vec::new();
        if let Some(breaks) = &self.defect.breaks
            && !reported.contains_key(breaks.as_str())
        {
            complaints.push(format!("{breaks} is broken, and was not reported ({})", self.verdicts()));
        }
        for (requirement, (cases, message)) in &reported {
            if self.defect.breaks.as_deref() != Some(requirement)
                && !self.defect.also.contains_key(*requirement)
            {
                complaints
                    .push(format!("{requirement} was reported too, in {}: {message}", cases.join(", ")));
            }
        }
        for case in self.cases.iter().filter(|case| case.verdict == "harness-error") {
            complaints.push(format!("harness error in {}: {}", case.id, case.detail));
        }
        if let Some(verdict) = &self.defect.verdict
            && !self.cases.iter().any(|case| case.verdict == *verdict)
        {
            complaints.push(format!("no case came to the verdict `{verdict}` ({})", self.verdicts()));
        }
        (!complaints.is_empty()).then(|| complaints.join("\n"))
    }

    /// No case with a message in it may pass, however little is asked of it.
    fn baseline_complaint(&self) -> Option<String> {
        let passed = self.cases.iter().filter(|case| case.verdict == "pass" && case.moves_mail);
        let failed = self.cases.iter().filter(|case| case.verdict == "harness-error");
        let complaints: Vec<String> = passed
            .map(|case| format!("{} passes", case.id))
            .chain(failed.map(|case| format!("harness error in {}: {}", case.id, case.detail)))
            .collect();
        (!complaints.is_empty()).then(|| complaints.join("\n"))
    }

    fn verdicts(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for case in &self.cases {
            *counts.entry(&case.verdict).or_default() += 1;
        }
        counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect::<Vec<_>>().join(", ")
    }
}

/// The matrix, a line per defect: name, requirement, the cases that caught it.
pub(crate) fn matrix(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let (mut caught, mut exact) = (0, 0);
    for outcome in outcomes {
        let by: Vec<&str> = outcome.caught_by().into_iter().collect();
        let breaks = outcome.defect.breaks.as_deref().unwrap_or("nothing");
        let shown = match (by.as_slice(), &outcome.defect.breaks) {
            ([], Some(_)) => "UNCAUGHT".to_owned(),
            ([], None) if outcome.defect.baseline => "passes no case with a message".to_owned(),
            ([], None) => "passes".to_owned(),
            ([first, second, third, rest @ ..], _) if !rest.is_empty() => {
                format!("{first}, {second}, {third} and {} more", rest.len())
            }
            (few, _) => few.join(", "),
        };
        caught += usize::from(!by.is_empty());
        exact += usize::from(outcome.complaint().is_none());
        text.push_str(&format!("{:<34} {breaks:<9} {shown}\n", outcome.defect.name));
    }
    let requirements: BTreeSet<_> =
        outcomes.iter().filter_map(|outcome| outcome.defect.breaks.as_deref()).collect();
    text.push_str(&format!(
        "{} defects of {} requirements: {caught} caught, {exact} exactly\n",
        outcomes.len(),
        requirements.len(),
    ));
    text
}
