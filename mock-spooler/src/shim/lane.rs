//! Lanes: calls that belong to no call of ours run on a thread of their own for each thread of the other side.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::message::Request;
use super::peer::Peer;

/// More threads than this do not call at once.
pub(super) const MOST_THREADS: usize = 64;

/// The lanes of a connection, by the labels of the other side's threads.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<HashMap<String, Lane>>);

#[derive(Debug)]
struct Lane {
    to: Sender<Request>,
    /// Calls that are in it or being run.
    pending: Arc<AtomicUsize>,
}

impl Lanes {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Hands a call to the lane of a thread; false where too many threads have calls in progress. Lanes with nothing to do
    /// are given up where there are many: threads come and go.
    pub(super) fn send(&self, peer: &Weak<Peer>, label: &str, request: Request) -> bool {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !lanes.contains_key(label) {
            if lanes.len() >= MOST_THREADS {
                lanes.retain(|_, lane| lane.pending.load(Ordering::Acquire) > 0);
            }
            if lanes.len() >= MOST_THREADS {
                return false;
            }
            lanes.insert(label.to_owned(), Lane::new(peer));
        }
        if let Some(lane) = lanes.get(label) {
            lane.pending.fetch_add(1, Ordering::AcqRel);
            // The thread goes on as long as there is a sender.
            let _ = lane.to.send(request);
        }
        true
    }
}

impl Lane {
    fn new(peer: &Weak<Peer>) -> Self {
        let (to, from) = channel::<Request>();
        let pending = Arc::new(AtomicUsize::new(0));
        let (peer, left) = (Weak::clone(peer), Arc::clone(&pending));
        let run = move || {
            while let (Ok(request), Some(peer)) = (from.recv(), peer.upgrade()) {
                peer.handle(request);
                left.fetch_sub(1, Ordering::AcqRel);
            }
        };
        // Without a thread nobody can answer: the call stays open, and the case ends by its limit.
        let _ = std::thread::Builder::new().name("shim-caller".to_owned()).spawn(run);
        Self { to, pending }
    }
}

/// The label of this thread, for the other side.
pub(super) fn label() -> String {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static LABEL: u64 = THREADS.fetch_add(1, Ordering::Relaxed);
    }
    LABEL.with(u64::to_string)
}
