use std::sync::Arc;

use mapi_spi::tags::{
    PR_ADDRTYPE_W, PR_EMAIL_ADDRESS_W, PR_MESSAGE_FLAGS, PR_RECIPIENT_TYPE, PR_RESPONSIBILITY, PR_SEARCH_KEY,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, flags};

use super::hub::{Hub, Reached, Transport};
use super::shared::StoreShared;
use crate::com::Held;
use crate::com::theirs::IMessage;
use crate::engine::route::Served;
use crate::objects::host::{Preprocessor, Row, SessionHost as _, StoreHost as _};
use crate::objects::message::Message;
use crate::objects::text::unicode;
use crate::objects::{their, their_message};

fn transport(name: &str, kind: &str, reachable: bool) -> Transport {
    Transport {
        name: name.to_owned(),
        served: Served { types: Some(vec![kind.to_owned()]), uids: Vec::new() },
        reached: Reached::Ours { reachable, preprocessors: Vec::new() },
    }
}

/// A client's logon to a store whose own transport serves REF, beside one that serves FAX.
fn shared() -> StoreShared {
    let hub = Arc::<Hub>::default();
    hub.lock().transports = vec![transport("own", "REF", true), transport("other", "FAX", true)];
    hub.lock().pairs.insert("store".to_owned(), "own".to_owned());
    StoreShared {
        name: "store".to_owned(),
        store: "store".to_owned(),
        of_spooler: false,
        no_mail: false,
        hub,
        doings: Arc::default(),
        objects: Default::default(),
        ready: Default::default(),
    }
}

fn to(address: &str, address_type: &str, kind: u32) -> Row {
    vec![
        (PR_EMAIL_ADDRESS_W, unicode(address)),
        (PR_ADDRTYPE_W, unicode(address_type)),
        (PR_RECIPIENT_TYPE, PropValue::Long(kind.cast_signed())),
        (PR_SEARCH_KEY, PropValue::Binary(format!("{address_type}:{address}").into_bytes())),
    ]
}

/// A message as a store would hand it over; it lives as long as what is held.
fn message(recipients: &[Row]) -> (Held, IMessage) {
    let (held, _) = Message::inbound();
    let message = IMessage::new(held.lend(), "their-message");
    their_message::modify_recipients(&message, flags::MODRECIP_ADD, recipients)
        .expect("recipients can be added");
    (held, message)
}

fn kinds(message: &IMessage) -> Vec<(u32, Option<bool>)> {
    let rows = their_message::recipients(message).expect("the recipients can be read");
    let kind = |row: &Row| their::find(row, PR_RECIPIENT_TYPE).and_then(PropValue::as_long).unwrap_or(0);
    let served = |row: &Row| their::find(row, PR_RESPONSIBILITY).and_then(PropValue::as_bool);
    rows.iter().map(|row| (kind(row).cast_unsigned(), served(row))).collect()
}

#[test]
fn the_spooler_is_needed_where_the_pair_cannot_serve_all() {
    let shared = shared();
    let needs = |recipients: &[Row]| {
        let (_held, message) = message(recipients);
        shared.expand_recips(&message).expect("the message can be read")
    };
    assert_eq!(needs(&[to("a@x", "REF", 1), to("b@x", "REF", 2)]), 0);
    assert_eq!(needs(&[to("a@x", "REF", 1), to("b@x", "FAX", 1)]), flags::NEEDS_SPOOLER);
    // Whom nobody serves the pair does not serve either.
    assert_eq!(needs(&[to("a@x", "TELEX", 1)]), flags::NEEDS_SPOOLER);
    // Where the pair's own transport cannot send, it can serve nobody.
    shared.hub.lock().transports[0] = transport("own", "REF", false);
    assert_eq!(needs(&[to("a@x", "REF", 1)]), flags::NEEDS_SPOOLER);
    // A store that is coupled with none is told nothing of the kind.
    shared.hub.lock().pairs.clear();
    assert_eq!(needs(&[to("a@x", "REF", 1), to("b@x", "FAX", 1)]), 0);
}

#[test]
fn preprocessing_is_needed_where_a_transport_registered_for_it_handles_the_message() {
    let shared = shared();
    let needs = |recipients: &[Row]| {
        let (_held, message) = message(recipients);
        shared.expand_recips(&message).expect("the message can be read") & flags::NEEDS_PREPROCESSING != 0
    };
    let preprocessors = vec![Preprocessor::default()];
    shared.hub.lock().transports[1].reached = Reached::Ours { reachable: true, preprocessors };
    assert!(!needs(&[to("a@x", "REF", 1)]), "another transport handles it");
    assert!(needs(&[to("a@x", "REF", 1), to("b@x", "FAX", 1)]));
}

#[test]
fn who_is_there_twice_is_taken_out() {
    let shared = shared();
    let (_held, message) =
        message(&[to("a@x", "REF", 1), to("a@x", "REF", 1), to("a@x", "REF", 2), to("b@x", "REF", 1)]);
    assert_eq!(shared.expand_recips(&message), Ok(0));
    assert_eq!(kinds(&message), [(1, None), (2, None), (1, None)], "To and Cc are two");
}

#[test]
fn a_resend_goes_to_those_who_have_missed_it() {
    let shared = shared();
    let recipients = [to("a@x", "REF", 1 | flags::MAPI_SUBMITTED), to("b@x", "REF", 1)];
    let (_held, first) = message(&recipients);
    assert_eq!(shared.prepare_submit(&first), Ok(()));
    assert_eq!(
        kinds(&first),
        [(1 | flags::MAPI_SUBMITTED, None), (1, None)],
        "nothing is done without MSGFLAG_RESEND"
    );
    let (_held, again) = message(&recipients);
    let resend = PropValue::Long((flags::MSGFLAG_RESEND | flags::MSGFLAG_UNSENT).cast_signed());
    their::set(&again, &[(PR_MESSAGE_FLAGS, resend)]).expect("the flags can be set");
    assert_eq!(shared.prepare_submit(&again), Ok(()));
    assert_eq!(kinds(&again), [(1, Some(false)), (flags::MAPI_P1, Some(true))]);
}

#[test]
fn stores_tell_of_two_things_alone() {
    let shared = shared();
    let told = |flags: u32| shared.spooler_notify(flags, std::ptr::null_mut());
    assert_eq!(told(flags::NOTIFY_READYTOSEND), HRESULT::S_OK);
    assert_eq!(told(flags::NOTIFY_NEWMAIL), HRESULT::MAPI_E_UNKNOWN_FLAGS);
    assert_eq!(told(flags::NOTIFY_NEWMAIL_RECEIVED), HRESULT::MAPI_E_INVALID_PARAMETER, "without data");
}
