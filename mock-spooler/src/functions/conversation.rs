//! Conversation indexes: `ScCreateConversationIndex`. Pages: sccreateconversationindex, tracking-conversations.

use std::ffi::c_void;
use std::ptr;
use std::time::{Duration, SystemTime};

use mapi_spi::HRESULT;

use crate::objects::args;
use crate::objects::{store, wire};

/// A header: a reserved byte, five of time, a GUID.
const HEADER: usize = 22;
/// From 1601 to 1970.
const EPOCH: Duration = Duration::from_secs(11_644_473_600);

pub(super) unsafe fn ScCreateConversationIndex(
    cbParent: u32,
    lpbParent: *mut u8,
    lpcbIndex: *mut u32,
    lppbIndex: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: so many bytes, as the caller vouches.
    let made = unsafe { args::bytes(cbParent, lpbParent.cast()) }.and_then(|parent| {
        args::needed(lpcbIndex).and(args::needed(lppbIndex))?;
        let index = index(&parent, now(), store::new_uid());
        Ok((wire::count(index.len()), wire::bytes(&index)?))
    });
    // SAFETY: the caller vouches for the outputs.
    unsafe {
        args::put(lpcbIndex, made.map_or(0, |(length, _)| length));
        args::put(lppbIndex, made.map_or(ptr::null_mut(), |(_, index)| index));
    }
    made.err().unwrap_or(HRESULT::S_OK)
}

/// The time now, in 100 ns since 1601.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + EPOCH;
    u64::try_from(since.as_nanos() / 100).unwrap_or(u64::MAX)
}

/// The index of a new conversation where the parent has no header, else the parent's with a block for this answer.
pub(super) fn index(parent: &[u8], now: u64, uid: [u8; 16]) -> Vec<u8> {
    if parent.len() < HEADER {
        let mut header = vec![1];
        header.extend(&now.to_be_bytes()[1..6]);
        header.extend(uid);
        return header;
    }
    // The header has bits 16 to 55 of its time, the top byte of which is that of every time in reach.
    let mut start = [0; 8];
    start[1..6].copy_from_slice(&parent[1..6]);
    start[0] = now.to_be_bytes()[0];
    let passed = now.saturating_sub(u64::from_be_bytes(start));
    // Bits 18 to 48 of what has passed, or, where that says nothing any more, bits 23 to 53 with the mark for it.
    let (mark, time) = if passed >> 49 == 0 { (0, passed >> 18) } else { (1_u32 << 31, passed >> 23) };
    let time = u32::try_from(time & 0x7FFF_FFFF).unwrap_or(0) | mark;
    let mut index = parent.to_vec();
    index.extend(time.to_be_bytes());
    // Four random bits and four of a count that is random, too, so that two answers of the same moment differ.
    index.push(uid[0]);
    index
}
