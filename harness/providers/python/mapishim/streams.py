"""Properties as streams: `IStream` (page: imapiprop-openproperty). What is written shows in the property when it is
committed, or when the last stream on it is released."""

from __future__ import annotations

import threading
from collections.abc import Callable

from . import flags as f
from .wire import Call, MapiError, Object, decode, encode


class _Content:
    """What a stream and its clones share."""

    def __init__(self, data: bytes, put: Callable[[bytes], None] | None) -> None:
        self.data = bytearray(data)
        self.committed = data
        self.put = put
        self.dirty = False
        self.streams = 0
        self.lock = threading.RLock()

    def writable(self) -> None:
        if self.put is None:
            raise MapiError("STG_E_ACCESSDENIED")

    def commit(self) -> None:
        with self.lock:
            if self.put is None or not self.dirty:
                return
            data, self.dirty = bytes(self.data), False
        try:
            # Not with the lock: whoever is told of it may look at the stream.
            self.put(data)
        except MapiError:
            self.dirty = True
            raise
        self.committed = data


class Stream(Object):
    """A stream of bytes in memory; `put` writes them where they belong, and is missing where nothing may be written."""

    interface = "IStream"
    interfaces = ("IUnknown", "ISequentialStream", "IStream")

    def __init__(self, data: bytes, put: Callable[[bytes], None] | None, shared: _Content | None = None) -> None:
        super().__init__()
        self._content = shared or _Content(data, put)
        self._position = 0
        with self._content.lock:
            self._content.streams += 1

    def closed(self) -> None:
        with self._content.lock:
            self._content.streams -= 1
            last = self._content.streams == 0
        if last:
            try:
                self._content.commit()
            except MapiError:
                pass  # nobody is left to be told

    def Read(self, call: Call) -> None:
        with self._content.lock:
            portion = bytes(self._content.data[self._position : self._position + call.args.get("cb", 0)])
            self._position += len(portion)
        call.out.update(pv=encode(portion), pcbRead=len(portion))

    def Write(self, call: Call) -> None:
        call.clear(pcbWritten=0)
        data = call.bytes("pv")
        self._content.writable()
        with self._content.lock:
            self._grow(self._position)
            self._content.data[self._position : self._position + len(data)] = data
            self._content.dirty = True
            self._position += len(data)
        call.out["pcbWritten"] = len(data)

    def Seek(self, call: Call) -> None:
        origins = {f.STREAM_SEEK_SET: 0, f.STREAM_SEEK_CUR: self._position, f.STREAM_SEEK_END: len(self._content.data)}
        origin = origins.get(call.args.get("dwOrigin", 0))
        if origin is None or origin + int(call.args.get("dlibMove", 0)) < 0:
            raise MapiError("STG_E_INVALIDFUNCTION")
        self._position = origin + int(call.args.get("dlibMove", 0))
        call.out["plibNewPosition"] = self._position

    def SetSize(self, call: Call) -> None:
        self._content.writable()
        size = int(call.args.get("libNewSize", 0))
        with self._content.lock:
            del self._content.data[size:]
            self._grow(size)
            self._content.dirty = True

    def CopyTo(self, call: Call) -> None:
        target = call.object("pstm")
        with self._content.lock:
            portion = bytes(self._content.data[self._position : self._position + int(call.args.get("cb", 0))])
            self._position += len(portion)
        written = target.call("ISequentialStream.Write", pv=encode(portion), cb=len(portion)).get("pcbWritten", 0)
        call.out.update(pcbRead=len(portion), pcbWritten=written)

    def Commit(self, call: Call) -> None:
        self._content.commit()

    def Revert(self, call: Call) -> None:
        with self._content.lock:
            if self._content.put is not None:
                self._content.data = bytearray(self._content.committed)
                self._content.dirty = False

    def LockRegion(self, call: Call) -> str:
        return "STG_E_INVALIDFUNCTION"

    UnlockRegion = LockRegion

    def Stat(self, call: Call) -> None:
        mode = f.STGM_READWRITE if self._content.put else 0
        call.out["pstatstg"] = {"type": f.STGTY_STREAM, "size": len(self._content.data), "mode": mode}

    def Clone(self, call: Call) -> None:
        clone = Stream(b"", None, self._content)
        clone._position = self._position
        call.hand_out("ppstm", clone)

    def _grow(self, length: int) -> None:
        missing = length - len(self._content.data)
        if missing > 0:
            self._content.data.extend(bytes(missing))
