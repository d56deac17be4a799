//! The state behind a table: columns, order, condition, position, and who is told of changes.
//!
//! A table is dynamic: it is made anew of its source at each call, and finds its position again by the key of the row that it
//! stands at. Source pages: *imapitableiunknown*, *imapitable-advise*, *table_notification*.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::flags::{
    TABLE_ROW_ADDED, TABLE_ROW_DELETED, TABLE_ROW_MODIFIED, TABLE_SORT_DESCEND, fnevTableModified,
};
use mapi_spi::interfaces::IMAPIAdviseSink;
use mapi_spi::structs::{NOTIFICATION, NOTIFICATION_INFO, SPropValue, SRow, TABLE_NOTIFICATION};
use mapi_spi::tags::{self as tag, PR_NULL, PropType};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};

use super::bag::{Bag, NOTHING, View};
use super::data::MessageData;
use super::notify::{Sink, UNKNOWN_CONNECTION, new_connection};
use super::props::selected;
use super::restriction::{Condition, compare};
use super::session::StoreSession;
use super::sources::Source;
use crate::mapi::{Entry, Lent, Result, lay};

/// A row of a table.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Which row it is: `PR_INSTANCE_KEY` is made of it.
    pub(super) key: u64,
    pub(super) computed: Bag,
    /// Where the columns come from that are not computed.
    pub(super) message: Option<Arc<MessageData>>,
}

impl Row {
    /// A row of computed columns.
    pub(super) fn new(key: u64, mut computed: Bag) -> Row {
        computed.binary(tag::PR_INSTANCE_KEY, key.to_be_bytes().to_vec());
        Row { key, computed, message: None }
    }

    /// The row's properties.
    pub(super) fn view(&self) -> View<'_> {
        let stored = self.message.as_deref().map_or(&NOTHING, |message| &message.bag);
        View { computed: &self.computed, stored }
    }

    fn is_same(&self, other: &Row) -> bool {
        let same_message = match (&self.message, &other.message) {
            (Some(own), Some(others)) => Arc::ptr_eq(own, others),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        same_message && self.computed == other.computed
    }
}

/// A table's state; the object that clients have refers to it.
#[derive(Debug)]
pub(super) struct TableState {
    pub(super) session: Arc<StoreSession>,
    pub(super) source: Source,
    inner: Mutex<Inner>,
}

/// What changes.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) columns: Vec<PropTag>,
    /// By what, and whether descending.
    pub(super) order: Vec<(PropTag, bool)>,
    pub(super) condition: Option<Condition>,
    pub(super) rows: Vec<Row>,
    pub(super) position: usize,
    /// Positions by number, `None` once freed.
    pub(super) bookmarks: BTreeMap<u32, Mark>,
    next_bookmark: u32,
    sinks: Vec<(usize, Sink)>,
    /// The rows as they were when the sinks were last told.
    told: Vec<Row>,
}

/// A bookmark: a row, and where it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Nothing: the end of the table.
    pub(super) key: Option<u64>,
    pub(super) position: usize,
}

/// Bookmarks of a table's own begin here.
const FIRST_BOOKMARK: u32 = 3;

impl TableState {
    pub(super) fn new(session: &Arc<StoreSession>, source: Source, columns: Vec<PropTag>) -> Arc<TableState> {
        let inner = Inner {
            columns,
            order: Vec::new(),
            condition: None,
            rows: Vec::new(),
            position: 0,
            bookmarks: BTreeMap::new(),
            next_bookmark: FIRST_BOOKMARK,
            sinks: Vec::new(),
            told: Vec::new(),
        };
        Arc::new(TableState { session: Arc::clone(session), source, inner: Mutex::new(inner) })
    }

    /// The state, its rows as they are now.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_OBJECT` where what the table shows has ended.
    pub(super) fn current(&self) -> Result<MutexGuard<'_, Inner>> {
        let mut inner = self.lock();
        let rows = self.load(&inner)?;
        inner.replace(rows);
        Ok(inner)
    }

    /// Registers a sink.
    ///
    /// # Errors
    ///
    /// As [`current`](Self::current).
    pub(super) fn advise(self: &Arc<Self>, mask: u32, sink: &IMAPIAdviseSink) -> Result<usize> {
        if mask & fnevTableModified == 0 {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        let connection = new_connection() as usize;
        let mut inner = self.current()?;
        if inner.sinks.is_empty() {
            inner.told = inner.rows.clone();
        }
        inner.sinks.push((connection, Sink(sink.clone())));
        drop(inner);
        self.session.core().watch(self);
        Ok(connection)
    }

    /// Ends a registration.
    ///
    /// # Errors
    ///
    /// `MAPI_E_NOT_FOUND` for a connection that is not there.
    pub(super) fn unadvise(&self, connection: usize) -> Result<()> {
        let mut inner = self.lock();
        let at = inner.sinks.iter().position(|(own, _)| *own == connection).ok_or(UNKNOWN_CONNECTION)?;
        let sink = inner.sinks.swap_remove(at);
        drop(inner);
        // Releasing calls MAPI.
        drop(sink);
        Ok(())
    }

    /// A new order or condition is nothing that the sinks are to be told of row by row.
    ///
    /// # Errors
    ///
    /// As [`current`](Self::current).
    pub(super) fn retell(&self) -> Result<()> {
        let mut inner = self.current()?;
        inner.told = inner.rows.clone();
        Ok(())
    }

    /// Lets go of the sinks: the session ends.
    pub(super) fn forget_sinks_of(&self, session: &StoreSession) {
        if ptr::eq(Arc::as_ptr(&self.session), session) {
            let sinks = std::mem::take(&mut self.lock().sinks);
            drop(sinks);
        }
    }

    /// Tells the sinks what has changed since they were last told.
    pub(super) fn refresh(&self) {
        let lent = Lent::default();
        let (sinks, events) = {
            let mut inner = self.lock();
            if inner.sinks.is_empty() {
                return;
            }
            let Ok(rows) = self.load(&inner) else { return };
            let events = inner.changes(&rows, &lent);
            inner.told = rows;
            let sinks: Vec<Sink> = inner.sinks.iter().map(|(_, sink)| sink.clone()).collect();
            (sinks, events)
        };
        if !events.is_empty() {
            sinks.iter().for_each(|sink| sink.notify(&events));
        }
    }

    fn load(&self, inner: &Inner) -> Result<Vec<Row>> {
        self.session.check()?;
        let mut rows = self.source.rows(&self.session)?;
        if let Some(condition) = &inner.condition {
            rows.retain(|row| condition.is_met(&row.view()));
        }
        if !inner.order.is_empty() {
            rows.sort_by(|left, right| inner.compare(left, right));
        }
        Ok(rows)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Takes new rows over; the position stays at its row, or where that row was.
    pub(super) fn replace(&mut self, rows: Vec<Row>) {
        let at = self.rows.get(self.position).map(|row| row.key);
        let behind = self.position >= self.rows.len() && !self.rows.is_empty();
        self.position = match at.and_then(|key| rows.iter().position(|row| row.key == key)) {
            Some(found) => found,
            None if behind => rows.len(),
            None => self.position.min(rows.len()),
        };
        self.rows = rows;
    }

    /// Marks the position.
    pub(super) fn mark(&mut self) -> u32 {
        let mark = Mark { key: self.rows.get(self.position).map(|row| row.key), position: self.position };
        let number = self.next_bookmark;
        self.next_bookmark += 1;
        self.bookmarks.insert(number, mark);
        number
    }

    fn compare(&self, left: &Row, right: &Row) -> Ordering {
        let (left, right) = (left.view(), right.view());
        let by = |(tag, descending): &(PropTag, bool)| {
            let order = match (left.get(*tag), right.get(*tag)) {
                (Some(left), Some(right)) => compare(left, right).unwrap_or(Ordering::Equal),
                (None, Some(_)) => Ordering::Less,
                (Some(_), None) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            };
            if *descending { order.reverse() } else { order }
        };
        self.order.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// What has changed since the sinks were told, as notifications whose rows lie in `room`.
    fn changes(&self, rows: &[Row], room: &Lent) -> Vec<NOTIFICATION> {
        let find = |rows: &[Row], key: u64| rows.iter().position(|row| row.key == key);
        let mut events = Vec::new();
        for gone in self.told.iter().filter(|row| find(rows, row.key).is_none()) {
            events.push(notification(
                TABLE_ROW_DELETED,
                key_of(Some(gone), room),
                key_of(None, room),
                no_row(),
            ));
        }
        for (index, row) in rows.iter().enumerate() {
            let event = match find(&self.told, row.key) {
                None => TABLE_ROW_ADDED,
                Some(known) if !self.told[known].is_same(row) => TABLE_ROW_MODIFIED,
                Some(_) => continue,
            };
            let prior = index.checked_sub(1).and_then(|before| rows.get(before));
            let laid = lay_row(row, &self.columns, room);
            events.push(notification(event, key_of(Some(row), room), key_of(prior, room), laid));
        }
        events
    }
}

/// The values of a row's columns.
pub(super) fn columns_of<'a>(row: &'a Row, columns: &[PropTag]) -> Vec<Entry<'a>> {
    selected(&row.view(), columns, true).0
}

/// The order that a `SSortOrder` asks for.
///
/// # Errors
///
/// `MAPI_E_TOO_COMPLEX` for categories and the like.
pub(super) fn direction(order: u32) -> Result<bool> {
    match order {
        0 => Ok(false),
        TABLE_SORT_DESCEND => Ok(true),
        _ => Err(HRESULT::MAPI_E_TOO_COMPLEX),
    }
}

fn no_row() -> SRow {
    SRow { ulAdrEntryPad: 0, cValues: 0, lpProps: ptr::null_mut() }
}

fn lay_row(row: &Row, columns: &[PropTag], room: &Lent) -> SRow {
    let values: Vec<SPropValue> =
        columns_of(row, columns).iter().filter_map(|(tag, value)| lay(*tag, value, room).ok()).collect();
    let count = values.len() as u32;
    SRow { ulAdrEntryPad: 0, cValues: count, lpProps: room.keep(values) }
}

/// A row's instance key; `PR_NULL` where there is no row.
fn key_of(row: Option<&Row>, room: &Lent) -> SPropValue {
    let null = PropValue::Null;
    let (tag, value) = match row.and_then(|row| row.computed.get(tag::PR_INSTANCE_KEY)) {
        Some(key) => (tag::PR_INSTANCE_KEY, key),
        None => (PR_NULL, &null),
    };
    lay(tag, value, room).unwrap_or(SPropValue {
        ulPropTag: PropTag::new(0, PropType::PT_NULL).0,
        dwAlignPad: 0,
        Value: mapi_spi::structs::__UPV { x: 0 },
    })
}

fn notification(event: u32, propIndex: SPropValue, propPrior: SPropValue, row: SRow) -> NOTIFICATION {
    let tab = TABLE_NOTIFICATION {
        ulTableEvent: event,
        hResult: HRESULT::S_OK,
        propIndex,
        propPrior,
        row,
        ulPad: 0,
    };
    NOTIFICATION { ulEventType: fnevTableModified, ulAlignPad: 0, info: NOTIFICATION_INFO { tab } }
}
