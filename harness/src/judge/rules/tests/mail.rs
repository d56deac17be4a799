//! POLL, NOTI, IDLE and the mail that is not announced.

use mock_spooler::trace::event::{Announcer, Content, Outcome, Taken, Values, What};
use serde_json::{Value, json};

use crate::judge::testing::{Tape, content, good, names};

fn broken(tape: &mut Tape) -> Vec<String> {
    tape.step_end().logoff().broken()
}

fn session(returned: &str) -> Tape {
    let mut tape = Tape::default();
    tape.logon(returned).begin_inbound();
    tape
}

#[test]
fn poll_tells_the_truth() {
    let mut tape = session("LOGON_SP_POLL");
    tape.step("poll")
        .poll(0)
        .arrive("m1")
        .poll(1)
        .step_end()
        .step("receive")
        .poll(1)
        .receive("m1", 7)
        .poll(0);
    assert_eq!(broken(&mut tape), Vec::<String>::new());
    let mut tape = session("LOGON_SP_POLL");
    tape.step("poll").poll(1);
    assert_eq!(broken(&mut tape), ["POLL-02"]);
    let mut tape = session("LOGON_SP_POLL");
    tape.arrive("m1").step("receive").poll(0).poll(0).timed_out("announcement");
    assert_eq!(broken(&mut tape), ["POLL-02"]);
}

#[test]
fn poll_is_called_where_it_was_asked_for() {
    let mut tape = session("0");
    tape.step("poll").poll(0);
    assert_eq!(broken(&mut tape), ["POLL-01"]);
}

#[test]
fn poll_returns_s_ok() {
    let mut tape = session("LOGON_SP_POLL");
    tape.step("poll").spooler("logon#1", "IXPLogon.Poll", &[], "S_FALSE", &[("lpulIncoming", json!(0))]);
    assert_eq!(broken(&mut tape), ["POLL-03"]);
}

#[test]
fn poll_only_reports() {
    let mut tape = session("LOGON_SP_POLL");
    tape.arrive("m1")
        .step("poll")
        .poll(1)
        .poll(0)
        .step_end()
        .step("receive")
        .poll(0)
        .timed_out("announcement");
    assert_eq!(broken(&mut tape), ["POLL-04"]);
}

#[test]
fn most_polls_are_quick() {
    let with = |slow: usize| {
        let mut tape = session("LOGON_SP_POLL");
        tape.step("poll");
        for count in 0..4 {
            let call = tape.begin(mock_spooler::trace::event::By::Spooler, "logon#1", "IXPLogon.Poll", &[]);
            if count < slow {
                tape.wait(300);
            }
            tape.end(call, "S_OK", &[("lpulIncoming", json!(0))]);
        }
        broken(&mut tape)
    };
    assert_eq!(with(1), Vec::<String>::new());
    assert_eq!(with(4), ["POLL-05"]);
}

#[test]
fn what_was_polled_is_fetched() {
    let mut tape = session("LOGON_SP_POLL");
    tape.arrive("m1").step("receive").poll(1);
    assert_eq!(broken(&mut tape), ["POLL-06"]);
    let mut tape = session("LOGON_SP_POLL");
    tape.arrive("m1").step("receive").poll(1);
    let data = [("ulFlags", json!("NOTIFY_CRITICAL_ERROR")), ("lpvData", json!("pointer"))];
    tape.thread(1).callback("support#1", "IMAPISupport.SpoolerNotify", &data, "S_OK", &[]).thread(0);
    assert_eq!(broken(&mut tape), Vec::<String>::new(), "only what releases is called after that");
}

#[test]
fn an_unpolled_provider_notifies() {
    let mut tape = session("0");
    tape.arrive("m1").step("receive").newmail().receive("m1", 7);
    assert_eq!(broken(&mut tape), Vec::<String>::new());
    let mut tape = session("0");
    tape.arrive("m1").step("receive").newmail().receive("m1", 7).arrive("m2").timed_out("announcement");
    assert_eq!(broken(&mut tape), ["NOTI-01"]);
    let mut tape = session("0");
    tape.arrive("m1").step("receive").timed_out("announcement");
    assert_eq!(broken(&mut tape), ["LOGON-12"]);
}

#[test]
fn mail_does_not_wait_for_idle() {
    let mut tape = session("LOGON_SP_IDLE|LOGON_SP_POLL");
    tape.arrive("m1").step("receive").poll(0).timed_out("announcement");
    assert_eq!(broken(&mut tape), ["IDLE-02"]);
}

#[test]
fn idle_comes_where_it_was_asked_for() {
    let mut tape = session("LOGON_SP_POLL");
    tape.step("idle").spooler("logon#1", "IXPLogon.Idle", &[], "S_OK", &[]);
    assert_eq!(broken(&mut tape), ["IDLE-01"]);
}

/// A backlog of ten with this time between notifications, and five milliseconds for a message.
fn backlog(pause: u64) -> Vec<String> {
    let mut tape = session("0");
    for name in 0..10 {
        tape.arrive(&format!("m{name}"));
    }
    tape.step("receive").newmail();
    let coalesced = |tape: &mut Tape| {
        tape.callback(
            "support#1",
            "IMAPISupport.SpoolerNotify",
            &[("ulFlags", json!("NOTIFY_NEWMAIL"))],
            "S_OK",
            &[],
        );
        tape.event(What::Notified {
            session: "main".to_owned(),
            flags: "NOTIFY_NEWMAIL".to_owned(),
            taken: Taken::Coalesced,
        });
    };
    for _ in 0..4 {
        tape.wait(pause);
        coalesced(&mut tape);
    }
    for name in 0..10 {
        let call = tape.start();
        tape.set_props(&format!("m{name}"), 7).wait(5);
        tape.on_message("IMAPIProp.SaveChanges", &[], 7);
        tape.returns(call, "S_OK", 7, Outcome::Delivered, content(&format!("m{name}")));
    }
    broken(&mut tape)
}

#[test]
fn a_backlog_is_not_announced_faster_than_it_is_processed() {
    assert_eq!(backlog(1), ["NOTI-02"]);
    assert_eq!(backlog(20), Vec::<String>::new());
}

fn turn_of_another(tape: &mut Tape) {
    tape.event(What::Foreign {
        session: "foreign".to_owned(),
        m: "IXPLogon.Idle".to_owned(),
        args: Values::new(),
        hr: "S_OK".to_owned(),
        out: Values::new(),
        from: 0,
    });
}

fn notifications(tape: &mut Tape, flag: &str, count: usize) {
    for _ in 0..count {
        let data = [("ulFlags", json!(flag)), ("lpvData", Value::Null)];
        tape.callback("support#1", "IMAPISupport.SpoolerNotify", &data, "S_OK", &[]);
    }
}

#[test]
fn other_transports_keep_their_turns() {
    let with = |count: usize| {
        let mut tape = session("0");
        tape.arrive("m1").step("receive");
        turn_of_another(&mut tape);
        notifications(&mut tape, "NOTIFY_NEWMAIL", count);
        turn_of_another(&mut tape);
        tape.announced(Announcer::Notification).receive("m1", 7);
        broken(&mut tape)
    };
    assert_eq!(with(3), Vec::<String>::new());
    assert_eq!(with(40), ["NOTI-03"]);
}

#[test]
fn a_burst_from_within_a_call_takes_the_spoolers_time() {
    let with = |count: usize| {
        let mut tape = session("0");
        tape.arrive("m1").step("receive").newmail();
        let call = tape.start();
        tape.set_props("m1", 7);
        notifications(&mut tape, "NOTIFY_NEWMAIL", count);
        tape.on_message("IMAPIProp.SaveChanges", &[], 7);
        tape.returns(call, "S_OK", 7, Outcome::Delivered, content("m1"));
        broken(&mut tape)
    };
    assert_eq!(with(1), Vec::<String>::new());
    assert_eq!(with(100), ["NOTI-03"]);
}

#[test]
fn a_storm_about_nothing_takes_the_same_time() {
    let with = |flag: &str, count: usize, beside: bool| {
        let mut tape = session("LOGON_SP_POLL");
        tape.arrive("m1").step("receive");
        turn_of_another(&mut tape);
        tape.poll(1);
        let call = tape.start();
        tape.set_props("m1", 7).thread(u32::from(beside));
        notifications(&mut tape, flag, count);
        tape.thread(0).on_message("IMAPIProp.SaveChanges", &[], 7);
        tape.returns(call, "S_OK", 7, Outcome::Delivered, content("m1"));
        turn_of_another(&mut tape);
        names(&tape.step_end().logoff().judge()).contains(&"NOTI-03".to_owned())
    };
    for flag in ["NOTIFY_READYTOSEND", "NOTIFY_CONFIG_CHANGE"] {
        for beside in [false, true] {
            assert!(!with(flag, 100, beside), "{flag}");
            assert!(with(flag, 1000, beside), "{flag}");
        }
    }
    assert!(!with("NOTIFY_CRITSEC", 1000, false), "sections may be as short as a call");
}

#[test]
fn an_announced_message_outlives_other_tasks() {
    let with = |delivered: bool| {
        let mut tape = session("0");
        tape.arrive("m1").step("announce").newmail().step_end();
        tape.step("validate-state").spooler("logon#1", "IXPLogon.ValidateState", &[], "S_OK", &[]).step_end();
        tape.step("start-message");
        if delivered {
            tape.receive("m1", 7);
        } else {
            let call = tape.start();
            tape.returns(call, "S_OK", 1, Outcome::Empty, Content::default());
        }
        broken(&mut tape)
    };
    assert_eq!(with(true), Vec::<String>::new());
    assert_eq!(with(false), ["NOTI-04"]);
    let mut tape = session("0");
    tape.arrive("m1").step("announce").newmail().step_end();
    tape.step("validate-state").spooler("logon#1", "IXPLogon.ValidateState", &[], "S_OK", &[]).step_end();
    tape.step("receive").timed_out("announcement");
    assert_eq!(broken(&mut tape), ["NOTI-04"]);
}

#[test]
fn one_notification_stands_in_the_queue() {
    let queued = || What::Notified {
        session: "main".to_owned(),
        flags: "NOTIFY_NEWMAIL".to_owned(),
        taken: Taken::Queued,
    };
    let mut tape = session("0");
    tape.arrive("m1").event(queued());
    tape.event(queued());
    tape.fact("allocations", json!({"count": 0}))
        .step("receive")
        .announced(Announcer::Notification)
        .receive("m1", 7);
    assert_eq!(broken(&mut tape), ["NOTI-05"]);
}

/// A session in which the provider calls SpoolerNotify with these flags and this data.
fn notify(flags: &str, data: Value) -> Vec<String> {
    let mut tape = good();
    tape.callback(
        "support#1",
        "IMAPISupport.SpoolerNotify",
        &[("ulFlags", json!(flags)), ("lpvData", data)],
        "S_OK",
        &[],
    );
    tape.logoff().broken()
}

#[test]
fn notifications_carry_what_their_flags_say() {
    assert_eq!(notify("NOTIFY_READYTOSEND", Value::Null), Vec::<String>::new());
    assert_eq!(notify("NOTIFY_READYTOSEND", json!("pointer")), ["NOTI-06"]);
    assert_eq!(notify("NOTIFY_SENTDEFERRED", json!({"hex": "00"})), Vec::<String>::new());
    assert_eq!(notify("NOTIFY_SENTDEFERRED", Value::Null), ["NOTI-06"]);
    assert_eq!(notify("NOTIFY_SENTDEFERRED|NOTIFY_CRITICAL_ERROR", json!("pointer")), ["NOTI-07"]);
    assert_eq!(notify("NOTIFY_NEWMAIL_RECEIVED", json!("pointer")), ["NOTI-08"]);
}

#[test]
fn a_critical_section_is_ended_and_busy() {
    let with = |ended: bool, answer: &str| {
        let mut tape = good();
        tape.callback(
            "support#1",
            "IMAPISupport.SpoolerNotify",
            &[("ulFlags", json!("NOTIFY_CRITSEC"))],
            "S_OK",
            &[],
        );
        tape.step("validate-state").spooler("logon#1", "IXPLogon.ValidateState", &[], answer, &[]).step_end();
        if ended {
            tape.callback(
                "support#1",
                "IMAPISupport.SpoolerNotify",
                &[("ulFlags", json!("NOTIFY_NONCRIT"))],
                "S_OK",
                &[],
            );
        }
        tape.logoff().broken()
    };
    assert_eq!(with(true, "MAPI_E_BUSY"), Vec::<String>::new());
    assert_eq!(with(true, "S_OK"), ["NOTI-09"]);
    assert_eq!(with(false, "MAPI_E_BUSY"), ["NOTI-09"]);
}

#[test]
fn a_critical_section_is_left_alone() {
    let with = |polls: usize| {
        let mut tape = good();
        let told = |tape: &mut Tape, flag: &str| {
            tape.callback(
                "support#1",
                "IMAPISupport.SpoolerNotify",
                &[("ulFlags", json!(flag))],
                "S_OK",
                &[],
            );
        };
        told(&mut tape, "NOTIFY_CRITSEC");
        tape.step("poll");
        for _ in 0..polls {
            tape.poll(0);
        }
        tape.step_end();
        told(&mut tape, "NOTIFY_NONCRIT");
        tape.logoff().broken()
    };
    // The spooler may have been on its way into one call when a thread of the provider's told it.
    assert_eq!(with(1), Vec::<String>::new());
    assert_eq!(with(2), ["NOTI-10"]);
}

#[test]
fn a_critical_error_ends_the_call() {
    let with = |hr: &str| {
        let mut tape = session("LOGON_SP_POLL");
        tape.arrive("m1").step("receive").poll(1);
        let call = tape.start();
        tape.set_props("m1", 7);
        let data = [("ulFlags", json!("NOTIFY_CRITICAL_ERROR")), ("lpvData", json!("pointer"))];
        tape.callback("support#1", "IMAPISupport.SpoolerNotify", &data, "S_OK", &[]);
        tape.returns(call, hr, 7, Outcome::Failed, Content::default());
        broken(&mut tape)
    };
    assert_eq!(with("MAPI_E_CALL_FAILED"), Vec::<String>::new());
    assert_eq!(with("S_OK"), ["NOTI-11"]);
}

#[test]
fn the_support_object_is_not_used_after_release() {
    let mut tape = good();
    tape.logoff();
    tape.callback(
        "support#1",
        "IMAPISupport.SpoolerNotify",
        &[("ulFlags", json!("NOTIFY_NEWMAIL"))],
        "MAPI_E_INVALID_OBJECT",
        &[],
    );
    tape.illegal(
        mock_spooler::trace::event::IllegalKind::UseAfterRelease,
        "support#1",
        "SpoolerNotify was called",
    );
    assert_eq!(names(&tape.judge()), ["NOTI-13"]);
}
