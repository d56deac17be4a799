//! The defects, by area.
//!
//! Each is a function that says what happens at which call. A process has one defect, so what a defect remembers stands
//! in statics beside it.

mod addr;
mod baseline;
mod canc;
mod content;
mod content_tools;
mod ctrl;
mod direct;
mod fallback;
mod flush;
mod hostile;
mod life;
mod logoff;
mod logon;
mod maildrop;
mod memo;
mod noti;
mod outbound;
mod pair;
mod poll;
mod recv;
mod recv_content;
mod robu;
mod service;
mod sink;
mod stat;
mod store;
mod store_more;
mod store_queue;
mod store_tools;
pub(crate) mod tools;

use crate::hooks::Hooks;

/// A name and what makes the defect.
pub(crate) type Defect = (&'static str, fn() -> Hooks);

const AREAS: &[&[Defect]] = &[
    life::DEFECTS,
    logon::DEFECTS,
    addr::DEFECTS,
    stat::DEFECTS,
    ctrl::DEFECTS,
    poll::DEFECTS,
    noti::DEFECTS,
    recv::DEFECTS,
    recv_content::DEFECTS,
    content::DEFECTS,
    hostile::DEFECTS,
    canc::DEFECTS,
    outbound::DEFECTS,
    flush::DEFECTS,
    logoff::DEFECTS,
    memo::DEFECTS,
    robu::DEFECTS,
    service::DEFECTS,
    store::DEFECTS,
    store_queue::DEFECTS,
    store_more::DEFECTS,
    pair::DEFECTS,
    direct::DEFECTS,
    fallback::DEFECTS,
    baseline::DEFECTS,
];

/// The defect of a name; nothing where there is none.
pub(crate) fn make(name: &str) -> Option<Hooks> {
    if let Some(method) = name.strip_prefix("crash-at-") {
        return baseline::crash_at(method);
    }
    all().find(|(known, _)| *known == name).map(|(_, make)| make()).or_else(|| crate::hostile::make(name))
}

fn all() -> impl Iterator<Item = &'static Defect> {
    AREAS.iter().flat_map(|area| area.iter())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Table {
        defects: Vec<Row>,
    }

    #[derive(Deserialize)]
    struct Row {
        name: String,
        /// What is done to the library's file: such a defect is none of the code.
        #[serde(default)]
        library: Option<String>,
        /// Another provider, behind the shim, has it.
        #[serde(default)]
        shim: bool,
    }

    #[test]
    fn the_table_and_the_code_name_the_same_defects() {
        let table: Table = serde_yaml::from_str(crate::TABLE).expect("the table is well-formed");
        let rows = table.defects.iter().filter(|row| row.library.is_none() && !row.shim);
        let listed: BTreeSet<_> = rows.map(|row| row.name.as_str()).collect();
        let unknown: Vec<_> = listed.iter().filter(|name| make(name).is_none()).collect();
        assert!(unknown.is_empty(), "listed, and not made: {unknown:?}");
        let unlisted: Vec<_> = all().map(|(name, _)| *name).filter(|name| !listed.contains(name)).collect();
        assert!(unlisted.is_empty(), "made, and not listed: {unlisted:?}");
    }
}
