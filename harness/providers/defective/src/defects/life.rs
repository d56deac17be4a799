//! LIFE: load, initialise, shut down, release.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use mapi_spi::HRESULT;
use mapi_spi::flags::{CURRENT_SPI_VERSION, NOTIFY_READYTOSEND};

use super::Defect;
use super::tools::{add_ref, notify, release};
use crate::boundary::{another, inner_of};
use crate::hooks::{self, Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("init-without-version", init_without_version),
    ("init-without-object", init_without_object),
    ("old-version-with-object", old_version_with_object),
    ("old-version-other-error", old_version_other_error),
    ("old-version-crash", old_version_crash),
    ("init-same-object", init_same_object),
    ("malloc-kept-without-reference", malloc_kept_without_reference),
    ("malloc-not-released", malloc_not_released),
    ("malloc-released-twice", malloc_released_twice),
    ("one-session-only", one_session_only),
    ("logon-object-shared", logon_object_shared),
    ("support-object-shared", support_object_shared),
    ("shutdown-fails", shutdown_fails),
    ("release-leaves-session", release_leaves_session),
    ("release-crashes", release_crashes),
    ("query-takes-any", query_takes_any),
    ("query-knows-nothing", query_knows_nothing),
    ("query-keeps-output", query_keeps_output),
    ("query-other-error", query_other_error),
    ("query-other-identity", query_other_identity),
    ("thread-runs-on", thread_runs_on),
    ("thread-calls-on", thread_calls_on),
];

const INIT: &str = "XPProviderInit";
const LOGON: &str = "IXPProvider.TransportLogon";

fn init_without_version() -> Hooks {
    Hooks::default().after(INIT, |call| call.write("lpulProviderVer", 0_u32))
}

fn init_without_object() -> Hooks {
    Hooks::default().after(INIT, |call| {
        release(call.read_ptr("lppXPProvider"));
        call.write("lppXPProvider", 0_usize);
    })
}

fn is_old(call: &crate::boundary::Call<'_>) -> bool {
    call.number("ulMAPIVer") < CURRENT_SPI_VERSION
}

/// Initialises for the version that it can serve, and reports the error of the one that it was asked for.
fn old_version_with_object() -> Hooks {
    Hooks::default()
        .before(INIT, |call| {
            if is_old(call) {
                call.set_arg("ulMAPIVer", u64::from(CURRENT_SPI_VERSION));
                call.set_arg("ulFlags", u64::MAX);
            }
        })
        .after(INIT, |call| {
            if call.number("ulFlags") == u32::MAX {
                // A pointer is left behind, and nothing with it.
                release(call.read_ptr("lppXPProvider"));
                call.answer(HRESULT::MAPI_E_VERSION);
            }
        })
}

fn old_version_other_error() -> Hooks {
    Hooks::default().after(INIT, |call| {
        if is_old(call) {
            call.answer(HRESULT::MAPI_E_CALL_FAILED);
        }
    })
}

fn old_version_crash() -> Hooks {
    Hooks::default().before(INIT, |call| {
        if is_old(call) {
            std::process::abort();
        }
    })
}

fn init_same_object() -> Hooks {
    static FIRST: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .decide(INIT, |call| match FIRST.load(SeqCst) {
            0 => Flow::Forward,
            first => {
                add_ref(first as *mut c_void);
                call.write("lppXPProvider", first);
                call.write("lpulProviderVer", CURRENT_SPI_VERSION);
                call.answer(HRESULT::S_OK);
                Flow::Answered
            }
        })
        .after(INIT, |call| FIRST.store(call.read::<usize>("lppXPProvider"), SeqCst))
}

/// AddRef and Release are left out, and the allocator is used all the same.
fn malloc_kept_without_reference() -> Hooks {
    static MALLOC: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before(INIT, |call| MALLOC.store(call.ptr::<c_void>("lpMalloc") as usize, SeqCst))
        .instead("IMalloc.AddRef", |call| call.answer_word(2))
        .instead("IMalloc.Release", |call| call.answer_word(1))
        .before(LOGON, |_| {
            let malloc = MALLOC.load(SeqCst) as *mut c_void;
            crate::boundary::with(malloc, |malloc: &mapi_spi::interfaces::IMalloc| {
                super::tools::alloc_and_free(malloc);
            });
        })
}

fn malloc_not_released() -> Hooks {
    Hooks::default().instead("IMalloc.Release", |call| call.answer_word(1))
}

fn malloc_released_twice() -> Hooks {
    Hooks::default().after("IMalloc.Release", |call| release(call.object()))
}

fn one_session_only() -> Hooks {
    static OPEN: AtomicBool = AtomicBool::new(false);
    Hooks::default()
        .decide(LOGON, |call| {
            if !OPEN.swap(true, SeqCst) {
                return Flow::Forward;
            }
            call.write("lppXPLogon", 0_usize);
            call.answer(HRESULT::MAPI_E_SESSION_LIMIT);
            Flow::Answered
        })
        .after("IXPLogon.TransportLogoff", |_| OPEN.store(false, SeqCst))
}

/// The second session's own object is kept back, and ends with the second logoff.
fn logon_object_shared() -> Hooks {
    static FIRST: AtomicUsize = AtomicUsize::new(0);
    static SECOND: AtomicUsize = AtomicUsize::new(0);
    static LOGOFFS: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .after(LOGON, |call| {
            let own = call.read::<usize>("lppXPLogon");
            if call.succeeded() && FIRST.compare_exchange(0, own, SeqCst, SeqCst).is_err() {
                let first = FIRST.load(SeqCst);
                SECOND.store(own, SeqCst);
                add_ref(first as *mut c_void);
                call.write("lppXPLogon", first);
            }
        })
        .after("IXPLogon.TransportLogoff", |_| {
            if LOGOFFS.fetch_add(1, SeqCst) == 1 {
                let second = SECOND.swap(0, SeqCst) as *mut c_void;
                super::tools::logoff(inner_of(second));
                release(second);
            }
        })
}

/// The second session works on the support object of the first.
fn support_object_shared() -> Hooks {
    static FIRST: AtomicUsize = AtomicUsize::new(0);
    static SECOND: AtomicUsize = AtomicUsize::new(0);
    Hooks::default()
        .before(LOGON, |call| {
            let own = call.ptr::<c_void>("lpMAPISup");
            if FIRST.compare_exchange(0, own as usize, SeqCst, SeqCst).is_err() {
                SECOND.store(own as usize, SeqCst);
            }
        })
        .decide("IMAPISupport.ModifyStatusRow", |call| {
            let (first, second) = (FIRST.load(SeqCst), SECOND.load(SeqCst));
            if second == 0 || call.object() as usize != second || !hooks::during("TransportNotify") {
                return Flow::Forward;
            }
            super::tools::forward_to(call, first as *mut c_void)
        })
}

fn shutdown_fails() -> Hooks {
    Hooks::default().after("IXPProvider.Shutdown", |call| call.answer(HRESULT::MAPI_E_CALL_FAILED))
}

/// A reference of the library's own to each logon object: the last Release never comes.
fn release_leaves_session() -> Hooks {
    Hooks::default().after(LOGON, |call| {
        if call.succeeded() {
            add_ref(inner_of(call.read_ptr("lppXPLogon")));
        }
    })
}

fn release_crashes() -> Hooks {
    static LOGGED_OFF: AtomicBool = AtomicBool::new(false);
    Hooks::default().before("IXPLogon.TransportLogoff", |_| LOGGED_OFF.store(true, SeqCst)).before(
        "IXPLogon.Release",
        |_| {
            if !LOGGED_OFF.load(SeqCst) {
                std::process::abort();
            }
        },
    )
}

fn is_theirs(call: &crate::boundary::Call<'_>) -> bool {
    call.proxy().is_some_and(|proxy| proxy.side() == crate::boundary::Side::Provider)
}

fn query_takes_any() -> Hooks {
    Hooks::default().after("IUnknown.QueryInterface", |call| {
        if is_theirs(call) && !call.succeeded() {
            let this = call.proxy().map_or(0, |proxy| proxy.raw() as usize);
            call.write("ppvObject", this);
            call.answer(HRESULT::S_OK);
        }
    })
}

fn query_knows_nothing() -> Hooks {
    Hooks::default().decide("IUnknown.QueryInterface", |call| {
        if !is_theirs(call) {
            return Flow::Forward;
        }
        call.write("ppvObject", 0_usize);
        call.answer(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
        Flow::Answered
    })
}

fn query_keeps_output() -> Hooks {
    Hooks::default().after("IUnknown.QueryInterface", |call| {
        if is_theirs(call) && !call.succeeded() {
            let this = call.proxy().map_or(0, |proxy| proxy.raw() as usize);
            call.write("ppvObject", this);
        }
    })
}

fn query_other_error() -> Hooks {
    Hooks::default().after("IUnknown.QueryInterface", |call| {
        if is_theirs(call) && !call.succeeded() {
            call.answer(HRESULT::MAPI_E_NO_SUPPORT);
        }
    })
}

fn query_other_identity() -> Hooks {
    Hooks::default().after("IUnknown.QueryInterface", |call| {
        if is_theirs(call)
            && call.succeeded()
            && let Some(proxy) = call.proxy()
        {
            call.write("ppvObject", another(proxy) as usize);
        }
    })
}

/// Waits for something that never comes, in a thread that nobody ends.
fn thread_runs_on() -> Hooks {
    Hooks::default().after(LOGON, |_| {
        std::thread::spawn(|| {
            loop {
                std::thread::park();
            }
        });
    })
}

/// Goes on calling the support object when everything has been released.
fn thread_calls_on() -> Hooks {
    static GONE: AtomicBool = AtomicBool::new(false);
    Hooks::default().after("IXPProvider.Release", |_| GONE.store(true, SeqCst)).after(LOGON, |_| {
        std::thread::spawn(|| {
            while !GONE.load(SeqCst) {
                std::thread::yield_now();
            }
            for _ in 0..10_000 {
                notify(NOTIFY_READYTOSEND, std::ptr::null_mut());
                std::thread::sleep(std::time::Duration::from_micros(100));
            }
        });
    })
}
