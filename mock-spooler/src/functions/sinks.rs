//! Advise sinks that call functions, and sinks that wait for their thread.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;

use mapi_spi::HRESULT;
use mapi_spi::structs::NOTIFICATION;

use super::notifications;
use crate::com::{gate, object, ours};
use crate::implements;
use crate::objects::args::{self, INVALID};
use crate::objects::table::Sink;
use crate::objects::wire::Arena;
use crate::trace::told;

/// The function of an advise sink. Page: notifcallback.
type NotifCallback = unsafe extern "system" fn(
    lpvContext: *mut c_void,
    cNotification: u32,
    lpNotifications: *mut NOTIFICATION,
) -> i32;

/// A sink that calls a function of the candidate's.
#[derive(Debug)]
struct CallbackSink {
    callback: NotifCallback,
    context: usize,
}

implements!(CallbackSink: IMAPIAdviseSink);

impl ours::IMAPIAdviseSink for CallbackSink {
    unsafe fn OnNotify(&self, cNotif: u32, lpNotifications: *mut NOTIFICATION) -> u32 {
        let call = gate::begin_export("NOTIFCALLBACK", told::values([("cNotification", cNotif)]));
        // SAFETY: the candidate registered the function with this context for such calls; the events are passed on.
        let result = unsafe { (self.callback)(self.context as *mut c_void, cNotif, lpNotifications) };
        gate::end_plain(call, result.to_string());
        result.cast_unsigned()
    }
}

/// A sink that hands events on to another one, on the thread that made it.
#[derive(Debug)]
struct ThreadSink {
    inner: Arc<Sink>,
    thread: ThreadId,
}

implements!(ThreadSink: IMAPIAdviseSink);

impl ours::IMAPIAdviseSink for ThreadSink {
    unsafe fn OnNotify(&self, cNotif: u32, lpNotifications: *mut NOTIFICATION) -> u32 {
        let arena = Arena::default();
        let count = i32::try_from(cNotif).unwrap_or(i32::MAX);
        // SAFETY: so many notifications, as the caller vouches.
        let Ok(events) = (unsafe { notifications::copy(&arena, count, lpNotifications) }) else { return 0 };
        let waiting =
            Waiting { thread: self.thread, sink: Arc::clone(&self.inner), _arena: arena, events, count };
        if self.thread == std::thread::current().id() {
            waiting.deliver();
        } else {
            PENDING.fetch_add(1, Ordering::AcqRel);
            QUEUE.lock().unwrap_or_else(PoisonError::into_inner).push_back(waiting);
        }
        0
    }
}

/// Events that wait for their thread.
struct Waiting {
    thread: ThreadId,
    sink: Arc<Sink>,
    /// What the events lie in.
    _arena: Arena,
    events: *mut NOTIFICATION,
    count: i32,
}

// SAFETY: the events and all that they point to lie in the arena that moves with them.
unsafe impl Send for Waiting {}

impl Waiting {
    fn deliver(&self) {
        let count = self.count.unsigned_abs() as usize;
        // SAFETY: the arena has so many events, which nobody else knows.
        self.sink.notify(unsafe { std::slice::from_raw_parts_mut(self.events, count) });
    }
}

static QUEUE: Mutex<VecDeque<Waiting>> = Mutex::new(VecDeque::new());
static PENDING: AtomicUsize = AtomicUsize::new(0);

/// Delivers what waits for this thread. Every call of a MAPI function or method begins with it (page: hrthisthreadadvisesink).
pub(crate) fn dispatch() {
    if PENDING.load(Ordering::Acquire) == 0 {
        return;
    }
    let mine = std::thread::current().id();
    loop {
        // One at a time: a sink may bring new ones about.
        let next = {
            let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
            let at = queue.iter().position(|waiting| waiting.thread == mine);
            at.and_then(|at| queue.remove(at))
        };
        let Some(next) = next else { return };
        PENDING.fetch_sub(1, Ordering::AcqRel);
        next.deliver();
    }
}

pub(super) unsafe fn HrAllocAdviseSink(
    lpfnCallback: *mut c_void,
    lpvContext: *mut c_void,
    lppAdviseSink: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: null or the callback, as the caller vouches: a function pointer in either case.
    let callback = unsafe { std::mem::transmute::<*mut c_void, Option<NotifCallback>>(lpfnCallback) };
    let made = args::needed(lppAdviseSink).and(callback.ok_or(INVALID)).map(|callback| {
        object::hand_out(Arc::new(CallbackSink { callback, context: lpvContext as usize }), "advise-sink")
    });
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(lppAdviseSink, made.map_or(ptr::null_mut(), |sink| sink.0)) };
    made.err().unwrap_or(HRESULT::S_OK)
}

pub(super) unsafe fn HrThisThreadAdviseSink(
    lpAdviseSink: *mut c_void,
    lppAdviseSink: *mut *mut c_void,
) -> HRESULT {
    let made = args::needed(lpAdviseSink).and(args::needed(lppAdviseSink)).map(|()| {
        // SAFETY: an advise sink, as the caller vouches.
        let inner = unsafe { Sink::new(lpAdviseSink) };
        object::hand_out(Arc::new(ThreadSink { inner, thread: std::thread::current().id() }), "thread-sink")
    });
    // SAFETY: the caller vouches for the output.
    unsafe { args::put(lppAdviseSink, made.map_or(ptr::null_mut(), |sink| sink.0)) };
    made.err().unwrap_or(HRESULT::S_OK)
}

pub(super) unsafe fn HrDispatchNotifications(_ulFlags: u32) -> HRESULT {
    dispatch();
    HRESULT::S_OK
}
