//! A client submits messages. Page: imessage-submitmessage.

use std::sync::Arc;
use std::time::Instant;

use mapi_spi::tags::PR_ENTRYID;
use mapi_spi::{HRESULT, flags};
use serde_json::json;

use super::session::{Way, fact, record_way};
use super::spool::{FIRST_PAUSE, LONGEST_PAUSE};
use crate::com::gate::AsClient;
use crate::engine::run::{Engine, Stop, expect};
use crate::objects::their;
use crate::plan::args::{Ends, with_copies};
use crate::plan::store_args::{Spool, Submit};
use crate::trace::value;

impl Engine<'_> {
    pub(in crate::engine) fn submit_in_store(&mut self, args: &Submit) -> Result<(), Stop> {
        let acting = self.arm_for_stores(&args.traps);
        let submitted = self.submit_letters(args);
        self.disarm(&acting);
        submitted
    }

    fn submit_letters(&mut self, args: &Submit) -> Result<(), Stop> {
        let composing = args.composing();
        for name in with_copies(&args.mail, args.copies) {
            let letter = self.store(&args.store)?.letters.get(&name);
            if letter.is_none_or(|letter| letter.message.is_none()) {
                match self.compose_one(&name, &composing) {
                    Err(Stop::Candidate) if args.ends == Ends::Any => continue,
                    composed => composed?,
                }
            }
            let code = self.submit_letter(&args.store, &name)?;
            if args.ends != Ends::Any {
                expect("IMessage.SubmitMessage", code, &args.expect)?;
            }
        }
        Ok(())
    }

    /// IMessage::SubmitMessage by the client. After a success all pointers to the message are invalid: it is released.
    fn submit_letter(&mut self, store: &str, name: &str) -> Result<HRESULT, Stop> {
        let coupled = self.hub.own_transport(store).is_some();
        let letter = self.letter(store, name)?;
        let Some(message) = letter.message.clone() else {
            return Err(Stop::Harness(format!("`{name}` is not open any more: it was submitted before")));
        };
        let entry_id = letter.entry_id.clone();
        let client = AsClient::begin();
        // SAFETY: no pointers involved.
        let code = unsafe { message.SubmitMessage(0) };
        let usable = code.is_err().then(|| their::values(&message, &[PR_ENTRYID]).is_ok());
        if code.is_ok() {
            // SAFETY: the reference that CreateMessage returned is given back, once.
            unsafe { message.Release() };
            self.letter(store, name)?.message = None;
        }
        drop(client);
        let queued = self.await_row(store, name, &entry_id, code.is_ok())?;
        let letter = self.letter(store, name)?;
        letter.submitted = code.is_ok();
        fact(
            "client-submit",
            json!({
                "store": store, "mail": name, "message": message.name(), "entry-id": value::hex(&entry_id),
                "hr": code.to_string(), "coupled": coupled, "queued": queued, "usable": usable,
            }),
        );
        if queued == Some(true) {
            self.store(store)?.queue_changed = true;
        }
        Ok(code)
    }

    /// Whether a message stands in the queue, which may take a moment (page: outgoing-queue-tables): waits, with a bound, for the
    /// row of one that was accepted and has not left the store.
    fn await_row(
        &mut self,
        store: &str,
        name: &str,
        entry_id: &[u8],
        accepted: bool,
    ) -> Result<Option<bool>, Stop> {
        let deadline = Instant::now() + self.patience();
        let subject = self.letter(store, name)?.subject.clone();
        let mut pause = FIRST_PAUSE;
        loop {
            let queued = self.is_queued(store, entry_id)?;
            let waits = accepted && queued == Some(false) && Instant::now() < deadline;
            if !waits || self.has_left(store, &subject)? || self.store(store)?.doings.pending() {
                return Ok(queued);
            }
            let doings = Arc::clone(&self.store(store)?.doings);
            let before = std::cell::Cell::new(usize::MAX);
            doings.inbox.wait(Instant::now() + pause, |told| {
                before.set(before.get().min(told.len()));
                told.len() > before.get() || doings.pending()
            });
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    pub(in crate::engine) fn send_from_store(&mut self, args: &Submit) -> Result<(), Stop> {
        let acting = self.arm_for_stores(&args.traps);
        let names = with_copies(&args.mail, args.copies);
        let sent = self.submit_letters(args).and_then(|()| {
            let spool = Spool {
                mail: args.mail.clone(),
                copies: args.copies,
                ends: args.ends,
                kept: false,
                traps: Vec::new(),
                store: args.store.clone(),
            };
            self.follow_letters(&names, &spool)
        });
        self.disarm(&acting);
        sent?;
        self.show_letters(&args.store, &names)
    }

    /// Records where messages are now, and what the candidate's sink holds.
    pub(super) fn show_letters(&mut self, store: &str, names: &[String]) -> Result<(), Stop> {
        for name in names {
            if self.store(store)?.letters.contains_key(name) {
                self.locate(store, name)?;
            }
        }
        self.sink.look();
        Ok(())
    }

    /// The end of a message's way.
    pub(super) fn settle_letter(&mut self, store: &str, name: &str, way: Way) -> Result<(), Stop> {
        let letter = self.letter(store, name)?;
        letter.way = Some(way);
        let entry_id = letter.entry_id.clone();
        record_way(store, name, &entry_id, way);
        Ok(())
    }

    /// What SubmitMessage and the like ask of the traps that concern the store.
    pub(super) fn flags_of_open(&self, names: &crate::plan::args::Names) -> Result<u32, Stop> {
        crate::engine::run::parse_flags(&flags::OPEN_FLAGS, names)
    }
}
