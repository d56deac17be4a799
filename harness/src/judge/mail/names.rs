//! What people are called in a message.
//!
//! A name may be left out, stand beside the address or give way to it, have its words in another order, or come from an address
//! book that knows more. What a reader must not find is a name that is nobody's: another's, or one whose letters were lost.

use mock_spooler::trace::event::{Content, Prop};
use serde_json::Value;

use super::{Difference, Mail, is_wide, shown};
use crate::judge::values::{find, ids};

/// The identifier at the beginning of one-off entry identifiers, behind their flags (page `one-off-entry-identifiers`).
const ONE_OFF: &str = "812b1fa4bea310199d6e00dd010f5402";

/// Whether a display name can stand for an address to which a mail gives these names.
pub(crate) fn may_be_called<'a>(
    shown: &str,
    address: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> bool {
    let (seen, of_address) = (words(shown), words(address));
    let mut names = names.into_iter().peekable();
    if seen.is_empty() || names.peek().is_none() || of_address.iter().all(|word| seen.contains(word)) {
        return true;
    }
    names.any(|name| {
        let due = words(name);
        due.iter().all(|word| seen.contains(word))
            || seen.iter().all(|word| due.contains(word) || of_address.contains(word))
    })
}

/// The words of a name, in small letters.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

impl Mail {
    /// The names that the header gives to an address.
    pub(crate) fn names_of<'a>(&'a self, address: &'a str) -> impl Iterator<Item = &'a str> {
        let of = self.names.iter().filter(move |(of, _)| of.eq_ignore_ascii_case(address));
        of.map(|(_, name)| name.as_str())
    }

    /// Derived from page `transport-provider-role-in-the-mapi-subsystem`: the names of From and Sender.
    pub(super) fn compare_sender_names(&self, content: &Content, found: &mut Vec<Difference>) {
        let given: Vec<_> = [
            (ids::PR_SENDER_NAME, ids::PR_SENDER_ENTRYID),
            (ids::PR_SENT_REPRESENTING_NAME, ids::PR_SENT_REPRESENTING_ENTRYID),
        ]
        .into_iter()
        .filter_map(|(name, entry)| Some((find(&content.props, name)?, entry)))
        .collect();
        let fits = |(prop, entry): &(&Prop, u32)| {
            let called = |sender: &String| self.fits(prop, sender);
            from_an_address_book(&content.props, *entry) || self.senders.iter().any(called)
        };
        if !given.is_empty() && !self.senders.is_empty() && !given.iter().any(fits) {
            let names: Vec<_> = self.senders.iter().flat_map(|sender| self.names_of(sender)).collect();
            found.push(Difference {
                due: format!("the sender's name, {}", names.join(", ")),
                seen: format!("sender {}", shown(given[0].0)),
            });
        }
    }

    /// Whether a property's text can be the name of who has this address.
    fn fits(&self, prop: &Prop, address: &str) -> bool {
        let Some(text) = prop.value.as_str() else { return true };
        // A narrow string comes in some code page: what is not ASCII is not compared there.
        let legible = is_wide(prop) || self.names_of(address).all(str::is_ascii);
        !legible || may_be_called(text, address, self.names_of(address))
    }

    /// The same for a recipient's row and the address that it has.
    pub(super) fn compare_name(&self, row: &[Prop], address: &str, found: &mut Vec<Difference>) {
        let Some(prop) = find(row, ids::PR_DISPLAY_NAME) else { return };
        if self.fits(prop, address) || from_an_address_book(row, ids::PR_ENTRYID) {
            return;
        }
        found.push(Difference {
            due: format!(
                "{address} under the name {}",
                self.names_of(address).collect::<Vec<_>>().join(", ")
            ),
            seen: format!("PR_DISPLAY_NAME {}", shown(prop)),
        });
    }
}

/// Whether an entry identifier is that of an address book, which may know somebody by another name.
fn from_an_address_book(props: &[Prop], entry: u32) -> bool {
    let Some(prop) = find(props, entry) else { return false };
    let digits = ["hex", "head"].into_iter().find_map(|member| prop.value.get(member));
    digits.and_then(Value::as_str).and_then(|digits| digits.get(8..40)).is_none_or(|uid| uid != ONE_OFF)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn called(shown: &str) -> bool {
        may_be_called(shown, "joerg@example.net", ["J\u{f6}rg Gr\u{f6}\u{df}e"])
    }

    #[test]
    fn names_may_be_written_otherwise() {
        for honest in [
            "J\u{f6}rg Gr\u{f6}\u{df}e",
            "Gr\u{f6}\u{df}e, J\u{f6}rg",
            "\"J\u{f6}rg Gr\u{f6}\u{df}e\" <joerg@example.net>",
            "J\u{f6}rg Gr\u{f6}\u{df}e (E-mail)",
            "J\u{f6}rg",
            "joerg@example.net",
            "SMTP:joerg@example.net",
            "joerg",
            "",
        ] {
            assert!(called(honest), "{honest}");
        }
        assert!(may_be_called("Somebody", "ben@example.net", []), "the mail gives no name");
    }

    #[test]
    fn names_of_nobody_are_found() {
        for wrong in [
            "J\u{c3}\u{b6}rg Gr\u{c3}\u{b6}\u{c3}\u{178}e",
            "J?rg Gr??e",
            "=?utf-8?Q?J=C3=B6rg_Gr=C3=B6=C3=9Fe?=",
            "Dora Reader",
        ] {
            assert!(!called(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_address_book_knows_people_by_other_names() {
        let entry =
            |hex: &str| vec![Prop { tag: "0x0FFF0102".into(), name: None, value: json!({"hex": hex}) }];
        assert!(!from_an_address_book(&[], ids::PR_ENTRYID));
        assert!(!from_an_address_book(&entry(&format!("00000000{ONE_OFF}0000")), ids::PR_ENTRYID));
        assert!(from_an_address_book(
            &entry("00000000dca740c8c042101ab4b908002b2fe18201000000"),
            ids::PR_ENTRYID
        ));
    }
}
