"""The settings of a source of bookings, as the YAML and its preset give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal

from msgspec import Struct

from reminderctl.secret import Secret

SourceKind = Literal["mysql", "postgresql", "sqlite", "files", "http"]
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?(\[[^\]]*\]|[^:/?#]*)")


class SourceSettings(Struct, frozen=True, kw_only=True):
    """A source of bookings; in `url`, `password` and `headers` each `${NAME}` is as it is written: what it means is
    no matter of a cache.

    `query` has `{where}` in it where `window` or `key` can take its place; `values` translates words, in lower case, by
    column; `columns` gives the columns of a file the names that they have here. Without `max_age` there is no limit.
    Of what an address answers, `items` is the path to the list, `next_page` that to what leads to the next page, `each`
    the list in an item that has a row for each of its entries; `most` is how many items there are at most in an answer.
    """

    name: str
    kind: SourceKind
    url: Secret
    password: Secret = Secret("")
    folder: Path
    title: str = ""
    verified: str = ""
    query: str = ""
    window: str = ""
    key: str = ""
    headers: Mapping[str, Secret] = {}
    items: str = ""
    next_page: str = ""
    each: str = ""
    most: int | None = None
    values: Mapping[str, Mapping[str, str]] = {}
    columns: Mapping[str, str] = {}
    every: timedelta = timedelta(minutes=1)
    timeout: timedelta = timedelta(seconds=10)
    max_age: timedelta | None = timedelta(hours=6)
    max_missing: float = 0.2
    timezone: str = ""
    language: str = ""
    ahead: timedelta | None = None
    behind: timedelta | None = None
    tls: Literal["auto", "verify", "off"] = "auto"
    ca_file: Path | None = None
    enabled: bool = True


def host_of(url: str) -> str:
    """Return the host that an address names, without user, password and port; an empty text for a socket."""
    found = _HOST.match(url)
    return found[1].strip("[]") if found else ""


def is_local(host: str) -> bool:
    """Return True for this machine, to which a connection needs no protection."""
    return host in ("", "localhost", "::1") or host.startswith(("127.", "/"))
