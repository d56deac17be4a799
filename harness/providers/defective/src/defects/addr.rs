//! ADDR and OPTS: IXPLogon::AddressTypes, IXPLogon::RegisterOptions.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::MAPI_UNICODE;

use super::Defect;
use super::tools::{allocate, free, scribble};
use crate::hooks::Hooks;

pub(super) const DEFECTS: &[Defect] = &[
    ("address-count-without-array", address_count_without_array),
    ("address-count-too-large", address_count_too_large),
    ("address-types-change", address_types_change),
    ("address-types-freed", address_types_freed),
    ("earlier-address-types-change", earlier_address_types_change),
    ("address-types-other-width", address_types_other_width),
    ("options-unwritten", options_unwritten),
    ("options-count-without-array", options_count_without_array),
];

const TYPES: &str = "IXPLogon.AddressTypes";

fn address_count_without_array() -> Hooks {
    Hooks::default().after(TYPES, |call| call.write("lpppAdrTypeArray", 0_usize))
}

fn address_count_too_large() -> Hooks {
    Hooks::default().after(TYPES, |call| {
        let first: *mut usize = call.read_ptr("lpppAdrTypeArray");
        let first = super::tools::first(first);
        let array = Box::leak(Box::new([first, 0_usize]));
        call.write("lpcAdrType", 2_u32);
        call.write("lpppAdrTypeArray", array.as_mut_ptr() as usize);
    })
}

/// The strings are written over as soon as traffic begins.
fn address_types_change() -> Hooks {
    static TEXT: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .after(TYPES, |call| TEXT.store(super::tools::first(call.read_ptr("lpppAdrTypeArray")), SeqCst))
        .after("IXPLogon.TransportNotify", |_| scribble(TEXT.load(SeqCst) as *mut c_void, 0, b"X"))
}

/// Each answer has an array of its own, and the one before is written over.
fn earlier_address_types_change() -> Hooks {
    static EARLIER: AtomicUsize = AtomicUsize::new(0);
    Hooks::default().after(TYPES, |call| {
        let text = Box::leak(Box::new(*b"REF\0")).as_mut_ptr() as usize;
        let array = Box::leak(Box::new([text]));
        call.write("lpppAdrTypeArray", array.as_mut_ptr() as usize);
        scribble(EARLIER.swap(text, SeqCst) as *mut c_void, 0, b"X");
    })
}

/// The arrays are MAPI's memory, and freed with the next call.
fn address_types_freed() -> Hooks {
    static BLOCK: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .after(TYPES, |call| {
            free(BLOCK.swap(0, SeqCst) as *mut c_void);
            let block = allocate(16);
            scribble(block, 8, b"REF\0");
            scribble(block, 0, &(block as usize + 8).to_ne_bytes());
            call.write("lpppAdrTypeArray", block as usize);
            BLOCK.store(block as usize, SeqCst);
        })
        .after("IXPLogon.RegisterOptions", |_| free(BLOCK.swap(0, SeqCst) as *mut c_void))
        .before("IXPLogon.TransportNotify", |_| free(BLOCK.swap(0, SeqCst) as *mut c_void))
}

fn address_types_other_width() -> Hooks {
    Hooks::default().after(TYPES, |call| call.write("lpulFlags", MAPI_UNICODE))
}

fn options_unwritten() -> Hooks {
    Hooks::default().instead("IXPLogon.RegisterOptions", |call| call.answer(HRESULT::S_OK))
}

fn options_count_without_array() -> Hooks {
    Hooks::default().after("IXPLogon.RegisterOptions", |call| call.write("lpcOptions", 1_u32))
}
