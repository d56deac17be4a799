//! The spooler works off the outgoing queue. Pages: sending-messages-mapi-spooler-tasks,
//! sending-messages-by-using-message-store-providers.
//!
//! A message is locked, preprocessed where it asks for it, handed to the transports in profile order, and finished. What no
//! transport can take now stays in the queue, unlocked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mapi_spi::tags::{PR_MESSAGE_FLAGS, PR_SUBMIT_FLAGS};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};
use serde_json::json;

use super::folders::of_subject;
use super::outgoing::InStore;
use super::queue::{id_of, submit_flags};
use super::sent_mail::open_entry;
use super::session::{Way, fact};
use super::shared::lock;
use crate::com::boundary;
use crate::com::gate::AsClient;
use crate::com::theirs::{IMessage, IMsgStore};
use crate::engine::outgoing::Outgoing as _;
use crate::engine::route::Addressee;
use crate::engine::run::{Engine, Stop};
use crate::objects::host::Row;
use crate::objects::{their, wire};
use crate::plan::args::{Ends, with_copies};
use crate::plan::store_args::Spool;
use crate::trace::told::What;
use crate::trace::value;

/// How often the spooler takes a message up in one step.
const MOST_TRIES: u32 = 3;
/// Between two looks at a message that the pair is sending by itself, at first and at most.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(1);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// What the transports made of a message.
enum Handed {
    /// Nobody is left to be served, or nobody will serve who is left.
    Through,
    /// Somebody is left whom a transport may serve later.
    Later,
}

impl Engine<'_> {
    pub(in crate::engine) fn spool(&mut self, args: &Spool) -> Result<(), Stop> {
        let acting = self.arm_for_stores(&args.traps);
        let mut names = with_copies(&args.mail, args.copies);
        let spooled = self.follow_letters(&names, args);
        self.disarm(&acting);
        spooled?;
        if names.is_empty() {
            names = self.store(&args.store)?.letters.keys().cloned().collect();
        }
        self.show_letters(&args.store, &names)
    }

    /// The spooler's turns until messages are through, or the queue holds nothing that can go out.
    pub(super) fn follow_letters(&mut self, names: &[String], args: &Spool) -> Result<(), Stop> {
        for letter in self.store(&args.store)?.letters.values_mut() {
            letter.tries = 0;
            letter.way = letter.way.filter(|way| !matches!(way, Way::Kept | Way::Failed));
        }
        let patience = self.patience();
        let mut deadline = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            self.look_at_rows()?;
            if self.spool_turn(args)? {
                deadline = Instant::now() + patience;
                pause = FIRST_PAUSE;
                continue;
            }
            let names: Vec<String> = match names {
                [] => self.store(&args.store)?.letters.keys().cloned().collect(),
                names => names.to_vec(),
            };
            let open = self.open_letters(&args.store, &names)?;
            if open.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                boundary().record(What::TimedOut {
                    session: args.store.clone(),
                    waiting: "store".to_owned(),
                    ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
                });
                for name in open {
                    self.settle_letter(&args.store, &name, Way::Failed)?;
                }
                return if args.ends == Ends::Any { Ok(()) } else { Err(Stop::Candidate) };
            }
            let doings = Arc::clone(&self.store(&args.store)?.doings);
            doings.inbox.wait(Instant::now() + pause, |told| !told.is_empty() || doings.pending());
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Works off what can go out, without waiting for more. The client may be gone already.
    pub(super) fn spool_what_waits(&mut self, args: &Spool) -> Result<(), Stop> {
        self.store(&args.store)?.queue_changed = false;
        while self.spool_turn(args)? {}
        Ok(())
    }

    /// One thing that the spooler does; whether there was one.
    fn spool_turn(&mut self, args: &Spool) -> Result<bool, Stop> {
        let store = self.store(&args.store)?;
        if store.spooler.is_none() {
            return Ok(false);
        }
        let completed = lock(&store.doings.completed).pop_front();
        if let Some(id) = completed {
            self.complete(&args.store, &id)?;
            return Ok(true);
        }
        if store.queue_changed {
            self.await_queue_notification(&args.store)?;
        }
        let rows = self.read_queue(&args.store)?;
        for row in rows {
            let Some(mail) = self.mail_of_row(&args.store, &row) else { continue };
            let Some(letter) = self.store(&args.store)?.letters.get_mut(&mail) else { continue };
            if letter.way == Some(Way::Kept) || letter.tries >= MOST_TRIES {
                continue;
            }
            letter.tries += 1;
            let last = letter.tries == MOST_TRIES;
            self.take_up(args, &mail, &row, last)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// The messages among these that are still on their way. Those that left without the spooler are settled.
    fn open_letters(&mut self, store: &str, names: &[String]) -> Result<Vec<String>, Stop> {
        let mut open = Vec::new();
        for name in names {
            let Some(letter) = self.store(store)?.letters.get(name) else { continue };
            if letter.is_settled() || !letter.submitted {
                continue;
            }
            let subject = letter.subject.clone();
            if self.has_left(store, &subject)? && !self.store(store)?.doings.pending() {
                self.settle_letter(store, name, Way::Direct)?;
            } else {
                open.push(name.clone());
            }
        }
        Ok(open)
    }

    /// Whether a message is not in the outbox any more, or is there and no longer submitted.
    pub(super) fn has_left(&mut self, store: &str, subject: &str) -> Result<bool, Stop> {
        let session = self.store(store)?;
        let (object, outbox) = (session.client.store.clone(), session.folders.outbox.clone());
        let client = AsClient::begin();
        let rows = of_subject(&object, &outbox, subject);
        drop(client);
        let submitted = |row: &Row| {
            let bits = their::find(row, PR_MESSAGE_FLAGS).and_then(PropValue::as_long).unwrap_or(0);
            bits.cast_unsigned() & flags::MSGFLAG_SUBMIT != 0
        };
        Ok(rows.is_ok_and(|rows| !rows.iter().any(submitted)))
    }

    /// The spooler takes a queued message up.
    fn take_up(&mut self, args: &Spool, mail: &str, row: &Row, last: bool) -> Result<(), Stop> {
        let (store, id) = (args.store.as_str(), id_of(row));
        let preprocess = submit_flags(row) & flags::SUBMITFLAG_PREPROCESS != 0;
        let rendered: Vec<_> = row.iter().map(|(tag, value)| value::prop(*tag, value)).collect();
        fact(
            "spool-begin",
            json!({
                "store": store, "mail": mail, "entry-id": value::hex(&id), "row": rendered,
                "preprocess": preprocess,
            }),
        );
        let Some(message) = self.lock_for_spooler(store, mail, &id, submit_flags(row))? else {
            if last {
                self.settle_letter(store, mail, Way::Failed)?;
            }
            return Ok(());
        };
        if preprocess {
            self.preprocess(store, mail, &id, &message)?;
            // SAFETY: the reference that OpenEntry returned is given back, once.
            unsafe { message.Release() };
            return Ok(());
        }
        match self.hand_to_transports(args, mail, &id, &message)? {
            Handed::Through => {
                self.remove_preprocess_info(mail, &id, &message);
                // SAFETY: as above; FinishedMsg is to find no reference but the store's own.
                unsafe { message.Release() };
                let code = self.finished(store, mail, &id)?;
                if code.is_ok() {
                    self.settle_letter(store, mail, Way::Spooler)?;
                } else if last {
                    self.settle_letter(store, mail, Way::Failed)?;
                }
            }
            Handed::Later => {
                self.set_lock(store, mail, &id, &message, flags::MSG_UNLOCKED)?;
                // SAFETY: as above.
                unsafe { message.Release() };
                if !args.kept && args.ends == Ends::Well {
                    boundary().record(What::Unexpected {
                        due: format!("a transport that takes `{mail}`"),
                        seen: "it stays in the outgoing queue".to_owned(),
                    });
                }
                self.settle_letter(store, mail, Way::Kept)?;
            }
        }
        Ok(())
    }

    /// Opens a message for the spooler and locks it, unless it is the spooler's already; `None` where that failed.
    pub(super) fn lock_for_spooler(
        &mut self,
        store: &str,
        mail: &str,
        id: &[u8],
        submitted: u32,
    ) -> Result<Option<IMessage>, Stop> {
        if let Some(locked) = self.store(store)?.locked.remove(mail) {
            return Ok(Some(locked));
        }
        let object = self.spooler_store(store)?;
        let Ok(message) = open_message(&object, id) else { return Ok(None) };
        if submitted & flags::SUBMITFLAG_LOCKED != 0 {
            return Ok(Some(message));
        }
        if self.set_lock(store, mail, id, &message, flags::MSG_LOCKED)?.is_ok() {
            return Ok(Some(message));
        }
        // SAFETY: the reference that OpenEntry returned is given back, once.
        unsafe { message.Release() };
        Ok(None)
    }

    /// SetLockState, and what the message shows afterwards.
    pub(super) fn set_lock(
        &mut self,
        store: &str,
        mail: &str,
        id: &[u8],
        message: &IMessage,
        state: u32,
    ) -> Result<HRESULT, Stop> {
        let object = self.spooler_store(store)?;
        // SAFETY: the message is the store's own and open.
        let code = unsafe { object.SetLockState(message.raw(), state) };
        let shown = their::value(message, PR_SUBMIT_FLAGS).and_then(|value| value.as_long());
        fact(
            "lock-state",
            json!({
                "store": store, "mail": mail, "entry-id": value::hex(id),
                "asked": flags::LOCK_STATES.render(state), "hr": code.to_string(), "submit-flags": shown,
            }),
        );
        Ok(code)
    }

    /// Hands a message to the transports that are to serve its recipients, one after the other.
    fn hand_to_transports(
        &mut self,
        args: &Spool,
        mail: &str,
        id: &[u8],
        message: &IMessage,
    ) -> Result<Handed, Stop> {
        let letter = self.letter(&args.store, mail)?;
        let outgoing = InStore {
            name: mail.to_owned(),
            entry_id: id.to_vec(),
            drafted: letter.recipients.clone(),
            own_type: letter.own_type.clone(),
            message: message.clone(),
        };
        if outgoing.recipients()?.iter().map(Addressee::of).all(|one| one.served) {
            return Ok(Handed::Through);
        }
        // The candidate's transport, which the movement is about; there may be none any more.
        let session = self.order.iter().find(|name| self.sessions.contains_key(*name)).cloned();
        let session = session.unwrap_or_default();
        if self.foreign.is_empty() && !self.reachable(&session) {
            return Ok(Handed::Later);
        }
        let distributed = self.distribute(&outgoing, &session, args.ends, &[])?;
        Ok(if distributed.waiting.is_empty() { Handed::Through } else { Handed::Later })
    }

    /// FinishedMsg by the spooler: the message is unlocked and goes where it is to go.
    pub(super) fn finished(&mut self, store: &str, mail: &str, id: &[u8]) -> Result<HRESULT, Stop> {
        let object = self.spooler_store(store)?;
        let doings = Arc::clone(&self.store(store)?.doings);
        *lock(&doings.finishing) = Some(id.to_vec());
        let code = finished_msg(&object, id);
        *lock(&doings.finishing) = None;
        fact(
            "finished",
            json!({
                "store": store, "mail": mail, "entry-id": value::hex(id), "hr": code.to_string(), "by": "spooler",
            }),
        );
        Ok(code)
    }

    /// What CompleteMsg asks for: the spooler locks the message, where that was not done, and finishes it.
    fn complete(&mut self, store: &str, id: &[u8]) -> Result<(), Stop> {
        let mail = self.hub.mail_of(id).unwrap_or_default();
        let object = self.spooler_store(store)?;
        let locked = match open_message(&object, id) {
            Ok(message) => {
                let bits = their::value(&message, PR_SUBMIT_FLAGS).and_then(|value| value.as_long());
                let mine = bits.unwrap_or(0).cast_unsigned() & flags::SUBMITFLAG_LOCKED != 0;
                let locked = mine || self.set_lock(store, &mail, id, &message, flags::MSG_LOCKED)?.is_ok();
                self.remove_preprocess_info(&mail, id, &message);
                // SAFETY: the reference that OpenEntry returned is given back, once.
                unsafe { message.Release() };
                locked
            }
            Err(_) => false,
        };
        let finished = locked && self.finished(store, &mail, id)?.is_ok();
        if self.store(store)?.letters.contains_key(&mail) {
            self.settle_letter(store, &mail, if finished { Way::Completed } else { Way::Failed })?;
        }
        Ok(())
    }
}

/// Opens a message with the best access that there is.
///
/// # Errors
///
/// What `OpenEntry` returned; MAPI_E_INVALID_OBJECT where it is no message.
pub(super) fn open_message(store: &IMsgStore, id: &[u8]) -> Result<IMessage, HRESULT> {
    let (kind, raw) = open_entry(store, id, flags::MAPI_BEST_ACCESS)?;
    let message = IMessage::new(raw, "their-message");
    if kind == flags::MAPI_MESSAGE {
        return Ok(message);
    }
    // SAFETY: the reference that OpenEntry returned is given back, once.
    unsafe { message.Release() };
    Err(HRESULT::MAPI_E_INVALID_OBJECT)
}

/// FinishedMsg, by whomever.
pub(super) fn finished_msg(store: &IMsgStore, id: &[u8]) -> HRESULT {
    let mut id = id.to_vec();
    // SAFETY: the identifier lives for the call.
    unsafe { store.FinishedMsg(0, wire::count(id.len()), id.as_mut_ptr().cast()) }
}
