//! Outbound mail: submission, its end, another try.
//!
//! Which transport gets a message is told in [`distribute`](super::distribute). A transport's answer decides what comes next
//! (pages: ixplogon-submitmessage, ixplogon-endmessage).

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use mapi_spi::{HRESULT, flags};
use serde_json::json;

use crate::com::{Cell, boundary};
use crate::engine::logon::held_since;
use crate::engine::outgoing::{Outgoing, Stored};
use crate::engine::run::{Engine, Stop};
use crate::objects::message::Message;
use crate::objects::{Store, their_message};
use crate::plan::args::{Ends, Send, Sent, with_copies};
use crate::plan::draft::DraftRecipient;
use crate::plan::{Draft, Trap};
use crate::trace::told::What;

/// How often one message is submitted again at its transport's wish before the case gives up.
pub(super) const MOST_TRIES: usize = 8;

/// The address type of recipients for a provider that takes any.
const ANY_TYPE: &str = "SMTP";

/// What becomes of a message after a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The transport is done with it.
    Done,
    /// It is to be submitted again at once.
    Now,
    /// It is to be submitted again after a time.
    After(Duration),
    /// The transport keeps it and will say when it wants it back.
    Deferred,
    /// The transport does not want it.
    Refused,
    /// It failed for good.
    Failed,
    /// The spooler had stopped it.
    Cancelled,
}

impl Engine<'_> {
    pub(super) fn send(&mut self, args: &Send) -> Result<(), Stop> {
        for name in with_copies(&args.mail, args.copies) {
            let outgoing = self.drafted(&name, &args.also, &args.session)?;
            self.distribute(&outgoing, &args.session, args.ends, &args.traps)?;
        }
        Ok(())
    }

    /// A mail of the plan as a message, with more recipients.
    pub(super) fn drafted(
        &mut self,
        name: &str,
        also: &[DraftRecipient],
        session: &str,
    ) -> Result<Stored, Stop> {
        let draft = self.plan.drafts.get(name).cloned();
        let mut draft = draft.ok_or_else(|| Stop::Harness(format!("the plan has no draft of `{name}`")))?;
        draft.recipients.extend(also.iter().cloned());
        self.compose(name, &draft, session)
    }

    fn compose(&mut self, name: &str, draft: &Draft, session: &str) -> Result<Stored, Stop> {
        let own = self.own_type(session)?;
        let mut draft = draft.clone();
        if own.is_empty() {
            // Nobody is this provider's: the recipients are of a type all the same.
            draft.recipients.iter_mut().for_each(|one| {
                one.address_type.get_or_insert_with(|| ANY_TYPE.to_owned());
            });
        }
        let store = Store::session();
        let entry_id = store.new_entry_id();
        self.composed.insert(name.to_owned(), entry_id.clone());
        let message = Message::describe(&draft, &own)
            .map_err(Stop::Harness)?
            .entry_id(entry_id.clone())
            .submitted()
            .build(&store);
        Ok(Stored {
            name: name.to_owned(),
            core: Arc::clone(message.core()),
            entry_id,
            drafted: draft.recipients,
            own_type: own,
        })
    }

    /// The address type of recipients that are the provider's: of what AddressTypes said the one that the candidate file names, or
    /// the first; empty where it serves none.
    pub(super) fn own_type(&mut self, session: &str) -> Result<String, Stop> {
        let filed = self.plan.candidate.address_types.first().cloned();
        let served =
            self.session(session)?.address_types.as_ref().map(crate::engine::logon::AddressTypes::served);
        Ok(match (served, filed) {
            (Some(Some(served)), Some(filed))
                if served.iter().any(|one| one.eq_ignore_ascii_case(&filed)) =>
            {
                filed
            }
            (Some(Some(served)), _) => served.into_iter().next().unwrap_or_default(),
            (Some(None) | None, Some(filed)) => filed,
            (Some(None) | None, None) => ANY_TYPE.to_owned(),
        })
    }

    /// Submits a message to the candidate until its fate there is settled.
    pub(super) fn follow(
        &mut self,
        outgoing: &dyn Outgoing,
        session: &str,
        ends: Ends,
        mut traps: &[Trap],
    ) -> Result<Fate, Stop> {
        let mut deferred = 0;
        for _ in 0..MOST_TRIES {
            let fate = self.submit(outgoing, session, deferred, traps)?;
            traps = &[];
            deferred = 0;
            match fate {
                Fate::Done | Fate::Refused | Fate::Failed | Fate::Cancelled => return Ok(fate),
                Fate::Now => {}
                Fate::After(time) => {
                    if ends == Ends::Any || time > self.patience() {
                        return Ok(fate);
                    }
                    self.wait_out(session, time)?;
                }
                Fate::Deferred => {
                    if ends == Ends::Any || !self.await_deferred(outgoing, session)? {
                        return Ok(fate);
                    }
                    deferred = flags::BEGIN_DEFERRED;
                }
            }
            self.turn_of_others();
        }
        boundary().record(What::Unexpected {
            due: format!("`{}` is sent, or refused for good", outgoing.name()),
            seen: format!("it was asked for {MOST_TRIES} times and never finished"),
        });
        Err(Stop::Candidate)
    }

    /// One SubmitMessage and, where it succeeded, its EndMessage.
    fn submit(
        &mut self,
        outgoing: &dyn Outgoing,
        name: &str,
        deferred: u32,
        traps: &[Trap],
    ) -> Result<Fate, Stop> {
        self.attend()?;
        let session = self.session(name)?;
        if session.is_dead() {
            return Err(Stop::Candidate);
        }
        let logon = session.logon.clone();
        let shared = Arc::clone(&session.shared);
        let opened = outgoing.open()?;
        let (message, body) = (&opened.message, &opened.body);
        let mut reference = Cell::holding(0);
        let mut wait = Cell::holding(0);
        let address = reference.ptr::<u64>();
        message.watch(&reference);
        *shared.reference.lock().unwrap_or_else(PoisonError::into_inner) = address as usize;
        shared.cancelled.store(false, Ordering::Release);
        // A step that concerns a store has armed its traps for all that happens in it.
        let own = self.acting.is_none().then(|| self.arm(traps, &shared));
        if let Some(acting) = &self.acting {
            acting.turn_to(&shared);
        }
        let before = boundary().last_event();
        // SAFETY: the message is lent until EndMessage; the cells live longer than that.
        let code = unsafe { logon.SubmitMessage(deferred, message.lend(), address.cast(), wait.ptr()) };
        reference.check("lpulMsgRef");
        wait.check("lpulReturnParm");
        let mut end_flags = 0;
        // After TransportLogoff nothing but Release is called, and after a critical error nothing but what releases.
        let over = shared.logged_off.load(Ordering::Acquire) || shared.queue.lock().critical_error;
        if code.is_ok() && !over {
            let mut end = Cell::ulong(boundary().pattern());
            let value = usize::try_from(reference.get()).unwrap_or_default();
            // SAFETY: the cell lives for the call.
            let ended = unsafe { logon.EndMessage(value, end.ptr()) };
            end.check("lpulFlags");
            end_flags = if ended.is_ok() { end.get_u32() } else { 0 };
        }
        let untripped = if own.is_some() { boundary().traps.disarm() } else { Vec::new() };
        if let Some(acting) = own.as_ref().or(self.acting.as_ref()) {
            acting.finish(self.patience());
        }
        let open: Vec<String> =
            held_since(before).into_iter().filter(|held| *held != message.entry().name).collect();
        let recipients = their_message::rendered(&body.recipients().unwrap_or_default());
        outgoing.close(&opened, code.is_ok());
        message.end_of_loan();
        *shared.reference.lock().unwrap_or_else(PoisonError::into_inner) = 0;
        let cancelled = shared.cancelled.swap(false, Ordering::AcqRel);
        boundary().record(What::Fact {
            name: "submission".to_owned(),
            value: json!({
                "session": name, "mail": outgoing.name(), "message": message.entry().name, "hr": code.to_string(),
                "reference": reference.get(), "wait": wait.get(), "end": flags::END_MESSAGE_FLAGS.render(end_flags),
                "open": open, "message-references": message.entry().theirs(), "cancelled": cancelled,
                "recipients": recipients, "deferred": deferred != 0, "traps-not-sprung": untripped,
            }),
        });
        if self.session(name)?.is_dead() {
            // What the case goes on with is no matter of this transport any more.
            return Err(Stop::Candidate);
        }
        Ok(match fate(code, end_flags, wait.get()) {
            Fate::Failed if cancelled => Fate::Cancelled,
            fate => fate,
        })
    }

    /// Lets the time pass that a transport asked for; what it does meanwhile is in the trace.
    fn wait_out(&mut self, name: &str, time: Duration) -> Result<(), Stop> {
        let deadline = Instant::now() + time;
        let session = self.session(name)?;
        session.shared.queue.wait(deadline, |requests| requests.critical_error);
        Ok(())
    }

    /// Waits for NOTIFY_SENTDEFERRED; whether it came for this message.
    fn await_deferred(&mut self, outgoing: &dyn Outgoing, name: &str) -> Result<bool, Stop> {
        let patience = self.patience();
        let session = self.session(name)?;
        let entry = outgoing.entry_id().to_vec();
        let came = session.shared.queue.wait(Instant::now() + patience, |requests| {
            requests.critical_error || requests.sent_deferred.contains(&entry)
        });
        session.shared.queue.lock().sent_deferred.retain(|waiting| *waiting != entry);
        if !came {
            boundary().record(What::TimedOut {
                session: name.to_owned(),
                waiting: "sent-deferred".to_owned(),
                ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            });
        }
        Ok(came)
    }

    pub(super) fn sent(&mut self, args: &Sent) -> Result<(), Stop> {
        let wanted = with_copies(&args.expect, args.copies).len();
        let patience = self.patience();
        if self.sink.wait_for(wanted, Instant::now() + patience) {
            return Ok(());
        }
        boundary().record(What::TimedOut {
            session: String::new(),
            waiting: "sent-mail".to_owned(),
            ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
        });
        Err(Stop::Candidate)
    }
}

/// What a submission's results ask for.
pub(super) fn fate(code: HRESULT, end: u32, wait: u64) -> Fate {
    match code {
        code if code.is_ok() && end & flags::END_RESEND_NOW != 0 => Fate::Now,
        code if code.is_ok() && end & flags::END_RESEND_LATER != 0 => Fate::After(Duration::ZERO),
        code if code.is_ok() && end & flags::END_DONT_RESEND != 0 => Fate::Deferred,
        code if code.is_ok() => Fate::Done,
        HRESULT::MAPI_E_WAIT | HRESULT::MAPI_E_NETWORK_ERROR => Fate::After(Duration::from_secs(wait)),
        HRESULT::MAPI_E_BUSY => Fate::After(Duration::ZERO),
        HRESULT::MAPI_E_NOT_ME => Fate::Refused,
        _ => Fate::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_decide_what_comes_next() {
        assert_eq!(fate(HRESULT::S_OK, 0, 0), Fate::Done);
        assert_eq!(fate(HRESULT::S_OK, flags::END_RESEND_NOW, 0), Fate::Now);
        assert_eq!(fate(HRESULT::S_OK, flags::END_DONT_RESEND, 0), Fate::Deferred);
        assert_eq!(fate(HRESULT::MAPI_E_WAIT, 0, 3), Fate::After(Duration::from_secs(3)));
        assert_eq!(fate(HRESULT::MAPI_E_NOT_ME, 0, 0), Fate::Refused);
        assert_eq!(fate(HRESULT::MAPI_E_USER_CANCEL, 0, 0), Fate::Failed);
    }
}
