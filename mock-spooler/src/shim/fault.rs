//! What a program can do wrong to the protocol.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wrong::Wrong;

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A line that is no message.
    NoMessage,
    /// A message that says something there is not: an unknown method or handle, an argument of another kind.
    WrongMessage,
    /// An answer to a question that was never asked, or was answered already.
    Unasked,
    /// An answer that is an error where the method was known.
    Refused,
    /// More unanswered calls at once than anybody makes.
    Flood,
    /// A line that is longer than any may be.
    TooLong,
    /// The output ended in the midst of a line.
    Cut,
    /// The program ended before its time.
    Exited,
    /// The program went on after it was told to end.
    StaysOn,
    /// The program said nothing where an answer was due.
    Silent,
}

/// A fault, with what was seen and what was due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind it is.
    pub kind: FaultKind,
    /// What the program did, quoted.
    pub seen: String,
    /// What was expected of it.
    pub due: String,
}

impl Fault {
    /// A fault in words.
    pub fn new(kind: FaultKind, due: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { kind, due: due.into(), seen: seen.into() }
    }

    /// A message that is wrong, in a call or an answer.
    #[must_use]
    pub fn of(kind: FaultKind, place: &str, wrong: &Wrong) -> Self {
        let at = if wrong.at.is_empty() { String::new() } else { format!(" in `{}`", wrong.at) };
        let place = if place.is_empty() { String::new() } else { format!("{place}{at}: ") };
        Self { kind, due: format!("{place}{}", wrong.due), seen: wrong.seen.clone() }
    }
}
