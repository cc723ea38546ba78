"""Records as CSV, JSON or NDJSON, piece by piece; none of their texts does anything to a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import structs

from reminderctl.cli.console import sanitize_json
from reminderctl.ledger.history import COLUMNS, Record
from reminderctl.text import sanitize


def export_texts(found: Iterable[Record], *, form: str) -> Iterator[str]:
    """The text of an export; no more than one record of it is in memory at a time."""
    return {"csv": _csv, "json": _json, "ndjson": _ndjson}[form](found)


def _csv(found: Iterable[Record]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in found:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        writer.writerow(_cell(value) for value in structs.astuple(record))
    yield line.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return sanitize(value) if isinstance(value, str) else value


def _json(found: Iterable[Record]) -> Iterator[str]:
    before = "[\n"
    for text in _ndjson(found):
        yield before + text.rstrip("\n")
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _ndjson(found: Iterable[Record]) -> Iterator[str]:
    for record in found:
        yield f"{sanitize_json(msgspec.json.encode(record).decode())}\n"
