//! From memory to JSON: each kind of parameter, once.

use crate::objects::args;
use std::ffi::c_void;

use mapi_spi::kinds::Wire;
use mapi_spi::structs::{
    ADRLIST, Elements, MAPIERROR, MAPINAMEID, MAPIUID, NOTIFKEY, OPTIONDATA, SBinary, SBinaryArray,
    SPropProblemArray, SPropTagArray, SPropValue, SRowSet, SSortOrderSet, STATSTG,
};
use mapi_spi::values::{FaultKind, PropValue, guid_to_bytes};
use mapi_spi::{GUID, HRESULT, PropTag, flags};
use serde_json::{Value, json};

use super::call::Call;
use super::{event, restriction, value};

/// Reads what a word stands for. The word is the argument itself, or what an output cell holds.
///
/// # Safety
///
/// The word belongs to the parameter at `index` of a call in progress, whose pointers are what the method demands.
#[allow(clippy::cast_possible_truncation, reason = "each arm takes the bytes that its kind has")]
pub(super) unsafe fn word(call: &Call<'_>, index: usize, word: u64) -> Value {
    let wire = call.method.params[index].wire;
    match wire {
        Wire::Ulong => return json!(word as u32),
        Wire::Long => return json!((word as u32).cast_signed()),
        Wire::UlongPtr | Wire::U64 | Wire::Size => return value::unsigned(word),
        Wire::I64 => return value::signed(word.cast_signed()),
        Wire::Hresult => return value::code(HRESULT((word as u32).cast_signed())),
        Wire::Tag => return value::tag(PropTag(word as u32)),
        _ if word == 0 => return Value::Null,
        _ => {}
    }
    let at = usize::try_from(word).unwrap_or_default() as *const c_void;
    // SAFETY: for this whole match: the pointer is not null, its kind says what stands there, the caller vouches for it.
    unsafe {
        match wire {
            Wire::Ulong
            | Wire::Long
            | Wire::UlongPtr
            | Wire::U64
            | Wire::Size
            | Wire::I64
            | Wire::Hresult
            | Wire::Tag => Value::Null,
            Wire::Tags => tags(at.cast()),
            Wire::Iid => value::iid(&at.cast::<GUID>().read_unaligned()),
            Wire::IidArray => {
                list(call.count_before(index), |k| value::iid(&at.cast::<GUID>().add(k).read_unaligned()))
            }
            Wire::Uid | Wire::UidValue => value::bytes(&at.cast::<MAPIUID>().read_unaligned().ab),
            Wire::UidArray => list(call.count_before(index), |k| {
                let uid = at.cast::<*const MAPIUID>().add(k).read_unaligned();
                if uid.is_null() { Value::Null } else { value::bytes(&uid.read_unaligned().ab) }
            }),
            Wire::Str => text(at, call.is_wide()),
            Wire::Str8 => text(at, false),
            Wire::StrArray => {
                let wide = call.is_wide();
                list(call.count_before(index), |k| {
                    text(at.cast::<*const c_void>().add(k).read_unaligned(), wide)
                })
            }
            Wire::Props => props(at.cast(), call.count_before(index)),
            Wire::Problems => {
                let problems = SPropProblemArray::elements(at.cast());
                all(problems, |problem| {
                    json!({
                        "index": problem.ulIndex,
                        "tag": value::tag(PropTag(problem.ulPropTag)),
                        "code": value::code(problem.scode),
                    })
                })
            }
            Wire::MapiError => error(at.cast(), call.is_wide()),
            Wire::EntryId | Wire::Bytes => bytes(at.cast(), call.count_before(index)),
            Wire::WriteBuffer => bytes(at.cast(), call.count_after(index)),
            Wire::EntryList => {
                let entries = at.cast::<SBinaryArray>().read_unaligned();
                all(Elements::new(entries.lpbin, entries.cValues), |one| binary(&one))
            }
            Wire::AdrList => {
                let entries = ADRLIST::elements(at.cast());
                all(entries, |entry| props(entry.rgPropVals, entry.cValues as usize))
            }
            Wire::RowSet => {
                let rows = SRowSet::elements(at.cast());
                all(rows, |row| props(row.lpProps, row.cValues as usize))
            }
            Wire::Restriction => restriction::read(at.cast(), 0),
            Wire::SortOrder => {
                let set = at.cast::<SSortOrderSet>().read_unaligned();
                let sorts = SSortOrderSet::elements(at.cast());
                json!({
                    "sorts": all(sorts, |sort| json!({
                        "tag": value::tag(PropTag(sort.ulPropTag)), "order": sort.ulOrder,
                    })),
                    "categories": set.cCategories,
                    "expanded": set.cExpanded,
                })
            }
            Wire::NotifKey => value::bytes(&NOTIFKEY::elements(at.cast()).collect::<Vec<_>>()),
            Wire::Notifications => list(call.count_before(index), |k| {
                event::read(&at.cast::<mapi_spi::structs::NOTIFICATION>().add(k).read_unaligned())
            }),
            Wire::Notification => event::read(&at.cast::<mapi_spi::structs::NOTIFICATION>().read_unaligned()),
            Wire::Options => list(call.count_before(index), |k| {
                option(&at.cast::<OPTIONDATA>().add(k).read_unaligned(), call.is_wide())
            }),
            Wire::Names | Wire::NameArray => list(call.count_before(index), |k| {
                name(at.cast::<*const MAPINAMEID>().add(k).read_unaligned())
            }),
            Wire::NotifyData => event::read_data(call.words[0] as u32, at),
            Wire::NotifyCell => cell(call.flags_given(), at.cast()),
            Wire::Object => call.peer.objects().reference(at.cast_mut(), call.interface_out(index)),
            Wire::Opaque => match call.interface_before(index) {
                Some(interface) => call.peer.objects().reference(at.cast_mut(), interface),
                None => call.peer.objects().known(at.cast_mut()),
            },
            Wire::Buffer => bytes(at.cast(), call.bytes_read(index)),
            Wire::Stat => stat(&at.cast::<STATSTG>().read_unaligned()),
        }
    }
}

/// What a cell of TransportNotify leads to (page: ixplogon-transportnotify).
///
/// # Safety
///
/// `at` points to a pointer that is null or points to the event's data.
unsafe fn cell(notified: u32, at: *const *const c_void) -> Value {
    // SAFETY: as the caller vouches.
    let data = unsafe { at.read_unaligned() };
    if data.is_null() {
        return Value::Null;
    }
    if notified & flags::NOTIFY_ABORT_DEFERRED != 0 {
        // SAFETY: with this flag the mock's data is an SBinary.
        return json!({ "entry": unsafe { binary(&data.cast::<SBinary>().read_unaligned()) } });
    }
    // SAFETY: without it the data is a reference of 32 bits.
    json!({ "reference": unsafe { data.cast::<u32>().read_unaligned() } })
}

pub(super) fn all<T: Copy>(elements: Elements<'_, T>, item: impl FnMut(T) -> Value) -> Value {
    Value::Array(elements.map(item).collect())
}

pub(super) fn list(count: usize, item: impl FnMut(usize) -> Value) -> Value {
    Value::Array((0..count).map(item).collect())
}

/// # Safety
///
/// `at` points to an array with as many tags as it says.
pub(super) unsafe fn tags(at: *const SPropTagArray) -> Value {
    // SAFETY: as the caller vouches.
    let tags = unsafe { SPropTagArray::elements(at) };
    all(tags, |tag| value::tag(PropTag(tag)))
}

/// # Safety
///
/// `at` is null or points to so many bytes.
pub(super) unsafe fn bytes(at: *const u8, count: usize) -> Value {
    if at.is_null() {
        return Value::Null;
    }
    // SAFETY: not null; the caller vouches for the count.
    value::bytes(unsafe { std::slice::from_raw_parts(at, count) })
}

/// # Safety
///
/// The pointer in it is null or points to as many bytes as the count says.
pub(super) unsafe fn binary(binary: &SBinary) -> Value {
    // SAFETY: as the caller vouches.
    unsafe { bytes(binary.lpb, binary.cb as usize) }
}

/// # Safety
///
/// `at` is null or points to a zero-terminated text of the width.
pub(super) unsafe fn text(at: *const c_void, wide: bool) -> Value {
    if at.is_null() {
        return Value::Null;
    }
    let tag = PropTag(if wide { 0x0001_001F } else { 0x0001_001E });
    let given = mapi_spi::structs::__UPV { lpszA: at.cast_mut().cast() };
    let prop = SPropValue { ulPropTag: tag.0, dwAlignPad: 0, Value: given };
    // SAFETY: as the caller vouches; both members of the union are pointers.
    match unsafe { PropValue::read(&prop) } {
        Ok(text) => value::value(&text),
        Err(fault) => value::value(&fault.value),
    }
}

/// # Safety
///
/// `at` is null or points to so many properties whose values are what their types say.
pub(super) unsafe fn props(at: *const SPropValue, count: usize) -> Value {
    if at.is_null() {
        return Value::Null;
    }
    // SAFETY: not null; the caller vouches for the count.
    list(count, |k| unsafe { prop(&at.add(k).read_unaligned()) })
}

/// # Safety
///
/// The value is what its type says.
pub(super) unsafe fn prop(prop: &SPropValue) -> Value {
    // SAFETY: as the caller vouches.
    match unsafe { PropValue::read(prop) } {
        Ok(read) => value::prop(prop.tag(), &read),
        // There is no such value to be sent: the other side is to see what is wrong with it.
        Err(fault) => {
            let what = match fault.kind {
                FaultKind::Null => "null",
                FaultKind::Unterminated => "unterminated",
                FaultKind::TooMany => "too-many",
            };
            json!({ "tag": value::tag(prop.tag()), "fault": what })
        }
    }
}

/// # Safety
///
/// `at` is null or points to a MAPIERROR with texts of the width.
pub(super) unsafe fn error(at: *const MAPIERROR, wide: bool) -> Value {
    if at.is_null() {
        return Value::Null;
    }
    // SAFETY: as the caller vouches.
    unsafe {
        let error = at.read_unaligned();
        json!({
            "version": error.ulVersion,
            "error": text(error.lpszError.cast(), wide),
            "component": text(error.lpszComponent.cast(), wide),
            "low-level": error.ulLowLevelError,
            "context": error.ulContext,
        })
    }
}

/// # Safety
///
/// `at` is null or points to a name.
unsafe fn name(at: *const MAPINAMEID) -> Value {
    if at.is_null() {
        return Value::Null;
    }
    // SAFETY: not null, hence a name; its kind says which member of the union holds.
    unsafe {
        let name = at.read_unaligned();
        let set = args::iid(name.lpguid).map(|set| value::bytes(&guid_to_bytes(&set)));
        if name.ulKind == flags::MNID_STRING {
            json!({ "set": set, "name": text(name.Kind.lpwstrName.cast(), true) })
        } else {
            json!({ "set": set, "id": name.Kind.lID })
        }
    }
}

/// # Safety
///
/// The pointers in it are null or lead to what its counts say.
unsafe fn option(option: &OPTIONDATA, wide: bool) -> Value {
    // SAFETY: as the caller vouches.
    unsafe {
        json!({
            "flags": option.ulFlags,
            "recipient": args::iid(option.lpRecipGUID).map(|guid| value::bytes(&guid_to_bytes(&guid))),
            "address-type": text(option.lpszAdrType.cast(), wide),
            "library": text(option.lpszDLLName.cast(), wide),
            "ordinal": option.ulOrdinal,
            "data": bytes(option.lpbOptionsData, option.cbOptionsData as usize),
            "props": props(option.lpOptionsProps, option.cOptionsProps as usize),
        })
    }
}

/// The attributes of a stream but for its name, which `Stat` need not give.
fn stat(stat: &STATSTG) -> Value {
    json!({
        "type": stat.r#type,
        "size": value::unsigned(stat.cbSize),
        "modified": value::unsigned(stat.mtime.to_u64()),
        "created": value::unsigned(stat.ctime.to_u64()),
        "accessed": value::unsigned(stat.atime.to_u64()),
        "mode": stat.grfMode,
        "locks": stat.grfLocksSupported,
        "class": value::bytes(&guid_to_bytes(&stat.clsid)),
        "state": stat.grfStateBits,
    })
}
