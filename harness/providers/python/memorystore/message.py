"""Messages: what a client changes in one stays its own until it is saved (page: imapiprop-savechanges)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from mapishim import flags as f
from mapishim import tags as t
from mapishim.filetime import now
from mapishim.props import Bag, Names, View, tag_of
from mapishim.stores import Message
from mapishim.wire import Call, Json, MapiError, Object, Remote

from . import copying, submit
from .attach import MemoryAttachment, blank
from .computed import MESSAGE, add_place, message_props
from .data import MessageData, Queued, Recipient, Stored
from .notify import Event, announce, refresh_tables
from .sources import Attachments, Recipients, StoreTable

if TYPE_CHECKING:
    from .session import StoreSession

T = TypeVar("T")


class MemoryMessage(Message):
    """A message that somebody has open: in a folder, or within an attachment."""

    def __init__(self, session: StoreSession, data: MessageData, version: int | None, writable: bool) -> None:
        super().__init__()
        self.session = session
        self.number: int | None = None
        self.folder = 0
        self.associated = False
        self.writable = writable
        self._attachment: MemoryAttachment | None = None
        self._data = data
        self._saved = version is not None
        self._version = version or 0
        self._dirty = False
        self._ended = False

    # -------------------------------------------------------------- ways to come by one

    @staticmethod
    def create(session: StoreSession, folder: int, associated: bool) -> MemoryMessage:
        """A new message in a folder, which is nowhere to be seen until it is saved."""
        message = MemoryMessage(session, MessageData(), None, True)
        message.number, message.folder, message.associated = session.core.new_number(), folder, associated
        bag = message._data.bag
        bag.set(t.PR_CREATION_TIME, now())
        bag.set(t.PR_SEARCH_KEY, session.core.search_key(message.number))
        # Mail that the spooler delivers was sent by somebody.
        bag.set(t.PR_MESSAGE_FLAGS, 0 if session.is_spooler else f.MSGFLAG_UNSENT)
        return message

    @staticmethod
    def open(session: StoreSession, number: int, stored: Stored, writable: bool) -> MemoryMessage:
        """A saved message."""
        message = MemoryMessage(session, stored.data.copy(), stored.version, writable)
        message.number, message.folder, message.associated = number, stored.folder, stored.associated
        return message

    @staticmethod
    def within(attachment: MemoryAttachment, data: MessageData | None, writable: bool) -> MemoryMessage:
        """The message in an attachment; a new one where there is none."""
        held = data.copy() if data else MessageData()
        message = MemoryMessage(attachment.session, held, 0 if data else None, writable)
        message._attachment = attachment
        return message

    # -------------------------------------------------------------- what it holds

    def held(self) -> MessageData:
        """All that it holds, to be looked at."""
        self.session.check()
        if self._ended:
            raise MapiError("MAPI_E_INVALID_OBJECT")
        return self._data

    def changed(self) -> MessageData:
        """All that it holds, to be changed."""
        held = self.held()
        if not self.writable:
            raise MapiError("MAPI_E_NO_ACCESS")
        self._dirty = True
        return held

    def snapshot(self) -> MessageData:
        """All that it holds, to be restored if what is begun fails."""
        return self._data.copy()

    def restore(self, data: MessageData) -> None:
        """See :meth:`snapshot`."""
        self._data = data

    def commit(self, queued: Queued) -> None:
        """Writes it into the store, whatever has happened to the saved one, and enters it among the submitted ones, at its
        place where it has one. Nothing but a release of it is allowed from now on."""
        core = self.session.core
        with core.lock:
            stored = core.messages.get(queued.message)
            if stored is None:
                raise MapiError("MAPI_E_OBJECT_DELETED")
            self._write_to(stored)
            known = core.queued(queued.message)
            # What the spooler has locked stays locked.
            core.enqueue(queued._replace(locked=known.locked) if known else queued)
            self._ended = True

    def _write_to(self, stored: Stored) -> None:
        self._data.bag.set(t.PR_LAST_MODIFICATION_TIME, now())
        stored.data = self._data.copy()
        stored.version += 1
        self._version, self._dirty = stored.version, False

    # -------------------------------------------------------------- properties

    def view(self) -> View:
        data, core = self.held(), self.session.core
        computed = message_props(self.session, data, self.associated)
        if self.number is not None:
            with core.lock:
                stored = core.messages.get(self.number)
                add_place(self.session, self.number, stored.folder if stored else self.folder, computed)
            if not self.writable:
                computed.set(t.PR_ACCESS_LEVEL, 0)
        return View(computed, data.bag)

    def change(self, work: Callable[[Bag], T]) -> T:
        with self.session.core.lock:
            return work(self.changed().bag)

    def is_computed(self, tag: int) -> bool:
        return tag >> 16 in MESSAGE or (self._saved and tag >> 16 == t.PR_MESSAGE_FLAGS >> 16)

    def names(self) -> Names:
        self.session.check()
        return self.session.core.names

    def object_props(self) -> tuple[int, ...]:
        return t.PR_MESSAGE_RECIPIENTS, t.PR_MESSAGE_ATTACHMENTS

    def open_object(self, tag: int, interface: str, flags: int) -> Object | None:
        if tag not in self.object_props():
            return None
        if interface != "IID_IMAPITable":
            raise MapiError("MAPI_E_INTERFACE_NOT_SUPPORTED")
        return self.recipient_table() if tag == t.PR_MESSAGE_RECIPIENTS else self.attachment_table()

    def copy_parts(self, parts: list[int], to: Remote) -> None:
        if to.interface != "IMessage":
            return
        data = self.snapshot()
        if t.PR_MESSAGE_RECIPIENTS in parts:
            copying.copy_recipients(data, to)
        if t.PR_MESSAGE_ATTACHMENTS in parts:
            copying.copy_attachments(data, to)

    # -------------------------------------------------------------- saving

    def save(self, flags: int) -> None:
        self.held()
        if not self.writable:
            raise MapiError("MAPI_E_NO_ACCESS")
        if self._attachment is not None:
            self._attachment.embed(self._data.copy())
            self._saved, self._dirty = True, False
            return
        announce_due = self._save_in_folder(flags)
        if announce_due:
            announce(self.session.core, announce_due)

    def _save_in_folder(self, flags: int) -> Event | None:
        core, number = self.session.core, self.number
        assert number is not None
        place = (f.MAPI_MESSAGE, number)
        with core.lock:
            if not self._saved:
                if self.folder not in core.folders:
                    raise MapiError("MAPI_E_OBJECT_DELETED")
                if t.PR_MESSAGE_CLASS_W not in self._data.bag:
                    self._data.bag.set(t.PR_MESSAGE_CLASS_W, "IPM.Note")
                stored = core.messages.setdefault(number, Stored(self.folder, self.associated, MessageData()))
                self._write_to(stored)
                self._saved = True
                return Event(f.fnevObjectCreated, place, self.folder)
            found = core.messages.get(number)
            if found is None:
                raise MapiError("MAPI_E_OBJECT_DELETED")
            if core.queued(number) and not self.session.is_spooler:
                raise MapiError("MAPI_E_SUBMITTED")
            if found.version != self._version and not flags & f.FORCE_SAVE:
                raise MapiError("MAPI_E_OBJECT_CHANGED")
            if not self._dirty:
                return None
            self._write_to(found)
            return Event(f.fnevObjectModified, place, found.folder)

    # -------------------------------------------------------------- recipients and attachments

    def recipient_table(self) -> Object:
        return StoreTable(self.session, Recipients(self))

    def attachment_table(self) -> Object:
        return StoreTable(self.session, Attachments(self))

    def modify_recipients(self, flags: int, rows: list[list[Json]]) -> None:
        given = [_recipient(row) for row in rows if row]
        with self.session.core.lock:
            data = self.changed()
            known = {recipient.row for recipient in data.recipients}
            if flags in (f.MODRECIP_MODIFY, f.MODRECIP_REMOVE) and any(row not in known for row, _ in given):
                raise MapiError("MAPI_E_INVALID_PARAMETER")
            if flags == 0:
                data.recipients = []
            for row, bag in given:
                if flags == f.MODRECIP_MODIFY and row is not None:
                    data.recipients = [Recipient(row, bag) if own.row == row else own for own in data.recipients]
                elif flags == f.MODRECIP_REMOVE:
                    data.recipients = [own for own in data.recipients if own.row != row]
                else:
                    data.recipients.append(Recipient(data.next_recipient, bag))
                    data.next_recipient += 1
        refresh_tables(self.session.core)

    def open_attachment(self, number: int, flags: int) -> Object:
        found = self.held().attachments.get(number)
        if flags & f.MAPI_MODIFY and not self.writable:
            raise MapiError("MAPI_E_NO_ACCESS")
        if found is None:
            raise MapiError("MAPI_E_NOT_FOUND")
        writable = self.writable and bool(flags & (f.MAPI_MODIFY | f.MAPI_BEST_ACCESS))
        return MemoryAttachment(self, number, found, writable)

    def create_attachment(self) -> tuple[int, Object]:
        with self.session.core.lock:
            data = self.changed()
            number = data.next_attachment
            data.next_attachment += 1
        return number, MemoryAttachment(self, number, blank(), True)

    def delete_attachment(self, number: int) -> None:
        with self.session.core.lock:
            if self.changed().attachments.pop(number, None) is None:
                raise MapiError("MAPI_E_NOT_FOUND")
        refresh_tables(self.session.core)

    # -------------------------------------------------------------- the rest

    def submit(self, call: Call) -> None:
        submit.submit(self)

    def set_read_flag(self, read: bool) -> None:
        held, core = self.held(), self.session.core
        if self.number is not None:
            announce(core, read_flag(core.messages.get(self.number), self.number, read))
        # Also in the object that is open, however it was opened: the flag is no part of what is saved.
        bits = held.bag.bits(t.PR_MESSAGE_FLAGS)
        held.bag.set(t.PR_MESSAGE_FLAGS, bits | f.MSGFLAG_READ if read else bits & ~f.MSGFLAG_READ)


def read_flag(stored: Stored | None, number: int, read: bool) -> Event | None:
    """Sets or clears the read flag of a message in the store. Its version stays: two clients cannot disagree on it."""
    if stored is None:
        return None
    bag = stored.changed()
    bits = bag.bits(t.PR_MESSAGE_FLAGS)
    bag.set(t.PR_MESSAGE_FLAGS, bits | f.MSGFLAG_READ if read else bits & ~f.MSGFLAG_READ)
    return Event(f.fnevObjectModified, (f.MAPI_MESSAGE, number), stored.folder)


def _recipient(row: list[Json]) -> tuple[int | None, Bag]:
    """A recipient, and the row that it names."""
    bag = Bag()
    for one in row:
        tag = tag_of(one["tag"])
        kind = tag & 0xFFFF
        if kind == t.PT_NULL or "fault" in one:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        if kind in t.TYPES and kind not in (t.PT_ERROR, t.PT_OBJECT):
            bag.set(tag, one.get("value"))
    bag.remove(t.PR_INSTANCE_KEY)
    number = bag.remove(t.PR_ROWID)
    return number, bag
