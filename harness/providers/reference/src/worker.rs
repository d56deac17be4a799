//! Threads of a session.

use std::thread::{self, JoinHandle, ThreadId};

use mapi_spi::HRESULT;

use crate::guard::contain;
use crate::mapi::Result;

/// A thread that ends when its session does.
#[derive(Debug)]
pub(crate) struct Worker(JoinHandle<()>);

impl Worker {
    /// Starts a thread.
    ///
    /// # Errors
    ///
    /// `MAPI_E_NOT_ENOUGH_RESOURCES` where the system gives none.
    pub(crate) fn start(name: &str, body: impl FnOnce() + Send + 'static) -> Result<Worker> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(|| contain(body));
        thread.map(Worker).map_err(|_| HRESULT::MAPI_E_NOT_ENOUGH_RESOURCES)
    }

    /// Which thread it is.
    pub(crate) fn id(&self) -> ThreadId {
        self.0.thread().id()
    }

    /// Waits for its end.
    pub(crate) fn join(self) {
        // Its panics have been contained.
        drop(self.0.join());
    }
}
