//! Structures from JSON: those that parameters point to, and their parts.

use std::ffi::c_void;
use std::mem::size_of;
use std::ptr;

use mapi_spi::structs::{
    ADRENTRY, ADRLIST, FILETIME, MAPIERROR, MAPINAMEID, MAPINAMEID_KIND, OPTIONDATA, SBinary, SBinaryArray,
    SPropProblem, SPropProblemArray, SPropTagArray, SPropValue, SRow, SRowSet, SSortOrder, SSortOrderSet,
    STATSTG, cb_new_adrlist, cb_new_sprop_problem_array, cb_new_sprop_tag_array, cb_new_srow_set,
    cb_new_ssort_order_set,
};
use mapi_spi::values::guid_from_bytes;
use mapi_spi::{PropTag, flags};
use serde_json::Value;

use super::value;
use super::write::{Lent, Place, array, count, memory};
use crate::engine::reference::Reference;
use crate::objects::wire::{self, Room};
use crate::shim::wrong::Wrong;

pub(super) fn text(room: &dyn Room, json: &Value, wide: bool) -> Result<*mut c_void, Wrong> {
    if json.is_null() {
        return Ok(ptr::null_mut());
    }
    if wide {
        let text = value::to_wide(json)?;
        return Ok(wire::put_terminated(room, &text, 0).map_err(memory)?.cast());
    }
    let text = value::to_narrow(json)?;
    Ok(wire::put_terminated(room, &text, 0).map_err(memory)?.cast())
}

pub(super) fn text_block(place: Place<'_>, json: &Value, wide: bool) -> Result<*mut u8, Wrong> {
    let mut text: Vec<u8> = if wide {
        value::to_wide(json)?.into_iter().flat_map(u16::to_ne_bytes).collect()
    } else {
        value::to_narrow(json)?
    };
    text.extend([0, 0]);
    place.array(&text)
}

pub(super) fn tags(place: Place<'_>, json: &Value) -> Result<*mut SPropTagArray, Wrong> {
    let all = value::to_list(json, value::to_tag)?;
    place.block(cb_new_sprop_tag_array(all.len()), |_, at: *mut SPropTagArray| {
        // SAFETY: the block has room for the count and so many tags.
        unsafe {
            (&raw mut (*at).cValues).write(count(all.len()));
            let first: *mut u32 = (&raw mut (*at).aulPropTag).cast();
            for (position, PropTag(tag)) in all.iter().enumerate() {
                first.add(position).write(*tag);
            }
        }
        Ok(())
    })
}

/// A property whose parts hang on the room.
pub(super) fn prop(room: &dyn Room, json: &Value) -> Result<SPropValue, Wrong> {
    let (tag, value) = value::to_prop(json)?;
    // SAFETY: all members are plain numbers and pointers, for which zero is a value: a null pointer is what was meant
    // where there is no value.
    let mut upv = unsafe { std::mem::zeroed() };
    if let Some(value) = value {
        upv = wire::put_value(room, &value).map_err(memory)?;
    } else if tag.prop_type().0 & 0x1000 != 0 || tag.prop_type() == mapi_spi::tags::PropType::PT_BINARY {
        upv.bin = SBinary { cb: 1, lpb: ptr::null_mut() };
    }
    Ok(SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: upv })
}

/// Properties that hang on the room, and their number.
pub(super) fn props(room: &dyn Room, json: &Value) -> Result<(u32, *mut SPropValue), Wrong> {
    if json.is_null() {
        return Ok((0, ptr::null_mut()));
    }
    let all = value::to_list(json, |json| prop(room, json))?;
    Ok((count(all.len()), array(room, &all)?))
}

pub(super) fn props_block(place: Place<'_>, json: &Value) -> Result<*mut SPropValue, Wrong> {
    let length = json.as_array().map_or(0, Vec::len);
    place.block(size_of::<SPropValue>() * length, |room, at: *mut SPropValue| {
        let all = value::to_list(json, |json| prop(room, json))?;
        // SAFETY: the block has room for so many properties.
        unsafe { ptr::copy_nonoverlapping(all.as_ptr(), at, all.len()) };
        Ok(())
    })
}

fn field<'j>(json: &'j Value, key: &str) -> &'j Value {
    json.get(key).unwrap_or(&Value::Null)
}

/// A number of an object; zero where it is missing.
pub(super) fn part(json: &Value, key: &str) -> Result<u32, Wrong> {
    match json.get(key) {
        None => Ok(0),
        Some(number) => value::to_u32(number).map_err(|wrong| wrong.within(key)),
    }
}

/// Bytes of an object, which hang on the room: their number, and where they stand.
pub(super) fn blob(room: &dyn Room, json: &Value, key: &str) -> Result<(u32, *mut u8), Wrong> {
    match json.get(key) {
        None | Some(Value::Null) => Ok((0, ptr::null_mut())),
        Some(bytes) => {
            let bytes = value::to_bytes(bytes).map_err(|wrong| wrong.within(key))?;
            Ok((count(bytes.len()), array(room, &bytes)?))
        }
    }
}

/// Text of an object, which hangs on the room.
pub(super) fn part_text(room: &dyn Room, json: &Value, key: &str, wide: bool) -> Result<*mut u8, Wrong> {
    Ok(text(room, field(json, key), wide).map_err(|wrong| wrong.within(key))?.cast())
}

pub(super) fn problems(place: Place<'_>, json: &Value) -> Result<*mut SPropProblemArray, Wrong> {
    let problem = |json: &Value| {
        Ok(SPropProblem {
            ulIndex: part(json, "index")?,
            ulPropTag: value::to_tag(field(json, "tag")).map_err(|wrong| wrong.within("tag"))?.0,
            scode: value::to_code(field(json, "code")).map_err(|wrong| wrong.within("code"))?,
        })
    };
    let all = value::to_list(json, problem)?;
    place.block(cb_new_sprop_problem_array(all.len()), |_, at: *mut SPropProblemArray| {
        // SAFETY: the block has room for the count and so many problems.
        unsafe {
            (&raw mut (*at).cProblem).write(count(all.len()));
            ptr::copy_nonoverlapping(all.as_ptr(), (&raw mut (*at).aProblem).cast(), all.len());
        }
        Ok(())
    })
}

pub(super) fn error(place: Place<'_>, json: &Value, wide: bool) -> Result<*mut MAPIERROR, Wrong> {
    place.block(size_of::<MAPIERROR>(), |room, at: *mut MAPIERROR| {
        let error = MAPIERROR {
            ulVersion: part(json, "version")?,
            lpszError: part_text(room, json, "error", wide)?,
            lpszComponent: part_text(room, json, "component", wide)?,
            ulLowLevelError: part(json, "low-level")?,
            ulContext: part(json, "context")?,
        };
        // SAFETY: the block is as large as the structure.
        unsafe { at.write(error) };
        Ok(())
    })
}

pub(super) fn entry_list(place: Place<'_>, json: &Value) -> Result<*mut SBinaryArray, Wrong> {
    place.block(size_of::<SBinaryArray>(), |room, at: *mut SBinaryArray| {
        let all = value::to_list(json, |json| {
            let bytes = value::to_bytes(json)?;
            Ok(SBinary { cb: count(bytes.len()), lpb: array(room, &bytes)? })
        })?;
        let list = SBinaryArray { cValues: count(all.len()), lpbin: array(room, &all)? };
        // SAFETY: the block is as large as the structure.
        unsafe { at.write(list) };
        Ok(())
    })
}

/// A list of recipients: the list and each entry's properties are blocks of their own.
pub(super) fn recipients(place: Place<'_>, json: &Value) -> Result<*mut ADRLIST, Wrong> {
    let entries = value::to_list(json, |json| {
        let length =
            json.as_array().ok_or_else(|| Wrong::new("a recipient: a list of properties", json))?.len();
        Ok(ADRENTRY { ulReserved1: 0, cValues: count(length), rgPropVals: props_block(place, json)? })
    })?;
    place.block(cb_new_adrlist(entries.len()), |_, at: *mut ADRLIST| {
        // SAFETY: the block has room for the count and so many entries.
        unsafe {
            (&raw mut (*at).cEntries).write(count(entries.len()));
            ptr::copy_nonoverlapping(entries.as_ptr(), (&raw mut (*at).aEntries).cast(), entries.len());
        }
        Ok(())
    })
}

pub(super) fn rows(place: Place<'_>, json: &Value) -> Result<*mut SRowSet, Wrong> {
    let rows = value::to_list(json, |json| {
        let length = json.as_array().ok_or_else(|| Wrong::new("a row: a list of properties", json))?.len();
        Ok(SRow { ulAdrEntryPad: 0, cValues: count(length), lpProps: props_block(place, json)? })
    })?;
    place.block(cb_new_srow_set(rows.len()), |_, at: *mut SRowSet| {
        // SAFETY: the block has room for the count and so many rows.
        unsafe {
            (&raw mut (*at).cRows).write(count(rows.len()));
            ptr::copy_nonoverlapping(rows.as_ptr(), (&raw mut (*at).aRow).cast(), rows.len());
        }
        Ok(())
    })
}

pub(super) fn sort_order(place: Place<'_>, json: &Value) -> Result<*mut SSortOrderSet, Wrong> {
    let sort = |json: &Value| {
        let tag = value::to_tag(field(json, "tag")).map_err(|wrong| wrong.within("tag"))?;
        Ok(SSortOrder { ulPropTag: tag.0, ulOrder: part(json, "order")? })
    };
    let sorts = value::to_list(field(json, "sorts"), sort).map_err(|wrong| wrong.within("sorts"))?;
    place.block(cb_new_ssort_order_set(sorts.len()), |_, at: *mut SSortOrderSet| {
        // SAFETY: the block has room for the counts and so many columns.
        unsafe {
            (&raw mut (*at).cSorts).write(count(sorts.len()));
            (&raw mut (*at).cCategories).write(part(json, "categories")?);
            (&raw mut (*at).cExpanded).write(part(json, "expanded")?);
            ptr::copy_nonoverlapping(sorts.as_ptr(), (&raw mut (*at).aSort).cast(), sorts.len());
        }
        Ok(())
    })
}

pub(super) fn name(room: &dyn Room, json: &Value) -> Result<*mut MAPINAMEID, Wrong> {
    if json.is_null() {
        return Ok(ptr::null_mut());
    }
    let lpguid = match field(json, "set") {
        Value::Null => ptr::null_mut(),
        set => array(room, &[guid_from_bytes(value::to_sixteen(set).map_err(|wrong| wrong.within("set"))?)])?,
    };
    let mut kind = MAPINAMEID_KIND { lID_Reserved: 0 };
    let ulKind = match (json.get("name"), json.get("id")) {
        (Some(text), None) => {
            kind.lpwstrName = self::text(room, text, true).map_err(|wrong| wrong.within("name"))?.cast();
            flags::MNID_STRING
        }
        (None, Some(id)) => {
            kind.lID = value::to_u32(id).map_err(|wrong| wrong.within("id"))?.cast_signed();
            flags::MNID_ID
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(Wrong::new("a name: `set`, and either `id` or `name`", json));
        }
    };
    array(room, &[MAPINAMEID { lpguid, ulKind, Kind: kind }])
}

pub(super) fn option(room: &dyn Room, json: &Value, wide: bool) -> Result<OPTIONDATA, Wrong> {
    let lpRecipGUID = match field(json, "recipient") {
        Value::Null => ptr::null_mut(),
        guid => array(
            room,
            &[guid_from_bytes(value::to_sixteen(guid).map_err(|wrong| wrong.within("recipient"))?)],
        )?,
    };
    let (cbOptionsData, lpbOptionsData) = blob(room, json, "data")?;
    let (cOptionsProps, lpOptionsProps) =
        props(room, field(json, "props")).map_err(|wrong| wrong.within("props"))?;
    Ok(OPTIONDATA {
        ulFlags: part(json, "flags")?,
        lpRecipGUID,
        lpszAdrType: part_text(room, json, "address-type", wide)?,
        lpszDLLName: part_text(room, json, "library", wide)?,
        ulOrdinal: part(json, "ordinal")?,
        cbOptionsData,
        lpbOptionsData,
        cOptionsProps,
        lpOptionsProps,
    })
}

/// The cell of TransportNotify. A reference stands where the mock itself would put it: see `engine::reference`.
pub(super) fn cell(room: &Lent, json: &Value) -> Result<*mut *mut c_void, Wrong> {
    let data: *mut c_void = match (json.get("reference"), json.get("entry")) {
        (Some(number), _) => {
            let reference = Reference::new(value::to_u32(number).map_err(|wrong| wrong.within("reference"))?);
            let at = reference.ptr();
            room.keep(reference);
            at
        }
        (None, Some(_)) => {
            let (cb, lpb) = blob(room, json, "entry")?;
            array(room, &[SBinary { cb, lpb }])?.cast()
        }
        (None, None) => return Err(Wrong::new("`reference` or `entry`", json)),
    };
    array(room, &[data])
}

pub(super) fn stat(json: &Value) -> Result<STATSTG, Wrong> {
    let time = |key: &str| match json.get(key) {
        None => Ok(FILETIME::default()),
        Some(time) => value::to_u64(time).map(FILETIME::from_u64).map_err(|wrong| wrong.within(key)),
    };
    Ok(STATSTG {
        pwcsName: ptr::null_mut(),
        r#type: part(json, "type")?,
        cbSize: value::to_u64(field(json, "size")).map_err(|wrong| wrong.within("size"))?,
        mtime: time("modified")?,
        ctime: time("created")?,
        atime: time("accessed")?,
        grfMode: part(json, "mode")?,
        grfLocksSupported: part(json, "locks")?,
        clsid: match json.get("class") {
            None => guid_from_bytes([0; 16]),
            Some(class) => guid_from_bytes(value::to_sixteen(class).map_err(|wrong| wrong.within("class"))?),
        },
        grfStateBits: part(json, "state")?,
        reserved: 0,
    })
}
