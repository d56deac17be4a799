//! One-off recipients: entry identifiers that hold name, address type and address. Page: one-off-entry-identifiers.

use std::sync::Arc;

use mapi_spi::tags::{
    PR_ACCESS_LEVEL, PR_ADDRTYPE_W, PR_DISPLAY_NAME_W, PR_DISPLAY_TYPE, PR_EMAIL_ADDRESS_W, PR_ENTRYID,
    PR_OBJECT_TYPE, PR_RECORD_KEY, PR_SEARCH_KEY, PR_SEND_RICH_INFO,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};

use super::copy::refuse_all;
use super::errors::LastError;
use super::host::Row;
use super::prop::{Open, Outcome, PropObject, no_interface};
use super::properties::Properties;
use super::text;
use crate::com::{Handle, object};
use crate::implements;

/// MAPI_ONE_OFF_UID.
const ONE_OFF_UID: [u8; 16] =
    [0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19, 0x9d, 0x6e, 0x00, 0xdd, 0x01, 0x0f, 0x54, 0x02];
/// MAPI_ONE_OFF_NO_RICH_INFO.
const NO_RICH_INFO: u16 = 0x0001;
/// MAPI_ONE_OFF_UNICODE.
const UNICODE: u16 = 0x8000;
/// Where the strings begin: after the four bytes of flags, the identifier, version and flags.
const STRINGS: usize = 24;

/// A recipient without an entry in an address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOff {
    /// PR_DISPLAY_NAME
    pub name: String,
    /// PR_ADDRTYPE
    pub address_type: String,
    /// PR_EMAIL_ADDRESS
    pub address: String,
    /// Whether the strings are wide in the entry identifier.
    pub unicode: bool,
    /// PR_SEND_RICH_INFO
    pub rich: bool,
}

impl OneOff {
    /// The entry identifier.
    #[must_use]
    pub fn entry_id(&self) -> Vec<u8> {
        let unicode = if self.unicode { UNICODE } else { 0 };
        let rich = if self.rich { 0 } else { NO_RICH_INFO };
        let mut bytes = vec![0; 4];
        bytes.extend(ONE_OFF_UID);
        bytes.extend(0_u16.to_le_bytes());
        bytes.extend((unicode | rich).to_le_bytes());
        for string in [&self.name, &self.address_type, &self.address] {
            if self.unicode {
                bytes.extend(text::wide(string).into_iter().chain([0]).flat_map(u16::to_le_bytes));
            } else {
                bytes.extend(text::encode(string).into_iter().chain([0]));
            }
        }
        bytes
    }

    /// Reads an entry identifier; `None` where it is not a one-off one, or does not end where it should.
    #[must_use]
    pub fn parse(entry_id: &[u8]) -> Option<Self> {
        if entry_id.get(4..20)? != ONE_OFF_UID || entry_id.get(20..22)? != [0, 0] {
            return None;
        }
        let bits = u16::from_le_bytes([*entry_id.get(22)?, *entry_id.get(23)?]);
        let unicode = bits & UNICODE != 0;
        let (name, rest) = string(&entry_id[STRINGS..], unicode)?;
        let (address_type, rest) = string(rest, unicode)?;
        let (address, rest) = string(rest, unicode)?;
        rest.is_empty().then_some(Self {
            name,
            address_type,
            address,
            unicode,
            rich: bits & NO_RICH_INFO == 0,
        })
    }

    /// PR_SEARCH_KEY: type and address in capitals.
    #[must_use]
    pub fn search_key(&self) -> Vec<u8> {
        let key = format!("{}:{}", self.address_type.to_uppercase(), self.address.to_uppercase());
        text::encode(&key).into_iter().chain([0]).collect()
    }

    /// Whether two are the same recipient: the same address, whatever name stands before it.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.search_key() == other.search_key()
    }
}

/// A zero-terminated string at the beginning of bytes, and what follows it.
fn string(bytes: &[u8], unicode: bool) -> Option<(String, &[u8])> {
    if unicode {
        let (pairs, _) = bytes.as_chunks::<2>();
        let end = pairs.iter().position(|pair| *pair == [0, 0])?;
        let units: Vec<u16> = pairs[..end].iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        Some((String::from_utf16_lossy(&units), &bytes[2 * (end + 1)..]))
    } else {
        let end = bytes.iter().position(|byte| *byte == 0)?;
        Some((text::decode(&bytes[..end]), &bytes[end + 1..]))
    }
}

/// A one-off recipient as an object: what `OpenEntry` makes of its entry identifier. It is read-only.
#[derive(Debug)]
pub struct MailUser {
    props: Properties,
    errors: LastError,
}

implements!(MailUser: IMAPIProp);

impl MailUser {
    /// The object of a recipient, the candidate's from now on.
    #[must_use]
    pub fn hand_out(recipient: &OneOff) -> Handle {
        let entry_id = recipient.entry_id();
        let long = |number: u32| PropValue::Long(number.cast_signed());
        let props = Properties::from_iter([
            (PR_OBJECT_TYPE, long(flags::MAPI_MAILUSER)),
            (PR_DISPLAY_TYPE, long(flags::DT_MAILUSER)),
            (PR_ACCESS_LEVEL, long(0)),
            (PR_DISPLAY_NAME_W, text::unicode(&recipient.name)),
            (PR_ADDRTYPE_W, text::unicode(&recipient.address_type)),
            (PR_EMAIL_ADDRESS_W, text::unicode(&recipient.address)),
            (PR_SEND_RICH_INFO, PropValue::Boolean(recipient.rich)),
            (PR_SEARCH_KEY, PropValue::Binary(recipient.search_key())),
            (PR_RECORD_KEY, PropValue::Binary(entry_id.clone())),
            (PR_ENTRYID, PropValue::Binary(entry_id)),
        ]);
        object::hand_out(Arc::new(Self { props, errors: LastError::default() }), "mailuser")
    }
}

impl PropObject for MailUser {
    fn errors(&self) -> &LastError {
        &self.errors
    }

    fn tags(&self) -> Vec<PropTag> {
        self.props.tags().collect()
    }

    fn value(&self, id: u16) -> Option<PropValue> {
        self.props.get(id).cloned()
    }

    fn assign(&self, values: Row) -> Vec<Outcome> {
        refuse_all(values.len(), HRESULT::MAPI_E_NO_ACCESS)
    }

    fn remove(&self, _ids: &[u16]) -> Result<Vec<Outcome>, HRESULT> {
        Err(HRESULT::MAPI_E_NO_ACCESS)
    }

    fn is_computed(&self, _id: u16) -> bool {
        false
    }

    fn open(&self, request: &Open) -> Result<Handle, HRESULT> {
        Err(no_interface(request, "any interface: one-off recipients have none but IMAPIProp"))
    }

    fn save(&self, _ulFlags: u32) -> Result<(), HRESULT> {
        Err(HRESULT::MAPI_E_NO_ACCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient(unicode: bool) -> OneOff {
        OneOff {
            name: "Ämilia".to_owned(),
            address_type: "SMTP".to_owned(),
            address: "a@example.org".to_owned(),
            unicode,
            rich: !unicode,
        }
    }

    #[test]
    fn both_widths_read_back() {
        for unicode in [false, true] {
            let entry_id = recipient(unicode).entry_id();
            assert_eq!(OneOff::parse(&entry_id), Some(recipient(unicode)));
            assert_eq!(OneOff::parse(&entry_id[..entry_id.len() - 1]), None, "cut off");
            assert_eq!(OneOff::parse(&[entry_id.as_slice(), &[0]].concat()), None, "too long");
        }
        assert_eq!(OneOff::parse(b"short"), None);
        assert_eq!(recipient(false).entry_id().len(), 24 + 7 + 5 + 14);
    }

    #[test]
    fn search_keys_tell_who_is_who() {
        assert_eq!(recipient(true).search_key(), b"SMTP:A@EXAMPLE.ORG\0");
        let other =
            OneOff { name: "someone".to_owned(), address: "A@example.ORG".to_owned(), ..recipient(true) };
        assert!(recipient(false).is_same(&other));
    }
}
