//! Telling advise sinks what changed in a table. Page: table_notification.

use std::ptr;
use std::sync::Arc;

use mapi_spi::structs::{__UPV, NOTIFICATION, NOTIFICATION_INFO, SPropValue, SRow, TABLE_NOTIFICATION};
use mapi_spi::tags::{PR_INSTANCE_KEY, PR_NULL};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};

use super::TableRow;
use crate::com::{object, theirs};
use crate::objects::host::Row;
use crate::objects::wire::{self, Arena};

/// An advise sink of the candidate's, with the reference that the table holds. Dropping it gives the reference back.
#[derive(Debug)]
pub struct Sink {
    sink: theirs::IMAPIAdviseSink,
}

impl Sink {
    /// Takes up a sink and a reference to it.
    ///
    /// # Safety
    ///
    /// `raw` is a COM object with `IMAPIAdviseSink`.
    pub unsafe fn new(raw: *mut std::ffi::c_void) -> Arc<Self> {
        // A store passes the sinks of its clients on, and those are ours.
        let ours = object::find(raw).is_some();
        let take = if ours { theirs::IMAPIAdviseSink::known } else { theirs::IMAPIAdviseSink::new };
        let sink = take(raw, "sink");
        // SAFETY: as the caller vouches.
        unsafe { sink.AddRef() };
        Arc::new(Self { sink })
    }

    /// Calls the sink.
    pub fn notify(&self, notifications: &mut [NOTIFICATION]) -> u32 {
        // SAFETY: the table holds a reference; the notifications live for the call.
        unsafe { self.sink.OnNotify(wire::count(notifications.len()), notifications.as_mut_ptr()) }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // SAFETY: this is the reference that `new` took.
        unsafe { self.sink.Release() };
    }
}

/// Something that happened to a row, or to the table as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    /// `TABLE_*`
    pub(super) kind: u32,
    /// The row's instance key.
    pub(super) index: Option<PropValue>,
    /// That of the row before it.
    pub(super) prior: Option<PropValue>,
    /// The row's columns, where the event has them.
    pub(super) row: Row,
}

impl Event {
    /// An event of the table as a whole.
    pub(super) fn whole(kind: u32) -> Self {
        Self { kind, index: None, prior: None, row: Row::new() }
    }
}

/// What happened between two states of a view: rows that went, rows that came, rows that changed.
pub(super) fn events(
    before: &[TableRow],
    now: &[TableRow],
    present: impl Fn(&TableRow) -> Row,
) -> Vec<Event> {
    let key = |row: &TableRow| row.props.get(PR_INSTANCE_KEY.id()).cloned();
    let gone = before.iter().filter(|row| !now.iter().any(|other| other.key == row.key)).map(|row| Event {
        kind: flags::TABLE_ROW_DELETED,
        index: key(row),
        prior: None,
        row: Row::new(),
    });
    let there = now.iter().enumerate().filter_map(|(position, row)| {
        let kind = match before.iter().find(|other| other.key == row.key) {
            None => flags::TABLE_ROW_ADDED,
            Some(other) if other != row => flags::TABLE_ROW_MODIFIED,
            Some(_) => return None,
        };
        let prior = position.checked_sub(1).and_then(|prior| key(&now[prior]));
        Some(Event { kind, index: key(row), prior, row: present(row) })
    });
    gone.chain(there).collect()
}

/// Changes of the rows with these keys, as far as the view has them.
pub(super) fn modified(rows: &[TableRow], keys: &[u64], present: impl Fn(&TableRow) -> Row) -> Vec<Event> {
    let key = |row: &TableRow| row.props.get(PR_INSTANCE_KEY.id()).cloned();
    let touched = rows.iter().enumerate().filter(|(_, row)| keys.contains(&row.key));
    let event = |(position, row): (usize, &TableRow)| Event {
        kind: flags::TABLE_ROW_MODIFIED,
        index: key(row),
        prior: position.checked_sub(1).and_then(|prior| key(&rows[prior])),
        row: present(row),
    };
    touched.map(event).collect()
}

/// Tells sinks of events, all in one call each. A failure to lay them down leaves the sinks uninformed: there is no memory.
pub(super) fn tell(sinks: &[Arc<Sink>], events: &[Event]) {
    if sinks.is_empty() || events.is_empty() {
        return;
    }
    let arena = Arena::default();
    let Ok(mut notifications) =
        events.iter().map(|event| notification(&arena, event)).collect::<Result<Vec<_>, _>>()
    else {
        return;
    };
    for sink in sinks {
        sink.notify(&mut notifications);
    }
}

fn notification(arena: &Arena, event: &Event) -> Result<NOTIFICATION, HRESULT> {
    let tab = TABLE_NOTIFICATION {
        ulTableEvent: event.kind,
        hResult: HRESULT::S_OK,
        propIndex: key(arena, event.index.as_ref())?,
        propPrior: key(arena, event.prior.as_ref())?,
        row: SRow {
            ulAdrEntryPad: 0,
            cValues: wire::count(event.row.len()),
            lpProps: if event.row.is_empty() { ptr::null_mut() } else { arena.props(&event.row)? },
        },
        ulPad: 0,
    };
    let info = NOTIFICATION_INFO { tab };
    Ok(NOTIFICATION { ulEventType: flags::fnevTableModified, ulAlignPad: 0, info })
}

fn key(arena: &Arena, value: Option<&PropValue>) -> Result<SPropValue, HRESULT> {
    match value {
        // SAFETY: the arena gives an array of the one value that it was asked for.
        Some(value) => Ok(unsafe { arena.props(&[(PR_INSTANCE_KEY, value.clone())])?.read() }),
        None => Ok(SPropValue { ulPropTag: PR_NULL.0, dwAlignPad: 0, Value: __UPV { li: 0 } }),
    }
}
