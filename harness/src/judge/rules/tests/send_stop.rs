use mock_spooler::trace::event::{By, IllegalKind};
use serde_json::json;

use super::posting::{Post, course, in_vain, session};
use crate::judge::testing::{Tape, row};
use crate::verdict::ChildEnd;

const BEN: &str = "ben@example.net";

/// TransportNotify on a second thread, with these flags and data.
fn notify(tape: &mut Tape, flags: &str, reference: u64) {
    tape.thread(1);
    let args = [("lpulFlags", json!(flags)), ("lppvData", json!(reference))];
    tape.spooler("logon#1", "IXPLogon.TransportNotify", &args, "S_OK", &[("lpulFlags", json!(flags))]);
    tape.thread(0);
}

fn reads(tape: &mut Tape, post: &Post, times: usize) {
    for _ in 0..times {
        post.read(tape);
    }
}

fn cancelled(tape: &mut Tape, _: &Post) {
    notify(tape, "NOTIFY_CANCEL_MESSAGE", 5);
}

fn cancelled_in_the_midst(tape: &mut Tape, post: &Post) {
    notify(tape, "NOTIFY_CANCEL_MESSAGE", 5);
    reads(tape, post, 5);
}

/// A message that takes this course, and another one that goes well after it.
fn followed(post: &Post, sent: bool) -> Tape {
    let next = Post { message: "message#95", ..Post::good("m2", &[BEN]) };
    course(&[post.clone(), next.clone()], |tape| {
        if sent {
            post.sent(tape, &[BEN]);
        }
        next.sent(tape, &[BEN]);
    })
}

#[test]
fn canc_05_a_cancelled_message_is_stopped() {
    for hr in ["MAPI_E_USER_CANCEL", "MAPI_E_CANCEL", "MAPI_E_CALL_FAILED"] {
        let stopped = Post { meanwhile: cancelled, sender: None, ..Post::failing("m1", &[BEN], hr) };
        let mut tape = followed(&stopped, false);
        assert_eq!(tape.broken(), Vec::<String>::new(), "{hr}");
        assert!(tape.judge().exercised.contains("CANC-05"));
    }
    // Who is past the last look has sent it.
    let past = Post { meanwhile: cancelled, ..Post::good("m1", &[BEN]) };
    assert_eq!(followed(&past, true).broken(), Vec::<String>::new());
    let unmoved = Post { meanwhile: cancelled_in_the_midst, ..Post::good("m1", &[BEN]) };
    assert_eq!(followed(&unmoved, true).broken(), ["CANC-05"]);
}

#[test]
fn canc_05_who_was_not_sent_to_is_not_marked() {
    let marked = Post { meanwhile: cancelled, ..Post::good("m1", &[BEN]) };
    assert_eq!(followed(&marked, false).broken(), ["CANC-05"]);
    let saved = Post { hr: "MAPI_E_USER_CANCEL", fate: "failed", saved: Some(true), ..marked };
    assert_eq!(followed(&saved, false).broken(), ["CANC-05"]);
}

#[test]
fn canc_05_open_objects_are_released() {
    let opens = |tape: &mut Tape, post: &Post| {
        let call = tape.begin(By::Candidate, post.message, "IMessage.OpenAttach", &[]);
        tape.end(call, "S_OK", &[("lppAttach", json!("attachment#1"))]);
        notify(tape, "NOTIFY_CANCEL_MESSAGE", 5);
    };
    let post = Post { meanwhile: opens, sender: None, ..Post::failing("m1", &[BEN], "MAPI_E_USER_CANCEL") };
    assert_eq!(followed(&post, false).broken(), ["CANC-05"]);
}

#[test]
fn canc_02_it_returns_soon() {
    let lingers = |tape: &mut Tape, post: &Post| {
        notify(tape, "NOTIFY_CANCEL_MESSAGE", 5);
        reads(tape, post, 80);
    };
    let post = Post { meanwhile: lingers, sender: None, ..Post::failing("m1", &[BEN], "MAPI_E_USER_CANCEL") };
    assert_eq!(followed(&post, false).broken(), ["CANC-02"]);
}

#[test]
fn canc_04_no_reference_is_zero() {
    let early = |tape: &mut Tape, post: &Post| {
        let call = tape.begin_with(By::Candidate, post.message, "IUnknown.QueryInterface", &[], Some(0));
        tape.end(call, "MAPI_E_INTERFACE_NOT_SUPPORTED", &[]);
        notify(tape, "NOTIFY_CANCEL_MESSAGE", 0);
        reads(tape, post, 5);
    };
    let post = Post { meanwhile: early, ..Post::good("m1", &[BEN]) };
    assert_eq!(followed(&post, true).broken(), ["CANC-04"]);
}

#[test]
fn canc_06_a_yield_tells_of_it_too() {
    fn yields(tape: &mut Tape, post: &Post) {
        tape.callback("support#1", "IMAPISupport.SpoolerYield", &[], "MAPI_W_CANCEL_MESSAGE", &[]);
        reads(tape, post, 5);
    }
    let unmoved = Post { meanwhile: yields, ..Post::good("m1", &[BEN]) };
    assert_eq!(followed(&unmoved, true).broken(), ["CANC-06"]);
    let stopped =
        Post { meanwhile: yields, sender: None, ..Post::failing("m1", &[BEN], "MAPI_E_USER_CANCEL") };
    assert_eq!(followed(&stopped, false).broken(), Vec::<String>::new());
    let quiet = Post { marks: Vec::new(), sender: None, ..unmoved };
    assert_eq!(followed(&quiet, false).broken(), ["CANC-06"]);
}

#[test]
fn canc_07_a_deferral_can_be_aborted() {
    let deferred = Post {
        end: ("S_OK", "END_DONT_RESEND"),
        marks: Vec::new(),
        sender: None,
        fate: "deferred",
        ..Post::good("m1", &[BEN])
    };
    let aborted = |hr: &str, sent: bool| {
        let mut tape = session();
        tape.step("send");
        deferred.play(&mut tape);
        tape.step_end().step("transport-notify");
        let args = [("lpulFlags", json!("NOTIFY_ABORT_DEFERRED"))];
        tape.spooler(
            "logon#1",
            "IXPLogon.TransportNotify",
            &args,
            hr,
            &[("lpulFlags", json!("NOTIFY_ABORT_DEFERRED"))],
        );
        tape.step_end();
        if sent {
            deferred.sent(&mut tape, &[BEN]);
        }
        tape.logoff();
        tape
    };
    let mut good = aborted("S_OK", false);
    assert_eq!(good.broken(), Vec::<String>::new());
    assert!(good.judge().exercised.contains("CANC-07"));
    assert_eq!(aborted("MAPI_E_NO_SUPPORT", false).broken(), ["CANC-07"]);
    assert_eq!(aborted("S_OK", true).broken(), ["CANC-07"]);
}

#[test]
fn canc_08_a_strange_reference_changes_nothing() {
    let strange = |tape: &mut Tape, _: &Post| notify(tape, "NOTIFY_CANCEL_MESSAGE", 77);
    let post = Post { meanwhile: strange, ..Post::good("m1", &[BEN]) };
    let mut tape = followed(&post, true);
    assert_eq!(tape.broken(), Vec::<String>::new());
    assert!(tape.judge().exercised.contains("CANC-08"));
    let stopped =
        Post { meanwhile: strange, sender: None, ..Post::failing("m1", &[BEN], "MAPI_E_USER_CANCEL") };
    assert_eq!(followed(&stopped, false).broken(), ["CANC-08"]);
    assert_eq!(followed(&post, false).broken(), ["SEND-15"], "what is accepted is sent");
}

#[test]
fn ctrl_05_what_is_being_sent_is_finished() {
    let ends = |tape: &mut Tape, _: &Post| {
        tape.modify_row(row(1), true);
        notify(tape, "NOTIFY_END_OUTBOUND", 0);
    };
    let post = Post { meanwhile: ends, ..Post::good("m1", &[BEN]) };
    let finished = |post: &Post, sent: bool| {
        course(std::slice::from_ref(post), |tape| {
            if sent {
                post.sent(tape, &[BEN]);
            }
        })
    };
    assert_eq!(finished(&post, true).broken(), Vec::<String>::new());
    assert_eq!(finished(&post, false).broken(), ["SEND-15"], "what is accepted is sent");
    let stopped = Post { meanwhile: ends, sender: None, ..Post::failing("m1", &[BEN], "MAPI_E_CALL_FAILED") };
    assert_eq!(finished(&stopped, false).broken(), ["CTRL-05"]);
}

#[test]
fn robu_02_an_error_loses_nothing() {
    let fails = |tape: &mut Tape, post: &Post| {
        tape.injected(post.message, "IMAPIProp.GetProps", "MAPI_E_CALL_FAILED");
    };
    let failed = Post { meanwhile: fails, sender: None, ..Post::failing("m1", &[BEN], "MAPI_E_CALL_FAILED") };
    assert_eq!(followed(&failed, false).broken(), Vec::<String>::new());
    assert_eq!(followed(&failed, true).broken(), Vec::<String>::new(), "sent at most once");
    let lost = Post { meanwhile: fails, ..Post::good("m1", &[BEN]) };
    assert_eq!(followed(&lost, false).broken(), ["ROBU-02"]);
    let unmarked = Post { meanwhile: fails, marks: Vec::new(), ..Post::good("m1", &[BEN]) };
    assert_eq!(followed(&unmarked, true).broken(), ["ROBU-02"]);
    let mut twice = course(std::slice::from_ref(&failed), |tape| {
        failed.sent(tape, &[BEN]);
        failed.sent(tape, &[BEN]);
    });
    assert_eq!(twice.broken(), ["ROBU-02"]);
}

#[test]
fn memo_04_and_robu_03_likewise() {
    let starves = |tape: &mut Tape, _: &Post| {
        tape.fact("allocation-failed", json!({ "nth": 1 }));
    };
    assert_eq!(
        followed(&Post { meanwhile: starves, ..Post::good("m1", &[BEN]) }, false).broken(),
        ["MEMO-04"]
    );
    let post =
        Post { meanwhile: cancelled, sender: None, ..Post::failing("m1", &[BEN], "MAPI_E_USER_CANCEL") };
    let stuck = Post { message: "message#95", sender: None, ..Post::failing("m2", &[BEN], "MAPI_E_BUSY") };
    assert_eq!(
        in_vain(&[post.clone(), stuck]).broken(),
        ["ROBU-03"],
        "a cancellation stopped the next one, too"
    );
    let mut leaking = followed(&post, false);
    leaking.illegal(IllegalKind::Leak, "block#9", "made after event 1");
    assert_eq!(leaking.broken(), ["ROBU-03"]);
}

#[test]
fn a_process_that_ends_in_a_cancelled_submission() {
    let mut tape = session();
    tape.step("send").fact("submitted", json!({ "mail": "m1", "recipients": [], "own-type": "ACME" }));
    let args = [("lpMessage", json!("message#91"))];
    tape.begin(By::Spooler, "logon#1", "IXPLogon.SubmitMessage", &args);
    let read = tape.begin_with(By::Candidate, "message#91", "IMAPIProp.GetProps", &[], Some(5));
    tape.end(read, "S_OK", &[]);
    notify(&mut tape, "NOTIFY_CANCEL_MESSAGE", 5);
    let ends = tape.judge_end(&ChildEnd::Signalled("SIGSEGV".to_owned()));
    assert_eq!(crate::judge::testing::names(&ends), ["ROBU-03"]);
}
