//! Writes what a message holds as RFC 5322 and MIME, so that it reads back as what it was.

use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use mapi_spi::HRESULT;

use super::gather::{Attached, Content, Draft};
use crate::mapi::Result;
use crate::time::to_seconds;

/// Where the sent mail tells who it really went to.
const ENVELOPE: &str = "X-Sent-To";

/// The longest line that goes out unencoded.
const LONGEST_LINE: usize = 900;

/// Writes a mail. `sender` is who has sent it, `envelope` whom it is sent to; an embedded message has neither.
///
/// # Errors
///
/// `MAPI_E_CALL_FAILED` where it cannot be written.
pub(super) fn compose(draft: &Draft, sender: Option<&str>, envelope: &[&str]) -> Result<Vec<u8>> {
    let mut mail = MessageBuilder::new();
    if !envelope.is_empty() {
        let list = envelope.iter().map(|address| one_line(address)).collect::<Vec<_>>().join(", ");
        mail = mail.header(ENVELOPE, Raw::new(list));
    }
    let from = draft.from.as_ref().map(|(_, address)| address.as_str()).or(sender);
    match (&draft.from, sender) {
        (Some(from), _) => mail = mail.from(mailbox(from)),
        (None, Some(sender)) => mail = mail.from(mailbox(&(String::new(), sender.to_owned()))),
        (None, None) => {}
    }
    if let Some(sender) = sender.filter(|sender| Some(*sender) != from) {
        mail = mail.sender(mailbox(&(String::new(), sender.to_owned())));
    }
    if !draft.to.is_empty() {
        mail = mail.to(Address::new_list(draft.to.iter().map(mailbox).collect()));
    }
    if !draft.cc.is_empty() {
        mail = mail.cc(Address::new_list(draft.cc.iter().map(mailbox).collect()));
    }
    mail = mail.subject(Text::new(one_line(&draft.subject)));
    if let Some(time) = draft.date {
        mail = mail.date(Date::new(to_seconds(time)));
    }
    if let Some(id) = &draft.message_id {
        mail = mail.message_id(MessageId::new(one_line(id).trim_matches(['<', '>', ' ']).to_owned()));
    }
    mail.body(content(draft)?).write_to_vec().map_err(|_| HRESULT::MAPI_E_CALL_FAILED)
}

fn content(draft: &Draft) -> Result<MimePart<'static>> {
    let mut bodies = Vec::new();
    if draft.text.is_some() || draft.html.is_none() {
        let text = draft.text.clone().unwrap_or_default();
        bodies.push(text_part("text/plain; charset=utf-8".to_owned(), text.into_bytes()));
    }
    if let Some(html) = &draft.html {
        let charset = charset(draft.code_page.unwrap_or(65001));
        bodies.push(text_part(format!("text/html; charset={charset}"), html.clone()));
    }
    let body = match bodies.len() {
        1 => bodies.remove(0),
        _ => MimePart::new("multipart/alternative", BodyPart::Multipart(bodies)),
    };
    if draft.attachments.is_empty() {
        return Ok(body);
    }
    let mut parts = vec![body];
    for attached in &draft.attachments {
        parts.push(attachment_part(attached)?);
    }
    Ok(MimePart::new("multipart/mixed", BodyPart::Multipart(parts)))
}

/// Text goes out as it is where every mail system carries it unchanged, else in base64: its line ends stay what they are.
fn text_part(content_type: String, bytes: Vec<u8>) -> MimePart<'static> {
    let plain = is_plain(&bytes);
    let part = MimePart::raw(BodyPart::Binary(bytes.into())).header("Content-Type", Raw::new(content_type));
    if plain { part.transfer_encoding("7bit") } else { part }
}

fn attachment_part(attached: &Attached) -> Result<MimePart<'static>> {
    let (bytes, content_type) = match &attached.content {
        Content::Bytes(bytes) => {
            let declared = attached.mime_type.as_deref().filter(|declared| declared.contains('/'));
            (bytes.clone(), one_line(declared.unwrap_or("application/octet-stream")))
        }
        Content::Message(inner) => (compose(inner, None, &[])?, "message/rfc822".to_owned()),
    };
    let mut disposition = ContentType::new("attachment");
    if let Some(name) = &attached.file_name {
        disposition = disposition.attribute("filename", one_line(name));
    }
    let mut part = MimePart::raw(BodyPart::Binary(bytes.into()))
        .header("Content-Type", Raw::new(content_type))
        .header("Content-Disposition", HeaderType::ContentType(disposition));
    if let Some(id) = &attached.content_id {
        part = part.cid(one_line(id));
    }
    Ok(match attached.content {
        Content::Bytes(_) => part,
        // A message within a message is not to be encoded (RFC 2046, 5.2.1).
        Content::Message(_) => part.transfer_encoding("7bit"),
    })
}

fn mailbox((name, address): &(String, String)) -> Address<'static> {
    let name = Some(one_line(name)).filter(|name| !name.is_empty() && name != address);
    Address::new_address(name, one_line(address))
}

/// What a header's value must not hold: a line break would begin a header of its own.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn is_plain(bytes: &[u8]) -> bool {
    let ends_well =
        |line: &[u8]| !line.ends_with(b" ") && !line.ends_with(b"\t") && line.len() <= LONGEST_LINE;
    let is_printable = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
    let text = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    text.split(|byte| *byte == b'\n').all(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        ends_well(line) && line.iter().all(is_printable)
    }) && !has_bare_line_end(bytes)
}

fn has_bare_line_end(bytes: &[u8]) -> bool {
    let bare_feed = |at: usize| bytes[at] == b'\n' && (at == 0 || bytes[at - 1] != b'\r');
    let bare_return = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    (0..bytes.len()).any(|at| bare_feed(at) || bare_return(at))
}

fn charset(code_page: u32) -> String {
    match code_page {
        65001 => "utf-8".to_owned(),
        20127 => "us-ascii".to_owned(),
        28591..=28605 => format!("iso-8859-{}", code_page - 28590),
        20866 => "koi8-r".to_owned(),
        932 => "shift_jis".to_owned(),
        50220 => "iso-2022-jp".to_owned(),
        936 => "gb2312".to_owned(),
        950 => "big5".to_owned(),
        page => format!("windows-{page}"),
    }
}

#[cfg(test)]
mod tests;
