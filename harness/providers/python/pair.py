"""Transport and store of one profile: what the profile says of both, and which are logged on at the moment.

Page: tightly-coupled-message-store-providers.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memorystore.session import StoreSession
    from outbound import Outbound
    from session import Session

# Properties of the provider's own profile section.
MAILDROP, OUTBOX, ADDRESS_TYPE, STYLE = 0x6600001E, 0x6601001E, 0x6602001E, 0x6603001E
IDENTITY, STORE, STORE_NAME = 0x6605001E, 0x6606001E, 0x6607001E
#: All of them.
SETTINGS = (MAILDROP, OUTBOX, ADDRESS_TYPE, STYLE, IDENTITY, STORE, STORE_NAME)

_lock = threading.Lock()
_transports: list[Outbound] = []
_stores: list[StoreSession] = []


def is_known(section: dict[int, Any]) -> bool:
    """Whether the section's words about the store have a meaning."""
    return section.get(STORE >> 16, "alone") in ("alone", "coupled")


def is_coupled(section: dict[int, Any]) -> bool:
    """Whether the profile makes store and transport a pair."""
    return section.get(STORE >> 16) == "coupled"


def store_name(section: dict[int, Any]) -> str:
    """What tells the store from others: its name, or where the mail of the transport is."""
    made = f"{section.get(MAILDROP >> 16, '')}|{section.get(IDENTITY >> 16, '')}"
    return str(section.get(STORE_NAME >> 16) or made)


def transport_opened(session: Outbound) -> None:
    """A transport has logged on."""
    with _lock:
        _transports.append(session)
    if store_of(session) is not None:
        session.pair_up()


def transport_closed(session: Session) -> None:
    """A transport's session ends."""
    with _lock:
        if session in _transports:
            _transports.remove(session)


def store_opened(session: StoreSession) -> None:
    """A store was logged on to."""
    if not session.is_coupled:
        return
    with _lock:
        _stores.append(session)
        paired = [one for one in _transports if one.own_store == session.core.store_id()]
    for transport in paired:
        transport.pair_up()


def store_closed(session: StoreSession) -> None:
    """A store's session ends."""
    with _lock:
        if session in _stores:
            _stores.remove(session)


def transport_of(store: StoreSession) -> Outbound | None:
    """The transport by which the store can send now: a client's logon is there, and the transport sends."""
    own = store.core.store_id()
    with _lock:
        if not any(one.core is store.core for one in _stores):
            return None
        paired = [one for one in _transports if one.own_store == own]
    return next((one for one in paired if one.can_send()), None)


def store_of(transport: Session) -> StoreSession | None:
    """The store into which the transport can deliver."""
    with _lock:
        found = [one for one in _stores if one.core.store_id() == transport.own_store]
    return next((one for one in found if not one.closed), None)
