//! Objects with properties: `IMAPIProp` and what messages and attachments add to it.

use std::ffi::c_void;
use std::ptr;

use mapi_spi::flags::{MAPI_CREATE, MAPI_MODIFY, MNID_STRING};
use mapi_spi::interfaces::{IAttach, IMAPIProp, IMessage};
use mapi_spi::structs::{MAPINAMEID, MAPINAMEID_KIND, SPropProblemArray, SPropTagArray, SPropValue};
use mapi_spi::tags::{PR_ATTACH_DATA_OBJ, PropType};
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::Interface;

use super::{Memory, Props, Result, check, wide};

/// The interface of the pointer that a method has put into a cell.
///
/// # Safety
///
/// The cell has to hold null or a reference to an object of this interface that nobody else releases.
pub(crate) unsafe fn opened<I: Interface>(cell: *mut c_void) -> Result<I> {
    if cell.is_null() {
        return Err(HRESULT::MAPI_E_CALL_FAILED);
    }
    // SAFETY: not null; for the rest the caller vouches.
    Ok(unsafe { I::from_raw(cell) })
}

/// Sets properties.
///
/// # Errors
///
/// What `SetProps` answers, and what it says of the first property that it could not set - unless MAPI computes that
/// one itself (`MAPI_E_COMPUTED`).
pub(crate) fn set_props(memory: Memory, object: &IMAPIProp, props: &Props) -> Result<()> {
    let mut image = props.image();
    let mut problems: *mut SPropProblemArray = ptr::null_mut();
    let values = image.values();
    // SAFETY: the values live in `image` and `props` for the length of the call; the cell takes one pointer.
    let code = unsafe { object.SetProps(values.len() as u32, values.as_mut_ptr(), &mut problems) };
    // SAFETY: what the method left in the cell is the caller's to free.
    let problems = unsafe { memory.adopt(problems) };
    check(code)?;
    // SAFETY: the array, if any, is as MAPI made it, and is freed only at the end of this function.
    let mut problems = unsafe { SPropProblemArray::elements(problems.at()) };
    match problems.find(|problem| problem.scode != HRESULT::MAPI_E_COMPUTED) {
        Some(problem) if problem.scode.is_err() => Err(problem.scode),
        Some(_) | None => Ok(()),
    }
}

/// Values of properties that were read, by identifier.
#[derive(Debug, Default)]
pub(crate) struct Values(Vec<(PropTag, PropValue)>);

impl Values {
    /// Copies `count` values out of memory that MAPI filled in.
    ///
    /// # Safety
    ///
    /// `first` has to be null or point to that many values, each as its tag says.
    pub(crate) unsafe fn copy(first: *const SPropValue, count: u32) -> Values {
        if first.is_null() {
            return Values::default();
        }
        // SAFETY: not null, and the caller vouches for `count` values.
        let values = unsafe { std::slice::from_raw_parts(first, count as usize) };
        Values(
            values
                .iter()
                // SAFETY: the caller vouches for each value.
                .filter_map(|value| Some((value.tag(), unsafe { PropValue::read(value) }.ok()?)))
                .collect(),
        )
    }

    /// The value of the property with this tag's identifier, if it is there.
    pub(crate) fn get(&self, tag: PropTag) -> Option<&PropValue> {
        let found = self.0.iter().find(|(own, _)| own.id() == tag.id());
        found.map(|(_, value)| value).filter(|value| !matches!(value, PropValue::Error(_)))
    }

    /// Whether the property is there but too large for `GetProps`.
    pub(crate) fn is_too_large(&self, tag: PropTag) -> bool {
        self.0.iter().any(|(own, value)| {
            own.id() == tag.id() && *value == PropValue::Error(HRESULT::MAPI_E_NOT_ENOUGH_MEMORY)
        })
    }

    /// Text of either width; `None` where it is missing or empty.
    pub(crate) fn text(&self, tag: PropTag) -> Option<String> {
        self.get(tag).and_then(PropValue::to_text).filter(|text| !text.is_empty())
    }

    /// A number.
    pub(crate) fn long(&self, tag: PropTag) -> Option<i32> {
        self.get(tag).and_then(PropValue::as_long)
    }

    /// A truth value; false where it is missing.
    pub(crate) fn boolean(&self, tag: PropTag) -> bool {
        self.get(tag).and_then(PropValue::as_bool).unwrap_or(false)
    }

    /// Bytes.
    pub(crate) fn binary(&self, tag: PropTag) -> Option<&[u8]> {
        self.get(tag).and_then(PropValue::as_binary)
    }

    /// A time in units of 100 ns.
    pub(crate) fn time(&self, tag: PropTag) -> Option<u64> {
        if let Some(PropValue::SysTime(ticks)) = self.get(tag) { Some(*ticks) } else { None }
    }
}

/// Reads properties. The flags say how wide text is whose tag has no type.
///
/// # Errors
///
/// What `GetProps` answers; single properties that are missing are no error.
pub(crate) fn get_props(memory: Memory, object: &IMAPIProp, tags: &[PropTag], flags: u32) -> Result<Values> {
    let mut list: Vec<u32> = vec![tags.len() as u32];
    list.extend(tags.iter().map(|tag| tag.0));
    let mut count = 0;
    let mut values = ptr::null_mut();
    // SAFETY: the words are laid out as an SPropTagArray and live for the length of the call; both cells are valid.
    let code =
        unsafe { object.GetProps(list.as_mut_ptr().cast::<SPropTagArray>(), flags, &mut count, &mut values) };
    // SAFETY: what the method left in the cell is the caller's to free.
    let block = unsafe { memory.adopt(values) };
    check(code)?;
    // SAFETY: GetProps succeeded: the array holds `count` values.
    Ok(unsafe { Values::copy(block.at(), count) })
}

/// Saves an object's changes.
///
/// # Errors
///
/// What `SaveChanges` answers.
pub(crate) fn save(object: &IMAPIProp, flags: u32) -> Result<()> {
    // SAFETY: no pointers are passed.
    check(unsafe { object.SaveChanges(flags) }).map(drop)
}

/// Makes a new attachment.
///
/// # Errors
///
/// What `CreateAttach` answers.
pub(crate) fn create_attachment(message: &IMessage) -> Result<IAttach> {
    let (mut number, mut cell) = (0, ptr::null_mut());
    // SAFETY: both cells are valid; no interface means IAttach.
    check(unsafe { message.CreateAttach(ptr::null(), 0, &mut number, &mut cell) })?;
    // SAFETY: the method succeeded: the cell holds a reference of ours.
    unsafe { opened(cell) }
}

/// Opens an attachment to read it.
///
/// # Errors
///
/// What `OpenAttach` answers.
pub(crate) fn open_attachment(message: &IMessage, number: u32) -> Result<IAttach> {
    let mut cell = ptr::null_mut();
    // SAFETY: the cell is valid; no interface means IAttach.
    check(unsafe { message.OpenAttach(number, ptr::null(), 0, &mut cell) })?;
    // SAFETY: the method succeeded: the cell holds a reference of ours.
    unsafe { opened(cell) }
}

/// Opens the message that an attachment is; makes it where `create`.
///
/// # Errors
///
/// What `OpenProperty` answers.
pub(crate) fn open_embedded(attachment: &IAttach, create: bool) -> Result<IMessage> {
    let flags = if create { MAPI_CREATE | MAPI_MODIFY } else { 0 };
    open_property(attachment, PR_ATTACH_DATA_OBJ, 0, flags)
}

/// Opens a property through the interface `I`.
///
/// # Errors
///
/// What `OpenProperty` answers.
pub(super) fn open_property<I: Interface>(
    object: &IMAPIProp,
    tag: PropTag,
    options: u32,
    flags: u32,
) -> Result<I> {
    let mut cell = ptr::null_mut();
    // SAFETY: the identifier is a constant and the cell is valid.
    check(unsafe { object.OpenProperty(tag.0, &I::IID, options, flags, &mut cell) })?;
    // SAFETY: the method succeeded: the cell holds a reference of ours to the interface that was asked for.
    unsafe { opened(cell) }
}

/// The tags, with text for their type, of properties that are named by strings in a set.
///
/// # Errors
///
/// What `GetIDsFromNames` answers; a name that got no identifier is left out.
pub(crate) fn identifiers_of(
    memory: Memory,
    object: &IMAPIProp,
    set: GUID,
    names: &[&str],
) -> Result<Vec<PropTag>> {
    let mut set = set;
    let mut strings: Vec<Vec<u16>> = names.iter().map(|name| wide(name)).collect();
    let mut entries: Vec<MAPINAMEID> = strings
        .iter_mut()
        .map(|string| MAPINAMEID {
            lpguid: &raw mut set,
            ulKind: MNID_STRING,
            Kind: MAPINAMEID_KIND { lpwstrName: string.as_mut_ptr() },
        })
        .collect();
    let mut pointers: Vec<*mut MAPINAMEID> = entries.iter_mut().map(ptr::from_mut).collect();
    let mut tags = ptr::null_mut();
    // SAFETY: all that the pointers lead to lives until the end of this function; the cell is valid.
    let code = unsafe {
        object.GetIDsFromNames(pointers.len() as u32, pointers.as_mut_ptr(), MAPI_CREATE, &mut tags)
    };
    // SAFETY: what the method left in the cell is the caller's to free.
    let block = unsafe { memory.adopt(tags) };
    check(code)?;
    // SAFETY: the method succeeded: the array is as MAPI made it, and lives as long as the block.
    let tags = unsafe { SPropTagArray::elements(block.at()) };
    let known = tags.map(PropTag).filter(|tag| tag.is_named());
    Ok(known.map(|tag| tag.with_type(PropType::PT_UNICODE)).collect())
}

/// Asks an object for interfaces that it may well not have, and lets go of those that it has.
pub(crate) fn query_oddly(object: &windows_core::IUnknown) {
    /// `IMarshal`, `IDispatch`, `IConnectionPointContainer`, and one that nobody defines.
    const ODD: [GUID; 4] = [
        GUID::from_u128(0x00000003_0000_0000_c000_000000000046),
        GUID::from_u128(0x00020400_0000_0000_c000_000000000046),
        GUID::from_u128(0xb196b284_bab4_101a_b69c_00aa00341d07),
        GUID::from_u128(0x5d1c1d5e_7f0f_4b1c_9d0a_3c7b5e0f9a11),
    ];
    for iid in ODD {
        let mut cell = ptr::null_mut();
        // SAFETY: identifier and cell are valid for the call.
        let code = unsafe { object.query(&iid, &mut cell) };
        if code.is_ok() && !cell.is_null() {
            // SAFETY: the query succeeded: the reference is ours, and every interface begins with IUnknown.
            drop(unsafe { windows_core::IUnknown::from_raw(cell) });
        }
    }
}
