//! A logon to a store: what the logon object, the store object and all that is opened from them share.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    LOGOFF_ABORT, MDB_NO_MAIL, MDB_TEMPORARY, NOTIFY_READYTOSEND, STATUS_AVAILABLE, STATUS_VALIDATE_STATE,
};
use mapi_spi::tags as tag;

use super::data::Core;
use super::ids::StoreKey;
use super::notify::Subscription;
use crate::mapi::{Memory, Props, Result, Support, Width};
use crate::pair;
use crate::profile::StoreSettings;

/// How long the end of a session waits for a delivery on another thread, which may itself be within a callback that waits
/// for this one.
const PATIENCE: Duration = Duration::from_millis(50);

/// Whose logon it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Client,
    Spooler,
}

/// A logon. Its lock is never held while MAPI is called.
#[derive(Debug)]
pub(crate) struct StoreSession {
    core: Arc<Core>,
    memory: Memory,
    settings: StoreSettings,
    caller: Caller,
    flags: u32,
    /// The store's identifier as clients know it.
    wrapped_id: Vec<u8>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Present until the session has ended.
    support: Option<Arc<Support>>,
    closed: bool,
    /// Objects of the two interfaces that a logon returns.
    store: bool,
    logon: bool,
    logoff_flags: Option<u32>,
    transports_told: bool,
    ready_told: bool,
    subscriptions: Vec<Subscription>,
    busy: Vec<ThreadId>,
}

impl StoreSession {
    /// Logs on.
    ///
    /// # Errors
    ///
    /// What the support object answers. Nothing is left behind then.
    pub(super) fn open(
        memory: Memory,
        support: Support,
        settings: StoreSettings,
        caller: Caller,
        flags: u32,
    ) -> Result<Arc<StoreSession>> {
        let key = StoreKey::of(&settings.name);
        support.set_provider_uid(key.0)?;
        let wrapped_id = support.wrap_store_entry_id(memory, &key.store_id())?;
        if caller == Caller::Client && flags & MDB_TEMPORARY == 0 {
            // A profile that cannot be written is no reason not to log on.
            let _ = support.publish_store(memory, &wrapped_id, &key.0, DISPLAY_NAME);
        }
        let state = State {
            support: Some(Arc::new(support)),
            closed: false,
            store: true,
            logon: true,
            logoff_flags: None,
            transports_told: false,
            ready_told: false,
            subscriptions: Vec::new(),
            busy: Vec::new(),
        };
        let session = StoreSession {
            core: Core::of(key),
            memory,
            settings,
            caller,
            flags,
            wrapped_id,
            state: Mutex::new(state),
            changed: Condvar::new(),
        };
        let session = Arc::new(session);
        if caller == Caller::Client {
            session.use_support()?.support().modify_status_row(&session.status_columns(Width::Wide), 0)?;
        }
        session.core.enter(&session);
        pair::store_opened(&session);
        Ok(session)
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(super) fn key(&self) -> StoreKey {
        self.core.key
    }

    pub(super) fn memory(&self) -> Memory {
        self.memory
    }

    pub(super) fn settings(&self) -> &StoreSettings {
        &self.settings
    }

    /// Whether the spooler has logged on.
    pub(super) fn is_spooler(&self) -> bool {
        self.caller == Caller::Spooler
    }

    /// The store's identifier as clients know it.
    pub(super) fn wrapped_id(&self) -> &[u8] {
        &self.wrapped_id
    }

    /// Whether this logon makes the store one half of a pair: a client's, for mail, where the profile says so.
    pub(crate) fn is_coupled(&self) -> bool {
        self.settings.coupled && self.caller == Caller::Client && self.flags & MDB_NO_MAIL == 0
    }

    /// Which store it is.
    pub(crate) fn store_key(&self) -> StoreKey {
        self.core.key
    }

    /// Whether the session has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// `MAPI_E_INVALID_OBJECT` where the session has ended.
    pub(super) fn check(&self) -> Result<()> {
        if self.is_closed() { Err(HRESULT::MAPI_E_INVALID_OBJECT) } else { Ok(()) }
    }

    /// Begins the use of the support object.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_OBJECT` after the end of the session.
    pub(super) fn use_support(&self) -> Result<StoreUse<'_>> {
        let mut state = self.lock();
        let support = state.support.clone().ok_or(HRESULT::MAPI_E_INVALID_OBJECT)?;
        let thread = thread::current().id();
        state.busy.push(thread);
        Ok(StoreUse { session: self, support: Some(support), thread })
    }

    /// Tells the spooler, once, that there will be messages to prepare. Source page: *imapisupport-preparesubmit*.
    ///
    /// # Errors
    ///
    /// What `SpoolerNotify` answers; it is told again then.
    pub(super) fn ready_to_send(&self) -> Result<()> {
        if std::mem::replace(&mut self.lock().ready_told, true) {
            return Ok(());
        }
        let told = self.use_support().and_then(|in_use| in_use.support().notify(NOTIFY_READYTOSEND));
        if told.is_err() {
            self.lock().ready_told = false;
        }
        told
    }

    /// The registrations, as they are now.
    pub(super) fn subscriptions(&self) -> Vec<Subscription> {
        self.lock().subscriptions.clone()
    }

    pub(super) fn add_subscription(&self, subscription: Subscription) {
        self.lock().subscriptions.push(subscription);
    }

    pub(super) fn take_subscription(&self, connection: usize) -> Option<Subscription> {
        let mut state = self.lock();
        let at = state.subscriptions.iter().position(|own| own.connection == connection)?;
        Some(state.subscriptions.swap_remove(at))
    }

    /// Keeps what `StoreLogoff` was passed, until the store is released.
    pub(super) fn ask_logoff(&self, flags: u32) {
        self.lock().logoff_flags = Some(flags);
    }

    /// Has MAPI let go of the transports, once: with what `StoreLogoff` was passed, else at once. The spooler's own store
    /// asks only where the spooler has asked. Source pages: *imsgstore-storelogoff*, *imapisupport-storelogofftransports*.
    pub(super) fn logoff_transports(&self) -> Option<u32> {
        let flags = {
            let mut state = self.lock();
            let flags = match (state.logoff_flags, self.caller) {
                (Some(flags), _) => flags,
                (None, Caller::Client) => LOGOFF_ABORT,
                (None, Caller::Spooler) => return None,
            };
            if std::mem::replace(&mut state.transports_told, true) {
                return None;
            }
            flags
        };
        self.use_support().and_then(|in_use| in_use.support().store_logoff_transports(flags)).ok()
    }

    /// The store object is gone.
    pub(super) fn store_released(&self) {
        self.logoff_transports();
        let last = {
            let mut state = self.lock();
            state.store = false;
            !state.logon
        };
        if last {
            self.end();
        }
    }

    /// The logon object is gone.
    pub(super) fn logon_released(&self) {
        let last = {
            let mut state = self.lock();
            state.logon = false;
            !state.store
        };
        if last {
            self.end();
        }
    }

    /// Ends the session: what is still open answers `MAPI_E_INVALID_OBJECT`, registrations end, the support object is
    /// released last. Source pages: *imslogon-logoff*, *shutting-down-a-message-store-provider*.
    pub(super) fn end(&self) {
        self.logoff_transports();
        let subscriptions = {
            let mut state = self.lock();
            if state.closed {
                return;
            }
            state.closed = true;
            std::mem::take(&mut state.subscriptions)
        };
        pair::store_closed(self);
        for subscription in subscriptions {
            let _ = subscription.end(self);
        }
        for table in self.core.tables() {
            table.forget_sinks_of(self);
        }
        let me = thread::current().id();
        let until = Instant::now() + PATIENCE;
        let mut state = self.lock();
        while state.busy.iter().any(|busy| *busy != me) && Instant::now() < until {
            state = self.changed.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        let support = state.support.take();
        drop(state);
        drop(support);
    }

    /// The columns of the store's row in the status table.
    pub(super) fn status_columns(&self, width: Width) -> Props {
        let mut columns = Props::new(width);
        columns.text(tag::PR_DISPLAY_NAME_W, DISPLAY_NAME);
        columns.mask(tag::PR_RESOURCE_METHODS, STATUS_VALIDATE_STATE);
        columns.mask(tag::PR_STATUS_CODE, STATUS_AVAILABLE);
        columns.text(tag::PR_STATUS_STRING_W, "Ready");
        columns
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the store is called.
pub(super) const DISPLAY_NAME: &str = "Reference store";

/// The support object in use: it is not released before the last of these is gone.
#[derive(Debug)]
pub(super) struct StoreUse<'a> {
    session: &'a StoreSession,
    /// Present until this is dropped.
    support: Option<Arc<Support>>,
    thread: ThreadId,
}

impl StoreUse<'_> {
    pub(super) fn support(&self) -> &Support {
        self.support.as_deref().expect("the support object is there until the use ends")
    }
}

impl Drop for StoreUse<'_> {
    fn drop(&mut self) {
        // Outside of the lock: this may be the last reference, and releasing calls MAPI.
        drop(self.support.take());
        let mut state = self.session.lock();
        if let Some(at) = state.busy.iter().position(|thread| *thread == self.thread) {
            state.busy.swap_remove(at);
        }
        drop(state);
        self.session.changed.notify_all();
    }
}
