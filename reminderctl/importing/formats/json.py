"""JSON and NDJSON: one record per object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal, DecimalException
from typing import Any, NoReturn

from reminderctl.bookings import whole_characters
from reminderctl.importing.columns import Names
from reminderctl.importing.records import Record
from reminderctl.importing.source import Source

_BLANKS = re.compile(r"\s*")


class _ConstantError(ValueError):
    """NaN, Infinity or -Infinity: Python writes them, and nobody else reads them."""


def _refuse(constant: str) -> NoReturn:
    raise _ConstantError(f"{constant} is not JSON")


# Decimal keeps a number's text: 12.50 stays 12.50.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
NOT_JSON = (ValueError, RecursionError, DecimalException)  # what it raises
HALF = "half a character (a lone \\ud83d, for example) stands in it and was read as \N{REPLACEMENT CHARACTER}"


def decode(text: str) -> Any:
    """A JSON value, its numbers with a point as they are written; raises one of `NOT_JSON`."""
    return _DECODER.decode(_whole(text))


def read_lines(source: Source, names: Names) -> Iterator[Record]:
    """NDJSON: an object in each line; blank lines are passed over."""
    with source.text() as text:
        for number, line in enumerate(text, start=1):
            if not line.isspace():
                whole = _whole(line)
                if whole != line:
                    source.warnings.append(f"line {number}: {HALF}")
                try:
                    value = _DECODER.decode(whole)
                except NOT_JSON as error:
                    yield Record(number, problem=f"is not JSON: {_reason(error)}")
                else:
                    yield _record(number, value, names)


def read_json(source: Source, names: Names) -> Iterator[Record]:
    """JSON: an array of objects, an object that holds one as its `bookings`, or a single object.

    The array is taken apart one object at a time, so that each has its line and only one is in memory at once. What
    follows a broken object cannot be read.
    """
    with source.text() as opened:
        read = opened.read()
    text = _whole(read)
    if text != read:
        source.warnings.append(HALF)
    del read
    position, line, last = _next(text, 0), 1, 0
    length = len(text)  # of its own: the text must not outlive this function
    source.position = lambda: source.size * position // length
    wrapped = text.startswith("{", position)
    begin = _find_array(text, position)
    array = begin is not None
    if begin is not None:
        position = _next(text, begin + 1)
    while not (array and text.startswith("]", position)):
        line, last = line + text.count("\n", last, position), position
        try:
            value, end = _DECODER.raw_decode(text, position)
            position = _after(text, _next(text, end), array=array)
        except NOT_JSON as error:
            yield Record(getattr(error, "lineno", line), problem=f"is not JSON: {_reason(error)}")
            return
        yield _record(line, value, names)
        if not array:
            return
    if wrapped and not text[position + 1 :].rstrip().endswith("}"):
        yield Record(line, problem="is not JSON: the object around the bookings has no end")
    elif not wrapped and _next(text, position + 1) < len(text):
        yield Record(line, problem="is not JSON: something follows the end of the array")


def _find_array(text: str, position: int) -> int | None:
    """Where the array of bookings begins: it is the text, or stands in an object under `bookings`; None without one."""
    if text.startswith("[", position):
        return position
    with suppress(*NOT_JSON):  # the reader of the object says what is wrong with it
        while text.startswith(("{", ","), position):
            key, position = _DECODER.raw_decode(text, _next(text, position + 1))
            position = _next(text, _next(text, position) + 1)
            if key == "bookings" and text.startswith("[", position):
                return position
            _, position = _DECODER.raw_decode(text, position)
            position = _next(text, position)
    return None


def _after(text: str, position: int, *, array: bool) -> int:
    """Where the next object begins, or where the `]` stands."""
    if not array:
        if position < len(text):
            raise json.JSONDecodeError("something follows the object; several belong in an array", text, position)
        return position
    if text.startswith(",", position):
        return _next(text, position + 1)
    if not text.startswith("]", position):
        raise json.JSONDecodeError("`,` or `]` is missing", text, position)
    return position


def _whole(text: str) -> str:
    """JSON without half characters; nearly all of it never had one."""
    return whole_characters(text) if "\\ud" in text or "\\uD" in text else text


def _next(text: str, position: int) -> int:
    found = _BLANKS.match(text, position)
    return found.end() if found else position


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (column {error.colno})"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return str(error) if isinstance(error, _ConstantError) else "a number in it is too long"


def _record(line: int, value: Any, names: Names) -> Record:
    if not isinstance(value, dict):
        return Record(line, problem="is not a JSON object")
    values = {names[key]: item for key, item in value.items()}
    if len(values) < len(value):
        return Record(line, problem=f"has two keys for the same column: {', '.join(value)}")
    return Record(line, values)
