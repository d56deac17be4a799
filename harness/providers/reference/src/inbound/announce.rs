//! Telling the spooler that mail waits: by `Poll`, by `Idle`, by `SpoolerNotify`.
//!
//! Source pages: *message-reception-model*, *ixplogon-poll*, *ixplogon-idle*, *imapisupport-spoolernotify*.

use std::path::Path;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use mapi_spi::HRESULT;
use mapi_spi::flags::{NOTIFY_BEGIN_INBOUND, NOTIFY_END_INBOUND, NOTIFY_END_INBOUND_FLUSH, NOTIFY_NEWMAIL};

use super::courier;
use super::maildrop::{Claim, first_waiting};
use crate::logon::{Session, State, Use};
use crate::mapi::Result;
use crate::profile::Style;

/// Between the end of one message and the announcement of the next one.
const BREATH: Duration = Duration::from_millis(2);

/// After a message that could not be handed over, or an announcement that failed; doubled each time.
const BACK_OFF: Duration = Duration::from_millis(10);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1);

/// How long the end of inbound mail waits for an announcement that is on its way. Its thread may be within a callback
/// that waits for this one.
const PATIENCE: Duration = Duration::from_millis(100);

/// What the spooler has been told of waiting mail. One announcement at a time: the next one comes when the announced
/// message was fetched, so that announcements are further apart than a message takes.
#[derive(Debug, Default)]
pub(crate) struct Announcements {
    /// Mail may be announced: inbound mail is on, and the call that turned it on has done its work.
    offering: bool,
    /// Mail was announced, and not fetched yet.
    outstanding: bool,
    /// The thread that is announcing.
    announcer: Option<ThreadId>,
    receiving: u32,
    failures: u32,
    not_before: Option<Instant>,
}

impl Announcements {
    /// `StartMessage` has begun.
    pub(super) fn message_begun(&mut self) {
        self.receiving += 1;
        self.outstanding = false;
    }

    /// `StartMessage` is about to return; it took this long.
    pub(super) fn message_ended(&mut self, failed: bool, took: Duration) {
        self.receiving -= 1;
        self.outstanding = false;
        self.pause(failed, took);
    }

    fn pause(&mut self, failed: bool, took: Duration) {
        self.failures = if failed { self.failures.saturating_add(1) } else { 0 };
        let pause = match self.failures {
            0 => BREATH.max(took),
            failures => BACK_OFF.saturating_mul(1 << (failures - 1).min(10)).min(LONGEST_BACK_OFF),
        };
        self.not_before = Some(Instant::now() + pause);
    }

    fn is_due(&self) -> bool {
        !self.outstanding && self.receiving == 0 && self.not_before.is_none_or(|time| Instant::now() >= time)
    }
}

/// `TransportNotify` is about to return. Announcements may have been ignored while inbound mail was off, and are dropped
/// when a flush ends: what still waits is announced anew. After the end of inbound mail nothing is announced any more,
/// also not by a thread that was about to.
pub(crate) fn directions_changed(session: &Session, flags: u32) {
    let mut state = session.lock();
    let announcements = &mut state.announcements;
    if flags & (NOTIFY_BEGIN_INBOUND | NOTIFY_END_INBOUND | NOTIFY_END_INBOUND_FLUSH) != 0 {
        announcements.outstanding = false;
    }
    if flags & NOTIFY_BEGIN_INBOUND != 0 {
        announcements.offering = true;
        announcements.failures = 0;
    }
    if flags & NOTIFY_END_INBOUND != 0 {
        announcements.offering = false;
        let me = thread::current().id();
        let landed = |state: &State| state.announcements.announcer.is_none_or(|announcer| announcer == me);
        state = session.wait_until(state, PATIENCE, landed);
    }
    drop(state);
    session.wake();
}

/// Whether mail may be offered, now or as soon as a pause is over.
pub(crate) fn may_offer(state: &State) -> bool {
    state.inbound
        && !state.is_closed()
        && !state.announcements.outstanding
        && state.announcements.receiving == 0
}

/// `Poll`: whether a message waits. Only a look.
///
/// # Errors
///
/// `MAPI_E_INVALID_OBJECT` after logoff.
pub(crate) fn poll(session: &Session) -> Result<bool> {
    let state = session.lock();
    if state.is_closed() {
        return Err(HRESULT::MAPI_E_INVALID_OBJECT);
    }
    let may = state.inbound && !session.is_offline();
    drop(state);
    Ok(may && mail_waits(session))
}

/// `Idle`: a look into the maildrop where that is this session's style.
///
/// # Errors
///
/// `MAPI_E_INVALID_OBJECT` after logoff.
pub(crate) fn idle(session: &Session) -> Result<()> {
    if session.lock().is_closed() {
        return Err(HRESULT::MAPI_E_INVALID_OBJECT);
    }
    if session.settings().style == Style::Idle {
        announce_if_due(session);
    }
    Ok(())
}

/// Announces mail, if any waits that the spooler does not know of and may be told of now.
pub(crate) fn announce_if_due(session: &Session) {
    let is_due = |state: &State| may_offer(state) && state.announcements.is_due();
    // The directory is looked into without the lock; what was true before may not be true after.
    if session.is_offline() || !is_due(&session.lock()) || !mail_waits(session) {
        return;
    }
    let Ok(in_use) = session.use_support() else { return };
    {
        let mut state = session.lock();
        if !is_due(&state) {
            return;
        }
        state.announcements.outstanding = true;
        state.announcements.announcer = Some(thread::current().id());
    }
    let result = in_use.support().notify(NOTIFY_NEWMAIL);
    {
        let announcements = &mut session.lock().announcements;
        announcements.announcer = None;
        if result.is_err() {
            announcements.outstanding = false;
            announcements.pause(true, Duration::ZERO);
        }
    }
    session.wake();
}

/// Announces the next message from within the `StartMessage` call that has handed over the one before: during an
/// inbound flush the spooler waits for it.
///
/// Source page: *implementing-the-flushqueues-method*, step 11.
pub(super) fn announce_within(session: &Session, in_use: &Use<'_>) {
    if !session.lock().inbound_flush || !mail_waits(session) {
        return;
    }
    session.lock().announcements.outstanding = true;
    if in_use.support().notify(NOTIFY_NEWMAIL).is_err() {
        session.lock().announcements.outstanding = false;
    }
}

/// Whether mail waits that the spooler is to be told of: not while it is delivered directly.
fn mail_waits(session: &Session) -> bool {
    if courier::delivers(session) {
        return false;
    }
    let may_be_taken = |path: &Path| !session.lock().delivered.contains(path) && !Claim::exists(path);
    first_waiting(&session.settings().maildrop, may_be_taken).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_lengthen_the_pause_up_to_a_limit() {
        let mut announcements = Announcements::default();
        assert!(announcements.is_due());
        for _ in 0..40 {
            announcements.message_begun();
            announcements.message_ended(true, Duration::ZERO);
        }
        let until = announcements.not_before.expect("a failure has a pause");
        assert!(until <= Instant::now() + LONGEST_BACK_OFF && !announcements.is_due());
    }

    #[test]
    fn the_pause_is_no_shorter_than_the_message_took() {
        let mut announcements = Announcements::default();
        announcements.message_begun();
        let took = Duration::from_secs(60);
        announcements.message_ended(false, took);
        let until = announcements.not_before.expect("there is always a pause");
        assert!(until > Instant::now() + took / 2);
    }

    #[test]
    fn an_announcement_stands_until_its_message_is_fetched() {
        let mut announcements = Announcements { outstanding: true, ..Announcements::default() };
        assert!(!announcements.is_due());
        announcements.message_begun();
        assert!(!announcements.is_due());
        announcements.message_ended(false, Duration::ZERO);
        announcements.not_before = None;
        assert!(announcements.is_due());
    }
}
