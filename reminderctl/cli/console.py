"""Output that several commands share."""

from __future__ import annotations

import codecs
import io
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, TextIO

import click
import msgspec

from reminderctl.text import HARMFUL, sanitize, sanitize_line

AT_ONCE = 1000  # lines, or values of an array, that are printed together
_BEYOND_ASCII = re.compile("[^\x09\x0a\x20-\x7e]")


def say(text: object, *, err: bool = False) -> None:
    """Print a text for people."""
    click.echo(sanitize(str(text)), err=err)


def print_json(value: object) -> None:
    """JSON for programs: one value, readable, every harmless character as it is."""
    click.echo(_json_text(value))


def print_json_array(values: Iterable[object]) -> None:
    """The same for an array of which no more than a part is in memory at a time."""
    texts = (_json_text(value).replace("\n", "\n  ") for value in values)
    before = "[\n  "
    while part := list(islice(texts, AT_ONCE)):
        click.echo(before + ",\n  ".join(part), nl=False)
        before = ",\n  "
    click.echo("[]" if before.startswith("[") else "\n]")


def _json_text(value: object) -> str:
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a path that is not UTF-8
        encoded = msgspec.json.encode(_in_characters(msgspec.to_builtins(value)))
    return sanitize_json(msgspec.json.format(encoded, indent=2).decode())


def sanitize_json(text: str) -> str:
    """Return the same JSON, in which nothing does anything to a terminal; in ASCII where it will not become UTF-8."""
    unsafe = HARMFUL if _is_utf8(sys.stdout) else _BEYOND_ASCII
    return unsafe.sub(lambda found: _escape(found[0]), text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def prepare_streams() -> None:
    """Let standard output and errors take every character.

    A stream in ASCII becomes UTF-8, as Python does itself in the locale C; where another encoding lacks a character,
    its escape is printed.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _is_utf8(stream):
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding="utf-8" if ascii_only else None, errors="backslashreplace")


def _is_utf8(stream: TextIO | None) -> bool:
    encoding: str = getattr(stream, "encoding", None) or ""  # there may be no stream at all
    return encoding.lower() in ("utf-8", "utf8")


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
    if not console.is_terminal:
        print_lines(columns, rows)
        return
    rows = [[sanitize_line(cell) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, style=styles[number] if number < len(styles) else "", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=STATE_STYLES.get(cell, "")) for cell in row))
    console.print(table)


def print_lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Tab-separated lines with a heading, of which no more than a part is in memory at a time."""
    lines = ("\t".join(map(sanitize_line, row)) for row in rows)
    click.echo("\t".join(columns))
    while part := list(islice(lines, AT_ONCE)):
        click.echo("\n".join(part))


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
