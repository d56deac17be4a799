//! What methods of the support object do, apart from the object.

use std::ffi::c_void;

use mapi_spi::structs::{ADRLIST, SPropValue};
use mapi_spi::{GUID, HRESULT, flags};

use crate::com::{object, ours};
use crate::memory;
use crate::objects::args::{self, INVALID};
use crate::objects::copy::Copying;
use crate::objects::oneoff::OneOff;
use crate::objects::wire::Problem;
use crate::objects::{prop, relay};

/// The entry identifier of a one-off recipient.
///
/// # Safety
///
/// As for `IMAPISupport::CreateOneOff`.
pub(super) unsafe fn one_off(
    name: *const c_void,
    address_type: *const c_void,
    address: *const c_void,
    ulFlags: u32,
) -> Result<Vec<u8>, HRESULT> {
    let unicode = ulFlags & flags::MAPI_UNICODE != 0;
    // SAFETY: the caller vouches for the strings.
    let text = |at| unsafe { args::text(at, unicode) }.map(|text| text.map(|text| text.decode()));
    let address_type = text(address_type)?.ok_or(INVALID)?;
    let address = text(address)?.ok_or(INVALID)?;
    let name = text(name)?.unwrap_or_else(|| address.clone());
    // Internet addresses get no rich information, whatever the flag says.
    let rich = ulFlags & flags::MAPI_SEND_NO_RICH_INFO == 0 && !address_type.eq_ignore_ascii_case("SMTP");
    Ok(OneOff { name, address_type, address, unicode, rich }.entry_id())
}

/// Whether two entry identifiers name the same recipient, or are the same bytes.
///
/// # Errors
///
/// MAPI_E_UNKNOWN_ENTRYID for identifiers of which MAPI knows nothing.
pub(super) fn compare(one: &[u8], other: &[u8]) -> Result<bool, HRESULT> {
    match (OneOff::parse(one), OneOff::parse(other)) {
        (Some(one), Some(other)) => Ok(one.is_same(&other)),
        (None, None) if !one.is_empty() && one == other => Ok(true),
        _ => Err(HRESULT::MAPI_E_UNKNOWN_ENTRYID),
    }
}

/// Copies from an object that a provider passed, ours or its own.
///
/// # Safety
///
/// `source` and the copy's target are COM objects with `IMAPIProp`.
pub(super) unsafe fn copy(
    source: *mut c_void,
    interface: Option<GUID>,
    copying: &Copying,
) -> Result<Vec<Problem>, HRESULT> {
    args::needed(source)?;
    if interface.is_none() {
        return Err(INVALID);
    }
    // SAFETY: as the caller vouches.
    unsafe {
        match prop::find(source) {
            Some(source) => copying.from_ours(source.as_ref()),
            None if object::find(source).is_some() && !relay::is(source) => {
                Err(HRESULT::MAPI_E_INVALID_OBJECT)
            }
            None => copying.from_theirs(source),
        }
    }
}

/// Whether an interface is one that a mail user can be opened with.
pub(super) fn is_mail_user(iid: GUID) -> bool {
    const IMAIL_USER: GUID = GUID::from_u128(0x0002030a_0000_0000_c000_000000000046);
    iid == IMAIL_USER || ["IMAPIProp", "IUnknown"].iter().any(|name| ours::iid_of(name) == Some(iid))
}

/// Frees a recipient list: each entry's properties where they are a block of their own, then the list, with what is chained
/// to it. Pages: imapisupport-statusrecips, managing-memory-for-adrlist-and-srowset-structures.
///
/// # Safety
///
/// The list is one that could be read.
pub(crate) unsafe fn free_list(list: *mut ADRLIST) {
    // SAFETY: as the caller vouches.
    let entries = unsafe { ADRLIST::elements(list) };
    let blocks: Vec<*mut SPropValue> = entries.map(|entry| entry.rgPropVals).collect();
    for block in blocks {
        // What was made with MAPIAllocateMore goes with the block that it is chained to.
        if memory::is_mapi_buffer(block.cast()) || !memory::is_within_mapi_memory(block.cast()) {
            memory::free(block.cast());
        }
    }
    memory::free(list.cast());
}
