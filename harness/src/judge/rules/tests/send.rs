use mock_spooler::trace::event::{By, IllegalKind};
use serde_json::json;

use super::posting::{Post, course, found, in_vain, session, to};
use crate::judge::NONTRANSMITTABLE;
use crate::judge::testing::{Tape, prop};

const BEN: &str = "ben@example.net";
const CLEO: &str = "cleo@example.net";

fn none() -> Vec<String> {
    Vec::new()
}

/// What is found where one message to Ben takes this course, and is sent to him.
fn judged(post: &Post) -> Vec<String> {
    course(std::slice::from_ref(post), |tape| post.sent(tape, &[BEN])).broken()
}

fn exercised(tape: &mut Tape, id: &str) -> bool {
    tape.judge().exercised.contains(id)
}

#[test]
fn a_good_course() {
    let post = Post::good("m1", &[BEN, CLEO]);
    let mut tape = course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN, CLEO]));
    let judgement = tape.judge();
    assert_eq!(judgement.findings, []);
    assert_eq!(judgement.harness_errors, none());
    for id in ["SEND-01", "SEND-02", "SEND-07", "SEND-08", "SEND-09", "SEND-12", "SEND-13", "SEND-15"] {
        assert!(judgement.exercised.contains(id), "{id}");
    }
}

#[test]
fn a_reference_stays() {
    let changed = Post { reference: 1005, ..Post::good("m1", &[BEN]) };
    assert_eq!(judged(&changed), ["SEND-01"]);
    let failed = Post { reference: 1005, ..Post::failing("m1", &[BEN], "MAPI_E_CALL_FAILED") };
    assert!(!course(std::slice::from_ref(&failed), |_| {}).broken().contains(&"SEND-01".to_owned()));
}

#[test]
fn a_critical_error_ends_a_submission() {
    let with = |hr: &'static str| {
        let tell = |tape: &mut Tape, _: &Post| {
            let data = [("ulFlags", json!("NOTIFY_CRITICAL_ERROR")), ("lpvData", json!("pointer"))];
            tape.callback("support#1", "IMAPISupport.SpoolerNotify", &data, "S_OK", &[]);
        };
        let post = Post { sender: None, meanwhile: tell, ..Post::failing("m1", &[BEN], hr) };
        course(std::slice::from_ref(&post), |_| {}).broken().contains(&"NOTI-11".to_owned())
    };
    assert!(with("S_OK"));
    assert!(!with("MAPI_E_CALL_FAILED"));
}

#[test]
fn who_only_receives_is_not_waited_for() {
    use crate::capability::Capability;
    // The file names a sink, and denies the capability: the case is asked all the same, once.
    let with = |claims: &[Capability]| {
        let mut tape = in_vain(&[Post { sender: None, ..Post::failing("m1", &[BEN], "MAPI_E_NOT_ME") }]);
        tape.capabilities = Some(claims.to_vec());
        tape.needs = vec![Capability::Outbound];
        tape.broken()
    };
    assert_eq!(with(&[Capability::Inbound]), none());
    assert_eq!(with(&[Capability::Inbound, Capability::Outbound]), ["SEND-15"]);
}

#[test]
fn one_mail_for_each_recipient() {
    let post = Post::good("m1", &[BEN, CLEO]);
    let mut tape = course(std::slice::from_ref(&post), |tape| {
        post.sent(tape, &[BEN]);
        post.sent(tape, &[CLEO]);
    });
    assert_eq!(tape.broken(), none());
}

#[test]
fn without_an_envelope() {
    let post = Post::good("m1", &[BEN, CLEO]);
    let mut tape = course(std::slice::from_ref(&post), |tape| {
        found(tape, &post.mail(&[]).replacen("X-Sent-To: ", "X-Not: ", 1));
    });
    tape.without_envelope = true;
    assert_eq!(tape.broken(), none());
}

#[test]
fn send_01_the_reference_comes_first() {
    assert_eq!(judged(&Post { first: 0, ..Post::good("m1", &[BEN]) }), ["SEND-01"]);
    assert_eq!(judged(&Post { first: 5, reference: 0, ..Post::good("m1", &[BEN]) }), ["SEND-01"]);
}

#[test]
fn send_02_who_is_sent_to_is_marked() {
    let post = Post { marks: vec![BEN], ..Post::good("m1", &[BEN, CLEO]) };
    let mut unmarked = course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN, CLEO]));
    assert_eq!(unmarked.broken(), ["SEND-02"]);
    // Whom it does not serve it leaves to others.
    assert_eq!(course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN])).broken(), none());
}

#[test]
fn send_02_a_foreign_recipient_is_not_marked() {
    let mut post = Post::good("m1", &[BEN, "fax"]);
    post.to[1] = json!({ "address": "fax", "kind": "to", "type": "FAX" });
    assert_eq!(judged(&post), ["SEND-02"]);
    post.marks = vec![BEN];
    assert_eq!(judged(&post), none());
}

#[test]
fn send_02_who_was_reported_is_marked() {
    let reports = |tape: &mut Tape, post: &Post| report(tape, post, CLEO);
    let post = Post { marks: vec![BEN], meanwhile: reports, ..Post::good("m1", &[BEN, CLEO]) };
    assert_eq!(judged(&post), ["SEND-02"]);
    assert_eq!(judged(&Post { marks: vec![BEN, CLEO], ..post }), none());
}

fn report(tape: &mut Tape, post: &Post, address: &str) {
    let rows = json!([[prop("0x3003001F", json!(address)), prop("0x0C040003", json!(1))]]);
    let args = [("lpMessage", json!(post.message)), ("lpRecipList", rows)];
    tape.callback("support#1", "IMAPISupport.StatusRecips", &args, "S_OK", &[]);
}

#[test]
fn send_03_who_was_served_is_left_alone() {
    let mut post = Post { marks: vec![BEN], ..Post::good("m1", &[BEN, CLEO]) };
    post.to[1] = json!({ "address": CLEO, "kind": "to", "served": true });
    let mut tape = course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN]));
    assert_eq!(tape.broken(), none());
    assert!(exercised(&mut tape, "SEND-03"));
    assert_eq!(
        course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN, CLEO])).broken(),
        ["SEND-03"]
    );
}

#[test]
fn send_03_another_try_leaves_alone_who_has_it() {
    let first = Post {
        end: ("S_OK", "END_RESEND_NOW"),
        marks: vec![BEN],
        fate: "",
        ..Post::good("m1", &[BEN, CLEO])
    };
    let second = Post { message: "message#92", again: true, ..Post::good("m1", &[BEN, CLEO]) };
    let both = [first.clone(), second.clone()];
    let rest = |tape: &mut Tape| {
        first.sent(tape, &[BEN]);
        second.sent(tape, &[CLEO]);
    };
    assert_eq!(course(&both, rest).broken(), none());
    let twice = |tape: &mut Tape| {
        first.sent(tape, &[BEN]);
        second.sent(tape, &[BEN, CLEO]);
    };
    assert_eq!(course(&both, twice).broken(), ["SEND-03"]);
}

#[test]
fn send_04_a_wait_has_its_time() {
    for hr in ["MAPI_E_WAIT", "MAPI_E_NETWORK_ERROR"] {
        let post = Post { fate: "after", wait: 30, ..Post::failing("m1", &[BEN], hr) };
        assert_eq!(course(std::slice::from_ref(&post), |_| {}).broken(), none());
        assert_eq!(course(&[Post { wait: 0, ..post }], |_| {}).broken(), ["SEND-04"]);
    }
}

#[test]
fn send_05_a_refusal_has_processed_nothing() {
    let post = Post { fate: "refused", ..Post::failing("m1", &[BEN], "MAPI_E_NOT_ME") };
    let mut tape = course(std::slice::from_ref(&post), |_| {});
    assert_eq!(tape.broken(), none());
    assert!(exercised(&mut tape, "SEND-05"));
    assert_eq!(course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN])).broken(), ["SEND-05"]);
    assert_eq!(course(&[Post { marks: vec![BEN], ..post.clone() }], |_| {}).broken(), ["SEND-05"]);
    let alarm = |tape: &mut Tape, _: &Post| {
        let args = [("ulFlags", json!("NOTIFY_CRITICAL_ERROR"))];
        tape.callback("support#1", "IMAPISupport.SpoolerNotify", &args, "S_OK", &[]);
    };
    let broken = course(&[Post { meanwhile: alarm, ..post }], |_| {}).broken();
    assert!(broken.contains(&"SEND-05".to_owned()), "{broken:?}");
}

#[test]
fn send_05_cancel_answers_another_try() {
    let post = Post::failing("m1", &[BEN], "MAPI_E_CANCEL");
    assert_eq!(course(std::slice::from_ref(&post), |_| {}).broken(), ["SEND-05"]);
    assert_eq!(course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN])).broken(), ["SEND-05"]);
    let first =
        Post { end: ("S_OK", "END_DONT_RESEND"), marks: Vec::new(), fate: "", ..Post::good("m1", &[BEN]) };
    let second = Post { message: "message#92", again: true, ..post };
    assert_eq!(course(&[first, second], |_| {}).broken(), none());
}

#[test]
fn send_06_what_was_served_is_saved_before_a_failure() {
    let post = Post { marks: vec![BEN], ..Post::failing("m1", &[BEN, CLEO], "MAPI_E_CALL_FAILED") };
    assert_eq!(judged(&post), ["SEND-06"]);
    assert_eq!(judged(&Post { saved: Some(true), ..post }), none());
}

#[test]
fn send_06_another_try_sends_again_what_was_not_saved() {
    let first = Post { wait: 1, fate: "", ..Post::failing("m1", &[BEN], "MAPI_E_WAIT") };
    let second = Post { message: "message#92", again: true, ..Post::good("m1", &[BEN]) };
    let mut tape = session();
    tape.step("send");
    first.play(&mut tape);
    tape.wait(1000);
    second.play(&mut tape);
    tape.step_end().step("sent");
    second.sent(&mut tape, &[BEN]);
    second.sent(&mut tape, &[BEN]);
    tape.step_end().logoff();
    assert_eq!(tape.broken(), ["SEND-06"]);
}

#[test]
fn send_07_internals_are_not_sent() {
    let post = Post::good("m1", &[BEN]);
    let tale = post.mail(&[BEN]).replace("Body", NONTRANSMITTABLE);
    let broken = course(std::slice::from_ref(&post), |tape| found(tape, &tale)).broken();
    assert!(broken.contains(&"SEND-07".to_owned()), "{broken:?}");
    let header = format!("X-Secret: {NONTRANSMITTABLE}\r\n{}", post.mail(&[BEN]));
    assert_eq!(course(std::slice::from_ref(&post), |tape| found(tape, &header)).broken(), ["SEND-07"]);
}

#[test]
fn send_07_p1_recipients_do_not_show() {
    let mut post = Post::good("m1", &[BEN, CLEO]);
    post.to[1] = json!({ "address": CLEO, "kind": "p1" });
    assert_eq!(
        course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN, CLEO])).broken(),
        ["SEND-07"]
    );
    let hidden =
        post.mail(&[BEN, CLEO]).replace(&format!("To: {BEN}, {CLEO}\r\nS"), &format!("To: {BEN}\r\nS"));
    assert_eq!(course(&[post], |tape| found(tape, &hidden)).broken(), none());
}

#[test]
fn send_08_end_message_answers_with_known_flags() {
    assert_eq!(judged(&Post { end: ("S_OK", "0x00000001"), ..Post::good("m1", &[BEN]) }), ["SEND-08"]);
    assert_eq!(judged(&Post { end: ("MAPI_E_CALL_FAILED", "0"), ..Post::good("m1", &[BEN]) }), ["SEND-08"]);
    assert_eq!(judged(&Post { end: ("S_FALSE", "0"), ..Post::good("m1", &[BEN]) }), ["SEND-08"]);
    let again = Post { end: ("S_OK", "END_RESEND_LATER"), fate: "", ..Post::good("m1", &[BEN]) };
    let refused = Post { message: "message#92", again: true, ..Post::failing("m1", &[BEN], "MAPI_E_NOT_ME") };
    assert_eq!(course(&[again.clone(), refused], |tape| again.sent(tape, &[BEN])).broken(), ["SEND-08"]);
}

#[test]
fn send_09_objects_are_released() {
    fn opens(tape: &mut Tape, post: &Post) {
        let call = tape.begin(By::Candidate, post.message, "IMessage.OpenAttach", &[]);
        tape.end(call, "S_OK", &[("lppAttach", json!("attachment#1"))]);
    }
    let releases = |tape: &mut Tape, post: &Post| {
        opens(tape, post);
        tape.reference("attachment#1", "Release", 0);
    };
    assert_eq!(judged(&Post { meanwhile: releases, ..Post::good("m1", &[BEN]) }), none());
    assert_eq!(judged(&Post { meanwhile: opens, ..Post::good("m1", &[BEN]) }), ["SEND-09"]);
}

#[test]
fn send_09_the_message_is_not_released_nor_used_later() {
    let releases = |tape: &mut Tape, post: &Post| {
        tape.illegal(IllegalKind::OverRelease, post.message, "Release of a reference that is not held");
    };
    assert_eq!(judged(&Post { meanwhile: releases, ..Post::good("m1", &[BEN]) }), ["SEND-09"]);
    let post = Post::good("m1", &[BEN]);
    let mut tape = course(std::slice::from_ref(&post), |tape| {
        post.sent(tape, &[BEN]);
        tape.illegal(IllegalKind::UseAfterReturn, post.message, "GetProps after the loan");
    });
    assert_eq!(tape.broken(), ["SEND-09"]);
}

#[test]
fn send_10_a_deferred_message_is_asked_for() {
    let first =
        Post { end: ("S_OK", "END_DONT_RESEND"), marks: Vec::new(), fate: "", ..Post::good("m1", &[BEN]) };
    let second = Post { message: "message#92", again: true, ..Post::good("m1", &[BEN]) };
    let mut tape = course(&[first.clone(), second.clone()], |tape| second.sent(tape, &[BEN]));
    assert_eq!(tape.broken(), none());
    assert!(exercised(&mut tape, "SEND-10"));
    let mut tape = session();
    tape.step("send");
    Post { fate: "deferred", ..first }.play(&mut tape);
    tape.timed_out("sent-deferred").step_end().logoff();
    assert_eq!(tape.broken(), ["SEND-10"]);
}

#[test]
fn send_11_a_failure_is_reported_once() {
    let nobody = "nobody@nowhere.invalid";
    let once = |tape: &mut Tape, post: &Post| report(tape, post, "nobody@nowhere.invalid");
    let twice = |tape: &mut Tape, post: &Post| {
        report(tape, post, "nobody@nowhere.invalid");
        report(tape, post, "nobody@nowhere.invalid");
    };
    let post = Post { meanwhile: once, ..Post::good("m1", &[BEN, nobody]) };
    assert_eq!(judged(&post), none());
    assert_eq!(judged(&Post { meanwhile: twice, ..post.clone() }), ["SEND-11"]);
    let served = |tape: &mut Tape, post: &Post| {
        report(tape, post, "nobody@nowhere.invalid");
        report(tape, post, BEN);
    };
    assert_eq!(judged(&Post { meanwhile: served, ..post.clone() }), ["SEND-11"]);
    assert_eq!(judged(&Post { meanwhile: |_, _| {}, ..post.clone() }), ["SEND-11"]);
    // One that sends it nevertheless leaves the failure to others.
    let unaware = Post { meanwhile: |_, _| {}, ..post };
    assert_eq!(
        course(std::slice::from_ref(&unaware), |tape| unaware.sent(tape, &[BEN, nobody])).broken(),
        none()
    );
}

#[test]
fn send_12_the_sender_is_the_identity() {
    assert_eq!(judged(&Post { sender: None, ..Post::good("m1", &[BEN]) }), ["SEND-12"]);
    assert_eq!(judged(&Post { sender: Some("anna@example.org"), ..Post::good("m1", &[BEN]) }), ["SEND-12"]);
}

/// A store that is coupled with the transport has served the recipient: the transport, which is asked all the same, serves nobody.
#[test]
fn send_12_who_serves_nobody_sets_no_sender() {
    let post = Post { sender: None, marks: Vec::new(), ..Post::good("m1", &[BEN]) };
    let mut tape = course(std::slice::from_ref(&post), |tape| {
        post.sent(tape, &[BEN]);
        let row = json!([prop("0x3003001F", json!(BEN)), prop("0x0E0F000B", json!(true))]);
        tape.fact("settled", json!({ "mail": "m1", "fate": "done", "recipients": [row] }));
    });
    let broken = tape.broken();
    assert!(!broken.iter().any(|line| line.contains("SEND-12")), "{broken:?}");
}

#[test]
fn send_13_the_spooler_ends_what_was_accepted() {
    let post = Post::good("m1", &[BEN]);
    let mut tape = course(std::slice::from_ref(&post), |tape| {
        post.sent(tape, &[BEN]);
        tape.spooler(
            "logon#1",
            "IXPLogon.EndMessage",
            &[("ulMsgRef", json!(5))],
            "S_OK",
            &[("lpulFlags", json!("0"))],
        );
    });
    let broken = tape.broken();
    assert!(broken.iter().any(|line| line.contains("SEND-13")), "{broken:?}");
}

#[test]
fn send_14_the_spooler_waits() {
    let first = Post { wait: 5, fate: "", ..Post::failing("m1", &[BEN], "MAPI_E_WAIT") };
    let second = Post { message: "message#92", again: true, ..Post::good("m1", &[BEN]) };
    let broken = course(&[first, second.clone()], |tape| second.sent(tape, &[BEN])).broken();
    assert!(broken.iter().any(|line| line.contains("SEND-14")), "{broken:?}");
}

#[test]
fn send_15_what_is_accepted_is_sent_once() {
    let post = Post::good("m1", &[BEN, CLEO]);
    assert_eq!(in_vain(std::slice::from_ref(&post)).broken(), ["SEND-15"]);
    assert_eq!(course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN])).broken(), ["SEND-15"]);
    let twice = |tape: &mut Tape| {
        post.sent(tape, &[BEN, CLEO]);
        post.sent(tape, &[CLEO]);
    };
    assert_eq!(course(std::slice::from_ref(&post), twice).broken(), ["SEND-15"]);
    let mut two = course(&[post.clone(), Post::good("m2", &[BEN])], |tape| {
        post.sent(tape, &[BEN, CLEO]);
        Post::good("m2", &[BEN]).sent(tape, &[BEN]);
        found(tape, "Subject: never submitted\r\n\r\nWhat?\r\n");
    });
    assert_eq!(two.broken(), ["SEND-15"]);
}

#[test]
fn send_15_what_does_nothing_sends_nothing() {
    let idle = Post { marks: Vec::new(), sender: None, ..Post::good("m1", &[BEN]) };
    assert_eq!(in_vain(&[idle]).broken(), ["SEND-15"]);
    let refuses = Post::failing("m1", &[BEN], "MAPI_E_NO_SUPPORT");
    assert_eq!(in_vain(&[refuses]).broken(), ["SEND-15"]);
}

#[test]
fn send_15_what_is_sent_is_what_was_submitted() {
    let post = Post::good("m1", &[BEN]);
    let sent = |from: &str, into: &str| {
        let text = post.mail(&[BEN]).replace(from, into);
        course(std::slice::from_ref(&post), |tape| found(tape, &text)).broken()
    };
    assert_eq!(sent("Body of m1\r\n", "Body of m1"), none());
    assert_eq!(sent("Message-ID: <m1@", "Message-ID: <new@"), none());
    assert_eq!(sent("Body of m1", "Body of m2"), ["SEND-15"]);
    assert_eq!(sent("Subject: m1", "Subject: m"), ["SEND-15"]);
    assert_eq!(sent("\r\nTo: ", "\r\nCc: "), ["SEND-15"]);
    assert_eq!(sent("Body of m1\r\n", ""), ["SEND-15"]);
}

#[test]
fn send_15_who_has_sent_it_and_when() {
    let post = Post::good("m1", &[BEN]);
    let own = "From: me@example.org\r\n";
    let sent = |head: &str| {
        let text = post.mail(&[BEN]).replace(own, head);
        course(std::slice::from_ref(&post), |tape| found(tape, &text)).broken()
    };
    assert_eq!(sent(""), none());
    assert_eq!(sent("From: Somebody <somebody@example.org>\r\n"), none(), "the account's own address");
    assert_eq!(sent("From: anna@example.org\r\nSender: me@example.org\r\n"), none());
    assert_eq!(sent("From: \"Anna\" <anna@example.org>\r\n"), none());
    assert_eq!(sent("From: Otto <anna@example.org>\r\n"), ["SEND-15"]);
    assert_eq!(sent(&format!("From: Anna <{BEN}>\r\n")), ["SEND-15"]);
    let itself = Post { sender: Some(BEN), ..post.clone() };
    let text = post.mail(&[BEN]).replace(own, &format!("From: {BEN}\r\n"));
    assert_eq!(
        course(std::slice::from_ref(&itself), |tape| found(tape, &text)).broken(),
        ["SEND-12"],
        "it says that it is logged on as the recipient, which is one fault and no other"
    );
    let dated = |date: &str| sent(&format!("{own}Date: {date}\r\n"));
    assert_eq!(dated("Tue, 03 Mar 2026 12:00:00 +0200"), none());
    assert_eq!(dated("Wed, 18 Nov 2026 10:00:00 +0000"), none(), "the clock's");
    assert_eq!(dated("Tue, 03 Mar 2026 12:00:00 +0000"), ["SEND-15"]);
}

#[test]
fn send_15_a_blind_copy_does_not_show() {
    let mut post = Post::good("m1", &[BEN, CLEO]);
    post.to[1] = json!({ "address": CLEO, "kind": "bcc" });
    let hidden =
        post.mail(&[BEN, CLEO]).replace(&format!("To: {BEN}, {CLEO}\r\nS"), &format!("To: {BEN}\r\nS"));
    assert_eq!(course(std::slice::from_ref(&post), |tape| found(tape, &hidden)).broken(), none());
    assert_eq!(
        course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN, CLEO])).broken(),
        ["SEND-15"]
    );
    let named = hidden.replace("\r\nSubject:", &format!("\r\nBcc: {CLEO}\r\nSubject:"));
    assert_eq!(course(std::slice::from_ref(&post), |tape| found(tape, &named)).broken(), ["SEND-15"]);
    assert_eq!(to(BEN)["kind"], "to");
}

#[test]
fn an_error_that_becomes_success_is_seen() {
    let failing = |tape: &mut Tape, post: &Post| {
        tape.injected(post.message, "IMAPIProp.OpenProperty", "MAPI_E_CALL_FAILED");
    };
    let post = Post { meanwhile: failing, marks: Vec::new(), ..Post::good("m1", &[BEN]) };
    let next = Post { message: "message#92", ..Post::good("m2", &[BEN]) };
    let with = |post: &Post| course(&[post.clone(), next.clone()], |tape| next.sent(tape, &[BEN])).broken();
    assert_eq!(with(&post), ["ROBU-02"]);
    assert_eq!(with(&Post { hr: "MAPI_E_CALL_FAILED", fate: "failed", ..post.clone() }), none());
    assert_eq!(with(&Post { end: ("S_OK", "END_RESEND_LATER"), fate: "", ..post }), none());
}

#[test]
fn send_15_strangers_get_nothing() {
    let post = Post::good("m1", &[BEN]);
    assert_eq!(
        course(std::slice::from_ref(&post), |tape| post.sent(tape, &[BEN, "eve@example.net"])).broken(),
        ["SEND-15"]
    );
}

#[test]
fn reports_and_their_memory() {
    let nobody = "nobody@nowhere.invalid";
    let foreign = |tape: &mut Tape, post: &Post| {
        let call = tape.begin(
            By::Candidate,
            "support#1",
            "IMAPISupport.StatusRecips",
            &[
                ("lpMessage", json!(post.message)),
                ("lpRecipList", json!([[prop("0x3003001F", json!("nobody@nowhere.invalid"))]])),
            ],
        );
        tape.illegal(IllegalKind::ForeignFree, "", "memory that MAPI's functions did not make");
        tape.end(call, "S_OK", &[]);
    };
    let post = Post { meanwhile: foreign, ..Post::good("m1", &[BEN, nobody]) };
    assert_eq!(judged(&post), ["SEND-11"]);
    let again = |tape: &mut Tape, post: &Post| {
        report(tape, post, "nobody@nowhere.invalid");
        tape.illegal(IllegalKind::DoubleFree, "", "a block that was freed before");
    };
    assert_eq!(judged(&Post { meanwhile: again, ..post.clone() }), ["ROBU-05"]);
    let refused = |tape: &mut Tape, _: &Post| {
        tape.injected("support#1", "IMAPISupport.StatusRecips", "MAPI_E_CALL_FAILED");
    };
    let failed = Post { meanwhile: refused, ..Post::failing("m1", &[BEN, nobody], "MAPI_E_CALL_FAILED") };
    let mut tape = course(&[failed], |tape| {
        tape.illegal(IllegalKind::Leak, "", "2 block(s), made after event 1");
    });
    assert_eq!(tape.broken(), ["ROBU-05"]);
}
