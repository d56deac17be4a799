//! What traps do to the candidate in the midst of a callback.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mapi_spi::structs::SBinary;
use mapi_spi::{HRESULT, flags};

use crate::com::theirs::IXPLogon;
use crate::com::{Cell, boundary};
use crate::engine::mailroom::Mailroom;
use crate::engine::reference::Reference;
use crate::engine::session::Shared;
use crate::plan::{Act, Trap};
use crate::trace::told::What;

/// How long a callback waits for a call that a trap made on a second thread. A provider that holds a lock during its callbacks
/// lets that call wait; the callback must go on then, as it would in reality.
const GRACE: Duration = Duration::from_secs(1);

/// A reference value that no provider has: used to cancel what is not in process.
pub const UNKNOWN_REFERENCE: u32 = 0x7ead_beef;

/// Acts for the traps of one step.
#[derive(Debug)]
pub struct Acting {
    session: Mutex<Arc<Shared>>,
    mailroom: Arc<Mailroom>,
    running: Mutex<Vec<Receiver<()>>>,
}

impl Acting {
    /// For traps that concern this session.
    #[must_use]
    pub fn new(session: Arc<Shared>, mailroom: Arc<Mailroom>) -> Self {
        Self { session: Mutex::new(session), mailroom, running: Mutex::default() }
    }

    /// From now on traps are about another session.
    pub fn turn_to(&self, session: &Arc<Shared>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(session);
    }

    fn session(&self) -> Arc<Shared> {
        Arc::clone(&self.session.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does what a trap orders.
    pub fn act(&self, trap: &Trap) -> Option<HRESULT> {
        let session = self.session();
        match &trap.act {
            Act::Cancel => {
                let reference = self.reference();
                session.cancelled.store(true, Ordering::Release);
                self.on_second_thread(move |logon| cancel(logon, reference));
            }
            Act::CancelUnknown => self.on_second_thread(|logon| cancel(logon, UNKNOWN_REFERENCE)),
            Act::CancelByYield => {
                session.cancelled.store(true, Ordering::Release);
                boundary().record(What::Fact {
                    name: "cancel-by-yield".to_owned(),
                    value: session.name.clone().into(),
                });
            }
            Act::TransportNotify(names) => {
                let notified = names
                    .iter()
                    .filter_map(|name| flags::TRANSPORT_NOTIFY_FLAGS.parse(name))
                    .fold(0, |a, b| a | b);
                super::control::note_directions(&session.queue, notified);
                self.on_second_thread(move |logon| notify(logon, notified));
            }
            Act::Logoff(names) => {
                let off =
                    names.iter().filter_map(|name| flags::LOGOFF_FLAGS.parse(name)).fold(0, |a, b| a | b);
                session.cancelled.store(true, Ordering::Release);
                session.logged_off.store(true, Ordering::Release);
                self.on_second_thread(move |logon| {
                    // SAFETY: the logon object is alive: its Release comes after the step.
                    let _ = unsafe { logon.TransportLogoff(off) };
                });
            }
            Act::Arrive(names) => {
                for name in names {
                    if let Err(detail) = self.mailroom.arrive(name) {
                        boundary().record(What::HarnessError { detail });
                    }
                }
            }
            // The gate does these by itself.
            Act::Fail(_) | Act::Slow(_) => {}
        }
        None
    }

    /// The reference of the message in process, as it stands in its cell now.
    #[allow(clippy::cast_possible_truncation, reason = "the page makes it a 32-bit value")]
    fn reference(&self) -> u32 {
        let address = *self.session().reference.lock().unwrap_or_else(PoisonError::into_inner);
        if address == 0 {
            return UNKNOWN_REFERENCE;
        }
        // SAFETY: the engine keeps the cell alive, and its address here, for the time of the call in process.
        (unsafe { std::ptr::read_volatile(address as *const u64) }) as u32
    }

    fn on_second_thread(&self, call: impl FnOnce(&IXPLogon) + Send + 'static) {
        let Some(logon) = self.session().logon() else { return };
        let (done, waiting) = channel();
        std::thread::spawn(move || {
            call(&logon);
            // Nobody waits any more where the bound has passed.
            let _ = done.send(());
        });
        if waiting.recv_timeout(GRACE).is_err() {
            self.running.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
        }
    }

    /// Waits for calls that were still under way when their callback went on.
    pub fn finish(&self, patience: Duration) {
        for waiting in self.running.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if waiting.recv_timeout(patience).is_err() {
                boundary().record(What::TimedOut {
                    session: self.session().name.clone(),
                    waiting: "thread".to_owned(),
                    ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
                });
            }
        }
    }
}

/// TransportNotify(NOTIFY_CANCEL_MESSAGE) for a message by its reference.
pub fn cancel(logon: &IXPLogon, reference: u32) {
    let mut notified = Cell::holding(u64::from(flags::NOTIFY_CANCEL_MESSAGE));
    let data = Reference::new(reference);
    let mut cell = Cell::holding(data.ptr() as u64);
    // SAFETY: both cells and the reference live until the call has returned.
    let _ = unsafe { logon.TransportNotify(notified.ptr(), cell.ptr()) };
    notified.check("lpulFlags");
    cell.check("lppvData");
}

/// TransportNotify with a message's entry identifier, as an SBinary or as it is.
pub fn notify_of_entry(logon: &IXPLogon, notified: u32, entry_id: &[u8], counted: bool) {
    // Longer than either form: who takes the one for the other reads zeros behind it.
    let mut bytes = vec![0_u8; (entry_id.len() + size_of::<SBinary>()).next_multiple_of(64)];
    bytes[..entry_id.len()].copy_from_slice(entry_id);
    let mut binaries = [SBinary { cb: 0, lpb: std::ptr::null_mut() }; 8];
    binaries[0] = SBinary { cb: u32::try_from(entry_id.len()).unwrap_or_default(), lpb: bytes.as_mut_ptr() };
    let data = if counted { binaries.as_ptr() as u64 } else { bytes.as_ptr() as u64 };
    let mut notified = Cell::holding(u64::from(notified));
    let mut cell = Cell::holding(data);
    // SAFETY: both cells, the structures and the bytes live until the call has returned.
    let _ = unsafe { logon.TransportNotify(notified.ptr(), cell.ptr()) };
    notified.check("lpulFlags");
    cell.check("lppvData");
}

/// TransportNotify with flags that carry no data.
pub fn notify(logon: &IXPLogon, notified: u32) {
    let mut notified = Cell::holding(u64::from(notified));
    let mut cell = Cell::holding(0);
    // SAFETY: both cells live until the call has returned.
    let _ = unsafe { logon.TransportNotify(notified.ptr(), cell.ptr()) };
    notified.check("lpulFlags");
    cell.check("lppvData");
}
