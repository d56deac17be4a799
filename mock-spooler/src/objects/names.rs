//! Named properties: which identifier from 0x8000 on stands for which name.
//!
//! One mapping for all objects of a session, as PR_MAPPING_SIGNATURE promises. Page: mapi-named-properties.

use std::sync::{Mutex, PoisonError};

use mapi_spi::values::guid_to_bytes;
use mapi_spi::{GUID, HRESULT};

/// The first identifier of named properties.
const FIRST: u16 = 0x8000;
/// The last one: 0xFFFF is no identifier.
const LAST: u16 = 0xFFFE;

/// The set whose names are the identifiers below 0x8000 themselves.
pub const PS_MAPI: GUID = GUID::from_u128(0x00020328_0000_0000_c000_000000000046);
/// The set of names that clients share.
pub const PS_PUBLIC_STRINGS: GUID = GUID::from_u128(0x00020329_0000_0000_c000_000000000046);

/// What a name is made of within its set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// `MNID_ID`
    Id(i32),
    /// `MNID_STRING`: UTF-16 without the terminating zero
    Text(Vec<u16>),
}

/// The name of a property.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The property set, as its bytes lie in memory.
    pub set: [u8; 16],
    /// Number or string.
    pub kind: NameKind,
}

impl Name {
    /// The name in words: set and number or string.
    #[must_use]
    pub fn text(&self) -> String {
        let set = mapi_spi::values::guid_from_bytes(self.set);
        match &self.kind {
            NameKind::Id(id) => format!("{{{set:?}}}:{id:#x}"),
            NameKind::Text(text) => format!("{{{set:?}}}:{}", String::from_utf16_lossy(text)),
        }
    }
}

/// The mapping between names and identifiers.
#[derive(Debug, Default)]
pub struct Names {
    known: Mutex<Vec<Name>>,
}

impl Names {
    /// The identifier of a name, if it has one. Names of PS_MAPI with a number have it without being made.
    #[must_use]
    pub fn find(&self, name: &Name) -> Option<u16> {
        if name.set == guid_to_bytes(&PS_MAPI) {
            return match name.kind {
                NameKind::Id(id) => u16::try_from(id).ok().filter(|id| (1..FIRST).contains(id)),
                NameKind::Text(_) => None,
            };
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().position(|known| known == name).and_then(identifier)
    }

    /// The identifier of a name, made where it has none yet.
    ///
    /// # Errors
    ///
    /// MAPI_E_TOO_BIG where no identifiers are left, MAPI_E_INVALID_PARAMETER for a name of PS_MAPI that cannot exist.
    pub fn intern(&self, name: &Name) -> Result<u16, HRESULT> {
        if let Some(id) = self.find(name) {
            return Ok(id);
        }
        if name.set == guid_to_bytes(&PS_MAPI) {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have made it between the two locks.
        if let Some(id) = known.iter().position(|known| known == name).and_then(identifier) {
            return Ok(id);
        }
        let id = identifier(known.len()).ok_or(HRESULT::MAPI_E_TOO_BIG)?;
        known.push(name.clone());
        Ok(id)
    }

    /// The name of an identifier; those below 0x8000 are in PS_MAPI.
    #[must_use]
    pub fn name_of(&self, id: u16) -> Option<Name> {
        if id < FIRST {
            let kind = NameKind::Id(i32::from(id));
            return (id != 0).then(|| Name { set: guid_to_bytes(&PS_MAPI), kind });
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(usize::from(id - FIRST)).cloned()
    }

    /// All names made so far, with their identifiers.
    #[must_use]
    pub fn all(&self) -> Vec<(u16, Name)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().enumerate().filter_map(|(at, name)| Some((identifier(at)?, name.clone()))).collect()
    }
}

fn identifier(position: usize) -> Option<u16> {
    u16::try_from(position).ok().and_then(|at| FIRST.checked_add(at)).filter(|id| *id <= LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Name {
        Name { set: guid_to_bytes(&PS_PUBLIC_STRINGS), kind: NameKind::Text(text.encode_utf16().collect()) }
    }

    #[test]
    fn names_keep_their_identifiers() {
        let names = Names::default();
        assert_eq!(names.find(&named("Keywords")), None);
        assert_eq!(names.intern(&named("Keywords")), Ok(0x8000));
        assert_eq!(names.intern(&named("Other")), Ok(0x8001));
        assert_eq!(names.intern(&named("Keywords")), Ok(0x8000));
        assert_eq!(names.name_of(0x8001), Some(named("Other")));
        assert_eq!(names.name_of(0x8002), None);
        assert_eq!(names.all().len(), 2);
    }

    #[test]
    fn identifiers_below_are_their_own_names() {
        let names = Names::default();
        let subject = Name { set: guid_to_bytes(&PS_MAPI), kind: NameKind::Id(0x37) };
        assert_eq!(names.find(&subject), Some(0x37));
        assert_eq!(names.name_of(0x37), Some(subject));
        let none = Name { set: guid_to_bytes(&PS_MAPI), kind: NameKind::Id(0x9000) };
        assert_eq!(names.intern(&none), Err(HRESULT::MAPI_E_INVALID_PARAMETER));
    }

    #[test]
    fn there_is_an_end() {
        let names = Names::default();
        for id in 0..0x7FFF {
            let name = Name { set: [7; 16], kind: NameKind::Id(id) };
            assert!(
                names.known.lock().expect("nobody panics with the lock").len()
                    == usize::try_from(id).unwrap()
            );
            names.known.lock().expect("nobody panics with the lock").push(name);
        }
        assert_eq!(names.intern(&named("one too many")), Err(HRESULT::MAPI_E_TOO_BIG));
    }
}
