//! Which transport is a store's own: PR_OWN_STORE_ENTRYID of the transport's status row is compared with the session's stores.
//! Page: tightly-coupled-message-store-providers.

use std::sync::Arc;

use mapi_spi::tags::PR_OWN_STORE_ENTRYID;
use mapi_spi::values::PropValue;
use serde_json::json;

use super::hub::{Reached, Transport};
use super::open::compare;
use super::session::fact;
use crate::com::theirs::IMSProvider;
use crate::engine::run::{Engine, Stop};
use crate::objects::wrapping;
use crate::trace::value;

impl Engine<'_> {
    /// Tells the callbacks of stores which transports there are, in profile order.
    pub(in crate::engine) fn show_transports(&mut self) {
        let reached = |name: &String| match self.sessions.get(name) {
            Some(session) => Reached::Candidate(Arc::clone(&session.shared)),
            None => Reached::Ours {
                reachable: self.reachable(name),
                preprocessors: self
                    .foreign
                    .get(name)
                    .map(|one| one.preprocessors.clone())
                    .unwrap_or_default(),
            },
        };
        let transports = self.order.iter().map(|name| Transport {
            name: name.clone(),
            served: self.serves(name),
            reached: reached(name),
        });
        let transports = transports.collect();
        self.hub.lock().transports = transports;
    }

    /// Compares the rows of all transports with all stores, and connects what belongs together.
    pub(in crate::engine) fn look_at_coupling(&mut self, why: &str) -> Result<(), Stop> {
        self.show_transports();
        let stores: Vec<(String, Vec<u8>, String)> = self
            .stores
            .iter()
            .map(|(name, store)| (name.clone(), store.id.clone(), store.provider.clone()))
            .collect();
        for (store, id, provider) in stores {
            let Some(provider) = self.store_providers.get(&provider).cloned() else { continue };
            let mut pair = None;
            let before = self.hub.lock().pairs.get(&store).cloned();
            for transport in self.hub.transports() {
                // One of ours has no row, and no store.
                let Some(shared) = transport.shared() else { continue };
                let own = shared.row_value(PR_OWN_STORE_ENTRYID);
                let own = own.as_ref().and_then(PropValue::as_binary).map(<[u8]>::to_vec);
                let unwrapped = own.as_deref().map(wrapping::own);
                let compared = own.as_deref().and_then(|own| names(&provider, own, &id));
                let coupled = compared == Some(true);
                // A row that changed and still names the store connects nothing anew.
                let still = why == "row" && before.as_ref() == Some(&transport.name);
                fact(
                    "coupling",
                    json!({
                        "session": transport.name, "store": store, "own": own.as_deref().map(value::hex),
                        "unwrapped": unwrapped.map(value::hex), "compared": compared, "coupled": coupled,
                        "still": coupled && still,
                        "why": why,
                    }),
                );
                if coupled && pair.is_none() {
                    pair = Some(transport.name.clone());
                }
            }
            let mut hub = self.hub.lock();
            match pair {
                Some(session) => hub.pairs.insert(store, session),
                None => hub.pairs.remove(&store),
            };
        }
        self.seen_rows = self.own_entries();
        Ok(())
    }

    /// Looks again where a transport has changed what its row says of its store.
    pub(in crate::engine) fn look_at_rows(&mut self) -> Result<(), Stop> {
        if self.stores.is_empty() || self.seen_rows == self.own_entries() {
            return Ok(());
        }
        self.look_at_coupling("row")
    }

    /// PR_OWN_STORE_ENTRYID of all rows.
    fn own_entries(&self) -> Vec<(String, Option<PropValue>)> {
        let own = self.sessions.iter();
        own.map(|(name, session)| (name.clone(), session.shared.row_value(PR_OWN_STORE_ENTRYID))).collect()
    }

    /// A transport is gone: it is nobody's own any more.
    pub(in crate::engine) fn uncouple_session(&mut self, session: &str) {
        self.show_transports();
        let mut hub = self.hub.lock();
        let gone: Vec<String> =
            hub.pairs.iter().filter(|(_, other)| *other == session).map(|(store, _)| store.clone()).collect();
        for store in &gone {
            hub.pairs.remove(store);
        }
        drop(hub);
        for store in gone {
            fact("coupling", json!({ "session": session, "store": store, "coupled": false, "why": "end" }));
        }
    }

    /// A store is closed: it has no transport any more.
    pub(super) fn uncouple_store(&mut self, store: &str) {
        let session = self.hub.lock().pairs.remove(store);
        if let Some(session) = session {
            fact("coupling", json!({ "session": session, "store": store, "coupled": false, "why": "end" }));
        }
    }
}

/// Whether what a row says of its store is the identifier of this one: both are compared as the provider knows them, unwrapped
/// (page: imsprovider-comparestoreids). Nothing where the comparison failed.
fn names(provider: &IMSProvider, own: &[u8], store: &[u8]) -> Option<bool> {
    compare(provider, wrapping::own(own), wrapping::own(store)).1
}

#[cfg(test)]
mod tests {
    use std::ffi::c_void;

    use mapi_spi::structs::MAPIERROR;
    use mapi_spi::{GUID, HRESULT, interfaces};
    use windows_core::Interface as _;

    use super::*;

    /// A store provider whose identifiers may differ in their last byte and name the same store.
    #[windows_core::implement(interfaces::IMSProvider)]
    struct Provider {
        answers: HRESULT,
    }

    impl interfaces::IMSProvider_Impl for Provider_Impl {
        unsafe fn Shutdown(&self, _lpulFlags: *mut u32) -> HRESULT {
            HRESULT::S_OK
        }

        unsafe fn Logon(
            &self,
            _lpMAPISup: *mut c_void,
            _ulUIParam: usize,
            _lpszProfileName: *mut c_void,
            _cbEntryID: u32,
            _lpEntryID: *mut c_void,
            _ulFlags: u32,
            _lpInterface: *const GUID,
            _lpcbSpoolSecurity: *mut u32,
            _lppbSpoolSecurity: *mut *mut u8,
            _lppMAPIError: *mut *mut MAPIERROR,
            _lppMSLogon: *mut *mut c_void,
            _lppMDB: *mut *mut c_void,
        ) -> HRESULT {
            HRESULT::MAPI_E_LOGON_FAILED
        }

        unsafe fn SpoolerLogon(
            &self,
            _lpMAPISup: *mut c_void,
            _ulUIParam: usize,
            _lpszProfileName: *mut c_void,
            _cbEntryID: u32,
            _lpEntryID: *mut c_void,
            _ulFlags: u32,
            _lpInterface: *const GUID,
            _cbSpoolSecurity: u32,
            _lpbSpoolSecurity: *mut u8,
            _lppMAPIError: *mut *mut MAPIERROR,
            _lppMSLogon: *mut *mut c_void,
            _lppMDB: *mut *mut c_void,
        ) -> HRESULT {
            HRESULT::MAPI_E_LOGON_FAILED
        }

        unsafe fn CompareStoreIDs(
            &self,
            cbEntryID1: u32,
            lpEntryID1: *mut c_void,
            cbEntryID2: u32,
            lpEntryID2: *mut c_void,
            _ulFlags: u32,
            lpulResult: *mut u32,
        ) -> HRESULT {
            // SAFETY: the caller vouches for its identifiers and its cell.
            unsafe {
                let bytes = |count: u32, at: *mut c_void| {
                    std::slice::from_raw_parts(at.cast::<u8>(), count as usize - 1)
                };
                let same = bytes(cbEntryID1, lpEntryID1) == bytes(cbEntryID2, lpEntryID2);
                lpulResult.write(u32::from(same));
            }
            self.answers
        }
    }

    fn provider(answers: HRESULT) -> (interfaces::IMSProvider, IMSProvider) {
        let com: interfaces::IMSProvider = Provider { answers }.into();
        let raw = com.as_raw();
        (com, IMSProvider::new(raw, "msprovider"))
    }

    #[test]
    fn the_provider_is_asked_about_unwrapped_identifiers() {
        let (_com, provider) = provider(HRESULT::S_OK);
        let (store, alike, other) = (b"store identifier 1", b"store identifier 2", b"other identifier 1");
        assert_eq!(names(&provider, store, store), Some(true));
        assert_eq!(names(&provider, alike, store), Some(true), "the provider knows better than the bytes");
        assert_eq!(names(&provider, &wrapping::wrap(alike), store), Some(true), "a wrapped one is unwrapped");
        assert_eq!(names(&provider, store, &wrapping::wrap(store)), Some(true));
        assert_eq!(names(&provider, other, store), Some(false));
    }

    #[test]
    fn a_comparison_that_fails_connects_nothing() {
        let (_com, provider) = provider(HRESULT::MAPI_E_CALL_FAILED);
        assert_eq!(names(&provider, b"store identifier 1", b"store identifier 1"), None);
    }
}
