"""Records as CSV, JSON or NDJSON, piece by piece."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import structs

from reminderctl.ledger.records import COLUMNS, Record


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
        writer.writerow(str(value).lower() if isinstance(value, bool) else value for value in structs.astuple(record))
    yield line.getvalue()


def _json(found: Iterable[Record]) -> Iterator[str]:
    before = "[\n"
    for text in _ndjson(found):
        yield before + text.rstrip("\n")
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _ndjson(found: Iterable[Record]) -> Iterator[str]:
    for record in found:
        yield f"{msgspec.json.encode(record).decode()}\n"
