//! The calls around the place where a finding shows.

use mock_spooler::trace::Event;

use super::trace_text;

const BEFORE: usize = 4;
const AFTER: usize = 2;
/// The most characters of a line.
const WIDE: usize = 150;

/// The lines of the trace around each of these events; the event's own line is marked.
pub(crate) fn context(events: &[Event], around: &[Option<u64>]) -> Vec<Vec<String>> {
    if around.is_empty() {
        return Vec::new();
    }
    let lines = trace_text::lines(events);
    let cut = |line: &str| match line.char_indices().nth(WIDE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    };
    let of = |wanted: &Option<u64>| {
        let Some(wanted) = wanted else { return Vec::new() };
        let Some(at) = lines.iter().position(|(n, _)| *n == *wanted) else { return Vec::new() };
        let last = (at + AFTER + 1).min(lines.len());
        let window = &lines[at.saturating_sub(BEFORE)..last];
        window
            .iter()
            .map(|(n, line)| format!("{} {}", if *n == *wanted { '>' } else { ' ' }, cut(line)))
            .collect()
    };
    around.iter().map(of).collect()
}
