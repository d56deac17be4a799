//! Composes the messages that a case sends, from mails of RFC 5322, as a mail client would have put them into the store.

use std::io;
use std::path::Path;

use mail_parser::{Address, DateTime, Message, MimeHeaders as _, PartType};
use mapi_spi::PropTag;
use mapi_spi::tags::{
    PR_BODY_W, PR_CLIENT_SUBMIT_TIME, PR_HTML, PR_INTERNET_CPID, PR_INTERNET_MESSAGE_ID_W,
    PR_MESSAGE_CLASS_W, PR_PARENT_DISPLAY_W, PR_SENDER_ADDRTYPE_W, PR_SENDER_EMAIL_ADDRESS_W,
    PR_SENDER_NAME_W, PR_SENT_REPRESENTING_ADDRTYPE_W, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W,
    PR_SENT_REPRESENTING_NAME_W, PR_SUBJECT_W,
};
use mock_spooler::plan::draft::{DraftAttachment, DraftRecipient, RecipientKind};
use mock_spooler::plan::{Draft, Envelope, ProfileProp};
use serde_json::Value;

use crate::candidate::Host;
use crate::eml;
use crate::judge::NONTRANSMITTABLE;

/// The code page of UTF-8.
const UTF_8: u32 = 65001;

/// Composes one message, and writes the data of its attachments into files.
pub(super) struct Composer<'a> {
    host: &'a Host,
    dir: &'a Path,
    name: &'a str,
    /// How many files were written.
    files: usize,
}

impl<'a> Composer<'a> {
    /// For the mail of this name; files go into `dir`.
    pub(super) fn new(host: &'a Host, dir: &'a Path, name: &'a str) -> Self {
        Self { host, dir, name, files: 0 }
    }

    /// The message of a mail's text.
    pub(super) fn draft(&mut self, text: &[u8]) -> io::Result<Draft> {
        let message = eml::parse(text);
        let message = message.ok_or_else(|| io::Error::other(format!("mail `{}` is no mail", self.name)))?;
        let mut draft = self.message(&message)?;
        draft.props.extend(nontransmittable());
        Ok(draft)
    }

    fn message(&mut self, message: &Message<'_>) -> io::Result<Draft> {
        let recipients = [
            (RecipientKind::To, message.to()),
            (RecipientKind::Cc, message.cc()),
            (RecipientKind::Bcc, message.bcc()),
        ];
        Ok(Draft {
            props: props(message),
            recipients: recipients
                .into_iter()
                .flat_map(|(kind, list)| self::recipients(kind, list))
                .collect(),
            attachments: message
                .attachments()
                .map(|part| self.attachment(part))
                .collect::<io::Result<_>>()?,
        })
    }

    fn attachment(&mut self, part: &mail_parser::MessagePart<'_>) -> io::Result<DraftAttachment> {
        let kind = part.content_type();
        let mime = kind.map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")));
        let mut attachment = DraftAttachment {
            name: part.attachment_name().unwrap_or("attachment").to_owned(),
            mime: mime.unwrap_or_else(|| "application/octet-stream".to_owned()),
            data: None,
            embedded: None,
        };
        match part.message() {
            Some(inner) => attachment.embedded = Some(Box::new(self.message(inner)?)),
            None => {
                self.files += 1;
                let path = self.dir.join(format!("{}-{}.data", self.name.replace('#', "-"), self.files));
                std::fs::write(&path, part.contents())?;
                attachment.data = Some(self.host.translate(&path));
            }
        }
        Ok(attachment)
    }
}

/// Takes a mail that names nobody: every server has it (RFC 5321, 4.5.1).
const NOBODY: &str = "postmaster@localhost";

/// Who sends a mail and to whom it goes, blind copies included, as its headers say.
pub(super) fn envelope(text: &[u8]) -> Envelope {
    let message = eml::parse_headers(text).unwrap_or_default();
    let addresses = |list: Option<&Address<'_>>| -> Vec<String> {
        let all = list.into_iter().flat_map(Address::iter);
        all.filter_map(|one| one.address().map(str::to_owned)).collect()
    };
    let mut to: Vec<String> =
        [message.to(), message.cc(), message.bcc()].into_iter().flat_map(addresses).collect();
    if to.is_empty() {
        to.push(NOBODY.to_owned());
    }
    let from = addresses(message.sender()).into_iter().chain(addresses(message.from())).next();
    Envelope { from: from.unwrap_or_default(), to }
}

fn props(message: &Message<'_>) -> Vec<ProfileProp> {
    let mut props = Vec::new();
    let mut add = |tag: PropTag, value: Value| props.push(ProfileProp { tag: tag.0, value });
    add(PR_MESSAGE_CLASS_W, "IPM.Note".into());
    if let Some(subject) = message.subject() {
        add(PR_SUBJECT_W, subject.into());
    }
    let texts = message.text_bodies().filter_map(|part| match &part.body {
        PartType::Text(text) => Some(text.as_ref()),
        _ => None,
    });
    let body: String = texts.collect();
    if !body.is_empty() {
        add(PR_BODY_W, crlf(&body).into());
    }
    let html = message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.as_ref()),
        _ => None,
    });
    if let Some(html) = html {
        add(PR_HTML, hex(html.as_bytes()).into());
        add(PR_INTERNET_CPID, UTF_8.into());
    }
    if let Some(time) = message.date().and_then(file_time) {
        add(PR_CLIENT_SUBMIT_TIME, time.into());
    }
    if let Some(id) = message.message_id() {
        add(PR_INTERNET_MESSAGE_ID_W, format!("<{id}>").into());
    }
    let from = message.from().and_then(Address::first);
    let sender = message.sender().and_then(Address::first).or(from);
    let tags = [
        (sender, PR_SENDER_NAME_W, PR_SENDER_ADDRTYPE_W, PR_SENDER_EMAIL_ADDRESS_W),
        (
            from,
            PR_SENT_REPRESENTING_NAME_W,
            PR_SENT_REPRESENTING_ADDRTYPE_W,
            PR_SENT_REPRESENTING_EMAIL_ADDRESS_W,
        ),
    ];
    for (who, name, kind, address) in tags {
        if let Some((who, at)) = who.and_then(|who| Some((who, who.address()?))) {
            add(name, who.name().unwrap_or(at).into());
            add(kind, "SMTP".into());
            add(address, at.into());
        }
    }
    props
}

/// One property of each range that is not transmitted: of MAPI's own, of clients, of message classes (page
/// `property-identifier-ranges`).
fn nontransmittable() -> impl Iterator<Item = ProfileProp> {
    let tags = [PR_PARENT_DISPLAY_W.0, 0x6001_001F, 0x7C01_001F];
    tags.into_iter().map(|tag| ProfileProp { tag, value: NONTRANSMITTABLE.into() })
}

fn recipients(kind: RecipientKind, list: Option<&Address<'_>>) -> Vec<DraftRecipient> {
    let all = list.into_iter().flat_map(Address::iter);
    all.filter_map(|one| {
        Some(DraftRecipient {
            uid: None,
            address: one.address()?.to_owned(),
            name: one.name().map(str::to_owned),
            address_type: None,
            kind,
            served: false,
        })
    })
    .collect()
}

/// Lines in MAPI's texts end like those of Windows.
fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A FILETIME: 100 ns since 1601-01-01 UTC.
fn file_time(date: &DateTime) -> Option<u64> {
    const FROM_1601_TO_1970: i64 = 11_644_473_600;
    u64::try_from(date.to_timestamp().checked_add(FROM_1601_TO_1970)?).ok()?.checked_mul(10_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: Ada <ada@example.com>\r\nTo: ben@example.net\r\nBcc: c@example.net\r\nSubject: Hi\r\n\
        Date: Thu, 01 Jan 1970 00:00:01 +0000\r\nMessage-ID: <x@example.com>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n--b\r\n\
        Content-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n\r\n%PDF\r\n\
        --b--\r\n";

    #[test]
    fn a_mail_is_composed() {
        let dir = tempfile::tempdir().expect("a directory");
        let draft = Composer::new(&Host::Here, dir.path(), "m1#2").draft(MAIL.as_bytes()).expect("a mail");
        let prop =
            |tag: PropTag| draft.props.iter().find(|prop| prop.tag == tag.0).map(|prop| prop.value.clone());
        assert_eq!(prop(PR_SUBJECT_W), Some("Hi".into()));
        assert_eq!(prop(PR_CLIENT_SUBMIT_TIME), Some(116_444_736_010_000_000_u64.into()));
        assert_eq!(prop(PR_SENDER_NAME_W), Some("Ada".into()));
        assert_eq!(prop(PR_PARENT_DISPLAY_W), Some(NONTRANSMITTABLE.into()));
        assert_eq!(draft.recipients.len(), 2);
        assert_eq!(draft.recipients[1].kind, RecipientKind::Bcc);
        let [attachment] = draft.attachments.as_slice() else { panic!("one attachment: {draft:?}") };
        assert_eq!((attachment.name.as_str(), attachment.mime.as_str()), ("a.pdf", "application/pdf"));
        let data = attachment.data.as_ref().expect("its bytes");
        assert_eq!(std::fs::read(data).expect("written"), b"%PDF");
    }
}
