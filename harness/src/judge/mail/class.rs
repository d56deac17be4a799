//! The class of a message that is ordinary mail.

use mail_parser::{HeaderName, Message, MimeHeaders as _};
use mock_spooler::trace::event::Content;

use super::{Difference, Mail};
use crate::judge::values::{ids, text};

/// Classes of what is no mail: items of calendars, of address books, of lists, of a client's own settings.
const OTHER_ITEMS: [&str; 4] = ["ipm.appointment", "ipm.contact", "ipm.task", "ipm.configuration"];

/// The longest class (page `mapi-message-classes`).
const LONGEST: usize = 255;

/// Whether a mail is text with or without attachments, and says nowhere that it is something of its own.
pub(super) fn is_ordinary(message: &Message<'_>) -> bool {
    let classed = message.headers().iter().any(|header| match &header.name {
        HeaderName::Other(name) => {
            ["content-class", "x-message-class", "x-mimeole"].iter().any(|own| name.eq_ignore_ascii_case(own))
        }
        _ => false,
    });
    let plain = message.parts.iter().all(|part| {
        let Some(kind) = part.content_type() else { return true };
        let (kind, subtype) = (kind.ctype(), kind.subtype().unwrap_or_default());
        let is =
            |one: &str, other: &str| kind.eq_ignore_ascii_case(one) && subtype.eq_ignore_ascii_case(other);
        if kind.eq_ignore_ascii_case("multipart") {
            return ["mixed", "alternative", "related"]
                .iter()
                .any(|known| subtype.eq_ignore_ascii_case(known));
        }
        let telling = ["delivery-status", "disposition-notification", "calendar", "ms-tnef"];
        is("message", "rfc822") || !telling.iter().any(|own| subtype.eq_ignore_ascii_case(own))
    });
    plain && !classed
}

impl Mail {
    /// Page `pidtagmessageclass-canonical-property`: what a class is made of, and that a mail is no report and no other item.
    /// Which class below IPM a transport gives to mail is its own affair.
    pub(super) fn compare_class(&self, content: &Content, found: &mut Vec<Difference>) {
        let Some(class) = text(&content.props, ids::PR_MESSAGE_CLASS).filter(|class| !class.is_empty())
        else {
            return;
        };
        let within = |class: &str, above: &str| {
            class.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let lower = class.to_ascii_lowercase();
        let well_formed =
            class.len() <= LONGEST && !class.ends_with('.') && class.bytes().all(|c| (32..128).contains(&c));
        let of_mail = within(&lower, "ipm") && !OTHER_ITEMS.iter().any(|other| within(&lower, other));
        if !well_formed || (self.ordinary && !of_mail) {
            found.push(Difference {
                due: "a message class for mail, IPM.Note or another one below IPM".to_owned(),
                seen: format!("PR_MESSAGE_CLASS {class:?}"),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use mock_spooler::trace::event::Prop;
    use serde_json::json;

    use super::*;

    fn fits(mail: &str, class: &str) -> bool {
        let props = vec![Prop { tag: "0x001A001F".into(), name: None, value: json!(class) }];
        let mut found = Vec::new();
        let content = Content { props, ..Content::default() };
        Mail::parse(mail.as_bytes()).compare_class(&content, &mut found);
        found.is_empty()
    }

    #[test]
    fn mail_has_a_class_of_mail() {
        let mail = "From: a@example.org\r\nSubject: x\r\n\r\ny\r\n";
        for class in ["IPM.Note", "ipm.note", "IPM.Note.SMIME", "IPM.Acme", "IPM", "IPM.Post", "IPM.Tasks"] {
            assert!(fits(mail, class), "{class}");
        }
        for class in
            ["IPM.Appointment", "IPM.Contact.Mine", "REPORT.IPM.Note.NDR", "IPC.Acme", "IPM.Note.", "Note"]
        {
            assert!(!fits(mail, class), "{class}");
        }
        assert!(!fits(mail, &format!("IPM.{}", "x".repeat(300))));
    }

    #[test]
    fn what_is_no_ordinary_mail_has_a_class_of_its_own() {
        let report =
            "Subject: x\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\ny\r\n--b--\r\n";
        assert!(fits(report, "REPORT.IPM.Note.NDR"));
        assert!(fits("Subject: x\r\nContent-Type: text/calendar\r\n\r\ny\r\n", "IPM.Appointment"));
        assert!(fits("Subject: x\r\nX-Message-Class: IPC.Acme\r\n\r\ny\r\n", "IPC.Acme"));
    }
}
