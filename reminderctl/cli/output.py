"""Output that several commands share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click
import msgspec

# What makes a terminal do something, turns around what a reader sees, or cannot be printed at all.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """A text as a terminal may show it: whoever wrote what stands in it, it moves no cursor and hides no line."""
    return _HARMFUL.sub("\N{REPLACEMENT CHARACTER}", text)


def in_one_line(text: str) -> str:
    """The same without line ends and tabs, which would pass for further rows and columns."""
    return harmless(text.replace("\r\n", "\n")).replace("\n", " ").replace("\t", " ")


def say(text: object, *, err: bool = False) -> None:
    """Print a text for people."""
    click.echo(harmless(str(text)), err=err)


def print_json(value: object) -> None:
    """JSON for programs: one value, readable, every harmless character as it is."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a path that is not UTF-8
        encoded = msgspec.json.encode(_in_characters(msgspec.to_builtins(value)))
    text = msgspec.json.format(encoded, indent=2).decode()
    click.echo(_HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _in_characters(value: Any) -> Any:
    """A value for JSON, in whose texts what stands for a byte that is no character became U+FFFD."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_in_characters(each) for each in value]
    if isinstance(value, dict):
        return {_in_characters(name): _in_characters(each) for name, each in value.items()}
    return value


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, styles: Sequence[str] = ()) -> None:
    """A table for people: drawn on a terminal, tab-separated with a heading elsewhere."""
    from rich.table import Table
    from rich.text import Text

    from reminderctl.cli.terminal import Terminal

    console = Terminal()
    rows = [[in_one_line(cell) for cell in row] for row in rows]
    if not console.is_terminal:
        click.echo("\n".join("\t".join(row) for row in (columns, *rows)))
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
