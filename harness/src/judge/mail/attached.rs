//! What is attached to a message.

use mapi_spi::flags;
use mock_spooler::trace::event::{Attachment, Content};
use mock_spooler::trace::value::digest;
use serde_json::Value;

use super::{Attached, Difference, Mail, same_line, unhex};
use crate::judge::values::{find, ids, long};

impl Mail {
    /// Derived from page `transport-provider-role-in-the-mapi-subsystem`: the attachments, each once, with its bytes.
    pub(super) fn compare_attachments(&self, content: &Content, found: &mut Vec<Difference>) {
        let saved: Vec<_> = content.attachments.iter().filter(|attachment| attachment.saved).collect();
        if saved.is_empty() {
            return;
        }
        let mut taken = vec![false; saved.len()];
        for due in &self.attachments {
            let place = |fits: &dyn Fn(&Attachment) -> bool| {
                (0..saved.len()).find(|place| !taken[*place] && fits(saved[*place]))
            };
            let called = due.name.as_deref().unwrap_or("without a name");
            let exact = place(&|there| due.same_data(there) && due.same_name(there));
            let same = exact.or_else(|| place(&|there| due.same_data(there)));
            let Some(place) = same.or_else(|| place(&|there| due.is_like(there))) else {
                found.push(Difference {
                    due: format!("attachment {called:?} with its {} bytes", due.bytes.len()),
                    seen: format!("{} attachments, none with these bytes", saved.len()),
                });
                continue;
            };
            taken[place] = true;
            due.compare_within(saved[place], found);
            if let Some(method) = due.other_method(saved[place]) {
                found.push(Difference {
                    due: format!("attachment {called:?} with PR_ATTACH_METHOD {}", method.due),
                    seen: format!("PR_ATTACH_METHOD {}", method.seen),
                });
            }
            if exact.is_none() && same.is_some() {
                found.push(Difference {
                    due: format!("attachment {called:?} under its name"),
                    seen: "its bytes under another name".to_owned(),
                });
            }
        }
        let twice = |there: &&Attachment| {
            self.attachments.iter().any(|due| due.same_data(there) && due.same_name(there))
        };
        let extra = saved.iter().zip(&taken).filter(|(there, taken)| !**taken && twice(there)).count();
        if extra > 0 {
            found.push(Difference {
                due: "each attachment once".to_owned(),
                seen: format!("{extra} of them again"),
            });
        }
    }
}

impl Attached {
    fn same_name(&self, there: &Attachment) -> bool {
        let Some(name) = &self.name else { return true };
        let given = [ids::PR_ATTACH_LONG_FILENAME, ids::PR_ATTACH_FILENAME, ids::PR_DISPLAY_NAME];
        let mut given = given.into_iter().filter_map(|id| find(&there.props, id));
        given.any(|prop| same_line(name, prop))
    }

    fn same_data(&self, there: &Attachment) -> bool {
        let data = find(&there.props, ids::PR_ATTACH_DATA).map(|prop| &prop.value);
        match (&self.mail, &there.embedded) {
            (Some(mail), Some(embedded)) => {
                mail.has_subject_of(embedded) && mail.differences(embedded).is_empty()
            }
            // The bytes of a mail hold its subject somewhere; how they fold is not compared.
            (Some(_), None) => data.is_some(),
            (None, Some(_)) => false,
            (None, None) => {
                data.is_some_and(|data| self.same_bytes(data)) || (data.is_none() && self.bytes.is_empty())
            }
        }
    }

    /// Whether it is the message that is meant, whatever became of it.
    fn is_like(&self, there: &Attachment) -> bool {
        matches!((&self.mail, &there.embedded), (Some(mail), Some(embedded)) if mail.has_subject_of(embedded))
    }

    /// Where a message in an attachment differs from the mail that it was.
    fn compare_within(&self, there: &Attachment, found: &mut Vec<Difference>) {
        let (Some(mail), Some(embedded)) = (&self.mail, &there.embedded) else { return };
        for Difference { due, seen } in mail.differences(embedded) {
            found.push(Difference { due: format!("in the message in the attachment: {due}"), seen });
        }
        let body = [ids::PR_BODY, ids::PR_HTML, ids::PR_RTF_COMPRESSED];
        let lost = [
            (
                mail.has_body() && body.iter().all(|id| find(&embedded.props, *id).is_none()),
                "the message in the attachment has a body",
                "none",
            ),
            (
                !mail.recipients.is_empty() && embedded.recipients.is_empty(),
                "the message in the attachment has recipients",
                "none",
            ),
            (
                embedded.saves == 0 && embedded.dirty,
                "SaveChanges on the message in the attachment",
                "it was never called",
            ),
        ];
        found.extend(
            lost.into_iter()
                .filter(|(lost, ..)| *lost)
                .map(|(_, due, seen)| Difference { due: due.to_owned(), seen: seen.to_owned() }),
        );
    }

    /// Page `creating-a-message-attachment`, step 2: PR_ATTACH_METHOD is required, and says what there is to be read. An
    /// attachment that has none is one that has just been created (page `pidtagattachmethod-canonical-property`).
    fn other_method(&self, there: &Attachment) -> Option<Difference> {
        let due = match (&there.embedded, find(&there.props, ids::PR_ATTACH_DATA)) {
            (Some(_), _) => flags::ATTACH_EMBEDDED_MSG,
            (None, Some(_)) => flags::ATTACH_BY_VALUE,
            (None, None) => return None,
        };
        let seen = long(&there.props, ids::PR_ATTACH_METHOD).unwrap_or(flags::NO_ATTACHMENT.into());
        (seen != u64::from(due)).then(|| Difference {
            due: flags::ATTACH_METHODS.render(due),
            seen: flags::ATTACH_METHODS.render(u32::try_from(seen).unwrap_or(u32::MAX)),
        })
    }

    fn same_bytes(&self, data: &Value) -> bool {
        let mut forms = vec![self.bytes.clone()];
        if self.is_text {
            // Where a boundary ends a text part, its last line end may belong to either.
            let text = String::from_utf8_lossy(&self.bytes).replace("\r\n", "\n");
            for text in [text.clone(), text.trim_end().to_owned(), format!("{}\n", text.trim_end())] {
                forms.extend([text.replace('\n', "\r\n").into_bytes(), text.into_bytes()]);
            }
        }
        match data.get("sha256").and_then(Value::as_str) {
            Some(sum) => forms.iter().any(|form| digest(form) == sum),
            None => {
                let Some(there) = data.get("hex").and_then(Value::as_str).and_then(unhex) else {
                    return false;
                };
                forms.contains(&there)
                    || (self.is_text && there.trim_ascii_end() == self.bytes.trim_ascii_end())
            }
        }
    }
}
