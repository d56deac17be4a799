//! Calls by words: one function for all methods of all interfaces.
//!
//! Whoever stands between two sides of the boundary - a proxy that seeds defects, a shim that carries calls to another
//! process - wants to handle a method by its description ([`Method`]) and its arguments as register images, and not to write
//! each signature out. [`vtable`] makes vtables whose slots end in one function ([`Answer`]), and [`Through`] is the way back:
//! it calls an object's method with its declared signature.

use std::any::TypeId;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{LazyLock, Mutex, PoisonError};

use windows_core::{IUnknown_Vtbl, Interface as _};

use crate::kinds::{self, Kind, Word as _};
use crate::meta::{Direction, Interface, Method, Note, Param, methods};
use crate::{GUID, HRESULT, interfaces};

/// A value that came from a word; the way back of [`kinds::Word`].
pub trait FromWord: Sized {
    /// The value with this register image.
    fn from_word(word: u64) -> Self;
}

macro_rules! from_word {
    ($($ty:ty),*) => { $(impl FromWord for $ty {
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::unnecessary_cast)]
        fn from_word(word: u64) -> Self {
            word as $ty
        }
    })* };
}
from_word!(u32, i32, usize, i64, u64);

impl FromWord for HRESULT {
    fn from_word(word: u64) -> Self {
        Self(i32::from_word(word))
    }
}

impl<T> FromWord for *mut T {
    fn from_word(word: u64) -> Self {
        usize::from_word(word) as Self
    }
}

impl<T> FromWord for *const T {
    fn from_word(word: u64) -> Self {
        usize::from_word(word) as Self
    }
}

impl FromWord for () {
    fn from_word(_: u64) -> Self {}
}

/// A pointer as a word.
#[must_use]
pub fn word_of(pointer: *mut c_void) -> u64 {
    pointer as usize as u64
}

/// Calls an object's method by words: the first argument is the object, of the interface that the method belongs to, and the
/// words are arguments of the declared types.
pub type Through = unsafe fn(*mut c_void, &[u64]) -> u64;

/// What answers the calls on objects with a vtable of [`vtable`].
pub trait Answer: 'static {
    /// Answers a call; the register image of the result.
    fn answer(this: *mut c_void, method: &'static Method, words: &mut [u64], through: Through) -> u64;
}

macro_rules! abi {
    (in $kind:ident) => { <kinds::$kind as Kind>::Abi };
    ($dir:ident $kind:ident) => { *mut <kinds::$kind as Kind>::Abi };
}

macro_rules! by_words {
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
                pub(super) fn $interface<A: Answer>(slots: &mut Vec<*const c_void>) {
                    slots::$base::<A>(slots);
                    $({
                        unsafe extern "system" fn slot<A: Answer>(
                            this: *mut c_void,
                            $($param: abi!($dir $kind)),*
                        ) -> $ret {
                            let words: &mut [u64] = &mut [$($param.word()),*];
                            let method = &methods::$interface::$method;
                            <$ret>::from_word(A::answer(this, method, words, throughs::$interface::$method))
                        }
                        slots.push(slot::<A> as *const c_void);
                    })*
                }
            )*

            pub(super) fn IUnknown<A: Answer>(slots: &mut Vec<*const c_void>) {
                slots.push(query_interface::<A> as *const c_void);
                slots.push(add_ref::<A> as *const c_void);
                slots.push(release::<A> as *const c_void);
            }
        }

        /// Calls with the declared signatures.
        mod throughs {
            $(
                #[allow(unused_imports, clippy::ptr_as_ptr, reason = "interfaces without methods of their own")]
                pub(super) mod $interface {
                    use super::super::*;
                    $(
                        pub(in super::super) unsafe fn $method(inner: *mut c_void, words: &[u64]) -> u64 {
                            #[allow(unused_mut, unused_variables, reason = "methods without parameters")]
                            let mut words = words.iter().copied();
                            // SAFETY: the caller vouches for an object of this interface, and for words that are
                            // arguments of the declared types.
                            unsafe {
                                match interfaces::$interface::from_raw_borrowed(&inner) {
                                    Some(object) => object
                                        .$method($(<abi!($dir $kind)>::from_word(next(stringify!($param), &mut words))),*)
                                        .word(),
                                    None => 0,
                                }
                            }
                        }
                    )*
                }
            )*
        }

        fn slots_of<A: Answer>(interface: &str) -> Option<Vec<*const c_void>> {
            let mut slots = Vec::new();
            match interface {
                "IUnknown" => slots::IUnknown::<A>(&mut slots),
                $(stringify!($interface) => slots::$interface::<A>(&mut slots),)*
                _ => return None,
            }
            Some(slots)
        }

        /// Every method that the wire knows, with the way through to it.
        static METHODS: &[Reachable] = &[
            (&QUERY_INTERFACE, query_through),
            (&ADD_REF, add_ref_through),
            (&RELEASE, release_through),
            $($((&methods::$interface::$method, throughs::$interface::$method),)*)*
        ];
    };
}

crate::for_each_interface!(by_words);

fn next(_name: &str, words: &mut impl Iterator<Item = u64>) -> u64 {
    words.next().unwrap_or_default()
}

/// A vtable that lives for ever.
#[derive(Clone, Copy, Debug)]
pub struct Vtable(&'static [*const c_void]);

// SAFETY: the slots are addresses of functions; the slice is immutable.
unsafe impl Send for Vtable {}

impl Vtable {
    /// Where it stands.
    #[must_use]
    pub fn as_ptr(self) -> *const *const c_void {
        self.0.as_ptr()
    }
}

/// By the type that answers and the interface.
type Tables = HashMap<(TypeId, &'static str), Vtable>;

static TABLES: LazyLock<Mutex<Tables>> = LazyLock::new(Mutex::default);

/// An interface by name, and the vtable of its objects whose calls `A` answers.
#[must_use]
pub fn vtable<A: Answer>(interface: &str) -> Option<(&'static Interface, Vtable)> {
    let interface = if interface == UNKNOWN.name { &UNKNOWN } else { Interface::by_name(interface)? };
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (TypeId::of::<A>(), interface.name);
    let table = match tables.get(&key) {
        Some(table) => *table,
        None => {
            let slots = slots_of::<A>(interface.name)?;
            let table = Vtable(Box::leak(slots.into_boxed_slice()));
            tables.insert(key, table);
            table
        }
    };
    Some((interface, table))
}

/// A method, and the way through to it.
pub type Reachable = (&'static Method, Through);

/// A method by the names of its interface and its own; `IUnknown`'s are among them.
#[must_use]
pub fn method(interface: &str, name: &str) -> Option<Reachable> {
    type Index = HashMap<(&'static str, &'static str), Reachable>;
    static INDEX: LazyLock<Index> =
        LazyLock::new(|| METHODS.iter().map(|entry| ((entry.0.interface, entry.0.name), *entry)).collect());
    INDEX.get(&(interface, name)).copied()
}

/// The declared interface of an identifier.
#[must_use]
pub fn interface_of(iid: &GUID) -> Option<&'static Interface> {
    let digits = |text: &str| text.chars().filter(|c| *c != '-').collect::<String>();
    let is = |interface: &&Interface| {
        u128::from_str_radix(&digits(interface.iid), 16).is_ok_and(|bits| GUID::from_u128(bits) == *iid)
    };
    crate::meta::INTERFACES.iter().find(is)
}

/// The interface that every object has, which the declaration leaves to COM.
pub static UNKNOWN: Interface = Interface {
    name: "IUnknown",
    base: "",
    iid: "00000000-0000-0000-c000-000000000046",
    doc: "References, and other interfaces of the same object.",
    methods: &[],
};

/// COM's own methods, likewise.
pub static QUERY_INTERFACE: Method = Method {
    interface: "IUnknown",
    name: "QueryInterface",
    full_name: "IUnknown.QueryInterface",
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
pub static ADD_REF: Method = Method {
    interface: "IUnknown",
    name: "AddRef",
    full_name: "IUnknown.AddRef",
    doc: "Adds a reference.",
    page: "implementing-the-iunknown-interface",
    params: &[],
    returns_hresult: false,
};

/// See [`QUERY_INTERFACE`].
pub static RELEASE: Method = Method {
    interface: "IUnknown",
    name: "Release",
    full_name: "IUnknown.Release",
    doc: "Gives a reference back.",
    page: "implementing-the-iunknown-interface",
    params: &[],
    returns_hresult: false,
};

unsafe extern "system" fn query_interface<A: Answer>(
    this: *mut c_void,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> HRESULT {
    let words = &mut [word_of(iid.cast_mut().cast()), word_of(out.cast())];
    HRESULT::from_word(A::answer(this, &QUERY_INTERFACE, words, query_through))
}

unsafe extern "system" fn add_ref<A: Answer>(this: *mut c_void) -> u32 {
    u32::from_word(A::answer(this, &ADD_REF, &mut [], add_ref_through))
}

unsafe extern "system" fn release<A: Answer>(this: *mut c_void) -> u32 {
    u32::from_word(A::answer(this, &RELEASE, &mut [], release_through))
}

unsafe fn query_through(inner: *mut c_void, words: &[u64]) -> u64 {
    let mut words = words.iter().copied();
    let iid = <*const GUID>::from_word(next("riid", &mut words));
    let out = <*mut *mut c_void>::from_word(next("ppvObject", &mut words));
    // SAFETY: every COM object's vtable begins with IUnknown's; the arguments are the caller's.
    HRESULT(unsafe { ((*unknown(inner)).QueryInterface)(inner, iid, out) }.0).word()
}

unsafe fn add_ref_through(inner: *mut c_void, _: &[u64]) -> u64 {
    // SAFETY: as for `query_through`.
    unsafe { ((*unknown(inner)).AddRef)(inner) }.word()
}

unsafe fn release_through(inner: *mut c_void, _: &[u64]) -> u64 {
    // SAFETY: as for `query_through`.
    unsafe { ((*unknown(inner)).Release)(inner) }.word()
}

/// # Safety
///
/// The pointer has to be that of a COM object.
unsafe fn unknown(inner: *mut c_void) -> *const IUnknown_Vtbl {
    // SAFETY: a COM object begins with the pointer to its vtable.
    unsafe { *inner.cast() }
}
