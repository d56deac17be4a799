//! The table as the candidate holds it.
//!
//! Categories (ExpandRow, CollapseRow, collapse states) and instances of multivalued columns are not supported: those methods
//! answer MAPI_E_NO_SUPPORT, and the trace says so. All work is done at once, so nothing is ever in progress.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::structs::{MAPIERROR, SPropTagArray, SRestriction, SRowSet, SSortOrderSet};
use mapi_spi::{HRESULT, PropTag, flags};

use super::notify::{self, Event, Sink};
use super::restriction::Restriction;
use super::view::{self, View};
use super::{TableRow, TableSource};
use crate::com::{Handle, gate, object, ours};
use crate::implements;
use crate::objects::errors::LastError;
use crate::objects::{args, wire};

/// A table object.
#[derive(Debug)]
pub struct Table {
    source: Arc<dyn TableSource>,
    unicode: bool,
    errors: LastError,
    view: Mutex<View>,
    advice: Mutex<Advice>,
    release: Option<CallerRelease>,
}

/// A function of the candidate's that is called when a view goes away. Page: callerrelease.
#[derive(Debug)]
pub struct CallerRelease {
    function: unsafe extern "system" fn(ulCallerData: usize, lpTblData: *mut c_void, lpVue: *mut c_void),
    data: usize,
    table_data: usize,
    view: AtomicUsize,
}

impl CallerRelease {
    /// Takes up the function, if there is one.
    ///
    /// # Safety
    ///
    /// `function` is null or a `CALLERRELEASE`.
    pub unsafe fn new(function: *mut c_void, data: usize, table_data: *mut c_void) -> Option<Self> {
        // SAFETY: null or such a function, as the caller vouches: a function pointer in either case.
        let function = unsafe {
            std::mem::transmute::<
                *mut c_void,
                Option<unsafe extern "system" fn(usize, *mut c_void, *mut c_void)>,
            >(function)
        };
        let view = AtomicUsize::new(0);
        function.map(|function| Self { function, data, table_data: table_data as usize, view })
    }
}

impl Drop for CallerRelease {
    fn drop(&mut self) {
        let call = gate::begin_export("CALLERRELEASE", Default::default());
        let view = self.view.load(Ordering::Acquire) as *mut c_void;
        // SAFETY: the candidate passed the function for this moment; the pointers are those that it knows.
        unsafe { (self.function)(self.data, self.table_data as *mut c_void, view) };
        gate::end_plain(call, "void");
    }
}

/// Who is told of changes, and what they know.
#[derive(Debug, Default)]
struct Advice {
    sinks: BTreeMap<usize, Arc<Sink>>,
    next: usize,
    known: Vec<TableRow>,
}

implements!(Table: IMAPITable);

impl Table {
    /// A table on a source, with strings of a width, the candidate's from now on.
    #[must_use]
    pub fn hand_out(source: Arc<dyn TableSource>, unicode: bool) -> Handle {
        let table = Arc::new(Self {
            source: Arc::clone(&source),
            unicode,
            errors: LastError::default(),
            view: Mutex::default(),
            advice: Mutex::default(),
            release: None,
        });
        source.watchers().add(&table);
        object::hand_out(table, "table")
    }

    /// A sorted view of rows that a table data object keeps. Its strings are as wide as the rows'.
    ///
    /// # Errors
    ///
    /// As for `SortTable`.
    ///
    /// # Safety
    ///
    /// `order` is null or a sort order.
    pub unsafe fn hand_out_view(
        source: Arc<dyn TableSource>,
        order: *const SSortOrderSet,
        release: Option<CallerRelease>,
    ) -> Result<Handle, HRESULT> {
        // SAFETY: as the caller vouches.
        let order = if order.is_null() { Vec::new() } else { unsafe { view::sort_order(order) }? };
        let columns = Some(source.columns());
        let table = Arc::new(Self {
            source: Arc::clone(&source),
            unicode: true,
            errors: LastError::default(),
            view: Mutex::new(View { columns, order, ..View::default() }),
            advice: Mutex::default(),
            release,
        });
        source.watchers().add(&table);
        let handle = object::hand_out(Arc::clone(&table), "table");
        if let Some(release) = &table.release {
            release.view.store(handle.0 as usize, Ordering::Release);
        }
        Ok(handle)
    }

    /// Rows have changed, whether or not it shows: tells the sinks.
    pub(super) fn touched(&self, keys: &[u64]) {
        let (rows, columns) = {
            let view = self.view();
            (view.rows(self.source.as_ref()), view.columns(self.source.as_ref(), self.unicode))
        };
        let present = |row: &TableRow| View::present(&columns, row, self.unicode);
        let events = notify::modified(&rows, keys, present);
        let sinks: Vec<_> = self.advice().sinks.values().cloned().collect();
        notify::tell(&sinks, &events);
    }

    /// Everything has changed: tells the sinks.
    pub(super) fn reloaded(&self) {
        let rows = self.view().rows(self.source.as_ref());
        let sinks: Vec<_> = {
            let mut advice = self.advice();
            advice.known = rows;
            advice.sinks.values().cloned().collect()
        };
        notify::tell(&sinks, &[Event::whole(flags::TABLE_RELOAD)]);
    }

    /// Rows may have changed: tells the sinks.
    pub(super) fn changed(&self) {
        let (rows, columns) = {
            let view = self.view();
            (view.rows(self.source.as_ref()), view.columns(self.source.as_ref(), self.unicode))
        };
        let (sinks, events) = {
            let mut advice = self.advice();
            if advice.sinks.is_empty() {
                return;
            }
            let present = |row: &TableRow| View::present(&columns, row, self.unicode);
            let events = notify::events(&advice.known, &rows, present);
            advice.known = rows;
            (advice.sinks.values().cloned().collect::<Vec<_>>(), events)
        };
        // Outside of the locks: sinks are the candidate's, and may call the table.
        notify::tell(&sinks, &events);
    }

    /// What the sinks know follows a new view in silence; they hear only that it is done, where that was asked for.
    fn view_changed(&self, ulFlags: u32, done: u32) {
        let rows = self.view().rows(self.source.as_ref());
        let sinks: Vec<_> = {
            let mut advice = self.advice();
            advice.known = rows;
            advice.sinks.values().cloned().collect()
        };
        if ulFlags & flags::TBL_ASYNC != 0 {
            notify::tell(&sinks, &[Event::whole(done)]);
        }
    }

    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn advice(&self) -> MutexGuard<'_, Advice> {
        self.advice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The view with its rows; a cursor behind the last row comes back to it where rows have gone.
    fn look(&self) -> (MutexGuard<'_, View>, Vec<TableRow>) {
        let mut view = self.view();
        let rows = view.rows(self.source.as_ref());
        view.cursor = view.cursor.min(rows.len());
        (view, rows)
    }

    fn done(&self, method: &'static str, result: Result<HRESULT, HRESULT>) -> HRESULT {
        self.errors.note(method, result)
    }

    fn seek_row(&self, bookmark: u32, count: i32) -> Result<(i32, HRESULT), HRESULT> {
        let (mut view, rows) = self.look();
        let cursor = view.cursor;
        let found = view.bookmarks.find(bookmark, &rows, cursor)?;
        let (to, sought) = View::seek(found.position, count, rows.len());
        view.cursor = to;
        Ok((sought, found.code))
    }

    fn find_row(&self, condition: &Restriction, bookmark: u32, ulFlags: u32) -> Result<HRESULT, HRESULT> {
        let (mut view, rows) = self.look();
        let cursor = view.cursor;
        let found = view.bookmarks.find(bookmark, &rows, cursor)?;
        let backward = ulFlags & flags::DIR_BACKWARD != 0;
        let position = View::find(&rows, condition, found.position, backward);
        view.cursor = position.ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
        Ok(found.code)
    }

    fn query_rows(&self, count: i32, ulFlags: u32) -> Result<*mut SRowSet, HRESULT> {
        if count == 0 {
            return Err(args::INVALID);
        }
        let (mut view, rows) = self.look();
        let (other, _) = View::seek(view.cursor, count, rows.len());
        let (first, end) = (other.min(view.cursor), other.max(view.cursor));
        let columns = view.columns(self.source.as_ref(), self.unicode);
        let shown: Vec<_> =
            rows[first..end].iter().map(|row| View::present(&columns, row, self.unicode)).collect();
        let set = wire::rows(&shown)?;
        view.cursor = if ulFlags & flags::TBL_NOADVANCE != 0 { first } else { end };
        Ok(set)
    }

    /// # Safety
    ///
    /// The sink is a COM object with `IMAPIAdviseSink`.
    unsafe fn advise(&self, mask: u32, sink: *mut c_void) -> Result<usize, HRESULT> {
        args::needed(sink)?;
        if mask & flags::fnevTableModified == 0 {
            return Err(args::INVALID);
        }
        // SAFETY: as the caller vouches.
        let sink = unsafe { Sink::new(sink) };
        let rows = self.view().rows(self.source.as_ref());
        let mut advice = self.advice();
        advice.known = rows;
        advice.next += 1;
        let connection = advice.next;
        advice.sinks.insert(connection, sink);
        Ok(connection)
    }
}

impl ours::IMAPITable for Table {
    unsafe fn GetLastError(
        &self,
        hResult: HRESULT,
        ulFlags: u32,
        lppMAPIError: *mut *mut MAPIERROR,
    ) -> HRESULT {
        // SAFETY: the caller vouches for its pointers, as for all methods here.
        unsafe { self.errors.get(hResult, ulFlags, lppMAPIError) }
    }

    unsafe fn Advise(
        &self,
        ulEventMask: u32,
        lpAdviseSink: *mut c_void,
        lpulConnection: *mut usize,
    ) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            let result = args::needed(lpulConnection).and_then(|()| self.advise(ulEventMask, lpAdviseSink));
            args::put_connection(lpulConnection, result.unwrap_or(0));
            self.done("IMAPITable::Advise", result.map(|_| HRESULT::S_OK))
        }
    }

    unsafe fn Unadvise(&self, ulConnection: usize) -> HRESULT {
        let sink = self.advice().sinks.remove(&args::connection(ulConnection));
        // The sink's Release is called when `sink` goes away here, outside of the lock.
        let result = if sink.is_some() { Ok(HRESULT::S_OK) } else { Err(args::INVALID) };
        self.done("IMAPITable::Unadvise", result)
    }

    unsafe fn GetStatus(&self, lpulTableStatus: *mut u32, lpulTableType: *mut u32) -> HRESULT {
        // SAFETY: as above.
        unsafe {
            args::put(lpulTableStatus, flags::TBLSTAT_COMPLETE);
            args::put(lpulTableType, self.source.kind());
        }
        let result = args::needed(lpulTableStatus).and(args::needed(lpulTableType));
        self.done("IMAPITable::GetStatus", result.map(|()| HRESULT::S_OK))
    }

    unsafe fn SetColumns(&self, lpPropTagArray: *mut SPropTagArray, ulFlags: u32) -> HRESULT {
        // SAFETY: as above.
        let columns = unsafe { args::tags(lpPropTagArray) }.and_then(|tags| tags.ok_or(args::INVALID));
        let result = columns.map(|columns| {
            self.view().columns = Some(columns);
            self.view_changed(ulFlags, flags::TABLE_SETCOL_DONE);
            HRESULT::S_OK
        });
        self.done("IMAPITable::SetColumns", result)
    }

    unsafe fn QueryColumns(&self, ulFlags: u32, lpPropTagArray: *mut *mut SPropTagArray) -> HRESULT {
        let result = args::needed(lpPropTagArray).and_then(|()| {
            let mut columns = self.view().columns(self.source.as_ref(), self.unicode);
            if ulFlags & flags::TBL_ALL_COLUMNS != 0 {
                let rows = self.source.rows();
                let all =
                    self.source.columns().into_iter().chain(rows.iter().flat_map(|row| row.props.tags()));
                columns = view::widened(distinct(all), self.unicode);
            }
            wire::tags(&columns)
        });
        // SAFETY: as above.
        unsafe { args::put(lpPropTagArray, result.unwrap_or(ptr::null_mut())) };
        self.done("IMAPITable::QueryColumns", result.map(|_| HRESULT::S_OK))
    }

    unsafe fn GetRowCount(&self, _ulFlags: u32, lpulCount: *mut u32) -> HRESULT {
        let rows = self.look().1;
        // SAFETY: as above.
        unsafe { args::put(lpulCount, wire::count(rows.len())) };
        self.done("IMAPITable::GetRowCount", args::needed(lpulCount).map(|()| HRESULT::S_OK))
    }

    unsafe fn SeekRow(&self, bkOrigin: u32, lRowCount: i32, lplRowsSought: *mut i32) -> HRESULT {
        let result = self.seek_row(bkOrigin, lRowCount);
        // SAFETY: as above; this output may be null.
        unsafe { args::put(lplRowsSought, result.map_or(0, |(sought, _)| sought)) };
        self.done("IMAPITable::SeekRow", result.map(|(_, code)| code))
    }

    unsafe fn SeekRowApprox(&self, ulNumerator: u32, ulDenominator: u32) -> HRESULT {
        if ulDenominator == 0 {
            return self.done("IMAPITable::SeekRowApprox", Err(args::INVALID));
        }
        let (mut view, rows) = self.look();
        let part = u64::from(ulNumerator.min(ulDenominator)) * rows.len() as u64 / u64::from(ulDenominator);
        view.cursor = usize::try_from(part).unwrap_or(rows.len());
        HRESULT::S_OK
    }

    unsafe fn QueryPosition(
        &self,
        lpulRow: *mut u32,
        lpulNumerator: *mut u32,
        lpulDenominator: *mut u32,
    ) -> HRESULT {
        let (view, rows) = self.look();
        let outputs =
            args::needed(lpulRow).and(args::needed(lpulNumerator)).and(args::needed(lpulDenominator));
        // SAFETY: as above.
        unsafe {
            args::put(lpulRow, wire::count(view.cursor));
            args::put(lpulNumerator, wire::count(view.cursor));
            // The denominator cannot be zero, not even of a table without rows.
            args::put(lpulDenominator, wire::count(rows.len()).max(1));
        }
        self.done("IMAPITable::QueryPosition", outputs.map(|()| HRESULT::S_OK))
    }

    unsafe fn FindRow(&self, lpRestriction: *mut SRestriction, bkOrigin: u32, ulFlags: u32) -> HRESULT {
        // SAFETY: as above.
        let condition = unsafe { Restriction::read(lpRestriction) };
        let result = condition.and_then(|condition| self.find_row(&condition, bkOrigin, ulFlags));
        self.done("IMAPITable::FindRow", result)
    }

    unsafe fn Restrict(&self, lpRestriction: *mut SRestriction, ulFlags: u32) -> HRESULT {
        let condition = if lpRestriction.is_null() {
            Ok(None)
        } else {
            // SAFETY: as above.
            unsafe { Restriction::read(lpRestriction) }.map(Some)
        };
        let result = condition.map(|condition| {
            {
                let mut view = self.view();
                view.restriction = condition;
                view.bookmarks.clear();
                view.cursor = 0;
            }
            self.view_changed(ulFlags, flags::TABLE_RESTRICT_DONE);
            HRESULT::S_OK
        });
        self.done("IMAPITable::Restrict", result)
    }

    unsafe fn CreateBookmark(&self, lpbkPosition: *mut u32) -> HRESULT {
        let result = args::needed(lpbkPosition).and_then(|()| {
            if !self.source.has_bookmarks() {
                return Err(HRESULT::MAPI_E_NO_SUPPORT);
            }
            let (mut view, rows) = self.look();
            let cursor = view.cursor;
            view.bookmarks.create(&rows, cursor)
        });
        // SAFETY: as above.
        unsafe { args::put(lpbkPosition, result.unwrap_or(0)) };
        self.done("IMAPITable::CreateBookmark", result.map(|_| HRESULT::S_OK))
    }

    unsafe fn FreeBookmark(&self, bkPosition: u32) -> HRESULT {
        let result = self.view().bookmarks.free(bkPosition);
        self.done("IMAPITable::FreeBookmark", result.map(|()| HRESULT::S_OK))
    }

    unsafe fn SortTable(&self, lpSortCriteria: *mut SSortOrderSet, ulFlags: u32) -> HRESULT {
        // SAFETY: as above.
        let order = unsafe { view::sort_order(lpSortCriteria) };
        let result = order.map(|order| {
            {
                let mut view = self.view();
                view.order = order;
                view.bookmarks.clear();
                view.cursor = 0;
            }
            self.view_changed(ulFlags, flags::TABLE_SORT_DONE);
            HRESULT::S_OK
        });
        self.done("IMAPITable::SortTable", result)
    }

    unsafe fn QuerySortOrder(&self, lppSortCriteria: *mut *mut SSortOrderSet) -> HRESULT {
        let result = args::needed(lppSortCriteria).and_then(|()| wire::sort_order(&self.view().order));
        // SAFETY: as above.
        unsafe { args::put(lppSortCriteria, result.unwrap_or(ptr::null_mut())) };
        self.done("IMAPITable::QuerySortOrder", result.map(|_| HRESULT::S_OK))
    }

    unsafe fn QueryRows(&self, lRowCount: i32, ulFlags: u32, lppRows: *mut *mut SRowSet) -> HRESULT {
        let result = args::needed(lppRows).and_then(|()| self.query_rows(lRowCount, ulFlags));
        // SAFETY: as above.
        unsafe { args::put(lppRows, result.unwrap_or(ptr::null_mut())) };
        self.done("IMAPITable::QueryRows", result.map(|_| HRESULT::S_OK))
    }

    unsafe fn Abort(&self) -> HRESULT {
        HRESULT::S_OK
    }

    unsafe fn WaitForCompletion(&self, _ulFlags: u32, _ulTimeout: u32, lpulTableStatus: *mut u32) -> HRESULT {
        // SAFETY: as above; this output may be null.
        unsafe { args::put(lpulTableStatus, flags::TBLSTAT_COMPLETE) };
        HRESULT::S_OK
    }
}

fn distinct(tags: impl Iterator<Item = PropTag>) -> Vec<PropTag> {
    let mut all: Vec<PropTag> = Vec::new();
    for tag in tags {
        if !all.iter().any(|known| known.id() == tag.id()) {
            all.push(tag);
        }
    }
    all
}
