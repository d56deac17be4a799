//! Our own advise sinks: those of a client on a store, that of the spooler on an outgoing queue.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use mapi_spi::flags;
use mapi_spi::structs::{NEWMAIL_NOTIFICATION, NOTIFICATION};

use crate::com::{Held, object, ours};
use crate::implements;
use crate::objects::args;

/// A sink, as the store holds it.
#[derive(Debug)]
pub struct AdviseSink {
    inbox: Arc<Inbox>,
    number: usize,
}

implements!(AdviseSink: IMAPIAdviseSink);

/// What one or more sinks were told. What the notifications said is in the trace.
#[derive(Debug, Default)]
pub struct Inbox {
    told: Mutex<Vec<Told>>,
    changed: Condvar,
}

/// A notification that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which of the sinks of the inbox it came to, from 0.
    pub sink: usize,
    /// `fnev*`
    pub event: u32,
    /// With fnevNewMail: the message.
    pub new_mail: Option<NewMail>,
}

/// A message that has come in, as a NEWMAIL_NOTIFICATION tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMail {
    /// The message.
    pub entry_id: Vec<u8>,
    /// Its folder.
    pub parent: Vec<u8>,
    /// Its class.
    pub class: String,
    /// PR_MESSAGE_FLAGS.
    pub message_flags: u32,
}

impl NewMail {
    /// Copies what a notification tells.
    ///
    /// # Safety
    ///
    /// The members are what the page of the structure says (newmail_notification).
    #[must_use]
    pub unsafe fn read(given: &NEWMAIL_NOTIFICATION) -> Self {
        // SAFETY: as the caller vouches: identifiers have the lengths that stand beside them, the text ends with a zero.
        unsafe {
            let wide = given.ulFlags & flags::MAPI_UNICODE != 0;
            let class = args::text(given.lpszMessageClass.cast(), wide).ok().flatten();
            Self {
                entry_id: args::bytes(given.cbEntryID, given.lpEntryID.cast()).unwrap_or_default(),
                parent: args::bytes(given.cbParentID, given.lpParentID.cast()).unwrap_or_default(),
                class: class.map(|text| text.decode()).unwrap_or_default(),
                message_flags: given.ulMessageFlags,
            }
        }
    }
}

impl AdviseSink {
    /// The spooler's sink on a queue.
    #[must_use]
    pub fn of_queue(inbox: &Arc<Inbox>) -> Held {
        object::hold(Arc::new(Self { inbox: Arc::clone(inbox), number: 0 }), "queue-sink")
    }

    /// A client's sink; it is told apart from the others of the same inbox by its number.
    #[must_use]
    pub fn of_client(inbox: &Arc<Inbox>, number: usize) -> Held {
        object::hold(Arc::new(Self { inbox: Arc::clone(inbox), number }), "client-sink")
    }
}

impl Inbox {
    /// Everything that came so far; it is not there any more then.
    pub fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until `enough` says so of what came, or the deadline has passed; whether it came to be.
    pub fn wait(&self, deadline: Instant, enough: impl Fn(&[Told]) -> bool) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if enough(&told) {
                return true;
            }
            let now = Instant::now();
            if now >= deadline {
                return false;
            }
            told = self.changed.wait_timeout(told, deadline - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Something else has happened that a waiter may look at.
    pub fn wake(&self) {
        self.changed.notify_all();
    }

    /// # Safety
    ///
    /// `at` is null or points to so many notifications.
    unsafe fn put(&self, sink: usize, count: u32, at: *const NOTIFICATION) {
        if at.is_null() {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for position in 0..count as usize {
            // SAFETY: as the caller vouches; the type stands first, and says which member of the union holds.
            let (event, new_mail) = unsafe {
                let one = at.add(position);
                let event = one.cast::<u32>().read_unaligned();
                let new_mail = || NewMail::read(&one.read_unaligned().info.newmail);
                (event, (event == flags::fnevNewMail).then(new_mail))
            };
            told.push(Told { sink, event, new_mail });
        }
        drop(told);
        self.changed.notify_all();
    }
}

impl ours::IMAPIAdviseSink for AdviseSink {
    unsafe fn OnNotify(&self, cNotif: u32, lpNotifications: *mut NOTIFICATION) -> u32 {
        // SAFETY: the caller vouches for its pointers.
        unsafe { self.inbox.put(self.number, cNotif, lpNotifications) };
        0
    }
}

/// Whether new mail is among what came to a sink.
#[must_use]
pub fn new_mail_at(told: &[Told], sink: usize) -> bool {
    told.iter().any(|one| one.sink == sink && one.event == flags::fnevNewMail)
}
