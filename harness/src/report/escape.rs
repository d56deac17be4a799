//! Texts of a candidate, made harmless: what it names and prints must not steer a terminal.

use std::fmt::Write as _;

/// The most characters of one text that are shown.
const MOST: usize = 4000;

/// The text with control characters, and those that turn the direction of writing, shown as escapes. Lines stay lines.
pub(crate) fn harmless(text: &str) -> String {
    escape(text, |c| c == '\n')
}

/// The same, on one line.
pub(crate) fn in_line(text: &str) -> String {
    escape(text, |_| false)
}

/// JSON text in which no character steers a terminal: the same JSON, with such characters written as escapes.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Outside of strings JSON has none of these but ends of lines and tabs.
        if c != '\n' && c != '\t' && (c.is_control() || steers(c)) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn escape(text: &str, keep: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len().min(MOST));
    let mut last = ' ';
    for (count, c) in text.chars().enumerate() {
        if count == MOST {
            let left = text.chars().count() - MOST;
            let _ = write!(out, "… ({left} more characters)");
            break;
        }
        match c {
            '\n' if !keep(c) => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if keep(c) => out.push(c),
            c if c.is_control() || steers(c) || commands(&out, last, c) => {
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
        last = c;
    }
    out
}

/// What the logs of CI services take for commands: `::error::` at the start of a line, which may be that of a line that
/// was wrapped, and `##[`, `##vso[`, `##teamcity[` anywhere.
fn commands(before: &str, last: char, c: char) -> bool {
    match (last, c) {
        (':', ':') => before[..before.len() - 1].chars().next_back().is_none_or(|c| !c.is_alphanumeric()),
        ('#', '#') => true,
        _ => false,
    }
}

/// Directional overrides and isolates, zero-width characters, line and paragraph separators, tags.
fn steers(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered() {
        assert_eq!(
            in_line("a\u{1b}[31mb\u{7}\u{9b}c\n\u{202e}d"),
            "a\\u{1b}[31mb\\u{7}\\u{9b}c\\n\\u{202e}d"
        );
        assert_eq!(harmless("a\nb\r\n"), "a\nb\\r\n");
    }

    #[test]
    fn logs_are_not_commanded() {
        assert_eq!(
            harmless("::error::x\n ::a::\nstd::env x##[group]"),
            ":\\u{3a}error::x\n :\\u{3a}a::\nstd::env x#\\u{23}[group]"
        );
        assert_eq!(in_line("#\r::b"), "#\\r::b", "an escape in front is no start of a line");
        assert_eq!(in_line("##vso["), "#\\u{23}vso[");
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({ "a\u{9b}": "\u{202e}\u{e0041}\u{1b}\n" });
        let text = json(&serde_json::to_string_pretty(&value).expect("JSON"));
        assert!(text.is_ascii(), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }

    #[test]
    fn megabytes_are_cut() {
        let text = in_line(&"x".repeat(1_000_000));
        assert!(text.len() < 5000 && text.ends_with("(996000 more characters)"));
    }
}
