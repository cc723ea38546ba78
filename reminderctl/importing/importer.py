"""Importing bookings from another program's export.

CSV, TSV, JSON, NDJSON and iCalendar, by content. A flat row is one customer in one booking; rows with the same `id` are
one booking, and must agree on everything but the customer. JSON may nest `customers` and `fields` instead. Without an
`ends_at`, a `duration` in minutes must be there. Unknown columns are keys of `fields`: the booking's where all of its
rows say the same, else the participants'. What a file has no column for stays as it is stored; an empty cell empties
it, but for a status, which only a filled one sets. `importing.identity` says who gets which id.

This package is imported only when something is imported.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from reminderctl.errors import ImportFailedError, UsageError
from reminderctl.importing import store
from reminderctl.importing.batch import Batch
from reminderctl.importing.columns import Names
from reminderctl.importing.formats.csv import read_table
from reminderctl.importing.formats.json import read_json, read_lines
from reminderctl.importing.records import Record
from reminderctl.importing.rows import BadRowError, read_row
from reminderctl.importing.source import Format, Source, seekable
from reminderctl.model import Window
from reminderctl.text import pluralize, printable, shorten

Progress = Callable[[str, int, int], None]  # what is done, how much of it, of how much
SHOWN_BAD_ROWS = 50
LONGEST_REMARK = 400  # characters
LOOKING_BACK = timedelta(days=30)
_STEP = 500


class Imported(Struct, frozen=True, kw_only=True):
    """What an import did; `warnings` name their lines. With `dry_run`, what it would have done.

    `instances` of the bookings come from events that repeat; those after `until` are left to a later import.
    """

    rows: int
    bookings: int
    new: int
    changed: int
    canceled: int
    customers: int
    new_customers: int
    changed_customers: int
    instances: int
    until: datetime | None
    dry_run: bool
    warnings: tuple[str, ...]


class Choices(Struct, frozen=True, kw_only=True):
    """How to import: `timezone` is for rows without one, `full` cancels the bookings that the file does not hold.

    Events that repeat become bookings as far ahead of `now` as the `horizon`.
    """

    timezone: str
    now: datetime
    horizon: timedelta
    renames: Mapping[str, str] = {}
    encoding: str | None = None
    full: bool = False
    dry_run: bool = False

    @property
    def window(self) -> Window:
        """Where instances of a series are looked for."""
        return Window(self.now - LOOKING_BACK, self.now + self.horizon)


def import_bookings(
    stream: BinaryIO, database: Path, *, name: str, choices: Choices, progress: Progress | None = None
) -> Imported:
    """Bring a database up to date with an export: all of it, or nothing.

    1. Read the whole file, without any lock. 2. Where a row is bad, raise `ImportFailedError` that names each. 3. Write
    in one transaction. Raises `UsageError`, `BookingsError` and `LockedError` too.
    """
    report = progress or (lambda *_: None)
    with seekable(stream) as content:
        source = Source(content, name=name, encoding=_codec(choices.encoding))
        batch = _read(source, choices, report)
    if choices.full and not batch.bookings:
        what = "there is no booking in it, so --delete-missing would cancel everything; nothing was changed"
        raise ImportFailedError(f"{name}: {what}")
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if done % _STEP == 0 or done == len(batch.bookings):
            report("Writing", done, len(batch.bookings))

    try:
        with store.writing(database, keep=not choices.dry_run) as connection:
            changes = store.store(connection, batch, window=choices.window, full=choices.full, tick=tick)
    except RecursionError:
        raise ImportFailedError(f"{name}: fields are nested too deep; nothing was changed") from None
    return Imported(
        rows=batch.rows,
        bookings=len(batch.bookings),
        new=len(changes.new),
        changed=len(changes.changed),
        canceled=len(changes.canceled),
        customers=len(batch.nouns["customers"]),
        new_customers=changes.new_customers,
        changed_customers=changes.changed_customers,
        instances=batch.instances,
        until=choices.window.until if batch.instances else None,
        dry_run=choices.dry_run,
        warnings=tuple(source.warnings + [f"line {line}: {_shown(text)}" for line, text in batch.warnings]),
    )


def _codec(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        encoding = codecs.lookup(name)
        "".encode(encoding.name)
    except (LookupError, ValueError):
        raise UsageError(f"--encoding {name!r} is not known; write utf-8, cp1252, iso-8859-15 or the like") from None
    return "utf-8-sig" if encoding.name == "utf-8" else encoding.name


def _read(source: Source, choices: Choices, report: Progress) -> Batch:
    """Everything that the file says; raises `ImportFailedError` with every bad row."""
    names = Names(choices.renames)
    batch = Batch()
    bad: list[tuple[int, str]] = []
    try:
        for number, record in enumerate(_records(source, names, choices), start=1):
            problem = _take(record, batch, choices.timezone)
            if problem:
                bad.append((record.line, problem))
            if number % _STEP == 0:
                report("Reading", source.position(), source.size)
    except UnicodeError as error:
        what = f"this is not {source.encoding.removesuffix('-sig')}: {error}; --encoding NAME says what it is"
        raise ImportFailedError(f"{source.name}: {what}. Nothing was changed") from None
    report("Reading", source.size, source.size)
    if bad:
        raise ImportFailedError(_all_of(bad, source.name))
    if names.unused():
        columns = ", ".join(names.unused())
        raise ImportFailedError(f"{source.name}: nothing is called {columns}, which --map names; nothing was changed")
    return batch


def _records(source: Source, names: Names, choices: Choices) -> Iterator[Record]:
    match source.format():
        case Format.TABLE:
            return read_table(source, names)
        case Format.LINES:
            return read_lines(source, names)
        case Format.JSON:
            return read_json(source, names)
        case Format.CALENDAR:
            from reminderctl.importing.formats.ical.calendar import read_calendar

            return read_calendar(source, names, timezone=choices.timezone, window=choices.window)


def _take(record: Record, batch: Batch, timezone: str) -> str | None:
    """Add a record to the batch, or say what is wrong with it."""
    if record.problem:
        return record.problem
    if record.whole:
        batch.whole.add(record.whole)
        return None
    try:
        batch.instances += record.is_instance
        return batch.add(read_row(record, timezone))
    except BadRowError as error:
        return str(error)


def _all_of(bad: list[tuple[int, str]], name: str) -> str:
    lines = [f"{name}:{line}: {_shown(problem)}" for line, problem in bad[:SHOWN_BAD_ROWS]]
    more = [f"and {len(bad) - SHOWN_BAD_ROWS} more"] if len(bad) > SHOWN_BAD_ROWS else []
    return "\n".join([*lines, *more, f"{pluralize(len(bad), 'bad row')}; nothing was changed"])


def _shown(text: str) -> str:
    """One line of it, not too long, without anything that a terminal would obey."""
    return printable(shorten(text, LONGEST_REMARK, end="…"))
