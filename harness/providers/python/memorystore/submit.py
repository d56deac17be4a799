"""`SubmitMessage`: through the spooler, or directly where the coupled transport can serve the message.

Pages: imessage-submitmessage, sending-messages-by-using-message-store-providers, tightly-coupled-message-store-providers,
imapisupport-completemsg.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import pair
from defects import DEFECT
from mapishim import flags as f
from mapishim import tags as t
from mapishim.transport import Reference
from mapishim.wire import Call, MapiError, Own, encode

from .data import Queued, Recipient
from .notify import Event, announce
from .queue import complete_own

if TYPE_CHECKING:
    from outbound import Outbound

    from .message import MemoryMessage
    from .session import StoreSession


def submit(message: MemoryMessage) -> None:
    """Submits a message. After success nothing but a release of it is allowed; after a failure it is as it was."""
    recipients, session, number = message.held().recipients, message.session, message.number
    if number is None:
        raise MapiError("MAPI_E_NO_SUPPORT")
    queued = session.core.queued(number)
    if queued and queued.preprocess and session.is_spooler:
        # The spooler has preprocessed it.
        if not message.writable:
            raise MapiError("MAPI_E_NO_ACCESS")
        _route(message, queued._replace(preprocess=False, preprocessed=True))
        return
    if queued:
        raise MapiError("MAPI_E_SUBMITTED")
    if not message.writable:
        raise MapiError("MAPI_E_NO_ACCESS")
    if not recipients:
        raise MapiError("MAPI_E_NO_RECIPIENTS")
    message.save(f.KEEP_OPEN_READWRITE)
    draft = message.snapshot()
    try:
        needs = _prepare(message)
        preprocess = bool(needs & f.NEEDS_PREPROCESSING)
        _route(message, Queued(number, preprocess=preprocess, needs_spooler=bool(needs & f.NEEDS_SPOOLER)))
    except MapiError:
        message.restore(draft)
        raise


def _prepare(message: MemoryMessage) -> int:
    """Has MAPI ready the message, and marks it; what else is needed (NEEDS_*)."""
    session, connection = message.session, message.session.connection
    lent = connection.lend(message)
    again = bool(message.held().bag.bits(t.PR_MESSAGE_FLAGS) & f.MSGFLAG_RESEND)
    if again:
        session.ready_to_send()
        with session.support() as support:
            support.call("IMAPISupport.PrepareSubmit", lpMessage=lent, lpulFlags=0)
    with session.core.lock:
        data, time = message.changed(), session.core.submission_time()
        data.bag.set(t.PR_MESSAGE_FLAGS, data.bag.bits(t.PR_MESSAGE_FLAGS) | f.MSGFLAG_SUBMIT)
        if DEFECT != "python-direct-time-missing":
            data.bag.set(t.PR_CLIENT_SUBMIT_TIME, time)
        marked = []
        for recipient in data.recipients:
            bag = recipient.bag.copy()
            # Who got a message that is sent again has been marked by PrepareSubmit, and is not to get it twice.
            bag.set(t.PR_RESPONSIBILITY, again and bool(bag.bits(t.PR_RECIPIENT_TYPE) & f.MAPI_P1))
            marked.append(Recipient(recipient.row, bag))
        data.recipients = marked
    with session.support() as support:
        return int(support.call("IMAPISupport.ExpandRecips", lpMessage=lent)["lpulFlags"])


def _route(message: MemoryMessage, entry: Queued) -> None:
    """Sends the message, or leaves it to the spooler."""
    sent = _Sent.NONE if entry.preprocess else _send_own(message, entry)
    if sent is not _Sent.ALL:
        message.commit(entry)
        _tell(message.session, entry.message)
    elif entry.preprocessed:
        _complete_by_mapi(message, entry)
    else:
        message.commit(entry._replace(listed=False))
        complete_own(message.session, entry.message)


class _Sent(enum.Enum):
    """What the pair has sent."""

    NONE = enum.auto()
    SOME = enum.auto()
    ALL = enum.auto()


def _send_own(message: MemoryMessage, entry: Queued) -> _Sent:
    """Sends the message through the coupled transport to those recipients that are the transport's. Where that fails
    nothing was sent, and the message is as it was."""
    session = message.session
    transport = pair.transport_of(session)
    if transport is None:
        return _Sent.NONE
    before = message.snapshot()
    unserved = [one for one in before.recipients if not one.bag.get(t.PR_RESPONSIBILITY)]
    own = [one for one in unserved if _is_own(one, transport)]
    # Where all are ours and the spooler is needed all the same, another transport is to have them.
    not_ours = not own or (entry.needs_spooler and len(own) == len(unserved))
    special = any(transport.needs_the_spooler(one.bag.get(t.PR_EMAIL_ADDRESS_W, "")) for one in own)
    if not_ours or special or _must_wait(session, entry.message, transport):
        return _Sent.NONE
    reference = Reference(Call(session.connection, None, {}))
    try:
        transport.submit_message(0, Own(session.connection, message), reference)
    except MapiError:
        message.restore(before)
        return _Sent.NONE
    # Of use to the reference alone: what was sent is sent.
    transport.end_message(reference.value)
    return _Sent.ALL if len(own) == len(unserved) else _Sent.SOME


def _is_own(recipient: Recipient, transport: Outbound) -> bool:
    return bool(recipient.bag.get(t.PR_ADDRTYPE_W) == transport.address_type)


def _must_wait(session: StoreSession, number: int, transport: Outbound) -> bool:
    """Whether messages that were submitted before still wait to be sent by the same transport: order is kept."""
    core = session.core
    with core.lock:
        for queued in core.queue:
            if queued.message == number:
                break
            stored = core.messages.get(queued.message)
            if queued.listed and stored:
                waiting = [one for one in stored.data.recipients if not one.bag.get(t.PR_RESPONSIBILITY)]
                if any(_is_own(one, transport) for one in waiting):
                    return True
    return False


def _complete_by_mapi(message: MemoryMessage, entry: Queued) -> None:
    """Leaves the rest to MAPI; does it itself where MAPI does not: the message is sent."""
    session = message.session
    message.commit(entry._replace(listed=False))
    _tell(session, entry.message)
    try:
        with session.support() as support:
            support.call("IMAPISupport.CompleteMsg", ulFlags=0, lpEntryID=encode(session.core.message_id(entry.message)))
    except MapiError:
        complete_own(session, entry.message)


def _tell(session: StoreSession, number: int) -> None:
    stored = session.core.messages.get(number)
    if stored:
        announce(session.core, Event(f.fnevObjectModified, (f.MAPI_MESSAGE, number), stored.folder))
