"""Folders: what is set in one is set, there are no transactions (page: imapifolderimapicontainer)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from mapishim import flags as f
from mapishim import tags as t
from mapishim.filetime import now
from mapishim.props import Bag, Names, View, values
from mapishim.stores import Folder
from mapishim.wire import Json, MapiError, Object, Remote, decode

from . import folder_ops as ops
from . import ids
from .computed import FOLDER, folder_props
from .data import ROOT, FolderData
from .message import MemoryMessage, read_flag
from .notify import Event, announce
from .opening import open_entry
from .sources import Contents, Hierarchy, StoreTable

if TYPE_CHECKING:
    from .session import StoreSession

T = TypeVar("T")


class MemoryFolder(Folder):
    """A folder that somebody has open."""

    def __init__(self, session: StoreSession, number: int) -> None:
        super().__init__()
        self.session = session
        self.number = number

    # -------------------------------------------------------------- properties

    def _data(self) -> FolderData:
        self.session.check()
        found = self.session.core.folders.get(self.number)
        if found is None:
            raise MapiError("MAPI_E_OBJECT_DELETED")
        return found

    def view(self) -> View:
        with self.session.core.lock:
            data = self._data()
            return View(folder_props(self.session, self.number, data), data.bag)

    def change(self, work: Callable[[Bag], T]) -> T:
        core = self.session.core
        with core.lock:
            data = self._data()
            result = work(data.bag)
            data.bag.set(t.PR_LAST_MODIFICATION_TIME, now())
        announce(core, Event(f.fnevObjectModified, (f.MAPI_FOLDER, self.number), data.parent or ROOT))
        return result

    def is_computed(self, tag: int) -> bool:
        return tag >> 16 in FOLDER

    def names(self) -> Names:
        self.session.check()
        return self.session.core.names

    def object_props(self) -> tuple[int, ...]:
        return t.PR_CONTAINER_HIERARCHY, t.PR_CONTAINER_CONTENTS, t.PR_FOLDER_ASSOCIATED_CONTENTS

    def open_object(self, tag: int, interface: str, flags: int) -> Object | None:
        if tag not in self.object_props():
            return None
        if interface != "IID_IMAPITable":
            raise MapiError("MAPI_E_INTERFACE_NOT_SUPPORTED")
        if tag == t.PR_CONTAINER_HIERARCHY:
            return self.hierarchy(False)
        return self.contents(tag == t.PR_FOLDER_ASSOCIATED_CONTENTS)

    def save(self, flags: int) -> None:
        self.session.check()

    # -------------------------------------------------------------- what is in it

    def open_entry(self, entry: bytes, flags: int) -> tuple[int, Object]:
        return open_entry(self.session, entry, self.number, flags)

    def contents(self, associated: bool) -> Object:
        return StoreTable(self.session, Contents(self.session, self.number, associated))

    def hierarchy(self, deep: bool) -> Object:
        return StoreTable(self.session, Hierarchy(self.session, self.number, deep))

    def create_message(self, associated: bool) -> Object:
        self._data()
        return MemoryMessage.create(self.session, self.number, associated)

    def copy_messages(self, messages: list[bytes], to: Remote, move: bool) -> str:
        numbers, own = self._numbers(messages), self._own(to)
        if own is None:
            return ops.copy_out(self.session, numbers, to, move)
        return ops.copy_messages(self.session, numbers, own, move)

    def delete_messages(self, messages: list[bytes]) -> str:
        return ops.delete_messages(self.session, self._numbers(messages))

    def create_folder(self, name: str, comment: str, reuse: bool) -> Object:
        return MemoryFolder(self.session, ops.create_folder(self.session, self.number, name, comment, reuse))

    def copy_folder(self, entry: bytes, to: Remote, name: str | None, flags: int) -> str:
        number, own = self.session.number(entry, f.MAPI_FOLDER), self._own(to)
        if own is None:
            raise MapiError("MAPI_E_NO_SUPPORT")
        return ops.copy_folder(self.session, number, own, name, flags)

    def delete_folder(self, entry: bytes, messages: bool, folders: bool) -> str:
        return ops.delete_folder(self.session, self.session.number(entry, f.MAPI_FOLDER), messages, folders)

    def set_read_flags(self, messages: list[bytes] | None, read: bool) -> None:
        core = self.session.core
        if messages is None:
            self.session.check()
            numbers = [number for number, _ in core.contents(self.number, False)]
        else:
            numbers = self._numbers(messages)
        with core.lock:
            events = [read_flag(core.messages.get(number), number, read) for number in numbers]
        announce(core, *events)

    def message_status(self, entry: bytes, status: int, mask: int) -> int:
        return ops.set_status(self.session, self.session.number(entry, f.MAPI_MESSAGE), status, mask)

    def save_contents_sort(self, order: Json) -> None:
        """The order of a contents table is each client's own."""
        self.session.check()
        raise MapiError("MAPI_E_NO_SUPPORT")

    def empty(self, associated: bool) -> str:
        return ops.empty_folder(self.session, self.number, associated)

    def _numbers(self, entries: list[bytes]) -> list[int]:
        found = [ids.parse(entry) for entry in entries]
        if any(one is None or one.key != self.session.core.key or one.kind != f.MAPI_MESSAGE for one in found):
            raise MapiError("MAPI_E_INVALID_ENTRYID")
        return [one.number for one in found if one]

    def _own(self, folder: Remote) -> int | None:
        """The number of a folder of this store; nothing for somebody else's."""
        got = folder.call("IMAPIProp.GetProps", lpPropTagArray=[f"0x{t.PR_ENTRYID:08X}"], ulFlags=0)
        named = ids.parse(decode(values(got.get("lppPropArray")).get(t.PR_ENTRYID >> 16, "")))
        own = named is not None and named.key == self.session.core.key and named.kind == f.MAPI_FOLDER
        return named.number if named and own else None
