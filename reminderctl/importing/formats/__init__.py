"""The formats of an export, a module or folder for each: text in, one `ExportRecord` after the other out."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, BinaryIO

from reminderctl.errors import ImportFailedError
from reminderctl.import_lock import IMPORTING
from reminderctl.importing.columns import ColumnNames, ExportRecord
from reminderctl.importing.export_file import CHUNK, ExportFile
from reminderctl.importing.formats.csv import read_csv
from reminderctl.importing.formats.json import make_record, read_json, read_ndjson
from reminderctl.model import Window


class Format(StrEnum):
    """A format that a file can be in."""

    CSV = "CSV or TSV"
    JSON = "JSON"
    NDJSON = "NDJSON"
    ICALENDAR = "iCalendar"


_BY_EXTENSION = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".tab": Format.CSV,
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".ics": Format.ICALENDAR,
    ".ical": Format.ICALENDAR,
}

_OTHERS = {
    b"PK\x03\x04": "this is a workbook or an archive; save the workbook as CSV UTF-8, unpack the archive",
    b"%PDF-": "this is a PDF; export the bookings as CSV, JSON or iCalendar",
    b"<": "this is a web page or XML, perhaps a log-in page; export the bookings as CSV, JSON or iCalendar",
}


def read_records(file: ExportFile, names: ColumnNames, *, timezone: str, window: Window) -> Iterator[ExportRecord]:
    """Return the records of a file in any format.

    Of events that repeat, the instances in the window; `timezone` is that of calendars without one. Raises
    `ImportFailedError` where nothing of the file can be used, UnicodeError where it is not in its encoding.
    """
    match detect_format(file):
        case Format.CSV:
            return read_csv(file, names)
        case Format.NDJSON:
            return read_ndjson(file, names)
        case Format.JSON:
            return read_json(file, names)
        case Format.ICALENDAR:
            with IMPORTING:
                from reminderctl.importing.formats.ical.calendar import read_calendar

            return read_calendar(file, names, timezone=timezone, window=window)


def detect_format(file: ExportFile) -> Format:
    """Return the format of a file, by its content; by its extension where the content does not decide."""
    extension = file.suffix
    with file.text() as text:
        beginning = text.read(CHUNK).lstrip()
    if beginning[:15].upper() == "BEGIN:VCALENDAR":
        return Format.ICALENDAR
    if extension in _BY_EXTENSION:
        return _BY_EXTENSION[extension]
    if beginning.startswith("{"):
        first, _, rest = beginning.partition("\n")
        return Format.NDJSON if first.rstrip().endswith("}") and rest.lstrip().startswith("{") else Format.JSON
    return Format.JSON if beginning.startswith("[") or extension == ".json" else Format.CSV


def make_records(items: Iterable[Any], names: ColumnNames) -> Iterator[ExportRecord]:
    """Yield the records of a list of objects; the line of each is its place."""
    for place, item in enumerate(items, start=1):
        yield make_record(place, item, names=names)


def refuse_others(stream: BinaryIO, *, name: str, text_is_likely: bool) -> None:
    """Raise `ImportFailedError` for what is no format of an export: a workbook, a web page, an empty file.

    An encoding that somebody names makes text likely, and may well have zeros in it.
    """
    stream.seek(0)
    beginning = stream.read(4096)
    content = beginning.removeprefix(codecs.BOM_UTF8)
    if not content:
        raise ImportFailedError(f"{name}: the file is empty; nothing was changed")
    problem = next((text for mark, text in _OTHERS.items() if content.lstrip().startswith(mark)), None)
    is_utf16 = beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0\0" not in beginning[:8]
    if problem is None and b"\0" in beginning and not is_utf16 and not text_is_likely:
        problem = "this is not text; save a workbook as CSV UTF-8 first, unpack an archive"
    if problem:
        raise ImportFailedError(f"{name}: {problem}; nothing was changed")
