"""Submitted messages: locks, aborts, what becomes of them in the end (pages: imsgstore-setlockstate, imsgstore-abortsubmit,
imsgstore-finishedmsg)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from defects import DEFECT
from mapishim import flags as f
from mapishim import tags as t
from mapishim.props import values
from mapishim.wire import MapiError, Own, Remote, decode

from . import folder_ops, ids
from .notify import Event, announce, refresh_tables

if TYPE_CHECKING:
    from .data import Core, Stored
    from .session import StoreSession


def set_lock_state(session: StoreSession, message: Remote, state: int) -> None:
    """Locks or unlocks; what was changed in the open message is saved first."""
    session.check()
    if not session.is_spooler:
        raise MapiError("MAPI_E_NO_SUPPORT")
    if state not in (f.MSG_LOCKED, f.MSG_UNLOCKED):
        raise MapiError("MAPI_E_INVALID_PARAMETER")
    # Through its interface: the spooler may pass an object of its own around ours.
    got = message.call("IMAPIProp.GetProps", lpPropTagArray=[f"0x{t.PR_ENTRYID:08X}"], ulFlags=0)
    entry = values(got.get("lppPropArray")).get(t.PR_ENTRYID >> 16, "")
    number = session.number(decode(entry), f.MAPI_MESSAGE)
    locked = state == f.MSG_LOCKED
    if session.core.queued(number) is None:
        if locked:
            raise MapiError("MAPI_E_NOT_IN_QUEUE")
        return
    if locked:
        message.call("IMAPIProp.SaveChanges", ulFlags=f.KEEP_OPEN_READWRITE)
    with session.core.lock:
        queued = session.core.queued(number)
        if queued:
            session.core.enqueue(queued._replace(locked=locked))
    refresh_tables(session.core)


def abort_submit(session: StoreSession, entry: bytes) -> None:
    """The message is a draft again."""
    session.check()
    core, number = session.core, session.number(entry, f.MAPI_MESSAGE)
    with core.lock:
        queued = core.queued(number)
        if queued is None or not queued.listed:
            raise MapiError("MAPI_E_NOT_IN_QUEUE")
        if queued.locked and DEFECT != "python-abort-while-locked":
            raise MapiError("MAPI_E_UNABLE_TO_ABORT")
        core.queue.remove(queued)
        event = _change_flags(core, number, f.MSGFLAG_SUBMIT, f.MSGFLAG_UNSENT)
    announce(core, event)


def finished(session: StoreSession, entry: bytes) -> None:
    """The message goes where it is to go, then MAPI does what it has to do with sent mail."""
    from .message import MemoryMessage

    session.check()
    if not session.is_spooler:
        raise MapiError("MAPI_E_NO_SUPPORT")
    number = session.number(entry, f.MAPI_MESSAGE)
    done = _complete(session.core, number)
    if done is None:
        raise MapiError("MAPI_E_NOT_IN_QUEUE")
    stored, event = done
    announce(session.core, event)
    message: Own = session.connection.own(MemoryMessage.open(session, number, stored, True))
    # The page has DoSentMail release the message, and wants its reference count to be 1. The message is done with,
    # whatever hooks have to say.
    with contextlib.suppress(MapiError), session.support() as support:
        support.call("IMAPISupport.DoSentMail", ulFlags=0, lpMessage=message.reference)
    if message.target.references > 0:
        message.release()


def complete_own(session: StoreSession, number: int) -> None:
    """A message that the pair has sent itself is done with."""
    done = _complete(session.core, number)
    if done:
        announce(session.core, done[1])


def _complete(core: Core, number: int) -> tuple[Stored, Event | None] | None:
    """Takes a message out of the queue and leaves it (no PR_SENTMAIL_ENTRYID), moves it there, or deletes it
    (PR_DELETE_AFTER_SUBMIT); what it was before it went."""
    with core.lock:
        queued = core.queued(number)
        if queued is None:
            return None
        core.queue.remove(queued)
        event = _change_flags(core, number, f.MSGFLAG_SUBMIT | f.MSGFLAG_UNSENT, f.MSGFLAG_READ)
        stored = core.messages.get(number)
        if stored is None:
            return None
        kept = type(stored)(**vars(stored))
        bag = stored.data.bag
        sent = ids.parse(decode(bag.get(t.PR_SENTMAIL_ENTRYID, "")))
        if bag.get(t.PR_DELETE_AFTER_SUBMIT):
            event = folder_ops.delete_message(core, number)
        elif sent and sent.key == core.key and sent.kind == f.MAPI_FOLDER and sent.number in core.folders:
            event = folder_ops.move_message(core, number, sent.number)
        return kept, event


def _change_flags(core: Core, number: int, clear: int, put: int) -> Event | None:
    stored = core.messages.get(number)
    if stored is None:
        return None
    bag = stored.changed()
    bag.set(t.PR_MESSAGE_FLAGS, bag.bits(t.PR_MESSAGE_FLAGS) & ~clear | put)
    stored.version += 1
    return Event(f.fnevObjectModified, (f.MAPI_MESSAGE, number), stored.folder)
