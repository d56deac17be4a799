//! Properties that the store computes. Source pages: those of the properties, and *required-folder-properties*,
//! *required-properties-on-message-stores*.

use mapi_spi::PropTag;
use mapi_spi::flags::{
    FOLDER_FINDER_VALID, FOLDER_IPM_INBOX_VALID, FOLDER_IPM_OUTBOX_VALID, FOLDER_IPM_SENTMAIL_VALID,
    FOLDER_IPM_SUBTREE_VALID, FOLDER_IPM_WASTEBASKET_VALID, MAPI_ACCESS_CREATE_ASSOCIATED,
    MAPI_ACCESS_CREATE_CONTENTS, MAPI_ACCESS_CREATE_HIERARCHY, MAPI_ACCESS_DELETE, MAPI_ACCESS_MODIFY,
    MAPI_ACCESS_READ, MAPI_BCC, MAPI_CC, MAPI_FOLDER, MAPI_MESSAGE, MAPI_MODIFY, MAPI_STORE, MAPI_TO,
    MSGFLAG_ASSOCIATED, MSGFLAG_HASATTACH, MSGFLAG_READ, STATUS_AVAILABLE, STORE_ATTACH_OK, STORE_CREATE_OK,
    STORE_ENTRYID_UNIQUE, STORE_HTML_OK, STORE_MODIFY_OK, STORE_MV_PROPS_OK, STORE_NOTIFY_OK,
    STORE_RESTRICTION_OK, STORE_SORT_OK, STORE_SUBMIT_OK, STORE_UNICODE_OK, SUBMITFLAG_LOCKED,
    SUBMITFLAG_PREPROCESS,
};
use mapi_spi::tags as tag;
use mapi_spi::values::PropValue;

use super::bag::Bag;
use super::data::{DELETED, Data, FINDER, Folder, IPM_SUBTREE, MessageData, OUTBOX, ROOT, SENT, Stored};
use super::session::{DISPLAY_NAME, StoreSession};

/// What the store can do.
const SUPPORTED: u32 = STORE_ENTRYID_UNIQUE
    | STORE_MODIFY_OK
    | STORE_CREATE_OK
    | STORE_ATTACH_OK
    | STORE_SUBMIT_OK
    | STORE_NOTIFY_OK
    | STORE_MV_PROPS_OK
    | STORE_RESTRICTION_OK
    | STORE_SORT_OK
    | STORE_HTML_OK
    | STORE_UNICODE_OK;

/// `MDB_PROVIDER`: which provider's store it is.
const PROVIDER: [u8; 16] = *b"spoolproof-store";

/// Properties of a message that clients cannot set. `PR_MESSAGE_FLAGS` is among them once the message is saved.
pub(super) const MESSAGE: &[PropTag] = &[
    tag::PR_ENTRYID,
    tag::PR_RECORD_KEY,
    tag::PR_PARENT_ENTRYID,
    tag::PR_STORE_ENTRYID,
    tag::PR_STORE_RECORD_KEY,
    tag::PR_STORE_SUPPORT_MASK,
    tag::PR_MAPPING_SIGNATURE,
    tag::PR_OBJECT_TYPE,
    tag::PR_ACCESS,
    tag::PR_ACCESS_LEVEL,
    tag::PR_MESSAGE_SIZE,
    tag::PR_HASATTACH,
    tag::PR_DISPLAY_TO_W,
    tag::PR_DISPLAY_CC_W,
    tag::PR_DISPLAY_BCC_W,
    tag::PR_NORMALIZED_SUBJECT_W,
    tag::PR_SUBMIT_FLAGS,
    tag::PR_INSTANCE_KEY,
    tag::PR_MSG_STATUS,
];

/// The same of a folder.
pub(super) const FOLDER: &[PropTag] = &[
    tag::PR_ENTRYID,
    tag::PR_RECORD_KEY,
    tag::PR_PARENT_ENTRYID,
    tag::PR_STORE_ENTRYID,
    tag::PR_STORE_RECORD_KEY,
    tag::PR_STORE_SUPPORT_MASK,
    tag::PR_MAPPING_SIGNATURE,
    tag::PR_OBJECT_TYPE,
    tag::PR_ACCESS,
    tag::PR_ACCESS_LEVEL,
    tag::PR_FOLDER_TYPE,
    tag::PR_SUBFOLDERS,
    tag::PR_CONTENT_COUNT,
    tag::PR_CONTENT_UNREAD,
    tag::PR_ASSOC_CONTENT_COUNT,
    tag::PR_CREATION_TIME,
    tag::PR_LAST_MODIFICATION_TIME,
];

/// The same of the store.
pub(super) const STORE: &[PropTag] = &[
    tag::PR_ENTRYID,
    tag::PR_RECORD_KEY,
    tag::PR_STORE_ENTRYID,
    tag::PR_STORE_RECORD_KEY,
    tag::PR_STORE_SUPPORT_MASK,
    tag::PR_MAPPING_SIGNATURE,
    tag::PR_OBJECT_TYPE,
    tag::PR_ACCESS_LEVEL,
    tag::PR_MDB_PROVIDER,
    tag::PR_VALID_FOLDER_MASK,
    tag::PR_IPM_SUBTREE_ENTRYID,
    tag::PR_IPM_OUTBOX_ENTRYID,
    tag::PR_IPM_SENTMAIL_ENTRYID,
    tag::PR_IPM_WASTEBASKET_ENTRYID,
    tag::PR_FINDER_ENTRYID,
    tag::PR_PROVIDER_DISPLAY_W,
    tag::PR_STATUS_CODE,
];

fn common(session: &StoreSession, kind: u32) -> Bag {
    let mut bag = Bag::default();
    bag.binary(tag::PR_STORE_ENTRYID, session.wrapped_id().to_vec());
    bag.binary(tag::PR_STORE_RECORD_KEY, session.key().0.to_vec());
    bag.binary(tag::PR_MAPPING_SIGNATURE, session.key().0.to_vec());
    bag.mask(tag::PR_STORE_SUPPORT_MASK, SUPPORTED);
    bag.mask(tag::PR_OBJECT_TYPE, kind);
    bag
}

/// Of the store.
pub(super) fn store_props(session: &StoreSession) -> Bag {
    let key = session.key();
    let mut bag = common(session, MAPI_STORE);
    bag.binary(tag::PR_ENTRYID, session.wrapped_id().to_vec());
    bag.binary(tag::PR_RECORD_KEY, key.0.to_vec());
    bag.mask(tag::PR_ACCESS_LEVEL, MAPI_MODIFY);
    bag.binary(tag::PR_MDB_PROVIDER, PROVIDER.to_vec());
    bag.text(tag::PR_PROVIDER_DISPLAY_W, DISPLAY_NAME);
    bag.mask(tag::PR_STATUS_CODE, STATUS_AVAILABLE);
    let mask = FOLDER_IPM_SUBTREE_VALID
        | FOLDER_IPM_INBOX_VALID
        | FOLDER_IPM_OUTBOX_VALID
        | FOLDER_IPM_WASTEBASKET_VALID
        | FOLDER_IPM_SENTMAIL_VALID
        | FOLDER_FINDER_VALID;
    bag.mask(tag::PR_VALID_FOLDER_MASK, mask);
    bag.binary(tag::PR_IPM_SUBTREE_ENTRYID, key.folder_id(IPM_SUBTREE));
    bag.binary(tag::PR_IPM_OUTBOX_ENTRYID, key.folder_id(OUTBOX));
    bag.binary(tag::PR_IPM_SENTMAIL_ENTRYID, key.folder_id(SENT));
    bag.binary(tag::PR_IPM_WASTEBASKET_ENTRYID, key.folder_id(DELETED));
    bag.binary(tag::PR_FINDER_ENTRYID, key.folder_id(FINDER));
    bag
}

/// Of a folder.
pub(super) fn folder_props(session: &StoreSession, data: &Data, id: u64, folder: &Folder) -> Bag {
    let key = session.key();
    let mut bag = common(session, MAPI_FOLDER);
    bag.binary(tag::PR_ENTRYID, key.folder_id(id));
    bag.binary(tag::PR_RECORD_KEY, key.record_key(id));
    bag.binary(tag::PR_PARENT_ENTRYID, key.folder_id(folder.parent.unwrap_or(ROOT)));
    bag.mask(tag::PR_FOLDER_TYPE, folder.kind);
    bag.mask(tag::PR_ACCESS_LEVEL, MAPI_MODIFY);
    let access = MAPI_ACCESS_READ
        | MAPI_ACCESS_MODIFY
        | MAPI_ACCESS_DELETE
        | MAPI_ACCESS_CREATE_HIERARCHY
        | MAPI_ACCESS_CREATE_CONTENTS
        | MAPI_ACCESS_CREATE_ASSOCIATED;
    bag.mask(tag::PR_ACCESS, access);
    bag.boolean(tag::PR_SUBFOLDERS, data.children(id).next().is_some());
    let unread = |stored: &Stored| stored.data.bag.bits(tag::PR_MESSAGE_FLAGS) & MSGFLAG_READ == 0;
    bag.mask(tag::PR_CONTENT_COUNT, data.contents(id, false).count() as u32);
    bag.mask(
        tag::PR_CONTENT_UNREAD,
        data.contents(id, false).filter(|(_, stored)| unread(stored)).count() as u32,
    );
    bag.mask(tag::PR_ASSOC_CONTENT_COUNT, data.contents(id, true).count() as u32);
    bag
}

/// Of a message in a folder.
pub(super) fn stored_props(session: &StoreSession, data: &Data, id: u64, stored: &Stored) -> Bag {
    let mut bag = message_props(session, &stored.data, stored.associated);
    add_place(session, data, id, stored.folder, &mut bag);
    bag.mask(tag::PR_MSG_STATUS, stored.status);
    bag
}

/// What a message is in its folder.
pub(super) fn add_place(session: &StoreSession, data: &Data, id: u64, folder: u64, bag: &mut Bag) {
    let key = session.key();
    bag.binary(tag::PR_ENTRYID, key.message_id(id));
    bag.binary(tag::PR_RECORD_KEY, key.record_key(id));
    bag.binary(tag::PR_PARENT_ENTRYID, key.folder_id(folder));
    if let Some(queued) = data.queued(id) {
        let bits = [(queued.locked, SUBMITFLAG_LOCKED), (queued.preprocess, SUBMITFLAG_PREPROCESS)];
        let flags = bits.iter().filter(|(set, _)| *set).fold(0, |flags, (_, bit)| flags | bit);
        bag.mask(tag::PR_SUBMIT_FLAGS, flags);
    }
}

/// What any message has, wherever it is.
pub(super) fn message_props(session: &StoreSession, message: &MessageData, associated: bool) -> Bag {
    let mut bag = common(session, MAPI_MESSAGE);
    bag.mask(tag::PR_ACCESS, MAPI_ACCESS_READ | MAPI_ACCESS_MODIFY | MAPI_ACCESS_DELETE);
    bag.mask(tag::PR_ACCESS_LEVEL, MAPI_MODIFY);
    bag.mask(tag::PR_MESSAGE_SIZE, message.size() as u32);
    let attached = !message.attachments.is_empty();
    bag.boolean(tag::PR_HASATTACH, attached);
    let mut flags = message.bag.bits(tag::PR_MESSAGE_FLAGS) & !(MSGFLAG_HASATTACH | MSGFLAG_ASSOCIATED);
    for (set, bit) in [(attached, MSGFLAG_HASATTACH), (associated, MSGFLAG_ASSOCIATED)] {
        if set {
            flags |= bit;
        }
    }
    bag.mask(tag::PR_MESSAGE_FLAGS, flags);
    let lists =
        [(tag::PR_DISPLAY_TO_W, MAPI_TO), (tag::PR_DISPLAY_CC_W, MAPI_CC), (tag::PR_DISPLAY_BCC_W, MAPI_BCC)];
    for (tag, kind) in lists {
        bag.text(tag, &message.display(kind));
    }
    if let Some(subject) = message.bag.string(tag::PR_SUBJECT_W) {
        let prefix = message.bag.string(tag::PR_SUBJECT_PREFIX_W);
        let prefix = prefix.unwrap_or_else(|| subject_prefix(&subject).to_owned());
        bag.text(tag::PR_NORMALIZED_SUBJECT_W, subject.strip_prefix(&prefix).unwrap_or(&subject));
        bag.text(tag::PR_SUBJECT_PREFIX_W, &prefix);
    }
    for (tag, value) in [(tag::PR_PRIORITY, 0), (tag::PR_IMPORTANCE, 1)] {
        if message.bag.get(tag).is_none() {
            bag.set(tag, PropValue::Long(value));
        }
    }
    bag
}

/// What stands before the subject of a reply: up to three letters, a colon and a space.
fn subject_prefix(subject: &str) -> &str {
    let Some(colon) = subject.find(": ").filter(|at| *at > 0) else { return "" };
    let word = &subject[..colon];
    let is_prefix = word.chars().count() <= 3 && word.chars().all(char::is_alphabetic);
    if is_prefix { &subject[..colon + 2] } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_subjects() {
        assert_eq!(subject_prefix("RE: news"), "RE: ");
        assert_eq!(subject_prefix("Agenda: news"), "");
        assert_eq!(subject_prefix(": news"), "");
    }
}
