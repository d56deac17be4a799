//! From MSProviderInit to a store that client and spooler have open. Page: loading-message-store-providers.

use std::ffi::c_void;
use std::sync::Arc;

use mapi_spi::tags::{
    PR_ENTRYID, PR_IPM_OUTBOX_ENTRYID, PR_IPM_SENTMAIL_ENTRYID, PR_IPM_WASTEBASKET_ENTRYID,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};
use serde_json::json;

use super::logon::Asked;
use super::session::{Folders, Side, StoreSession, fact, refusal};
use super::shared::{Doings, StoreShared};
use crate::com::gate::AsClient;
use crate::com::theirs::{IMSProvider, IMsgStore};
use crate::com::{Cell, boundary, gate};
use crate::engine::logon::OLDEST_VERSION;
use crate::engine::run::{Engine, Stop, expect, parse_flags};
use crate::loader::{EntryPoint, LoadError, Loaded};
use crate::memory;
use crate::objects::profsect::Profile;
use crate::objects::support::Support;
use crate::objects::{their, wrapping};
use crate::plan::args::{Load, Names};
use crate::plan::store_args::{OnStore, OpenStore};
use crate::trace::told::{self, What};
use crate::trace::value;

impl Engine<'_> {
    pub(in crate::engine) fn load_store(&mut self, args: &Load) -> Result<(), Stop> {
        boundary().set_pattern(args.pattern);
        self.open_store_library()?;
        let version = args.spi_version.unwrap_or(flags::CURRENT_SPI_VERSION);
        let (code, object) = self.init_store(version);
        expect("MSProviderInit", code, &args.expect)?;
        match object {
            Some(object) if code.is_ok() => {
                self.store_providers.insert(args.provider.clone(), object);
                Ok(())
            }
            Some(_) => Ok(()),
            None if code.is_ok() => Err(Stop::Candidate),
            None => Ok(()),
        }
    }

    fn open_store_library(&mut self) -> Result<(), Stop> {
        if self.store_library.is_some() {
            return Ok(());
        }
        let own = self.plan.candidate.store_library.as_deref();
        let path = own.unwrap_or(&self.plan.candidate.library);
        let loaded = Loaded::open(&self.plan.candidate, path, EntryPoint::MSProviderInit);
        let found = !matches!(loaded, Err(LoadError::NoExport { .. } | LoadError::NoEntry { .. }));
        fact("exported", json!({ "name": EntryPoint::MSProviderInit.name(), "found": found }));
        match loaded {
            Ok(library) => {
                self.store_library = Some(library);
                self.malloc.get_or_insert_with(memory::malloc);
                Ok(())
            }
            Err(error @ (LoadError::NoExport { .. } | LoadError::NoEntry { .. })) => {
                boundary().record(What::Unexpected {
                    due: "a library that exports MSProviderInit".to_owned(),
                    seen: error.to_string(),
                });
                Err(Stop::Candidate)
            }
            Err(error @ (LoadError::Load { .. } | LoadError::Start { .. })) => {
                let cause = std::error::Error::source(&error)
                    .map_or_else(String::new, |source| format!(": {source}"));
                boundary().record(What::LoadFailed { detail: format!("{error}{cause}") });
                Err(Stop::Candidate)
            }
        }
    }

    /// MSProviderInit. A version that is too small is refused here, as that of a transport (page: msproviderinit).
    fn init_store(&mut self, version: u32) -> (HRESULT, Option<IMSProvider>) {
        let (Some(library), Some(malloc)) = (&self.store_library, &self.malloc) else {
            return (HRESULT::MAPI_E_CALL_FAILED, None);
        };
        let pattern = boundary().pattern();
        let mut provider_version = Cell::ulong(pattern);
        let mut provider = Cell::pointer(pattern);
        let call = gate::begin_export(
            "MSProviderInit",
            told::values([("ulMAPIVer", json!(format!("0x{version:08X}")))]),
        );
        // SAFETY: all pointers live for the call and longer.
        let code = unsafe { library.init(malloc.lend(), version, provider_version.ptr(), provider.ptr()) };
        provider_version.check("lpulProviderVer");
        provider.check("lppMSProvider");
        let raw: *mut c_void = provider.get_ptr();
        let object = (!raw.is_null()).then(|| IMSProvider::new(raw, "msprovider"));
        let same = self.store_providers.values().any(|provider| provider.raw() == raw);
        gate::end_export(
            call,
            code,
            told::values([
                ("lpulProviderVer", json!(format!("0x{:08X}", provider_version.get_u32()))),
                ("lppMSProvider", json!(object.as_ref().map(|object| object.name().to_owned()))),
            ]),
        );
        fact("provider-object-again", json!(same));
        match object {
            Some(object) if code.is_ok() && provider_version.get_u32() < OLDEST_VERSION => {
                // SAFETY: the reference that MSProviderInit returned is given back, once.
                unsafe { object.Release() };
                (HRESULT::MAPI_E_VERSION, None)
            }
            object => (code, object),
        }
    }

    /// The store provider of a name, loaded where it was not done.
    fn store_provider(&mut self, name: &str, pattern: bool) -> Result<IMSProvider, Stop> {
        if !self.store_providers.contains_key(name) {
            let load =
                Load { spi_version: None, provider: name.to_owned(), expect: Names::default(), pattern };
            self.load_store(&load)?;
        }
        self.store_providers.get(name).cloned().ok_or(Stop::Candidate)
    }

    pub(in crate::engine) fn open_store(&mut self, args: &OpenStore) -> Result<(), Stop> {
        boundary().set_pattern(args.pattern);
        let provider = self.store_provider(&args.provider, args.pattern)?;
        let wide = if args.unicode { flags::MAPI_UNICODE } else { 0 };
        let asked = parse_flags(&flags::STORE_LOGON_FLAGS, &args.flags)? | wide;
        let no_mail = asked & flags::MDB_NO_MAIL != 0;
        let profile = Profile::planned(if args.empty_profile { &[] } else { self.store_profile() });
        let subscriptions = Arc::default();
        let doings: Arc<Doings> = Arc::default();
        let (hub, common) = (Arc::clone(&self.hub), Arc::clone(&doings));
        let host = move |of_spooler: bool| {
            Arc::new(StoreShared {
                name: if of_spooler { format!("{}/spooler", args.store) } else { args.store.clone() },
                store: args.store.clone(),
                of_spooler,
                no_mail,
                hub: Arc::clone(&hub),
                doings: Arc::clone(&common),
                objects: Default::default(),
                ready: Default::default(),
            })
        };
        let in_profile = |profile: &Profile| {
            let row = profile.own().to_row();
            their::find(&row, PR_ENTRYID).and_then(PropValue::as_binary).map(|id| wrapping::own(id).to_vec())
        };
        let acting = self.arm_for_stores(&args.traps);
        let attempt = |complete: bool| {
            let known = in_profile(&profile).unwrap_or_default();
            let shared = host(false);
            // Our own reference goes afterwards: from then on the object lives as long as the provider holds it.
            let support = Support::hold_store(Arc::clone(&shared), &profile, &subscriptions);
            Asked {
                provider: &provider,
                shared: &shared,
                support: &support,
                id: &known,
                flags: asked,
                first: true,
                complete,
            }
            .as_client()
        };
        let mut answered = attempt(!args.empty_profile)?;
        let props = self.store_profile().to_vec();
        if answered.code == HRESULT::MAPI_E_UNCONFIGURED && self.configure_service(&profile, &props)? {
            // The service is configured, and the logon tried once more (page: imsprovider-logon).
            answered = attempt(true)?;
        }
        let Some(client) = answered.side else {
            self.disarm(&acting);
            self.refused.insert(refusal(&args.store));
            return expect("IMSProvider.Logon", answered.code, &args.expect).and(if answered.code.is_ok() {
                Err(Stop::Candidate)
            } else {
                Ok(())
            });
        };
        let (id, wrapped) = store_id(&client.store);
        fact(
            "store-id",
            json!({
                "store": args.store, "entry-id": value::hex(&id), "wrapped": wrapped,
                "profile": in_profile(&profile).is_some(),
            }),
        );
        let session = StoreSession {
            provider: args.provider.clone(),
            folders: folders(&client.store),
            id,
            client,
            spooler: None,
            doings,
            queue: None,
            letters: self.left.remove(&args.store).unwrap_or_default(),
            inbox: Arc::default(),
            advised: Vec::new(),
            locked: Default::default(),
            queue_changed: false,
        };
        self.refused.remove(&refusal(&args.store));
        self.closed_quietly.remove(&args.store);
        self.store_id = Some(session.id.clone());
        self.stores.insert(args.store.clone(), session);
        let opened = expect("IMSProvider.Logon", answered.code, &args.expect);
        if opened.is_ok() && args.spooler && !no_mail {
            let shared = host(true);
            let support = Support::hold_store(Arc::clone(&shared), &profile, &subscriptions);
            let flags = asked & (flags::MAPI_UNICODE | flags::MDB_NO_DIALOG | flags::MDB_WRITE);
            let session = self.store(&args.store)?;
            let id = session.id.clone();
            let asking = Asked {
                provider: &provider,
                shared: &shared,
                support: &support,
                id: &id,
                flags,
                first: true,
                complete: true,
            };
            let answered = asking.as_spooler(&answered.security, &session.client.store)?;
            drop(support);
            if let Some(side) = answered.side {
                self.spooler_is_on(&args.store, side)?;
            }
        }
        self.disarm(&acting);
        opened?;
        if args.empty_profile {
            // The case counts on no store after this: that it could be opened is seen, and it is closed in order.
            return self.close_again(&args.store);
        }
        self.look_at_coupling("open-store")
    }

    /// The spooler has logged on: it compares the store with the client's, and watches the queue.
    fn spooler_is_on(&mut self, name: &str, side: Side) -> Result<(), Stop> {
        let (id, _) = store_id(&side.store);
        // One that cannot be read is none to compare with: that the call failed is in the trace.
        if self.store(name)?.id.is_empty() {
            self.store(name)?.id.clone_from(&id);
        } else if !id.is_empty() {
            let same = self.compare_ids(name, &id)?;
            let id = value::hex(&id);
            fact("spooler-store-id", json!({ "store": name, "entry-id": id, "same": same }));
        }
        let session = self.store(name)?;
        session.spooler = Some(side);
        self.watch_queue(name)
    }

    /// CompareStoreIDs with the store's own identifier; `None` where it failed.
    pub(super) fn compare_ids(&mut self, store: &str, other: &[u8]) -> Result<Option<bool>, Stop> {
        let own = self.store(store)?.id.clone();
        let provider = self.provider_of(store)?;
        Ok(compare(&provider, &own, other).1)
    }

    /// The properties of the store's profile section.
    pub(super) fn store_profile(&self) -> &[crate::plan::ProfileProp] {
        let candidate = &self.plan.candidate;
        if candidate.store_profile.is_empty() { &candidate.profile } else { &candidate.store_profile }
    }

    /// A second logon to a store that is open: the same store, no logon object, no reference to the support object
    /// (page: imsprovider-logon).
    pub(in crate::engine) fn store_again(&mut self, args: &OnStore) -> Result<(), Stop> {
        let provider = self.provider_of(&args.store)?;
        let profile = Profile::planned(self.store_profile());
        let hub = Arc::clone(&self.hub);
        let session = self.store(&args.store)?;
        let (id, raw) = (session.id.clone(), session.client.store.raw());
        let shared = Arc::new(StoreShared {
            name: format!("{}/again", args.store),
            store: args.store.clone(),
            of_spooler: false,
            no_mail: false,
            hub,
            doings: Arc::clone(&session.doings),
            objects: Default::default(),
            ready: Default::default(),
        });
        let support = Support::hold_store(Arc::clone(&shared), &profile, &Arc::default());
        let flags = flags::MDB_NO_DIALOG | flags::MDB_WRITE;
        let asking = Asked {
            provider: &provider,
            shared: &shared,
            support: &support,
            id: &id,
            flags,
            first: false,
            complete: true,
        };
        let answered = asking.as_client()?;
        let entry = Arc::clone(support.entry());
        drop(support);
        let side = answered.side;
        fact(
            "store-again",
            json!({
                "store": args.store, "hr": answered.code.to_string(),
                "object": side.as_ref().map(|side| side.store.name().to_owned()),
                "same": side.as_ref().map(|side| side.store.raw() == raw),
                "logon": side.as_ref().and_then(|side| side.logon.as_ref()).map(|logon| logon.name().to_owned()),
                "support-references": entry.theirs(), "security": answered.security.len(),
            }),
        );
        if let Some(side) = side {
            let client = AsClient::begin();
            // SAFETY: the reference that Logon returned is given back, once.
            unsafe { side.store.Release() };
            drop(client);
            if let Some(logon) = side.logon {
                let mut cell = Cell::holding(0);
                // SAFETY: the cell lives for the call; the reference that Logon returned is given back, once.
                unsafe {
                    let _ = logon.Logoff(cell.ptr());
                    logon.Release();
                }
                cell.check("lpulFlags");
            }
        }
        expect("IMSProvider.Logon", answered.code, &Names::default())
    }
}

/// CompareStoreIDs: the result, and what it says where it succeeded.
pub(super) fn compare(provider: &IMSProvider, one: &[u8], other: &[u8]) -> (HRESULT, Option<bool>) {
    their::compare(one, other, |count, id, other_count, other_id, same| {
        // SAFETY: identifiers and cell live for the call.
        unsafe { provider.CompareStoreIDs(count, id, other_count, other_id, 0, same) }
    })
}

/// The identifier of a store as its provider knows it, and whether it came wrapped.
fn store_id(store: &IMsgStore) -> (Vec<u8>, bool) {
    let client = AsClient::begin();
    let shown = their::value(store, PR_ENTRYID);
    drop(client);
    let shown = shown.and_then(|value| value.as_binary().map(<[u8]>::to_vec)).unwrap_or_default();
    (wrapping::own(&shown).to_vec(), wrapping::unwrap(&shown).is_some())
}

/// The folders that a store tells of.
fn folders(store: &IMsgStore) -> Folders {
    let client = AsClient::begin();
    let tags = [PR_IPM_OUTBOX_ENTRYID, PR_IPM_SENTMAIL_ENTRYID, PR_IPM_WASTEBASKET_ENTRYID];
    let row = their::values(store, &tags).unwrap_or_default();
    let receive = super::folders::receive_folder(store).map(|(id, _)| id).unwrap_or_default();
    drop(client);
    let id =
        |tag| their::find(&row, tag).and_then(PropValue::as_binary).map(<[u8]>::to_vec).unwrap_or_default();
    let outbox = Some(id(PR_IPM_OUTBOX_ENTRYID)).filter(|id| !id.is_empty());
    Folders {
        // A store without an outbox of its own sends from where mail arrives.
        outbox: outbox.unwrap_or_else(|| receive.clone()),
        sent: id(PR_IPM_SENTMAIL_ENTRYID),
        deleted: id(PR_IPM_WASTEBASKET_ENTRYID),
        receive,
    }
}
