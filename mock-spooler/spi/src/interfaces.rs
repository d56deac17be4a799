//! The interfaces as COM interfaces of `windows-core`: to be called through, and to be implemented with
//! `#[windows_core::implement]`.
//!
//! Methods return [`HRESULT`](crate::HRESULT) and not `Result`, because success codes matter (MAPI_W_*, S_FALSE).
//! All of them are unsafe: they take the pointers of the C interface.

#![allow(clippy::too_many_arguments, clippy::missing_safety_doc, missing_docs)]
#![allow(missing_debug_implementations, reason = "made by windows-core's macro")]

use windows_core::IUnknown;

use crate::kinds::{self, Kind};

macro_rules! abi {
    (in $kind:ident) => { <kinds::$kind as Kind>::Abi };
    ($dir:ident $kind:ident) => { *mut <kinds::$kind as Kind>::Abi };
}

macro_rules! com {
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
            #[windows_core::interface($iid)]
            pub unsafe trait $interface: $base {
                $(
                    $(#[doc = $doc])*
                    pub unsafe fn $method(&self, $($param: abi!($dir $kind)),*) -> $ret;
                )*
            }
        )*
    };
}

crate::for_each_interface!(com);
