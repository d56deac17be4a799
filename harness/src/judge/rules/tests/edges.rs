//! What a message meets at the edges of its way: locks that stay, queues that go stale, new mail that is told of wrongly.

use mock_spooler::trace::event::By;
use serde_json::{Value, json};

use super::storing::{Letter, alone, logon, notify, pair, queue, turn};
use crate::judge::testing::{Tape, content, prop, row};

const BEN: &str = "ben@example.net";

fn none() -> Vec<String> {
    Vec::new()
}

/// What is found where a fact is told of a store that stands alone.
fn told(name: &str, value: Value) -> Vec<String> {
    let mut tape = alone();
    tape.fact(name, value);
    tape.broken()
}

#[test]
fn stor_02_a_second_pair_of_objects_is_a_warning() {
    let mut tape = alone();
    tape.fact(
        "store-again",
        json!({ "hr": "S_OK", "object": "store#3", "same": false, "logon": "mslogon#3", "support-references": 1 }),
    );
    let judgement = tape.judge();
    assert_eq!(judgement.findings.len(), 1);
    assert_eq!(judgement.findings[0].requirement, "STOR-02");
    assert!(!judgement.findings[0].level.fails());
}

#[test]
fn stor_02_the_support_object_is_held() {
    let judged = |changes: Value| {
        let mut tape = Tape::default();
        logon(&mut tape, false, changes);
        tape.broken()
    };
    assert_eq!(judged(json!({ "support-references": 1 })), none());
    assert_eq!(judged(json!({ "support-references": 0 })), ["STOR-02"]);
    assert_eq!(judged(json!({ "support-references": 0, "hr": "MAPI_E_LOGON_FAILED" })), none());
}

#[test]
fn stor_02_the_logon_object_does_what_the_store_does() {
    let judged = |changes: Value| {
        let mut value = json!({
            "open-entry": "S_OK", "same": true, "compare": "S_OK", "equal": true, "advise": "S_OK", "unadvise": "S_OK",
            "status": "S_OK", "status-type": 10,
        });
        value.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
        told("logon-object", value)
    };
    assert_eq!(judged(json!({})), none());
    assert_eq!(judged(json!({ "advise": "MAPI_E_NO_SUPPORT", "unadvise": null })), none());
    assert_eq!(judged(json!({ "status": "MAPI_E_NO_SUPPORT", "status-type": null })), none());
    for wrong in [
        json!({ "open-entry": "MAPI_E_NO_SUPPORT", "same": null }),
        json!({ "same": false }),
        json!({ "equal": false }),
        json!({ "compare": "MAPI_E_CALL_FAILED", "equal": null }),
        json!({ "advise": "MAPI_E_CALL_FAILED", "unadvise": null }),
        json!({ "unadvise": "MAPI_E_CALL_FAILED" }),
        json!({ "status-type": null }),
    ] {
        assert_eq!(judged(wrong.clone()), ["STOR-02"], "{wrong}");
    }
}

#[test]
fn stor_06_a_message_stands_in_the_queue_once() {
    let letter = Letter::queued("m1", &[BEN]);
    let mut tape = alone();
    letter.submit(&mut tape);
    queue(&mut tape, &[(&letter, 1), (&letter, 1)], 0);
    assert_eq!(tape.broken(), ["STOR-06"]);
}

#[test]
fn stor_10_the_row_shows_the_lock() {
    let judged = |locked: bool, shown: bool| {
        told("queue-row", json!({ "store": "store", "mail": "m1", "locked": locked, "shown": shown }))
    };
    assert_eq!((judged(true, true), judged(false, false)), (none(), none()));
    assert_eq!(judged(true, false), ["STOR-10"]);
    assert_eq!(judged(false, true), ["STOR-10"]);
}

/// A message that is sent, and what a client finds that opens it.
fn opened(mut tape: Tape, letter: &Letter, changes: Value) -> Vec<String> {
    let mut value = json!({ "folders": { "outbox": 0, "sent": 1 }, "submit-flags": null, "opened": "S_OK" });
    value.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
    tape.fact("located", letter.about(value));
    tape.fact("store-settled", letter.about(json!({ "way": letter.way })));
    letter.sent(&mut tape, if letter.way == "direct" { &[&[BEN]] } else { &[] });
    tape.broken()
}

#[test]
fn stor_12_and_coup_05_what_was_sent_is_unlocked() {
    let spooled = |changes: Value| {
        let letter = Letter::queued("m1", &[BEN]);
        let mut tape = alone();
        letter.submit(&mut tape);
        letter.spool(&mut tape, &[BEN]);
        opened(tape, &letter, changes)
    };
    assert_eq!(spooled(json!({})), none());
    assert_eq!(spooled(json!({ "opened": "MAPI_E_NO_ACCESS" })), ["STOR-12"]);
    let direct = |changes: Value| {
        let letter = Letter::direct("m1", &[BEN]);
        let mut tape = pair();
        letter.submit(&mut tape);
        opened(tape, &letter, changes)
    };
    assert_eq!(direct(json!({})), none());
    assert_eq!(direct(json!({ "opened": "MAPI_E_NO_ACCESS" })), ["COUP-05"]);
}

#[test]
fn coup_05_what_was_sent_is_signed() {
    let judged = |sender: Value, identity: Option<&str>| {
        let letter = Letter::direct("m1", &[BEN]);
        let mut tape = pair();
        if let Some(identity) = identity {
            let own = prop("0x3E060102", json!({ "hex": super::storing::STORE }));
            let name = prop("0x3E00001F", json!(identity));
            let id = |tag: &str| prop(tag, json!({ "hex": "0a" }));
            let identity = vec![own, name, id("0x3E010102"), id("0x3E050102")];
            tape.modify_row([row(1), identity].concat(), true);
        }
        letter.submit(&mut tape);
        opened(tape, &letter, json!({ "sender": sender }))
    };
    let ada = || json!([{ "tag": "0x0C1A001F", "value": "Ada" }]);
    assert_eq!(judged(ada(), None), none());
    assert_eq!(judged(ada(), Some("Ada <ada@example.org>")), none());
    assert_eq!(judged(ada(), Some("Carl")), ["COUP-05"]);
    assert_eq!(judged(json!([]), None), ["COUP-05"]);
    assert_eq!(judged(Value::Null, None), none(), "nobody looked");
}

#[test]
fn coup_09_the_flag_goes_with_the_preprocessing() {
    let judged = |again: u64| {
        let letter = Letter {
            answered: "NEEDS_PREPROCESSING|NEEDS_SPOOLER",
            way: "spooler",
            queued: Some(true),
            ..Letter::mixed("m1", &[BEN], &["dora@far.example"])
        };
        let mut tape = pair();
        letter.submit(&mut tape);
        letter.queue(&mut tape, 2);
        letter.take_up(&mut tape);
        tape.fact("preprocessed", letter.about(json!({ "functions": 1 })));
        let call = tape.begin(By::Spooler, "their-message#2", "IMessage.SubmitMessage", &[]);
        tape.end(call, "S_OK", &[]);
        letter.queue(&mut tape, again);
        tape.broken()
    };
    assert_eq!(judged(0), none());
    assert_eq!(judged(2), ["COUP-09"]);
}

#[test]
fn stor_14_clients_are_told_what_the_spooler_told() {
    let judged = |told: Value| {
        self::told(
            "notify-new-mail",
            json!({ "store": "store", "hr": "S_OK", "sinks": 2, "advised": 2, "told": told }),
        )
    };
    let one = |sink: u32| json!({ "sink": sink, "same": true, "same-parent": true });
    assert_eq!(judged(json!([one(0), one(1)])), none());
    assert_eq!(judged(json!([one(0), one(1), one(1)])), ["STOR-14"]);
    assert_eq!(judged(json!([{ "sink": 0, "same": false, "same-parent": true }])), ["STOR-14"]);
    assert_eq!(judged(json!([{ "sink": 0, "same": true, "same-parent": false }])), ["STOR-14"]);
}

#[test]
fn stor_15_a_receive_folder_is_chosen() {
    let judged = |changes: Value| {
        let mut value = json!({ "class": "IPM.Note.X", "hr": "S_OK", "same": true, "others-kept": true });
        value.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
        told("receive-folder-set", value)
    };
    assert_eq!(judged(json!({})), none());
    assert_eq!(judged(json!({ "hr": "MAPI_E_NO_SUPPORT", "same": false })), none());
    assert_eq!(judged(json!({ "same": false })), ["STOR-15"]);
    assert_eq!(judged(json!({ "same": null, "after-hr": "MAPI_E_NOT_FOUND" })), ["STOR-15"]);
    assert_eq!(judged(json!({ "others-kept": false })), ["STOR-15"]);
}

#[test]
fn stor_16_the_logon_object_is_logged_off() {
    let judged = |hr: &str| {
        let mut tape = alone();
        tape.spooler("mslogon#1", "IMSLogon.Logoff", &[], hr, &[]);
        tape.broken()
    };
    assert_eq!(judged("S_OK"), none());
    assert_eq!(judged("MAPI_E_CALL_FAILED"), ["STOR-16"]);
}

#[test]
fn coup_11_the_announcement_fits_the_message() {
    let judged = |changes: Value| {
        let mut tape = pair();
        turn(&mut tape, "NOTIFY_BEGIN_INBOUND");
        tape.arrive("m1");
        let data = json!({ "event": "fnevNewMail", "form": "NEWMAIL_NOTIFICATION" });
        notify(&mut tape, "NOTIFY_NEWMAIL_RECEIVED", data);
        let held = serde_json::to_value(content("m1")).expect("content is plain data");
        let mut value =
            json!({ "store": "store", "entry-id": "cc", "hr": "S_OK", "same-parent": true, "content": held });
        value.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
        tape.fact("new-mail", value);
        tape.broken()
    };
    assert_eq!(judged(json!({})), none());
    assert_eq!(judged(json!({ "same-parent": null, "same-class": null })), none());
    assert_eq!(judged(json!({ "same-parent": false })), ["COUP-11"]);
    assert_eq!(judged(json!({ "same-class": false })), ["COUP-11"]);
    assert_eq!(judged(json!({ "hr": "MAPI_E_NOT_FOUND", "content": null })), ["COUP-11"]);
}

/// Mail that an error of a callback kept from being received, and that never came.
#[test]
fn robu_02_an_error_while_a_pair_receives_loses_nothing() {
    let mut tape = pair();
    turn(&mut tape, "NOTIFY_BEGIN_INBOUND");
    tape.arrive("m1");
    tape.injected("support#1", "IMAPISupport.CreateOneOff", "MAPI_E_CALL_FAILED");
    tape.step("arrive").timed_out("announcement").step_end();
    assert_eq!(tape.broken(), ["ROBU-02"]);
}
