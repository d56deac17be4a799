//! MAPI's memory functions, passed on.

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use mapi_spi::HRESULT;
use mapi_spi::kinds::{self, Kind as _, Word as _};
use mapi_spi::meta::{Direction, Method, Note, Param};
use mapi_spi::structs::{ALLOCATEBUFFER, ALLOCATEMORE, FREEBUFFER};

use super::dispatch::call_through;
use mapi_spi::words::{FromWord, word_of};

/// The three functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allocator {
    pub(crate) buffer: ALLOCATEBUFFER,
    pub(crate) more: ALLOCATEMORE,
    pub(crate) free: FREEBUFFER,
}

static GIVEN: Mutex<Option<Allocator>> = Mutex::new(None);

/// Remembers the functions that the spooler gave. All provider objects of a process are given the same.
pub(crate) fn remember(given: Allocator) {
    *GIVEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
}

/// The functions that the spooler gave.
pub(crate) fn given() -> Option<Allocator> {
    *GIVEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A block of MAPI's that holds these words: its address; nothing where there is no memory.
pub(super) fn block_with(words: &[usize]) -> Option<usize> {
    let given = given()?;
    let mut block = std::ptr::null_mut();
    // SAFETY: the spooler gave the function for this; the block is as large as what is written to it.
    unsafe {
        let size = u32::try_from(size_of_val(words)).ok()?;
        if (given.buffer)(size, &raw mut block).is_err() || block.is_null() {
            return None;
        }
        block.cast::<usize>().copy_from_nonoverlapping(words.as_ptr(), words.len());
    }
    Some(block as usize)
}

/// The functions for the wrapped provider.
pub(crate) fn allocator() -> Allocator {
    Allocator { buffer: allocate_buffer, more: allocate_more, free: free_buffer }
}

const SIZE: Param = param("cbSize", Direction::In, kinds::Ulong::WIRE);
const OBJECT: Param = param("lpObject", Direction::In, kinds::Opaque::WIRE);
const BUFFER: Param = param("lpBuffer", Direction::In, kinds::Opaque::WIRE);
const OUT: Param = param("lppBuffer", Direction::Out, kinds::Opaque::WIRE);

static ALLOCATE_BUFFER: Method = function("MAPIAllocateBuffer", "mapiallocatebuffer", &[SIZE, OUT], true);
static ALLOCATE_MORE: Method = function("MAPIAllocateMore", "mapiallocatemore", &[SIZE, OBJECT, OUT], true);
static FREE_BUFFER: Method = function("MAPIFreeBuffer", "mapifreebuffer", &[BUFFER], false);

const fn param(name: &'static str, direction: Direction, wire: kinds::Wire) -> Param {
    Param { name, direction, wire, note: Note::None }
}

const fn function(
    name: &'static str,
    page: &'static str,
    params: &'static [Param],
    returns_hresult: bool,
) -> Method {
    Method {
        interface: "",
        name,
        full_name: name,
        doc: "One of MAPI's memory functions.",
        page,
        params,
        returns_hresult,
    }
}

unsafe extern "system" fn allocate_buffer(size: u32, out: *mut *mut c_void) -> HRESULT {
    let Some(given) = given() else { return HRESULT::MAPI_E_NOT_INITIALIZED };
    let words = &mut [size.word(), word_of(out.cast())];
    let forward = |words: &mut [u64]| match words {
        [size, out] => {
            // SAFETY: the spooler gave the function for this; the caller vouches for its arguments.
            unsafe { (given.buffer)(FromWord::from_word(*size), FromWord::from_word(*out)) }.word()
        }
        _ => 0,
    };
    HRESULT::from_word(call_through(&ALLOCATE_BUFFER, words, &forward))
}

unsafe extern "system" fn allocate_more(size: u32, object: *mut c_void, out: *mut *mut c_void) -> HRESULT {
    let Some(given) = given() else { return HRESULT::MAPI_E_NOT_INITIALIZED };
    let words = &mut [size.word(), word_of(object), word_of(out.cast())];
    let forward = |words: &mut [u64]| match words {
        // SAFETY: as for `allocate_buffer`.
        [size, object, out] => unsafe {
            (given.more)(FromWord::from_word(*size), FromWord::from_word(*object), FromWord::from_word(*out))
        }
        .word(),
        _ => 0,
    };
    HRESULT::from_word(call_through(&ALLOCATE_MORE, words, &forward))
}

unsafe extern "system" fn free_buffer(buffer: *mut c_void) -> u32 {
    let Some(given) = given() else { return 0 };
    let words = &mut [word_of(buffer)];
    let forward = |words: &mut [u64]| match words {
        // SAFETY: as for `allocate_buffer`.
        [buffer] => unsafe { (given.free)(FromWord::from_word(*buffer)) }.word(),
        _ => 0,
    };
    u32::from_word(call_through(&FREE_BUFFER, words, &forward))
}

/// `GetMemAllocRoutines` hands out the same functions once more.
pub(super) fn replace_routines(words: &[u64]) {
    let functions =
        [allocate_buffer as *mut c_void, allocate_more as *mut c_void, free_buffer as *mut c_void];
    for (word, function) in words.iter().zip(functions) {
        let cell = <*mut *mut c_void>::from_word(*word);
        if !cell.is_null() {
            // SAFETY: not null, and a cell for a pointer to a function that the callee has just filled.
            unsafe { cell.write_volatile(function) };
        }
    }
}
