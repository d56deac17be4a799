//! Colour and width, as the place that is written to wants them.

use std::ffi::OsString;
use std::io::IsTerminal;

/// How a stream is written to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
    /// The columns of a terminal; nothing where lines may be as long as they are.
    width: Option<usize>,
}

/// A colour or weight.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tone {
    Good,
    Bad,
    Odd,
    Faint,
    Strong,
    Plain,
}

/// Narrower terminals are taken for broken ones.
const NARROWEST: usize = 40;

impl Paint {
    /// Colour on terminals, and where CLICOLOR_FORCE is set; NO_COLOR has the last word.
    pub(crate) fn of(stream: &impl IsTerminal) -> Self {
        let terminal = stream.is_terminal();
        let width = terminal.then(terminal_size::terminal_size).flatten();
        let width = width.map(|(terminal_size::Width(columns), _)| usize::from(columns).max(NARROWEST));
        Self { on: colour(terminal, |name| std::env::var_os(name)), width }
    }

    /// No colour, and lines as long as they are.
    pub(super) fn none() -> Self {
        Self { on: false, width: None }
    }

    /// A terminal of this width without colour.
    #[cfg(test)]
    pub(super) fn of_width(width: usize) -> Self {
        Self { on: false, width: Some(width) }
    }

    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    pub(super) fn width(self) -> Option<usize> {
        self.width
    }

    /// The text, cut where the terminal ends.
    pub(super) fn fit(self, text: &str) -> String {
        match self.width {
            Some(width) if text.chars().count() > width => {
                text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
            }
            Some(_) | None => text.to_owned(),
        }
    }

    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31;1",
            Tone::Odd => "33",
            Tone::Faint => "2",
            Tone::Strong => "1",
            Tone::Plain => return text.to_owned(),
        };
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The conventions of <https://no-color.org> and <https://bixense.com/clicolors>.
fn colour(terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let not_zero = |value: OsString| value != "0";
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(not_zero) {
        return true;
    }
    terminal && set("CLICOLOR").is_none_or(not_zero) && set("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_what_the_environment_wants() {
        let of = |terminal: bool, set: &[(&str, &str)]| {
            colour(terminal, |name| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).into()))
        };
        assert!(of(true, &[]) && !of(false, &[]));
        assert!(!of(true, &[("NO_COLOR", "1")]) && of(true, &[("NO_COLOR", "")]));
        assert!(of(false, &[("CLICOLOR_FORCE", "1")]) && !of(false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!of(true, &[("CLICOLOR", "0")]) && !of(true, &[("TERM", "dumb")]));
        assert!(!of(true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), "NO_COLOR has the last word");
    }
}
