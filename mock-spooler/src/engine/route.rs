//! Which transport a recipient belongs to.
//!
//! The spooler scans what the transports said in AddressTypes: all identifiers in profile order, then all address types in
//! profile order. The first match has the first opportunity; a recipient that it leaves goes on to the next match. All
//! recipients are visible to each transport, so a transport may take more than those that led to it.
//! Page: ixplogon-addresstypes.

use mapi_spi::tags::{PR_ADDRTYPE_W, PR_EMAIL_ADDRESS_W, PR_ENTRYID, PR_RESPONSIBILITY};
use mapi_spi::values::PropValue;

use crate::objects::host::Row;

/// What a transport serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// The address types; `None` where it takes any.
    pub types: Option<Vec<String>>,
    /// The identifiers.
    pub uids: Vec<[u8; 16]>,
}

/// A recipient as the spooler looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// PR_EMAIL_ADDRESS.
    pub address: String,
    /// PR_ADDRTYPE.
    pub address_type: String,
    /// The identifier in PR_ENTRYID.
    pub uid: Option<[u8; 16]>,
    /// PR_RESPONSIBILITY: somebody has served it.
    pub served: bool,
}

impl Addressee {
    /// Reads a recipient's row.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        let value = |tag: mapi_spi::PropTag| {
            row.iter().find(|(found, _)| found.id() == tag.id()).map(|(_, value)| value)
        };
        let text = |tag| value(tag).and_then(PropValue::to_text).unwrap_or_default();
        let uid = match value(PR_ENTRYID) {
            Some(PropValue::Binary(bytes)) => bytes.get(4..20).and_then(|uid| uid.try_into().ok()),
            _ => None,
        };
        Self {
            address: text(PR_EMAIL_ADDRESS_W),
            address_type: text(PR_ADDRTYPE_W),
            uid,
            served: matches!(value(PR_RESPONSIBILITY), Some(PropValue::Boolean(true))),
        }
    }
}

impl Served {
    /// Whether the recipient's entry identifier is one of its own.
    #[must_use]
    pub fn by_uid(&self, one: &Addressee) -> bool {
        one.uid.is_some_and(|uid| self.uids.contains(&uid))
    }

    /// Whether it serves the recipient's address type: the page asks for an exact match.
    #[must_use]
    pub fn by_type(&self, one: &Addressee) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(&one.address_type))
    }

    /// Whether it may serve the recipient at all.
    #[must_use]
    pub fn matches(&self, one: &Addressee) -> bool {
        self.by_uid(one) || self.by_type(one)
    }
}

/// The transport that has the next opportunity for the recipients that are left: its place in profile order. `open` tells
/// which transports have not had the message yet.
#[must_use]
pub fn next(left: &[Addressee], transports: &[Served], open: impl Fn(usize) -> bool) -> Option<usize> {
    let first = |matches: fn(&Served, &Addressee) -> bool| {
        (0..transports.len())
            .find(|place| open(*place) && left.iter().any(|one| matches(&transports[*place], one)))
    };
    first(Served::by_uid).or_else(|| first(Served::by_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [u8; 16] = [7; 16];

    fn one(address_type: &str, uid: Option<[u8; 16]>) -> Addressee {
        let address = "someone".to_owned();
        Addressee { address, address_type: address_type.to_owned(), uid, served: false }
    }

    fn types(types: &[&str]) -> Served {
        Served { types: Some(types.iter().map(|text| (*text).to_owned()).collect()), uids: Vec::new() }
    }

    #[test]
    fn identifiers_come_before_types_over_all_transports() {
        let by_uid = Served { types: Some(Vec::new()), uids: vec![OURS] };
        let transports = [types(&["SMTP"]), by_uid];
        assert_eq!(next(&[one("SMTP", Some(OURS))], &transports, |_| true), Some(1));
        assert_eq!(next(&[one("SMTP", Some(OURS))], &transports, |place| place != 1), Some(0));
        assert_eq!(next(&[one("SMTP", None)], &transports, |_| true), Some(0));
    }

    #[test]
    fn types_match_exactly_and_in_profile_order() {
        let any = Served::default();
        let transports = [types(&["smtp", "FAX"]), types(&["SMTP"]), any];
        assert_eq!(next(&[one("SMTP", None)], &transports, |_| true), Some(1));
        assert_eq!(next(&[one("SMTP", None), one("FAX", None)], &transports, |_| true), Some(0));
        assert_eq!(next(&[one("X400", None)], &transports, |_| true), Some(2));
        assert_eq!(next(&[one("X400", None)], &transports[..2], |_| true), None);
        assert_eq!(next(&[one("SMTP", None)], &transports, |place| place > 1), Some(2));
        assert_eq!(next(&[], &transports, |_| true), None);
    }

    #[test]
    fn a_row_is_read_as_it_is() {
        let row: Row = vec![
            (PR_EMAIL_ADDRESS_W, crate::objects::text::unicode("a@b")),
            (PR_ADDRTYPE_W, crate::objects::text::unicode("SMTP")),
            (PR_ENTRYID, PropValue::Binary([&[0; 4][..], &OURS, &[1, 2]].concat())),
            (PR_RESPONSIBILITY, PropValue::Boolean(true)),
        ];
        let read = Addressee::of(&row);
        assert_eq!((read.address.as_str(), read.uid, read.served), ("a@b", Some(OURS), true));
    }
}
