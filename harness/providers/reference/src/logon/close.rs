//! The end of a session: logoff, or the last release without one.
//!
//! Source pages: *ixplogon-transportlogoff*, *releasing-the-transport-provider*.

use std::thread;
use std::time::Duration;

use super::session::{Session, State};
use crate::pair;

/// How long a logoff waits for calls on other threads. They stop at their next step; but one of them may be within a
/// callback that waits for the logoff, so this is not for good.
const PATIENCE: Duration = Duration::from_millis(50);

impl Session {
    /// Ends the session: stops what runs, invalidates the status object, releases the support object last. Calls that
    /// are still within a callback keep the support object until they have stopped.
    pub(super) fn close(&self) {
        let status = {
            let mut state = self.lock();
            if state.closed {
                return;
            }
            state.closed = true;
            state.messages.cancel_all();
            state.status.take()
        };
        pair::transport_closed(self);
        self.wake();
        let alone = |state: &State| state.busy.iter().all(|busy| *busy == thread::current().id());
        drop(self.wait_until(self.lock(), PATIENCE, alone));
        self.end_threads(false);
        self.lock().sending.drain();
        let support = self.lock().support.take();
        if let (Some(status), Some(support)) = (status, &support) {
            status.invalidate(support);
        }
        drop(support);
    }

    /// Waits for the session's threads to end. One that is within a callback is left for the last call, `at_any_cost`:
    /// after it the library may be unloaded.
    pub(super) fn end_threads(&self, at_any_cost: bool) {
        let (workers, busy) = {
            let mut state = self.lock();
            (std::mem::take(&mut state.workers), state.busy.clone())
        };
        let me = thread::current().id();
        for worker in workers {
            if worker.id() == me {
                // It ends as soon as it returns from the callback that has led here.
            } else if at_any_cost || !busy.contains(&worker.id()) {
                worker.join();
            } else {
                self.lock().workers.push(worker);
            }
        }
    }
}
