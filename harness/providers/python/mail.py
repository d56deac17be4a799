"""RFC 5322 on one side, MAPI's properties on the other.

The `email` package takes as long to be imported as all the rest of the provider: it is where there is mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mapishim.filetime import EPOCH, filetime

if TYPE_CHECKING:
    import email.message

UTF_8 = 65001
CODE_PAGES = {
    "utf-8": UTF_8, "utf8": UTF_8, "us-ascii": 20127, "ascii": 20127, "iso-8859-1": 28591, "latin1": 28591, "iso-8859-2": 28592,
    "iso-8859-15": 28605, "koi8-r": 20866, "shift_jis": 932, "iso-2022-jp": 50220, "gb2312": 936, "gbk": 936, "big5": 950,
} | {f"windows-{page}": page for page in range(1250, 1259)}
CHARSETS = {page: name for name, page in reversed(CODE_PAGES.items())}

Box = tuple[str, str]


class Attachment(NamedTuple):
    """Something attached: bytes, or a message."""

    file_name: str | None
    mime_type: str
    content_id: str | None
    content: bytes | Mail


class Mail:
    """A mail, taken apart."""

    def __init__(self, text: str | None = None) -> None:
        self.headers = ""
        self.subject = ""
        self.sender: Box | None = None
        self.author: Box | None = None
        self.to: list[Box] = []
        self.cc: list[Box] = []
        self.bcc: list[Box] = []
        self.message_id: str | None = None
        self.date: int | None = None
        self.text = text
        self.html: bytes | None = None
        self.code_page = UTF_8
        self.attachments: list[Attachment] = []


def parse(raw: bytes) -> Mail:
    """Takes a mail apart. What is no mail at all becomes one with nothing but a body: it must not block the rest."""
    import email.policy

    message = email.message_from_bytes(raw, policy=email.policy.default)
    if not any(name and name.isascii() and name.isprintable() and " " not in name for name in message.keys()):
        return Mail(text=_text(raw))
    return _of(message, raw)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _boxes(message: email.message.EmailMessage, name: str) -> list[Box]:
    import email.header
    import email.utils

    # The library's own address headers take seconds for hundreds of addresses.
    raw = [str(value) for key, value in message.raw_items() if key.lower() == name.lower()]
    found: list[Box] = []
    for display, address in email.utils.getaddresses([" ".join(value.split()) for value in raw]):
        if address:
            found.append((str(email.header.make_header(email.header.decode_header(display))) or address, address))
    return found


def _of(message: email.message.EmailMessage, raw: bytes | None) -> Mail:
    import email.policy
    import email.utils

    if raw is None:
        raw = message.as_bytes(policy=email.policy.compat32)
    ends = [at for at in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if at >= 0]
    head = raw[: min(ends)] if ends else raw
    line = b"\r\n" if b"\r\n" in raw else b"\n"
    mail = Mail()
    mail.headers = _text(head + line)
    mail.subject = str(message.get("Subject", ""))
    mail.author = next(iter(_boxes(message, "From")), None)
    mail.sender = next(iter(_boxes(message, "Sender")), None)
    mail.to, mail.cc, mail.bcc = (_boxes(message, name) for name in ("To", "Cc", "Bcc"))
    identifier = message.get("Message-ID")
    if identifier:
        mail.message_id = f"<{str(identifier).strip().strip('<>')}>"
    if message.get("Date"):
        try:
            mail.date = filetime(email.utils.parsedate_to_datetime(str(message["Date"])).timestamp())
        except (TypeError, ValueError):
            pass
    _take(mail, message)
    return mail


def _take(mail: Mail, part: email.message.EmailMessage) -> None:
    kind = part.get_content_type()
    if part.is_multipart() and kind != "message/rfc822":
        for inner in part.iter_parts():
            _take(mail, inner)
        return
    name = part.get_filename()
    attached = name is not None or part.get_content_disposition() == "attachment"
    if not attached and kind == "text/plain" and mail.text is None:
        mail.text = _decoded(part)
        return
    if not attached and kind == "text/html" and mail.html is None:
        charset = (part.get_content_charset() or "utf-8").lower()
        if charset in CODE_PAGES:
            mail.html, mail.code_page = part.get_payload(decode=True) or b"", CODE_PAGES[charset]
        else:
            mail.html = _decoded(part).encode("utf-8")
        return
    identifier = part.get("Content-ID")
    content_id = str(identifier).strip().strip("<>") if identifier else None
    content: bytes | Mail
    if kind == "message/rfc822":
        content = _of(part.get_payload(0), None)
    else:
        content = part.get_payload(decode=True) or b""
    mail.attachments.append(Attachment(name, kind, content_id, content))


def _decoded(part: email.message.EmailMessage) -> str:
    raw = part.get_payload(decode=True) or b""
    try:
        return raw.decode(part.get_content_charset() or "utf-8", errors="strict")
    except (LookupError, UnicodeDecodeError):
        return _text(raw)


def compose(mail: Mail, sender: str | None, envelope: list[str]) -> bytes:
    """Writes a mail, with the header that tells whom it really goes to."""
    import email.message
    import email.policy
    import email.utils

    lines: list[str] = []
    policy = email.policy.SMTP
    head = email.message.EmailMessage(policy=policy)
    if envelope:
        head["X-Sent-To"] = ", ".join(envelope)
    author = mail.author or (("", sender) if sender else None)
    if author:
        head["From"] = _address(author)
    if sender and (author is None or author[1] != sender):
        head["Sender"] = _address(("", sender))
    for name, boxes in (("To", mail.to), ("Cc", mail.cc)):
        if boxes:
            head[name] = ", ".join(_address(box) for box in boxes)
    head["Subject"] = " ".join(mail.subject.splitlines())
    if mail.date is not None:
        head["Date"] = email.utils.formatdate((mail.date - EPOCH) / 10_000_000)
    if mail.message_id:
        head["Message-ID"] = mail.message_id
    head["MIME-Version"] = "1.0"
    lines.append(head.as_bytes().decode("ascii", "surrogateescape").split("\r\n\r\n")[0].rstrip("\r\n"))
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n" + _body(mail)


def _address(box: Box) -> str:
    import email.utils

    name, address = box
    return email.utils.formataddr((name if name != address else "", address))


def _leaf(kind: str, data: bytes, *headers: str) -> bytes:
    import base64

    encoded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    head = [f"Content-Type: {kind}", *headers, "Content-Transfer-Encoding: base64"]
    return "\r\n".join(head).encode("utf-8") + b"\r\n\r\n" + encoded


def _multipart(kind: str, parts: list[bytes]) -> bytes:
    import uuid

    mark = uuid.uuid4().hex.encode()
    inner = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts)
    return b"Content-Type: multipart/" + kind.encode() + b"; boundary=\"" + mark + b"\"\r\n\r\n" + inner + b"--" + mark + b"--\r\n"


def _body(mail: Mail) -> bytes:
    bodies = []
    if mail.text is not None or mail.html is None:
        bodies.append(_leaf("text/plain; charset=utf-8", (mail.text or "").encode("utf-8")))
    if mail.html is not None:
        bodies.append(_leaf(f"text/html; charset={CHARSETS.get(mail.code_page, 'utf-8')}", mail.html))
    body = bodies[0] if len(bodies) == 1 else _multipart("alternative", bodies)
    if not mail.attachments:
        return body
    return _multipart("mixed", [body, *(_attached(one) for one in mail.attachments)])


def _attached(one: Attachment) -> bytes:
    from email.utils import encode_rfc2231

    disposition = "Content-Disposition: attachment"
    if one.file_name is not None:
        name = one.file_name
        plain = name.isascii() and '"' not in name
        disposition += f'; filename="{name}"' if plain else f"; filename*={encode_rfc2231(name, 'utf-8')}"
    headers = [disposition] + ([f"Content-ID: <{one.content_id}>"] if one.content_id else [])
    if isinstance(one.content, Mail):
        return "\r\n".join(["Content-Type: message/rfc822", *headers]).encode("utf-8") + b"\r\n\r\n" + compose(one.content, None, [])
    kind = one.mime_type if "/" in (one.mime_type or "") else "application/octet-stream"
    return _leaf(kind, one.content, *headers)
