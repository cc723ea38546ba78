"""The formats of an export, a module or folder for each: text in, one `Record` after the other out."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import PurePath

from reminderctl.importing.columns import ColumnNames, Record
from reminderctl.importing.export_file import CHUNK, ExportFile
from reminderctl.importing.formats.csv import read_csv
from reminderctl.importing.formats.json import read_json, read_ndjson
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


def read_records(file: ExportFile, names: ColumnNames, *, timezone: str, window: Window) -> Iterator[Record]:
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
            from reminderctl.importing.formats.ical.calendar import read_calendar

            return read_calendar(file, names, timezone=timezone, window=window)


def detect_format(file: ExportFile) -> Format:
    """Return the format of a file, by its content; by its extension where the content does not decide."""
    extension = PurePath(file.name).suffix.lower()
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
