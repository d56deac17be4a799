//! Recording calls to the candidate's objects.
//!
//! For each interface of the declaration this makes a type that holds a pointer of the candidate's and calls through it:
//! the call is in the trace before it is made, so that a crash in it is known by name.

#![allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]
#![allow(clippy::missing_safety_doc, reason = "said once: each method takes the pointers of the C interface")]

use std::ffi::c_void;
use std::ops::Deref;

use mapi_spi::kinds::{self, Kind, Word as _};
use mapi_spi::meta::methods;
use mapi_spi::{GUID, HRESULT, interfaces};
use windows_core::{IUnknown_Vtbl, Interface as _};

use crate::com::gate::{self, boundary};
use crate::com::ours::iid_of;
use crate::trace::told::What;

/// An object of the candidate. It holds no reference by itself: references are given back by an explicit `Release`, which is
/// in the trace like every other call.
#[derive(Clone, Debug)]
pub struct IUnknown {
    raw: *mut c_void,
    name: String,
}

// SAFETY: the spooler may call a provider from more than one thread (TransportNotify); which calls do so is the engine's
// decision, and the pointer itself is plain data.
unsafe impl Send for IUnknown {}
// SAFETY: as above.
unsafe impl Sync for IUnknown {}

impl IUnknown {
    /// Takes up a pointer that the candidate returned, and gives it a name.
    pub fn new(raw: *mut c_void, kind: &'static str) -> Self {
        let name = gate::name_theirs(raw, kind);
        Self { raw, name }
    }

    /// Takes up a pointer that the candidate passes to us: by the name that it has, or a new one.
    pub fn known(raw: *mut c_void, kind: &'static str) -> Self {
        Self { raw, name: gate::known_name(raw, kind) }
    }

    /// Another pointer to an object that has a name already.
    pub fn alias(raw: *mut c_void, name: &str) -> Self {
        Self { raw, name: name.to_owned() }
    }

    /// The pointer.
    pub fn raw(&self) -> *mut c_void {
        self.raw
    }

    /// `logon#1`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `IUnknown::Release`; the count that it returned.
    pub unsafe fn Release(&self) -> u32 {
        let call = gate::begin_release(&self.name);
        // SAFETY: the pointer came from the candidate as a COM object, and the engine releases each reference once.
        let refs = unsafe {
            let vtable: *const IUnknown_Vtbl = *self.raw.cast();
            ((*vtable).Release)(self.raw)
        };
        gate::end_plain(call, refs.to_string());
        if refs == 0 {
            gate::forget_theirs(self.raw);
        }
        refs
    }

    /// `IUnknown::AddRef`; the count that it returned.
    pub unsafe fn AddRef(&self) -> u32 {
        // SAFETY: as for `Release`.
        let refs = unsafe {
            let vtable: *const IUnknown_Vtbl = *self.raw.cast();
            ((*vtable).AddRef)(self.raw)
        };
        boundary().record(What::Ref { by: gate::actor(), obj: self.name.clone(), m: "AddRef".into(), refs });
        refs
    }

    /// `IUnknown::QueryInterface` for an interface by name, or any identifier; result and output.
    pub unsafe fn QueryInterface(
        &self,
        iid: &GUID,
        name: &str,
        filled: *mut c_void,
    ) -> (HRESULT, *mut c_void) {
        let mut out = filled;
        let call = gate::begin_query(&self.name, name);
        // SAFETY: as for `Release`; identifier and output are ours and live for the call.
        let code = unsafe {
            let vtable: *const IUnknown_Vtbl = *self.raw.cast();
            HRESULT(((*vtable).QueryInterface)(self.raw, iid, &raw mut out).0)
        };
        gate::end_plain(call, code.to_string());
        (code, out)
    }

    /// The identifier of one of the declared interfaces.
    #[must_use]
    pub fn iid(interface: &str) -> GUID {
        iid_of(interface).unwrap_or_default()
    }
}

macro_rules! abi {
    (in $kind:ident) => { <kinds::$kind as Kind>::Abi };
    ($dir:ident $kind:ident) => { *mut <kinds::$kind as Kind>::Abi };
}

macro_rules! theirs {
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
            #[derive(Clone, Debug)]
            pub struct $interface {
                base: $base,
            }

            impl $interface {
                /// Takes up a pointer that the candidate returned, and gives it a name.
                pub fn new(raw: *mut c_void, kind: &'static str) -> Self {
                    Self { base: $base::new(raw, kind) }
                }

                /// Takes up a pointer that the candidate passes to us: by the name that it has, or a new one.
                pub fn known(raw: *mut c_void, kind: &'static str) -> Self {
                    Self { base: $base::known(raw, kind) }
                }

                $(
                    $(#[doc = $doc])*
                    pub unsafe fn $method(&self, $($param: abi!($dir $kind)),*) -> $ret {
                        let words: &[u64] = &[$($param.word()),*];
                        let raw = self.raw();
                        gate::outgoing(raw, self.name(), &methods::$interface::$method, words, || {
                            // SAFETY: the pointer came from the candidate as an object of this interface and is borrowed for
                            // the call; the caller vouches for the arguments.
                            unsafe {
                                match interfaces::$interface::from_raw_borrowed(&raw) {
                                    Some(this) => this.$method($($param),*),
                                    None => <$ret as crate::com::ours::Ret>::failure(HRESULT::MAPI_E_INVALID_OBJECT),
                                }
                            }
                        })
                    }
                )*
            }

            impl Deref for $interface {
                type Target = $base;
                fn deref(&self) -> &$base {
                    &self.base
                }
            }
        )*
    };
}

mapi_spi::for_each_interface!(theirs);
