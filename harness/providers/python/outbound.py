"""Mail that goes out: SubmitMessage, EndMessage, and what is deferred.

What stands before the `@` of an address can ask for special treatment: `nobody` is unknown here and reported as such,
`busy` is worth a second try later (MAPI_E_WAIT), `later` defers the message until this provider asks for it.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from pathlib import Path

import outgoing
from inbound import Inbound
from mapishim import MapiError, Reference, Remote, values
from mapishim import flags as f
from mapishim import tags as t
from transfer import Process, Transfer

#: How long a deferred message waits, and one for which the spooler could not be asked.
_LATER, _ASK_AGAIN, _TICK = 0.005, 0.02, 0.005

_written = itertools.count()


class Outbound(Inbound):
    """The part of a session that sends."""

    def open(self) -> None:
        super().open()
        self.tried: set[str] = set()
        self.deferring: dict[int, str] = {}
        #: Deferred messages, and when they are due; nothing where the spooler was asked already.
        self.deferred: dict[str, float | None] = {}
        self.aborted: set[str] = set()
        self.sender: threading.Thread | None = None

    def can_send(self) -> bool:
        """Whether mail can be sent at the moment."""
        return not self.offline and not self.ended and (self.outbound or self.outbound_flush)

    @staticmethod
    def needs_the_spooler(address: str) -> bool:
        """Whether an address asks for something that only the spooler can do."""
        return address.split("@")[0] in ("busy", "later")

    def submit_message(self, flags: int, message: Remote, reference: Reference) -> None:
        if self.offline:
            raise MapiError("MAPI_E_NETWORK_ERROR", lpulReturnParm=60)
        if not self.outbound and not self.outbound_flush:
            raise MapiError("MAPI_E_BUSY")
        process = Process(inbound=False)
        with self.lock:
            process.reference = reference.assign()
            self.process[process.reference] = process
        accepted = False
        try:
            self._transmit(Transfer(self, process), flags, message, process.reference)
            accepted = True
        finally:
            if not accepted:
                with self.lock:
                    self.process.pop(process.reference, None)

    def end_message(self, reference: int) -> int:
        with self.lock:
            process = self.process.pop(reference, None)
            entry = self.deferring.pop(reference, None)
            if entry is None or process is None or process.cancelled:
                return 0
            self.deferred[entry] = time.monotonic() + _LATER
            self.lock.notify_all()
            return f.END_DONT_RESEND

    def put(self, data: bytes) -> Path:
        """Writes a mail under a name that nobody looks at."""
        stem = f"{time.time_ns():020}-{os.getpid()}-{next(_written):06}"
        try:
            draft = self.outbox / f"{stem}.tmp"
            draft.write_bytes(data)
            return draft
        except OSError:
            raise MapiError("MAPI_E_NETWORK_ERROR", lpulReturnParm=1) from None

    def _transmit(self, transfer: Transfer, flags: int, message: Remote, reference: int) -> None:
        rows = outgoing.recipients(transfer, message)
        own = [row for row in rows if not row.served and row.address_type == self.address_type]
        if not own:
            raise MapiError("MAPI_E_NOT_ME")
        again = bool(flags & f.BEGIN_DEFERRED)
        local = {row.treatment for row in own}
        if again or local & {"busy", "later"}:
            tags = [f"0x{t.PR_ENTRYID:08X}"]
            got = transfer.step(lambda: message.call("IMAPIProp.GetProps", lpPropTagArray=tags, ulFlags=f.MAPI_UNICODE))
            entry = values(got["lppPropArray"])[t.PR_ENTRYID >> 16]
            if self._postponed(entry, local, again, reference):
                return
        outgoing.send(self, transfer, message, rows, own)

    def _postponed(self, entry: str, local: set[str], again: bool, reference: int) -> bool:
        """Whether the message is to be sent when this provider asks for it. One that is worth a second try is refused."""
        with self.lock:
            if again:
                self.deferred.pop(entry, None)
                if entry in self.aborted:
                    self.aborted.discard(entry)
                    raise MapiError("MAPI_E_CANCEL")
            if "busy" in local:
                if entry not in self.tried:
                    self.tried.add(entry)
                    raise MapiError("MAPI_E_WAIT", lpulReturnParm=1)
                self.tried.discard(entry)
            if "later" not in local or again:
                return False
            self.deferring[reference] = entry
            if self.sender is None:
                self.sender = self.start(self._ask_later)
            return True

    # -------------------------------------------------------------- what is deferred

    def abort_deferred(self, entry: str | None) -> None:
        """Gives up a deferred message, or all of them."""
        with self.lock:
            if entry is None:
                self.deferred.clear()
            elif entry in self.deferred and self.deferred.pop(entry) is None:
                self.aborted.add(entry)

    def ask_for_deferred(self, everything: bool) -> None:
        """Has the spooler hand over deferred messages again: those that are due, or all."""
        moment = time.monotonic()
        with self.lock:
            due = [entry for entry, at in self.deferred.items() if at is not None and (everything or at <= moment)]
            for entry in due:
                self.deferred[entry] = None
        for entry in due:
            try:
                self.notify(f.NOTIFY_SENTDEFERRED, {"entry": entry})
            except MapiError:
                with self.lock:
                    self.deferred[entry] = time.monotonic() + _ASK_AGAIN

    def _ask_later(self) -> None:
        while True:
            with self.lock:
                if self.ended:
                    return
                self.lock.wait(_TICK)
            if self.outbound or self.outbound_flush:
                self.ask_for_deferred(everything=False)
