"""The MIME form of an email.

The parts are put together here and not by `email.message`: up to Python 3.11.9 that package decodes an encoded word in
a header's value and writes the line break it may hold (CVE-2024-6923), it draws random boundaries, and it takes 2 ms
for a mail. Nothing here parses a value: each goes out as plain ASCII or wholly encoded.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import re
from collections.abc import Iterator, Sequence
from email.header import Header
from email.utils import encode_rfc2231, format_datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from reminderctl.channels._email import calendar_files
from reminderctl.channels._email.message import LONGEST_HEADER
from reminderctl.channels.addresses import Mailbox, parse_mailbox
from reminderctl.errors import Rejected
from reminderctl.model import Attachment, Envelope
from reminderctl.text import shorten

if TYPE_CHECKING:
    from reminderctl.channels._email.message import Message
    from reminderctl.channels._email.settings import Settings

UNCONFIGURED_SENDER = "reminderctl@localhost"
# RFC 3834 stops vacation replies; Exchange reads a header of its own. Its `All` would ask for no bounces (NDR) either,
# and those tell us of addresses that are wrong (MS-OXCMAIL, 2.1.3.2.20).
AUTOMATIC = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply, DR, RN, NRN"}

_LONGEST_LINE = 990  # octets; RFC 5322 allows 998, and some relays count differently
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL_IN_BODY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NEEDS_QUOTES = re.compile(r"[^A-Za-z0-9 !#$%&\'*+/=?^_`{|}~-]")
_CONTENT_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:;[ -~]*)?", re.ASCII)


class Mail(Struct, frozen=True, kw_only=True):
    """A mail ready to be handed over: the envelope's two addresses and the bytes, with CRLF line ends.

    `international`: an address holds letters beyond ASCII before its @, so the server must know SMTPUTF8.
    """

    sender: str
    recipient: str
    message_id: str
    content: bytes
    international: bool


class _MimePart(Struct, frozen=True):
    headers: tuple[str, ...]
    body: bytes

    def __bytes__(self) -> bytes:
        return "\r\n".join([*self.headers, "", ""]).encode() + self.body


def compose(message: Message, settings: Settings | None, *, envelope: Envelope) -> Mail:
    """Return the mail that carries a message; the same envelope always gives the same bytes.

    Raises `Rejected` where an address is none, where a header is too long, or where the mail would say nothing.
    """
    if not (message.body.strip() or message.html.strip()):
        raise Rejected("the mail has no text: every shortcode in its body is empty")
    sender = _mailbox("from", message.from_ or (settings.from_ if settings else "") or UNCONFIGURED_SENDER)
    recipient = _mailbox("to", message.to)
    reply_to = message.reply_to or (settings.reply_to if settings else "")
    addresses = {"From": sender, "To": recipient} | ({"Reply-To": _mailbox("reply_to", reply_to)} if reply_to else {})
    message_id = f"<{re.sub('[^A-Za-z0-9.-]', '-', envelope.key)}@{sender.domain}>"
    own = {name.lower() for name in message.headers}
    texts = {name: value for name, value in AUTOMATIC.items() if name.lower() not in own} | dict(message.headers)
    headers = [
        *(_address_line(name, mailbox) for name, mailbox in addresses.items()),
        _text_line("Subject", message.subject),
        f"Date: {format_datetime(envelope.at)}",
        f"Message-ID: {message_id}",
        *(_text_line(name, value) for name, value in texts.items() if value),
        "MIME-Version: 1.0",
    ]
    content = _content(message, organizer=sender)
    return Mail(
        sender=sender.address,
        recipient=recipient.address,
        message_id=message_id,
        content=bytes(_MimePart((*headers, *content.headers), content.body)),
        international=not all(mailbox.address.isascii() for mailbox in addresses.values()),
    )


# --- headers --------------------------------------------------------------------------------------------------------


def _mailbox(field: str, text: str) -> Mailbox:
    try:
        return parse_mailbox(text)
    except ValueError as error:
        raise Rejected(f"{field}: {shorten(text, 100)!r} {error}; an address looks like ana@example.com") from None


def _address_line(name: str, mailbox: Mailbox) -> str:
    shown = _bounded(name, _one_line(mailbox.name))
    if not shown:
        return f"{name}: {mailbox.address}"
    if not _is_plain(shown) or len(shown) > _LONGEST_LINE // 2:
        shown = _encoded(name, shown)
    elif _NEEDS_QUOTES.search(shown):
        shown = '"' + re.sub(r'(["\\])', r"\\\1", shown) + '"'
    return f"{name}: {shown} <{mailbox.address}>"


def _text_line(name: str, value: str) -> str:
    text = _bounded(name, _one_line(value))
    # Not folded where it fits: a folded List-Unsubscribe has broken signatures, and 78 is only advice.
    fits = _is_plain(text) and len(name) + len(text) < _LONGEST_LINE
    return f"{name}: {text if fits else _encoded(name, text)}"


def _bounded(name: str, text: str) -> str:
    if len(text) > LONGEST_HEADER:
        what = f"is {len(text):,} characters long; a header holds at most {LONGEST_HEADER:,}"
        raise Rejected(f"{name.lower()}: {what}: shorten the text, or what its shortcodes are filled with")
    return text


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text


@functools.lru_cache(maxsize=256)  # the sender's name is in every mail, and this is half the work on one
def _encoded(name: str, text: str) -> str:
    whole = text.encode(errors="replace").decode()  # a lone surrogate cannot travel
    return Header(whole, "utf-8", header_name=name, maxlinelen=76).encode(linesep="\r\n")


# --- parts ----------------------------------------------------------------------------------------------------------


def _content(message: Message, *, organizer: Mailbox) -> _MimePart:
    given = {"plain": message.body if message.body.strip() else _text_of(message.html), "html": message.html}
    texts = [_text_part(subtype, text) for subtype, text in given.items() if text.strip()]
    inner = _multipart("alternative", texts) if len(texts) > 1 else texts[0]
    attached = [each for each in message.attach if isinstance(each, Attachment)]
    files = [_file_part(calendar_files.with_organizer(each, organizer)) for each in attached]
    return _multipart("mixed", [inner, *files]) if files else inner


def _text_of(html: str) -> str:
    if not html.strip():
        return ""
    from reminderctl.channels._email import plain_text

    return plain_text.text_of(html)


def _text_part(subtype: str, text: str) -> _MimePart:
    lines = _CONTROL_IN_BODY.sub("", re.sub(r"\r\n?", "\n", text)).rstrip("\n").split("\n")
    raw = "".join(f"{line}\r\n" for line in lines).encode(errors="replace")
    if raw.isascii() and max(map(len, lines)) <= _LONGEST_LINE:
        encoding, body = "7bit", raw
    else:  # whichever is shorter: Spanish stays readable as quoted-printable, Greek is smaller as base64
        encodings = (("quoted-printable", binascii.b2a_qp(raw, istext=True)), ("base64", _base64_lines(raw)))
        encoding, body = min(encodings, key=lambda each: len(each[1]))
    return _MimePart((f"Content-Type: text/{subtype}; charset=utf-8", f"Content-Transfer-Encoding: {encoding}"), body)


def _file_part(attachment: Attachment) -> _MimePart:
    content_type = attachment.content_type
    if not _CONTENT_TYPE.fullmatch(content_type):
        content_type = "application/octet-stream"
    filename = re.sub(r'["\\/]|=\?', "_", _bounded("attach", _one_line(attachment.filename))) or "attachment"
    named = f'="{filename}"' if filename.isascii() else f"*={encode_rfc2231(filename, 'utf-8')}"
    headers = (
        f"Content-Type: {content_type}",
        f"Content-Disposition: attachment; filename{named}",
        "Content-Transfer-Encoding: base64",
    )
    return _MimePart(headers, _base64_lines(attachment.content))


def _multipart(subtype: str, parts: Sequence[_MimePart]) -> _MimePart:
    # A hash of what it divides: nobody can write a text that holds it, and a resent mail is the same to the byte.
    boundary = "=_" + hashlib.sha256(b"".join(map(bytes, parts))).hexdigest()[:40]

    def pieces() -> Iterator[bytes]:
        for part in parts:
            yield b"--" + boundary.encode() + b"\r\n" + bytes(part) + b"\r\n"

    return _MimePart(
        (f'Content-Type: multipart/{subtype}; boundary="{boundary}"',),
        b"".join(pieces()) + b"--" + boundary.encode() + b"--\r\n",
    )


def _base64_lines(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")
