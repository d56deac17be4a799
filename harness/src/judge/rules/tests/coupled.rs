use mock_spooler::trace::event::By;
use serde_json::{Value, json};

use super::storing::{
    Letter, STORE, alone, coupled_row, coupling, notify, pair, queue, turn, without_transport,
};
use crate::judge::testing::{Tape, content, row};

const BEN: &str = "ben@example.net";
const DORA: &str = "dora@far.example";

fn none() -> Vec<String> {
    Vec::new()
}

fn exercises(tape: &mut Tape, ids: &[&str]) {
    let judgement = tape.judge();
    assert_eq!(judgement.findings, []);
    assert_eq!(judgement.harness_errors, none());
    for id in ids {
        assert!(judgement.exercised.contains(id), "{id}");
    }
}

fn direct() -> Letter {
    Letter::direct("m1", &[BEN])
}

/// A message that the pair sends by itself.
fn sent_directly(letter: &Letter, envelopes: &[&[&str]]) -> Tape {
    let mut tape = pair();
    letter.submit(&mut tape);
    letter.settle(&mut tape);
    letter.sent(&mut tape, envelopes);
    tape
}

#[test]
fn a_good_pair() {
    let mut tape = sent_directly(&direct(), &[&[BEN]]);
    exercises(&mut tape, &["COUP-01", "COUP-02", "COUP-04", "COUP-05", "COUP-13"]);
}

#[test]
fn habits_of_a_pair_that_the_pages_leave() {
    let judged = |letter: Letter| sent_directly(&letter, &[&[BEN]]).broken();
    assert_eq!(judged(Letter { prepares: false, ready: false, ..direct() }), none());
    assert_eq!(judged(Letter { sent_mail: false, folders: (1, 0), ..direct() }), none());
    assert_eq!(judged(Letter { sent_mail: false, delete_after: true, folders: (0, 0), ..direct() }), none());
    // The page of the pair says copy where that of FinishedMsg says move.
    assert_eq!(judged(Letter { folders: (1, 1), ..direct() }), none());
    assert_eq!(judged(Letter { delete_after: true, folders: (0, 1), ..direct() }), none());
    // CompleteMsg, with which the spooler does the rest.
    let completes = Letter { completes: true, way: "completed", ..direct() };
    let mut tape = pair();
    completes.submit(&mut tape);
    completes.finish(&mut tape);
    completes.settle(&mut tape);
    completes.sent(&mut tape, &[&[BEN]]);
    exercises(&mut tape, &["COUP-04", "COUP-05", "COUP-10", "STOR-12"]);
}

#[test]
fn coup_01_the_row_names_the_store() {
    let judged = |own: Option<&str>, later: bool| {
        let mut tape = without_transport();
        tape.logon("LOGON_SP_POLL");
        coupling(&mut tape, own, false);
        if later {
            tape.modify_row(coupled_row(1, STORE), true);
        }
        tape
    };
    assert_eq!(judged(None, false).broken(), ["COUP-01"]);
    // The row may name it once the store is there.
    assert_eq!(judged(None, true).broken(), none());
    let mut unclaimed = alone();
    unclaimed.logon("LOGON_SP_POLL");
    coupling(&mut unclaimed, None, false);
    exercises(&mut unclaimed, &["COUP-03"]);
}

#[test]
fn coup_02_the_spooler_connects_the_pair() {
    let mut tape = pair();
    tape.fact(
        "coupling",
        json!({ "session": "main", "store": "store", "own": STORE, "coupled": true, "compared": false }),
    );
    assert_eq!(tape.broken(), ["COUP-02"]);
}

#[test]
fn coup_04_directly() {
    let letter = direct();
    let mut queued = pair();
    Letter { queued: Some(true), ..letter.clone() }.submit(&mut queued);
    letter.queue(&mut queued, 0);
    letter.settle(&mut queued);
    letter.sent(&mut queued, &[&[BEN]]);
    assert_eq!(queued.broken(), ["COUP-04"]);
    // An earlier message that still waits keeps the later ones behind it.
    let earlier = Letter::mixed("m0", &[BEN], &[DORA]);
    let mut behind = pair();
    earlier.submit(&mut behind);
    let later = Letter { ready: false, queued: Some(true), way: "kept", ..letter };
    later.submit(&mut behind);
    queue(&mut behind, &[(&earlier, 1), (&later, 2)], 0);
    assert_eq!(behind.broken(), none());
}

#[test]
fn coup_05_what_mapi_would_have_done() {
    let judged = |letter: Letter| sent_directly(&letter, &[&[BEN]]).broken();
    assert_eq!(judged(Letter { flags: 8, ..direct() }), ["COUP-05"]);
    assert_eq!(judged(Letter { time: None, ..direct() }), ["COUP-05"]);
    assert_eq!(judged(Letter { responsibility: json!(null), ..direct() }), ["COUP-05"]);
    assert_eq!(judged(Letter { resend: true, prepares: false, ready: false, ..direct() }), ["COUP-05"]);
    assert_eq!(judged(Letter { folders: (1, 0), ..direct() }), ["COUP-05"]);
    assert_eq!(
        judged(Letter { sent_mail: false, delete_after: true, folders: (1, 0), ..direct() }),
        ["COUP-05"]
    );
    assert_eq!(judged(Letter { expands: false, ..direct() }), ["COUP-05"]);
}

#[test]
fn coup_07_the_fallback() {
    let letter = Letter { own: Vec::new(), others: vec![DORA], ..Letter::queued("m1", &[]) };
    let mut good = without_transport();
    letter.submit(&mut good);
    letter.spool(&mut good, &[DORA]);
    exercises(&mut good, &["COUP-07", "STOR-03", "STOR-12"]);
    let mut past = without_transport();
    let direct = Letter { queued: Some(false), way: "direct", ..letter.clone() };
    direct.submit(&mut past);
    direct.settle(&mut past);
    assert_eq!(past.broken(), ["COUP-07"]);
    let mut twice = without_transport();
    letter.submit(&mut twice);
    letter.queue(&mut twice, 0);
    letter.by_other(&mut twice, &[DORA]);
    letter.by_other(&mut twice, &[DORA]);
    letter.settle(&mut twice);
    assert_eq!(twice.broken(), ["COUP-07"]);
    let mut lost = without_transport();
    letter.submit(&mut lost);
    letter.queue(&mut lost, 0);
    letter.distributed(&mut lost);
    letter.finish(&mut lost);
    letter.settle(&mut lost);
    assert_eq!(lost.broken(), ["COUP-07"]);
}

fn mixed(envelopes: &[&[&str]], others: &[&str]) -> Tape {
    let letter = Letter::mixed("m1", &[BEN], &[DORA]);
    let mut tape = pair();
    letter.submit(&mut tape);
    letter.queue(&mut tape, 0);
    letter.take_up(&mut tape);
    letter.by_other(&mut tape, others);
    letter.distributed(&mut tape);
    letter.finish(&mut tape);
    letter.settle(&mut tape);
    letter.sent(&mut tape, envelopes);
    tape
}

#[test]
fn coup_08_mixed_recipients() {
    exercises(&mut mixed(&[&[BEN]], &[DORA]), &["COUP-08", "STOR-03"]);
    assert_eq!(mixed(&[&[BEN]], &[]).broken(), ["COUP-08"]);
    assert_eq!(mixed(&[], &[DORA]).broken(), ["COUP-08"]);
    assert_eq!(mixed(&[&[BEN], &[BEN]], &[DORA]).broken(), ["COUP-08"]);
    assert_eq!(mixed(&[&[BEN]], &[BEN, DORA]).broken(), ["COUP-08"]);
    let mut whole = pair();
    let letter = Letter { queued: Some(false), way: "direct", ..Letter::mixed("m1", &[BEN], &[DORA]) };
    letter.submit(&mut whole);
    letter.settle(&mut whole);
    letter.sent(&mut whole, &[&[BEN, DORA]]);
    assert_eq!(whole.broken(), ["COUP-08"]);
}

fn preprocessed(tape: &mut Tape, first: u64, way: &'static str, completes: bool) {
    let letter = Letter { answered: "NEEDS_PREPROCESSING", queued: Some(true), way, ..direct() };
    letter.submit(tape);
    letter.queue(tape, first);
    letter.take_up(tape);
    tape.fact("preprocessed", letter.about(json!({ "functions": 1 })));
    let call = tape.begin(By::Spooler, "their-message#2", "IMessage.SubmitMessage", &[]);
    if completes {
        letter.complete(tape);
    }
    tape.end(call, "S_OK", &[]);
    if completes {
        letter.finish(tape);
    }
    letter.settle(tape);
    letter.sent(tape, &[&[BEN]]);
}

#[test]
fn coup_09_preprocessing() {
    let judged = |first: u64, way: &'static str, completes: bool| {
        let mut tape = pair();
        preprocessed(&mut tape, first, way, completes);
        tape
    };
    exercises(&mut judged(2, "completed", true), &["COUP-09", "COUP-10"]);
    assert_eq!(judged(0, "completed", true).broken(), ["COUP-09"]);
    assert_eq!(judged(2, "direct", false).broken(), ["COUP-09"]);
    let mut unqueued = pair();
    let letter = Letter { answered: "NEEDS_PREPROCESSING", ..direct() };
    letter.submit(&mut unqueued);
    letter.settle(&mut unqueued);
    letter.sent(&mut unqueued, &[&[BEN]]);
    assert_eq!(unqueued.broken(), ["COUP-09"]);
}

#[test]
fn stor_06_preprocessing_where_the_store_stands_alone() {
    let letter = Letter { answered: "NEEDS_PREPROCESSING", ..Letter::queued("m1", &[BEN]) };
    let mut tape = alone();
    letter.submit(&mut tape);
    letter.queue(&mut tape, 2);
    assert_eq!(tape.broken(), none());
    let mut tape = alone();
    letter.submit(&mut tape);
    letter.queue(&mut tape, 0);
    assert_eq!(tape.broken(), ["STOR-06"]);
}

#[test]
fn coup_10_complete_msg() {
    let mut uncoupled = alone();
    let letter = Letter::queued("m1", &[BEN]);
    letter.submit(&mut uncoupled);
    letter.queue(&mut uncoupled, 0);
    letter.complete(&mut uncoupled);
    assert_eq!(uncoupled.broken(), ["COUP-10"]);
    let mut mixed = pair();
    let letter = Letter { completes: true, way: "spooler", ..Letter::mixed("m1", &[BEN], &[DORA]) };
    letter.submit(&mut mixed);
    letter.queue(&mut mixed, 0);
    letter.by_other(&mut mixed, &[DORA]);
    letter.finish(&mut mixed);
    letter.settle(&mut mixed);
    letter.sent(&mut mixed, &[&[BEN]]);
    assert_eq!(mixed.broken(), ["COUP-10"]);
}

fn received(data: Value, name: &str, times: usize) -> Tape {
    let mut tape = pair();
    turn(&mut tape, "NOTIFY_BEGIN_INBOUND");
    tape.arrive("m1");
    for _ in 0..times {
        notify(&mut tape, "NOTIFY_NEWMAIL_RECEIVED", data.clone());
        let held = serde_json::to_value(content(name)).expect("content is plain data");
        tape.fact("new-mail", json!({ "store": "store", "entry-id": "cc", "content": held }));
    }
    tape
}

#[test]
fn coup_11_mail_that_comes_directly() {
    let good = json!({ "event": "fnevNewMail", "form": "NEWMAIL_NOTIFICATION" });
    exercises(&mut received(good.clone(), "m1", 1), &["COUP-11", "NOTI-08"]);
    assert_eq!(received(Value::Null, "m1", 1).broken(), ["COUP-11"]);
    assert_eq!(received(json!({ "form": "NOTIFICATION" }), "m1", 1).broken(), ["COUP-11"]);
    assert_eq!(received(good.clone(), "m1", 2).broken(), ["COUP-11"]);
    let mut silent = pair();
    turn(&mut silent, "NOTIFY_BEGIN_INBOUND");
    silent.arrive("m1").step("receive").timed_out("announcement").step_end();
    assert_eq!(silent.broken(), ["COUP-11"]);
}

#[test]
fn coup_12_the_change_to_fallback_and_back() {
    let letter = Letter { answered: "NEEDS_SPOOLER", way: "spooler", queued: Some(true), ..direct() };
    let judged = |envelopes: &[&[&str]], others: &[&str]| {
        let mut tape = pair();
        turn(&mut tape, "NOTIFY_END_OUTBOUND");
        letter.submit(&mut tape);
        letter.queue(&mut tape, 0);
        turn(&mut tape, "NOTIFY_BEGIN_OUTBOUND");
        letter.by_other(&mut tape, others);
        letter.distributed(&mut tape);
        letter.finish(&mut tape);
        letter.settle(&mut tape);
        letter.sent(&mut tape, envelopes);
        tape
    };
    exercises(&mut judged(&[&[BEN]], &[]), &["COUP-12"]);
    exercises(&mut judged(&[], &[BEN]), &["COUP-12"]);
    assert_eq!(judged(&[], &[]).broken(), ["COUP-12"]);
    assert_eq!(judged(&[&[BEN]], &[BEN]).broken(), ["COUP-12"]);
}

#[test]
fn coup_13_the_identifier_stays() {
    let judged = |columns, compared: Option<bool>| {
        let mut tape = pair();
        tape.modify_row(columns, true);
        if let Some(same) = compared {
            coupling(&mut tape, Some("0101"), same);
        }
        tape.broken()
    };
    assert_eq!(judged(coupled_row(1, STORE), None), none());
    // A store has more than one valid identifier: CompareStoreIDs says whether this is one.
    assert_eq!(judged(coupled_row(1, "0101"), Some(true)), none());
    assert_eq!(judged(coupled_row(1, "0101"), Some(false)), ["COUP-13"]);
    assert_eq!(judged(row(1), None), ["COUP-13"]);
    let mut other = without_transport();
    other.logon("LOGON_SP_POLL").modify_row(coupled_row(1, "0101"), true);
    coupling(&mut other, Some("0101"), false);
    assert_eq!(other.broken(), ["COUP-13"]);
}
