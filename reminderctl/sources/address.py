"""The address of a source that is read over HTTP, with what goes along with each request."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from msgspec import Struct

from reminderctl.source_settings import SourceSettings, is_local
from reminderctl.sources.errors import SourceError

SHORTEST_SEGMENT = 8  # characters of a part of the path that may be a secret: it has a digit, too


class Address(Struct, frozen=True, kw_only=True):
    """An address with names such as `{since}` in it; `secrets` are what no text of ours may hold."""

    url: str
    scheme: str
    host: str
    headers: Mapping[str, str]
    secrets: tuple[str, ...]


def parse_address(settings: SourceSettings) -> Address:
    """Return the address of a source, its user and password as a header; raises `SourceError`."""
    url, password = settings.url.reveal().strip(), settings.password.reveal()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host:
        raise SourceError("url: has no host, or a port that is none; write https://calendar.example.com/basic.ics")
    scheme = parts.scheme.lower()
    if scheme.startswith("webcal"):
        scheme = "http" if is_local(host) else "https"
    place = f"[{host}]" if ":" in host else host
    given = {name: value.reveal() for name, value in settings.headers.items()}
    headers = {name: value.replace("{password}", password) for name, value in given.items()}
    user, secret = unquote(parts.username or ""), password or unquote(parts.password or "")
    is_used = any("{password}" in value for value in given.values())
    if (user or secret) and not is_used:
        headers["Authorization"] = f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"
    secrets = {user, secret, password, *headers.values()}
    secrets |= {*filter(_may_be_secret, (word for each in headers.values() for word in each.split()))}
    return Address(
        url=urlunsplit((scheme, f"{place}:{port}" if port else place, parts.path or "/", parts.query, "")),
        scheme=scheme,
        host=host,
        headers=headers,
        secrets=tuple(filter(None, [*secrets, *_find_secrets(parts.path, parts.query)])),
    )


def _find_secrets(path: str, query: str) -> Iterator[str]:
    for segment in path.split("/"):
        if len(segment) >= SHORTEST_SEGMENT and re.search(r"\d", segment):
            yield from {segment, unquote(segment)}
    for _, value in parse_qsl(query):
        if "{" not in value and _may_be_secret(value):
            yield value


def _may_be_secret(text: str) -> bool:
    """Return False for a word such as `Bearer`, which would only be missed in a message."""
    return len(text) >= SHORTEST_SEGMENT or not text.isalpha()
