//! Gives back what a callee made for its caller, once it has been read for the wire.

use std::ffi::c_void;

use mapi_spi::HRESULT;
use mapi_spi::kinds::Wire;
use mapi_spi::meta::Direction;
use mapi_spi::structs::{ADRLIST, SRowSet};

use super::call::{Call, pointer};
use super::results::load;
use crate::com::boundary;
use crate::memory;
use crate::trace::event::IllegalKind;
use crate::trace::told::What;

/// Frees the outputs of a call as its caller would, with MAPIFreeBuffer. What is not MAPI's memory is reported and left.
///
/// # Safety
///
/// The words are the arguments of a call that has returned with this code; nobody uses its outputs any more.
pub(in crate::shim) unsafe fn free_outputs(call: &Call<'_>, code: HRESULT) {
    for (param, word) in call.method.params.iter().zip(call.words) {
        if param.direction != Direction::Out || *word == 0 || code.is_err() && param.wire != Wire::MapiError {
            continue;
        }
        // SAFETY: an output cell of a call that has returned.
        let at = pointer(unsafe { load(param.wire, *word, call.width) });
        if at.is_null() || is_pattern(at) {
            continue;
        }
        match param.wire {
            Wire::Tags
            | Wire::Str
            | Wire::Str8
            | Wire::Props
            | Wire::Problems
            | Wire::MapiError
            | Wire::EntryId
            | Wire::EntryList
            | Wire::Bytes
            | Wire::Restriction
            | Wire::SortOrder
            | Wire::NameArray => free(call, param.name, at),
            Wire::RowSet => {
                // SAFETY: a set of rows that was returned with success.
                let rows = unsafe { SRowSet::elements(at.cast()) };
                for block in rows.map(|row| row.lpProps).collect::<Vec<_>>() {
                    free(call, param.name, block.cast());
                }
                free(call, param.name, at);
            }
            // SAFETY: a list that was returned with success.
            Wire::AdrList => unsafe { free_list(at.cast()) },
            // These belong to the callee, or are no memory of their own.
            Wire::StrArray
            | Wire::UidArray
            | Wire::Options
            | Wire::Object
            | Wire::Opaque
            | Wire::Buffer
            | Wire::UidValue
            | Wire::Stat
            | Wire::Ulong
            | Wire::Long
            | Wire::UlongPtr
            | Wire::Hresult
            | Wire::I64
            | Wire::U64
            | Wire::Size
            | Wire::Tag
            | Wire::Iid
            | Wire::IidArray
            | Wire::Uid
            | Wire::WriteBuffer
            | Wire::Notifications
            | Wire::Notification
            | Wire::NotifKey
            | Wire::Names
            | Wire::NotifyData
            | Wire::NotifyCell => {}
        }
    }
}

fn is_pattern(at: *mut c_void) -> bool {
    at as usize == crate::com::cell::PATTERN as usize
}

fn free(call: &Call<'_>, name: &str, block: *mut c_void) {
    if block.is_null() || memory::is_mapi_buffer(block) {
        memory::free(block);
        return;
    }
    boundary().record(What::Illegal {
        kind: IllegalKind::ForeignMemory,
        obj: String::new(),
        detail: format!(
            "the memory that {} returned in {name} is not from the MAPI allocator",
            call.method.name
        ),
    });
}

/// Frees a recipient list where it is still there: each entry's properties, then the list
/// (page: managing-memory-for-adrlist-and-srowset-structures).
///
/// # Safety
///
/// `list` was laid down in MAPI's memory; whether it has been freed since does not matter.
pub(in crate::shim) unsafe fn free_list(list: *mut ADRLIST) {
    if !memory::is_mapi_buffer(list.cast()) {
        return;
    }
    // SAFETY: the list is alive, as was just seen.
    let entries = unsafe { ADRLIST::elements(list) };
    for block in entries.map(|entry| entry.rgPropVals).collect::<Vec<_>>() {
        if memory::is_mapi_buffer(block.cast()) {
            memory::free(block.cast());
        }
    }
    memory::free(list.cast());
}
