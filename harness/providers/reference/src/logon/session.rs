//! What a session is: its configuration, its state, the use of its support object.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use mapi_spi::HRESULT;
use mapi_spi::flags::{LOGON_NO_CONNECT, LOGON_NO_INBOUND, LOGON_NO_OUTBOUND, LOGON_SP_IDLE, LOGON_SP_POLL};

use super::Direction;
use super::process::Messages;
use crate::inbound::{self, Announcements};
use crate::mapi::{Memory, Result, Support, search_key};
use crate::outbound::{self, Sending, server};
use crate::pair;
use crate::profile::{Settings, Style};
use crate::status::StatusObject;
use crate::store::StoreKey;
use crate::watch;
use crate::worker::Worker;

/// What a logon object, the status object opened from it and the session's threads share.
///
/// It outlives the logoff as memory, until the last of them is gone; the support object does not. Its lock is never
/// held while MAPI is called: callbacks may come back, on this thread or on another.
#[derive(Debug)]
pub(crate) struct Session {
    memory: Memory,
    settings: Settings,
    identity: Identity,
    /// The identifier of the store that this transport is coupled with.
    own_store: Option<Vec<u8>>,
    offline: bool,
    state: Mutex<State>,
    changed: Condvar,
}

/// Who is logged on.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) address: String,
    pub(crate) entry_id: Vec<u8>,
    pub(crate) search_key: Vec<u8>,
}

/// What changes during a session.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(super) closed: bool,
    /// Present until it is released; calls that have begun before go on with it.
    pub(super) support: Option<Arc<Support>>,
    pub(crate) status: Option<StatusObject>,
    pub(crate) workers: Vec<Worker>,
    /// Threads that use the support object: what is called from within their callbacks must not wait for them for good.
    pub(super) busy: Vec<ThreadId>,
    /// Who is writing the status row.
    pub(crate) row_writer: Option<ThreadId>,
    pub(super) download_wanted: bool,
    pub(crate) inbound: bool,
    pub(crate) outbound: bool,
    pub(crate) inbound_flush: bool,
    pub(crate) outbound_flush: bool,
    pub(crate) messages: Messages,
    pub(crate) announcements: Announcements,
    pub(crate) sending: Sending,
    /// A thread delivers mail into the coupled store.
    pub(crate) has_courier: bool,
    /// Files that were delivered but could not be removed: they are not offered again.
    pub(crate) delivered: HashSet<std::path::PathBuf>,
}

impl State {
    /// Whether the session has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }
}

impl Session {
    /// Begins a session: reads the profile section, enters the status row, starts to watch the maildrop.
    ///
    /// # Errors
    ///
    /// `MAPI_E_UNCONFIGURED` where the profile section is incomplete, `MAPI_E_FAILONEPROVIDER` where a directory that is
    /// needed at once is not there, or what a callback answers. Nothing is left behind then.
    pub(crate) fn open(memory: Memory, support: Support, flags: u32) -> Result<Arc<Session>> {
        let settings = Settings::read(memory, &support)?;
        let offline = flags & LOGON_NO_CONNECT != 0;
        // What is not asked for yet need not be there yet.
        let needed = [(LOGON_NO_INBOUND, &settings.maildrop), (LOGON_NO_OUTBOUND, &settings.outbox)];
        if !offline
            && needed
                .iter()
                .any(|(not, place)| flags & not == 0 && !place.is_dir() && server(place).is_none())
        {
            return Err(HRESULT::MAPI_E_FAILONEPROVIDER);
        }
        let identity = Identity::of(memory, &support, &settings)?;
        let own_store = match settings.own_store().map(StoreKey::store_id) {
            Some(id) if settings.habits.wrap_own => Some(support.wrap_store_entry_id(memory, &id)?),
            own => own,
        };
        if settings.habits.preprocessor {
            outbound::register_preprocessor(&support, &settings.address_type)?;
        }
        if settings.habits.preprocessor_library {
            outbound::register_preprocessor_library(&support, &settings.address_type)?;
        }
        let support = Arc::new(support);
        let state = State { support: Some(support), ..State::default() };
        let session = Session {
            memory,
            settings,
            identity,
            own_store,
            offline,
            state: Mutex::new(state),
            changed: Condvar::new(),
        };
        let session = Arc::new(session);
        session.create_row()?;
        if session.settings.style != Style::Polled && !offline {
            let worker = watch::start(&session)?;
            session.lock().workers.push(worker);
        }
        pair::transport_opened(&session);
        Ok(session)
    }

    /// A store of the same profile has been opened: mail is delivered into it directly from now on.
    pub(crate) fn pair_up(self: &Arc<Self>) {
        if self.offline || std::mem::replace(&mut self.lock().has_courier, true) {
            return self.wake();
        }
        match inbound::start_courier(self) {
            Ok(worker) => self.lock().workers.push(worker),
            // Mail goes through the spooler then.
            Err(_) => self.lock().has_courier = false,
        }
    }

    /// Whether mail can be sent at the moment.
    pub(crate) fn can_send(&self) -> bool {
        let state = self.lock();
        !self.offline && !state.closed && (state.outbound || state.outbound_flush)
    }

    /// The identifier of the store that this transport is coupled with.
    pub(crate) fn own_store(&self) -> Option<&[u8]> {
        self.own_store.as_deref()
    }

    /// What `TransportLogon` answers.
    pub(crate) fn logon_flags(&self) -> u32 {
        match self.settings.style {
            Style::Polled => LOGON_SP_POLL,
            Style::Notify => 0,
            Style::Idle => LOGON_SP_IDLE,
        }
    }

    pub(crate) fn memory(&self) -> Memory {
        self.memory
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the spooler has forbidden connections: no mail moves then.
    pub(crate) fn is_offline(&self) -> bool {
        self.offline
    }

    /// Whether this direction is being flushed: nothing is to hold it up then.
    pub(crate) fn is_flushing(&self, direction: Direction) -> bool {
        let state = self.lock();
        match direction {
            Direction::Inbound => state.inbound_flush,
            Direction::Outbound => state.outbound_flush,
        }
    }

    /// The state. A panic of whoever held it before has left it sound: no invariant spans two statements.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the state until it may have changed, but no longer than `limit`.
    pub(crate) fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until `done`, but no longer than `limit`: what is waited for may itself wait for this thread.
    pub(crate) fn wait_until<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        limit: Duration,
        done: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if done(&state) || left.is_zero() {
                return state;
            }
            state = self.wait(state, left);
        }
    }

    /// Tells those who wait that the state has changed.
    pub(crate) fn wake(&self) {
        self.changed.notify_all();
    }

    /// Begins the use of the support object.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_OBJECT` after logoff.
    pub(crate) fn use_support(&self) -> Result<Use<'_>> {
        let mut state = self.lock();
        let support = match &state.support {
            Some(support) if !state.closed => Arc::clone(support),
            Some(_) | None => return Err(HRESULT::MAPI_E_INVALID_OBJECT),
        };
        let thread = thread::current().id();
        state.busy.push(thread);
        Ok(Use { session: self, support: Some(support), thread })
    }
}

impl Identity {
    fn of(memory: Memory, support: &Support, settings: &Settings) -> Result<Identity> {
        let (address_type, address) = (&settings.address_type, &settings.identity);
        let width = settings.habits.width();
        let entry_id = support.create_one_off(memory, width, address, address_type, address)?;
        Ok(Identity { address: address.clone(), entry_id, search_key: search_key(address_type, address) })
    }
}

/// The support object in use: it is not released before the last of these is gone.
#[derive(Debug)]
pub(crate) struct Use<'a> {
    session: &'a Session,
    /// Present until this is dropped.
    support: Option<Arc<Support>>,
    thread: ThreadId,
}

impl Use<'_> {
    pub(crate) fn support(&self) -> &Support {
        self.support.as_deref().expect("the support object is there until the use ends")
    }
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        // Outside of the lock: after a logoff this may be the last reference, and releasing calls MAPI.
        drop(self.support.take());
        let mut state = self.session.lock();
        if let Some(at) = state.busy.iter().position(|thread| *thread == self.thread) {
            state.busy.swap_remove(at);
        }
        drop(state);
        self.session.wake();
    }
}
