//! How the spooler learns of mail, fetches it, and stops.

use mock_spooler::trace::event::{Taken, What};

use crate::seen::{NOTIFYING, POLLED, Provider, Seen};

const RECEIVE: &str = "  - logon\n  - begin: inbound\n  - arrive: m1\n  - receive: m1\n  - nothing-waits\n  - idle: 3\n  - end: inbound\n  - logoff\n  - shutdown\n";

pub(crate) fn who_asked_is_polled() {
    assert!(!POLLED.run(RECEIVE).spooler("IXPLogon.Poll").is_empty());
    let seen = NOTIFYING.run(RECEIVE);
    assert!(seen.spooler("IXPLogon.Poll").is_empty());
    assert!(!seen.spooler("IXPLogon.StartMessage").is_empty());
}

pub(crate) fn who_asked_gets_idle() {
    let idle = Provider { style: "idle", defect: "" };
    assert!(!idle.run(RECEIVE).spooler("IXPLogon.Idle").is_empty());
    assert!(NOTIFYING.run(RECEIVE).spooler("IXPLogon.Idle").is_empty());
    assert!(POLLED.run(RECEIVE).spooler("IXPLogon.Idle").is_empty());
}

pub(crate) fn nothing_while_off() {
    // The waits for an announcement end at once while inbound is off.
    let seen = POLLED.run("  - logon\n  - arrive: m1\n  - announce\n");
    assert!(seen.spooler("IXPLogon.Poll").is_empty());
    let seen = POLLED.run("  - logon\n  - begin: inbound\n  - end: inbound\n  - arrive: m1\n  - announce\n");
    assert!(seen.spooler("IXPLogon.Poll").is_empty());
    let seen = NOTIFYING.with("announces-before-begin").run("  - logon\n  - announce\n");
    assert!(taken(&seen).contains(&Taken::Ignored), "what comes before the begin is ignored");
    assert!(!taken(&seen).contains(&Taken::Queued));
    assert!(seen.spooler("IXPLogon.StartMessage").is_empty());
}

fn taken(seen: &Seen) -> Vec<Taken> {
    let notified = seen.events.iter().filter_map(|event| match &event.what {
        What::Notified { flags, taken, .. } if flags == "NOTIFY_NEWMAIL" => Some(*taken),
        _ => None,
    });
    notified.collect()
}

pub(crate) fn an_answer_leads_to_a_message() {
    let seen = POLLED.run(RECEIVE);
    let calls = seen.spooler("");
    let polls = calls.iter().enumerate().filter(|(_, call)| call.m == "IXPLogon.Poll");
    let (yes, no): (Vec<_>, Vec<_>) = polls.partition(|(_, call)| call.out("lpulIncoming") != "0");
    assert_eq!((yes.len(), no.is_empty()), (1, false), "one answer that mail waits, and others");
    for (place, _) in yes {
        assert_eq!(calls[place + 1].m, "IXPLogon.StartMessage");
    }
    for (place, _) in no {
        assert_ne!(calls[place + 1].m, "IXPLogon.StartMessage");
    }
}

pub(crate) fn a_message_is_lent_anew() {
    for provider in [POLLED, NOTIFYING] {
        let seen = provider.run("  - logon\n  - begin: inbound\n  - arrive: [m1, m2, m3]\n  - receive: [m1, m2, m3]\n  - logoff\n");
        let starts = seen.spooler("IXPLogon.StartMessage");
        assert!(starts.len() >= 3);
        let announced: Vec<u64> = seen
            .events
            .iter()
            .filter(|event| matches!(event.what, What::Announced { .. }))
            .map(|event| event.n)
            .collect();
        for (place, start) in starts.iter().enumerate() {
            assert_eq!(start.arg("lpulMsgRef"), "1");
            let message = start.arg("lpMessage");
            assert!(
                starts[..place].iter().all(|other| other.arg("lpMessage") != message),
                "{message} is new"
            );
            // A notification stands for all that waits; each positive poll for one message.
            let since = if provider.style == "polled" && place > 0 { starts[place - 1].n } else { 0 };
            assert!(announced.iter().any(|n| since < *n && *n < start.n), "mail was announced");
        }
    }
}

pub(crate) fn a_storm_coalesces() {
    let seen = NOTIFYING.with("notify-storm-from-message").run(
        "  - logon\n  - begin: inbound\n  - arrive: { mail: m1, copies: 5 }\n  - receive: { expect: m1, copies: 5 }\n  - logoff\n",
    );
    let taken = taken(&seen);
    let queued = taken.iter().filter(|taken| **taken == Taken::Queued).count();
    let starts = seen.spooler("IXPLogon.StartMessage").len();
    assert!(taken.len() >= 300, "there was a storm: {}", taken.len());
    assert!(queued <= starts + 1, "one notification stands in the queue at a time: {queued} for {starts}");
    let delivered = seen.events.iter().filter(|event| {
        matches!(&event.what, What::Message { outcome: mock_spooler::trace::event::Outcome::Delivered, .. })
    });
    assert_eq!(delivered.count(), 5, "nothing is lost by it");
}

pub(crate) fn turns_are_fair() {
    let seen = NOTIFYING.with("notify-storm-from-message").run(
        "  - foreign: { session: before, polled: true }\n  - logon\n  - foreign: { session: after }\n  - foreign-does: { session: before, backlog: 500 }\n  - foreign-does: { session: after, backlog: 500 }\n  - begin: { way: inbound, session: before }\n  - begin: { way: inbound, session: after }\n  - begin: inbound\n  - arrive: { mail: m1, copies: 10 }\n  - receive: { expect: m1, copies: 10 }\n  - logoff\n",
    );
    let starts = seen.spooler("IXPLogon.StartMessage");
    for pair in starts.windows(2) {
        let between = |session: &str| {
            let turns = seen.foreign("IXPLogon.StartMessage");
            turns.iter().filter(|(n, of, _)| pair[0].n < *n && *n < pair[1].n && *of == session).count()
        };
        // While the spooler waits for the candidate they have more than one.
        assert!(between("before") >= 1 && between("after") >= 1, "each has a message a turn");
    }
    let turns = seen.foreign("IXPLogon.StartMessage");
    let order: Vec<_> = turns.iter().map(|(_, session, _)| *session).collect();
    assert!(order.chunks(2).all(|turn| turn == ["before", "after"]), "in profile order: {order:?}");
}

pub(crate) fn a_critical_section_is_left_alone() {
    for style in ["polled", "idle"] {
        let provider = Provider { style, defect: "critical-section-for-ever" };
        let seen = provider.run("  - logon\n  - begin: inbound\n  - arrive: m1\n  - receive: m1\n  - poll: 3\n  - idle: 3\n  - nothing-waits\n  - logoff\n");
        let told = seen.candidate("IMAPISupport.SpoolerNotify");
        let begun =
            told.iter().find(|call| call.arg("ulFlags") == "NOTIFY_CRITSEC").expect("it was begun").end();
        let disturbs = |m: &str| seen.spooler(m).iter().any(|call| call.n > begun);
        assert!(!disturbs("IXPLogon.Poll") && !disturbs("IXPLogon.Idle"), "{style}");
    }
}

pub(crate) fn a_critical_error_ends_it() {
    let seen = POLLED.with("critical-error-then-more").run("  - logon\n  - begin: both\n  - arrive: m1\n  - receive: { ends: any }\n  - end: both\n  - send: m2\n  - logoff\n  - shutdown\n");
    let told = seen.candidate("IMAPISupport.SpoolerNotify");
    let told =
        told.iter().find(|call| call.arg("ulFlags") == "NOTIFY_CRITICAL_ERROR").expect("it was told").end();
    let calls = seen.spooler("");
    let after: Vec<_> = calls.iter().filter(|call| call.n > told).map(|call| call.m).collect();
    assert_eq!(
        after,
        ["IXPLogon.TransportLogoff", "IUnknown.Release", "IXPProvider.Shutdown", "IUnknown.Release"]
    );
}

/// Whatever the case goes on with, and from within whichever call it was told.
pub(crate) fn a_critical_error_ends_it_at_any_step() {
    let after = |defect: &'static str, steps: &str| {
        let seen = POLLED
            .with(defect)
            .run(&format!("  - logon\n  - begin: both\n  - arrive: m1\n{steps}  - logoff\n  - shutdown\n"));
        let told = seen.candidate("IMAPISupport.SpoolerNotify");
        let told = told.iter().find(|call| call.arg("ulFlags") == "NOTIFY_CRITICAL_ERROR");
        let told = told.expect("it was told").end();
        let calls = seen.spooler("");
        calls.iter().filter(|call| call.n > told).map(|call| call.m.to_owned()).collect::<Vec<_>>()
    };
    let releasing =
        ["IXPLogon.TransportLogoff", "IUnknown.Release", "IXPProvider.Shutdown", "IUnknown.Release"];
    assert_eq!(after("critical-error-in-poll", "  - receive: m1\n"), releasing);
    assert_eq!(after("critical-error-in-poll", "  - nothing-waits\n"), releasing);
    assert_eq!(after("critical-error-in-addresses", ""), releasing);
    assert_eq!(after("critical-error-in-validate", "  - validate-state: CONFIG_CHANGED\n"), releasing);
    for step in [
        "poll",
        "idle",
        "nothing-waits",
        "start-message",
        "validate-state",
        "address-types",
        "open-status-entry",
        "query-interface: { of: logon }",
        "flush-queues: inbound",
    ] {
        let steps = format!("  - receive: {{ ends: any }}\n  - {step}\n");
        assert_eq!(after("critical-error-then-more", &steps), releasing, "{step}");
    }
}

pub(crate) fn a_cancellation_names_its_message() {
    let seen = POLLED.run("  - logon\n  - begin: inbound\n  - arrive: m1\n  - receive: { ends: any, traps: [{ at: IMAPIProp.SetProps, on: message, do: cancel }] }\n  - logoff\n");
    let told = seen.spooler("IXPLogon.TransportNotify");
    let told =
        told.iter().find(|call| call.arg("lpulFlags") == "NOTIFY_CANCEL_MESSAGE").expect("it was told");
    let calls = seen.calls();
    let within = calls.iter().filter(|call| call.obj == "message#1" && call.n < told.n);
    let reference = within.filter_map(|call| call.msgref()).next_back().expect("a message in process");
    assert_ne!(reference, 1, "the provider has assigned a value");
    assert_eq!(told.arg("lppvData"), reference.to_string());
}
