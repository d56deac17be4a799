//! The thread that watches the maildrop and announces what it finds.

use std::sync::Arc;
use std::time::Duration;

use crate::inbound;
use crate::logon::Session;
use crate::mapi::Result;
use crate::profile::Style;
use crate::worker::Worker;

/// How often the maildrop is looked into. A directory tells nobody that it has changed by means that every platform has.
const NOTIFYING: Duration = Duration::from_millis(1);
const IDLE: Duration = Duration::from_millis(50);

/// While nothing may be announced, whoever changes that wakes the thread; this is only how long it may sleep.
const RESTING: Duration = Duration::from_secs(1);

/// Starts the thread. It ends when the session is closed.
///
/// # Errors
///
/// `MAPI_E_NOT_ENOUGH_RESOURCES` where the system gives no thread.
pub(crate) fn start(session: &Arc<Session>) -> Result<Worker> {
    let session = Arc::clone(session);
    Worker::start("maildrop", move || watch(&session))
}

fn watch(session: &Session) {
    let tick = if session.settings().style == Style::Notify { NOTIFYING } else { IDLE };
    loop {
        inbound::announce_if_due(session);
        let state = session.lock();
        if state.is_closed() {
            return;
        }
        let sleep = if inbound::may_offer(&state) { tick } else { RESTING };
        drop(session.wait(state, sleep));
    }
}
