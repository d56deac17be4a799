"""Properties that the store computes (pages: required-folder-properties, required-properties-on-message-stores)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mapishim import flags as f
from mapishim import tags as t
from mapishim.props import Bag
from mapishim.wire import encode

from . import data as d
from .ids import record_key

if TYPE_CHECKING:
    from .session import StoreSession

#: What the store is called.
DISPLAY_NAME = "Python store"
#: PR_MDB_PROVIDER: which provider's store it is.
_PROVIDER = encode(b"spoolproof-pyshm")
_SUPPORTED = (
    f.STORE_ENTRYID_UNIQUE | f.STORE_MODIFY_OK | f.STORE_CREATE_OK | f.STORE_ATTACH_OK | f.STORE_SUBMIT_OK | f.STORE_NOTIFY_OK
    | f.STORE_MV_PROPS_OK | f.STORE_RESTRICTION_OK | f.STORE_SORT_OK | f.STORE_HTML_OK | f.STORE_UNICODE_OK
)
_FOLDERS = (
    f.FOLDER_IPM_SUBTREE_VALID | f.FOLDER_IPM_INBOX_VALID | f.FOLDER_IPM_OUTBOX_VALID | f.FOLDER_IPM_WASTEBASKET_VALID
    | f.FOLDER_IPM_SENTMAIL_VALID | f.FOLDER_FINDER_VALID
)
_FOLDER_ACCESS = (
    f.MAPI_ACCESS_READ | f.MAPI_ACCESS_MODIFY | f.MAPI_ACCESS_DELETE | f.MAPI_ACCESS_CREATE_HIERARCHY
    | f.MAPI_ACCESS_CREATE_CONTENTS | f.MAPI_ACCESS_CREATE_ASSOCIATED
)
_COMMON = (
    t.PR_ENTRYID, t.PR_RECORD_KEY, t.PR_STORE_ENTRYID, t.PR_STORE_RECORD_KEY, t.PR_STORE_SUPPORT_MASK, t.PR_MAPPING_SIGNATURE,
    t.PR_OBJECT_TYPE, t.PR_ACCESS_LEVEL,
)


def _ids(*tags: int) -> frozenset[int]:
    return frozenset(tag >> 16 for tag in (*_COMMON, *tags))


#: Identifiers of properties that clients cannot set. PR_MESSAGE_FLAGS is among a message's once it is saved.
MESSAGE = _ids(
    t.PR_PARENT_ENTRYID, t.PR_ACCESS, t.PR_MESSAGE_SIZE, t.PR_HASATTACH, t.PR_DISPLAY_TO_W, t.PR_DISPLAY_CC_W, t.PR_DISPLAY_BCC_W,
    t.PR_NORMALIZED_SUBJECT_W, t.PR_SUBMIT_FLAGS, t.PR_INSTANCE_KEY, t.PR_MSG_STATUS,
)
FOLDER = _ids(
    t.PR_PARENT_ENTRYID, t.PR_ACCESS, t.PR_FOLDER_TYPE, t.PR_SUBFOLDERS, t.PR_CONTENT_COUNT, t.PR_CONTENT_UNREAD,
    t.PR_ASSOC_CONTENT_COUNT, t.PR_CREATION_TIME, t.PR_LAST_MODIFICATION_TIME,
)
STORE = _ids(
    t.PR_MDB_PROVIDER, t.PR_VALID_FOLDER_MASK, t.PR_IPM_SUBTREE_ENTRYID, t.PR_IPM_OUTBOX_ENTRYID, t.PR_IPM_SENTMAIL_ENTRYID,
    t.PR_IPM_WASTEBASKET_ENTRYID, t.PR_FINDER_ENTRYID, t.PR_PROVIDER_DISPLAY_W, t.PR_STATUS_CODE,
)


def _common(session: StoreSession, kind: int) -> Bag:
    bag = Bag()
    bag.set(t.PR_STORE_ENTRYID, session.wrapped)
    bag.set(t.PR_STORE_RECORD_KEY, encode(session.core.key))
    bag.set(t.PR_MAPPING_SIGNATURE, encode(session.core.key))
    bag.set(t.PR_STORE_SUPPORT_MASK, _SUPPORTED)
    bag.set(t.PR_OBJECT_TYPE, kind)
    return bag


def store_props(session: StoreSession) -> Bag:
    """Of the store."""
    core, bag = session.core, _common(session, f.MAPI_STORE)
    bag.set(t.PR_ENTRYID, session.wrapped)
    bag.set(t.PR_RECORD_KEY, encode(core.key))
    bag.set(t.PR_ACCESS_LEVEL, f.MAPI_MODIFY)
    bag.set(t.PR_MDB_PROVIDER, _PROVIDER)
    bag.set(t.PR_PROVIDER_DISPLAY_W, DISPLAY_NAME)
    bag.set(t.PR_STATUS_CODE, f.STATUS_AVAILABLE)
    bag.set(t.PR_VALID_FOLDER_MASK, _FOLDERS)
    for tag, folder in (
        (t.PR_IPM_SUBTREE_ENTRYID, d.IPM_SUBTREE), (t.PR_IPM_OUTBOX_ENTRYID, d.OUTBOX), (t.PR_IPM_SENTMAIL_ENTRYID, d.SENT),
        (t.PR_IPM_WASTEBASKET_ENTRYID, d.DELETED), (t.PR_FINDER_ENTRYID, d.FINDER),
    ):
        bag.set(tag, encode(core.folder_id(folder)))
    return bag


def folder_props(session: StoreSession, number: int, folder: d.FolderData) -> Bag:
    """Of a folder."""
    core, bag = session.core, _common(session, f.MAPI_FOLDER)
    held = core.contents(number, False)
    bag.set(t.PR_ENTRYID, encode(core.folder_id(number)))
    bag.set(t.PR_RECORD_KEY, encode(record_key(core.key, number)))
    bag.set(t.PR_PARENT_ENTRYID, encode(core.folder_id(folder.parent or d.ROOT)))
    bag.set(t.PR_FOLDER_TYPE, folder.kind)
    bag.set(t.PR_ACCESS_LEVEL, f.MAPI_MODIFY)
    bag.set(t.PR_ACCESS, _FOLDER_ACCESS)
    bag.set(t.PR_SUBFOLDERS, bool(core.children(number)))
    bag.set(t.PR_CONTENT_COUNT, len(held))
    unread = [one for _, one in held if not one.data.bag.bits(t.PR_MESSAGE_FLAGS) & f.MSGFLAG_READ]
    bag.set(t.PR_CONTENT_UNREAD, len(unread))
    bag.set(t.PR_ASSOC_CONTENT_COUNT, len(core.contents(number, True)))
    return bag


def message_props(session: StoreSession, message: d.MessageData, associated: bool) -> Bag:
    """What any message has, wherever it is."""
    bag, stored = _common(session, f.MAPI_MESSAGE), message.bag
    bag.set(t.PR_ACCESS, f.MAPI_ACCESS_READ | f.MAPI_ACCESS_MODIFY | f.MAPI_ACCESS_DELETE)
    bag.set(t.PR_ACCESS_LEVEL, f.MAPI_MODIFY)
    bag.set(t.PR_MESSAGE_SIZE, message.size())
    bag.set(t.PR_HASATTACH, bool(message.attachments))
    shown = stored.bits(t.PR_MESSAGE_FLAGS) & ~(f.MSGFLAG_HASATTACH | f.MSGFLAG_ASSOCIATED)
    shown |= f.MSGFLAG_HASATTACH if message.attachments else 0
    shown |= f.MSGFLAG_ASSOCIATED if associated else 0
    bag.set(t.PR_MESSAGE_FLAGS, shown)
    for tag, kind in ((t.PR_DISPLAY_TO_W, f.MAPI_TO), (t.PR_DISPLAY_CC_W, f.MAPI_CC), (t.PR_DISPLAY_BCC_W, f.MAPI_BCC)):
        bag.set(tag, message.display(kind))
    subject = stored.get(t.PR_SUBJECT_W)
    if subject is not None:
        prefix = stored.get(t.PR_SUBJECT_PREFIX_W, subject_prefix(subject))
        bag.set(t.PR_NORMALIZED_SUBJECT_W, subject.removeprefix(prefix))
        bag.set(t.PR_SUBJECT_PREFIX_W, prefix)
    for tag, value in ((t.PR_PRIORITY, 0), (t.PR_IMPORTANCE, 1)):
        if tag not in stored:
            bag.set(tag, value)
    return bag


def add_place(session: StoreSession, number: int, folder: int, bag: Bag) -> None:
    """What a message is in its folder."""
    core = session.core
    bag.set(t.PR_ENTRYID, encode(core.message_id(number)))
    bag.set(t.PR_RECORD_KEY, encode(record_key(core.key, number)))
    bag.set(t.PR_PARENT_ENTRYID, encode(core.folder_id(folder)))
    queued = core.queued(number)
    if queued:
        shown = f.SUBMITFLAG_LOCKED if queued.locked else 0
        bag.set(t.PR_SUBMIT_FLAGS, shown | (f.SUBMITFLAG_PREPROCESS if queued.preprocess else 0))


def stored_props(session: StoreSession, number: int, stored: d.Stored) -> Bag:
    """Of a message in a folder."""
    bag = message_props(session, stored.data, stored.associated)
    add_place(session, number, stored.folder, bag)
    bag.set(t.PR_MSG_STATUS, stored.status)
    return bag


def subject_prefix(subject: str) -> str:
    """What stands before the subject of a reply: up to three letters, a colon and a space."""
    word, colon, _ = subject.partition(": ")
    return word + colon if colon and 0 < len(word) <= 3 and word.isalpha() else ""
