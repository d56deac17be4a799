//! The session's row of the status table, and the status object that stands behind it.

mod object;
mod row;

pub(crate) use object::{StatusObject, open};
