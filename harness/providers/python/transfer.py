"""The transfer of one message: where it may stop, and where it gives the processor back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from mapishim import MapiError, Remote, decode, encode
from mapishim import flags as f
from mapishim import tags as t

if TYPE_CHECKING:
    from session import Session

T = TypeVar("T")
#: Bytes that are moved at once, and between two looks at the spooler.
CHUNK = 64 * 1024
_SLICE = 0.1


class Process:
    """A message in process."""

    def __init__(self, inbound: bool) -> None:
        self.inbound = inbound
        self.reference = 0
        self.cancelled = False


class Transfer:
    """The transfer of a message in process."""

    def __init__(self, session: Session, process: Process) -> None:
        self.session = session
        self.process = process
        self._bytes = 0
        self._yielded = time.monotonic()

    def check(self) -> None:
        """Stops where the message was cancelled."""
        if self.process.cancelled:
            raise MapiError("MAPI_E_USER_CANCEL")

    def step(self, work: Callable[[], T]) -> T:
        """Does a step of it. What a step has opened is released where the transfer stops after it."""
        self.check()
        result = work()
        try:
            self._breathe()
        except MapiError:
            if isinstance(result, Remote):
                result.release()
            raise
        return result

    def write(self, target: Remote, tag: int, data: bytes) -> None:
        """Writes a property as a stream, in chunks."""
        with self.step(lambda: _stream(target, tag, f.MAPI_CREATE | f.MAPI_MODIFY)) as stream:
            for at in range(0, len(data), CHUNK):
                chunk = data[at : at + CHUNK]
                stream.call("ISequentialStream.Write", pv=encode(chunk), cb=len(chunk))
                self._moved(len(chunk))
            stream.call("IStream.Commit", grfCommitFlags=0)

    def read(self, target: Remote, tag: int) -> bytes:
        """Reads a property as a stream, in chunks."""
        with self.step(lambda: _stream(target, tag, 0)) as stream:
            data = b""
            while chunk := decode(stream.call("ISequentialStream.Read", cb=CHUNK).get("pv") or ""):
                data += chunk
                self._moved(len(chunk))
            return data

    def _moved(self, count: int) -> None:
        self._bytes += count
        self._breathe()

    def _breathe(self) -> None:
        self.check()
        session = self.session
        flushing = session.inbound_flush if self.process.inbound else session.outbound_flush
        if flushing or (self._bytes < CHUNK and time.monotonic() - self._yielded < _SLICE):
            return
        self._bytes = 0
        code = session.support.call("IMAPISupport.SpoolerYield", ulFlags=0)["hr"]
        if code == "MAPI_W_CANCEL_MESSAGE":
            raise MapiError("MAPI_E_USER_CANCEL")
        self._yielded = time.monotonic()
        self.check()


def _stream(target: Remote, tag: int, flags: int) -> Remote:
    access = f.STGM_READWRITE | f.STGM_CREATE if flags else 0
    return target.opened(
        "IMAPIProp.OpenProperty", "lppUnk", ulPropTag=f"0x{tag:08X}", lpiid="IID_IStream", ulInterfaceOptions=access, ulFlags=flags
    )


def embedded(attachment: Remote, flags: int) -> Remote:
    """The message in an attachment."""
    return attachment.opened(
        "IMAPIProp.OpenProperty", "lppUnk", ulPropTag=f"0x{t.PR_ATTACH_DATA_OBJ:08X}", lpiid="IID_IMessage", ulInterfaceOptions=0, ulFlags=flags
    )
