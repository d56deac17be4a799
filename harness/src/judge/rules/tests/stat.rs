//! STAT, CTRL.

use mock_spooler::trace::event::{By, Content, Outcome, What};
use serde_json::json;

use crate::judge::testing::{Tape, content, good, prop, row};

fn broken(tape: &mut Tape) -> Vec<String> {
    tape.step_end().logoff().broken()
}

/// A session without a status row, and with inbound on.
fn rowless() -> Tape {
    let mut tape = Tape::default();
    tape.step("logon");
    let call = tape.begin(
        By::Spooler,
        "provider#1",
        "IXPProvider.TransportLogon",
        &[("lpMAPISup", json!("support#1"))],
    );
    tape.reference("support#1", "AddRef", 2);
    tape.end(call, "S_OK", &[("lppXPLogon", json!("logon#1")), ("lpulFlags", json!("LOGON_SP_POLL"))]);
    tape.spooler("logon#1", "IXPLogon.AddressTypes", &[], "S_OK", &[]).step_end().step("begin");
    tape
}

#[test]
fn the_row_is_made_before_traffic() {
    let mut tape = rowless();
    tape.notify("NOTIFY_BEGIN_INBOUND", 0x0001_0001);
    assert_eq!(broken(&mut tape), ["STAT-01"]);
    let mut tape = rowless();
    tape.modify_row(row(1), false).notify("NOTIFY_BEGIN_INBOUND", 0x0001_0001);
    assert_eq!(broken(&mut tape), Vec::<String>::new());
}

#[test]
fn the_row_has_what_the_provider_owes() {
    for missing in 0..3 {
        let mut tape = rowless();
        let mut columns = row(0x0001_0001);
        columns.remove(missing);
        tape.modify_row(columns.clone(), false).modify_row(columns, true);
        assert_eq!(broken(&mut tape), ["STAT-02"], "column {missing}");
    }
}

#[test]
fn computed_columns_are_left_to_mapi() {
    let mut tape = rowless();
    let mut columns = row(1);
    columns.push(prop("0x3E030003", json!(0x23)));
    tape.modify_row(columns, false);
    assert_eq!(broken(&mut tape), ["STAT-03"]);
}

#[test]
fn changes_are_updates() {
    let mut tape = good();
    tape.modify_row(row(0x0001_0001), false);
    assert_eq!(broken(&mut tape), ["STAT-04"]);
    let mut tape = good();
    let mut another = row(0x0001_0001);
    another[0].value = json!("Another queue");
    tape.modify_row(another, false);
    assert_eq!(broken(&mut tape), Vec::<String>::new(), "a second row is no change of the first");
}

#[test]
fn an_identity_is_whole() {
    let with = |ids: &[&str]| {
        let mut tape = rowless();
        let mut columns = row(1);
        columns.extend(ids.iter().map(|tag| prop(tag, json!("x"))));
        tape.modify_row(columns, false);
        broken(&mut tape)
    };
    assert_eq!(with(&["0x3E00001F", "0x3E010102", "0x3E050102"]), Vec::<String>::new());
    assert_eq!(with(&["0x3E00001F"]), ["STAT-05"]);
}

#[test]
fn the_status_object_is_there_and_works() {
    let with = |hr: &str, entry: &str, kind: u32, method: &str| {
        let mut tape = good();
        let out = [("lppEntry", json!(entry)), ("lpulObjType", json!(kind))];
        tape.step("open-status-entry").spooler("logon#1", "IXPLogon.OpenStatusEntry", &[], hr, &out);
        if hr == "S_OK" && entry != "null" {
            tape.spooler(
                "status#1",
                "IMAPIStatus.ValidateState",
                &[("ulFlags", json!("SUPPRESS_UI"))],
                method,
                &[],
            );
            tape.spooler("status#1", "IUnknown.Release", &[], "0", &[]);
        }
        broken(&mut tape)
    };
    assert_eq!(with("S_OK", "theirs", 10, "S_OK"), Vec::<String>::new());
    assert_eq!(with("MAPI_E_NO_SUPPORT", "null", 0, ""), ["STAT-06"]);
    assert_eq!(with("S_OK", "null", 10, ""), ["STAT-06"]);
    assert_eq!(with("S_OK", "theirs", 5, "S_OK"), ["STAT-06"]);
    assert_eq!(with("S_OK", "theirs", 10, "MAPI_E_NO_SUPPORT"), ["STAT-07"]);
    assert_eq!(with("S_OK", "theirs", 10, "MAPI_E_BUSY"), Vec::<String>::new());
}

#[test]
fn the_row_goes_with_the_support_object() {
    let mut tape = good();
    let call = tape.begin(By::Spooler, "logon#1", "IXPLogon.TransportLogoff", &[]);
    tape.reference("support#1", "Release", 0).end(call, "S_OK", &[]);
    assert_eq!(tape.broken(), ["STAT-08"]);
}

#[test]
fn a_ready_provider_is_available() {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").step("begin").notify("NOTIFY_BEGIN_INBOUND", 0x0001_0000).step_end();
    tape.arrive("m1").step("receive").poll(1).receive("m1", 7);
    assert_eq!(broken(&mut tape), ["STAT-09"]);
}

#[test]
fn flags_come_back_unchanged() {
    let mut tape = good();
    tape.step("transport-notify").spooler(
        "logon#1",
        "IXPLogon.TransportNotify",
        &[("lpulFlags", json!("NOTIFY_END_INBOUND_FLUSH"))],
        "S_OK",
        &[("lpulFlags", json!("0"))],
    );
    assert_eq!(broken(&mut tape), ["CTRL-01"]);
}

#[test]
fn the_row_follows_the_direction() {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").step("begin").notify("NOTIFY_BEGIN_INBOUND", 1);
    assert_eq!(broken(&mut tape), ["CTRL-02"]);
    let mut tape = good();
    tape.step("end").notify("NOTIFY_END_INBOUND", 0x0001_0001);
    assert_eq!(broken(&mut tape), ["CTRL-02"]);
    let mut tape = good();
    tape.step("end").notify("NOTIFY_END_INBOUND", 1);
    assert_eq!(broken(&mut tape), Vec::<String>::new());
}

#[test]
fn a_direction_ends_with_its_own_end() {
    let with = |code: u64| {
        let mut tape = good();
        tape.step("transport-notify").notify("NOTIFY_BEGIN_INBOUND_FLUSH", 0x0005_0001);
        tape.notify("NOTIFY_END_INBOUND_FLUSH", code).step_end();
        tape.step("end").notify("NOTIFY_END_INBOUND", 1);
        broken(&mut tape)
    };
    assert_eq!(with(0x0001_0001), Vec::<String>::new());
    assert_eq!(with(1), ["CTRL-02"]);
}

#[test]
fn who_shows_a_direction_clears_it() {
    let with = |code: u64| {
        let mut tape = good();
        tape.step("begin").notify("NOTIFY_BEGIN_OUTBOUND", 0x0011_0001).step_end();
        tape.step("end").notify("NOTIFY_END_OUTBOUND", code);
        broken(&mut tape)
    };
    assert_eq!(with(0x0001_0001), Vec::<String>::new());
    assert_eq!(with(0x0011_0001), ["CTRL-03"]);
}

#[test]
fn a_message_in_process_is_completed() {
    let with = |hr: &str, outcome: Outcome| {
        let mut tape = Tape::default();
        tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").step("receive").poll(1);
        let call = tape.start();
        tape.set_props("m1", 7).thread(1).notify("NOTIFY_END_INBOUND", 1).thread(0);
        tape.on_message("IMAPIProp.SaveChanges", &[], 7);
        tape.returns(call, hr, 7, outcome, content("m1"));
        broken(&mut tape)
    };
    assert_eq!(with("S_OK", Outcome::Delivered), Vec::<String>::new());
    assert_eq!(with("S_OK", Outcome::Empty), ["CTRL-04"]);
}

#[test]
fn nothing_is_offered_after_the_end() {
    let with = |before: bool| {
        let mut tape = good();
        tape.step("end").notify("NOTIFY_END_INBOUND", 1).step_end();
        let offer = |tape: &mut Tape| {
            tape.callback(
                "support#1",
                "IMAPISupport.SpoolerNotify",
                &[("ulFlags", json!("NOTIFY_NEWMAIL"))],
                "S_OK",
                &[],
            );
        };
        if before {
            offer(&mut tape);
        }
        tape.arrive("m2");
        if !before {
            offer(&mut tape);
        }
        tape.logoff().broken()
    };
    assert_eq!(with(true), Vec::<String>::new(), "it may have been on its way");
    assert_eq!(with(false), ["CTRL-04"]);
}

#[test]
fn what_waits_is_not_offered_again_and_again() {
    let with = |count: usize, flushing: bool| {
        let mut tape = good();
        tape.arrive("m2").step("end").notify("NOTIFY_END_INBOUND", 1).step_end();
        if flushing {
            tape.step("transport-notify").notify("NOTIFY_BEGIN_INBOUND_FLUSH", 0x0004_0001).step_end();
        }
        tape.thread(1);
        for _ in 0..count {
            let args = [("ulFlags", json!("NOTIFY_NEWMAIL"))];
            tape.callback("support#1", "IMAPISupport.SpoolerNotify", &args, "S_OK", &[]);
        }
        tape.thread(0).logoff().broken()
    };
    assert_eq!(with(3, false), Vec::<String>::new(), "they may have been on their way");
    assert_eq!(with(100, false), ["CTRL-04"]);
    assert_eq!(with(100, true), Vec::<String>::new(), "a flush needs no open direction");
}

#[test]
fn who_may_not_connect_receives_nothing() {
    let with = |passed: Option<&'static str>| {
        let mut tape = Tape::default();
        tape.passed = passed;
        tape.logon("LOGON_SP_POLL").step("begin").notify("NOTIFY_BEGIN_INBOUND", 1);
        broken(&mut tape).contains(&"CTRL-02".to_owned())
    };
    assert!(with(None));
    assert!(!with(Some("LOGON_NO_DIALOG|LOGON_NO_CONNECT")));
}

#[test]
fn a_second_thread_is_served() {
    let mut tape = good();
    tape.timed_out("thread");
    assert_eq!(broken(&mut tape), ["CTRL-06"]);
}

#[test]
fn mail_is_not_stranded() {
    let with = |offered: bool| {
        let mut tape = good();
        tape.step("end")
            .notify("NOTIFY_END_INBOUND", 1)
            .step_end()
            .arrive("m2")
            .begin_inbound()
            .step("receive");
        if offered {
            tape.poll(1).receive("m2", 8);
        } else {
            tape.poll(0).timed_out("announcement");
        }
        broken(&mut tape)
    };
    assert_eq!(with(true), Vec::<String>::new());
    assert_eq!(with(false), ["CTRL-07"]);
}

#[test]
fn the_spooler_keeps_directions() {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").step("receive").poll(0);
    assert_eq!(broken(&mut tape), ["CTRL-08"]);
    let mut tape = good();
    let both = "NOTIFY_BEGIN_OUTBOUND|NOTIFY_END_OUTBOUND";
    tape.step("begin").spooler(
        "logon#1",
        "IXPLogon.TransportNotify",
        &[("lpulFlags", json!(both))],
        "S_OK",
        &[],
    );
    assert_eq!(broken(&mut tape), ["CTRL-08"]);
}

#[test]
fn support_objects_are_not_mixed_up() {
    let mut tape = good();
    tape.event(What::Step { index: 9, step: "logon".to_owned(), session: "second".to_owned() });
    let call = tape.begin(
        By::Spooler,
        "provider#1",
        "IXPProvider.TransportLogon",
        &[("lpMAPISup", json!("support#2"))],
    );
    tape.reference("support#2", "AddRef", 2);
    tape.end(call, "S_OK", &[("lppXPLogon", json!("logon#2")), ("lpulFlags", json!("LOGON_SP_POLL"))]);
    tape.spooler("logon#2", "IXPLogon.AddressTypes", &[], "S_OK", &[]);
    tape.event(What::StatusRow { session: "second".to_owned(), row: Some(row(1)) });
    tape.event(What::StepEnd { index: 9 });
    tape.event(What::Step { index: 10, step: "begin".to_owned(), session: "second".to_owned() });
    let call = tape.begin(
        By::Spooler,
        "logon#2",
        "IXPLogon.TransportNotify",
        &[("lpulFlags", json!("NOTIFY_BEGIN_INBOUND"))],
    );
    tape.modify_row(row(0x0001_0001), true).end(call, "S_OK", &[]);
    tape.event(What::StepEnd { index: 10 });
    assert_eq!(tape.broken(), ["LIFE-06"]);
}

#[test]
fn empty_messages_wait_for_nothing() {
    let mut tape = good();
    tape.step("nothing-waits");
    let call = tape.start();
    tape.returns(call, "S_OK", 1, Outcome::Empty, Content::default());
    assert_eq!(broken(&mut tape), ["RECV-01"], "the spooler asked without an announcement");
}

#[test]
fn address_types_end_where_their_count_says() {
    let with = |types: serde_json::Value| {
        let mut tape = good();
        let count = types.as_array().map_or(0, Vec::len);
        let out = [
            ("lpulFlags", json!("0")),
            ("lpcAdrType", json!(count)),
            ("lpppAdrTypeArray", types),
            ("lpcMAPIUID", json!(0)),
        ];
        tape.spooler("logon#1", "IXPLogon.AddressTypes", &[], "S_OK", &out);
        broken(&mut tape)
    };
    assert_eq!(with(json!(["ACME", "SMTP"])), Vec::<String>::new());
    assert_eq!(with(json!([""])), Vec::<String>::new(), "a single empty string means none");
    for beyond in ["\u{1}\u{2}", ""] {
        assert!(with(json!(["ACME", beyond])).contains(&"ADDR-01".to_owned()), "{beyond:?}");
    }
}
