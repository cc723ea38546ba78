"""Output that several commands share."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec

from reminderctl.model import Booking


def print_json(value: object) -> None:
    """JSON for programs: one value, readable, every character as it is."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, styles: Sequence[str] = ()) -> None:
    """A table for people: drawn on a terminal, tab-separated with a heading elsewhere."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        for row in (columns, *rows):
            click.echo("\t".join(row))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, style=styles[number] if number < len(styles) else "", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=STATE_STYLES.get(cell, "")) for cell in row))
    console.print(table)


STATE_STYLES = {
    "pending": "cyan",
    "sending": "cyan",
    "sent": "green",
    "failed": "bold red",
    "unknown": "bold yellow",
    "canceled": "dim",
    "expired": "magenta",
    "held": "bold yellow",
}


def name_of_recipient(recipient: str, booking: Booking | None) -> str:
    """A person's name instead of `customer:ID` or `staff:ID`, where the booking knows one."""
    kind, _, identifier = recipient.partition(":")
    if booking and kind == "customer":
        names = {each.customer.id: each.customer.full_name for each in booking.participants}
        return names.get(identifier) or recipient
    if booking and kind == "staff" and booking.staff:
        return booking.staff.name or recipient
    return recipient
