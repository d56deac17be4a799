//! Proxies: what one side of the boundary sees of the other side's objects.
//!
//! A proxy counts no references of its own: AddRef and Release are passed on one by one, so that whoever counts sees what
//! the wrapped provider does. Proxies are never freed, but for status objects, whose memory may become MAPI's: a defect may
//! use one long after its object is gone, and whether that is noticed is for the other side to show. A process that loads
//! this library is short-lived.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use mapi_spi::meta::Interface;
use mapi_spi::words::{self, Vtable};

use super::dispatch::Proxies;
use super::memory;

/// Whose object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The wrapped provider's: the spooler sees the proxy.
    Provider,
    /// The spooler's: the wrapped provider sees the proxy.
    Spooler,
}

/// Stands for an object of the other side.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// What the other side points to.
    address: usize,
    inner: usize,
    side: Side,
    interface: &'static Interface,
    refs: AtomicI64,
    /// Whether the address is a block of MAPI's, which goes with the object.
    is_block: bool,
}

impl Proxy {
    /// The object that it stands for.
    pub(crate) fn inner(&self) -> *mut c_void {
        self.inner as *mut c_void
    }

    /// Whose object it stands for.
    pub(crate) fn side(&self) -> Side {
        self.side
    }

    /// The interface that it has.
    pub(crate) fn interface(&self) -> &'static Interface {
        self.interface
    }

    /// As the other side sees it.
    pub(crate) fn raw(&self) -> *mut c_void {
        self.address as *mut c_void
    }

    /// Notes a reference that the other side has now.
    pub(super) fn referenced(&self) {
        self.refs.fetch_add(1, Ordering::AcqRel);
    }

    /// Notes that the other side gives a reference back. From the last one on, an object made anew at the same address is
    /// another one.
    pub(super) fn released(&self) {
        self.refs.fetch_sub(1, Ordering::AcqRel);
    }

    /// How many references the other side has.
    pub(super) fn references(&self) -> i64 {
        self.refs.load(Ordering::Acquire)
    }

    /// Forgets the object's address once nobody holds a reference to it.
    pub(super) fn forget_if_gone(&'static self) {
        if self.references() > 0 || !self.forget() || !self.is_block {
            return;
        }
        if let Some(given) = memory::given() {
            // SAFETY: the block was made for this proxy, to which nobody holds a reference.
            unsafe { (given.free)(self.raw()) };
        }
    }

    /// Leaves the proxy to the spooler: from here on it is no object any more.
    pub(super) fn surrender(&'static self) {
        self.forget();
    }

    /// Whether the object was known by this proxy.
    fn forget(&'static self) -> bool {
        let mut registry = registry();
        if self.is_block {
            registry.proxies.remove(&self.address);
        }
        let is_known = registry.by_inner.get(&self.inner).is_some_and(|known| std::ptr::eq(*known, self));
        if is_known {
            registry.by_inner.remove(&self.inner);
        }
        is_known
    }
}

/// Makes a proxy, at an address of its own. Nothing but a vtable stands there, and room for what others may write.
fn make(
    inner: *mut c_void,
    side: Side,
    interface: &'static Interface,
    vtable: Vtable,
    may_be_given_away: bool,
) -> &'static Proxy {
    let words = [vtable.as_ptr() as usize, 0, 0, 0];
    // A status object may become MAPI's (page `imapisupport-makeinvalid`), so it lies in a block of MAPI's.
    let block = if may_be_given_away { memory::block_with(&words) } else { None };
    let address = block.unwrap_or_else(|| Box::leak(Box::new(words)).as_mut_ptr() as usize);
    Box::leak(Box::new(Proxy {
        address,
        inner: inner as usize,
        side,
        interface,
        refs: AtomicI64::new(0),
        is_block: block.is_some(),
    }))
}

#[derive(Debug, Default)]
struct Registry {
    proxies: HashMap<usize, &'static Proxy>,
    by_inner: HashMap<usize, &'static Proxy>,
}

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The proxy at an address, if there is one.
pub(super) fn at(address: *mut c_void) -> Option<&'static Proxy> {
    registry().proxies.get(&(address as usize)).copied()
}

/// The proxy of an object, if it has one.
pub(super) fn of(inner: *mut c_void) -> Option<&'static Proxy> {
    registry().by_inner.get(&(inner as usize)).copied()
}

/// What the other side sees of an object: its proxy, made where it has none. An object whose interface is not declared is
/// passed as it is.
pub(crate) fn wrap(inner: *mut c_void, side: Side, interface: &str) -> *mut c_void {
    let Some((interface, vtable)) = words::vtable::<Proxies>(interface) else { return inner };
    let mut registry = registry();
    if let Some(known) = registry.by_inner.get(&(inner as usize))
        && known.refs.load(Ordering::Acquire) > 0
        && known.side == side
        && known.interface.extends(interface.name)
    {
        return known.raw();
    }
    let proxy = make(inner, side, interface, vtable, interface.name == "IMAPIStatus");
    registry.proxies.insert(proxy.raw() as usize, proxy);
    registry.by_inner.insert(inner as usize, proxy);
    proxy.raw()
}

/// The object behind a proxy; the pointer itself where it is none.
pub(crate) fn inner_of(seen: *mut c_void) -> *mut c_void {
    at(seen).map_or(seen, Proxy::inner)
}

/// One more proxy of the same object, at another address, to which a reference of the first one goes over.
pub(crate) fn another(proxy: &Proxy) -> *mut c_void {
    let Some((interface, vtable)) = words::vtable::<Proxies>(proxy.interface.name) else {
        return proxy.raw();
    };
    let other = make(proxy.inner(), proxy.side, interface, vtable, false);
    other.referenced();
    proxy.released();
    registry().proxies.insert(other.raw() as usize, other);
    other.raw()
}

/// As [`wrap`], for an object that comes with a reference.
pub(crate) fn wrap_reference(inner: *mut c_void, side: Side, interface: &str) -> *mut c_void {
    let seen = wrap(inner, side, interface);
    if let Some(proxy) = at(seen) {
        proxy.referenced();
    }
    seen
}
