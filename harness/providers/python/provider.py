#!/usr/bin/env python3
"""A complete pair on `mapishim`: a transport whose mail comes in as files in a maildrop and goes out as files into an
outbox, and a message store in memory, alone or coupled with it.

Its profile section is that of the reference provider: `0x6600001E` maildrop, `0x6601001E` outbox, `0x6602001E` address type,
`0x6603001E` `polled` or `notify`, `0x6605001E` whose mail it is, `0x6606001E` `alone` or `coupled`, `0x6607001E` the store's
name. SPOOLPROOF_DEFECT seeds a defect, see `defects.py`.
"""

from __future__ import annotations

import defects
from mapishim import MapiError, encode, run
from mapishim import flags as f
from mapishim.transport import DIRECTIONS
from memorystore import MemoryProvider
from outbound import Outbound

_HEADER_CACHES = f.REFRESH_XP_HEADER_CACHE | f.PROCESS_XP_HEADER_CACHE


class Maildrop(Outbound):
    """A session."""

    def notified(self, flags: int, reference: int | None, entry: bytes | None) -> None:
        if flags & f.NOTIFY_ABORT_DEFERRED:
            self.abort_deferred(encode(entry) if flags & f.NOTIFY_CANCEL_MESSAGE and entry is not None else None)
        elif flags & f.NOTIFY_CANCEL_MESSAGE and reference is not None:
            self._cancel(reference)
        if not flags & DIRECTIONS:
            return
        with self.lock:
            self.inbound_flush |= bool(flags & f.NOTIFY_BEGIN_INBOUND_FLUSH)
            self.outbound_flush |= bool(flags & f.NOTIFY_BEGIN_OUTBOUND_FLUSH)
            if flags & f.NOTIFY_END_OUTBOUND_FLUSH:
                self.outbound_flush = False
                self.inbound_flush |= self.download_wanted
                self.download_wanted = False
            if flags & f.NOTIFY_END_INBOUND_FLUSH:
                self.inbound_flush = self.download_wanted = False
        try:
            self.update_row()
        except MapiError:
            pass
        self.inbound_changed(flags)

    def _cancel(self, reference: int) -> None:
        with self.lock:
            for process in self.process.values():
                if reference in (process.reference, 1 if process.inbound else 0):
                    process.cancelled = True
            self.lock.notify_all()

    def flush_queues(self, flags: int) -> None:
        self.alive()
        both = not flags & (f.FLUSH_UPLOAD | f.FLUSH_DOWNLOAD)
        with self.lock:
            if both or flags & f.FLUSH_UPLOAD:
                self.outbound_flush = True
                self.download_wanted = both or bool(flags & f.FLUSH_DOWNLOAD)
            else:
                self.inbound_flush = True
            self.lock.notify_all()
        self.ask_for_deferred(everything=True)
        self.update_row()

    def validate_state(self, flags: int) -> None:
        self.alive()
        if flags & _HEADER_CACHES:
            raise MapiError("MAPI_E_NO_SUPPORT")
        if flags & f.CONFIG_CHANGED:
            self.notify(f.NOTIFY_CONFIG_CHANGE)


if __name__ == "__main__":
    run(Maildrop, store=MemoryProvider, connection_kind=defects.connection())
