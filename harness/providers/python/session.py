"""A session of the transport: what the profile says of it, what it is doing, and its row in the status table."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pair
from defects import DEFECT
from mapishim import MapiError, Transport, decode, encode, prop, values
from mapishim import flags as f
from mapishim import tags as t
from mapishim.wire import Json
from memorystore import ids
from transfer import Process

#: How long an update of the row waits for another one, whose thread may be within a callback that waits for this one.
_ROW_PATIENCE = 0.1


class Session(Transport):
    """A session."""

    name = "Python transport"
    resource_methods = f.STATUS_VALIDATE_STATE | f.STATUS_FLUSH_QUEUES

    def open(self) -> None:
        with self.support.opened("IMAPISupport.OpenProfileSection", "lppProfileObj", lpUid=None, ulFlags=0) as section:
            tags = [f"0x{tag:08X}" for tag in pair.SETTINGS]
            got = values(section.call("IMAPIProp.GetProps", lpPropTagArray=tags, ulFlags=0).get("lppPropArray"))

        def setting(tag: int, default: Any = None) -> Any:
            return got.get(tag >> 16, default)

        maildrop, outbox, style = setting(pair.MAILDROP), setting(pair.OUTBOX), setting(pair.STYLE, "polled")
        if not maildrop or not outbox or style not in ("polled", "notify") or not pair.is_known(got):
            raise MapiError("MAPI_E_UNCONFIGURED", text="The profile section names no maildrop or no outbox directory.")
        self.maildrop, self.outbox = Path(maildrop), Path(outbox)
        self.address_type = setting(pair.ADDRESS_TYPE, "REF")
        self.identity = setting(pair.IDENTITY, "reference@localhost")
        self.address_types = (self.address_type,)
        self.polled = style == "polled"
        self.logon_flags = f.LOGON_SP_POLL if self.polled else 0
        self.offline = bool(self.flags & f.LOGON_NO_CONNECT)
        for unless, directory in ((f.LOGON_NO_INBOUND, self.maildrop), (f.LOGON_NO_OUTBOUND, self.outbox)):
            if not self.offline and not self.flags & unless and not directory.is_dir():
                raise MapiError("MAPI_E_FAILONEPROVIDER", text="A directory that the profile section names is not there.")
        #: The identifier of the store that this transport is coupled with.
        self.own_store: bytes | None = None
        if pair.is_coupled(got):
            self.own_store = ids.make(ids.key_of(pair.store_name(got)), f.MAPI_STORE)
        self.entry_id = self.one_off(self.identity, self.identity)
        self.lock = threading.Condition()
        self.row_lock = threading.RLock()
        self.inbound_flush = self.outbound_flush = self.download_wanted = False
        self.ended = False
        self.process: dict[int, Process] = {}
        self.threads: list[threading.Thread] = []

    def opened(self) -> None:
        pair.transport_opened(self)

    def start(self, work: Callable[[], None]) -> threading.Thread:
        """Starts a thread that ends with the session."""
        thread = threading.Thread(target=work, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def close(self) -> None:
        if not hasattr(self, "lock"):
            return
        pair.transport_closed(self)
        if DEFECT == "python-support-kept":
            self.support.add_ref()
        with self.lock:
            self.ended = True
            for process in self.process.values():
                process.cancelled = True
            self.lock.notify_all()
        for thread in self.threads:
            if thread is not threading.current_thread():
                thread.join(0.1)

    def alive(self) -> None:
        """Refuses what is done after the logoff."""
        if self.ended:
            raise MapiError("MAPI_E_INVALID_OBJECT")

    # -------------------------------------------------------------- status

    def status_code(self) -> int:
        shown = (
            (self.inbound, f.STATUS_INBOUND_ENABLED),
            (self.outbound, f.STATUS_OUTBOUND_ENABLED),
            (self.inbound_flush, f.STATUS_INBOUND_FLUSH),
            (self.outbound_flush, f.STATUS_OUTBOUND_FLUSH),
        )
        code = f.STATUS_OFFLINE if self.offline else f.STATUS_AVAILABLE
        return code | sum(bit for on, bit in shown if on)

    def status_columns(self) -> list[Json]:
        columns = [
            *super().status_columns()[:3],
            prop(t.PR_STATUS_STRING_W, "Offline" if self.offline else "Ready"),
            prop(t.PR_IDENTITY_DISPLAY_W, self.identity),
            prop(t.PR_IDENTITY_ENTRYID, encode(self.entry_id)),
            prop(t.PR_IDENTITY_SEARCH_KEY, encode(self.search_key(self.identity))),
        ]
        if self.own_store is not None:
            columns.append(prop(t.PR_OWN_STORE_ENTRYID, encode(self.own_store)))
        return columns

    def update_row(self) -> None:
        if self.row_lock.acquire(timeout=_ROW_PATIENCE):
            try:
                super().update_row()
            finally:
                self.row_lock.release()
        else:
            super().update_row()

    # -------------------------------------------------------------- addresses

    def one_off(self, name: str, address: str) -> bytes:
        """The identifier of an address that is in no address book."""
        made = self.support.call(
            "IMAPISupport.CreateOneOff", lpszName=name, lpszAdrType=self.address_type, lpszAddress=address, ulFlags=f.MAPI_UNICODE
        )
        return decode(made["lppEntryID"])

    def search_key(self, address: str) -> bytes:
        """What makes two addresses the same."""
        return f"{self.address_type}:{address}".upper().encode() + b"\0"
