//! What is done to the spooler's objects: calls on none and on anything, references, times, threads.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use mapi_spi::flags::NOTIFY_NEWMAIL;
use mapi_spi::words::word_of;

use super::raw::{call, call_all, call_slot, methods_of, opened, overwrite};
use super::{START, started};
use crate::boundary::Side;
use crate::defects::Defect;
use crate::defects::tools::{allocate, free, notify, release, yield_now};
use crate::hooks::{self, Hooks, message, support};

pub(super) const HOSTILE: &[Defect] = &[
    ("call-on-null", || started(|| on_other(null_mut()))),
    ("call-on-nowhere", || started(|| on_other(8 as *mut c_void))),
    ("call-on-own-memory", || started(|| on_other(Box::leak(Box::new([0_u64; 8])).as_mut_ptr().cast()))),
    ("nulls-to-message", || started(|| call_all(message(), "IMessage", 0))),
    ("nulls-to-support", || started(|| call_all(support(), "IMAPISupport", 0))),
    ("nulls-to-opened", nulls_to_opened),
    ("ones-to-support", || started(|| call_all(support(), "IMAPISupport", 1))),
    ("lent-message-released", || started(|| release_often(message(), 3))),
    ("support-released-often", || started(|| release_often(support(), 1000))),
    ("used-after-release", || started(used_after_release)),
    ("message-used-later", message_used_later),
    ("message-kept-for-good", message_kept_for_good),
    ("message-on-other-thread", || started(on_other_thread)),
    ("threads-at-once", || started(threads_at_once)),
    ("reentry-at-every-call", reentry_at_every_call),
    ("logon-called-from-callbacks", logon_called_from_callbacks),
    ("called-after-logoff", called_after_logoff),
    ("called-while-unloaded", called_while_unloaded),
    ("ones-to-message", || started(|| call_all(message(), "IMessage", 1))),
    ("released-twice", || started(released_twice)),
    ("store-called-from-callbacks", store_called_from_callbacks),
    ("notifications-nowhere", || started_with_store(|sink| tell(sink, 4, 0x10_0000))),
    ("notifications-too-many", || started_with_store(|sink| tell(sink, 0x7fff_ffff, one_nothing()))),
    ("sink-called-after-release", sink_called_after_release),
    ("object-overwritten", || started(|| overwrite(message(), 0xff, 32))),
    ("object-freed-as-block", || started(|| free(message()))),
];

/// Each method of a message and of a support object, on something that is neither; `IUnknown`'s, too.
fn on_other(other: *mut c_void) {
    for (object, interface) in [(message(), "IMessage"), (support(), "IMAPISupport")] {
        // QueryInterface is asked with nothing to ask for.
        for slot in (0..3).chain(methods_of(interface).into_iter().map(|(slot, _)| slot)) {
            call_slot(object, slot, other, 0);
        }
    }
}

/// Attachments, their streams, the recipients' table, the profile section.
fn nulls_to_opened() -> Hooks {
    started(|| {
        let mut number = 0_u32;
        let numbered = word_of((&raw mut number).cast());
        let attachment = opened(message(), "IMessage", "CreateAttach", &[0, 0, numbered]);
        let table = opened(message(), "IMessage", "GetRecipientTable", &[0]);
        let section = opened(support(), "IMAPISupport", "OpenProfileSection", &[0, 0]);
        for (object, interface) in [(attachment, "IAttach"), (table, "IMAPITable"), (section, "IProfSect")] {
            if !object.is_null() {
                call_all(object, interface, 0);
                release(object);
            }
        }
    })
}

fn release_often(object: *mut c_void, times: usize) {
    for _ in 0..times {
        release(object);
    }
}

fn used_after_release() {
    let mut number = 0_u32;
    let attachment =
        opened(message(), "IMessage", "CreateAttach", &[0, 0, word_of((&raw mut number).cast())]);
    release(attachment);
    if !attachment.is_null() {
        call_all(attachment, "IAttach", 0);
        release(attachment);
    }
}

/// The message of the last StartMessage.
static KEPT: AtomicUsize = AtomicUsize::new(0);

/// A table that it was given one reference of.
fn released_twice() {
    let table = opened(message(), "IMessage", "GetRecipientTable", &[0]);
    release(table);
    release(table);
}

/// From within every callback the candidate asks its own store, which may be in the midst of a call.
fn store_called_from_callbacks() -> Hooks {
    static STORE: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before("IMsgStore.GetReceiveFolder", |call| STORE.store(call.object() as usize, SeqCst))
        .after("IMsgStore.StoreLogoff", |_| STORE.store(0, SeqCst))
        .before("*", |call| {
            let store = STORE.load(SeqCst) as *mut c_void;
            let callback = call.proxy().is_some_and(|proxy| proxy.side() == Side::Spooler);
            if callback && !store.is_null() {
                once_deep(|| {
                    let mut tags = null_mut::<c_void>();
                    call_list(store, &raw mut tags);
                    free(tags);
                });
            }
        })
}

fn call_list(store: *mut c_void, tags: *mut *mut c_void) {
    call(store, "IMAPIProp", "GetPropList", &[0, word_of(tags.cast())]);
}

/// The spooler's sink for its outgoing queue.
static SINK: AtomicUsize = AtomicUsize::new(0);

fn with_sink() -> Hooks {
    Hooks::default().before("IMAPITable.Advise", |call| {
        SINK.store(call.ptr::<c_void>("lpAdviseSink") as usize, SeqCst);
    })
}

/// Does it with the sink, once the store that has it is about to be left.
fn started_with_store(act: fn(*mut c_void)) -> Hooks {
    with_sink().before("IMsgStore.StoreLogoff", move |_| act(SINK.load(SeqCst) as *mut c_void))
}

/// Memory of the library's own, for one notification.
fn one_nothing() -> u64 {
    word_of(Box::leak(Box::new([0_u64; 16])).as_mut_ptr().cast())
}

fn tell(sink: *mut c_void, count: u64, notifications: u64) {
    if !sink.is_null() {
        call(sink, "IMAPIAdviseSink", "OnNotify", &[count, notifications]);
    }
}

/// Long after the last reference to it was given back.
fn sink_called_after_release() -> Hooks {
    with_sink().before("IMSProvider.Shutdown", |_| tell(SINK.load(SeqCst) as *mut c_void, 0, 0))
}

fn message_used_later() -> Hooks {
    Hooks::default().before(START, |_| KEPT.store(message() as usize, SeqCst)).before(
        "IXPLogon.TransportLogoff",
        |_| {
            let kept = KEPT.load(SeqCst) as *mut c_void;
            if !kept.is_null() {
                call_all(kept, "IMessage", 0);
            }
        },
    )
}

/// A thread takes and gives back references of the message, and never stops.
fn message_kept_for_good() -> Hooks {
    started(|| {
        let kept = message() as usize;
        std::thread::spawn(move || {
            loop {
                call_slot(kept as *mut c_void, 1, kept as *mut c_void, 0);
                call_slot(kept as *mut c_void, 2, kept as *mut c_void, 0);
                now_and_then();
            }
        });
    })
}

fn on_other_thread() {
    let lent = message() as usize;
    let other = std::thread::spawn(move || call_all(lent as *mut c_void, "IMessage", 0));
    drop(other.join());
}

fn threads_at_once() {
    let (lent, asked) = (message() as usize, support() as usize);
    let all: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(move || {
                for _ in 0..20 {
                    call_all(lent as *mut c_void, "IMessage", 0);
                    call(asked as *mut c_void, "IMAPISupport", "SpoolerNotify", &[NOTIFY_NEWMAIL.into(), 0]);
                    free(allocate(64));
                }
            })
        })
        .collect();
    for thread in all {
        drop(thread.join());
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Does something that may come back here, once.
fn once_deep(act: impl FnOnce()) {
    if !INSIDE.replace(true) {
        act();
        INSIDE.set(false);
    }
}

/// In every call in either direction the support object is asked for everything that needs no argument.
fn reentry_at_every_call() -> Hooks {
    Hooks::default().before("*", |_| {
        if hooks::has_transport() {
            once_deep(|| {
                yield_now();
                notify(NOTIFY_NEWMAIL, null_mut());
                free(allocate(16));
            });
        }
    })
}

/// From within every callback the candidate calls its own logon object, as a provider that shares its parts does.
fn logon_called_from_callbacks() -> Hooks {
    static LOGON: AtomicUsize = AtomicUsize::new(0);
    Hooks::default().before(START, |call| LOGON.store(call.object() as usize, SeqCst)).before("*", |call| {
        let logon = LOGON.load(SeqCst) as *mut c_void;
        let callback = call.proxy().is_some_and(|proxy| proxy.side() == Side::Spooler);
        if callback && hooks::during("StartMessage") {
            once_deep(|| {
                let mut incoming = 0_u32;
                call_poll(logon, &raw mut incoming);
            });
        }
    })
}

/// Never wakes up for any other reason than the time: what goes on for ever goes on slowly enough to be read.
fn now_and_then() {
    std::thread::park_timeout(std::time::Duration::from_millis(1));
}

fn call_poll(logon: *mut c_void, incoming: *mut u32) {
    call(logon, "IXPLogon", "Poll", &[word_of(incoming.cast())]);
}

fn called_after_logoff() -> Hooks {
    Hooks::default().after("IXPLogon.TransportLogoff", |_| {
        notify(NOTIFY_NEWMAIL, null_mut());
        call_all(support(), "IMAPISupport", 0);
    })
}

/// Threads that call on and on, through logoff, shutdown and unload.
fn called_while_unloaded() -> Hooks {
    started(|| {
        for _ in 0..4 {
            std::thread::spawn(|| {
                loop {
                    notify(NOTIFY_NEWMAIL, null_mut());
                    free(allocate(16));
                    now_and_then();
                }
            });
        }
    })
}
