//! What is wrong with a message: where, what was due, what was seen.

use std::fmt;

use serde_json::Value;

/// More of a line than this is not quoted.
const QUOTED: usize = 160;

/// A mistake in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where in the message, `args.lpPropArray[2].value`; empty for the message as a whole.
    pub at: String,
    /// What would be right.
    pub due: String,
    /// What stands there, shortened and escaped.
    pub seen: String,
}

impl Wrong {
    /// A mistake in a value.
    pub fn new(due: impl Into<String>, seen: &Value) -> Self {
        Self { at: String::new(), due: due.into(), seen: quote(seen.to_string().as_bytes()) }
    }

    /// A mistake that is told in words.
    pub fn told(due: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { at: String::new(), due: due.into(), seen: seen.into() }
    }

    /// The same mistake, seen from further out.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        self.at = match self.at.as_str() {
            "" => place.to_owned(),
            at if at.starts_with('[') => format!("{place}{at}"),
            at => format!("{place}.{at}"),
        };
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            write!(f, "`{}`: ", self.at)?;
        }
        write!(f, "due: {}; seen: {}", self.due, self.seen)
    }
}

impl std::error::Error for Wrong {}

/// Bytes of the program's as text that can be shown anywhere: escaped, and shortened with the number of bytes left out.
#[must_use]
pub(super) fn quote(bytes: &[u8]) -> String {
    quote_of(bytes, bytes.len())
}

/// As [`quote`], of the beginning of something that has `whole` bytes in all.
#[must_use]
pub(super) fn quote_of(bytes: &[u8], whole: usize) -> String {
    let shown = &bytes[..bytes.len().min(QUOTED)];
    let mut text = String::new();
    for chunk in shown.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\'' => text.push(character),
                _ => text.extend(character.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    if whole > shown.len() {
        format!("`{text}` and {} bytes more", whole - shown.len())
    } else {
        format!("`{text}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_short_and_harmless() {
        assert_eq!(quote(b"{\"id\":\x1b[1m\xff\n"), "`{\"id\":\\u{1b}[1m\\xff\\n`");
        let long = quote(&[b'x'; 1000]);
        assert!(long.ends_with("xx` and 840 bytes more"), "{long}");
    }

    #[test]
    fn places_are_put_together() {
        let wrong = Wrong::told("a number", "`x`").within("[2]").within("lpPropArray").within("args");
        assert_eq!(wrong.to_string(), "`args.lpPropArray[2]`: due: a number; seen: `x`");
    }
}
