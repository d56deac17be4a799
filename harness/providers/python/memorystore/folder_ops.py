"""What folders do with messages and with each other: make, copy, move, delete.

A submitted message is the spooler's: it is neither moved nor deleted, and the call ends with partial completion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mapishim import flags as f
from mapishim import tags as t
from mapishim.wire import MapiError, Remote

from . import copying
from .data import FINDER, ROOT, Core, FolderData, Stored
from .notify import Event, announce, refresh_tables

if TYPE_CHECKING:
    from .session import StoreSession

PARTIAL = "MAPI_W_PARTIAL_COMPLETION"


def partial(whole: bool) -> str:
    """The answer, where some of what was asked for may not have been done."""
    return "S_OK" if whole else PARTIAL


def move_message(core: Core, number: int, folder: int) -> Event | None:
    """Moves a message that nobody is sending; its identifier stays."""
    stored = core.messages.get(number)
    if stored is None or core.queued(number) or folder not in core.folders:
        return None
    place, before = (f.MAPI_MESSAGE, number), stored.folder
    stored.folder = folder
    return Event(f.fnevObjectMoved, place, folder, (place, before))


def delete_message(core: Core, number: int) -> Event | None:
    """Deletes a message that nobody is sending."""
    if core.queued(number) or number not in core.messages:
        return None
    stored = core.messages.pop(number)
    return Event(f.fnevObjectDeleted, (f.MAPI_MESSAGE, number), stored.folder)


def _copy_message(core: Core, number: int, folder: int) -> Event | None:
    stored = core.messages.get(number)
    if stored is None or core.queued(number):
        return None
    new = core.new_number()
    copy = Stored(folder, stored.associated, stored.data, stored.version, stored.status)
    copy.changed().set(t.PR_SEARCH_KEY, core.search_key(new))
    core.messages[new] = copy
    return Event(f.fnevObjectCopied, (f.MAPI_MESSAGE, new), folder, ((f.MAPI_MESSAGE, number), stored.folder))


def copy_messages(session: StoreSession, messages: list[int], folder: int, move: bool) -> str:
    """Copies or moves messages within the store."""
    session.check()
    core = session.core
    with core.lock:
        if folder not in core.folders:
            raise MapiError("MAPI_E_NOT_FOUND")
        done = [(move_message if move else _copy_message)(core, number, folder) for number in messages]
    announce(core, *done)
    return partial(all(done))


def copy_out(session: StoreSession, messages: list[int], folder: Remote, move: bool) -> str:
    """Copies or moves messages into a folder of another provider's, through its interfaces."""
    copied = []
    for number in messages:
        stored = session.core.messages.get(number)
        if stored is None:
            continue
        with folder.opened("IMAPIFolder.CreateMessage", "lppMessage", ulFlags=0) as made:
            copying.copy_message(stored.data, made)
            made.call("IMAPIProp.SaveChanges", ulFlags=0)
        copied.append(number)
    deleted = delete_messages(session, copied) if move else "S_OK"
    return deleted if deleted != "S_OK" else partial(len(copied) == len(messages))


def delete_messages(session: StoreSession, messages: list[int]) -> str:
    """Deletes messages."""
    session.check()
    with session.core.lock:
        done = [delete_message(session.core, number) for number in messages]
    announce(session.core, *done)
    return partial(all(done))


def empty_folder(session: StoreSession, folder: int, associated: bool) -> str:
    """Deletes all messages of a folder and all folders below it."""
    session.check()
    core = session.core
    with core.lock:
        held = core.contents(folder, False) + (core.contents(folder, True) if associated else [])
        children = core.children(folder)
    code = delete_messages(session, [number for number, _ in held])
    for child in children:
        try:
            code = PARTIAL if delete_folder(session, child, True, True) != "S_OK" else code
        except MapiError:
            code = PARTIAL
    return code


def _child_named(core: Core, parent: int, name: str) -> int | None:
    named = (child for child in core.children(parent) if _name(core, child).lower() == name.lower())
    return next(named, None)


def _name(core: Core, folder: int) -> str:
    return str(core.folders[folder].bag.get(t.PR_DISPLAY_NAME_W, ""))


def create_folder(session: StoreSession, parent: int, name: str, comment: str, reuse: bool) -> int:
    """Makes a folder; answers one that has the name already where it may be reused."""
    session.check()
    core = session.core
    with core.lock:
        if parent not in core.folders:
            raise MapiError("MAPI_E_OBJECT_DELETED")
        known = _child_named(core, parent, name)
        if known is not None:
            if reuse:
                return known
            raise MapiError("MAPI_E_COLLISION")
        number = core.new_number()
        core.folders[number] = core.new_folder(number, parent, f.FOLDER_GENERIC, name, comment)
    announce(core, Event(f.fnevObjectCreated, (f.MAPI_FOLDER, number), parent))
    return number


def copy_folder(session: StoreSession, number: int, target: int, name: str | None, flags: int) -> str:
    """Copies or moves a folder."""
    session.check()
    core, move = session.core, bool(flags & f.FOLDER_MOVE)
    deep = bool(flags & (f.COPY_SUBFOLDERS | f.FOLDER_MOVE))
    with core.lock:
        if number not in core.folders or target not in core.folders:
            raise MapiError("MAPI_E_NOT_FOUND")
        parent = core.folders[number].parent or ROOT
        if deep and target in core.subtree(number):
            raise MapiError("MAPI_E_FOLDER_CYCLE")
        if move and number <= FINDER:
            raise MapiError("MAPI_E_NO_ACCESS")
        name = name or _name(core, number)
        known = _child_named(core, target, name)
        if known is not None and not (move and known == number):
            raise MapiError("MAPI_E_COLLISION")
        new = number if move else _copy_tree(core, number, target, deep)
        core.folders[new].parent = target
        core.folders[new].bag.set(t.PR_DISPLAY_NAME_W, name)
    kind = f.fnevObjectMoved if move else f.fnevObjectCopied
    announce(core, Event(kind, (f.MAPI_FOLDER, new), target, ((f.MAPI_FOLDER, number), parent)))
    return "S_OK"


def _copy_tree(core: Core, number: int, target: int, deep: bool) -> int:
    new, known = core.new_number(), core.folders[number]
    held, children = core.contents(number, False) + core.contents(number, True), core.children(number)
    core.folders[new] = FolderData(target, known.kind, known.bag.copy())
    core.folders[new].bag.set(t.PR_SEARCH_KEY, core.search_key(new))
    for message, _ in held:
        _copy_message(core, message, new)
    for child in children if deep else []:
        _copy_tree(core, child, new, True)
    return new


def delete_folder(session: StoreSession, number: int, messages: bool, folders: bool) -> str:
    """Deletes a folder, with what it holds where that is allowed."""
    session.check()
    core = session.core
    with core.lock:
        if number not in core.folders:
            raise MapiError("MAPI_E_NOT_FOUND")
        parent, gone = core.folders[number].parent or ROOT, core.subtree(number)
        if number <= FINDER:
            raise MapiError("MAPI_E_NO_ACCESS")
        if len(gone) > 1 and not folders:
            raise MapiError("MAPI_E_HAS_FOLDERS")
        held = [message for message, stored in core.messages.items() if stored.folder in gone]
        if held and not messages:
            raise MapiError("MAPI_E_HAS_MESSAGES")
        if any(core.queued(message) for message in held):
            return PARTIAL
        for message in held:
            del core.messages[message]
        for folder in gone:
            del core.folders[folder]
        core.receive = {own: folder for own, folder in core.receive.items() if folder not in gone}
    announce(core, Event(f.fnevObjectDeleted, (f.MAPI_FOLDER, number), parent))
    return "S_OK"


def set_status(session: StoreSession, number: int, status: int, mask: int) -> int:
    """Changes the bits of a mask in a message's status; what it was."""
    session.check()
    with session.core.lock:
        stored = session.core.messages.get(number)
        if stored is None:
            raise MapiError("MAPI_E_NOT_FOUND")
        before = stored.status
        stored.status = before & ~mask | status & mask
    if mask:
        refresh_tables(session.core)
    return before
