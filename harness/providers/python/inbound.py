"""Mail that comes in: told by Poll or by a thread that watches the maildrop, handed over by StartMessage, or - where a
coupled store is open - delivered into it by a thread of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import mail as mime
import pair
from defects import DEFECT
from delivery import deliver
from mapishim import MapiError, Reference, Remote
from mapishim import flags as f
from memorystore.incoming import receive
from session import Session
from transfer import Process, Transfer

if TYPE_CHECKING:
    from memorystore.session import StoreSession

#: How often a thread looks into the maildrop.
_TICK = 0.005
#: After mail that could not be delivered.
_AGAIN = 0.02
#: While nothing may be delivered, whoever changes that wakes the thread; this is only how long it may sleep.
_RESTING = 1.0
_BREATH, _BACK_OFF, _LONGEST_BACK_OFF = 0.002, 0.01, 1.0

_claimed: set[Path] = set()
_claims = threading.Lock()


class Inbound(Session):
    """The part of a session that receives."""

    def open(self) -> None:
        super().open()
        self.offering = self.outstanding = False
        self.receiving = 0
        self.failures = 0
        self.not_before = 0.0
        self.delivered: set[Path] = set()
        self.courier: threading.Thread | None = None
        self._delivering = 0
        if not self.polled and not self.offline:
            self.start(self._watch)

    # -------------------------------------------------------------- what waits

    def _waiting(self) -> Iterator[Path]:
        try:
            with os.scandir(self.maildrop) as entries:
                # The directory says of each entry whether it is a file: nothing else is asked of the system.
                names = sorted(entry.name for entry in entries if entry.name.lower().endswith(".eml") and entry.is_file())
        except OSError:
            return
        # Made one by one: most often the first is all that is looked at.
        for name in names:
            path = self.maildrop / name
            if path not in self.delivered:
                yield path

    def mail_waits(self) -> bool:
        """Whether there is mail for the spooler: none where it is delivered into the coupled store."""
        if self.courier is not None and pair.store_of(self) is not None:
            return False
        with _claims:
            return any(path not in _claimed for path in self._waiting())

    def poll(self) -> bool:
        return self.inbound and not self.offline and self.mail_waits()

    # -------------------------------------------------------------- telling of it

    def _watch(self) -> None:
        """Announces mail, one at a time: the next one when the announced message was fetched."""
        while True:
            with self.lock:
                if self.ended:
                    return
                self.lock.wait(_TICK)
                due = self._may_offer() and time.monotonic() >= self.not_before
            if not due or not self.mail_waits():
                continue
            with self.lock:
                if not self._may_offer():
                    continue
                self.outstanding = True
            try:
                self.notify(f.NOTIFY_NEWMAIL)
            except MapiError:
                with self.lock:
                    self.outstanding = False
                    self._pause(True, 0.0)

    def _may_offer(self) -> bool:
        return self.inbound and self.offering and not self.ended and not self.outstanding and not self.receiving

    def _pause(self, failed: bool, took: float) -> None:
        self.failures = self.failures + 1 if failed else 0
        grown = min(_BACK_OFF * 2 ** (self.failures - 1), _LONGEST_BACK_OFF) if self.failures else 0.0
        self.not_before = time.monotonic() + (grown or max(_BREATH, took))

    def inbound_changed(self, flags: int) -> None:
        """TransportNotify is about to return."""
        with self.lock:
            if flags & (f.NOTIFY_BEGIN_INBOUND | f.NOTIFY_END_INBOUND | f.NOTIFY_END_INBOUND_FLUSH):
                self.outstanding = False
            if flags & f.NOTIFY_BEGIN_INBOUND:
                self.offering, self.failures = True, 0
            if flags & f.NOTIFY_END_INBOUND:
                self.offering = False
            self.lock.notify_all()

    # -------------------------------------------------------------- handing it over

    def start_message(self, message: Remote, reference: Reference) -> None:
        begun = time.monotonic()
        process = Process(inbound=True)
        with self.lock:
            self.receiving += 1
            self.outstanding = False
            if DEFECT != "python-reference-late":
                process.reference = reference.assign()
            self.process[process.reference] = process
        failed = True
        try:
            handed_over = self._hand_over(message, process)
            failed = False
            if DEFECT == "python-reference-late":
                reference.assign()
        finally:
            with self.lock:
                del self.process[process.reference]
                self.receiving -= 1
                self.outstanding = False
                self._pause(failed, time.monotonic() - begun)
                self.lock.notify_all()
        if handed_over and self.inbound_flush and self.mail_waits():
            with self.lock:
                self.outstanding = True
            self.notify(f.NOTIFY_NEWMAIL)

    def _hand_over(self, message: Remote, process: Process) -> bool:
        if not (self.inbound or self.inbound_flush) or self.offline:
            return False

        def save(mail: mime.Mail, path: Path) -> None:
            transfer = Transfer(self, process)
            deliver(transfer, message, mail)
            transfer.check()
            message.call("IMAPIProp.SaveChanges", ulFlags=0)
            self._remove(path)

        return self._next_mail(save)

    def _next_mail(self, save: Callable[[mime.Mail, Path], None]) -> bool:
        """Has the first mail that waits saved; whether there was one. Nobody else delivers it meanwhile."""
        for path in self._waiting():
            with _claims:
                if path in _claimed:
                    continue
                _claimed.add(path)
            try:
                save(mime.parse(path.read_bytes()), path)
                return True
            except OSError:
                continue
            finally:
                with _claims:
                    _claimed.discard(path)
        return False

    def _remove(self, path: Path) -> None:
        try:
            path.unlink()
        except OSError:
            self.delivered.add(path)

    # -------------------------------------------------------------- into the coupled store

    def pair_up(self) -> None:
        """A store of the same profile is open: mail is delivered into it directly from now on."""
        with self.lock:
            if not self.offline and self.courier is None:
                self.courier = self.start(self._deliver)
            self.lock.notify_all()

    def _may_deliver(self) -> bool:
        return not self.ended and (self.inbound or self.inbound_flush)

    def _deliver(self) -> None:
        while True:
            store = pair.store_of(self) if self._may_deliver() else None
            pause = _RESTING
            if store is not None:
                try:
                    if self._deliver_next(store):
                        continue
                    pause = _TICK
                except MapiError:
                    pause = _AGAIN
            with self.lock:
                if self.ended:
                    return
                self.lock.wait(min(pause, _AGAIN) if self._may_deliver() else pause)

    def _deliver_next(self, store: StoreSession) -> bool:
        process = Process(inbound=True)
        with self.lock:
            # No reference of the spooler's: its numbers begin far beyond.
            self._delivering -= 1
            process.reference = self._delivering
            self.process[process.reference] = process
        transfer = Transfer(self, process)

        def save(mail: mime.Mail, path: Path) -> None:
            receive(store, lambda message: deliver(transfer, message, mail), lambda: self._remove(path))

        try:
            return self._next_mail(save)
        finally:
            with self.lock:
                del self.process[process.reference]
                self.lock.notify_all()
