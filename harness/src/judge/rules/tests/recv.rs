//! RECV.

use mock_spooler::trace::event::{Announcer, Attachment, By, Content, IllegalKind, Outcome};
use serde_json::json;

use crate::judge::testing::{Tape, content, good, prop, row};

/// A session with inbound on and one mail announced, the step open.
fn announced() -> Tape {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").step("receive").poll(1);
    tape
}

/// Ends the step and the session.
fn broken(tape: &mut Tape) -> Vec<String> {
    tape.step_end().logoff().broken()
}

#[test]
fn the_spooler_lends_a_new_message_that_was_announced() {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").step("receive").receive("m1", 7);
    assert_eq!(broken(&mut tape), ["RECV-01"]);
}

#[test]
fn the_reference_is_there_before_the_message_is_used() {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 1).on_message("IMAPIProp.SaveChanges", &[], 7);
    tape.returns(call, "S_OK", 7, Outcome::Delivered, content("m1"));
    assert_eq!(broken(&mut tape), ["RECV-02"]);
}

/// A message that is received with 1 in the cell all the time, and what the spooler knows of the cell.
fn with_one(assigned: Option<bool>, first: Option<bool>) -> Vec<String> {
    let mut tape = announced();
    tape.receive("m1", 1);
    tape.fact(
        "start-message",
        json!({ "message": "message#1", "assigned": assigned, "assigned-first": first }),
    );
    broken(&mut tape)
}

#[test]
fn a_reference_of_one_is_one_where_it_was_written() {
    assert_eq!(with_one(Some(true), Some(true)), Vec::<String>::new());
    assert_eq!(
        with_one(None, None),
        Vec::<String>::new(),
        "where it is not known nothing is held against anybody"
    );
}

#[test]
fn a_reference_that_is_never_assigned_is_seen() {
    assert_eq!(with_one(Some(false), Some(false)), ["RECV-02"]);
    assert_eq!(with_one(Some(true), Some(false)), ["RECV-02"], "it came too late");
}

#[test]
fn a_message_in_process_keeps_its_reference() {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 7).on_message("IMAPIProp.SaveChanges", &[], 8);
    tape.returns(call, "S_OK", 8, Outcome::Delivered, content("m1"));
    assert_eq!(broken(&mut tape), ["RECV-03"]);
}

#[test]
fn messages_in_process_at_once_have_references_of_their_own() {
    let nested = |inner: u64| {
        let mut tape = announced();
        tape.arrive("m2");
        let outer = tape.start();
        tape.set_props("m1", 7);
        tape.announced(Announcer::Notification);
        let call = tape.begin(
            By::Spooler,
            "logon#1",
            "IXPLogon.StartMessage",
            &[("lpMessage", json!("message#9")), ("lpulMsgRef", json!(1))],
        );
        tape.end(call, "S_OK", &[("lpulMsgRef", json!(inner))]);
        tape.on_message("IMAPIProp.SaveChanges", &[], 7);
        tape.returns(outer, "S_OK", 7, Outcome::Delivered, content("m1"));
        broken(&mut tape)
    };
    assert_eq!(nested(8), Vec::<String>::new());
    assert_eq!(nested(7), ["RECV-03"]);
}

#[test]
fn what_is_required_is_stored() {
    let lacking = |tag: &str| {
        let mut tape = announced();
        let call = tape.start();
        tape.set_props("m1", 7).on_message("IMAPIProp.SaveChanges", &[], 7);
        let mut less = content("m1");
        less.props.retain(|prop| prop.tag != tag);
        tape.returns(call, "S_OK", 7, Outcome::Delivered, less);
        broken(&mut tape)
    };
    for tag in ["0x001A001F", "0x0037001F", "0x0C1F001F", "0x0E060040", "0x1000001F"] {
        assert_eq!(lacking(tag), ["RECV-04"], "{tag}");
    }
    assert_eq!(lacking("0x66666666"), Vec::<String>::new());
}

#[test]
fn what_was_stored_is_saved() {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 7).returns(call, "S_OK", 7, Outcome::Empty, Content { saves: 0, ..content("m1") });
    assert_eq!(broken(&mut tape), ["RECV-05"]);
}

#[test]
fn a_message_that_is_put_off_comes_later() {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 7).returns(call, "S_OK", 7, Outcome::Empty, Content { saves: 0, ..content("m1") });
    tape.poll(1).receive("m1", 8);
    assert_eq!(broken(&mut tape), Vec::<String>::new());
}

#[test]
fn a_save_after_the_return_is_out_of_order() {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 7).returns(call, "S_OK", 7, Outcome::Empty, Content::default());
    tape.callback("message#1", "IMAPIProp.SaveChanges", &[], "MAPI_E_INVALID_OBJECT", &[]);
    tape.illegal(IllegalKind::UseAfterReturn, "message#1", "IMAPIProp.SaveChanges was called");
    assert_eq!(broken(&mut tape), ["RECV-05"]);
}

#[test]
fn nothing_is_written_after_the_save() {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 7).on_message("IMAPIProp.SaveChanges", &[], 7).on_message(
        "IMAPIProp.SetProps",
        &[],
        7,
    );
    tape.returns(call, "S_OK", 7, Outcome::Delivered, Content { dirty: true, ..content("m1") });
    assert_eq!(broken(&mut tape), ["RECV-06"]);
}

#[test]
fn nothing_is_saved_where_nothing_waits() {
    let with = |outcome: Outcome| {
        let mut tape = Tape::default();
        tape.logon("LOGON_SP_POLL").begin_inbound().step("start-message");
        let call = tape.start();
        tape.returns(call, "S_OK", 1, outcome, Content::default());
        broken(&mut tape)
    };
    assert_eq!(with(Outcome::Empty), Vec::<String>::new());
    assert_eq!(with(Outcome::Delivered), ["RECV-07"]);
}

#[test]
fn within_an_inbound_flush_an_empty_save_is_accepted() {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").begin_inbound().step("flush-queues");
    let call =
        tape.begin(By::Spooler, "logon#1", "IXPLogon.FlushQueues", &[("ulFlags", json!("FLUSH_DOWNLOAD"))]);
    tape.modify_row(row(0x0005_0001), true).end(call, "S_OK", &[]);
    let call = tape.start();
    tape.returns(call, "S_OK", 1, Outcome::Delivered, Content::default());
    tape.notify("NOTIFY_END_INBOUND_FLUSH", 0x0001_0001);
    assert_eq!(broken(&mut tape), Vec::<String>::new());
}

#[test]
fn what_was_opened_is_released() {
    let with = |released: bool| {
        let mut tape = announced();
        let call = tape.start();
        tape.set_props("m1", 7);
        tape.callback(
            "message#1",
            "IMessage.CreateAttach",
            &[],
            "S_OK",
            &[("lppAttach", json!("attachment#1"))],
        );
        tape.callback(
            "attachment#1",
            "IMAPIProp.OpenProperty",
            &[],
            "S_OK",
            &[("lppUnk", json!("stream#1"))],
        );
        tape.reference("stream#1", "Release", 0);
        if released {
            tape.reference("attachment#1", "Release", 0);
        }
        tape.on_message("IMAPIProp.SaveChanges", &[], 7);
        tape.returns(call, "S_OK", 7, Outcome::Delivered, content("m1"));
        if !released {
            tape.illegal(IllegalKind::ReferenceLeak, "attachment#1", "1 reference(s) were never given back");
        }
        broken(&mut tape)
    };
    assert_eq!(with(true), Vec::<String>::new());
    assert_eq!(with(false), ["RECV-08"]);
}

#[test]
fn the_message_is_lent_and_not_given() {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 7).on_message("IMAPIProp.SaveChanges", &[], 7);
    tape.illegal(
        IllegalKind::OverRelease,
        "message#1",
        "Release of a reference that the candidate does not hold",
    );
    tape.returns(call, "S_OK", 7, Outcome::Delivered, content("m1"));
    assert_eq!(broken(&mut tape), ["RECV-09"]);
    let mut tape = announced();
    tape.receive("m1", 7);
    tape.callback("message#1", "IMAPIProp.GetProps", &[], "MAPI_E_INVALID_OBJECT", &[]);
    tape.illegal(
        IllegalKind::UseAfterRelease,
        "message#1",
        "IMAPIProp.GetProps was called after the last Release",
    );
    assert_eq!(broken(&mut tape), ["RECV-10"]);
}

#[test]
fn the_entry_identifier_is_left_to_the_store() {
    let mut tape = announced();
    let call = tape.start();
    let entry = json!([{"tag": "0x0FFF0102", "value": {"hex": "00"}}]);
    tape.set_props("m1", 7).on_message("IMAPIProp.SetProps", &[("lpPropArray", entry)], 7);
    tape.on_message("IMAPIProp.SaveChanges", &[], 7);
    tape.returns(call, "S_OK", 7, Outcome::Delivered, content("m1"));
    assert_eq!(broken(&mut tape), ["RECV-12"]);
}

#[test]
fn every_recipient_can_be_addressed() {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 7).on_message("IMAPIProp.SaveChanges", &[], 7);
    let mut less = content("m1");
    less.recipients[0].retain(|prop| !prop.tag.starts_with("0x3002"));
    tape.returns(call, "S_OK", 7, Outcome::Delivered, less);
    assert_eq!(broken(&mut tape), ["RECV-13"]);
}

#[test]
fn an_error_comes_without_a_save() {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 7).on_message("IMAPIProp.SaveChanges", &[], 7);
    tape.returns(call, "MAPI_E_CALL_FAILED", 7, Outcome::Failed, content("m1")).poll(1).receive("m1", 8);
    assert_eq!(broken(&mut tape), ["RECV-14"]);
}

/// A receipt in which SaveChanges is made to fail.
fn save_fails(hr: &str) -> Tape {
    let mut tape = announced();
    let call = tape.start();
    tape.set_props("m1", 7).injected("message#1", "IMAPIProp.SaveChanges", "MAPI_E_NOT_ENOUGH_DISK");
    let outcome = if hr == "S_OK" { Outcome::Empty } else { Outcome::Failed };
    tape.returns(call, hr, 7, outcome, Content { saves: 0, ..content("m1") });
    tape
}

#[test]
fn a_save_that_fails_is_survived() {
    let mut tape = save_fails("MAPI_E_NOT_ENOUGH_DISK");
    tape.poll(1).receive("m1", 8);
    assert_eq!(broken(&mut tape), Vec::<String>::new());
    let mut tape = save_fails("S_OK");
    tape.poll(1).receive("m1", 8);
    assert_eq!(broken(&mut tape), ["RECV-15"]);
    let mut tape = save_fails("MAPI_E_NOT_ENOUGH_DISK");
    tape.poll(0).timed_out("announcement");
    assert_eq!(broken(&mut tape), ["RECV-15"]);
}

#[test]
fn each_message_comes_once() {
    let mut tape = announced();
    tape.receive("m1", 7).poll(1).receive("m1", 8);
    assert_eq!(broken(&mut tape), ["RECV-16"]);
    let mut tape = announced();
    let call = tape.start();
    tape.returns(call, "S_OK", 1, Outcome::Empty, Content::default()).poll(0).timed_out("announcement");
    assert_eq!(broken(&mut tape), ["RECV-16"]);
}

#[test]
fn what_came_is_what_is_delivered() {
    let with = |change: &dyn Fn(&mut Content)| {
        let mut tape = announced();
        let call = tape.start();
        tape.set_props("m1", 7).on_message("IMAPIProp.SaveChanges", &[], 7);
        let mut other = content("m1");
        change(&mut other);
        tape.returns(call, "S_OK", 7, Outcome::Delivered, other);
        broken(&mut tape)
    };
    assert_eq!(with(&|c| c.props[1].value = json!("another subject")), ["RECV-17"]);
    assert_eq!(with(&|c| c.props[4].value = json!("Body")), ["RECV-17"]);
    let year_2027 = json!(134_432_000_000_000_000_u64);
    assert_eq!(with(&|c| c.props[3].value = year_2027.clone()), ["RECV-17"], "it is still to come");
    assert_eq!(with(&|c| c.recipients[0][3].value = json!("eve@example.org")), ["RECV-17"]);
    assert_eq!(with(&|c| c.props.push(prop("0x66550003", json!(1)))), Vec::<String>::new());
    assert_eq!(with(&|c| c.attachments.push(Attachment::default())), Vec::<String>::new());
}

#[test]
fn long_work_yields() {
    let with = |yields: bool| {
        let mut tape = announced();
        let call = tape.start();
        for _ in 0..6 {
            tape.wait(400);
            if yields {
                tape.callback("support#1", "IMAPISupport.SpoolerYield", &[], "S_OK", &[]);
            }
        }
        tape.set_props("m1", 7).on_message("IMAPIProp.SaveChanges", &[], 7);
        tape.returns(call, "S_OK", 7, Outcome::Delivered, content("m1"));
        broken(&mut tape)
    };
    assert_eq!(with(true), Vec::<String>::new());
    assert_eq!(with(false), ["RECV-18"]);
}

#[test]
fn another_thread_may_do_the_work() {
    let mut tape = announced();
    let call = tape.start();
    for _ in 0..6 {
        tape.wait(400).thread(1).set_props("m1", 7).thread(0);
    }
    tape.on_message("IMAPIProp.SaveChanges", &[], 7);
    tape.returns(call, "S_OK", 7, Outcome::Delivered, content("m1"));
    assert_eq!(broken(&mut tape), Vec::<String>::new());
}

#[test]
fn one_call_delivers_one_message() {
    let mut tape = announced();
    tape.arrive("m2");
    let call = tape.start();
    tape.set_props("m1", 7).on_message("IMAPIProp.SaveChanges", &[], 7);
    tape.set_props("m2", 7).on_message("IMAPIProp.SaveChanges", &[], 7);
    tape.returns(call, "S_OK", 7, Outcome::Delivered, content("m2"));
    assert_eq!(broken(&mut tape), ["RECV-19"]);
}

#[test]
fn the_active_bit_is_cleared() {
    let with = |after: u64| {
        let mut tape = announced();
        tape.modify_row(row(0x0003_0001), true).receive("m1", 7).modify_row(row(after), true);
        broken(&mut tape)
    };
    assert_eq!(with(0x0001_0001), Vec::<String>::new());
    assert_eq!(with(0x0003_0001), ["RECV-20"]);
}

#[test]
fn the_active_bit_is_cleared_by_a_message_that_failed_too() {
    // A failure and two messages; the row after the failure and while the second message still waits.
    let with = |failed: u64, between: u64| {
        let mut tape = announced();
        tape.arrive("m2");
        let one = |tape: &mut Tape, name: &str, after: u64| {
            let call = tape.start();
            tape.modify_row(row(0x0003_0001), true).set_props(name, 7);
            tape.on_message("IMAPIProp.SaveChanges", &[], 7).modify_row(row(after), true);
            tape.returns(call, "S_OK", 7, Outcome::Delivered, content(name)).poll(1);
        };
        let call = tape.start();
        tape.modify_row(row(0x0003_0001), true).set_props("m1", 7);
        tape.injected("message#1", "IMAPIProp.SaveChanges", "MAPI_E_NOT_ENOUGH_DISK");
        tape.modify_row(row(failed), true);
        tape.returns(call, "MAPI_E_NOT_ENOUGH_DISK", 7, Outcome::Failed, Content::default()).poll(1);
        one(&mut tape, "m1", between);
        one(&mut tape, "m2", 0x0001_0001);
        tape.step_end().logoff().broken().contains(&"RECV-20".to_owned())
    };
    assert!(!with(0x0001_0001, 0x0001_0001));
    assert!(with(0x0003_0001, 0x0001_0001));
    assert!(!with(0x0003_0001, 0x0003_0001), "it says that something waits");
}

#[test]
fn success_is_s_ok() {
    let mut tape = good();
    tape.step("start-message");
    let call = tape.start();
    tape.returns(call, "S_FALSE", 1, Outcome::Empty, Content::default());
    assert_eq!(broken(&mut tape), ["RECV-21"]);
}
