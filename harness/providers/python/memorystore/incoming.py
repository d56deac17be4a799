"""Mail that the coupled transport delivers into the store itself (pages: imapisupport-spoolernotify,
receiving-messages-by-using-message-store-providers)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mapishim import flags as f
from mapishim import tags as t
from mapishim.wire import MapiError, Remote, encode

from .message import MemoryMessage
from .notify import announce_mail

if TYPE_CHECKING:
    from .session import StoreSession


def receive(session: StoreSession, fill: Callable[[Remote], None], remove: Callable[[], None]) -> None:
    """Makes a message in the receive folder, has it filled, and saves it. Once it is saved the original is removed; then
    the spooler is told, which tells the clients. Where filling fails nothing is in the store, and nothing is removed."""
    core = session.core
    # The end of the session waits for this: what is in the store is announced.
    with session.support() as support:
        with core.lock:
            folder = core.receive_folder("IPM.Note")[0]
        message = MemoryMessage.create(session, folder, False)
        # It was sent, if not by this user.
        message.change(lambda bag: bag.set(t.PR_MESSAGE_FLAGS, 0))
        with session.connection.own(message) as own:
            fill(own)
            view = message.view()
            message.save(0)
        remove()
        assert message.number is not None
        mail = {
            "entry": encode(core.message_id(message.number)),
            "parent": encode(core.folder_id(folder)),
            "flags": 0,
            "class": view.get(t.PR_MESSAGE_CLASS_W, "IPM.Note"),
            "message-flags": view.get(t.PR_MESSAGE_FLAGS, 0),
        }
        try:
            support.call("IMAPISupport.SpoolerNotify", ulFlags=f.NOTIFY_NEWMAIL_RECEIVED, lpvData={"new-mail": mail})
        except MapiError:
            # Then the spooler will not tell the clients.
            announce_mail(core, {"event": f.fnevNewMail, **mail})
