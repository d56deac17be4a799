//! `mapi32.dll` of ours: what a provider library that imports MAPI's utility functions is given in the place of the system's.
//!
//! The library holds nothing. The mock spooler's process loads it before the candidate and hands over a table of functions
//! ([`spoolproof_serve`]); each export calls through its slot, so that memory, objects and trace are the process's own.
//! Forwarded exports of the program were the alternative: they would need a program of a fixed name. Without a table - in a
//! process that is not the mock's - each function fails.

#![allow(clippy::too_many_arguments, reason = "the signatures are MAPI's")]
#![allow(
    clippy::missing_safety_doc,
    reason = "said once: each function takes the pointers of the C interface"
)]

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

use mapi_spi::HRESULT;
use mapi_spi::functions::{FUNCTIONS, UNSERVED};
use mapi_spi::kinds::{self, Kind};

static TABLE: AtomicPtr<*const c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Takes the functions that the exports call: the served ones in the order of `mapi_spi::functions`, then one for each function
/// that is not served. Returns how many that are; a table of another length, made from other lists, is not taken.
///
/// # Safety
///
/// `table` points to `count` functions, each with the signature of its slot, that stay for as long as this library is loaded.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn spoolproof_serve(table: *const *const c_void, count: usize) -> usize {
    let due = FUNCTIONS.len() + UNSERVED.len();
    if count == due {
        TABLE.store(table.cast_mut(), Ordering::Release);
    }
    due
}

/// The function in a slot; null where no table was handed over.
fn slot(index: usize) -> *const c_void {
    let table = TABLE.load(Ordering::Acquire);
    if table.is_null() {
        return std::ptr::null();
    }
    // SAFETY: a table is taken only with a function for each slot, and slots come from the same lists.
    unsafe { *table.add(index) }
}

/// What a function answers that nobody serves.
trait Unserved {
    const ANSWER: Self;
}

macro_rules! unserved {
    ($($ty:ty = $answer:expr),*) => { $(impl Unserved for $ty {
        const ANSWER: Self = $answer;
    })* };
}

unserved!(HRESULT = HRESULT::MAPI_E_NOT_INITIALIZED, () = (), u32 = 0, i32 = 0, u64 = 0, *mut c_void = std::ptr::null_mut());

macro_rules! abi {
    (in $kind:ident) => { <kinds::$kind as Kind>::Abi };
    ($dir:ident $kind:ident) => { *mut <kinds::$kind as Kind>::Abi };
}

macro_rules! exports {
    ($(
        $(#[doc = $doc:literal])*
        #[page = $page:literal]
        fn $name:ident @ $bytes:literal ($($dir:ident $param:ident: $kind:ident $([$note:ident])?),*) -> $ret:ty;
    )*) => {
        #[derive(Clone, Copy)]
        enum Slot { $($name,)* End }

        $(
            $(#[doc = $doc])*
            #[unsafe(no_mangle)]
            pub unsafe extern "system" fn $name($($param: abi!($dir $kind)),*) -> $ret {
                let function = slot(Slot::$name as usize);
                if function.is_null() {
                    return <$ret as Unserved>::ANSWER;
                }
                // SAFETY: whoever handed the table over vouches that this slot's function has this signature, which
                // comes from the same list.
                unsafe {
                    let function: unsafe extern "system" fn($(abi!($dir $kind)),*) -> $ret =
                        std::mem::transmute(function);
                    function($($param),*)
                }
            }
        )*
    };
}

mapi_spi::for_each_function!(exports);

/// The exports that are not served. On 32 bits the callee takes its arguments off the stack, so each has as many as its name says.
macro_rules! export_unserved {
    ($($name:ident @ $bytes:literal $words:tt $answer:ident;)*) => {
        #[derive(Clone, Copy)]
        #[allow(non_camel_case_types, reason = "the names are the functions'")]
        enum UnservedSlot { $($name,)* }

        $(export_unserved!(@one $name $words $answer);)*
    };
    (@one $name:ident 0 $answer:ident) => { export_unserved!(@fn $name $answer); };
    (@one $name:ident 1 $answer:ident) => { export_unserved!(@fn $name $answer a); };
    (@one $name:ident 2 $answer:ident) => { export_unserved!(@fn $name $answer a b); };
    (@one $name:ident 3 $answer:ident) => { export_unserved!(@fn $name $answer a b c); };
    (@one $name:ident 4 $answer:ident) => { export_unserved!(@fn $name $answer a b c d); };
    (@one $name:ident 5 $answer:ident) => { export_unserved!(@fn $name $answer a b c d e); };
    (@one $name:ident 6 $answer:ident) => { export_unserved!(@fn $name $answer a b c d e f); };
    (@one $name:ident 7 $answer:ident) => { export_unserved!(@fn $name $answer a b c d e f g); };
    (@one $name:ident 8 $answer:ident) => { export_unserved!(@fn $name $answer a b c d e f g h); };
    (@one $name:ident 9 $answer:ident) => { export_unserved!(@fn $name $answer a b c d e f g h i); };
    (@one $name:ident 10 $answer:ident) => { export_unserved!(@fn $name $answer a b c d e f g h i j); };
    (@one $name:ident 11 $answer:ident) => { export_unserved!(@fn $name $answer a b c d e f g h i j k); };
    (@one $name:ident 12 $answer:ident) => { export_unserved!(@fn $name $answer a b c d e f g h i j k l); };
    (@fn $name:ident $answer:ident $($param:ident)*) => {
        /// Not served: the trace says that it was asked for.
        #[unsafe(no_mangle)]
        pub extern "system" fn $name($(#[cfg(target_arch = "x86")] $param: usize),*) -> usize {
            $(#[cfg(target_arch = "x86")] let _ = $param;)*
            unserved_answer(UnservedSlot::$name as usize)
        }
    };
}

fn unserved_answer(index: usize) -> usize {
    let function = slot(Slot::End as usize + index);
    if function.is_null() {
        return HRESULT::MAPI_E_NOT_INITIALIZED.to_u32() as usize;
    }
    // SAFETY: the functions behind the served ones have this signature, as whoever handed the table over vouches.
    unsafe {
        let function: unsafe extern "system" fn() -> usize = std::mem::transmute(function);
        function()
    }
}

mapi_spi::for_each_unserved_function!(export_unserved);
