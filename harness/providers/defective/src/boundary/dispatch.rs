//! The one way through: a call arrives, the defect sees it, its objects are translated, it is passed on.

use std::ffi::c_void;

use mapi_spi::kinds::Wire;
use mapi_spi::meta::{Direction, Method, Note, Param};
use mapi_spi::words::{self, ADD_REF, Answer, FromWord as _, QUERY_INTERFACE, RELEASE, Through, word_of};
use mapi_spi::{GUID, HRESULT};

use super::call::Call;
use super::proxy::{self, Proxy, Side};
use super::{invalid, memory};
use crate::hooks::{self, Flow};

/// Passes a call on, with these arguments.
pub(crate) type Forward<'a> = &'a dyn Fn(&mut [u64]) -> u64;

/// Answers the calls on proxies: all of them come here.
#[derive(Debug)]
pub(super) enum Proxies {}

impl Answer for Proxies {
    fn answer(this: *mut c_void, method: &'static Method, words: &mut [u64], through: Through) -> u64 {
        dispatch(this, method, words, through)
    }
}

fn dispatch(this: *mut c_void, method: &'static Method, words: &mut [u64], through: Through) -> u64 {
    let Some(proxy) = proxy::at(this) else {
        // Nobody has such a pointer but by a mistake of the caller.
        return u64::from(HRESULT::MAPI_E_INVALID_OBJECT.to_u32());
    };
    let forward = |words: &mut [u64]| translated(proxy, method, words, through);
    run(Call { proxy: Some(proxy), method, words, result: 0, forward: &forward })
}

/// A call of a function that stands alone.
pub(crate) fn call_through(method: &'static Method, words: &mut [u64], forward: Forward<'_>) -> u64 {
    run(Call { proxy: None, method, words, result: 0, forward })
}

fn run(mut call: Call<'_>) -> u64 {
    hooks::note_before(&call);
    match hooks::hooks().map_or(Flow::Forward, |defect| defect.run_before(&mut call)) {
        Flow::Forward => call.forward(),
        Flow::Answered => {}
    }
    if let Some(defect) = hooks::hooks() {
        defect.run_after(&mut call);
    }
    hooks::note_after(&call);
    call.result
}

fn translated(proxy: &'static Proxy, method: &'static Method, words: &mut [u64], through: Through) -> u64 {
    let theirs = match proxy.side() {
        Side::Provider => Side::Spooler,
        Side::Spooler => Side::Provider,
    };
    let before = before(method, words);
    let mut inward = words.to_vec();
    for (param, word) in method.params.iter().zip(&mut inward) {
        if param.direction == Direction::In && proxy.interface().name != "IMalloc" {
            *word = word_of(crossing(param, <*mut c_void>::from_word(*word), theirs, method, words));
        }
    }
    if std::ptr::eq(method, &RELEASE) {
        proxy.released();
    }
    // SAFETY: the object is the one that the proxy stands for, and the words are the caller's arguments, whose objects
    // have been exchanged for what the object's side knows.
    let result = unsafe { through(proxy.inner(), &inward) };
    if std::ptr::eq(method, &ADD_REF) {
        proxy.referenced();
    } else if std::ptr::eq(method, &RELEASE) {
        proxy.forget_if_gone();
    } else if method.name == "MakeInvalid" {
        if HRESULT::from_word(result).is_ok() {
            invalid::take_over(words);
        }
    } else if method.returns_hresult && HRESULT::from_word(result).is_ok() {
        outputs(proxy, method, words, &before);
    }
    result
}

/// What the outputs for objects hold before the call: what is unchanged afterwards was not written.
fn before(method: &'static Method, words: &[u64]) -> Vec<usize> {
    let cells = method.params.iter().zip(words);
    cells.map(|(param, word)| if is_object_output(param) { peek(*word) } else { 0 }).collect()
}

fn is_object_output(param: &Param) -> bool {
    param.direction != Direction::In && param.wire == Wire::Object
}

fn peek(cell: u64) -> usize {
    let cell = <*mut usize>::from_word(cell);
    // SAFETY: not null, and an output parameter of pointer type that the caller vouches for.
    if cell.is_null() { 0 } else { unsafe { cell.read_volatile() } }
}

/// An argument as the other side knows it. `owner` says whose a plain object is.
fn crossing(param: &Param, pointer: *mut c_void, owner: Side, method: &Method, words: &[u64]) -> *mut c_void {
    if pointer.is_null() {
        return pointer;
    }
    match (param.wire, param.note) {
        (Wire::Object, Note::Interface(declared)) => match proxy::at(pointer) {
            Some(proxy) => proxy.inner(),
            None => proxy::wrap(pointer, owner, actual(declared, method, words)),
        },
        // An untyped pointer may be an object that is known already (MakeInvalid, CopyTo).
        (Wire::Opaque, _) => match (proxy::at(pointer), proxy::of(pointer)) {
            (Some(proxy), _) => proxy.inner(),
            (None, Some(proxy)) if proxy.side() == owner => proxy.raw(),
            (None, _) => pointer,
        },
        _ => pointer,
    }
}

fn outputs(proxy: &'static Proxy, method: &'static Method, words: &[u64], before: &[usize]) {
    if std::ptr::eq(method, &QUERY_INTERFACE) {
        return queried(proxy, words);
    }
    if method.name == "GetMemAllocRoutines" {
        return memory::replace_routines(words);
    }
    for (index, param) in method.params.iter().enumerate() {
        let (Some(cell), Note::Interface(declared)) = (words.get(index), param.note) else { continue };
        let value = peek(*cell);
        if !is_object_output(param) || value == 0 || before.get(index) == Some(&value) {
            continue;
        }
        let raw = value as *mut c_void;
        let seen = match proxy::at(raw) {
            Some(own) => own.inner(),
            None => {
                let declared = by_type(method, words).unwrap_or(declared);
                proxy::wrap(raw, proxy.side(), actual(declared, method, words))
            }
        };
        hand_out(*cell, seen);
    }
}

/// `QueryInterface` on a proxy: the same proxy wherever the object stays the same, as COM asks for its identity.
fn queried(proxy: &'static Proxy, words: &[u64]) {
    let (Some(iid), Some(cell)) = (words.first(), words.get(1)) else { return };
    let raw = peek(*cell) as *mut c_void;
    let iid = <*const GUID>::from_word(*iid);
    if raw.is_null() || iid.is_null() {
        return;
    }
    // SAFETY: not null, and an interface identifier that the caller vouches for.
    let wanted = words::interface_of(unsafe { &*iid });
    let seen = match wanted {
        _ if proxy::at(raw).is_some() => raw,
        Some(wanted) if raw == proxy.inner() && !proxy.interface().extends(wanted.name) => {
            proxy::wrap(raw, proxy.side(), wanted.name)
        }
        _ if raw == proxy.inner() => proxy.raw(),
        Some(wanted) => proxy::wrap(raw, proxy.side(), wanted.name),
        None => raw,
    };
    hand_out(*cell, seen);
}

fn hand_out(cell: u64, seen: *mut c_void) {
    if let Some(proxy) = proxy::at(seen) {
        proxy.referenced();
    }
    // SAFETY: the cell held a pointer that the callee has just put there.
    unsafe { <*mut *mut c_void>::from_word(cell).write_volatile(seen) };
}

/// The interface of an object whose kind is told beside it, as OpenEntry does.
fn by_type(method: &'static Method, words: &[u64]) -> Option<&'static str> {
    let place = method.params.iter().position(|param| param.name == "lpulObjType")?;
    let cell = <*mut u32>::from_word(*words.get(place)?);
    // SAFETY: not null, and an output that the callee has just filled.
    let kind = if cell.is_null() { 0 } else { unsafe { cell.read_volatile() } };
    match kind {
        mapi_spi::flags::MAPI_STORE => Some("IMsgStore"),
        mapi_spi::flags::MAPI_FOLDER => Some("IMAPIFolder"),
        mapi_spi::flags::MAPI_MESSAGE => Some("IMessage"),
        _ => None,
    }
}

/// The interface of an object: the declared one, or what the caller asked for where that says more.
fn actual(declared: &'static str, method: &Method, words: &[u64]) -> &'static str {
    let asked = method.params.iter().zip(words).find(|(param, _)| param.wire == Wire::Iid);
    let asked = asked.map(|(_, word)| <*const GUID>::from_word(*word)).filter(|iid| !iid.is_null());
    // SAFETY: not null, and an interface identifier that the caller vouches for.
    let asked = asked.and_then(|iid| words::interface_of(unsafe { &*iid }));
    match asked {
        Some(asked) if asked.extends(declared) => asked.name,
        _ => declared,
    }
}
