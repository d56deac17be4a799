//! MAPI's memory: MAPIAllocateBuffer, MAPIAllocateMore, MAPIFreeBuffer, and the IMalloc that `XPProviderInit` gets.
//!
//! Every block is tagged, poisoned and counted. Freed blocks are kept for a while, so that a write to one is seen. The
//! functions are part of the boundary but not written into the trace call by call: there are too many; what is wrong with
//! them is, and each block remembers the event after which it was made.

use std::alloc::{Layout, alloc, dealloc};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use mapi_spi::HRESULT;

use crate::com::gate::boundary;
use crate::com::{Held, object, ours};
use crate::implements;
use crate::trace::event::IllegalKind;
use crate::trace::told::What;

/// What new memory holds: nobody may count on zeroes.
const FRESH: u8 = 0xcd;
/// What freed memory holds.
const FREED: u8 = 0xdd;

/// Whether a pointer that the candidate has left somewhere leads anywhere: it is not null, and was not read from a block
/// that has been freed.
#[must_use]
pub fn may_be_followed<T>(pointer: *const T) -> bool {
    !pointer.is_null() && pointer as usize != usize::from_ne_bytes([FREED; size_of::<usize>()])
}

/// What stands before and behind every block.
const GUARD: u8 = 0xfd;
/// How many bytes of it on either side; blocks stay aligned.
const GUARD_BYTES: usize = 16;
/// How much freed memory is kept for watching, in bytes.
const QUARANTINE: usize = 4 << 20;
/// No single block is larger: what asks for more gets MAPI_E_NOT_ENOUGH_MEMORY.
const LARGEST: usize = 1 << 30;

/// Where a block came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// MAPIAllocateBuffer.
    Buffer,
    /// MAPIAllocateMore; the address of the block that it is chained to.
    More(usize),
    /// IMalloc::Alloc.
    Malloc,
}

#[derive(Debug)]
struct Block {
    size: usize,
    origin: Origin,
    chained: Vec<usize>,
    made_after: u64,
}

#[derive(Debug, Default)]
struct Heap {
    live: HashMap<usize, Block>,
    freed: VecDeque<(usize, usize)>,
    freed_index: HashMap<usize, usize>,
    freed_bytes: usize,
}

static HEAP: LazyLock<Mutex<Heap>> = LazyLock::new(Mutex::default);
static CALLS: AtomicU64 = AtomicU64::new(0);
static JUDGE: OnceLock<fn() -> Option<HRESULT>> = OnceLock::new();

fn heap() -> MutexGuard<'static, Heap> {
    HEAP.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Of a block with what stands on either side.
fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.max(1) + 2 * GUARD_BYTES, 16).ok()
}

/// What was written to around a living block, in words.
///
/// # Safety
///
/// The block at `address` was made by [`Heap::make`] with this size, and not given back to the system.
unsafe fn around(address: usize, size: usize) -> impl Iterator<Item = String> {
    let behind = layout(size).map_or(0, |layout| layout.size() - GUARD_BYTES - size);
    let sides = [("before", address - GUARD_BYTES, GUARD_BYTES), ("behind", address + size, behind)];
    sides.into_iter().filter_map(move |(side, start, count)| {
        // SAFETY: the caller vouches for the block, which has as much on this side of it.
        let guard = unsafe { std::slice::from_raw_parts(start as *const u8, count) };
        let whole = guard.iter().all(|byte| *byte == GUARD);
        (!whole).then(|| format!("bytes {side} a block of {size} were overwritten"))
    })
}

impl Heap {
    fn make(&mut self, size: usize, origin: Origin) -> Result<usize, HRESULT> {
        if size > LARGEST {
            return Err(HRESULT::MAPI_E_NOT_ENOUGH_MEMORY);
        }
        let layout = layout(size).ok_or(HRESULT::MAPI_E_NOT_ENOUGH_MEMORY)?;
        // SAFETY: the layout is not empty.
        let block = unsafe { alloc(layout) };
        if block.is_null() {
            return Err(HRESULT::MAPI_E_NOT_ENOUGH_MEMORY);
        }
        // SAFETY: what was allocated has `size` bytes, and the guards before and behind them.
        let address = unsafe {
            block.write_bytes(GUARD, layout.size());
            let block = block.add(GUARD_BYTES);
            block.write_bytes(FRESH, size);
            block as usize
        };
        let made_after = boundary().last_event();
        self.live.insert(address, Block { size, origin, chained: Vec::new(), made_after });
        Ok(address)
    }

    /// Takes a block and all that is chained to it out of use.
    fn retire(&mut self, address: usize, faults: &mut Vec<(IllegalKind, String)>) {
        let Some(block) = self.live.remove(&address) else { return };
        for chained in block.chained {
            self.retire(chained, faults);
        }
        let total = layout(block.size).map_or(block.size, |layout| layout.size());
        // SAFETY: the block was live until now.
        let around = unsafe { around(address, block.size) };
        faults.extend(around.map(|detail| (IllegalKind::GuardOverwritten, detail)));
        // SAFETY: as above; these are its bytes.
        unsafe { (address as *mut u8).write_bytes(FREED, block.size) };
        self.freed.push_back((address, block.size));
        self.freed_index.insert(address, block.size);
        self.freed_bytes += total;
        while self.freed_bytes > QUARANTINE {
            let Some((oldest, size)) = self.freed.pop_front() else { break };
            self.forget(oldest, size, faults);
        }
    }

    /// Gives a freed block back to the system, after a last look.
    fn forget(&mut self, address: usize, size: usize, faults: &mut Vec<(IllegalKind, String)>) {
        self.freed_index.remove(&address);
        self.check_freed(address, size, faults);
        if let Some(layout) = layout(size) {
            self.freed_bytes -= layout.size();
            // SAFETY: the block was made with this layout, and is in no list any more.
            unsafe { dealloc((address - GUARD_BYTES) as *mut u8, layout) };
        }
    }

    fn check_freed(&self, address: usize, size: usize, faults: &mut Vec<(IllegalKind, String)>) {
        // SAFETY: quarantined memory is still ours.
        let bytes = unsafe { std::slice::from_raw_parts(address as *const u8, size) };
        if bytes.iter().any(|byte| *byte != FREED) {
            faults.push((
                IllegalKind::WriteAfterFree,
                format!("a block of {size} bytes was written to after it was freed"),
            ));
        }
    }
}

fn report(faults: Vec<(IllegalKind, String)>) {
    for (kind, detail) in faults {
        boundary().record(What::Illegal { kind, obj: String::new(), detail });
    }
}

/// A block from MAPIAllocateBuffer with all that is chained to it, while we fill it. Dropped, it is freed.
#[derive(Debug)]
pub struct Chain {
    address: usize,
}

impl Chain {
    /// Allocates a block.
    ///
    /// # Errors
    ///
    /// MAPI_E_NOT_ENOUGH_MEMORY.
    pub fn allocate(size: usize) -> Result<Self, HRESULT> {
        Ok(Self { address: heap().make(size, Origin::Buffer)? })
    }

    /// Allocates a block that lives as long as this one.
    ///
    /// # Errors
    ///
    /// MAPI_E_NOT_ENOUGH_MEMORY.
    pub fn more(&self, size: usize) -> Result<*mut u8, HRESULT> {
        more(size, self.address).map(|address| address as *mut u8)
    }

    /// The block.
    #[must_use]
    pub fn ptr<T>(&self) -> *mut T {
        self.address as *mut T
    }

    /// Gives the block away: whoever has the pointer frees it.
    #[must_use]
    pub fn into_raw(self) -> *mut u8 {
        let address = self.address;
        std::mem::forget(self);
        address as *mut u8
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        free(self.address as *mut c_void);
    }
}

fn more(size: usize, parent: usize) -> Result<usize, HRESULT> {
    let mut heap = heap();
    // A block may be chained to a chained one; it goes with the head of the chain then.
    let mut head = parent;
    loop {
        match heap.live.get(&head).map(|block| block.origin) {
            Some(Origin::Buffer) => break,
            Some(Origin::More(up)) => head = up,
            Some(Origin::Malloc) | None => {
                drop(heap);
                let detail = "MAPIAllocateMore was given a block that MAPIAllocateBuffer did not make or that is freed";
                report(vec![(IllegalKind::ChainMisuse, detail.to_owned())]);
                return Err(HRESULT::MAPI_E_INVALID_PARAMETER);
            }
        }
    }
    let address = heap.make(size, Origin::More(head))?;
    if let Some(head) = heap.live.get_mut(&head) {
        head.chained.push(address);
    }
    Ok(address)
}

/// Frees a block from MAPIAllocateBuffer; null is allowed. What is wrong with it is reported.
pub fn free(block: *mut c_void) {
    if block.is_null() {
        return;
    }
    let mut faults = Vec::new();
    {
        let mut heap = heap();
        let address = block as usize;
        match heap.live.get(&address).map(|block| block.origin) {
            Some(Origin::Buffer) => heap.retire(address, &mut faults),
            Some(Origin::More(_)) => faults.push((
                IllegalKind::ChainMisuse,
                "MAPIFreeBuffer was called on a block from MAPIAllocateMore: it goes with its parent"
                    .to_owned(),
            )),
            Some(Origin::Malloc) => {
                faults.push((
                    IllegalKind::ForeignFree,
                    "MAPIFreeBuffer was called on a block of IMalloc".to_owned(),
                ));
            }
            None if heap.freed_index.contains_key(&address) => {
                faults.push((
                    IllegalKind::DoubleFree,
                    "MAPIFreeBuffer was called on a block that was freed before".to_owned(),
                ));
            }
            None => faults.push((
                IllegalKind::ForeignFree,
                "MAPIFreeBuffer was called on memory that MAPI's allocation functions did not make"
                    .to_owned(),
            )),
        }
    }
    report(faults);
}

/// Whether a pointer is the beginning of a living block from MAPIAllocateBuffer.
#[must_use]
pub fn is_mapi_buffer(block: *const c_void) -> bool {
    heap().live.get(&(block as usize)).is_some_and(|block| block.origin == Origin::Buffer)
}

/// The size of a living block from MAPIAllocateBuffer.
#[must_use]
pub fn size_of_buffer(block: *const c_void) -> Option<usize> {
    let heap = heap();
    heap.live.get(&(block as usize)).filter(|block| block.origin == Origin::Buffer).map(|block| block.size)
}

/// Whether a pointer lies within a living block from MAPIAllocateBuffer or MAPIAllocateMore.
#[must_use]
pub fn is_within_mapi_memory(at: *const c_void) -> bool {
    let address = at as usize;
    heap().live.iter().any(|(start, block)| (*start..*start + block.size.max(1)).contains(&address))
}

/// How often the candidate has asked MAPIAllocateBuffer and MAPIAllocateMore for memory.
#[must_use]
pub fn allocations() -> u64 {
    CALLS.load(Ordering::Acquire)
}

/// Looks at everything that is left: leaks, and writes to freed blocks.
pub fn inspect_at_end() {
    let mut faults = Vec::new();
    {
        let heap = heap();
        for (address, size) in &heap.freed {
            heap.check_freed(*address, *size, &mut faults);
        }
        // Many blocks of one place are one finding.
        let mut leaks: BTreeMap<(u64, usize, &str), u32> = BTreeMap::new();
        for block in heap.live.values() {
            let from = match block.origin {
                Origin::Buffer => "MAPIAllocateBuffer",
                Origin::Malloc => "IMalloc::Alloc",
                Origin::More(_) => continue,
            };
            *leaks.entry((block.made_after, block.size, from)).or_default() += 1;
        }
        for ((after, size, from), count) in leaks {
            faults.push((
                IllegalKind::Leak,
                format!(
                    "{count} block(s) of {size} bytes from {from}, made after event {after}, were never freed"
                ),
            ));
        }
    }
    report(faults);
}

/// MAPIAllocateBuffer.
///
/// # Safety
///
/// `out` is null or valid for a pointer.
pub unsafe extern "system" fn allocate_buffer(size: u32, out: *mut *mut c_void) -> HRESULT {
    // SAFETY: passed on from the caller.
    unsafe { hand_out(out, || heap().make(size as usize, Origin::Buffer)) }
}

/// MAPIAllocateMore.
///
/// # Safety
///
/// `out` is null or valid for a pointer.
pub unsafe extern "system" fn allocate_more(
    size: u32,
    parent: *mut c_void,
    out: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: passed on from the caller.
    unsafe { hand_out(out, || more(size as usize, parent as usize)) }
}

/// MAPIFreeBuffer.
///
/// # Safety
///
/// Any pointer may be given; what is no block of MAPI's is reported and left alone.
pub unsafe extern "system" fn free_buffer(block: *mut c_void) -> u32 {
    free(block);
    0
}

/// The candidate asks for memory: counts it, and says with what it is to fail where the case orders that.
pub fn asked() -> Option<HRESULT> {
    CALLS.fetch_add(1, Ordering::AcqRel);
    let ordered = boundary().traps.spring("allocation", "");
    if let Some(code) = ordered {
        let value = serde_json::json!({ "hr": code.to_string() });
        boundary().record(What::Fact { name: "allocation-failed".to_owned(), value });
    }
    ordered
}

/// Lets somebody else decide which allocations fail, from now on: the spooler of a library that lives in this process is in
/// another one.
pub fn judged_by(judge: fn() -> Option<HRESULT>) {
    let _ = JUDGE.set(judge);
}

unsafe fn hand_out(out: *mut *mut c_void, make: impl FnOnce() -> Result<usize, HRESULT>) -> HRESULT {
    let ordered = JUDGE.get().map_or_else(asked, |judge| judge());
    if out.is_null() {
        boundary().record(What::Illegal {
            kind: IllegalKind::NullArgument,
            obj: String::new(),
            detail: "an allocation function was called with a null output".to_owned(),
        });
        return HRESULT::MAPI_E_INVALID_PARAMETER;
    }
    let made = ordered.map_or_else(make, Err);
    // SAFETY: not null; the caller vouches for it.
    unsafe { *out = made.as_ref().map_or(std::ptr::null_mut(), |address| *address as *mut c_void) };
    made.err().unwrap_or(HRESULT::S_OK)
}

/// The IMalloc for `XPProviderInit`.
#[derive(Debug)]
struct Malloc;

implements!(Malloc: IMalloc);

/// Makes the allocator object.
#[must_use]
pub fn malloc() -> Held {
    object::hold(Arc::new(Malloc), "malloc")
}

/// The allocator object that MAPIGetDefaultMalloc returns. Whether its reference is the caller's to give back no page says, so
/// either is right, and the references of this object are not counted.
#[must_use]
pub fn default_malloc() -> *mut c_void {
    static DEFAULT: LazyLock<usize> =
        LazyLock::new(|| object::hand_out_uncounted(Arc::new(Malloc), "default-malloc").0 as usize);
    *DEFAULT as *mut c_void
}

impl ours::IMalloc for Malloc {
    unsafe fn Alloc(&self, cb: usize) -> *mut c_void {
        heap().make(cb, Origin::Malloc).map_or(std::ptr::null_mut(), |address| address as *mut c_void)
    }

    unsafe fn Realloc(&self, pv: *mut c_void, cb: usize) -> *mut c_void {
        if pv.is_null() {
            // SAFETY: no pointers involved.
            return unsafe { self.Alloc(cb) };
        }
        let old = heap()
            .live
            .get(&(pv as usize))
            .filter(|block| block.origin == Origin::Malloc)
            .map(|block| block.size);
        let Some(old) = old else {
            report(vec![(
                IllegalKind::ForeignFree,
                "IMalloc::Realloc was given memory that is not its own".to_owned(),
            )]);
            return std::ptr::null_mut();
        };
        if cb == 0 {
            // SAFETY: a living block of this allocator.
            unsafe { self.Free(pv) };
            return std::ptr::null_mut();
        }
        // SAFETY: no pointers involved.
        let new = unsafe { self.Alloc(cb) };
        if !new.is_null() {
            // SAFETY: both blocks are live and at least this large; they do not overlap.
            unsafe { std::ptr::copy_nonoverlapping(pv.cast::<u8>(), new.cast::<u8>(), old.min(cb)) };
            // SAFETY: a living block of this allocator.
            unsafe { self.Free(pv) };
        }
        new
    }

    unsafe fn Free(&self, pv: *mut c_void) {
        if pv.is_null() {
            return;
        }
        let mut faults = Vec::new();
        {
            let mut heap = heap();
            let address = pv as usize;
            match heap.live.get(&address).map(|block| block.origin) {
                Some(Origin::Malloc) => heap.retire(address, &mut faults),
                _ if heap.freed_index.contains_key(&address) => {
                    faults.push((
                        IllegalKind::DoubleFree,
                        "IMalloc::Free of a block that was freed before".to_owned(),
                    ));
                }
                _ => faults.push((
                    IllegalKind::ForeignFree,
                    "IMalloc::Free of memory that is not its own".to_owned(),
                )),
            }
        }
        report(faults);
    }

    unsafe fn GetSize(&self, pv: *mut c_void) -> usize {
        heap().live.get(&(pv as usize)).map_or(usize::MAX, |block| block.size)
    }

    unsafe fn DidAlloc(&self, pv: *mut c_void) -> i32 {
        if pv.is_null() {
            return -1;
        }
        i32::from(heap().live.get(&(pv as usize)).is_some_and(|block| block.origin == Origin::Malloc))
    }

    unsafe fn HeapMinimize(&self) {}
}
