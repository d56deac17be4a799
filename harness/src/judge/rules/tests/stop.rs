//! CANC, LOFF, VALS, FLSH.

use mock_spooler::trace::event::{By, Content, IllegalKind, Outcome};
use serde_json::{Value, json};

use crate::judge::testing::{Tape, content, good, row};

fn broken(tape: &mut Tape) -> Vec<String> {
    tape.step_end().logoff().broken()
}

/// A StartMessage in progress, one property set; its call.
fn in_process(reference: u64) -> (Tape, u64) {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").step("receive").poll(1);
    let call = tape.start();
    tape.set_props("m1", reference);
    (tape, call)
}

/// TransportNotify(NOTIFY_CANCEL_MESSAGE) with this reference, from a second thread.
fn cancel(tape: &mut Tape, reference: u64) {
    let args = [("lpulFlags", json!("NOTIFY_CANCEL_MESSAGE")), ("lppvData", json!(reference))];
    tape.thread(1).spooler("logon#1", "IXPLogon.TransportNotify", &args, "S_OK", &[]).thread(0);
}

#[test]
fn a_cancelled_message_stops() {
    for (reference, requirement) in [(7, "CANC-02"), (1, "CANC-04")] {
        let with = |more: usize| {
            let (mut tape, call) = in_process(reference);
            cancel(&mut tape, reference);
            for _ in 0..more {
                tape.on_message("IMAPIProp.SetProps", &[], reference);
            }
            if more > 0 {
                tape.on_message("IMAPIProp.SaveChanges", &[], reference);
                tape.returns(call, "S_OK", reference, Outcome::Delivered, content("m1"));
            } else {
                tape.returns(call, "MAPI_E_USER_CANCEL", reference, Outcome::Cancelled, Content::default());
                tape.poll(1).receive("m1", 9);
            }
            broken(&mut tape)
        };
        assert_eq!(with(0), Vec::<String>::new(), "{reference}");
        assert_eq!(with(2), Vec::<String>::new(), "{reference}: past its last look");
        assert_eq!(with(6), [requirement], "{reference}");
    }
}

#[test]
fn a_stream_may_be_written_line_by_line() {
    let with = |method: &str| {
        let (mut tape, call) = in_process(7);
        cancel(&mut tape, 7);
        for _ in 0..80 {
            tape.on_message(method, &[], 7);
        }
        tape.returns(call, "MAPI_E_USER_CANCEL", 7, Outcome::Cancelled, Content::default());
        tape.poll(1).receive("m1", 9);
        broken(&mut tape)
    };
    assert_eq!(
        with("ISequentialStream.Write"),
        Vec::<String>::new(),
        "one task, however many calls it takes"
    );
    assert_eq!(with("IMAPIProp.SetProps"), ["CANC-02"]);
}

/// What was begun in a call that a logoff cuts short can no longer be told.
#[test]
fn a_logoff_cuts_a_critical_section_short() {
    let (mut tape, call) = in_process(7);
    tape.callback(
        "support#1",
        "IMAPISupport.SpoolerNotify",
        &[("ulFlags", json!("NOTIFY_CRITSEC"))],
        "S_OK",
        &[],
    );
    let off = tape.thread(1).begin(By::Spooler, "logon#1", "IXPLogon.TransportLogoff", &[]);
    tape.reference("support#1", "Release", 0).status_row(None).end(off, "S_OK", &[]).thread(0);
    tape.returns(call, "MAPI_E_USER_CANCEL", 7, Outcome::Cancelled, Content::default());
    tape.spooler("logon#1", "IUnknown.Release", &[], "0", &[]);
    assert_eq!(tape.step_end().broken(), Vec::<String>::new());
}

#[test]
fn a_cancelled_message_is_kept() {
    let (mut tape, call) = in_process(7);
    cancel(&mut tape, 7);
    tape.returns(call, "MAPI_E_USER_CANCEL", 7, Outcome::Cancelled, Content::default());
    tape.poll(0).timed_out("announcement");
    assert_eq!(broken(&mut tape), ["CANC-03"]);
}

#[test]
fn a_cancelled_message_leaves_nothing_open_and_comes_once() {
    let (mut tape, call) = in_process(7);
    tape.callback("message#1", "IMessage.CreateAttach", &[], "S_OK", &[("lppAttach", json!("attachment#1"))]);
    cancel(&mut tape, 7);
    tape.returns(call, "MAPI_E_USER_CANCEL", 7, Outcome::Cancelled, Content::default())
        .poll(1)
        .receive("m1", 8);
    assert_eq!(broken(&mut tape), ["ROBU-03"]);
    let (mut tape, call) = in_process(7);
    cancel(&mut tape, 7);
    tape.returns(call, "MAPI_E_USER_CANCEL", 7, Outcome::Cancelled, Content::default());
    tape.poll(1).receive("m1", 8).poll(1).receive("m1", 9);
    assert_eq!(broken(&mut tape), ["ROBU-03"]);
}

#[test]
fn a_cancellation_by_yield_is_told_back() {
    let with = |hr: &str, outcome: Outcome| {
        let (mut tape, call) = in_process(7);
        tape.callback("support#1", "IMAPISupport.SpoolerYield", &[], "MAPI_W_CANCEL_MESSAGE", &[]);
        tape.returns(call, hr, 7, outcome, Content::default()).poll(1).receive("m1", 8);
        broken(&mut tape)
    };
    assert_eq!(with("MAPI_E_USER_CANCEL", Outcome::Cancelled), Vec::<String>::new());
    assert_eq!(with("S_OK", Outcome::Cancelled), ["CANC-06"]);
}

#[test]
fn a_stranger_changes_nothing() {
    let with = |hr: &str, outcome: Outcome| {
        let (mut tape, call) = in_process(7);
        cancel(&mut tape, 4711);
        tape.on_message("IMAPIProp.SaveChanges", &[], 7).returns(call, hr, 7, outcome, content("m1"));
        if outcome != Outcome::Delivered {
            tape.poll(1).receive("m1", 8);
        }
        broken(&mut tape)
    };
    assert_eq!(with("S_OK", Outcome::Delivered), Vec::<String>::new());
    assert_eq!(with("MAPI_E_USER_CANCEL", Outcome::Cancelled), ["CANC-08", "RECV-14"]);
}

#[test]
fn a_cancellation_names_its_message() {
    let mut tape = good();
    tape.spooler(
        "logon#1",
        "IXPLogon.TransportNotify",
        &[("lpulFlags", json!("NOTIFY_CANCEL_MESSAGE"))],
        "S_OK",
        &[],
    );
    assert_eq!(tape.logoff().broken(), ["CANC-01"]);
}

#[test]
fn a_logoff_is_not_refused() {
    let mut tape = good();
    tape.spooler("logon#1", "IXPLogon.TransportLogoff", &[], "MAPI_E_BUSY", &[]);
    assert_eq!(tape.broken(), ["LOFF-01"]);
}

#[test]
fn a_logoff_stops_a_message() {
    let with = |more: usize| {
        let (mut tape, call) = in_process(7);
        let off = tape.thread(1).begin(By::Spooler, "logon#1", "IXPLogon.TransportLogoff", &[]);
        tape.reference("support#1", "Release", 0).status_row(None).end(off, "S_OK", &[]).thread(0);
        for _ in 0..more {
            tape.on_message("IMAPIProp.SetProps", &[], 7);
        }
        tape.returns(call, "MAPI_E_USER_CANCEL", 7, Outcome::Cancelled, Content::default());
        tape.spooler("logon#1", "IUnknown.Release", &[], "0", &[]);
        tape.step_end().broken()
    };
    assert_eq!(with(1), Vec::<String>::new());
    assert_eq!(with(80), ["LOFF-01"]);
}

/// A logoff that releases the profile section before or after the support object.
fn logoff_with(profile_last: bool) -> Vec<String> {
    let mut tape = good();
    tape.callback(
        "support#1",
        "IMAPISupport.OpenProfileSection",
        &[],
        "S_OK",
        &[("lppProfileObj", json!("profile#1"))],
    );
    let call = tape.begin(By::Spooler, "logon#1", "IXPLogon.TransportLogoff", &[]);
    let order = if profile_last { ["support#1", "profile#1"] } else { ["profile#1", "support#1"] };
    for obj in order {
        tape.reference(obj, "Release", 0);
    }
    tape.status_row(None).end(call, "S_OK", &[]).spooler("logon#1", "IUnknown.Release", &[], "0", &[]);
    tape.broken()
}

#[test]
fn the_support_object_goes_last() {
    assert_eq!(logoff_with(false), Vec::<String>::new());
    assert_eq!(logoff_with(true), ["LOFF-02"]);
}

#[test]
fn a_session_gives_its_memory_back() {
    let mut tape = good();
    let detail = "1 block(s) of 64 bytes from MAPIAllocateBuffer, made after event 4, were never freed";
    tape.logoff().illegal(IllegalKind::Leak, "", detail);
    assert_eq!(tape.broken(), ["LOFF-02"]);
    let mut tape = good();
    let at = tape.start();
    tape.returns(at, "S_OK", 1, Outcome::Empty, Content::default());
    let detail =
        format!("1 block(s) of 64 bytes from MAPIAllocateBuffer, made after event {at}, were never freed");
    tape.logoff().illegal(IllegalKind::Leak, "", &detail);
    assert!(tape.broken().contains(&"MEMO-02".to_owned()));
    let mut tape = good();
    tape.logoff().illegal(IllegalKind::ReferenceLeak, "support#1", "1 reference(s) were never given back");
    assert_eq!(tape.broken(), ["LOFF-02"]);
}

#[test]
fn a_status_object_that_is_held_is_invalidated() {
    let with = |invalid: Option<Value>| {
        let mut tape = good();
        tape.spooler(
            "logon#1",
            "IXPLogon.OpenStatusEntry",
            &[],
            "S_OK",
            &[("lppEntry", json!("theirs")), ("lpulObjType", json!(10))],
        );
        let call = tape.begin(By::Spooler, "logon#1", "IXPLogon.TransportLogoff", &[]);
        if let Some(object) = invalid {
            let args = [("lpObject", json!("pointer"))];
            let inner = tape.begin(By::Candidate, "support#1", "IMAPISupport.MakeInvalid", &args);
            tape.fact("made-invalid", json!({ "session": "main", "object": object }));
            tape.end(inner, "S_OK", &[]);
        }
        tape.reference("support#1", "Release", 0).status_row(None).end(call, "S_OK", &[]);
        tape.broken()
    };
    assert_eq!(with(Some(json!("status#1"))), Vec::<String>::new());
    assert_eq!(with(Some(Value::Null)), Vec::<String>::new(), "it may be another interface of the object");
    assert_eq!(with(Some(json!("status#2"))), Vec::<String>::new(), "it may have been opened twice");
    assert_eq!(with(Some(json!("logon#1"))), ["LOFF-03"]);
    assert_eq!(with(None), ["LOFF-03"]);
}

#[test]
fn registrations_are_ended() {
    let with = |ended: Option<u64>| {
        let mut tape = good();
        let out = [("lpulConnection", json!(4))];
        tape.callback("support#1", "IMAPISupport.Subscribe", &[], "S_OK", &out);
        tape.callback("support#1", "IMAPISupport.Subscribe", &[], "MAPI_E_INVALID_PARAMETER", &[]);
        if let Some(connection) = ended {
            let args = [("ulConnection", json!(connection))];
            tape.callback("support#1", "IMAPISupport.Unsubscribe", &args, "S_OK", &[]);
        }
        tape.logoff().broken()
    };
    assert_eq!(with(Some(4)), Vec::<String>::new());
    assert_eq!(with(Some(5)), ["LOFF-02"]);
    assert_eq!(with(None), ["LOFF-02"]);
}

#[test]
fn the_state_is_validated_as_on_the_status_object() {
    let with = |hr: &str, there: &str| {
        let mut tape = good();
        let asked = [("ulFlags", json!("SUPPRESS_UI"))];
        tape.step("validate-state").spooler("logon#1", "IXPLogon.ValidateState", &asked, hr, &[]).step_end();
        tape.step("open-status-entry");
        tape.spooler(
            "logon#1",
            "IXPLogon.OpenStatusEntry",
            &[],
            "S_OK",
            &[("lppEntry", json!("theirs")), ("lpulObjType", json!(10))],
        );
        tape.spooler("status#1", "IMAPIStatus.ValidateState", &asked, there, &[]);
        tape.spooler("status#1", "IUnknown.Release", &[], "0", &[]);
        broken(&mut tape)
    };
    assert_eq!(with("S_OK", "S_OK"), Vec::<String>::new());
    assert_eq!(with("S_OK", "MAPI_E_BUSY"), Vec::<String>::new());
    assert_eq!(with("MAPI_E_CALL_FAILED", "MAPI_E_CALL_FAILED"), ["VALS-01"]);
    assert_eq!(with("MAPI_E_NO_SUPPORT", "S_OK"), ["VALS-01"]);
    let mut tape = good();
    let call =
        tape.begin(By::Spooler, "logon#1", "IXPLogon.ValidateState", &[("ulFlags", json!("SUPPRESS_UI"))]);
    tape.end(call, "S_OK", &[]).fact("windows", json!({"call": call, "shown": 2}));
    assert_eq!(tape.logoff().broken(), ["VALS-02"]);
}

#[test]
fn nothing_is_shown_where_that_is_suppressed() {
    let with = |flags: &str, callback: &str, hr: &str| {
        let mut tape = good();
        let asked = [("ulFlags", json!(flags))];
        let call = tape.begin(By::Spooler, "logon#1", "IXPLogon.ValidateState", &asked);
        tape.callback("support#1", callback, &[], "S_OK", &[]).end(call, hr, &[]);
        tape.logoff().broken()
    };
    for dialog in ["DoProgressDialog", "DoConfigPropsheet", "Details"] {
        let dialog = format!("IMAPISupport.{dialog}");
        assert_eq!(with("SUPPRESS_UI", &dialog, "S_OK"), ["VALS-02"], "{dialog}");
        assert_eq!(with("0", &dialog, "S_OK"), Vec::<String>::new(), "{dialog}");
    }
    assert_eq!(with("SUPPRESS_UI", "IMAPISupport.SpoolerYield", "S_OK"), Vec::<String>::new());
    assert_eq!(with("SUPPRESS_UI", "IMAPISupport.SpoolerYield", "MAPI_E_USER_CANCEL"), ["VALS-02"]);
    assert_eq!(with("0", "IMAPISupport.SpoolerYield", "MAPI_E_USER_CANCEL"), Vec::<String>::new());
}

/// An inbound flush: its begin shows this status code, its end that one; a message is received meanwhile.
fn flush(begin: u64, end: u64, within: impl Fn(&mut Tape)) -> Vec<String> {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").arrive("m2").step("flush-queues");
    let call =
        tape.begin(By::Spooler, "logon#1", "IXPLogon.FlushQueues", &[("ulFlags", json!("FLUSH_DOWNLOAD"))]);
    tape.modify_row(row(begin), true).end(call, "S_OK", &[]);
    let call = tape.start();
    tape.set_props("m1", 7);
    within(&mut tape);
    tape.on_message("IMAPIProp.SaveChanges", &[], 7).returns(
        call,
        "S_OK",
        7,
        Outcome::Delivered,
        content("m1"),
    );
    tape.receive("m2", 8).notify("NOTIFY_END_INBOUND_FLUSH", end);
    broken(&mut tape)
}

#[test]
fn a_flush_is_announced_and_ended() {
    const ON: u64 = 0x0005_0001;
    const OFF: u64 = 0x0001_0001;
    let more = |tape: &mut Tape| {
        tape.callback(
            "support#1",
            "IMAPISupport.SpoolerNotify",
            &[("ulFlags", json!("NOTIFY_NEWMAIL"))],
            "S_OK",
            &[],
        );
    };
    assert_eq!(flush(ON, OFF, more), Vec::<String>::new());
    assert_eq!(flush(OFF, OFF, more), ["FLSH-01"]);
    assert_eq!(flush(ON, ON, more), ["FLSH-02"]);
    let yields = |tape: &mut Tape| {
        more(tape);
        tape.callback("support#1", "IMAPISupport.SpoolerYield", &[], "S_OK", &[]);
    };
    assert_eq!(flush(ON, OFF, yields), ["FLSH-03"]);
    assert_eq!(flush(ON, OFF, |_| ()), ["FLSH-04"]);
}

#[test]
fn a_flush_that_was_asked_for_by_notification_is_ended_too() {
    let with = |code: u64, again: bool| {
        let mut tape = Tape::default();
        tape.logon("LOGON_SP_POLL").step("transport-notify");
        tape.notify("NOTIFY_BEGIN_OUTBOUND_FLUSH", 0x0040_0001).notify("NOTIFY_END_OUTBOUND_FLUSH", code);
        if again {
            tape.notify("NOTIFY_BEGIN_OUTBOUND_FLUSH", 0x0040_0001);
        }
        broken(&mut tape)
    };
    assert_eq!(with(0x0000_0001, false), Vec::<String>::new());
    assert_eq!(with(0x0040_0001, false), ["FLSH-02"]);
    assert_eq!(with(0x0040_0001, true), Vec::<String>::new(), "the second one has not ended");
}

#[test]
fn a_cancellation_of_nothing_does_not_stick() {
    let with = |sticks: bool| {
        let mut tape = Tape::default();
        tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").step("receive");
        let args = [("lpulFlags", json!("NOTIFY_CANCEL_MESSAGE")), ("lppvData", json!(2057))];
        tape.spooler(
            "logon#1",
            "IXPLogon.TransportNotify",
            &args,
            "S_OK",
            &[("lpulFlags", args[0].1.clone())],
        );
        tape.poll(1);
        if sticks {
            let call = tape.start();
            tape.set_props("m1", 7);
            tape.returns(call, "MAPI_E_USER_CANCEL", 7, Outcome::Failed, Content::default()).poll(1);
        }
        tape.receive("m1", 8);
        broken(&mut tape)
    };
    assert_eq!(with(false), Vec::<String>::new());
    assert!(with(true).contains(&"CANC-08".to_owned()), "{:?}", with(true));
}
