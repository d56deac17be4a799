//! FlushQueues, and the spooler's part of a flush (page: implementing-the-flushqueues-method).

use std::ffi::c_void;
use std::sync::Arc;

use mapi_spi::flags;

use crate::engine::distribute::Way;
use crate::engine::foreign::Foreign;
use crate::engine::outgoing::Stored;
use crate::engine::receive::PATIENT_TRIES;
use crate::engine::run::{Engine, Stop};
use crate::engine::session::Shared;
use crate::plan;
use crate::plan::args::{Ends, FlushQueues, with_copies};
use crate::trace::event::Outcome;

/// A message of the outgoing queue, and how far it has come.
type Queued = (Stored, Way);

impl Engine<'_> {
    pub(super) fn flush_queues(&mut self, args: &FlushQueues) -> Result<(), Stop> {
        let asked = match args.way {
            plan::Way::Inbound => flags::FLUSH_DOWNLOAD,
            plan::Way::Outbound => flags::FLUSH_UPLOAD,
            plan::Way::Both => flags::FLUSH_UPLOAD | flags::FLUSH_DOWNLOAD,
        };
        self.session(&args.session)?;
        let mut queue = Vec::new();
        for name in &args.send.0 {
            queue.push((self.drafted(name, &[], &args.session)?, Way::default()));
        }
        // One transport after the other, in profile order: each has its resources back before the next one needs them.
        for name in self.transports(&args.session).0 {
            if self.foreign.contains_key(&name) {
                self.flush_foreign(args, &name, asked, &mut queue)?;
            } else {
                self.flush_candidate(args, asked, &mut queue)?;
            }
        }
        for (outgoing, mut way) in queue {
            while way.begun()
                && let Some(next) = self.next_transport(&outgoing, &args.session, &way)?
            {
                self.hand_over(&outgoing, &next, &mut way, Ends::Well, &[])?;
            }
            if way.begun() {
                self.arrived(&outgoing, &args.session, &way)?;
            }
        }
        Ok(())
    }

    fn flush_candidate(&mut self, args: &FlushQueues, asked: u32, queue: &mut [Queued]) -> Result<(), Stop> {
        let session = self.session(&args.session)?;
        let shared = Arc::clone(&session.shared);
        // SAFETY: no pointers but a null entry identifier, as the page has it for the provider itself.
        let code = unsafe { session.logon.FlushQueues(0, 0, std::ptr::null_mut::<c_void>(), asked) };
        if code.is_err() {
            return Ok(());
        }
        if args.way != plan::Way::Inbound {
            self.flush_out(args, &shared, queue)?;
        }
        if args.way != plan::Way::Outbound {
            self.flush_in(args, &shared)?;
        }
        Ok(())
    }

    /// Submits what waits as long as the status row asks for it, then says that this is all.
    fn flush_out(&mut self, args: &FlushQueues, shared: &Shared, queue: &mut [Queued]) -> Result<(), Stop> {
        for (outgoing, way) in queue {
            if shared.status_code() & flags::STATUS_OUTBOUND_FLUSH == 0 {
                break;
            }
            if self.next_transport(outgoing, &args.session, way)?.as_ref() == Some(&args.session) {
                self.hand_over(outgoing, &args.session, way, Ends::Well, &[])?;
            }
        }
        self.notify(&args.session, flags::NOTIFY_END_OUTBOUND_FLUSH, None, false)
    }

    /// The same with a transport of ours.
    fn flush_foreign(
        &mut self,
        args: &FlushQueues,
        name: &str,
        asked: u32,
        queue: &mut [Queued],
    ) -> Result<(), Stop> {
        let Some(foreign) = self.foreign.get(name) else { return Ok(()) };
        foreign.flush_queues(asked);
        if args.way != plan::Way::Inbound {
            for (outgoing, way) in queue {
                if self.next_transport(outgoing, &args.session, way)?.as_deref() == Some(name) {
                    self.hand_over(outgoing, name, way, Ends::Well, &[])?;
                }
            }
            self.notify(name, flags::NOTIFY_END_OUTBOUND_FLUSH, None, false)?;
        }
        if args.way != plan::Way::Outbound {
            while self.foreign.get_mut(name).is_some_and(Foreign::start_message) {}
            self.notify(name, flags::NOTIFY_END_INBOUND_FLUSH, None, false)?;
        }
        Ok(())
    }

    /// Calls StartMessage as long as the status row asks for it and something comes, then says that this is all. Without anything
    /// more a provider returns without SaveChanges, or saves an empty message: the pages disagree, and either ends the flush.
    fn flush_in(&mut self, args: &FlushQueues, shared: &Shared) -> Result<(), Stop> {
        let mut tries = with_copies(&args.expect, args.copies).len() + PATIENT_TRIES;
        while shared.status_code() & flags::STATUS_INBOUND_FLUSH != 0 && tries > 0 {
            tries -= 1;
            shared.queue.lock().new_mail = false;
            let outcome = self.fetch(&args.session, &[])?.outcome;
            let more = shared.queue.lock().new_mail;
            if !more && outcome != Outcome::Delivered {
                break;
            }
        }
        self.notify(&args.session, flags::NOTIFY_END_INBOUND_FLUSH, None, false)
    }
}
