//! The status row. Source pages: *status-tables*, *imapisupport-modifystatusrow*, *pidtagstatuscode-canonical-property*.

use std::thread;
use std::time::Duration;

use mapi_spi::flags::{
    STATUS_AVAILABLE, STATUS_FLUSH_QUEUES, STATUS_INBOUND_ACTIVE, STATUS_INBOUND_ENABLED,
    STATUS_INBOUND_FLUSH, STATUS_OFFLINE, STATUS_OUTBOUND_ACTIVE, STATUS_OUTBOUND_ENABLED,
    STATUS_OUTBOUND_FLUSH, STATUS_VALIDATE_STATE, STATUSROW_UPDATE,
};
use mapi_spi::tags as tag;

use crate::logon::{Direction, Session, Use};
use crate::mapi::{Props, Result, Width};

/// What the row is called.
const DISPLAY_NAME: &str = "Reference transport";

/// How long the row's writing by another thread is waited for. That thread may be within a callback that waits for this
/// one.
const PATIENCE: Duration = Duration::from_millis(100);

impl Session {
    /// Enters the row.
    ///
    /// # Errors
    ///
    /// What `ModifyStatusRow` answers.
    pub(crate) fn create_row(&self) -> Result<()> {
        let in_use = self.use_support()?;
        in_use.support().modify_status_row(&self.status_columns(self.settings().habits.width()), 0)
    }

    /// Writes the row's status code. Threads do it one after the other, so that the last state is what stays.
    ///
    /// # Errors
    ///
    /// What `ModifyStatusRow` answers.
    pub(crate) fn update_row(&self, in_use: &Use<'_>) -> Result<()> {
        let me = thread::current().id();
        let is_free = |writer: Option<thread::ThreadId>| writer.is_none_or(|writer| writer == me);
        let nested = {
            let mut state = self.wait_until(self.lock(), PATIENCE, |state| is_free(state.row_writer));
            state.row_writer.replace(me).is_some()
        };
        let mut columns = Props::new(Width::Wide);
        columns.mask(tag::PR_STATUS_CODE, self.status_code());
        let result = in_use.support().modify_status_row(&columns, STATUSROW_UPDATE);
        if !nested {
            self.lock().row_writer = None;
            self.wake();
        }
        result
    }

    /// The columns of the row, which are properties of the status object too. MAPI computes the rest.
    pub(crate) fn status_columns(&self, width: Width) -> Props {
        let mut columns = Props::new(width);
        columns.text(tag::PR_DISPLAY_NAME_W, DISPLAY_NAME);
        columns.mask(tag::PR_RESOURCE_METHODS, STATUS_VALIDATE_STATE | STATUS_FLUSH_QUEUES);
        columns.mask(tag::PR_STATUS_CODE, self.status_code());
        columns.text(tag::PR_STATUS_STRING_W, if self.is_offline() { "Offline" } else { "Ready" });
        if let Some(store) = self.own_store() {
            columns.binary(tag::PR_OWN_STORE_ENTRYID, store.to_vec());
        }
        if !self.settings().habits.no_identity {
            let identity = self.identity();
            columns.text(tag::PR_IDENTITY_DISPLAY_W, &identity.address);
            columns.binary(tag::PR_IDENTITY_ENTRYID, identity.entry_id.clone());
            columns.binary(tag::PR_IDENTITY_SEARCH_KEY, identity.search_key.clone());
        }
        columns
    }

    fn status_code(&self) -> u32 {
        let state = self.lock();
        let active = |direction| self.settings().habits.status_extra && state.messages.any(direction);
        let bits = [
            (self.is_offline(), STATUS_OFFLINE),
            (!self.is_offline(), STATUS_AVAILABLE),
            (state.inbound, STATUS_INBOUND_ENABLED),
            (state.outbound, STATUS_OUTBOUND_ENABLED),
            (state.inbound_flush, STATUS_INBOUND_FLUSH),
            (state.outbound_flush, STATUS_OUTBOUND_FLUSH),
            (active(Direction::Inbound), STATUS_INBOUND_ACTIVE),
            (active(Direction::Outbound), STATUS_OUTBOUND_ACTIVE),
        ];
        bits.iter().filter(|(set, _)| *set).fold(0, |code, (_, bit)| code | bit)
    }
}
