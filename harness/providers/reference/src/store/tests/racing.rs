//! Changes to the fallback and back at any moment: what is submitted, and what arrives, is there once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mapi_spi::flags::{LOGOFF_NORMAL, NOTIFY_BEGIN_INBOUND, NOTIFY_BEGIN_OUTBOUND, NOTIFY_END_OUTBOUND};
use mapi_spi::interfaces::IXPLogon;

use super::super::data::INBOX;
use super::coupled::{Pair, log_on, mails, notify};
use super::support::null;

/// Objects of this provider may be used by any thread; the interface types of `windows-core` cannot know that.
struct Anywhere<T>(T);

// SAFETY: only objects of this provider are put into it, which lock what they share.
unsafe impl<T> Send for Anywhere<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Anywhere<T> {}

impl<T> Anywhere<T> {
    fn get(&self) -> &T {
        &self.0
    }
}

/// How often each subject is there.
fn count<'a>(subjects: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    subjects.for_each(|subject| *counts.entry(subject).or_insert(0) += 1);
    counts
}

fn subject_of(mail: &str) -> &str {
    let line = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
    line.expect("every mail has a subject")
}

/// Submits a message. What is queued is sent as the spooler would: order would keep all that follows behind it.
fn submit(pair: &Pair, index: usize) {
    let subject = format!("n{index}");
    let id = pair.world.submit(&subject, &["REF:anna@a"]);
    if !pair.world.queue().is_empty() {
        drop(pair.world.lock(&id));
        pair.world.finish(&id);
        let mail = pair.directory().join("out").join(format!("spooled-{index}"));
        std::fs::write(mail, format!("Subject: {subject}\r\n")).expect("it is writable");
    }
}

fn assert_once(pair: &Pair, messages: usize) {
    let sent = pair.sent();
    let counts = count(sent.iter().map(|mail| subject_of(mail)));
    assert_eq!(counts.len(), messages);
    assert!(counts.values().all(|times| *times == 1), "{counts:?}");
}

#[test]
fn outbound_mail_that_is_switched_off_and_on_loses_and_repeats_nothing() {
    const MESSAGES: usize = 150;
    let pair = Pair::new("");
    let done = AtomicBool::new(false);
    let logon = Anywhere(pair.logon.clone());
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                notify(logon.get(), NOTIFY_END_OUTBOUND);
                thread::yield_now();
                notify(logon.get(), NOTIFY_BEGIN_OUTBOUND);
            }
        });
        for index in 0..MESSAGES {
            submit(&pair, index);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_once(&pair, MESSAGES);
}

#[test]
fn a_transport_that_logs_off_and_on_loses_and_repeats_nothing() {
    const MESSAGES: usize = 60;
    let pair = Pair::new("");
    let done = AtomicBool::new(false);
    let section = pair.section();
    thread::scope(|scope| {
        scope.spawn(|| {
            let section: Vec<(u16, &str)> = section.iter().map(|(id, text)| (*id, text.as_str())).collect();
            while !done.load(Ordering::Relaxed) {
                let (_record, logon): (_, IXPLogon) = log_on(&section, 0);
                notify(&logon, NOTIFY_BEGIN_OUTBOUND);
                thread::yield_now();
                // SAFETY: no pointers are passed.
                unsafe { logon.TransportLogoff(LOGOFF_NORMAL) };
            }
        });
        // SAFETY: no pointers are passed.
        unsafe { pair.logon.TransportLogoff(LOGOFF_NORMAL) };
        for index in 0..MESSAGES {
            submit(&pair, index);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_once(&pair, MESSAGES);
}

#[test]
fn a_store_that_is_closed_and_opened_again_gets_its_mail_once() {
    const MAILS: usize = 40;
    let pair = Pair::new("");
    let maildrop = pair.directory().join("in");
    notify(&pair.logon, NOTIFY_BEGIN_INBOUND);
    let first = pair.world.client.logon.as_ref().expect("it logged on");
    // SAFETY: null is allowed.
    unsafe { first.Logoff(null()) };
    let section = pair.section();
    let section: Vec<(u16, &str)> = section.iter().map(|(id, text)| (*id, text.as_str())).collect();
    let mut received = 0;
    for index in 0..MAILS {
        let draft = pair.directory().join("draft");
        std::fs::write(&draft, format!("Subject: n{index}\r\n\r\nHello.\r\n")).expect("it is writable");
        std::fs::rename(&draft, maildrop.join(format!("{index:03}.eml"))).expect("it is writable");
        let again = super::world::log_on(&pair.world.provider, &section).expect("it logs on");
        if index % 4 == 0 {
            assert!(
                again.record.wait(|state| !state.received.is_empty()),
                "mail is delivered while it is open"
            );
        }
        // SAFETY: null is allowed.
        unsafe { again.logon.as_ref().expect("a logon of its own").Logoff(null()) };
        received += again.record.lock().received.len();
    }
    let delivered = pair.world.subjects_of_spooler(INBOX);
    let left = mails(&maildrop);
    let counts = count(delivered.iter().map(String::as_str).chain(left.iter().map(|mail| subject_of(mail))));
    assert_eq!(counts.len(), MAILS);
    assert!(counts.values().all(|times| *times == 1), "{counts:?}");
    assert_eq!(received, delivered.len(), "all that is delivered is announced");
}
