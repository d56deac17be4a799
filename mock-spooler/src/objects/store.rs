//! What the messages of a session have in common: the message store that they are in, as far as a transport sees of it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use super::names::Names;

/// Seconds between 1601-01-01 and 1970-01-01.
const EPOCH: u64 = 11_644_473_600;

/// The store behind messages: their identity, their named properties, their clock.
#[derive(Debug)]
pub struct Store {
    uid: [u8; 16],
    names: Names,
    entries: AtomicU32,
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// A store of its own. Its identifier is always the same: there is one store in a session of the mock.
    #[must_use]
    pub fn new() -> Self {
        Self { uid: *b"spoolproof-store", names: Names::default(), entries: AtomicU32::new(0) }
    }

    /// The store of this process: there is one messaging session.
    #[must_use]
    pub fn session() -> Arc<Self> {
        static STORE: LazyLock<Arc<Store>> = LazyLock::new(Arc::default);
        Arc::clone(&STORE)
    }

    /// The identifier that stands in the entry identifiers, PR_MAPPING_SIGNATURE and PR_STORE_RECORD_KEY.
    #[must_use]
    pub fn uid(&self) -> [u8; 16] {
        self.uid
    }

    /// The mapping of named properties.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// PR_STORE_ENTRYID: flags, identifier.
    #[must_use]
    pub fn entry_id(&self) -> Vec<u8> {
        [&[0; 4], self.uid.as_slice()].concat()
    }

    /// A new entry identifier for an object in the store: flags, the store's identifier, a number.
    #[must_use]
    pub fn new_entry_id(&self) -> Vec<u8> {
        let number = self.entries.fetch_add(1, Ordering::AcqRel) + 1;
        [&[0; 4], self.uid.as_slice(), &number.to_le_bytes()].concat()
    }

    /// A new key for an object in the store.
    #[must_use]
    pub fn new_key(&self) -> [u8; 16] {
        new_uid()
    }
}

/// A new identifier: unique, not reproducible. Page: imapisupport-newuid.
#[must_use]
pub fn new_uid() -> [u8; 16] {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 16];
    for half in bytes.chunks_exact_mut(8) {
        // Each `RandomState` has keys from the system's source of randomness.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
        hasher.write_u64(now());
        half.copy_from_slice(&hasher.finish().to_le_bytes());
    }
    // A random identifier says so: version 4, variant 1.
    bytes[7] = bytes[7] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    bytes
}

/// The time as `FILETIME`: 100 ns since 1601-01-01 UTC.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs() + EPOCH) * 10_000_000 + u64::from(since.subsec_nanos() / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_differ() {
        assert_ne!(new_uid(), new_uid());
        let store = Store::new();
        let (first, second) = (store.new_entry_id(), store.new_entry_id());
        assert_ne!(first, second);
        assert_eq!(first.len(), 24);
        assert_eq!(first[4..20], store.uid());
    }
}
