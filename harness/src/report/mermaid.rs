//! A trace as a sequence diagram in Mermaid's language, for pages and tickets that draw it.

use std::fmt::Write as _;

use mock_spooler::trace::Event;

use super::diagram::{Diagram, Kind, Lane, Row, Weight};

/// Mermaid refuses texts of more than 50 000 characters unless it is told otherwise.
const MOST: usize = 48_000;

/// The most characters of a label.
const WIDE: usize = 100;

/// The diagram. Memory, references and facts are left out; what does not fit is counted.
pub(crate) fn mermaid(id: &str, events: &[Event]) -> String {
    let diagram = Diagram::new(events, &[], usize::MAX);
    let mut text = format!("sequenceDiagram\n  accTitle: {}\n", escaped(id));
    for lane in &diagram.lanes {
        let _ = writeln!(text, "  participant {} as {}", name(*lane), escaped(&lane.name()));
    }
    let shown: Vec<&Row> =
        diagram.rows.iter().filter(|row| !matches!(row.weight, Weight::Memory | Weight::Fact)).collect();
    let (first, last) = (name(diagram.lanes[0]), name(diagram.lanes[diagram.lanes.len() - 1]));
    for (index, row) in shown.iter().enumerate() {
        let line = line(row, &first, &last);
        if text.len() + line.len() > MOST {
            let left = shown.len() - index;
            let _ = writeln!(text, "  Note over {first},{last}: and {left} more rows that do not fit");
            break;
        }
        text.push_str(&line);
    }
    text
}

fn line(row: &Row, first: &str, last: &str) -> String {
    let (from, to) = (name(row.from), name(row.to));
    let text = escaped(&row.text);
    match (row.kind, row.weight) {
        (Kind::Leaf, _) if row.result.is_empty() => format!("  {from}->>{to}: {text}\n"),
        (Kind::Leaf, _) => format!("  {from}->>{to}: {text}\n  {to}-->>{from}: {}\n", escaped(&row.result)),
        (Kind::Call, _) => format!("  {from}->>{to}: {text}\n"),
        (Kind::Return, _) => format!("  {from}-->>{to}: {text}\n"),
        (Kind::Step | Kind::Gap, _) => format!("  Note over {first},{last}: {text}\n"),
        (Kind::Note, Weight::Bad) => format!("  Note over {from}: !! {text}\n"),
        (Kind::Note, _) => format!("  Note over {from}: {text}\n"),
    }
}

fn name(lane: Lane) -> String {
    match lane {
        Lane::Client => "client".to_owned(),
        Lane::Spooler(thread) => format!("spooler{thread}"),
        Lane::Candidate(thread) => format!("candidate{thread}"),
        Lane::Foreign => "foreign".to_owned(),
    }
}

/// A label in which nothing has a meaning to Mermaid or to HTML.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == WIDE {
            out.push('…');
            break;
        }
        match c {
            '.' | ',' | '(' | ')' | '=' | '_' | '-' | '/' => out.push(c),
            c if c.is_ascii_punctuation() => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    // A message without text is a mistake in its grammar.
    if out.trim().is_empty() { "(nothing)".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Trace;

    const TRACE: &str = r##"{"trace":1,"case":"polling/one"}
{"n":1,"t":1,"th":0,"ev":"step","index":0,"step":"receive"}
{"n":2,"t":2,"th":0,"ev":"call","by":"spooler","obj":"logon#1","m":"IXPLogon.StartMessage"}
{"n":3,"t":3,"th":0,"ev":"call","by":"candidate","obj":"message#1","m":"IMAPIProp.SetProps","args":{"a":"<b>;%%\n"}}
{"n":4,"t":4,"th":0,"ev":"return","call":3,"hr":"S_OK"}
{"n":5,"t":5,"th":0,"ev":"ref","by":"candidate","obj":"message#1","m":"AddRef","refs":2}
{"n":6,"t":6,"th":0,"ev":"return","call":2,"hr":""}
"##;

    #[test]
    fn a_trace_is_drawn() {
        let trace = Trace::parse(TRACE.as_bytes()).expect("a trace");
        assert_eq!(
            mermaid("polling/one", &trace.events),
            "sequenceDiagram\n  accTitle: polling/one\n  participant spooler0 as spooler\n  \
             participant candidate0 as candidate\n  Note over spooler0,candidate0: step 0#58; receive\n  \
             spooler0->>candidate0: logon#35;1 IXPLogon.StartMessage()\n  \
             candidate0->>spooler0: message#35;1 IMAPIProp.SetProps(a=#60;b#62;#59;#37;#37;#92;n)\n  \
             spooler0-->>candidate0: S_OK\n  candidate0-->>spooler0: IXPLogon.StartMessage = \n"
        );
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let arrive = |n: u64| format!("{{\"n\":{n},\"t\":{n},\"th\":0,\"ev\":\"arrive\",\"mail\":\"m\"}}\n");
        let head = "{\"trace\":1,\"case\":\"a/b\"}\n".to_owned();
        let text: String = std::iter::once(head).chain((1..=9000).map(arrive)).collect();
        let trace = Trace::parse(text.as_bytes()).expect("a trace");
        let text = mermaid("a/b", &trace.events);
        assert!(text.len() < 50_000 && text.ends_with("more rows that do not fit\n"), "{}", text.len());
    }
}
