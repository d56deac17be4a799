//! A delivered message as lines: the core that every honest provider stores.

use mock_spooler::trace::event::{Attachment, Content, Prop};
use mock_spooler::trace::value::digest;
use serde_json::Value;

use crate::judge::values::{find, ids, long};

/// How far an embedded message is followed.
const DEEPEST: usize = 8;

/// The lines of a message.
pub(super) fn lines(content: &Content) -> Vec<String> {
    let mut lines = Vec::new();
    write(content, 0, &mut lines);
    lines
}

/// The subject as it is shown.
pub(super) fn subject(content: &Content) -> String {
    find(&content.props, ids::PR_SUBJECT).map(|prop| text(&prop.value)).unwrap_or_default()
}

fn write(content: &Content, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let mut put = |line: String| lines.push(format!("{indent}{line}"));
    // A provider may have a class of its own below the common one.
    let class = find(&content.props, ids::PR_MESSAGE_CLASS).map(|prop| text(&prop.value));
    put(match class {
        Some(class) if class.to_ascii_uppercase().starts_with("IPM.NOTE") => "class IPM.Note".to_owned(),
        Some(class) => format!("class {class}"),
        None => "no class".to_owned(),
    });
    put(format!("subject \"{}\"", subject(content)));
    put(sender(content));
    let there = |id: u32| find(&content.props, id).is_some();
    put(if there(ids::PR_MESSAGE_DELIVERY_TIME) { "delivery time" } else { "no delivery time" }.to_owned());
    let body = [ids::PR_BODY, ids::PR_HTML, ids::PR_RTF_COMPRESSED].into_iter().any(there);
    put(if body { "body" } else { "no body" }.to_owned());
    let mut recipients: Vec<String> = content.recipients.iter().filter_map(|row| recipient(row)).collect();
    recipients.sort();
    recipients.into_iter().for_each(&mut put);
    let mut attachments: Vec<_> = content.attachments.iter().filter(|attachment| attachment.saved).collect();
    attachments.sort_by_key(|attachment| name(attachment));
    for attachment in attachments {
        let indent = "  ".repeat(depth);
        match &attachment.embedded {
            Some(embedded) if depth < DEEPEST => {
                lines.push(format!("{indent}attached message"));
                write(embedded, depth + 1, lines);
            }
            _ => lines.push(format!("{indent}attachment \"{}\", {}", name(attachment), data(attachment))),
        }
    }
}

fn sender(content: &Content) -> String {
    let address = [ids::PR_SENDER_EMAIL_ADDRESS, ids::PR_SENT_REPRESENTING_EMAIL_ADDRESS]
        .into_iter()
        .find_map(|id| find(&content.props, id));
    match address {
        Some(prop) => format!("from {}", text(&prop.value).to_lowercase()),
        None => "no sender".to_owned(),
    }
}

/// To and Cc recipients: others come from the envelope, which a provider may or may not show.
fn recipient(row: &[Prop]) -> Option<String> {
    let stands = match long(row, ids::PR_RECIPIENT_TYPE)? & 0xf {
        1 => "to",
        2 => "cc",
        _ => return None,
    };
    let address = find(row, ids::PR_EMAIL_ADDRESS).map(|prop| text(&prop.value)).unwrap_or_default();
    Some(format!("{stands} {}", address.to_lowercase()))
}

fn name(attachment: &Attachment) -> String {
    let named = [ids::PR_ATTACH_LONG_FILENAME, ids::PR_ATTACH_FILENAME, ids::PR_DISPLAY_NAME];
    named
        .into_iter()
        .find_map(|id| find(&attachment.props, id))
        .map(|prop| text(&prop.value))
        .unwrap_or_default()
}

/// Length and digest, computed alike for bytes that are in the trace and for those that were shortened there.
fn data(attachment: &Attachment) -> String {
    let Some(value) = find(&attachment.props, ids::PR_ATTACH_DATA).map(|prop| &prop.value) else {
        return "no bytes".to_owned();
    };
    let (len, sum) =
        match (value.get("hex").and_then(Value::as_str), value.get("sha256").and_then(Value::as_str)) {
            (Some(hex), _) => {
                let bytes: Vec<u8> = (0..hex.len() / 2)
                    .filter_map(|at| hex.get(at * 2..at * 2 + 2))
                    .filter_map(|two| u8::from_str_radix(two, 16).ok())
                    .collect();
                (bytes.len() as u64, digest(&bytes))
            }
            (None, Some(sum)) => (value.get("len").and_then(Value::as_u64).unwrap_or(0), sum.to_owned()),
            (None, None) => return "no bytes".to_owned(),
        };
    format!("{len} bytes, sha256 {}", sum.get(..12).unwrap_or(&sum))
}

/// Text on one line, what is not ASCII as one question mark: narrow strings come in any code page.
fn text(value: &Value) -> String {
    let whole = match value {
        Value::String(text) => text.as_str(),
        value => value.get("head").and_then(Value::as_str).unwrap_or(""),
    };
    let mut shown = String::new();
    for c in whole.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match c.is_ascii() && c != '?' {
            true => shown.push(c),
            false if !shown.ends_with('?') => shown.push('?'),
            false => {}
        }
    }
    shown
}
