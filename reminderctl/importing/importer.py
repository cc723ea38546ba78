"""The three steps of an import: read the whole file, refuse bad rows, write in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from msgspec import Struct

from reminderctl.errors import ImportFailedError
from reminderctl.importing.batch import Batch
from reminderctl.importing.columns import ColumnNames, ExportRecord
from reminderctl.importing.export_file import ExportFile, find_codec, open_seekable
from reminderctl.importing.formats import read_records, refuse_others
from reminderctl.importing.merge import Changes, merge_batch
from reminderctl.importing.row_options import RowOptions, make_row_options
from reminderctl.importing.rows import BadRowError, read_row
from reminderctl.importing.store import open_transaction
from reminderctl.model import Window, Workflow
from reminderctl.text import pluralize, printable, shorten

SHOWN_BAD_ROWS = 50
LONGEST_REMARK = 400  # characters
LOOKING_BACK = timedelta(days=30)
_STEP = 500  # rows or bookings between two reports of progress


class Progress(Protocol):
    """A function that hears again and again how far an import is."""

    def __call__(self, step: str, done: int, *, total: int) -> None:
        """Take the name of a step, how much of it is done, and of how much."""


class ImportResult(Struct, frozen=True, kw_only=True):
    """The result of an import; `warnings` name their lines. With `dry_run`, what it would have done.

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


class ImportOptions(Struct, frozen=True, kw_only=True):
    """The options of an import: `timezone` is for rows without one, `full` cancels bookings that are not in the file.

    Events that repeat become bookings as far ahead of `now` as the `horizon`. `column_map` names the columns of the
    file that are called otherwise here (--map), `encoding` what it is written in. `workflows` name the statuses that
    nobody need be warned of, `phone_regions` are those of the channels that need phone numbers. `date_format` is as
    `read_date_format` returns it.
    """

    timezone: str
    now: datetime
    horizon: timedelta
    column_map: Mapping[str, str] = {}
    encoding: str | None = None
    workflows: tuple[Workflow, ...] = ()
    phone_regions: tuple[str | None, ...] = ()
    date_format: str = ""
    full: bool = False
    dry_run: bool = False

    @property
    def window(self) -> Window:
        """The time in which instances of a series are looked for."""
        return Window(self.now - LOOKING_BACK, self.now + self.horizon)


def import_bookings(
    stream: BinaryIO, database: Path, *, name: str, options: ImportOptions, progress: Progress | None = None
) -> ImportResult:
    """Bring a database up to date with an export: all of it, or nothing.

    1. Read the whole file, without any lock. 2. Where a row is bad, raise `ImportFailedError` that names each. 3. Write
    in one transaction. Raises `UsageError`, `BookingsError` and `LockedError` too.
    """
    report = progress or (lambda *_, **__: None)
    with open_seekable(stream) as content:
        encoding = find_codec(options.encoding)
        refuse_others(content, name=name, text_is_likely=encoding is not None)
        file = ExportFile(content, name=name, encoding=encoding)
        batch = _read(file, options, report=report)
    if options.full and not batch.bookings:
        problem = "there is no booking in it, so --delete-missing would cancel everything; nothing was changed"
        raise ImportFailedError(f"{name}: {problem}")
    try:
        changes = _write(batch, database, options=options, report=report)
    except RecursionError:
        raise ImportFailedError(f"{name}: fields are nested too deep; nothing was changed") from None
    return ImportResult(
        rows=batch.rows,
        bookings=len(batch.bookings),
        new=len(changes.new),
        changed=len(changes.changed),
        canceled=len(changes.canceled),
        customers=len(batch.entities["customers"]),
        new_customers=changes.new_customers,
        changed_customers=changes.changed_customers,
        instances=batch.instances,
        until=options.window.until if batch.instances else None,
        dry_run=options.dry_run,
        warnings=tuple(
            dict.fromkeys(file.warnings + [f"line {line}: {_shorten(text)}" for line, text in batch.warnings])
        ),
    )


# --- 1. read the whole file -----------------------------------------------------------------------------------------


def _read(file: ExportFile, options: ImportOptions, *, report: Progress) -> Batch:
    """Return everything that the file says; raises `ImportFailedError` with every bad row."""
    names = ColumnNames(options.column_map)
    rows = make_row_options(
        timezone=options.timezone,
        workflows=options.workflows,
        phone_regions=options.phone_regions,
        date_format=options.date_format,
    )
    batch = Batch()
    bad: list[tuple[int, str]] = []
    try:
        records = read_records(file, names, timezone=options.timezone, window=options.window)
        for number, record in enumerate(records, start=1):
            problem = _add_record(record, batch, options=rows)
            if problem:
                bad.append((record.line, problem))
            if number % _STEP == 0:
                report("Reading", file.position(), total=file.size)
    except UnicodeError as error:
        problem = f"this is not {file.encoding.removesuffix('-sig')}: {error}; --encoding NAME says what it is"
        raise ImportFailedError(f"{file.name}: {problem}. Nothing was changed") from None
    report("Reading", file.size, total=file.size)
    if bad:
        raise ImportFailedError(_describe_bad_rows(bad, file.name))
    if names.unused_columns():
        columns = ", ".join(names.unused_columns())
        raise ImportFailedError(f"{file.name}: nothing is called {columns}, which --map names; nothing was changed")
    return batch


def _add_record(record: ExportRecord, batch: Batch, *, options: RowOptions) -> str | None:
    """Add a record to the batch, or return what is wrong with it."""
    if record.problem:
        return record.problem
    if record.remarks:
        batch.warnings += [(record.line, remark) for remark in record.remarks]
        return None
    if record.complete_series:
        batch.complete_series.add(record.complete_series)
        return None
    try:
        batch.instances += record.is_instance
        return batch.add(read_row(record, options))
    except BadRowError as error:
        return str(error)


# --- 2. refuse bad rows ---------------------------------------------------------------------------------------------


def _describe_bad_rows(bad: list[tuple[int, str]], name: str) -> str:
    lines = [f"{name}:{line}: {_shorten(problem)}" for line, problem in bad[:SHOWN_BAD_ROWS]]
    more = [f"and {len(bad) - SHOWN_BAD_ROWS} more"] if len(bad) > SHOWN_BAD_ROWS else []
    return "\n".join([*lines, *more, f"{pluralize(len(bad), 'bad row')}; nothing was changed"])


def _shorten(text: str) -> str:
    """Return one line of a text, not too long, without anything that a terminal would obey."""
    return printable(shorten(text, LONGEST_REMARK, end="…"))


# --- 3. write in one transaction ------------------------------------------------------------------------------------


def _write(batch: Batch, database: Path, *, options: ImportOptions, report: Progress) -> Changes:
    done = 0

    def count_booking() -> None:
        nonlocal done
        done += 1
        if done % _STEP == 0 or done == len(batch.bookings):
            report("Writing", done, total=len(batch.bookings))

    with open_transaction(database, keep=not options.dry_run) as store:
        return merge_batch(store, batch, window=options.window, full=options.full, on_booking=count_booking)
