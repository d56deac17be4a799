//! The gate: the one place through which every call crosses the boundary.

use std::cell::Cell as ThreadCell;
use std::collections::{HashMap, HashSet};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use mapi_spi::HRESULT;
use mapi_spi::kinds::Wire;
use mapi_spi::meta::{Direction, Interface, Method};

use crate::com::fault::{self, Which};
use crate::com::object::{self, Entry};
use crate::com::ours::{IUnknown, Ret};
use crate::com::trap::Traps;
use crate::trace::event::{By, IllegalKind};
use crate::trace::render;
use crate::trace::told::{self, Name, Values, What};
use crate::trace::writer::Writer;

/// The boundary of this process: there is one candidate, one trace, one child.
#[derive(Debug, Default)]
pub struct Boundary {
    writer: Writer,
    /// What the case wants to happen at certain callbacks.
    pub traps: Traps,
    names: Mutex<HashMap<usize, String>>,
    fresh: Mutex<HashSet<usize>>,
    counters: Mutex<HashMap<&'static str, u64>>,
    pattern: AtomicBool,
    unloaded: AtomicBool,
    callbacks: AtomicU64,
}

static BOUNDARY: LazyLock<Boundary> = LazyLock::new(Boundary::default);

/// The boundary of this process.
pub fn boundary() -> &'static Boundary {
    &BOUNDARY
}

impl Boundary {
    /// Writes an event; its sequence number.
    pub fn record(&self, what: What) -> u64 {
        self.writer.record(what)
    }

    /// Where the trace goes, from now on.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The number of the last event.
    pub fn last_event(&self) -> u64 {
        self.writer.last()
    }

    /// Whether output cells are filled with a pattern, from now on.
    pub fn set_pattern(&self, on: bool) {
        self.pattern.store(on, Ordering::Release);
    }

    /// Whether output cells are filled with a pattern.
    pub fn pattern(&self) -> bool {
        self.pattern.load(Ordering::Acquire)
    }

    /// The library is being unloaded: whatever calls from now on comes from a thread that should have ended.
    pub fn set_unloaded(&self) {
        self.unloaded.store(true, Ordering::Release);
    }

    /// How many callbacks there have been.
    pub fn callbacks(&self) -> u64 {
        self.callbacks.load(Ordering::Acquire)
    }

    pub(super) fn illegal(&self, kind: IllegalKind, obj: &str, detail: String) {
        self.record(What::Illegal { kind, obj: obj.to_owned(), detail });
    }

    pub(super) fn check_unloaded(&self, obj: &str, what: &str) {
        if self.unloaded.load(Ordering::Acquire) {
            self.illegal(
                IllegalKind::CallAfterUnload,
                obj,
                format!("{what} came after the library was unloaded"),
            );
        }
    }
}

thread_local! {
    /// The call that this thread is in, for `unsupported`.
    static CURRENT: ThreadCell<u64> = const { ThreadCell::new(0) };
    /// As whom this thread calls the candidate.
    static ACTOR: ThreadCell<By> = const { ThreadCell::new(By::Spooler) };
    /// Whether this thread hands a call on: its output cells are the candidate's then.
    static HANDING_ON: ThreadCell<bool> = const { ThreadCell::new(false) };
}

/// Makes a call to the candidate whose arguments are the candidate's own.
pub fn handing_on<R>(call: impl FnOnce() -> R) -> R {
    let outer = HANDING_ON.replace(true);
    let result = call();
    HANDING_ON.set(outer);
    result
}

/// Makes calls of this thread to the candidate those of a messaging client, as long as the value lives.
#[derive(Debug)]
pub struct AsClient {
    before: By,
}

impl AsClient {
    /// From now on this thread is a client.
    #[must_use]
    pub fn begin() -> Self {
        Self { before: ACTOR.replace(By::Client) }
    }
}

impl Drop for AsClient {
    fn drop(&mut self) {
        ACTOR.set(self.before);
    }
}

/// As whom this thread calls the candidate.
pub fn actor() -> By {
    ACTOR.get()
}

/// The name of a pointer that the candidate gave us: one of ours, or one of its own by a name that stays with it.
pub fn name_of(raw: *mut c_void) -> Option<String> {
    if raw.is_null() {
        return None;
    }
    if let Some(entry) = object::find(raw) {
        return Some(entry.name.clone());
    }
    let names = boundary().names.lock().unwrap_or_else(PoisonError::into_inner);
    Some(names.get(&(raw as usize)).cloned().unwrap_or_else(|| "theirs".to_owned()))
}

/// The name of a pointer that the candidate passes; one that has none yet gets one of a kind.
pub fn known_name(raw: *mut c_void, kind: &'static str) -> String {
    if let Some(entry) = object::find(raw) {
        return entry.name.clone();
    }
    let known = {
        let names = boundary().names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&(raw as usize)).cloned()
    };
    known.unwrap_or_else(|| name_theirs(raw, kind))
}

/// An object of a store is gone: what has its address later is another. Sessions keep their names to the end.
pub fn forget_theirs(raw: *mut c_void) {
    let mut names = boundary().names.lock().unwrap_or_else(PoisonError::into_inner);
    if names.get(&(raw as usize)).is_some_and(|name| name.starts_with("their-")) {
        names.remove(&(raw as usize));
    }
}

/// Names an object that the candidate is just returning, by the interface that was asked for.
pub fn announce_theirs(raw: *mut c_void, interface: &str) -> Option<String> {
    if raw.is_null() || object::find(raw).is_some() {
        return name_of(raw);
    }
    let kind = match interface {
        "IXPProvider" => "provider",
        "IXPLogon" => "logon",
        "IMAPIStatus" => "status",
        "IMSProvider" => "msprovider",
        "IMSLogon" => "mslogon",
        "IMsgStore" => store_kind(),
        "IMAPIFolder" => "their-folder",
        "IMessage" => "their-message",
        "IAttach" => "their-attach",
        "IStream" => "their-stream",
        "IMAPITable" => "their-table",
        _ => "their-object",
    };
    let name = name_theirs(raw, kind);
    boundary().fresh.lock().unwrap_or_else(PoisonError::into_inner).insert(raw as usize);
    Some(name)
}

/// What a store object is called, by whom it is for.
pub fn store_kind() -> &'static str {
    match actor() {
        By::Client => "store",
        By::Spooler | By::Candidate => "spooler-store",
    }
}

/// Gives a name to an object that the candidate returned: that of its announcement, or a new one. A pointer that comes again
/// keeps no name: it may be a new object.
pub fn name_theirs(raw: *mut c_void, kind: &'static str) -> String {
    let boundary = boundary();
    if boundary.fresh.lock().unwrap_or_else(PoisonError::into_inner).remove(&(raw as usize))
        && let Some(name) = boundary.names.lock().unwrap_or_else(PoisonError::into_inner).get(&(raw as usize))
    {
        return name.clone();
    }
    let mut counters = boundary.counters.lock().unwrap_or_else(PoisonError::into_inner);
    let count = counters.entry(kind).or_insert(0);
    *count += 1;
    let name = format!("{kind}#{count}");
    boundary.names.lock().unwrap_or_else(PoisonError::into_inner).insert(raw as usize, name.clone());
    name
}

/// A call by the candidate into one of our objects.
pub fn incoming<T: IUnknown, R: Ret>(
    this: *mut c_void,
    method: &'static Method,
    words: &[u64],
    run: impl FnOnce(&T) -> R,
) -> R {
    let boundary = boundary();
    let name = method.full_name;
    let entry = object::find(this);
    let obj = entry.as_ref().map_or("unknown", |entry| &entry.name);
    boundary.check_unloaded(obj, name);
    crate::functions::dispatch();
    let call = boundary.record(What::Call {
        by: By::Candidate,
        obj: obj.to_owned(),
        m: name.into(),
        // SAFETY: the words are the arguments of a call in progress; what they point to is the caller's to vouch for.
        args: fault::reading(method, obj, Which::Argument, || unsafe { render::arguments(method, words) }),
        msgref: entry.as_ref().and_then(|entry| entry.msgref()),
    });
    boundary.callbacks.fetch_add(1, Ordering::AcqRel);
    let body = usable::<T>(entry.as_deref(), obj, name);
    let (result, injected) = match body.and_then(|body| has_room(method, words, obj).map(|()| body)) {
        Err(code) => (R::failure(code), false),
        Ok(body) => match boundary.traps.spring(name, obj) {
            Some(code) => {
                // SAFETY: the output pointers are arguments of a call in progress.
                unsafe { render::clear_outputs(method, words) };
                (R::failure(code), true)
            }
            None => {
                let outer = CURRENT.replace(call);
                // Whoever made the candidate call us: what we do for it now we do as MAPI.
                let actor = ACTOR.replace(By::Spooler);
                let result = catch_unwind(AssertUnwindSafe(|| run(&body)));
                ACTOR.set(actor);
                CURRENT.set(outer);
                match result {
                    Ok(result) => (result, false),
                    Err(panic) => {
                        boundary.illegal(IllegalKind::Panic, obj, panic_text(panic.as_ref()));
                        (R::failure(HRESULT::MAPI_E_CALL_FAILED), false)
                    }
                }
            }
        },
    };
    boundary.record(What::Return {
        call,
        hr: result.text(),
        out: if result.code().is_ok() {
            // SAFETY: as above; outputs are read only where the call succeeded, that is where we have written them.
            fault::reading(method, obj, Which::Argument, || unsafe { render::our_outputs(method, words) })
        } else {
            Default::default()
        },
        unwritten: Vec::new(),
        injected,
    });
    result
}

/// Functions that are called too often to be written down; what is wrong with a call is.
const QUIET: [&str; 3] = ["MAPIAllocateBuffer", "MAPIAllocateMore", "MAPIFreeBuffer"];

/// A call by the candidate of a function that we export.
pub fn exported<R: Ret>(function: &'static Method, words: &[u64], run: impl FnOnce() -> R) -> R {
    let boundary = boundary();
    boundary.check_unloaded("", function.name);
    crate::functions::dispatch();
    let call = (!QUIET.contains(&function.name)).then(|| {
        boundary.record(What::Call {
            by: By::Candidate,
            obj: String::new(),
            m: function.full_name.into(),
            // SAFETY: the words are the arguments of a call in progress; what they point to is the caller's to vouch for.
            args: fault::reading(function, "", Which::Argument, || unsafe {
                render::arguments(function, words)
            }),
            msgref: None,
        })
    });
    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        boundary.illegal(IllegalKind::Panic, function.name, panic_text(panic.as_ref()));
        R::failure(HRESULT::MAPI_E_CALL_FAILED)
    });
    if let Some(call) = call {
        boundary.record(What::Return {
            call,
            hr: result.text(),
            out: if result.code().is_ok() {
                // SAFETY: as above; outputs are read only where the call succeeded, that is where we have written them.
                fault::reading(function, "", Which::Argument, || unsafe {
                    render::our_outputs(function, words)
                })
            } else {
                Default::default()
            },
            unwritten: Vec::new(),
            injected: false,
        });
    }
    result
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Checks that the object may be called now, and finds what implements it.
fn usable<T: IUnknown>(entry: Option<&Entry>, obj: &str, call: &str) -> Result<Arc<T>, HRESULT> {
    let boundary = boundary();
    let Some(entry) = entry else {
        boundary.illegal(
            IllegalKind::NoSuchObject,
            obj,
            format!("{call} was called on a pointer that is no object of ours"),
        );
        return Err(HRESULT::MAPI_E_INVALID_OBJECT);
    };
    if entry.is_dead() {
        boundary.illegal(
            IllegalKind::UseAfterRelease,
            obj,
            format!("{call} was called after the last Release"),
        );
        return Err(HRESULT::MAPI_E_INVALID_OBJECT);
    }
    if entry.is_over() {
        boundary.illegal(
            IllegalKind::UseAfterReturn,
            obj,
            format!("{call} was called after the call that lent the object had returned"),
        );
        return Err(HRESULT::MAPI_E_INVALID_OBJECT);
    }
    let body: Option<Arc<dyn std::any::Any + Send + Sync>> = entry.body().map(|body| body as _);
    body.and_then(|body| body.downcast::<T>().ok()).ok_or(HRESULT::MAPI_E_INVALID_OBJECT)
}

/// Checks that there is room for the objects that a method hands out: what has no place to go to would never be given back.
fn has_room(method: &'static Method, words: &[u64], obj: &str) -> Result<(), HRESULT> {
    let mut outputs = method
        .params
        .iter()
        .zip(words)
        .filter(|(param, _)| param.direction == Direction::Out && param.wire == Wire::Object);
    let Some((param, _)) = outputs.find(|(_, word)| **word == 0) else { return Ok(()) };
    let detail = format!("{} of {} was null", param.name, method.full_name);
    boundary().illegal(IllegalKind::NullArgument, obj, detail);
    Err(HRESULT::MAPI_E_INVALID_PARAMETER)
}

/// The answer of a method that no object of ours implements: recorded, never a quiet S_OK.
pub fn unsupported<R: Ret>(method: &'static Method) -> R {
    boundary().record(What::Unsupported {
        m: method.full_name.into(),
        detail: "the mock does not support this method here; it answered MAPI_E_NO_SUPPORT".to_owned(),
    });
    R::failure(HRESULT::MAPI_E_NO_SUPPORT)
}

/// The answer of a method that an object of ours implements in part.
pub fn unsupported_part(method: &'static Method, detail: &str) -> HRESULT {
    boundary().record(What::Unsupported { m: method.full_name.into(), detail: detail.to_owned() });
    HRESULT::MAPI_E_NO_SUPPORT
}

/// A call of ours to one of the candidate's objects. It is not made where the candidate gave one of our own objects for it, of
/// another interface: the method in that place of the vtable takes other arguments, and what came of it would be chance.
pub fn outgoing<R: Ret>(
    raw: *mut c_void,
    obj: &str,
    method: &'static Method,
    words: &[u64],
    run: impl FnOnce() -> R,
) -> R {
    let boundary = boundary();
    let call = boundary.record(What::Call {
        by: actor(),
        obj: obj.to_owned(),
        m: method.full_name.into(),
        // SAFETY: the arguments are our own.
        args: unsafe { render::arguments(method, words) },
        msgref: None,
    });
    let handed_on = HANDING_ON.replace(false);
    let result = match object::find(raw) {
        Some(ours)
            if !Interface::by_name(ours.interface).is_some_and(|own| own.extends(method.interface)) =>
        {
            let detail = format!(
                "{obj} is {} of the spooler's, an {}: {} was not called on it",
                ours.name, ours.interface, method.full_name
            );
            boundary.illegal(IllegalKind::WildPointer, obj, detail);
            R::failure(HRESULT::MAPI_E_INVALID_OBJECT)
        }
        _ => run(),
    };
    let (out, unwritten) = if handed_on {
        let ok = result.code().is_ok();
        // SAFETY: the cells are those of a call in progress; outputs are followed only after a success.
        (if ok { unsafe { render::our_outputs(method, words) } } else { Default::default() }, Vec::new())
    } else if result.code().is_ok() {
        // SAFETY: the output cells are our own. What the candidate put there is followed only after a success; where it
        // points to nothing, the process ends here, and the last call without return is this one.
        fault::reading(method, obj, Which::Output, || unsafe { render::outputs(method, words) })
    } else {
        // SAFETY: the output cells are our own; nothing in them is followed.
        unsafe { render::outputs_of_failure(method, words) }
    };
    boundary.record(What::Return { call, hr: result.text(), out, unwritten, injected: false });
    result
}

/// Records a `Release` that is about to be made on an object of the candidate.
pub fn begin_release(obj: &str) -> u64 {
    boundary().record(What::Call {
        by: actor(),
        obj: obj.to_owned(),
        m: "IUnknown.Release".into(),
        args: Default::default(),
        msgref: None,
    })
}

/// Records a `QueryInterface` that is about to be made on an object of the candidate.
pub fn begin_query(obj: &str, interface: &str) -> u64 {
    boundary().record(What::Call {
        by: actor(),
        obj: obj.to_owned(),
        m: "IUnknown.QueryInterface".into(),
        args: told::values([("riid", interface)]),
        msgref: None,
    })
}

/// Records the call of an exported function, such as `XPProviderInit`.
pub fn begin_export(name: &str, args: Values) -> u64 {
    boundary().record(What::Call {
        by: actor(),
        obj: String::new(),
        m: name.to_owned().into(),
        args,
        msgref: None,
    })
}

/// Records the return of an exported function.
pub fn end_export(call: u64, code: HRESULT, out: Values) {
    boundary().record(What::Return {
        call,
        hr: Ret::text(&code),
        out,
        unwritten: Vec::new(),
        injected: false,
    });
}

/// Records the return of a call without outputs.
pub fn end_plain(call: u64, result: impl Into<Name>) {
    boundary().record(What::Return {
        call,
        hr: result.into(),
        out: Default::default(),
        unwritten: Vec::new(),
        injected: false,
    });
}
