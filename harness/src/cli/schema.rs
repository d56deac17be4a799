//! `spoolproof schema`.

use std::io::Write as _;

use super::Complaint;
use super::args::SchemaOf;
use crate::report::Exit;
use crate::report::record::Record;
use crate::{candidate, case};

pub(super) fn schema(what: SchemaOf) -> Result<Exit, Complaint> {
    let schema = match what {
        SchemaOf::Case => case::schema(),
        SchemaOf::Candidate => candidate::schema(),
        SchemaOf::Shim => mock_spooler::shim::document::schema(),
        SchemaOf::Report => schemars::schema_for!(Record).to_value(),
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &schema).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(Exit::Conformant)
}
