#!/usr/bin/env python3
"""A complete transport provider on `mapishim`: mail comes in as files in a maildrop and goes out as files into an outbox.

Its profile section is that of the reference provider: `0x6600001E` maildrop, `0x6601001E` outbox, `0x6602001E` address type,
`0x6603001E` `polled` or `notify`, `0x6605001E` whose mail it is. SPOOLPROOF_DEFECT seeds a defect, see `defects.py`.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from pathlib import Path

import mail as mime
from defects import DEFECT
from mapishim import MapiError, Reference, Remote, Transport, run
from mapishim.transport import LOGON_SP_POLL, MAPI_UNICODE, prop, values
from mapishim.wire import Json, decode, encode

LOGON_NO_CONNECT, LOGON_NO_INBOUND, LOGON_NO_OUTBOUND = 0x4, 0x8, 0x10
BEGIN_INBOUND, BEGIN_OUTBOUND, BEGIN_INBOUND_FLUSH, BEGIN_OUTBOUND_FLUSH = 0x1, 0x2, 0x4, 0x8
END_INBOUND, END_OUTBOUND, END_INBOUND_FLUSH, END_OUTBOUND_FLUSH = 0x10000, 0x20000, 0x40000, 0x80000
ABORT_DEFERRED, CANCEL_MESSAGE = 0x40000000, 0x80000000
NEWMAIL, SENTDEFERRED, CONFIG_CHANGE = 0x1, 0x4, 0x4000
FLUSH_UPLOAD, FLUSH_DOWNLOAD = 0x2, 0x4
CONFIG_CHANGED, HEADER_CACHES = 0x00100000, 0x00030000
BEGIN_DEFERRED, END_DONT_RESEND = 0x1, 0x00040000
MAPI_P1, MAPI_SUBMITTED = 0x10000000, 0x80000000
SENDER = (0x0C1A001F, 0x0C1E001F, 0x0C1F001F, 0x0C190102, 0x0C1D0102)
REPRESENTED = (0x0042001F, 0x0064001F, 0x0065001F, 0x00410102, 0x003B0102)
RECIPIENT = (0x3001001F, 0x3002001F, 0x3003001F, 0x0FFF0102, 0x300B0102)
CHUNK = 64 * 1024
LONG_BODY = 256 * 1024

_written = itertools.count()
_claimed: set[Path] = set()
_claims = threading.Lock()


class Process:
    """A message in process."""

    def __init__(self, inbound: bool) -> None:
        self.inbound = inbound
        self.reference = 0
        self.cancelled = False


class Maildrop(Transport):
    """A session."""

    name = "Python transport"
    resource_methods = 0x1 | 0x8

    def open(self) -> None:
        with self.support.opened("IMAPISupport.OpenProfileSection", "lppProfileObj", lpUid=None, ulFlags=0) as section:
            tags = ["0x6600001E", "0x6601001E", "0x6602001E", "0x6603001E", "0x6605001E"]
            got = values(section.call("IMAPIProp.GetProps", lpPropTagArray=tags, ulFlags=0).get("lppPropArray"))
        maildrop, outbox, style = got.get(0x6600), got.get(0x6601), got.get(0x6603, "polled")
        if not maildrop or not outbox or style not in ("polled", "notify"):
            raise MapiError("MAPI_E_UNCONFIGURED", text="The profile section names no maildrop or no outbox directory.")
        self.maildrop, self.outbox = Path(maildrop), Path(outbox)
        self.address_type = got.get(0x6602, "REF")
        self.identity = got.get(0x6605, "reference@localhost")
        self.address_types = (self.address_type,)
        self.polled = style == "polled"
        self.logon_flags = LOGON_SP_POLL if self.polled else 0
        self.offline = bool(self.flags & LOGON_NO_CONNECT)
        for unless, directory in ((LOGON_NO_INBOUND, self.maildrop), (LOGON_NO_OUTBOUND, self.outbox)):
            if not self.offline and not self.flags & unless and not directory.is_dir():
                raise MapiError("MAPI_E_FAILONEPROVIDER", text="A directory that the profile section names is not there.")
        self.entry_id = self.one_off(self.identity, self.identity)
        self.lock = threading.Condition()
        self.row_lock = threading.RLock()
        self.inbound_flush = self.outbound_flush = self.download_wanted = False
        self.ended = False
        self.offering = self.outstanding = False
        self.receiving = 0
        self.failures = 0
        self.not_before = 0.0
        self.process: dict[int, Process] = {}
        self.delivered: set[Path] = set()
        self.tried: set[str] = set()
        self.deferring: dict[int, str] = {}
        self.deferred: dict[str, float | None] = {}
        self.aborted: set[str] = set()
        self.threads: list[threading.Thread] = []
        self.sender: threading.Thread | None = None
        if not self.polled and not self.offline:
            self.start(self.watch)

    def start(self, work) -> threading.Thread:  # type: ignore[no-untyped-def]
        thread = threading.Thread(target=work, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def close(self) -> None:
        if not hasattr(self, "lock"):
            return
        with self.lock:
            self.ended = True
            for process in self.process.values():
                process.cancelled = True
            self.lock.notify_all()
        for thread in self.threads:
            if thread is not threading.current_thread():
                thread.join(0.1)

    # -------------------------------------------------------------- status

    def status_code(self) -> int:
        code = 0x2 if self.offline else 0x1
        flags = ((self.inbound, 0x10000), (self.outbound, 0x100000), (self.inbound_flush, 0x40000), (self.outbound_flush, 0x400000))
        for on, bit in flags:
            code |= bit if on else 0
        return code

    def status_columns(self) -> list[Json]:
        return [
            *super().status_columns()[:3],
            prop(0x3E08001F, "Offline" if self.offline else "Ready"),
            prop(0x3E00001F, self.identity),
            prop(0x3E010102, encode(self.entry_id)),
            prop(0x3E050102, encode(self.search_key(self.identity))),
        ]

    def update_row(self) -> None:
        if self.row_lock.acquire(timeout=0.1):
            try:
                super().update_row()
            finally:
                self.row_lock.release()
        else:
            super().update_row()

    # -------------------------------------------------------------- control

    def notified(self, flags: int, reference: int | None, entry: bytes | None) -> None:
        if flags & ABORT_DEFERRED:
            self.abort_deferred(encode(entry) if flags & CANCEL_MESSAGE and entry is not None else None)
        elif flags & CANCEL_MESSAGE and reference is not None:
            with self.lock:
                for process in self.process.values():
                    if reference in (process.reference, 1 if process.inbound else 0):
                        process.cancelled = True
                self.lock.notify_all()
        if not flags & 0x000F000F:
            return
        with self.lock:
            self.inbound_flush |= bool(flags & BEGIN_INBOUND_FLUSH)
            self.outbound_flush |= bool(flags & BEGIN_OUTBOUND_FLUSH)
            if flags & END_OUTBOUND_FLUSH:
                self.outbound_flush = False
                self.inbound_flush |= self.download_wanted
                self.download_wanted = False
            if flags & END_INBOUND_FLUSH:
                self.inbound_flush = self.download_wanted = False
        try:
            self.update_row()
        except MapiError:
            pass
        with self.lock:
            if flags & (BEGIN_INBOUND | END_INBOUND | END_INBOUND_FLUSH):
                self.outstanding = False
            if flags & BEGIN_INBOUND:
                self.offering, self.failures = True, 0
            if flags & END_INBOUND:
                self.offering = False
            self.lock.notify_all()

    def flush_queues(self, flags: int) -> None:
        self.alive()
        both = not flags & (FLUSH_UPLOAD | FLUSH_DOWNLOAD)
        with self.lock:
            if both or flags & FLUSH_UPLOAD:
                self.outbound_flush = True
                self.download_wanted = both or bool(flags & FLUSH_DOWNLOAD)
            else:
                self.inbound_flush = True
        self.ask_for_deferred(everything=True)
        self.update_row()

    def validate_state(self, flags: int) -> None:
        self.alive()
        if flags & HEADER_CACHES:
            raise MapiError("MAPI_E_NO_SUPPORT")
        if flags & CONFIG_CHANGED:
            self.notify(CONFIG_CHANGE)

    def alive(self) -> None:
        if self.ended:
            raise MapiError("MAPI_E_INVALID_OBJECT")

    # -------------------------------------------------------------- inbound

    def waiting(self) -> list[Path]:
        try:
            found = sorted(path for path in self.maildrop.iterdir() if path.suffix.lower() == ".eml" and path.is_file())
        except OSError:
            return []
        return [path for path in found if path not in self.delivered]

    def mail_waits(self) -> bool:
        with _claims:
            return any(path not in _claimed for path in self.waiting())

    def poll(self) -> bool:
        return self.inbound and not self.offline and self.mail_waits()

    def watch(self) -> None:
        """Announces mail, one at a time: the next one when the announced message was fetched."""
        while True:
            with self.lock:
                if self.ended:
                    return
                self.lock.wait(0.005)
                due = self.may_offer() and time.monotonic() >= self.not_before
            if not due or not self.mail_waits():
                continue
            with self.lock:
                if not self.may_offer():
                    continue
                self.outstanding = True
            try:
                self.notify(NEWMAIL)
            except MapiError:
                with self.lock:
                    self.outstanding = False
                    self.pause(True, 0.0)

    def may_offer(self) -> bool:
        return self.inbound and self.offering and not self.ended and not self.outstanding and not self.receiving

    def pause(self, failed: bool, took: float) -> None:
        self.failures = self.failures + 1 if failed else 0
        pause = min(0.01 * 2 ** (self.failures - 1), 1.0) if self.failures else max(0.002, took)
        self.not_before = time.monotonic() + pause

    def start_message(self, message: Remote, reference: Reference) -> None:
        begun = time.monotonic()
        process = Process(inbound=True)
        with self.lock:
            self.receiving += 1
            self.outstanding = False
            process.reference = reference.assign()
            self.process[process.reference] = process
        failed = True
        try:
            handed_over = self.hand_over(message, process)
            failed = False
        finally:
            with self.lock:
                del self.process[process.reference]
                self.receiving -= 1
                self.outstanding = False
                self.pause(failed, time.monotonic() - begun)
                self.lock.notify_all()
        if handed_over and self.inbound_flush and self.mail_waits():
            with self.lock:
                self.outstanding = True
            self.notify(NEWMAIL)

    def hand_over(self, message: Remote, process: Process) -> bool:
        if not (self.inbound or self.inbound_flush) or self.offline:
            return False
        for path in self.waiting():
            with _claims:
                if path in _claimed:
                    continue
                _claimed.add(path)
            try:
                raw = path.read_bytes()
                transfer = Transfer(self, process)
                self.deliver(transfer, message, mime.parse(raw))
                transfer.check()
                message.call("IMAPIProp.SaveChanges", ulFlags=0)
                try:
                    path.unlink()
                except OSError:
                    self.delivered.add(path)
                return True
            except OSError:
                continue
            finally:
                with _claims:
                    _claimed.discard(path)
        return False

    def deliver(self, transfer: Transfer, message: Remote, mail: mime.Mail) -> None:
        props = [prop(0x001A001F, "IPM.Note"), prop(0x0037001F, mail.subject)]
        if mail.text is not None and len(mail.text.encode()) <= LONG_BODY:
            props.append(prop(0x1000001F, mail.text))
        if mail.html is not None:
            if len(mail.html) <= LONG_BODY:
                props.append(prop(0x10130102, encode(mail.html)))
            props.append(prop(0x3FDE0003, mail.code_page))
        if mail.headers:
            props.append(prop(0x007D001F, mail.headers))
        if mail.message_id:
            props.append(prop(0x1035001F, mail.message_id))
        if mail.date is not None:
            props.append(prop(0x00390040, mail.date))
        if DEFECT != "python-no-delivery-time":
            props.append(prop(0x0E060040, mime.now()))
        for tags, box in ((SENDER, mail.sender or mail.author), (REPRESENTED, mail.author)):
            if box:
                props += self.party(transfer, tags, box)
        transfer.step(lambda: message.call("IMAPIProp.SetProps", lpPropArray=props))
        if mail.text is not None and len(mail.text.encode()) > LONG_BODY:
            self.write(transfer, message, "0x1000001F", mail.text.encode("utf-16-le"))
        if mail.html is not None and len(mail.html) > LONG_BODY:
            self.write(transfer, message, "0x10130102", mail.html)
        rows = []
        for kind, boxes in ((1, mail.to), (2, mail.cc), (3, mail.bcc)):
            for box in boxes:
                rows.append([prop(0x0C150003, kind), *self.party(transfer, RECIPIENT, box)])
        if rows:
            transfer.step(lambda: message.call("IMessage.ModifyRecipients", ulFlags=2, lpMods=rows))
        for one in mail.attachments:
            self.attach(transfer, message, one)

    def attach(self, transfer: Transfer, message: Remote, one: mime.Attachment) -> None:
        make = lambda: message.opened("IMessage.CreateAttach", "lppAttach", lpInterface=None, ulFlags=0)  # noqa: E731
        with transfer.step(make) as attachment:
            inner = one.content if isinstance(one.content, mime.Mail) else None
            props = [prop(0x37050003, 5 if inner else 1), prop(0x370B0003, -1)]
            shown = one.file_name or (inner.subject if inner else None)
            if shown:
                props.append(prop(0x3001001F, shown))
            if one.file_name:
                props += [prop(0x3704001F, one.file_name), prop(0x3707001F, one.file_name)]
            props.append(prop(0x370E001F, one.mime_type))
            if one.content_id:
                props.append(prop(0x3712001F, one.content_id))
            transfer.step(lambda: attachment.call("IMAPIProp.SetProps", lpPropArray=props))
            if inner is None:
                assert isinstance(one.content, bytes)
                self.write(transfer, attachment, "0x37010102", one.content)
            else:
                with transfer.step(lambda: self.embedded(attachment, 0x3)) as embedded:
                    self.deliver(transfer, embedded, inner)
                    transfer.step(lambda: embedded.call("IMAPIProp.SaveChanges", ulFlags=0))
            transfer.step(lambda: attachment.call("IMAPIProp.SaveChanges", ulFlags=0))

    @staticmethod
    def embedded(attachment: Remote, flags: int) -> Remote:
        return attachment.opened(
            "IMAPIProp.OpenProperty", "lppUnk", ulPropTag="0x3701000D", lpiid="IID_IMessage", ulInterfaceOptions=0, ulFlags=flags
        )

    @staticmethod
    def stream(target: Remote, tag: str, flags: int) -> Remote:
        access = 0x2 | 0x1000 if flags else 0
        return target.opened(
            "IMAPIProp.OpenProperty", "lppUnk", ulPropTag=tag, lpiid="IID_IStream", ulInterfaceOptions=access, ulFlags=flags
        )

    def write(self, transfer: Transfer, target: Remote, tag: str, data: bytes) -> None:
        with transfer.step(lambda: self.stream(target, tag, 0x3)) as stream:
            for at in range(0, len(data), CHUNK):
                chunk = data[at : at + CHUNK]
                stream.call("ISequentialStream.Write", pv=encode(chunk), cb=len(chunk))
                transfer.moved(len(chunk))
            stream.call("IStream.Commit", grfCommitFlags=0)

    def read(self, transfer: Transfer, target: Remote, tag: str) -> bytes:
        with transfer.step(lambda: self.stream(target, tag, 0)) as stream:
            data = b""
            while chunk := decode(stream.call("ISequentialStream.Read", cb=CHUNK).get("pv") or ""):
                data += chunk
                transfer.moved(len(chunk))
            return data

    # -------------------------------------------------------------- addresses

    def one_off(self, name: str, address: str) -> bytes:
        made = self.support.call(
            "IMAPISupport.CreateOneOff", lpszName=name, lpszAdrType=self.address_type, lpszAddress=address, ulFlags=MAPI_UNICODE
        )
        return decode(made["lppEntryID"])

    def search_key(self, address: str) -> bytes:
        return f"{self.address_type}:{address}".upper().encode() + b"\0"

    def party(self, transfer: Transfer, tags: tuple[int, ...], box: mime.Box) -> list[Json]:
        name, address = box
        entry = transfer.step(lambda: self.one_off(name, address))
        held = (name, self.address_type, address, encode(entry), encode(self.search_key(address)))
        return [prop(tag, value) for tag, value in zip(tags, held)]

    # -------------------------------------------------------------- outbound

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
            self.transmit(Transfer(self, process), flags, message, process.reference)
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
            self.deferred[entry] = time.monotonic() + 0.005
            self.lock.notify_all()
            return END_DONT_RESEND

    def transmit(self, transfer: Transfer, flags: int, message: Remote, reference: int) -> None:
        rows = Outgoing.recipients(self, transfer, message)
        own = [row for row in rows if not row.served and row.address_type == self.address_type]
        if not own:
            raise MapiError("MAPI_E_NOT_ME")
        again = bool(flags & BEGIN_DEFERRED)
        local = {row.address.split("@")[0] for row in own}
        if again or local & {"busy", "later"}:
            got = transfer.step(lambda: message.call("IMAPIProp.GetProps", lpPropTagArray=["0x0FFF0102"], ulFlags=MAPI_UNICODE))
            entry = values(got["lppPropArray"])[0x0FFF]
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
                if "later" in local and not again:
                    self.deferring[reference] = entry
                    if self.sender is None:
                        self.sender = self.start(self.ask_later)
                    return
        Outgoing.send(self, transfer, message, rows, own)

    def abort_deferred(self, entry: str | None) -> None:
        with self.lock:
            if entry is None:
                self.deferred.clear()
            elif entry in self.deferred and self.deferred.pop(entry) is None:
                self.aborted.add(entry)

    def ask_later(self) -> None:
        while True:
            with self.lock:
                if self.ended:
                    return
                self.lock.wait(0.005)
            if self.outbound or self.outbound_flush:
                self.ask_for_deferred(everything=False)

    def ask_for_deferred(self, everything: bool) -> None:
        now = time.monotonic()
        with self.lock:
            due = [entry for entry, at in self.deferred.items() if at is not None and (everything or at <= now)]
            for entry in due:
                self.deferred[entry] = None
        for entry in due:
            try:
                self.notify(SENTDEFERRED, {"entry": entry})
            except MapiError:
                with self.lock:
                    self.deferred[entry] = time.monotonic() + 0.02

    def put(self, data: bytes) -> Path:
        """Writes a mail under a name that nobody looks at."""
        stem = f"{time.time_ns():020}-{os.getpid()}-{next(_written):06}"
        try:
            draft = self.outbox / f"{stem}.tmp"
            draft.write_bytes(data)
            return draft
        except OSError:
            raise MapiError("MAPI_E_NETWORK_ERROR", lpulReturnParm=1) from None


class Transfer:
    """The transfer of one message: where it may stop, and where it gives the processor back."""

    def __init__(self, session: Maildrop, process: Process) -> None:
        self.session = session
        self.process = process
        self.bytes = 0
        self.yielded = time.monotonic()

    def check(self) -> None:
        if self.process.cancelled:
            raise MapiError("MAPI_E_USER_CANCEL")

    def step(self, work):  # type: ignore[no-untyped-def]
        self.check()
        result = work()
        try:
            self.breathe()
        except MapiError:
            if isinstance(result, Remote):
                result.release()
            raise
        return result

    def moved(self, count: int) -> None:
        self.bytes += count
        self.breathe()

    def breathe(self) -> None:
        self.check()
        session = self.session
        flushing = session.inbound_flush if self.process.inbound else session.outbound_flush
        if flushing or (self.bytes < CHUNK and time.monotonic() - self.yielded < 0.1):
            return
        self.bytes = 0
        code = session.support.call("IMAPISupport.SpoolerYield", ulFlags=0)["hr"]
        if code == "MAPI_W_CANCEL_MESSAGE":
            raise MapiError("MAPI_E_USER_CANCEL")
        self.yielded = time.monotonic()
        self.check()


from outgoing import Outgoing  # noqa: E402  (it needs what stands above)

if __name__ == "__main__":
    run(Maildrop)
