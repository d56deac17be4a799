//! How a store is closed. Pages: imsgstore-storelogoff, shutting-down-a-message-store-provider.

use std::sync::atomic::Ordering;

use mapi_spi::flags;
use serde_json::json;

use super::open::compare;
use super::session::{Side, StoreSession, Way, fact, refusal};
use super::shared::lock;
use crate::com::Cell;
use crate::com::gate::AsClient;
use crate::engine::run::{Engine, Stop};
use crate::objects::wrapping;
use crate::plan::args::{Ends, Names};
use crate::plan::store_args::{CloseStore, OfStoreProvider, Spool};

/// An identifier that no store of the candidate's has.
const STRANGE: &[u8] = b"\0\0\0\0no store has this";

impl Engine<'_> {
    pub(in crate::engine) fn close_store(&mut self, args: &CloseStore) -> Result<(), Stop> {
        let asked = crate::engine::run::parse_flags(&flags::STORE_LOGOFF_FLAGS, &args.logoff)?;
        let asked = (!args.logoff.is_empty()).then_some(asked);
        let quiet = self.end_client(&args.store, asked)?;
        if quiet {
            // The client wanted no logoff while there is something to be sent: the store stays open.
            return Ok(());
        }
        self.after_logoff(&args.store)?;
        self.end_store(&args.store);
        if asked == Some(flags::LOGOFF_QUIET) {
            self.closed_quietly.insert(args.store.clone());
        }
        Ok(())
    }

    /// Closes a store that no step of the case is for.
    pub(super) fn close_again(&mut self, name: &str) -> Result<(), Stop> {
        self.end_client(name, Some(flags::LOGOFF_ORDERLY))?;
        self.end_store(name);
        self.refused.insert(refusal(name));
        Ok(())
    }

    /// The client's part: StoreLogoff where a flag is given, then Release; whether the store stays open after all.
    fn end_client(&mut self, name: &str, asked: Option<u32>) -> Result<bool, Stop> {
        self.end_registrations(name)?;
        let store = self.store(name)?;
        let (object, doings) = (store.client.store.clone(), std::sync::Arc::clone(&store.doings));
        let open: Vec<_> = store.letters.values_mut().filter_map(|letter| letter.message.take()).collect();
        let client = AsClient::begin();
        for message in open {
            // SAFETY: the reference that CreateMessage returned is given back, once.
            unsafe { message.Release() };
        }
        let mut cell = Cell::holding(u64::from(asked.unwrap_or(0)));
        if asked.is_some() {
            // SAFETY: the cell lives for the call.
            let _ = unsafe { object.StoreLogoff(cell.ptr()) };
            cell.check("lpulFlags");
        }
        drop(client);
        let transports = doings.transports_logged_off.load(Ordering::Acquire);
        fact(
            "store-logoff",
            json!({
                "store": name, "asked": asked.map(|asked| flags::STORE_LOGOFF_FLAGS.render(asked)),
                "answered": flags::STORE_LOGOFF_FLAGS.render(cell.get_u32()), "transports": transports,
            }),
        );
        // Whether a message that waits is activity is left to the store; the client, who sees it in its outbox, stays.
        if asked == Some(flags::LOGOFF_QUIET) && doings.queued.load(Ordering::Acquire) > 0 {
            return Ok(true);
        }
        let client = AsClient::begin();
        // SAFETY: the reference that Logon returned is given back, once.
        unsafe { object.Release() };
        drop(client);
        Ok(false)
    }

    /// What StoreLogoffTransports has asked of the spooler: with LOGOFF_NO_WAIT and LOGOFF_PURGE what is ready goes out.
    fn after_logoff(&mut self, name: &str) -> Result<(), Stop> {
        let store = self.store(name)?;
        let asked = *lock(&store.doings.logoff);
        let sends = asked.is_some_and(|asked| asked & (flags::LOGOFF_NO_WAIT | flags::LOGOFF_PURGE) != 0);
        if sends && store.spooler.is_some() && store.doings.queued.load(Ordering::Acquire) > 0 {
            self.spool_what_waits(&Spool {
                mail: Names::default(),
                copies: 1,
                ends: Ends::Any,
                kept: true,
                traps: Vec::new(),
                store: name.to_owned(),
            })?;
        }
        Ok(())
    }

    /// Gives back what the spooler and MAPI hold of a store whose client has released it.
    fn end_store(&mut self, name: &str) {
        self.uncouple_store(name);
        let Some(store) = self.stores.remove(name) else { return };
        let StoreSession { client, spooler, doings, queue, locked, mut letters, .. } = store;
        // What waits in the outgoing queue waits there when the store is opened again.
        letters.retain(|_, letter| letter.submitted && matches!(letter.way, None | Some(Way::Kept)));
        self.left.insert(name.to_owned(), letters);
        for message in locked.into_values() {
            // SAFETY: the reference that OpenEntry returned is given back, once.
            unsafe { message.Release() };
        }
        if let Some(queue) = queue {
            // SAFETY: the reference that GetOutgoingQueue returned is given back, once.
            unsafe {
                if let Some(connection) = queue.connection {
                    let _ = queue.table.Unadvise(connection);
                }
                queue.table.Release();
            }
            drop(queue.sink);
        }
        if let Some(side) = spooler {
            // SAFETY: the reference that SpoolerLogon returned is given back, once.
            unsafe { side.store.Release() };
            end_logon(side);
        }
        end_logon(client);
        let transports = doings.transports_logged_off.load(Ordering::Acquire);
        fact("store-closed", json!({ "store": name, "transports": transports }));
    }

    /// Brings all that is open to its end: at the end of a case, or before the library goes.
    pub(in crate::engine) fn end_stores(&mut self) {
        for name in self.stores.keys().cloned().collect::<Vec<_>>() {
            // What fails here is in the trace.
            let _ = self.end_client(&name, Some(flags::LOGOFF_ABORT));
            self.end_store(&name);
        }
        for name in self.store_providers.keys().cloned().collect::<Vec<_>>() {
            self.end_store_provider(&name);
        }
    }

    pub(in crate::engine) fn shutdown_store(&mut self, args: &OfStoreProvider) -> Result<(), Stop> {
        let stores: Vec<String> = self
            .stores
            .iter()
            .filter(|(_, store)| store.provider == args.provider)
            .map(|(name, _)| name.clone())
            .collect();
        for name in stores {
            self.end_client(&name, Some(flags::LOGOFF_ABORT))?;
            self.end_store(&name);
        }
        if !self.store_providers.contains_key(&args.provider) {
            return Err(Stop::Harness(format!(
                "there is no store provider object `{}` at this point",
                args.provider
            )));
        }
        self.end_store_provider(&args.provider);
        Ok(())
    }

    /// Shutdown and the final Release of a store provider object (page: imsprovider-shutdown).
    fn end_store_provider(&mut self, name: &str) {
        let Some(provider) = self.store_providers.remove(name) else { return };
        let mut cell = Cell::holding(0);
        // SAFETY: the cell lives for the call; the reference that MSProviderInit returned is given back, once.
        unsafe {
            let _ = provider.Shutdown(cell.ptr());
            cell.check("lpulFlags");
            provider.Release();
        }
    }

    pub(in crate::engine) fn compare_stores(&mut self, args: &OfStoreProvider) -> Result<(), Stop> {
        let Some(provider) = self.store_providers.get(&args.provider).cloned() else {
            return Err(Stop::Harness(format!(
                "there is no store provider object `{}` at this point",
                args.provider
            )));
        };
        let open = self.stores.values().find(|store| store.provider == args.provider);
        let id = open.map(|store| store.id.clone()).or_else(|| self.store_id.clone());
        let Some(id) = id else {
            return Err(Stop::Harness(
                "no store has been open yet: the case needs an `open-store` before".to_owned(),
            ));
        };
        let own = wrapping::own(&id);
        let (code, same) = compare(&provider, own, own);
        let (_, other) = compare(&provider, own, STRANGE);
        fact(
            "compare-stores",
            json!({ "open": open.is_some(), "same": same, "other": other, "hr": code.to_string() }),
        );
        Ok(())
    }
}

/// MAPI's part: IMSLogon::Logoff, and Release of the logon object.
fn end_logon(side: Side) {
    *lock(&side.shared.objects) = None;
    let Some(logon) = side.logon else { return };
    let mut cell = Cell::holding(0);
    // SAFETY: the cell lives for the call; the reference that the logon returned is given back, once.
    unsafe {
        let _ = logon.Logoff(cell.ptr());
        cell.check("lpulFlags");
        logon.Release();
    }
}
