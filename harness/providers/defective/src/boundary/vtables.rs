//! The proxies' vtables, made of the declaration.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{LazyLock, Mutex, PoisonError};

use mapi_spi::kinds::{self, Kind, Word as _};
use mapi_spi::meta::{Direction, Interface, Method, Note, Param, methods};
use mapi_spi::{GUID, HRESULT, interfaces};
use windows_core::{IUnknown_Vtbl, Interface as _};

use super::dispatch::dispatch;
use super::words::{FromWord, word_of};

macro_rules! abi {
    (in $kind:ident) => { <kinds::$kind as Kind>::Abi };
    ($dir:ident $kind:ident) => { *mut <kinds::$kind as Kind>::Abi };
}

macro_rules! proxies {
    ($(
        $(#[doc = $idoc:literal])*
        interface $interface:ident: $base:ident = $iid:literal {
            $(
                $(#[doc = $doc:literal])*
                #[page = $page:literal]
                fn $method:ident($($dir:ident $param:ident: $kind:ident $([$note:ident])?),*) -> $ret:ty;
            )*
        }
    )*) => {
        #[allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]
        mod slots {
            use super::*;
            $(
                #[allow(unused_variables, clippy::ptr_as_ptr, reason = "interfaces without methods of their own")]
                pub(super) fn $interface(slots: &mut Vec<*const c_void>) {
                    slots::$base(slots);
                    $({
                        /// Calls the object that a proxy stands for.
                        unsafe fn forward(inner: *mut c_void, words: &[u64]) -> u64 {
                            #[allow(unused_mut, reason = "methods without parameters")]
                            let mut words = words.iter().copied();
                            // SAFETY: the pointer is the object that the proxy stands for, of this interface, and the words
                            // are arguments of the declared types.
                            unsafe {
                                match interfaces::$interface::from_raw_borrowed(&inner) {
                                    Some(object) => object
                                        .$method($(<abi!($dir $kind)>::from_word(next(stringify!($param), &mut words))),*)
                                        .word(),
                                    None => 0,
                                }
                            }
                        }
                        unsafe extern "system" fn slot(this: *mut c_void, $($param: abi!($dir $kind)),*) -> $ret {
                            let words: &mut [u64] = &mut [$($param.word()),*];
                            <$ret>::from_word(dispatch(this, &methods::$interface::$method, words, forward))
                        }
                        slots.push(slot as *const c_void);
                    })*
                }
            )*

            pub(super) fn IUnknown(slots: &mut Vec<*const c_void>) {
                slots.push(query_interface as *const c_void);
                slots.push(add_ref as *const c_void);
                slots.push(release as *const c_void);
            }
        }

        fn slots_of(interface: &str) -> Option<Vec<*const c_void>> {
            let mut slots = Vec::new();
            match interface {
                $(stringify!($interface) => slots::$interface(&mut slots),)*
                _ => return None,
            }
            Some(slots)
        }
    };
}

mapi_spi::for_each_interface!(proxies);

fn next(_name: &str, words: &mut impl Iterator<Item = u64>) -> u64 {
    words.next().unwrap_or_default()
}

/// A vtable that lives for ever.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vtable(&'static [*const c_void]);

// SAFETY: the slots are addresses of functions; the slice is immutable.
unsafe impl Send for Vtable {}

impl Vtable {
    pub(super) fn as_ptr(self) -> *const *const c_void {
        self.0.as_ptr()
    }
}

static TABLES: LazyLock<Mutex<HashMap<&'static str, Vtable>>> = LazyLock::new(Mutex::default);

/// An interface and the vtable of its proxies, by name.
pub(super) fn of(interface: &str) -> Option<(&'static Interface, Vtable)> {
    let interface = Interface::by_name(interface)?;
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    let table = match tables.get(interface.name) {
        Some(table) => *table,
        None => {
            let slots = slots_of(interface.name)?;
            let table = Vtable(Box::leak(slots.into_boxed_slice()));
            tables.insert(interface.name, table);
            table
        }
    };
    Some((interface, table))
}

/// The declared interface of an identifier.
pub(super) fn interface_of(iid: &GUID) -> Option<&'static Interface> {
    let digits = |text: &str| text.chars().filter(|c| *c != '-').collect::<String>();
    let is = |interface: &&Interface| {
        u128::from_str_radix(&digits(interface.iid), 16).is_ok_and(|bits| GUID::from_u128(bits) == *iid)
    };
    mapi_spi::meta::INTERFACES.iter().find(is)
}

/// COM's own methods, which the declaration leaves to COM.
pub(super) static QUERY_INTERFACE: Method = Method {
    interface: "IUnknown",
    name: "QueryInterface",
    doc: "Returns a reference to another interface of the object.",
    page: "implementing-the-iunknown-interface",
    params: &[
        Param { name: "riid", direction: Direction::In, wire: kinds::Iid::WIRE, note: Note::None },
        Param {
            name: "ppvObject",
            direction: Direction::Out,
            wire: kinds::Object::WIRE,
            note: Note::Interface("IUnknown"),
        },
    ],
    returns_hresult: true,
};

/// See [`QUERY_INTERFACE`].
pub(super) static ADD_REF: Method = Method {
    interface: "IUnknown",
    name: "AddRef",
    doc: "Adds a reference.",
    page: "implementing-the-iunknown-interface",
    params: &[],
    returns_hresult: false,
};

/// See [`QUERY_INTERFACE`].
pub(super) static RELEASE: Method = Method {
    interface: "IUnknown",
    name: "Release",
    doc: "Gives a reference back.",
    page: "implementing-the-iunknown-interface",
    params: &[],
    returns_hresult: false,
};

unsafe extern "system" fn query_interface(
    this: *mut c_void,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> HRESULT {
    unsafe fn forward(inner: *mut c_void, words: &[u64]) -> u64 {
        let mut words = words.iter().copied();
        let iid = <*const GUID>::from_word(next("riid", &mut words));
        let out = <*mut *mut c_void>::from_word(next("ppvObject", &mut words));
        // SAFETY: every COM object's vtable begins with IUnknown's; the arguments are the caller's.
        HRESULT(unsafe { ((*vtable(inner)).QueryInterface)(inner, iid, out) }.0).word()
    }
    let words = &mut [word_of(iid.cast_mut().cast()), word_of(out.cast())];
    HRESULT::from_word(dispatch(this, &QUERY_INTERFACE, words, forward))
}

unsafe extern "system" fn add_ref(this: *mut c_void) -> u32 {
    unsafe fn forward(inner: *mut c_void, _: &[u64]) -> u64 {
        // SAFETY: as for `query_interface`.
        unsafe { ((*vtable(inner)).AddRef)(inner) }.word()
    }
    u32::from_word(dispatch(this, &ADD_REF, &mut [], forward))
}

unsafe extern "system" fn release(this: *mut c_void) -> u32 {
    unsafe fn forward(inner: *mut c_void, _: &[u64]) -> u64 {
        // SAFETY: as for `query_interface`.
        unsafe { ((*vtable(inner)).Release)(inner) }.word()
    }
    u32::from_word(dispatch(this, &RELEASE, &mut [], forward))
}

/// # Safety
///
/// The pointer has to be that of a COM object.
unsafe fn vtable(inner: *mut c_void) -> *const IUnknown_Vtbl {
    // SAFETY: a COM object begins with the pointer to its vtable.
    unsafe { *inner.cast() }
}
