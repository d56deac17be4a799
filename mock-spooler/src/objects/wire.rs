//! Owned values laid down in memory as the boundary has them.
//!
//! What the candidate is to free comes from MAPI's memory, one block with everything chained to it ([`Chain`]); what we only
//! lend for a call lies in an [`Arena`] of ours, so that it does not appear among the blocks that somebody has to free.

use std::ffi::c_void;
use std::mem::{align_of, size_of};
use std::ptr;

use mapi_spi::structs::{
    __UPV, ADRENTRY, ADRLIST, CY, FILETIME, MAPINAMEID, MAPINAMEID_KIND, SAppTimeArray, SBinary,
    SBinaryArray, SCurrencyArray, SDateTimeArray, SDoubleArray, SGuidArray, SLPSTRArray, SLargeIntegerArray,
    SLongArray, SPropProblem, SPropProblemArray, SPropTagArray, SPropValue, SRealArray, SRow, SRowSet,
    SShortArray, SSortOrder, SSortOrderSet, SWStringArray, cb_new_adrlist, cb_new_sprop_problem_array,
    cb_new_sprop_tag_array, cb_new_srow_set, cb_new_ssort_order_set,
};
use mapi_spi::values::{PropValue, guid_from_bytes};
use mapi_spi::{HRESULT, PropTag, flags};

use super::host::Row;
use super::names::{Name, NameKind};
use crate::memory::Chain;

/// Where values are laid down.
pub trait Room {
    /// Memory of a size, aligned for anything.
    ///
    /// # Errors
    ///
    /// MAPI_E_NOT_ENOUGH_MEMORY.
    fn room(&self, size: usize) -> Result<*mut u8, HRESULT>;
}

impl Room for Chain {
    fn room(&self, size: usize) -> Result<*mut u8, HRESULT> {
        self.more(size)
    }
}

/// Memory that is lent for a call and goes away with this value.
#[derive(Debug, Default)]
pub struct Arena {
    blocks: std::cell::RefCell<Vec<Vec<u128>>>,
}

impl Room for Arena {
    fn room(&self, size: usize) -> Result<*mut u8, HRESULT> {
        // A vector may be moved while others point to its elements, which a box may not.
        let mut block = vec![0_u128; size.div_ceil(size_of::<u128>()).max(1)];
        let at = block.as_mut_ptr().cast();
        self.blocks.borrow_mut().push(block);
        Ok(at)
    }
}

impl Arena {
    /// Property values, lent.
    ///
    /// # Errors
    ///
    /// MAPI_E_NOT_ENOUGH_MEMORY.
    pub fn props(&self, values: &[(PropTag, PropValue)]) -> Result<*mut SPropValue, HRESULT> {
        props_within(self, values)
    }

    /// Property tags, lent.
    ///
    /// # Errors
    ///
    /// MAPI_E_NOT_ENOUGH_MEMORY.
    pub fn tags(&self, tags: &[PropTag]) -> Result<*mut SPropTagArray, HRESULT> {
        let at = self.room(cb_new_sprop_tag_array(tags.len()))?.cast();
        put_tags(at, tags);
        Ok(at)
    }

    /// A list of recipients, lent.
    ///
    /// # Errors
    ///
    /// MAPI_E_NOT_ENOUGH_MEMORY.
    pub fn recipients(&self, rows: &[Row]) -> Result<*mut ADRLIST, HRESULT> {
        let at: *mut ADRLIST = self.room(cb_new_adrlist(rows.len()))?.cast();
        for (position, row) in rows.iter().enumerate() {
            let entry = ADRENTRY { ulReserved1: 0, cValues: count(row.len()), rgPropVals: self.props(row)? };
            // SAFETY: the memory has room for so many entries.
            unsafe { (&raw mut (*at).aEntries).cast::<ADRENTRY>().add(position).write(entry) };
        }
        // SAFETY: as above.
        unsafe { (&raw mut (*at).cEntries).write(count(rows.len())) };
        Ok(at)
    }
}

/// A problem with one property: its position in the request, its tag, the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The position in the request.
    pub index: usize,
    /// The tag.
    pub tag: PropTag,
    /// Why.
    pub code: HRESULT,
}

/// Property values for the candidate, in one block.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn props(values: &[(PropTag, PropValue)]) -> Result<*mut SPropValue, HRESULT> {
    Ok(props_block(values)?.into_raw().cast())
}

/// Property tags for the candidate.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn tags(tags: &[PropTag]) -> Result<*mut SPropTagArray, HRESULT> {
    let chain = Chain::allocate(cb_new_sprop_tag_array(tags.len()))?;
    put_tags(chain.ptr(), tags);
    Ok(chain.into_raw().cast())
}

/// Problems for the candidate; null where there are none.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn problems(problems: &[Problem]) -> Result<*mut SPropProblemArray, HRESULT> {
    if problems.is_empty() {
        return Ok(ptr::null_mut());
    }
    let chain = Chain::allocate(cb_new_sprop_problem_array(problems.len()))?;
    let at: *mut SPropProblemArray = chain.ptr();
    // SAFETY: the block has the room that a structure with so many problems needs, and nobody else knows it yet.
    unsafe {
        (&raw mut (*at).cProblem).write(count(problems.len()));
        let first: *mut SPropProblem = (&raw mut (*at).aProblem).cast();
        for (position, problem) in problems.iter().enumerate() {
            first.add(position).write(SPropProblem {
                ulIndex: count(problem.index),
                ulPropTag: problem.tag.0,
                scode: problem.code,
            });
        }
    }
    Ok(chain.into_raw().cast())
}

/// Rows for the candidate: the set and each row's properties are blocks of their own.
/// Page: managing-memory-for-adrlist-and-srowset-structures.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn rows(rows: &[Row]) -> Result<*mut SRowSet, HRESULT> {
    let set = Chain::allocate(cb_new_srow_set(rows.len()))?;
    let blocks = rows.iter().map(|row| props_block(row)).collect::<Result<Vec<_>, _>>()?;
    let at: *mut SRowSet = set.ptr();
    // SAFETY: the block has the room that a set of so many rows needs, and nobody else knows it yet.
    unsafe {
        (&raw mut (*at).cRows).write(count(rows.len()));
        let first: *mut SRow = (&raw mut (*at).aRow).cast();
        for (position, (row, block)) in rows.iter().zip(blocks).enumerate() {
            first.add(position).write(SRow {
                ulAdrEntryPad: 0,
                cValues: count(row.len()),
                lpProps: block.into_raw().cast(),
            });
        }
    }
    Ok(set.into_raw().cast())
}

/// A sort order for the candidate, without categories.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn sort_order(keys: &[(PropTag, u32)]) -> Result<*mut SSortOrderSet, HRESULT> {
    let chain = Chain::allocate(cb_new_ssort_order_set(keys.len()))?;
    let at: *mut SSortOrderSet = chain.ptr();
    // SAFETY: the block has the room that a set of so many columns needs, and nobody else knows it yet.
    unsafe {
        (&raw mut (*at).cSorts).write(count(keys.len()));
        (&raw mut (*at).cCategories).write(0);
        (&raw mut (*at).cExpanded).write(0);
        let first: *mut SSortOrder = (&raw mut (*at).aSort).cast();
        for (position, (tag, order)) in keys.iter().enumerate() {
            first.add(position).write(SSortOrder { ulPropTag: tag.0, ulOrder: *order });
        }
    }
    Ok(chain.into_raw().cast())
}

/// Bytes for the candidate.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn bytes(bytes: &[u8]) -> Result<*mut c_void, HRESULT> {
    let chain = Chain::allocate(bytes.len())?;
    // SAFETY: the block is as large as the bytes, new, and not part of them.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), chain.ptr(), bytes.len()) };
    Ok(chain.into_raw().cast())
}

/// Pointers to property names for the candidate, in one block; null in the place of a name that there is not.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn names(names: &[Option<Name>]) -> Result<*mut *mut MAPINAMEID, HRESULT> {
    let chain = Chain::allocate(size_of::<*mut MAPINAMEID>() * names.len())?;
    let first: *mut *mut MAPINAMEID = chain.ptr();
    for (position, name) in names.iter().enumerate() {
        let at = name.as_ref().map_or(Ok(ptr::null_mut()), |name| put_name(&chain, name))?;
        // SAFETY: the block has room for so many pointers.
        unsafe { first.add(position).write(at) };
    }
    Ok(chain.into_raw().cast())
}

/// A zero-terminated text in a width, chained to a block.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn text(room: &dyn Room, text: &str, unicode: bool) -> Result<*mut u8, HRESULT> {
    if unicode {
        Ok(put_terminated(room, &super::text::wide(text), 0)?.cast())
    } else {
        put_terminated(room, &super::text::encode(text), 0)
    }
}

/// A number of elements as `ULONG`. What does not fit cannot have been allocated.
#[must_use]
pub fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Property values chained to a block.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn props_within(room: &dyn Room, values: &[(PropTag, PropValue)]) -> Result<*mut SPropValue, HRESULT> {
    let at = array_room::<SPropValue>(room, values.len())?;
    put_props(room, at, values)?;
    Ok(at)
}

fn props_block(values: &[(PropTag, PropValue)]) -> Result<Chain, HRESULT> {
    let chain = Chain::allocate(size_of::<SPropValue>() * values.len())?;
    put_props(&chain, chain.ptr(), values)?;
    Ok(chain)
}

/// Fills memory that has room for so many values.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub(crate) fn put_props(
    room: &dyn Room,
    first: *mut SPropValue,
    values: &[(PropTag, PropValue)],
) -> Result<(), HRESULT> {
    for (position, (tag, value)) in values.iter().enumerate() {
        let value = put_value(room, value)?;
        // SAFETY: the callers have allocated as many elements as there are values.
        unsafe { first.add(position).write(SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: value }) };
    }
    Ok(())
}

fn put_tags(at: *mut SPropTagArray, tags: &[PropTag]) {
    // SAFETY: the callers have allocated a structure with room for so many tags.
    unsafe {
        (&raw mut (*at).cValues).write(count(tags.len()));
        let first: *mut u32 = (&raw mut (*at).aulPropTag).cast();
        for (position, tag) in tags.iter().enumerate() {
            first.add(position).write(tag.0);
        }
    }
}

fn put_name(room: &dyn Room, name: &Name) -> Result<*mut MAPINAMEID, HRESULT> {
    let set = put_array(room, &[guid_from_bytes(name.set)])?;
    let (kind, value) = match &name.kind {
        NameKind::Id(id) => {
            let mut value = MAPINAMEID_KIND { lID_Reserved: 0 };
            value.lID = *id;
            (flags::MNID_ID, value)
        }
        NameKind::Text(text) => {
            (flags::MNID_STRING, MAPINAMEID_KIND { lpwstrName: put_terminated(room, text, 0)? })
        }
    };
    put_array(room, &[MAPINAMEID { lpguid: set, ulKind: kind, Kind: value }])
}

/// Lays a value's parts down; the union that refers to them. Bytes of the union that the type does not use are zero.
pub(crate) fn put_value(room: &dyn Room, value: &PropValue) -> Result<__UPV, HRESULT> {
    // SAFETY: all members are plain numbers and pointers, for which zero is a value.
    let mut upv: __UPV = unsafe { std::mem::zeroed() };
    match value {
        PropValue::Null | PropValue::Object => {}
        PropValue::I2(number) => upv.i = *number,
        PropValue::Long(number) => upv.l = *number,
        PropValue::R4(number) => upv.flt = *number,
        PropValue::Double(number) => upv.dbl = *number,
        PropValue::Currency(amount) => upv.cur = CY { int64: *amount },
        PropValue::AppTime(days) => upv.at = *days,
        PropValue::Error(code) => upv.err = *code,
        PropValue::Boolean(truth) => upv.b = u16::from(*truth),
        PropValue::I8(number) => upv.li = *number,
        PropValue::String8(text) => upv.lpszA = put_terminated(room, text, 0)?,
        PropValue::Unicode(text) => upv.lpszW = put_terminated(room, text, 0)?,
        PropValue::SysTime(time) => upv.ft = FILETIME::from_u64(*time),
        PropValue::Clsid(bytes) => upv.lpguid = put_array(room, &[guid_from_bytes(*bytes)])?,
        PropValue::Binary(bytes) => upv.bin = put_binary(room, bytes)?,
        PropValue::MvI2(v) => upv.MVi = SShortArray { cValues: count(v.len()), lpi: put_array(room, v)? },
        PropValue::MvLong(v) => upv.MVl = SLongArray { cValues: count(v.len()), lpl: put_array(room, v)? },
        PropValue::MvR4(v) => upv.MVflt = SRealArray { cValues: count(v.len()), lpflt: put_array(room, v)? },
        PropValue::MvDouble(v) => {
            upv.MVdbl = SDoubleArray { cValues: count(v.len()), lpdbl: put_array(room, v)? }
        }
        PropValue::MvCurrency(v) => {
            let amounts: Vec<CY> = v.iter().map(|amount| CY { int64: *amount }).collect();
            upv.MVcur = SCurrencyArray { cValues: count(v.len()), lpcur: put_array(room, &amounts)? };
        }
        PropValue::MvAppTime(v) => {
            upv.MVat = SAppTimeArray { cValues: count(v.len()), lpat: put_array(room, v)? }
        }
        PropValue::MvI8(v) => {
            upv.MVli = SLargeIntegerArray { cValues: count(v.len()), lpli: put_array(room, v)? }
        }
        PropValue::MvSysTime(v) => {
            let times: Vec<FILETIME> = v.iter().map(|time| FILETIME::from_u64(*time)).collect();
            upv.MVft = SDateTimeArray { cValues: count(v.len()), lpft: put_array(room, &times)? };
        }
        PropValue::MvClsid(v) => {
            let ids: Vec<_> = v.iter().map(|bytes| guid_from_bytes(*bytes)).collect();
            upv.MVguid = SGuidArray { cValues: count(v.len()), lpguid: put_array(room, &ids)? };
        }
        PropValue::MvString8(v) => {
            let texts = v.iter().map(|text| put_terminated(room, text, 0)).collect::<Result<Vec<_>, _>>()?;
            upv.MVszA = SLPSTRArray { cValues: count(v.len()), lppszA: put_array(room, &texts)? };
        }
        PropValue::MvUnicode(v) => {
            let texts = v.iter().map(|text| put_terminated(room, text, 0)).collect::<Result<Vec<_>, _>>()?;
            upv.MVszW = SWStringArray { cValues: count(v.len()), lppszW: put_array(room, &texts)? };
        }
        PropValue::MvBinary(v) => {
            let values = v.iter().map(|bytes| put_binary(room, bytes)).collect::<Result<Vec<_>, _>>()?;
            upv.MVbin = SBinaryArray { cValues: count(v.len()), lpbin: put_array(room, &values)? };
        }
        PropValue::Unknown(_, bits) => upv.li = bits.cast_signed(),
    }
    Ok(upv)
}

fn put_binary(room: &dyn Room, bytes: &[u8]) -> Result<SBinary, HRESULT> {
    Ok(SBinary { cb: count(bytes.len()), lpb: put_array(room, bytes)? })
}

/// A text with its terminator.
///
/// # Errors
///
/// MAPI_E_NOT_ENOUGH_MEMORY.
pub fn put_terminated<T: Copy>(room: &dyn Room, text: &[T], zero: T) -> Result<*mut T, HRESULT> {
    let at = array_room::<T>(room, text.len() + 1)?;
    // SAFETY: the memory is new and has room for the text and one character more.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), at, text.len());
        at.add(text.len()).write(zero);
    }
    Ok(at)
}

pub(crate) fn put_array<T: Copy>(room: &dyn Room, values: &[T]) -> Result<*mut T, HRESULT> {
    let at = array_room::<T>(room, values.len())?;
    // SAFETY: the memory is new and has room for the values.
    unsafe { ptr::copy_nonoverlapping(values.as_ptr(), at, values.len()) };
    Ok(at)
}

pub(crate) fn array_room<T>(room: &dyn Room, length: usize) -> Result<*mut T, HRESULT> {
    const { assert!(align_of::<T>() <= 16, "rooms are aligned to 16 bytes") };
    let size = size_of::<T>().checked_mul(length).ok_or(HRESULT::MAPI_E_NOT_ENOUGH_MEMORY)?;
    Ok(room.room(size.max(1))?.cast())
}

#[cfg(test)]
mod tests {
    use mapi_spi::tags::PropType;

    use super::*;
    use crate::memory;

    #[test]
    fn what_is_laid_down_reads_back() {
        let values = [
            PropValue::Null,
            PropValue::Object,
            PropValue::I2(-2),
            PropValue::Long(-3),
            PropValue::R4(0.5),
            PropValue::Double(0.25),
            PropValue::Currency(-10_000),
            PropValue::AppTime(1.5),
            PropValue::Error(HRESULT::MAPI_E_NOT_FOUND),
            PropValue::Boolean(true),
            PropValue::I8(i64::MIN),
            PropValue::String8(b"eight".to_vec()),
            PropValue::Unicode(super::super::text::wide("weit")),
            PropValue::SysTime(0x01d0_0000_1234_5678),
            PropValue::Clsid([9; 16]),
            PropValue::Binary(vec![1, 2, 3]),
            PropValue::Binary(Vec::new()),
            PropValue::MvI2(vec![1, -1]),
            PropValue::MvLong(vec![2, -2]),
            PropValue::MvR4(vec![0.5]),
            PropValue::MvDouble(vec![0.25]),
            PropValue::MvCurrency(vec![5]),
            PropValue::MvAppTime(vec![1.5]),
            PropValue::MvI8(vec![7, 8]),
            PropValue::MvString8(vec![b"a".to_vec(), Vec::new()]),
            PropValue::MvUnicode(vec![super::super::text::wide("b")]),
            PropValue::MvSysTime(vec![3]),
            PropValue::MvClsid(vec![[1; 16], [2; 16]]),
            PropValue::MvBinary(vec![vec![1], Vec::new()]),
            PropValue::Unknown(PropType(0x77), 42),
        ];
        let row: Row = values
            .into_iter()
            .zip(0x6600_u16..)
            .map(|(value, id)| (PropTag::new(id, value.prop_type()), value))
            .collect();
        let at = props(&row).expect("there is memory");
        for (position, (tag, value)) in row.iter().enumerate() {
            // SAFETY: the array was just made with so many values, whole ones.
            let (read_tag, read) =
                unsafe { ((*at.add(position)).tag(), PropValue::read(&*at.add(position))) };
            assert_eq!(read_tag, *tag);
            assert_eq!(read.as_ref(), Ok(value));
        }
        memory::free(at.cast());
    }

    #[test]
    fn rows_are_blocks_of_their_own() {
        let row = vec![(PropTag(0x6600_0003), PropValue::Long(1))];
        let set = rows(&[row.clone(), row]).expect("there is memory");
        // SAFETY: the set was just made.
        let rows = unsafe { SRowSet::elements(set) };
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert!(memory::is_mapi_buffer(row.lpProps.cast()));
            memory::free(row.lpProps.cast());
        }
        memory::free(set.cast());
    }

    #[test]
    fn no_problems_no_array() {
        assert_eq!(problems(&[]), Ok(ptr::null_mut()));
    }
}
