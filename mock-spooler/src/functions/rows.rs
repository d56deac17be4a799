//! Rows of tables and lists of recipients.

use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr;

use mapi_spi::structs::{
    ADRLIST, SPropTagArray, SPropValue, SRestriction, SRow, SRowSet, SSortOrderSet, cb_new_srow_set,
};
use mapi_spi::tags::{PR_NULL, PropType};
use mapi_spi::{HRESULT, PropTag, flags, interfaces};
use windows_core::Interface as _;

use crate::memory::{self, Chain};
use crate::objects::args::{self, INVALID};
use crate::objects::wire;

/// How many rows are asked for at a time.
const BATCH: i32 = 512;

/// A callback of `HrAddColumnsEx`: it may change the columns that were there.
type FilterColumns = unsafe extern "system" fn(ptaga: *mut SPropTagArray);

pub(super) unsafe fn FreeProws(prows: *mut c_void) {
    // SAFETY: null or a set of rows, as the caller vouches.
    for row in unsafe { SRowSet::elements(prows.cast()) } {
        memory::free(row.lpProps.cast());
    }
    memory::free(prows);
}

pub(super) unsafe fn FreePadrlist(padrlist: *mut c_void) {
    // SAFETY: null or a list of recipients, as the caller vouches.
    for entry in unsafe { ADRLIST::elements(padrlist.cast()) } {
        memory::free(entry.rgPropVals.cast());
    }
    memory::free(padrlist);
}

pub(super) unsafe fn HrQueryAllRows(
    ptable: *mut c_void,
    ptaga: *mut SPropTagArray,
    pres: *mut SRestriction,
    psos: *mut SSortOrderSet,
    crowsMax: i32,
    pprows: *mut *mut SRowSet,
) -> HRESULT {
    if pprows.is_null() {
        return INVALID;
    }
    let mut rows = Rows::default();
    // SAFETY: a table, as the caller vouches.
    let result = match unsafe { interfaces::IMAPITable::from_raw_borrowed(&ptable) } {
        // SAFETY: passed on from the caller.
        Some(table) => unsafe { rows.query(table, ptaga, pres, psos, crowsMax) },
        None => Err(INVALID),
    };
    let set = result.and_then(|()| rows.into_set());
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(pprows, set.unwrap_or(ptr::null_mut())) };
    set.err().unwrap_or(HRESULT::S_OK)
}

/// Rows that have been taken over, each a block of its own. Dropped, they are freed.
#[derive(Default)]
struct Rows {
    rows: Vec<SRow>,
}

impl Rows {
    /// # Safety
    ///
    /// The arguments are null or what their types say.
    unsafe fn query(
        &mut self,
        table: &interfaces::IMAPITable,
        columns: *mut SPropTagArray,
        restriction: *mut SRestriction,
        order: *mut SSortOrderSet,
        most: i32,
    ) -> Result<(), HRESULT> {
        let done = |code: HRESULT| if code.is_err() { Err(code) } else { Ok(()) };
        // SAFETY: as the caller vouches.
        unsafe {
            if !columns.is_null() {
                done(table.SetColumns(columns, 0))?;
            }
            if !restriction.is_null() {
                done(table.Restrict(restriction, 0))?;
            }
            if !order.is_null() {
                done(table.SortTable(order, 0))?;
            }
            done(table.SeekRow(flags::BOOKMARK_BEGINNING, 0, ptr::null_mut()))?;
        }
        loop {
            let mut set = ptr::null_mut();
            // SAFETY: the output is ours.
            done(unsafe { table.QueryRows(BATCH, 0, &raw mut set) })?;
            // SAFETY: null or rows, as the table returned them.
            let batch = unsafe { SRowSet::elements(set) };
            self.rows.extend(batch);
            let last = batch.len() == 0;
            memory::free(set.cast());
            if most > 0 && self.rows.len() > most.unsigned_abs() as usize {
                return Err(HRESULT::MAPI_E_TABLE_TOO_BIG);
            }
            if last {
                return Ok(());
            }
        }
    }

    /// The rows as one set. What a row does not have is PR_NULL there (page: hrqueryallrows).
    fn into_set(mut self) -> Result<*mut SRowSet, HRESULT> {
        let set = Chain::allocate(cb_new_srow_set(self.rows.len()))?;
        let at: *mut SRowSet = set.ptr();
        let rows = std::mem::take(&mut self.rows);
        for row in &rows {
            for index in 0..row.cValues as usize {
                let clear = |prop: &mut SPropValue| {
                    if prop.tag().prop_type() == PropType::PT_ERROR {
                        prop.ulPropTag = PR_NULL.0;
                    }
                };
                // SAFETY: the row is ours now and has so many properties.
                unsafe { args::change(row.lpProps.add(index), clear) };
            }
        }
        // SAFETY: the block has the room of a set of so many rows, and nobody else knows it yet.
        unsafe {
            (&raw mut (*at).cRows).write(wire::count(rows.len()));
            let first = at.byte_add(offset_of!(SRowSet, aRow)).cast::<SRow>();
            ptr::copy_nonoverlapping(rows.as_ptr(), first, rows.len());
        }
        Ok(set.into_raw().cast())
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        for row in &self.rows {
            memory::free(row.lpProps.cast());
        }
    }
}

pub(super) unsafe fn HrAddColumns(
    lptbl: *mut c_void,
    lpproptagColumnsNew: *mut SPropTagArray,
    lpAllocateBuffer: *mut c_void,
    lpFreeBuffer: *mut c_void,
) -> HRESULT {
    // SAFETY: passed on from the caller.
    unsafe { HrAddColumnsEx(lptbl, lpproptagColumnsNew, lpAllocateBuffer, lpFreeBuffer, ptr::null_mut()) }
}

pub(super) unsafe fn HrAddColumnsEx(
    lptbl: *mut c_void,
    lpproptagColumnsNew: *mut SPropTagArray,
    _lpAllocateBuffer: *mut c_void,
    _lpFreeBuffer: *mut c_void,
    lpfnFilterColumns: *mut c_void,
) -> HRESULT {
    // SAFETY: null or the callback, as the caller vouches: a function pointer in either case.
    let filter = unsafe { std::mem::transmute::<*mut c_void, Option<FilterColumns>>(lpfnFilterColumns) };
    // SAFETY: as above.
    let table = unsafe { interfaces::IMAPITable::from_raw_borrowed(&lptbl) }.ok_or(INVALID);
    // SAFETY: as above.
    let new = unsafe { args::tags(lpproptagColumnsNew) }.and_then(|tags| tags.ok_or(INVALID));
    let result = table.and_then(|table| {
        let mut columns: Vec<PropTag> = new?;
        let mut old = ptr::null_mut();
        // SAFETY: the output is ours.
        let code = unsafe { table.QueryColumns(0, &raw mut old) };
        if code.is_err() {
            return Err(code);
        }
        if let Some(filter) = filter {
            // SAFETY: the caller's callback for exactly this; the array is ours until it is freed below.
            unsafe { filter(old) };
        }
        // SAFETY: an array of tags, as the table returned it.
        let before: Vec<PropTag> = unsafe { SPropTagArray::elements(old) }.map(PropTag).collect();
        memory::free(old.cast());
        let added = columns.len();
        columns.extend(before.into_iter().filter(|tag| *tag != PR_NULL));
        let mut kept = columns[..added].to_vec();
        for tag in &columns[added..] {
            if !kept.contains(tag) {
                kept.push(*tag);
            }
        }
        let arena = wire::Arena::default();
        // SAFETY: the array lives for the call.
        let code = unsafe { table.SetColumns(arena.tags(&kept)?, 0) };
        if code.is_err() { Err(code) } else { Ok(()) }
    });
    result.err().unwrap_or(HRESULT::S_OK)
}
