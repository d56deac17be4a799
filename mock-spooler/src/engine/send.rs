//! Outbound mail: submission, its end, another try.
//!
//! The spooler hands a message to its transports in profile order: first by identifier, then by address type, the first match
//! first (page: ixplogon-addresstypes). A transport's answer decides what comes next (pages: ixplogon-submitmessage,
//! ixplogon-endmessage).

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use mapi_spi::{HRESULT, flags};
use serde_json::json;

use crate::com::{Cell, boundary, object};
use crate::engine::logon::held_since;
use crate::engine::run::{Engine, Stop};
use crate::objects::Store;
use crate::objects::message::{Message, MessageCore};
use crate::plan::args::{Ends, Send, Sent, with_copies};
use crate::plan::{Draft, Trap};
use crate::trace::event::What;
use crate::trace::render;

/// How often one message is submitted again at its transport's wish before the case gives up.
const MOST_TRIES: usize = 8;

/// The address type of recipients for a provider that takes any.
const ANY_TYPE: &str = "SMTP";

/// A message on its way out.
struct Outgoing {
    name: String,
    core: Arc<MessageCore>,
    entry_id: Vec<u8>,
}

/// What becomes of a message after a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
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
    /// It was stopped, or failed for good.
    Failed,
}

impl Engine<'_> {
    pub(super) fn send(&mut self, args: &Send) -> Result<(), Stop> {
        for name in with_copies(&args.mail, args.copies) {
            let mut draft = self
                .plan
                .drafts
                .get(&name)
                .cloned()
                .ok_or_else(|| Stop::Harness(format!("the plan has no draft of `{name}`")))?;
            draft.recipients.extend(args.also.iter().cloned());
            let outgoing = self.compose(&name, &draft, &args.session)?;
            self.follow(&outgoing, args)?;
        }
        Ok(())
    }

    fn compose(&mut self, name: &str, draft: &Draft, session: &str) -> Result<Outgoing, Stop> {
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
        let message = Message::describe(&draft, &own)
            .map_err(Stop::Harness)?
            .entry_id(entry_id.clone())
            .submitted()
            .build(&store);
        boundary().record(What::Fact {
            name: "submitted".to_owned(),
            value: json!({ "mail": name, "entry-id": render::hex(&entry_id), "recipients": draft.recipients, "own-type": own }),
        });
        Ok(Outgoing { name: name.to_owned(), core: Arc::clone(message.core()), entry_id })
    }

    /// The address type of recipients that are the provider's: of what AddressTypes said the one that the candidate file names, or
    /// the first; empty where it serves none.
    fn own_type(&mut self, session: &str) -> Result<String, Stop> {
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

    /// Submits a message until its fate is settled.
    fn follow(&mut self, outgoing: &Outgoing, args: &Send) -> Result<(), Stop> {
        let mut deferred = 0;
        let mut traps = args.traps.as_slice();
        for _ in 0..MOST_TRIES {
            let fate = self.submit(outgoing, &args.session, deferred, traps)?;
            traps = &[];
            deferred = 0;
            match fate {
                Fate::Done | Fate::Refused | Fate::Failed => {
                    self.settle(outgoing, &args.session, fate);
                    return Ok(());
                }
                Fate::Now => {}
                Fate::After(time) => {
                    if args.ends == Ends::Any || time > self.patience() {
                        self.settle(outgoing, &args.session, fate);
                        return Ok(());
                    }
                    self.wait_out(&args.session, time)?;
                }
                Fate::Deferred => {
                    if args.ends == Ends::Any || !self.await_deferred(outgoing, &args.session)? {
                        self.settle(outgoing, &args.session, fate);
                        return Ok(());
                    }
                    deferred = flags::BEGIN_DEFERRED;
                }
            }
        }
        boundary().record(What::Unexpected {
            due: format!("`{}` is sent, or refused for good", outgoing.name),
            seen: format!("it was asked for {MOST_TRIES} times and never finished"),
        });
        Err(Stop::Candidate)
    }

    /// One SubmitMessage and, where it succeeded, its EndMessage.
    fn submit(
        &mut self,
        outgoing: &Outgoing,
        name: &str,
        deferred: u32,
        traps: &[Trap],
    ) -> Result<Fate, Stop> {
        let session = self.session(name)?;
        if session.is_dead() {
            return Err(Stop::Candidate);
        }
        let logon = session.logon.clone();
        let shared = Arc::clone(&session.shared);
        // Opened anew for each submission: the provider's loan ends with each.
        let body = Message::open(&outgoing.core, true);
        let message = object::hold(Arc::clone(&body), "message");
        let mut reference = Cell::holding(0);
        let mut wait = Cell::holding(0);
        let address = reference.ptr::<u64>();
        message.watch(address);
        *shared.reference.lock().unwrap_or_else(PoisonError::into_inner) = address as usize;
        shared.cancelled.store(false, Ordering::Release);
        let acting = self.arm(traps, &shared);
        let before = boundary().last_event();
        // SAFETY: the message is lent until EndMessage; the cells live longer than that.
        let code = unsafe { logon.SubmitMessage(deferred, message.lend(), address.cast(), wait.ptr()) };
        reference.check("lpulMsgRef");
        wait.check("lpulReturnParm");
        let mut end_flags = 0;
        // After TransportLogoff nothing but Release is called.
        if code.is_ok() && !shared.logged_off.load(Ordering::Acquire) {
            let mut end = Cell::ulong(boundary().pattern());
            let value = usize::try_from(reference.get()).unwrap_or_default();
            // SAFETY: the cell lives for the call.
            let ended = unsafe { logon.EndMessage(value, end.ptr()) };
            end.check("lpulFlags");
            end_flags = if ended.is_ok() { end.get_u32() } else { 0 };
        }
        let untripped = boundary().traps.disarm();
        acting.finish(self.patience());
        let open: Vec<String> =
            held_since(before).into_iter().filter(|held| *held != message.entry().name).collect();
        let recipients = body.content_pending().recipients;
        if code.is_ok() {
            outgoing.core.save();
        } else {
            // Nothing is kept but what the provider saved itself (page: ixplogon-submitmessage).
            body.discard();
        }
        message.end_of_loan();
        *shared.reference.lock().unwrap_or_else(PoisonError::into_inner) = 0;
        let cancelled = shared.cancelled.swap(false, Ordering::AcqRel);
        boundary().record(What::Fact {
            name: "submission".to_owned(),
            value: json!({
                "session": name, "mail": outgoing.name, "message": message.entry().name, "hr": code.to_string(),
                "reference": reference.get(), "wait": wait.get(), "end": flags::END_MESSAGE_FLAGS.render(end_flags),
                "open": open, "message-references": message.entry().theirs(), "cancelled": cancelled,
                "recipients": recipients, "deferred": deferred != 0, "traps-not-sprung": untripped,
            }),
        });
        Ok(fate(code, end_flags, wait.get()))
    }

    /// The message leaves the spooler's hands.
    fn settle(&mut self, outgoing: &Outgoing, session: &str, fate: Fate) {
        let body = Message::open(&outgoing.core, false);
        boundary().record(What::Fact {
            name: "settled".to_owned(),
            value: json!({
                "session": session, "mail": outgoing.name,
                "fate": format!("{fate:?}").split('(').next().unwrap_or_default().to_lowercase(),
                "recipients": body.content_pending().recipients,
            }),
        });
    }

    /// Lets the time pass that a transport asked for; what it does meanwhile is in the trace.
    fn wait_out(&mut self, name: &str, time: Duration) -> Result<(), Stop> {
        let deadline = Instant::now() + time;
        let session = self.session(name)?;
        session.shared.queue.wait(deadline, |requests| requests.critical_error);
        Ok(())
    }

    /// Waits for NOTIFY_SENTDEFERRED; whether it came for this message.
    fn await_deferred(&mut self, outgoing: &Outgoing, name: &str) -> Result<bool, Stop> {
        let patience = self.patience();
        let session = self.session(name)?;
        let entry = outgoing.entry_id.clone();
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
fn fate(code: HRESULT, end: u32, wait: u64) -> Fate {
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
