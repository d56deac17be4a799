//! Named properties in `IMAPIProp`: `GetNamesFromIDs` and `GetIDsFromNames`.

use std::ptr;

use mapi_spi::structs::{MAPINAMEID, MAPIUID, SPropTagArray};
use mapi_spi::tags::PropType;
use mapi_spi::{HRESULT, PropTag, flags};

use super::names::{Name, NameKind, Names};
use super::{args, wire};

/// # Safety
///
/// As for `IMAPIProp::GetNamesFromIDs`.
pub(super) unsafe fn names_from_ids(
    names: Option<&Names>,
    tags: *mut *mut SPropTagArray,
    set: *const MAPIUID,
    ulFlags: u32,
    count: *mut u32,
    out: *mut *mut *mut MAPINAMEID,
) -> Result<HRESULT, HRESULT> {
    // SAFETY: the caller vouches for its pointers.
    let (given, set) = unsafe {
        args::put(count, 0);
        args::put(out, ptr::null_mut());
        args::needed(tags)?;
        args::needed(count)?;
        args::needed(out)?;
        (args::tags(tags.read_unaligned())?, args::uid(set))
    };
    let names = names.ok_or(HRESULT::MAPI_E_NO_SUPPORT)?;
    let of_kind = |name: &Name| match name.kind {
        NameKind::Id(_) => ulFlags & flags::MAPI_NO_IDS == 0,
        NameKind::Text(_) => ulFlags & flags::MAPI_NO_STRINGS == 0,
    };
    let (found, made): (Vec<Option<Name>>, _) = match given {
        // Tags that are named: the set is ignored, as the page says.
        Some(given) => (given.iter().map(|tag| names.name_of(tag.id()).filter(of_kind)).collect(), None),
        None => {
            let of_set = |name: &Name| set.is_none_or(|set| set.ab == name.set);
            let all = names.all().into_iter().filter(|(_, name)| of_kind(name) && of_set(name));
            let (ids, found): (Vec<_>, Vec<_>) = all.unzip();
            let tags: Vec<_> = ids.into_iter().map(|id| PropTag::new(id, PropType::PT_UNSPECIFIED)).collect();
            (found.into_iter().map(Some).collect(), Some(wire::tags(&tags)?))
        }
    };
    let pointers = if found.is_empty() { ptr::null_mut() } else { wire::names(&found)? };
    // SAFETY: as above.
    unsafe {
        if let Some(made) = made {
            args::put(tags, made);
        }
        args::put(count, wire::count(found.len()));
        args::put(out, pointers);
    }
    let all = found.iter().all(Option::is_some);
    Ok(if all { HRESULT::S_OK } else { HRESULT::MAPI_W_ERRORS_RETURNED })
}

/// # Safety
///
/// As for `IMAPIProp::GetIDsFromNames`.
pub(super) unsafe fn ids_from_names(
    names: Option<&Names>,
    count: u32,
    given: *const *mut MAPINAMEID,
    ulFlags: u32,
    out: *mut *mut SPropTagArray,
) -> Result<HRESULT, HRESULT> {
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(out, ptr::null_mut()) };
    args::needed(out)?;
    let names = names.ok_or(HRESULT::MAPI_E_NO_SUPPORT)?;
    let create = ulFlags & flags::MAPI_CREATE != 0;
    let ids: Vec<Option<u16>> = if given.is_null() {
        if count != 0 || create {
            return Err(args::INVALID);
        }
        names.all().into_iter().map(|(id, _)| Some(id)).collect()
    } else {
        // SAFETY: the caller vouches for the names.
        let wanted = unsafe { args::names(count, given)? };
        let id_of = |name: &Name| if create { names.intern(name).ok() } else { names.find(name) };
        wanted.iter().map(id_of).collect()
    };
    let missing = PropTag::new(0, PropType::PT_ERROR);
    let tag_of = |id: &Option<u16>| id.map_or(missing, |id| PropTag::new(id, PropType::PT_UNSPECIFIED));
    let tags = wire::tags(&ids.iter().map(tag_of).collect::<Vec<_>>())?;
    // SAFETY: as above.
    unsafe { args::put(out, tags) };
    let all = ids.iter().all(Option::is_some);
    Ok(if all { HRESULT::S_OK } else { HRESULT::MAPI_W_ERRORS_RETURNED })
}
