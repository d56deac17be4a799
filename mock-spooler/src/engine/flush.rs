//! FlushQueues, and the spooler's part of a flush (page: implementing-the-flushqueues-method).

use std::ffi::c_void;
use std::sync::Arc;

use mapi_spi::flags;

use crate::engine::receive::PATIENT_TRIES;
use crate::engine::run::{Engine, Stop};
use crate::engine::session::Shared;
use crate::plan::Way;
use crate::plan::args::{Ends, FlushQueues, Send, with_copies};
use crate::trace::event::Outcome;

impl Engine<'_> {
    pub(super) fn flush_queues(&mut self, args: &FlushQueues) -> Result<(), Stop> {
        let asked = match args.way {
            Way::Inbound => flags::FLUSH_DOWNLOAD,
            Way::Outbound => flags::FLUSH_UPLOAD,
            Way::Both => flags::FLUSH_UPLOAD | flags::FLUSH_DOWNLOAD,
        };
        let session = self.session(&args.session)?;
        let shared = Arc::clone(&session.shared);
        // SAFETY: no pointers but a null entry identifier, as the page has it for the provider itself.
        let code = unsafe { session.logon.FlushQueues(0, 0, std::ptr::null_mut::<c_void>(), asked) };
        if code.is_err() {
            return Ok(());
        }
        if args.way != Way::Inbound {
            self.flush_out(args, &shared)?;
        }
        if args.way != Way::Outbound {
            self.flush_in(args, &shared)?;
        }
        Ok(())
    }

    /// Submits what waits as long as the status row asks for it, then says that this is all.
    fn flush_out(&mut self, args: &FlushQueues, shared: &Shared) -> Result<(), Stop> {
        for name in &args.send.0 {
            if shared.status_code() & flags::STATUS_OUTBOUND_FLUSH == 0 {
                break;
            }
            self.send(&Send {
                mail: crate::plan::args::Names(vec![name.clone()]),
                copies: 1,
                also: Vec::new(),
                session: args.session.clone(),
                traps: Vec::new(),
                ends: Ends::Well,
            })?;
        }
        self.notify(&args.session, flags::NOTIFY_END_OUTBOUND_FLUSH, None, false)
    }

    /// Calls StartMessage as long as the status row asks for it and something comes, then says that this is all. Without anything
    /// more a provider returns without SaveChanges, or saves an empty message: the pages disagree, and either ends the flush.
    fn flush_in(&mut self, args: &FlushQueues, shared: &Shared) -> Result<(), Stop> {
        let mut tries = with_copies(&args.expect, args.copies).len() + PATIENT_TRIES;
        while shared.status_code() & flags::STATUS_INBOUND_FLUSH != 0 && tries > 0 {
            tries -= 1;
            shared.queue.lock().new_mail = false;
            let outcome = self.fetch(&args.session, &[])?;
            let more = shared.queue.lock().new_mail;
            if !more && outcome != Outcome::Delivered {
                break;
            }
        }
        self.notify(&args.session, flags::NOTIFY_END_INBOUND_FLUSH, None, false)
    }
}
