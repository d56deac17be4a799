//! RFC 5322 and MIME, taken apart into what a message has to hold.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    Address, Encoding, Message, MessageParser, MessagePart, MessagePartId, MimeHeaders, PartType,
};
use mapi_spi::values::decode_string8;

use crate::time::from_seconds;

/// Messages within messages, deeper than this, stay bytes.
const DEEPEST: usize = 8;

/// UTF-8 as a Windows code page.
const UTF_8: u32 = 65001;

/// A message.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Mail {
    /// All headers as they came.
    pub(crate) headers: String,
    /// Headers whose names begin with `X-`, and their values.
    pub(crate) extensions: Vec<(String, String)>,
    pub(crate) from: Option<Mailbox>,
    pub(crate) sender: Option<Mailbox>,
    pub(crate) to: Vec<Mailbox>,
    pub(crate) cc: Vec<Mailbox>,
    pub(crate) bcc: Vec<Mailbox>,
    pub(crate) subject: String,
    /// With its angle brackets.
    pub(crate) message_id: Option<String>,
    /// 100 ns since 1601-01-01 UTC.
    pub(crate) date: Option<u64>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<Html>,
    pub(crate) attachments: Vec<Attachment>,
}

/// Somebody's name and address.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mailbox {
    pub(crate) name: String,
    pub(crate) address: String,
}

/// A body in HTML, in the character set that it came in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Html {
    pub(crate) bytes: Vec<u8>,
    pub(crate) code_page: u32,
}

/// An attachment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attachment {
    pub(crate) file_name: Option<String>,
    pub(crate) mime_type: String,
    /// Without angle brackets.
    pub(crate) content_id: Option<String>,
    pub(crate) content: Content,
}

/// What an attachment holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    Message(Box<Mail>),
}

impl Mail {
    /// Takes a message apart. What is no message at all becomes one with nothing but a body: it must not block the rest.
    pub(crate) fn parse(raw: &[u8]) -> Mail {
        match MessageParser::default().parse(raw) {
            Some(message) if has_header(&message) => Mail::of(&message, 0),
            Some(_) | None => Mail { text: Some(decode_string8(raw)), ..Mail::default() },
        }
    }

    fn of(message: &Message<'_>, depth: usize) -> Mail {
        let root = message.root_part();
        let head = slice(message, root.offset_header, root.offset_body);
        let mut mail = Mail {
            headers: trim_empty_line(&decode_string8(head)).to_owned(),
            extensions: extensions(message),
            from: message.from().and_then(|list| mailboxes(list).into_iter().next()),
            sender: message.sender().and_then(|list| mailboxes(list).into_iter().next()),
            to: message.all_to().flat_map(mailboxes).collect(),
            cc: message.all_cc().flat_map(mailboxes).collect(),
            bcc: message.all_bcc().flat_map(mailboxes).collect(),
            subject: message.subject().unwrap_or_default().to_owned(),
            message_id: message.message_id().map(|id| format!("<{id}>")),
            date: message.date().map(|date| from_seconds(date.to_timestamp())),
            ..Mail::default()
        };
        mail.take_part(message, 0, depth);
        mail
    }

    /// The first text in the message is its body, and the first HTML; everything else is attached.
    fn take_part(&mut self, message: &Message<'_>, id: MessagePartId, depth: usize) {
        let Some(part) = message.part(id) else { return };
        let file_name = part.attachment_name().map(str::to_owned);
        let is_attached =
            file_name.is_some() || part.content_disposition().is_some_and(|d| d.is_attachment());
        let mime_type = mime_type(part);
        match &part.body {
            PartType::Multipart(parts) => {
                return parts.iter().for_each(|part| self.take_part(message, *part, depth));
            }
            PartType::Text(text) if !is_attached && self.text.is_none() && mime_type == "text/plain" => {
                self.text = Some(text.clone().into_owned());
                return;
            }
            PartType::Html(text) if !is_attached && self.html.is_none() => {
                self.html = Some(html(message, part, text));
                return;
            }
            PartType::Text(_)
            | PartType::Html(_)
            | PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_) => {}
        }
        let content = match &part.body {
            PartType::Message(inner) if depth < DEEPEST => {
                Content::Message(Box::new(Mail::of(inner, depth + 1)))
            }
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                Content::Bytes(bytes.clone().into_owned())
            }
            _ => Content::Bytes(transferred(message, part)),
        };
        let content_id = part.content_id().map(str::to_owned);
        self.attachments.push(Attachment { file_name, mime_type, content_id, content });
    }
}

/// Whether there is anything that looks like a header; what is no message has bytes where its name would be.
fn has_header(message: &Message<'_>) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    message.headers_raw().any(|(name, _)| is_name(name))
}

fn mailboxes(list: &Address<'_>) -> Vec<Mailbox> {
    let boxed = |address: &mail_parser::Addr<'_>| {
        let own = address.address()?.trim().to_owned();
        let name = address.name().map(str::trim).filter(|name| !name.is_empty());
        Some(Mailbox { name: name.unwrap_or(&own).to_owned(), address: own })
    };
    list.iter().filter_map(boxed).collect()
}

fn extensions(message: &Message<'_>) -> Vec<(String, String)> {
    let named = |(name, value): (&str, &str)| (name.to_owned(), value.trim().to_owned());
    let is_extension = |(name, _): &(&str, &str)| name.len() > 2 && name[..2].eq_ignore_ascii_case("x-");
    message.headers_raw().filter(|(name, _)| name.is_ascii()).filter(is_extension).map(named).collect()
}

fn mime_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(declared) => {
            let whole = format!("{}/{}", declared.ctype(), declared.subtype().unwrap_or("octet-stream"));
            whole.to_ascii_lowercase()
        }
        None if part.is_message() => "message/rfc822".to_owned(),
        None => "text/plain".to_owned(),
    }
}

fn html(message: &Message<'_>, part: &MessagePart<'_>, decoded: &str) -> Html {
    let charset = part.content_type().and_then(|declared| declared.attribute("charset")).unwrap_or("utf-8");
    match code_page(charset) {
        Some(code_page) => Html { bytes: transferred(message, part), code_page },
        None => Html { bytes: decoded.as_bytes().to_vec(), code_page: UTF_8 },
    }
}

/// The code page of a character set's name, for those that a body is likely to come in.
fn code_page(charset: &str) -> Option<u32> {
    let name = charset.to_ascii_lowercase();
    let page = match name.as_str() {
        "utf-8" | "utf8" => UTF_8,
        "us-ascii" | "ascii" => 20127,
        "iso-8859-1" | "latin1" => 28591,
        "iso-8859-2" => 28592,
        "iso-8859-15" => 28605,
        "koi8-r" => 20866,
        "shift_jis" => 932,
        "iso-2022-jp" => 50220,
        "gb2312" | "gbk" => 936,
        "big5" => 950,
        _ => return name.strip_prefix("windows-")?.parse().ok().filter(|page| (1250..=1258).contains(page)),
    };
    Some(page)
}

/// A part's bytes with nothing but the transfer encoding undone.
fn transferred(message: &Message<'_>, part: &MessagePart<'_>) -> Vec<u8> {
    let raw = slice(message, part.offset_body, part.offset_end);
    let decoded = match part.encoding {
        Encoding::None => None,
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::Base64 => base64_decode(raw),
    };
    decoded.unwrap_or_else(|| raw.to_vec())
}

fn slice<'a>(message: &'a Message<'_>, from: u32, to: u32) -> &'a [u8] {
    message.raw_message.get(from as usize..to as usize).unwrap_or_default()
}

/// Headers without the empty line that ends them.
fn trim_empty_line(head: &str) -> &str {
    let one_less = |text: &str| {
        let shorter = text.strip_suffix('\n')?;
        Some(shorter.strip_suffix('\r').unwrap_or(shorter).len())
    };
    match one_less(head) {
        Some(length) if head[..length].ends_with('\n') => &head[..length],
        Some(_) | None => head,
    }
}

#[cfg(test)]
mod tests;
