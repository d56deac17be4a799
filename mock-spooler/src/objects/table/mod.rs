//! `IMAPITable` over rows that something else owns.
//!
//! A [`TableSource`] gives rows, default columns and says when they changed; a [`Table`] is one view of them, with columns,
//! restriction, order, cursor and bookmarks of its own. Views hold no rows: they ask the source each time, so that a table is
//! as dynamic as its source. What changed is found by comparing with what the sinks were told last.

mod bookmark;
mod notify;
mod object;
mod restriction;
mod view;

pub use notify::Sink;
pub use object::{CallerRelease, Table};
pub use restriction::{Restriction, RowValues};
pub(crate) use restriction::{compare, contains, relates};

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use mapi_spi::PropTag;
use mapi_spi::tags::PR_INSTANCE_KEY;
use mapi_spi::values::PropValue;

use super::properties::Properties;

/// A row: what identifies it, and its properties, of which columns show some.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableRow {
    /// The row's identity within its source.
    pub key: u64,
    /// Its properties.
    pub props: Properties,
    /// Rows of what belongs to it, by PR_MESSAGE_RECIPIENTS or PR_MESSAGE_ATTACHMENTS, for restrictions on them.
    pub children: Vec<(PropTag, Vec<Properties>)>,
}

impl TableRow {
    /// A row without children. PR_INSTANCE_KEY is made of the key where the properties have none.
    #[must_use]
    pub fn new(key: u64, mut props: Properties) -> Self {
        if !props.contains(PR_INSTANCE_KEY.id()) {
            props.set(PR_INSTANCE_KEY, PropValue::Binary(key.to_le_bytes().to_vec()));
        }
        Self { key, props, children: Vec::new() }
    }
}

/// Where a table's rows come from.
pub trait TableSource: Send + Sync + fmt::Debug {
    /// The rows now, in their natural order.
    fn rows(&self) -> Vec<TableRow>;
    /// The columns that a table has before `SetColumns`. Strings take the width that the table was opened with.
    fn columns(&self) -> Vec<PropTag>;
    /// Who is told of changes.
    fn watchers(&self) -> &Watchers;
    /// TBLTYPE_*
    fn kind(&self) -> u32 {
        mapi_spi::flags::TBLTYPE_DYNAMIC
    }
    /// Whether `CreateBookmark` works; attachment tables have none. Page: imapitable-createbookmark.
    fn has_bookmarks(&self) -> bool {
        true
    }
}

/// The tables that are open on a source.
#[derive(Debug, Default)]
pub struct Watchers {
    tables: Mutex<Vec<Weak<Table>>>,
}

impl Watchers {
    /// Tells the open tables that rows may have changed. Sinks of the candidate are called from here: no lock may be held.
    pub fn notify(&self) {
        for table in self.open() {
            table.changed();
        }
    }

    /// Tells the open tables that these rows have changed, whether or not they show it.
    pub fn touch(&self, keys: &[u64]) {
        for table in self.open() {
            table.touched(keys);
        }
    }

    /// Tells the open tables that everything has changed.
    pub fn reload(&self) {
        for table in self.open() {
            table.reloaded();
        }
    }

    fn open(&self) -> Vec<Arc<Table>> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.retain(|table| table.strong_count() > 0);
        tables.iter().filter_map(Weak::upgrade).collect()
    }

    fn add(&self, table: &Arc<Table>) {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(table));
    }
}
