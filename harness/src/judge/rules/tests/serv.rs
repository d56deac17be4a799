//! SERV, and what the message service has to do with a logon.

use mock_spooler::trace::event::By;
use serde_json::json;

use super::storing;
use crate::judge::testing::Tape;

/// A call of the entry with this many values, and what the candidate does within it.
fn told(
    tape: &mut Tape,
    context: &str,
    values: u32,
    unicode: bool,
    hr: &str,
    within: impl FnOnce(&mut Tape),
) {
    tape.step("service");
    let call = tape.begin(By::Spooler, "", "ServiceEntry", &[("ulContext", json!(context))]);
    within(tape);
    tape.end(call, hr, &[]);
    let value = json!({
        "entry": "ServiceEntry", "call": call, "context": context, "values": values, "unicode": unicode, "hr": hr, "step": true,
    });
    tape.fact("service", value).step_end();
}

fn answered(context: &str, values: u32, hr: &str) -> Vec<String> {
    let mut tape = Tape::default();
    told(&mut tape, context, values, false, hr, |_| {});
    tape.broken()
}

#[test]
fn operations_have_their_answers() {
    assert_eq!(answered("MSG_SERVICE_DELETE", 0, "S_OK"), [""; 0]);
    assert_eq!(answered("MSG_SERVICE_DELETE", 0, "MAPI_E_NO_SUPPORT"), ["SERV-01"]);
    assert_eq!(answered("MSG_SERVICE_DELETE", 0, "S_FALSE"), ["SERV-01"]);
    assert_eq!(answered("MSG_SERVICE_UNINSTALL", 0, "S_OK"), [""; 0]);
    assert_eq!(answered("MSG_SERVICE_INSTALL", 0, "MAPI_E_USER_CANCEL"), ["SERV-04"]);
    for free in ["S_OK", "MAPI_E_UNCONFIGURED", "MAPI_E_NO_SUPPORT", "MAPI_E_CALL_FAILED"] {
        assert_eq!(answered("MSG_SERVICE_CREATE", 0, free), [""; 0], "{free}");
        assert_eq!(answered("MSG_SERVICE_PROVIDER_CREATE", 0, free), [""; 0], "{free}");
        assert_eq!(answered("MSG_SERVICE_CONFIGURE", 0, free), [""; 0], "{free}, without data");
    }
}

#[test]
fn valid_data_are_taken_or_refused_in_words() {
    for right in ["S_OK", "MAPI_E_UNCONFIGURED", "MAPI_E_NO_SUPPORT", "MAPI_E_BAD_CHARWIDTH"] {
        assert_eq!(answered("MSG_SERVICE_CONFIGURE", 2, right), [""; 0], "{right}");
    }
    assert_eq!(answered("MSG_SERVICE_CONFIGURE", 2, "MAPI_E_CALL_FAILED"), ["SERV-03"]);
    let mut tape = Tape::default();
    told(&mut tape, "MSG_SERVICE_CONFIGURE", 2, false, "S_OK", |_| {});
    told(&mut tape, "MSG_SERVICE_CONFIGURE", 2, true, "MAPI_E_BAD_CHARWIDTH", |_| {});
    assert_eq!(tape.broken(), [""; 0], "it takes narrow strings only");
    told(&mut tape, "MSG_SERVICE_CONFIGURE", 2, false, "MAPI_E_BAD_CHARWIDTH", |_| {});
    assert_eq!(tape.broken(), ["SERV-03"], "and no narrow ones either");
}

#[test]
fn nobody_is_asked() {
    let mut tape = Tape::default();
    told(&mut tape, "MSG_SERVICE_CONFIGURE", 0, false, "MAPI_E_UNCONFIGURED", |tape| {
        tape.callback("support#1", "IMAPISupport.DoConfigPropsheet", &[], "MAPI_E_NO_SUPPORT", &[]);
    });
    assert_eq!(tape.broken(), ["SERV-02"]);
}

/// A service that was configured so, and a logon that ends so.
fn logged_on(values: u32, configured: &str, hr: &str) -> Vec<String> {
    let mut tape = Tape::default();
    told(&mut tape, "MSG_SERVICE_CONFIGURE", values, false, configured, |_| {});
    tape.step("logon");
    tape.spooler("provider#1", "IXPProvider.TransportLogon", &[("lpMAPISup", json!("support#1"))], hr, &[]);
    tape.step_end().broken()
}

#[test]
fn who_was_configured_logs_on() {
    assert_eq!(logged_on(2, "S_OK", "MAPI_E_UNCONFIGURED"), ["LOGON-08"]);
    assert_eq!(logged_on(0, "S_OK", "MAPI_E_UNCONFIGURED"), [""; 0], "nothing was said that could be used");
    assert_eq!(logged_on(2, "MAPI_E_NO_SUPPORT", "MAPI_E_UNCONFIGURED"), [""; 0]);
}

/// A store's logons, each with whether its section was complete and what it answered, after a configuration that was taken or not.
fn stores(configured: bool, logons: &[(bool, &str)]) -> Vec<String> {
    let mut tape = Tape::default();
    for (complete, hr) in logons {
        if *complete && configured {
            told(&mut tape, "MSG_SERVICE_CONFIGURE", 2, false, "S_OK", |_| {});
        }
        storing::logon(&mut tape, false, json!({ "hr": hr, "complete": complete }));
    }
    tape.broken().into_iter().filter(|id| id == "SERV-05").collect()
}

#[test]
fn a_store_says_that_it_is_not_configured() {
    const NO: &str = "MAPI_E_UNCONFIGURED";
    const OTHER: &str = "MAPI_E_LOGON_FAILED";
    assert_eq!(stores(true, &[(false, NO), (true, "S_OK")]), [""; 0]);
    assert_eq!(stores(false, &[(false, "S_OK"), (true, "S_OK")]), [""; 0], "it needs nothing");
    assert_eq!(stores(false, &[(false, OTHER), (true, "S_OK")]), ["SERV-05"]);
    assert_eq!(stores(false, &[(false, OTHER), (true, OTHER)]), [""; 0], "there is another cause");
    assert_eq!(stores(true, &[(false, NO), (true, NO)]), ["SERV-05"]);
}
