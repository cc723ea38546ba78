"""JSON and NDJSON: one record per object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from reminderctl.importing.columns import ColumnNames, ExportRecord
from reminderctl.importing.export_file import ExportFile
from reminderctl.importing.values import JSON_DECODER, NOT_JSON, JsonConstantError, replace_half_characters

_BLANKS = re.compile(r"\s*")
JOINED = " + "  # between two paths of one column
HALF = "half a character (a lone \\ud83d, for example) is in it and was read as \N{REPLACEMENT CHARACTER}"


def read_ndjson(file: ExportFile, names: ColumnNames) -> Iterator[ExportRecord]:
    """Return the records of NDJSON, an object in each line; blank lines are passed over."""
    with file.text() as text:
        for number, line in enumerate(text, start=1):
            if not line.isspace():
                whole = replace_half_characters(line)
                if whole != line:
                    file.warnings.append(f"line {number}: {HALF}")
                try:
                    value = JSON_DECODER.decode(whole)
                except NOT_JSON as error:
                    yield ExportRecord(number, problem=f"is not JSON: {_describe(error)}")
                else:
                    yield make_record(number, value, names=names)


def read_json(file: ExportFile, names: ColumnNames) -> Iterator[ExportRecord]:
    """Return the records of JSON: an array of objects, an object that holds one as its `bookings`, or a single object.

    The array is taken apart one object at a time, so that each has its line and only one is in memory at once. What
    follows a broken object cannot be read.
    """
    text = _read_text(file)
    position, line, last = _skip_blanks(text, 0), 1, 0
    length = len(text)  # of its own: the text must not outlive this function
    file.position = lambda: file.size * position // length
    is_wrapped = text.startswith("{", position)
    begin = _find_array(text, position)
    is_array = begin is not None
    if begin is not None:
        position = _skip_blanks(text, begin + 1)
    while not (is_array and text.startswith("]", position)):
        line, last = line + text.count("\n", last, position), position
        try:
            value, end = JSON_DECODER.raw_decode(text, position)
            position = _find_next(text, _skip_blanks(text, end), in_array=is_array)
        except NOT_JSON as error:
            yield ExportRecord(getattr(error, "lineno", line), problem=f"is not JSON: {_describe(error)}")
            return
        yield make_record(line, value, names=names)
        if not is_array:
            return
    if is_wrapped and not text[position + 1 :].rstrip().endswith("}"):
        yield ExportRecord(line, problem="is not JSON: the object around the bookings has no end")
    elif not is_wrapped and _skip_blanks(text, position + 1) < len(text):
        yield ExportRecord(line, problem="is not JSON: something follows the end of the array")


def _read_text(file: ExportFile) -> str:
    """Return the whole text of a file, with a warning where half characters were replaced."""
    with file.text() as opened:
        read = opened.read()
    text = replace_half_characters(read)
    if text != read:
        file.warnings.append(HALF)
    return text


def _find_array(text: str, position: int) -> int | None:
    """Return where the array of bookings begins, which is the text or is in an object under `bookings`, or None."""
    if text.startswith("[", position):
        return position
    with suppress(*NOT_JSON):  # the reader of the object says what is wrong with it
        while text.startswith(("{", ","), position):
            key, position = JSON_DECODER.raw_decode(text, _skip_blanks(text, position + 1))
            position = _skip_blanks(text, _skip_blanks(text, position) + 1)
            if key == "bookings" and text.startswith("[", position):
                return position
            _, position = JSON_DECODER.raw_decode(text, position)
            position = _skip_blanks(text, position)
    return None


def _find_next(text: str, position: int, *, in_array: bool) -> int:
    """Return where the next object begins, or where the `]` is, from the position after an object."""
    if not in_array:
        if position < len(text):
            raise json.JSONDecodeError("something follows the object; several belong in an array", text, position)
        return position
    if text.startswith(",", position):
        return _skip_blanks(text, position + 1)
    if not text.startswith("]", position):
        raise json.JSONDecodeError("`,` or `]` is missing", text, position)
    return position


def _skip_blanks(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position


def _describe(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (column {error.colno})"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return str(error) if isinstance(error, JsonConstantError) else "a number in it is too long"


def make_record(line: int, value: Any, *, names: ColumnNames) -> ExportRecord:
    """Return the record of an object; what --map names by a dotted path is taken out of it."""
    if not isinstance(value, dict):
        return ExportRecord(line, problem="is not a JSON object")
    paths = [(path.split(JOINED), name) for path, name in names.paths if path not in value]
    taken_apart = {each.partition(".")[0] for path, _ in paths for each in path}
    values = {names[key]: item for key, item in value.items() if key not in taken_apart}
    if len(values) < len(value.keys() - taken_apart):
        return ExportRecord(line, problem=f"has two keys for the same column: {', '.join(value)}")
    for path, name in paths:
        found = [follow(value, each.strip()) for each in path]
        values[name] = found[0] if len(found) == 1 else " ".join(str(each) for each in found if each not in (None, ""))
        names.note_path(JOINED.join(path))
    return ExportRecord(line, values)


def follow(value: Any, path: str) -> Any:
    """Return what is at a dotted path such as `attendees.0.email`; None where there is nothing."""
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
