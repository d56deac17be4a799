//! What projections say of message stores: what a client and the spooler saw, not by how many calls.

use mapi_spi::HRESULT;
use serde_json::Value;

/// What is said where a transport turns out to be a store's own.
pub(super) const CONNECTED: &str = "the pair is connected";

/// The lines that a fact about a store adds, each with its depth within the step.
pub(super) fn lines(name: &str, value: &Value, verb: &str) -> Vec<(usize, String)> {
    let text = |member: &str| value[member].as_str().unwrap_or_default();
    let mail = || Some(text("mail")).filter(|mail| !mail.is_empty()).unwrap_or("a message");
    let said = |call: String| vec![(1, format!("{call} = {}", outcome(text("hr"))))];
    match name {
        "store-session" if text("by") == "client" => said("Logon()".to_owned()),
        "store-session" => said("SpoolerLogon()".to_owned()),
        "store-again" => {
            let same = if value["same"] == true { "the same store" } else { "another store" };
            let mut lines = said("Logon()".to_owned());
            lines.push((2, same.to_owned()));
            lines
        }
        "coupling" if value["coupled"] == true && value["still"] != true => vec![(1, CONNECTED.to_owned())],
        "compare-stores" => {
            vec![(1, format!("CompareStoreIDs: its own {}, another {}", value["same"], value["other"]))]
        }
        "client-submit" => said(format!("SubmitMessage({})", mail())),
        "lock-state" if matches!(verb, "lock" | "unlock") => {
            said(format!("SetLockState({}, {})", mail(), text("asked")))
        }
        // Within the spooler's own work the end of the message's way says it: a pair may have the spooler finish what it has sent.
        "finished" if verb == "finish" => said(format!("FinishedMsg({})", mail())),
        "aborted" => said(format!("AbortSubmit({})", mail())),
        "message-opened" => {
            let flags = Some(text("flags")).filter(|flags| *flags != "0");
            let asked = flags.map(|flags| format!(", {flags}")).unwrap_or_default();
            said(format!("OpenEntry({}{asked})", mail()))
        }
        "queue" if verb == "queue" => {
            let mails: Vec<&str> = value["mails"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|mail| mail.as_str().unwrap_or("?"))
                .collect();
            vec![(
                1,
                format!(
                    "the queue holds: {}",
                    if mails.is_empty() { "nothing".into() } else { mails.join(", ") }
                ),
            )]
        }
        "store-settled" => vec![(1, format!("{} {}", mail(), became(text("way"))))],
        "located" => vec![(1, format!("{} is in: {}", mail(), places(value)))],
        "nondelivery" => vec![(1, format!("nobody takes {}: {}", mail(), addresses(&value["recipients"])))],
        "delivered-to-store" => vec![(1, "a message is in the receive folder".to_owned())],
        "new-mail" => vec![(1, "the pair has put a message into its store".to_owned())],
        "notify-new-mail" => {
            let mut lines = said("NotifyNewMail()".to_owned());
            // A store need not notify at all.
            let (told, asked) = (value["sinks"].as_u64(), value["advised"].as_u64());
            lines.push((
                2,
                if told >= asked { "who asked is told" } else { "not all who asked are told" }.into(),
            ));
            lines
        }
        "store-logoff" => {
            let asked = value["asked"].as_str();
            vec![(1, asked.map_or("Release alone".to_owned(), |asked| format!("StoreLogoff({asked})")))]
        }
        "store-closed" => vec![(1, format!("the transports are logged off: {}", value["transports"]))],
        _ => Vec::new(),
    }
}

/// What a transport of ours is handed.
pub(super) fn foreign(session: &str, m: &str, args: &Value, hr: &str, out: &Value) -> Option<String> {
    (m == "IXPLogon.SubmitMessage").then(|| {
        let mail = args["mail"].as_str().unwrap_or("a message");
        match hr {
            "S_OK" => format!("{session} takes {mail}: {}", addresses(&out["served"])),
            hr => format!("{session} does not take {mail}: {hr}"),
        }
    })
}

fn addresses(list: &Value) -> String {
    let mut all: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    all.sort_unstable();
    all.join(", ")
}

/// How a message came to its end; by which of its ways the pair sends is the pair's choice.
fn became(way: &str) -> &str {
    match way {
        "direct" | "completed" => "is sent by the pair",
        "spooler" => "has gone through the queue",
        "aborted" => "is taken back",
        "kept" => "stays in the queue",
        _ => "has not come to its end",
    }
}

/// The folders in which a message is; how often, where that is not once.
fn places(value: &Value) -> String {
    // A pair that sends a message itself may copy it where FinishedMsg moves it; rules look at what is left.
    let is_sent = value["folders"]["sent"].as_u64() == Some(1);
    let folders = value["folders"].as_object().into_iter().flatten();
    let folders =
        folders.filter(|(name, count)| !(is_sent && *name == "outbox" && count.as_u64() == Some(1)));
    let there: Vec<String> = folders
        .filter_map(|(name, count)| match count.as_u64() {
            None | Some(0) => None,
            Some(1) => Some(name.clone()),
            Some(count) => Some(format!("{name} {count} times")),
        })
        .collect();
    if there.is_empty() { "no folder".to_owned() } else { there.join(", ") }
}

/// A result: which errors a page fixes for the store's methods are part of the contract, others are the store's choice.
fn outcome(hr: &str) -> &str {
    const FIXED: [HRESULT; 7] = [
        HRESULT::MAPI_E_NO_ACCESS,
        HRESULT::MAPI_E_SUBMITTED,
        HRESULT::MAPI_E_NOT_IN_QUEUE,
        HRESULT::MAPI_E_UNABLE_TO_ABORT,
        HRESULT::MAPI_E_NO_RECIPIENTS,
        HRESULT::MAPI_E_NO_SUPPORT,
        HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED,
    ];
    match HRESULT::from_name(hr) {
        Some(code) if code.is_err() && !FIXED.contains(&code) => "an error",
        _ => hr,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn habits_of_a_pair_read_the_same() {
        let settled = |way: &str| lines("store-settled", &json!({ "mail": "m1", "way": way }), "spool");
        assert_eq!(settled("direct"), settled("completed"));
        assert_ne!(settled("direct"), settled("spooler"));
    }

    #[test]
    fn a_pair_is_connected_once() {
        let coupling = |still: bool| lines("coupling", &json!({ "coupled": true, "still": still }), "end");
        assert_eq!(coupling(false), [(1, CONNECTED.to_owned())]);
        assert_eq!(coupling(true), [], "its row names the store by another identifier now");
    }

    #[test]
    fn a_message_is_where_it_is() {
        let located =
            |folders: Value| lines("located", &json!({ "mail": "m1", "folders": folders }), "spool");
        assert_eq!(located(json!({ "outbox": 0, "sent": 1 })), [(1, "m1 is in: sent".to_owned())]);
        assert_eq!(located(json!({ "outbox": 0 })), [(1, "m1 is in: no folder".to_owned())]);
        assert_eq!(located(json!({ "outbox": 1, "sent": 1 })), [(1, "m1 is in: sent".to_owned())]);
        assert_eq!(
            located(json!({ "outbox": 1, "sent": 2 })),
            [(1, "m1 is in: outbox, sent 2 times".to_owned())]
        );
    }

    #[test]
    fn errors_that_a_page_names_are_shown() {
        let opened = |hr: &str| {
            lines("message-opened", &json!({ "mail": "m1", "flags": "0", "hr": hr }), "open-message")
        };
        assert_eq!(opened("MAPI_E_SUBMITTED"), [(1, "OpenEntry(m1) = MAPI_E_SUBMITTED".to_owned())]);
        assert_eq!(opened("MAPI_E_CALL_FAILED"), [(1, "OpenEntry(m1) = an error".to_owned())]);
    }
}
