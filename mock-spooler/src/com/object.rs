//! Our COM objects: identity, references, tombstones.
//!
//! Each object has one address for all its interfaces, as MAPI's single inheritance allows. References that the candidate
//! holds are counted apart from our own, so that a Release too many is seen and survived. An object whose last reference is
//! gone stays behind as a tombstone: a later call is recorded as what it is. Tombstones are kept in a bounded queue.

use std::any::TypeId;
use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::com::cell::{Cell, View};
use crate::com::ours::{IUnknown, Implements};

/// How many dead objects are remembered. Beyond that the oldest address may be used again.
const TOMBSTONES: usize = 65_536;

/// What the candidate points to: nothing but the vtable pointer is of its concern.
#[repr(C)]
struct Block {
    vtable: *const *const c_void,
    /// Filler that a candidate which believes in fields would overwrite without harm.
    reserved: [u64; 3],
}

/// What we know of an object.
pub struct Entry {
    /// `message#3`.
    pub name: String,
    /// The interface that the pointer has, by name.
    pub interface: &'static str,
    address: usize,
    body: Mutex<Option<Arc<dyn IUnknown>>>,
    /// References that the candidate holds.
    theirs: AtomicI64,
    /// References that we hold.
    own: AtomicI64,
    dead: AtomicBool,
    /// The call that lent the object has returned: no use of it is allowed any more.
    over: AtomicBool,
    /// Nobody has to give references back.
    uncounted: bool,
    /// The reference cell of a message in process.
    reference: Mutex<Option<Reference>>,
    /// The event at which the object was made.
    pub made_at: u64,
}

/// The reference cell of a message in process.
struct Reference {
    view: View,
    /// Whether it had been written when the candidate first used the message.
    assigned_first: Option<bool>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .field("theirs", &self.theirs)
            .finish_non_exhaustive()
    }
}

/// What became of a Release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// References are left.
    Alive(u32),
    /// It was the last one.
    Last,
    /// The candidate gave back a reference that it did not hold.
    TooMany,
}

impl Entry {
    /// What implements the object, while it lives.
    pub fn body(&self) -> Option<Arc<dyn IUnknown>> {
        lock(&self.body).clone()
    }

    /// Whether the last reference is gone.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }

    /// Whether the call that lent the object has returned.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// How many references the candidate holds.
    pub fn theirs(&self) -> i64 {
        self.theirs.load(Ordering::Acquire)
    }

    /// The pointer for the candidate.
    pub fn ptr(&self) -> *mut c_void {
        self.address as *mut c_void
    }

    /// What the reference cell of a message in process holds now, as the candidate uses the message.
    pub fn msgref(&self) -> Option<u64> {
        let mut watched = self.reference.lock().unwrap_or_else(PoisonError::into_inner);
        let reference = watched.as_mut()?;
        if reference.assigned_first.is_none() {
            reference.assigned_first = reference.view.written();
        }
        // SAFETY: the engine has the cell watched for the time of the call that it made with it, and ends that before the cell
        // goes away; the cell is aligned and eight bytes large.
        Some(unsafe { std::ptr::read_volatile(reference.view.at) })
    }

    fn count(&self) -> u32 {
        let sum = self.theirs.load(Ordering::Acquire).max(0) + self.own.load(Ordering::Acquire);
        u32::try_from(sum).unwrap_or(u32::MAX)
    }

    pub(crate) fn add_ref(&self) -> u32 {
        self.theirs.fetch_add(1, Ordering::AcqRel);
        self.count()
    }

    pub(crate) fn release(&self) -> Released {
        if self.theirs.fetch_sub(1, Ordering::AcqRel) <= 0 {
            self.theirs.fetch_add(1, Ordering::AcqRel);
            return Released::TooMany;
        }
        self.after_release()
    }

    fn after_release(&self) -> Released {
        let left = self.count();
        if left > 0 {
            return Released::Alive(left);
        }
        self.bury();
        Released::Last
    }

    fn bury(&self) {
        if self.dead.swap(true, Ordering::AcqRel) {
            return;
        }
        let body = lock(&self.body).take();
        // Outside the lock: a body that goes away may release objects of its own.
        drop(body);
        registry().bury(self.address);
    }
}

/// A reference of ours to one of our objects. Dropping it gives the reference back.
#[derive(Debug)]
pub struct Held {
    entry: Arc<Entry>,
}

impl Held {
    /// What we know of the object.
    #[must_use]
    pub fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// The pointer for the candidate, which gets no reference with it: the object is lent.
    #[must_use]
    pub fn lend(&self) -> *mut c_void {
        self.entry.ptr()
    }

    /// From now on any use of the object by the candidate is illegal, whatever references it holds.
    pub fn end_of_loan(&self) {
        *self.entry.reference.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.entry.over.store(true, Ordering::Release);
    }

    /// Watches a reference cell: callbacks on this object are recorded with what it holds. Ended by [`Held::end_of_loan`].
    pub fn watch(&self, cell: &Cell) {
        let watched = Reference { view: cell.view(), assigned_first: None };
        *self.entry.reference.lock().unwrap_or_else(PoisonError::into_inner) = Some(watched);
    }

    /// Whether the cell that is watched had been written when the candidate first used this object; nothing where it used none,
    /// or where that is not known.
    #[must_use]
    pub fn assigned_first(&self) -> Option<bool> {
        self.entry.reference.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.assigned_first
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.entry.own.fetch_sub(1, Ordering::AcqRel);
        self.entry.after_release();
    }
}

/// A pointer for the candidate that carries one reference: what a method puts into an output parameter.
#[derive(Clone, Copy, Debug)]
pub struct Handle(pub *mut c_void);

struct Registry {
    live: HashMap<usize, Arc<Entry>>,
    tombs: HashMap<usize, Arc<Entry>>,
    order: VecDeque<usize>,
    vtables: HashMap<TypeId, &'static [*const c_void]>,
    counters: HashMap<&'static str, u64>,
}

// SAFETY: the raw pointers are addresses of immutable, leaked vtables and of functions.
unsafe impl Send for Registry {}

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(|| {
    Mutex::new(Registry {
        live: HashMap::new(),
        tombs: HashMap::new(),
        order: VecDeque::new(),
        vtables: HashMap::new(),
        counters: HashMap::new(),
    })
});

/// Counts objects ever made, for names in tests and figures.
static MADE: AtomicU64 = AtomicU64::new(0);

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    fn bury(&mut self, address: usize) {
        let Some(entry) = self.live.remove(&address) else { return };
        self.tombs.insert(address, entry);
        self.order.push_back(address);
        if self.order.len() > TOMBSTONES
            && let Some(oldest) = self.order.pop_front()
        {
            self.tombs.remove(&oldest);
            // SAFETY: the address was made by `Box::into_raw` in `make`, is in neither map any more, and so is freed once.
            drop(unsafe { Box::from_raw(oldest as *mut Block) });
        }
    }
}

fn make<T: Implements>(body: Arc<T>, kind: &'static str, made_at: u64, theirs: i64, own: i64) -> Arc<Entry> {
    make_entry(body, kind, made_at, (theirs, own), false)
}

fn make_entry<T: Implements>(
    body: Arc<T>,
    kind: &'static str,
    made_at: u64,
    (theirs, own): (i64, i64),
    uncounted: bool,
) -> Arc<Entry> {
    let mut registry = registry();
    let vtable: &'static [*const c_void] = registry.vtables.entry(TypeId::of::<T>()).or_insert_with(|| {
        let mut slots = Vec::new();
        T::slots(&mut slots);
        Box::leak(slots.into_boxed_slice())
    });
    let address = Box::into_raw(Box::new(Block { vtable: vtable.as_ptr(), reserved: [0; 3] })) as usize;
    let count = registry.counters.entry(kind).or_insert(0);
    *count += 1;
    MADE.fetch_add(1, Ordering::Relaxed);
    let entry = Arc::new(Entry {
        name: format!("{kind}#{count}"),
        interface: T::INTERFACE,
        address,
        body: Mutex::new(Some(body)),
        theirs: AtomicI64::new(theirs),
        own: AtomicI64::new(own),
        dead: AtomicBool::new(false),
        over: AtomicBool::new(false),
        uncounted,
        reference: Mutex::new(None),
        made_at,
    });
    registry.live.insert(address, Arc::clone(&entry));
    entry
}

/// Makes an object that we keep a reference to and lend.
pub fn hold<T: Implements>(body: Arc<T>, kind: &'static str) -> Held {
    let made_at = crate::com::boundary().last_event();
    Held { entry: make(body, kind, made_at, 0, 1) }
}

/// Makes an object whose only reference is the candidate's.
pub fn hand_out<T: Implements>(body: Arc<T>, kind: &'static str) -> Handle {
    let made_at = crate::com::boundary().last_event();
    Handle(make(body, kind, made_at, 1, 0).ptr())
}

/// Makes an object that lives as long as the process, whatever references are taken and given back.
pub fn hand_out_uncounted<T: Implements>(body: Arc<T>, kind: &'static str) -> Handle {
    const ENOUGH: i64 = 1 << 40;
    let made_at = crate::com::boundary().last_event();
    Handle(make_entry(body, kind, made_at, (ENOUGH, 1), true).ptr())
}

/// The pointer of the object that something living implements; null where there is none.
pub fn pointer_of<T: IUnknown>(body: &T) -> *mut c_void {
    let wanted = std::ptr::from_ref(body).cast::<()>();
    let is_it = |entry: &&Arc<Entry>| {
        entry.body().is_some_and(|body| std::ptr::eq(Arc::as_ptr(&body).cast::<()>(), wanted))
    };
    let registry = registry();
    registry.live.values().find(is_it).map_or(std::ptr::null_mut(), |entry| entry.ptr())
}

/// Finds what a pointer of the candidate stands for, without following it.
pub fn find(this: *mut c_void) -> Option<Arc<Entry>> {
    let registry = registry();
    let address = this as usize;
    registry.live.get(&address).or_else(|| registry.tombs.get(&address)).cloned()
}

/// The objects that the candidate holds references to, in the order in which they were made.
pub fn held_by_candidate() -> Vec<Arc<Entry>> {
    let mut held: Vec<_> =
        registry().live.values().filter(|entry| entry.theirs() > 0 && !entry.uncounted).cloned().collect();
    held.sort_by(|a, b| (a.made_at, &a.name).cmp(&(b.made_at, &b.name)));
    held
}
