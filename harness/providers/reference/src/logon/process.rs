//! Messages in process, and the references by which the spooler and this provider speak of them.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::habits::Habits;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
}

/// What the spooler leaves in its cell, and cancels with, before a reference is assigned.
const UNASSIGNED_OUTBOUND: u32 = 0;
const UNASSIGNED_INBOUND: u32 = 1;

/// A message between the assignment of its reference and the end of `StartMessage` or `EndMessage`.
#[derive(Debug)]
pub(crate) struct InProcess {
    pub(crate) reference: u32,
    pub(crate) direction: Direction,
    cancelled: AtomicBool,
}

impl InProcess {
    /// Stops the message at its next step.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// Whether it is to be stopped.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}

/// The messages of one session, by reference.
#[derive(Debug, Default)]
pub(crate) struct Messages(HashMap<u32, Arc<InProcess>>);

/// Counts through all sessions of the library, so that references differ among them too.
static GIVEN: AtomicU32 = AtomicU32::new(0);

/// References are small by default: a number as small is no address, so either can be told from the other where
/// `TransportNotify` is passed one (see `control`).
const FIRST: u32 = 0x100;
const COUNT: u32 = 0xFF00;

impl Messages {
    /// Enters a message under a reference that no other message in process has.
    pub(crate) fn begin(&mut self, direction: Direction, habits: Habits) -> Arc<InProcess> {
        let mut candidates = std::iter::repeat_with(|| candidate(habits));
        let reference = if habits.ref_reuse {
            (UNASSIGNED_INBOUND..).find(|free| !self.0.contains_key(free))
        } else {
            candidates.find(|free| *free > UNASSIGNED_INBOUND && !self.0.contains_key(free))
        };
        let reference = reference.expect("fewer messages are in process than there are references");
        let message = InProcess { reference, direction, cancelled: AtomicBool::new(false) };
        let message = Arc::new(message);
        self.0.insert(reference, Arc::clone(&message));
        message
    }

    /// The message with this reference.
    pub(crate) fn get(&self, reference: u32) -> Option<Arc<InProcess>> {
        self.0.get(&reference).cloned()
    }

    /// Takes a message out: its reference is free.
    pub(crate) fn end(&mut self, reference: u32) {
        self.0.remove(&reference);
    }

    /// Whether the number names a message in process: by its reference, or - 0 and 1 - by its direction, for a spooler
    /// that has not seen the reference yet.
    pub(crate) fn is_meant(&self, reference: u32) -> bool {
        self.0.values().any(|message| names(reference, message))
    }

    /// Cancels what the number names; nothing where it names nothing.
    pub(crate) fn cancel(&self, reference: u32) {
        self.0.values().filter(|message| names(reference, message)).for_each(|message| message.cancel());
    }

    /// Cancels every message.
    pub(crate) fn cancel_all(&self) {
        self.0.values().for_each(|message| message.cancel());
    }

    /// Whether a message goes this way.
    pub(crate) fn any(&self, direction: Direction) -> bool {
        self.0.values().any(|message| message.direction == direction)
    }
}

fn names(reference: u32, message: &InProcess) -> bool {
    match reference {
        _ if message.reference == reference => true,
        UNASSIGNED_OUTBOUND => message.direction == Direction::Outbound,
        UNASSIGNED_INBOUND => message.direction == Direction::Inbound,
        _ => false,
    }
}

fn candidate(habits: Habits) -> u32 {
    let count = GIVEN.fetch_add(1, Ordering::Relaxed);
    if habits.ref_hash {
        // The upper half is kept off zero: a hash is to look like one.
        RandomState::new().hash_one(count) as u32 | 0x4000_0000
    } else if habits.ref_descending {
        u32::MAX - count
    } else {
        FIRST + count % COUNT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_habit() -> [Habits; 4] {
        let plain = Habits::default();
        [
            plain,
            Habits { ref_hash: true, ..plain },
            Habits { ref_descending: true, ..plain },
            Habits { ref_reuse: true, ..plain },
        ]
    }

    #[test]
    fn references_tell_messages_apart() {
        for habits in every_habit() {
            let mut messages = Messages::default();
            let references: std::collections::HashSet<u32> =
                (0..500).map(|_| messages.begin(Direction::Inbound, habits).reference).collect();
            assert_eq!(references.len(), 500, "{habits:?}");
            let least = if habits.ref_reuse { 1 } else { 2 };
            assert!(references.iter().all(|reference| *reference >= least), "{habits:?}");
        }
    }

    #[test]
    fn a_cancellation_reaches_only_what_it_names() {
        let mut messages = Messages::default();
        let inbound = messages.begin(Direction::Inbound, Habits::default());
        let outbound = messages.begin(Direction::Outbound, Habits::default());
        messages.cancel(outbound.reference + 1);
        assert!(!inbound.is_cancelled() && !outbound.is_cancelled());
        messages.cancel(UNASSIGNED_INBOUND);
        assert!(inbound.is_cancelled() && !outbound.is_cancelled());
        messages.cancel(outbound.reference);
        assert!(outbound.is_cancelled());
    }

    #[test]
    fn reused_references_are_the_lowest_free_ones() {
        let habits = Habits { ref_reuse: true, ..Habits::default() };
        let mut messages = Messages::default();
        let first = messages.begin(Direction::Outbound, habits);
        messages.begin(Direction::Inbound, habits);
        messages.cancel(first.reference);
        assert!(first.is_cancelled(), "1 names this message, too");
        messages.end(first.reference);
        assert_eq!((first.reference, messages.begin(Direction::Inbound, habits).reference), (1, 1));
    }
}
