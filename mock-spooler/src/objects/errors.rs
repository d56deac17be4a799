//! What `GetLastError` tells: each object remembers its last failure.

use std::mem::size_of;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use mapi_spi::structs::MAPIERROR;
use mapi_spi::{HRESULT, flags};

use super::{args, wire};
use crate::memory::Chain;

/// The last failure of an object.
#[derive(Debug, Default)]
pub struct LastError {
    last: Mutex<Option<(HRESULT, &'static str)>>,
}

impl LastError {
    /// Remembers a method's failure; its code for the caller.
    pub fn note(&self, method: &'static str, result: Result<HRESULT, HRESULT>) -> HRESULT {
        match result {
            Ok(code) => code,
            Err(code) => {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((code, method));
                code
            }
        }
    }

    /// `GetLastError`: a description where `code` is that of the last failure, else null. Page: imapiprop-getlasterror.
    ///
    /// # Safety
    ///
    /// `out` is null or valid for a write.
    pub unsafe fn get(&self, code: HRESULT, ulFlags: u32, out: *mut *mut MAPIERROR) -> HRESULT {
        if out.is_null() {
            return args::INVALID;
        }
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let described = match last {
            Some((last, method)) if last == code => {
                describe(last, method, ulFlags & flags::MAPI_UNICODE != 0)
            }
            _ => Ok(ptr::null_mut()),
        };
        // SAFETY: the caller vouches for the output.
        unsafe { args::put(out, described.unwrap_or(ptr::null_mut())) };
        described.err().unwrap_or(HRESULT::S_OK)
    }
}

fn describe(code: HRESULT, method: &str, unicode: bool) -> Result<*mut MAPIERROR, HRESULT> {
    let chain = Chain::allocate(size_of::<MAPIERROR>())?;
    let error = wire::text(&chain, &format!("{method} failed with {code}"), unicode)?;
    let component = wire::text(&chain, "mock-spooler", unicode)?;
    // SAFETY: the block has the size and alignment of the structure.
    unsafe {
        chain.ptr::<MAPIERROR>().write(MAPIERROR {
            ulVersion: 0,
            lpszError: error,
            lpszComponent: component,
            ulLowLevelError: 0,
            ulContext: 0,
        });
    }
    Ok(chain.into_raw().cast())
}
