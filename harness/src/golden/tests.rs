//! Providers of different habits give the same projection.

use mock_spooler::trace::event::{Announcer, By, Outcome};
use serde_json::json;

use super::project;
use crate::judge::testing::{Tape, content, good, prop, row};

/// A polled session, as [`good`] has it, and what it looks like.
const PLAIN: &str = "\
logon
  XPProviderInit(0x00010010) = S_OK
  TransportLogon(LOGON_NO_DIALOG|LOGON_NO_INBOUND|LOGON_NO_OUTBOUND) = S_OK
  AddressTypes() = S_OK
  status row
begin
  TransportNotify(NOTIFY_BEGIN_INBOUND) = S_OK
    inbound is on
arrive
  m1
receive
  StartMessage() = S_OK
    class IPM.Note
    subject \"m1\"
    from anna@example.org
    delivery time
    body
    to bert@example.org
    SaveChanges()
    delivered
logoff
  TransportLogoff()
  Release of the logon object
  Shutdown() = S_OK
  Release of the provider object
  no status row
";

fn plain(tape: &mut Tape) -> String {
    project(&tape.logoff().trace()).to_string()
}

#[test]
fn a_polled_session_is_readable() {
    let mut tape = Tape::default();
    tape.logon("LOGON_SP_POLL").begin_inbound().step("arrive").arrive("m1").step_end();
    tape.step("receive").poll(0).poll(1).receive("m1", 7).step_end();
    assert_eq!(plain(&mut tape), PLAIN);
}

#[test]
fn habits_are_folded() {
    let mut tape = Tape::default();
    // Notifies; shows more in its row; asks for idle time; writes property by property; saves twice; narrow strings.
    tape.logon("LOGON_SP_IDLE").begin_inbound().step("arrive").arrive("m1").step_end().step("receive");
    tape.spooler("logon#1", "IXPLogon.Idle", &[], "S_OK", &[]).newmail();
    tape.modify_row(row(0x0003_0001), true);
    let call = tape.start();
    tape.callback("support#1", "IMAPISupport.SpoolerYield", &[], "S_OK", &[]);
    for _ in 0..4 {
        tape.on_message("IMAPIProp.SetProps", &[], 99);
    }
    tape.on_message("IMAPIProp.SaveChanges", &[], 99).on_message("IMAPIProp.SaveChanges", &[], 99);
    let mut mine = content("m1");
    mine.props[0] = prop("0x001A001E", json!("IPM.Note.Acme"));
    mine.props.push(prop("0x00170003", json!(1)));
    mine.recipients.push(vec![prop("0x0C150003", json!(3)), prop("0x3003001F", json!("hidden@example.org"))]);
    tape.returns(call, "S_OK", 99, Outcome::Delivered, mine);
    // The spooler asks until nothing comes.
    let call = tape.start();
    tape.returns(call, "S_OK", 100, Outcome::Empty, Default::default()).step_end();
    assert_eq!(plain(&mut tape), PLAIN);
}

#[test]
fn address_types_that_are_asked_for_anew_are_folded() {
    let session = |times: u32| {
        let mut tape = Tape::default();
        tape.logon("LOGON_SP_POLL").step("address-types");
        for _ in 0..times {
            tape.spooler("logon#1", "IXPLogon.AddressTypes", &[], "S_OK", &[]);
        }
        tape.step_end();
        project(&tape.trace()).to_string()
    };
    assert_eq!(session(1), session(2));
    assert!(session(2).ends_with("address-types\n  AddressTypes() = S_OK\n"), "{}", session(2));
}

#[test]
fn messages_of_one_step_stand_in_the_order_of_their_subjects() {
    let session = |first: &str, second: &str| {
        let mut tape = Tape::default();
        tape.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").arrive("m2").step("receive");
        tape.poll(1).receive(first, 5).poll(1).receive(second, 6).step_end();
        project(&tape.trace()).to_string()
    };
    assert_eq!(session("m1", "m2"), session("m2", "m1"));
}

#[test]
fn what_matters_is_not_folded() {
    let good = project(&good().logoff().trace()).to_string();
    let mut lost = Tape::default();
    lost.logon("LOGON_SP_POLL").begin_inbound().arrive("m1").step("receive").poll(1);
    let call = lost.start();
    lost.returns(call, "MAPI_E_CALL_FAILED", 5, Outcome::Failed, Default::default()).step_end().logoff();
    let lost = project(&lost.trace()).to_string();
    assert_ne!(good, lost);
    assert!(lost.contains("  StartMessage() = an error\n    not delivered\n"), "{lost}");
    let mut waits = Tape::default();
    waits.logon("LOGON_SP_POLL").step("announce").announced(Announcer::Poll).step_end();
    let call = waits.begin(
        By::Spooler,
        "logon#1",
        "IXPLogon.TransportNotify",
        &[("lpulFlags", json!("NOTIFY_END_INBOUND"))],
    );
    waits.end(call, "S_OK", &[]);
    assert!(project(&waits.trace()).to_string().contains("announce\n  mail is announced\n"));
}
