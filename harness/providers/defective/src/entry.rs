//! The library's entry points, one for the transport and one for the store. Source pages: *xpproviderinit*, *msproviderinit*.

use std::ffi::c_void;

use mapi_spi::HRESULT;
use mapi_spi::kinds::{self, Kind as _, Wire, Word as _};
use mapi_spi::meta::{Direction, Method, Note, Param};
use mapi_spi::structs::{LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER};

use crate::boundary::{
    Allocator, FromWord, Side, allocator, call_through, given, remember, word_of, wrap, wrap_reference,
};
use crate::{hooks, wrapped};

/// An entry point, as it is described and as it is found in the wrapped library.
struct Entry {
    method: Method,
    /// The interface of the object that it returns.
    interface: &'static str,
}

static TRANSPORT: Entry = Entry {
    method: Method {
        interface: "",
        name: "XPProviderInit",
        full_name: "XPProviderInit",
        doc: "Initialises a transport provider.",
        page: "xpproviderinit",
        params: &parameters("lppXPProvider"),
        returns_hresult: true,
    },
    interface: "IXPProvider",
};

static STORE: Entry = Entry {
    method: Method {
        interface: "",
        name: "MSProviderInit",
        full_name: "MSProviderInit",
        doc: "Initialises a message store provider.",
        page: "msproviderinit",
        params: &parameters("lppMSProvider"),
        returns_hresult: true,
    },
    interface: "IMSProvider",
};

const fn parameters(object: &'static str) -> [Param; 9] {
    [
        param("hInstance", Direction::In, kinds::Opaque::WIRE),
        param("lpMalloc", Direction::In, kinds::Opaque::WIRE),
        param("lpAllocateBuffer", Direction::In, kinds::Opaque::WIRE),
        param("lpAllocateMore", Direction::In, kinds::Opaque::WIRE),
        param("lpFreeBuffer", Direction::In, kinds::Opaque::WIRE),
        param("ulFlags", Direction::In, kinds::Ulong::WIRE),
        param("ulMAPIVer", Direction::In, kinds::Ulong::WIRE),
        param("lpulProviderVer", Direction::Out, kinds::Ulong::WIRE),
        param(object, Direction::Out, kinds::Opaque::WIRE),
    ]
}

const fn param(name: &'static str, direction: Direction, wire: Wire) -> Param {
    Param { name, direction, wire, note: Note::None }
}

/// Initialises the wrapped transport provider, and hands out a proxy of the provider object that it returns.
///
/// Fails with `MAPI_E_CALL_FAILED`, and words on standard error, where the defect is unknown or there is nothing to wrap.
///
/// # Safety
///
/// As the loader of a transport provider has it: the functions are MAPI's allocator, `lpMalloc` is null or an `IMalloc`,
/// the two cells are null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn XPProviderInit(
    hInstance: *mut c_void,
    lpMalloc: *mut c_void,
    lpAllocateBuffer: LPALLOCATEBUFFER,
    lpAllocateMore: LPALLOCATEMORE,
    lpFreeBuffer: LPFREEBUFFER,
    ulFlags: u32,
    ulMAPIVer: u32,
    lpulProviderVer: *mut u32,
    lppXPProvider: *mut *mut c_void,
) -> HRESULT {
    let functions = (lpAllocateBuffer, lpAllocateMore, lpFreeBuffer);
    enter(
        &TRANSPORT,
        [hInstance, lpMalloc],
        functions,
        [ulFlags, ulMAPIVer],
        [lpulProviderVer.cast(), lppXPProvider.cast()],
    )
}

/// Initialises the wrapped message store provider, and hands out a proxy of the provider object that it returns.
///
/// Fails as [`XPProviderInit`] does.
///
/// # Safety
///
/// As for [`XPProviderInit`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MSProviderInit(
    hInstance: *mut c_void,
    lpMalloc: *mut c_void,
    lpAllocateBuffer: LPALLOCATEBUFFER,
    lpAllocateMore: LPALLOCATEMORE,
    lpFreeBuffer: LPFREEBUFFER,
    ulFlags: u32,
    ulMAPIVer: u32,
    lpulProviderVer: *mut u32,
    lppMSProvider: *mut *mut c_void,
) -> HRESULT {
    let functions = (lpAllocateBuffer, lpAllocateMore, lpFreeBuffer);
    enter(
        &STORE,
        [hInstance, lpMalloc],
        functions,
        [ulFlags, ulMAPIVer],
        [lpulProviderVer.cast(), lppMSProvider.cast()],
    )
}

fn enter(
    entry: &'static Entry,
    given: [*mut c_void; 2],
    (buffer, more, free): (LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER),
    numbers: [u32; 2],
    cells: [*mut c_void; 2],
) -> HRESULT {
    if hooks::hooks().is_none() {
        eprintln!("defective-provider: SPOOLPROOF_DEFECT names no defect");
        return HRESULT::MAPI_E_CALL_FAILED;
    }
    if let (Some(buffer), Some(more), Some(free)) = (buffer, more, free) {
        remember(Allocator { buffer, more, free });
    }
    let words = &mut [
        word_of(given[0]),
        word_of(given[1]),
        buffer.map_or(0, |function| function as usize as u64),
        more.map_or(0, |function| function as usize as u64),
        free.map_or(0, |function| function as usize as u64),
        numbers[0].word(),
        numbers[1].word(),
        word_of(cells[0]),
        word_of(cells[1]),
    ];
    HRESULT::from_word(call_through(&entry.method, words, &|words| initialise(entry, words)))
}

fn initialise(entry: &Entry, words: &mut [u64]) -> u64 {
    let [instance, malloc, buffer, more, free, flags, version, own_version, provider] = *words else {
        return HRESULT::MAPI_E_INVALID_PARAMETER.word();
    };
    let init = match wrapped::init(entry.method.name) {
        Ok(init) => init,
        Err(error) => {
            eprintln!("defective-provider: {error}");
            return HRESULT::MAPI_E_CALL_FAILED.word();
        }
    };
    let malloc = <*mut c_void>::from_word(malloc);
    let malloc = if malloc.is_null() { malloc } else { wrap(malloc, Side::Spooler, "IMalloc") };
    let ours = allocator();
    // Where the spooler gives none, the wrapped provider is given none.
    let complete = given().is_some() && buffer != 0 && more != 0 && free != 0;
    let out = <*mut *mut c_void>::from_word(provider);
    // SAFETY: the function is the wrapped provider's entry point; the cells are the caller's, who vouches for them.
    let code = unsafe {
        init(
            FromWord::from_word(instance),
            malloc,
            complete.then_some(ours.buffer),
            complete.then_some(ours.more),
            complete.then_some(ours.free),
            FromWord::from_word(flags),
            FromWord::from_word(version),
            FromWord::from_word(own_version),
            out,
        )
    };
    if code.is_ok() && !out.is_null() {
        // SAFETY: the cell is not null, and the wrapped provider has just filled it.
        let raw = unsafe { out.read_volatile() };
        if !raw.is_null() {
            let seen = wrap_reference(raw, Side::Provider, entry.interface);
            // SAFETY: as above.
            unsafe { out.write_volatile(seen) };
        }
    }
    code.word()
}
