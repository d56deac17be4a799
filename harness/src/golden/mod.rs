//! Golden traces: what a session between spooler and provider looks like once the freedom of the provider is folded away.
//!
//! [`project`] turns a trace into text that a person can review: one call per line, indented by nesting. Every provider
//! that keeps the contract gives the same text for the same case, whatever its habits; what is folded away, and why, stands
//! in [`FOLDINGS`]. [`compare`] holds the text against `golden/AREA/NAME.snap`, an insta snapshot.

mod compare;
mod folding;
mod message;
mod projection;
mod stores;
#[cfg(test)]
mod tests;

pub use compare::{Divergence, GoldenResult, Side, compare, golden_dir, golden_path, unlike};
pub use folding::{FOLDINGS, Folding};
pub use projection::{Line, Projection, project};
