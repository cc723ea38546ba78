"""Output that several commands share."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec


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
