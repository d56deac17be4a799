"""What tables show (pages: contents-tables, hierarchy-tables, recipient-tables, outgoing-queue-tables, ...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from defects import DEFECT
from mapishim import flags as f
from mapishim import tags as t
from mapishim.props import Bag
from mapishim.tables import Row, Source, Table
from mapishim.wire import encode

from .computed import folder_props, stored_props
from .data import MessageData
from .ids import record_key

if TYPE_CHECKING:
    from .message import MemoryMessage
    from .session import StoreSession


class StoreTable(Table):
    """A table of a session: its sinks are let go when the session ends."""

    def refresh(self) -> None:
        if DEFECT != "python-queue-silent":
            super().refresh()

    def __init__(self, session: StoreSession, source: Source) -> None:
        self.session = session
        super().__init__(source, session.core)


class Contents:
    """The messages of a folder."""

    columns = (
        t.PR_ENTRYID, t.PR_INSTANCE_KEY, t.PR_RECORD_KEY, t.PR_PARENT_ENTRYID, t.PR_OBJECT_TYPE, t.PR_MESSAGE_CLASS_W,
        t.PR_MESSAGE_FLAGS, t.PR_MSG_STATUS, t.PR_MESSAGE_SIZE, t.PR_HASATTACH, t.PR_SUBJECT_W, t.PR_NORMALIZED_SUBJECT_W,
        t.PR_SENDER_NAME_W, t.PR_SENT_REPRESENTING_NAME_W, t.PR_DISPLAY_TO_W, t.PR_DISPLAY_CC_W, t.PR_CLIENT_SUBMIT_TIME,
        t.PR_MESSAGE_DELIVERY_TIME, t.PR_LAST_MODIFICATION_TIME, t.PR_MAPPING_SIGNATURE,
    )

    def __init__(self, session: StoreSession, folder: int, associated: bool) -> None:
        self.session, self.folder, self.associated = session, folder, associated

    def rows(self) -> list[Row]:
        self.session.check()
        core = self.session.core
        with core.lock:
            return [
                Row(number, stored_props(self.session, number, stored), stored.data.bag)
                for number, stored in core.contents(self.folder, self.associated)
            ]


class Queue:
    """The messages that wait to be sent; the required columns, in the order of the page."""

    columns = (
        t.PR_CLIENT_SUBMIT_TIME, t.PR_DISPLAY_BCC_W, t.PR_DISPLAY_CC_W, t.PR_DISPLAY_TO_W, t.PR_ENTRYID, t.PR_MESSAGE_FLAGS,
        t.PR_MESSAGE_SIZE, t.PR_PRIORITY, t.PR_SENDER_NAME_W, t.PR_SUBJECT_W, t.PR_SUBMIT_FLAGS,
    )

    def __init__(self, session: StoreSession) -> None:
        self.session = session

    def rows(self) -> list[Row]:
        self.session.check()
        core, rows = self.session.core, []
        with core.lock:
            for queued in core.queue:
                stored = core.messages.get(queued.message)
                if queued.listed and stored:
                    computed = stored_props(self.session, queued.message, stored)
                    rows.append(Row(queued.message, computed, stored.data.bag))
        return rows


class Hierarchy:
    """The folders below one."""

    columns = (
        t.PR_ENTRYID, t.PR_INSTANCE_KEY, t.PR_DISPLAY_NAME_W, t.PR_COMMENT_W, t.PR_DEPTH, t.PR_DISPLAY_TYPE, t.PR_FOLDER_TYPE,
        t.PR_OBJECT_TYPE, t.PR_PARENT_ENTRYID, t.PR_STATUS, t.PR_SUBFOLDERS, t.PR_CONTENT_COUNT, t.PR_CONTENT_UNREAD,
    )

    def __init__(self, session: StoreSession, folder: int, deep: bool) -> None:
        self.session, self.folder, self.deep = session, folder, deep

    def rows(self) -> list[Row]:
        self.session.check()
        with self.session.core.lock:
            return self._below(self.folder, 1)

    def _below(self, parent: int, depth: int) -> list[Row]:
        core, rows = self.session.core, []
        for number in core.children(parent):
            folder = core.folders[number]
            bag = folder.bag.copy()
            for tag, value in folder_props(self.session, number, folder):
                bag.set(tag, value)
            bag.set(t.PR_DEPTH, depth)
            bag.set(t.PR_DISPLAY_TYPE, f.DT_FOLDER)
            bag.set(t.PR_STATUS, 0)
            rows.append(Row(number, bag))
            if self.deep:
                rows += self._below(number, depth + 1)
        return rows


class ReceiveFolders:
    """Which folder receives messages of which class."""

    columns = (t.PR_ENTRYID, t.PR_INSTANCE_KEY, t.PR_MESSAGE_CLASS_W, t.PR_RECORD_KEY, t.PR_ROWID)

    def __init__(self, session: StoreSession) -> None:
        self.session = session

    def rows(self) -> list[Row]:
        self.session.check()
        core, rows = self.session.core, []
        with core.lock:
            for index, (message_class, folder) in enumerate(sorted(core.receive.items())):
                bag = Bag()
                bag.set(t.PR_ENTRYID, encode(core.folder_id(folder)))
                bag.set(t.PR_RECORD_KEY, encode(record_key(core.key, folder)))
                bag.set(t.PR_MESSAGE_CLASS_W, message_class)
                bag.set(t.PR_ROWID, index)
                rows.append(Row(index, bag))
        return rows


class Recipients:
    """The recipients of an open message."""

    columns = (
        t.PR_ROWID, t.PR_INSTANCE_KEY, t.PR_DISPLAY_NAME_W, t.PR_ENTRYID, t.PR_RECIPIENT_TYPE, t.PR_ADDRTYPE_W,
        t.PR_EMAIL_ADDRESS_W, t.PR_SEARCH_KEY, t.PR_OBJECT_TYPE, t.PR_DISPLAY_TYPE, t.PR_RESPONSIBILITY,
    )

    def __init__(self, message: MemoryMessage) -> None:
        self.message = message

    def rows(self) -> list[Row]:
        data: MessageData = self.message.held()
        rows = []
        for recipient in data.recipients:
            bag = recipient.bag.copy()
            bag.set(t.PR_ROWID, recipient.row)
            for tag, value in ((t.PR_OBJECT_TYPE, f.MAPI_MAILUSER), (t.PR_DISPLAY_TYPE, f.DT_MAILUSER)):
                if tag not in bag:
                    bag.set(tag, value)
            rows.append(Row(recipient.row, bag))
        return rows


class Attachments:
    """The attachments of an open message."""

    columns = (
        t.PR_ATTACH_NUM, t.PR_INSTANCE_KEY, t.PR_RECORD_KEY, t.PR_RENDERING_POSITION, t.PR_ATTACH_METHOD, t.PR_ATTACH_FILENAME_W,
        t.PR_ATTACH_LONG_FILENAME_W, t.PR_ATTACH_SIZE, t.PR_DISPLAY_NAME_W,
    )

    def __init__(self, message: MemoryMessage) -> None:
        self.message = message

    def rows(self) -> list[Row]:
        rows = []
        for number, attachment in sorted(self.message.held().attachments.items()):
            bag = attachment.bag.copy()
            bag.remove(t.PR_ATTACH_DATA_BIN)
            bag.set(t.PR_ATTACH_NUM, number)
            bag.set(t.PR_ATTACH_SIZE, attachment.size())
            bag.set(t.PR_OBJECT_TYPE, f.MAPI_ATTACH)
            bag.set(t.PR_RECORD_KEY, encode(number.to_bytes(4, "big")))
            rows.append(Row(number, bag))
        return rows
