//! Waiting for what other processes do, and tell nobody of.

use std::time::{Duration, Instant};

/// Looks until there is something to be seen; nothing where a minute was not enough.
pub(crate) fn soon<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    const SOON: Duration = Duration::from_secs(60);
    let start = Instant::now();
    while start.elapsed() < SOON {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    None
}
