//! Lists of recipients that are made, rows that tables return: each row is a block of its own.
//!
//! Source page: *managing-memory-for-adrlist-and-srowset-structures*.

use std::ptr;

use mapi_spi::PropTag;
use mapi_spi::interfaces::IMessage;
use mapi_spi::structs::{ADRENTRY, ADRLIST, Elements, SPropValue, SRow, SRowSet, cb_new_adrlist};
use mapi_spi::tags::PropType;

use super::{Block, Memory, Props, Result, Values, check};

/// An `ADRLIST` of ours, freed row by row. The rows are found through the list itself: MAPI may have replaced them.
#[derive(Debug)]
pub(crate) struct AddressList {
    memory: Memory,
    list: Block,
    capacity: usize,
}

impl AddressList {
    /// An empty list with room for `capacity` rows.
    ///
    /// # Errors
    ///
    /// What the allocator answers.
    pub(crate) fn new(memory: Memory, capacity: usize) -> Result<AddressList> {
        Ok(AddressList { memory, list: memory.block(cb_new_adrlist(capacity))?, capacity })
    }

    /// Adds a row of these properties.
    ///
    /// # Errors
    ///
    /// What the allocator answers.
    pub(crate) fn add(&mut self, row: &Props) -> Result<()> {
        let block = row.to_block(self.memory)?;
        self.put(block.give_up(), row.len());
        Ok(())
    }

    /// Takes a row over from a table's rows - the two have the same layout - and sets one of its columns.
    pub(crate) fn take(&mut self, rows: &mut Rows, index: usize, column: PropTag, value: bool) {
        let Some((values, count)) = rows.take(index) else { return };
        // SAFETY: the row is well-formed and now this function's own; values are only moved towards its beginning.
        let kept = unsafe {
            let row = std::slice::from_raw_parts_mut(values, count);
            let mut kept = 0;
            for index in 0..row.len() {
                if row[index].tag().id() == column.id() {
                    row[index].ulPropTag = column.0;
                    row[index].Value.b = u16::from(value);
                }
                // What a recipient does not have is no part of it.
                if !matches!(row[index].tag().prop_type(), PropType::PT_ERROR | PropType::PT_NULL) {
                    row[kept] = row[index];
                    kept += 1;
                }
            }
            kept
        };
        self.put(values, kept);
    }

    /// Changes the recipients of a message by this list.
    ///
    /// # Errors
    ///
    /// What `ModifyRecipients` answers.
    pub(crate) fn modify(&self, message: &IMessage, flags: u32) -> Result<()> {
        // SAFETY: the list and its rows live for the length of the call.
        check(unsafe { message.ModifyRecipients(flags, self.at()) }).map(drop)
    }

    /// Where the list is.
    pub(crate) fn at(&self) -> *mut ADRLIST {
        self.list.at()
    }

    /// Leaves the list and its rows to MAPI.
    pub(crate) fn give_up(mut self) {
        let memory = self.memory;
        // SAFETY: null is allowed.
        let list = std::mem::replace(&mut self.list, unsafe { memory.adopt(ptr::null_mut::<ADRLIST>()) });
        let _: *mut ADRLIST = list.give_up();
    }

    fn put(&mut self, values: *mut SPropValue, count: usize) {
        let list = self.at();
        // SAFETY: the list is ours; its count only grows here, and its capacity is checked first.
        unsafe {
            let used = (*list).cEntries as usize;
            assert!(used < self.capacity, "the list was made with room for all its rows");
            let entry = (&raw mut (*list).aEntries).cast::<ADRENTRY>().add(used);
            entry.write(ADRENTRY { ulReserved1: 0, cValues: count as u32, rgPropVals: values });
            (*list).cEntries += 1;
        }
    }
}

impl Drop for AddressList {
    fn drop(&mut self) {
        // SAFETY: the list is null or ours, its rows are blocks of the same allocator and nobody else's.
        unsafe {
            for entry in ADRLIST::elements(self.at()) {
                self.memory.free(entry.rgPropVals);
            }
        }
    }
}

/// Rows that a table returned, freed row by row.
#[derive(Debug)]
pub(crate) struct Rows {
    memory: Memory,
    set: Block,
}

impl Rows {
    /// Takes a set over that a table returned; null is an empty one.
    ///
    /// # Safety
    ///
    /// `set` has to be null or a well-formed row set of this allocator that nobody else frees.
    pub(super) unsafe fn adopt(memory: Memory, set: *mut SRowSet) -> Rows {
        // SAFETY: the caller vouches for the set.
        Rows { memory, set: unsafe { memory.adopt(set) } }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows().len()
    }

    /// A copy of the values of each row.
    pub(crate) fn read(&self) -> impl Iterator<Item = Values> {
        // SAFETY: the rows of a well-formed set are well-formed.
        self.rows().map(|row| unsafe { Values::copy(row.lpProps, row.cValues) })
    }

    fn rows(&self) -> Elements<'_, SRow> {
        // SAFETY: the set is well-formed, as its adoption demanded, and lives as long as this value.
        unsafe { SRowSet::elements(self.set.at()) }
    }

    /// Gives up one row: its values and their number.
    fn take(&mut self, index: usize) -> Option<(*mut SPropValue, usize)> {
        let row = self.rows().get(index)?;
        if row.lpProps.is_null() {
            return None;
        }
        // SAFETY: `index` is one of the set's rows, and nobody borrows them: `self` is borrowed mutably.
        unsafe {
            let first = (&raw mut (*self.set.at::<SRowSet>()).aRow).cast::<SRow>();
            (*first.add(index)).lpProps = ptr::null_mut();
            (*first.add(index)).cValues = 0;
        }
        Some((row.lpProps, row.cValues as usize))
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        for row in self.rows() {
            // SAFETY: each row is a block of its own, or null where it was given up, and is not used after this.
            unsafe { self.memory.free(row.lpProps) };
        }
    }
}
