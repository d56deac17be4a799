//! `TransportNotify`, `FlushQueues`, `ValidateState`: what the spooler orders.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    CONFIG_CHANGED, FLUSH_DOWNLOAD, FLUSH_UPLOAD, NOTIFY_ABORT_DEFERRED, NOTIFY_BEGIN_INBOUND,
    NOTIFY_BEGIN_INBOUND_FLUSH, NOTIFY_BEGIN_OUTBOUND, NOTIFY_BEGIN_OUTBOUND_FLUSH, NOTIFY_CANCEL_MESSAGE,
    NOTIFY_CONFIG_CHANGE, NOTIFY_END_INBOUND, NOTIFY_END_INBOUND_FLUSH, NOTIFY_END_OUTBOUND,
    NOTIFY_END_OUTBOUND_FLUSH, PROCESS_XP_HEADER_CACHE, REFRESH_XP_HEADER_CACHE,
};

use super::session::{Session, State};
use crate::mapi::Result;
use crate::{inbound, outbound};

const DIRECTIONS: u32 = NOTIFY_BEGIN_INBOUND
    | NOTIFY_END_INBOUND
    | NOTIFY_BEGIN_OUTBOUND
    | NOTIFY_END_OUTBOUND
    | NOTIFY_BEGIN_INBOUND_FLUSH
    | NOTIFY_END_INBOUND_FLUSH
    | NOTIFY_BEGIN_OUTBOUND_FLUSH
    | NOTIFY_END_OUTBOUND_FLUSH;

impl Session {
    /// `TransportNotify`. Source page: *ixplogon-transportnotify*.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_PARAMETER` where a direction is to begin and to end at once, `MAPI_E_INVALID_OBJECT` after logoff.
    ///
    /// # Safety
    ///
    /// `data` has to be null or lead to what the page promises for `flags`.
    pub(super) unsafe fn notify(&self, flags: u32, data: *const *const c_void) -> Result<()> {
        let in_use = self.use_support()?;
        let both = |begin: u32, end: u32| flags & begin != 0 && flags & end != 0;
        if both(NOTIFY_BEGIN_INBOUND, NOTIFY_END_INBOUND) || both(NOTIFY_BEGIN_OUTBOUND, NOTIFY_END_OUTBOUND)
        {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        if flags & NOTIFY_ABORT_DEFERRED != 0 {
            // SAFETY: with this flag the data is an entry identifier, as the caller vouches.
            unsafe { outbound::abort_deferred(self, flags & NOTIFY_CANCEL_MESSAGE != 0, data) };
        } else if flags & NOTIFY_CANCEL_MESSAGE != 0 {
            // SAFETY: with this flag alone the data is a reference, as the caller vouches.
            unsafe { self.cancel(data) };
        }
        if flags & DIRECTIONS != 0 {
            turn(&mut self.lock(), flags);
            // The switch has been made even where the row cannot show it.
            let _ = self.update_row(&in_use);
            inbound::directions_changed(self, flags);
        }
        Ok(())
    }

    /// `FlushQueues`: the row asks the spooler for attention; what goes out is flushed first.
    ///
    /// Source page: *implementing-the-flushqueues-method*.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_OBJECT` after logoff, or what `ModifyStatusRow` answers.
    pub(crate) fn flush(&self, flags: u32) -> Result<()> {
        let in_use = self.use_support()?;
        let both = flags & (FLUSH_UPLOAD | FLUSH_DOWNLOAD) == 0;
        let download = both || flags & FLUSH_DOWNLOAD != 0;
        {
            let mut state = self.lock();
            if both || flags & FLUSH_UPLOAD != 0 {
                state.outbound_flush = true;
                state.download_wanted = download;
            } else {
                state.inbound_flush = true;
            }
        }
        // What was deferred is to be sent now.
        outbound::ask_for_deferred(self, &in_use);
        self.update_row(&in_use)
    }

    /// `ValidateState`, of the logon object as of the status object. There is no user interface to be suppressed.
    ///
    /// Source page: *ixplogon-validatestate*.
    ///
    /// # Errors
    ///
    /// `MAPI_E_NO_SUPPORT` for the header caches of remote transports, `MAPI_E_INVALID_OBJECT` after logoff.
    pub(crate) fn validate(&self, flags: u32) -> Result<()> {
        let in_use = self.use_support()?;
        if flags & (REFRESH_XP_HEADER_CACHE | PROCESS_XP_HEADER_CACHE) != 0 {
            return Err(HRESULT::MAPI_E_NO_SUPPORT);
        }
        if flags & CONFIG_CHANGED != 0 {
            in_use.support().notify(NOTIFY_CONFIG_CHANGE)?;
        }
        Ok(())
    }

    /// Cancels the message whose reference `data` leads to.
    ///
    /// # Safety
    ///
    /// `data` has to be null, or point to a pointer to the reference, or to the reference itself.
    unsafe fn cancel(&self, data: *const *const c_void) {
        if data.is_null() {
            return;
        }
        // A pointer to a pointer is what the parameter's type says; the page's words allow a pointer to the value too. A
        // number that is a reference in process, or too small to be an address, is the value.
        // SAFETY: the caller vouches for a readable place of a pointer's size.
        let inner = unsafe { data.read_unaligned() };
        let state = self.lock();
        let direct = u32::try_from(inner.addr()).ok();
        let is_value = |number: &u32| *number < 0x1_0000 || state.messages.is_meant(*number);
        let reference = match direct.filter(is_value) {
            Some(number) => number,
            // SAFETY: not a value, so it is a pointer to one, as the caller vouches.
            None => unsafe { ptr::read_unaligned(inner.cast::<u32>()) },
        };
        state.messages.cancel(reference);
        drop(state);
        self.wake();
    }
}

/// Switches directions and flushes.
fn turn(state: &mut State, flags: u32) {
    let has = |flag: u32| flags & flag != 0;
    state.inbound = (state.inbound || has(NOTIFY_BEGIN_INBOUND)) && !has(NOTIFY_END_INBOUND);
    state.outbound = (state.outbound || has(NOTIFY_BEGIN_OUTBOUND)) && !has(NOTIFY_END_OUTBOUND);
    state.inbound_flush |= has(NOTIFY_BEGIN_INBOUND_FLUSH);
    state.outbound_flush |= has(NOTIFY_BEGIN_OUTBOUND_FLUSH);
    if has(NOTIFY_END_OUTBOUND_FLUSH) {
        state.outbound_flush = false;
        state.inbound_flush |= std::mem::take(&mut state.download_wanted);
    }
    if has(NOTIFY_END_INBOUND_FLUSH) {
        // With both ends at once the spooler is shutting down: there is no turning to the other direction.
        state.inbound_flush = false;
        state.download_wanted = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_of_both_directions_turns_from_one_to_the_other() {
        let mut state = State { outbound_flush: true, download_wanted: true, ..State::default() };
        turn(&mut state, NOTIFY_END_OUTBOUND_FLUSH);
        assert!(!state.outbound_flush && state.inbound_flush);
        turn(&mut state, NOTIFY_END_INBOUND_FLUSH);
        assert!(!state.outbound_flush && !state.inbound_flush);
    }

    #[test]
    fn both_ends_at_once_end_both() {
        let mut state = State { outbound_flush: true, download_wanted: true, ..State::default() };
        turn(&mut state, NOTIFY_END_OUTBOUND_FLUSH | NOTIFY_END_INBOUND_FLUSH);
        assert!(!state.outbound_flush && !state.inbound_flush && !state.download_wanted);
    }
}
