//! The table object: `IMAPITable`. Source page: *imapitableiunknown* and those of its methods.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::flags::{
    BOOKMARK_BEGINNING, BOOKMARK_CURRENT, BOOKMARK_END, DIR_BACKWARD, TABLE_SORT_ASCEND, TABLE_SORT_DESCEND,
    TBL_ALL_COLUMNS, TBL_NOADVANCE, TBLSTAT_COMPLETE, TBLTYPE_DYNAMIC,
};
use mapi_spi::interfaces::{IMAPIAdviseSink, IMAPITable, IMAPITable_Impl};
use mapi_spi::structs::{
    MAPIERROR, SPropTagArray, SRestriction, SRow, SRowSet, SSortOrder, SSortOrderSet, cb_new_srow_set,
    cb_new_ssort_order_set,
};
use mapi_spi::tags::PropType;
use mapi_spi::{HRESULT, PropTag};
use windows_core::{IUnknown, Interface, implement};

use super::props::{last_error, put, tag_array, tags_of};
use super::restriction::Condition;
use super::session::StoreSession;
use super::sources::Source;
use super::table::{Inner, TableState, columns_of, direction};
use crate::guard::guard;
use crate::mapi::{Block, Memory, Result, block_of};

/// A table.
#[implement(IMAPITable, Agile = false)]
pub(super) struct Table {
    state: Arc<TableState>,
}

impl Table {
    /// A table of these rows.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_OBJECT` where what it shows has ended.
    pub(super) fn open(session: &Arc<StoreSession>, source: Source) -> Result<IUnknown> {
        let columns = source.columns();
        let state = TableState::new(session, source, columns);
        drop(state.current()?);
        let table: IMAPITable = Table { state }.into();
        Ok(table.into())
    }

    /// The same, left in a caller's cell.
    ///
    /// # Safety
    ///
    /// The cell has to be null or valid.
    pub(super) unsafe fn hand_out(
        session: &Arc<StoreSession>,
        source: Source,
        cell: *mut *mut c_void,
    ) -> Result<HRESULT> {
        if cell.is_null() {
            return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        }
        // SAFETY: not null, and the caller vouches for it.
        unsafe {
            cell.write(ptr::null_mut());
            super::props::hand_out(&Table::open(session, source)?, &IMAPITable::IID, cell)
        }
    }

    fn memory(&self) -> Memory {
        self.state.session.memory()
    }
}

impl Inner {
    /// Where a bookmark is, and whether its row is gone.
    fn bookmarked(&self, bookmark: u32) -> Result<(usize, bool)> {
        match bookmark {
            BOOKMARK_BEGINNING => Ok((0, false)),
            BOOKMARK_CURRENT => Ok((self.position, false)),
            BOOKMARK_END => Ok((self.rows.len(), false)),
            own => {
                let mark = self.bookmarks.get(&own).ok_or(HRESULT::MAPI_E_INVALID_BOOKMARK)?;
                let Some(key) = mark.key else { return Ok((self.rows.len(), false)) };
                let found = self.rows.iter().position(|row| row.key == key);
                Ok(found.map_or((mark.position.min(self.rows.len()), true), |found| (found, false)))
            }
        }
    }

    /// Has the table's rows made anew at the next look; bookmarks do not survive that.
    fn restart(&mut self) {
        self.rows.clear();
        self.position = 0;
        self.bookmarks.clear();
    }
}

fn row_set(memory: Memory, inner: &Inner, from: usize, to: usize) -> Result<*mut SRowSet> {
    let rows = inner.rows.get(from..to).unwrap_or_default();
    let set = memory.block(cb_new_srow_set(rows.len()))?;
    let made: Vec<Block> =
        rows.iter().map(|row| block_of(memory, &columns_of(row, &inner.columns))).collect::<Result<_>>()?;
    let at: *mut SRowSet = set.at();
    // SAFETY: the block was made for a count and this many rows.
    unsafe {
        (*at).cRows = rows.len() as u32;
        let first = (&raw mut (*at).aRow).cast::<SRow>();
        for (index, block) in made.into_iter().enumerate() {
            let row =
                SRow { ulAdrEntryPad: 0, cValues: inner.columns.len() as u32, lpProps: block.give_up() };
            first.add(index).write(row);
        }
    }
    Ok(set.give_up())
}

impl IMAPITable_Impl for Table_Impl {
    unsafe fn GetLastError(
        &self,
        _hResult: HRESULT,
        _ulFlags: u32,
        lppMAPIError: *mut *mut MAPIERROR,
    ) -> HRESULT {
        // SAFETY: the caller's cell is null or valid.
        guard(|| unsafe { last_error(lppMAPIError) })
    }

    unsafe fn Advise(
        &self,
        ulEventMask: u32,
        lpAdviseSink: *mut c_void,
        lpulConnection: *mut usize,
    ) -> HRESULT {
        guard(|| {
            // SAFETY: the caller passes null or its sink.
            let sink = unsafe { IMAPIAdviseSink::from_raw_borrowed(&lpAdviseSink) };
            let Some(sink) = sink.filter(|_| !lpulConnection.is_null()) else {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            };
            let connection = self.state.advise(ulEventMask, sink)?;
            // SAFETY: not null. Older headers have 32 bits here: the number fits them.
            unsafe { lpulConnection.cast::<u32>().write(connection as u32) };
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn Unadvise(&self, ulConnection: usize) -> HRESULT {
        guard(|| self.state.unadvise(ulConnection & 0xFFFF_FFFF).map(|()| HRESULT::S_OK))
    }

    unsafe fn GetStatus(&self, lpulTableStatus: *mut u32, lpulTableType: *mut u32) -> HRESULT {
        guard(|| {
            drop(self.state.current()?);
            // SAFETY: the caller's cells are null or valid.
            unsafe {
                put(lpulTableStatus, TBLSTAT_COMPLETE);
                put(lpulTableType, TBLTYPE_DYNAMIC);
            }
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn SetColumns(&self, lpPropTagArray: *mut SPropTagArray, _ulFlags: u32) -> HRESULT {
        guard(|| {
            // SAFETY: the caller passes null or an array.
            let tags = unsafe { tags_of(lpPropTagArray) }.filter(|tags| !tags.is_empty());
            let tags = tags.ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?;
            self.state.current()?.columns = tags;
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn QueryColumns(&self, ulFlags: u32, lpPropTagArray: *mut *mut SPropTagArray) -> HRESULT {
        guard(|| {
            if lpPropTagArray.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, and the caller vouches for it.
            unsafe { lpPropTagArray.write(ptr::null_mut()) };
            let tags = {
                let inner = self.state.current()?;
                if ulFlags & TBL_ALL_COLUMNS == 0 {
                    inner.columns.clone()
                } else {
                    let mut all = self.state.source.columns();
                    for row in &inner.rows {
                        for (tag, _) in row.view().iter() {
                            if !all.iter().any(|known: &PropTag| known.id() == tag.id()) {
                                all.push(*tag);
                            }
                        }
                    }
                    all
                }
            };
            // SAFETY: as above.
            unsafe { lpPropTagArray.write(tag_array(self.memory(), &tags)?) };
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn GetRowCount(&self, _ulFlags: u32, lpulCount: *mut u32) -> HRESULT {
        guard(|| {
            if lpulCount.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, and the caller vouches for it.
            unsafe { lpulCount.write(self.state.current()?.rows.len() as u32) };
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn SeekRow(&self, bkOrigin: u32, lRowCount: i32, lplRowsSought: *mut i32) -> HRESULT {
        guard(|| {
            let mut inner = self.state.current()?;
            let (origin, moved) = inner.bookmarked(bkOrigin)?;
            let target = (origin as i64 + i64::from(lRowCount)).clamp(0, inner.rows.len() as i64);
            inner.position = target as usize;
            // SAFETY: the caller's cell is null or valid.
            unsafe { put(lplRowsSought, (target - origin as i64) as i32) };
            Ok(if moved { HRESULT::MAPI_W_POSITION_CHANGED } else { HRESULT::S_OK })
        })
    }

    unsafe fn SeekRowApprox(&self, ulNumerator: u32, ulDenominator: u32) -> HRESULT {
        guard(|| {
            if ulDenominator == 0 {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            let mut inner = self.state.current()?;
            let rows = inner.rows.len() as u64;
            let target = (rows * u64::from(ulNumerator)) / u64::from(ulDenominator);
            inner.position = target.min(rows) as usize;
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn QueryPosition(
        &self,
        lpulRow: *mut u32,
        lpulNumerator: *mut u32,
        lpulDenominator: *mut u32,
    ) -> HRESULT {
        guard(|| {
            let inner = self.state.current()?;
            // SAFETY: the caller's cells are null or valid.
            unsafe {
                put(lpulRow, inner.position as u32);
                put(lpulNumerator, inner.position as u32);
                put(lpulDenominator, inner.rows.len().max(1) as u32);
            }
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn FindRow(&self, lpRestriction: *mut SRestriction, bkOrigin: u32, ulFlags: u32) -> HRESULT {
        guard(|| {
            // SAFETY: the caller passes null or a restriction.
            let condition = unsafe { Condition::read(lpRestriction) }?;
            let mut inner = self.state.current()?;
            let (origin, moved) = inner.bookmarked(bkOrigin)?;
            let meets = |index: &usize| condition.is_met(&inner.rows[*index].view());
            let found = if ulFlags & DIR_BACKWARD == 0 {
                (origin..inner.rows.len()).find(meets)
            } else {
                (0..origin).rev().find(meets)
            };
            inner.position = found.ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
            Ok(if moved { HRESULT::MAPI_W_POSITION_CHANGED } else { HRESULT::S_OK })
        })
    }

    unsafe fn Restrict(&self, lpRestriction: *mut SRestriction, _ulFlags: u32) -> HRESULT {
        guard(|| {
            let condition = if lpRestriction.is_null() {
                None
            } else {
                // SAFETY: the caller passes a restriction.
                Some(unsafe { Condition::read(lpRestriction) }?)
            };
            let mut inner = self.state.current()?;
            inner.condition = condition;
            inner.restart();
            drop(inner);
            self.state.retell()?;
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn CreateBookmark(&self, lpbkPosition: *mut u32) -> HRESULT {
        guard(|| {
            if lpbkPosition.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, and the caller vouches for it.
            unsafe { lpbkPosition.write(self.state.current()?.mark()) };
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn FreeBookmark(&self, bkPosition: u32) -> HRESULT {
        guard(|| {
            let predefined = bkPosition <= BOOKMARK_END;
            let freed = self.state.current()?.bookmarks.remove(&bkPosition).is_some();
            if predefined || freed { Ok(HRESULT::S_OK) } else { Err(HRESULT::MAPI_E_INVALID_BOOKMARK) }
        })
    }

    unsafe fn SortTable(&self, lpSortCriteria: *mut SSortOrderSet, _ulFlags: u32) -> HRESULT {
        guard(|| {
            if lpSortCriteria.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, hence a whole set.
            let (set, sorts) =
                unsafe { (lpSortCriteria.read_unaligned(), SSortOrderSet::elements(lpSortCriteria)) };
            if set.cCategories > 0 {
                return Err(HRESULT::MAPI_E_TOO_COMPLEX);
            }
            let order: Vec<(PropTag, bool)> = sorts
                .map(|sort| Ok((PropTag(sort.ulPropTag), direction(sort.ulOrder)?)))
                .collect::<Result<_>>()?;
            let unsortable =
                |tag: &PropTag| tag.prop_type().is_multi_valued() || tag.prop_type() == PropType::PT_OBJECT;
            if order.iter().any(|(tag, _)| unsortable(tag)) {
                return Err(HRESULT::MAPI_E_TOO_COMPLEX);
            }
            if !self.state.source.is_sortable(&self.state.session) {
                return Err(HRESULT::MAPI_E_NO_SUPPORT);
            }
            let mut inner = self.state.current()?;
            inner.order = order;
            inner.restart();
            drop(inner);
            self.state.retell()?;
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn QuerySortOrder(&self, lppSortCriteria: *mut *mut SSortOrderSet) -> HRESULT {
        guard(|| {
            if lppSortCriteria.is_null() {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            // SAFETY: not null, and the caller vouches for it.
            unsafe { lppSortCriteria.write(ptr::null_mut()) };
            let order = self.state.current()?.order.clone();
            let block = self.memory().block(cb_new_ssort_order_set(order.len()))?;
            let at: *mut SSortOrderSet = block.at();
            // SAFETY: the block was made for the head, which is zero, and this many orders; the cell is not null.
            unsafe {
                (*at).cSorts = order.len() as u32;
                let first = (&raw mut (*at).aSort).cast::<SSortOrder>();
                for (index, (tag, descending)) in order.iter().enumerate() {
                    let ulOrder = if *descending { TABLE_SORT_DESCEND } else { TABLE_SORT_ASCEND };
                    first.add(index).write(SSortOrder { ulPropTag: tag.0, ulOrder });
                }
                lppSortCriteria.write(block.give_up());
            }
            Ok(HRESULT::S_OK)
        })
    }

    unsafe fn QueryRows(&self, lRowCount: i32, ulFlags: u32, lppRows: *mut *mut SRowSet) -> HRESULT {
        guard(|| {
            // SAFETY: the caller's cell is null or valid.
            unsafe { put(lppRows, ptr::null_mut()) };
            if lppRows.is_null() || lRowCount == 0 {
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
            let mut inner = self.state.current()?;
            let at = inner.position.min(inner.rows.len());
            let many = lRowCount.unsigned_abs() as usize;
            let (from, to, next) = if lRowCount > 0 {
                let to = at.saturating_add(many).min(inner.rows.len());
                (at, to, to)
            } else {
                let from = at.saturating_sub(many);
                (from, at, from)
            };
            let set = row_set(self.memory(), &inner, from, to)?;
            if ulFlags & TBL_NOADVANCE == 0 {
                inner.position = next;
            }
            // SAFETY: the cell is not null.
            unsafe { lppRows.write(set) };
            Ok(HRESULT::S_OK)
        })
    }

    /// Nothing is done behind a caller's back.
    unsafe fn Abort(&self) -> HRESULT {
        HRESULT::S_OK
    }

    unsafe fn ExpandRow(
        &self,
        _cbInstanceKey: u32,
        _pbInstanceKey: *mut u8,
        _ulRowCount: u32,
        _ulFlags: u32,
        lppRows: *mut *mut SRowSet,
        lpulMoreRows: *mut u32,
    ) -> HRESULT {
        // SAFETY: the caller's cells are null or valid.
        unsafe {
            put(lppRows, ptr::null_mut());
            put(lpulMoreRows, 0);
        }
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn CollapseRow(
        &self,
        _cbInstanceKey: u32,
        _pbInstanceKey: *mut u8,
        _ulFlags: u32,
        lpulRowCount: *mut u32,
    ) -> HRESULT {
        // SAFETY: the caller's cell is null or valid.
        unsafe { put(lpulRowCount, 0) };
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn WaitForCompletion(&self, _ulFlags: u32, _ulTimeout: u32, lpulTableStatus: *mut u32) -> HRESULT {
        // SAFETY: the caller's cell is null or valid.
        unsafe { put(lpulTableStatus, TBLSTAT_COMPLETE) };
        HRESULT::S_OK
    }

    unsafe fn GetCollapseState(
        &self,
        _ulFlags: u32,
        _cbInstanceKey: u32,
        _lpbInstanceKey: *mut u8,
        lpcbCollapseState: *mut u32,
        lppbCollapseState: *mut *mut u8,
    ) -> HRESULT {
        // SAFETY: the caller's cells are null or valid.
        unsafe {
            put(lpcbCollapseState, 0);
            put(lppbCollapseState, ptr::null_mut());
        }
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn SetCollapseState(
        &self,
        _ulFlags: u32,
        _cbCollapseState: u32,
        _pbCollapseState: *mut u8,
        lpbkLocation: *mut u32,
    ) -> HRESULT {
        // SAFETY: the caller's cell is null or valid.
        unsafe { put(lpbkLocation, 0) };
        HRESULT::MAPI_E_NO_SUPPORT
    }
}
