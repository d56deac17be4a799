//! One view of a table's rows: columns, restriction, order, cursor.

use std::cmp::Ordering;

use mapi_spi::structs::SSortOrderSet;
use mapi_spi::tags::PropType;
use mapi_spi::{HRESULT, PropTag, flags};

use super::bookmark::Bookmarks;
use super::restriction::{Restriction, RowValues, compare};
use super::{TableRow, TableSource};
use crate::objects::args;
use crate::objects::host::Row;
use crate::objects::prop::column;
use crate::objects::text;

/// More columns to sort by are not supported.
const MOST_KEYS: u32 = 64;

/// How a table is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) columns: Option<Vec<PropTag>>,
    pub(super) restriction: Option<Restriction>,
    pub(super) order: Vec<(PropTag, u32)>,
    pub(super) cursor: usize,
    pub(super) bookmarks: Bookmarks,
}

impl View {
    /// The rows that this view shows, in its order.
    pub(super) fn rows(&self, source: &dyn TableSource) -> Vec<TableRow> {
        let mut rows = source.rows();
        if let Some(restriction) = &self.restriction {
            rows.retain(|row| restriction.holds(values(row)));
            rows.truncate(restriction.limit().unwrap_or(usize::MAX));
        }
        if !self.order.is_empty() {
            rows.sort_by(|a, b| self.compare(a, b));
        }
        rows
    }

    /// The columns, strings as wide as the table was opened.
    pub(super) fn columns(&self, source: &dyn TableSource, unicode: bool) -> Vec<PropTag> {
        self.columns.clone().unwrap_or_else(|| widened(source.columns(), unicode))
    }

    /// A row as the candidate gets it.
    pub(super) fn present(columns: &[PropTag], row: &TableRow, unicode: bool) -> Row {
        columns.iter().map(|tag| column(*tag, row.props.get(tag.id()), unicode)).collect()
    }

    /// The position to which a number of rows leads, and the rows in between, with their sign.
    pub(super) fn seek(from: usize, count: i32, length: usize) -> (usize, i32) {
        let distance = isize::try_from(count).unwrap_or(if count < 0 { isize::MIN } else { isize::MAX });
        let to = from.saturating_add_signed(distance).min(length);
        let sought = to.abs_diff(from);
        let sought = i32::try_from(sought).unwrap_or(i32::MAX);
        (to, if to >= from { sought } else { -sought })
    }

    /// The first row, from a position on or back from it, that meets a condition.
    pub(super) fn find(
        rows: &[TableRow],
        condition: &Restriction,
        from: usize,
        backward: bool,
    ) -> Option<usize> {
        let meets = |row: &TableRow| condition.holds(values(row));
        if backward {
            rows[..from].iter().rposition(meets)
        } else {
            rows[from..].iter().position(meets).map(|position| from + position)
        }
    }

    fn compare(&self, a: &TableRow, b: &TableRow) -> Ordering {
        let by = |(tag, order): &(PropTag, u32)| {
            let get = |row: &TableRow| text::convert(row.props.get(tag.id())?, tag.prop_type(), true);
            let ordering = match (get(a), get(b)) {
                (Some(a), Some(b)) => compare(&a, &b).unwrap_or(Ordering::Equal),
                // What has no value comes first.
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            if *order == flags::TABLE_SORT_DESCEND { ordering.reverse() } else { ordering }
        };
        self.order.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// Strings among columns in a width.
pub(super) fn widened(columns: Vec<PropTag>, unicode: bool) -> Vec<PropTag> {
    columns.into_iter().map(|tag| tag.with_type(text::widened(tag.prop_type(), unicode))).collect()
}

/// Reads what a table is to be sorted by.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for a null pointer, MAPI_E_TOO_COMPLEX for categories, instances of multivalued properties, orders
/// other than up and down, and a column that stands twice.
///
/// # Safety
///
/// `at` is null or points to a sort order with as many columns as it says.
pub(super) unsafe fn sort_order(at: *const SSortOrderSet) -> Result<Vec<(PropTag, u32)>, HRESULT> {
    const INSTANCES: u16 = 0x2000;
    args::needed(at)?;
    // SAFETY: not null; the columns are vouched for.
    let keys = unsafe {
        let SSortOrderSet { cSorts, cCategories, .. } = at.read_unaligned();
        if cSorts > MOST_KEYS || cCategories != 0 {
            return Err(HRESULT::MAPI_E_TOO_COMPLEX);
        }
        SSortOrderSet::elements(at)
    };
    let keys: Vec<_> = keys.map(|key| (PropTag(key.ulPropTag), key.ulOrder)).collect();
    let complex = keys.iter().enumerate().any(|(position, (tag, order))| {
        let kind = tag.prop_type();
        kind.0 & INSTANCES != 0
            || kind == PropType::PT_OBJECT
            || ![flags::TABLE_SORT_ASCEND, flags::TABLE_SORT_DESCEND].contains(order)
            || keys[..position].iter().any(|(other, _)| other.id() == tag.id())
    });
    if complex { Err(HRESULT::MAPI_E_TOO_COMPLEX) } else { Ok(keys) }
}

fn values(row: &TableRow) -> RowValues<'_> {
    RowValues { props: &row.props, children: &row.children }
}
