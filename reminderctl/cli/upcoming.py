"""`reminderctl upcoming`: what will go out, when, to whom."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from msgspec.structs import asdict

from reminderctl.bookings import open_bookings
from reminderctl.bookings.people import Names, find_names
from reminderctl.cli import lookup
from reminderctl.cli.completions import complete
from reminderctl.cli.console import STATE_STYLES, print_json_array, print_lines, say
from reminderctl.cli.context import AppContext, read_instant, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.core import timing
from reminderctl.errors import ExitCode, UsageError, first_lines
from reminderctl.ledger import Ledger
from reminderctl.model import Config, Window
from reminderctl.text import WEEKDAY_SORTABLE, local_time, pluralize

if TYPE_CHECKING:
    from rich.table import Table

    from reminderctl.reports.upcoming import Foreseen, Outlook

SHOWN = 100  # messages that a person is shown who does not say how many
NARROW, GAP = 100, 2  # columns
ACTIVE = ("pending", "sending")
LONGEST = timedelta(days=400)


@click.command(cls=DocumentedCommand)
@click.option("--within", metavar="LENGTH", help="How far to look ahead: 24h (the default), 3 days, 90 minutes.")
@click.option("--until", metavar="T", help="Look ahead until this time (ISO 8601).")
@click.option("--workflow", shell_complete=complete("workflow"), metavar="ID", help="Only this workflow.")
@click.option("--booking", shell_complete=complete("booking"), metavar="ID", help="Only this booking.")
@click.option("--limit", type=click.IntRange(1), metavar="NUMBER", help="At most this many; on a terminal: 100.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@shared_options
def command(
    app: AppContext,
    *,
    within: str | None,
    until: str | None,
    workflow: str | None,
    booking: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Show what will be sent in the next 24 hours, when, and to whom.

    It is what `run` will do if it is called every minute and nothing changes: messages that become due, that wait for
    another attempt, that are held, and that cannot be sent, with the reason. Nothing is sent or recorded.
    """
    from reminderctl.reports.upcoming import look_ahead

    config, credentials = app.load_with_credentials(outbox=Path())
    now = app.now(config.timezone)
    window = Window(now, _until(now, within=within, until=until, timezone=config.timezone))
    if workflow is not None:
        lookup.find_workflow(config, workflow)
    with Ledger(config.ledger, reading=True) as ledger, open_bookings(config) as bookings:
        if booking is not None:
            lookup.find_booking(bookings, booking)
        outlook = look_ahead(
            config,
            ledger,
            bookings=bookings,
            credentials=credentials,
            window=window,
            workflow=workflow,
            booking=booking,
            most=limit or (SHOWN if not as_json and sys.stdout.isatty() else None),
        )
    for line in [*first_lines(config.broken), *_show(outlook, config, as_json=as_json), *bookings.problems]:
        say(line, err=True)
    if config.broken:
        raise SystemExit(ExitCode.CONFIGURATION)


def _until(now: datetime, *, within: str | None, until: str | None, timezone: str) -> datetime:
    if within and until:
        raise UsageError("--within and --until exclude each other; keep one")
    try:
        if until:
            end = read_instant(until, timezone, option="--until", now=now, is_end=True, is_ahead=True)
        else:
            end = now + timing.parse_duration(within or "24h")
    except ValueError as error:
        raise UsageError(f"--within: {error}") from None
    if end <= now:
        raise UsageError(f"--until {until} is not in the future" if until else f"--within {within} is no time at all")
    if end > now + LONGEST:
        raise UsageError(f"that is more than {LONGEST.days} days ahead; look at less")
    return end


# --- for people -----------------------------------------------------------------------------------------------------

COLUMNS = ("at", "channel", "recipient", "address", "workflow", "trigger", "booking", "state", "reason")


def _show(outlook: Outlook, config: Config, *, as_json: bool) -> list[str]:
    """Print what is to come, and return what the next run will have to say."""
    recipients = set() if as_json else {each.recipient for each in outlook.deliveries}
    names = find_names(config, recipients | {line.delivery.recipient for line in outlook.lines if line.delivery})
    if as_json:
        print_json_array(outlook.deliveries)
    else:
        _print(outlook, config, names=names)
    return [line.text(names, timezone=config.timezone) for line in outlook.lines]


def _print(outlook: Outlook, config: Config, *, names: Names) -> None:
    """Print a table for each day, by the configured zone's clock; tab-separated lines where no person looks."""
    from rich.markup import escape

    from reminderctl.cli.terminal import Terminal

    terminal, zone, deliveries = Terminal(highlight=False), ZoneInfo(config.timezone), outlook.deliveries
    if not terminal.is_terminal:
        print_lines(COLUMNS, (_row(each, names, zone=zone) for each in deliveries))
        return
    narrow = terminal.width < _width(deliveries, names)
    for day, of_day in groupby(deliveries, key=lambda each: f"{_attempt_at(each, zone):%A, %d %B %Y}"):
        rows_of_day = list(of_day)
        terminal.print(f"[bold]{day}[/]  {', '.join((_count(rows_of_day), *_others(rows_of_day)))}")
        terminal.print(_table(rows_of_day, names, zone=zone, narrow=narrow))
        terminal.print()
    terminal.print(_summary(deliveries, f"{outlook.until.astimezone(zone):%A %H:%M} ({config.timezone})"))
    if outlook.are_more:
        terminal.print("[dim]what follows is not shown: `--limit` shows more, `--json` all of it[/]")
    if config.outbox:
        terminal.print(f"[yellow]dry mode: messages go to folder {escape(str(config.outbox))}[/]")


def _width(deliveries: list[Foreseen], names: Names) -> int:
    """Return how wide a terminal must be for a message to be in one line, where only a name wraps, between words."""
    columns = [
        ("00:00", each.channel, _longest_word(names.whom(each.recipient, each.address)), _booking(each), _origin(each))
        for each in deliveries
    ]
    widths = (max(map(len, column)) + GAP for column in zip(*columns, strict=True))
    return max(NARROW, sum(widths))


def _longest_word(text: str) -> str:
    return max(text.split(), key=len, default="")


def _booking(record: Foreseen) -> str:
    return f"booking {record.booking}"


def _origin(record: Foreseen) -> str:
    return f"{record.workflow}, {record.trigger}"


def _row(record: Foreseen, names: Names, *, zone: ZoneInfo) -> list[str]:
    shown = {
        **asdict(record),
        "at": _attempt_at(record, zone).isoformat(),
        "state": _state(record),
        "recipient": names.name(record.recipient, record.address),
        "reason": names.in_words(record.reason or "", record.recipient, address=record.address),
    }
    return ["" if shown[column] is None else str(shown[column]) for column in COLUMNS]


def _table(records: list[Foreseen], names: Names, *, zone: ZoneInfo, narrow: bool) -> Table:
    """Return a row for each message; on a narrow terminal what it is for goes under whom it is for."""
    from rich.table import Table
    from rich.text import Text

    whom = [names.whom(record.recipient, record.address) for record in records]
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, GAP, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(overflow="fold", min_width=None if narrow else max(len(_longest_word(each)) for each in whom))
    if not narrow:
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold", min_width=max(len(_origin(record)) for record in records))
    for record, recipient in zip(records, whom, strict=True):
        state = _state(record)
        note = record.reason or (f"{state}: {record.error}" if record.error else _moved(record, zone))
        note = names.in_words(note, record.recipient, address=record.address)
        style = STATE_STYLES[state] if state != "pending" else "red" if record.reason else "yellow" if note else ""
        why = Text.assemble((_origin(record), "dim"), (f"\n{note}" if note else "", style))
        booking = _booking(record)
        cells = (
            [Text.assemble(recipient, (f"\n{booking}, ", "dim"), why)]
            if narrow
            else [Text(recipient), Text(booking), why]
        )
        table.add_row(f"{_attempt_at(record, zone):%H:%M}", record.channel, *cells)
    return table


def _moved(record: Foreseen, zone: ZoneInfo) -> str:
    """Return what quiet hours did to a message; an empty text for nothing."""
    if not record.send_at or record.send_at == record.due_at:
        return ""
    return f"quiet hours moved it from {local_time(timing.parse_instant(record.due_at), zone, form=WEEKDAY_SORTABLE)}"


def _summary(deliveries: list[Foreseen], until: str) -> str:
    going = Counter(each.channel for each in deliveries if _goes(each))
    channels = f": {', '.join(f'{number} {channel}' for channel, number in sorted(going.items()))}" if going else ""
    return "; ".join((f"[bold]{_count(deliveries)}[/] until {until}{channels}", *_others(deliveries)))


def _count(deliveries: list[Foreseen]) -> str:
    return pluralize(sum(map(_goes, deliveries)), "message")


def _others(deliveries: list[Foreseen]) -> Iterator[str]:
    """Yield how many will not go out: they have, they are held back, or they cannot be sent."""
    over = Counter(_state(each) for each in deliveries if each.state not in ACTIVE)
    yield from (f"[{STATE_STYLES[state]}]{number} {state}[/]" for state, number in sorted(over.items()))
    held = sum(each.held for each in deliveries)
    if held:
        yield f"[{STATE_STYLES['held']}]{held} held[/]"
    if stuck := sum(bool(each.reason) for each in deliveries) - held:
        yield f"[bold red]{stuck} cannot be sent[/]"


def _goes(record: Foreseen) -> bool:
    return not record.reason and record.state in ACTIVE


def _state(record: Foreseen) -> str:
    return "held" if record.held else str(record.state)


def _attempt_at(record: Foreseen, zone: ZoneInfo) -> datetime:
    return timing.parse_instant(record.next_attempt_at or record.due_at).astimezone(zone)
