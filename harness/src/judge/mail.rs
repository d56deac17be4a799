//! The mail of a case, as what must arrive of it.
//!
//! Providers differ in how they hold what they received: wide or narrow strings, plain text or HTML or both, an embedded
//! message or the bytes of one. What is compared is what a reader of the message would miss.

use mail_parser::{Address, HeaderName, HeaderValue, Message, MimeHeaders as _, PartType};
use mock_spooler::trace::event::{Content, Prop};
use mock_spooler::trace::value::digest;
use serde_json::Value;

use super::values::{find, has_value, ids, tag, text};
use crate::eml;

mod attached;
mod class;
mod names;
mod recipients;
mod times;

pub(crate) use names::may_be_called;
pub(crate) use times::off_by_a_zone;

/// The beginning of the year 1970 as a FILETIME, in units of 100 nanoseconds: no mail was delivered before, and a time that is
/// none, or counts from another year, lies there.
const YEAR_1970: u64 = 116_444_736_000_000_000;

/// What a mail says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// The subject, unfolded and decoded.
    pub subject: Option<String>,
    /// The identifier, without angle brackets.
    pub message_id: Option<String>,
    /// The addresses of From.
    pub authors: Vec<String>,
    /// The addresses of From and Sender.
    pub senders: Vec<String>,
    /// The addresses of To and Cc.
    pub recipients: Vec<(RecipientType, String)>,
    /// The addresses of Bcc.
    pub blind: Vec<String>,
    /// The addresses in other fields of the header, those that tell of its way among them.
    pub others: Vec<String>,
    /// The names that the header gives to addresses, each behind its address in small letters.
    pub names: Vec<(String, String)>,
    /// What Date says, in seconds since 1970.
    pub date: Option<i64>,
    /// The times in other fields of the header.
    pub times: Vec<i64>,
    /// Whether it is text with or without attachments, from one person to others: no report, no appointment, no form.
    pub ordinary: bool,
    /// The plain text, part by part.
    pub texts: Vec<String>,
    /// The HTML text.
    pub html: Option<String>,
    /// The attachments.
    pub attachments: Vec<Attached>,
}

/// Where a recipient stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecipientType {
    /// In To.
    To,
    /// In Cc.
    Cc,
}

impl RecipientType {
    /// The value of PR_RECIPIENT_TYPE.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::To => 1,
            Self::Cc => 2,
        }
    }

    /// The name of that value in the headers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::To => "MAPI_TO",
            Self::Cc => "MAPI_CC",
        }
    }
}

/// An attachment of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Its file name.
    pub name: Option<String>,
    /// Its bytes, decoded.
    pub bytes: Vec<u8>,
    /// Whether it is text: line ends may differ then.
    pub is_text: bool,
    /// The mail, where it is one.
    pub mail: Option<Box<Mail>>,
}

/// Something that a delivered message has not, or has otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is due.
    pub due: String,
    /// What is there.
    pub seen: String,
}

impl Mail {
    /// How many bytes its texts have.
    #[must_use]
    pub fn size(&self) -> usize {
        let texts: usize = self.texts.iter().map(String::len).sum();
        texts + self.html.as_ref().map_or(0, String::len)
    }

    /// Reads a mail. What is no mail at all reads as an empty one.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        eml::parse(text).map(|message| Self::of(&message)).unwrap_or_default()
    }

    fn of(message: &Message<'_>) -> Self {
        let addresses = |list: Option<&Address<'_>>| -> Vec<String> {
            list.into_iter()
                .flat_map(|list| list.iter())
                .filter_map(|one| one.address())
                .map(str::to_owned)
                .collect()
        };
        let mut mail = Self {
            subject: message.subject().map(str::to_owned),
            message_id: message.message_id().map(str::to_owned),
            authors: addresses(message.from()),
            senders: addresses(message.from()),
            blind: addresses(message.bcc()),
            others: others(message),
            names: named(message),
            date: message.date().filter(|date| date.is_valid()).map(mail_parser::DateTime::to_timestamp),
            times: times::others(message),
            ordinary: class::is_ordinary(message),
            ..Self::default()
        };
        mail.senders.extend(addresses(message.sender()));
        mail.recipients.extend(addresses(message.to()).into_iter().map(|one| (RecipientType::To, one)));
        mail.recipients.extend(addresses(message.cc()).into_iter().map(|one| (RecipientType::Cc, one)));
        for part in message.text_bodies() {
            if let PartType::Text(text) = &part.body {
                mail.texts.push(text.to_string());
            }
        }
        mail.html = message.html_bodies().find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.to_string()),
            _ => None,
        });
        mail.attachments = message
            .attachments()
            .map(|part| Attached {
                name: part.attachment_name().map(str::to_owned),
                bytes: if part.is_message() { Vec::new() } else { part.contents().to_vec() },
                is_text: matches!(part.body, PartType::Text(_) | PartType::Html(_)),
                mail: part.message().map(|inner| Box::new(Self::of(inner))),
            })
            .collect();
        mail
    }

    /// Whether the mail says anything in its body.
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.texts.iter().any(|text| !text.trim().is_empty()) || self.html.is_some()
    }

    /// What a message must have and does not (RECV-04).
    #[must_use]
    pub fn missing(&self, content: &Content) -> Vec<Difference> {
        let has = |wanted: &[u32]| wanted.iter().any(|id| find(&content.props, *id).is_some());
        let sender = [
            ids::PR_SENDER_NAME,
            ids::PR_SENDER_EMAIL_ADDRESS,
            ids::PR_SENDER_ENTRYID,
            ids::PR_SENT_REPRESENTING_NAME,
            ids::PR_SENT_REPRESENTING_EMAIL_ADDRESS,
            ids::PR_SENT_REPRESENTING_ENTRYID,
        ];
        let body = [ids::PR_BODY, ids::PR_HTML, ids::PR_RTF_COMPRESSED];
        let saved = content.attachments.iter().any(|attachment| attachment.saved);
        let dated = find(&content.props, ids::PR_MESSAGE_DELIVERY_TIME)
            .is_some_and(|prop| prop.value.as_u64().is_none_or(|time| time >= YEAR_1970));
        let classed =
            has(&[ids::PR_MESSAGE_CLASS]) && text(&content.props, ids::PR_MESSAGE_CLASS) != Some("");
        let required = [
            (true, classed, "a message class (PR_MESSAGE_CLASS)"),
            (!self.senders.is_empty(), has(&sender), "a sender (PR_SENDER_* or PR_SENT_REPRESENTING_*)"),
            (
                self.subject.as_ref().is_some_and(|text| !text.is_empty()),
                has(&[ids::PR_SUBJECT]),
                "a subject (PR_SUBJECT)",
            ),
            (self.has_body(), has(&body), "a body (PR_BODY, PR_HTML or PR_RTF_COMPRESSED)"),
            (true, dated, "a delivery time (PR_MESSAGE_DELIVERY_TIME)"),
            (!self.recipients.is_empty(), !content.recipients.is_empty(), "recipients"),
            (!self.attachments.is_empty(), saved, "attachments, saved"),
        ];
        let lacking = required.into_iter().filter(|(due, there, _)| *due && !there);
        lacking
            .map(|(_, _, what)| Difference {
                due: format!("the message has {what}"),
                seen: "none".to_owned(),
            })
            .collect()
    }

    /// Where a message differs from the mail (RECV-17). What is missing altogether is [`Mail::missing`]'s.
    #[must_use]
    pub fn differences(&self, content: &Content) -> Vec<Difference> {
        let mut found = Vec::new();
        self.compare_subject(content, &mut found);
        self.compare_body(content, &mut found);
        self.compare_senders(content, &mut found);
        self.compare_recipients(content, &mut found);
        self.compare_attachments(content, &mut found);
        self.compare_class(content, &mut found);
        found
    }

    /// Where a message's subject, body and attachments differ from the mail's.
    pub(crate) fn substance(&self, content: &Content) -> Vec<Difference> {
        let mut found = Vec::new();
        self.compare_subject(content, &mut found);
        self.compare_body(content, &mut found);
        self.compare_attachments(content, &mut found);
        if content.attachments.is_empty() && !self.attachments.is_empty() {
            let due = format!("{} attachments", self.attachments.len());
            found.push(Difference { due, seen: "no attachments".to_owned() });
        }
        found
    }

    /// Whether a message's subject is this mail's.
    #[must_use]
    pub fn has_subject_of(&self, content: &Content) -> bool {
        match find(&content.props, ids::PR_SUBJECT) {
            Some(prop) => same_line(self.subject.as_deref().unwrap_or(""), prop),
            None => self.subject.as_deref().unwrap_or("").is_empty(),
        }
    }

    /// Whether a message's identifier is this mail's; nothing where either has none.
    #[must_use]
    pub fn has_id_of(&self, content: &Content) -> Option<bool> {
        let there = id_of(content)?;
        let due = self.message_id.as_deref()?;
        Some(there == due)
    }

    fn compare_subject(&self, content: &Content, found: &mut Vec<Difference>) {
        if let Some(prop) = find(&content.props, ids::PR_SUBJECT).filter(|_| !self.has_subject_of(content)) {
            let due = self.subject.as_deref().unwrap_or("");
            found.push(Difference {
                due: format!("subject {due:?}"),
                seen: format!("subject {}", shown(prop)),
            });
        }
    }

    fn compare_body(&self, content: &Content, found: &mut Vec<Difference>) {
        // A plain text that the provider derived from HTML is its own affair.
        if let Some(body) = find(&content.props, ids::PR_BODY).filter(|_| !self.texts.is_empty()) {
            let same = same_text(&self.texts[0], body)
                || same_text(&self.texts.concat(), body)
                || same_text(&self.texts.join("\n"), body);
            if !same {
                let due: usize = self.texts.iter().map(|text| text.chars().count()).sum();
                found.push(Difference {
                    due: format!("the body of {due} characters that arrived"),
                    seen: format!("body {}", shown(body)),
                });
            }
        }
        if let (Some(html), Some(due)) = (find(&content.props, ids::PR_HTML), self.html.as_deref())
            && !same_text(due, html)
        {
            found.push(Difference {
                due: "the HTML body that arrived".to_owned(),
                seen: format!("HTML {}", shown(html)),
            });
        }
    }

    fn compare_senders(&self, content: &Content, found: &mut Vec<Difference>) {
        let given: Vec<_> = [ids::PR_SENDER_EMAIL_ADDRESS, ids::PR_SENT_REPRESENTING_EMAIL_ADDRESS]
            .into_iter()
            .filter_map(|id| find(&content.props, id))
            .collect();
        let known = |prop: &&Prop| self.senders.iter().any(|sender| names(prop, sender));
        if !given.is_empty() && !self.senders.is_empty() && !given.iter().any(known) {
            found.push(Difference {
                due: format!("the sender {}", self.senders.join(", ")),
                seen: format!("sender {}", shown(given[0])),
            });
        }
        self.compare_sender_names(content, found);
    }
}

/// The addresses in fields of the header that name neither who has written a mail nor for whom it is.
fn others(message: &Message<'_>) -> Vec<String> {
    let own = [HeaderName::From, HeaderName::Sender, HeaderName::To, HeaderName::Cc, HeaderName::Bcc];
    let mut others = Vec::new();
    for header in message.headers().iter().filter(|header| !own.contains(&header.name)) {
        match &header.value {
            HeaderValue::Address(list) => {
                others.extend(list.iter().filter_map(|one| one.address()).map(str::to_lowercase));
            }
            HeaderValue::Text(text) => others.extend(within(text)),
            HeaderValue::TextList(texts) => others.extend(texts.iter().flat_map(|text| within(text))),
            _ => {}
        }
    }
    others
}

/// What looks like an address in a text.
fn within(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| c.is_whitespace() || "<>,;()\"".contains(c));
    words.filter(|word| word.contains('@')).map(str::to_lowercase)
}

/// The names that the fields for people give to addresses.
fn named(message: &Message<'_>) -> Vec<(String, String)> {
    let fields = [message.from(), message.sender(), message.to(), message.cc(), message.bcc()];
    let people = fields.into_iter().flatten().flat_map(Address::iter);
    people
        .filter_map(|one| {
            let name = one.name().filter(|name| !name.trim().is_empty())?;
            Some((one.address()?.to_lowercase(), name.to_owned()))
        })
        .collect()
}

/// Whether a property's text contains an address, however it is written.
fn names(prop: &Prop, address: &str) -> bool {
    prop.value.as_str().is_some_and(|text| text.to_lowercase().contains(&address.to_lowercase()))
}

/// A message's identifier, without angle brackets.
pub(crate) fn id_of(content: &Content) -> Option<&str> {
    let there = find(&content.props, ids::PR_INTERNET_MESSAGE_ID)?.value.as_str()?;
    Some(there.trim().trim_start_matches('<').trim_end_matches('>'))
}

/// A text as lines are compared: how it was folded does not count.
pub(crate) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn same_line(due: &str, prop: &Prop) -> bool {
    prop.value.as_str().is_some_and(|there| same(&line(due), &line(there), prop)) || same_digest(due, prop)
}

fn same_text(due: &str, prop: &Prop) -> bool {
    let there = match &prop.value {
        Value::String(text) => Some(text.clone()),
        value => value
            .get("hex")
            .and_then(Value::as_str)
            .and_then(unhex)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    };
    there.is_some_and(|there| same(&normal(due), &normal(&there), prop)) || same_digest(due, prop)
}

/// Narrow strings and bytes come in some code page: what is not ASCII is not compared there.
fn same(due: &str, there: &str, prop: &Prop) -> bool {
    if due == there {
        return true;
    }
    let ascii = |text: &str| text.chars().filter(|c| c.is_ascii() && *c != '?').collect::<String>();
    !is_wide(prop) && !due.is_ascii() && ascii(due) == ascii(there)
}

fn same_digest(due: &str, prop: &Prop) -> bool {
    let Some(sum) = prop.value.get("sha256").and_then(Value::as_str) else { return false };
    if is_wide(prop) || due.is_ascii() {
        // Megabytes: what most values are is looked at first.
        let is = |form: &str| digest(form.as_bytes()) == sum;
        let unix = due.replace("\r\n", "\n");
        return is(unix.trim_end()) || is(due) || is(&unix) || is(&unix.replace('\n', "\r\n"));
    }
    true
}

fn is_wide(prop: &Prop) -> bool {
    tag(prop) & 0xffff == 0x001f
}

/// Line ends as LF, no white space before them and at the end.
pub(super) fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len() + 1);
    for line in text.lines() {
        normal.push_str(line.trim_end());
        normal.push('\n');
    }
    normal.truncate(normal.trim_end().len());
    normal
}

pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// A property's value for a message to people: short.
fn shown(prop: &Prop) -> String {
    if !has_value(prop) {
        return "without a value".to_owned();
    }
    let text = prop.value.to_string();
    if text.chars().count() <= 80 {
        text
    } else {
        format!("{}...", text.chars().take(77).collect::<String>())
    }
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
