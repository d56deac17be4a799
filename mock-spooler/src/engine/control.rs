//! TransportNotify: directions are opened and closed, events told.

use std::sync::Arc;

use mapi_spi::flags;
use serde_json::json;

use crate::com::boundary;
use crate::engine::acting;
use crate::engine::queue::Queue;
use crate::engine::run::{Engine, Stop, parse_flags};
use crate::plan::Way;
use crate::plan::args::{Direction, TransportNotify};
use crate::trace::told::What;
use crate::trace::value;

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
        if let Some(mail) = &args.mail {
            return self.notify_of_mail(&args.session, notified, mail);
        }
        self.notify(&args.session, notified, args.reference, args.second_thread)
    }

    /// TransportNotify whose data is the entry identifier of a message. The page says no more than that `lppvData` points to it,
    /// so it is told twice: as an SBinary, the form of NOTIFY_SENTDEFERRED, and as the bare identifier. Who looks for one
    /// form finds an unknown message in the other.
    fn notify_of_mail(&mut self, session: &str, notified: u32, mail: &str) -> Result<(), Stop> {
        let entry_id = self
            .composed
            .get(mail)
            .cloned()
            .ok_or_else(|| Stop::Harness(format!("`{mail}` was not sent before this step")))?;
        let session = self.session(session)?;
        if session.is_dead() {
            return Err(Stop::Candidate);
        }
        let (logon, name) = (session.logon.clone(), session.shared.name.clone());
        let from = boundary().last_event();
        for counted in [true, false] {
            acting::notify_of_entry(&logon, notified, &entry_id, counted);
        }
        boundary().record(What::Fact {
            name: "told-of-mail".to_owned(),
            value: json!({ "session": name, "mail": mail, "entry-id": value::hex(&entry_id), "from": from }),
        });
        Ok(())
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
