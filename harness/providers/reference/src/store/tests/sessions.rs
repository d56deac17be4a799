//! Logons and their ends.

use mapi_spi::HRESULT;
use mapi_spi::flags::{LOGOFF_ORDERLY, MAPI_MODIFY};
use mapi_spi::interfaces::{IMSProvider, IMessage, IMsgStore};
use mapi_spi::tags as tag;
use windows_core::Interface;

use super::super::provider::StoreProvider;
use super::memory::{live, memory};
use super::support::{Record, WRAPPER};
use super::world::{World, id_of, log_on_spooler, log_on_with, open, values};
use crate::mapi::save;

/// `CompareStoreIDs`
fn is_same(provider: &IMSProvider, left: &[u8], right: &[u8]) -> bool {
    let mut result = 7;
    let (left_at, right_at) = (left.as_ptr().cast_mut().cast(), right.as_ptr().cast_mut().cast());
    // SAFETY: the identifiers live for the call, the cell is valid.
    let code = unsafe {
        provider.CompareStoreIDs(left.len() as u32, left_at, right.len() as u32, right_at, 0, &mut result)
    };
    assert_eq!(code, HRESULT::S_OK);
    result != 0
}

#[test]
fn a_store_is_known_by_its_identifier_wrapped_for_clients() {
    let world = World::new("");
    let id = id_of(&world.client.store);
    assert_eq!(id, [WRAPPER, &world.key.store_id()].concat());
    assert_eq!(
        values(&world.client.store, &[tag::PR_STORE_ENTRYID]).binary(tag::PR_STORE_ENTRYID),
        Some(&*id)
    );
    let calls = world.client.record.take_calls();
    assert_eq!(calls, ["OpenProfileSection", "SetProviderUID", "OpenProfileSection", "ModifyStatusRow 0x0"]);
    let other: IMSProvider = StoreProvider::new(memory(), None).into();
    assert!(
        is_same(&other, &world.key.store_id(), &world.key.store_id()),
        "no store is open through this object"
    );
    assert!(!is_same(&other, &world.key.store_id(), &World::new("").key.store_id()));
}

#[test]
fn a_second_logon_returns_the_store_that_is_open() {
    let world = World::new("");
    let record = Record::new(&[]);
    let again = log_on_with(&world.provider, &record, &world.key.store_id()).expect("it is open");
    assert_eq!(again.store.as_raw(), world.client.store.as_raw());
    assert!(again.logon.is_none() && again.security.is_empty());
    assert_eq!(record.take_calls(), Vec::<String>::new(), "the support object is not used");
}

#[test]
fn the_spooler_needs_the_security_data() {
    let world = World::new("");
    let refused = log_on_spooler(&world.provider, &[(0x6607, "another")], &world.client.security);
    assert_eq!(refused.err(), Some(HRESULT::MAPI_E_LOGON_FAILED));
    let refused = log_on_spooler(&world.provider, &[(0x6606, "neither")], &world.client.security);
    assert_eq!(refused.err(), Some(HRESULT::MAPI_E_UNCONFIGURED));
}

/// The calls of a shutdown.
fn transports_told(world: &World) -> Vec<String> {
    let calls = world.client.record.take_calls();
    calls.into_iter().filter(|call| call.starts_with("StoreLogoffTransports")).collect()
}

fn store_logoff(store: &IMsgStore, flags: u32) {
    let mut flags = flags;
    // SAFETY: the cell is valid.
    assert_eq!(unsafe { store.StoreLogoff(&mut flags) }, HRESULT::S_OK);
}

#[test]
fn transports_are_let_go_of_once() {
    let dropped = |world: &mut World| {
        let other = World::new("");
        drop(std::mem::replace(&mut world.client.store, other.client.store.clone()));
        let logon = world.client.logon.take().expect("it logged on");
        // SAFETY: null is allowed.
        assert_eq!(unsafe { logon.Logoff(std::ptr::null_mut()) }, HRESULT::S_OK);
    };
    let mut world = World::new("");
    dropped(&mut world);
    assert_eq!(transports_told(&world), ["StoreLogoffTransports 0x8"], "without StoreLogoff: LOGOFF_ABORT");

    let mut world = World::new("");
    store_logoff(&world.client.store, 0x10);
    store_logoff(&world.client.store, LOGOFF_ORDERLY);
    assert!(transports_told(&world).is_empty(), "not before the store is released");
    dropped(&mut world);
    assert_eq!(transports_told(&world), ["StoreLogoffTransports 0x2"]);

    let mut world = World::new("logoff-early");
    store_logoff(&world.client.store, LOGOFF_ORDERLY);
    dropped(&mut world);
    assert_eq!(transports_told(&world), ["StoreLogoffTransports 0x2"]);
}

#[test]
fn after_the_logoff_objects_are_invalid_and_nothing_of_mapi_is_held() {
    let mut world = World::new("");
    let message = world.draft("left open", &[]);
    let support = std::sync::Arc::strong_count(&world.client.record);
    let logon = world.client.logon.take().expect("it logged on");
    // SAFETY: null is allowed.
    assert_eq!(unsafe { logon.Logoff(std::ptr::null_mut()) }, HRESULT::S_OK);
    assert_eq!(
        std::sync::Arc::strong_count(&world.client.record),
        support - 1,
        "the support object is released"
    );
    assert_eq!(save(&message, 0), Err(HRESULT::MAPI_E_INVALID_OBJECT));
    let again = log_on_with(&world.provider, &Record::new(&[(0x6607, world.client.record.name())]), &[]);
    assert!(again.is_ok_and(|again| again.logon.is_some()), "a store whose logon has ended is not open");
    let reopened = open::<IMessage>(&world.client.store, &[], MAPI_MODIFY);
    assert_eq!(reopened.err(), Some(HRESULT::MAPI_E_INVALID_OBJECT));
    drop((message, logon, world));
    assert_eq!(live(), 0);
}
