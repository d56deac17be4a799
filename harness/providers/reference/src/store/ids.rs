//! Entry identifiers: which store, what kind of object, which one. Source pages: *entry-identifiers*,
//! *imsprovider-comparestoreids*, *imapisupport-setprovideruid*.

use mapi_spi::flags::{MAPI_FOLDER, MAPI_MESSAGE, MAPI_STORE};
use mapi_spi::structs::ENTRYID;

/// Bytes of an entry identifier: four flags (none set: for the long term), the store's key, the kind, the number.
const LENGTH: usize = 4 + 16 + 4 + 8;

/// What a store's identifiers have in common, made of the store's name: the same in every session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StoreKey(pub(crate) [u8; 16]);

impl StoreKey {
    /// The key of the store with this name (FNV-1a, 128 bits).
    pub(crate) fn of(name: &str) -> StoreKey {
        const BASIS: u128 = 0x6c62272e07bb014262b821756295c58d;
        const PRIME: u128 = 0x0000000001000000000000000000013b;
        let hash = name.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
        StoreKey(hash.to_le_bytes())
    }

    /// The identifier of the store itself.
    pub(crate) fn store_id(self) -> Vec<u8> {
        self.id(MAPI_STORE, 0)
    }

    /// A folder's identifier.
    pub(crate) fn folder_id(self, number: u64) -> Vec<u8> {
        self.id(MAPI_FOLDER, number)
    }

    /// A message's identifier.
    pub(crate) fn message_id(self, number: u64) -> Vec<u8> {
        self.id(MAPI_MESSAGE, number)
    }

    /// A key that no other object has: the store's and the number.
    pub(super) fn record_key(self, number: u64) -> Vec<u8> {
        let mut key = self.0;
        for (byte, more) in key[8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= more;
        }
        key.to_vec()
    }

    fn id(self, kind: u32, number: u64) -> Vec<u8> {
        let mut id = vec![0; 4];
        id.extend(self.0);
        id.extend(kind.to_le_bytes());
        id.extend(number.to_le_bytes());
        id
    }
}

/// What an entry identifier of this provider's stores names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) store: StoreKey,
    pub(super) object: Object,
}

/// Which object of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Object {
    Store,
    Folder(u64),
    Message(u64),
}

impl Named {
    /// Takes an identifier apart; `None` where it is none of this provider's.
    pub(super) fn parse(id: &[u8]) -> Option<Named> {
        if id.len() != LENGTH || id[..4] != [0; 4] {
            return None;
        }
        let store = StoreKey(id[4..20].try_into().ok()?);
        let kind = u32::from_le_bytes(id[20..24].try_into().ok()?);
        let number = u64::from_le_bytes(id[24..].try_into().ok()?);
        let object = match kind {
            MAPI_STORE => Object::Store,
            MAPI_FOLDER => Object::Folder(number),
            MAPI_MESSAGE => Object::Message(number),
            _ => return None,
        };
        Some(Named { store, object })
    }
}

/// The bytes of an entry identifier that a caller passes; empty where there is none.
///
/// # Safety
///
/// `id` has to be null or point to `count` bytes that nobody changes during the call.
pub(super) unsafe fn id_bytes<'a>(count: u32, id: *const std::ffi::c_void) -> &'a [u8] {
    // SAFETY: as the caller vouches.
    unsafe { ENTRYID::as_bytes(id.cast(), count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_apart_again() {
        let store = StoreKey::of("a store");
        let named = |object| Some(Named { store, object });
        assert_eq!(Named::parse(&store.store_id()), named(Object::Store));
        assert_eq!(Named::parse(&store.folder_id(7)), named(Object::Folder(7)));
        assert_eq!(Named::parse(&store.message_id(8)), named(Object::Message(8)));
        assert_eq!(Named::parse(&store.store_id()[1..]), None);
        assert_ne!(StoreKey::of("a store"), StoreKey::of("another"));
        assert_ne!(store.record_key(1), store.record_key(2));
    }
}
