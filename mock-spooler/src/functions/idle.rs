//! The idle engine: functions that are called when there is nothing to do. Pages: ftgregisteridleroutine, fnidle.
//!
//! The spooler's thread has nothing to do where it waits for the candidate, and between the steps of a case. There is no
//! user, so user events never come, and routines of any priority run then, higher ones first.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::com::gate;
use crate::trace::told;

/// An idle routine. Page: fnidle.
type FnIdle = unsafe extern "system" fn(lpvContext: *mut c_void) -> i32;

const FIROWAIT: u32 = 0x0001;
const FIROINTERVAL: u32 = 0x0002;
const FIRODISABLED: u32 = 0x0020;

const FIRCPFN: u32 = 0x0001;
const FIRCPV: u32 = 0x0002;
const FIRCPRI: u32 = 0x0004;
const FIRCCSEC: u32 = 0x0008;
const FIRCIRO: u32 = 0x0010;

/// Routines without an interval run no more often than this: a wait is no busy loop.
const AT_MOST_EVERY: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug)]
struct Routine {
    tag: usize,
    function: FnIdle,
    context: usize,
    priority: i16,
    time: Duration,
    options: u32,
    enabled: bool,
    since: Instant,
    called: Option<Instant>,
}

impl Routine {
    /// When it is to be called next.
    fn due(&self) -> Instant {
        let waits = self.options & FIROWAIT != 0;
        let pause = if self.options & FIROINTERVAL != 0 { self.time } else { AT_MOST_EVERY };
        match self.called {
            Some(called) => called + pause.max(AT_MOST_EVERY),
            None if waits || self.options & FIROINTERVAL != 0 => self.since + self.time,
            None => self.since,
        }
    }
}

static ROUTINES: Mutex<Vec<Routine>> = Mutex::new(Vec::new());
static USERS: AtomicU32 = AtomicU32::new(0);
static NEXT: AtomicUsize = AtomicUsize::new(1);
static RUNNING: AtomicBool = AtomicBool::new(false);

fn routines() -> MutexGuard<'static, Vec<Routine>> {
    ROUTINES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// There is nothing to do: calls the routines that are due. When to come back, where there are any. To be called on the
/// spooler's thread, with no lock held.
pub fn turn() -> Option<Instant> {
    if routines().is_empty() || RUNNING.swap(true, Ordering::AcqRel) {
        return None;
    }
    let mut ready: Vec<Routine> = {
        let now = Instant::now();
        routines().iter().filter(|routine| routine.enabled && routine.due() <= now).copied().collect()
    };
    ready.sort_by_key(|routine| std::cmp::Reverse(routine.priority));
    for routine in ready {
        // One that an earlier one has removed or switched off is not called any more.
        if !routines().iter().any(|other| other.tag == routine.tag && other.enabled) {
            continue;
        }
        let call = gate::begin_export("FNIDLE", told::values([("ftg", routine.tag)]));
        // SAFETY: the candidate registered the function with this context for such calls.
        let result = unsafe { (routine.function)(routine.context as *mut c_void) };
        gate::end_plain(call, result.to_string());
        if let Some(routine) = routines().iter_mut().find(|other| other.tag == routine.tag) {
            routine.called = Some(Instant::now());
        }
    }
    RUNNING.store(false, Ordering::Release);
    routines().iter().filter(|routine| routine.enabled).map(Routine::due).min()
}

pub(super) unsafe fn MAPIInitIdle(_lpvReserved: *mut c_void) -> i32 {
    USERS.fetch_add(1, Ordering::AcqRel);
    0
}

pub(super) unsafe fn MAPIDeinitIdle() {
    let left = USERS.try_update(Ordering::AcqRel, Ordering::Acquire, |users| users.checked_sub(1));
    if left == Ok(1) {
        routines().clear();
    }
}

pub(super) unsafe fn FtgRegisterIdleRoutine(
    pfnIdle: *mut c_void,
    pvIdleParam: *mut c_void,
    priIdle: i32,
    csecIdle: u32,
    iroIdle: u32,
) -> *mut c_void {
    // SAFETY: null or the routine, as the caller vouches: a function pointer in either case.
    let function = unsafe { std::mem::transmute::<*mut c_void, Option<FnIdle>>(pfnIdle) };
    let priority = priority(priIdle);
    // Zero is the priority of user events.
    let (Some(function), true, true) = (function, priority != 0, USERS.load(Ordering::Acquire) > 0) else {
        return ptr::null_mut();
    };
    let tag = NEXT.fetch_add(1, Ordering::AcqRel);
    let options = iroIdle & 0xFFFF;
    routines().push(Routine {
        tag,
        function,
        context: pvIdleParam as usize,
        priority,
        time: hundredths(csecIdle),
        options,
        enabled: options & FIRODISABLED == 0,
        since: Instant::now(),
        called: None,
    });
    tag as *mut c_void
}

/// A `short` arrives in a register whose upper half is nobody's.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is the argument")]
fn priority(argument: i32) -> i16 {
    argument as i16
}

fn hundredths(csec: u32) -> Duration {
    Duration::from_millis(u64::from(csec) * 10)
}

fn change(ftg: *mut c_void, change: impl FnOnce(&mut Routine)) {
    if let Some(routine) = routines().iter_mut().find(|routine| routine.tag == ftg as usize) {
        change(routine);
    }
}

pub(super) unsafe fn EnableIdleRoutine(ftg: *mut c_void, fEnable: i32) {
    change(ftg, |routine| routine.enabled = fEnable != 0);
}

pub(super) unsafe fn DeregisterIdleRoutine(ftg: *mut c_void) {
    routines().retain(|routine| routine.tag != ftg as usize);
}

pub(super) unsafe fn ChangeIdleRoutine(
    ftg: *mut c_void,
    pfnIdle: *mut c_void,
    pvIdleParam: *mut c_void,
    priIdle: i32,
    csecIdle: u32,
    iroIdle: u32,
    ircIdle: u32,
) {
    // SAFETY: null or the routine, as the caller vouches: a function pointer in either case.
    let function = unsafe { std::mem::transmute::<*mut c_void, Option<FnIdle>>(pfnIdle) };
    change(ftg, |routine| {
        if let (true, Some(function)) = (ircIdle & FIRCPFN != 0, function) {
            routine.function = function;
        }
        if ircIdle & FIRCPV != 0 {
            routine.context = pvIdleParam as usize;
        }
        if ircIdle & FIRCPRI != 0 && priority(priIdle) != 0 {
            routine.priority = priority(priIdle);
        }
        if ircIdle & FIRCCSEC != 0 {
            routine.time = hundredths(csecIdle);
        }
        if ircIdle & FIRCIRO != 0 {
            routine.options = iroIdle & 0xFFFF;
            routine.enabled = iroIdle & FIRODISABLED == 0;
        }
        routine.since = Instant::now();
        routine.called = None;
    });
}
