"""The meaning of an HTTP answer."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.hiding import hide_secrets
from reminderctl.text import printable, shorten

_LONGEST_QUOTE = 200  # characters of an answer in an error text
_LONGEST_WAIT = 7 * 86400  # seconds: what a server asks beyond that is a slip, and deadlines are nearer anyway


class Response(Struct, frozen=True, kw_only=True):
    """The answer of a server; the names in `headers` are in lower case.

    `body` holds at most 64 KiB and is empty where it broke off; `complete` says that it is all there.
    """

    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    complete: bool = True

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """Return the body as JSON says it, or None where it is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    @property
    def is_html(self) -> bool:
        """Return True for a page for people: a login, an error, a captive portal."""
        kind = self.headers.get("content-type", "").lower()
        return kind.startswith("text/html") or self.body[:100].lstrip().lower().startswith(
            (b"<!doctype html", b"<html")
        )

    @property
    def retry_after(self) -> timedelta | datetime | None:
        return read_retry_after(self.headers.get("retry-after"))


def classify_status(
    status: int, retry_after: timedelta | datetime | None = None, *, text: str = "", repeatable: bool = False
) -> DeliveryError | None:
    """Return the error for an HTTP status where nothing more special is known; None for accepted.

    `repeatable`: the receiver knows repetitions by their id, or they do no harm. Then whatever may pass is worth
    another attempt; otherwise a server that broke in the middle may have sent the message, and nobody can know.
    A 101 accepts what nobody asked for, so it is an error of the server's, like those from 500 on.
    A 409 to a request with an id says that the same is still under way: another attempt gets the lasting answer.
    """
    if 200 <= status < 300:
        return None
    if status in (425, 429):
        return Throttled(text, retry_after=retry_after)
    if 300 <= status < 400 or status in (401, 402, 403, 407):
        return ChannelDown(text, retry_after=retry_after)
    if repeatable and (status in (101, 408, 409) or status >= 500):
        return Unavailable(text, retry_after=retry_after)
    if status == 503 and retry_after is not None:
        return Unavailable(text, retry_after=retry_after)
    if 400 <= status < 500 and status != 408:
        return Rejected(text)
    return Unknown(text)


def asked_wait(answer: Response) -> timedelta | datetime | None:
    """Return the wait that a server asks for: in a header, or in seconds in its body, as Discord does."""
    said = answer.json if answer.status == 429 else None
    seconds = said.get("retry_after") if isinstance(said, dict) else None
    in_body = read_retry_after(str(seconds)) if isinstance(seconds, int | float) else None
    in_header = answer.retry_after
    if isinstance(in_header, timedelta) and isinstance(in_body, timedelta):
        return max(in_header, in_body)
    return in_header or in_body


def describe(answer: Response, *, hide: Iterable[str] = ()) -> str:
    """Return an answer in one line: the host, the status and the server's own words, without the texts to `hide`."""
    from http import HTTPStatus

    known = answer.status in HTTPStatus.__members__.values()
    head = f"{answer.host} answered {answer.status}{' ' + HTTPStatus(answer.status).phrase if known else ''}"
    said = "" if answer.is_html else quote(answer.text, hide=hide)
    return f"{head}: {said}" if said else head


def quote(words: str, *, hide: Iterable[str] = ()) -> str:
    """Return a server's words in one short line; each of the texts to `hide` is replaced by ***."""
    words = hide_secrets(words, hide)
    return shorten(" ".join(printable(words[:4000]).split()), _LONGEST_QUOTE)


def read_retry_after(text: str | None) -> timedelta | datetime | None:
    """Return the wait that a server asks for: a Retry-After header's seconds, or its date in UTC.

    None where it says nothing of use. Seconds: at least one, at most a week's; a date as it is, passed or not.
    """
    text = (text or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return timedelta(seconds=min(max(math.ceil(float(text[:20])), 1), _LONGEST_WAIT))
    if not text or not text[0].isalpha():
        return None
    from email.utils import parsedate_to_datetime

    try:
        asked = parsedate_to_datetime(text)
        return (asked if asked.tzinfo else asked.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
