//! Property values as the boundary has them, made of owned ones.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::ptr;

use mapi_spi::structs::{
    __UPV, CY, FILETIME, SAppTimeArray, SBinary, SBinaryArray, SCurrencyArray, SDateTimeArray, SDoubleArray,
    SGuidArray, SLPSTRArray, SLargeIntegerArray, SLongArray, SPropValue, SRealArray, SShortArray,
    SWStringArray,
};
use mapi_spi::values::{PropValue, guid_from_bytes};
use mapi_spi::{GUID, PropTag};

use super::{Block, Memory, Result};

/// A property, its value borrowed where nothing had to be converted.
pub(crate) type Entry<'a> = (PropTag, Cow<'a, PropValue>);

/// Where what values point to is laid down.
pub(crate) trait Room {
    /// Zeroed memory, aligned for any value, that lives as long as the room.
    ///
    /// # Errors
    ///
    /// What the allocator answers.
    fn place(&self, bytes: usize) -> Result<*mut u8>;
}

impl Room for Block {
    fn place(&self, bytes: usize) -> Result<*mut u8> {
        self.more(bytes)
    }
}

/// Room in this process' own heap: for what is only lent across the boundary.
#[derive(Debug, Default)]
pub(crate) struct Lent(std::cell::RefCell<Vec<Box<[u64]>>>);

impl Lent {
    /// Keeps values for as long as this lives; where they lie from now on.
    pub(crate) fn keep(&self, values: Vec<SPropValue>) -> *mut SPropValue {
        let words = size_of_val(values.as_slice()).div_ceil(8).max(1);
        let mut place = vec![0_u64; words].into_boxed_slice();
        let at: *mut SPropValue = place.as_mut_ptr().cast();
        // SAFETY: the place was made for this many values, and is as aligned as they are.
        unsafe { at.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
        self.0.borrow_mut().push(place);
        at
    }
}

impl Room for Lent {
    fn place(&self, bytes: usize) -> Result<*mut u8> {
        let mut words = vec![0_u64; bytes.div_ceil(8).max(1)].into_boxed_slice();
        let at = words.as_mut_ptr().cast();
        self.0.borrow_mut().push(words);
        Ok(at)
    }
}

/// Values as the boundary has them, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Image<'a> {
    values: Vec<SPropValue>,
    _room: Lent,
    _of: PhantomData<&'a ()>,
}

impl Image<'_> {
    /// An image of these values.
    pub(crate) fn of<'a>(entries: impl Iterator<Item = (PropTag, &'a PropValue)>) -> Image<'a> {
        let room = Lent::default();
        let values = entries.filter_map(|(tag, value)| lay(tag, value, &room).ok()).collect();
        Image { values, _room: room, _of: PhantomData }
    }

    /// All of them.
    pub(crate) fn values(&mut self) -> &mut [SPropValue] {
        &mut self.values
    }
}

/// A block of MAPI's with these values and all that they point to.
///
/// # Errors
///
/// What the allocator answers.
pub(crate) fn block_of(memory: Memory, entries: &[Entry<'_>]) -> Result<Block> {
    let block = memory.block(entries.len() * size_of::<SPropValue>())?;
    for (index, (tag, value)) in entries.iter().enumerate() {
        let laid = lay(*tag, value, &block)?;
        // SAFETY: the block has room for as many values as there are entries.
        unsafe { block.at::<SPropValue>().add(index).write(laid) };
    }
    Ok(block)
}

/// Lays one value down.
///
/// # Errors
///
/// What the allocator answers.
pub(crate) fn lay(tag: PropTag, value: &PropValue, room: &impl Room) -> Result<SPropValue> {
    let Value = match value {
        PropValue::Null | PropValue::Object => __UPV { bin: SBinary { cb: 0, lpb: ptr::null_mut() } },
        PropValue::I2(number) => __UPV { i: *number },
        PropValue::Long(number) => __UPV { l: *number },
        PropValue::R4(number) => __UPV { flt: *number },
        PropValue::Double(number) => __UPV { dbl: *number },
        PropValue::Currency(number) => __UPV { cur: CY { int64: *number } },
        PropValue::AppTime(days) => __UPV { at: *days },
        PropValue::Error(code) => __UPV { err: *code },
        PropValue::Boolean(truth) => __UPV { b: u16::from(*truth) },
        PropValue::I8(number) => __UPV { li: *number },
        PropValue::SysTime(ticks) => __UPV { ft: FILETIME::from_u64(*ticks) },
        PropValue::String8(bytes) => __UPV { lpszA: string(bytes, room)? },
        PropValue::Unicode(units) => __UPV { lpszW: string(units, room)? },
        PropValue::Clsid(bytes) => __UPV { lpguid: elements(&[guid_from_bytes(*bytes)], room)? },
        PropValue::Binary(bytes) => __UPV { bin: binary(bytes, room)? },
        PropValue::MvI2(list) => {
            __UPV { MVi: SShortArray { cValues: count(list), lpi: elements(list, room)? } }
        }
        PropValue::MvLong(list) => {
            __UPV { MVl: SLongArray { cValues: count(list), lpl: elements(list, room)? } }
        }
        PropValue::MvR4(list) => {
            __UPV { MVflt: SRealArray { cValues: count(list), lpflt: elements(list, room)? } }
        }
        PropValue::MvDouble(list) => {
            __UPV { MVdbl: SDoubleArray { cValues: count(list), lpdbl: elements(list, room)? } }
        }
        PropValue::MvCurrency(list) => {
            let lpcur = each(list, room, |number| Ok(CY { int64: *number }))?;
            __UPV { MVcur: SCurrencyArray { cValues: count(list), lpcur } }
        }
        PropValue::MvAppTime(list) => {
            __UPV { MVat: SAppTimeArray { cValues: count(list), lpat: elements(list, room)? } }
        }
        PropValue::MvI8(list) => {
            __UPV { MVli: SLargeIntegerArray { cValues: count(list), lpli: elements(list, room)? } }
        }
        PropValue::MvString8(list) => {
            let lppszA = each(list, room, |text| string(text, room))?;
            __UPV { MVszA: SLPSTRArray { cValues: count(list), lppszA } }
        }
        PropValue::MvUnicode(list) => {
            let lppszW = each(list, room, |text| string(text, room))?;
            __UPV { MVszW: SWStringArray { cValues: count(list), lppszW } }
        }
        PropValue::MvSysTime(list) => {
            let lpft = each(list, room, |ticks| Ok(FILETIME::from_u64(*ticks)))?;
            __UPV { MVft: SDateTimeArray { cValues: count(list), lpft } }
        }
        PropValue::MvClsid(list) => {
            let lpguid: *mut GUID = each(list, room, |bytes| Ok(guid_from_bytes(*bytes)))?;
            __UPV { MVguid: SGuidArray { cValues: count(list), lpguid } }
        }
        PropValue::MvBinary(list) => {
            let lpbin = each(list, room, |bytes| binary(bytes, room))?;
            __UPV { MVbin: SBinaryArray { cValues: count(list), lpbin } }
        }
        PropValue::Unknown(_, word) => __UPV { li: word.cast_signed() },
    };
    Ok(SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value })
}

fn count<T>(list: &[T]) -> u32 {
    list.len() as u32
}

/// The elements and a zero behind them.
fn string<T: Copy>(text: &[T], room: &impl Room) -> Result<*mut T> {
    let at: *mut T = room.place((text.len() + 1) * size_of::<T>())?.cast();
    // SAFETY: the place was made for these elements and one more, which is zero.
    unsafe { at.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    Ok(at)
}

fn binary(bytes: &[u8], room: &impl Room) -> Result<SBinary> {
    Ok(SBinary { cb: count(bytes), lpb: elements(bytes, room)? })
}

fn elements<T: Copy>(list: &[T], room: &impl Room) -> Result<*mut T> {
    each(list, room, |element| Ok(*element))
}

fn each<T, U>(list: &[T], room: &impl Room, make: impl Fn(&T) -> Result<U>) -> Result<*mut U> {
    let at: *mut U = room.place(list.len() * size_of::<U>())?.cast();
    for (index, element) in list.iter().enumerate() {
        let made = make(element)?;
        // SAFETY: the place was made for as many elements as the list has.
        unsafe { at.add(index).write(made) };
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_reads_back() {
        let values = [
            PropValue::I2(-2),
            PropValue::Double(0.5),
            PropValue::Boolean(true),
            PropValue::I8(-1),
            PropValue::SysTime(7),
            PropValue::String8(b"text".to_vec()),
            PropValue::Unicode(vec![0x416, 0x417]),
            PropValue::Clsid([9; 16]),
            PropValue::Binary(vec![1, 2, 3]),
            PropValue::MvI2(vec![1, -1]),
            PropValue::MvCurrency(vec![5]),
            PropValue::MvString8(vec![b"a".to_vec(), Vec::new()]),
            PropValue::MvUnicode(vec![vec![0x61], vec![0x62]]),
            PropValue::MvSysTime(vec![1, 2]),
            PropValue::MvClsid(vec![[1; 16]]),
            PropValue::MvBinary(vec![vec![1], Vec::new()]),
        ];
        let room = Lent::default();
        for value in values {
            let tag = PropTag::new(0x6600, value.prop_type());
            let laid = lay(tag, &value, &room).expect("the heap has room");
            // SAFETY: the value was just laid down, and what it points to lives as long as the room.
            assert_eq!(unsafe { PropValue::read(&laid) }, Ok(value));
        }
    }
}
