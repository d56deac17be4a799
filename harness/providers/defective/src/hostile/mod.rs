//! Candidates that mean harm, or do what harms by mistake: to the objects that they are lent, to memory, to the process and to the
//! machine.
//!
//! None of it is a breach of one requirement, which is what the seeded defects are; the question is whether the judge outlives it,
//! tells what happened, and leaves nothing behind. `hostile.yaml` says what each run ends in.

#[cfg(unix)]
mod files;
mod objects;
mod outputs;
#[cfg(unix)]
mod process;
mod raw;
mod resources;
mod values;

use crate::defects::Defect;
use crate::hooks::Hooks;

/// Where most of it happens: there are a support object, a message in process and a maildrop then.
const START: &str = "IXPLogon.StartMessage";

const AREAS: &[&[Defect]] = &[
    objects::HOSTILE,
    values::HOSTILE,
    outputs::HOSTILE,
    resources::HOSTILE,
    #[cfg(unix)]
    process::HOSTILE,
    #[cfg(unix)]
    files::HOSTILE,
];

/// The candidate of a name; nothing where there is none.
pub(crate) fn make(name: &str) -> Option<Hooks> {
    all().find(|(known, _)| *known == name).map(|(_, make)| make()).or_else(|| outputs::made(name))
}

/// Does it once a message is received.
fn started(act: impl Fn() + Send + Sync + 'static) -> Hooks {
    Hooks::default().before(START, move |_| act())
}

fn all() -> impl Iterator<Item = &'static Defect> {
    AREAS.iter().flat_map(|area| area.iter())
}

#[cfg(all(test, unix))]
mod tests {
    use std::collections::BTreeSet;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Table {
        hostile: Vec<Row>,
    }

    #[derive(Deserialize)]
    struct Row {
        name: String,
        /// Where it is not the row's name.
        #[serde(default)]
        defect: Option<String>,
        /// A library of the tests' own has it.
        #[serde(default)]
        library: Option<String>,
    }

    #[test]
    fn the_table_and_the_code_name_the_same_candidates() {
        let table: Table = serde_yaml::from_str(crate::HOSTILE).expect("the table is well-formed");
        let rows = table.hostile.iter().filter(|row| row.library.is_none());
        let listed: BTreeSet<_> = rows.map(|row| row.defect.as_ref().unwrap_or(&row.name).as_str()).collect();
        let unknown: Vec<_> = listed.iter().filter(|name| crate::defects::make(name).is_none()).collect();
        assert!(unknown.is_empty(), "listed, and not made: {unknown:?}");
        let unlisted: Vec<_> = all().map(|(name, _)| *name).filter(|name| !listed.contains(name)).collect();
        assert!(unlisted.is_empty(), "made, and not listed: {unlisted:?}");
    }
}
