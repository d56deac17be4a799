//! The other end of the wire: a provider library behind the shim's protocol, on this process's standard input and output.

use std::ffi::c_void;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mapi_spi::HRESULT;
use mapi_spi::kinds::Word as _;
use mapi_spi::meta::Method;
use mapi_spi::words::{FromWord as _, Through};
use serde_json::{Map, Value, json};

use super::PROTOCOL;
use super::entry::{entry_of, method_of};
use super::fault::Fault;
use super::marshal::{Frame, Lent, free_list, pointer};
use super::objects::{Proxy, Side};
use super::peer::Peer;
use super::role::{Early, Role};
use super::wrong::Wrong;
use crate::com::{Held, boundary};
use crate::engine::logoff::threads;
use crate::loader::{EntryPoint, LoadError, Loaded};
use crate::memory::{self, Chain};
use crate::plan;
use crate::trace::told::What;

/// How long threads that were told to end may take to be gone from the system's list.
const THREADS_GONE: Duration = Duration::from_secs(2);

/// What is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The provider's library.
    pub library: PathBuf,
    /// The library of the store, where it is another file.
    pub store_library: Option<PathBuf>,
}

/// Serves a library until the spooler says that it is over, or goes away.
///
/// # Errors
///
/// In words, where the library cannot be loaded or the connection breaks.
pub fn serve(served: &Served) -> Result<(), String> {
    let before = threads();
    let (over, end) = channel();
    let host = Host { served: served.clone(), shared: Arc::new(Shared::new(over, before)) };
    // Loaded before anything is answered: a library that cannot be had ends this program before the first exchange.
    let transport = host.load(EntryPoint::XPProviderInit);
    let transport_error = transport.err().map(|error| told(&error));
    if let (Some(error), None) = (&transport_error, &served.store_library) {
        host.load(EntryPoint::MSProviderInit).map_err(|_| error.clone())?;
    }
    let peer = Peer::connect(Side::Program, Box::new(host), io::stdin(), Box::new(io::stdout()))
        .map_err(|error| format!("the connection could not be made: {error}"))?;
    CONNECTION.get_or_init(|| Arc::clone(&peer));
    memory::judged_by(ask_for_memory);
    boundary().writer().listen(report);
    // The spooler closes the connection once it has told this program to end, and also where it goes away.
    let _ = end.recv();
    Ok(())
}

fn told(error: &LoadError) -> String {
    let cause = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
    format!("{error}{cause}")
}

/// The connection of this process: the memory functions that the library is given have no state of their own.
static CONNECTION: OnceLock<Arc<Peer>> = OnceLock::new();

/// Asks the spooler before each allocation of the library: it counts them, and lets some fail where the case orders that.
fn ask_for_memory() -> Option<HRESULT> {
    let answer = CONNECTION.get()?.ask("MAPIAllocateBuffer", Map::new()).ok()?;
    if let Some(event) = answer.get("event").and_then(Value::as_u64) {
        boundary().writer().follow(event);
    }
    let code = answer.get("hr").and_then(Value::as_str).and_then(HRESULT::from_name)?;
    code.is_err().then_some(code)
}

/// What is wrong with the library's memory is the spooler's to record.
fn report(what: &What) {
    if let (What::Illegal { kind, obj, detail }, Some(peer)) = (what, CONNECTION.get()) {
        peer.notify("report", &json!({ "kind": kind, "obj": obj, "detail": detail }));
    }
}

#[derive(Debug)]
struct Host {
    served: Served,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    over: Mutex<Sender<()>>,
    threads_before: Option<usize>,
    transport: Mutex<Option<Loaded>>,
    store: Mutex<Option<Loaded>>,
    malloc: Mutex<Option<Held>>,
    in_hand: Mutex<Vec<InHand>>,
    invalid: Mutex<Vec<usize>>,
}

/// A call that the library is in, as far as its early outputs are concerned.
#[derive(Debug)]
struct InHand {
    number: u64,
    id: Value,
    frame: *const Frame,
    told: Vec<(&'static str, u64)>,
}

// SAFETY: the frame is only read, under the list's lock, and its entry is taken out under it before the frame goes away.
unsafe impl Send for InHand {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn new(over: Sender<()>, threads_before: Option<usize>) -> Self {
        Self {
            over: Mutex::new(over),
            threads_before,
            transport: Mutex::default(),
            store: Mutex::default(),
            malloc: Mutex::default(),
            in_hand: Mutex::default(),
            invalid: Mutex::default(),
        }
    }

    fn slot(&self, entry: EntryPoint) -> &Mutex<Option<Loaded>> {
        match entry {
            EntryPoint::XPProviderInit => &self.transport,
            EntryPoint::MSProviderInit => &self.store,
        }
    }

    /// Objects that MakeInvalid has made MAPI's, and that no client has any more, are freed by it.
    fn free_invalid(&self) {
        for object in lock(&self.invalid).drain(..) {
            if memory::is_mapi_buffer(object as *const c_void) {
                memory::free(object as *mut c_void);
            }
        }
    }

    /// How many threads there were before the library was loaded, and are now: those of the connection not counted, and
    /// after those that are ending had time to.
    fn threads(&self, peer: &Peer) -> Option<(usize, usize)> {
        let before = self.threads_before?;
        let now = || threads().map(|now| now.saturating_sub(peer.threads()));
        let deadline = Instant::now() + THREADS_GONE;
        let mut after = now()?;
        while after > before && Instant::now() < deadline {
            std::thread::yield_now();
            after = now()?;
        }
        Some((before, after.max(before)))
    }
}

impl Host {
    fn load(&self, entry: EntryPoint) -> Result<(), LoadError> {
        let mut slot = lock(self.shared.slot(entry));
        if slot.is_none() {
            let library = match (entry, &self.served.store_library) {
                (EntryPoint::MSProviderInit, Some(store)) => store,
                _ => &self.served.library,
            };
            *slot = Some(Loaded::open(&plan::Candidate::default(), library, entry)?);
        }
        Ok(())
    }

    fn init(&self, peer: &Peer, entry: EntryPoint, params: &Value) -> Result<Value, Wrong> {
        if let Err(error) = self.load(entry) {
            return Err(Wrong::told(format!("a library with {}", entry.name()), told(&error)));
        }
        let frame = Frame::new(peer, method_of(entry), params, self.room())?;
        let [malloc, _, version, provider_version, provider] = frame.words[..] else {
            return Err(Wrong::told("the arguments of an entry point", "others"));
        };
        let slot = lock(self.shared.slot(entry));
        let Some(library) = slot.as_ref() else { return Err(Wrong::told("a library", "none")) };
        // SAFETY: the words are the arguments of the entry point, laid down for this call.
        let code = unsafe {
            library.init(
                pointer(malloc),
                u32::from_word(version),
                pointer(provider_version).cast(),
                pointer(provider).cast(),
            )
        };
        drop(slot);
        Ok(peer.result_of(&frame, code.word()))
    }
}

impl Role for Host {
    fn request(&self, peer: &Peer, method: &str, params: &Value) -> Result<Option<Value>, Wrong> {
        if let Some(entry) = entry_of(method) {
            return self.init(peer, entry, params).map(Some);
        }
        match method {
            "hello" => {
                let versions = params.get("protocol").and_then(Value::as_array);
                if !versions.is_some_and(|versions| versions.contains(&json!(PROTOCOL))) {
                    return Err(Wrong::new(
                        format!("version {PROTOCOL} among those of the protocol"),
                        params,
                    ));
                }
                let name = self.served.library.file_stem().unwrap_or_default().to_string_lossy();
                let mut capabilities = Vec::new();
                capabilities.extend(self.shared.threads_before.map(|_| "threads"));
                capabilities.extend(self.load(EntryPoint::MSProviderInit).ok().map(|()| "store"));
                Ok(Some(json!({ "protocol": PROTOCOL, "name": name, "capabilities": capabilities })))
            }
            "threads" => {
                let (before, after) = self.shared.threads(peer).unwrap_or_default();
                Ok(Some(json!({ "before": before, "after": after })))
            }
            "exit" => {
                self.shared.free_invalid();
                memory::inspect_at_end();
                peer.set_over();
                Ok(Some(json!({})))
            }
            _ => Ok(None),
        }
    }

    fn notified(&self, peer: &Peer, method: &str, params: &Value) -> Result<bool, Wrong> {
        if method != "gone" {
            return Ok(false);
        }
        let handles = params.get("objects").and_then(Value::as_array);
        let handles = handles.ok_or_else(|| Wrong::new("a list of handles", params).within("objects"))?;
        handles.iter().filter_map(Value::as_str).for_each(|handle| peer.objects().gone(handle));
        Ok(true)
    }

    fn methods(&self) -> String {
        "`hello`, `XPProviderInit`, `MSProviderInit`, `exit`, or a method of a declared interface".to_owned()
    }

    fn fault(&self, _peer: &Peer, fault: Fault) -> ! {
        eprintln!(
            "mock-spooler serve: the spooler broke the protocol: due: {}; seen: {}",
            fault.due, fault.seen
        );
        std::process::exit(i32::from(crate::child::exit::NO_PLAN))
    }

    fn ended(&self, _peer: &Peer) {
        let _ = lock(&self.shared.over).send(());
    }

    fn room(&self) -> Lent {
        match Chain::allocate(1) {
            // What a call lends is poisoned when it is over, as the spooler's own would be.
            Ok(chain) => Lent::new(Box::new(chain)),
            Err(_) => Lent::new(Box::new(crate::objects::wire::Arena::default())),
        }
    }

    fn local(
        &self,
        proxy: &Proxy,
        method: &'static Method,
        words: &mut [u64],
        through: Through,
    ) -> Option<u64> {
        // Memory cannot leave a process. References to the allocator can, and are the spooler's to count.
        if proxy.interface.name != "IMalloc" || method.interface != "IMalloc" {
            return None;
        }
        let mut malloc = lock(&self.shared.malloc);
        let malloc = malloc.get_or_insert_with(memory::malloc).lend();
        // SAFETY: the object is an IMalloc of this process, and the words are the library's arguments.
        Some(unsafe { through(malloc, words) })
    }

    unsafe fn answered(&self, method: &'static Method, words: &[u64], result: u64) {
        if !method.returns_hresult || HRESULT::from_word(result).is_err() {
            return;
        }
        let argument = |name: &str| {
            let index = method.params.iter().position(|param| param.name == name)?;
            words.get(index).map(|word| pointer(*word))
        };
        match method.name {
            // The functions of the spooler's process are of no use in this one.
            "GetMemAllocRoutines" => {
                let functions = [
                    ("lpAllocateBuffer", memory::allocate_buffer as *mut c_void),
                    ("lpAllocateMore", memory::allocate_more as *mut c_void),
                    ("lpFreeBuffer", memory::free_buffer as *mut c_void),
                ];
                for (name, function) in functions {
                    if let Some(cell) = argument(name).filter(|cell| !cell.is_null()) {
                        // SAFETY: an output of the call, of pointer size.
                        unsafe { cell.cast::<*mut c_void>().write_unaligned(function) };
                    }
                }
            }
            // What the spooler has taken over it frees in its own process; here that is left to us.
            "StatusRecips" => {
                if let Some(list) = argument("lpRecipList") {
                    // SAFETY: the library gave the list away with this call.
                    unsafe { free_list(list.cast()) };
                }
            }
            "MakeInvalid" => {
                if let Some(object) = argument("lpObject") {
                    lock(&self.shared.invalid).push(object as usize);
                }
            }
            _ => {}
        }
    }

    fn begun(&self, id: &Value, frame: &Frame) -> Option<u64> {
        let told = frame.early();
        if told.is_empty() {
            return None;
        }
        let mut in_hand = lock(&self.shared.in_hand);
        let number = in_hand.last().map_or(0, |last| last.number + 1);
        in_hand.push(InHand { number, id: id.clone(), frame, told });
        Some(number)
    }

    fn over(&self, begun: Option<u64>) {
        if let Some(number) = begun {
            lock(&self.shared.in_hand).retain(|call| call.number != number);
        }
    }

    fn early(&self) -> Vec<Early> {
        let mut in_hand = lock(&self.shared.in_hand);
        let changed = in_hand.iter_mut().filter_map(|call| {
            // SAFETY: the entry is in the list, so its frame is there.
            let now = unsafe { &*call.frame }.early();
            let out: Map<String, Value> = now
                .iter()
                .filter(|entry| !call.told.contains(entry))
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            call.told = now;
            (!out.is_empty()).then(|| Early { call: call.id.clone(), out })
        });
        changed.collect()
    }
}
