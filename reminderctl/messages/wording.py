"""Any value of the `fields` as a person would write it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

DEEPEST = 8  # levels of lists in lists that are still written out


def as_text(given: object, *, depth: int = 0) -> str:
    """Any value as a person would write it: numbers plainly, lists with commas, nothing for nothing."""
    if isinstance(given, str):
        return given
    if isinstance(given, bool):
        return "true" if given else "false"
    if given is None or depth > DEEPEST:
        return ""
    if isinstance(given, float):
        return _plain_number(given)
    if isinstance(given, datetime):
        return given.isoformat(sep=" ", timespec="minutes")
    if isinstance(given, Mapping):
        pairs = ((as_text(key), as_text(part, depth=depth + 1)) for key, part in given.items())
        return ", ".join(f"{key}: {part}" for key, part in pairs if part)
    if isinstance(given, Iterable) and not isinstance(given, (bytes, type)):
        return ", ".join(filter(None, (as_text(part, depth=depth + 1) for part in given)))
    return str(given)


def _plain_number(number: float) -> str:
    if not math.isfinite(number):
        return ""
    return str(int(number)) if number.is_integer() else format(Decimal(repr(number)), "f")
