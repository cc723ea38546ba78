"""The values of one row as they are written: texts, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, DecimalException
from typing import Any, NoReturn

from msgspec import UNSET, Struct

from reminderctl.bookings import whole_characters
from reminderctl.importing.columns import EntityTexts, Text

_FORMULA = re.compile(r'="((?:[^"]|"")*)"')


class Collector(Struct):
    """Mistakes and guesses that were met while one row was read, and its entities as table, key and texts."""

    problems: list[str] = []
    warnings: list[str] = []
    entities: list[tuple[str, str, EntityTexts]] = []


# --- texts ----------------------------------------------------------------------------------------------------------


def read_text(values: Mapping[str, Any], column: str, *, problems: list[str]) -> Text:
    """Return the text of a column as it is written; None where it is empty, UNSET where the row has no such column.

    A value that is no text is added to `problems`.
    """
    return read_cell(values.get(column, UNSET), column, problems=problems)


def read_cell(value: Any, column: str, *, problems: list[str]) -> Text:
    """Return the text of one cell of a column, as `read_text` does."""
    if isinstance(value, str):
        if "\0" in value or not (value.isascii() or _is_encodable(value)):
            problems.append(f"{column} holds a character that cannot be stored")
        return remove_formula(value.strip()) or None
    if value is None or value is UNSET:
        return value
    if isinstance(value, bool | list | dict):
        problems.append(f"{column} is {json.dumps(value, default=str)[:40]}; write text")
        return None
    return str(value)


def remove_formula(text: str) -> str:
    """Return the text of `="0034"`, by which a spreadsheet is kept from changing a number."""
    formula = _FORMULA.fullmatch(text) if text[:2] == '="' else None
    return formula[1].replace('""', '"').strip() if formula else text


def _is_encodable(text: str) -> bool:
    """Return False for half a surrogate pair, which JSON can spell."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- JSON -----------------------------------------------------------------------------------------------------------


class JsonConstantError(ValueError):
    """NaN, Infinity or -Infinity: Python writes them, and RFC 8259 does not know them."""


def _refuse(constant: str) -> NoReturn:
    raise JsonConstantError(f"{constant} is not JSON")


# Decimal keeps a number's text: 12.50 stays 12.50.
JSON_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
NOT_JSON = (ValueError, RecursionError, DecimalException)  # what it raises


def decode_json(text: str) -> Any:
    """Return the value of a JSON text, its numbers with a point as they are written; raises one of `NOT_JSON`."""
    return JSON_DECODER.decode(replace_half_characters(text))


def replace_half_characters(text: str) -> str:
    """Return a JSON text with U+FFFD for each half of a surrogate pair; nearly all texts have none."""
    return whole_characters(text) if "\\ud" in text or "\\uD" in text else text
