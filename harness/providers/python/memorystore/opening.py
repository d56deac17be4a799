"""`OpenEntry`, of the store, its logon and its folders: one rule for all (page: imsgstore-openentry)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mapishim import flags as f
from mapishim.wire import MapiError, Object

if TYPE_CHECKING:
    from .message import MemoryMessage
    from .session import StoreSession


def open_entry(session: StoreSession, entry: bytes, by_default: int, flags: int) -> tuple[int, Object]:
    """Opens a folder or message; the default folder where there is no identifier."""
    from .folder import MemoryFolder

    session.check()
    kind, number = session.named(entry) if entry else (f.MAPI_FOLDER, by_default)
    if kind == f.MAPI_STORE:
        raise MapiError("MAPI_E_INVALID_ENTRYID")
    if kind == f.MAPI_MESSAGE:
        return kind, _open_message(session, number, flags)
    if number not in session.core.folders:
        raise MapiError("MAPI_E_NOT_FOUND")
    return kind, MemoryFolder(session, number)


def _open_message(session: StoreSession, number: int, flags: int) -> MemoryMessage:
    """Opens a message. The spooler may do what it wants with those that are being sent, nobody else."""
    from .message import MemoryMessage

    core = session.core
    with core.lock:
        stored, queued = core.messages.get(number), core.queued(number)
        if stored is None:
            raise MapiError("MAPI_E_NOT_FOUND")
        writable = bool(flags & (f.MAPI_MODIFY | f.MAPI_BEST_ACCESS))
        if queued and not session.is_spooler:
            if queued.locked:
                raise MapiError("MAPI_E_NO_ACCESS")
            if flags & f.MAPI_MODIFY and not flags & f.MAPI_BEST_ACCESS:
                raise MapiError("MAPI_E_SUBMITTED")
            writable = False
        return MemoryMessage.open(session, number, stored, writable)
