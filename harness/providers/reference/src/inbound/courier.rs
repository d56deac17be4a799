//! Mail that goes into the coupled store without the spooler: a thread looks into the maildrop while store and transport
//! are a pair. Source pages: *tightly-coupled-message-store-providers*, *imapisupport-spoolernotify*.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::deliver::deliver;
use super::maildrop::{Claim, first_waiting};
use super::parse::Mail;
use crate::logon::{Direction, InProcess, Session, State, Transfer};
use crate::mapi::Result;
use crate::pair;
use crate::store::{StoreSession, receive};
use crate::worker::Worker;

/// How often the maildrop is looked into.
const TICK: Duration = Duration::from_millis(1);

/// After mail that could not be delivered.
const AGAIN: Duration = Duration::from_millis(20);

/// While nothing may be delivered, whoever changes that wakes the thread; this is only how long it may sleep.
const RESTING: Duration = Duration::from_secs(1);

/// Starts the thread. It ends when the session is closed.
///
/// # Errors
///
/// `MAPI_E_NOT_ENOUGH_RESOURCES` where the system gives no thread.
pub(crate) fn start_courier(session: &Arc<Session>) -> Result<Worker> {
    let session = Arc::clone(session);
    Worker::start("courier", move || work(&session))
}

/// Whether mail is delivered directly at the moment.
pub(super) fn delivers(session: &Session) -> bool {
    session.lock().has_courier && pair::store_of(session).is_some()
}

fn work(session: &Session) {
    loop {
        let store = pair::store_of(session).filter(|_| may_deliver(&session.lock()));
        let delivered = store.as_ref().map(|store| deliver_next(session, store));
        let pause = match delivered {
            Some(Ok(true)) => continue,
            Some(Ok(false)) => TICK,
            Some(Err(_)) => AGAIN,
            None => RESTING,
        };
        // Nothing of the store is held while this sleeps.
        drop(store);
        let state = session.lock();
        if state.is_closed() {
            return;
        }
        // What may have changed between the look and here is looked at again soon: who changes it has woken nobody.
        let pause = if may_deliver(&state) { pause.min(AGAIN) } else { pause };
        drop(session.wait(state, pause));
    }
}

fn may_deliver(state: &State) -> bool {
    !state.is_closed() && (state.inbound || state.inbound_flush)
}

/// Delivers the first mail that waits; whether there was one. What is not delivered stays where it is.
fn deliver_next(session: &Session, store: &Arc<StoreSession>) -> Result<bool> {
    let mut tried = HashSet::new();
    while let Some(path) = first_waiting(&session.settings().maildrop, |path| {
        !tried.contains(path) && !session.lock().delivered.contains(path)
    }) {
        tried.insert(path.clone());
        let Some(claim) = Claim::take(&path) else { continue };
        // Gone, or not to be read: the next one must not wait for it.
        let Ok(raw) = claim.read() else { continue };
        let in_use = session.use_support()?;
        let process = Delivering::begin(session);
        let transfer = Transfer::new(session, &in_use, Arc::clone(&process.message));
        receive(
            store,
            |message| deliver(&transfer, message, &Mail::parse(&raw)),
            || {
                if claim.remove().is_err() && path.exists() {
                    session.lock().delivered.insert(path.clone());
                }
            },
        )?;
        return Ok(true);
    }
    Ok(false)
}

/// The mail's entry among the messages in process: a cancellation and the logoff stop it.
struct Delivering<'a> {
    session: &'a Session,
    message: Arc<InProcess>,
}

impl<'a> Delivering<'a> {
    fn begin(session: &'a Session) -> Delivering<'a> {
        let message = session.lock().messages.begin(Direction::Inbound, session.settings().habits);
        Delivering { session, message }
    }
}

impl Drop for Delivering<'_> {
    fn drop(&mut self) {
        self.session.lock().messages.end(self.message.reference);
        self.session.wake();
    }
}
