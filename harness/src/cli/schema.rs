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
        SchemaOf::Shim => format!("{:#}", mock_spooler::shim::document::schema()),
        SchemaOf::Report => crate::schema::text::<Record>(),
    };
    writeln!(std::io::stdout().lock(), "{schema}")?;
    Ok(Exit::Conformant)
}
