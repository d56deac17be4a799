//! `GetNamesFromIDs` and `GetIDsFromNames`: the names of a store at the boundary.

use std::ptr;
use std::sync::Arc;

use mapi_spi::flags::{MAPI_CREATE, MAPI_NO_IDS, MAPI_NO_STRINGS, MNID_ID, MNID_STRING};
use mapi_spi::structs::{__UPV, MAPINAMEID, MAPINAMEID_KIND, MAPIUID, SPropTagArray, SPropValue};
use mapi_spi::tags::PropType;
use mapi_spi::values::{PropValue, guid_from_bytes, guid_to_bytes};
use mapi_spi::{GUID, HRESULT, PropTag};

use super::names::{Name, NameKind};
use super::props::{put, tag_array, tags_of};
use super::session::StoreSession;
use crate::mapi::{Block, Result, Room};

/// `GetIDsFromNames`.
///
/// # Safety
///
/// The pointers have to be what the page promises.
pub(super) unsafe fn identifiers(
    session: &Arc<StoreSession>,
    count: u32,
    names: *mut *mut MAPINAMEID,
    flags: u32,
    cell: *mut *mut SPropTagArray,
) -> Result<HRESULT> {
    if cell.is_null() || (count > 0 && names.is_null()) {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    // SAFETY: not null, and the caller vouches for it.
    unsafe { cell.write(ptr::null_mut()) };
    session.check()?;
    if count == 0 || names.is_null() {
        let all: Vec<u16> = session.core().lock().names.ids().collect();
        let tags: Vec<PropTag> =
            all.into_iter().map(|id| PropTag::new(id, PropType::PT_UNSPECIFIED)).collect();
        // SAFETY: as above.
        unsafe { cell.write(tag_array(session.memory(), &tags)?) };
        return Ok(HRESULT::S_OK);
    }
    // SAFETY: not null, and the caller vouches for `count` pointers.
    let names = unsafe { std::slice::from_raw_parts(names, count as usize) };
    let mut code = HRESULT::S_OK;
    let mut tags = Vec::with_capacity(names.len());
    for name in names {
        // SAFETY: the caller vouches for each name.
        let name = unsafe { read_name(*name) }?;
        let id = session.core().lock().names.id(&name, flags & MAPI_CREATE != 0);
        tags.push(match id {
            Some(id) => PropTag::new(id, PropType::PT_UNSPECIFIED),
            None => {
                code = HRESULT::MAPI_W_ERRORS_RETURNED;
                PropTag::new(0, PropType::PT_ERROR)
            }
        });
    }
    // SAFETY: as above.
    unsafe { cell.write(tag_array(session.memory(), &tags)?) };
    Ok(code)
}

/// `GetNamesFromIDs`.
///
/// # Safety
///
/// The pointers have to be what the page promises.
pub(super) unsafe fn names(
    session: &Arc<StoreSession>,
    tags: *mut *mut SPropTagArray,
    set: *mut MAPIUID,
    flags: u32,
    count: *mut u32,
    cell: *mut *mut *mut MAPINAMEID,
) -> Result<HRESULT> {
    // SAFETY: the caller's cells are null or valid.
    unsafe {
        put(count, 0);
        put(cell, ptr::null_mut());
    }
    if tags.is_null() || count.is_null() || cell.is_null() {
        return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
    }
    session.check()?;
    let memory = session.memory();
    // SAFETY: not null; what it holds is null or an array, the set null or one.
    let (asked, set) = unsafe { (tags_of(*tags), set.as_ref().map(|set| set.ab)) };
    let wanted = |name: &Name| {
        let kind = match name.kind {
            NameKind::Number(_) => flags & MAPI_NO_IDS == 0,
            NameKind::Text(_) => flags & MAPI_NO_STRINGS == 0,
        };
        kind && set.is_none_or(|set| set == name.set)
    };
    let (found, made): (Vec<Option<Name>>, _) = {
        let data = session.core().lock();
        let name = |id: u16| data.names.name(id).filter(|name| wanted(name)).cloned();
        match &asked {
            Some(asked) => (asked.iter().map(|tag| name(tag.id())).collect(), None),
            None => {
                let ids: Vec<u16> = data.names.ids().filter(|id| name(*id).is_some()).collect();
                let tags = ids.iter().map(|id| PropTag::new(*id, PropType::PT_UNSPECIFIED));
                (ids.iter().map(|id| name(*id)).collect(), Some(tags.collect::<Vec<_>>()))
            }
        }
    };
    let block = memory.block(found.len() * size_of::<*mut MAPINAMEID>())?;
    for (index, name) in found.iter().enumerate() {
        let at = name.as_ref().map_or(Ok(ptr::null_mut()), |name| lay_name(name, &block))?;
        // SAFETY: the block was made for as many pointers as there are names.
        unsafe { block.at::<*mut MAPINAMEID>().add(index).write(at) };
    }
    let made = made.map(|made| tag_array(memory, &made)).transpose()?;
    // SAFETY: none of the cells is null.
    unsafe {
        if let Some(made) = made {
            tags.write(made);
        }
        count.write(found.len() as u32);
        cell.write(block.give_up());
    }
    let whole = found.iter().all(Option::is_some);
    Ok(if whole { HRESULT::S_OK } else { HRESULT::MAPI_W_ERRORS_RETURNED })
}

fn lay_name(name: &Name, block: &Block) -> Result<*mut MAPINAMEID> {
    let at: *mut MAPINAMEID = block.place(size_of::<MAPINAMEID>())?.cast();
    let lpguid: *mut GUID = block.place(size_of::<GUID>())?.cast();
    let (ulKind, Kind) = match &name.kind {
        NameKind::Number(number) => (MNID_ID, MAPINAMEID_KIND { lID: *number }),
        NameKind::Text(units) => {
            let text: *mut u16 = block.place((units.len() + 1) * 2)?.cast();
            // SAFETY: the place was made for these units and a zero.
            unsafe { text.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
            (MNID_STRING, MAPINAMEID_KIND { lpwstrName: text })
        }
    };
    // SAFETY: both places were made for these structures.
    unsafe {
        lpguid.write(guid_from_bytes(name.set));
        at.write(MAPINAMEID { lpguid, ulKind, Kind });
    }
    Ok(at)
}

/// # Safety
///
/// `name` has to be null or a whole name.
unsafe fn read_name(name: *const MAPINAMEID) -> Result<Name> {
    // SAFETY: as the caller vouches.
    let Some(name) = (unsafe { name.as_ref() }) else { return Err(HRESULT::MAPI_E_INVALID_PARAMETER) };
    // SAFETY: null or a set's identifier.
    let Some(set) = (unsafe { name.lpguid.as_ref() }) else { return Err(HRESULT::MAPI_E_INVALID_PARAMETER) };
    let kind = match name.ulKind {
        // SAFETY: the kind says which member it is.
        MNID_ID => NameKind::Number(unsafe { name.Kind.lID }),
        MNID_STRING => {
            // SAFETY: as above; the text ends with a zero, as the caller vouches.
            let text = unsafe { read_wide(name.Kind.lpwstrName) };
            NameKind::Text(text.ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?)
        }
        _ => return Err(HRESULT::MAPI_E_INVALID_PARAMETER),
    };
    Ok(Name { set: guid_to_bytes(set), kind })
}

/// # Safety
///
/// `text` has to be null or end with a zero.
unsafe fn read_wide(text: *mut u16) -> Option<Vec<u16>> {
    let tag = PropTag::new(1, PropType::PT_UNICODE);
    let value = SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: __UPV { lpszW: text } };
    // SAFETY: as the caller vouches.
    match unsafe { PropValue::read(&value) } {
        Ok(PropValue::Unicode(units)) => Some(units),
        _ => None,
    }
}

/// Text that a caller passes, as wide as the call's flags say; `None` for null.
///
/// # Safety
///
/// `text` has to be null or end with a zero of its width.
pub(super) unsafe fn read_text(text: *mut std::ffi::c_void, wide: bool) -> Option<String> {
    let (kind, Value) = if wide {
        (PropType::PT_UNICODE, __UPV { lpszW: text.cast() })
    } else {
        (PropType::PT_STRING8, __UPV { lpszA: text.cast() })
    };
    let value = SPropValue { ulPropTag: PropTag::new(1, kind).0, dwAlignPad: 0, Value };
    // SAFETY: as the caller vouches.
    unsafe { PropValue::read(&value) }.ok().and_then(|value| value.to_text())
}
