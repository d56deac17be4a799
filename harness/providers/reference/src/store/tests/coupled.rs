//! The pair: mail that goes out and comes in without the spooler, and the ways back to it.

use std::path::Path;
use std::sync::Arc;

use mapi_spi::HRESULT;
use mapi_spi::flags::{
    LOGOFF_NORMAL, LOGON_NO_CONNECT, MAPI_MODIFY, NEEDS_PREPROCESSING, NEEDS_SPOOLER, NOTIFY_BEGIN_INBOUND,
    NOTIFY_BEGIN_OUTBOUND, NOTIFY_END_OUTBOUND,
};
use mapi_spi::interfaces::{IMessage, IXPLogon, IXPProvider};
use mapi_spi::tags as tag;

use super::super::data::{INBOX, OUTBOX, SENT};
use super::memory::{fail_after, live, memory};
use super::support::{Record, null};
use super::world::{World, open, responsibilities, submit};
use crate::mapi::{Props, Width, check, opened, set_props};
use crate::provider::Provider;

/// A store, a transport of the same profile, and their directories.
pub(super) struct Pair {
    pub(super) world: World,
    pub(super) logon: IXPLogon,
    transport: Arc<Record>,
    directory: tempfile::TempDir,
}

impl Pair {
    pub(super) fn new(habits: &str) -> Pair {
        Pair::with(habits, 0)
    }

    fn with(habits: &str, flags: u32) -> Pair {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let path = |name: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir(&path).expect("the directory is writable");
            path.to_str().expect("a path of text").to_owned()
        };
        let (maildrop, outbox) = (path("in"), path("out"));
        let section =
            [(0x6600, maildrop.as_str()), (0x6601, outbox.as_str()), (0x6604, habits), (0x6606, "coupled")];
        let world = World::with(&section);
        let name = world.client.record.name();
        let (transport, logon) = log_on(&[&section[..], &[(0x6607, name)]].concat(), flags);
        notify(&logon, NOTIFY_BEGIN_OUTBOUND);
        Pair { world, logon, transport, directory }
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The profile section of both.
    pub(super) fn section(&self) -> Vec<(u16, String)> {
        self.transport.section().to_vec()
    }

    /// The mail that was sent.
    pub(super) fn sent(&self) -> Vec<String> {
        mails(&self.directory.path().join("out"))
    }
}

pub(super) fn mails(directory: &Path) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .expect("it is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).expect("it can be read")).collect()
}

pub(super) fn log_on(section: &[(u16, &str)], flags: u32) -> (Arc<Record>, IXPLogon) {
    let provider: IXPProvider = Provider::new(memory(), None).into();
    let record = Record::new(section);
    let support = record.object();
    let (mut flags, mut error, mut logon) = (flags, null(), null());
    // SAFETY: all cells are valid.
    let code = unsafe {
        use windows_core::Interface;
        provider.TransportLogon(support.as_raw(), 0, null(), &mut flags, &mut error, &mut logon)
    };
    assert_eq!(code, HRESULT::S_OK);
    // SAFETY: the method succeeded.
    (record, unsafe { opened(logon) }.expect("a logon"))
}

pub(super) fn notify(logon: &IXPLogon, flags: u32) {
    let mut flags = flags;
    // SAFETY: the cell is valid, these flags go without data.
    check(unsafe { logon.TransportNotify(&mut flags, null()) }).expect("a direction can be switched");
}

fn log_off(logon: &IXPLogon) {
    // SAFETY: no pointers are passed.
    check(unsafe { logon.TransportLogoff(LOGOFF_NORMAL) }).expect("it can be logged off");
}

#[test]
fn the_transport_publishes_the_identifier_of_its_store() {
    let pair = Pair::new("");
    assert_eq!(pair.transport.lock().own_store, Some(pair.world.key.store_id()));
    let wrapped = Pair::new("wrap-own");
    let own = wrapped.transport.lock().own_store.clone().expect("it is published");
    assert_eq!(own, [super::support::WRAPPER, &wrapped.world.key.store_id()].concat());
}

#[test]
fn what_the_pair_can_serve_is_sent_at_once() {
    let pair = Pair::new("");
    let message = pair.world.draft("direct", &["REF:anna@a", "REF:ben@b"]);
    let mut props = Props::new(Width::Wide);
    props.binary(tag::PR_SENTMAIL_ENTRYID, pair.world.key.folder_id(SENT));
    set_props(memory(), &message, &props).expect("it can be changed");
    assert_eq!(submit(&message), HRESULT::S_OK);
    assert!(matches!(&*pair.sent(), [mail] if mail.contains("X-Sent-To: anna@a, ben@b")));
    assert!(pair.world.queue().is_empty());
    assert!(pair.world.subjects(OUTBOX).is_empty());
    assert_eq!(pair.world.subjects(SENT), ["direct"]);
    let calls = pair.world.client.record.take_calls();
    assert!(!calls.iter().any(|call| call == "CompleteMsg" || call == "DoSentMail"), "{calls:?}");
}

#[test]
fn mapi_completes_the_message_where_it_is_to() {
    let pair = Pair::new("complete-msg");
    let id = pair.world.submit("direct", &["REF:anna@a"]);
    assert_eq!(pair.sent().len(), 1);
    assert_eq!(pair.world.client.record.lock().completed, std::slice::from_ref(&id));
    assert!(pair.world.queue().is_empty(), "it is not to be sent again");
    assert_eq!(pair.world.abort(&id), HRESULT::MAPI_E_NOT_IN_QUEUE);
    drop(pair.world.lock(&id));
    assert_eq!(pair.world.finish(&id), HRESULT::S_OK);

    let refused = Pair::new("complete-msg");
    refused.world.client.record.lock().failing = Some(("CompleteMsg", HRESULT::MAPI_E_CALL_FAILED));
    let id = refused.world.submit("direct", &["REF:anna@a"]);
    assert_eq!(refused.sent().len(), 1);
    assert!(
        open::<IMessage>(&refused.world.client.store, &id, MAPI_MODIFY).is_ok(),
        "it is done with all the same"
    );
}

#[test]
fn mixed_recipients_are_shared_with_the_spooler() {
    for needs in [0, NEEDS_SPOOLER] {
        let pair = Pair::new("");
        pair.world.client.record.lock().needs = needs;
        let id = pair.world.submit("mixed", &["REF:anna@a", "FOR:ben"]);
        assert!(matches!(&*pair.sent(), [mail] if mail.contains("X-Sent-To: anna@a\r\n")));
        assert_eq!(pair.world.queue(), ["mixed"]);
        let message = pair.world.lock(&id);
        let expected = [("anna@a".to_owned(), Some(true)), ("ben".to_owned(), Some(false))];
        assert_eq!(responsibilities(&message), expected);
    }
}

#[test]
fn what_another_transport_is_to_send_goes_through_the_spooler() {
    let pair = Pair::new("");
    pair.world.submit("foreign", &["FOR:ben"]);
    pair.world.client.record.lock().needs = NEEDS_SPOOLER;
    pair.world.submit("all ours, and yet", &["REF:anna@a"]);
    pair.world.client.record.lock().needs = 0;
    pair.world.submit("behind it", &["REF:anna@a"]);
    assert_eq!(pair.world.queue(), ["foreign", "all ours, and yet", "behind it"]);
    assert!(pair.sent().is_empty());
}

#[test]
fn what_was_preprocessed_is_sent_and_completed() {
    let pair = Pair::new("");
    pair.world.client.record.lock().needs = NEEDS_PREPROCESSING;
    let id = pair.world.submit("preprocessed", &["REF:anna@a"]);
    assert_eq!((pair.sent().len(), pair.world.queue().len()), (0, 1));
    let message = pair.world.lock(&id);
    assert_eq!(submit(&message), HRESULT::S_OK);
    assert_eq!((pair.sent().len(), pair.world.queue().len()), (1, 0));
    assert_eq!(pair.world.spooler.record.lock().completed, [id]);
}

#[test]
fn without_its_transport_the_store_stands_alone() {
    let pair = Pair::new("");
    notify(&pair.logon, NOTIFY_END_OUTBOUND);
    let id = pair.world.submit("outbound off", &["REF:anna@a"]);
    assert_eq!((pair.sent().len(), pair.world.queue()), (0, vec!["outbound off".to_owned()]));
    notify(&pair.logon, NOTIFY_BEGIN_OUTBOUND);
    drop(pair.world.lock(&id));
    pair.world.finish(&id);
    pair.world.submit("on again", &["REF:anna@a"]);
    assert_eq!((pair.sent().len(), pair.world.queue().len()), (1, 0));
    log_off(&pair.logon);
    pair.world.submit("logged off", &["REF:anna@a"]);
    assert_eq!((pair.sent().len(), pair.world.queue()), (1, vec!["logged off".to_owned()]));

    let offline = Pair::with("", LOGON_NO_CONNECT);
    offline.world.submit("offline", &["REF:anna@a"]);
    assert_eq!((offline.sent().len(), offline.world.queue().len()), (0, 1));
}

#[test]
fn what_has_to_wait_is_the_spoolers() {
    let pair = Pair::new("");
    pair.world.submit("deferred", &["REF:later@a"]);
    assert_eq!((pair.sent().len(), pair.world.queue().len()), (0, 1));
}

#[test]
fn failing_allocations_send_nothing_twice() {
    let pair = Pair::new("");
    let mut tries = 0;
    loop {
        let message = pair.world.draft("swept", &["REF:anna@a"]);
        let before = live();
        fail_after(Some(tries));
        let code = submit(&message);
        let failed = fail_after(None);
        assert!(code.is_ok() || failed, "{code}");
        let queued = usize::from(!pair.world.queue().is_empty());
        let sent = pair.sent().len();
        assert_eq!(
            queued + sent + usize::from(code.is_err()),
            1,
            "the {tries}th: {code}, {queued} queued, {sent} sent"
        );
        if queued == 1 {
            // The order of submission would keep the next one behind it.
            let id = pair.world.key.message_id(0x101 + u64::from(tries));
            pair.world.abort(&id);
        }
        drop(message);
        assert!(live() <= before, "nothing is left behind by the {tries}th");
        for file in std::fs::read_dir(pair.directory.path().join("out")).expect("it is there") {
            std::fs::remove_file(file.expect("an entry").path()).expect("it can be removed");
        }
        if !failed {
            break;
        }
        tries += 1;
    }
    assert!(tries > 10, "only {tries} allocations");
}

#[test]
fn mail_that_arrives_is_delivered_into_the_store() {
    let pair = Pair::new("");
    let maildrop = pair.directory.path().join("in");
    std::fs::write(maildrop.join("m.eml"), "From: a@b\r\nSubject: arrived\r\n\r\nHello.\r\n")
        .expect("it is writable");
    let poll = || {
        let mut waits = 7;
        // SAFETY: the cell is valid.
        check(unsafe { pair.logon.Poll(&mut waits) }).expect("it can be polled");
        waits
    };
    notify(&pair.logon, NOTIFY_BEGIN_INBOUND);
    assert!(pair.world.client.record.wait(|state| !state.received.is_empty()), "it is announced");
    assert_eq!(poll(), 0);
    assert_eq!(pair.world.subjects(INBOX), ["arrived"]);
    assert!(mails(&maildrop).is_empty());
    let id = pair.world.client.record.lock().received[0].clone();
    assert!(open::<IMessage>(&pair.world.spooler.store, &id, 0).is_ok());
    let logon = pair.world.client.logon.as_ref().expect("it logged on");
    // SAFETY: null is allowed.
    assert_eq!(unsafe { logon.Logoff(null()) }, HRESULT::S_OK);
    std::fs::write(maildrop.join("n.eml"), "Subject: later\r\n\r\nHello.\r\n").expect("it is writable");
    assert_eq!(poll(), 1, "without its store the transport works as any other");
    log_off(&pair.logon);
    assert_eq!(mails(&maildrop).len(), 1);
}
