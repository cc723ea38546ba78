"""The fields of a message as the person who tries it sees them, by the names of its channel."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from reminderctl.channels.masking import mask_headers, mask_url
from reminderctl.channels.sms import count_segments
from reminderctl.text import pluralize

FORM = "application/x-www-form-urlencoded"
LONGEST_SEGMENT = 160  # characters
MOST_CHARACTERS = 8  # named, of those that make an SMS longer
_OWN = frozenset({"from", "to", "subject", "mime-version", "content-type", "content-transfer-encoding"})


def read_fields(channel: str, content: bytes | Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of what a channel's `preview` gave, without secrets.

    A mail: `from`, `to`, `subject`, `body`, `html`, `headers`, `attachments` (names) and `attachment_types`. An SMS has
    `left` (characters) and `cost` (words) besides its own.
    """
    if isinstance(content, bytes):
        return _read_mail(content)
    return _READERS.get(channel, dict)(content)


def find_form(fields: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """Return the names and values in the body of a request that a web form might have made; None for any other body."""
    headers = {name.lower(): value for name, value in fields["headers"].items()}
    if not fields["body"] or not headers.get("content-type", "").startswith(FORM):
        return None
    return parse_qsl(fields["body"], keep_blank_values=True)


def _read_mail(content: bytes) -> dict[str, Any]:
    # Not with the newer policies of `email`, whose parser of headers takes ten times as long as making the mail.
    from email import message_from_string

    mail = message_from_string(content.decode())
    parts = [part for part in mail.walk() if not part.is_multipart()]
    texts = {part.get_content_subtype(): _text_of(part) for part in reversed(parts) if not part.get_filename()}
    files = [part for part in parts if part.get_filename()]
    return {
        **{name: _decoded(mail[name]) for name in ("from", "to", "subject")},
        "body": texts.get("plain"),
        "html": texts.get("html"),
        "headers": {name: _decoded(value) for name, value in mail.items() if name.lower() not in _OWN},
        "attachments": [part.get_filename() for part in files],
        "attachment_types": [part.get_content_type() for part in files],
    }


def _decoded(value: str) -> str:
    from email.header import decode_header, make_header

    return str(make_header(decode_header(value))) if "=?" in value else value


def _text_of(part: Any) -> str:
    return str(part.get_payload(decode=True).decode()).replace("\r\n", "\n").rstrip("\n")


def _read_sms(content: Mapping[str, Any]) -> dict[str, Any]:
    body, segments = content["body"], content["segments"]
    # The most letters that can be added before another SMS is paid for.
    longer = range(1, LONGEST_SEGMENT + 1)
    left = bisect_left(longer, segments + 1, key=lambda count: count_segments(body + "a" * count).segments)
    cost = f"{segments} SMS, {content['encoding']}{_why_long(body)}; {pluralize(left, 'character')} left"
    return {**content, "left": left, "cost": cost}


def _why_long(body: str) -> str:
    """Name the characters that make a text UCS-2, which has less than half the places."""
    found = [each for each in dict.fromkeys(body) if count_segments(each).encoding == "UCS-2"]
    if not found:
        return ""
    more = f" and {len(found) - MOST_CHARACTERS} more" if len(found) > MOST_CHARACTERS else ""
    return f" because of {' '.join(found[:MOST_CHARACTERS])}{more}"


def _read_request(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **content,
        "url": mask_url(content["url"]),
        "headers": mask_headers(content["headers"]),
        "body": _pretty(content["body"], content["headers"]),
    }


def _pretty(body: str | None, headers: Mapping[str, str]) -> str | None:
    """Return JSON with a line for each of its values; anything else as it is."""
    content_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if not body or "json" not in content_type.lower():
        return body
    try:
        return msgspec.json.format(body, indent=2)
    except msgspec.DecodeError:
        return body


_READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {"sms": _read_sms, "webhook": _read_request}
