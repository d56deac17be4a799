//! The candidate: what its file says, what kind of library it is, and who is to load it.

mod bundled;
mod contents;
mod file;
mod host;
mod known;
mod library;
mod load;
pub(crate) mod placeholder;
mod profile;
mod span;

pub use bundled::{built_library, bundled};
pub use contents::{Contents, Need};
pub use file::schema;
pub(crate) use host::under_wine;
pub use host::{Host, HostError, Runner};
pub use known::{Known, KnownFailure};
pub use library::{Format, Library, LibraryError};
pub use load::{Candidate, CandidateError, Sink, Source};
