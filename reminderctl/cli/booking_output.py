"""Bookings as people and line-based programs see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from reminderctl.cli.console import print_table, say
from reminderctl.core import timing
from reminderctl.core.statuses import standard_status
from reminderctl.model import Booking, Location, Participant, Service, Staff
from reminderctl.text import local_time, pluralize, printable

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("id", "starts_at", "ends_at", "timezone", "status", "service", "staff", "location", "customers")
MIDNIGHT = time()
NARROW = 76  # columns of a terminal
SHOWN_CUSTOMERS = 3
_STYLES = {"approved": "green", "pending": "yellow", "canceled": "red", "rejected": "red", "no_show": "red"}


def print_bookings(bookings: Sequence[Booking], timezone: str) -> None:
    """Print a table for each day, by the clock of each booking; tab-separated lines where no person looks."""
    from reminderctl.cli.terminal import Terminal

    terminal = Terminal(highlight=False)
    if not terminal.is_terminal:
        print_table(COLUMNS, [_row(each, timezone) for each in bookings])
        return
    for day, of_day in groupby(bookings, key=lambda booking: _starts_at(booking, timezone).date()):
        terminal.print(f"[bold]{day:%A, %d %B %Y}[/]")
        terminal.print(_table(of_day, timezone, narrow=terminal.width < NARROW))
        terminal.print()
    terminal.print(f"[dim]{pluralize(len(bookings), 'booking')}[/]" if bookings else "no matching bookings")


def print_booking(booking: Booking, timezone: str) -> None:
    """Print everything that is known of one booking, a line for each value that is there."""
    from rich.table import Table
    from rich.text import Text

    from reminderctl.cli.terminal import Terminal

    terminal = Terminal(highlight=False)
    if not terminal.is_terminal:
        for name, value in _values(booking, timezone):
            say(f"{name:28} {value}" if name else "")
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in _values(booking, timezone):
        style = (
            _style(value) if name.endswith("status") else "bold" if name == "id" or name.startswith("customer") else ""
        )
        table.add_row(name, Text(value, style=style))
    terminal.print(table)


def _table(bookings: Iterable[Booking], timezone: str, *, narrow: bool) -> Table:
    """Return when, what with whom and where, for whom; a narrow terminal shows what and whom in one column."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=len("until 23 Nov"))
    for ratio in (1,) if narrow else (3, 3, 2):
        table.add_column(overflow="fold", ratio=ratio)
    table.expand = True
    for booking in bookings:
        place = ", ".join(filter(None, (_name(booking.staff), _name(booking.location))))
        service = Text.assemble(_name(booking.service) or "booking", (f"\n{place}" if place else "", "dim"))
        status = Text.assemble(
            (printable(booking.status), _style(booking.status)),
            (f"{'  ' if narrow else chr(10)}{printable(booking.id)}", "dim"),
        )
        who = Text(_attendance(booking.participants), style="bold")
        cells = [service, who, status]
        table.add_row(_times(booking, timezone), *([Text("\n").join(filter(None, cells))] if narrow else cells))
    return table


def _times(booking: Booking, timezone: str) -> str:
    """Return from when to when; below it the day of the end where it is another, and the zone where it is."""
    starts, ends = _starts_at(booking, timezone), booking.ends_at.astimezone(_zone(booking, timezone))
    if starts.time() == ends.time() == MIDNIGHT and starts < ends:
        lines, last = ["all day"], ends.date() - timedelta(days=1)
    else:
        lines, last = [f"{starts:%H:%M}-{ends:%H:%M}"], ends.date()
    if last != starts.date():
        lines.append(f"until {last:%d %b}")
    zone = _zone(booking, timezone).key
    return "\n".join([*lines, *([zone] if zone != timezone else [])])


def _attendance(participants: Sequence[Participant]) -> str:
    """Return the first few customers, a line each, with the status of who has one of their own; and how many more."""
    shown = participants if len(participants) <= SHOWN_CUSTOMERS + 1 else participants[:SHOWN_CUSTOMERS]
    lines = [f"{_customer(each)} ({printable(each.status)})" if each.status else _customer(each) for each in shown]
    return "\n".join(
        [*lines, *([f"and {len(participants) - len(shown)} more"] if len(shown) < len(participants) else [])]
    )


def _row(booking: Booking, timezone: str) -> tuple[str, ...]:
    times = _local_times(booking, timezone)
    return (
        printable(booking.id),
        *times.values(),
        printable(booking.status),
        *(_name(noun) for noun in (booking.service, booking.staff, booking.location)),
        ", ".join(map(_customer, booking.participants)),
    )


def _values(booking: Booking, timezone: str) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each value, customer by customer; a pair of empty ones between them."""
    shown = msgspec.to_builtins(booking) | _local_times(booking, timezone)
    participants = shown.pop("participants")
    yield from _flat(shown)
    for number, participant in enumerate(participants, start=1):
        customer = participant.pop("customer")
        yield "", ""
        yield from _flat({f"customer {number}": customer.pop("id"), **customer})
        yield from _flat({f"in this booking, {name}": value for name, value in participant.items()})


def _flat(values: Mapping[str, Any], *, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value that is there; what is inside a value is named with it."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, prefix=f"{prefix}{name}.")
        elif value is not None:
            yield printable(prefix + name), printable(str(value))


def _local_times(booking: Booking, timezone: str) -> dict[str, str]:
    """Return both ends as the clocks of the booking's zone show them, with that zone."""
    return {
        "starts_at": local_time(booking.starts_at, _zone(booking, timezone)),
        "ends_at": local_time(booking.ends_at, _zone(booking, timezone)),
        "timezone": _zone(booking, timezone).key,
    }


def _starts_at(booking: Booking, timezone: str) -> datetime:
    return booking.starts_at.astimezone(_zone(booking, timezone))


def _zone(booking: Booking, timezone: str) -> ZoneInfo:
    return timing.find_zone(booking.timezone or timezone) or ZoneInfo(timezone)  # as `planning.zone_of`


def _customer(participant: Participant) -> str:
    customer = participant.customer
    return printable(customer.full_name or customer.email or customer.phone or customer.id)


def _name(noun: Service | Staff | Location | None) -> str:
    return "" if noun is None else printable(noun.name or noun.id)


def _style(status: str) -> str:
    return _STYLES.get(standard_status(status), "")
