//! What is told of a run: one stream of events, and those who make text and files of it.
//!
//! [`CaseReport`] is the one model of a case, [`Summary`] of a run; a [`Reporter`] takes them as they come. [`record`] is
//! the same as data, and [`merge`] reads that back and tells it again, so that several machines make one report.

mod about;
mod case;
mod context;
mod diagram;
mod escape;
mod html;
mod job_summary;
mod json;
mod junit;
pub mod merge;
mod mermaid;
mod output;
mod paint;
mod perfetto;
mod recap;
pub mod record;
mod summary;
mod terminal;
mod told;
pub(crate) mod trace_text;

pub use about::About;
pub use case::CaseReport;
pub use context::Around;
pub use html::Html;
pub use job_summary::JobSummary;
pub use json::Json;
pub use junit::Junit;
pub use output::write_whole;
pub use summary::{Exit, Summary};
pub use terminal::Terminal;

pub(crate) use context::context;
pub(crate) use escape::{harmless, in_line, json};
pub(crate) use mermaid::mermaid;
pub(crate) use paint::Paint;
pub(crate) use perfetto::perfetto;
pub(crate) use told::{PAGES, plain};

/// What happens in a run, in order. Reports of cases come in the order of the catalogue, whatever order they ran in.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The run begins.
    Started {
        /// How many cases it has, the points of sweeps not yet counted.
        cases: usize,
    },
    /// So many of so many runs of children are over.
    Progress {
        /// Those that are over.
        done: usize,
        /// All that are known of by now.
        of: usize,
        /// The one that was begun last.
        latest: &'a str,
    },
    /// A case, or a point of a sweep, has its verdict.
    Case(&'a CaseReport),
    /// All have.
    Finished(&'a Summary),
}

/// Makes something of the events.
pub trait Reporter {
    /// Takes an event.
    ///
    /// # Errors
    ///
    /// What the reporter writes to cannot be written to.
    fn event(&mut self, event: Event<'_>) -> std::io::Result<()>;
}
