//! The one way in from MAPI: a panic does not cross the boundary.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mapi_spi::HRESULT;

use crate::mapi::Result;

/// Runs the body of an entry point. Its failure is the entry point's result; a panic is `MAPI_E_CALL_FAILED`.
pub(crate) fn guard(body: impl FnOnce() -> Result<HRESULT>) -> HRESULT {
    // What a panic leaves behind is sound: locks are taken over from panicked holders, references are counted.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(code) | Err(code)) => code,
        Err(_) => HRESULT::MAPI_E_CALL_FAILED,
    }
}

/// Runs what has no result to report a panic with, such as a destructor or a thread.
pub(crate) fn contain(body: impl FnOnce()) {
    guard(|| {
        body();
        Ok(HRESULT::S_OK)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure() {
        assert_eq!(guard(|| panic!("of a test")), HRESULT::MAPI_E_CALL_FAILED);
        assert_eq!(guard(|| Err(HRESULT::MAPI_E_BUSY)), HRESULT::MAPI_E_BUSY);
    }
}
