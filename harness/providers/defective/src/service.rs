//! The entry of the message service. Source page: *msgserviceentry*.

use std::ffi::c_void;

use mapi_spi::HRESULT;
use mapi_spi::kinds::{self, Kind as _, Wire, Word as _};
use mapi_spi::meta::{Direction, Method, Note, Param};
use mapi_spi::structs::SPropValue;

use crate::boundary::{FromWord, Side, call_through, word_of, wrap};
use crate::{hooks, wrapped};

/// What MAPI calls the function.
const NAME: &str = "ServiceEntry";

static ENTRY: Method = Method {
    interface: "",
    name: NAME,
    full_name: NAME,
    doc: "Administers a message service.",
    page: "msgserviceentry",
    params: &[
        input("hInstance", kinds::Opaque::WIRE),
        input("lpMalloc", kinds::Opaque::WIRE),
        input("lpMAPISup", kinds::Opaque::WIRE),
        input("ulUIParam", kinds::UlongPtr::WIRE),
        input("ulFlags", kinds::Ulong::WIRE),
        input("ulContext", kinds::Ulong::WIRE),
        input("cValues", kinds::Ulong::WIRE),
        input("lpProps", kinds::Opaque::WIRE),
        input("lpProviderAdmin", kinds::Opaque::WIRE),
        Param {
            name: "lppMapiError",
            direction: Direction::Out,
            wire: kinds::Opaque::WIRE,
            note: Note::None,
        },
    ],
    returns_hresult: true,
};

/// `MSGSERVICEENTRY`
pub(crate) type Entry = unsafe extern "system" fn(
    *mut c_void,
    *mut c_void,
    *mut c_void,
    usize,
    u32,
    u32,
    u32,
    *mut SPropValue,
    *mut c_void,
    *mut *mut c_void,
) -> HRESULT;

const fn input(name: &'static str, wire: Wire) -> Param {
    Param { name, direction: Direction::In, wire, note: Note::None }
}

/// Calls the entry of the wrapped provider's message service.
///
/// # Safety
///
/// As MAPI calls it: `lpProps` has `cValues` values, the objects are null or of their kinds, the cell is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ServiceEntry(
    hInstance: *mut c_void,
    lpMalloc: *mut c_void,
    lpMAPISup: *mut c_void,
    ulUIParam: usize,
    ulFlags: u32,
    ulContext: u32,
    cValues: u32,
    lpProps: *mut SPropValue,
    lpProviderAdmin: *mut c_void,
    lppMapiError: *mut *mut c_void,
) -> HRESULT {
    if hooks::hooks().is_none() {
        return HRESULT::MAPI_E_CALL_FAILED;
    }
    let words = &mut [
        word_of(hInstance),
        word_of(lpMalloc),
        word_of(lpMAPISup),
        ulUIParam.word(),
        ulFlags.word(),
        ulContext.word(),
        cValues.word(),
        word_of(lpProps.cast()),
        word_of(lpProviderAdmin),
        word_of(lppMapiError.cast()),
    ];
    HRESULT::from_word(call_through(&ENTRY, words, &pass_on))
}

fn pass_on(words: &mut [u64]) -> u64 {
    let [instance, malloc, support, window, flags, context, count, props, admin, error] = *words else {
        return HRESULT::MAPI_E_INVALID_PARAMETER.word();
    };
    let entry = match wrapped::service(NAME) {
        Ok(entry) => entry,
        Err(error) => {
            eprintln!("defective-provider: {error}");
            return HRESULT::MAPI_E_CALL_FAILED.word();
        }
    };
    let seen = |word: u64, interface: &str| {
        let object = <*mut c_void>::from_word(word);
        if object.is_null() { object } else { wrap(object, Side::Spooler, interface) }
    };
    // SAFETY: the function is the wrapped provider's; for the pointers the caller vouches.
    let code = unsafe {
        entry(
            FromWord::from_word(instance),
            seen(malloc, "IMalloc"),
            seen(support, "IMAPISupport"),
            FromWord::from_word(window),
            FromWord::from_word(flags),
            FromWord::from_word(context),
            FromWord::from_word(count),
            FromWord::from_word(props),
            seen(admin, "IProviderAdmin"),
            FromWord::from_word(error),
        )
    };
    code.word()
}
