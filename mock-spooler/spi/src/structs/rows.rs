//! Rows of tables, recipient lists, sort orders.

#![expect(missing_docs, reason = "the fields have the names and meanings of the headers")]

use super::{Elements, SPropValue, flexible};

/// One row of a table. Laid out as [`ADRENTRY`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SRow {
    pub ulAdrEntryPad: u32,
    pub cValues: u32,
    pub lpProps: *mut SPropValue,
}

impl SRow {
    /// The row's properties; none if there is no array.
    ///
    /// # Safety
    ///
    /// `lpProps` has to be null or point to `cValues` initialised properties, wherever they lie, that stay unchanged for `'a`.
    pub unsafe fn props<'a>(&self) -> Elements<'a, SPropValue> {
        // SAFETY: the caller vouches for exactly what is asked.
        unsafe { Elements::new(self.lpProps, self.cValues) }
    }
}

/// One recipient: its properties. Laid out as [`SRow`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ADRENTRY {
    pub ulReserved1: u32,
    pub cValues: u32,
    pub rgPropVals: *mut SPropValue,
}

impl ADRENTRY {
    /// The recipient's properties; none if there is no array.
    ///
    /// # Safety
    ///
    /// `rgPropVals` has to be null or point to `cValues` initialised properties, wherever they lie, that stay unchanged for `'a`.
    pub unsafe fn props<'a>(&self) -> Elements<'a, SPropValue> {
        // SAFETY: the caller vouches for exactly what is asked.
        unsafe { Elements::new(self.rgPropVals, self.cValues) }
    }
}

/// Rows of a table. Each row is an allocation of its own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SRowSet {
    pub cRows: u32,
    pub aRow: [SRow; 1],
}

flexible!(SRowSet, cRows, aRow: [SRow], cb_new_srow_set);

/// Recipients. Each entry's properties are an allocation of its own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ADRLIST {
    pub cEntries: u32,
    pub aEntries: [ADRENTRY; 1],
}

flexible!(ADRLIST, cEntries, aEntries: [ADRENTRY], cb_new_adrlist);

/// One column to sort by.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SSortOrder {
    pub ulPropTag: u32,
    pub ulOrder: u32,
}

/// Columns to sort by, the first of them as categories.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SSortOrderSet {
    pub cSorts: u32,
    pub cCategories: u32,
    pub cExpanded: u32,
    pub aSort: [SSortOrder; 1],
}

flexible!(SSortOrderSet, cSorts, aSort: [SSortOrder], cb_new_ssort_order_set);
