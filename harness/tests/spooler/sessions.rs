//! How sessions begin, change and end.

use mock_spooler::trace::event::What;

use crate::seen::{POLLED, Seen};

/// The spooler's calls as the operational model names them, each once in a row.
fn order(seen: &Seen) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    for call in seen.spooler("") {
        let kind = call.obj.split('#').next().unwrap_or_default();
        let name = match call.m.rsplit('.').next().unwrap_or_default() {
            "Release" => format!("Release {kind}"),
            "TransportNotify" if call.arg("lpulFlags").contains("END") => "end".to_owned(),
            "TransportNotify" => "begin".to_owned(),
            "Poll" | "StartMessage" | "SubmitMessage" | "EndMessage" | "RegisterOptions" => {
                "traffic".to_owned()
            }
            name => name.to_owned(),
        };
        if order.last() != Some(&name) {
            order.push(name);
        }
    }
    order
}

const END: [&str; 4] = ["TransportLogoff", "Release logon", "Shutdown", "Release provider"];

pub(crate) fn calls_come_in_order() {
    let seen = POLLED.run(
        "  - logon\n  - begin: both\n  - arrive: m1\n  - receive: m1\n  - send: m2\n  - end: both\n  - logoff\n  - shutdown\n  - unload\n",
    );
    // RegisterOptions belongs to AddressTypes: it comes before any traffic.
    let begin = ["XPProviderInit", "TransportLogon", "AddressTypes", "traffic", "begin", "traffic", "end"];
    let due: Vec<&str> = begin.into_iter().chain(END).collect();
    assert_eq!(order(&seen), due);
}

pub(crate) fn the_end_is_in_order() {
    let seen = POLLED.run("  - logon\n  - begin: inbound\n");
    let order = order(&seen);
    assert_eq!(order[order.len() - END.len()..], END);
    let ends = seen.spooler("IUnknown.Release");
    assert!(seen.spooler("").iter().all(|call| call.n <= ends.last().expect("releases").n));
}

pub(crate) fn small_version_is_refused() {
    let seen = POLLED.with("init-without-version").run("  - load: { expect: MAPI_E_VERSION }\n");
    let calls: Vec<_> = seen.spooler("").iter().map(|call| (call.m, call.obj)).collect();
    assert_eq!(calls, [("XPProviderInit", ""), ("IUnknown.Release", "provider#1")]);
    let unexpected = seen.events.iter().any(|event| matches!(event.what, What::Unexpected { .. }));
    assert!(!unexpected, "the load counts as failed with MAPI_E_VERSION");
}

pub(crate) fn address_types_are_asked() {
    let seen = POLLED.run(
        "  - logon\n  - validate-state: CONFIG_CHANGED\n  - begin: inbound\n  - arrive: m1\n  - receive: m1\n  - logoff\n",
    );
    let calls = seen.spooler("");
    let after = |m: &str| {
        let place = calls.iter().position(|call| call.m == m).expect("the call was made");
        calls[place + 1].m
    };
    assert_eq!(after("IXPProvider.TransportLogon"), "IXPLogon.AddressTypes");
    assert_eq!(after("IXPLogon.ValidateState"), "IXPLogon.AddressTypes");
    let told = seen.candidate("IMAPISupport.SpoolerNotify");
    let told = told.iter().find(|call| call.arg("ulFlags") == "NOTIFY_CONFIG_CHANGE").expect("it was told");
    let asked = seen.spooler("IXPLogon.AddressTypes");
    assert!(
        asked.len() == 3 && asked[2].n > told.end(),
        "at logon, after ValidateState, after the notification"
    );
    let seen = POLLED.run(
        "  - logon\n  - begin: outbound\n  - validate-state: CONFIG_CHANGED\n  - send: m2\n  - logoff\n",
    );
    let asked = seen.spooler("IXPLogon.AddressTypes");
    let sent = seen.spooler("IXPLogon.SubmitMessage");
    assert!(
        asked.len() == 3 && asked[2].n < sent[0].n,
        "without a wait for mail, and before anything is sent"
    );
}

pub(crate) fn the_row_goes_with_the_support_object() {
    let seen = POLLED.run("  - logon\n  - logoff\n  - shutdown\n");
    let gone = seen.events.iter().position(
        |event| matches!(&event.what, What::Ref { obj, m, refs: 0, .. } if obj.starts_with("support#") && m == "Release"),
    );
    let gone = gone.expect("the support object was released");
    let rows: Vec<_> = seen
        .events
        .iter()
        .enumerate()
        .filter(|(_, event)| matches!(&event.what, What::StatusRow { row: None, .. }))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(rows.len(), 1, "the row goes once");
    assert!(rows[0].abs_diff(gone) == 1, "the row goes with the last reference, neither sooner nor later");
}

pub(crate) fn begin_and_end_come_apart() {
    let seen = POLLED.run("  - logon\n  - begin: both\n  - end: both\n  - begin: both\n  - logoff\n");
    let told = seen.spooler("IXPLogon.TransportNotify");
    assert_eq!(told.len(), 6);
    for call in told {
        let flags = call.arg("lpulFlags");
        assert!(!(flags.contains("BEGIN") && flags.contains("END")), "{flags}");
    }
}
