//! Reading a trace from its file.
//!
//! A child may die at any moment, so the last line may be cut off, and the line that says that all is over may be missing.
//! Everything else has to be whole: a judge that passes over a line it cannot read would judge half a record.

use std::io;
use std::path::Path;

use mock_spooler::trace::event::{Event, Header, TRACE_VERSION, What};

/// What a case's child wrote down.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The first line.
    pub header: Header,
    /// The lines after it.
    pub events: Vec<Event>,
    /// Whether the last line was cut off, and left out.
    pub cut_off: bool,
}

/// A trace that cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be read.
    #[error("the trace cannot be read")]
    Unreadable(#[from] io::Error),
    /// There is no first line.
    #[error("the trace has no first line: the child ended before it wrote anything")]
    Empty,
    /// The first line tells of another version of the format.
    #[error("the trace has version {found}, this program reads version {TRACE_VERSION}")]
    Version {
        /// The version that it has.
        found: u32,
    },
    /// A line is not what the format says.
    #[error("line {line} of the trace is not an event")]
    Malformed {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A line is missing.
    #[error("line {line} of the trace has event {found} where {due} is due")]
    Gap {
        /// Its number, from 1.
        line: usize,
        /// The event's number.
        found: u64,
        /// The number that is due.
        due: u64,
    },
}

impl Trace {
    /// Reads a trace.
    ///
    /// # Errors
    ///
    /// [`TraceError`]; a last line that was cut off is none.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        Self::parse(&std::fs::read(path)?)
    }

    /// Reads a trace that is in memory.
    ///
    /// # Errors
    ///
    /// As for [`Trace::read`].
    pub fn parse(text: &[u8]) -> Result<Self, TraceError> {
        let mut trace = Self::empty();
        trace.fill(text).map(|()| trace)
    }

    /// What comes before the first line that is none of a trace's: all that can be known of one that was written over.
    #[must_use]
    pub fn sound(text: &[u8]) -> Self {
        let mut trace = Self::empty();
        trace.cut_off = trace.fill(text).is_err();
        trace
    }

    fn empty() -> Self {
        let header = Header { trace: TRACE_VERSION, case: String::new(), started: None };
        Self { header, events: Vec::new(), cut_off: false }
    }

    fn fill(&mut self, text: &[u8]) -> Result<(), TraceError> {
        let text = written(text);
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').enumerate();
        let (_, first) = lines.next().filter(|(_, line)| line.ends_with(b"\n")).ok_or(TraceError::Empty)?;
        self.header = serde_json::from_slice(first)
            .map_err(|error| TraceError::Malformed { line: 1, source: error.into() })?;
        if self.header.trace != TRACE_VERSION {
            return Err(TraceError::Version { found: self.header.trace });
        }
        for (index, line) in lines {
            let event: Event = match serde_json::from_slice(line) {
                Ok(event) => event,
                // Only the last line can lack its end.
                Err(_) if !line.ends_with(b"\n") => {
                    self.cut_off = true;
                    return Ok(());
                }
                Err(error) => return Err(TraceError::Malformed { line: index + 1, source: error.into() }),
            };
            let due = self.events.last().map_or(1, |last| last.n + 1);
            if event.n != due {
                return Err(TraceError::Gap { line: index + 1, found: event.n, due });
            }
            self.events.push(event);
        }
        Ok(())
    }

    /// Whether the child came to the end of the case in order.
    #[must_use]
    pub fn ended(&self) -> bool {
        matches!(self.events.last(), Some(Event { what: What::End {}, .. }))
    }

    /// What the system's clock said at an event, in seconds since 1970; nothing where the trace does not tell.
    #[must_use]
    pub fn clock_at(&self, n: u64) -> Option<i64> {
        let passed = i64::try_from(self.event(n)?.t / 1_000_000_000).ok()?;
        self.header.started?.checked_add(passed)
    }

    /// The event with this number.
    #[must_use]
    pub fn event(&self, n: u64) -> Option<&Event> {
        let index = usize::try_from(n).ok()?.checked_sub(1)?;
        self.events.get(index)
    }
}

/// What was written of a trace's file, which is made larger ahead of its lines: where its child did not come to close it, there
/// are zeroes at its end.
#[must_use]
pub fn written(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "{\"trace\":1,\"case\":\"polling/one\"}\n";
    const ONE: &str = "{\"n\":1,\"t\":5,\"th\":0,\"ev\":\"arrive\",\"mail\":\"m1\"}\n";

    #[test]
    fn whole_traces_are_read() {
        let trace =
            Trace::parse(format!("{HEAD}{ONE}{{\"n\":2,\"t\":9,\"th\":0,\"ev\":\"end\"}}\n").as_bytes());
        let trace = trace.expect("a good trace");
        assert_eq!((trace.header.case.as_str(), trace.events.len()), ("polling/one", 2));
        assert!(trace.ended() && !trace.cut_off);
        assert_eq!(trace.event(1).map(|event| event.t), Some(5));
        assert_eq!(trace.event(0), None);
    }

    #[test]
    fn a_last_line_may_be_cut_off() {
        let trace = Trace::parse(format!("{HEAD}{ONE}{{\"n\":2,\"t\":9,\"th").as_bytes())
            .expect("cut off, not broken");
        assert!(trace.cut_off && !trace.ended());
        assert_eq!(trace.events.len(), 1);
    }

    #[test]
    fn zeroes_at_the_end_are_no_line() {
        let zeroes = "\0".repeat(4096);
        let trace = Trace::parse(format!("{HEAD}{ONE}{zeroes}").as_bytes()).expect("whole as far as it goes");
        assert_eq!((trace.events.len(), trace.cut_off), (1, false));
        let trace = Trace::parse(format!("{HEAD}{ONE}{{\"n\":2{zeroes}").as_bytes()).expect("cut off");
        assert_eq!((trace.events.len(), trace.cut_off), (1, true));
    }

    #[test]
    fn what_is_broken_is_said() {
        let error = |text: &str| Trace::parse(text.as_bytes()).expect_err("broken").to_string();
        assert!(error("").contains("no first line"));
        assert!(error("{\"trace\":1,\"ca").contains("no first line"));
        assert!(error("{\"trace\":7,\"case\":\"a/b\"}\n").contains("version 7"));
        assert!(error(&format!("{HEAD}what\n{ONE}")).contains("line 2"));
        assert!(error(&format!("{HEAD}{ONE}{ONE}")).contains("event 1 where 2 is due"));
        assert!(error(&format!("{HEAD}{{\"n\":1,\"t\":0,\"th\":0,\"ev\":\"dream\"}}\n")).contains("line 2"));
    }
}
