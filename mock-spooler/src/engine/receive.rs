//! Inbound mail: learning that it waits, fetching it, dropping what is not to be kept.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::com::{Cell, boundary};
use crate::engine::logon::held_since;
use crate::engine::run::{Engine, Stop};
use crate::engine::store::Delivery;
use crate::objects::message::Message;
use crate::plan::args::{Announce, Arrive, Ends, OnSession, Poll, Receive, StartMessage, Times};
use crate::plan::{Act, Trap};
use crate::trace::event::{Announcer, Content, Outcome};
use crate::trace::told::What;

/// How long the spooler turns to other things between two polls, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// How many StartMessage calls that bring nothing, or fail on their own account, a `receive` bears beyond what it expects.
pub(super) const PATIENT_TRIES: usize = 16;

/// What a StartMessage call came to.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) outcome: Outcome,
    /// Whether a trap sprang.
    sprung: bool,
}

impl Engine<'_> {
    pub(super) fn arrive(&mut self, args: &Arrive) -> Result<(), Stop> {
        let acting = if args.news { self.arm_for_stores(&args.traps) } else { None };
        let names = crate::plan::args::with_copies(&args.mail, args.copies);
        let arrived = names.iter().try_for_each(|name| self.mailroom.arrive(name).map_err(Stop::Harness));
        let looked = arrived.and_then(|()| if args.news { self.look_at_news(&args.session) } else { Ok(()) });
        self.disarm(&acting);
        looked
    }

    /// Waits for news of mail, and looks at what a pair has put into its store.
    fn look_at_news(&mut self, session: &str) -> Result<(), Stop> {
        self.await_news(session)?;
        while self.take_new_mail()? {
            self.delivered += 1;
        }
        Ok(())
    }

    /// Waits, with a bound, until there is news of mail. Where the news themselves were made to fail there may be no others.
    fn await_news(&mut self, name: &str) -> Result<(), Stop> {
        let patience = self.patience();
        let deadline = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let session = self.session(name)?;
            let announced = if session.polled {
                session.has_turns() && poll_once(session) != 0
            } else {
                session.shared.queue.lock().new_mail
            };
            let over = session.is_dead() || boundary().traps.has_sprung("IMAPISupport.SpoolerNotify");
            session.shared.queue.wait_a_little(pause);
            if announced || over || self.has_new_mail() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                boundary().record(What::TimedOut {
                    session: name.to_owned(),
                    waiting: "announcement".to_owned(),
                    ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
                });
                return Ok(());
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    pub(super) fn announce(&mut self, args: &Announce) -> Result<(), Stop> {
        if self.await_announcement(&args.session)? { Ok(()) } else { Err(Stop::Candidate) }
    }

    /// Waits until the provider says that mail waits; whether it did.
    fn await_announcement(&mut self, name: &str) -> Result<bool, Stop> {
        let patience = self.patience();
        let deadline = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            if self.has_new_mail() {
                return Ok(true);
            }
            let session = self.session(name)?;
            if session.is_dead() {
                return Ok(false);
            }
            let queue = &session.shared.queue;
            let announced = queue.take_new_mail(|| {
                announcement(name, Announcer::Notification);
            });
            if announced {
                return Ok(true);
            }
            self.attend()?;
            let session = self.session(name)?;
            let inbound = session.shared.queue.lock().inbound;
            if session.polled && inbound && session.has_turns() && poll_once(session) != 0 {
                return Ok(announcement(name, Announcer::Poll));
            }
            if session.idle && !session.no_idle && session.has_turns() {
                // SAFETY: no pointers involved.
                let _ = unsafe { session.logon.Idle(0) };
            }
            // While inbound is off there is nothing to wait for: it may have ended with a message in process.
            if Instant::now() >= deadline || !inbound {
                boundary().record(What::TimedOut {
                    session: name.to_owned(),
                    waiting: "announcement".to_owned(),
                    ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
                });
                return Ok(false);
            }
            session.shared.queue.wait_a_little(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
            self.turn_of_others();
        }
    }

    pub(super) fn receive(&mut self, args: &Receive) -> Result<(), Stop> {
        if args.ends != Ends::Well {
            if !self.session(&args.session)?.undrained && !self.await_announcement(&args.session)? {
                return Err(Stop::Candidate);
            }
            self.fetch(&args.session, &args.traps)?;
            return Ok(());
        }
        let wanted = if args.expect.is_empty() {
            self.mailroom.arrived().saturating_sub(self.delivered)
        } else {
            crate::plan::args::with_copies(&args.expect, args.copies).len()
        };
        let due = self.delivered + wanted;
        let mut tries = PATIENT_TRIES;
        let mut before = self.delivered;
        let mut traps = args.traps.clone();
        while self.delivered < due {
            let session = self.session(&args.session)?;
            if session.is_dead() {
                return Err(Stop::Candidate);
            }
            // A provider may begin with a message at one call and deliver it at another: what counts is that some come.
            tries = if self.delivered > before { PATIENT_TRIES } else { tries.saturating_sub(1) };
            before = self.delivered;
            if tries == 0 {
                boundary().record(What::Unexpected {
                    due: format!("{wanted} message(s) from StartMessage"),
                    seen: "StartMessage was called many times and brought fewer".to_owned(),
                });
                return Err(Stop::Candidate);
            }
            if !self.session(&args.session)?.undrained && !self.await_announcement(&args.session)? {
                return Err(Stop::Candidate);
            }
            if self.take_new_mail()? {
                // The pair has put it into its store by itself.
                self.delivered += 1;
                continue;
            }
            let fetched = self.fetch(&args.session, &traps)?;
            self.turn_of_others();
            if !self.session(&args.session)?.shared.queue.lock().inbound {
                // Inbound ended while the message was in process: nothing more is asked for.
                return Ok(());
            }
            // Slowness lasts until the step ends; everything else happens once, at a call that brings a message or fails to.
            if fetched.outcome != Outcome::Empty || fetched.sprung {
                traps.retain(|trap| matches!(trap.act, Act::Slow(_)));
            }
        }
        Ok(())
    }

    /// One StartMessage, and what follows from its result. A message that was saved without holding anything counts as none.
    pub(super) fn fetch(&mut self, name: &str, traps: &[Trap]) -> Result<Fetched, Stop> {
        self.attend()?;
        // It may have told of a critical error from within the call that announced the message.
        let session = self.living(name)?;
        let polled = session.polled;
        let logon = session.logon.clone();
        let shared = Arc::clone(&session.shared);
        let delivery = self.begin_delivery()?;
        let (message, arriving) = match delivery {
            Some((message, delivery)) => (message, Arriving::InStore(delivery)),
            None => {
                let (message, body) = Message::inbound();
                (message, Arriving::Ours(body))
            }
        };
        let mut reference = Cell::watched(1);
        let address = reference.ptr::<u64>();
        message.watch(&reference);
        *shared.reference.lock().unwrap_or_else(PoisonError::into_inner) = address as usize;
        shared.cancelled.store(false, Ordering::Release);
        let acting = self.arm(traps, &shared);
        let before = boundary().last_event();
        // SAFETY: the message is lent for the call; the cell lives longer than it.
        let code = unsafe { logon.StartMessage(0, message.lend(), address.cast()) };
        let untripped = boundary().traps.disarm();
        let sprung = untripped.len() < self.traps(traps).len();
        acting.finish(self.patience());
        reference.check("lpulMsgRef");
        let open: Vec<String> =
            held_since(before).into_iter().filter(|held| *held != message.entry().name).collect();
        let assigned_first = message.assigned_first();
        message.end_of_loan();
        *shared.reference.lock().unwrap_or_else(PoisonError::into_inner) = 0;
        let cancelled = shared.cancelled.swap(false, Ordering::AcqRel);
        let outcome = match arriving.is_saved() {
            _ if code.is_err() && cancelled => Outcome::Cancelled,
            _ if code.is_err() => Outcome::Failed,
            true => Outcome::Delivered,
            false if cancelled => Outcome::Cancelled,
            false => Outcome::Empty,
        };
        boundary().record(What::Fact {
            name: "start-message".to_owned(),
            value: json!({
                "session": name, "message": message.entry().name, "reference": reference.get(), "assigned": reference.written(),
                "assigned-first": assigned_first, "open": open,
                "message-references": message.entry().theirs(), "traps-not-sprung": untripped,
            }),
        });
        let content = arriving.content();
        // A saved message that holds nothing is how some providers end a flush (page: implementing-the-flushqueues-method).
        let empty =
            content.props.is_empty() && content.recipients.is_empty() && content.attachments.is_empty();
        boundary().record(What::Message { obj: message.entry().name.clone(), outcome, content });
        drop(message);
        if let Arriving::InStore(delivery) = arriving {
            self.end_delivery(delivery, outcome == Outcome::Delivered && !empty)?;
        }
        if outcome == Outcome::Delivered && !empty {
            self.delivered += 1;
        }
        // An announcement stands for all that waits: a provider that is not polled is asked until it brings nothing.
        self.session(name)?.undrained = !polled && outcome == Outcome::Delivered && !empty;
        let outcome = if empty && outcome == Outcome::Delivered { Outcome::Empty } else { outcome };
        Ok(Fetched { outcome, sprung })
    }

    pub(super) fn single_start_message(&mut self, args: &StartMessage) -> Result<(), Stop> {
        self.fetch(&args.session, &args.traps).map(|_| ())
    }

    /// Shows that nothing more comes: what would come twice comes now.
    pub(super) fn nothing_waits(&mut self, args: &OnSession) -> Result<(), Stop> {
        let session = self.session(&args.session)?;
        if session.is_dead() {
            return Ok(());
        }
        let waiting = if session.polled {
            let said = session.has_turns() && poll_once(session) != 0;
            said && announcement(&args.session, Announcer::Poll)
        } else {
            let notified = session.shared.queue.take_new_mail(|| {
                announcement(&args.session, Announcer::Notification);
            });
            notified || session.undrained
        };
        boundary().record(What::Fact {
            name: "nothing-waits".to_owned(),
            value: json!({ "session": args.session, "said": !waiting }),
        });
        if waiting {
            self.fetch(&args.session, &[])?;
        }
        Ok(())
    }

    pub(super) fn poll(&mut self, args: &Poll) -> Result<(), Stop> {
        let session = self.session(&args.session)?;
        if !session.polled {
            // Poll is called exactly where LOGON_SP_POLL was returned (page: ixplogon-poll).
            return Ok(());
        }
        for _ in 0..args.times {
            if !session.has_turns() {
                break;
            }
            let incoming = poll_once(session);
            if let Some(waits) = args.waits {
                boundary().record(What::Fact {
                    name: "poll".to_owned(),
                    value: json!({ "waits": waits, "said": incoming != 0 }),
                });
            }
        }
        Ok(())
    }

    pub(super) fn idle(&mut self, args: &Times) -> Result<(), Stop> {
        let session = self.session(&args.session)?;
        for _ in 0..args.times {
            if session.idle && !session.no_idle && session.has_turns() {
                // SAFETY: no pointers involved.
                let _ = unsafe { session.logon.Idle(0) };
            }
        }
        Ok(())
    }
}

/// A message on its way in.
enum Arriving {
    /// With the mock.
    Ours(Arc<Message>),
    /// In the receive folder of a store of the candidate's.
    InStore(Delivery),
}

impl Arriving {
    fn is_saved(&self) -> bool {
        match self {
            Self::Ours(body) => body.saves() > 0,
            Self::InStore(delivery) => delivery.saves() > 0,
        }
    }

    /// What it held when it was saved last, or, where it never was, what was stored so far.
    fn content(&self) -> Content {
        match self {
            Self::Ours(body) => body.content_saved().unwrap_or_else(|| body.content_pending()),
            Self::InStore(delivery) => delivery.content(),
        }
    }
}

fn announcement(session: &str, by: Announcer) -> bool {
    boundary().record(What::Announced { session: session.to_owned(), by });
    true
}

/// One Poll; what it answered, zero where it failed.
fn poll_once(session: &crate::engine::session::Session) -> u32 {
    let mut incoming = Cell::ulong(boundary().pattern());
    // SAFETY: the cell lives for the call.
    let code = unsafe { session.logon.Poll(incoming.ptr()) };
    incoming.check("lpulIncoming");
    if code.is_ok() { incoming.get_u32() } else { 0 }
}
