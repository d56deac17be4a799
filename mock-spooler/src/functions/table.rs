//! The functions in their slots, each behind the gate.

#![allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]

use std::sync::LazyLock;

use mapi_spi::HRESULT;
use mapi_spi::functions::described;
use mapi_spi::kinds::{self, Kind, Word as _};

use super::{
    checks, compare, conversation, display, entry_ids, files, idle, init, notifications, numbers, prop_data,
    props, references, relocate, rows, rtf, sinks, storage, strings, table_data, tnef, wide,
};
use crate::com::{boundary, gate};
use crate::trace::told::What;

/// What serves the exports, by the exports' names.
mod served {
    pub(super) use super::checks::*;
    pub(super) use super::compare::*;
    pub(super) use super::conversation::*;
    pub(super) use super::display::*;
    pub(super) use super::entry_ids::*;
    pub(super) use super::files::*;
    pub(super) use super::idle::*;
    pub(super) use super::init::*;
    pub(super) use super::notifications::*;
    pub(super) use super::numbers::*;
    pub(super) use super::prop_data::*;
    pub(super) use super::props::*;
    pub(super) use super::references::*;
    pub(super) use super::relocate::*;
    pub(super) use super::rows::*;
    pub(super) use super::rtf::*;
    pub(super) use super::sinks::*;
    pub(super) use super::storage::*;
    pub(super) use super::strings::*;
    pub(super) use super::table_data::*;
    pub(super) use super::tnef::*;
    pub(super) use super::wide::*;
}

macro_rules! abi {
    (in $kind:ident) => { <kinds::$kind as Kind>::Abi };
    ($dir:ident $kind:ident) => { *mut <kinds::$kind as Kind>::Abi };
}

macro_rules! recorded {
    ($(
        $(#[doc = $doc:literal])*
        #[page = $page:literal]
        fn $name:ident @ $bytes:literal ($($dir:ident $param:ident: $kind:ident $([$note:ident])?),*) -> $ret:ty;
    )*) => {
        $(
            unsafe extern "system" fn $name($($param: abi!($dir $kind)),*) -> $ret {
                let words: &[u64] = &[$($param.word()),*];
                gate::exported(&described::$name, words, || {
                    // SAFETY: the caller of the export vouches for its pointers, as the function's page demands.
                    unsafe { served::$name($($param),*) }
                })
            }
        )*

        const SERVED: &[fn() -> usize] = &[$(|| $name as *const () as usize),*];
    };
}

mapi_spi::for_each_function!(recorded);

macro_rules! refused {
    ($($name:ident @ $bytes:literal $words:literal $answer:ident;)*) => {
        const UNSERVED: &[fn() -> usize] = &[$(|| {
            extern "system" fn refuse() -> usize {
                refused(stringify!($name), refused!(@answer $answer))
            }
            refuse as *const () as usize
        }),*];
    };
    (@answer refuse) => { HRESULT::MAPI_E_NO_SUPPORT.to_u32() as usize };
    (@answer zero) => { 0 };
}

mapi_spi::for_each_unserved_function!(refused);

fn refused(name: &str, answer: usize) -> usize {
    boundary().record(What::Unsupported {
        m: name.to_owned().into(),
        detail: if answer == 0 {
            "mapi32.dll of the mock does not have this function; it returned zero".to_owned()
        } else {
            "mapi32.dll of the mock does not have this function; it answered MAPI_E_NO_SUPPORT".to_owned()
        },
    });
    answer
}

/// The addresses of all functions, in the order of their slots.
pub(super) static TABLE: LazyLock<Vec<usize>> =
    LazyLock::new(|| SERVED.iter().chain(UNSERVED).map(|address| address()).collect());
