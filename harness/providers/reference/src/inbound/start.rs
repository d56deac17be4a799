//! `StartMessage`: hands the first waiting message over. Source page: *ixplogon-startmessage*.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use mapi_spi::flags::KEEP_OPEN_READONLY;
use mapi_spi::interfaces::IMessage;

use super::announce::announce_within;
use super::deliver::deliver;
use super::maildrop::{Claim, first_waiting};
use super::parse::Mail;
use crate::logon::{Direction, InProcess, Session, Transfer, Use};
use crate::mapi::{Result, query_oddly, save};

/// Hands over at most one message. `refer` puts its reference into the spooler's cell, before the message is touched.
///
/// Nothing is saved where no mail waits. Where a callback fails or the message is cancelled, the mail stays in the
/// maildrop and is offered again.
///
/// # Errors
///
/// What the callback answers that failed; `MAPI_E_USER_CANCEL` after a cancellation.
pub(crate) fn start_message(session: &Session, message: &IMessage, refer: impl FnOnce(u32)) -> Result<()> {
    let in_use = session.use_support()?;
    let mut receiving = Receiving::begin(session, refer);
    if session.settings().habits.status_extra {
        let _ = session.update_row(&in_use);
    }
    let result = hand_over(session, &in_use, message, &receiving.process);
    receiving.failed = result.is_err();
    drop(receiving);
    if session.settings().habits.status_extra {
        let _ = session.update_row(&in_use);
    }
    if result? {
        announce_within(session, &in_use);
    }
    Ok(())
}

/// The call's entry among the messages in process; taken out again however the call ends.
struct Receiving<'a> {
    session: &'a Session,
    process: Arc<InProcess>,
    failed: bool,
    begun: Instant,
}

impl<'a> Receiving<'a> {
    fn begin(session: &'a Session, refer: impl FnOnce(u32)) -> Receiving<'a> {
        let mut state = session.lock();
        let process = state.messages.begin(Direction::Inbound, session.settings().habits);
        state.announcements.message_begun();
        // Under the lock: who reads the reference in the cell can cancel by it at once.
        refer(process.reference);
        Receiving { session, process, failed: true, begun: Instant::now() }
    }
}

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        let mut state = self.session.lock();
        state.messages.end(self.process.reference);
        state.announcements.message_ended(self.failed, self.begun.elapsed());
        drop(state);
        self.session.wake();
    }
}

/// Whether there was a message to hand over.
fn hand_over(
    session: &Session,
    in_use: &Use<'_>,
    message: &IMessage,
    process: &Arc<InProcess>,
) -> Result<bool> {
    let on = {
        let state = session.lock();
        (state.inbound || state.inbound_flush) && !session.is_offline()
    };
    if !on {
        return Ok(false);
    }
    let mut tried = HashSet::new();
    while let Some(path) = first_waiting(&session.settings().maildrop, |path| {
        !tried.contains(path) && !session.lock().delivered.contains(path)
    }) {
        tried.insert(path.clone());
        let Some(claim) = Claim::take(&path) else { continue };
        // Gone, or not to be read: the next one must not wait for it.
        let Ok(raw) = claim.read() else { continue };
        let transfer = Transfer::new(session, in_use, Arc::clone(process));
        let habits = session.settings().habits;
        if habits.qi_odd {
            query_oddly(message);
            query_oddly(in_use.support().object());
        }
        deliver(&transfer, message, &Mail::parse(&raw))?;
        transfer.last_step(|| save(message, if habits.save_readonly { KEEP_OPEN_READONLY } else { 0 }))?;
        // Only now: what was not saved would be lost.
        if claim.remove().is_err() && path.exists() {
            session.lock().delivered.insert(path);
        }
        return Ok(true);
    }
    Ok(false)
}
