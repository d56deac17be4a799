"""What a logon returns: the store and the logon object, and the store's status object (pages: imsgstoreimapiprop,
imslogoniunknown)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from mapishim import flags as f
from mapishim import tags as t
from mapishim.props import Bag, Names, View
from mapishim.stores import MessageStore, Status, StoreLogon
from mapishim.wire import Call, Json, MapiError, Object, Remote

from . import ids, queue
from .computed import DISPLAY_NAME, STORE, store_props
from .data import INBOX, ROOT
from .notify import Event, announce, announce_mail, refresh_tables
from .opening import open_entry
from .sources import Queue, ReceiveFolders, StoreTable

if TYPE_CHECKING:
    from .session import StoreSession

T = TypeVar("T")


class MemoryStore(MessageStore):
    """The store of one logon."""

    def __init__(self, session: StoreSession) -> None:
        super().__init__()
        self.session = session

    def closed(self) -> None:
        self.session.released("store")

    # -------------------------------------------------------------- properties

    def view(self) -> View:
        self.session.check()
        with self.session.core.lock:
            stored = self.session.core.bag.copy()
        if t.PR_DISPLAY_NAME_W not in stored:
            stored.set(t.PR_DISPLAY_NAME_W, DISPLAY_NAME)
        return View(store_props(self.session), stored)

    def change(self, work: Callable[[Bag], T]) -> T:
        self.session.check()
        core = self.session.core
        with core.lock:
            result = work(core.bag)
        announce(core, Event(f.fnevObjectModified, (f.MAPI_STORE, 0), ROOT))
        return result

    def is_computed(self, tag: int) -> bool:
        return tag >> 16 in STORE

    def names(self) -> Names:
        self.session.check()
        return self.session.core.names

    def object_props(self) -> tuple[int, ...]:
        return (t.PR_RECEIVE_FOLDER_SETTINGS,)

    def open_object(self, tag: int, interface: str, flags: int) -> Object | None:
        if tag != t.PR_RECEIVE_FOLDER_SETTINGS:
            return None
        if interface != "IID_IMAPITable":
            raise MapiError("MAPI_E_INTERFACE_NOT_SUPPORTED")
        return self.receive_folders()

    def save(self, flags: int) -> None:
        self.session.check()

    # -------------------------------------------------------------- objects, identifiers, registrations

    def open_entry(self, entry: bytes, flags: int) -> tuple[int, Object]:
        return open_entry(self.session, entry, ROOT, flags)

    def same_entry(self, one: bytes, other: bytes) -> bool:
        self.session.check()
        return ids.same(one, other)

    def advise(self, entry: bytes, mask: int, sink: Remote) -> int:
        return self.session.advise(entry, mask, sink)

    def unadvise(self, connection: int) -> None:
        self.session.unadvise(connection)

    # -------------------------------------------------------------- receive folders

    def set_receive_folder(self, message_class: str, folder: bytes) -> None:
        self.session.check()
        core = self.session.core
        number = self.session.number(folder, f.MAPI_FOLDER) if folder else None
        with core.lock:
            if number is not None and number not in core.folders:
                raise MapiError("MAPI_E_NOT_FOUND")
            if number is None and not message_class:
                number = INBOX
            core.receive = {own: one for own, one in core.receive.items() if own.upper() != message_class.upper()}
            if number is not None:
                core.receive[message_class] = number
        refresh_tables(core)

    def receive_folder(self, message_class: str) -> tuple[bytes, str]:
        self.session.check()
        with self.session.core.lock:
            folder, explicit = self.session.core.receive_folder(message_class)
        return self.session.core.folder_id(folder), explicit

    def receive_folders(self) -> Object:
        return StoreTable(self.session, ReceiveFolders(self.session))

    # -------------------------------------------------------------- the queue, the spooler, the end

    def outgoing_queue(self) -> Object:
        if not self.session.is_spooler:
            raise MapiError("MAPI_E_NO_SUPPORT")
        return StoreTable(self.session, Queue(self.session))

    def abort_submit(self, entry: bytes) -> None:
        queue.abort_submit(self.session, entry)

    def set_lock_state(self, message: Remote, state: int) -> None:
        queue.set_lock_state(self.session, message, state)

    def finished(self, call: Call, entry: bytes) -> None:
        queue.finished(self.session, entry)

    def notify_new_mail(self, notification: Json) -> None:
        self.session.check()
        announce_mail(self.session.core, notification)

    def store_logoff(self, flags: int) -> int:
        self.session.check()
        self.session.ask_logoff(flags)
        with self.session.core.lock:
            waiting = self.session.core.queue[:]
        locked = f.LOGOFF_OUTBOUND if any(one.locked for one in waiting) else 0
        return locked | (f.LOGOFF_OUTBOUND_QUEUE if any(one.listed for one in waiting) else 0)


class MemoryLogon(StoreLogon):
    """What a logon returns beside the store."""

    def __init__(self, session: StoreSession) -> None:
        super().__init__()
        self.session = session

    def closed(self) -> None:
        self.session.released("logon")

    def log_off(self) -> None:
        self.session.end()

    def open_entry(self, entry: bytes, flags: int) -> tuple[int, Object]:
        return open_entry(self.session, entry, ROOT, flags)

    def same_entry(self, one: bytes, other: bytes) -> bool:
        return ids.same(one, other)

    def advise(self, entry: bytes, mask: int, sink: Remote) -> int:
        return self.session.advise(entry, mask, sink)

    def unadvise(self, connection: int) -> None:
        self.session.unadvise(connection)

    def status(self) -> Object:
        self.session.check()
        return MemoryStatus(self.session)


class MemoryStatus(Status):
    """The store's status object, read-only."""

    def __init__(self, session: StoreSession) -> None:
        super().__init__()
        self.session = session

    def view(self) -> View:
        self.session.check()
        bag = Bag()
        for tag, value in (
            (t.PR_DISPLAY_NAME_W, DISPLAY_NAME), (t.PR_PROVIDER_DISPLAY_W, DISPLAY_NAME), (t.PR_STATUS_STRING_W, "Ready"),
            (t.PR_STATUS_CODE, f.STATUS_AVAILABLE), (t.PR_RESOURCE_METHODS, f.STATUS_VALIDATE_STATE),
            (t.PR_RESOURCE_TYPE, f.MAPI_STORE_PROVIDER), (t.PR_OBJECT_TYPE, f.MAPI_STATUS),
        ):
            bag.set(tag, value)
        return View(bag, Bag())

    def validate_state(self, flags: int) -> None:
        self.session.check()
