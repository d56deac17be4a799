//! Whom a message is for.

use std::collections::HashMap;

use mock_spooler::trace::event::{Content, Prop};

use super::{Difference, Mail};
use crate::judge::values::{find, ids, long};

/// PR_RECIPIENT_TYPE of who has written the message (page `pidtagrecipienttype-canonical-property`).
const MAPI_ORIG: u64 = 0;

impl Mail {
    /// Derived from page `transport-provider-role-in-the-mapi-subsystem`: the recipients, all of them and no others.
    pub(super) fn compare_recipients(&self, content: &Content, found: &mut Vec<Difference>) {
        if content.recipients.is_empty() {
            return;
        }
        // Five hundred recipients are compared with five hundred rows: most are found by their very address.
        let mut by_address: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, row) in content.recipients.iter().enumerate() {
            for address in addresses(row) {
                by_address.entry(address).or_default().push(place);
            }
        }
        for (kind, address) in &self.recipients {
            let address = address.to_lowercase();
            let rows = by_address.get(&address).cloned().unwrap_or_else(|| {
                let written_otherwise = by_address.iter().filter(|(written, _)| written.contains(&address));
                written_otherwise.flat_map(|(_, places)| places).copied().collect()
            });
            let stands = |place: &usize| {
                // The upper bits say how the row is used, not where the recipient stands.
                long(&content.recipients[*place], ids::PR_RECIPIENT_TYPE)
                    .is_none_or(|n| n & 0xf == kind.number())
            };
            let Some(first) = rows.first() else {
                found.push(Difference {
                    due: format!("the recipient {address}"),
                    seen: format!("{} recipients without it", content.recipients.len()),
                });
                continue;
            };
            let row = &content.recipients[rows.iter().copied().find(|place| stands(place)).unwrap_or(*first)];
            self.compare_name(row, &address, found);
            if !rows.iter().any(stands) {
                let seen = long(&content.recipients[*first], ids::PR_RECIPIENT_TYPE).unwrap_or_default();
                found.push(Difference {
                    due: format!("{address} with PR_RECIPIENT_TYPE {}", kind.name()),
                    seen: format!("PR_RECIPIENT_TYPE {seen}"),
                });
            }
        }
        let surplus = self.surplus(content);
        if surplus.len() > 1 {
            let some: Vec<_> = surplus.iter().take(3).map(String::as_str).collect();
            found.push(Difference {
                due: "no recipients but those of the mail".to_owned(),
                seen: format!("{} more, {}", surplus.len(), some.join(", ")),
            });
        }
    }

    /// The addresses of rows for which the mail has no recipient, and of those that stand there more often than in the mail. One
    /// may be the account's own, which the header need not name; the originator and whom another field names are none.
    fn surplus(&self, content: &Content) -> Vec<String> {
        let mut owed: HashMap<String, usize> = HashMap::new();
        let visible = self.recipients.iter().map(|(_, address)| address);
        for address in visible.chain(&self.blind) {
            *owed.entry(address.to_lowercase()).or_default() += 1;
        }
        let mut there: HashMap<(String, u64), usize> = HashMap::new();
        let mut surplus = Vec::new();
        for row in &content.recipients {
            let kind = long(row, ids::PR_RECIPIENT_TYPE).unwrap_or_default() & 0xf;
            let given: Vec<_> = addresses(row).filter(|address| !address.is_empty()).collect();
            let Some(first) = given.first() else { continue };
            let known = given.iter().find(|address| owed.contains_key(*address));
            let written_otherwise = || {
                let mut all = owed.keys().chain(&self.others);
                all.any(|due| given.iter().any(|address| address.contains(due.as_str())))
            };
            match known {
                // Beside its place in the mail an address may stand where the envelope has it.
                Some(address) => {
                    let times = there.entry((address.clone(), kind)).or_default();
                    *times += 1;
                    if owed.get(address).is_some_and(|owed| *times > *owed) {
                        surplus.push(address.clone());
                    }
                }
                None if kind == MAPI_ORIG || written_otherwise() => {}
                None => surplus.push(first.clone()),
            }
        }
        surplus
    }
}

/// The addresses of a recipient row, in small letters.
fn addresses(row: &[Prop]) -> impl Iterator<Item = String> {
    let given = [ids::PR_EMAIL_ADDRESS, ids::PR_SMTP_ADDRESS].into_iter().filter_map(|id| find(row, id));
    given.filter_map(|prop| prop.value.as_str().map(str::to_lowercase))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(rows: &[(u32, &str, &str)]) -> Vec<String> {
        let mail = "From: Ada <ada@example.com>\r\nTo: Ben Receiver <ben@example.net>, carl@example.net\r\n\
            Bcc: zoe@example.net\r\nDelivered-To: list@example.net\r\nSubject: x\r\n\r\ny\r\n";
        let prop = |tag: &str, value: Value| Prop { tag: tag.to_owned(), name: None, value };
        let row = |(kind, address, name): &(u32, &str, &str)| {
            vec![
                prop("0x0C150003", json!(kind)),
                prop("0x3003001F", json!(address)),
                prop("0x3001001F", json!(name)),
            ]
        };
        let content = Content { recipients: rows.iter().map(row).collect(), ..Content::default() };
        let mut found = Vec::new();
        Mail::parse(mail.as_bytes()).compare_recipients(&content, &mut found);
        found.into_iter().map(|difference| difference.seen).collect()
    }

    const DUE: [(u32, &str, &str); 2] =
        [(1, "ben@example.net", "Ben Receiver"), (1, "carl@example.net", "carl@example.net")];

    #[test]
    fn recipients_may_stand_beside_those_of_the_mail() {
        let none: Vec<String> = Vec::new();
        let and = |more: &[(u32, &'static str, &'static str)]| found(&[&DUE[..], more].concat());
        assert_eq!(and(&[]), none);
        assert_eq!(and(&[(1, "me@example.net", "Me")]), none, "the account's own");
        assert_eq!(
            and(&[(3, "zoe@example.net", "Zoe"), (1, "list@example.net", "List")]),
            none,
            "in the header"
        );
        assert_eq!(
            and(&[(0, "ada@example.com", "Ada"), (1, "me@example.net", "Me")]),
            none,
            "who has written it"
        );
        assert_eq!(
            and(&[(3, "ben@example.net", "Ben"), (3, "carl@example.net", "Carl")]),
            none,
            "the envelope's"
        );
    }

    #[test]
    fn recipients_of_other_mails_are_found() {
        let and = |more: &[(u32, &'static str, &'static str)]| found(&[&DUE[..], more].concat()).len();
        assert_eq!(and(&[(1, "eve@example.net", "Eve"), (2, "fay@example.net", "Fay")]), 1);
        assert_eq!(and(&DUE), 1, "all of them twice");
    }

    #[test]
    fn names_of_recipients_are_compared() {
        let rows = [(1, "ben@example.net", "Carl Other"), (1, "carl@example.net", "Carl Other")];
        assert_eq!(found(&rows), ["PR_DISPLAY_NAME \"Carl Other\""], "the second has no name in the mail");
    }
}
