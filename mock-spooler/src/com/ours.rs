//! Recording vtables of our objects.
//!
//! For each interface of the declaration this makes a trait, whose methods answer MAPI_E_NO_SUPPORT and say so in the trace
//! unless an object implements them or stands for one of the candidate's, and a function that lists the vtable's slots for a type that implements the trait.

#![allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]
#![allow(clippy::missing_safety_doc, reason = "said once: each method takes the pointers of the C interface")]

use std::any::Any;
use std::ffi::c_void;

use mapi_spi::kinds::{self, Kind, Word as _};
use mapi_spi::meta::methods;
use mapi_spi::{GUID, HRESULT};

use crate::com::{gate, theirs, unknown};
use crate::objects::relay;
use crate::trace::told::Name;

/// What stands behind a COM pointer of ours.
pub trait IUnknown: Any + Send + Sync {}

/// Says which interface a type implements, and lists its vtable.
pub trait Implements: IUnknown + Sized {
    /// The name of the interface.
    const INTERFACE: &'static str;
    /// Appends the vtable's slots.
    fn slots(slots: &mut Vec<*const c_void>);
}

/// Declares that a type implements an interface: `implements!(Message: IMessage)`.
#[macro_export]
macro_rules! implements {
    ($ty:ty: $interface:ident) => {
        impl $crate::com::ours::IUnknown for $ty {}
        impl $crate::com::ours::Implements for $ty {
            const INTERFACE: &'static str = stringify!($interface);
            fn slots(slots: &mut Vec<*const ::std::ffi::c_void>) {
                $crate::com::ours::slots::$interface::<Self>(slots);
            }
        }
    };
}

/// What a method returns, as the gate needs it.
pub trait Ret: Copy {
    /// The result for a call that failed before it reached its object.
    fn failure(code: HRESULT) -> Self;
    /// The result in the trace.
    fn text(&self) -> Name;
    /// The result as HRESULT; S_OK for methods that return none.
    fn code(&self) -> HRESULT;
}

impl Ret for HRESULT {
    fn failure(code: HRESULT) -> Self {
        code
    }
    fn text(&self) -> Name {
        self.name().map_or_else(|| self.to_string().into(), Name::Borrowed)
    }
    fn code(&self) -> HRESULT {
        *self
    }
}

macro_rules! plain_ret {
    ($($ty:ty: $failure:expr, $text:expr;)*) => { $(impl Ret for $ty {
        fn failure(_: HRESULT) -> Self {
            $failure
        }
        fn text(&self) -> Name {
            let text: fn(&Self) -> Name = $text;
            text(self)
        }
        fn code(&self) -> HRESULT {
            HRESULT::S_OK
        }
    })* };
}

plain_ret! {
    (): (), |()| "void".into();
    u32: 0, |n| n.to_string().into();
    i32: 0, |n| n.to_string().into();
    u64: 0, |n| n.to_string().into();
    usize: 0, |n| n.to_string().into();
    *mut c_void: std::ptr::null_mut(), |p| if p.is_null() { "null".into() } else { "pointer".into() };
}

macro_rules! abi {
    (in $kind:ident) => { <kinds::$kind as Kind>::Abi };
    ($dir:ident $kind:ident) => { *mut <kinds::$kind as Kind>::Abi };
}

macro_rules! ours {
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
        $(
            $(#[doc = $idoc])*
            pub trait $interface: $base {
                /// Whose answer it is where the object has none of its own: an object of the candidate's, see
                /// [`relay`](crate::objects::relay).
                fn inner(&self) -> Option<&theirs::$interface> {
                    None
                }

                $(
                    $(#[doc = $doc])*
                    unsafe fn $method(&self, $($param: abi!($dir $kind)),*) -> $ret {
                        let words: &[u64] = &[$($param.word()),*];
                        match $interface::inner(self) {
                            Some(inner) => {
                                // SAFETY: the arguments are handed on as they came; who passed them vouches for them.
                                relay::handed(&methods::$interface::$method, words, || unsafe {
                                    inner.$method($($param),*)
                                })
                            }
                            None => gate::unsupported(&methods::$interface::$method),
                        }
                    }
                )*
            }
        )*

        /// The vtables' slots, those of the base first.
        #[allow(unused_variables, reason = "interfaces without methods of their own")]
        pub mod slots {
            use super::*;
            $(
                #[doc = concat!("The slots of `", stringify!($interface), "`.")]
                pub fn $interface<T: super::$interface>(slots: &mut Vec<*const c_void>) {
                    slots::$base::<T>(slots);
                    $({
                        unsafe extern "system" fn $method<T: super::$interface>(
                            this: *mut c_void,
                            $($param: abi!($dir $kind)),*
                        ) -> $ret {
                            let words: &[u64] = &[$($param.word()),*];
                            gate::incoming::<T, $ret>(this, &methods::$interface::$method, words, |body| {
                                // SAFETY: the caller of the vtable vouches for its pointers, as COM demands.
                                unsafe { body.$method($($param),*) }
                            })
                        }
                        slots.push($method::<T> as *const c_void);
                    })*
                }
            )*

            /// The slots of `IUnknown`.
            pub fn IUnknown<T: super::IUnknown>(slots: &mut Vec<*const c_void>) {
                slots.push(query_interface as *const c_void);
                slots.push(add_ref as *const c_void);
                slots.push(release as *const c_void);
            }
        }
    };
}

mapi_spi::for_each_interface!(ours);

unsafe extern "system" fn query_interface(
    this: *mut c_void,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: the caller of the vtable vouches for its pointers, as COM demands.
    unsafe { unknown::query_interface(this, iid, out) }
}

unsafe extern "system" fn add_ref(this: *mut c_void) -> u32 {
    unknown::add_ref(this)
}

unsafe extern "system" fn release(this: *mut c_void) -> u32 {
    unknown::release(this)
}

/// The interface identifier of a declared interface, or of `IUnknown`.
#[must_use]
pub fn iid_of(interface: &str) -> Option<GUID> {
    if interface == "IUnknown" {
        return Some(GUID::from_u128(0x00000000_0000_0000_c000_000000000046));
    }
    let text = mapi_spi::meta::Interface::by_name(interface)?.iid;
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    u128::from_str_radix(&digits, 16).ok().map(GUID::from_u128)
}
