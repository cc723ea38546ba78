"""CSV and TSV: one record per row.

The standard library's reader is used rather than `sqlite_utils.utils.rows_from_file`, which does not tell the line of a
row, guesses the separator from a sample, and reads on to the end of the file where a quote is left open.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TextIO

from reminderctl.errors import ImportFailedError
from reminderctl.importing.columns import REQUIRED, Names
from reminderctl.importing.records import Record
from reminderctl.importing.source import Source

SEPARATORS = ",;\t|"
LONGEST_CELL = 16 << 20
SHOWN_NAMES, SHOWN_OF_A_NAME = 30, 40
_ANNOUNCED = re.compile(r'"?sep=([,;\t|])"?\s*', re.IGNORECASE)  # a first line for Excel


def read_table(source: Source, names: Names) -> Iterator[Record]:
    """The rows; blank lines are passed over.

    Raises `ImportFailedError` where the header cannot be used, as no row could be read then.
    """
    csv.field_size_limit(LONGEST_CELL)
    with source.text() as text:
        first = text.readline()
        announced = _ANNOUNCED.fullmatch(first)
        separator = announced[1] if announced else _separator(first)
        bare = separator == "\t" and _is_bare(text, first)
        text.seek(0)
        reader = csv.reader(
            text, delimiter=separator, quoting=csv.QUOTE_NONE if bare else csv.QUOTE_MINIMAL, strict=True
        )
        if announced:
            next(reader)
        header = _header(source, reader, names)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(line, problem=f"cannot be read: {error}; is a quote missing or left open?")
                continue
            if len(cells) == len(header):
                if any(cells):
                    yield Record(line, dict(zip(header, map(_unquoted, cells) if bare else cells, strict=True)))
            elif any(map(str.strip, cells)):
                yield Record(line, problem=f"has {len(cells)} cells where the header has {len(header)}")


def _is_bare(text: TextIO, header: str) -> bool:
    """Has each line as many tabs as the header? Then no quote holds a tab or a line end.

    `mysql --batch` and `psql` quote nothing, and a quotation mark that a customer wrote opens no quote.
    """
    tabs = header.count("\t")
    return all(line.count("\t") == tabs for line in text if line.strip())


def _unquoted(cell: str) -> str:
    """A cell that a spreadsheet has quoted as a whole, without its quotes."""
    found = re.fullmatch(r'"((?:[^"]|"")*)"', cell)
    return found[1].replace('""', '"') if found else cell


def _separator(first_line: str) -> str:
    """The separator that makes the most columns of the header."""
    widths = {}
    for separator in SEPARATORS:
        with suppress(csv.Error, StopIteration):
            widths[separator] = len(next(csv.reader([first_line], delimiter=separator)))
    return max(widths, key=lambda separator: widths[separator], default=",")


def _header(source: Source, reader: Iterator[list[str]], names: Names) -> list[str]:
    try:
        columns = [_unquoted(column.strip()) for column in next(reader, [])]
    except csv.Error as error:
        raise ImportFailedError(f"{source.name}:1: cannot read the header: {error}; nothing was changed") from None
    if not any(columns):
        raise ImportFailedError(f"{source.name}:1: the first line must name the columns; nothing was changed")
    header = [names[column] for column in columns]
    problems = [f"there is no column {column}, which --map names" for column in names.unused()]
    wanted = REQUIRED if "duration" in header else (*REQUIRED, "ends_at")
    problems += [
        f"there is no column `{name}`; call one of {_listed([*filter(None, columns)])} so with --map COLUMN={name}"
        for name in wanted
        if name not in header
    ]
    twice = sorted(f"`{name}`" for name, number in Counter(header).items() if number > 1)
    problems += [f"more than one column is {_listed(twice)}"] if twice else []
    if problems:
        lines = "\n".join(f"{source.name}:1: {problem}" for problem in problems)
        raise ImportFailedError(f"{lines}\nnothing was changed")
    return header


def _listed(names: Sequence[str]) -> str:
    """Some names for a person to choose from: of many the first ones, of long ones the beginning."""
    shown = ", ".join(name[:SHOWN_OF_A_NAME] for name in names[:SHOWN_NAMES])
    return f"{shown} and {len(names) - SHOWN_NAMES:,} more" if len(names) > SHOWN_NAMES else shown
