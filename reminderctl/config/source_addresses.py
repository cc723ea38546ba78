"""The mistakes of a source at an address that can be found without asking it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reminderctl.config.suggestions import one_of, quote
from reminderctl.source_settings import SourceKind, is_local

if TYPE_CHECKING:
    from reminderctl.config.schema import SourceKeys

NAMES = ("since", "until", "since_date", "until_date", "page", "skip", "cursor")
SCHEMES = ("http", "https", "webcal", "webcals")
_FOR_DATABASES = ("key", "window", "prefix")
_FOR_JSON = ("items", "next")
_NO_JSON = (".ics", ".ical", ".csv", ".tsv", ".tab")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN = re.compile(r"accept|accept-language|user-agent|[a-z-]*version", re.IGNORECASE)  # headers without a secret
READABLE = "sends a secret where others can read it; write https:, or use a tunnel and the address of this machine"


def find_address_mistakes(keys: SourceKeys, *, kind: SourceKind, url: str) -> Iterator[tuple[str, str]]:
    """Yield each mistake, with the key that it is at; `url` has what its variables hold, and none of them is shown."""
    if kind != "http":
        yield from _find_out_of_place(keys)
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    scheme = parts.scheme.lower() if host else ""
    if scheme not in SCHEMES:
        yield "url", "url: must begin with https:// and a host, as in https://calendar.example.com/basic.ics"
        return
    for name in re.findall(r"\{([^{}]*)\}", url):
        if name not in NAMES:
            known = one_of([f"{{{each}}}" for each in NAMES])
            yield "url", f"url: nothing is known by {quote(f'{{{name}}}')}; there are {known}"
    suffix = PurePosixPath(parts.path).suffix.lower()
    if suffix in _NO_JSON or scheme.startswith("webcal"):
        for key in filter(lambda each: getattr(keys, each), _FOR_JSON):
            yield key, f"{key}: is for JSON, and this is the address of a {suffix or '.ics'} file; leave it out"
    yield from ((key, f"{key}: is for a database; leave it out") for key in _FOR_DATABASES if getattr(keys, key))
    yield from _find_in_headers(keys)
    place = _secret_of(keys) if scheme == "http" and not is_local(host) else ""
    if place:
        yield place, f"{place}: {READABLE}"


def _find_out_of_place(keys: SourceKeys) -> Iterator[tuple[str, str]]:
    for key in ("headers", *_FOR_JSON):
        if getattr(keys, key):
            yield key, f"{key}: is for an address (https:); leave it out"
    if keys.url.lower().startswith(tuple(f"{each}:" for each in SCHEMES)):
        yield "url", "url: this preset reads a database; name that, or take the preset of its API"


def _find_in_headers(keys: SourceKeys) -> Iterator[tuple[str, str]]:
    for name, value in keys.headers.items():
        if not _HEADER_NAME.fullmatch(name):
            yield "headers", f"headers: {quote(name)} is no name of a header"
        elif name.lower() in ("host", "content-length", "transfer-encoding", "connection"):
            yield "headers", f"headers: {name} follows from the address; leave it out"
        elif re.search(r"[\r\n\0]", value) or value != value.strip():
            yield "headers", f"headers: {name} contains a line break, or a space at an end; copy it again"
    if keys.password and any(name.lower() == "authorization" for name in keys.headers):
        yield "password", "password: makes an Authorization header, and there is one already; leave one of them out"


def _secret_of(keys: SourceKeys) -> str:
    """Return the key that holds a secret, or an empty text."""
    if keys.password:
        return "password"
    if "@" in urlsplit(keys.url).netloc or "${" in keys.url.partition("://")[2].partition("/")[2]:
        return "url"
    return "headers" if any(not _PLAIN.fullmatch(name) for name in keys.headers) else ""
