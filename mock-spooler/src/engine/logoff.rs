//! The end of sessions, of provider objects, of the library.

use std::time::{Duration, Instant};

use mapi_spi::flags;
use serde_json::json;

use crate::com::{Cell, boundary};
use crate::engine::run::{Engine, Stop, parse_flags};
use crate::loader::Loaded;
use crate::memory;
use crate::plan::args::{Logoff, OnSession, Shutdown};
use crate::shim::Shim;
use crate::trace::told::What;

/// How long threads that were told to end may take to be gone from the system's list.
const THREADS_GONE: Duration = Duration::from_secs(2);

impl Engine<'_> {
    pub(super) fn logoff(&mut self, args: &Logoff) -> Result<(), Stop> {
        let off = parse_flags(&flags::LOGOFF_FLAGS, &args.flags)?;
        if self.end_foreign(&args.session, off) {
            return Ok(());
        }
        self.session(&args.session)?;
        self.end_session(&args.session, Some(off));
        Ok(())
    }

    pub(super) fn release_logon(&mut self, args: &OnSession) -> Result<(), Stop> {
        self.session(&args.session)?;
        self.end_session(&args.session, None);
        Ok(())
    }

    /// TransportLogoff where flags are given, and the final Release of the logon object (page: releasing-the-transport-provider).
    pub(super) fn end_session(&mut self, name: &str, logoff: Option<u32>) {
        let Some(session) = self.sessions.remove(name) else { return };
        self.order.retain(|session| session != name);
        let logged_off = session.shared.logged_off.load(std::sync::atomic::Ordering::Acquire);
        for (answer, types) in session.answered.iter().enumerate().filter(|_| !logged_off) {
            types.record(name, "logoff", answer);
        }
        if let Some(off) = logoff.filter(|_| !logged_off) {
            // SAFETY: no pointers involved.
            let _ = unsafe { session.logon.TransportLogoff(off) };
        }
        if let Some(status) = &session.status {
            let invalid = session.shared.invalid.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if invalid.contains(&(status.raw() as usize)) {
                // MAPI frees it with MAPIFreeBuffer once its last client is gone (page: imapisupport-makeinvalid).
                memory::free(status.raw());
            } else {
                // SAFETY: the reference that OpenStatusEntry returned is given back, once.
                unsafe { status.Release() };
            }
        }
        self.uncouple_session(name);
        *session.shared.logon.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        // SAFETY: the reference that TransportLogon returned is given back, once.
        unsafe { session.logon.Release() };
        boundary().record(What::Fact { name: "session-ended".to_owned(), value: json!({ "session": name }) });
    }

    pub(super) fn shutdown(&mut self, args: &Shutdown) -> Result<(), Stop> {
        let sessions: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.provider == args.provider)
            .map(|(name, _)| name.clone())
            .collect();
        for name in sessions {
            self.end_session(&name, Some(0));
        }
        if !self.providers.contains_key(&args.provider) {
            return Err(Stop::Harness(format!(
                "there is no provider object `{}` at this point",
                args.provider
            )));
        }
        self.end_provider(&args.provider, !args.release_only);
        Ok(())
    }

    /// Shutdown and the final Release of a provider object (page: ixpprovider-shutdown).
    pub(super) fn end_provider(&mut self, name: &str, shutdown: bool) {
        let Some(provider) = self.providers.remove(name) else { return };
        if shutdown {
            let mut flag_cell = Cell::holding(0);
            // SAFETY: the cell lives for the call.
            let _ = unsafe { provider.object.Shutdown(flag_cell.ptr()) };
            flag_cell.check("lpulFlags");
        }
        // SAFETY: the reference that XPProviderInit returned is given back, once.
        unsafe { provider.object.Release() };
    }

    pub(super) fn unload(&mut self) -> Result<(), Stop> {
        self.end_stores();
        for name in self.sessions.keys().cloned().collect::<Vec<_>>() {
            self.end_session(&name, Some(0));
        }
        for name in self.providers.keys().cloned().collect::<Vec<_>>() {
            self.end_provider(&name, true);
        }
        self.delete_service();
        let left = self.look_for_threads();
        let libraries: Vec<_> =
            [self.library.take(), self.store_library.take()].into_iter().flatten().collect();
        if libraries.is_empty() {
            return Err(Stop::Harness("there is no library to unload at this point".to_owned()));
        }
        if left > 0 {
            // Unloading the code under a running thread would be a crash whose time nobody knows; the threads are the finding.
            std::mem::forget(libraries);
            return Ok(());
        }
        boundary().set_unloaded();
        libraries.into_iter().try_for_each(|library| {
            let failed = |error| Stop::Harness(format!("the library could not be unloaded: {error}"));
            library.close().map_err(failed)
        })
    }

    /// Counts threads that were not there before the library was loaded, after giving them a bounded time to be gone.
    pub(super) fn look_for_threads(&mut self) -> usize {
        if let Some(shim) = self.library.as_ref().and_then(Loaded::shim) {
            return threads_of(shim);
        }
        let Some(before) = self.threads_before.take() else { return 0 };
        let deadline = Instant::now() + THREADS_GONE;
        let mut now = threads().unwrap_or(before);
        while now > before && Instant::now() < deadline {
            std::thread::yield_now();
            now = threads().unwrap_or(before);
        }
        let left = now.saturating_sub(before);
        boundary().record(What::Fact {
            name: "threads-left".to_owned(),
            value: json!({ "before": before, "after": now, "left": left }),
        });
        left
    }
}

/// A program counts its provider's threads itself, or they are not known: what a runtime does with threads of its own is no
/// provider's fault.
fn threads_of(shim: &Shim) -> usize {
    let Some((before, after)) = shim.threads() else { return 0 };
    let left = after.saturating_sub(before);
    boundary().record(What::Fact {
        name: "threads-left".to_owned(),
        value: json!({ "before": before, "after": after, "left": left }),
    });
    usize::try_from(left).unwrap_or(usize::MAX)
}

/// How many threads this process has, where the system says so.
#[cfg(target_os = "linux")]
pub(crate) fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

/// How many threads this process has, where the system says so.
#[cfg(not(target_os = "linux"))]
pub(crate) fn threads() -> Option<usize> {
    None
}
