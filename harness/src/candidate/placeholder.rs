//! What a candidate file cannot know beforehand: `${sink.port}` and its like in texts of the profile and in words of a command.
//!
//! The keys of the file are fixed; a listener's port and a case's directory are new for each case. A property of the profile is
//! how a provider learns of such things anyway, so its value is the place for them.

use std::net::SocketAddr;

use crate::words::suggestion;

/// Something that is known when a case begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// Where our listener is: `127.0.0.1:40123`.
    SinkAddress,
    /// Its machine.
    SinkHost,
    /// Its port.
    SinkPort,
    /// The case's own directory, where the candidate's process runs too.
    CaseDir,
}

/// What the placeholders stand for in one case.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Our listener.
    pub(crate) sink: Option<SocketAddr>,
    /// The case's directory, as the candidate sees it.
    pub(crate) dir: String,
}

impl Placeholder {
    pub(crate) const ALL: [Self; 4] = [Self::SinkAddress, Self::SinkHost, Self::SinkPort, Self::CaseDir];

    /// Its name, as it stands between the braces.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SinkAddress => "sink.address",
            Self::SinkHost => "sink.host",
            Self::SinkPort => "sink.port",
            Self::CaseDir => "case.dir",
        }
    }

    /// Whether it tells of our listener.
    pub(crate) fn of_sink(self) -> bool {
        matches!(self, Self::SinkAddress | Self::SinkHost | Self::SinkPort)
    }

    fn value(self, facts: &Facts) -> String {
        let sink = |part: fn(SocketAddr) -> String| facts.sink.map(part).unwrap_or_default();
        match self {
            Self::SinkAddress => sink(|address| address.to_string()),
            Self::SinkHost => sink(|address| address.ip().to_string()),
            Self::SinkPort => sink(|address| address.port().to_string()),
            Self::CaseDir => facts.dir.clone(),
        }
    }
}

/// A text in its parts.
enum Part<'a> {
    Text(&'a str),
    Value(&'a str),
}

/// `$${` is a `${` that means itself.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if at > 0 && rest.as_bytes()[at - 1] == b'$' {
            parts.push(Part::Text(&rest[..at - 1]));
            parts.push(Part::Text("${"));
            rest = &rest[at + 2..];
            continue;
        }
        let Some(end) = rest[at..].find('}') else { break };
        parts.push(Part::Text(&rest[..at]));
        parts.push(Part::Value(&rest[at + 2..at + end]));
        rest = &rest[at + end + 1..];
    }
    parts.push(Part::Text(rest));
    parts
}

fn find(name: &str) -> Option<Placeholder> {
    Placeholder::ALL.into_iter().find(|known| known.name() == name)
}

/// The placeholders in a text; the complaint about one that there is not.
pub(crate) fn within(text: &str) -> Result<Vec<Placeholder>, String> {
    let named = parts(text).into_iter().filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Value(name) => Some(find(name).ok_or_else(|| {
            let near = suggestion(name, Placeholder::ALL.map(Placeholder::name));
            format!("there is no `${{{name}}}`{near}")
        })),
    });
    named.collect()
}

/// The text with what its placeholders stand for.
pub(crate) fn fill(text: &str, facts: &Facts) -> String {
    let filled = parts(text).into_iter().map(|part| match part {
        Part::Text(text) => text.to_owned(),
        Part::Value(name) => find(name).map_or_else(|| format!("${{{name}}}"), |known| known.value(facts)),
    });
    filled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        let sink = "127.0.0.1:2526".parse().expect("an address");
        fill(text, &Facts { sink: Some(sink), dir: "/c".to_owned() })
    }

    #[test]
    fn values_stand_in_their_place() {
        assert_eq!(filled("smtp://${sink.address}/"), "smtp://127.0.0.1:2526/");
        assert_eq!(filled("${sink.host} ${sink.port} ${case.dir}/x"), "127.0.0.1 2526 /c/x");
        assert_eq!(filled("$${sink.port} costs 5$ {a} ${open"), "${sink.port} costs 5$ {a} ${open");
        assert_eq!(
            within("a ${case.dir} ${sink.port}"),
            Ok(vec![Placeholder::CaseDir, Placeholder::SinkPort])
        );
    }

    #[test]
    fn unknown_ones_are_told() {
        let error = within("${sink.prot}").expect_err("misspelt");
        assert!(error.contains("`${sink.prot}`") && error.contains("did you mean `sink.port`?"), "{error}");
    }
}
