//! The store's status object: `IMAPIStatus`, read-only. Source page: *imslogon-openstatusentry*.

use std::ffi::c_void;
use std::sync::Arc;

use mapi_spi::flags::{MAPI_STATUS, MAPI_STORE_PROVIDER, STATUS_AVAILABLE, STATUS_VALIDATE_STATE};
use mapi_spi::interfaces::{IMAPIStatus, IMAPIStatus_Impl};
use mapi_spi::tags as tag;
use mapi_spi::{GUID, HRESULT, PropTag};
use windows_core::{IUnknown, implement};

use super::bag::{Bag, NOTHING, View};
use super::entries::mapi_prop;
use super::props::PropNode;
use super::session::{DISPLAY_NAME, StoreSession};
use crate::guard::guard;
use crate::mapi::Result;

/// The status of one logon.
#[derive(Debug)]
pub(super) struct StatusNode {
    session: Arc<StoreSession>,
}

impl PropNode for StatusNode {
    fn session(&self) -> &Arc<StoreSession> {
        &self.session
    }

    fn read<R>(&self, look: impl FnOnce(&View<'_>) -> R) -> Result<R> {
        self.session.check()?;
        let mut bag = Bag::default();
        bag.text(tag::PR_DISPLAY_NAME_W, DISPLAY_NAME);
        bag.text(tag::PR_PROVIDER_DISPLAY_W, DISPLAY_NAME);
        bag.text(tag::PR_STATUS_STRING_W, "Ready");
        bag.mask(tag::PR_STATUS_CODE, STATUS_AVAILABLE);
        bag.mask(tag::PR_RESOURCE_METHODS, STATUS_VALIDATE_STATE);
        bag.mask(tag::PR_RESOURCE_TYPE, MAPI_STORE_PROVIDER);
        bag.mask(tag::PR_OBJECT_TYPE, MAPI_STATUS);
        Ok(look(&View { computed: &bag, stored: &NOTHING }))
    }

    fn write<R>(&self, _change: impl FnOnce(&mut Bag) -> R) -> Result<R> {
        Err(HRESULT::MAPI_E_NO_ACCESS)
    }

    fn is_computed(&self, _tag: PropTag) -> bool {
        true
    }

    fn objects(&self) -> &'static [PropTag] {
        &[]
    }

    fn open(self: &Arc<Self>, _: PropTag, _: &GUID, _: u32, _: u32) -> Result<Option<IUnknown>> {
        Err(HRESULT::MAPI_E_NO_SUPPORT)
    }

    fn save(&self, _flags: u32) -> Result<()> {
        Err(HRESULT::MAPI_E_NO_SUPPORT)
    }
}

/// A status object that somebody has open.
#[implement(IMAPIStatus, Agile = false)]
pub(super) struct StatusObject {
    node: Arc<StatusNode>,
}

impl StatusObject {
    pub(super) fn over(session: &Arc<StoreSession>) -> IMAPIStatus {
        StatusObject { node: Arc::new(StatusNode { session: Arc::clone(session) }) }.into()
    }
}

mapi_prop!(StatusObject_Impl);

impl IMAPIStatus_Impl for StatusObject_Impl {
    /// The store is always as it says it is.
    unsafe fn ValidateState(&self, _ulUIParam: usize, _ulFlags: u32) -> HRESULT {
        guard(|| self.node.session.check().map(|()| HRESULT::S_OK))
    }

    unsafe fn SettingsDialog(&self, _ulUIParam: usize, _ulFlags: u32) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn ChangePassword(
        &self,
        _lpOldPass: *mut c_void,
        _lpNewPass: *mut c_void,
        _ulFlags: u32,
    ) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }

    unsafe fn FlushQueues(
        &self,
        _ulUIParam: usize,
        _cbTargetTransport: u32,
        _lpTargetTransport: *mut c_void,
        _ulFlags: u32,
    ) -> HRESULT {
        HRESULT::MAPI_E_NO_SUPPORT
    }
}
