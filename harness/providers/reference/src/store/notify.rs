//! Telling clients what has happened. Source pages: *imsgstore-advise*, *imapisupport-notify*, *imapisupport-subscribe*,
//! *imsgstore-notifynewmail*.
//!
//! Nothing here is called with a lock held: whoever is told may ask the store at once.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mapi_spi::HRESULT;
use mapi_spi::flags::{MAPI_UNICODE, fnevNewMail};
use mapi_spi::interfaces::IMAPIAdviseSink;
use mapi_spi::structs::{NOTIFICATION, NOTIFICATION_INFO, OBJECT_NOTIFICATION};

use super::data::Core;
use super::ids::{Named, Object};
use super::session::StoreSession;
use crate::mapi::{NotifKey, Result};

/// An advise sink of somebody's.
#[derive(Clone, Debug)]
pub(super) struct Sink(pub(super) IMAPIAdviseSink);

// SAFETY: advise sinks may be called on any thread at any time (*imsgstore-advise*), their reference counts included.
unsafe impl Send for Sink {}
// SAFETY: as above.
unsafe impl Sync for Sink {}

impl Sink {
    /// Calls it. What it answers is reserved.
    pub(super) fn notify(&self, events: &[NOTIFICATION]) {
        let at = events.as_ptr().cast_mut();
        // SAFETY: the notifications and what they point to live for the length of the call.
        unsafe { self.0.OnNotify(events.len() as u32, at) };
    }
}

/// A registration made with `Advise`.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) connection: usize,
    mask: u32,
    /// Nothing: the whole store.
    source: Option<Object>,
    way: Way,
}

/// Who calls the sink.
#[derive(Clone, Debug)]
enum Way {
    /// MAPI, by a key that only this registration has.
    Mapi(NotifKey),
    /// This provider.
    Own(Sink),
}

/// Numbers registrations through all sessions.
static CONNECTIONS: AtomicU32 = AtomicU32::new(1);

/// A connection number that no other registration of this library has.
pub(super) fn new_connection() -> u32 {
    CONNECTIONS.fetch_add(1, Ordering::Relaxed)
}

impl Subscription {
    /// Registers a sink.
    ///
    /// # Errors
    ///
    /// What `Subscribe` answers.
    pub(super) fn new(
        session: &StoreSession,
        source: Option<Object>,
        mask: u32,
        sink: &IMAPIAdviseSink,
    ) -> Result<Subscription> {
        let number = new_connection();
        if session.settings().habits.own_notify {
            let way = Way::Own(Sink(sink.clone()));
            return Ok(Subscription { connection: number as usize, mask, source, way });
        }
        let key = NotifKey::of(&[std::process::id(), number]);
        let connection = session.use_support()?.support().subscribe(&key, mask, sink)?;
        Ok(Subscription { connection, mask, source, way: Way::Mapi(key) })
    }

    /// Ends the registration.
    pub(super) fn end(self, session: &StoreSession) -> Result<()> {
        match self.way {
            Way::Mapi(_) => session.use_support()?.support().unsubscribe(self.connection),
            Way::Own(_) => Ok(()),
        }
    }

    fn wants(&self, event: u32, objects: &[Object]) -> bool {
        self.mask & event != 0 && self.source.is_none_or(|source| objects.contains(&source))
    }

    fn tell(&self, session: &StoreSession, event: &NOTIFICATION, flags: u32) {
        match &self.way {
            Way::Mapi(key) => {
                if let Ok(in_use) = session.use_support() {
                    // Nobody is left to be told that telling failed.
                    let _ = in_use.support().notify_sinks(key, event, flags);
                }
            }
            Way::Own(sink) => sink.notify(std::slice::from_ref(event)),
        }
    }
}

/// Something has happened to a folder or message.
#[derive(Debug)]
pub(super) struct Event {
    /// `fnevObject*`
    pub(super) event: u32,
    pub(super) object: Object,
    /// The folder that it is in.
    pub(super) parent: u64,
    /// What it was before a move or copy, and where.
    pub(super) old: Option<(Object, u64)>,
}

/// Tells everybody who has the store open what has happened to it.
pub(super) fn announce(core: &Core, events: &[Event]) {
    for session in core.sessions() {
        for event in events {
            tell_object(core, &session, event);
        }
    }
    refresh_tables(core);
}

/// Has the tables that are watched tell what has changed in them.
pub(super) fn refresh_tables(core: &Core) {
    for table in core.tables() {
        table.refresh();
    }
}

/// Tells everybody who waits for mail. The notification is the spooler's and stays as it is.
pub(super) fn announce_mail(core: &Core, notification: &NOTIFICATION) {
    // SAFETY: the caller has looked at the event: this is its member.
    let mail = unsafe { notification.info.newmail };
    // SAFETY: an identifier is as long as the count beside it says.
    let parent = unsafe { super::ids::id_bytes(mail.cbParentID, mail.lpParentID.cast()) };
    let folder = Named::parse(parent).map(|named| named.object);
    for session in core.sessions() {
        for subscription in session.subscriptions() {
            if subscription.wants(fnevNewMail, folder.as_slice()) {
                subscription.tell(&session, notification, mail.ulFlags & MAPI_UNICODE);
            }
        }
    }
}

fn tell_object(core: &Core, session: &Arc<StoreSession>, event: &Event) {
    let interested: Vec<Subscription> =
        session.subscriptions().into_iter().filter(|one| one.wants(event.event, &[event.object])).collect();
    if interested.is_empty() {
        return;
    }
    let id_of = |object: Object| match object {
        Object::Store => core.key.store_id(),
        Object::Folder(id) => core.key.folder_id(id),
        Object::Message(id) => core.key.message_id(id),
    };
    let mut id = id_of(event.object);
    let mut parent = core.key.folder_id(event.parent);
    let mut old = event.old.map(|(object, _)| id_of(object)).unwrap_or_default();
    let mut old_parent = event.old.map(|(_, parent)| core.key.folder_id(parent)).unwrap_or_default();
    let at = |id: &mut Vec<u8>| if id.is_empty() { ptr::null_mut() } else { id.as_mut_ptr().cast() };
    let obj = OBJECT_NOTIFICATION {
        cbEntryID: id.len() as u32,
        lpEntryID: at(&mut id),
        ulObjType: kind_of(event.object),
        cbParentID: parent.len() as u32,
        lpParentID: at(&mut parent),
        cbOldID: old.len() as u32,
        lpOldID: at(&mut old),
        cbOldParentID: old_parent.len() as u32,
        lpOldParentID: at(&mut old_parent),
        lpPropTagArray: ptr::null_mut(),
    };
    let notification =
        NOTIFICATION { ulEventType: event.event, ulAlignPad: 0, info: NOTIFICATION_INFO { obj } };
    for subscription in interested {
        subscription.tell(session, &notification, 0);
    }
}

/// `MAPI_STORE`, `MAPI_FOLDER` or `MAPI_MESSAGE`.
pub(super) fn kind_of(object: Object) -> u32 {
    match object {
        Object::Store => mapi_spi::flags::MAPI_STORE,
        Object::Folder(_) => mapi_spi::flags::MAPI_FOLDER,
        Object::Message(_) => mapi_spi::flags::MAPI_MESSAGE,
    }
}

/// The code for a connection that nobody has.
pub(super) const UNKNOWN_CONNECTION: HRESULT = HRESULT::MAPI_E_NOT_FOUND;
