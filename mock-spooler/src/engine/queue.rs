//! The spooler's queue of notifications, and its policy against storms.
//!
//! The policy, fixed and visible in the trace as `notified` events: a NOTIFY_NEWMAIL for a session whose queue already holds
//! one changes nothing (`coalesced`); while inbound is off it is `ignored`; otherwise it is `queued`. An announcement
//! stands for all mail that the provider has: the spooler takes one message a turn, gives the other sessions their turn,
//! and comes back until StartMessage brings nothing. So a storm of notifications costs a provider's neighbours nothing.
//! Page: message-reception-model, imapisupport-spoolernotify.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::functions;
use crate::trace::event::Taken;

/// What a session's provider has asked for and the spooler has not done yet.
#[derive(Debug, Default)]
pub struct Requests {
    /// NOTIFY_NEWMAIL.
    pub new_mail: bool,
    /// NOTIFY_READYTOSEND.
    pub ready_to_send: bool,
    /// NOTIFY_CONFIG_CHANGE.
    pub config_change: bool,
    /// NOTIFY_SENTDEFERRED: entry identifiers, in order.
    pub sent_deferred: VecDeque<Vec<u8>>,
    /// Whether inbound is on: NOTIFY_NEWMAIL is honoured.
    pub inbound: bool,
    /// Whether outbound is on: NOTIFY_READYTOSEND is honoured.
    pub outbound: bool,
    /// Between NOTIFY_CRITSEC and NOTIFY_NONCRIT: neither Idle nor Poll.
    pub critical_section: bool,
    /// After NOTIFY_CRITICAL_ERROR: nothing but the releasing calls.
    pub critical_error: bool,
}

/// The queue of one session.
#[derive(Debug, Default)]
pub struct Queue {
    requests: Mutex<Requests>,
    changed: Condvar,
}

impl Queue {
    /// Looks at the requests, or changes them.
    pub fn lock(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits for the queue.
    pub fn wake(&self) {
        self.changed.notify_all();
    }

    /// Takes NOTIFY_NEWMAIL up, by the policy. `told` is called before anybody else sees the queue: the trace has to tell of
    /// changes in the order in which they were made.
    pub fn new_mail(&self, told: impl FnOnce(Taken)) -> Taken {
        let mut requests = self.lock();
        let taken = if !requests.inbound {
            Taken::Ignored
        } else if requests.new_mail {
            Taken::Coalesced
        } else {
            Taken::Queued
        };
        requests.new_mail |= taken == Taken::Queued;
        told(taken);
        drop(requests);
        self.wake();
        taken
    }

    /// Takes NOTIFY_READYTOSEND up, by the policy; `told` as for [`Queue::new_mail`].
    pub fn ready_to_send(&self, told: impl FnOnce(Taken)) -> Taken {
        let mut requests = self.lock();
        let taken = if !requests.outbound {
            Taken::Ignored
        } else if requests.ready_to_send {
            Taken::Coalesced
        } else {
            Taken::Queued
        };
        requests.ready_to_send |= taken == Taken::Queued;
        told(taken);
        drop(requests);
        self.wake();
        taken
    }

    /// Takes the announcement that stands in the queue; whether there was one. `told` as for [`Queue::new_mail`].
    pub fn take_new_mail(&self, told: impl FnOnce()) -> bool {
        let mut requests = self.lock();
        let announced = std::mem::take(&mut requests.new_mail);
        if announced {
            told();
        }
        announced
    }

    /// Waits until `ready` says so of the requests, or the deadline has passed; whether it came to be.
    pub fn wait(&self, deadline: Instant, mut ready: impl FnMut(&mut Requests) -> bool) -> bool {
        loop {
            // Whoever waits has nothing to do: the candidate's idle routines have their turn.
            let next = functions::idle_turn();
            let mut requests = self.lock();
            loop {
                if ready(&mut requests) {
                    return true;
                }
                let now = Instant::now();
                if now >= deadline {
                    return false;
                }
                let until = next.map_or(deadline, |next| next.min(deadline));
                if now >= until {
                    break;
                }
                requests = self.sleep(requests, until - now);
            }
        }
    }

    /// Waits for any change, at most so long.
    pub fn wait_a_little(&self, time: Duration) {
        let next = functions::idle_turn();
        let time = next.map_or(time, |next| next.saturating_duration_since(Instant::now()).min(time));
        drop(self.sleep(self.lock(), time));
    }

    fn sleep<'q>(&'q self, requests: MutexGuard<'q, Requests>, time: Duration) -> MutexGuard<'q, Requests> {
        self.changed.wait_timeout(requests, time).unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_coalesce_and_are_ignored_while_inbound_is_off() {
        let queue = Queue::default();
        assert_eq!(queue.new_mail(|_| ()), Taken::Ignored);
        assert!(!queue.lock().new_mail);
        queue.lock().inbound = true;
        assert_eq!(queue.new_mail(|_| ()), Taken::Queued);
        assert_eq!(queue.new_mail(|_| ()), Taken::Coalesced);
        queue.lock().new_mail = false;
        assert_eq!(queue.new_mail(|_| ()), Taken::Queued);
    }

    #[test]
    fn while_outbound_is_off_nothing_is_ready() {
        let queue = Queue::default();
        assert_eq!(queue.ready_to_send(|_| ()), Taken::Ignored);
        queue.lock().outbound = true;
        assert_eq!(queue.ready_to_send(|_| ()), Taken::Queued);
        assert_eq!(queue.ready_to_send(|_| ()), Taken::Coalesced);
    }

    #[test]
    fn what_happens_is_told_in_its_order() {
        let queue = Queue::default();
        queue.lock().inbound = true;
        let told = Mutex::new(Vec::new());
        let tell = |what: &'static str| told.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    queue.new_mail(|taken| {
                        if taken == Taken::Queued {
                            tell("queued");
                        }
                    });
                }
            });
            for _ in 0..10_000 {
                queue.take_new_mail(|| tell("taken"));
            }
        });
        let told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (place, what) in told.iter().enumerate() {
            assert_eq!(*what, if place % 2 == 0 { "queued" } else { "taken" }, "at {place}");
        }
    }

    #[test]
    fn a_wait_ends_with_its_event_or_its_bound() {
        let queue = Queue::default();
        assert!(!queue.wait(Instant::now(), |requests| requests.new_mail));
        queue.lock().inbound = true;
        std::thread::scope(|scope| {
            scope.spawn(|| queue.new_mail(|_| ()));
            assert!(queue.wait(Instant::now() + Duration::from_secs(10), |requests| requests.new_mail));
        });
    }
}
