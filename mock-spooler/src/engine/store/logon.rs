//! IMSProvider::Logon and SpoolerLogon.

use std::ffi::c_void;
use std::sync::Arc;

use mapi_spi::structs::MAPIERROR;
use mapi_spi::{HRESULT, flags};
use serde_json::json;

use super::session::{Side, fact};
use super::shared::{StoreShared, lock};
use crate::com::gate::{AsClient, store_kind};
use crate::com::theirs::{IMSLogon, IMSProvider, IMsgStore};
use crate::com::{Cell, Held, boundary};
use crate::engine::logon::{profile_name, take_error};
use crate::engine::run::Stop;
use crate::engine::session::illegal;
use crate::memory;
use crate::objects::wire;
use crate::trace::event::IllegalKind;

/// What a logon is given.
pub(super) struct Asked<'a> {
    pub(super) provider: &'a IMSProvider,
    pub(super) shared: &'a Arc<StoreShared>,
    pub(super) support: &'a Held,
    /// The store's identifier; empty where none is known yet.
    pub(super) id: &'a [u8],
    pub(super) flags: u32,
    /// Whether the store is not open yet.
    pub(super) first: bool,
    /// Whether the profile section has all that the candidate file says.
    pub(super) complete: bool,
}

/// What a logon returned.
pub(super) struct Answered {
    pub(super) code: HRESULT,
    pub(super) side: Option<Side>,
    pub(super) security: Vec<u8>,
}

/// The output cells of a logon.
struct Outputs {
    error: Cell,
    logon: Cell,
    store: Cell,
}

impl Outputs {
    fn new() -> Self {
        let pattern = boundary().pattern();
        Self { error: Cell::pointer(pattern), logon: Cell::pointer(pattern), store: Cell::pointer(pattern) }
    }

    fn check(&self) {
        self.error.check("lppMAPIError");
        self.logon.check("lppMSLogon");
        self.store.check("lppMDB");
        take_error(self.error.get_ptr::<MAPIERROR>(), "Logon");
    }
}

impl Asked<'_> {
    /// A client's logon. Page: imsprovider-logon.
    pub(super) fn as_client(&self) -> Result<Answered, Stop> {
        let name = self.profile_name()?;
        let pattern = boundary().pattern();
        let mut outputs = Outputs::new();
        let mut count = Cell::ulong(pattern);
        let mut bytes = Cell::pointer(pattern);
        let mut id = self.id.to_vec();
        let client = AsClient::begin();
        // SAFETY: all arguments live for the call; the support object is lent.
        let code = unsafe {
            self.provider.Logon(
                self.support.lend(),
                0,
                name.ptr(),
                wire::count(id.len()),
                if id.is_empty() { std::ptr::null_mut() } else { id.as_mut_ptr().cast() },
                self.flags,
                std::ptr::null(),
                count.ptr(),
                bytes.ptr(),
                outputs.error.ptr(),
                outputs.logon.ptr(),
                outputs.store.ptr(),
            )
        };
        // The name is overwritten and freed at once: who keeps it has copied it.
        drop(name);
        count.check("lpcbSpoolSecurity");
        bytes.check("lppbSpoolSecurity");
        outputs.check();
        let security =
            if code.is_ok() { take_security(count.get_u32(), bytes.get_ptr()) } else { Vec::new() };
        let answered = self.answered(code, &outputs, security);
        drop(client);
        if self.first {
            self.record("client", &answered, Some(answered.security.len()), None);
        }
        Ok(answered)
    }

    /// The spooler's logon, with the data that the client's returned. Page: imsprovider-spoolerlogon.
    pub(super) fn as_spooler(&self, security: &[u8], client: &IMsgStore) -> Result<Answered, Stop> {
        let name = self.profile_name()?;
        let mut outputs = Outputs::new();
        let mut id = self.id.to_vec();
        // As between processes, the data lies elsewhere than where the provider put it.
        let mut security = security.to_vec();
        // SAFETY: all arguments live for the call; the support object is lent.
        let code = unsafe {
            self.provider.SpoolerLogon(
                self.support.lend(),
                0,
                name.ptr(),
                wire::count(id.len()),
                if id.is_empty() { std::ptr::null_mut() } else { id.as_mut_ptr().cast() },
                self.flags,
                std::ptr::null(),
                wire::count(security.len()),
                if security.is_empty() { std::ptr::null_mut() } else { security.as_mut_ptr() },
                outputs.error.ptr(),
                outputs.logon.ptr(),
                outputs.store.ptr(),
            )
        };
        drop(name);
        outputs.check();
        let same = outputs.store.get_ptr::<c_void>() == client.raw();
        let answered = self.answered(code, &outputs, Vec::new());
        self.record("spooler", &answered, None, Some(same));
        Ok(answered)
    }

    fn profile_name(&self) -> Result<memory::Chain, Stop> {
        profile_name(self.flags & flags::MAPI_UNICODE != 0)
            .map_err(|code| Stop::Harness(format!("no memory for a name: {code}")))
    }

    fn answered(&self, code: HRESULT, outputs: &Outputs, security: Vec<u8>) -> Answered {
        let (logon, store): (*mut c_void, *mut c_void) = (outputs.logon.get_ptr(), outputs.store.get_ptr());
        if code.is_err() || store.is_null() {
            return Answered { code, side: None, security };
        }
        let logon = (!logon.is_null()).then(|| IMSLogon::new(logon, "mslogon"));
        let store = IMsgStore::new(store, store_kind());
        *lock(&self.shared.objects) = Some((logon.clone(), store.clone()));
        let support = Arc::clone(self.support.entry());
        let side = Side { shared: Arc::clone(self.shared), logon, store, support };
        Answered { code, side: Some(side), security }
    }

    fn record(&self, by: &str, answered: &Answered, security: Option<usize>, same: Option<bool>) {
        let side = answered.side.as_ref();
        let support = self.support.entry();
        fact(
            "store-session",
            json!({
                "store": self.shared.store, "by": by, "msprovider": self.provider.name(),
                "hr": answered.code.to_string(),
                "logon": side.and_then(|side| side.logon.as_ref()).map(|logon| logon.name().to_owned()),
                "object": side.map(|side| side.store.name().to_owned()),
                "support": support.name, "support-references": support.theirs(), "security": security,
                "same-object": same, "complete": self.complete,
                "flags": flags::STORE_LOGON_FLAGS.render(self.flags),
            }),
        );
    }
}

/// Copies the security data and frees it; it must be a block of MAPI's (page: imsprovider-logon).
fn take_security(count: u32, at: *mut c_void) -> Vec<u8> {
    if at.is_null() || count == 0 {
        return Vec::new();
    }
    if !memory::is_mapi_buffer(at) {
        illegal(
            IllegalKind::ForeignMemory,
            "",
            "the security data that Logon returned is not from the MAPI allocator".to_owned(),
        );
        return Vec::new();
    }
    // SAFETY: a block that the candidate filled, of this length by its own word.
    let bytes = unsafe { std::slice::from_raw_parts(at.cast::<u8>(), count as usize) }.to_vec();
    memory::free(at);
    bytes
}
