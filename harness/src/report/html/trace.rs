//! A trace within the page: the rows of its diagram as data, which the script draws.
//!
//! The data is deflated: as plain JSON the traces of the whole suite take 24 MB, packed they take 6.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::cases::{anchor, beside};
use crate::golden::GoldenResult;
use crate::report::diagram::{Diagram, Kind, Lane, Row, Weight};
use crate::report::{CaseReport, in_line};
use crate::requirements::Requirement;

/// The most rows of one diagram.
const ROWS: usize = 4000;

/// How hard it is packed: more costs several times as long and saves a twentieth.
const LEVEL: u8 = 6;

/// The most characters of a row's text.
const WIDE: usize = 240;

/// What the page holds of a trace.
#[derive(Debug)]
pub(super) enum Embedded {
    /// There is none.
    Nothing,
    /// There is one, and the page has no room for it.
    NoRoom,
    /// The data, deflated, in Base64; and how many rows are shown of how many.
    Data { packed: String, shown: usize, total: usize },
}

impl Embedded {
    pub(super) fn new(report: &CaseReport, budget: usize) -> Self {
        let Some(trace) = &report.recorded else { return Self::Nothing };
        let marks: Vec<u64> = marks(report).into_iter().map(|(event, _)| event).collect();
        let diagram = Diagram::new(&trace.events, &marks, ROWS);
        let packed = packed(&data(report, &diagram));
        if packed.len() > budget {
            return Self::NoRoom;
        }
        Self::Data { packed, shown: diagram.rows.len(), total: diagram.total }
    }

    /// How much of the page it takes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Nothing | Self::NoRoom => 0,
            Self::Data { packed, .. } => packed.len(),
        }
    }

    pub(super) fn markup(&self, id: &str) -> Markup {
        let again = format!("spoolproof trace '{}'", in_line(id));
        html! {
            @match self {
                Self::Nothing => {}
                Self::NoRoom => p.hint { "The page has no room for this trace; " code { (again) } " shows it." },
                Self::Data { packed, shown, total } => {
                    section.trace aria-label="Sequence diagram" data-rows=(shown) {
                        @if shown < total {
                            p.hint {
                                "The diagram shows " (shown) " of " (total) " rows: the beginning, the end, and what is around \
                                 findings. " code { (again) } " shows all."
                            }
                        }
                        noscript { p.hint { "The diagram needs JavaScript; " code { (again) } " shows the same as text." } }
                        script type="application/octet-stream" id={ "data-" (anchor(id)) } { (packed) }
                    }
                }
            }
        }
    }
}

/// What is marked in the diagram: the events, with what stands beside them.
fn marks(report: &CaseReport) -> Vec<(u64, Value)> {
    let findings = report.findings.iter().filter_map(|finding| {
        let known = Requirement::find(&finding.requirement).ok();
        let text = known.map_or_else(String::new, |known| known.text.clone());
        let mark = json!({
            "requirement": finding.requirement,
            "level": finding.level,
            "text": text,
            "due": cut(&finding.due),
            "seen": cut(&finding.seen),
        });
        Some((finding.event?, mark))
    });
    let mut marks: Vec<(u64, Value)> = findings.collect();
    if let GoldenResult::Differs { diff, .. } = &report.golden
        && let Some(event) = diff.event
    {
        let rows: Vec<Value> =
            beside(diff).into_iter().map(|(golden, seen, same)| json!([golden, seen, same])).collect();
        marks.push((event, json!({ "golden": rows, "line": diff.line, "more": diff.more })));
    }
    marks
}

fn data(report: &CaseReport, diagram: &Diagram) -> Value {
    let lane = |wanted: Lane| diagram.lanes.iter().position(|lane| *lane == wanted).unwrap_or_default();
    let row = |row: &Row| {
        json!([
            row.n,
            row.t / 1000,
            row.depth,
            kind(row.kind),
            weight(row.weight),
            lane(row.from),
            lane(row.to),
            cut(&row.text),
            cut(&row.result),
            row.until,
        ])
    };
    let marks = marks(report)
        .into_iter()
        .filter_map(|(event, mark)| Some(json!([diagram.row_of(event)?, event, mark])));
    json!({
        "id": in_line(&report.id),
        "lanes": diagram.lanes.iter().map(|lane| lane.name()).collect::<Vec<_>>(),
        "rows": diagram.rows.iter().map(row).collect::<Vec<_>>(),
        "marks": marks.collect::<Vec<_>>(),
    })
}

fn kind(kind: Kind) -> u8 {
    match kind {
        Kind::Leaf => 0,
        Kind::Call => 1,
        Kind::Return => 2,
        Kind::Step => 3,
        Kind::Note => 4,
        Kind::Gap => 5,
    }
}

fn weight(weight: Weight) -> u8 {
    match weight {
        Weight::Plain => 0,
        Weight::Memory => 1,
        Weight::Fact => 2,
        Weight::Bad => 3,
    }
}

fn cut(text: &str) -> String {
    let text = in_line(text);
    match text.char_indices().nth(WIDE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What the script unpacks: of nothing that a candidate wrote a letter is left that could end the element.
fn packed(value: &Value) -> String {
    STANDARD.encode(miniz_oxide::deflate::compress_to_vec(value.to_string().as_bytes(), LEVEL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_leave_its_element() {
        let value = json!({ "a": "</script><!--<script>&amp;" });
        let text = packed(&value);
        assert!(!text.contains(['<', '>', '&']), "{text}");
        let bytes = STANDARD.decode(text).expect("Base64");
        let json = miniz_oxide::inflate::decompress_to_vec(&bytes).expect("deflated");
        assert_eq!(serde_json::from_slice::<Value>(&json).expect("JSON"), value);
    }
}
