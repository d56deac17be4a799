//! Which transport is a store's own: PR_OWN_STORE_ENTRYID of the transport's status row is compared with the session's stores.
//! Page: tightly-coupled-message-store-providers.

use std::sync::Arc;

use mapi_spi::tags::PR_OWN_STORE_ENTRYID;
use mapi_spi::values::PropValue;
use serde_json::json;

use super::hub::{Reached, Transport};
use super::open::compare;
use super::session::fact;
use crate::engine::run::{Engine, Stop};
use crate::objects::wrapping;
use crate::trace::render;

impl Engine<'_> {
    /// Tells the callbacks of stores which transports there are, in profile order.
    pub(in crate::engine) fn show_transports(&mut self) {
        let reached = |name: &String| match self.sessions.get(name) {
            Some(session) => Reached::Candidate(Arc::clone(&session.shared)),
            None => Reached::Ours(self.reachable(name)),
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
            for transport in self.hub.transports() {
                // One of ours has no row, and no store.
                let Some(shared) = transport.shared() else { continue };
                let own = shared.row_value(PR_OWN_STORE_ENTRYID);
                let own = own.as_ref().and_then(PropValue::as_binary).map(<[u8]>::to_vec);
                let unwrapped = own.as_deref().map(wrapping::own);
                let compared = unwrapped.and_then(|own| compare(&provider, own, &id).1);
                let coupled = compared == Some(true);
                fact(
                    "coupling",
                    json!({
                        "session": transport.name, "store": store, "own": own.as_deref().map(render::hex),
                        "unwrapped": unwrapped.map(render::hex), "compared": compared, "coupled": coupled,
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
