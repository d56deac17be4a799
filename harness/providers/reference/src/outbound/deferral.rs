//! Messages that are sent later: because a recipient's address asks for it, or because a thread does the sending.
//!
//! Source pages: *ixplogon-endmessage*, *imapisupport-spoolernotify*, *ixplogon-transportnotify*.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::c_void;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::outbox::Written;
use crate::logon::{Session, State, Use};
use crate::mapi::Result;
use crate::worker::Worker;

/// How long a deferred message is put off.
const LATER: Duration = Duration::from_millis(5);

/// How long after a request that failed it is made again.
const AGAIN: Duration = Duration::from_millis(20);

/// While there is nothing to do, whoever changes that wakes the thread; this is only how long it may sleep.
const RESTING: Duration = Duration::from_secs(1);

/// What the session knows of mail on its way out.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    /// Messages that were put off with `MAPI_E_WAIT`, by entry identifier: the second try is taken.
    tried: HashSet<Vec<u8>>,
    /// Messages whose `EndMessage` is to answer `END_DONT_RESEND`, by reference.
    deferring: HashMap<u32, Vec<u8>>,
    deferred: Vec<Deferred>,
    /// Messages that were asked for, and then aborted before they came.
    aborted: HashSet<Vec<u8>>,
    queue: VecDeque<Written>,
    has_thread: bool,
}

/// A message that the spooler keeps until it is asked for.
#[derive(Debug)]
struct Deferred {
    entry: Vec<u8>,
    /// When it is to be asked for; `None` once it was.
    due: Option<Instant>,
}

impl Sending {
    /// Whether this is the first try of a message that is worth a second one.
    pub(super) fn is_first_try(&mut self, entry: &[u8]) -> bool {
        !self.tried.remove(entry) && self.tried.insert(entry.to_vec())
    }

    /// A deferred message has come back; whether it was aborted meanwhile.
    pub(super) fn came_back(&mut self, entry: &[u8]) -> bool {
        self.deferred.retain(|deferred| deferred.entry != entry);
        self.aborted.remove(entry)
    }

    /// The message with this reference is to be deferred.
    pub(super) fn defer(&mut self, reference: u32, entry: Vec<u8>) {
        self.deferring.insert(reference, entry);
    }

    /// The message's `EndMessage` has come: whether it is deferred from now on.
    pub(super) fn end(&mut self, reference: u32, cancelled: bool) -> bool {
        let Some(entry) = self.deferring.remove(&reference).filter(|_| !cancelled) else { return false };
        self.deferred.push(Deferred { entry, due: Some(Instant::now() + LATER) });
        true
    }

    /// Queues a mail for the thread.
    pub(super) fn enqueue(&mut self, mail: Written) {
        self.queue.push_back(mail);
    }

    /// Sends what is still in the queue: it was accepted.
    pub(crate) fn drain(&mut self) {
        for mail in self.queue.drain(..) {
            // Nobody is left to be told that it failed.
            drop(mail.send());
        }
    }

    fn abort(&mut self, entry: &[u8]) {
        if let Some(at) = self.deferred.iter().position(|deferred| deferred.entry == entry) {
            let deferred = self.deferred.swap_remove(at);
            if deferred.due.is_none() {
                self.aborted.insert(deferred.entry);
            }
        }
    }

    /// The messages to be asked for: all, or those that are due.
    fn take_due(&mut self, all: bool) -> Vec<Vec<u8>> {
        let now = Instant::now();
        let is_due = |deferred: &&mut Deferred| deferred.due.is_some_and(|due| all || due <= now);
        let ask = |deferred: &mut Deferred| {
            deferred.due = None;
            deferred.entry.clone()
        };
        self.deferred.iter_mut().filter(is_due).map(ask).collect()
    }

    fn ask_again(&mut self, entry: &[u8]) {
        for deferred in self.deferred.iter_mut().filter(|deferred| deferred.entry == entry) {
            deferred.due = Some(Instant::now() + AGAIN);
        }
    }

    fn next_due(&self) -> Option<Instant> {
        self.deferred.iter().filter_map(|deferred| deferred.due).min()
    }
}

/// `NOTIFY_ABORT_DEFERRED`: one message is not to be sent any more, or - at logoff - none that waits.
///
/// # Safety
///
/// Where it is about one message, `data` has to be null or point to a pointer to its entry identifier: to an `SBinary`, or
/// to bytes that are as many as those of any deferred message that begins like them.
pub(crate) unsafe fn abort_deferred(session: &Session, one: bool, data: *const *const c_void) {
    let mut state = session.lock();
    if !one {
        state.sending.deferred.clear();
        return;
    }
    // SAFETY: null, or a readable pointer, as the caller vouches.
    let Some(at) = (unsafe { data.as_ref() }).copied().filter(|at| !at.is_null()) else { return };
    let entries: Vec<Vec<u8>> =
        state.sending.deferred.iter().map(|deferred| deferred.entry.clone()).collect();
    for entry in entries {
        // SAFETY: as the caller vouches; nothing is read beyond the first difference.
        if unsafe { is_entry(at, &entry) } {
            state.sending.abort(&entry);
        }
    }
}

/// Whether `at` leads to this entry identifier. The page says only that the data points to one; nowhere does it say its
/// length, so a counted one is looked for first.
///
/// # Safety
///
/// `at` has to point to an `SBinary` or to an entry identifier.
unsafe fn is_entry(at: *const c_void, entry: &[u8]) -> bool {
    // SAFETY: either of the two has at least four bytes; the second pointer follows where the first four are its count.
    unsafe {
        let bytes: *const u8 = at.cast();
        let counted = at.cast::<u32>().read_unaligned() as usize == entry.len();
        let first = if counted {
            at.cast::<mapi_spi::structs::SBinary>().read_unaligned().lpb.cast_const()
        } else {
            bytes
        };
        !first.is_null() && entry.iter().enumerate().all(|(index, byte)| first.add(index).read() == *byte)
    }
}

/// Asks for every deferred message at once: the queues are being flushed.
pub(crate) fn ask_for_deferred(session: &Session, in_use: &Use<'_>) {
    let entries = session.lock().sending.take_due(true);
    ask_for(session, in_use, entries);
}

fn ask_for(session: &Session, in_use: &Use<'_>, entries: Vec<Vec<u8>>) {
    for entry in entries {
        if in_use.support().notify_deferred(&entry).is_err() {
            session.lock().sending.ask_again(&entry);
        }
    }
}

/// Starts the thread that asks and sends, at its first use.
///
/// # Errors
///
/// `MAPI_E_NOT_ENOUGH_RESOURCES` where the system gives no thread.
pub(super) fn ensure_thread(session: &Arc<Session>) -> Result<()> {
    if std::mem::replace(&mut session.lock().sending.has_thread, true) {
        return Ok(());
    }
    let own = Arc::clone(session);
    match Worker::start("sender", move || work(&own)) {
        Ok(worker) => {
            session.lock().workers.push(worker);
            Ok(())
        }
        Err(code) => {
            session.lock().sending.has_thread = false;
            Err(code)
        }
    }
}

fn work(session: &Session) {
    loop {
        let mut state = session.lock();
        if let Some(mail) = state.sending.queue.pop_front() {
            drop(state);
            drop(mail.send());
            continue;
        }
        if state.is_closed() {
            return;
        }
        let may_ask = |state: &State| state.outbound || state.outbound_flush;
        let entries = if may_ask(&state) { state.sending.take_due(false) } else { Vec::new() };
        if !entries.is_empty() {
            drop(state);
            if let Ok(in_use) = session.use_support() {
                ask_for(session, &in_use, entries);
            }
            continue;
        }
        let due = state.sending.next_due().filter(|_| may_ask(&state));
        let sleep = due.map_or(RESTING, |due| due.saturating_duration_since(Instant::now()).min(RESTING));
        drop(session.wait(state, sleep));
    }
}

#[cfg(test)]
mod tests {
    use mapi_spi::structs::SBinary;

    use super::*;

    fn deferred(entry: &[u8]) -> Sending {
        let mut sending = Sending::default();
        sending.defer(7, entry.to_vec());
        assert!(sending.end(7, false));
        sending
    }

    #[test]
    fn a_second_try_is_taken() {
        let mut sending = Sending::default();
        assert!(sending.is_first_try(b"a"));
        assert!(sending.is_first_try(b"b"));
        assert!(!sending.is_first_try(b"a"));
        assert!(sending.is_first_try(b"a"), "the next message with this identifier is a new one");
    }

    #[test]
    fn a_deferred_message_is_asked_for_once() {
        let mut sending = deferred(b"entry");
        assert_eq!(sending.take_due(true), [b"entry"]);
        assert!(sending.take_due(true).is_empty());
        assert!(!sending.came_back(b"entry"));
        assert!(sending.deferred.is_empty());
    }

    #[test]
    fn an_aborted_message_is_not_asked_for_and_not_taken_when_it_comes() {
        let mut before = deferred(b"entry");
        before.abort(b"entry");
        assert!(before.take_due(true).is_empty());
        let mut after = deferred(b"entry");
        after.take_due(true);
        after.abort(b"entry");
        assert!(after.came_back(b"entry"));
        assert!(!after.came_back(b"entry"));
    }

    #[test]
    fn a_cancelled_message_is_not_deferred() {
        let mut sending = Sending::default();
        sending.defer(7, b"entry".to_vec());
        assert!(!sending.end(7, true));
    }

    #[test]
    fn entry_identifiers_are_found_counted_or_plain() {
        let entry: Vec<u8> = (1..=24).collect();
        let counted = SBinary { cb: 24, lpb: entry.as_ptr().cast_mut() };
        // SAFETY: the first leads to a counted identifier, the others to plain ones of at least this length.
        unsafe {
            assert!(is_entry((&raw const counted).cast(), &entry));
            assert!(is_entry(entry.as_ptr().cast(), &entry));
            assert!(!is_entry([9_u8; 24].as_ptr().cast(), &entry));
        }
    }
}
