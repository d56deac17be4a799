//! The tables of a message: its recipients and its attachments.

use std::collections::BTreeSet;
use std::sync::Arc;

use mapi_spi::tags::{
    PR_ATTACH_FILENAME_W, PR_ATTACH_LONG_FILENAME_W, PR_ATTACH_METHOD, PR_ATTACH_NUM, PR_ATTACH_SIZE,
    PR_DISPLAY_NAME_W, PR_INSTANCE_KEY, PR_RECIPIENT_TYPE, PR_RECORD_KEY, PR_RENDERING_POSITION, PR_ROWID,
};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};

use super::attach::Attach;
use super::core::MessageCore;
use crate::com::Handle;
use crate::objects::table::{Table, TableRow, TableSource, Watchers};
use crate::objects::wire;

/// The columns that a recipient table always has. Page: recipient-tables.
const RECIPIENT_COLUMNS: [PropTag; 4] = [PR_ROWID, PR_INSTANCE_KEY, PR_DISPLAY_NAME_W, PR_RECIPIENT_TYPE];

/// The columns that an attachment table has of itself. Page: attachment-tables.
const ATTACHMENT_COLUMNS: [PropTag; 8] = [
    PR_ATTACH_NUM,
    PR_INSTANCE_KEY,
    PR_RECORD_KEY,
    PR_RENDERING_POSITION,
    PR_ATTACH_METHOD,
    PR_ATTACH_SIZE,
    PR_ATTACH_FILENAME_W,
    PR_ATTACH_LONG_FILENAME_W,
];

/// Opens the recipient table. It shows the pending recipients.
pub(super) fn recipients(core: &Arc<MessageCore>, unicode: bool) -> Handle {
    Table::hand_out(Arc::new(RecipientSource(Arc::clone(core))), unicode)
}

/// Opens the attachment table. It shows the attachments at the message's last save.
pub(super) fn attachments(core: &Arc<MessageCore>, unicode: bool) -> Handle {
    Table::hand_out(Arc::new(AttachmentSource(Arc::clone(core))), unicode)
}

/// Opens an attachment that was saved, and the message after it.
///
/// # Errors
///
/// MAPI_E_NOT_FOUND.
pub(super) fn open_attachment(
    core: &Arc<MessageCore>,
    number: u32,
    writable: bool,
) -> Result<Arc<Attach>, HRESULT> {
    let (found, live) = {
        let state = core.state();
        let saved = state.saved.as_ref().map(|saved| saved.attachments.as_slice()).unwrap_or_default();
        if !saved.iter().any(|one| one.number == number && one.saved) {
            return Err(HRESULT::MAPI_E_NOT_FOUND);
        }
        let slot = state.slots.get(&number).ok_or(HRESULT::MAPI_E_NOT_FOUND)?;
        (Arc::clone(&slot.core), slot.live.upgrade())
    };
    if live.is_none() {
        found.revert();
    }
    let attach = Attach::open(&found, core, writable);
    note_live(core, number, &attach);
    Ok(attach)
}

/// Remembers the object that is open on an attachment.
pub(super) fn note_live(core: &MessageCore, number: u32, attach: &Arc<Attach>) {
    if let Some(slot) = core.state().slots.get_mut(&number) {
        slot.live = Arc::downgrade(attach);
    }
}

#[derive(Debug)]
struct RecipientSource(Arc<MessageCore>);

impl TableSource for RecipientSource {
    fn rows(&self) -> Vec<TableRow> {
        let row = |(id, mut props): (u32, crate::objects::Properties)| {
            props.set(PR_ROWID, PropValue::Long(id.cast_signed()));
            props.set(PR_INSTANCE_KEY, PropValue::Binary(id.to_le_bytes().to_vec()));
            TableRow::new(u64::from(id), props)
        };
        self.0.recipients().into_iter().map(row).collect()
    }

    fn columns(&self) -> Vec<PropTag> {
        let rows = self.0.recipients();
        let others: BTreeSet<PropTag> = rows.iter().flat_map(|(_, props)| props.tags()).collect();
        with_others(&RECIPIENT_COLUMNS, others)
    }

    fn watchers(&self) -> &Watchers {
        &self.0.recipient_watchers
    }
}

#[derive(Debug)]
struct AttachmentSource(Arc<MessageCore>);

impl TableSource for AttachmentSource {
    fn rows(&self) -> Vec<TableRow> {
        let saved = self.0.saved().map(|saved| saved.attachments).unwrap_or_default();
        let row = |attachment: super::AttachData| {
            let size = wire::count(attachment.size()).cast_signed();
            let mut props = attachment.props;
            if !props.contains(PR_RENDERING_POSITION.id()) {
                props.set(PR_RENDERING_POSITION, PropValue::Long(-1));
            }
            props.set(PR_ATTACH_NUM, PropValue::Long(attachment.number.cast_signed()));
            props.set(PR_INSTANCE_KEY, PropValue::Binary(attachment.number.to_le_bytes().to_vec()));
            props.set(PR_RECORD_KEY, PropValue::Binary(attachment.key.to_vec()));
            props.set(PR_ATTACH_SIZE, PropValue::Long(size));
            TableRow::new(u64::from(attachment.number), props)
        };
        saved.into_iter().filter(|attachment| attachment.saved).map(row).collect()
    }

    fn columns(&self) -> Vec<PropTag> {
        ATTACHMENT_COLUMNS.to_vec()
    }

    fn watchers(&self) -> &Watchers {
        &self.0.attachment_watchers
    }

    fn has_bookmarks(&self) -> bool {
        false
    }
}

/// Columns with others behind them that are not among them.
fn with_others(columns: &[PropTag], others: BTreeSet<PropTag>) -> Vec<PropTag> {
    let mut all = columns.to_vec();
    for tag in others {
        if !all.iter().any(|known| known.id() == tag.id()) {
            all.push(tag);
        }
    }
    all
}
