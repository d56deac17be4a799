//! TransportNotify: directions are opened and closed, events told.

use std::sync::Arc;

use mapi_spi::flags;

use crate::engine::acting;
use crate::engine::queue::Queue;
use crate::engine::run::{Engine, Stop, parse_flags};
use crate::plan::Way;
use crate::plan::args::{Direction, TransportNotify};

/// What the spooler honours from now on, before the provider is told: a provider may notify from within the call.
pub(super) fn note_directions(queue: &Queue, notified: u32) {
    let mut requests = queue.lock();
    if notified & flags::NOTIFY_BEGIN_INBOUND != 0 {
        requests.inbound = true;
    }
    if notified & flags::NOTIFY_END_INBOUND != 0 {
        requests.inbound = false;
        requests.new_mail = false;
    }
    if notified & flags::NOTIFY_BEGIN_OUTBOUND != 0 {
        requests.outbound = true;
    }
    if notified & flags::NOTIFY_END_OUTBOUND != 0 {
        requests.outbound = false;
        requests.ready_to_send = false;
    }
}

impl Engine<'_> {
    pub(super) fn begin(&mut self, args: &Direction) -> Result<(), Stop> {
        self.direction(args, flags::NOTIFY_BEGIN_INBOUND, flags::NOTIFY_BEGIN_OUTBOUND)
    }

    pub(super) fn end(&mut self, args: &Direction) -> Result<(), Stop> {
        self.direction(args, flags::NOTIFY_END_INBOUND, flags::NOTIFY_END_OUTBOUND)
    }

    fn direction(&mut self, args: &Direction, inbound: u32, outbound: u32) -> Result<(), Stop> {
        if args.way != Way::Outbound {
            self.notify(&args.session, inbound, None, args.second_thread)?;
        }
        if args.way != Way::Inbound {
            self.notify(&args.session, outbound, None, args.second_thread)?;
        }
        Ok(())
    }

    pub(super) fn transport_notify(&mut self, args: &TransportNotify) -> Result<(), Stop> {
        let notified = parse_flags(&flags::TRANSPORT_NOTIFY_FLAGS, &args.flags)?;
        self.notify(&args.session, notified, args.reference, args.second_thread)
    }

    pub(super) fn notify(
        &mut self,
        session: &str,
        notified: u32,
        reference: Option<u32>,
        second_thread: bool,
    ) -> Result<(), Stop> {
        if let Some(foreign) = self.foreign.get(session) {
            foreign.transport_notify(notified);
            return Ok(());
        }
        let session = self.session(session)?;
        if session.is_dead() {
            return Err(Stop::Candidate);
        }
        if notified & flags::NOTIFY_END_INBOUND != 0 {
            session.undrained = false;
        }
        let shared = Arc::clone(&session.shared);
        note_directions(&shared.queue, notified);
        let logon = session.logon.clone();
        let call = move || match reference {
            Some(reference) if notified & flags::NOTIFY_CANCEL_MESSAGE != 0 => {
                acting::cancel(&logon, reference);
            }
            _ => acting::notify(&logon, notified),
        };
        if second_thread {
            let acting = std::thread::spawn(call);
            // The time limit of the whole case bounds this: a TransportNotify that never returns is its last call.
            acting.join().map_err(|_| Stop::Harness("the second thread panicked".to_owned()))
        } else {
            call();
            Ok(())
        }
    }
}
