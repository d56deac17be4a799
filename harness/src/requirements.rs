//! The index of the contract: every statement that a provider, or the spooler that drives it, is held to.
//!
//! The files `spec/requirements.yaml` and `spec/additions.yaml` are compiled in and read once. They are an index and not the
//! authority: each entry names the pages that it paraphrases.

use std::fmt;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::did_you_mean;

static ALL: LazyLock<Vec<Requirement>> = LazyLock::new(|| {
    [include_str!("../spec/requirements.yaml"), include_str!("../spec/additions.yaml")]
        .into_iter()
        .flat_map(|text| {
            let read: Result<Vec<Requirement>, _> = serde_yaml::from_str(text);
            read.expect("a test reads the same files, which are part of the program")
        })
        .collect()
});

/// One statement of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its name for ever: area and number, `RECV-02`.
    pub id: String,
    /// How binding the page words it.
    pub level: Level,
    /// Who is held to it.
    pub subject: Subject,
    /// Whether it belongs to the core that the project started from.
    #[serde(default)]
    pub seed: bool,
    /// The pages that it paraphrases: file names without `.md` in the public documentation.
    pub source: Vec<String>,
    /// What it says.
    pub text: String,
    /// How a disagreement among pages is resolved.
    #[serde(default)]
    pub note: Option<String>,
    /// How it can be observed at the boundary.
    #[serde(default)]
    pub probe: Option<String>,
}

/// How binding a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The page allows it.
    May,
    /// It follows from the page but does not stand there in these words.
    Derived,
    /// The page recommends it.
    Should,
    /// The page demands it.
    Must,
}

impl Level {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::May => "may",
            Self::Derived => "derived",
            Self::Should => "should",
            Self::Must => "must",
        }
    }

    /// Whether a candidate that breaks such a statement is not conformant, rather than warned.
    #[must_use]
    pub fn fails(self) -> bool {
        match self {
            Self::Must => true,
            Self::Should | Self::Derived | Self::May => false,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who is held to a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// The candidate.
    Provider,
    /// The mock spooler: breaking it is an error of the harness.
    Spooler,
}

/// No statement has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no requirement `{id}`{}", nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownRequirement {
    /// The name that was asked for.
    pub id: String,
    /// The name that was most likely meant.
    pub nearest: Option<&'static str>,
}

impl Requirement {
    /// Every statement, in the order of the file.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The statement with this name.
    ///
    /// # Errors
    ///
    /// [`UnknownRequirement`], with the name that was most likely meant.
    pub fn find(id: &str) -> Result<&'static Self, UnknownRequirement> {
        ALL.iter().find(|requirement| requirement.id == id).ok_or_else(|| UnknownRequirement {
            id: id.to_owned(),
            nearest: did_you_mean(id, ALL.iter().map(|requirement| requirement.id.as_str())),
        })
    }

    /// The area that it belongs to: `RECV` of `RECV-02`.
    #[must_use]
    pub fn area(&self) -> &str {
        self.id.split('-').next().unwrap_or(&self.id)
    }
}

/// The identifiers as a JSON Schema, for editors that complete them.
pub(crate) fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let ids: Vec<&str> = Requirement::all().iter().map(|requirement| requirement.id.as_str()).collect();
    schemars::json_schema!({ "type": "string", "enum": ids, "description": "A requirement: `spoolproof explain ID` says more." })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_entry_is_well_formed() {
        let mut seen = BTreeSet::new();
        for requirement in Requirement::all() {
            let id = &requirement.id;
            assert!(seen.insert(id), "{id} stands twice");
            let (area, number) = id.split_once('-').expect("an id is AREA-NN");
            assert!(area.bytes().all(|b| b.is_ascii_uppercase()), "{id}");
            assert!(number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit()), "{id}");
            assert!(!requirement.source.is_empty() && !requirement.text.is_empty(), "{id}");
        }
        assert!(seen.len() > 150, "the index is complete: {} entries", seen.len());
    }

    #[test]
    fn looked_up_by_name() {
        let found = Requirement::find("RECV-02").expect("it is in the index");
        assert_eq!(found.level, Level::Must);
        assert_eq!(found.subject, Subject::Provider);
        assert!(found.seed && found.level.fails());
        assert_eq!(found.area(), "RECV");
        assert_eq!(found.source, ["message-reception-model", "ixplogon-startmessage"]);
        assert!(found.probe.is_some());
    }

    #[test]
    fn a_wrong_name_gets_a_suggestion() {
        let wrong = Requirement::find("RECV-2").expect_err("not an id");
        assert_eq!(wrong.to_string(), "there is no requirement `RECV-2`; did you mean `RECV-02`?");
    }
}
