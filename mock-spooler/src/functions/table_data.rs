//! Table data objects: rows that somebody keeps, and views of them. Page: itabledataiunknown.

#![allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]

use std::ffi::c_void;
use std::mem::size_of;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::structs::{SPropTagArray, SPropValue, SRow, SRowSet, SSortOrderSet};
use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag, flags};

use super::props::read;
use crate::com::{Handle, object, ours};
use crate::implements;
use crate::memory::Chain;
use crate::objects::Row;
use crate::objects::args::{self, INVALID};
use crate::objects::properties::Properties;
use crate::objects::table::{CallerRelease, Table, TableRow, TableSource, Watchers};
use crate::objects::wire;

const TAD_ALL_ROWS: u32 = 1;

/// A table data object.
#[derive(Debug)]
struct TableData {
    data: Arc<Data>,
}

implements!(TableData: ITableData);

/// The rows, in the order in which they stand, and the columns that rows have had.
#[derive(Debug)]
struct Data {
    index: PropTag,
    kind: u32,
    rows: Mutex<Rows>,
    watchers: Watchers,
}

#[derive(Debug, Default)]
struct Rows {
    columns: Vec<PropTag>,
    rows: Vec<TableRow>,
    /// Numbers rows in the order in which they were added.
    next: u64,
}

/// What a view shows: all rows as they are, or what there was when it was opened.
#[derive(Debug)]
struct ViewSource {
    data: Arc<Data>,
    fixed: Option<Vec<TableRow>>,
}

impl Data {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of the index column among the properties of a row.
    fn index_of(&self, row: &Row) -> Result<PropValue, HRESULT> {
        row.iter().find(|(tag, _)| *tag == self.index).map(|(_, value)| value.clone()).ok_or(INVALID)
    }

    fn find(&self, rows: &Rows, index: &PropValue) -> Option<usize> {
        rows.rows.iter().position(|row| row.props.get(self.index.id()) == Some(index))
    }

    /// Adds rows, or replaces those with the same index, at the end or at a position.
    fn put(&self, given: Vec<Row>, at: Option<usize>) -> Result<(), HRESULT> {
        let indexed = given
            .into_iter()
            .map(|row| Ok((self.index_of(&row)?, row)))
            .collect::<Result<Vec<_>, HRESULT>>()?;
        {
            let mut rows = self.rows();
            for (index, row) in indexed {
                for (tag, _) in row.iter().filter(|(tag, _)| tag.prop_type() != PropType::PT_ERROR) {
                    if !rows.columns.iter().any(|column| column.id() == tag.id()) {
                        rows.columns.push(*tag);
                    }
                }
                let props: Properties =
                    row.into_iter().filter(|(tag, _)| tag.prop_type() != PropType::PT_ERROR).collect();
                match self.find(&rows, &index) {
                    Some(_) if at.is_some() => return Err(INVALID),
                    Some(place) => rows.rows[place].props = props,
                    None => {
                        let key = rows.next;
                        rows.next += 1;
                        let place = at.unwrap_or(rows.rows.len());
                        rows.rows.insert(place, TableRow { key, props, children: Vec::new() });
                    }
                }
            }
        }
        self.watchers.notify();
        Ok(())
    }

    /// Deletes the rows with these indexes; how many there were.
    fn delete(&self, indexes: &[PropValue]) -> usize {
        let deleted = {
            let mut rows = self.rows();
            let before = rows.rows.len();
            rows.rows
                .retain(|row| !indexes.iter().any(|index| row.props.get(self.index.id()) == Some(index)));
            before - rows.rows.len()
        };
        self.watchers.notify();
        deleted
    }

    /// Where a row stands, and what it has.
    fn query(&self, index: &PropValue) -> Option<(usize, Row)> {
        let rows = self.rows();
        let place = self.find(&rows, index)?;
        Some((place, rows.rows[place].props.to_row()))
    }
}

/// A table data object that MAPI makes itself, and the views of it.
pub(super) struct Made(Arc<Data>);

impl Made {
    /// The object with these rows.
    ///
    /// # Errors
    ///
    /// MAPI_E_INVALID_PARAMETER for a row without the index column.
    pub(super) fn of(index: PropTag, rows: Vec<Row>) -> Result<Self, HRESULT> {
        let data = Data {
            index,
            kind: flags::TBLTYPE_DYNAMIC,
            rows: Mutex::default(),
            watchers: Watchers::default(),
        };
        data.put(rows, None)?;
        Ok(Self(Arc::new(data)))
    }

    /// The object, for the candidate.
    pub(super) fn data(&self) -> Handle {
        object::hand_out(Arc::new(TableData { data: Arc::clone(&self.0) }), "table-data")
    }

    /// A view of it, with strings of a width, for the candidate.
    pub(super) fn view(&self, wide: bool) -> Handle {
        Table::hand_out(Arc::new(ViewSource { data: Arc::clone(&self.0), fixed: None }), wide)
    }
}

impl TableSource for ViewSource {
    fn rows(&self) -> Vec<TableRow> {
        let now = || self.data.rows().rows.clone();
        match (&self.fixed, self.data.kind) {
            (None, _) => now(),
            (Some(fixed), flags::TBLTYPE_KEYSET) => {
                let now = now();
                // The same rows, with the values that they have now, or had last.
                let current = |row: &TableRow| now.iter().find(|other| other.key == row.key).cloned();
                fixed.iter().map(|row| current(row).unwrap_or_else(|| row.clone())).collect()
            }
            (Some(fixed), _) => fixed.clone(),
        }
    }

    fn columns(&self) -> Vec<PropTag> {
        self.data.rows().columns.clone()
    }

    fn watchers(&self) -> &Watchers {
        &self.data.watchers
    }

    fn kind(&self) -> u32 {
        self.data.kind
    }
}

/// The properties of a row of the caller's.
///
/// # Safety
///
/// `at` is null or points to a row whose values are what their types say.
unsafe fn row(at: *const SRow) -> Result<Row, HRESULT> {
    args::needed(at)?;
    // SAFETY: not null, hence a row, as the caller vouches.
    let row = unsafe { at.read_unaligned() };
    // SAFETY: so many properties, as the caller vouches.
    unsafe { args::props(row.cValues, row.lpProps) }?
        .into_iter()
        .map(|(tag, value)| value.map(|value| (tag, value)).ok_or(INVALID))
        .collect()
}

/// # Safety
///
/// `at` is null or points to rows.
unsafe fn rows(at: *const SRowSet) -> Result<Vec<Row>, HRESULT> {
    args::needed(at)?;
    // SAFETY: not null, hence rows, as the caller vouches.
    unsafe { SRowSet::elements(at).map(|one| row(&one)).collect() }
}

/// A row for the candidate: the structure, and its properties chained to it.
fn lay_down(row: &Row) -> Result<*mut c_void, HRESULT> {
    let block = Chain::allocate(size_of::<SRow>())?;
    let props: *mut SPropValue = wire::props_within(&block, row)?;
    // SAFETY: the block has the size and alignment of the structure.
    unsafe {
        block.ptr::<SRow>().write(SRow { ulAdrEntryPad: 0, cValues: wire::count(row.len()), lpProps: props });
    }
    Ok(block.into_raw().cast())
}

impl ours::ITableData for TableData {
    unsafe fn HrGetView(
        &self,
        lpSSortOrderSet: *mut SSortOrderSet,
        lpfCallerRelease: *mut c_void,
        ulCallerData: usize,
        lppMAPITable: *mut *mut c_void,
    ) -> HRESULT {
        let made = args::needed(lppMAPITable).and_then(|()| {
            let fixed = match self.data.kind {
                flags::TBLTYPE_DYNAMIC => None,
                _ => Some(self.data.rows().rows.clone()),
            };
            let source = Arc::new(ViewSource { data: Arc::clone(&self.data), fixed });
            let own = object::pointer_of(self);
            // SAFETY: null or the callback, as the caller vouches.
            let release = unsafe { CallerRelease::new(lpfCallerRelease, ulCallerData, own) };
            // SAFETY: null or a sort order, as the caller vouches.
            unsafe { Table::hand_out_view(source, lpSSortOrderSet, release) }
        });
        // SAFETY: the caller vouches for its pointers, as for all methods here.
        unsafe { args::put(lppMAPITable, made.map_or(ptr::null_mut(), |view| view.0)) };
        made.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn HrModifyRow(&self, lpSRow: *mut c_void) -> HRESULT {
        // SAFETY: as above.
        let row = unsafe { row(lpSRow.cast()) };
        row.and_then(|row| self.data.put(vec![row], None)).err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn HrDeleteRow(&self, lpSPropValue: *mut c_void) -> HRESULT {
        // SAFETY: as above.
        match unsafe { read(lpSPropValue) } {
            Some((tag, index)) if tag == self.data.index => match self.data.delete(&[index]) {
                0 => HRESULT::MAPI_E_NOT_FOUND,
                _ => HRESULT::S_OK,
            },
            _ => INVALID,
        }
    }

    unsafe fn HrQueryRow(
        &self,
        lpSPropValue: *mut c_void,
        lppSRow: *mut *mut c_void,
        lpuliRow: *mut u32,
    ) -> HRESULT {
        // SAFETY: as above.
        let asked = unsafe { read(lpSPropValue) };
        let found = args::needed(lppSRow).and_then(|()| match asked {
            Some((tag, index)) if tag == self.data.index => {
                let (place, row) = self.data.query(&index).ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
                Ok((place, lay_down(&row)?))
            }
            _ => Err(INVALID),
        });
        // SAFETY: as above; the number may be left out.
        unsafe {
            args::put(lppSRow, found.map_or(ptr::null_mut(), |(_, row)| row));
            if let Ok((place, _)) = found {
                args::put(lpuliRow, wire::count(place));
            }
        }
        found.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn HrEnumRow(&self, ulRowNumber: u32, lppSRow: *mut *mut c_void) -> HRESULT {
        let found = args::needed(lppSRow).and_then(|()| {
            let rows = self.data.rows();
            let mut order: Vec<&TableRow> = rows.rows.iter().collect();
            order.sort_by_key(|row| row.key);
            // A number that no row has gives no row, and no error (page: itabledata-hrenumrow).
            let row = order.get(ulRowNumber as usize).map(|row| row.props.to_row());
            row.map_or(Ok(ptr::null_mut()), |row| lay_down(&row))
        });
        // SAFETY: as above.
        unsafe { args::put(lppSRow, found.unwrap_or(ptr::null_mut())) };
        found.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn HrNotify(&self, _ulFlags: u32, cValues: u32, lpSPropValue: *mut SPropValue) -> HRESULT {
        // SAFETY: as above.
        let given = unsafe { args::props(cValues, lpSPropValue) };
        let touched = given.map(|given| {
            let rows = self.data.rows();
            let meets =
                |row: &TableRow| given.iter().all(|(tag, value)| value.as_ref() == row.props.get(tag.id()));
            rows.rows.iter().filter(|row| meets(row)).map(|row| row.key).collect::<Vec<_>>()
        });
        if let Ok(keys) = &touched {
            self.data.watchers.touch(keys);
        }
        touched.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn HrInsertRow(&self, uliRow: u32, lpSRow: *mut c_void) -> HRESULT {
        // SAFETY: as above.
        let row = unsafe { row(lpSRow.cast()) };
        let place = uliRow as usize;
        let result = row.and_then(|row| {
            if place > self.data.rows().rows.len() {
                return Err(INVALID);
            }
            self.data.put(vec![row], Some(place))
        });
        result.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn HrModifyRows(&self, _ulFlags: u32, lpSRowSet: *mut SRowSet) -> HRESULT {
        // SAFETY: as above.
        let rows = unsafe { rows(lpSRowSet) };
        rows.and_then(|rows| self.data.put(rows, None)).err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn HrDeleteRows(
        &self,
        ulFlags: u32,
        lprowsetToDelete: *mut SRowSet,
        cRowsDeleted: *mut u32,
    ) -> HRESULT {
        let deleted = if ulFlags & TAD_ALL_ROWS != 0 {
            let count = std::mem::take(&mut self.data.rows().rows).len();
            self.data.watchers.reload();
            Ok(count)
        } else {
            // SAFETY: as above.
            unsafe { rows(lprowsetToDelete) }.and_then(|rows| {
                let indexes =
                    rows.iter().map(|row| self.data.index_of(row)).collect::<Result<Vec<_>, _>>()?;
                Ok(self.data.delete(&indexes))
            })
        };
        // SAFETY: as above.
        unsafe { args::put(cRowsDeleted, wire::count(deleted.unwrap_or(0))) };
        deleted.err().unwrap_or(HRESULT::S_OK)
    }
}

pub(super) unsafe fn CreateTable(
    lpInterface: *const GUID,
    _lpAllocateBuffer: *mut c_void,
    _lpAllocateMore: *mut c_void,
    _lpFreeBuffer: *mut c_void,
    _lpvReserved: *mut c_void,
    ulTableType: u32,
    ulPropTagIndexColumn: u32,
    lpSPropTagArrayColumns: *mut SPropTagArray,
    lppTableData: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: null or an identifier, as the caller vouches.
    let iid = unsafe { args::iid(lpInterface) };
    let made = args::needed(lppTableData).and_then(|()| {
        if iid.is_some_and(|iid| ours::iid_of("ITableData") != Some(iid)) {
            return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
        }
        if !matches!(ulTableType, flags::TBLTYPE_SNAPSHOT | flags::TBLTYPE_KEYSET | flags::TBLTYPE_DYNAMIC) {
            return Err(INVALID);
        }
        // SAFETY: null or tags, as the caller vouches.
        let columns = unsafe { args::tags(lpSPropTagArrayColumns) }?.ok_or(INVALID)?;
        let data = Data {
            index: PropTag(ulPropTagIndexColumn),
            kind: ulTableType,
            rows: Mutex::new(Rows { columns, ..Rows::default() }),
            watchers: Watchers::default(),
        };
        Ok(object::hand_out(Arc::new(TableData { data: Arc::new(data) }), "table-data"))
    });
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(lppTableData, made.map_or(ptr::null_mut(), |object| object.0)) };
    made.err().unwrap_or(HRESULT::S_OK)
}
