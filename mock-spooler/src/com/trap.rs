//! Armed traps: what the case wants to happen at certain callbacks.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mapi_spi::HRESULT;

use crate::plan::{Act, Trap};

/// Does what a trap orders and the gate cannot do itself. `Some` is a result that replaces the callback's.
pub type Handler = Arc<dyn Fn(&Trap) -> Option<HRESULT> + Send + Sync>;

/// The traps that are armed now.
#[derive(Default)]
pub struct Traps {
    any: AtomicBool,
    armed: Mutex<Vec<Arc<Armed>>>,
    handler: Mutex<Option<Handler>>,
}

impl fmt::Debug for Traps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traps").field("any", &self.any).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Armed {
    trap: Trap,
    seen: AtomicU32,
}

impl Traps {
    /// Arms traps; counting begins anew.
    pub fn arm(&self, traps: &[Trap], handler: Handler) {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        *armed = traps
            .iter()
            .map(|trap| Arc::new(Armed { trap: trap.clone(), seen: AtomicU32::new(0) }))
            .collect();
        *self.handler.lock().unwrap_or_else(PoisonError::into_inner) = Some(handler);
        self.any.store(!armed.is_empty(), Ordering::Release);
    }

    /// Disarms all traps; those that never sprang, as text.
    pub fn disarm(&self) -> Vec<String> {
        self.any.store(false, Ordering::Release);
        *self.handler.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let armed = std::mem::take(&mut *self.armed.lock().unwrap_or_else(PoisonError::into_inner));
        armed
            .iter()
            .filter(|armed| armed.seen.load(Ordering::Acquire) < armed.trap.nth)
            .map(|armed| format!("{} #{}", armed.trap.at, armed.trap.nth))
            .collect()
    }

    /// Whether a trap at a callback has sprung.
    pub fn has_sprung(&self, call: &str) -> bool {
        let armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let sprung = |armed: &Armed| armed.seen.load(Ordering::Acquire) >= armed.trap.nth;
        armed.iter().any(|armed| armed.trap.at == call && sprung(armed))
    }

    /// A callback has come: acts where a trap waits for it. `Some` is a result that replaces the callback's own.
    pub fn spring(&self, call: &str, obj: &str) -> Option<HRESULT> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let waiting: Vec<_> = self.armed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut result = None;
        for armed in waiting.iter().filter(|armed| armed.matches(call, obj)) {
            let seen = armed.seen.fetch_add(1, Ordering::AcqRel) + 1;
            match &armed.trap.act {
                // Slowness lasts from its callback on.
                Act::Slow(ms) if seen >= armed.trap.nth => std::thread::sleep(Duration::from_millis(*ms)),
                Act::Fail(name) if seen == armed.trap.nth => result = result.or(HRESULT::from_name(name)),
                _ if seen == armed.trap.nth => {
                    let handler = self.handler.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    if let Some(handler) = handler {
                        result = result.or(handler(&armed.trap));
                    }
                }
                _ => {}
            }
        }
        result
    }
}

impl Armed {
    fn matches(&self, call: &str, obj: &str) -> bool {
        let kind = obj.split('#').next().unwrap_or_default();
        let at = match self.trap.at.as_str() {
            "callback" => call != "allocation",
            at => at == call,
        };
        at && self.trap.on.as_deref().is_none_or(|on| on == kind)
    }
}
