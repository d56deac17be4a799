"""A logon to a store: what the logon object, the store object and all that is opened from them share."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import NamedTuple

import pair
from mapishim import flags as f
from mapishim import tags as t
from mapishim.props import prop, values
from mapishim.wire import Connection, Json, MapiError, Remote, decode, encode

from . import ids
from .computed import DISPLAY_NAME
from .data import Core, core_of
from .notify import Place, Subscription

#: How long the end of a session waits for a delivery on another thread, which may itself be within a callback that waits
#: for this one.
_PATIENCE = 0.05


class Settings(NamedTuple):
    """What the profile section says of the store."""

    name: str
    #: It and the transport of the same profile are a pair.
    coupled: bool

    @staticmethod
    def read(support: Remote) -> Settings:
        """Reads the profile section."""
        with support.opened("IMAPISupport.OpenProfileSection", "lppProfileObj", lpUid=None, ulFlags=0) as section:
            tags = [f"0x{tag:08X}" for tag in (pair.MAILDROP, pair.IDENTITY, pair.STORE, pair.STORE_NAME)]
            got = values(section.call("IMAPIProp.GetProps", lpPropTagArray=tags, ulFlags=0).get("lppPropArray"))
        if not pair.is_known(got):
            raise MapiError("MAPI_E_UNCONFIGURED", text="The profile section holds a setting without meaning.")
        return Settings(pair.store_name(got), pair.is_coupled(got))


class StoreSession:
    """A logon."""

    def __init__(self, connection: Connection, support: Remote, settings: Settings, spooler: bool, flags: int) -> None:
        self.connection = connection
        self.settings = settings
        self.is_spooler = spooler
        self.core: Core = core_of(ids.key_of(settings.name))
        #: A client's logon, for mail, to a store that the profile couples with its transport.
        self.is_coupled = settings.coupled and not spooler and not flags & f.MDB_NO_MAIL
        self.subscriptions: list[Subscription] = []
        self.closed = False
        self._support = support
        self._released = False
        self._users: list[int] = []
        self._changed = threading.Condition()
        self._open = {"store", "logon"}
        self._logoff_flags: int | None = None
        self._transports_told = False
        self._ready_told = False
        support.call("IMAPISupport.SetProviderUID", lpProviderID=encode(self.core.key), ulFlags=0)
        wrapped = support.call("IMAPISupport.WrapStoreEntryID", lpOrigEntry=encode(self.core.store_id()))
        #: The store's identifier as clients know it, as it travels.
        self.wrapped: str = wrapped["lppWrappedEntry"]
        if not spooler:
            if not flags & f.MDB_TEMPORARY:
                self._publish()
            support.call("IMAPISupport.ModifyStatusRow", lpColumnVals=self.status_columns(), ulFlags=0)
        self.core.sessions.append(self)
        pair.store_opened(self)

    def _publish(self) -> None:
        """Writes what the table of message stores shows. A profile that cannot be written is no reason not to log on."""
        try:
            with self._support.opened(
                "IMAPISupport.OpenProfileSection", "lppProfileObj", lpUid=None, ulFlags=f.MAPI_MODIFY
            ) as section:
                known = section.call("IMAPIProp.GetProps", lpPropTagArray=[f"0x{t.PR_ENTRYID:08X}"], ulFlags=f.MAPI_UNICODE)
                if values(known.get("lppPropArray")).get(t.PR_ENTRYID >> 16) != self.wrapped:
                    props = [
                        prop(t.PR_ENTRYID, self.wrapped), prop(t.PR_RECORD_KEY, encode(self.core.key)),
                        prop(t.PR_DISPLAY_NAME_W, DISPLAY_NAME),
                    ]
                    section.call("IMAPIProp.SetProps", lpPropArray=props)
        except MapiError:
            pass

    @staticmethod
    def status_columns() -> list[Json]:
        """The columns of the store's row in the status table."""
        return [
            prop(t.PR_DISPLAY_NAME_W, DISPLAY_NAME), prop(t.PR_RESOURCE_METHODS, f.STATUS_VALIDATE_STATE),
            prop(t.PR_STATUS_CODE, f.STATUS_AVAILABLE), prop(t.PR_STATUS_STRING_W, "Ready"),
        ]

    # -------------------------------------------------------------- use

    def check(self) -> None:
        """Refuses what is done after the end of the session."""
        if self.closed:
            raise MapiError("MAPI_E_INVALID_OBJECT")

    @contextlib.contextmanager
    def support(self) -> Iterator[Remote]:
        """The support object, which is not released while it is in use."""
        me = threading.get_ident()
        with self._changed:
            if self._released:
                raise MapiError("MAPI_E_INVALID_OBJECT")
            self._users.append(me)
        try:
            yield self._support
        finally:
            with self._changed:
                self._users.remove(me)
                last = self._released and not self._users
                self._changed.notify_all()
            if last:
                self._support.release()

    def named(self, entry: bytes) -> Place:
        """What an identifier names in this store."""
        named = ids.parse(entry)
        if named is None:
            raise MapiError("MAPI_E_INVALID_ENTRYID")
        if named.key != self.core.key:
            raise MapiError("MAPI_E_UNKNOWN_ENTRYID")
        return named.kind, named.number

    def number(self, entry: bytes, kind: int) -> int:
        """The number of the folder or message that an identifier names."""
        found, number = self.named(entry)
        if found != kind:
            raise MapiError("MAPI_E_INVALID_ENTRYID")
        return number

    # -------------------------------------------------------------- registrations

    def advise(self, entry: bytes, mask: int, sink: Remote) -> int:
        """Registers a sink. The store's own identifier, wrapped or not, means all of it."""
        self.check()
        source = None if not entry or entry == decode(self.wrapped) else self.named(entry)
        subscription = Subscription.begin(self, None if source and source[0] == f.MAPI_STORE else source, mask, sink)
        self.subscriptions.append(subscription)
        return subscription.connection

    def unadvise(self, connection: int) -> None:
        """Ends a registration."""
        self.check()
        with self._changed:
            found = next((one for one in self.subscriptions if one.connection == connection), None)
            if found is None:
                raise MapiError("MAPI_E_NOT_FOUND")
            self.subscriptions.remove(found)
        found.end(self)

    def ready_to_send(self) -> None:
        """Tells the spooler, once, that there will be messages to prepare (page: imapisupport-preparesubmit)."""
        with self._changed:
            if self._ready_told:
                return
            self._ready_told = True
        try:
            with self.support() as support:
                support.call("IMAPISupport.SpoolerNotify", ulFlags=f.NOTIFY_READYTOSEND)
        except MapiError:
            self._ready_told = False
            raise

    # -------------------------------------------------------------- the end

    def ask_logoff(self, flags: int) -> None:
        """Keeps what StoreLogoff was passed, until the store is released."""
        self._logoff_flags = flags

    def released(self, what: str) -> None:
        """The store object or the logon object is gone; with the second of them the session ends."""
        if what == "store":
            self._logoff_transports()
        with self._changed:
            self._open.discard(what)
            last = not self._open
        if last:
            self.end()

    def end(self) -> None:
        """Ends the session: what is still open answers MAPI_E_INVALID_OBJECT; the support object is released last."""
        self._logoff_transports()
        with self._changed:
            if self.closed:
                return
            self.closed = True
            subscriptions, self.subscriptions = self.subscriptions, []
        pair.store_closed(self)
        for subscription in subscriptions:
            with contextlib.suppress(MapiError):
                subscription.end(self)
        for table in self.core.tables():
            if getattr(table, "session", None) is self:
                table.forget_sinks()
        with contextlib.suppress(ValueError):
            self.core.sessions.remove(self)
        me = threading.get_ident()
        with self._changed:
            self._changed.wait_for(lambda: all(user == me for user in self._users), _PATIENCE)
            self._released = True
            last = not self._users
        if last:
            self._support.release()

    def _logoff_transports(self) -> None:
        """Has MAPI let go of the transports, once. The spooler's own store asks only where the spooler has asked."""
        with self._changed:
            flags = self._logoff_flags
            if flags is None and not self.is_spooler:
                flags = f.LOGOFF_ABORT
            if flags is None or self._transports_told:
                return
            self._transports_told = True
        with contextlib.suppress(MapiError), self.support() as support:
            support.call("IMAPISupport.StoreLogoffTransports", lpulFlags=flags)
