"""Messages that are copied to anybody's, through the destination's interfaces (pages: imapiprop-copyto, -copyprops)."""

from __future__ import annotations

from mapishim import flags as f
from mapishim import tags as t
from mapishim.props import Bag, out
from mapishim.wire import Json, Remote

from .data import AttachData, MessageData


def copy_message(source: MessageData, to: Remote) -> None:
    """Fills a message with all that a message of this store holds; it is not saved."""
    _set(to, source.bag)
    copy_recipients(source, to)
    copy_attachments(source, to)


def copy_recipients(source: MessageData, to: Remote) -> None:
    """Adds recipients."""
    if source.recipients:
        rows = [_props(recipient.bag) for recipient in source.recipients]
        to.call("IMessage.ModifyRecipients", ulFlags=f.MODRECIP_ADD, lpMods=rows)


def copy_attachments(source: MessageData, to: Remote) -> None:
    """Adds attachments."""
    for attachment in source.attachments.values():
        with to.opened("IMessage.CreateAttach", "lppAttach", ulFlags=0) as made:
            _copy_attachment(attachment, made)


def copy_embedded(source: MessageData, to: Remote) -> None:
    """Makes the message in an attachment."""
    with to.opened(
        "IMAPIProp.OpenProperty", "lppUnk", ulPropTag=f"0x{t.PR_ATTACH_DATA_OBJ:08X}", lpiid="IID_IMessage", ulInterfaceOptions=0,
        ulFlags=f.MAPI_CREATE | f.MAPI_MODIFY,
    ) as message:
        copy_message(source, message)
        message.call("IMAPIProp.SaveChanges", ulFlags=0)


def _copy_attachment(source: AttachData, to: Remote) -> None:
    _set(to, source.bag)
    if source.embedded:
        copy_embedded(source.embedded, to)
    to.call("IMAPIProp.SaveChanges", ulFlags=0)


def _set(to: Remote, bag: Bag) -> None:
    """What single properties the destination does not take is its own affair."""
    to.call("IMAPIProp.SetProps", lpPropArray=_props(bag))


def _props(bag: Bag) -> list[Json]:
    return [out(tag, value) for tag, value in bag]
