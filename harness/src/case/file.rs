//! What stands in a case file, as it stands there.

use std::collections::BTreeMap;

use mock_spooler::plan::Step;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::sweep::SweepFile;
use crate::capability::Capability;
use crate::unique::UniqueMap;

/// A case: what it shows, what it needs, what happens in it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CaseFile {
    /// What the case shows, in a line.
    pub(super) title: String,
    /// The requirements that the case is there for.
    #[schemars(schema_with = "requirements")]
    pub(super) requirements: Vec<String>,
    /// What a candidate must be able to do for the case to apply to it.
    #[serde(default)]
    pub(super) needs: Vec<Capability>,
    /// The mails of the case: names that the steps use, each with a file under `cases/mail`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) mail: UniqueMap<String>,
    /// Mails whose text, or that of their last part, is continued until they have so many bytes: long mail that no file has to hold.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, usize>")]
    pub(super) grow: UniqueMap<usize>,
    /// What happens, in order.
    // As in JSON: `do: { slow: 5 }`, where YAML's own way would be the tag `do: !slow 5`.
    #[serde(deserialize_with = "serde_yaml::with::singleton_map_recursive::deserialize")]
    #[schemars(schema_with = "steps")]
    pub(super) steps: Vec<Step>,
    /// Runs the case once for every callback (or allocation) of one of its steps, with a fault there.
    #[serde(default)]
    pub(super) sweep: Option<SweepFile>,
    /// Another case that this one must be like: what both show of a store has to be the same (COUP-06).
    #[serde(default)]
    pub(super) like: Option<String>,
    /// Whether the trace is compared with a golden.
    #[serde(default = "yes")]
    pub(super) golden: bool,
    /// Names of further goldens, where the specification leaves a choice: one of them must match.
    #[serde(default)]
    pub(super) alternatives: Vec<String>,
}

fn yes() -> bool {
    true
}

/// The JSON Schema of case files, as JSON.
#[must_use]
pub fn schema() -> String {
    crate::schema::text::<CaseFile>()
}

fn requirements(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "items": crate::requirements::schema(generator) })
}

fn steps(generator: &mut SchemaGenerator) -> Schema {
    let mut choices = Vec::new();
    for (verb, arguments, short) in Step::schemas(generator) {
        let described =
            Step::VERBS.iter().find(|(name, _)| *name == verb).map_or("", |(_, says)| says.trim());
        let arguments = arguments.to_value();
        let mut values = vec![arguments.clone()];
        if let (Some(short), Some(defined)) = (short, arguments["$ref"].as_str()) {
            values.push(serde_json::json!({ "$ref": format!("{defined}/properties/{short}") }));
        }
        choices.push(serde_json::json!({ "const": verb, "description": described }));
        choices.push(serde_json::json!({
            "type": "object",
            "description": described,
            "properties": { verb: { "anyOf": values } },
            "required": [verb],
            "additionalProperties": false,
        }));
    }
    json_schema!({ "type": "array", "minItems": 1, "items": { "anyOf": choices } })
}
