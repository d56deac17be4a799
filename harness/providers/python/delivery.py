"""A mail becomes a message."""

from __future__ import annotations

import time

import mail as mime
from defects import DEFECT
from mapishim import Remote, encode, now, prop
from mapishim import flags as f
from mapishim import tags as t
from mapishim.wire import Json
from transfer import Transfer, embedded

#: What says who sent a message, and for whom.
SENDER = (
    t.PR_SENDER_NAME_W, t.PR_SENDER_ADDRTYPE_W, t.PR_SENDER_EMAIL_ADDRESS_W, t.PR_SENDER_ENTRYID, t.PR_SENDER_SEARCH_KEY,
)
REPRESENTED = (
    t.PR_SENT_REPRESENTING_NAME_W, t.PR_SENT_REPRESENTING_ADDRTYPE_W, t.PR_SENT_REPRESENTING_EMAIL_ADDRESS_W,
    t.PR_SENT_REPRESENTING_ENTRYID, t.PR_SENT_REPRESENTING_SEARCH_KEY,
)
_RECIPIENT = (t.PR_DISPLAY_NAME_W, t.PR_ADDRTYPE_W, t.PR_EMAIL_ADDRESS_W, t.PR_ENTRYID, t.PR_SEARCH_KEY)
#: Bodies beyond this go through a stream.
_LONG_BODY = 256 * 1024


def deliver(transfer: Transfer, message: Remote, mail: mime.Mail) -> None:
    """Fills a message; it is not saved."""
    text = None if mail.text is None else mail.text.encode("utf-16-le")
    long_text = text is not None and len(text) > 2 * _LONG_BODY
    long_html = mail.html is not None and len(mail.html) > _LONG_BODY
    props = [prop(t.PR_MESSAGE_CLASS_W, "IPM.Note"), prop(t.PR_SUBJECT_W, mail.subject)]
    if mail.text is not None and not long_text:
        props.append(prop(t.PR_BODY_W, mail.text))
    if mail.html is not None:
        if not long_html:
            props.append(prop(t.PR_HTML, encode(mail.html)))
        props.append(prop(t.PR_INTERNET_CPID, mail.code_page))
    if mail.headers:
        props.append(prop(t.PR_TRANSPORT_MESSAGE_HEADERS_W, mail.headers))
    if mail.message_id:
        props.append(prop(t.PR_INTERNET_MESSAGE_ID_W, mail.message_id))
    if mail.date is not None:
        off = -time.timezone if DEFECT == "python-local-time" else 0
        props.append(prop(t.PR_CLIENT_SUBMIT_TIME, mail.date + off * 10_000_000))
    if DEFECT != "python-no-delivery-time":
        props.append(prop(t.PR_MESSAGE_DELIVERY_TIME, now()))
    for tags, box in ((SENDER, mail.sender or mail.author), (REPRESENTED, mail.author)):
        if box:
            props += _party(transfer, tags, box)
    transfer.step(lambda: message.call("IMAPIProp.SetProps", lpPropArray=props))
    if text is not None and long_text:
        transfer.write(message, t.PR_BODY_W, text)
    if mail.html is not None and long_html:
        transfer.write(message, t.PR_HTML, mail.html)
    rows = []
    for kind, boxes in ((f.MAPI_TO, mail.to), (f.MAPI_CC, mail.cc), (f.MAPI_BCC, mail.bcc)):
        for box in boxes:
            rows.append([prop(t.PR_RECIPIENT_TYPE, kind), *_party(transfer, _RECIPIENT, box)])
    if rows:
        transfer.step(lambda: message.call("IMessage.ModifyRecipients", ulFlags=f.MODRECIP_ADD, lpMods=rows))
    for one in mail.attachments:
        _attach(transfer, message, one)


def _attach(transfer: Transfer, message: Remote, one: mime.Attachment) -> None:
    with transfer.step(lambda: message.opened("IMessage.CreateAttach", "lppAttach", ulFlags=0)) as attachment:
        inner = one.content if isinstance(one.content, mime.Mail) else None
        method = f.ATTACH_EMBEDDED_MSG if inner else f.ATTACH_BY_VALUE
        props = [prop(t.PR_ATTACH_METHOD, method), prop(t.PR_RENDERING_POSITION, -1)]
        shown = one.file_name or (inner.subject if inner else None)
        if shown:
            props.append(prop(t.PR_DISPLAY_NAME_W, shown))
        if one.file_name:
            props += [prop(t.PR_ATTACH_FILENAME_W, one.file_name), prop(t.PR_ATTACH_LONG_FILENAME_W, one.file_name)]
        props.append(prop(t.PR_ATTACH_MIME_TAG_W, one.mime_type))
        if one.content_id:
            props.append(prop(t.PR_ATTACH_CONTENT_ID_W, one.content_id))
        transfer.step(lambda: attachment.call("IMAPIProp.SetProps", lpPropArray=props))
        if inner is None:
            assert isinstance(one.content, bytes)
            transfer.write(attachment, t.PR_ATTACH_DATA_BIN, one.content)
        else:
            with transfer.step(lambda: embedded(attachment, f.MAPI_CREATE | f.MAPI_MODIFY)) as made:
                deliver(transfer, made, inner)
                transfer.step(lambda: made.call("IMAPIProp.SaveChanges", ulFlags=0))
        transfer.step(lambda: attachment.call("IMAPIProp.SaveChanges", ulFlags=0))


def _party(transfer: Transfer, tags: tuple[int, ...], box: mime.Box) -> list[Json]:
    name, address = box
    session = transfer.session
    entry = transfer.step(lambda: session.one_off(name, address))
    held = (name, session.address_type, address, encode(entry), encode(session.search_key(address)))
    return [prop(tag, value) for tag, value in zip(tags, held)]
