"""Exports as a source reads them: CSV, TSV, JSON, NDJSON and iCalendar, as `bookings import` reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

from reminderctl.errors import ImportFailedError
from reminderctl.import_lock import IMPORTING
from reminderctl.model import Window
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError, first_line
from reminderctl.sources.readers.answer import Answer, SourceRecord

if TYPE_CHECKING:
    from reminderctl.importing.columns import ExportRecord
    from reminderctl.importing.export_file import ExportFile

LARGEST = 64 << 20  # bytes
SUFFIXES = (".csv", ".tsv", ".tab", ".json", ".ndjson", ".jsonl", ".ics", ".ical")
_BROKEN_OFF = "is not JSON"


class OpenExport(Struct, frozen=True, kw_only=True):
    """An export to read: `name` is for messages; what its content does not decide, `suffix` and `encoding` do."""

    stream: BinaryIO
    name: str
    short_name: str
    suffix: str | None = None
    encoding: str | None = None


def read_export(
    export: OpenExport, settings: SourceSettings, *, timezone: str, window: Window, answer: Answer
) -> list[SourceRecord]:
    """Return the records of one export; raises `SourceError` where it is none, or broke off."""
    with IMPORTING:
        from reminderctl.importing.columns import ColumnNames
        from reminderctl.importing.export_file import ExportFile
        from reminderctl.importing.formats import read_records, refuse_others

    names = ColumnNames(settings.columns)
    try:
        refuse_others(export.stream, name=export.name, text_is_likely=export.encoding is not None)
        file = ExportFile(export.stream, name=export.name, encoding=export.encoding, suffix=export.suffix)
        _refuse_half_calendar(file)
        return keep_values(read_records(file, names, timezone=timezone, window=window), export, answer=answer)
    except ImportFailedError as error:
        raise SourceError(str(error).partition("\n")[0].removesuffix("; nothing was changed")) from None
    except UnicodeError as error:
        raise SourceError(f"{export.name}: is not text: {first_line(error)}") from None


def keep_values(records: Iterable[ExportRecord], export: OpenExport, *, answer: Answer) -> list[SourceRecord]:
    """Return the values of records; a problem is noted, and one that hides what follows is raised."""
    return [record.values for record in records if _holds_values(record, export, answer=answer)]


def _holds_values(record: ExportRecord, export: OpenExport, *, answer: Answer) -> bool:
    if record.problem:
        if _BROKEN_OFF in record.problem:
            raise SourceError(f"{export.name}: broke off: line {record.line} {record.problem}")
        answer.bad.append(f"line {record.line} of {export.short_name}: {record.problem}")
        answer.nameless += 1
    return not (record.problem or record.complete_series or record.remarks)


def _refuse_half_calendar(file: ExportFile) -> None:
    """Raise `SourceError` for a calendar without its end: it was being written, or a connection broke."""
    with IMPORTING:
        from reminderctl.importing.formats import Format, detect_format

    if detect_format(file) is not Format.ICALENDAR:
        return
    with file.text() as text:
        end = text.read().rstrip()[-20:].upper()
    if not end.endswith("END:VCALENDAR"):
        raise SourceError(f"{file.name}: broke off: the calendar has no END:VCALENDAR")
