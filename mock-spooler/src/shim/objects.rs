//! Objects on both sides: handles for ours, proxies for theirs.
//!
//! References are not counted here: AddRef and Release travel one by one, so that whoever owns the object counts them, and
//! sees them. A proxy stays where it is as long as its owner has not said that the last reference is gone, and its memory for
//! a while longer: a call on it then is sent, and answered by the owner as what it is.

use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use mapi_spi::meta::Interface;
use mapi_spi::words::{self, UNKNOWN};
use serde_json::{Value, json};

use super::marshal::{Kept, extends};
use super::peer::{Peer, Remote};
use super::wrong::{Wrong, quote};
use crate::com::object;
use crate::memory::{self, Chain};

/// The handles of the spooler's objects begin with this, those of the program's do not.
const SPOOLERS: char = '@';
/// No handle of the program is longer.
const LONGEST_HANDLE: usize = 128;
/// How many proxies of objects that are gone are kept.
const GRAVES: usize = 65_536;
/// With so many handles, those of dead objects are given up, the oldest half of them. Until then a use after the end is told as
/// what it is.
const MANY_HANDLES: usize = 65_536;

/// Which side of the shim this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The mock spooler's: its objects are known to the registry of [`object`].
    Spooler,
    /// The program's that hosts a provider library.
    Program,
}

/// Stands for an object of the other side.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) peer: Weak<Peer>,
    pub(super) handle: String,
    pub(super) interface: &'static Interface,
    pub(super) kept: Kept,
    address: usize,
    /// The address is a block of MAPI's, which MAPI may free (page: imapisupport-makeinvalid).
    is_block: bool,
}

impl Proxy {
    /// What this side points to.
    pub(super) fn raw(&self) -> *mut c_void {
        self.address as *mut c_void
    }
}

static PROXIES: LazyLock<Mutex<HashMap<usize, Arc<Proxy>>>> = LazyLock::new(Mutex::default);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The proxy at an address, if there is one.
pub(super) fn proxy_at(address: *mut c_void) -> Option<Arc<Proxy>> {
    lock(&PROXIES).get(&(address as usize)).cloned()
}

/// An object of this side that the other side knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Export {
    pub(super) address: usize,
    pub(super) interface: &'static str,
}

#[derive(Debug, Default)]
struct Exports {
    by_handle: HashMap<String, Export>,
    by_address: HashMap<usize, String>,
    order: VecDeque<String>,
    /// Handles that were given up since the other side was told last.
    given_up: Vec<String>,
    counters: HashMap<&'static str, u64>,
}

#[derive(Debug, Default)]
struct Imports {
    by_handle: HashMap<String, Vec<Arc<Proxy>>>,
    graves: VecDeque<Arc<Proxy>>,
    /// Blocks of objects that have become MAPI's.
    surrendered: Vec<usize>,
}

/// The objects of a connection.
#[derive(Debug)]
pub(super) struct Objects {
    side: Side,
    exports: Mutex<Exports>,
    imports: Mutex<Imports>,
}

impl Objects {
    pub(super) fn new(side: Side) -> Self {
        Self { side, exports: Mutex::default(), imports: Mutex::default() }
    }

    /// An object as it is named to the other side: theirs by its handle, ours by its handle, made where it has none.
    pub(super) fn reference(&self, raw: *mut c_void, interface: &'static str) -> Value {
        if raw.is_null() {
            return Value::Null;
        }
        if let Some(proxy) = proxy_at(raw) {
            return json!({ "object": proxy.handle, "interface": proxy.interface.name });
        }
        match self.export(raw, interface) {
            Some((handle, interface)) => json!({ "object": handle, "interface": interface }),
            None => Value::Null,
        }
    }

    /// As [`Objects::reference`], for a pointer that may be an object or not: what is not known is not named.
    pub(super) fn known(&self, raw: *mut c_void) -> Value {
        let ours = lock(&self.exports).by_address.contains_key(&(raw as usize));
        let known =
            ours || proxy_at(raw).is_some() || self.side == Side::Spooler && object::find(raw).is_some();
        if known { self.reference(raw, "IUnknown") } else { Value::Null }
    }

    fn export(&self, raw: *mut c_void, interface: &'static str) -> Option<(String, &'static str)> {
        let address = raw as usize;
        let mut exports = lock(&self.exports);
        if self.side == Side::Spooler {
            // Names of our objects are never given twice, addresses are, after a long time.
            let entry = object::find(raw)?;
            let handle = format!("{SPOOLERS}{}", entry.name);
            let export = Export { address, interface: entry.interface };
            if exports.by_handle.insert(handle.clone(), export).is_none() {
                exports.order.push_back(handle.clone());
                exports.give_up_dead();
            }
            return Some((handle, entry.interface));
        }
        if let Some(handle) = exports.by_address.get(&address).cloned() {
            let known = exports.by_handle.get_mut(&handle)?;
            if extends(interface, known.interface) {
                known.interface = interface;
            }
            return Some((handle, known.interface));
        }
        let kind = match interface {
            "IXPProvider" => "provider",
            "IXPLogon" => "logon",
            "IMSProvider" => "msprovider",
            "IMSLogon" => "mslogon",
            "IMsgStore" => "store",
            "IMAPIFolder" => "folder",
            "IMAPIStatus" => "status",
            "IMAPITable" => "table",
            "IMAPIAdviseSink" => "sink",
            "IMessage" => "message",
            _ => "object",
        };
        let count = exports.counters.entry(kind).or_insert(0);
        *count += 1;
        let handle = format!("{kind}-{count}");
        exports.by_handle.insert(handle.clone(), Export { address, interface });
        exports.by_address.insert(address, handle.clone());
        Some((handle, interface))
    }

    /// The object of ours that a handle names.
    pub(super) fn ours(&self, handle: &str) -> Option<Export> {
        lock(&self.exports).by_handle.get(handle).copied()
    }

    /// The handles that were given up since this was last asked: their objects are gone, though the other side may have been
    /// lent them without a reference of its own.
    pub(super) fn given_up(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.exports).given_up)
    }

    /// The last reference to an object of a library's is gone: its address may be another object's from now on.
    pub(super) fn withdraw(&self, handle: &str) {
        let mut exports = lock(&self.exports);
        if let Some(export) = exports.by_handle.remove(handle) {
            exports.by_address.remove(&export.address);
        }
    }

    /// What a reference in a message stands for: a pointer for this side, to an object with the interface.
    pub(super) fn resolve(
        &self,
        peer: &Peer,
        json: &Value,
        interface: &'static str,
    ) -> Result<*mut c_void, Wrong> {
        let due = || {
            Wrong::new(
                format!("an object with {interface}: `{{\"object\": HANDLE, \"interface\": NAME}}`"),
                json,
            )
        };
        let handle = json.as_str().or_else(|| json.get("object")?.as_str()).ok_or_else(due)?;
        if handle.starts_with(SPOOLERS) == (self.side == Side::Spooler) {
            let export = self.ours(handle).ok_or_else(|| unknown_handle(handle))?;
            return if extends(export.interface, interface) {
                Ok(export.address as *mut c_void)
            } else {
                Err(due())
            };
        }
        let told = match json.get("interface").map(Value::as_str) {
            None => interface,
            Some(None) => return Err(due()),
            Some(Some(told)) if told == UNKNOWN.name => UNKNOWN.name,
            Some(Some(told)) => Interface::by_name(told).ok_or_else(due)?.name,
        };
        if handle.is_empty() || handle.len() > LONGEST_HANDLE || !extends(told, interface) {
            return Err(due());
        }
        self.import(peer, handle, told).ok_or_else(due)
    }

    /// As [`Objects::resolve`], for a place where any object may stand.
    pub(super) fn resolve_known(&self, peer: &Peer, json: &Value) -> Result<*mut c_void, Wrong> {
        self.resolve(peer, json, "IUnknown")
    }

    fn import(&self, peer: &Peer, handle: &str, interface: &str) -> Option<*mut c_void> {
        let mut imports = lock(&self.imports);
        let known = imports.by_handle.get(handle).into_iter().flatten();
        if let Some(proxy) = known.into_iter().find(|proxy| proxy.interface.extends(interface)) {
            return Some(proxy.raw());
        }
        let (interface, vtable) = words::vtable::<Remote>(interface)?;
        // Nothing but a vtable stands there, and room for what others may write.
        let block = [vtable.as_ptr() as usize, 0, 0, 0];
        let is_block = interface.name == "IMAPIStatus";
        let address = if is_block {
            let chain = Chain::allocate(size_of_val(&block)).ok()?;
            // SAFETY: the block has this size, is aligned for anything, and nobody else knows it yet.
            unsafe { chain.ptr::<[usize; 4]>().write(block) };
            chain.into_raw() as usize
        } else {
            Box::into_raw(Box::new(block)) as usize
        };
        let peer = peer.weak();
        let proxy = Arc::new(Proxy {
            peer,
            handle: handle.to_owned(),
            interface,
            kept: Kept::default(),
            address,
            is_block,
        });
        lock(&PROXIES).insert(address, Arc::clone(&proxy));
        imports.by_handle.entry(handle.to_owned()).or_default().push(Arc::clone(&proxy));
        Some(proxy.raw())
    }

    /// The owner says that the last reference to an object of theirs is gone.
    pub(super) fn gone(&self, handle: &str) {
        let mut imports = lock(&self.imports);
        for proxy in imports.by_handle.remove(handle).into_iter().flatten() {
            if proxy.is_block {
                if lock(&PROXIES).remove(&proxy.address).is_some() {
                    memory::free(proxy.raw());
                }
                continue;
            }
            imports.graves.push_back(proxy);
            if imports.graves.len() > GRAVES
                && let Some(oldest) = imports.graves.pop_front()
            {
                lock(&PROXIES).remove(&oldest.address);
                // SAFETY: the block was made by `Box::into_raw` in `import`, and is in no list any more.
                drop(unsafe { Box::from_raw(oldest.address as *mut [usize; 4]) });
            }
        }
    }

    /// MakeInvalid has made an object of theirs MAPI's: whoever closes it last frees its memory.
    pub(super) fn surrender(&self, raw: *mut c_void) {
        let Some(proxy) = proxy_at(raw).filter(|proxy| proxy.is_block) else { return };
        lock(&PROXIES).remove(&proxy.address);
        let mut imports = lock(&self.imports);
        if let Some(proxies) = imports.by_handle.get_mut(&proxy.handle) {
            proxies.retain(|known| known.address != proxy.address);
        }
        imports.surrendered.push(proxy.address);
    }

    /// Gives up what is left of theirs in MAPI's memory: nobody calls it any more.
    pub(super) fn close(&self) {
        let handles: Vec<String> = lock(&self.imports).by_handle.keys().cloned().collect();
        handles.iter().for_each(|handle| self.gone(handle));
        // One that nobody had open any more was nobody's to close.
        for block in lock(&self.imports).surrendered.drain(..) {
            if memory::is_mapi_buffer(block as *const c_void) {
                memory::free(block as *mut c_void);
            }
        }
    }
}

impl Exports {
    fn give_up_dead(&mut self) {
        if self.order.len() < MANY_HANDLES {
            return;
        }
        let dead = |exports: &Self, handle: &String| {
            let export = exports.by_handle.get(handle);
            let entry = export.and_then(|export| object::find(export.address as *mut c_void));
            entry.is_none_or(|entry| entry.is_dead() || handle[1..] != entry.name)
        };
        let old: Vec<String> = self.order.iter().filter(|handle| dead(self, handle)).cloned().collect();
        for handle in &old[..old.len() / 2] {
            if self.by_handle.remove(handle).is_some() {
                self.given_up.push(handle.clone());
            }
        }
        let kept = std::mem::take(&mut self.order);
        self.order = kept.into_iter().filter(|handle| self.by_handle.contains_key(handle)).collect();
    }
}

/// A handle that was never given out, or so long ago that it is forgotten.
pub(super) fn unknown_handle(handle: &str) -> Wrong {
    Wrong::told("the handle of an object that was handed out", quote(handle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dead_is_given_up_where_there_is_much_of_it_and_told_once() {
        let objects = Objects::new(Side::Spooler);
        {
            let mut exports = lock(&objects.exports);
            for number in 0..MANY_HANDLES {
                let handle = format!("{SPOOLERS}message#none-{number}");
                // No object of ours stands there, which is as good as dead.
                exports.by_handle.insert(handle.clone(), Export { address: 8, interface: "IMessage" });
                exports.order.push_back(handle);
            }
            exports.give_up_dead();
        }
        let gone = objects.given_up();
        assert_eq!(gone.len(), MANY_HANDLES / 2);
        assert_eq!(gone[0], "@message#none-0", "the oldest go first");
        assert!(objects.ours(&gone[0]).is_none(), "a handle that was given up is unknown");
        assert!(objects.ours("@message#none-65535").is_some(), "the younger half may still be asked for");
        assert!(objects.given_up().is_empty(), "it is told once");
    }
}
