//! MEMO, ROBU, and how a child ends.

use std::time::Duration;

use mock_spooler::trace::event::{By, Content, IllegalKind, Outcome};
use serde_json::json;

use crate::judge::testing::{Tape, content, good, names};
use crate::verdict::ChildEnd;

fn broken(tape: &mut Tape) -> Vec<String> {
    tape.step_end().logoff().broken()
}

#[test]
fn memory_is_mapis_and_is_freed_once() {
    let with = |kind: IllegalKind, detail: &str| {
        let mut tape = good();
        tape.illegal(kind, "", detail);
        tape.logoff().broken()
    };
    assert_eq!(
        with(IllegalKind::ForeignMemory, "the memory that GetProps returned is not from the MAPI allocator"),
        ["MEMO-01"]
    );
    for kind in [
        IllegalKind::DoubleFree,
        IllegalKind::ForeignFree,
        IllegalKind::ChainMisuse,
        IllegalKind::WriteAfterFree,
        IllegalKind::GuardOverwritten,
    ] {
        assert_eq!(with(kind, "a block"), ["MEMO-02"], "{kind:?}");
    }
    assert_eq!(
        with(IllegalKind::GuardOverwritten, "the eight bytes of output `lpulMsgRef` were overrun"),
        ["ROBU-04"]
    );
    assert_eq!(with(IllegalKind::DoubleFree, "an ADRLIST that StatusRecips accepted"), ["ROBU-05"]);
    assert_eq!(
        with(IllegalKind::NullArgument, "an allocation function was called with a null output"),
        ["ROBU-01"]
    );
}

#[test]
fn references_balance() {
    let mut tape = good();
    tape.illegal(IllegalKind::ReferenceLeak, "message#1", "1 reference(s) were never given back");
    assert_eq!(tape.logoff().broken(), ["MEMO-03"]);
    let mut tape = good();
    tape.illegal(IllegalKind::NoSuchObject, "unknown", "Release on a pointer that is no object");
    assert_eq!(tape.logoff().broken(), ["MEMO-03"]);
}

/// A StartMessage in which an allocation fails, and which ends so.
fn out_of_memory(hr: &str, outcome: Outcome, left: Content) -> Tape {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").step("receive").poll(1);
    let call = tape.start();
    tape.fact("allocation-failed", json!({"hr": "MAPI_E_NOT_ENOUGH_MEMORY"}));
    tape.returns(call, hr, 7, outcome, left);
    tape
}

#[test]
fn an_allocation_that_fails_is_survived() {
    let mut tape = out_of_memory("MAPI_E_NOT_ENOUGH_MEMORY", Outcome::Failed, Content::default());
    tape.poll(1).receive("m1", 8);
    assert_eq!(broken(&mut tape), Vec::<String>::new());
    let mut tape = out_of_memory("MAPI_E_NOT_ENOUGH_MEMORY", Outcome::Failed, Content::default());
    tape.poll(0).timed_out("announcement");
    assert_eq!(broken(&mut tape), ["MEMO-04"]);
    let mut less = content("m1");
    less.recipients.clear();
    let mut tape = out_of_memory("S_OK", Outcome::Delivered, less);
    assert_eq!(broken(&mut tape), ["MEMO-04"]);
    let mut tape = out_of_memory("MAPI_E_NOT_ENOUGH_MEMORY", Outcome::Failed, Content::default());
    tape.poll(1).receive("m1", 8);
    tape.illegal(IllegalKind::Leak, "", "1 block(s) of 8 bytes, made after event 900, were never freed");
    assert_eq!(broken(&mut tape), ["MEMO-04"]);
}

#[test]
fn an_error_of_a_callback_is_survived() {
    let with = |again: bool| {
        let mut tape = Tape::default();
        tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").step("receive").poll(1);
        let call = tape.start();
        tape.injected("message#1", "IMAPIProp.SetProps", "MAPI_E_NOT_ENOUGH_MEMORY");
        tape.returns(call, "MAPI_E_NOT_ENOUGH_MEMORY", 7, Outcome::Failed, Content::default());
        if again {
            tape.poll(1).receive("m1", 8);
        } else {
            tape.poll(0).timed_out("announcement");
        }
        broken(&mut tape)
    };
    assert_eq!(with(true), Vec::<String>::new());
    assert_eq!(with(false), ["ROBU-02"]);
}

#[test]
fn outputs_are_written_and_nothing_is_left_in_them() {
    let mut tape = good();
    tape.step("poll");
    let call = tape.begin(By::Spooler, "logon#1", "IXPLogon.Poll", &[]);
    tape.end_left(call, "S_OK", &[], &["lpulIncoming"]);
    assert_eq!(broken(&mut tape), ["ROBU-04"]);
    let mut tape = good();
    tape.spooler(
        "provider#1",
        "IXPProvider.Other",
        &[],
        "MAPI_E_NO_SUPPORT",
        &[("lppThing", json!("left behind"))],
    );
    assert_eq!(tape.logoff().broken(), ["ROBU-04"]);
}

/// The requirement under which an end of the child in this call is reported.
fn ended(end: &ChildEnd, tape: &mut Tape) -> Vec<String> {
    names(&tape.judge_end(end))
}

#[test]
fn an_end_is_assigned_by_where_it_came() {
    let crash = ChildEnd::Signalled("SIGSEGV".to_owned());
    let hang = ChildEnd::TimedOut { limit: Duration::from_secs(10) };
    let in_call = |obj: &str, m: &str| {
        let mut tape = good();
        tape.step("some").begin(By::Spooler, obj, m, &[]);
        tape
    };
    assert_eq!(ended(&crash, &mut in_call("logon#1", "IXPLogon.Idle")), ["IDLE-01", "ROBU-01"]);
    assert_eq!(ended(&hang, &mut in_call("logon#1", "IXPLogon.ValidateState")), ["ROBU-01"]);
    assert_eq!(ended(&crash, &mut in_call("logon#1", "IXPLogon.TransportLogoff")), ["LOFF-01"]);
    assert_eq!(ended(&crash, &mut in_call("logon#1", "IUnknown.Release")), ["LIFE-08"]);
    assert_eq!(ended(&crash, &mut in_call("logon#1", "IUnknown.QueryInterface")), ["LIFE-09"]);
    assert_eq!(ended(&crash, &mut in_call("provider#1", "IUnknown.Release")), ["LIFE-08"]);
    let mut second = good();
    second.thread(1).begin(
        By::Spooler,
        "logon#1",
        "IXPLogon.TransportNotify",
        &[("lpulFlags", json!("NOTIFY_END_INBOUND"))],
    );
    assert_eq!(ended(&hang, &mut second), ["CTRL-06"]);
    let mut version = Tape::default();
    version.step("load").begin(By::Spooler, "", "XPProviderInit", &[("ulMAPIVer", json!("0x00000001"))]);
    assert_eq!(ended(&crash, &mut version), ["LIFE-03"]);
    let mut types = good();
    types.step("logoff");
    assert_eq!(ended(&crash, &mut types), ["ADDR-02"]);
    let mut unload = good();
    unload.logoff().step("unload");
    assert_eq!(ended(&crash, &mut unload), ["LIFE-10"]);
}

#[test]
fn what_the_case_did_comes_first() {
    let crash = ChildEnd::Signalled("SIGABRT".to_owned());
    let mut memory = good();
    memory.fact("allocation-failed", json!({"hr": "MAPI_E_NOT_ENOUGH_MEMORY"})).start();
    assert_eq!(ended(&crash, &mut memory), ["MEMO-04"]);
    let mut error = good();
    error.injected("support#1", "IMAPISupport.SpoolerYield", "MAPI_E_CALL_FAILED");
    error.step("poll").begin(By::Spooler, "logon#1", "IXPLogon.Poll", &[]);
    assert_eq!(ended(&crash, &mut error), ["ROBU-02"]);
    let cancelled = |end: &ChildEnd| {
        let mut tape = Tape::default();
        tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").step("receive").poll(1);
        tape.start();
        tape.set_props("m1", 7);
        let args = [("lpulFlags", json!("NOTIFY_CANCEL_MESSAGE")), ("lppvData", json!(7))];
        tape.thread(1).spooler("logon#1", "IXPLogon.TransportNotify", &args, "S_OK", &[]).thread(0);
        ended(end, &mut tape)
    };
    assert_eq!(cancelled(&crash), ["ROBU-03"]);
    assert_eq!(cancelled(&ChildEnd::TimedOut { limit: Duration::from_secs(1) }), ["CANC-02"]);
}

#[test]
fn what_no_rule_explains_is_still_said() {
    let mut tape = good();
    tape.step("poll").unexpected("mail waits", "no mail waits");
    assert_eq!(broken(&mut tape), ["POLL-02"]);
    let mut tape = Tape::default();
    tape.step("logon").unexpected("IXPProvider.TransportLogon: S_OK", "MAPI_E_FAILONEPROVIDER").step_end();
    assert_eq!(tape.broken(), ["LOGON-02"]);
}
