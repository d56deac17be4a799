//! Whom a run is about.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::candidate::Candidate;

/// The candidate as reports name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its library, or the command of its program.
    pub library: String,
    /// The candidate file, where there is one.
    pub file: Option<String>,
    /// The command that judges it again, without filters.
    pub command: String,
    /// Whether warnings are failures.
    pub strict: bool,
}

impl About {
    /// A candidate; `bundled` where none was named.
    #[must_use]
    pub fn new(candidate: &Candidate, bundled: bool, strict: bool) -> Self {
        let mut command = match &candidate.file {
            Some(file) => format!("spoolproof run --candidate {}", quoted(file)),
            None if bundled => "spoolproof run".to_owned(),
            None if candidate.shim.is_some() => format!("spoolproof run --shim {}", quoted(candidate.code())),
            None => format!("spoolproof run --library {}", quoted(&candidate.library)),
        };
        if strict {
            command.push_str(" --strict");
        }
        Self {
            name: candidate.name.clone(),
            library: candidate.code(),
            file: candidate.file.as_ref().map(|file| file.to_string_lossy().into_owned()),
            command,
            strict,
        }
    }

    /// The command that repeats one case or point.
    #[must_use]
    pub fn again(&self, id: &str) -> String {
        format!("{} --exact '{id}'", self.command)
    }
}

/// As a shell takes it.
fn quoted(path: impl AsRef<Path>) -> String {
    format!("'{}'", path.as_ref().display().to_string().replace('\'', r"'\''"))
}
