"""Telling clients what has happened (pages: imsgstore-advise, imapisupport-notify, imapisupport-subscribe).

Nothing here is called with a lock held: whoever is told may ask the store at once.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, NamedTuple

from mapishim import flags as f
from mapishim.tables import new_connection
from mapishim.wire import Json, MapiError, Remote, decode, encode

from . import ids

if TYPE_CHECKING:
    from .data import Core
    from .session import StoreSession

#: A kind (MAPI_FOLDER, MAPI_MESSAGE, MAPI_STORE) and a number.
Place = tuple[int, int]


class Event(NamedTuple):
    """Something has happened to the store, to a folder or to a message."""

    #: fnevObject*
    event: int
    place: Place
    #: The folder that it is in.
    parent: int
    #: What it was before a move or copy, and where.
    old: tuple[Place, int] | None = None


class Subscription(NamedTuple):
    """A registration made with Advise. MAPI calls the sink, by a key that only this registration has."""

    connection: int
    mask: int
    #: Nothing: the whole store.
    source: Place | None
    key: str

    @staticmethod
    def begin(session: StoreSession, source: Place | None, mask: int, sink: Remote) -> Subscription:
        """Registers a sink."""
        key = encode(struct.pack("<II", os.getpid(), new_connection()))
        with session.support() as support:
            made = support.call(
                "IMAPISupport.Subscribe", lpKey=key, ulEventMask=mask, ulFlags=0, lpAdviseSink=sink.reference
            )
        return Subscription(made["lpulConnection"], mask, source, key)

    def end(self, session: StoreSession) -> None:
        """Ends the registration."""
        with session.support() as support:
            support.call("IMAPISupport.Unsubscribe", ulConnection=self.connection)

    def wants(self, event: int, place: Place | None) -> bool:
        """Whether the sink is to be told."""
        return bool(self.mask & event) and self.source in (None, place)

    def tell(self, session: StoreSession, event: Json, flags: int) -> None:
        """Has MAPI call the sink. Nobody is left to be told that telling failed."""
        try:
            with session.support() as support:
                support.call("IMAPISupport.Notify", lpKey=self.key, lpNotifications=[event], lpulFlags=flags)
        except MapiError:
            pass


def announce(core: Core, *events: Event | None) -> None:
    """Tells everybody who has the store open what has happened to it."""
    for session in core.sessions[:]:
        for event in events:
            if event is None:
                continue
            interested = [one for one in session.subscriptions[:] if one.wants(event.event, event.place)]
            for subscription in interested:
                subscription.tell(session, _told(core, event), 0)
    refresh_tables(core)


def refresh_tables(core: Core) -> None:
    """Has the tables that are watched tell what has changed in them."""
    for table in core.tables():
        table.refresh()


def announce_mail(core: Core, notification: Json) -> None:
    """Tells everybody who waits for mail. The notification stays as it is."""
    parent = ids.parse(decode(notification.get("parent") or ""))
    folder = (parent.kind, parent.number) if parent else None
    for session in core.sessions[:]:
        for subscription in session.subscriptions[:]:
            if subscription.wants(f.fnevNewMail, folder):
                subscription.tell(session, notification, notification.get("flags", 0) & f.MAPI_UNICODE)


def _told(core: Core, event: Event) -> Json:
    def entry(place: Place) -> str:
        return encode(ids.make(core.key, *place))

    told = {
        "event": event.event, "type": event.place[0], "entry": entry(event.place), "parent": entry((f.MAPI_FOLDER, event.parent)),
    }
    if event.old:
        told.update({"old": entry(event.old[0]), "old-parent": entry((f.MAPI_FOLDER, event.old[1]))})
    return told
