//! The status table: one row for each session that gave one with `ModifyStatusRow`. Page: status-tables.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use mapi_spi::tags::{
    PR_DISPLAY_NAME_W, PR_ENTRYID, PR_INSTANCE_KEY, PR_OBJECT_TYPE, PR_PROVIDER_DLL_NAME_W,
    PR_RESOURCE_FLAGS, PR_RESOURCE_METHODS, PR_RESOURCE_TYPE, PR_ROWID, PR_STATUS_CODE,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};

use super::host::{Row, StatusRowChange};
use super::properties::{Admission, Properties};
use super::table::{TableRow, TableSource, Watchers};

/// The columns that every row has.
const COLUMNS: [PropTag; 10] = [
    PR_ROWID,
    PR_INSTANCE_KEY,
    PR_ENTRYID,
    PR_OBJECT_TYPE,
    PR_RESOURCE_TYPE,
    PR_RESOURCE_FLAGS,
    PR_RESOURCE_METHODS,
    PR_STATUS_CODE,
    PR_DISPLAY_NAME_W,
    PR_PROVIDER_DLL_NAME_W,
];

/// The rows of all sessions.
#[derive(Debug, Default)]
pub struct StatusTable {
    rows: Mutex<Rows>,
    watchers: Watchers,
}

#[derive(Debug, Default)]
struct Rows {
    rows: BTreeMap<u32, Properties>,
    next: u32,
}

/// A session's place in the table. The row goes with it.
#[derive(Debug)]
pub struct StatusRow {
    table: Arc<StatusTable>,
    id: u32,
    /// What MAPI knows of the provider from its profile section.
    known: Properties,
}

impl StatusTable {
    /// The table of this process: there is one messaging session.
    #[must_use]
    pub fn session() -> Arc<Self> {
        static TABLE: LazyLock<Arc<StatusTable>> = LazyLock::new(Arc::default);
        Arc::clone(&TABLE)
    }

    /// A place for a provider, with PR_RESOURCE_FLAGS and PR_PROVIDER_DLL_NAME from its profile section where they are there.
    #[must_use]
    pub fn place(self: &Arc<Self>, profile: Properties) -> StatusRow {
        let mut rows = self.lock();
        let id = rows.next;
        rows.next += 1;
        StatusRow { table: Arc::clone(self), id, known: profile }
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StatusRow {
    /// `ModifyStatusRow`: replaces the row, or merges into it with STATUSROW_UPDATE. A first row may come either way.
    ///
    /// # Errors
    ///
    /// MAPI_E_UNKNOWN_FLAGS; MAPI_E_INVALID_PARAMETER for values that have no meaning in a row.
    pub fn modify(&self, given: Row, ulFlags: u32) -> Result<StatusRowChange, HRESULT> {
        if ulFlags & !flags::STATUSROW_UPDATE != 0 {
            return Err(HRESULT::MAPI_E_UNKNOWN_FLAGS);
        }
        let update = ulFlags & flags::STATUSROW_UPDATE != 0;
        let mut admitted = Row::new();
        for (tag, value) in &given {
            match Admission::of(*tag, value) {
                Admission::Set => admitted.push((*tag, value.clone())),
                Admission::Ignore => {}
                Admission::Problem(_) | Admission::Refuse(_) => {
                    return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
                }
            }
        }
        let (existed, row) = {
            let mut table = self.table.lock();
            let before = table.rows.remove(&self.id);
            let existed = before.is_some();
            let mut row = before.filter(|_| update).unwrap_or_default();
            for (tag, value) in admitted {
                row.set(tag, value);
            }
            for (tag, value) in self.computed() {
                row.set(tag, value);
            }
            table.rows.insert(self.id, row.clone());
            (existed, row.to_row())
        };
        self.table.watchers.notify();
        Ok(StatusRowChange { given, update, existed, row })
    }

    /// The row as it stands; `None` before the first `ModifyStatusRow`.
    #[must_use]
    pub fn row(&self) -> Option<Row> {
        self.table.lock().rows.get(&self.id).map(Properties::to_row)
    }

    /// MAPI's own columns.
    fn computed(&self) -> Row {
        let long = |number: u32| PropValue::Long(number.cast_signed());
        let dll = self.known.text(PR_PROVIDER_DLL_NAME_W).unwrap_or_else(|| "PROVIDER.DLL".to_owned());
        let entry_id = [b"\0\0\0\0spoolproof-state".as_slice(), &self.id.to_le_bytes()].concat();
        vec![
            (PR_ROWID, long(self.id)),
            (PR_INSTANCE_KEY, PropValue::Binary(self.id.to_le_bytes().to_vec())),
            (PR_ENTRYID, PropValue::Binary(entry_id)),
            (PR_OBJECT_TYPE, long(flags::MAPI_STATUS)),
            (PR_RESOURCE_TYPE, long(flags::MAPI_TRANSPORT_PROVIDER)),
            (PR_RESOURCE_FLAGS, PropValue::Long(self.known.long(PR_RESOURCE_FLAGS).unwrap_or(0))),
            (PR_PROVIDER_DLL_NAME_W, super::text::unicode(&dll)),
        ]
    }
}

impl Drop for StatusRow {
    fn drop(&mut self) {
        let gone = self.table.lock().rows.remove(&self.id);
        if gone.is_some() {
            self.table.watchers.notify();
        }
    }
}

impl TableSource for StatusTable {
    fn rows(&self) -> Vec<TableRow> {
        let rows = self.lock();
        rows.rows.iter().map(|(id, props)| TableRow::new(u64::from(*id), props.clone())).collect()
    }

    fn columns(&self) -> Vec<PropTag> {
        COLUMNS.to_vec()
    }

    fn watchers(&self) -> &Watchers {
        &self.watchers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(row: &Row, tag: PropTag) -> Option<i32> {
        row.iter().find(|(known, _)| *known == tag).and_then(|(_, value)| value.as_long())
    }

    #[test]
    fn replace_and_merge() {
        let table = Arc::new(StatusTable::default());
        let place = table.place(Properties::new());
        let code = |number| vec![(PR_STATUS_CODE, PropValue::Long(number))];
        let methods = vec![(PR_RESOURCE_METHODS, PropValue::Long(9)), (PR_STATUS_CODE, PropValue::Long(1))];
        let first = place.modify(methods, 0).unwrap();
        assert!(!first.existed && !first.update);
        assert_eq!(long(&first.row, PR_RESOURCE_TYPE), Some(36));
        let merged = place.modify(code(2), flags::STATUSROW_UPDATE).unwrap();
        assert!(merged.existed && merged.update);
        assert_eq!(
            (long(&merged.row, PR_STATUS_CODE), long(&merged.row, PR_RESOURCE_METHODS)),
            (Some(2), Some(9))
        );
        let replaced = place.modify(code(3), 0).unwrap();
        assert_eq!(long(&replaced.row, PR_RESOURCE_METHODS), None);
        assert_eq!(place.modify(code(3), 1), Err(HRESULT::MAPI_E_UNKNOWN_FLAGS));
        assert_eq!(place.row(), Some(replaced.row));
        assert_eq!(table.rows().len(), 1);
        drop(place);
        assert!(table.rows().is_empty());
    }
}
