//! How arguments, results and property values look in the trace.
//!
//! Everything here reads memory that belongs to somebody else, after the description in `mapi_spi::meta`.

use crate::objects::args;
use std::ffi::c_void;

use mapi_spi::kinds::Wire;
use mapi_spi::meta::{Direction, Method, Note, Param};
use mapi_spi::structs::{
    ADRLIST, Elements, MAPIERROR, MAPINAMEID, MAPIUID, NOTIFICATION, NOTIFKEY, SBinary, SBinaryArray,
    SPropProblemArray, SPropTagArray, SPropValue, SRowSet, SSortOrderSet,
};
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag, flags};
use serde_json::{Value, json};

use crate::com::cell::{PATTERN, PATTERN_32};
use crate::com::gate::{announce_theirs, known_name, name_of};
use crate::com::ours::iid_of;
use crate::trace::notification;
use crate::trace::told::{Name, Shown, Values};
use crate::trace::value::{SHORT, bytes, hex, row, text};

/// More rows, values or tags than this are not listed.
pub(super) const MANY: usize = 1024;

/// Which side an output cell belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cells {
    /// Ours: always eight bytes.
    Ours,
    /// The candidate's: four bytes for what older headers call ULONG.
    Theirs,
}

/// The arguments of a call on entry: `in` and `inout` parameters.
///
/// # Safety
///
/// `words` are the register images of the arguments of a call in progress, whose pointers are valid or null as the method
/// demands.
pub unsafe fn arguments(method: &Method, words: &[u64]) -> Values {
    let mut values = Values::new();
    for (index, param) in method.params.iter().enumerate() {
        let word = words[index];
        let value = match param.direction {
            Direction::Out => continue,
            // SAFETY: passed on from the caller.
            Direction::In => unsafe { render(method, words, index, word) },
            // SAFETY: as above.
            Direction::InOut if word != 0 => unsafe {
                render(method, words, index, load(param, word, Cells::Theirs))
            },
            Direction::InOut => Value::Null.into(),
        };
        values.insert(param.name.into(), value);
    }
    values
}

/// The outputs of a call that succeeded, and the names of those that still hold the pattern put there beforehand.
///
/// # Safety
///
/// As for [`arguments`], after the call returned with success.
pub unsafe fn outputs(method: &Method, words: &[u64]) -> (Values, Vec<Name>) {
    // SAFETY: passed on from the caller.
    unsafe { read_outputs(method, words, true, Cells::Ours) }
}

/// The outputs that we wrote for the candidate, into its own cells.
///
/// # Safety
///
/// As for [`arguments`], after we answered the call with success.
pub unsafe fn our_outputs(method: &Method, words: &[u64]) -> Values {
    // SAFETY: passed on from the caller.
    unsafe { read_outputs(method, words, true, Cells::Theirs).0 }
}

/// The outputs of a call that failed: numbers, and whether pointers were left behind; nothing is followed.
///
/// # Safety
///
/// As for [`arguments`], after the call returned.
pub unsafe fn outputs_of_failure(method: &Method, words: &[u64]) -> (Values, Vec<Name>) {
    // SAFETY: passed on from the caller.
    let (mut values, unwritten) = unsafe { read_outputs(method, words, false, Cells::Ours) };
    // What failed has no outputs but these: a reference, a time to wait, flags, an object or array left behind.
    values.retain(|_, value| !value.is_null());
    (values, unwritten)
}

unsafe fn read_outputs(method: &Method, words: &[u64], follow: bool, cells: Cells) -> (Values, Vec<Name>) {
    let mut values = Values::new();
    let mut unwritten = Vec::new();
    for (index, param) in method.params.iter().enumerate() {
        let word = words[index];
        if param.direction == Direction::In || word == 0 {
            continue;
        }
        if matches!(param.wire, Wire::Buffer | Wire::UidValue | Wire::Stat) {
            // SAFETY: filled in place; passed on from the caller.
            values.insert(param.name.into(), unsafe { in_place(method, words, index, word) }.into());
            continue;
        }
        // SAFETY: passed on from the caller.
        let loaded = unsafe { load(param, word, cells) };
        if cells == Cells::Ours && (loaded == PATTERN || loaded == PATTERN_32) {
            unwritten.push(param.name.into());
            continue;
        }
        let value = if follow || is_number(param.wire) || param.wire == Wire::MapiError {
            // SAFETY: as above.
            unsafe { render(method, words, index, loaded) }
        } else if loaded == 0 {
            Value::Null.into()
        } else {
            "left behind".into()
        };
        values.insert(param.name.into(), value);
    }
    (values, unwritten)
}

/// Nulls the output pointers of a call whose result was ordered by the case.
///
/// # Safety
///
/// As for [`arguments`].
pub unsafe fn clear_outputs(method: &Method, words: &[u64]) {
    for (param, word) in method.params.iter().zip(words) {
        if param.direction == Direction::Out && *word != 0 && param.wire == Wire::Object {
            // SAFETY: an output parameter of a call in progress, of pointer size.
            unsafe {
                address(*word).cast_mut().cast::<*mut c_void>().write_unaligned(std::ptr::null_mut());
            };
        }
    }
}

fn is_number(wire: Wire) -> bool {
    matches!(
        wire,
        Wire::Ulong | Wire::Long | Wire::UlongPtr | Wire::U64 | Wire::I64 | Wire::Hresult | Wire::Tag
    )
}

/// The value in an output cell as a register image.
unsafe fn load(param: &Param, cell: u64, cells: Cells) -> u64 {
    let address = address(cell);
    // SAFETY: the caller vouches for the cell; unaligned reads because a 32-bit cell may stand anywhere.
    unsafe {
        match param.wire {
            Wire::Ulong | Wire::Long | Wire::Tag | Wire::Hresult => {
                u64::from(address.cast::<u32>().read_unaligned())
            }
            Wire::UlongPtr if cells == Cells::Theirs => u64::from(address.cast::<u32>().read_unaligned()),
            Wire::U64 | Wire::I64 => address.cast::<u64>().read_unaligned(),
            _ => address.cast::<usize>().read_unaligned() as u64,
        }
    }
}

fn address(word: u64) -> *const c_void {
    usize::try_from(word).unwrap_or_default() as *const c_void
}

/// The count of an array: the parameter before it, read through its pointer where it is an output.
pub(crate) unsafe fn count_before(method: &Method, words: &[u64], index: usize) -> usize {
    let Some(before) = index.checked_sub(1) else { return 0 };
    let word = words[before];
    let count = match method.params[before].direction {
        Direction::In => word,
        _ if word == 0 => 0,
        // SAFETY: a count is a ULONG output; the caller vouches for it.
        _ => u64::from(unsafe { address(word).cast::<u32>().read_unaligned() }),
    };
    usize::try_from(count & 0xffff_ffff).unwrap_or(usize::MAX)
}

/// Whether the strings of this call are wide: MAPI_UNICODE in its flags.
pub(crate) unsafe fn wide(method: &Method, words: &[u64]) -> bool {
    method.params.iter().zip(words).any(|(param, word)| {
        let value = match (param.name, param.direction) {
            ("ulFlags" | "ulOpenFlags", Direction::In) => *word,
            ("lpulFlags", _) if *word != 0 => {
                // SAFETY: a flags cell is a ULONG; the caller vouches for it.
                u64::from(unsafe { address(*word).cast::<u32>().read_unaligned() })
            }
            _ => 0,
        };
        value & u64::from(flags::MAPI_UNICODE) != 0
    })
}

#[allow(clippy::cast_possible_truncation, reason = "each arm takes the bytes that its kind has")]
unsafe fn render(method: &Method, words: &[u64], index: usize, word: u64) -> Shown {
    let param = &method.params[index];
    let at = address(word);
    if word == 0 && !is_number(param.wire) && param.wire != Wire::Size {
        return Value::Null.into();
    }
    // SAFETY: for this whole match: the pointer is not null, its kind says what stands there, the caller vouches for it.
    unsafe {
        match param.wire {
            Wire::Ulong => match param.note {
                Note::Flags(set) => set.render(word as u32).into(),
                _ => (word as u32).into(),
            },
            Wire::Long => (word as u32).cast_signed().into(),
            Wire::UlongPtr | Wire::U64 | Wire::Size => word.into(),
            Wire::I64 => word.cast_signed().into(),
            Wire::Hresult => HRESULT((word as u32).cast_signed()).to_string().into(),
            Wire::Tag => tag_name(PropTag(word as u32)).into(),
            Wire::Tags => tags(at.cast()),
            Wire::Iid => iid(&at.cast::<GUID>().read_unaligned()).into(),
            Wire::IidArray => {
                list(count_before(method, words, index), |k| iid(&at.cast::<GUID>().add(k).read_unaligned()))
            }
            Wire::Uid | Wire::UidValue => hex(&at.cast::<MAPIUID>().read_unaligned().ab).into(),
            Wire::UidArray => list(count_before(method, words, index), |k| {
                let uid = at.cast::<*const MAPIUID>().add(k).read_unaligned();
                if uid.is_null() { Value::Null } else { json!(hex(&(*uid).ab)) }
            }),
            Wire::Str => string(at, wide(method, words)).into(),
            Wire::Str8 => string(at, false).into(),
            Wire::StrArray => {
                let wide = wide(method, words);
                list(count_before(method, words, index), |k| {
                    let text = at.cast::<*const c_void>().add(k).read_unaligned();
                    if text.is_null() { Value::Null } else { string(text, wide) }
                })
            }
            Wire::Props => row(at.cast(), count_before(method, words, index)),
            Wire::Problems => all(
                SPropProblemArray::elements(at.cast()),
                |problem| json!({"index": problem.ulIndex, "tag": tag_name(PropTag(problem.ulPropTag)), "code": HRESULT(problem.scode.0).to_string()}),
            ),
            Wire::MapiError => {
                let error = at.cast::<MAPIERROR>().read_unaligned();
                let wide = wide(method, words);
                let text = |p: *mut u8| if p.is_null() { Value::Null } else { string(p.cast(), wide) };
                json!({"version": error.ulVersion, "error": text(error.lpszError), "component": text(error.lpszComponent),
                       "low-level": error.ulLowLevelError, "context": error.ulContext}).into()
            }
            Wire::EntryId | Wire::Bytes => {
                let count = count_before(method, words, index);
                bytes(std::slice::from_raw_parts(at.cast(), count), SHORT).into()
            }
            Wire::WriteBuffer => {
                let count = words.get(index + 1).map_or(0, |count| (*count & 0xffff_ffff) as usize);
                bytes(std::slice::from_raw_parts(at.cast(), count), SHORT).into()
            }
            Wire::EntryList => {
                let list_of = at.cast::<SBinaryArray>().read_unaligned();
                all(Elements::new(list_of.lpbin, list_of.cValues), |one| binary(&one))
            }
            Wire::AdrList => {
                let entries = ADRLIST::elements(at.cast());
                all(entries, |entry| row(entry.rgPropVals, entry.cValues as usize))
            }
            Wire::RowSet => {
                let rows = SRowSet::elements(at.cast());
                all(rows, |one| row(one.lpProps, one.cValues as usize))
            }
            Wire::SortOrder => {
                let sorts = SSortOrderSet::elements(at.cast());
                all(sorts, |sort| json!([tag_name(PropTag(sort.ulPropTag)), sort.ulOrder]))
            }
            Wire::NotifKey => bytes(&NOTIFKEY::elements(at.cast()).collect::<Vec<_>>(), SHORT).into(),
            Wire::Notifications => list(count_before(method, words, index), |k| {
                notification::event(&at.cast::<NOTIFICATION>().add(k).read_unaligned())
            }),
            Wire::Notification => notification::event(&at.cast::<NOTIFICATION>().read_unaligned()).into(),
            Wire::Names => list(count_before(method, words, index), |k| {
                name(at.cast::<*const MAPINAMEID>().add(k).read_unaligned())
            }),
            Wire::NameArray => list(count_before(method, words, index), |k| {
                name(at.cast::<*const MAPINAMEID>().add(k).read_unaligned())
            }),
            Wire::Options => json!({"count": count_before(method, words, index)}).into(),
            Wire::NotifyData => notify_data(words[0] as u32, at).into(),
            Wire::NotifyCell => {
                let data = at.cast::<*const u32>().read_unaligned();
                if data.is_null() { Value::Null.into() } else { data.read_unaligned().into() }
            }
            Wire::Object => match (param.direction, param.note) {
                (Direction::Out, Note::Interface("IUnknown")) => {
                    announce_theirs(at.cast_mut(), opened_interface(method, words)).into()
                }
                (Direction::Out, Note::Interface(interface)) => {
                    announce_theirs(at.cast_mut(), interface).into()
                }
                // A store passes messages that it has opened itself, too.
                (Direction::In, Note::Interface("IMessage")) => {
                    known_name(at.cast_mut(), "their-message").into()
                }
                _ => name_of(at.cast_mut()).into(),
            },
            Wire::Restriction | Wire::Opaque | Wire::Buffer | Wire::Stat => "pointer".into(),
        }
    }
}

/// What SpoolerNotify's data is, by its flags.
unsafe fn notify_data(notified: u32, at: *const c_void) -> Value {
    if notified & flags::NOTIFY_SENTDEFERRED != 0 {
        // SAFETY: with this flag the page asks for an SBinary.
        return unsafe { binary(&at.cast::<SBinary>().read_unaligned()) };
    }
    if notified & flags::NOTIFY_NEWMAIL_RECEIVED != 0 {
        // SAFETY: with this flag the page asks for a NEWMAIL_NOTIFICATION; a NOTIFICATION, which some pass, is longer.
        return unsafe { notification::of_spooler_notify(at) };
    }
    json!("pointer")
}

/// The interface of an object that a method opened, where its declaration leaves that to its arguments: by the identifier that
/// was asked for, else by the type that was returned.
unsafe fn opened_interface(method: &Method, words: &[u64]) -> &'static str {
    let word = |name: &str| {
        let index = method.params.iter().position(|param| param.name == name)?;
        Some(words[index]).filter(|word| *word != 0)
    };
    if let Some(asked) = word("lpiid").or_else(|| word("lpInterface")) {
        // SAFETY: an argument of the call: an identifier.
        let asked = unsafe { address(asked).cast::<GUID>().read_unaligned() };
        let named = mapi_spi::meta::INTERFACES.iter().find(|one| iid_of(one.name) == Some(asked));
        if let Some(interface) = named {
            return interface.name;
        }
    }
    // SAFETY: an output of the call: a ULONG, which we or the candidate gave.
    match word("lpulObjType").map(|cell| unsafe { address(cell).cast::<u32>().read_unaligned() }) {
        Some(flags::MAPI_STORE) => "IMsgStore",
        Some(flags::MAPI_FOLDER) => "IMAPIFolder",
        Some(flags::MAPI_MESSAGE) => "IMessage",
        _ => "IUnknown",
    }
}

unsafe fn in_place(method: &Method, words: &[u64], index: usize, word: u64) -> Value {
    match method.params[index].wire {
        Wire::Buffer => {
            // ISequentialStream::Read: the count that was read follows, where the caller asked for it.
            let read = words.get(index + 2).copied().unwrap_or_default();
            if read == 0 {
                return json!("bytes");
            }
            // SAFETY: the outputs of a call that returned; the caller vouches for them.
            unsafe {
                let count = address(read).cast::<u32>().read_unaligned() as usize;
                bytes(std::slice::from_raw_parts(address(word).cast(), count), SHORT)
            }
        }
        // SAFETY: sixteen bytes, filled in place.
        Wire::UidValue => json!(hex(unsafe { &(*address(word).cast::<MAPIUID>()).ab })),
        _ => json!("filled"),
    }
}

fn all<T: Copy, S: Into<Shown>>(elements: Elements<'_, T>, mut item: impl FnMut(T) -> S) -> Shown {
    list(elements.len(), |k| elements.get(k).map_or(Value::Null.into(), |element| item(element).into()))
}

fn list<S: Into<Shown>>(count: usize, mut item: impl FnMut(usize) -> S) -> Shown {
    let mut items: Vec<Shown> = (0..count.min(MANY)).map(|k| item(k).into()).collect();
    if count > MANY {
        items.push(format!("... {count} in all").into());
    }
    Shown::List(items)
}

unsafe fn tags(at: *const SPropTagArray) -> Shown {
    // SAFETY: passed on from the caller.
    let tags = unsafe { SPropTagArray::elements(at) };
    all(tags, |tag| json!(tag_name(PropTag(tag))))
}

unsafe fn name(at: *const MAPINAMEID) -> Value {
    if at.is_null() {
        return Value::Null;
    }
    // SAFETY: not null; the caller vouches for it. The kind says which member of the union holds.
    unsafe {
        let name = at.read_unaligned();
        let set = args::iid(name.lpguid).map_or(Value::Null, |set| iid(&set));
        if name.ulKind == flags::MNID_STRING {
            json!([set, string(name.Kind.lpwstrName.cast(), true)])
        } else {
            json!([set, name.Kind.lID])
        }
    }
}

/// Bytes that a structure points to, with their count.
///
/// # Safety
///
/// `at` is null or points to so many bytes.
pub(super) unsafe fn counted(count: u32, at: *const c_void) -> Value {
    if at.is_null() {
        return Value::Null;
    }
    // SAFETY: not null; the caller vouches for the count.
    bytes(unsafe { std::slice::from_raw_parts(at.cast(), count as usize) }, SHORT)
}

/// A zero-terminated string that a structure points to.
///
/// # Safety
///
/// `at` is null or points to such a string of this width.
pub(super) unsafe fn terminated(at: *const c_void, wide: bool) -> Value {
    // SAFETY: passed on from the caller.
    if at.is_null() { Value::Null } else { unsafe { string(at, wide) } }
}

fn tag_name(tag: PropTag) -> String {
    tag.to_string()
}

unsafe fn binary(value: &SBinary) -> Value {
    if value.lpb.is_null() {
        return Value::Null;
    }
    // SAFETY: not null; the caller vouches for the count.
    bytes(unsafe { std::slice::from_raw_parts(value.lpb, value.cb as usize) }, SHORT)
}

unsafe fn string(at: *const c_void, wide: bool) -> Value {
    let tag = if wide { PropTag(0x0001_001F) } else { PropTag(0x0001_001E) };
    let mut prop = SPropValue {
        ulPropTag: tag.0,
        dwAlignPad: 0,
        Value: mapi_spi::structs::__UPV { lpszA: at.cast_mut().cast() },
    };
    if wide {
        prop.Value.lpszW = at.cast_mut().cast();
    }
    // SAFETY: the caller vouches for a string of this width.
    let value = unsafe { PropValue::read(&prop) };
    match value {
        Ok(value) => text(value.to_text().unwrap_or_default(), SHORT),
        Err(fault) => json!({"fault": fault.to_string()}),
    }
}

/// An interface identifier by name, or as it is.
#[must_use]
pub fn iid(guid: &GUID) -> Value {
    mapi_spi::meta::INTERFACES
        .iter()
        .map(|interface| interface.name)
        .chain(["IUnknown"])
        .find(|name| iid_of(name) == Some(*guid))
        .map_or_else(|| json!(format!("{guid:?}")), |name| json!(format!("IID_{name}")))
}
