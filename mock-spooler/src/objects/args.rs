//! Arguments of the candidate, read with care: null pointers, wild counts and strings without an end become
//! MAPI_E_INVALID_PARAMETER. A pointer into nowhere cannot be told from a good one; it ends the process, and the last call
//! in the trace says where.

use std::ffi::c_void;
use std::mem::offset_of;

use mapi_spi::structs::{ADRLIST, Elements, MAPINAMEID, MAPIUID, NOTIFKEY, SPropTagArray, SPropValue};
use mapi_spi::tags::PropType;
use mapi_spi::values::{PropValue, guid_to_bytes};
use mapi_spi::{GUID, HRESULT, PropTag, flags};

use super::host::Row;
use super::names::{Name, NameKind};

/// A count above this is not meant.
const MANY: u32 = 1 << 20;
/// A name or address of more characters is not meant.
const LONG_TEXT: usize = 1 << 20;

/// What is wrong with an argument.
pub const INVALID: HRESULT = HRESULT::MAPI_E_INVALID_PARAMETER;

/// Writes an output where the caller wants it.
///
/// # Safety
///
/// `out` is null or valid for a write.
pub unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: not null, hence valid, as the caller vouches; output cells may lie anywhere.
        unsafe { out.write_unaligned(value) };
    }
}

/// Writes a connection number. Older headers declare the cell as ULONG, newer ones as ULONG_PTR: only the lower half is written,
/// and numbers are small, so either kind of caller gets its number and nothing beside the cell is touched.
///
/// # Safety
///
/// `out` is null or valid for a write of 32 bits.
pub unsafe fn put_connection(out: *mut usize, connection: usize) {
    // SAFETY: passed on from the caller.
    unsafe { put(out.cast::<u32>(), u32::try_from(connection).unwrap_or(0)) };
}

/// A connection number as the caller gives it back: what stands in the upper half is nobody's.
#[must_use]
pub fn connection(given: usize) -> usize {
    given & 0xffff_ffff
}

/// Changes what stands in somebody's memory, wherever it lies.
///
/// # Safety
///
/// `at` is valid for reads and writes.
pub unsafe fn change<T: Copy, R>(at: *mut T, change: impl FnOnce(&mut T) -> R) -> R {
    // SAFETY: as the caller vouches.
    unsafe {
        let mut value = at.read_unaligned();
        let result = change(&mut value);
        at.write_unaligned(value);
        result
    }
}

/// Refuses a null pointer.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER.
pub fn needed<T>(pointer: *const T) -> Result<(), HRESULT> {
    if pointer.is_null() { Err(INVALID) } else { Ok(()) }
}

/// Property tags; `None` for a null pointer.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for an array of no tags, or of more than can be meant.
///
/// # Safety
///
/// `at` is null or points to an array with as many tags as it says.
pub unsafe fn tags(at: *const SPropTagArray) -> Result<Option<Vec<PropTag>>, HRESULT> {
    if at.is_null() {
        return Ok(None);
    }
    // SAFETY: not null, hence an array, as the caller vouches.
    let length = unsafe { sized(at, offset_of!(SPropTagArray, cValues))? };
    if length == 0 {
        return Err(INVALID);
    }
    // SAFETY: as above.
    Ok(Some(unsafe { SPropTagArray::elements(at) }.map(PropTag).collect()))
}

/// A property as it was passed: its tag, and its value if that could be read.
pub type Given = (PropTag, Option<PropValue>);

/// Property values.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for none, or more than can be meant.
///
/// # Safety
///
/// `at` is null or points to so many properties whose values are what their types say.
pub unsafe fn props(length: u32, at: *const SPropValue) -> Result<Vec<Given>, HRESULT> {
    if length == 0 || length > MANY || at.is_null() {
        return Err(INVALID);
    }
    // SAFETY: not null; for the rest the caller vouches.
    let given = unsafe { Elements::new(at, length) };
    // SAFETY: as above.
    Ok(given.map(|prop| (prop.tag(), unsafe { PropValue::read(&prop) }.ok())).collect())
}

/// The recipients of a list: the properties of each entry. Errors among them are left out, as
/// `IMessage::ModifyRecipients` does. Page: imessage-modifyrecipients.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for a null pointer, a value that cannot be read, or one without a meaning (PT_NULL, PT_OBJECT).
///
/// # Safety
///
/// `at` is null or points to a list with as many entries as it says.
pub unsafe fn recipients(at: *const ADRLIST) -> Result<Vec<Row>, HRESULT> {
    needed(at)?;
    // SAFETY: not null, hence a list, as the caller vouches.
    unsafe { sized(at, offset_of!(ADRLIST, cEntries))? };
    // SAFETY: as above.
    let entries = unsafe { ADRLIST::elements(at) };
    entries
        .map(|entry| {
            if entry.cValues == 0 {
                return Ok(Row::new());
            }
            // SAFETY: as above.
            let given = unsafe { props(entry.cValues, entry.rgPropVals)? };
            given
                .into_iter()
                .filter(|(tag, _)| tag.prop_type() != PropType::PT_ERROR)
                .map(recipient_prop)
                .collect()
        })
        .collect()
}

fn recipient_prop((tag, value): Given) -> Result<(PropTag, PropValue), HRESULT> {
    match value {
        Some(PropValue::Null | PropValue::Object | PropValue::Unknown(..)) | None => Err(INVALID),
        Some(value) => Ok((tag, value)),
    }
}

/// An identifier of 16 bytes; `None` for a null pointer.
///
/// # Safety
///
/// `at` is null or points to 16 bytes.
pub unsafe fn uid(at: *const MAPIUID) -> Option<MAPIUID> {
    // SAFETY: bytes have no alignment; the rest is vouched for.
    (!at.is_null()).then(|| unsafe { at.read() })
}

/// An interface identifier; `None` for a null pointer.
///
/// # Safety
///
/// `at` is null or points to a GUID.
pub unsafe fn iid(at: *const GUID) -> Option<GUID> {
    // SAFETY: as the caller vouches; packed structures of C programs may leave it without alignment.
    (!at.is_null()).then(|| unsafe { at.read_unaligned() })
}

/// Interface identifiers.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for a null pointer with a count.
///
/// # Safety
///
/// `at` is null or points to so many GUIDs.
pub unsafe fn iids(length: u32, at: *const GUID) -> Result<Vec<GUID>, HRESULT> {
    if length == 0 {
        return Ok(Vec::new());
    }
    if length > MANY || at.is_null() {
        return Err(INVALID);
    }
    // SAFETY: as the caller vouches.
    Ok((0..length as usize).map(|position| unsafe { at.add(position).read_unaligned() }).collect())
}

/// Bytes with a length, as entry identifiers are.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for a null pointer with a length.
///
/// # Safety
///
/// `at` is null or points to so many bytes.
pub unsafe fn bytes(length: u32, at: *const c_void) -> Result<Vec<u8>, HRESULT> {
    if length == 0 {
        return Ok(Vec::new());
    }
    if at.is_null() || length > MANY * 64 {
        return Err(INVALID);
    }
    // SAFETY: not null; for the length the caller vouches.
    Ok(unsafe { std::slice::from_raw_parts(at.cast::<u8>(), length as usize) }.to_vec())
}

/// A notification key.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for a null pointer or a key without bytes.
///
/// # Safety
///
/// `at` is null or points to a key with as many bytes as it says.
pub unsafe fn key(at: *const NOTIFKEY) -> Result<Vec<u8>, HRESULT> {
    needed(at)?;
    // SAFETY: not null, hence a key, as the caller vouches.
    let key = unsafe {
        sized(at, offset_of!(NOTIFKEY, cb))?;
        NOTIFKEY::elements(at)
    };
    if key.len() == 0 { Err(INVALID) } else { Ok(key.collect()) }
}

/// A text of either width as it was passed; `None` for a null pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// 8-bit characters.
    Narrow(Vec<u8>),
    /// UTF-16.
    Wide(Vec<u16>),
}

impl Text {
    /// The text.
    #[must_use]
    pub fn decode(&self) -> String {
        match self {
            Self::Narrow(bytes) => super::text::decode(bytes),
            Self::Wide(units) => String::from_utf16_lossy(units),
        }
    }
}

/// A zero-terminated text.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for one without an end.
///
/// # Safety
///
/// `at` is null or points to a zero-terminated string of the width.
pub unsafe fn text(at: *const c_void, unicode: bool) -> Result<Option<Text>, HRESULT> {
    if at.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller vouches.
    let text = unsafe {
        if unicode {
            Text::Wide(terminated(at.cast::<u16>(), 0)?)
        } else {
            Text::Narrow(terminated(at.cast::<u8>(), 0)?)
        }
    };
    Ok(Some(text))
}

/// Property names.
///
/// # Errors
///
/// MAPI_E_INVALID_PARAMETER for null pointers and names of no kind.
///
/// # Safety
///
/// `at` is null or points to so many pointers, each null or to a name.
pub unsafe fn names(length: u32, at: *const *mut MAPINAMEID) -> Result<Vec<Name>, HRESULT> {
    if length == 0 || length > MANY || at.is_null() {
        return Err(INVALID);
    }
    (0..length as usize)
        .map(|position| {
            // SAFETY: as the caller vouches.
            let name = unsafe { at.add(position).read_unaligned() };
            needed(name)?;
            // SAFETY: not null, hence a name.
            let name = unsafe { name.read_unaligned() };
            needed(name.lpguid)?;
            // SAFETY: not null, hence a GUID.
            let set = guid_to_bytes(&unsafe { name.lpguid.read_unaligned() });
            // SAFETY: the kind says which member is set; a number has all values, and the pointer is vouched for.
            let kind = unsafe {
                match name.ulKind {
                    flags::MNID_ID => NameKind::Id(name.Kind.lID),
                    flags::MNID_STRING => {
                        needed(name.Kind.lpwstrName)?;
                        NameKind::Text(terminated(name.Kind.lpwstrName, 0)?)
                    }
                    _ => return Err(INVALID),
                }
            };
            Ok(Name { set, kind })
        })
        .collect()
}

/// Reads a structure's count, which stands at `offset`, refusing what cannot be meant.
///
/// # Safety
///
/// `at` points to such a structure.
unsafe fn sized<T>(at: *const T, offset: usize) -> Result<u32, HRESULT> {
    // SAFETY: as the caller vouches; structures of C programs may lie anywhere.
    let length = unsafe { at.byte_add(offset).cast::<u32>().read_unaligned() };
    if length > MANY { Err(INVALID) } else { Ok(length) }
}

/// Reads up to a terminating zero.
///
/// # Safety
///
/// `first` points to a zero-terminated string.
unsafe fn terminated<T: Copy + PartialEq>(first: *const T, zero: T) -> Result<Vec<T>, HRESULT> {
    let mut text = Vec::new();
    for position in 0..LONG_TEXT {
        // SAFETY: nothing behind the terminating zero is read.
        let character = unsafe { first.add(position).read_unaligned() };
        if character == zero {
            return Ok(text);
        }
        text.push(character);
    }
    Err(INVALID)
}

#[cfg(test)]
mod tests {
    use mapi_spi::structs::{__UPV, cb_new_sprop_tag_array};

    use super::*;

    /// The bytes of numbers, behind one that takes their alignment away.
    fn packed(numbers: &[u32]) -> Vec<u8> {
        [0_u8].into_iter().chain(numbers.iter().flat_map(|number| number.to_ne_bytes())).collect()
    }

    #[test]
    fn arguments_lie_anywhere() {
        let tags = packed(&[2, 0x0037_001F, 0x0E17_0003]);
        assert_eq!(tags.len(), 1 + cb_new_sprop_tag_array(2));
        let key = packed(&[4, 0x0403_0201]);
        let mut prop = vec![0_u8; 1 + size_of::<SPropValue>()];
        let value = SPropValue { ulPropTag: 0x0E17_0003, dwAlignPad: 0, Value: __UPV { l: 7 } };
        // SAFETY: each structure lies behind one byte, whole.
        unsafe {
            prop.as_mut_ptr().add(1).cast::<SPropValue>().write_unaligned(value);
            let behind = |bytes: &Vec<u8>| bytes.as_ptr().add(1);
            let read = super::tags(behind(&tags).cast()).map(Option::unwrap_or_default);
            assert_eq!(read, Ok(vec![PropTag(0x0037_001F), PropTag(0x0E17_0003)]));
            assert_eq!(super::key(behind(&key).cast()), Ok(0x0403_0201_u32.to_ne_bytes().to_vec()));
            let read = props(1, behind(&prop).cast());
            assert_eq!(read, Ok(vec![(PropTag(0x0E17_0003), Some(PropValue::Long(7)))]));
        }
    }
}
