//! What a call's outputs hold, and the arguments of a call that is made.

use std::sync::{Mutex, PoisonError};

use mapi_spi::HRESULT;
use mapi_spi::kinds::Wire;
use mapi_spi::meta::{Direction, Method, Param};
use serde_json::{Map, Value, json};

use super::call::{Call, Width, pointer};
use super::read;
use super::write::{self, Lent, Place};
use crate::com::cell::{PATTERN, PATTERN_32};
use crate::objects::wire::Arena;
use crate::shim::wrong::Wrong;

/// In the place of a pointer that a failed call left in an output: nobody may follow it.
const LEFT_BEHIND: &str = "left behind";

/// Arrays that belong to an object and stay as they are while it lives (AddressTypes, RegisterOptions).
#[derive(Debug, Default)]
pub(in crate::shim) struct Kept(Mutex<Vec<Array>>);

#[derive(Debug)]
struct Array {
    name: &'static str,
    wide: bool,
    json: Value,
    word: u64,
    count: Option<usize>,
    _memory: Lent,
}

impl Kept {
    fn lay(&self, call: &Call<'_>, index: usize, json: &Value) -> Result<(u64, Option<usize>), Wrong> {
        let (name, wide) = (call.method.params[index].name, call.is_wide());
        let mut arrays = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) =
            arrays.iter().find(|array| array.name == name && array.wide == wide && array.json == *json)
        {
            return Ok((same.word, same.count));
        }
        let memory = Lent::new(Box::new(Arena::default()));
        let laid = write::pointed(call, index, json, Place::Lent(&memory))?;
        let (word, count) = (laid.word, laid.count);
        arrays.push(Array { name, wide, json: json.clone(), word, count, _memory: memory });
        Ok((word, count))
    }
}

/// The arguments of a call: `args`, the outputs that the caller does not want (`without`), and whether the wanted ones are
/// filled so that an output that is left unwritten can be seen (`pattern`).
///
/// # Safety
///
/// The words are the arguments of a call in progress, whose pointers are valid or null as the method demands.
pub(in crate::shim) unsafe fn arguments(call: &Call<'_>) -> Map<String, Value> {
    let (mut args, mut without, mut pattern) = (Map::new(), Vec::new(), false);
    for (index, (param, word)) in call.method.params.iter().zip(call.words).enumerate() {
        // SAFETY: passed on from the caller.
        let value = match param.direction {
            // SAFETY: passed on from the caller.
            Direction::In => unsafe { read::word(call, index, *word) },
            Direction::Out | Direction::InOut if *word == 0 => {
                without.push(param.name);
                continue;
            }
            // SAFETY: passed on from the caller.
            Direction::InOut => unsafe { read::word(call, index, load(param.wire, *word, call.width)) },
            Direction::Out => {
                // SAFETY: passed on from the caller.
                pattern |= !is_in_place(param.wire) && unsafe { load(param.wire, *word, call.width) } != 0;
                continue;
            }
        };
        if !value.is_null() {
            args.insert(param.name.to_owned(), value);
        }
    }
    let mut map = Map::from_iter([("args".to_owned(), Value::Object(args))]);
    if !without.is_empty() {
        map.insert("without".to_owned(), json!(without));
    }
    if pattern {
        map.insert("pattern".to_owned(), json!(true));
    }
    map
}

/// The outputs of a call that returned. Those named in `hidden` are the callee's own affair; those that still hold the
/// pattern were not written.
///
/// # Safety
///
/// As for [`arguments`], after the call has returned.
pub(in crate::shim) unsafe fn results(
    call: &Call<'_>,
    code: HRESULT,
    hidden: &[usize],
) -> Map<String, Value> {
    let mut out = Map::new();
    for (index, (param, word)) in call.method.params.iter().zip(call.words).enumerate() {
        if param.direction == Direction::In || *word == 0 || hidden.contains(&index) {
            continue;
        }
        if is_in_place(param.wire) {
            if code.is_ok() {
                // SAFETY: passed on from the caller.
                out.insert(param.name.to_owned(), unsafe { read::word(call, index, *word) });
            }
            continue;
        }
        // SAFETY: passed on from the caller.
        let loaded = unsafe { load(param.wire, *word, call.width) };
        if is_pattern(loaded) {
            continue;
        }
        let followed = code.is_ok() || write::is_number(param.wire) || param.wire == Wire::MapiError;
        let value = if followed || param.wire == Wire::Object {
            // SAFETY: passed on from the caller.
            unsafe { read::word(call, index, loaded) }
        } else if loaded == 0 {
            Value::Null
        } else {
            json!(LEFT_BEHIND)
        };
        out.insert(param.name.to_owned(), value);
    }
    out
}

/// Puts the outputs of a call that the other side answered into the caller's cells. Outputs that are not named are left as
/// they are.
///
/// # Errors
///
/// What is wrong with the answer; nothing of it is to be used then.
///
/// # Safety
///
/// The words are the arguments of a call in progress, whose pointers are valid or null as the method demands.
pub(in crate::shim) unsafe fn accept(
    call: &Call<'_>,
    code: HRESULT,
    out: &Value,
    kept: &Kept,
) -> Result<(), Wrong> {
    let empty = Map::new();
    let out = match out {
        Value::Null => &empty,
        Value::Object(out) => out,
        other => return Err(Wrong::new("an object with the outputs", other).within("out")),
    };
    known_names(out, call.method, |param| param.direction != Direction::In)
        .map_err(|wrong| wrong.within("out"))?;
    // Numbers first: lengths and flags say how the rest is laid down.
    for pass in [true, false] {
        for (index, (param, word)) in call.method.params.iter().zip(call.words).enumerate() {
            let Some(json) = out.get(param.name).filter(|_| param.direction != Direction::In && *word != 0)
            else {
                continue;
            };
            if write::is_number(param.wire) != pass {
                continue;
            }
            // SAFETY: passed on from the caller.
            unsafe { accept_one(call, index, *word, code, json, out, kept) }
                .map_err(|wrong| wrong.within(param.name).within("out"))?;
        }
    }
    Ok(())
}

unsafe fn accept_one(
    call: &Call<'_>,
    index: usize,
    word: u64,
    code: HRESULT,
    json: &Value,
    out: &Map<String, Value>,
    kept: &Kept,
) -> Result<(), Wrong> {
    let param = &call.method.params[index];
    if write::is_number(param.wire) {
        let number = write::number(call, index, json)?;
        // SAFETY: a cell of this kind, as the caller vouches, here and below.
        unsafe { store(param.wire, word, number, call.width) };
        return Ok(());
    }
    if code.is_err() && json.as_str() == Some(LEFT_BEHIND) {
        static NOWHERE: u64 = 0;
        // SAFETY: passed on from the caller.
        unsafe { store(param.wire, word, &raw const NOWHERE as usize as u64, call.width) };
        return Ok(());
    }
    match param.wire {
        // SAFETY: passed on from the caller.
        Wire::Buffer => return unsafe { fill(call, index, word, json, out) },
        Wire::UidValue | Wire::Stat => {
            let lent = Lent::new(Box::new(Arena::default()));
            let laid = write::pointed(call, index, json, Place::Lent(&lent))?;
            if laid.word != 0 {
                let size =
                    if param.wire == Wire::Stat { size_of::<mapi_spi::structs::STATSTG>() } else { 16 };
                // SAFETY: both places have the size of the kind, and do not overlap: one is new.
                unsafe {
                    std::ptr::copy_nonoverlapping(
                        pointer(laid.word).cast::<u8>(),
                        pointer(word).cast(),
                        size,
                    );
                };
            }
            return Ok(());
        }
        _ => {}
    }
    let (laid, count) = match param.wire {
        Wire::StrArray | Wire::UidArray | Wire::Options if !json.is_null() => kept.lay(call, index, json)?,
        _ => {
            let laid = write::pointed(call, index, json, Place::Mapi)?;
            (laid.word, laid.count)
        }
    };
    if let (true, Some(count)) = (param.wire.counted_by_previous(), count) {
        let before = &call.method.params[index - 1];
        agrees(before, out.get(before.name), count)?;
        if call.words[index - 1] != 0 {
            // SAFETY: passed on from the caller.
            unsafe { store(before.wire, call.words[index - 1], count as u64, call.width) };
        }
    }
    // SAFETY: passed on from the caller.
    unsafe { store(param.wire, word, laid, call.width) };
    Ok(())
}

/// Puts bytes into the caller's buffer, and their number into the cell for it.
unsafe fn fill(
    call: &Call<'_>,
    index: usize,
    word: u64,
    json: &Value,
    out: &Map<String, Value>,
) -> Result<(), Wrong> {
    let bytes = super::value::to_bytes(json)?;
    let size = call.count_after(index);
    if bytes.len() > size {
        return Err(Wrong::told(format!("at most {size} bytes"), format!("{} bytes", bytes.len())));
    }
    let read = &call.method.params[index + 2];
    agrees(read, out.get(read.name), bytes.len())?;
    // SAFETY: the buffer has room for `size` bytes, as the caller of the method says.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), pointer(word).cast(), bytes.len());
        if call.words[index + 2] != 0 {
            store(read.wire, call.words[index + 2], bytes.len() as u64, call.width);
        }
    }
    Ok(())
}

/// Whether a count that is told beside its array is the array's length.
pub(super) fn agrees(param: &Param, told: Option<&Value>, length: usize) -> Result<(), Wrong> {
    match told {
        None => Ok(()),
        Some(told) if told.as_u64() == Some(length as u64) => Ok(()),
        Some(told) => {
            Err(Wrong::new(format!("`{}`: {length}, the length of what it counts", param.name), told))
        }
    }
}

/// Whether an object has no other keys than the names of these parameters.
pub(super) fn known_names(
    given: &Map<String, Value>,
    method: &Method,
    takes: impl Fn(&Param) -> bool,
) -> Result<(), Wrong> {
    let unknown = given
        .keys()
        .find(|key| !method.params.iter().any(|param| takes(param) && param.name == key.as_str()));
    match unknown {
        None => Ok(()),
        Some(key) => {
            let names: Vec<_> = method
                .params
                .iter()
                .filter(|param| takes(param))
                .map(|param| format!("`{}`", param.name))
                .collect();
            let due =
                if names.is_empty() { "nothing".to_owned() } else { format!("only {}", names.join(", ")) };
            Err(Wrong::told(due, crate::shim::wrong::quote(key.as_bytes())))
        }
    }
}

pub(super) fn is_in_place(wire: Wire) -> bool {
    matches!(wire, Wire::Buffer | Wire::UidValue | Wire::Stat)
}

fn is_pattern(loaded: u64) -> bool {
    loaded == PATTERN || loaded == PATTERN_32
}

/// What a cell holds, as a register image.
///
/// # Safety
///
/// The word points to a cell of the kind.
pub(super) unsafe fn load(wire: Wire, word: u64, width: Width) -> u64 {
    let at = pointer(word);
    // SAFETY: as the caller vouches; cells of 32 bits may stand anywhere.
    unsafe {
        match wire {
            Wire::Ulong | Wire::Long | Wire::Tag | Wire::Hresult => {
                u64::from(at.cast::<u32>().read_unaligned())
            }
            Wire::UlongPtr if width == Width::Four => u64::from(at.cast::<u32>().read_unaligned()),
            Wire::UlongPtr | Wire::U64 | Wire::I64 => at.cast::<u64>().read_unaligned(),
            _ => at.cast::<usize>().read_unaligned() as u64,
        }
    }
}

/// Puts a value into a cell.
///
/// # Safety
///
/// The word points to a cell of the kind.
#[allow(clippy::cast_possible_truncation, reason = "each arm stores the bytes that the cell has")]
pub(in crate::shim) unsafe fn store(wire: Wire, word: u64, value: u64, width: Width) {
    let at = pointer(word);
    // SAFETY: as for `load`.
    unsafe {
        match wire {
            Wire::Ulong | Wire::Long | Wire::Tag | Wire::Hresult => {
                at.cast::<u32>().write_unaligned(value as u32);
            }
            Wire::UlongPtr if width == Width::Four => at.cast::<u32>().write_unaligned(value as u32),
            Wire::UlongPtr | Wire::U64 | Wire::I64 => at.cast::<u64>().write_unaligned(value),
            _ => at.cast::<usize>().write_unaligned(value as usize),
        }
    }
}
