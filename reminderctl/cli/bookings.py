"""`reminderctl bookings`: what the workflows act on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import click
import msgspec

from reminderctl.bookings import open_bookings
from reminderctl.cli import lookup
from reminderctl.cli.booking_filters import choose_bookings, filter_options, refuse_unknown
from reminderctl.cli.booking_output import print_booking, print_bookings
from reminderctl.cli.completions import complete
from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, read_instant, shared_options
from reminderctl.cli.documented import DocumentedGroup
from reminderctl.errors import ConfigError, UsageError
from reminderctl.model import Config, Window
from reminderctl.text import pluralize

if TYPE_CHECKING:
    from reminderctl.importing import ImportOptions, ImportResult, Progress

FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
SHOWN_WARNINGS = 20
_BY_PHONE = ("sms", "whatsapp")


@click.group(cls=DocumentedGroup)
def command() -> None:
    """Import and view bookings."""


# --- import ---------------------------------------------------------------------------------------------------------


class Export(click.File):
    """A file to read, or standard input where there is one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the open file; fail where it cannot be read."""
        try:
            return super().convert(value, param, ctx)
        except RuntimeError:  # click's word for it
            self.fail("standard input is closed; pipe the export into it, or name a file", param, ctx)


@command.command(name="import")
@click.argument("file", metavar="FILE|-", type=Export("rb"))
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="COLUMN=NAME",
    help="Use COLUMN of FILE as NAME, for example Start=starts_at.",
)
@click.option("--delete-missing", is_flag=True, help="FILE is a full export: cancel every booking that is not in it.")
@click.option("--dry-run", is_flag=True, help="Show what would change, without changing anything.")
@click.option(
    "--horizon",
    metavar="DAYS",
    type=click.IntRange(1, 3660),
    default=400,
    show_default=True,
    help="How far ahead recurring calendar events become bookings.",
)
@click.option(
    "--date-format",
    metavar="FORM",
    help="How FILE writes dates: DD/MM/YYYY, MM/DD/YYYY hh:mm A, or as strptime has it.",
)
@click.option("--encoding", metavar="NAME", help="Encoding of FILE (default: UTF-8, else Windows-1252).")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@shared_options
def import_file(app: AppContext, *, file: BinaryIO, as_json: bool, **given: Any) -> None:
    """Bring the bookings up to date with FILE (- for standard input): all of it, or nothing.

    CSV, TSV, JSON, NDJSON or iCalendar. The columns are id, starts_at, ends_at (or duration, in minutes), timezone,
    status, service, staff, staff_email, staff_phone, location, location_address, customer_name, customer_email,
    customer_phone, customer_telegram, language; any other lands in `fields`. Rows with the same id are one group
    booking. A time without an offset is wall clock in the row's timezone, else in the configured one. Columns date,
    time, end_time and end_date do instead of starts_at and ends_at.

    In a calendar, UID is the id, SUMMARY the service, LOCATION the location, ORGANIZER the member of staff, and each
    ATTENDEE a customer; --map SUMMARY=customer_name changes that. A recurring event becomes one booking per instance,
    from 30 days back to the horizon; instances that were removed from the series are canceled.
    """
    from reminderctl.importing import import_bookings

    config = app.load_settings()
    options = _make_options(app, config, **given)
    name = str(getattr(file, "name", "stdin")).strip("<>")
    with _progress() as progress:
        imported = import_bookings(file, config.bookings, name=name, options=options, progress=progress)
    _warn([f"{name}: {warning}" for warning in imported.warnings])
    _print(imported, as_json=as_json)


def _make_options(
    app: AppContext,
    config: Config,
    *,
    maps: tuple[str, ...],
    delete_missing: bool,
    dry_run: bool,
    horizon: int,
    encoding: str | None,
    date_format: str | None,
) -> ImportOptions:
    from reminderctl.importing import ImportOptions
    from reminderctl.importing.written_times import read_date_format

    try:
        pattern = read_date_format(date_format) if date_format else ""
    except ValueError as error:
        raise UsageError(f"--date-format {error}") from None

    return ImportOptions(
        timezone=config.timezone,
        now=app.now(config.timezone),
        horizon=timedelta(days=horizon),
        column_map=_column_map(maps),
        encoding=encoding,
        date_format=pattern,
        workflows=config.workflows,
        phone_regions=_phone_regions(app),
        full=delete_missing,
        dry_run=dry_run,
    )


def _phone_regions(app: AppContext) -> tuple[str | None, ...]:
    """Return the region of each channel that needs phone numbers; none where the channels cannot be read."""
    try:
        channels = app.load_with_credentials()[1].channels
    except ConfigError:  # secrets may be missing where nothing is sent
        return ()
    return tuple({getattr(each.settings, "region", None): 0 for name, each in channels.items() if name in _BY_PHONE})


def _column_map(maps: tuple[str, ...]) -> dict[str, str]:
    renames = {}
    for option in maps:
        column, _, name = option.rpartition("=")
        if not column.strip() or not name.strip():
            raise UsageError(f"--map {option!r} is not COLUMN=NAME; use --map Start=starts_at")
        renames[column.strip()] = name.strip()
    return renames


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Draw a progress bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress as Bar

    from reminderctl.cli.terminal import Terminal

    with Bar(console=Terminal(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, *, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done)

        yield report


def _print(imported: ImportResult, *, as_json: bool) -> None:
    if as_json:
        print_json({**msgspec.to_builtins(imported), "warnings": len(imported.warnings)})
        return
    say(f"dry run, nothing was changed: {_counts(imported)}" if imported.dry_run else _counts(imported))
    if imported.until:
        made = f"{pluralize(imported.instances, 'booking')} of recurring events, until {imported.until:%Y-%m-%d}"
        say(f"{made}; the next import adds later ones")


def _counts(imported: ImportResult) -> str:
    booked = [f"{imported.new} new", f"{imported.changed} changed"]
    booked += [f"{imported.canceled} canceled"] if imported.canceled else []
    known = [f"{imported.new_customers} new"] if imported.new_customers else []
    known += [f"{imported.changed_customers} changed"] if imported.changed_customers else []
    line = f"{pluralize(imported.rows, 'row')}: {pluralize(imported.bookings, 'booking')} ({', '.join(booked)}), "
    line += pluralize(imported.customers, "customer") + (f" ({', '.join(known)})" if known else "")
    return line + (f", {pluralize(len(imported.warnings), 'warning')}" if imported.warnings else "")


# --- list, show -----------------------------------------------------------------------------------------------------


@command.command(name="list")
@filter_options
@click.option("--since", metavar="T", help="Only bookings that start at or after this time (ISO 8601, or `2d` ago).")
@click.option(
    "--until",
    metavar="T",
    help="Only bookings that start at or before this time (a whole day, or `2d` from now).",
)
@click.option("--limit", type=click.IntRange(min=1), help="At most this many.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@shared_options
def list_bookings(
    app: AppContext,
    *,
    since: str | None,
    until: str | None,
    limit: int | None,
    as_json: bool,
    **wanted: tuple[str, ...],
) -> None:
    """List bookings, earliest start first."""
    config = app.load_settings()
    window = _window(since, until, timezone=config.timezone, now=app.now(config.timezone))
    with open_bookings(config, shows_all=True) as bookings:
        listed = list(islice(choose_bookings(bookings.starting(window), wanted, config=config), limit))
        refuse_unknown(wanted, listed, bookings=bookings)
        _warn(bookings.problems)
    if as_json:
        print_json([msgspec.to_builtins(each) for each in listed])
    else:
        print_bookings(listed, config.timezone)


def _window(since: str | None, until: str | None, *, timezone: str, now: datetime) -> Window:
    """Return the window that the options mean, with its first instant inside."""
    begin = read_instant(since, timezone, option="--since", now=now) if since else FIRST
    end = read_instant(until, timezone, option="--until", now=now, is_end=True, is_ahead=True) if until else LAST
    return Window(begin - timedelta(seconds=1), end)


@command.command()
@click.argument("booking_id", metavar="ID", shell_complete=complete("booking"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@shared_options
def show(app: AppContext, *, booking_id: str, as_json: bool) -> None:
    """Show one booking with its customers."""
    config = app.load_settings()
    with open_bookings(config, shows_all=True) as bookings:
        booking = lookup.find_booking(bookings, booking_id)
        _warn(bookings.problems)
    if as_json:
        print_json(msgspec.to_builtins(booking))
    else:
        print_booking(booking, config.timezone)


def _warn(warnings: list[str]) -> None:
    more = len(warnings) - SHOWN_WARNINGS
    for warning in [*warnings[:SHOWN_WARNINGS], *([f"and {more} more warnings"] if more > 0 else [])]:
        say(warning, err=True)
