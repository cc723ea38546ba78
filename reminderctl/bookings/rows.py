"""Values of the columns of bookings.db, as ours; ValueError or TypeError is raised for what is none."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from reminderctl.core import timing
from reminderctl.model import Customer, Participant

# Some programs write the year 9999 for `never`; inside these every sum of an instant and an offset exists.
EARLIEST, LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9900, 1, 1, tzinfo=UTC)
# In JSON: a backslash, a character of two escapes, or (and only that is a group) one half of such.
_ESCAPED = r"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
_CUSTOMER_TEXTS = ("full_name", "first_name", "last_name", "email", "phone", "telegram", "language", "timezone")


def read_participant(row: tuple[Any, ...]) -> Participant:
    """Return a customer in one booking, from the columns that the SELECT of `sqlite` has behind the booking's own."""
    customer_id, status, language, fields = row[:4]
    texts = dict(zip(_CUSTOMER_TEXTS, map(read_text, row[4:12]), strict=True))
    return Participant(
        customer=Customer(id=str(customer_id), **texts, fields=read_fields(row[12])),
        status=read_text(status),
        language=read_text(language),
        fields=read_fields(fields),
    )


def read_identifier(value: Any) -> str:
    """Return the id of a booking, by which it must be found again; raises ValueError."""
    if not isinstance(value, (str, int)) or value == "" or "\ufffd" in str(value):
        raise ValueError(f"its id is {value!r}; use UTF-8 text or a whole number")
    return str(value)


def read_text(value: Any) -> str | None:
    """Return a text, or None for an empty one."""
    if value is None or value in ("", b""):
        return None
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def read_instant(column: str, written: Any) -> datetime:
    """Return an instant in whole seconds; raises ValueError."""
    try:
        instant = timing.parse_instant(written)
    except (ValueError, TypeError):
        raise ValueError(f"{column} is {written!r}; use UTC, such as 2026-03-29T08:00:00Z") from None
    if instant.microsecond:
        instant = instant.replace(microsecond=0)
    return instant if EARLIEST <= instant <= LATEST else min(max(instant, EARLIEST), LATEST)


def read_fields(text: Any) -> dict[str, Any]:
    """Read the values that another program gives beyond our columns."""
    if text in (None, "", "{}"):
        return {}
    try:
        try:
            fields = msgspec.json.decode(text)
        except msgspec.DecodeError:
            fields = msgspec.json.decode(whole_characters(text))
    except (ValueError, TypeError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise ValueError(f"fields is {str(text)[:40]!r}; use a JSON object")
    return fields


def whole_characters(text: str) -> str:
    """Return JSON in which half a character (a lone `\\ud83d`), as programs leave it that cut texts, became U+FFFD."""
    return re.sub(_ESCAPED, lambda escaped: r"\ufffd" if escaped[1] else escaped[0], text)
