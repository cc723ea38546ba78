"""One GET request of a source: an answer that is whole, or a `SourceError` that names the host only."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

import requests
import urllib3
from msgspec import Struct

from reminderctl import __version__
from reminderctl.http_transport import transport
from reminderctl.sources.errors import SourceError
from reminderctl.sources.readers.exports import LARGEST

_LONGEST_MARK = 1000  # characters of an ETag
_LEAST_AGE = 60  # seconds: what changed that shortly before it was sent may change again within the same second
_SUFFIXES = {
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "application/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "text/json": ".json",
    "application/x-ndjson": ".ndjson",
    "application/ndjson": ".ndjson",
    "application/jsonl": ".ndjson",
}
_ADVICE = {
    401: "; is the password or the token right?",
    403: "; is the password or the token right, and may it read bookings?",
    404: "; is the address right?",
    410: "; is the address right?",
}
_HTML = ("text/html", "application/xhtml+xml")


class Page(Struct, frozen=True, kw_only=True):
    """The answer to one request; `is_bounded` unless only the end of the connection says where it ends."""

    content: bytes = b""
    is_unchanged: bool = False
    suffix: str = ""
    charset: str = ""
    etag: str | None = None
    last_modified: str | None = None
    is_bounded: bool = True


class Getter:
    """Makes the requests of one reading, each on a connection of its own, inside the attempt of the caller."""

    def __init__(self, headers: Mapping[str, str], *, timeout: float, trust: str | Literal[False] | None) -> None:
        self._headers, self._timeout, self._trust = headers, timeout, trust

    def get(self, url: str, *, conditions: Mapping[str, str]) -> Page:
        """Return the answer; raises `SourceError` where there is none, or none that can be used."""
        host = urlsplit(url).hostname or "no host"
        agent = {"User-Agent": f"reminderctl/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip"}
        session = transport.HttpSession({}, keep_alive=False)
        try:
            request = self._prepare(url, {**agent, **self._headers, **conditions, "Connection": "close"}, host=host)
            response = session.carry(request, timeout=self._timeout, trust=self._trust)
            try:
                return _judge(response, host=host, url=url, is_conditional=bool(conditions))
            finally:
                response.raw.close()
        except transport.NotSent as error:
            raise SourceError(str(error)) from None
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            raise SourceError(f"{host} gave no whole answer within {self._timeout:g} s") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if _is_timeout(error):
                raise SourceError(f"{host} gave no whole answer within {self._timeout:g} s") from None
            raise SourceError(f"{host} broke off before its answer was whole") from None
        finally:
            session.close()

    def _prepare(self, url: str, headers: Mapping[str, str], *, host: str) -> requests.PreparedRequest:
        try:
            encoded = {name: value if value.isascii() else value.encode() for name, value in headers.items()}
            return requests.Request("GET", url, headers=encoded).prepare()
        except (requests.exceptions.RequestException, ValueError):
            raise SourceError(f"the request to {host} cannot be made; is its address, or a header, right?") from None


def _is_timeout(error: BaseException) -> bool:
    """Return True where our own deadline is at the root of what a library raises."""
    seen: set[int] = set()
    below: BaseException | None = error
    while below is not None and id(below) not in seen:
        if isinstance(below, TimeoutError):
            return True
        seen.add(id(below))
        inside = [each for each in below.args if isinstance(each, BaseException)]
        below = inside[0] if inside else below.__cause__ or below.__context__
    return False


def _judge(response: requests.Response, *, host: str, url: str, is_conditional: bool) -> Page:
    headers = response.headers
    status = response.status_code
    if status == HTTPStatus.NOT_MODIFIED and is_conditional:
        return Page(is_unchanged=True)
    if status != HTTPStatus.OK:
        raise SourceError(f"{host} answered {_name(status)}{_describe_way(headers, status=status, url=url)}")
    kind, _, parameters = headers.get("Content-Type", "").partition(";")
    kind = kind.strip().lower()
    if kind in _HTML:
        raise SourceError(f"{host} answered with a web page, perhaps to log in, in place of bookings")
    charset = re.search(r'charset\s*=\s*"?([^";\s]+)', parameters, re.IGNORECASE)
    content = _read(response, host=host)
    beginning = content[:100].removeprefix(codecs.BOM_UTF8).lstrip()
    if not beginning:
        raise SourceError(f"{host} answered with nothing")
    if beginning.startswith(b"<"):
        raise SourceError(f"{host} answered with a web page or XML, perhaps to log in, in place of bookings")
    return Page(
        content=content,
        suffix=_SUFFIXES.get(kind) or (".json" if kind.endswith("+json") else ""),
        charset=charset[1] if charset else "",
        etag=_mark(headers.get("ETag")),
        last_modified=_mark(headers.get("Last-Modified")) if _is_settled(headers) else None,
        is_bounded="Content-Length" in headers or "chunked" in headers.get("Transfer-Encoding", "").lower(),
    )


def _name(status: int) -> str:
    known = status in HTTPStatus.__members__.values()
    return f"{status} {HTTPStatus(status).phrase}" if known else str(status)


def _describe_way(headers: Mapping[str, str], *, status: int, url: str) -> str:
    """Return where a redirect leads, or what may help against another status."""
    if not 300 <= status < 400:
        return _ADVICE.get(status, "")
    try:
        there, here = urlsplit(headers.get("Location", "")), urlsplit(url)
        host = there.hostname
    except ValueError:
        host = None
    if not host or host == here.hostname:
        way = f"{there.scheme}://{host}" if host and there.scheme != here.scheme else "another page of its own"
    else:
        way = host
    return f", which leads to {way}; no redirect is followed: write the address where it ends"


def _read(response: requests.Response, *, host: str) -> bytes:
    """Return the body without its compression; raises `SourceError` for one that is too long or breaks off."""
    body = b""
    try:
        # The library says only of a read without any bytes that some are lacking.
        while len(body) <= LARGEST and (part := response.raw.read(LARGEST + 1, decode_content=False)):
            body += part
    except (urllib3.exceptions.ProtocolError, OSError) as error:
        if _is_timeout(error):
            raise
        raise SourceError(f"{host} broke off: its answer is shorter than it says") from None
    if len(body) > LARGEST:
        raise SourceError(f"{host} answered with more than {LARGEST >> 20} MiB")
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise SourceError(f"{host} answered in the encoding {encoding[:20]!r}, which was not asked for")
    return _decompress(body, host=host)


def _decompress(body: bytes, *, host: str) -> bytes:
    found = b""
    try:
        while body:
            unpacker = zlib.decompressobj(wbits=47)  # gzip or zlib
            found += unpacker.decompress(body, LARGEST + 1 - len(found))
            if len(found) > LARGEST:
                raise SourceError(f"{host} answered with more than {LARGEST >> 20} MiB")
            if not unpacker.eof:
                raise SourceError(f"{host} broke off: its compressed answer has no end")
            body = unpacker.unused_data
    except zlib.error:
        raise SourceError(f"{host} answered with what cannot be decompressed") from None
    return found


def _mark(text: str | None) -> str | None:
    """Return a header that a later request can repeat."""
    return text if text and len(text) <= _LONGEST_MARK and text.isprintable() and text.isascii() else None


def _is_settled(headers: Mapping[str, str]) -> bool:
    """Return True where Last-Modified is old enough to name one state: its seconds are whole ones (RFC 9110, 8.8.2)."""
    try:
        changed, sent = (parsedate_to_datetime(headers.get(name, "")) for name in ("Last-Modified", "Date"))
        return (sent - changed).total_seconds() >= _LEAST_AGE
    except (ValueError, TypeError):
        return False
