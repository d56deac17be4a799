//! Which transport and which store are a pair at the moment: both of one profile that couples them, both logged on in this
//! process. Source page: *tightly-coupled-message-store-providers*.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::logon::Session;
use crate::store::{StoreKey, StoreSession};

/// The halves that are logged on.
static HALVES: Mutex<Halves> = Mutex::new(Halves { transports: Vec::new(), stores: Vec::new() });

struct Halves {
    transports: Vec<(StoreKey, Weak<Session>)>,
    stores: Vec<(StoreKey, Weak<StoreSession>)>,
}

/// A transport has logged on.
pub(crate) fn transport_opened(session: &Arc<Session>) {
    let Some(key) = session.settings().own_store() else { return };
    halves().transports.push((key, Arc::downgrade(session)));
    if store_of(session).is_some() {
        session.pair_up();
    }
}

/// A transport's session ends.
pub(crate) fn transport_closed(session: &Session) {
    halves()
        .transports
        .retain(|(_, own)| own.strong_count() > 0 && own.as_ptr() != std::ptr::from_ref(session));
}

/// A store was logged on to.
pub(crate) fn store_opened(session: &Arc<StoreSession>) {
    if session.is_coupled() {
        let key = session.store_key();
        halves().stores.push((key, Arc::downgrade(session)));
        transports(key).iter().for_each(Session::pair_up);
    }
}

/// A store's session ends.
pub(crate) fn store_closed(session: &StoreSession) {
    halves().stores.retain(|(_, own)| own.strong_count() > 0 && own.as_ptr() != std::ptr::from_ref(session));
}

/// The transport by which the store can send now: logged on, connected, with outbound mail on, and a client's logon there.
pub(crate) fn transport_of(store: &StoreSession) -> Option<Arc<Session>> {
    let key = store.store_key();
    if !halves().stores.iter().any(|(own, _)| *own == key) {
        return None;
    }
    transports(key).into_iter().find(|transport| transport.can_send())
}

/// The store into which the transport can deliver.
pub(crate) fn store_of(transport: &Session) -> Option<Arc<StoreSession>> {
    let key = transport.settings().own_store()?;
    let stores = halves();
    let open = stores.stores.iter().filter(|(own, _)| *own == key);
    open.filter_map(|(_, session)| session.upgrade()).find(|session| !session.is_closed())
}

fn transports(key: StoreKey) -> Vec<Arc<Session>> {
    let halves = halves();
    let own = halves.transports.iter().filter(|(own, _)| *own == key);
    own.filter_map(|(_, session)| session.upgrade()).collect()
}

fn halves() -> MutexGuard<'static, Halves> {
    HALVES.lock().unwrap_or_else(PoisonError::into_inner)
}
