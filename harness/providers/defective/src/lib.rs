//! A MAPI transport provider with one seeded defect.
//!
//! A suite that judges providers is only worth what it catches. This library loads a conformant provider and passes on every
//! call in both directions, through objects of its own; the environment variable `SPOOLPROOF_DEFECT` names the one thing
//! that goes wrong on the way. Without it the library behaves as the provider that it wraps.
//!
//! The defects are seeded at the boundary and not inside the provider, because there each is a few lines, breaks one
//! requirement and leaves the rest alone; a fork of the provider per defect would drift. `defects.yaml` lists them. Beside them stand candidates
//! that break everything within reach (`hostile.yaml`): whoever judges must outlive them.

mod boundary;
mod defects;
mod entry;
mod hooks;
mod hostile;
mod service;
mod wrapped;

pub use entry::{MSProviderInit, XPProviderInit};
pub use service::ServiceEntry;

/// The table of the defects, `defects.yaml`: names, the requirements that they break, how they look.
pub const TABLE: &str = include_str!("../defects.yaml");

/// The table of the hostile candidates, `hostile.yaml`: names, what they do, what a run with one ends in.
pub const HOSTILE: &str = include_str!("../hostile.yaml");
