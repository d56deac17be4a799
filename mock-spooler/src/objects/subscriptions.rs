//! Notifications that a provider has MAPI raise: `IMAPISupport::Subscribe`, `Unsubscribe`, `Notify`.
//!
//! All sinks are called before `Notify` returns, those without NOTIFY_SYNC too: the page lets it return before, it need not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mapi_spi::HRESULT;
use mapi_spi::structs::{Elements, NOTIFICATION};

use super::table::Sink;

/// What a callback returns that wants no more notifications.
const CALLBACK_DISCONTINUE: u32 = 1;

/// Who has subscribed to what.
#[derive(Debug, Default)]
pub struct Subscriptions {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: BTreeMap<usize, Subscription>,
    last: usize,
}

#[derive(Debug)]
struct Subscription {
    key: Vec<u8>,
    mask: u32,
    sink: Arc<Sink>,
}

impl Subscriptions {
    /// Registers a sink for events of a key; the number of the connection, never zero.
    pub fn subscribe(&self, key: Vec<u8>, mask: u32, sink: Arc<Sink>) -> usize {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.last += 1;
        let connection = state.last;
        state.open.insert(connection, Subscription { key, mask, sink });
        connection
    }

    /// Ends a registration; the sink's reference is given back.
    ///
    /// # Errors
    ///
    /// MAPI_E_NOT_FOUND.
    pub fn unsubscribe(&self, connection: usize) -> Result<(), HRESULT> {
        let gone = self.state.lock().unwrap_or_else(PoisonError::into_inner).open.remove(&connection);
        // Dropped here, outside of the lock: the sink's Release is the candidate's code.
        gone.map(drop).ok_or(HRESULT::MAPI_E_NOT_FOUND)
    }

    /// Calls the sinks that subscribed to a key, each with the events that it asked for; whether one wants no more.
    #[must_use]
    pub fn notify(&self, key: &[u8], notifications: Elements<'_, NOTIFICATION>) -> bool {
        let sinks: Vec<(u32, Arc<Sink>)> = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let asked = state.open.values().filter(|subscription| subscription.key == key);
            asked.map(|subscription| (subscription.mask, Arc::clone(&subscription.sink))).collect()
        };
        let mut cancelled = false;
        for (mask, sink) in sinks {
            let mut wanted: Vec<NOTIFICATION> =
                notifications.filter(|event| event.ulEventType & mask != 0).collect();
            if !wanted.is_empty() {
                cancelled |= sink.notify(&mut wanted) == CALLBACK_DISCONTINUE;
            }
        }
        cancelled
    }
}
