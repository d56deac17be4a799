//! The cases: what a case file says, how it is found, read, selected, and turned into a plan for the child.

mod area;
mod copies;
mod file;
mod load;
mod select;
mod sweep;

pub use area::Area;
pub use file::schema;
pub use load::{Case, Catalogue, LoadError, cases_dir};
pub use select::{Selection, Shard};
pub use sweep::{Fault, Place, Point, Sweep, SweepAt};

pub(crate) use copies::{Stamped, sent, stamp};
