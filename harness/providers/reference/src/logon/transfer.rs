//! The transfer of one message: where it may stop, and where it gives the processor back.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mapi_spi::HRESULT;

use super::{InProcess, Session, Use};
use crate::habits::Habits;
use crate::mapi::{Memory, Result, Support};
use crate::profile::Settings;

/// Bytes between two yields.
const YIELD_BYTES: usize = 64 * 1024;

/// Time between two yields: half of what *interacting-with-the-mapi-spooler* takes for long.
const YIELD_TIME: Duration = Duration::from_millis(100);

/// One message on its way through a call of the spooler's. Every callback is a [`step`](Transfer::step).
#[derive(Debug)]
pub(crate) struct Transfer<'a> {
    session: &'a Session,
    in_use: &'a Use<'a>,
    message: Arc<InProcess>,
    moved: Cell<usize>,
    yielded: Cell<Instant>,
}

impl<'a> Transfer<'a> {
    pub(crate) fn new(session: &'a Session, in_use: &'a Use<'a>, message: Arc<InProcess>) -> Transfer<'a> {
        let (moved, yielded) = (Cell::new(0), Cell::new(Instant::now()));
        Transfer { session, in_use, message, moved, yielded }
    }

    /// Makes one callback, if the message may go on.
    ///
    /// # Errors
    ///
    /// `MAPI_E_USER_CANCEL` where it was cancelled, before the callback or during it; else what the callback answers.
    pub(crate) fn step<T>(&self, callback: impl FnOnce() -> Result<T>) -> Result<T> {
        self.go_on()?;
        let result = callback()?;
        self.breathe()?;
        Ok(result)
    }

    /// Makes the callback after which there is no way back.
    ///
    /// # Errors
    ///
    /// `MAPI_E_USER_CANCEL` where the message was cancelled before the callback; else what the callback answers.
    pub(crate) fn last_step<T>(&self, callback: impl FnOnce() -> Result<T>) -> Result<T> {
        self.go_on()?;
        callback()
    }

    /// Notes that bytes have moved within a longer step.
    ///
    /// # Errors
    ///
    /// As [`step`](Transfer::step).
    pub(crate) fn moved(&self, bytes: usize) -> Result<()> {
        self.moved.set(self.moved.get() + bytes);
        self.breathe()
    }

    /// The allocator.
    pub(crate) fn memory(&self) -> Memory {
        self.session.memory()
    }

    /// The session's configuration.
    pub(crate) fn settings(&self) -> &'a Settings {
        self.session.settings()
    }

    /// The session's habits.
    pub(crate) fn habits(&self) -> Habits {
        self.settings().habits
    }

    /// The support object.
    pub(crate) fn support(&self) -> &'a Support {
        self.in_use.support()
    }

    /// The entry identifier of an address of this transport's type.
    ///
    /// # Errors
    ///
    /// What `CreateOneOff` answers, or the cancellation.
    pub(crate) fn entry_id(&self, name: &str, address: &str) -> Result<Vec<u8>> {
        let settings = self.settings();
        let width = settings.habits.width();
        self.step(|| {
            self.support().create_one_off(self.memory(), width, name, &settings.address_type, address)
        })
    }

    fn go_on(&self) -> Result<()> {
        if self.message.is_cancelled() { Err(HRESULT::MAPI_E_USER_CANCEL) } else { Ok(()) }
    }

    /// Yields where it is time to, and looks for a cancellation.
    fn breathe(&self) -> Result<()> {
        self.go_on()?;
        let late = self.yielded.get().elapsed() >= YIELD_TIME;
        let habits = self.habits();
        let much = self.moved.get() >= YIELD_BYTES && !habits.no_yield;
        if !(late || much || habits.yield_always) || self.session.is_flushing(self.message.direction) {
            return Ok(());
        }
        self.moved.set(0);
        self.support().yield_now()?;
        self.yielded.set(Instant::now());
        self.go_on()
    }
}
