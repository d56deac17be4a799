"""Attachments: what is changed in one goes into the message when the attachment is saved (page: iattachimapiprop)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from mapishim import flags as f
from mapishim import tags as t
from mapishim.filetime import now
from mapishim.props import Bag, Names, View
from mapishim.stores import Attachment
from mapishim.wire import MapiError, Object, Remote, encode

from . import copying
from .data import AttachData, MessageData
from .notify import refresh_tables

if TYPE_CHECKING:
    from .message import MemoryMessage

T = TypeVar("T")
_COMPUTED = {tag >> 16 for tag in (t.PR_ATTACH_NUM, t.PR_ATTACH_SIZE, t.PR_OBJECT_TYPE, t.PR_RECORD_KEY, t.PR_ACCESS_LEVEL)}


def blank() -> AttachData:
    """What a new attachment holds."""
    bag = Bag()
    bag.set(t.PR_ATTACH_METHOD, f.NO_ATTACHMENT)
    bag.set(t.PR_CREATION_TIME, now())
    bag.set(t.PR_LAST_MODIFICATION_TIME, now())
    return AttachData(bag)


class MemoryAttachment(Attachment):
    """An attachment that somebody has open."""

    def __init__(self, message: MemoryMessage, number: int, data: AttachData, writable: bool) -> None:
        super().__init__()
        self.session = message.session
        self._message = message
        self._number = number
        self._bag = data.bag.copy()
        self._embedded = data.embedded
        self._writable = writable

    def embed(self, message: MessageData) -> None:
        """Takes over the message that is in it."""
        self._check_write()
        self._embedded = message

    def view(self) -> View:
        self._message.held()
        computed = Bag()
        computed.set(t.PR_ATTACH_NUM, self._number)
        computed.set(t.PR_ATTACH_SIZE, AttachData(self._bag, self._embedded).size())
        computed.set(t.PR_OBJECT_TYPE, f.MAPI_ATTACH)
        computed.set(t.PR_RECORD_KEY, encode(self._number.to_bytes(4, "big")))
        computed.set(t.PR_ACCESS_LEVEL, f.MAPI_MODIFY if self._writable else 0)
        return View(computed, self._bag)

    def change(self, work: Callable[[Bag], T]) -> T:
        self._check_write()
        return work(self._bag)

    def is_computed(self, tag: int) -> bool:
        return tag >> 16 in _COMPUTED

    def names(self) -> Names:
        self.session.check()
        return self.session.core.names

    def object_props(self) -> tuple[int, ...]:
        # Listed where there is one: an attachment of bytes has the same identifier as such.
        return (t.PR_ATTACH_DATA_OBJ,) if self._embedded else ()

    def open_object(self, tag: int, interface: str, flags: int) -> Object | None:
        if tag != t.PR_ATTACH_DATA_OBJ:
            return None
        if interface != "IID_IMessage":
            raise MapiError("MAPI_E_INTERFACE_NOT_SUPPORTED")
        from .message import MemoryMessage

        modify = bool(flags & (f.MAPI_MODIFY | f.MAPI_CREATE))
        if modify:
            self._check_write()
        if flags & f.MAPI_CREATE:
            self._bag.set(t.PR_ATTACH_METHOD, f.ATTACH_EMBEDDED_MSG)
            return MemoryMessage.within(self, None, modify)
        if self._embedded is None:
            raise MapiError("MAPI_E_NOT_FOUND")
        return MemoryMessage.within(self, self._embedded, modify)

    def save(self, flags: int) -> None:
        self._check_write()
        self._bag.set(t.PR_LAST_MODIFICATION_TIME, now())
        with self.session.core.lock:
            self._message.changed().attachments[self._number] = AttachData(self._bag.copy(), self._embedded)
        refresh_tables(self.session.core)

    def copy_parts(self, parts: list[int], to: Remote) -> None:
        if to.interface == "IAttach" and self._embedded and t.PR_ATTACH_DATA_OBJ in parts:
            copying.copy_embedded(self._embedded, to)

    def _check_write(self) -> None:
        self._message.held()
        if not self._writable:
            raise MapiError("MAPI_E_NO_ACCESS")
