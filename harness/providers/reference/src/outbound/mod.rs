//! Mail that goes out.

use std::ffi::c_void;

use mapi_spi::HRESULT;
use mapi_spi::interfaces::IMessage;

use crate::logon::{Session, Use};
use crate::mapi::Result;

/// What the session knows of mail on its way out.
#[derive(Debug, Default)]
pub(crate) struct Sending {}

/// Why a message is not taken.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: HRESULT,
    pub(crate) seconds: Option<u32>,
}

pub(crate) fn submit(
    _session: &Session,
    _flags: u32,
    _message: &IMessage,
    _refer: impl FnOnce(u32),
) -> std::result::Result<(), Refusal> {
    Err(Refusal { code: HRESULT::MAPI_E_NOT_ME, seconds: None })
}

pub(crate) fn end(_session: &Session, _reference: u32) -> Result<u32> {
    Err(HRESULT::MAPI_E_INVALID_PARAMETER)
}

pub(crate) unsafe fn abort_deferred(_session: &Session, _one: bool, _data: *const *const c_void) {}

pub(crate) fn ask_for_deferred(_session: &Session, _in_use: &Use<'_>) {}
