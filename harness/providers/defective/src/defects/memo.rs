//! MEMO: memory and references.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::STATUS_AVAILABLE;
use mapi_spi::tags::PR_STATUS_CODE;

use super::Defect;
use super::tools::{add_ref, allocate, allocate_more, free, long, release, scribble};
use crate::hooks::{Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("own-memory-handed-out", own_memory_handed_out),
    ("own-list-handed-out", own_list_handed_out),
    ("own-error-handed-out", own_error_handed_out),
    ("block-freed-twice", block_freed_twice),
    ("foreign-block-freed", foreign_block_freed),
    ("part-freed-alone", part_freed_alone),
    ("block-never-freed", block_never_freed),
    ("block-overrun", block_overrun),
    ("block-written-after-free", block_written_after_free),
    ("section-never-released", section_never_released),
    ("section-released-twice", section_released_twice),
    ("section-referenced", section_referenced),
    ("out-of-memory-crash", out_of_memory_crash),
    ("out-of-memory-leak", out_of_memory_leak),
    ("out-of-memory-loses-mail", out_of_memory_loses_mail),
];

/// What GetProps of the status object returns is in memory of the library's own.
fn own_memory_handed_out() -> Hooks {
    Hooks::default().after("IMAPIStatus.GetProps", |call| {
        if call.succeeded() {
            free(call.read_ptr("lppPropArray"));
            let own = Box::leak(Box::new(long(PR_STATUS_CODE, STATUS_AVAILABLE)));
            call.write("lppPropArray", std::ptr::from_mut(own) as usize);
            call.write("lpcValues", 1_u32);
        }
    })
}

/// The same for GetPropList: a count of one, and a tag.
fn own_list_handed_out() -> Hooks {
    Hooks::default().after("IMAPIStatus.GetPropList", |call| {
        if call.succeeded() {
            free(call.read_ptr("lppPropTagArray"));
            let own = Box::leak(Box::new([1, PR_STATUS_CODE.0]));
            call.write("lppPropTagArray", own.as_mut_ptr() as usize);
        }
    })
}

/// The same for GetLastError: a MAPIERROR that says nothing.
fn own_error_handed_out() -> Hooks {
    Hooks::default().after("IMAPIStatus.GetLastError", |call| {
        let own = Box::leak(Box::new([0_u64; 8]));
        call.write("lppMAPIError", own.as_mut_ptr() as usize);
        call.answer(HRESULT::S_OK);
    })
}

fn block_freed_twice() -> Hooks {
    Hooks::default().after("MAPIFreeBuffer", |call| {
        let block = call.ptr::<c_void>("lpBuffer");
        if !block.is_null() {
            free(block);
        }
    })
}

fn foreign_block_freed() -> Hooks {
    Hooks::default()
        .before("IXPLogon.TransportNotify", |_| free(Box::leak(Box::new([0_u64; 8])).as_mut_ptr().cast()))
}

fn part_freed_alone() -> Hooks {
    Hooks::default().before("IXPLogon.TransportNotify", |_| {
        let whole = allocate(32);
        free(allocate_more(32, whole));
        free(whole);
    })
}

/// Of each call that tells of an event something is left.
fn block_never_freed() -> Hooks {
    Hooks::default().before("IXPLogon.TransportNotify", |_| {
        allocate(32);
    })
}

fn block_overrun() -> Hooks {
    Hooks::default().before("IXPLogon.TransportNotify", |_| {
        let block = allocate(32);
        scribble(block, 32, b"!");
        free(block);
    })
}

fn block_written_after_free() -> Hooks {
    Hooks::default().before("IXPLogon.TransportNotify", |_| {
        let block = allocate(32);
        free(block);
        scribble(block, 0, b"!");
    })
}

fn section_never_released() -> Hooks {
    Hooks::default().instead("IProfSect.Release", |call| call.answer_word(0))
}

fn section_released_twice() -> Hooks {
    Hooks::default().after("IProfSect.Release", |call| release(call.object()))
}

/// Takes a reference and forgets it.
fn section_referenced() -> Hooks {
    Hooks::default().after("IMAPISupport.OpenProfileSection", |call| {
        if call.succeeded() {
            add_ref(crate::boundary::inner_of(call.read_ptr("lppProfileObj")));
        }
    })
}

/// Whether an allocation has been refused.
static REFUSED: AtomicBool = AtomicBool::new(false);

fn noticing_refusals() -> Hooks {
    fn notice(call: &mut crate::boundary::Call<'_>) {
        if !call.succeeded() {
            REFUSED.store(true, SeqCst);
        }
    }
    Hooks::default().after("MAPIAllocateBuffer", notice).after("MAPIAllocateMore", notice)
}

pub(super) fn out_of_memory_crash() -> Hooks {
    noticing_refusals().before("*", |_| {
        if REFUSED.load(SeqCst) {
            std::process::abort();
        }
    })
}

/// What had been allocated before is forgotten.
fn out_of_memory_leak() -> Hooks {
    static KEPT: AtomicUsize = AtomicUsize::new(0);
    noticing_refusals().decide("MAPIFreeBuffer", |call| {
        if !REFUSED.load(SeqCst) || KEPT.swap(1, SeqCst) != 0 {
            return Flow::Forward;
        }
        call.answer_word(0);
        Flow::Answered
    })
}

/// The mail is removed along with the attempt.
fn out_of_memory_loses_mail() -> Hooks {
    super::robu::losing_mail(
        noticing_refusals(),
        || REFUSED.swap(false, SeqCst),
        HRESULT::MAPI_E_NOT_ENOUGH_MEMORY,
    )
}
