//! `spoolproof merge`.

use super::args::MergeArgs;
use super::{Complaint, outputs};
use crate::report::Exit;
use crate::report::merge::Merged;

pub(super) fn merge(args: &MergeArgs) -> Result<Exit, Complaint> {
    let merged = Merged::read(&args.dirs)
        .map_err(|error| Complaint::new(Exit::Usage, format!("spoolproof: {error}")))?;
    let mut reporters = outputs::reporters(&args.output, None, merged.about(), None);
    let traces = outputs::traces(&args.output, None);
    let summary = merged
        .tell(traces, &mut |event| reporters.iter_mut().try_for_each(|reporter| reporter.event(event)))?;
    Ok(summary.exit())
}
