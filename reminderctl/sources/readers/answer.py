"""The answers of sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

SourceRecord = Mapping[str, Any]  # one booking and customer, by the names of the columns of `bookings import`


class Previous(Struct, frozen=True, kw_only=True):
    """The traces of the last reading of a source, by which an unchanged one is recognized."""

    checksum: str | None = None
    columns: str = ""
    etag: str | None = None
    last_modified: str | None = None


class Answer(Struct, kw_only=True):
    """The answer of a source: records, or that it is `unchanged`; `bad` names what cannot be read.

    `nameless` counts the bad ones of which not even the id is known.
    """

    unchanged: bool = False
    records: Sequence[SourceRecord] = ()
    bad: list[str] = []
    nameless: int = 0
    previous: Previous = Previous()
