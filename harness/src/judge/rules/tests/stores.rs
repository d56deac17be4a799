use mock_spooler::trace::event::By;
use serde_json::{Value, json};

use super::storing::{Letter, alone, logon, notify, pair, queue};
use crate::judge::testing::Tape;

const BEN: &str = "ben@example.net";

fn none() -> Vec<String> {
    Vec::new()
}

fn letter() -> Letter {
    Letter::queued("m1", &[BEN])
}

/// What is found where one message goes through a store that stands alone.
fn judged(letter: &Letter) -> Vec<String> {
    through(letter).broken()
}

fn through(letter: &Letter) -> Tape {
    let mut tape = alone();
    letter.submit(&mut tape);
    letter.spool(&mut tape, &[BEN]);
    letter.sent(&mut tape, &[]);
    tape
}

fn exercises(tape: &mut Tape, ids: &[&str]) {
    let judgement = tape.judge();
    assert_eq!(judgement.findings, []);
    assert_eq!(judgement.harness_errors, none());
    for id in ids {
        assert!(judgement.exercised.contains(id), "{id}");
    }
}

#[test]
fn a_good_way() {
    exercises(
        &mut through(&letter()),
        &["STOR-02", "STOR-03", "STOR-04", "STOR-06", "STOR-07", "STOR-10", "STOR-12", "NOTI-08", "COUP-03"],
    );
}

#[test]
fn habits_that_the_pages_leave() {
    // PrepareSubmit for a resend alone, and no word of being ready where nothing is prepared.
    assert_eq!(judged(&Letter { prepares: false, ready: false, ..letter() }), none());
    assert_eq!(judged(&Letter { resend: true, ..letter() }), none());
    // The other three ends.
    assert_eq!(judged(&Letter { sent_mail: false, folders: (1, 0), ..letter() }), none());
    assert_eq!(judged(&Letter { sent_mail: false, delete_after: true, folders: (0, 0), ..letter() }), none());
    assert_eq!(judged(&Letter { delete_after: true, folders: (0, 0), ..letter() }), none());
    // Where the spooler cannot look right after the submission.
    assert_eq!(judged(&Letter { queued: None, ..letter() }), none());
}

fn entry(tape: &mut Tape, version: u64, hr: &str, out: &[(&str, Value)]) {
    tape.spooler("", "MSProviderInit", &[("ulMAPIVer", json!(version))], hr, out);
}

#[test]
fn stor_01_the_entry_point() {
    let good = [("lpulProviderVer", json!(0x0001_0010)), ("lppMSProvider", json!("msprovider#1"))];
    let judged = |hr: &str, version: u64, out: &[(&str, Value)]| {
        let mut tape = Tape::default();
        entry(&mut tape, version, hr, out);
        tape
    };
    exercises(&mut judged("S_OK", 0x0001_0010, &good), &["STOR-01"]);
    assert_eq!(judged("S_OK", 0x0001_0010, &good[1..]).broken(), ["STOR-01"]);
    assert_eq!(judged("S_OK", 0x0001_0010, &good[..1]).broken(), ["STOR-01"]);
    assert_eq!(judged("MAPI_E_CALL_FAILED", 0x0001_0000, &[]).broken(), ["STOR-01"]);
    assert_eq!(judged("MAPI_E_VERSION", 0x0001_0000, &[]).broken(), none());
    let mut again = judged("S_OK", 0x0001_0010, &good);
    again.fact("provider-object-again", json!(true));
    assert_eq!(again.broken(), ["STOR-01"]);
    let mut missing = Tape::default();
    missing.fact("exported", json!({ "name": "MSProviderInit", "found": false }));
    assert_eq!(missing.broken(), ["STOR-01"]);
}

fn logged_on(spoolers: bool, changes: Value) -> Tape {
    let mut tape = Tape::default();
    logon(&mut tape, false, if spoolers { json!({}) } else { changes.clone() });
    if spoolers {
        logon(&mut tape, true, changes);
    }
    tape
}

#[test]
fn stor_02_logons() {
    assert_eq!(logged_on(false, json!({ "object": null })).broken(), ["STOR-02"]);
    assert_eq!(logged_on(false, json!({ "logon": null })).broken(), ["STOR-02"]);
    assert_eq!(logged_on(true, json!({ "object": null })).broken(), ["STOR-02"]);
    assert_eq!(logged_on(true, json!({ "logon": null })).broken(), ["STOR-02"]);
    assert_eq!(
        logged_on(true, json!({ "logon": null, "object": "store#1", "same-object": true })).broken(),
        none()
    );
    assert_eq!(logged_on(true, json!({ "hr": "MAPI_E_LOGON_FAILED" })).broken(), ["STOR-02"]);
    let mut other = alone();
    other.fact("spooler-store-id", json!({ "store": "store", "same": false }));
    assert_eq!(other.broken(), ["STOR-02"]);
}

#[test]
fn stor_02_no_data_for_the_spooler_is_a_warning() {
    let judgement = logged_on(false, json!({ "security": 0 })).judge();
    assert_eq!(judgement.findings.len(), 1);
    assert_eq!(judgement.findings[0].requirement, "STOR-02");
    assert!(!judgement.findings[0].level.fails());
    // Without mail nobody logs on for the spooler.
    assert_eq!(logged_on(false, json!({ "security": 0, "flags": "MDB_NO_MAIL" })).broken(), none());
}

#[test]
fn stor_02_a_second_logon() {
    let again = |changes: Value| {
        let mut value = json!({ "hr": "S_OK", "object": "store#1", "same": true, "logon": null, "support-references": 0 });
        value.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
        let mut tape = alone();
        tape.fact("store-again", value);
        tape.broken()
    };
    assert_eq!(again(json!({})), none());
    // Page loading-message-store-providers: the existing logon object may come again.
    assert_eq!(again(json!({ "logon": "mslogon#1" })), none());
    assert_eq!(again(json!({ "object": null })), ["STOR-02"]);
    assert_eq!(again(json!({ "hr": "MAPI_E_CALL_FAILED" })), ["STOR-02"]);
    assert_eq!(again(json!({ "support-references": 1 })), ["STOR-02"]);
}

#[test]
fn stor_03_a_message_is_prepared() {
    assert_eq!(judged(&Letter { expands: false, ..letter() }), ["STOR-03"]);
    assert_eq!(judged(&Letter { flags: 8, ..letter() }), ["STOR-03"]);
    assert_eq!(judged(&Letter { time: None, ..letter() }), ["STOR-03"]);
    assert_eq!(judged(&Letter { responsibility: json!(true), ..letter() }), ["STOR-03"]);
    assert_eq!(judged(&Letter { responsibility: json!(null), ..letter() }), ["STOR-03"]);
    assert_eq!(judged(&Letter { resend: true, prepares: false, ..letter() }), ["STOR-03"]);
}

#[test]
fn stor_03_errors_go_back() {
    let judged = |hr: &'static str, m: &str| {
        let mut tape = alone();
        let letter = Letter { hr, ..letter() };
        letter.compose(&mut tape);
        let call = tape.begin(By::Client, "their-message#1", "IMessage.SubmitMessage", &[]);
        notify(&mut tape, "NOTIFY_READYTOSEND", Value::Null);
        tape.injected("store-support#1", m, "MAPI_E_NO_ACCESS");
        tape.end(call, hr, &[]);
        tape.fact(
            "client-submit",
            letter.about(json!({ "message": "their-message#1", "hr": hr, "coupled": false })),
        );
        tape.broken()
    };
    assert_eq!(judged("MAPI_E_NO_ACCESS", "IMAPISupport.PrepareSubmit"), none());
    assert_eq!(judged("MAPI_E_CALL_FAILED", "IMAPISupport.ExpandRecips"), none());
    assert_eq!(judged("S_OK", "IMAPISupport.PrepareSubmit"), ["STOR-03"]);
    assert_eq!(judged("S_OK", "IMAPISupport.ExpandRecips"), ["STOR-03"]);
}

#[test]
fn stor_04_ready_to_send() {
    assert_eq!(judged(&Letter { ready: false, ..letter() }), ["STOR-04"]);
    let mut twice = alone();
    notify(&mut twice, "NOTIFY_READYTOSEND", Value::Null);
    letter().submit(&mut twice);
    letter().spool(&mut twice, &[BEN]);
    assert_eq!(twice.broken(), ["STOR-04"]);
}

#[test]
fn stor_05_no_recipients() {
    let judged = |hr: &'static str, usable: bool| {
        let letter =
            Letter { expands: false, prepares: false, ready: false, hr, ..Letter::queued("m1", &[]) };
        let mut tape = alone();
        letter.compose(&mut tape);
        let call = tape.begin(By::Client, "their-message#1", "IMessage.SubmitMessage", &[]);
        tape.end(call, hr, &[]);
        tape.fact(
            "client-submit",
            letter
                .about(json!({ "message": "their-message#1", "hr": hr, "coupled": false, "usable": usable })),
        );
        tape
    };
    exercises(&mut judged("MAPI_E_NO_RECIPIENTS", true), &["STOR-05"]);
    assert_eq!(judged("MAPI_E_NO_RECIPIENTS", false).broken(), ["STOR-05"]);
    assert_eq!(judged("MAPI_E_CALL_FAILED", true).broken(), ["STOR-05"]);
}

#[test]
fn stor_06_the_table() {
    let table = |changes: Value| {
        let mut tape = Tape::default();
        tape.fact("queue-table", changes);
        tape.broken()
    };
    assert_eq!(table(json!({ "missing": [], "sorted": "S_OK", "notifies": "S_OK" })), none());
    // In order by itself: it need not be sortable.
    assert_eq!(table(json!({ "missing": [], "sorted": "MAPI_E_NO_SUPPORT", "notifies": "S_OK" })), none());
    assert_eq!(table(json!({ "missing": ["PR_PRIORITY"], "notifies": "S_OK" })), ["STOR-06"]);
    assert_eq!(table(json!({ "missing": [], "notifies": "MAPI_E_NO_SUPPORT" })), ["STOR-06"]);
}

fn two(times: [u64; 2], reversed: bool) -> Vec<String> {
    let (first, second) = (letter(), Letter { ready: false, ..Letter::queued("m2", &[BEN]) });
    let mut tape = alone();
    first.submit(&mut tape);
    second.submit(&mut tape);
    let mut standing = [(&first, times[0]), (&second, times[1])];
    if reversed {
        standing.reverse();
    }
    queue(&mut tape, &standing, 0);
    tape.broken()
}

#[test]
fn stor_06_and_07_the_order() {
    assert_eq!(two([1, 2], false), none());
    // Within one tick of the clock.
    assert_eq!(two([1, 1], false), none());
    assert_eq!(two([1, 2], true), ["STOR-06"]);
    assert_eq!(two([1, 1], true), ["STOR-07"]);
    assert_eq!(two([2, 1], true), ["STOR-07"]);
}

#[test]
fn stor_06_a_change_is_told_of() {
    let mut tape = alone();
    letter().submit(&mut tape);
    tape.step("spool").timed_out("queue-notification");
    letter().queue(&mut tape, 0);
    tape.step_end();
    assert_eq!(tape.broken(), ["STOR-06"]);
}

#[test]
fn stor_07_nothing_is_lost_on_the_way_to_the_queue() {
    let mut tape = alone();
    Letter { queued: Some(false), ..letter() }.submit(&mut tape);
    tape.step("spool").timed_out("queue-notification").step_end();
    assert_eq!(tape.broken(), ["STOR-07"]);
    let (first, second) = (letter(), Letter { ready: false, ..Letter::queued("m2", &[BEN]) });
    let mut late = alone();
    first.submit(&mut late);
    second.submit(&mut late);
    queue(&mut late, &[(&second, 2)], 0);
    queue(&mut late, &[(&first, 1), (&second, 2)], 0);
    assert_eq!(late.broken(), ["STOR-07"]);
}

#[test]
fn stor_07_what_waits_is_not_overtaken() {
    let first = Letter { coupled: true, answered: "0", ..letter() };
    let second = Letter { ready: false, ..Letter::direct("m2", &[BEN]) };
    let overtaken = |tape: &mut Tape| tape.broken().iter().any(|requirement| requirement == "STOR-07");
    let mut tape = pair();
    first.submit(&mut tape);
    second.submit(&mut tape);
    second.settle(&mut tape);
    assert!(overtaken(&mut tape));
    // Submitted behind the first, preprocessed and sent after it.
    let waiting = Letter { queued: Some(true), ..second };
    let mut tape = pair();
    first.submit(&mut tape);
    waiting.submit(&mut tape);
    first.finish(&mut tape);
    first.settle(&mut tape);
    tape.fact("preprocessed", waiting.about(json!({})));
    waiting.settle(&mut tape);
    assert!(!overtaken(&mut tape));
}

fn opened(locked: bool, flags: &str, hr: &str, writable: Value) -> Vec<String> {
    let letter = letter();
    let mut tape = alone();
    letter.submit(&mut tape);
    letter.queue(&mut tape, 0);
    if locked {
        letter.take_up(&mut tape);
    }
    tape.fact("message-opened", letter.about(json!({ "flags": flags, "hr": hr, "writable": writable })));
    tape.broken()
}

#[test]
fn stor_08_a_locked_message_is_not_opened() {
    assert_eq!(opened(true, "0", "MAPI_E_NO_ACCESS", json!(null)), none());
    // Both reasons are there.
    assert_eq!(opened(true, "MAPI_MODIFY", "MAPI_E_SUBMITTED", json!(null)), none());
    assert_eq!(opened(true, "0", "S_OK", json!(false)), ["STOR-08"]);
    assert_eq!(opened(true, "0", "MAPI_E_SUBMITTED", json!(null)), ["STOR-08"]);
}

#[test]
fn stor_09_a_queued_message_is_not_opened_for_writing() {
    assert_eq!(opened(false, "MAPI_MODIFY", "MAPI_E_SUBMITTED", json!(null)), none());
    assert_eq!(opened(false, "MAPI_BEST_ACCESS", "S_OK", json!(false)), none());
    assert_eq!(opened(false, "0", "S_OK", json!(null)), none());
    assert_eq!(opened(false, "MAPI_MODIFY", "S_OK", json!(true)), ["STOR-09"]);
    assert_eq!(opened(false, "MAPI_MODIFY", "MAPI_E_NO_ACCESS", json!(null)), ["STOR-09"]);
    assert_eq!(opened(false, "MAPI_BEST_ACCESS", "S_OK", json!(true)), ["STOR-09"]);
    assert_eq!(opened(false, "MAPI_BEST_ACCESS", "MAPI_E_SUBMITTED", json!(null)), ["STOR-09"]);
}

#[test]
fn stor_10_the_lock() {
    let judged = |lock: bool, flags: Value| {
        let mut tape = alone();
        letter().submit(&mut tape);
        letter().lock(&mut tape, lock, flags);
        tape.broken()
    };
    assert_eq!(judged(true, json!(3)), none());
    assert_eq!(judged(false, json!(null)), none());
    assert_eq!(judged(true, json!(0)), ["STOR-10"]);
    assert_eq!(judged(true, json!(null)), ["STOR-10"]);
    assert_eq!(judged(false, json!(1)), ["STOR-10"]);
    let mut tape = alone();
    tape.fact("lock-saved", json!({ "store": "store", "mail": "m1", "saved": false }));
    assert_eq!(tape.broken(), ["STOR-10"]);
}

#[test]
fn stor_11_a_submission_is_taken_back() {
    let judged = |locked: bool, finished: bool, hr: &str, stands: bool| {
        let letter = letter();
        let mut tape = alone();
        letter.submit(&mut tape);
        letter.queue(&mut tape, 0);
        if locked {
            letter.take_up(&mut tape);
        }
        if finished {
            letter.finish(&mut tape);
        }
        tape.fact("aborted", letter.about(json!({ "hr": hr })));
        if stands {
            letter.queue(&mut tape, 0);
        }
        tape.broken()
    };
    assert_eq!(judged(false, false, "S_OK", false), none());
    assert_eq!(judged(true, false, "MAPI_E_UNABLE_TO_ABORT", false), none());
    assert_eq!(judged(true, true, "MAPI_E_NOT_IN_QUEUE", false), none());
    assert_eq!(judged(false, false, "S_OK", true), ["STOR-11"]);
    assert_eq!(judged(false, false, "MAPI_E_NO_SUPPORT", false), ["STOR-11"]);
    assert_eq!(judged(true, false, "S_OK", false), ["STOR-11"]);
    assert_eq!(judged(true, true, "S_OK", false), ["STOR-11"]);
    assert_eq!(judged(true, true, "MAPI_E_NOT_FOUND", false), ["STOR-11"]);
}

#[test]
fn stor_12_a_message_goes_where_it_belongs() {
    assert_eq!(judged(&Letter { folders: (1, 0), ..letter() }), ["STOR-12"]);
    assert_eq!(judged(&Letter { folders: (1, 1), ..letter() }), ["STOR-12"]);
    assert_eq!(judged(&Letter { folders: (0, 2), ..letter() }), ["STOR-12"]);
    assert_eq!(judged(&Letter { sent_mail: false, folders: (0, 1), ..letter() }), ["STOR-12"]);
    assert_eq!(
        judged(&Letter { sent_mail: false, delete_after: true, folders: (1, 0), ..letter() }),
        ["STOR-12"]
    );
    assert_eq!(judged(&Letter { delete_after: true, folders: (1, 0), ..letter() }), ["STOR-12"]);
    let finished = |hr: &str, told: bool| {
        let mut tape = alone();
        let call = tape.begin(By::Spooler, "spooler-store#1", "IMsgStore.FinishedMsg", &[]);
        if told {
            tape.callback("store-support#2", "IMAPISupport.DoSentMail", &[], "S_OK", &[]);
        }
        tape.end(call, hr, &[]);
        tape.broken()
    };
    assert_eq!(finished("S_OK", false), ["STOR-12"]);
    assert_eq!(finished("MAPI_E_NO_SUPPORT", false), ["STOR-12"]);
    // A message that is sent again, because it was not taken out of the queue.
    let mut twice = through(&letter());
    letter().by_other(&mut twice, &[BEN]);
    assert_eq!(twice.broken(), ["STOR-12"]);
}

#[test]
fn stor_13_finished_for_the_spooler_alone() {
    let judged = |hr: &str| {
        let mut tape = alone();
        let call = tape.begin(By::Client, "store#1", "IMsgStore.FinishedMsg", &[]);
        tape.end(call, hr, &[]);
        tape.broken()
    };
    assert_eq!(judged("MAPI_E_NO_SUPPORT"), none());
    assert_eq!(judged("S_OK"), ["STOR-13"]);
    assert_eq!(judged("MAPI_E_NOT_FOUND"), ["STOR-13"]);
}

#[test]
fn stor_14_new_mail_is_passed_on() {
    let judged = |changes: Value| {
        let mut value = json!({ "store": "store", "hr": "S_OK", "changed": false, "freed": false, "sinks": 2, "advised": 2 });
        value.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
        let mut tape = alone();
        tape.fact("notify-new-mail", value);
        tape.broken()
    };
    assert_eq!(judged(json!({})), none());
    assert_eq!(judged(json!({ "sinks": 0, "advised": 0 })), none());
    assert_eq!(judged(json!({ "sinks": 1 })), ["STOR-14"]);
    assert_eq!(judged(json!({ "changed": true })), ["STOR-14"]);
    assert_eq!(judged(json!({ "freed": true })), ["STOR-14"]);
    assert_eq!(judged(json!({ "hr": "MAPI_E_NO_SUPPORT" })), ["STOR-14"]);
}

#[test]
fn stor_15_mail_is_delivered() {
    let mut good = alone();
    good.spooler("spooler-store#1", "IMsgStore.GetReceiveFolder", &[], "S_OK", &[]);
    good.spooler("their-folder#1", "IMAPIFolder.CreateMessage", &[], "S_OK", &[]);
    good.fact("delivered-to-store", json!({ "store": "store", "found": true }));
    exercises(&mut good, &["STOR-15"]);
    let mut lost = alone();
    lost.fact("delivered-to-store", json!({ "store": "store", "found": false }));
    assert_eq!(lost.broken(), ["STOR-15"]);
    let mut refused = alone();
    refused.spooler("spooler-store#1", "IMsgStore.GetReceiveFolder", &[], "MAPI_E_NO_SUPPORT", &[]);
    assert_eq!(refused.broken(), ["STOR-15"]);
}

fn closed(asked: Option<&str>, told: &[&str]) -> Vec<String> {
    let mut tape = alone();
    if let Some(asked) = asked {
        let call = tape.begin(By::Client, "store#1", "IMsgStore.StoreLogoff", &[("lpulFlags", json!(asked))]);
        tape.end(call, "S_OK", &[]);
    }
    for flags in told {
        tape.callback(
            "store-support#1",
            "IMAPISupport.StoreLogoffTransports",
            &[("lpulFlags", json!(flags))],
            "S_OK",
            &[],
        );
    }
    tape.fact("store-closed", json!({ "store": "store" }));
    tape.broken()
}

#[test]
fn stor_16_transports_are_logged_off_once() {
    assert_eq!(closed(Some("LOGOFF_ORDERLY"), &["LOGOFF_ORDERLY"]), none());
    assert_eq!(closed(None, &["LOGOFF_ABORT"]), none());
    assert_eq!(closed(None, &[]), ["STOR-16"]);
    assert_eq!(closed(None, &["LOGOFF_ORDERLY"]), ["STOR-16"]);
    assert_eq!(closed(Some("LOGOFF_PURGE"), &["LOGOFF_ABORT"]), ["STOR-16"]);
    assert_eq!(closed(Some("LOGOFF_PURGE"), &["LOGOFF_PURGE", "LOGOFF_PURGE"]), ["STOR-16"]);
}

#[test]
fn stor_17_stores_are_compared() {
    let judged = |same: Value, other: Value, hr: &str| {
        let mut tape = Tape::default();
        tape.fact("compare-stores", json!({ "open": false, "same": same, "other": other, "hr": hr }));
        tape.broken()
    };
    assert_eq!(judged(json!(true), json!(false), "S_OK"), none());
    assert_eq!(judged(json!(true), json!(null), "S_OK"), none());
    assert_eq!(judged(json!(false), json!(false), "S_OK"), ["STOR-17"]);
    assert_eq!(judged(json!(true), json!(true), "S_OK"), ["STOR-17"]);
    assert_eq!(judged(json!(null), json!(null), "MAPI_E_CALL_FAILED"), ["STOR-17"]);
}

#[test]
fn noti_08_what_a_store_tells() {
    let judged = |flags: &str, data: Value| {
        let mut tape = alone();
        notify(&mut tape, flags, data);
        tape.broken()
    };
    assert_eq!(judged("NOTIFY_READYTOSEND", Value::Null), none());
    assert_eq!(judged("NOTIFY_NEWMAIL", Value::Null), ["NOTI-08"]);
    assert_eq!(judged("NOTIFY_CRITSEC", Value::Null), ["NOTI-08"]);
}

#[test]
fn a_mail_that_is_disturbed_is_no_loss_of_the_store() {
    let letter = letter();
    let mut tape = alone();
    letter.submit(&mut tape);
    tape.injected("store-support#2", "IMAPISupport.DoSentMail", "MAPI_E_CALL_FAILED");
    letter.by_other(&mut tape, &[BEN]);
    letter.by_other(&mut tape, &[BEN]);
    letter.settle(&mut tape);
    assert_eq!(tape.broken(), ["ROBU-02"]);
}
