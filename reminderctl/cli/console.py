"""The console of the commands: lines, JSON, tables and pages, drawn on a terminal and plain text elsewhere."""

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

Part = str | tuple[str, str]  # a text, or a text with its style

AT_ONCE = 1000  # lines, or values of an array, that are printed together
_BEYOND_ASCII = "[^\x09\x0a\x20-\x7e]"
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


def say(text: object, *, err: bool = False) -> None:
    """Print a text for people; on a terminal its lines end between words."""
    line = sanitize(str(text))
    is_terminal = getattr(sys.stderr if err else sys.stdout, "isatty", bool)()  # there may be no stream at all
    click.echo(wrap(line) if is_terminal else line, err=err)


def wrap(text: str) -> str:
    """Return a text in lines that fit the terminal; a longer word, such as a path, is left whole."""
    import shutil
    import textwrap

    width = shutil.get_terminal_size().columns
    lines = (
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) if len(line) > width else line
        for line in text.split("\n")
    )
    return "\n".join(lines)


def print_json(value: object) -> None:
    """Print JSON for programs: one value, readable, every harmless character as it is."""
    click.echo(_json_text(value))


def print_json_array(values: Iterable[object]) -> None:
    """Print an array as `print_json` does, of which no more than a part is in memory at a time."""
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
    return re.sub(unsafe, lambda match: _escape(match[0]), text)


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
    """Return a value for JSON, in whose texts each byte that is no character became U+FFFD."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_in_characters(item) for item in value]
    if isinstance(value, dict):
        return {_in_characters(name): _in_characters(item) for name, item in value.items()}
    return value


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, styles: Sequence[str] = ()) -> None:
    """Print a table for people: drawn on a terminal, tab-separated with a heading elsewhere."""
    from rich.table import Table
    from rich.text import Text

    from reminderctl.cli.terminal import Terminal

    terminal = Terminal()
    if not terminal.is_terminal:
        print_lines(columns, rows)
        return
    rows = [[sanitize_line(cell) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, style=styles[number] if number < len(styles) else "", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=STATE_STYLES.get(cell, "")) for cell in row))
    terminal.print(table)


def print_lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print tab-separated lines with a heading, of which no more than a part is in memory at a time."""
    lines = ("\t".join(map(sanitize_line, row)) for row in rows)
    click.echo("\t".join(columns))
    while part := list(islice(lines, AT_ONCE)):
        click.echo("\n".join(part))


# --- pages ------------------------------------------------------------------------------------------------------------


class Console:
    """Prints lines, tables of labels and values, and quotations, each indented by so many characters.

    On a terminal its lines are wrapped, and filled up to the edge if `fill` is True.
    """

    def __init__(self, *, fill: bool = True) -> None:
        from reminderctl.cli.terminal import Terminal

        self._terminal = Terminal(highlight=False, markup=False, emoji=False)
        self._fill = fill

    def line(self, *parts: Part, indent: int = 0, hanging: int = 0, style: str = "") -> None:
        """Print one line; a part is a text, or a text with its style. What wraps is further in by `hanging`."""
        texts = [
            (sanitize(text), own) for text, own in ((part, "") if isinstance(part, str) else part for part in parts)
        ]
        if not self._terminal.is_terminal:
            click.echo(" " * indent + "".join(text for text, _ in texts))
            return
        from rich.padding import Padding
        from rich.text import Text

        whole = Text.assemble(*texts, style=style)
        width = max(self._terminal.width - indent - hanging, 20)
        for number, line in enumerate(whole.wrap(self._terminal, width) if self._fill else [whole]):
            left = indent + (hanging if number else 0)
            self._terminal.print(Padding(line, (0, 0, 0, left), expand=self._fill))

    def blank(self) -> None:
        """Print an empty line."""
        click.echo()

    def rule(self) -> None:
        """Print a line across the terminal; nothing elsewhere, where a blank line divides enough."""
        if self._terminal.is_terminal:
            self._terminal.rule(style="dim")

    def table(self, rows: Iterable[tuple[str, str]], *, indent: int) -> None:
        """Print labels with their values, one below the other."""
        rows = [(label, sanitize(value)) for label, value in rows]
        width = max((len(label) for label, _ in rows), default=0)
        if not self._terminal.is_terminal:
            for label, value in rows:
                first, *others = value.split("\n")
                click.echo(f"{' ' * indent}{label:{width}}  {first}")
                for other in others:
                    click.echo(" " * (indent + width + 2) + other)
            return
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for label, value in rows:
            grid.add_row(label, Text(value))
        if rows:
            self._terminal.print(Padding(grid, (0, 0, 0, indent)))

    def quote(self, text: str, *, indent: int, title: str = "") -> None:
        """Print a text as it is, in a frame."""
        text = sanitize(text).expandtabs()
        if not self._terminal.is_terminal:
            if title:
                click.echo(f"{' ' * indent}{title}")
            for line in text.split("\n"):
                click.echo(f"{' ' * indent}| {line}".rstrip())
            return
        from rich.padding import Padding
        from rich.panel import Panel
        from rich.text import Text

        panel = Panel(
            Text(text, overflow="fold"),
            title=title or None,
            title_align="left",
            expand=False,
            border_style="dim",
            padding=(0, 1),
        )
        self._terminal.print(Padding(panel, (0, 0, 0, indent)))
