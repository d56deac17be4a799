//! Bookmarks: positions in a view that follow their rows.

use std::collections::BTreeMap;

use mapi_spi::{HRESULT, flags};

use super::TableRow;

/// More bookmarks than this are not kept.
const MOST: usize = 1024;
/// Numbers below are those that every table has.
const FIRST: u32 = 3;

/// The bookmarks of a view.
#[derive(Debug, Default)]
pub(super) struct Bookmarks {
    marks: BTreeMap<u32, Mark>,
    made: u32,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    /// The row's key; `None` behind the last row.
    key: Option<u64>,
    /// Where it was when it was used last.
    position: usize,
}

/// Where a bookmark leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) position: usize,
    /// S_OK, or MAPI_W_POSITION_CHANGED where its row is gone.
    pub(super) code: HRESULT,
}

impl Bookmarks {
    pub(super) fn clear(&mut self) {
        self.marks.clear();
    }

    pub(super) fn create(&mut self, rows: &[TableRow], cursor: usize) -> Result<u32, HRESULT> {
        if self.marks.len() >= MOST {
            return Err(HRESULT::MAPI_E_UNABLE_TO_COMPLETE);
        }
        let number = FIRST + self.made;
        self.made += 1;
        self.marks.insert(number, Mark { key: rows.get(cursor).map(|row| row.key), position: cursor });
        Ok(number)
    }

    /// Frees a bookmark. Those that every table has cannot be freed, which is no error.
    pub(super) fn free(&mut self, number: u32) -> Result<(), HRESULT> {
        if number < FIRST {
            return Ok(());
        }
        self.marks.remove(&number).map(|_| ()).ok_or(HRESULT::MAPI_E_INVALID_BOOKMARK)
    }

    pub(super) fn find(&mut self, number: u32, rows: &[TableRow], cursor: usize) -> Result<Found, HRESULT> {
        let found = |position| Ok(Found { position, code: HRESULT::S_OK });
        match number {
            flags::BOOKMARK_BEGINNING => return found(0),
            flags::BOOKMARK_CURRENT => return found(cursor),
            flags::BOOKMARK_END => return found(rows.len()),
            _ => {}
        }
        let mark = self.marks.get_mut(&number).ok_or(HRESULT::MAPI_E_INVALID_BOOKMARK)?;
        let Some(key) = mark.key else { return found(rows.len()) };
        if let Some(position) = rows.iter().position(|row| row.key == key) {
            mark.position = position;
            return found(position);
        }
        // Its row is gone: the next one takes its place.
        mark.position = mark.position.min(rows.len());
        mark.key = rows.get(mark.position).map(|row| row.key);
        Ok(Found { position: mark.position, code: HRESULT::MAPI_W_POSITION_CHANGED })
    }
}
