"""CSV and TSV: one record per row.

The standard library's reader is used rather than `sqlite_utils.utils.rows_from_file`, which does not give the line of a
row, guesses the delimiter from a sample, and reads on to the end of the file where a quote is left open.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TextIO

from reminderctl.errors import ImportFailedError
from reminderctl.importing.columns import REQUIRED_COLUMNS, ColumnNames, ExportRecord
from reminderctl.importing.export_file import ExportFile
from reminderctl.importing.separate_columns import has_separate_end, has_separate_start

DELIMITERS = ",;\t|"
LONGEST_CELL = 16 << 20  # characters
SHOWN_NAMES, SHOWN_OF_A_NAME = 30, 40
_LOOKED_AT = 3  # lines, for a cell that holds a start and an end
_TWO_CLOCKS = re.compile(r"\d[:.h]\d{2}[^\d+,;|\t]{1,20}(?:[\d-]+ )?\d{1,2}[:.h]\d{2}")
_ANNOUNCED = re.compile(rf'"?sep=([{DELIMITERS}])"?\s*', re.IGNORECASE)  # a first line for Excel


def read_csv(file: ExportFile, names: ColumnNames) -> Iterator[ExportRecord]:
    """Return the rows as records; blank lines are passed over.

    Raises `ImportFailedError` where the header cannot be used, as no row could be read then.
    """
    csv.field_size_limit(LONGEST_CELL)
    with file.text() as text:
        first = text.readline()
        announced = _ANNOUNCED.fullmatch(first)
        delimiter = announced[1] if announced else _guess_delimiter(first)
        is_unquoted = delimiter == "\t" and _has_no_quotes(text, first)
        text.seek(0)
        needs_end = _TWO_CLOCKS.search("".join(islice(text, _LOOKED_AT))) is None
        text.seek(0)
        reader = csv.reader(
            text, delimiter=delimiter, quoting=csv.QUOTE_NONE if is_unquoted else csv.QUOTE_MINIMAL, strict=True
        )
        if announced:
            next(reader)
        header = _read_header(reader, file, names=names, needs_end=needs_end)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield ExportRecord(line, problem=f"cannot be read: {error}; is a quote missing or left open?")
                continue
            if any(map(str.strip, cells)):
                yield _make_record(line, [*map(_unquote, cells)] if is_unquoted else cells, header=header, names=names)


def _make_record(line: int, cells: list[str], *, header: list[str], names: ColumnNames) -> ExportRecord:
    """Return the record of a row; cells without a column, and columns without a name, must be empty."""
    if len(cells) > len(header) and not any(map(str.strip, cells[len(header) :])):
        cells = cells[: len(header)]
    if len(cells) != len(header):
        return ExportRecord(line, problem=f"has {len(cells)} cells where the header has {len(header)}")
    if all(names.get(cell.strip()) == name for cell, name in zip(cells, header, strict=True)):
        return ExportRecord(line, remarks=("repeats the header; left out",))
    unnamed = [cell for name, cell in zip(header, cells, strict=True) if not name]
    if len(unnamed) > 1 and any(map(str.strip, unnamed)):
        return ExportRecord(line, problem="has a value in one of several columns without a name")
    values = dict(zip(header, cells, strict=True))
    if unnamed and not unnamed[0].strip():
        del values[""]
    return ExportRecord(line, values)


def _has_no_quotes(text: TextIO, header: str) -> bool:
    """Return True where each line has as many tabs as the header: then no quote holds a tab or a line end.

    `mysql --batch` and `psql` quote nothing, and a quotation mark that a customer wrote opens no quote.
    """
    tabs = header.count("\t")
    return all(line.count("\t") == tabs for line in text if line.strip())


def _unquote(cell: str) -> str:
    """Return a cell that a spreadsheet has quoted as a whole, without its quotes."""
    quoted = re.fullmatch(r'"((?:[^"]|"")*)"', cell)
    return quoted[1].replace('""', '"') if quoted else cell


def _guess_delimiter(first_line: str) -> str:
    """Return the delimiter that makes the most columns of the header."""
    widths = {}
    for delimiter in DELIMITERS:
        with suppress(csv.Error, StopIteration):
            widths[delimiter] = len(next(csv.reader([first_line], delimiter=delimiter)))
    return max(widths, key=lambda delimiter: widths[delimiter], default=",")


def _read_header(reader: Iterator[list[str]], file: ExportFile, *, names: ColumnNames, needs_end: bool) -> list[str]:
    """Return the names of the columns; raises `ImportFailedError` with everything that is wrong with them."""
    try:
        columns = [_unquote(column.strip()) for column in next(reader, [])]
    except csv.Error as error:
        raise ImportFailedError(f"{file.name}:1: cannot read the header: {error}; nothing was changed") from None
    if not any(columns):
        raise ImportFailedError(f"{file.name}:1: the first line must name the columns; nothing was changed")
    header = [names[column] for column in columns]
    problems = [f"there is no column {column}, which --map names" for column in names.unused_columns()]
    required = ["id"] if has_separate_start(header) else [*REQUIRED_COLUMNS]
    required += ["ends_at"] if needs_end and "duration" not in header and not has_separate_end(header) else []
    problems += [
        f"there is no column `{name}`; call one of {_join_names([*filter(None, columns)])} so with --map COLUMN={name}"
        for name in required
        if name not in header
    ]
    twice = sorted(f"`{name}`" for name, number in Counter(filter(None, header)).items() if number > 1)
    problems += [f"more than one column is {_join_names(twice)}"] if twice else []
    if problems:
        lines = "\n".join(f"{file.name}:1: {problem}" for problem in problems)
        raise ImportFailedError(f"{lines}\nnothing was changed")
    return header


def _join_names(names: Sequence[str]) -> str:
    """Return names for a person to choose from: of many the first ones, of long ones the beginning."""
    shown = ", ".join(name[:SHOWN_OF_A_NAME] for name in names[:SHOWN_NAMES])
    return f"{shown} and {len(names) - SHOWN_NAMES:,} more" if len(names) > SHOWN_NAMES else shown
