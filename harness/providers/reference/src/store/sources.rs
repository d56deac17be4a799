//! What tables show: their rows and the columns that they begin with.
//!
//! Source pages: *contents-tables*, *hierarchy-tables*, *recipient-tables*, *attachment-tables*, *outgoing-queue-tables*,
//! *receive-folder-tables*.

use std::sync::Arc;

use mapi_spi::PropTag;
use mapi_spi::flags::{DT_FOLDER, DT_MAILUSER, MAPI_ATTACH, MAPI_MAILUSER};
use mapi_spi::tags as tag;

use super::bag::Bag;
use super::computed::{folder_props, stored_props};
use super::data::Data;
use super::message::MessageNode;
use super::session::StoreSession;
use super::table::Row;
use crate::mapi::Result;

/// Where a table's rows come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Contents { folder: u64, associated: bool },
    Hierarchy { folder: u64, deep: bool },
    Queue,
    ReceiveFolders,
    Recipients(Arc<MessageNode>),
    Attachments(Arc<MessageNode>),
}

const CONTENTS: [PropTag; 20] = [
    tag::PR_ENTRYID,
    tag::PR_INSTANCE_KEY,
    tag::PR_RECORD_KEY,
    tag::PR_PARENT_ENTRYID,
    tag::PR_OBJECT_TYPE,
    tag::PR_MESSAGE_CLASS_W,
    tag::PR_MESSAGE_FLAGS,
    tag::PR_MSG_STATUS,
    tag::PR_MESSAGE_SIZE,
    tag::PR_HASATTACH,
    tag::PR_SUBJECT_W,
    tag::PR_NORMALIZED_SUBJECT_W,
    tag::PR_SENDER_NAME_W,
    tag::PR_SENT_REPRESENTING_NAME_W,
    tag::PR_DISPLAY_TO_W,
    tag::PR_DISPLAY_CC_W,
    tag::PR_CLIENT_SUBMIT_TIME,
    tag::PR_MESSAGE_DELIVERY_TIME,
    tag::PR_LAST_MODIFICATION_TIME,
    tag::PR_MAPPING_SIGNATURE,
];

const HIERARCHY: [PropTag; 13] = [
    tag::PR_ENTRYID,
    tag::PR_INSTANCE_KEY,
    tag::PR_DISPLAY_NAME_W,
    tag::PR_COMMENT_W,
    tag::PR_DEPTH,
    tag::PR_DISPLAY_TYPE,
    tag::PR_FOLDER_TYPE,
    tag::PR_OBJECT_TYPE,
    tag::PR_PARENT_ENTRYID,
    tag::PR_STATUS,
    tag::PR_SUBFOLDERS,
    tag::PR_CONTENT_COUNT,
    tag::PR_CONTENT_UNREAD,
];

/// The required columns, in the order of the page.
const QUEUE: [PropTag; 11] = [
    tag::PR_CLIENT_SUBMIT_TIME,
    tag::PR_DISPLAY_BCC_W,
    tag::PR_DISPLAY_CC_W,
    tag::PR_DISPLAY_TO_W,
    tag::PR_ENTRYID,
    tag::PR_MESSAGE_FLAGS,
    tag::PR_MESSAGE_SIZE,
    tag::PR_PRIORITY,
    tag::PR_SENDER_NAME_W,
    tag::PR_SUBJECT_W,
    tag::PR_SUBMIT_FLAGS,
];

const RECEIVE_FOLDERS: [PropTag; 5] =
    [tag::PR_ENTRYID, tag::PR_INSTANCE_KEY, tag::PR_MESSAGE_CLASS_W, tag::PR_RECORD_KEY, tag::PR_ROWID];

const RECIPIENTS: [PropTag; 11] = [
    tag::PR_ROWID,
    tag::PR_INSTANCE_KEY,
    tag::PR_DISPLAY_NAME_W,
    tag::PR_ENTRYID,
    tag::PR_RECIPIENT_TYPE,
    tag::PR_ADDRTYPE_W,
    tag::PR_EMAIL_ADDRESS_W,
    tag::PR_SEARCH_KEY,
    tag::PR_OBJECT_TYPE,
    tag::PR_DISPLAY_TYPE,
    tag::PR_RESPONSIBILITY,
];

const ATTACHMENTS: [PropTag; 9] = [
    tag::PR_ATTACH_NUM,
    tag::PR_INSTANCE_KEY,
    tag::PR_RECORD_KEY,
    tag::PR_RENDERING_POSITION,
    tag::PR_ATTACH_METHOD,
    tag::PR_ATTACH_FILENAME_W,
    tag::PR_ATTACH_LONG_FILENAME_W,
    tag::PR_ATTACH_SIZE,
    tag::PR_DISPLAY_NAME_W,
];

impl Source {
    /// The columns that a table has before others are chosen.
    pub(super) fn columns(&self) -> Vec<PropTag> {
        match self {
            Source::Contents { .. } => CONTENTS.to_vec(),
            Source::Hierarchy { .. } => HIERARCHY.to_vec(),
            Source::Queue => QUEUE.to_vec(),
            Source::ReceiveFolders => RECEIVE_FOLDERS.to_vec(),
            Source::Recipients(_) => RECIPIENTS.to_vec(),
            Source::Attachments(_) => ATTACHMENTS.to_vec(),
        }
    }

    /// Whether the order of the rows can be chosen.
    pub(super) fn is_sortable(&self, session: &StoreSession) -> bool {
        !(matches!(self, Source::Queue) && session.settings().habits.queue_fixed)
    }

    /// The rows as they are now.
    ///
    /// # Errors
    ///
    /// `MAPI_E_INVALID_OBJECT` where the message has ended whose table it is.
    pub(super) fn rows(&self, session: &StoreSession) -> Result<Vec<Row>> {
        let core = session.core();
        Ok(match self {
            Source::Contents { folder, associated } => {
                let data = core.lock();
                let contents = data.contents(*folder, *associated);
                contents.filter_map(|(id, _)| message_row(session, &data, id)).collect()
            }
            Source::Hierarchy { folder, deep } => hierarchy(session, &core.lock(), *folder, *deep),
            Source::Queue => {
                let data = core.lock();
                let listed = data.queue.iter().filter(|queued| queued.listed);
                let mut rows: Vec<Row> =
                    listed.filter_map(|queued| message_row(session, &data, queued.message)).collect();
                if session.settings().habits.queue_unsorted {
                    rows.reverse();
                }
                rows
            }
            Source::ReceiveFolders => receive_folders(session, &core.lock()),
            Source::Recipients(message) => recipients(message)?,
            Source::Attachments(message) => attachments(message)?,
        })
    }
}

fn message_row(session: &StoreSession, data: &Data, id: u64) -> Option<Row> {
    let stored = data.messages.get(&id)?;
    let mut row = Row::new(id, stored_props(session, data, id, stored));
    row.message = Some(Arc::clone(&stored.data));
    Some(row)
}

fn hierarchy(session: &StoreSession, data: &Data, folder: u64, deep: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut waiting: Vec<(u64, i32)> = data.children(folder).map(|child| (child, 1)).collect();
    waiting.reverse();
    while let Some((id, depth)) = waiting.pop() {
        let Some(own) = data.folders.get(&id) else { continue };
        let mut bag = own.bag.clone();
        for (tag, value) in folder_props(session, data, id, own).iter() {
            bag.set(*tag, value.clone());
        }
        bag.mask(tag::PR_DEPTH, depth.cast_unsigned());
        bag.mask(tag::PR_DISPLAY_TYPE, DT_FOLDER);
        bag.mask(tag::PR_STATUS, 0);
        rows.push(Row::new(id, bag));
        if deep {
            let mut below: Vec<(u64, i32)> = data.children(id).map(|child| (child, depth + 1)).collect();
            below.reverse();
            waiting.extend(below);
        }
    }
    rows
}

fn receive_folders(session: &StoreSession, data: &Data) -> Vec<Row> {
    let row = |(index, (class, folder)): (usize, (&String, &u64))| {
        let mut bag = Bag::default();
        bag.binary(tag::PR_ENTRYID, session.key().folder_id(*folder));
        bag.binary(tag::PR_RECORD_KEY, session.key().record_key(*folder));
        bag.text(tag::PR_MESSAGE_CLASS_W, class);
        bag.mask(tag::PR_ROWID, index as u32);
        Row::new(index as u64, bag)
    };
    data.receive.iter().enumerate().map(row).collect()
}

fn recipients(message: &Arc<MessageNode>) -> Result<Vec<Row>> {
    message.with_data(|data| {
        let row = |recipient: &super::data::Recipient| {
            let mut bag = recipient.bag.clone();
            bag.mask(tag::PR_ROWID, recipient.row);
            for (tag, value) in [(tag::PR_OBJECT_TYPE, MAPI_MAILUSER), (tag::PR_DISPLAY_TYPE, DT_MAILUSER)] {
                if bag.get(tag).is_none() {
                    bag.mask(tag, value);
                }
            }
            Row::new(u64::from(recipient.row), bag)
        };
        data.recipients.iter().map(row).collect()
    })
}

fn attachments(message: &Arc<MessageNode>) -> Result<Vec<Row>> {
    message.with_data(|data| {
        let row = |(number, attachment): (&u32, &super::data::AttachData)| {
            let mut bag = Bag::default();
            let is_data = |tag: &PropTag| tag.id() == tag::PR_ATTACH_DATA_BIN.id();
            for (tag, value) in attachment.bag.iter().filter(|(tag, _)| !is_data(tag)) {
                bag.set(*tag, value.clone());
            }
            bag.mask(tag::PR_ATTACH_NUM, *number);
            bag.mask(tag::PR_ATTACH_SIZE, attachment.size() as u32);
            bag.mask(tag::PR_OBJECT_TYPE, MAPI_ATTACH);
            bag.binary(tag::PR_RECORD_KEY, number.to_be_bytes().to_vec());
            Row::new(u64::from(*number), bag)
        };
        data.attachments.iter().map(row).collect()
    })
}
