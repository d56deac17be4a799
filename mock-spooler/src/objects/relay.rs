//! Objects that stand for objects of the candidate's: what the spooler hands to a transport of a message that lies in a store.
//!
//! Whatever a transport does with such a message crosses the gate twice: the transport calls us, we call the store. So each
//! callback is seen, faults can be set at it, and the loan can be ended. A relay answers nothing itself; objects that
//! are opened through it are relays again. Methods come from the defaults of [`crate::com::ours`].

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mapi_spi::kinds::Wire;
use mapi_spi::meta::{Direction, Method};
use mapi_spi::{GUID, HRESULT};

use crate::com::ours::Ret;
use crate::com::{Held, gate, object, ours, theirs};
use crate::implements;

macro_rules! relays {
    ($($(#[$doc:meta])* $name:ident: $interface:ident { $($member:ident: $ty:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            inner: theirs::$interface,
            $($member: $ty,)*
        }

        implements!($name: $interface);

        impl $name {
            fn new(inner: theirs::$interface) -> Arc<Self> {
                Arc::new(Self { inner, $($member: Default::default(),)* })
            }
        }

        impl ours::$interface for $name {
            fn inner(&self) -> Option<&theirs::$interface> {
                Some(&self.inner)
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: the reference that came with the object is given back, once.
                unsafe { self.inner.Release() };
            }
        }
    )* };
}

relays! {
    /// A message.
    MessageRelay: IMessage { saves: AtomicU32, }
    /// An attachment.
    AttachRelay: IAttach {}
    /// A table of a message.
    TableRelay: IMAPITable {}
    /// A property as a stream.
    StreamRelay: IStream {}
}

impl ours::IMAPIProp for MessageRelay {
    fn inner(&self) -> Option<&theirs::IMAPIProp> {
        Some(&self.inner)
    }

    unsafe fn SaveChanges(&self, ulFlags: u32) -> HRESULT {
        // SAFETY: no pointers involved.
        let code = unsafe { self.inner.SaveChanges(ulFlags) };
        if code.is_ok() {
            self.saves.fetch_add(1, Ordering::AcqRel);
        }
        code
    }
}

impl ours::IMAPIProp for AttachRelay {
    fn inner(&self) -> Option<&theirs::IMAPIProp> {
        Some(&self.inner)
    }
}

impl ours::ISequentialStream for StreamRelay {
    fn inner(&self) -> Option<&theirs::ISequentialStream> {
        Some(&self.inner)
    }
}

impl MessageRelay {
    /// A relay for a message, lent to a transport. The reference to the message goes with it.
    #[must_use]
    pub fn hold(inner: theirs::IMessage) -> (Held, Arc<Self>) {
        let relay = Self::new(inner);
        (object::hold(Arc::clone(&relay), "message"), relay)
    }

    /// How often it was saved through the relay.
    #[must_use]
    pub fn saves(&self) -> u32 {
        self.saves.load(Ordering::Acquire)
    }
}

/// Whether a pointer is a relay.
#[must_use]
pub fn is(pointer: *mut c_void) -> bool {
    let Some(body) = object::find(pointer).and_then(|entry| entry.body()) else { return false };
    let body: Arc<dyn std::any::Any + Send + Sync> = body;
    body.is::<MessageRelay>() || body.is::<AttachRelay>()
}

/// Hands a call on, and puts relays in the place of the objects that it opens.
pub fn handed<R: Ret>(method: &'static Method, words: &[u64], call: impl FnOnce() -> R) -> R {
    let result = gate::handing_on(call);
    if result.code().is_ok() {
        for (index, param) in method.params.iter().enumerate() {
            if param.direction == Direction::Out && param.wire == Wire::Object && words[index] != 0 {
                // SAFETY: the output cell of a call that has succeeded: it holds an object, or null.
                unsafe { replace(method, words, index) };
            }
        }
    }
    result
}

/// # Safety
///
/// The words are the arguments of a call that has succeeded; the one at `index` is the cell of an object.
unsafe fn replace(method: &Method, words: &[u64], index: usize) {
    let Ok(address) = usize::try_from(words[index]) else { return };
    let cell = address as *mut *mut c_void;
    // SAFETY: as the caller vouches; cells may lie anywhere.
    let raw = unsafe { cell.read_unaligned() };
    if raw.is_null() || object::find(raw).is_some() {
        return;
    }
    // SAFETY: as the caller vouches.
    let handle = match unsafe { opened(method, words, index) } {
        "IMessage" => {
            object::hand_out(MessageRelay::new(theirs::IMessage::new(raw, "their-message")), "message")
        }
        "IAttach" => {
            object::hand_out(AttachRelay::new(theirs::IAttach::new(raw, "their-attach")), "attachment")
        }
        "IMAPITable" => {
            object::hand_out(TableRelay::new(theirs::IMAPITable::new(raw, "their-table")), "table")
        }
        "IStream" => object::hand_out(StreamRelay::new(theirs::IStream::new(raw, "their-stream")), "stream"),
        _ => return,
    };
    // SAFETY: as above.
    unsafe { cell.write_unaligned(handle.0) };
}

/// The interface of the object that a call has opened.
unsafe fn opened(method: &Method, words: &[u64], index: usize) -> &'static str {
    use mapi_spi::meta::Note;
    let declared = match method.params[index].note {
        Note::Interface(interface) => interface,
        Note::Flags(_) | Note::None => "IUnknown",
    };
    if declared != "IUnknown" {
        return declared;
    }
    let asked = method.params.iter().position(|param| param.name == "lpiid").map(|place| words[place]);
    let Some(asked) = asked.and_then(|word| usize::try_from(word).ok()).filter(|word| *word != 0) else {
        return declared;
    };
    // SAFETY: an argument of the call: an identifier.
    let asked = unsafe { (asked as *const GUID).read_unaligned() };
    let named = mapi_spi::meta::INTERFACES.iter().find(|one| ours::iid_of(one.name) == Some(asked));
    named.map_or(declared, |interface| interface.name)
}
