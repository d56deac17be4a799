//! Which transport gets a message, and what the spooler makes of its answer.

use serde_json::{Value, json};

use crate::seen::{POLLED, Seen};

/// The way of the only message.
fn way(seen: &Seen) -> &Value {
    let ways = seen.facts("distributed");
    assert_eq!(ways.len(), 1, "one message went its way");
    ways[0]
}

fn run(steps: &str) -> Seen {
    POLLED.run(steps)
}

pub(crate) fn recipients_find_their_transport() {
    let uid = "00112233445566778899aabbccddeeff";
    let seen = run(&format!(
        "  - foreign: {{ session: before, address-types: [SPFA, SPFB] }}\n  - logon\n  - foreign: {{ session: after, address-types: [SPFA], uids: [{uid}] }}\n  - begin: {{ way: outbound, session: before }}\n  - begin: outbound\n  - begin: {{ way: outbound, session: after }}\n  - send: {{ mail: m1, also: [{{ address: b, type: SPFB }}, {{ address: known, type: SPFX, uid: {uid} }}] }}\n  - logoff\n"
    ));
    // By identifier before any type, then types in profile order: the candidate stands between the two.
    assert_eq!(way(&seen)["order"], json!(["after", "before", "main"]));
    assert_eq!((&way(&seen)["waiting"], &way(&seen)["left"]), (&json!([]), &json!([])));
    let served: Vec<_> = seen
        .events
        .iter()
        .filter_map(|event| match &event.what {
            mock_spooler::trace::event::What::Foreign { session, m, out, .. }
                if m == "IXPLogon.SubmitMessage" =>
            {
                Some((session.as_str(), out.get("served")?.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(served, [("after", json!(["known"])), ("before", json!(["b"]))]);
    assert_eq!(seen.spooler("IXPLogon.SubmitMessage").len(), 1);
    // A type that differs in case is another type.
    let seen = run(
        "  - logon\n  - foreign: { address-types: [SPFA] }\n  - begin: outbound\n  - begin: { way: outbound, session: foreign }\n  - send: { mail: m1, also: [{ address: b, type: spfa }] }\n  - logoff\n",
    );
    assert_eq!((&way(&seen)["order"], &way(&seen)["left"]), (&json!(["main"]), &json!(["b"])));
}

pub(crate) fn what_is_left_goes_on() {
    let beside = |does: &str| {
        run(&format!(
            "  - foreign: {{ address-types: [REF] }}\n  - foreign-does: {does}\n  - logon\n  - begin: {{ way: outbound, session: foreign }}\n  - begin: outbound\n  - send: {{ mail: m1, also: [{{ address: one@example.org }}] }}\n  - logoff\n"
        ))
    };
    let seen = beside("{ leaves: [ben@example.net] }");
    assert_eq!(way(&seen)["order"], json!(["foreign", "main"]));
    let handed = &seen.facts("submitted")[0]["recipients"];
    let served = |address: &str| {
        let rows = handed.as_array().expect("recipients");
        rows.iter().find(|row| row["address"] == address).expect("a recipient")["served"] == true
    };
    assert!(
        served("one@example.org") && !served("ben@example.net"),
        "all are visible, and what is served is marked"
    );
    // Whoever refuses has had its opportunity.
    let seen = beside("{ answers: MAPI_E_NOT_ME }");
    assert_eq!(way(&seen)["order"], json!(["foreign", "main"]));
    // The first match takes all: nothing is left for the next.
    let seen = beside("{ slow: 0 }");
    assert_eq!(way(&seen)["order"], json!(["foreign"]));
    assert!(seen.spooler("IXPLogon.SubmitMessage").is_empty());
}

pub(crate) fn what_nobody_takes_is_reported() {
    let seen = run(
        "  - logon\n  - foreign\n  - begin: outbound\n  - begin: { way: outbound, session: foreign }\n  - send: { mail: m1, also: [{ address: fax, type: SPFFAX }] }\n  - logoff\n",
    );
    let reports = seen.facts("nondelivery");
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0]["recipients"], json!(["fax"]));
    let report = &reports[0]["report"];
    let value = |name: &str| {
        let props = report["props"].as_array().expect("properties");
        props.iter().find(|prop| prop["name"] == name).expect("a property")["value"].clone()
    };
    assert_eq!(value("PR_MESSAGE_CLASS_W"), "REPORT.IPM.Note.NDR");
    assert_eq!(value("PR_ORIGINAL_SUBJECT_W"), "One");
    let rows = report["recipients"].as_array().expect("recipients");
    assert_eq!(rows.len(), 1, "a report is on whom nobody took, and on nobody else");
    assert!(rows[0].as_array().expect("a row").iter().any(|prop| prop["name"] == "PR_NDR_REASON_CODE"));
}

pub(crate) fn an_absent_transport_is_waited_for() {
    for does in ["{ offline: true }", "{ answers: MAPI_E_WAIT, wait: 60 }"] {
        let seen = run(&format!(
            "  - logon\n  - foreign\n  - foreign-does: {does}\n  - begin: outbound\n  - begin: {{ way: outbound, session: foreign }}\n  - send: {{ mail: m1, also: [{{ address: far, type: FOREIGN }}] }}\n  - logoff\n"
        ));
        assert_eq!((&way(&seen)["waiting"], &way(&seen)["left"]), (&json!(["far"]), &json!([])), "{does}");
        assert!(seen.facts("nondelivery").is_empty());
    }
}

pub(crate) fn nothing_while_off() {
    let seen = run(
        "  - logon\n  - foreign\n  - begin: { way: outbound, session: foreign }\n  - send: { mail: m1, also: [{ address: far, type: FOREIGN }] }\n  - begin: outbound\n  - end: outbound\n  - send: m2\n  - logoff\n",
    );
    let ways = seen.facts("distributed");
    assert_eq!((&ways[0]["order"], &ways[0]["waiting"]), (&json!(["foreign"]), &json!(["ben@example.net"])));
    assert_eq!((&ways[1]["order"], &ways[1]["waiting"]), (&json!([]), &json!(["ben@example.net"])));
    assert!(seen.spooler("IXPLogon.SubmitMessage").is_empty());
}

pub(crate) fn end_message_follows() {
    let seen = run(
        "  - logon\n  - begin: outbound\n  - send: [m1, m2]\n  - send: { mail: m3, ends: any, traps: [{ at: IMAPIProp.GetProps, on: message, do: { fail: MAPI_E_CALL_FAILED } }] }\n  - logoff\n",
    );
    let calls = seen.spooler("");
    let submitted: Vec<_> =
        calls.iter().enumerate().filter(|(_, call)| call.m == "IXPLogon.SubmitMessage").collect();
    let failed = submitted.iter().filter(|(_, call)| call.result() != "S_OK").count();
    assert!(submitted.len() >= 3 && failed >= 1, "some succeed, and one fails");
    for (place, call) in &submitted {
        let next = &calls[place + 1];
        if call.result() == "S_OK" {
            assert_eq!(next.m, "IXPLogon.EndMessage");
            assert_eq!(next.arg("ulMsgRef"), call.out("lpulMsgRef"));
        } else {
            assert_ne!(next.m, "IXPLogon.EndMessage");
        }
    }
    assert_eq!(
        seen.spooler("IXPLogon.EndMessage").len(),
        submitted.len() - failed,
        "one for each, and no other"
    );
}

pub(crate) fn a_message_is_tried_again() {
    // The reference asks for another try of this recipient's message.
    let seen = run(
        "  - logon\n  - begin: outbound\n  - send: { mail: m1, also: [{ address: busy@example.org }] }\n  - sent: m1\n  - logoff\n",
    );
    let tries = seen.spooler("IXPLogon.SubmitMessage");
    assert_eq!(tries.len(), 2);
    assert_eq!(tries[0].result(), "MAPI_E_WAIT");
    let seconds: u64 = tries[0].out("lpulReturnParm").parse().unwrap_or(1);
    let back = tries[0].back.expect("it returned").t;
    assert!(tries[1].t >= back + seconds * 1_000_000_000, "not before {seconds} s have passed");
    assert_eq!(tries[1].result(), "S_OK");
    // So with a transport of ours.
    let seen = run(
        "  - foreign: { address-types: [REF] }\n  - foreign-does: { answers: MAPI_E_NETWORK_ERROR, times: 1, wait: 1 }\n  - logon\n  - begin: { way: outbound, session: foreign }\n  - send: m1\n  - logoff\n",
    );
    assert_eq!(seen.foreign("IXPLogon.SubmitMessage").len(), 2);
    assert_eq!((&way(&seen)["order"], &way(&seen)["waiting"]), (&json!(["foreign"]), &json!([])));
}

pub(crate) fn queues_are_flushed_in_order() {
    let seen = run(
        "  - foreign: { session: before, address-types: [SPFA] }\n  - logon\n  - foreign: { session: after, address-types: [SPFB] }\n  - begin: { way: both, session: before }\n  - begin: both\n  - begin: { way: both, session: after }\n  - foreign-does: { session: before, backlog: 2 }\n  - arrive: [m1, m2]\n  - flush-queues: { way: both, send: [m3], expect: [m1, m2] }\n  - logoff\n",
    );
    let step = seen.events.iter().position(|event| {
        matches!(&event.what, mock_spooler::trace::event::What::Step { step, .. } if step == "flush-queues")
    });
    let mut order: Vec<String> = Vec::new();
    for event in &seen.events[step.expect("the step was run")..] {
        let name = match &event.what {
            mock_spooler::trace::event::What::StepEnd { .. } => break,
            mock_spooler::trace::event::What::Foreign { session, m, args, .. } => {
                format!("{session} {} {}", m, args.get("lpulFlags").and_then(Value::as_str).unwrap_or(""))
            }
            mock_spooler::trace::event::What::Call { by, m, args, .. }
                if *by == mock_spooler::trace::event::By::Spooler =>
            {
                format!("main {} {}", m, args.get("lpulFlags").and_then(Value::as_str).unwrap_or(""))
            }
            _ => continue,
        };
        let name = name.replace("IXPLogon.", "").trim_end_matches([' ', '0']).to_owned();
        if order.last() != Some(&name) {
            order.push(name);
        }
    }
    let due = [
        "before FlushQueues",
        "before TransportNotify NOTIFY_END_OUTBOUND_FLUSH",
        "before StartMessage",
        "before TransportNotify NOTIFY_END_INBOUND_FLUSH",
        "main FlushQueues",
        "main SubmitMessage",
        "main EndMessage",
        "main TransportNotify NOTIFY_END_OUTBOUND_FLUSH",
        "main StartMessage",
        "main TransportNotify NOTIFY_END_INBOUND_FLUSH",
        "after FlushQueues",
        "after TransportNotify NOTIFY_END_OUTBOUND_FLUSH",
        "after StartMessage",
        "after TransportNotify NOTIFY_END_INBOUND_FLUSH",
    ];
    assert_eq!(order, due);
}
