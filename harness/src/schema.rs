//! JSON Schemas as text: which library makes them is nobody's business but ours.

use schemars::JsonSchema;

/// The schema of a type, laid out for people.
pub(crate) fn text<T: JsonSchema>() -> String {
    format!("{:#}", schemars::schema_for!(T).to_value())
}
