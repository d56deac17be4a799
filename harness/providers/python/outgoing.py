"""Messages on their way out: read, written as mail, marked as served, reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import mail as mime
from defects import DEFECT
from mapishim import MapiError, Remote
from mapishim.transport import MAPI_UNICODE, prop, values
from mapishim.wire import Json, decode, encode

if TYPE_CHECKING:
    from provider import Maildrop, Transfer

MAPI_P1, MAPI_SUBMITTED = 0x10000000, 0x80000000
BATCH = 64
REFUSALS = ("MAPI_E_BUSY", "MAPI_E_NOT_ME", "MAPI_E_CANCEL", "MAPI_E_WAIT", "MAPI_E_NETWORK_ERROR")


@dataclass
class Row:
    """A recipient."""

    props: list[Json]
    kind: int
    hidden: bool
    served: bool
    address_type: str
    address: str
    name: str

    @property
    def treatment(self) -> str:
        return self.address.split("@")[0]


class Outgoing:
    """What is done to a message that goes out."""

    @staticmethod
    def recipients(session: Maildrop, transfer: Transfer, message: Remote) -> list[Row]:
        found: list[Row] = []
        with transfer.step(lambda: message.opened("IMessage.GetRecipientTable", "lppTable", ulFlags=MAPI_UNICODE)) as table:
            columns = transfer.step(lambda: table.call("IMAPITable.QueryColumns", ulFlags=1))["lpPropTagArray"]
            needed = ["0x30000003", "0x0C150003", "0x0E0F000B", "0x3002001F", "0x3003001F", "0x3001001F"]
            rest = [tag for tag in columns if tag[:6] not in {one[:6] for one in needed}]
            transfer.step(lambda: table.call("IMAPITable.SetColumns", lpPropTagArray=needed + rest, ulFlags=0))
            while rows := transfer.step(lambda: table.call("IMAPITable.QueryRows", lRowCount=BATCH, ulFlags=0))["lppRows"]:
                for row in rows:
                    got = values(row)
                    kind = got.get(0x0C15, 1) & 0xFFFFFFFF
                    found.append(
                        Row(
                            row, kind & ~(MAPI_P1 | MAPI_SUBMITTED), bool(kind & MAPI_P1), bool(got.get(0x0E0F)),
                            got.get(0x3002, ""), got.get(0x3003, ""), got.get(0x3001, ""),
                        )
                    )
        return found

    @staticmethod
    def send(session: Maildrop, transfer: Transfer, message: Remote, rows: list[Row], own: list[Row]) -> None:
        try:
            mail, receipts = gather(session, transfer, message, rows)
            sign(session, transfer, message, mail)
        except MapiError as error:
            raise plain(error) from None
        if mail.date is None:
            mail.date = mime.now()
        envelope = [row.address for row in own if row.treatment != "nobody"]
        draft = session.put(mime.compose(mail, session.identity, envelope)) if envelope else None
        try:
            mark(transfer, message, own)
            report(session, transfer, message, own, receipts)
        except MapiError as error:
            if draft:
                draft.unlink(missing_ok=True)
            raise plain(error) from None
        if draft:
            draft.rename(draft.with_suffix(".eml"))


def plain(error: MapiError) -> MapiError:
    """What a callback answered must not be taken for an answer about the message."""
    return MapiError("MAPI_E_CALL_FAILED") if error.code in REFUSALS else error


def gather(session: Maildrop, transfer: Transfer, message: Remote, rows: list[Row]) -> tuple[mime.Mail, bool]:
    tags = [
        "0x0037001F", "0x1000001F", "0x10130102", "0x3FDE0003", "0x00390040", "0x0042001F", "0x0065001F", "0x1035001F", "0x0023000B",
    ]
    got = transfer.step(lambda: message.call("IMAPIProp.GetProps", lpPropTagArray=tags, ulFlags=MAPI_UNICODE))
    large = {int(one["tag"], 16) >> 16 for one in got["lppPropArray"] if one.get("value") == "MAPI_E_NOT_ENOUGH_MEMORY"}
    held = values(got["lppPropArray"])
    shown = lambda kind: [(row.name, row.address) for row in rows if row.kind == kind and not row.hidden]  # noqa: E731
    mail = mime.Mail(subject=held.get(0x0037, ""), message_id=held.get(0x1035), to=shown(1), cc=shown(2))
    mail.date = int(held[0x0039]) if 0x0039 in held else None
    if 0x0065 in held:
        mail.author = (held.get(0x0042, ""), held[0x0065])
    mail.text = held.get(0x1000)
    if 0x1000 in large:
        mail.text = session.read(transfer, message, "0x1000001F").decode("utf-16-le")
    mail.html = decode(held[0x1013]) if 0x1013 in held else None
    if 0x1013 in large:
        mail.html = session.read(transfer, message, "0x10130102")
    mail.code_page = held.get(0x3FDE, mime.UTF_8)
    with transfer.step(lambda: message.opened("IMessage.GetAttachmentTable", "lppTable", ulFlags=MAPI_UNICODE)) as table:
        transfer.step(lambda: table.call("IMAPITable.SetColumns", lpPropTagArray=["0x0E210003"], ulFlags=0))
        numbers = []
        while batch := transfer.step(lambda: table.call("IMAPITable.QueryRows", lRowCount=BATCH, ulFlags=0))["lppRows"]:
            numbers += [values(row)[0x0E21] for row in batch]
    for number in numbers:
        opened = lambda: message.opened("IMessage.OpenAttach", "lppAttach", ulAttachmentNum=number, lpInterface=None, ulFlags=0)  # noqa: B023, E731
        with transfer.step(opened) as attachment:
            one = gather_attachment(session, transfer, attachment)
            if one is not None:
                mail.attachments.append(one)
    return mail, bool(held.get(0x0023))


def gather_attachment(session: Maildrop, transfer: Transfer, attachment: Remote) -> mime.Attachment | None:
    tags = ["0x37050003", "0x3707001F", "0x3704001F", "0x370E001F", "0x3712001F", "0x37010102"]
    got = transfer.step(lambda: attachment.call("IMAPIProp.GetProps", lpPropTagArray=tags, ulFlags=MAPI_UNICODE))
    large = any(one.get("value") == "MAPI_E_NOT_ENOUGH_MEMORY" for one in got["lppPropArray"])
    held = values(got["lppPropArray"])
    content: bytes | mime.Mail
    method = held.get(0x3705, 1)
    if method == 1:
        content = session.read(transfer, attachment, "0x37010102") if large else decode(held.get(0x3701, ""))
    elif method == 5:
        with transfer.step(lambda: session.embedded(attachment, 0)) as inner:
            content, _ = gather(session, transfer, inner, Outgoing.recipients(session, transfer, inner))
    else:
        return None
    return mime.Attachment(held.get(0x3707, held.get(0x3704)), held.get(0x370E, ""), held.get(0x3712), content)


def sign(session: Maildrop, transfer: Transfer, message: Remote, mail: mime.Mail) -> None:
    parties = [(0x0C1A001F, 0x0C1E001F, 0x0C1F001F, 0x0C190102, 0x0C1D0102)]
    if mail.author is None:
        parties.append((0x0042001F, 0x0064001F, 0x0065001F, 0x00410102, 0x003B0102))
    key = encode(session.search_key(session.identity))
    held = (session.identity, session.address_type, session.identity, encode(session.entry_id), key)
    props = [prop(tag, value) for tags in parties for tag, value in zip(tags, held)]
    if mail.date is None:
        props.append(prop(0x00390040, mime.now()))
    props.append(prop(0x00480040, mime.now()))
    transfer.step(lambda: message.call("IMAPIProp.SetProps", lpPropArray=props))


def mark(transfer: Transfer, message: Remote, own: list[Row]) -> None:
    if DEFECT == "python-responsibility-not-set":
        return
    rows = []
    for row in own:
        kept = [one for one in row.props if int(one["tag"], 16) & 0xFFFF not in (0x000A, 0x0001)]
        rows.append([prop(0x0E0F000B, True) if one["tag"].upper().startswith("0X0E0F") else one for one in kept])
    transfer.step(lambda: message.call("IMessage.ModifyRecipients", ulFlags=4, lpMods=rows))


def report(session: Maildrop, transfer: Transfer, message: Remote, own: list[Row], receipts: bool) -> None:
    due = [row for row in own if receipts or row.treatment == "nobody"]
    if not due:
        return
    now = mime.now()
    rows = []
    for row in due:
        known = {int(one["tag"], 16): one for one in row.props}
        report = [known[tag] for tag in (0x30000003, 0x0FFF0102, 0x300B0102) if tag in known]
        report += [prop(0x0C150003, row.kind), prop(0x3001001F, row.name), prop(0x3002001F, row.address_type)]
        report += [prop(0x3003001F, row.address), prop(0x00320040, now)]
        if row.treatment == "nobody":
            report += [prop(0x0C040003, 1), prop(0x0C050003, 0), prop(0x1001001F, "There is nobody of this name here.")]
        else:
            report.append(prop(0x00100040, now))
        rows.append(report)
    transfer.check()
    session.support.call(
        "IMAPISupport.StatusRecips", lpMessage={"object": message.handle, "interface": message.interface}, lpRecipList=rows
    )
