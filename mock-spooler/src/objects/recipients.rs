//! The recipients of a message: `IMessage::ModifyRecipients`. Page: imessage-modifyrecipients.

use mapi_spi::tags::{PR_INSTANCE_KEY, PR_ROWID};
use mapi_spi::{HRESULT, flags};

use super::host::Row;
use super::properties::Properties;

/// The recipients with their row identifiers (PR_ROWID), which stay the same as long as the message is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipients {
    rows: Vec<(u32, Properties)>,
    next: u32,
}

impl Recipients {
    /// Row identifiers and properties, in the order in which they were added.
    #[must_use]
    pub fn rows(&self) -> &[(u32, Properties)] {
        &self.rows
    }

    /// What `ModifyRecipients` does with a list. A recipient without properties is passed over.
    ///
    /// # Errors
    ///
    /// MAPI_E_UNKNOWN_FLAGS for flags that the page does not know; MAPI_E_INVALID_PARAMETER for more than one of them, for
    /// MODRECIP_MODIFY and MODRECIP_REMOVE of a recipient without PR_ROWID or with one that there is not.
    pub fn modify(&mut self, ulFlags: u32, list: Vec<Row>) -> Result<(), HRESULT> {
        let known = flags::MODRECIP_ADD | flags::MODRECIP_MODIFY | flags::MODRECIP_REMOVE;
        if ulFlags & !known != 0 {
            return Err(HRESULT::MAPI_E_UNKNOWN_FLAGS);
        }
        match ulFlags {
            0 => self.replace(list),
            flags::MODRECIP_ADD => self.add(list),
            flags::MODRECIP_MODIFY => {
                for row in list {
                    let position = self.find(&row)?;
                    self.rows[position].1 = own_properties(row);
                }
            }
            flags::MODRECIP_REMOVE => {
                for row in list {
                    let position = self.find(&row)?;
                    self.rows.remove(position);
                }
            }
            _ => return Err(HRESULT::MAPI_E_INVALID_PARAMETER),
        }
        Ok(())
    }

    /// Drops all recipients and adds others.
    pub fn replace(&mut self, list: Vec<Row>) {
        self.rows.clear();
        self.add(list);
    }

    /// Adds recipients. Row identifiers that they carry from elsewhere mean nothing here.
    pub fn add(&mut self, list: Vec<Row>) {
        for row in list.into_iter().filter(|row| !row.is_empty()) {
            self.rows.push((self.next, own_properties(row)));
            self.next += 1;
        }
    }

    /// Puts back rows with the identifiers that they had.
    pub fn restore(&mut self, rows: Vec<(u32, Properties)>) {
        let next = rows.iter().map(|(id, _)| id + 1).max().unwrap_or(0);
        self.next = self.next.max(next);
        self.rows = rows;
    }

    fn find(&self, row: &Row) -> Result<usize, HRESULT> {
        let id = row.iter().find(|(tag, _)| tag.id() == PR_ROWID.id()).and_then(|(_, value)| value.as_long());
        let id = id.ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)?.cast_unsigned();
        self.rows.iter().position(|(known, _)| *known == id).ok_or(HRESULT::MAPI_E_INVALID_PARAMETER)
    }
}

fn own_properties(row: Row) -> Properties {
    row.into_iter().filter(|(tag, _)| ![PR_ROWID.id(), PR_INSTANCE_KEY.id()].contains(&tag.id())).collect()
}

#[cfg(test)]
mod tests {
    use mapi_spi::tags::PR_DISPLAY_NAME_W;
    use mapi_spi::values::PropValue;

    use super::*;
    use crate::objects::text::unicode;

    fn named(name: &str) -> Row {
        vec![(PR_DISPLAY_NAME_W, unicode(name))]
    }

    fn with_id(id: i32, mut row: Row) -> Row {
        row.push((PR_ROWID, PropValue::Long(id)));
        row
    }

    fn names(recipients: &Recipients) -> Vec<(u32, String)> {
        let name = |props: &Properties| props.text(PR_DISPLAY_NAME_W).unwrap_or_default();
        recipients.rows().iter().map(|(id, props)| (*id, name(props))).collect()
    }

    #[test]
    fn add_modify_remove_replace() {
        let mut recipients = Recipients::default();
        recipients.modify(flags::MODRECIP_ADD, vec![named("a"), Row::new(), with_id(7, named("b"))]).unwrap();
        assert_eq!(names(&recipients), [(0, "a".to_owned()), (1, "b".to_owned())]);
        recipients.modify(flags::MODRECIP_MODIFY, vec![with_id(1, named("c"))]).unwrap();
        recipients.modify(flags::MODRECIP_REMOVE, vec![with_id(0, Row::new())]).unwrap();
        assert_eq!(names(&recipients), [(1, "c".to_owned())]);
        recipients.modify(0, vec![named("d")]).unwrap();
        assert_eq!(names(&recipients), [(2, "d".to_owned())], "identifiers are not used again");
    }

    #[test]
    fn wrong_requests() {
        let mut recipients = Recipients::default();
        let invalid = Err(HRESULT::MAPI_E_INVALID_PARAMETER);
        assert_eq!(recipients.modify(0x100, Vec::new()), Err(HRESULT::MAPI_E_UNKNOWN_FLAGS));
        assert_eq!(recipients.modify(flags::MODRECIP_ADD | flags::MODRECIP_REMOVE, Vec::new()), invalid);
        assert_eq!(recipients.modify(flags::MODRECIP_MODIFY, vec![named("a")]), invalid);
        assert_eq!(recipients.modify(flags::MODRECIP_REMOVE, vec![with_id(3, Row::new())]), invalid);
    }
}
