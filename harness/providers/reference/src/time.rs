//! Times of this interface: units of 100 ns since 1601-01-01 UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds between 1601 and 1970.
const BETWEEN: i64 = 11_644_473_600;

const PER_SECOND: u64 = 10_000_000;

/// The present time.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    from_seconds(0) + (since.as_nanos() / 100) as u64
}

/// The time of so many seconds since 1970.
pub(crate) fn from_seconds(seconds: i64) -> u64 {
    u64::try_from(seconds.saturating_add(BETWEEN)).unwrap_or_default().saturating_mul(PER_SECOND)
}

/// Seconds since 1970, rounded down.
pub(crate) fn to_seconds(time: u64) -> i64 {
    (time / PER_SECOND).cast_signed() - BETWEEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for seconds in [-BETWEEN, 0, 1_136_210_645] {
            assert_eq!(to_seconds(from_seconds(seconds)), seconds);
        }
        assert!(now() > from_seconds(1_700_000_000));
    }
}
