//! What the candidate sent, as it was found in its sink, and how it compares with what was submitted.
//!
//! Providers differ in how they send: one file for all recipients or one for each, text with or without HTML, a line end at the
//! end or none, an identifier of their own. What is compared is what a recipient would miss.

use std::collections::BTreeMap;

use mail_parser::HeaderName;
use mock_spooler::plan::draft::RecipientKind;
use mock_spooler::trace::event::Prop;

use super::mail::{Attached, Difference, Mail, RecipientType, may_be_called, normal, off_by_a_zone, unhex};
use super::model::{Fact, Model};
use super::submission::{Consignee, Outgoing};
use crate::eml;

/// What a nontransmittable property of a submitted message holds: whatever tells of it was not to be sent.
pub const NONTRANSMITTABLE: &str = "spoolproof-nontransmittable";

/// What the harness found in the candidate's sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The header in which a sent mail's true recipients stand; where there is none, To and Cc are taken.
    pub envelope: Option<String>,
    /// The mails by the names of their files, where they are not in the trace.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A mail that the candidate sent.
#[derive(Debug)]
pub(crate) struct SentFile<'t> {
    /// The event of its finding.
    pub(crate) n: u64,
    /// Its file.
    pub(crate) name: &'t str,
    /// What it says; nothing where its content could not be had.
    pub(crate) mail: Option<Mail>,
    /// Its true recipients, where a header names them.
    pub(crate) envelope: Option<Vec<String>>,
    /// Whether it holds what was not to be sent.
    pub(crate) tells_tales: bool,
    /// The place of the message that it is.
    pub(crate) of: Option<usize>,
}

impl SentFile<'_> {
    /// Whether it goes to a recipient; nothing where that is not to be seen: without an envelope a blind copy leaves no trace.
    pub(crate) fn reaches(&self, consignee: &Consignee) -> Option<bool> {
        if let Some(envelope) = &self.envelope {
            return Some(envelope.iter().any(|there| there.eq_ignore_ascii_case(&consignee.address)));
        }
        match consignee.kind {
            RecipientKind::Bcc | RecipientKind::P1 => None,
            // Whom the headers show besides its own recipients it need not have gone to.
            RecipientKind::To | RecipientKind::Cc if !consignee.due() => None,
            RecipientKind::To | RecipientKind::Cc => {
                Some(self.mail.is_none() || self.shows(&consignee.address).is_some())
            }
        }
    }

    /// Where its headers show an address.
    pub(crate) fn shows(&self, address: &str) -> Option<RecipientType> {
        let shown = self.mail.iter().flat_map(|mail| &mail.recipients);
        shown.into_iter().find(|(_, there)| there.eq_ignore_ascii_case(address)).map(|(kind, _)| *kind)
    }

    /// Whether it shows a recipient of a blind copy to anybody else. What has no envelope may name its recipients in Bcc, for
    /// whoever takes it on.
    fn exposes(&self, consignee: &Consignee) -> bool {
        let own = |there: &String| there.eq_ignore_ascii_case(&consignee.address);
        let in_bcc = self.envelope.is_some() && self.mail.iter().any(|mail| mail.blind.iter().any(own));
        (self.shows(&consignee.address).is_some() || in_bcc) && !self.only_for(consignee)
    }

    /// Whether it goes to nobody but this recipient.
    fn only_for(&self, consignee: &Consignee) -> bool {
        let own = |there: &String| there.eq_ignore_ascii_case(&consignee.address);
        self.envelope.as_ref().is_some_and(|envelope| envelope.iter().all(own))
    }
}

/// Reads what was sent, and finds out which message each is.
pub(super) fn files<'t>(
    model: &Model<'t>,
    outgoing: &[Outgoing<'t>],
    sent: Option<&Sent>,
) -> Vec<SentFile<'t>> {
    let Some(sent) = sent else { return Vec::new() };
    let mut files: Vec<SentFile<'t>> = Vec::new();
    for fact in model.facts_of("sent-file") {
        let mut file = read(fact, sent);
        file.of = identify(&file, &files, outgoing);
        files.push(file);
    }
    files
}

fn read<'t>(fact: &Fact<'t>, sent: &Sent) -> SentFile<'t> {
    let text = |member| fact.value.get(member).and_then(serde_json::Value::as_str);
    let name = text("file").unwrap_or("");
    let bytes = sent.files.get(name).map(Vec::as_slice).or_else(|| text("text").map(str::as_bytes));
    let mail = bytes.map(Mail::parse);
    SentFile {
        n: fact.n,
        name,
        envelope: bytes.zip(sent.envelope.as_deref()).and_then(|(bytes, header)| envelope(bytes, header)),
        tells_tales: bytes.is_some_and(|bytes| tells(bytes, mail.as_ref())),
        mail,
        of: None,
    }
}

/// The addresses in a header, however they are written.
fn envelope(bytes: &[u8], header: &str) -> Option<Vec<String>> {
    let mail = eml::parse_headers(bytes)?;
    let list = mail.header_raw(HeaderName::from(header))?;
    let address = |part: &str| {
        let part = part.trim();
        let inner =
            part.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(part, |(inner, _)| inner);
        inner.trim().to_owned()
    };
    Some(list.split(',').map(address).filter(|address| !address.is_empty()).collect())
}

fn tells(bytes: &[u8], mail: Option<&Mail>) -> bool {
    let wide: Vec<u8> = NONTRANSMITTABLE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let holds = |bytes: &[u8]| {
        [NONTRANSMITTABLE.as_bytes(), &wide]
            .iter()
            .any(|tale| bytes.windows(tale.len()).any(|there| there == *tale))
    };
    let decoded = |mail: &Mail| {
        let mut texts = mail.texts.iter().chain(&mail.html);
        texts.any(|text| text.contains(NONTRANSMITTABLE))
            || mail.attachments.iter().any(|one| holds(&one.bytes))
    };
    holds(bytes) || mail.is_some_and(decoded)
}

/// Which message a mail is: by its identifier, by its subject, or because it is the only one that it can be. Of messages that
/// are alike it is the first that has not been sent to these recipients.
fn identify(file: &SentFile<'_>, earlier: &[SentFile<'_>], outgoing: &[Outgoing<'_>]) -> Option<usize> {
    let submitted: Vec<_> = outgoing.iter().enumerate().filter(|(_, one)| one.n < file.n).collect();
    let Some(mail) = &file.mail else {
        return (submitted.len() == 1).then(|| submitted[0].0);
    };
    let likeness = |there: &Mail| match (&there.message_id, &mail.message_id) {
        (Some(due), Some(seen)) if due == seen => 2,
        _ if same_line(there.subject.as_deref(), mail.subject.as_deref()) => 1,
        _ => 0,
    };
    let best = submitted.iter().filter_map(|(_, one)| one.mail.map(&likeness)).max().unwrap_or(0);
    if best == 0 {
        // Its subject and its identifier were changed on the way; more than one message that it may be tells nothing.
        let unsent =
            submitted.iter().filter(|(place, _)| !earlier.iter().any(|file| file.of == Some(*place)));
        let unsent: Vec<_> = unsent.map(|(place, _)| *place).collect();
        return (unsent.len() == 1).then(|| unsent[0]);
    }
    let alike: Vec<_> = submitted.iter().filter(|(_, one)| one.mail.map(&likeness) == Some(best)).collect();
    let fresh = alike.iter().find(|(place, one)| {
        let before = earlier.iter().filter(|file| file.of == Some(*place));
        let overlaps = |other: &SentFile<'_>| {
            let both = |to: &Consignee| file.reaches(to) == Some(true) && other.reaches(to) == Some(true);
            one.consignees.iter().any(both)
        };
        before.into_iter().all(|other| !overlaps(other))
    });
    fresh.or(alike.last()).map(|(place, _)| *place)
}

/// Where a mail differs from the message that it is (SEND-15), read at a time in seconds since 1970.
pub(crate) fn differences(due: &Mail, file: &SentFile<'_>, now: Option<i64>) -> Vec<Difference> {
    let Some(seen) = &file.mail else { return Vec::new() };
    let mut found = Vec::new();
    if let (Some(date), Some(there), Some(now)) = (due.date, seen.date, now)
        && off_by_a_zone(there, date, now)
    {
        found.push(Difference {
            due: "the Date of PR_CLIENT_SUBMIT_TIME, which is in UTC".to_owned(),
            seen: format!("{:+} minutes, as with a local time", (there - date) / 60),
        });
    }
    // Who is logged on may have another address than who has written the message, and go by either name.
    let listed = |list: &[String], address: &str| list.iter().any(|one| one.eq_ignore_ascii_case(address));
    let own = |address: &str| listed(&seen.senders, address) && !listed(&due.senders, address);
    for (address, name) in seen.names.iter().filter(|(address, _)| !own(address)) {
        if !may_be_called(name, address, due.names_of(address)) {
            found.push(Difference {
                due: format!("{address} by the name of the message, {}", joined(due.names_of(address))),
                seen: format!("{name:?}"),
            });
        }
    }
    if !same_line(due.subject.as_deref(), seen.subject.as_deref()) {
        found.push(Difference {
            due: format!("subject {:?}", due.subject.as_deref().unwrap_or("")),
            seen: format!("subject {:?}", seen.subject.as_deref().unwrap_or("")),
        });
    }
    // What is packed in Microsoft's own format is not unpacked here.
    let packed =
        |one: &Attached| one.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"));
    if !seen.attachments.iter().any(packed) {
        compare_body(due, seen, &mut found);
        compare_attachments(due, seen, &mut found);
    }
    found
}

/// Where a mail is from one of those to whom the message goes, and nothing says that he has sent it: neither the message nor
/// what the provider says of who is logged on, `own`.
pub(crate) fn another_sender(
    due: &Mail,
    consignees: &[Consignee],
    file: &SentFile<'_>,
    own: &[Prop],
) -> Option<Difference> {
    let authors = &file.mail.as_ref()?.authors;
    let wrong = |sender: &String| {
        consignees.iter().any(|consignee| consignee.address.eq_ignore_ascii_case(sender))
            && !due.senders.iter().any(|own| own.eq_ignore_ascii_case(sender))
            && !own.iter().any(|prop| tells_of(prop, sender))
    };
    (!authors.is_empty() && authors.iter().all(wrong)).then(|| Difference {
        due: "it is from who has sent it, or who is logged on".to_owned(),
        seen: format!("it is from its recipient {}", authors[0]),
    })
}

/// Whether a property's text or bytes hold an address.
fn tells_of(prop: &Prop, address: &str) -> bool {
    let address = address.to_lowercase();
    if let Some(text) = prop.value.as_str() {
        return text.to_lowercase().contains(&address);
    }
    let bytes = prop.value.get("hex").and_then(serde_json::Value::as_str).and_then(unhex);
    // In narrow or in wide letters.
    bytes.is_none_or(|bytes| {
        let letters: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 0).collect();
        String::from_utf8_lossy(&letters).to_lowercase().contains(&address)
    })
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// Where the recipients that the mails of a message show differ from those that it has.
pub(crate) fn recipients_differ(consignees: &[Consignee], files: &[&SentFile<'_>]) -> Vec<Difference> {
    let mut found = Vec::new();
    if files.iter().any(|file| file.mail.is_none()) {
        return found;
    }
    for consignee in consignees {
        let shown: Vec<_> =
            files.iter().filter_map(|file| Some((file, file.shows(&consignee.address)?))).collect();
        let place = match consignee.kind {
            RecipientKind::To => RecipientType::To,
            RecipientKind::Cc => RecipientType::Cc,
            RecipientKind::Bcc => {
                let again = consignees.iter().any(|other| {
                    other.kind != RecipientKind::Bcc && other.address.eq_ignore_ascii_case(&consignee.address)
                });
                if !again && files.iter().any(|file| file.exposes(consignee)) {
                    found.push(Difference {
                        due: format!("the blind copy to {} does not show", consignee.address),
                        seen: "the others can see it".to_owned(),
                    });
                }
                continue;
            }
            RecipientKind::P1 => continue,
        };
        // A recipient of another transport may be left out where each gets a mail of its own.
        if !consignee.due() {
            continue;
        }
        let twice =
            consignees.iter().filter(|other| other.address.eq_ignore_ascii_case(&consignee.address)).count()
                > 1;
        if shown.is_empty() {
            found.push(Difference {
                due: format!("{} stands in {}", consignee.address, place.name()),
                seen: "no mail shows it".to_owned(),
            });
        } else if !twice && !shown.iter().any(|(_, there)| *there == place) {
            found.push(Difference {
                due: format!("{} stands in {}", consignee.address, place.name()),
                seen: format!("it stands in {}", shown[0].1.name()),
            });
        }
    }
    found
}

fn compare_body(due: &Mail, seen: &Mail, found: &mut Vec<Difference>) {
    let text = |mail: &Mail| normal(&mail.texts.concat());
    let (plain, there) = (text(due), text(seen));
    if !plain.is_empty() && !there.is_empty() && plain != there {
        found.push(Difference {
            due: format!("the text of {} characters that was submitted", plain.chars().count()),
            seen: format!("a text of {} characters: {:?}", there.chars().count(), short(&there)),
        });
    }
    if let (Some(due), Some(seen)) = (&due.html, &seen.html)
        && normal(due) != normal(seen)
    {
        found.push(Difference {
            due: "the HTML that was submitted".to_owned(),
            seen: format!("{:?}", short(seen)),
        });
    }
    if due.has_body() && !seen.has_body() {
        found.push(Difference { due: "the body that was submitted".to_owned(), seen: "none".to_owned() });
    }
}

fn compare_attachments(due: &Mail, seen: &Mail, found: &mut Vec<Difference>) {
    let mut taken = vec![false; seen.attachments.len()];
    for one in &due.attachments {
        let called = one.name.as_deref().unwrap_or("without a name");
        let free = |taken: &[bool], fits: &dyn Fn(&Attached) -> bool| {
            (0..taken.len()).find(|place| !taken[*place] && fits(&seen.attachments[*place]))
        };
        let exact =
            free(&taken, &|there| same_data(one, there) && (one.name.is_none() || one.name == there.name));
        let Some(place) = exact.or_else(|| free(&taken, &|there| same_data(one, there))) else {
            found.push(Difference {
                due: format!("attachment {called:?} with its {} bytes", one.bytes.len()),
                seen: format!("{} attachments, none with these bytes", seen.attachments.len()),
            });
            continue;
        };
        taken[place] = true;
        // Messages within messages often go without a name.
        if exact.is_none() && one.mail.is_none() {
            let name = seen.attachments[place].name.as_deref().unwrap_or("no name");
            found.push(Difference {
                due: format!("attachment {called:?} under its name"),
                seen: format!("{name:?}"),
            });
        }
    }
    let again = |there: &Attached| due.attachments.iter().any(|one| same_data(one, there));
    let extra = seen.attachments.iter().zip(&taken).filter(|(there, taken)| !**taken && again(there)).count();
    if extra > 0 {
        found.push(Difference {
            due: "each attachment once".to_owned(),
            seen: format!("{extra} of them again"),
        });
    }
}

fn same_data(due: &Attached, there: &Attached) -> bool {
    match (&due.mail, &there.mail) {
        (Some(due), Some(seen)) => {
            let mut found = Vec::new();
            compare_body(due, seen, &mut found);
            compare_attachments(due, seen, &mut found);
            found.is_empty() && same_line(due.subject.as_deref(), seen.subject.as_deref())
        }
        // As the bytes of a mail: how they fold is not compared.
        (Some(_), None) => !there.bytes.is_empty(),
        (None, Some(_)) => false,
        (None, None) if due.is_text || there.is_text => {
            let text = |bytes: &[u8]| normal(&String::from_utf8_lossy(bytes));
            text(&due.bytes) == text(&there.bytes)
        }
        (None, None) => due.bytes == there.bytes,
    }
}

fn same_line(due: Option<&str>, seen: Option<&str>) -> bool {
    let line = |text: Option<&str>| text.unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ");
    line(due) == line(seen)
}

fn short(text: &str) -> String {
    if text.chars().count() <= 60 {
        text.to_owned()
    } else {
        format!("{}...", text.chars().take(57).collect::<String>())
    }
}
