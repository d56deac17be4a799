"""Messages on their way out: read, written as mail, marked as served, reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import mail as mime
from delivery import REPRESENTED, SENDER
from defects import DEFECT
from mapishim import MapiError, Remote, decode, encode, now, prop, values
from mapishim import flags as f
from mapishim import tags as t
from mapishim.props import tag_of
from mapishim.wire import Json
from transfer import Transfer, embedded

if TYPE_CHECKING:
    from outbound import Outbound

#: PR_NDR_REASON_CODE and PR_NDR_DIAG_CODE: the transfer failed, the recipient's name was not recognised.
_TRANSFER_FAILED, _UNKNOWN_RECIPIENT = 1, 0
_COLUMNS = (
    t.PR_ROWID, t.PR_RECIPIENT_TYPE, t.PR_RESPONSIBILITY, t.PR_ADDRTYPE_W, t.PR_EMAIL_ADDRESS_W, t.PR_DISPLAY_NAME_W,
)
_MESSAGE = (
    t.PR_SUBJECT_W, t.PR_BODY_W, t.PR_HTML, t.PR_INTERNET_CPID, t.PR_CLIENT_SUBMIT_TIME, t.PR_SENT_REPRESENTING_NAME_W,
    t.PR_SENT_REPRESENTING_EMAIL_ADDRESS_W, t.PR_INTERNET_MESSAGE_ID_W, t.PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED,
)
_ATTACHMENT = (
    t.PR_ATTACH_METHOD, t.PR_ATTACH_LONG_FILENAME_W, t.PR_ATTACH_FILENAME_W, t.PR_ATTACH_MIME_TAG_W, t.PR_ATTACH_CONTENT_ID_W,
    t.PR_ATTACH_DATA_BIN,
)
_BATCH = 64
_TOO_LARGE = "MAPI_E_NOT_ENOUGH_MEMORY"
_REFUSALS = ("MAPI_E_BUSY", "MAPI_E_NOT_ME", "MAPI_E_CANCEL", "MAPI_E_WAIT", "MAPI_E_NETWORK_ERROR")


class Row(NamedTuple):
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


def recipients(transfer: Transfer, message: Remote) -> list[Row]:
    """All recipients of a message, with all that is known of them."""
    found: list[Row] = []
    needed = [_text(tag) for tag in _COLUMNS]
    with transfer.step(lambda: message.opened("IMessage.GetRecipientTable", "lppTable", ulFlags=f.MAPI_UNICODE)) as table:
        columns = transfer.step(lambda: table.call("IMAPITable.QueryColumns", ulFlags=f.TBL_ALL_COLUMNS))["lpPropTagArray"]
        rest = [tag for tag in columns if tag[:6] not in {one[:6] for one in needed}]
        transfer.step(lambda: table.call("IMAPITable.SetColumns", lpPropTagArray=needed + rest, ulFlags=0))
        while rows := transfer.step(lambda: table.call("IMAPITable.QueryRows", lRowCount=_BATCH, ulFlags=0))["lppRows"]:
            found += [_row(row) for row in rows]
    return found


def _row(props: list[Json]) -> Row:
    got = values(props)
    kind = got.get(t.PR_RECIPIENT_TYPE >> 16, f.MAPI_TO) & 0xFFFFFFFF
    return Row(
        props=props,
        kind=kind & ~(f.MAPI_P1 | f.MAPI_SUBMITTED),
        hidden=bool(kind & f.MAPI_P1),
        served=bool(got.get(t.PR_RESPONSIBILITY >> 16)),
        address_type=got.get(t.PR_ADDRTYPE_W >> 16, ""),
        address=got.get(t.PR_EMAIL_ADDRESS_W >> 16, ""),
        name=got.get(t.PR_DISPLAY_NAME_W >> 16, ""),
    )


def send(session: Outbound, transfer: Transfer, message: Remote, rows: list[Row], own: list[Row]) -> None:
    """Sends a message to those recipients that are this transport's, and marks them."""
    try:
        mail, receipts = _gather(transfer, message, rows)
        _sign(session, transfer, message, mail)
    except MapiError as error:
        raise _plain(error) from None
    if mail.date is None:
        mail.date = now()
    envelope = [row.address for row in own if row.treatment != "nobody"]
    draft = session.put(mime.compose(mail, session.identity, envelope)) if envelope else None
    try:
        _mark(transfer, message, own)
        _report(session, transfer, message, own, receipts)
    except MapiError as error:
        if draft:
            draft.unlink(missing_ok=True)
        raise _plain(error) from None
    if draft:
        draft.rename(draft.with_suffix(".eml"))


def _text(tag: int) -> str:
    return f"0x{tag:08X}"


def _props(transfer: Transfer, target: Remote, tags: tuple[int, ...]) -> tuple[dict[int, Any], set[int]]:
    """Values by identifier, and which are too large to be had like this."""
    asked = [_text(tag) for tag in tags]
    got = transfer.step(lambda: target.call("IMAPIProp.GetProps", lpPropTagArray=asked, ulFlags=f.MAPI_UNICODE))["lppPropArray"]
    return values(got), {tag_of(one["tag"]) >> 16 for one in got if one.get("value") == _TOO_LARGE}


def _plain(error: MapiError) -> MapiError:
    """What a callback answered must not be taken for an answer about the message."""
    return MapiError("MAPI_E_CALL_FAILED") if error.code in _REFUSALS else error


def _gather(transfer: Transfer, message: Remote, rows: list[Row]) -> tuple[mime.Mail, bool]:
    """The mail that a message becomes, and whether receipts are wanted."""
    held, large = _props(transfer, message, _MESSAGE)

    def shown(kind: int) -> list[mime.Box]:
        return [(row.name, row.address) for row in rows if row.kind == kind and not row.hidden]

    def value(tag: int, default: Any = None) -> Any:
        return held.get(tag >> 16, default)

    mail = mime.Mail()
    mail.subject, mail.message_id = value(t.PR_SUBJECT_W, ""), value(t.PR_INTERNET_MESSAGE_ID_W)
    mail.to, mail.cc = shown(f.MAPI_TO), shown(f.MAPI_CC)
    date, author = value(t.PR_CLIENT_SUBMIT_TIME), value(t.PR_SENT_REPRESENTING_EMAIL_ADDRESS_W)
    mail.date = None if date is None else int(date)
    if author is not None:
        mail.author = (value(t.PR_SENT_REPRESENTING_NAME_W, ""), author)
    mail.text = value(t.PR_BODY_W)
    if t.PR_BODY_W >> 16 in large:
        mail.text = transfer.read(message, t.PR_BODY_W).decode("utf-16-le")
    html = value(t.PR_HTML)
    mail.html = transfer.read(message, t.PR_HTML) if t.PR_HTML >> 16 in large else html and decode(html)
    mail.code_page = value(t.PR_INTERNET_CPID, mime.UTF_8)
    for number in _attachments(transfer, message):
        with _opened(transfer, message, number) as attachment:
            one = _gather_attachment(transfer, attachment)
            if one is not None:
                mail.attachments.append(one)
    return mail, bool(value(t.PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED))


def _attachments(transfer: Transfer, message: Remote) -> list[int]:
    numbers: list[int] = []
    with transfer.step(lambda: message.opened("IMessage.GetAttachmentTable", "lppTable", ulFlags=f.MAPI_UNICODE)) as table:
        transfer.step(lambda: table.call("IMAPITable.SetColumns", lpPropTagArray=[_text(t.PR_ATTACH_NUM)], ulFlags=0))
        while batch := transfer.step(lambda: table.call("IMAPITable.QueryRows", lRowCount=_BATCH, ulFlags=0))["lppRows"]:
            numbers += [values(row)[t.PR_ATTACH_NUM >> 16] for row in batch]
    return numbers


def _opened(transfer: Transfer, message: Remote, number: int) -> Remote:
    return transfer.step(lambda: message.opened("IMessage.OpenAttach", "lppAttach", ulAttachmentNum=number, ulFlags=0))


def _gather_attachment(transfer: Transfer, attachment: Remote) -> mime.Attachment | None:
    held, large = _props(transfer, attachment, _ATTACHMENT)
    content: bytes | mime.Mail
    method = held.get(t.PR_ATTACH_METHOD >> 16, f.ATTACH_BY_VALUE)
    if method == f.ATTACH_BY_VALUE:
        bytes_of = held.get(t.PR_ATTACH_DATA_BIN >> 16, "")
        content = transfer.read(attachment, t.PR_ATTACH_DATA_BIN) if large else decode(bytes_of)
    elif method == f.ATTACH_EMBEDDED_MSG:
        with transfer.step(lambda: embedded(attachment, 0)) as inner:
            content, _ = _gather(transfer, inner, recipients(transfer, inner))
    else:
        return None
    short = held.get(t.PR_ATTACH_FILENAME_W >> 16)
    return mime.Attachment(
        file_name=held.get(t.PR_ATTACH_LONG_FILENAME_W >> 16, short),
        mime_type=held.get(t.PR_ATTACH_MIME_TAG_W >> 16, ""),
        content_id=held.get(t.PR_ATTACH_CONTENT_ID_W >> 16),
        content=content,
    )


def _sign(session: Outbound, transfer: Transfer, message: Remote, mail: mime.Mail) -> None:
    """Writes whose message it is, and when it went."""
    parties = [SENDER] if mail.author else [SENDER, REPRESENTED]
    key = encode(session.search_key(session.identity))
    held = (session.identity, session.address_type, session.identity, encode(session.entry_id), key)
    props = [prop(tag, value) for tags in parties for tag, value in zip(tags, held)]
    if mail.date is None:
        props.append(prop(t.PR_CLIENT_SUBMIT_TIME, now()))
    props.append(prop(t.PR_PROVIDER_SUBMIT_TIME, now()))
    transfer.step(lambda: message.call("IMAPIProp.SetProps", lpPropArray=props))


def _mark(transfer: Transfer, message: Remote, own: list[Row]) -> None:
    """Sets PR_RESPONSIBILITY: these recipients are served."""
    if DEFECT == "python-responsibility-never":
        return
    rows = []
    for row in own:
        kept = [one for one in row.props if tag_of(one["tag"]) & 0xFFFF not in (t.PT_ERROR, t.PT_NULL)]
        rest = [one for one in kept if tag_of(one["tag"]) != t.PR_RESPONSIBILITY]
        rows.append([*rest, prop(t.PR_RESPONSIBILITY, True)])
    transfer.step(lambda: message.call("IMessage.ModifyRecipients", ulFlags=f.MODRECIP_MODIFY, lpMods=rows))


def _report(session: Outbound, transfer: Transfer, message: Remote, own: list[Row], receipts: bool) -> None:
    """Has MAPI make reports: of delivery where they are wanted, and of what could not be delivered."""
    due = [row for row in own if receipts or row.treatment == "nobody"]
    if not due:
        return
    moment = now()
    rows = []
    for row in due:
        known = {tag_of(one["tag"]): one for one in row.props}
        report = [known[tag] for tag in (t.PR_ROWID, t.PR_ENTRYID, t.PR_SEARCH_KEY) if tag in known]
        report += [prop(t.PR_RECIPIENT_TYPE, row.kind), prop(t.PR_DISPLAY_NAME_W, row.name), prop(t.PR_ADDRTYPE_W, row.address_type)]
        report += [prop(t.PR_EMAIL_ADDRESS_W, row.address), prop(t.PR_REPORT_TIME, moment)]
        if row.treatment == "nobody":
            report += [prop(t.PR_NDR_REASON_CODE, _TRANSFER_FAILED), prop(t.PR_NDR_DIAG_CODE, _UNKNOWN_RECIPIENT)]
            report.append(prop(t.PR_REPORT_TEXT_W, "There is nobody of this name here."))
        else:
            report.append(prop(t.PR_DELIVER_TIME, moment))
        rows.append(report)
    transfer.check()
    session.support.call("IMAPISupport.StatusRecips", lpMessage=message.reference, lpRecipList=rows)
