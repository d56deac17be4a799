"""The provider object (pages: imsprovider-logon, imsprovider-spoolerlogon, loading-message-store-providers)."""

from __future__ import annotations

import threading

from mapishim.stores import LoggedOn, Request, StoreProvider
from mapishim.wire import Call, MapiError

from . import ids
from .session import Settings, StoreSession
from .store import MemoryLogon, MemoryStore

#: What stands before the store's key in the security data: whose data it is.
_SECURITY = b"PYS1"


class MemoryProvider(StoreProvider):
    """Serves any number of logons."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[MemoryStore] = []
        self._lock = threading.Lock()

    def log_on(self, call: Call, request: Request) -> LoggedOn:
        # A store that is open is known by its identifier alone: the profile is not to be looked into again.
        asked = ids.parse(request.entry)
        known = self._already_open(asked.key) if asked else None
        if known:
            return LoggedOn(known, None)
        settings = Settings.read(request.support)
        key = ids.key_of(settings.name)
        if request.entry and (asked is None or asked.key != key):
            raise MapiError("MAPI_E_LOGON_FAILED")
        known = self._already_open(key)
        if known:
            return LoggedOn(known, None)
        session = self._session(call, request, settings, False)
        store = MemoryStore(session)
        with self._lock:
            self._open = [one for one in self._open if not one.session.closed]
            self._open.append(store)
        return LoggedOn(store, MemoryLogon(session), _SECURITY + key)

    def log_on_spooler(self, call: Call, request: Request) -> LoggedOn:
        settings = Settings.read(request.support)
        key, asked = ids.key_of(settings.name), ids.parse(request.entry)
        meant = not request.entry or (asked is not None and asked.key == key)
        if request.security != _SECURITY + key or not meant:
            raise MapiError("MAPI_E_LOGON_FAILED")
        session = self._session(call, request, settings, True)
        return LoggedOn(MemoryStore(session), MemoryLogon(session))

    def same(self, one: bytes, other: bytes) -> bool:
        return ids.same(one, other)

    def _already_open(self, key: bytes) -> MemoryStore | None:
        with self._lock:
            is_it = (one for one in self._open if one.session.core.key == key)
            return next((one for one in is_it if one.references > 0 and not one.session.closed), None)

    @staticmethod
    def _session(call: Call, request: Request, settings: Settings, spooler: bool) -> StoreSession:
        request.support.add_ref()
        try:
            return StoreSession(call.connection, request.support, settings, spooler, request.flags)
        except MapiError:
            request.support.release()
            raise

