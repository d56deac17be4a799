//! Names of properties, and the identifiers that stand for them in a store.
//!
//! Source pages: *imapiprop-getidsfromnames*, *imapiprop-getnamesfromids*, *named-properties*.

use std::collections::BTreeMap;

/// Identifiers of named properties begin here.
const FIRST: u16 = 0x8000;

/// `PS_MAPI`: the names of properties that have an identifier of their own.
pub(super) const PS_MAPI: [u8; 16] = [0x28, 0x03, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];

/// A property's name: a set, and a number or text in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) set: [u8; 16],
    pub(super) kind: NameKind,
}

/// What a name is in its set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameKind {
    Number(i32),
    Text(Vec<u16>),
}

/// The names of a store.
#[derive(Debug, Default)]
pub(super) struct Names {
    ids: BTreeMap<Name, u16>,
}

impl Names {
    /// The identifier of a name; made where `create`. `None` where there is none, or no more can be made.
    pub(super) fn id(&mut self, name: &Name, create: bool) -> Option<u16> {
        if let (PS_MAPI, NameKind::Number(number)) = (name.set, &name.kind) {
            return u16::try_from(*number).ok().filter(|id| *id < FIRST);
        }
        if let Some(known) = self.ids.get(name) {
            return Some(*known);
        }
        let free = u16::try_from(usize::from(FIRST) + self.ids.len()).ok().filter(|id| *id < 0xFFFE)?;
        create.then(|| *self.ids.entry(name.clone()).or_insert(free))
    }

    /// The name that an identifier stands for.
    pub(super) fn name(&self, id: u16) -> Option<&Name> {
        self.ids.iter().find(|(_, own)| **own == id).map(|(name, _)| name)
    }

    /// All identifiers.
    pub(super) fn ids(&self) -> impl Iterator<Item = u16> + '_ {
        self.ids.values().copied()
    }
}
