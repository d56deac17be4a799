//! `spoolproof list`.

use std::io::Write as _;

use serde_json::json;

use super::args::ListArgs;
use super::{Complaint, catalogue};
use crate::case::{Case, Selection};
use crate::report::Exit;

pub(super) fn list(args: &ListArgs) -> Result<Exit, Complaint> {
    let catalogue = catalogue()?;
    let selection = Selection { filters: args.select.filters.clone(), exact: args.select.exact, shard: None };
    let cases: Vec<&Case> = catalogue.select(&selection).collect();
    if cases.is_empty() {
        return Err(Complaint::new(Exit::Usage, "spoolproof: nothing selected"));
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let listed: Vec<_> = cases.iter().map(|case| entry(case)).collect();
        serde_json::to_writer_pretty(&mut out, &listed).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        let wide = cases.iter().map(|case| case.id.len()).max().unwrap_or(0);
        for case in cases {
            let sweep = if case.sweep.is_some() { " (a sweep)" } else { "" };
            writeln!(out, "{:wide$}  {}{sweep}  [{}]", case.id, case.title, case.requirements.join(" "))?;
        }
    }
    Ok(Exit::Conformant)
}

fn entry(case: &Case) -> serde_json::Value {
    json!({
        "id": case.id,
        "title": case.title,
        "requirements": case.requirements,
        "needs": case.needs,
        "sweep": case.sweep.is_some(),
    })
}
