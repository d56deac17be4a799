//! LIFE, LOGON, ADDR, OPTS.

use mapi_spi::flags;
use mock_spooler::trace::event::{By, IllegalKind, What};
use serde_json::{Value, json};

use crate::judge::testing::{Tape, good, row};

/// XPProviderInit with these results, and the case's end.
fn init(version: u32, hr: &str, out: &[(&str, Value)]) -> Vec<String> {
    let mut tape = Tape::default();
    tape.step("load").spooler(
        "",
        "XPProviderInit",
        &[("ulMAPIVer", json!(format!("0x{version:08X}")))],
        hr,
        out,
    );
    tape.step_end().broken()
}

#[test]
fn the_entry_point_is_exported() {
    let mut tape = Tape::default();
    tape.step("load").fact("exported", json!({"name": "XPProviderInit", "found": false}));
    assert_eq!(tape.broken(), ["LIFE-01"]);
    let mut tape = Tape::default();
    tape.step("load").event(What::LoadFailed { detail: "no XPProviderInit".to_owned() });
    assert_eq!(tape.step_end().broken(), ["LIFE-01"]);
}

#[test]
fn both_outputs_are_set() {
    let current = flags::CURRENT_SPI_VERSION;
    let both = [("lpulProviderVer", json!("0x00010010")), ("lppXPProvider", json!("provider#1"))];
    assert_eq!(init(current, "S_OK", &both), Vec::<String>::new());
    assert_eq!(init(current, "S_OK", &both[..1]), ["LIFE-02"]);
    assert_eq!(
        init(current, "S_OK", &[("lpulProviderVer", json!("0x00000000")), both[1].clone()]),
        ["LIFE-02"]
    );
}

#[test]
fn another_version_is_answered_in_order() {
    assert_eq!(init(1, "MAPI_E_VERSION", &[]), Vec::<String>::new());
    assert_eq!(init(1, "MAPI_E_CALL_FAILED", &[]), ["LIFE-03"]);
    assert_eq!(init(1, "MAPI_E_VERSION", &[("lppXPProvider", json!("provider#1"))]), ["LIFE-03"]);
    let both = [("lpulProviderVer", json!("0x00010010")), ("lppXPProvider", json!("provider#1"))];
    assert_eq!(init(0x0001_0000, "S_OK", &both), Vec::<String>::new());
}

#[test]
fn a_provider_that_is_too_old_is_released() {
    let mut tape = Tape::default();
    tape.step("load").spooler(
        "",
        "XPProviderInit",
        &[("ulMAPIVer", json!("0x00010010"))],
        "S_OK",
        &[("lpulProviderVer", json!("0x00000001")), ("lppXPProvider", json!("provider#1"))],
    );
    tape.spooler("provider#1", "IXPProvider.Shutdown", &[], "S_OK", &[]);
    assert_eq!(tape.step_end().broken(), ["LIFE-12"]);
}

#[test]
fn each_initialisation_has_an_object_of_its_own() {
    let mut tape = good();
    tape.fact("provider-object-again", json!(false));
    assert_eq!(tape.broken(), Vec::<String>::new());
    tape = good();
    tape.fact("provider-object-again", json!(true));
    assert_eq!(tape.broken(), ["LIFE-04"]);
}

#[test]
fn the_allocator_is_kept_with_a_reference() {
    let mut tape = good();
    tape.callback("malloc#1", "IMalloc.Alloc", &[("cb", json!(16))], "pointer", &[]);
    assert_eq!(tape.logoff().broken(), ["LIFE-05"]);
    let mut tape = good();
    tape.reference("malloc#1", "AddRef", 2);
    tape.callback("malloc#1", "IMalloc.Alloc", &[("cb", json!(16))], "pointer", &[]);
    tape.reference("malloc#1", "Release", 1).logoff().fact("imalloc-refs", json!({"balance": 0}));
    assert_eq!(tape.broken(), Vec::<String>::new());
    let mut tape = good();
    tape.logoff().fact("imalloc-refs", json!({"balance": 1}));
    assert_eq!(tape.broken(), ["LIFE-05"]);
}

/// A second session on the provider of [`good`], whose TransportLogon returns this.
fn second_session(hr: &str) -> Vec<String> {
    let mut tape = good();
    tape.event(What::Step { index: 9, step: "logon".to_owned(), session: "second".to_owned() });
    let call = tape.begin(
        By::Spooler,
        "provider#1",
        "IXPProvider.TransportLogon",
        &[
            ("lpMAPISup", json!("support#2")),
            ("lpulFlags", json!("LOGON_NO_DIALOG|LOGON_NO_INBOUND|LOGON_NO_OUTBOUND")),
        ],
    );
    if hr == "S_OK" {
        tape.reference("support#2", "AddRef", 2);
        tape.end(call, hr, &[("lppXPLogon", json!("logon#2")), ("lpulFlags", json!("LOGON_SP_POLL"))]);
        tape.spooler("logon#2", "IXPLogon.AddressTypes", &[], "S_OK", &[]);
    } else {
        tape.end(call, hr, &[]);
    }
    tape.event(What::StepEnd { index: 9 });
    tape.broken()
}

#[test]
fn one_provider_serves_several_sessions() {
    assert_eq!(second_session("S_OK"), Vec::<String>::new());
    assert_eq!(second_session("MAPI_E_FAILONEPROVIDER"), ["LIFE-06"]);
}

#[test]
fn shutdown_succeeds() {
    let mut tape = good();
    tape.logoff();
    assert_eq!(tape.broken(), Vec::<String>::new());
    tape.spooler("provider#1", "IXPProvider.Shutdown", &[], "MAPI_E_CALL_FAILED", &[]);
    assert_eq!(tape.broken(), ["LIFE-07"]);
}

#[test]
fn release_alone_does_the_work() {
    let with = |clean: bool| {
        let mut tape = good();
        tape.step("release-logon");
        let call = tape.begin(By::Spooler, "logon#1", "IUnknown.Release", &[]);
        if clean {
            tape.reference("support#1", "Release", 0).status_row(None);
        }
        tape.end(call, "0", &[]).step_end();
        if !clean {
            tape.illegal(IllegalKind::ReferenceLeak, "support#1", "1 reference(s) were never given back");
        }
        tape.broken()
    };
    assert_eq!(with(true), Vec::<String>::new());
    assert_eq!(with(false), ["LIFE-08"]);
}

#[test]
fn interfaces_are_known_or_refused() {
    let with = |should: &str, hr: &str, empty: bool| {
        let mut tape = good();
        let value =
            json!({"obj": "logon#1", "iid": "IXPLogon", "hr": hr, "out_null": empty, "should": should});
        tape.fact("query-interface", value);
        tape.broken()
    };
    assert_eq!(with("have", "S_OK", false), Vec::<String>::new());
    assert_eq!(with("have", "MAPI_E_INTERFACE_NOT_SUPPORTED", true), ["LIFE-09"]);
    assert_eq!(with("lack", "MAPI_E_INTERFACE_NOT_SUPPORTED", true), Vec::<String>::new());
    assert_eq!(with("lack", "MAPI_E_INTERFACE_NOT_SUPPORTED", false), ["LIFE-09"]);
    assert_eq!(with("lack", "MAPI_E_NO_SUPPORT", true), ["LIFE-09"]);
    let mut tape = good();
    tape.fact("iunknown-identity", json!({"obj": "logon#1", "same": false}));
    assert_eq!(tape.broken(), ["LIFE-09"]);
}

#[test]
fn nothing_runs_on() {
    let mut tape = good();
    tape.logoff().fact("threads-left", json!({"before": 1, "after": 2, "left": 1}));
    assert_eq!(tape.broken(), ["LIFE-10"]);
    let mut tape = good();
    tape.logoff().illegal(
        IllegalKind::CallAfterUnload,
        "support#1",
        "SpoolerNotify came after the library was unloaded",
    );
    assert_eq!(tape.broken(), ["LIFE-10"]);
}

#[test]
fn the_spooler_keeps_its_own_order() {
    let mut tape = good();
    tape.spooler("provider#1", "IXPProvider.Shutdown", &[], "S_OK", &[]);
    assert_eq!(tape.broken(), ["LIFE-11"]);
}

/// A logon with these flags and this outcome; nothing else.
fn logon(passed: &str, hr: &str, out: &[(&str, Value)], keeps: bool) -> Tape {
    let mut tape = Tape::default();
    tape.step("logon");
    let call = tape.begin(
        By::Spooler,
        "provider#1",
        "IXPProvider.TransportLogon",
        &[("lpMAPISup", json!("support#1")), ("lpulFlags", json!(passed))],
    );
    if keeps {
        tape.reference("support#1", "AddRef", 2);
    }
    tape.end(call, hr, out).step_end();
    tape
}

#[test]
fn a_logon_keeps_the_support_object() {
    let out = [("lppXPLogon", json!("logon#1")), ("lpulFlags", json!("0"))];
    assert_eq!(logon("LOGON_NO_DIALOG", "S_OK", &out, true).broken(), Vec::<String>::new());
    assert_eq!(logon("LOGON_NO_DIALOG", "S_OK", &out, false).broken(), ["LOGON-01"]);
    let mut early = good();
    early.reference("support#1", "Release", 1).status_row(None);
    assert_eq!(early.broken(), ["LOGON-01"]);
}

#[test]
fn a_logon_object_comes_with_success_and_with_nothing_else() {
    assert_eq!(logon("0", "S_OK", &[("lpulFlags", json!("0"))], true).broken(), ["LOGON-02"]);
    let left = [("lppXPLogon", json!("left behind"))];
    assert_eq!(logon("0", "MAPI_E_FAILONEPROVIDER", &left, false).broken(), ["LOGON-02"]);
    let mut held = logon("0", "MAPI_E_FAILONEPROVIDER", &[], true);
    held.illegal(IllegalKind::ReferenceLeak, "support#1", "1 reference(s) were never given back");
    assert_eq!(held.broken(), ["LOGON-02"]);
}

#[test]
fn input_flags_are_not_echoed() {
    let out = |flags: &str| [("lppXPLogon", json!("logon#1")), ("lpulFlags", json!(flags))];
    assert_eq!(
        logon("LOGON_NO_DIALOG", "S_OK", &out("LOGON_SP_POLL|MAPI_UNICODE"), true).broken(),
        Vec::<String>::new()
    );
    assert_eq!(logon("LOGON_NO_DIALOG", "S_OK", &out("LOGON_NO_DIALOG"), true).broken(), ["LOGON-03"]);
    assert_eq!(logon("LOGON_NO_DIALOG", "S_OK", &out("LOGON_NO_DIALOG")[..1], true).broken(), ["LOGON-03"]);
}

#[test]
fn no_inbound_means_no_mail_yet() {
    let mut tape = Tape::default();
    tape.logon("0").arrive("m1").step("announce").newmail().step_end();
    assert_eq!(tape.logoff().broken()[0], "CTRL-08", "the mock would have ignored it");
    let mut tape = Tape::default();
    tape.logon("0").arrive("m1");
    tape.callback(
        "support#1",
        "IMAPISupport.SpoolerNotify",
        &[("ulFlags", json!("NOTIFY_NEWMAIL"))],
        "S_OK",
        &[],
    );
    assert_eq!(tape.logoff().broken(), ["LOGON-04"]);
}

#[test]
fn no_outbound_needs_no_outbound_path() {
    let away = |hr: &str| {
        let mut tape = Tape::default();
        tape.fact("messaging-system", json!({"inbound": true, "outbound": false}));
        tape.step("logon").spooler(
            "provider#1",
            "IXPProvider.TransportLogon",
            &[("lpMAPISup", json!("support#1")), ("lpulFlags", json!("LOGON_NO_OUTBOUND"))],
            hr,
            &[],
        );
        tape.step_end().broken()
    };
    assert_eq!(away("MAPI_E_FAILONEPROVIDER"), ["LOGON-05"]);
    assert_eq!(away("MAPI_E_NETWORK_ERROR"), ["LOGON-05", "LOGON-10"]);
}

#[test]
fn no_connect_opens_no_connection() {
    let with = |connected: bool| {
        let mut tape = logon(
            "LOGON_NO_CONNECT",
            "S_OK",
            &[("lppXPLogon", json!("logon#1")), ("lpulFlags", json!("0"))],
            true,
        );
        tape.status_row(Some(row(2)));
        if connected {
            tape.fact("connection", json!({"count": 1}));
        }
        tape.logoff().broken()
    };
    assert_eq!(with(false), Vec::<String>::new());
    assert_eq!(with(true), ["LOGON-06"]);
}

#[test]
fn no_dialog_means_no_window() {
    let mut tape = good();
    let call = 5;
    tape.fact("windows", json!({"call": call, "shown": 0}));
    assert_eq!(tape.broken(), Vec::<String>::new());
    let mut tape = logon("LOGON_NO_DIALOG", "MAPI_E_UNCONFIGURED", &[], false);
    tape.fact("windows", json!({"call": 2, "shown": 1}));
    assert_eq!(tape.broken(), ["LOGON-07"]);
}

/// A logon with an empty profile that ends so, and one with a complete profile that ends so.
fn configured(first: &str, second: &str) -> Vec<String> {
    let mut tape = Tape::default();
    for (complete, hr) in [(false, first), (true, second)] {
        tape.step("logon").fact("profile", json!({"session": "main", "complete": complete}));
        tape.spooler(
            "provider#1",
            "IXPProvider.TransportLogon",
            &[("lpMAPISup", json!("support#1"))],
            hr,
            &[],
        )
        .step_end();
    }
    tape.broken()
}

#[test]
fn an_empty_profile_is_told() {
    assert_eq!(configured("MAPI_E_UNCONFIGURED", "MAPI_E_FAILONEPROVIDER"), ["LOGON-08"]);
    assert_eq!(configured("MAPI_E_CALL_FAILED", "MAPI_E_FAILONEPROVIDER"), ["LOGON-08"]);
}

#[test]
fn an_empty_profile_is_seen_in_what_the_provider_reads() {
    let mut tape = Tape::default();
    tape.step("logon");
    let call = tape.begin(
        By::Spooler,
        "provider#1",
        "IXPProvider.TransportLogon",
        &[("lpMAPISup", json!("support#1"))],
    );
    tape.callback(
        "support#1",
        "IMAPISupport.OpenProfileSection",
        &[],
        "S_OK",
        &[("lppProfileObj", json!("profile#1"))],
    );
    let missing = json!([{"tag": "0x6600000A", "value": "MAPI_E_NOT_FOUND"}]);
    tape.callback(
        "profile#1",
        "IMAPIProp.GetProps",
        &[],
        "MAPI_W_ERRORS_RETURNED",
        &[("lppPropArray", missing)],
    );
    tape.reference("profile#1", "Release", 0).end(call, "MAPI_E_CALL_FAILED", &[]).step_end();
    assert_eq!(tape.broken(), ["LOGON-08"]);
}

#[test]
fn the_profile_name_is_copied() {
    let mut tape = good();
    let mut columns = row(0x0001_0001);
    columns[0].value = json!("\u{dd}".repeat(11));
    tape.modify_row(columns, true);
    assert_eq!(tape.logoff().broken(), ["LOGON-09"]);
}

#[test]
fn an_error_description_is_mapis_and_its_strings_are_what_the_flag_says() {
    let mut tape = logon("0", "MAPI_E_FAILONEPROVIDER", &[("lppMAPIError", json!("left behind"))], false);
    tape.illegal(
        IllegalKind::ForeignMemory,
        "",
        "the MAPIERROR that was returned is not from the MAPI allocator",
    );
    assert_eq!(tape.broken(), ["LOGON-11"]);
    let text = |error: &str| json!({"error": error, "component": "ACME transport", "version": 0});
    let told = |set: &str, error: &str| {
        let out = [("lppMAPIError", text(error)), ("lpulFlags", json!(set))];
        logon("0", "MAPI_E_FAILONEPROVIDER", &out, false).broken()
    };
    assert_eq!(told("0", "the server is away"), Vec::<String>::new());
    assert_eq!(told("MAPI_UNICODE", "the server is away"), Vec::<String>::new());
    assert_eq!(told("MAPI_UNICODE", "\u{6854}\u{2065}\u{7270}\u{666f}\u{6c69}\u{fdfd}"), ["LOGON-11"]);
    assert_eq!(told("0", "t"), ["LOGON-11"]);
}

/// AddressTypes with these outputs in a good session.
fn address_types(hr: &str, out: &[(&str, Value)]) -> Vec<String> {
    let mut tape = good();
    tape.step("address-types").spooler("logon#1", "IXPLogon.AddressTypes", &[], hr, out).step_end();
    tape.broken()
}

#[test]
fn counts_match_arrays() {
    assert_eq!(
        address_types("S_OK", &[("lpcAdrType", json!(0)), ("lpcMAPIUID", json!(0))]),
        Vec::<String>::new()
    );
    assert_eq!(
        address_types("S_OK", &[("lpcAdrType", json!(2)), ("lpppAdrTypeArray", Value::Null)]),
        ["ADDR-01"]
    );
    let holes = [("lpcAdrType", json!(2)), ("lpppAdrTypeArray", json!(["ACME", null]))];
    assert_eq!(address_types("S_OK", &holes), ["ADDR-01"]);
    assert_eq!(address_types("MAPI_E_NO_SUPPORT", &[]), ["ADDR-01"]);
}

#[test]
fn arrays_stay_as_they_are() {
    let with = |later: &str| {
        let mut tape = good();
        tape.fact("address-types-checksum", json!({"session": "main", "at": "return", "sha256": "aa"}));
        tape.fact("address-types-checksum", json!({"session": "main", "at": "logoff", "sha256": later}));
        tape.logoff().broken()
    };
    assert_eq!(with("aa"), Vec::<String>::new());
    assert_eq!(with("bb"), ["ADDR-02"]);
}

#[test]
fn string_widths_are_what_the_flag_says() {
    let told = |kind: &str, set: &str| {
        let out = [("lpcAdrType", json!(1)), ("lpppAdrTypeArray", json!([kind])), ("lpulFlags", json!(set))];
        address_types("S_OK", &out)
    };
    assert_eq!(told("ACME", "MAPI_UNICODE"), Vec::<String>::new());
    assert_eq!(told("ACME", "0"), Vec::<String>::new());
    assert_eq!(told("\u{4552}\u{46}", "MAPI_UNICODE"), ["ADDR-03"]);
}

#[test]
fn the_spooler_asks_again_after_a_change() {
    let with = |asks: bool| {
        let mut tape = good();
        tape.callback(
            "support#1",
            "IMAPISupport.SpoolerNotify",
            &[("ulFlags", json!("NOTIFY_CONFIG_CHANGE"))],
            "S_OK",
            &[],
        );
        if asks {
            tape.spooler("logon#1", "IXPLogon.AddressTypes", &[], "S_OK", &[]);
        }
        // Told on another thread, it may find the spooler on its way into one call.
        tape.step("poll").poll(0).poll(0).step_end().logoff().broken()
    };
    assert_eq!(with(true), Vec::<String>::new());
    assert_eq!(with(false), ["ADDR-04"]);
}

#[test]
fn options_are_told_even_where_there_are_none() {
    let with = |out: &[(&str, Value)], left: &[&str]| {
        let mut tape = good();
        let call = tape.begin(By::Spooler, "logon#1", "IXPLogon.RegisterOptions", &[]);
        tape.end_left(call, "S_OK", out, left).broken()
    };
    assert_eq!(with(&[("lpcOptions", json!(0)), ("lppOptions", Value::Null)], &[]), Vec::<String>::new());
    assert_eq!(with(&[], &["lpcOptions", "lppOptions"]), ["OPTS-01"]);
    assert_eq!(with(&[("lpcOptions", json!(2)), ("lppOptions", Value::Null)], &[]), ["OPTS-01"]);
}
