//! The seeded defects: what proves that the suite catches what it claims to catch.
//!
//! The table stands beside the provider that has the defects, `providers/defective`, and is compiled in. The self-test
//! (`cargo test --test defects`) runs them; here is only what can be told of them without running anything.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_yaml::from_str(include_str!("../providers/defective/defects.yaml"))
        .expect("a test reads the same file, which is part of the program")
});

/// The whole table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Table {
    /// The defects.
    pub defects: Vec<Defect>,
    /// Requirements that cannot be broken visibly at the boundary, each with the reason.
    pub unobservable: BTreeMap<String, String>,
    /// Requirements that could be proven and are not yet, each with what is missing.
    pub unproven: BTreeMap<String, String>,
    /// Cases that no defect is caught by, each with what it is there for.
    pub idle_cases: BTreeMap<String, String>,
}

/// A defect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Defect {
    /// Its name, for `SPOOLPROOF_DEFECT`.
    pub name: String,
    /// The requirement that it breaks; nothing where it is none, and all has to pass.
    #[serde(default)]
    pub breaks: Option<String>,
    /// What the provider does wrong, in a line.
    pub does: String,
    /// How the wrapped provider lets mail be learnt of.
    #[serde(default)]
    pub style: Style,
    /// Habits of the wrapped provider that it needs.
    #[serde(default)]
    pub habits: Option<String>,
    /// The message store that the candidate has beside its transport; none where missing.
    #[serde(default)]
    pub store: Option<Store>,
    /// The cases that are run; those that name the requirement where missing.
    #[serde(default)]
    pub cases: Option<Vec<String>>,
    /// Whether the points of sweeps are run, too.
    #[serde(default)]
    pub swept: bool,
    /// Requirements that may be reported as well, each with the reason.
    #[serde(default)]
    pub also: BTreeMap<String, String>,
    /// The name of a verdict that one of the cases has to come to.
    #[serde(default)]
    pub verdict: Option<String>,
    /// Whether it is no provider at all: no case with a message in it may pass.
    #[serde(default)]
    pub baseline: bool,
    /// Whether most of its cases hang until they are ended: they are run at once, as they only wait.
    #[serde(default)]
    pub hangs: bool,
    /// What is done to the library's file beforehand.
    #[serde(default)]
    pub library: Option<Tampering>,
    /// Whether it is one of the provider in Python, behind the shim, and not of the wrapped library.
    #[serde(default)]
    pub shim: bool,
}

/// How the wrapped provider lets mail be learnt of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// It is polled.
    #[default]
    Polled,
    /// It calls SpoolerNotify.
    Notify,
    /// It calls SpoolerNotify from within Idle as well.
    Idle,
}

impl Style {
    /// Its name in the provider's profile.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Polled => "polled",
            Self::Notify => "notify",
            Self::Idle => "idle",
        }
    }
}

/// How the wrapped provider's store and transport go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Store {
    /// The store stands alone.
    Alone,
    /// It is coupled with the transport.
    Coupled,
}

impl Store {
    /// Its name in the provider's profile.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Coupled => "coupled",
        }
    }

    /// The capabilities that it adds to the candidate's.
    #[must_use]
    pub fn capabilities(self) -> &'static str {
        match self {
            Self::Alone => "store",
            Self::Coupled => "store, coupled",
        }
    }
}

/// What is done to the library's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tampering {
    /// The entry point has another name.
    Misspelt,
}

/// The table.
#[must_use]
pub fn table() -> &'static Table {
    &TABLE
}

/// The defects that break a requirement.
pub fn of<'a>(requirement: &'a str) -> impl Iterator<Item = &'static Defect> + 'a {
    table().defects.iter().filter(move |defect| defect.breaks.as_deref() == Some(requirement))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::case::{Catalogue, cases_dir};
    use crate::requirements::Requirement;

    #[test]
    fn the_table_names_what_there_is() {
        let catalogue = Catalogue::load(&cases_dir()).expect("the cases are in order");
        let table = table();
        let reasons = table.unobservable.iter().chain(&table.unproven).chain(&table.idle_cases);
        assert!(
            reasons.into_iter().all(|(_, reason)| !reason.trim().is_empty()),
            "each exception has its reason"
        );
        let named = table.unobservable.keys().chain(table.unproven.keys()).map(String::as_str);
        let broken = table.defects.iter().filter_map(|defect| defect.breaks.as_deref());
        let also = table.defects.iter().flat_map(|defect| defect.also.keys().map(String::as_str));
        for id in named.chain(broken).chain(also) {
            assert!(Requirement::find(id).is_ok(), "there is no requirement `{id}`");
        }
        let cases = table.defects.iter().filter_map(|defect| defect.cases.as_ref()).flatten();
        for id in cases.chain(table.idle_cases.keys()) {
            assert!(catalogue.get(id).is_some(), "there is no case `{id}`");
        }
        let names: BTreeSet<_> = table.defects.iter().map(|defect| defect.name.as_str()).collect();
        assert_eq!(names.len(), table.defects.len(), "a name stands for one defect");
    }
}
