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
    Ours {
        /// Whether it can be reached.
        reachable: bool,
        /// What it has registered.
        preprocessors: Vec<Preprocessor>,
    },
}

impl Transport {
    /// Whether messages can be handed to it now: outbound is on, it is neither logged off nor broken down nor offline.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        match &self.reached {
            Reached::Ours { reachable, .. } => *reachable,
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
            Reached::Ours { .. } => None,
        }
    }

    /// What it has registered, in order.
    fn preprocessors(&self) -> Vec<Preprocessor> {
        match &self.reached {
            Reached::Candidate(shared) => shared.preprocessors(),
            Reached::Ours { preprocessors, .. } => preprocessors.clone(),
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

    /// The preprocessors that are to be called for a message to these recipients, in profile order and in the order of
    /// registration, each with its transport. A transport's are called only for what it has the first opportunity for, whether
    /// it can be reached now or not (page: imapisupport-registerpreprocessor).
    pub fn preprocessors(&self, recipients: &[Addressee]) -> Vec<(String, Preprocessor)> {
        let transports = self.transports();
        let served: Vec<Served> = transports.iter().map(|one| one.served.clone()).collect();
        let mut firsts: BTreeMap<usize, Vec<&Addressee>> = BTreeMap::new();
        for one in recipients {
            // A transport that is alone is handed every message.
            let first = next(std::slice::from_ref(one), &served, |_| true);
            if let Some(place) = first.or((transports.len() == 1).then_some(0)) {
                firsts.entry(place).or_default().push(one);
            }
        }
        let mut all = Vec::new();
        for (place, handled) in firsts {
            let transport = &transports[place];
            let registered = transport.preprocessors().into_iter();
            let wanted = registered.filter(|one| handled.iter().any(|recipient| is_for(one, recipient)));
            for one in wanted {
                let one = (transport.name.clone(), one);
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        all
    }
}

/// Whether a function was registered for a recipient: by identifier or address type, whichever was given; for all where neither was.
fn is_for(registered: &Preprocessor, one: &Addressee) -> bool {
    match (&registered.uid, &registered.address_type) {
        (None, None) => true,
        (uid, kind) => {
            uid.is_some_and(|uid| one.uid == Some(uid.ab))
                || kind.as_ref().is_some_and(|kind| *kind == one.address_type)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(address_type: &str) -> Addressee {
        let (address, address_type) = ("a@b".to_owned(), address_type.to_owned());
        Addressee { address, address_type, uid: None, served: false }
    }

    fn ours(reachable: bool) -> Reached {
        Reached::Ours { reachable, preprocessors: Vec::new() }
    }

    #[test]
    fn preprocessors_are_those_of_who_comes_first() {
        let registered = |uid: Option<[u8; 16]>, kind: Option<&str>, name: &str| Preprocessor {
            uid: uid.map(|ab| mapi_spi::structs::MAPIUID { ab }),
            address_type: kind.map(str::to_owned),
            library: "fax".to_owned(),
            preprocess: Some(name.to_owned()),
            remove: None,
        };
        let transport = |name: &str, kind: &str, preprocessors: Vec<Preprocessor>| Transport {
            name: name.to_owned(),
            served: Served { types: Some(vec![kind.to_owned()]), uids: Vec::new() },
            reached: Reached::Ours { reachable: false, preprocessors },
        };
        let hub = Hub::default();
        hub.lock().transports = vec![
            transport(
                "first",
                "FAX",
                vec![registered(None, Some("FAX"), "a"), registered(Some([1; 16]), None, "b")],
            ),
            transport("second", "FAX", vec![registered(None, Some("FAX"), "c")]),
            transport("third", "REF", vec![registered(None, None, "d"), registered(None, Some("FAX"), "e")]),
        ];
        let called = |recipients: &[Addressee]| -> Vec<String> {
            hub.preprocessors(recipients).into_iter().filter_map(|(_, one)| one.preprocess).collect()
        };
        assert_eq!(called(&[one("FAX"), one("FAX")]), ["a"], "another transport ahead handles it");
        assert_eq!(called(&[one("REF"), one("FAX")]), ["a", "d"], "in profile order");
        assert_eq!(called(&[Addressee { uid: Some([1; 16]), ..one("FAX") }]), ["a", "b"], "either will do");
        assert!(called(&[one("SMTP")]).is_empty(), "nobody handles it");
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
            Transport { name: "other".to_owned(), served: Served::default(), reached: ours(true) },
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
