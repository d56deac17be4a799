//! What callbacks of stores need to know of the messaging session: its transports in profile order, which of them is a store's
//! own, whose message is whose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::flags;

use crate::engine::route::{Addressee, Served, next};
use crate::engine::session::Shared;
use crate::objects::host::Preprocessor;

/// The messaging session, as far as callbacks on any thread look at it.
#[derive(Debug, Default)]
pub struct Hub {
    state: Mutex<State>,
}

/// What is behind the lock.
#[derive(Debug, Default)]
pub struct State {
    /// The transports that are logged on, in profile order.
    pub transports: Vec<Transport>,
    /// The store's own transport, by the store's name: the session's name.
    pub pairs: BTreeMap<String, String>,
    /// The mails of the case that messages were made of, by entry identifier.
    pub mails: BTreeMap<Vec<u8>, String>,
    /// Messages that have been preprocessed.
    pub preprocessed: BTreeSet<Vec<u8>>,
}

/// A transport that is logged on.
#[derive(Clone, Debug)]
pub struct Transport {
    /// The session's name.
    pub name: String,
    /// What it serves.
    pub served: Served,
    /// How it can be reached.
    pub reached: Reached,
}

/// Whether messages can be handed to a transport.
#[derive(Clone, Debug)]
pub enum Reached {
    /// The candidate's: what its threads reach tells at any moment.
    Candidate(Arc<Shared>),
    /// One of ours, which changes between steps alone.
    Ours(bool),
}

impl Transport {
    /// Whether messages can be handed to it now: outbound is on, it is neither logged off nor broken down nor offline.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        match &self.reached {
            Reached::Ours(reachable) => *reachable,
            Reached::Candidate(shared) => {
                let requests = shared.queue.lock();
                let open = requests.outbound && !requests.critical_error;
                drop(requests);
                open && !shared.logged_off.load(Ordering::Acquire)
                    && shared.status_code() & flags::STATUS_OFFLINE == 0
            }
        }
    }

    /// What the candidate's threads reach of it, where it is the candidate's.
    pub fn shared(&self) -> Option<&Arc<Shared>> {
        match &self.reached {
            Reached::Candidate(shared) => Some(shared),
            Reached::Ours(_) => None,
        }
    }
}

impl Hub {
    /// Looks at the session, or changes it.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mail of the case that a message was made of.
    pub fn mail_of(&self, entry_id: &[u8]) -> Option<String> {
        self.lock().mails.get(entry_id).cloned()
    }

    /// The transport that is a store's own, where the two have been connected and it is still logged on.
    pub fn own_transport(&self, store: &str) -> Option<Transport> {
        let state = self.lock();
        let name = state.pairs.get(store)?;
        state.transports.iter().find(|transport| transport.name == *name).cloned()
    }

    /// All transports, in profile order.
    pub fn transports(&self) -> Vec<Transport> {
        self.lock().transports.clone()
    }

    /// The transport that has the first opportunity for a recipient, of those that can be reached now.
    pub fn first_for(&self, one: &Addressee) -> Option<String> {
        let transports = self.transports();
        let served: Vec<Served> = transports.iter().map(|one| one.served.clone()).collect();
        let open = |place: usize| transports[place].is_reachable();
        next(std::slice::from_ref(one), &served, open).map(|place| transports[place].name.clone())
    }

    /// The preprocessors that are registered for a recipient, in the order of registration.
    pub fn preprocessors(&self, one: &Addressee) -> Vec<Preprocessor> {
        let for_it = |registered: &Preprocessor| {
            let by_uid = registered.uid.is_some_and(|uid| one.uid == Some(uid.ab));
            by_uid || registered.address_type.as_ref().is_some_and(|kind| *kind == one.address_type)
        };
        let all = self.transports().into_iter();
        let all =
            all.flat_map(|transport| transport.shared().map(|one| one.preprocessors()).unwrap_or_default());
        all.filter(for_it).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(address_type: &str) -> Addressee {
        let (address, address_type) = ("a@b".to_owned(), address_type.to_owned());
        Addressee { address, address_type, uid: None, served: false }
    }

    #[test]
    fn who_cannot_be_reached_is_passed_over() {
        let shared = Arc::new(Shared::default());
        shared.queue.lock().outbound = true;
        let served = |kind: &str| Served { types: Some(vec![kind.to_owned()]), uids: Vec::new() };
        let hub = Hub::default();
        hub.lock().transports = vec![
            Transport {
                name: "own".to_owned(),
                served: served("REF"),
                reached: Reached::Candidate(Arc::clone(&shared)),
            },
            Transport { name: "other".to_owned(), served: Served::default(), reached: Reached::Ours(true) },
        ];
        hub.lock().pairs.insert("store".to_owned(), "own".to_owned());
        assert_eq!(hub.first_for(&one("REF")).as_deref(), Some("own"));
        assert_eq!(hub.first_for(&one("FAX")).as_deref(), Some("other"));
        shared.queue.lock().outbound = false;
        assert_eq!(hub.first_for(&one("REF")).as_deref(), Some("other"));
        assert_eq!(hub.own_transport("store").map(|own| own.name).as_deref(), Some("own"));
        hub.lock().transports.clear();
        assert!(hub.own_transport("store").is_none(), "who is logged off is nobody's transport");
    }
}
